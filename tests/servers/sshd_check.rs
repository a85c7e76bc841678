//! The real server as a fixture is what the tests believe it is: tried with OpenSSH's own client.

use std::{
    fs,
    process::{Command, Output, Stdio},
    time::Duration,
};

use super::{
    client::{Client, HOST},
    programs,
    sshd::{Account, KeyType, Sftp, Sshd},
};
use crate::support::wait_until;

fn ssh(client: &Client, arguments: &[&str]) -> Command {
    let program = programs::find("ssh").expect("ssh comes with sshd");
    let mut command = programs::command(&program);
    command.args(["-o", "BatchMode=yes", "-F"]).arg(client.config()).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn run(client: &Client, arguments: &[&str]) -> Output {
    ssh(client, arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

#[test]
fn commands_run_in_a_home_that_is_not_the_persons() {
    let Some(sshd) = Sshd::options().start() else { return };
    let output = run(&sshd.client().known().write(), &[HOST, "echo $HOME"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        sshd.files().to_string_lossy(),
        "{}",
        sshd.log()
    );
}

#[test]
fn an_unknown_or_changed_host_key_is_refused_by_openssh_too() {
    let keys = [KeyType::Ed25519, KeyType::Ecdsa, KeyType::Rsa];
    let Some(sshd) = Sshd::options().host_keys(&keys).start() else { return };
    assert!(!run(&sshd.client().write(), &[HOST, "true"]).status.success());
    let known = sshd.client().known().write();
    assert!(run(&known, &[HOST, "true"]).status.success());
    for key in keys {
        assert!(sshd.fingerprint(key).starts_with("SHA256:"));
        sshd.change_host_key(key);
    }
    let refused = run(&known, &[HOST, "true"]);
    assert!(text(&refused).contains("REMOTE HOST IDENTIFICATION HAS CHANGED"));
}

#[test]
fn the_ordinary_user_is_bound_by_permissions() {
    let Some(sshd) = Sshd::options().account(Account::Ordinary).start() else { return };
    let client = sshd.client().known().write();
    fs::write(sshd.files().join("secret"), "x").unwrap();
    fs::set_permissions(
        sshd.files().join("secret"),
        std::os::unix::fs::PermissionsExt::from_mode(0o000),
    )
    .unwrap();
    let output = run(&client, &[HOST, "cat $HOME/secret"]);
    assert!(text(&output).contains("Permission denied"), "{}", text(&output));
    assert!(run(&client, &[HOST, "touch $HOME/new"]).status.success());
}

#[test]
fn an_exec_on_a_server_for_files_alone_gets_no_shell() {
    let Some(sshd) = Sshd::options().sftp(Sftp::InternalOnly).start() else { return };
    let output = run(&sshd.client().known().write(), &[HOST, "echo a shell"]);
    assert!(!text(&output).contains("a shell"));
}

#[test]
fn a_small_disk_is_small_and_goes_away() {
    let Some(sshd) = Sshd::options().small_disk(64 * 1024).start() else { return };
    let client = sshd.client().known().write();
    let output = run(&client, &[HOST, "head -c 1000000 /dev/zero > $HOME/big"]);
    assert!(text(&output).contains("No space left"), "{}", text(&output));
    assert!(sshd.files_inside().join("big").exists());
    let files = sshd.files();
    assert!(!files.join("big").exists(), "the disk is seen only from inside");
}

#[test]
fn sftp_servers_are_found_and_killed_and_all_ends_on_drop() {
    let Some(sshd) = Sshd::options().start() else { return };
    let client = sshd.client().known().write();
    let mut session = ssh(&client, &["-s", HOST, "sftp"]).stdin(Stdio::piped()).spawn().unwrap();
    wait_until("an sftp-server runs", Duration::from_secs(10), || sshd.sftp_servers().len() == 1);
    drop(sshd.pause_sftp());
    sshd.kill_sftp();
    wait_until("ssh notices", Duration::from_secs(10), || session.try_wait().unwrap().is_some());

    let mut session = ssh(&client, &["-s", HOST, "sftp"]).stdin(Stdio::piped()).spawn().unwrap();
    wait_until("an sftp-server runs", Duration::from_secs(10), || sshd.sftp_servers().len() == 1);
    let _paused = sshd.pause_sftp();
    drop(sshd);
    wait_until("ssh notices", Duration::from_secs(10), || session.try_wait().unwrap().is_some());
}
