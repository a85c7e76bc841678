//! A real ProFTPD on a free loopback port: an FTP server, and with mod_sftp an SFTP server.
//!
//! It runs as whoever runs the tests, with users of its own file.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::{
    client::ClientOptions,
    daemon::{Daemon, Greeting},
    ftp_server::{FtpOptions, FtpServer, HASH, Tls, USER, USER_ID, lay_out_files},
    programs::{self, skip},
    sshd::{Account, KeyType, generate_key},
};

/// What the server is to be like.
#[derive(Debug, Clone)]
pub(crate) struct ProFtpdOptions {
    account: Account,
    lines: Vec<String>,
}

impl ProFtpdOptions {
    /// As whom the client logs in.
    pub(crate) fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// A line of its configuration.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Starts it as an SFTP server. `None`, and a line that says so, where it cannot be had.
    pub(crate) fn start_sftp(mut self) -> Option<ProFtpd> {
        if programs::find("ssh-keygen").is_none() {
            skip("no ssh-keygen here (tests/run gets one)");
            return None;
        }
        let folder = self.lay_out("mod_sftp.so")?;
        let path = |name: &str| folder.path().join(name);
        generate_key(&path("host_ed25519"), KeyType::Ed25519, "");
        generate_key(&path("id_plain"), KeyType::Ed25519, "");
        fs::write(path("authorized"), as_rfc_4716(&path("id_plain.pub"))).unwrap();
        self.lines.extend([
            String::from("LoadModule mod_sftp.c"),
            String::from("SFTPEngine on"),
            format!("SFTPHostKey {}", path("host_ed25519").display()),
            format!("SFTPAuthorizedUserKeys file:{}", path("authorized").display()),
            format!("SFTPLog {}", path("sftp.log").display()),
        ]);
        Some(self.run(folder, Greeting::Says("SSH-2.0")))
    }

    /// The files around a server that needs this module.
    fn lay_out(&self, module: &str) -> Option<TempDir> {
        if programs::find("proftpd").is_none() || programs::find(module).is_none() {
            skip(&format!("no proftpd with {module} here (tests/run gets one)"));
            return None;
        }
        let folder = tempfile::Builder::new().prefix("wharf-proftpd-").tempdir().unwrap();
        let me = rustix::process::geteuid();
        let ordinary = me.is_root() && self.account == Account::Ordinary;
        let user = if ordinary { USER_ID } else { me.as_raw() };
        lay_out_files(folder.path(), user);
        write_users(folder.path(), user);
        Some(folder)
    }

    fn run(self, folder: TempDir, greeting: Greeting) -> ProFtpd {
        ProFtpd { daemon: run(&self.lines, folder, greeting) }
    }
}

/// Starts it as an FTP server.
pub(super) fn start_ftp(options: FtpOptions) -> Option<FtpServer> {
    if ["proftpd", "mod_tls.so", "mod_digest.so"].into_iter().any(|it| programs::find(it).is_none())
    {
        skip("no proftpd with mod_tls and mod_digest here (tests/run gets one)");
        return None;
    }
    let me = rustix::process::geteuid();
    let user = if me.is_root() { USER_ID } else { me.as_raw() };
    let (folder, certificate) = options.lay_out(user);
    write_users(folder.path(), user);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let mut lines = vec![String::from("LoadModule mod_digest.c")];
    if options.tls != Tls::None {
        lines.extend([
            String::from("LoadModule mod_tls.c"),
            String::from("TLSEngine on"),
            String::from("TLSRequired on"),
            String::from("TLSVerifyClient off"),
            format!("TLSECCertificateFile {}", at("cert.pem")),
            format!("TLSECCertificateKeyFile {}", at("key.pem")),
            format!("TLSLog {}", at("tls.log")),
        ]);
    }
    if options.tls == Tls::Implicit {
        lines.push(String::from("TLSOptions UseImplicitSSL"));
    }
    lines.extend(options.lines.iter().cloned());
    let daemon = run(&lines, folder, options.greeting());
    Some(FtpServer { daemon, certificate, tls: options.tls, user: USER })
}

/// Its own list of users.
fn write_users(folder: &Path, user: u32) {
    let files = folder.join("files");
    let users = format!("{USER}:{HASH}:{user}:{user}::{}:/bin/sh\n", files.display());
    for (name, content) in [("passwd", users), ("group", format!("{USER}:x:{user}:\n"))] {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        // It reads them only while nobody else may.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn run(lines: &[String], folder: TempDir, greeting: Greeting) -> Daemon {
    let program = programs::find("proftpd").unwrap();
    let home = folder.path().to_owned();
    Daemon::start("proftpd", folder, greeting, |port| {
        let config = home.join("proftpd.conf");
        fs::write(&config, configuration(lines, &home, port)).unwrap();
        let mut command = programs::command(&program);
        command.arg("-n").arg("-c").arg(config);
        command
    })
}

fn configuration(lines: &[String], folder: &Path, port: u16) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let modules = programs::find("mod_digest.so").and_then(|m| m.parent().map(Path::to_owned));
    let me = |flag: &str| {
        let told = Command::new("id").arg(flag).output().unwrap();
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    };
    let mut config = vec![
        String::from("ServerName wharf"),
        String::from("ServerType standalone"),
        format!("ModulePath {}", modules.unwrap_or_default().display()),
        String::from("DefaultAddress 127.0.0.1"),
        // Else it binds every address.
        String::from("SocketBindTight on"),
        format!("Port {port}"),
        format!("User {}", me("-un")),
        format!("Group {}", me("-gn")),
        String::from("RootLogin on"),
        String::from("AuthOrder mod_auth_file.c"),
        format!("AuthUserFile {}", at("passwd")),
        format!("AuthGroupFile {}", at("group")),
        String::from("RequireValidShell off"),
        format!("PidFile {}", at("pid")),
        format!("ScoreboardFile {}", at("scoreboard")),
        String::from("DelayTable none"),
        String::from("DelayEngine off"),
        String::from("ControlsEngine off"),
        String::from("WtmpLog off"),
        String::from("UseReverseDNS off"),
        String::from("MaxInstances none"),
        String::from("AllowOverwrite on"),
        String::from("AllowStoreRestart on"),
        String::from("Umask 022"),
        format!("SystemLog {}", at("system.log")),
    ];
    config.extend(lines.iter().cloned());
    config.join("\n") + "\n"
}

/// An OpenSSH public key in the form of RFC 4716.
fn as_rfc_4716(public: &Path) -> Vec<u8> {
    let program = programs::find("ssh-keygen").unwrap();
    let mut command = programs::command(&program);
    let told = command.arg("-ef").arg(public).stdin(Stdio::null()).output().unwrap();
    assert!(told.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&told.stderr));
    told.stdout
}

/// A running server. Dropping it ends it with all its sessions; its logs are printed if the test fails.
pub(crate) struct ProFtpd {
    daemon: Daemon,
}

impl ProFtpd {
    /// What the server is to be like, the plainest to begin with.
    pub(crate) fn options() -> ProFtpdOptions {
        ProFtpdOptions { account: Account::Me, lines: Vec::new() }
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The served folder, where one starts after the login.
    pub(crate) fn files(&self) -> PathBuf {
        self.daemon.path("files")
    }

    /// An ssh_config that leads to its SFTP.
    pub(crate) fn client(&self) -> ClientOptions {
        let public = fs::read_to_string(self.daemon.path("host_ed25519.pub")).unwrap();
        let key = public.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let identity = self.daemon.path("id_plain");
        ClientOptions::new(self.daemon.port(), USER.into(), identity, vec![key])
    }
}
