//! Odd names (FAULTS.md 3 to 7 and 39) in every operation on what stands somewhere: here, over SFTP and over FTP.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, chown},
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use wharf::{
    domain::{
        entry::Timestamp,
        path::{Name, StoragePath},
        place::{Endpoint, Location},
        site::{Protocol, Site},
        wanted::Wanted,
    },
    engine::message::{
        Act, Command, Destination, Event, Inquiry, Modes, StepKind, Ticket, Told, Traits, Work,
    },
};

use super::crossing::{Crossing, LONG, local, remote};
use crate::servers::{
    ftp_server::{FtpServer, Make, PASSWORD},
    sshd::Sshd,
};

/// What a shell, a terminal, a pattern, an eye or an encoding could take for something else.
fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "-rf",
        "--help",
        "; touch x",
        "$(touch x)",
        "`touch x`",
        "| touch x",
        "a 'b' \"c\"",
        "~",
        "#",
        "*?[a]{b,c}",
        "back\\slash",
        "%2e%2e%2fx",
        "new\nline",
        "carriage\rreturn",
        "tab\tx",
        "esc\x1b]52;c;eA==\x07",
        "c1\u{9b}31m",
        "bidi\u{202e}exe",
        "zero\u{200b}width",
        // Equal but for case, and but for how an accent is written.
        "Case",
        "case",
        "caf\u{e9}",
        "cafe\u{301}",
    ]
    .into_iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    names.push(b"\xff\xfe no text \xe9".to_vec());
    names.push("l\u{f6}".repeat(85).into_bytes());
    names
}

/// A place with the folder it is on this machine's disk.
struct Ground {
    what: &'static str,
    place: Location,
    disk: PathBuf,
    names: Vec<Vec<u8>>,
    /// It can make links, and has a trash that is not the person's.
    has_links: bool,
    has_trash: bool,
}

impl Ground {
    fn at(&self, way: &[&[u8]]) -> Location {
        let names = way.iter().map(|name| Name::new(name).unwrap());
        let path = names.fold(self.place.path.clone(), |path, name| path.join(&name));
        self.place.with_path(path)
    }

    fn on_disk(&self, way: &[&[u8]]) -> PathBuf {
        let parts = way.iter().map(|name| Path::new(OsStr::from_bytes(name)));
        parts.fold(self.disk.clone(), |path, part| path.join(part))
    }

    fn content(&self, way: &[&[u8]]) -> Vec<u8> {
        let path = self.on_disk(way);
        fs::read(&path).unwrap_or_else(|why| panic!("{}: {path:?}: {why}", self.what))
    }

    fn all(&self) -> Vec<Location> {
        self.names.iter().map(|name| self.at(&[name])).collect()
    }

    /// Makes a folder that belongs to whom the server works for.
    fn make(&self, way: &[&[u8]]) {
        fs::create_dir(self.on_disk(way)).unwrap();
        self.give(way);
    }

    fn give(&self, way: &[&[u8]]) {
        let above = self.disk.parent().unwrap().metadata().unwrap();
        if rustix::process::geteuid().is_root() {
            chown(self.on_disk(way), Some(above.uid()), Some(above.gid())).unwrap();
        }
    }

    fn names_in(&self, folder: &[&[u8]]) -> BTreeSet<Vec<u8>> {
        let rows = fs::read_dir(self.on_disk(folder)).unwrap();
        rows.map(|row| row.unwrap().file_name().as_bytes().to_vec()).collect()
    }
}

fn ask(crossing: &mut Crossing, next: &mut u64, inquiry: Inquiry) -> Told {
    *next += 1;
    let ticket = Ticket(*next);
    crossing.send(Command::Inquire { ticket, inquiry });
    let is_it = |event: &Event| matches!(event, Event::Answered(it) if it.ticket == ticket);
    match crossing.wait("an answer", LONG, is_it) {
        Event::Answered(answered) => answered.told.clone().unwrap(),
        _ => unreachable!(),
    }
}

fn perform(crossing: &mut Crossing, next: &mut u64, act: Act) {
    *next += 1;
    let ticket = Ticket(*next);
    crossing.send(Command::Perform { ticket, act });
    let is_it =
        |event: &Event| matches!(event, Event::Performed { ticket: its, .. } if *its == ticket);
    match crossing.wait("that it is done", LONG, is_it) {
        Event::Performed { result, .. } => result.clone().unwrap(),
        _ => unreachable!(),
    }
}

/// What is found below, by the ways to it.
fn find(crossing: &mut Crossing, next: &mut u64, below: &Location) -> BTreeSet<Vec<u8>> {
    *next += 1;
    let ticket = Ticket(*next);
    let wanted = Wanted::default();
    crossing.send(Command::Find { ticket, location: below.clone(), wanted });
    crossing.wait(
        "the end of the search",
        LONG,
        |event| matches!(event, Event::Listed(its) if *its == ticket),
    );
    let rows = crossing.rows_of(ticket);
    rows.iter().map(|entry| entry.name.as_bytes().to_vec()).collect()
}

/// Every operation, on every name.
fn walk(crossing: &mut Crossing, ground: &Ground) {
    let what = ground.what;
    let next = &mut 50_000;
    ground.make(&[]);
    for name in &ground.names {
        fs::write(ground.on_disk(&[name]), name).unwrap();
        ground.give(&[name]);
    }
    let all: BTreeSet<Vec<u8>> = ground.names.iter().cloned().collect();

    // Listed, and found below.
    let (entries, refused) = crossing.list(&ground.place).unwrap();
    let listed: BTreeSet<_> = entries.iter().map(|row| row.name.as_bytes().to_vec()).collect();
    assert_eq!((&listed, refused.len()), (&all, 0), "{what}");
    assert_eq!(find(crossing, next, &ground.place), all, "{what}");

    // Looked into.
    for name in &ground.names {
        let of = ground.at(&[name]);
        match ask(crossing, next, Inquiry::Piece { of, offset: 0, length: 4096 }) {
            Told::Piece { bytes, .. } => assert_eq!(&bytes[..], &name[..], "{what}"),
            other => panic!("{what}: {other:?}"),
        }
    }

    // Renamed many at once, and back again.
    let tag = |name: &[u8]| [&name[..name.len().min(250)], b".1"].concat();
    let pair = |name: &Vec<u8>| (Name::new(name).unwrap(), Name::new(tag(name)).unwrap());
    let steps: Vec<_> = ground.names.iter().map(pair).collect();
    let back = steps.iter().rev().map(|(from, to)| (to.clone(), from.clone())).collect();
    let within = ground.place.clone();
    perform(crossing, next, Act::RenameMany { within: within.clone(), steps });
    assert!(ground.names_in(&[]).is_disjoint(&all), "{what}");
    perform(crossing, next, Act::RenameMany { within, steps: back });
    assert_eq!(ground.names_in(&[]), all, "{what}");

    // Links to them, followed.
    if ground.has_links {
        ground.make(&[b"links"]);
        for name in &ground.names {
            let (at, target) = (ground.at(&[b"links", name]), [b"../", &name[..]].concat());
            perform(crossing, next, Act::MakeLink { at: at.clone(), target: target.clone() });
            let held = fs::read_link(ground.on_disk(&[b"links", name])).unwrap();
            assert_eq!(held.as_os_str().as_bytes(), target, "{what}");
            match ask(crossing, next, Inquiry::Target(at)) {
                Told::Target(path) => assert_eq!(path.name().unwrap().as_bytes(), name, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }
    }

    // Copied within the place, there moved, and their folder measured.
    ground.make(&[b"copies"]);
    ground.make(&[b"moved"]);
    let into = |name: &[u8]| Destination::Into(ground.at(&[name]));
    let job = crossing.add(Work::Copy(into(b"copies")), &ground.all());
    crossing.arrives(job, LONG);
    let copies: Vec<_> = ground.names.iter().map(|name| ground.at(&[b"copies", name])).collect();
    match ask(crossing, next, Inquiry::Size(ground.at(&[b"copies"]))) {
        Told::Size(sum) => assert_eq!(sum.files, all.len() as u64, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
    let job = crossing.add(Work::Move(into(b"moved")), &copies);
    crossing.arrives(job, LONG);
    assert_eq!(ground.names_in(&[b"copies"]), BTreeSet::new(), "{what}");
    for name in &ground.names {
        assert_eq!(ground.content(&[b"moved", name]), *name, "{what}");
        assert_eq!(ground.content(&[name]), *name, "{what}");
    }

    // Permissions and times, each by its own name.
    let work = Work::SetModes(Modes { files: 0o604, folders: 0o705 });
    let job = crossing.add(work, &ground.all());
    crossing.arrives(job, LONG);
    let modified = Some(Timestamp::from_seconds(1_600_000_000));
    let job =
        crossing.add(Work::SetTraits(Traits { modified, ..Traits::default() }), &ground.all());
    crossing.arrives(job, LONG);
    for name in &ground.names {
        let there = ground.on_disk(&[name]).symlink_metadata().unwrap();
        assert_eq!(
            (there.mode() & 0o777, there.mtime()),
            (0o604, 1_600_000_000),
            "{what} {name:?}"
        );
    }

    // Into the trash, and what was moved for good.
    if ground.has_trash {
        let job = crossing.add(Work::Trash, &ground.all());
        crossing.arrives(job, LONG);
        assert!(crossing.done(job).iter().all(|done| done.what == StepKind::Trash));
        assert_eq!(ground.names_in(&[b".Trash-wharf"]), all, "{what}");
        for name in &ground.names {
            assert_eq!(ground.content(&[b".Trash-wharf", name]), *name, "{what}");
        }
    }
    let moved: Vec<_> = ground.names.iter().map(|name| ground.at(&[b"moved", name])).collect();
    let job = crossing.add(Work::Delete, &moved);
    crossing.arrives(job, LONG);
    assert_eq!(ground.names_in(&[b"moved"]), BTreeSet::new(), "{what}");
    assert!(!ground.disk.join("x").exists(), "{what}");
    assert!(!Path::new("x").exists(), "something was run");
}

#[test]
fn here() {
    let client = crate::headless::no_server().write();
    let mut crossing = Crossing::new(&client, None);
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("odd");
    let place = local(&disk);
    // The trash of this machine is the person's: its own tests have one of their own.
    let (has_links, has_trash) = (true, false);
    walk(
        &mut crossing,
        &Ground { what: "here", place, disk, names: names(), has_links, has_trash },
    );
}

#[test]
fn over_sftp() {
    let Some(sshd) = Sshd::options().start() else { return };
    let mut crossing = Crossing::new(&sshd.client().known().write(), None);
    let disk = sshd.files().join("odd");
    let (has_links, has_trash) = (true, true);
    let place = remote("odd");
    walk(
        &mut crossing,
        &Ground { what: "sftp", place, disk, names: names(), has_links, has_trash },
    );
}

/// Names with control characters are refused there before anything is sent, which has tests of its own. To set rights of
/// names with quotes is refused as well: ProFTPD would set those of another file.
#[test]
fn over_ftp() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let client = crate::headless::no_server().write();
    let mut crossing = Crossing::new(&client, Some(PASSWORD));
    let site = Site::new(Protocol::Ftp, Some(server.user()), "127.0.0.1", Some(server.port()));
    let endpoint = Endpoint::Remote(Arc::new(site.unwrap()));
    let place = Location { endpoint, path: StoragePath::new("odd") };
    let is_bent = |byte: &u8| byte.is_ascii_control() || *byte == b'"';
    let names = names().into_iter().filter(|name| !name.iter().any(is_bent)).collect();
    let disk = server.files().join("odd");
    let (has_links, has_trash) = (false, true);
    walk(&mut crossing, &Ground { what: "ftp", place, disk, names, has_links, has_trash });
}
