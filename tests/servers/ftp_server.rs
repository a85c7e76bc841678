//! A real FTP server of any make: what tests may want of it, and what they get.
//!
//! ```text
//! let Some(server) = FtpServer::options(Make::Vsftpd).tls(Tls::Explicit).start() else { return };
//! ```

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{
    certificates::{Certificate, Flaw},
    daemon::{Daemon, Greeting},
    proftpd, pureftpd, vsftpd,
};

/// Who logs in, and with what.
pub(crate) const USER: &str = "anna";
pub(crate) const PASSWORD: &str = "correct horse";
/// `openssl passwd -6 -salt wharf` of it.
pub(crate) const HASH: &str = "$6$wharf$Sm5MJ0OCPb2TMLuKCs0VCydyyWnBSiLRLTgJRmHzrj6GV8V2TjhaSsywlCB/2.VXAzzkJlblsa1EF.ltPbspo/";
/// Whom the session belongs to where the server runs as root: somebody whom permissions bind.
pub(crate) const USER_ID: u32 = 64123;

/// Who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    /// vsftpd, for a local user where that can be had (root and a mount namespace), else anonymous.
    Vsftpd,
    /// The same, anonymous.
    VsftpdAnonymous,
    ProFtpd,
    /// Needs root.
    PureFtpd,
}

/// How the control connection is secured, and the data connections with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all.
    None,
    /// AUTH TLS before anything else; the server takes no login and no data without.
    Explicit,
    /// From the first byte. Pure-FTPd has no such mode.
    Implicit,
}

const NEWEST_TLS: &str = "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = newest\n\
                          [newest]\nMinProtocol = TLSv1.3\n";

/// What the server is to be like.
#[derive(Debug, Clone)]
pub(crate) struct FtpOptions {
    pub(super) make: Make,
    pub(super) tls: Tls,
    flaw: Flaw,
    pub(super) lines: Vec<String>,
    pub(super) small_disk: Option<u64>,
    only_newest_tls: bool,
}

impl FtpOptions {
    /// How it is secured.
    pub(crate) fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// What is wrong with its certificate.
    pub(crate) fn flaw(mut self, flaw: Flaw) -> Self {
        self.flaw = flaw;
        self
    }

    /// A line of its configuration, or, for Pure-FTPd, an argument.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// The served folder is a disk of so many bytes, which only the server sees: vsftpd for a local user.
    pub(crate) fn small_disk(mut self, bytes: u64) -> Self {
        self.small_disk = Some(bytes);
        self
    }

    /// TLS 1.3 and no other: as the system's OpenSSL is told, for vsftpd and Pure-FTPd have no such setting.
    pub(crate) fn only_newest_tls(mut self) -> Self {
        self.only_newest_tls = true;
        self
    }

    /// What a server's OpenSSL is told.
    pub(super) fn settle_tls(&self, folder: &Path, command: &mut Command) {
        if self.only_newest_tls {
            let settings = folder.join("openssl.cnf");
            fs::write(&settings, NEWEST_TLS).unwrap();
            command.env("OPENSSL_CONF", settings);
        }
    }

    /// Starts it. `None`, and a line that says so, where it cannot be had.
    pub(crate) fn start(self) -> Option<FtpServer> {
        match self.make {
            Make::Vsftpd | Make::VsftpdAnonymous => vsftpd::start(self),
            Make::ProFtpd => proftpd::start_ftp(self),
            Make::PureFtpd => pureftpd::start(self),
        }
    }

    /// A folder with the served one in it, and the certificate.
    pub(super) fn lay_out(&self, user: u32) -> (TempDir, Certificate) {
        let folder = tempfile::Builder::new().prefix("wharf-ftp-").tempdir().unwrap();
        lay_out_files(folder.path(), user);
        let certificate = Certificate::make(self.flaw);
        certificate.write_to(folder.path());
        (folder, certificate)
    }

    pub(super) fn greeting(&self) -> Greeting {
        match self.tls {
            Tls::Implicit => Greeting::Listens,
            Tls::None | Tls::Explicit => Greeting::Says("220"),
        }
    }
}

/// Makes `files`, the folder that is served, for this user.
pub(super) fn lay_out_files(folder: &Path, user: u32) {
    // The user walks through it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let files = folder.join("files");
    fs::create_dir(&files).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&files, Some(user), Some(user)).unwrap();
    }
}

/// A running server. Dropping it ends it with all its sessions; its logs are printed if the test fails.
pub(crate) struct FtpServer {
    pub(super) daemon: Daemon,
    pub(super) certificate: Certificate,
    pub(super) tls: Tls,
    pub(super) user: &'static str,
}

impl FtpServer {
    /// What the server is to be like, plain and sound to begin with.
    pub(crate) fn options(make: Make) -> FtpOptions {
        FtpOptions {
            make,
            tls: Tls::None,
            flaw: Flaw::default(),
            lines: Vec::new(),
            small_disk: None,
            only_newest_tls: false,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// Its process and its sessions.
    pub(crate) fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The served folder, where one starts after the login. Paths are those of the disk.
    pub(crate) fn files(&self) -> PathBuf {
        self.daemon.path("files")
    }

    /// Who may log in; [`PASSWORD`] is the password.
    pub(crate) fn user(&self) -> &'static str {
        self.user
    }

    /// The served folder, as a place that Wharf is given.
    pub(crate) fn place(&self) -> String {
        format!("ftp://{}@127.0.0.1:{}/~/", self.user(), self.port())
    }

    /// What it shows who asks for TLS.
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// How it is secured.
    pub(crate) fn tls(&self) -> Tls {
        self.tls
    }

    /// What the server logged so far: vsftpd every command and reply, the others what they find worth it.
    pub(crate) fn logs(&self) -> String {
        self.daemon.logs()
    }
}
