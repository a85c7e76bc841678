//! Names that a server has no right to give, and names that are merely odd (FAULTS.md 1, 3 to 6, 8, 9, 39).

use std::fs;

use tempfile::TempDir;

use super::crossing::{Crossing, LONG, files_below, local, remote};
use crate::servers::evil_sftp::{DIRECTORY, Evil, FILE, LINK, PASSWORD};

/// A server and an empty folder with a neighbour that must stay as it is.
fn scene(evil: &Evil) -> (Crossing, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("here")).unwrap();
    fs::write(folder.path().join("neighbour"), "untouched").unwrap();
    (Crossing::new(&evil.client().write(), Some(PASSWORD)), folder)
}

#[test]
fn names_that_reach_elsewhere_are_refused_and_shown() {
    let bad: Vec<&[u8]> =
        vec![b"..", b"", b"a/b", b"/etc/x", b"../neighbour", b"../../x", b"nul\0nul"];
    let evil = Evil::start(|world| {
        let mut rows: Vec<(&[u8], u32, u64)> = bad.iter().map(|name| (*name, FILE, 3)).collect();
        rows.push((b"good", FILE, 3));
        rows.push((b".", DIRECTORY, 0));
        rows.push((b"..", DIRECTORY, 0));
        world.directory("/srv/out");
        world.rows("/srv/out", rows);
        world.file("/srv/out/good", b"abc");
        for name in ["/srv/neighbour", "/etc/x", "/srv/out/a/b"] {
            world.file(name, b"bad");
        }
    });
    let (mut crossing, folder) = scene(&evil);
    let (entries, refused) = crossing.list(&remote("/srv/out")).unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    for name in &bad {
        let dots = *name == b"..";
        assert!(
            dots || refused.iter().any(|refused| refused.bytes == *name),
            "{name:?}: {refused:?}"
        );
    }

    let job = crossing.copy(&remote("/srv/out"), &local(&folder.path().join("here")));
    crossing.ended(job, LONG);
    assert_eq!(files_below(folder.path()), ["here/out/good", "neighbour"]);
    assert_eq!(fs::read(folder.path().join("neighbour")).unwrap(), b"untouched");
    // Nothing was asked of the server outside of what was to be copied, either.
    for path in evil.world().named() {
        let path = String::from_utf8_lossy(path);
        let fine = path.starts_with("/srv/out") || ["/srv", ".", "/"].contains(&&*path);
        assert!(fine && !path.contains(".."), "asked for {path}");
    }
}

#[test]
fn control_characters_cross_as_bytes_and_never_as_text() {
    let names: [&[u8]; 6] = [
        b"a\x1b]52;c;eA==\x07",
        b"line\nbreak",
        b"cr\rx",
        b"c1\xc2\x9b31m",
        b"bidi\xe2\x80\xaeexe",
        b"\xff\xfe",
    ];
    let evil = Evil::start(|world| {
        world.directory("/srv/odd");
        for name in names {
            world.file([b"/srv/odd/", name].concat(), name);
        }
    });
    let (mut crossing, folder) = scene(&evil);
    let job = crossing.copy(&remote("/srv/odd"), &local(folder.path()));
    crossing.arrives(job, LONG);
    for name in names {
        use std::os::unix::ffi::OsStrExt;
        let file = folder.path().join("odd").join(std::ffi::OsStr::from_bytes(name));
        assert_eq!(fs::read(&file).unwrap(), name);
    }
    // There and back: the same bytes.
    let back = crossing.copy(&local(&folder.path().join("odd")), &remote("/srv/back"));
    crossing.arrives(back, LONG);
    for name in names {
        let path = [b"/srv/back/odd/", name].concat();
        assert_eq!(evil.world().content(path), Some(name));
    }
}

#[test]
fn a_failure_about_an_odd_name_is_escaped() {
    let evil = Evil::start(|world| {
        world.directory("/srv/odd");
        world.rows("/srv/odd", vec![(b"gone\x1b[2J\n", FILE, 1)]);
    });
    let (mut crossing, folder) = scene(&evil);
    let job = crossing.copy(&remote("/srv/odd"), &local(folder.path()));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("gone\\u{1b}[2J"), "{said}");
}

#[test]
fn a_name_too_long_for_the_disk_is_an_error_that_names_it() {
    let long = vec![b'n'; 300];
    let evil = Evil::start(|world| {
        world.directory("/srv/long");
        world.file([b"/srv/long/", &long[..]].concat(), b"x");
        world.file([b"/srv/long/", &long[..255]].concat(), b"fits");
        world.rows(
            "/srv/long",
            vec![(&long, FILE, 1), (&long[..255], FILE, 4), (&[b'n'; 65536], FILE, 1)],
        );
    });
    let (mut crossing, folder) = scene(&evil);
    let (entries, refused) = crossing.list(&remote("/srv/long")).unwrap();
    assert_eq!((entries.len(), refused.len()), (2, 1));
    let job = crossing.copy(&remote("/srv/long"), &local(folder.path()));
    let said = crossing.fails(job, LONG);
    assert!(said.contains(&"n".repeat(100)) && said.contains("too long"), "{said}");
    let arrived = folder.path().join("long").join(String::from_utf8(long[..255].to_vec()).unwrap());
    assert_eq!(fs::read(arrived).unwrap(), b"fits");
    assert!(files_below(folder.path()).iter().all(|name| !name.ends_with(".part")));
}

#[test]
fn nothing_is_written_through_a_link_that_came_from_the_server() {
    let target = tempfile::tempdir().unwrap();
    let outside = target.path().to_str().unwrap().as_bytes().to_vec();
    let evil = Evil::start(|world| {
        world.directory("/srv/trap");
        // First a link that leads outside, then a directory of the same name with something in it.
        world.rows("/srv/trap", vec![(b"x", LINK, 0), (b"x", DIRECTORY, 0)]);
        world.link("/srv/trap/x", &outside);
        world.file("/srv/trap/x/passwd", b"evil");
    });
    let (mut crossing, folder) = scene(&evil);
    let job = crossing.copy(&remote("/srv/trap"), &local(folder.path()));
    crossing.ended(job, LONG);
    assert_eq!(files_below(target.path()), [""; 0]);

    // And a link that stands there already, from an earlier copy.
    fs::create_dir_all(folder.path().join("again/trap")).unwrap();
    std::os::unix::fs::symlink(target.path(), folder.path().join("again/trap/x")).unwrap();
    {
        let mut world = evil.world();
        world.directory("/srv/trap/x");
        world.rows("/srv/trap", vec![(b"x", DIRECTORY, 0)]);
    }
    let job = crossing.copy(&remote("/srv/trap"), &local(&folder.path().join("again")));
    crossing.ended(job, LONG);
    assert_eq!(files_below(target.path()), [""; 0]);
}

#[test]
fn names_that_look_like_options_or_commands_are_taken_literally() {
    let names = ["-rf", "; touch x", "$(touch x)", "it's", "\"q\"", "a b", "`id`", "*", "~", "\\"];
    let evil = Evil::start(|world| {
        world.directory("/srv/words");
        for name in names {
            world.file(format!("/srv/words/{name}"), name.as_bytes());
        }
    });
    let (mut crossing, folder) = scene(&evil);
    let job = crossing.copy(&remote("/srv/words"), &local(folder.path()));
    crossing.arrives(job, LONG);
    for name in names {
        assert_eq!(fs::read_to_string(folder.path().join("words").join(name)).unwrap(), name);
    }
}
