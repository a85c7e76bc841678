//! Permissions set over trees: in memory for what fails half-way, on a real disk and through OpenSSH for the rest.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    sync::Arc,
};

use wharf::{
    domain::{
        error::ErrorKind,
        path::StoragePath,
        place::{Endpoint, Location},
        question::{Answer, Question},
        site::{Protocol, Site},
    },
    engine::message::{JobOptions, JobRequest, Modes, StepEnding, StepKind, Work},
};

use super::{
    crossing::{Crossing, LONG, local, remote},
    engine_rig::*,
    odd_tree,
};
use crate::{
    headless,
    servers::{
        ftp_server::{FtpServer, Make, PASSWORD, Tls},
        sshd::Sshd,
    },
};

fn modes(sources: &[&str], recursive: bool) -> JobRequest {
    JobRequest {
        work: Work::SetModes(Modes { files: 0o640, folders: 0o750 }),
        options: JobOptions { recursive, ..options() },
        ..get(sources, "/")
    }
}

fn mode_there(rig: &Rig, path: &str) -> Option<u32> {
    rig.there.attributes(path).unwrap().permissions
}

#[tokio::test(start_paused = true)]
async fn files_and_folders_get_their_own_and_links_none() {
    let mut rig = Rig::new();
    rig.there.put("/there/d/inner/a", b"a").unwrap();
    rig.there.put("/there/d/b", b"b").unwrap();
    rig.there.put("/there/else", b"else").unwrap();
    rig.there.put_link("/there/d/l", b"/there/else").unwrap();
    let before = mode_there(&rig, "/there/else");
    let report = rig.run(modes(&["/there/d"], true)).await;
    for (path, mode) in [
        ("/there/d", 0o750),
        ("/there/d/inner", 0o750),
        ("/there/d/inner/a", 0o640),
        ("/there/d/b", 0o640),
    ] {
        assert_eq!(mode_there(&rig, path), Some(mode), "{path}");
    }
    assert_eq!(mode_there(&rig, "/there/else"), before, "a link is not followed");
    assert_eq!((report.summary.counts.done, report.summary.counts.skipped), (4, 1));
    assert!(report.done.iter().all(|done| done.what == StepKind::Mode && done.to.is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_told_and_the_rest_is_done() {
    let mut rig = Rig::new();
    for name in ["a", "b", "c"] {
        rig.there.put(format!("/there/d/{name}"), b"x").unwrap();
    }
    rig.there.before(|call| async move {
        let refused = call.operation == wharf::storage::memory::Operation::SetAttributes
            && call.path.as_bytes().ends_with(b"/b");
        match refused {
            true => Err(wharf::domain::error::Error::new(
                ErrorKind::PermissionDenied,
                "set the attributes of /there/d/b",
                "permission denied",
            )),
            false => Ok(()),
        }
    });
    let report = rig.run(modes(&["/there/d"], true)).await;
    let (error, attempts) = report.only_failure();
    assert_eq!((error.kind(), attempts), (ErrorKind::PermissionDenied, 1));
    assert!(error.to_string().contains("/there/d/b"), "{error}");
    assert_eq!(mode_there(&rig, "/there/d/c"), Some(0o640));
    assert_eq!(mode_there(&rig, "/there/d"), Some(0o750), "the folder itself all the same");
    assert_eq!((report.summary.counts.done, report.summary.counts.failed), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_meanwhile_fails_and_what_cannot_be_set_says_so() {
    let mut rig = Rig::new();
    let report = rig.run(modes(&["/there/none"], false)).await;
    assert_eq!(report.only_failure().0.kind(), ErrorKind::NotFound);
    rig.there.put("/there/a", b"x").unwrap();
    rig.there.set_capabilities(|can| can.set_permissions = false);
    let report = rig.run(modes(&["/there/a"], false)).await;
    assert!(matches!(
        &report.endings[0].1,
        StepEnding::Failed { error, .. } if error.kind() == ErrorKind::Unsupported
    ));
}

#[test]
fn on_a_disk_and_through_openssh() {
    let Some(sshd) = Sshd::options().start() else { return };
    let mut crossing = Crossing::new(&sshd.client().known().write(), None);
    let here = tempfile::tempdir().unwrap();
    let there = sshd.files();
    for (folder, location) in
        [(here.path().to_owned(), local(&here.path().join("d"))), (there.clone(), remote("d"))]
    {
        odd_tree::plant(&folder);
        // One folder of it is shut.
        fs::set_permissions(folder.join("d/-rf"), fs::Permissions::from_mode(0o000)).unwrap();
        let work = Work::SetModes(Modes { files: 0o604, folders: 0o705 });
        let is_here = location.endpoint == Endpoint::Local;
        let job = crossing.add(work, &[location]);
        let summary = crossing.ended(job, LONG);
        assert_eq!((summary.counts.failed, summary.counts.skipped), (0, 1), "here: {is_here}");
        let all = odd_tree::below(&folder.join("d"));
        assert_eq!(all.len(), 7, "{all:?}");
        for (path, there) in all {
            let wanted = if there.is_dir() { 0o705 } else { 0o604 };
            assert_eq!(there.mode() & 0o7777, wanted, "{path:?}");
        }
    }
}

/// By SITE CHMOD, in the open and inside TLS. Names are such as these servers take apart or could take for options, and
/// what a link leads to keeps its own.
#[test]
fn on_ftp_servers() {
    for (make, tls) in [Make::Vsftpd, Make::ProFtpd]
        .into_iter()
        .flat_map(|make| [(make, Tls::None), (make, Tls::Explicit)])
    {
        let Some(server) = FtpServer::options(make).tls(tls).start() else { continue };
        let there = server.files();
        let root = match server.user() {
            "anonymous" => String::new(),
            _ => there.display().to_string(),
        };
        let folders = ["d", "d/-rf", "d/$(touch x)", "d/a b"];
        let files = ["outside", "d/-rf/-rf", "d/$(touch x)/%20", "d/a b/a b", "d/;x"];
        folders.iter().for_each(|folder| fs::create_dir(there.join(folder)).unwrap());
        files.iter().for_each(|file| fs::write(there.join(file), file).unwrap());
        std::os::unix::fs::symlink("../outside", there.join("d/link")).unwrap();
        let owner = fs::metadata(&there).unwrap();
        for path in folders.iter().chain(&files) {
            chown(there.join(path), Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        fs::set_permissions(there.join("outside"), fs::Permissions::from_mode(0o640)).unwrap();
        let protocol = if tls == Tls::None { Protocol::Ftp } else { Protocol::FtpExplicitTls };
        let site = Site::new(protocol, Some(server.user()), "127.0.0.1", Some(server.port()));
        let endpoint = Endpoint::Remote(Arc::new(site.unwrap()));
        let client = headless::no_server().write();
        let mut crossing = Crossing::new(&client, Some(PASSWORD)).answering(|question| {
            Some(match question {
                Question::Certificate { .. } => Answer::Yes,
                _ => Answer::No,
            })
        });
        let work = Work::SetModes(Modes { files: 0o604, folders: 0o705 });
        let location = Location { endpoint, path: StoragePath::new(format!("{root}/d")) };
        let job = crossing.add(work, &[location]);
        let summary = crossing.ended(job, LONG);
        assert_eq!(summary.counts.failed, 0, "{make:?} {tls:?}: {:?}", summary.counts);
        let all = odd_tree::below(&there.join("d"));
        assert_eq!(all.len(), folders.len() + files.len() - 1, "{all:?}");
        for (path, there) in all {
            let wanted = if there.is_dir() { 0o705 } else { 0o604 };
            assert_eq!(there.mode() & 0o7777, wanted, "{make:?} {tls:?}: {path:?}");
        }
        let outside = fs::metadata(there.join("outside")).unwrap().permissions().mode();
        assert_eq!(outside & 0o7777, 0o640, "{make:?} {tls:?}: a link was followed");
    }
}
