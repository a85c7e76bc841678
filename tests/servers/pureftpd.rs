//! How a real Pure-FTPd is started. It runs as root only; the user is one of its own list.

use std::{fs, process::Stdio};

use super::{
    daemon::Daemon,
    ftp_server::{FtpOptions, FtpServer, HASH, Tls, USER, USER_ID},
    programs::{self, skip},
};

pub(super) fn start(options: FtpOptions) -> Option<FtpServer> {
    let (Some(program), Some(lists)) = (programs::find("pure-ftpd"), programs::find("pure-pw"))
    else {
        skip("no pure-ftpd here (tests/run gets one)");
        return None;
    };
    if !rustix::process::geteuid().is_root() {
        programs::skip_here("pure-ftpd needs root");
        return None;
    }
    assert!(options.tls != Tls::Implicit, "Pure-FTPd has no implicit TLS");
    let (folder, certificate) = options.lay_out(USER_ID);
    let home = folder.path().to_owned();
    let files = home.join("files");
    let user = format!("{USER}:{HASH}:{USER_ID}:{USER_ID}::{}::::::::::::\n", files.display());
    fs::write(home.join("users"), user).unwrap();
    let mut command = programs::command(&lists);
    command.arg("mkdb").arg(home.join("users.pdb")).arg("-f").arg(home.join("users"));
    let made = command.stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "pure-pw: {}", String::from_utf8_lossy(&made.stderr));
    let daemon = Daemon::start("pure-ftpd", folder, options.greeting(), |port| {
        let mut command = programs::command(&program);
        command.arg("-S").arg(format!("127.0.0.1,{port}"));
        command.arg("-l").arg(format!("puredb:{}", home.join("users.pdb").display()));
        command.arg("-g").arg(home.join("pid"));
        command.arg("-O").arg(format!("clf:{}", home.join("transfers.log").display()));
        // No anonymous, users from 1, no names looked up, IPv4, hidden files shown, long listings, nothing to syslog.
        command.args(["-E", "-u", "1", "-H", "-4", "-D", "-L", "1000000:10", "-f", "none"]);
        command.args(["-C", "64", "-c", "64"]);
        if options.tls == Tls::Explicit {
            command.args(["-Y", "2", "-2"]).arg(home.join("both.pem"));
        }
        command.args(&options.lines);
        options.settle_tls(&home, &mut command);
        command
    });
    Some(FtpServer { daemon, certificate, tls: options.tls, user: USER })
}
