//! Copies that go well, told in JSON; conflicts; interruption.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio};

use super::{Said, run, wharf, with_open_umask};
use crate::{
    servers::{
        client::HOST,
        processes::{self, Signal},
        relay::Relay,
        sshd::Sshd,
    },
    support::wait_until,
};

const LONG: std::time::Duration = std::time::Duration::from_secs(30);

#[test]
fn a_tree_there_and_back_told_in_json() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    let tree = here.path().join("tree");
    fs::create_dir_all(tree.join("sub")).unwrap();
    for (name, text) in [("a", "alpha"), ("sub/b", "beta"), ("sub/empty", ""), ("-rf", "dash")] {
        fs::write(tree.join(name), text).unwrap();
    }
    fs::set_permissions(tree.join("a"), fs::Permissions::from_mode(0o640)).unwrap();
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9");
    fs::write(tree.join(odd), "latin").unwrap();

    let there = run(&client, here.path(), &["cp", "-r", "--json", "tree", &format!("{HOST}:")]);
    assert_eq!(there.status, 0, "{there:?}");
    let files = there.events("file");
    assert_eq!(files.len(), 5, "{there:?}");
    assert!(files.iter().all(|file| file["verdict"] == "hash" && file["attempts"] == 1));
    let alpha = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";
    assert!(files.iter().any(|file| file["sha256"] == alpha && file["bytes"] == 5), "{files:?}");
    let base64 = |file: &serde_json::Value| {
        file.as_object().unwrap().iter().any(|(key, _)| key.contains("base64"))
    };
    assert_eq!(files.iter().filter(|file| base64(file)).count(), 1, "{files:?}");
    let summary = there.objects().pop().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!((&summary["files"], &summary["failed"]), (&5.into(), &0.into()));
    assert_eq!(summary["bytes"], 5 + 4 + 4 + 5);

    let from = format!("{HOST}:tree");
    let back = run(&client, here.path(), &["cp", "-r", "--json", &from, "back"]);
    assert_eq!(back.status, 0, "{back:?}");
    assert_eq!(back.events("file").len(), 5);
    assert_eq!(fs::read(here.path().join("back").join(odd)).unwrap(), b"latin");
    assert_eq!(fs::read(here.path().join("back/sub/b")).unwrap(), b"beta");
    let metadata = |path: &str| fs::metadata(here.path().join(path)).unwrap();
    assert_eq!(metadata("back/a").permissions().mode() & 0o777, 0o640);
    let seconds = |path| metadata(path).modified().unwrap();
    let difference = seconds("tree/a").duration_since(seconds("back/a")).unwrap_or_default();
    assert!(difference.as_secs() <= 1);
}

#[test]
fn what_is_there_already_is_kept_skipped_or_replaced() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "new").unwrap();
    let there = sshd.files().join("a");
    let to = format!("{HOST}:");
    for (choice, status, content) in
        [("fail", 1, "old"), ("skip", 0, "old"), ("overwrite", 0, "new")]
    {
        fs::write(&there, "old").unwrap();
        let said = run(&client, here.path(), &["cp", "--on-conflict", choice, "a", &to]);
        assert_eq!(said.status, status, "{choice}: {said:?}");
        assert_eq!(fs::read_to_string(&there).unwrap(), content, "{choice}");
    }
    for number in 2..4 {
        let words = ["cp", "--json", "--on-conflict", "keep-both", "a", &to];
        let said = run(&client, here.path(), &words);
        assert_eq!(said.status, 0, "{said:?}");
        let name = format!("a ({number})");
        assert!(said.events("file")[0]["to"].as_str().unwrap().ends_with(&name), "{said:?}");
        assert_eq!(fs::read_to_string(sshd.files().join(name)).unwrap(), "new");
    }
    let (whole, begun) = (vec![7u8; 3 << 20], sshd.files().join("large"));
    fs::write(&begun, &whole).unwrap();
    fs::write(here.path().join("large"), &whole[..2 << 20]).unwrap();
    let from = format!("{HOST}:large");
    let said = run(&client, here.path(), &["cp", "--on-conflict", "resume", &from, "."]);
    assert_eq!((said.status, fs::read(here.path().join("large")).unwrap() == whole), (0, true));
}

#[test]
fn a_directory_needs_r_and_the_verdict_is_as_asked() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::create_dir(here.path().join("d")).unwrap();
    fs::write(here.path().join("a"), "x").unwrap();
    let to = format!("{HOST}:");
    let said = run(&client, here.path(), &["cp", "d", &to]);
    assert_eq!(said.status, 1, "{said:?}");
    said.complains("it is a directory. With -r it is copied with all it holds.");
    // What stands in the way at the destination is another matter.
    fs::create_dir(sshd.files().join("a")).unwrap();
    let said = run(&client, here.path(), &["cp", "a", &format!("{HOST}:./")]);
    said.complains("a directory stands there.");
    assert!(!said.errors.contains("With -r"), "{said:?}");
    fs::remove_dir(sshd.files().join("a")).unwrap();
    for (level, verdict) in [("size", "size"), ("off", "off"), ("digest", "hash"), ("auto", "hash")]
    {
        let said = run(
            &client,
            here.path(),
            &["cp", "--json", "--on-conflict", "overwrite", "--verify", level, "a", &to],
        );
        assert_eq!(said.events("file")[0]["verdict"], verdict, "{said:?}");
    }
}

#[test]
fn interrupted_it_leaves_nothing_behind() {
    let Some(sshd) = Sshd::options().start() else { return };
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("large"), vec![1; 20_000_000]).unwrap();
    relay.down().rate(4_000_000);
    let before = relay.down().passed();
    let words = ["cp", &format!("{HOST}:large"), "."];
    let mut command = wharf(&client, here.path(), &words);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it is under way", LONG, || relay.down().passed() > before + 2_000_000);
    processes::signal(child.id(), Signal::INT);
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.status, 130, "{said:?}");
    assert_eq!(fs::read_dir(here.path()).unwrap().count(), 0, "{said:?}");
}

/// Starts fetching a large file through a slow relay under `umask 000`, and looks at the folder in the middle of it.
fn in_the_middle(
    look: impl FnOnce(&std::path::Path, u32),
) -> Option<(std::process::Output, Sshd, Relay)> {
    let sshd = Sshd::options().start()?;
    let relay = Relay::to(sshd.port());
    let client = sshd.client().port(relay.port()).known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("large"), vec![1; 8_000_000]).unwrap();
    fs::write(here.path().join("large"), "old").unwrap();
    relay.down().rate(4_000_000);
    let words = ["cp", "--on-conflict", "overwrite", &format!("{HOST}:large"), "."];
    let mut command = with_open_umask(&wharf(&client, here.path(), &words));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let grows = || parts(here.path()).first().is_some_and(|part| part.1 > 500_000);
    wait_until("a part grows", LONG, grows);
    look(here.path(), child.id());
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        assert_eq!(fs::read(here.path().join("large")).unwrap(), vec![1; 8_000_000]);
        return Some((output, sshd, relay));
    }
    // Whatever ended it: the final name holds what it held, and the next copy goes well.
    assert_eq!(fs::read(here.path().join("large")).unwrap(), b"old");
    relay.down().rate(0);
    let again = run(&client, here.path(), &words);
    assert_eq!(again.status, 0, "{again:?}");
    assert_eq!(fs::read(here.path().join("large")).unwrap(), vec![1; 8_000_000]);
    Some((output, sshd, relay))
}

/// Parts in a folder, with their sizes and permissions.
fn parts(folder: &std::path::Path) -> Vec<(String, u64, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".part")
            && let Ok(metadata) = entry.metadata()
        {
            found.push((name, metadata.len(), metadata.permissions().mode() & 0o7777));
        }
    }
    found
}

#[test]
fn killed_without_warning_it_has_changed_no_final_name() {
    let killed = in_the_middle(|_, id| processes::signal(id, Signal::KILL));
    assert!(killed.is_none_or(|(output, ..)| output.status.code().is_none()));
}

#[test]
fn a_part_is_nobody_elses_to_read_whatever_the_umask() {
    in_the_middle(|here, _| {
        let parts = parts(here);
        assert!(parts.iter().all(|(_, _, mode)| *mode == 0o600), "{parts:?}");
    });
}

#[test]
fn no_space_here_leaves_what_was_there() {
    if !rustix::process::geteuid().is_root() || !processes::can_have_mount_namespace() {
        crate::servers::programs::skip_here("needs root and a mount namespace");
        return;
    }
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(sshd.files().join("large"), vec![1; 4 << 20]).unwrap();
    // The disk exists for the command alone, which also says what is left on it.
    let script = "mount -t tmpfs -o size=1m tmpfs . && cd \"$PWD\" && echo old > large || exit 99; \"$@\"; s=$?; \
                  ls -A; cat large; exit $s";
    let words = ["cp", "--on-conflict", "overwrite", &format!("{HOST}:large"), "."];
    let inner = wharf(&client, here.path(), &words);
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(here.path());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = Said::of(command.output().unwrap());
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.errors.contains("space"), "{said:?}");
    assert!(
        said.errors.contains("about 3.") && said.errors.contains(" MiB more is needed"),
        "{said:?}"
    );
    assert!(said.output.ends_with("large\nold\n"), "{said:?}");
    assert!(!said.output.contains(".part"), "{said:?}");
}
