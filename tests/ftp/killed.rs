//! A real server that dies in the middle: the same command brings the file across all the same.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use crate::{
    headless::{self, Said},
    servers::ftp_server::{FtpServer, Make, PASSWORD},
    support::wait_until,
};

const SIZE: usize = 96 << 20;
const SOON: Duration = Duration::from_secs(60);

fn copy(server: &FtpServer, folder: &Path, up: bool) -> (Child, crate::servers::client::Client) {
    let client = headless::no_server().write();
    let files =
        format!("ftp://{}@127.0.0.1:{}{}", server.user(), server.port(), server.files().display());
    let words = match up {
        true => ["cp".into(), "file".into(), format!("{files}/")],
        false => ["cp".into(), format!("{files}/file"), ".".into()],
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut command = headless::wharf(&client, folder, &words);
    command.env("WHARF_PASSWORD", PASSWORD).stdout(Stdio::piped()).stderr(Stdio::piped());
    (command.spawn().unwrap(), client)
}

/// The bytes of the part that is being written in a folder.
fn in_part(folder: &Path) -> u64 {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let parts = names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
    parts.filter_map(|part| part.metadata().ok()).map(|part| part.len()).sum()
}

/// Faults 18 and 20.
#[test]
fn a_file_arrives_though_its_sessions_are_killed() {
    for (make, up) in [(Make::Vsftpd, false), (Make::Vsftpd, true), (Make::ProFtpd, true)] {
        // Slow enough to be caught in the middle.
        let line = match make {
            Make::ProFtpd => "TransferRate RETR,STOR 16384",
            _ => "local_max_rate=16777216",
        };
        let Some(server) = FtpServer::options(make).line(line).start() else { return };
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..SIZE).map(|at| (at >> 7) as u8 ^ at as u8).collect();
        let (from, to) = match up {
            true => (folder.path().to_owned(), server.files()),
            false => (server.files(), folder.path().to_owned()),
        };
        fs::write(from.join("file"), &content).unwrap();
        let (child, _client) = copy(&server, folder.path(), up);
        wait_until("it is on its way", SOON, || in_part(&to) > 4 << 20);
        assert!(!to.join("file").exists(), "the name was taken before the end");
        assert!(!server.daemon().sessions().is_empty(), "nobody is there to be killed");
        server.daemon().kill_sessions();
        let said = Said::of(child.wait_with_output().unwrap());
        assert_eq!(said.status, 0, "{make:?} up: {up}: {said:?}");
        assert!(fs::read(to.join("file")).unwrap() == content, "{make:?} up: {up}");
        assert_eq!(in_part(&to), 0, "a part was left");
    }
}
