//! `wharf sites`, and saved sites where places are given.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{Said, no_server, run, wharf, with_open_umask};
use crate::servers::{
    client::{ClientOptions, HOST},
    embedded::{EmbeddedServer, Options},
    sshd::Sshd,
};

#[test]
fn a_saved_name_is_a_place_for_cp_and_ls() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    fs::create_dir(sshd.files().join("in")).unwrap();
    fs::write(sshd.files().join("in/there.txt"), "x").unwrap();
    let text = format!(
        "[[site]]\nname = \"pier 12\"\nhost = \"{HOST}\"\nstart = \"in\"\nverify = \"size\"\n"
    );
    fs::write(client.config_dir().join("sites.toml"), text).unwrap();
    let here = tempfile::tempdir().unwrap();
    let said = run(&client, here.path(), &["ls", "pier 12:"]);
    assert_eq!((said.status, said.output.as_str()), (0, "there.txt\n"), "{said:?}");
    let said = run(&client, here.path(), &["cp", "pier 12:in/there.txt", "here.txt"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(fs::read_to_string(here.path().join("here.txt")).unwrap(), "x");
    // The site says how copies are verified, unless the command does.
    for (words, verdict) in [(&[][..], "size"), (&["--verify", "auto"][..], "hash")] {
        let words = [&["cp", "--json", "--on-conflict", "overwrite"][..], words].concat();
        let said = run(&client, here.path(), &[&words[..], &["here.txt", "pier 12:in/"]].concat());
        assert_eq!(said.events("file")[0]["verdict"], verdict, "{said:?}");
    }
    // Without the colon it is a name on this machine.
    let said = run(&client, here.path(), &["ls", "pier 12"]);
    said.complains("no such file");
}

#[test]
fn a_password_comes_from_the_sites_command_and_is_told_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("behind.txt"), "x").unwrap();
    let secret = "open sesame 4711";
    let server = EmbeddedServer::start(Options::directory(folder.path(), secret)).unwrap();
    let line = server.known_hosts_line().unwrap();
    let key_line = line.trim().split_once(' ').unwrap().1.to_owned();
    let client =
        ClientOptions::new(server.port(), "anna".into(), "/nonexistent".into(), vec![key_line])
            .known()
            .write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("it is here"), format!("{secret}\nand more\n")).unwrap();
    let ls = |command: &str| {
        let text = format!(
            "[[site]]\nname = \"pier\"\nhost = \"{HOST}\"\nstart = \"{}\"\npassword_command = \"{command}\"\n",
            folder.path().display()
        );
        fs::write(client.config_dir().join("sites.toml"), text).unwrap();
        run(&client, here.path(), &["ls", "pier:"])
    };
    let said = ls("cat 'it is here'");
    assert_eq!((said.status, said.output.as_str()), (0, "behind.txt\n"), "{said:?}");
    assert!(!said.errors.contains(secret), "{said:?}");
    let said = ls("cat 'it is gone'");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(!said.errors.contains(secret), "{said:?}");
    for kept in [client.config_dir(), client.state_dir()] {
        for entry in fs::read_dir(kept).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&bytes).contains(secret));
        }
    }
}

#[test]
fn sites_are_imported_once_without_their_secrets_and_listed() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    let xml = "<?xml version=\"1.0\"?><FileZilla3><Servers><Folder>Harbour\
               <Server><Host>pier.example</Host><Port>2222</Port><Protocol>1</Protocol><User>anna</User>\
               <Pass encoding=\"base64\">Y2FuYXJ5</Pass><Name>Pier</Name></Server></Folder>\
               <Server><Host>dav.example</Host><Protocol>9</Protocol><Name>Dav</Name></Server>\
               </Servers></FileZilla3>";
    fs::write(here.path().join("sitemanager.xml"), xml).unwrap();
    let import = ["sites", "import", "sitemanager.xml"];
    let said = run(&client, here.path(), &import);
    assert_eq!(said.status, 1, "one was left out: {said:?}");
    assert!(said.output.contains("1 site from FileZilla saved, 1 left out."), "{said:?}");
    assert!(said.output.contains("1 site had a password in the file"), "{said:?}");
    said.complains("left out “Dav”");
    let said = run(&client, here.path(), &import);
    assert!(said.output.contains("0 sites from FileZilla saved, 1 there already"), "{said:?}");

    let path = client.config_dir().join("sites.toml");
    let kept = fs::read_to_string(&path).unwrap();
    assert!(!kept.contains("Y2FuYXJ5") && !kept.contains("canary"), "{kept}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let said = run(&client, here.path(), &["sites"]);
    assert!(said.output.contains("Harbour/Pier"), "{said:?}");
    assert!(said.output.contains("sftp://anna@pier.example:2222"), "{said:?}");
    let said = run(&client, here.path(), &["sites", "--json"]);
    assert_eq!(said.objects()[0]["port"], 2222, "{said:?}");

    fs::write(here.path().join("other"), "hello").unwrap();
    let said = run(&client, here.path(), &["sites", "import", "other"]);
    assert_eq!(said.status, 2, "{said:?}");
    said.complains("none of FileZilla's");
}

#[test]
fn a_malformed_file_is_named_and_never_overwritten() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    let path = client.config_dir().join("sites.toml");
    let mine = "# mine\n[[site]]\nname = \"a\"\nhost = \n";
    fs::write(&path, mine).unwrap();
    let said = run(&client, here.path(), &["sites"]);
    assert_eq!(said.status, 1, "{said:?}");
    said.complains("sites.toml, line 4");
    fs::write(here.path().join("WinSCP.ini"), "[Sessions\\b]\nHostName=b\n").unwrap();
    let said = run(&client, here.path(), &["sites", "import", "WinSCP.ini"]);
    assert_eq!(said.status, 1, "{said:?}");
    said.complains("nothing was changed");
    assert_eq!(fs::read_to_string(&path).unwrap(), mine);
}

#[test]
fn a_malformed_file_stops_nobody_and_is_never_overwritten() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::write(here.path().join("a"), "alpha").unwrap();
    let site = "[[site]]\nname = \"a\"\nhost = \"a.example\"\n";
    for (name, text, says) in [
        (
            "config.toml",
            "[transfers]\nat_once = \"many\"\n",
            "config.toml, line 2: transfers.at_once",
        ),
        (
            "config.toml",
            "[transfers]\nconections = 2\n",
            "config.toml, line 2: transfers.conections",
        ),
        ("config.toml", "[transfers]\nat_once = 2\n[ledger\n", "config.toml, line 3: "),
        ("sites.toml", &format!("{site}port = \"x\"\n"), "sites.toml, line 4: port of"),
        ("sites.toml", "[[site]\n", "sites.toml, line 1: "),
    ] {
        let file = client.config_dir().join(name);
        fs::write(&file, text).unwrap();
        let copied = run(&client, here.path(), &["cp", "-q", "a", "b"]);
        assert_eq!(copied.status, 0, "{name}: {copied:?}");
        assert_eq!(fs::read(here.path().join("b")).unwrap(), b"alpha", "{name}");
        // What is in `sites.toml` is told by those who look into it.
        let said =
            if name == "config.toml" { copied } else { run(&client, here.path(), &["sites"]) };
        said.complains(says);
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        fs::remove_file(&file).unwrap();
        fs::remove_file(here.path().join("b")).unwrap();
    }
}

#[test]
fn the_configuration_is_nobody_elses_to_read_whatever_the_umask() {
    let client = no_server().write();
    let here = tempfile::tempdir().unwrap();
    fs::remove_dir_all(client.config_dir()).unwrap();
    fs::write(here.path().join("WinSCP.ini"), "[Sessions\\b]\nHostName=b\n").unwrap();
    let inner = wharf(&client, here.path(), &["sites", "import", "WinSCP.ini"]);
    let said = Said::of(with_open_umask(&inner).output().unwrap());
    assert_eq!(said.status, 0, "{said:?}");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&client.config_dir()), 0o700);
    assert_eq!(mode(&client.config_dir().join("sites.toml")), 0o600);
}
