//! A real OpenSSH server on a free loopback port, in a temporary folder, as root or as an ordinary user.
//!
//! ```text
//! let Some(sshd) = Sshd::options().start() else { return };     // says so when it is skipped
//! let client = sshd.client().known().write();                   // an ssh_config of the test's own
//! ```
//!
//! As root, OpenSSH insists on a user `sshd` and on `/run/sshd`; a fresh machine has neither. So the server gets
//! a mount namespace of its own with a private `/run` and `/etc/passwd`: nothing outside of it changes.

use std::{
    fs::{self, File},
    io::Read,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    client::ClientOptions,
    processes::{self, kill_left_behind, kill_tree},
    programs::{self, skip},
};
use crate::support::wait_until;

/// A kind of host or client key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Ed25519,
    Ecdsa,
    Rsa,
}

impl KeyType {
    fn word(self) -> &'static str {
        match self {
            KeyType::Ed25519 => "ed25519",
            KeyType::Ecdsa => "ecdsa",
            KeyType::Rsa => "rsa",
        }
    }
}

/// What answers the `sftp` subsystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sftp {
    /// The program `sftp-server`.
    Program,
    /// `sftp-server -R`.
    ReadOnly,
    /// sshd itself.
    Internal,
    /// sshd itself, whatever is asked for: an exec gets an SFTP server instead of a shell.
    InternalOnly,
}

/// As whom the client logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// The user who runs the tests.
    Me,
    /// Somebody whom permissions bind: a user that exists inside the server's namespace only, or, where the tests
    /// do not run as root, the user who runs them.
    Ordinary,
}

/// The ordinary user's name, password and number inside the namespace.
const VISITOR: &str = "visitor";
const VISITOR_ID: u32 = 64123;
pub(crate) const VISITOR_PASSWORD: &str = "a visitor's password";
/// `openssl passwd -6 -salt wharf` of it.
const VISITOR_HASH: &str = "$6$wharf$ljcbp1JZJk6CN43ShzseRDlsJ7O.AsAyLkDXlnGdP8.Iwor03Pj5.OhsePg7P.cEv0A8SP7/vXdct4NHEzU4J1";

/// What the server is to be like.
#[derive(Debug, Clone)]
pub(crate) struct SshdOptions {
    host_keys: Vec<KeyType>,
    sftp: Sftp,
    account: Account,
    lines: Vec<String>,
    small_disk: Option<u64>,
}

impl SshdOptions {
    /// Which host keys it has; else one of ed25519.
    pub(crate) fn host_keys(mut self, types: &[KeyType]) -> Self {
        self.host_keys = types.to_vec();
        self
    }

    /// What answers the subsystem.
    pub(crate) fn sftp(mut self, sftp: Sftp) -> Self {
        self.sftp = sftp;
        self
    }

    /// As whom the client logs in.
    pub(crate) fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// A line of sshd_config that goes before the fixture's own, and so wins.
    pub(crate) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// The served folder is a disk of so many bytes. Needs root and a mount namespace.
    pub(crate) fn small_disk(mut self, bytes: u64) -> Self {
        self.small_disk = Some(bytes);
        self
    }

    /// Starts it. `None`, and a line that says so, where it cannot be had.
    pub(crate) fn start(self) -> Option<Sshd> {
        let Some(program) = programs::find("sshd") else {
            skip("no sshd here (tests/run gets one)");
            return None;
        };
        let as_root = rustix::process::geteuid().is_root();
        let namespace = as_root && processes::can_have_mount_namespace();
        let visitor = as_root && self.account == Account::Ordinary;
        if (visitor || self.small_disk.is_some()) && !namespace {
            programs::skip_here("needs root and a mount namespace");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("wharf-sshd-").tempdir().unwrap();
        // The visitor walks through it, and so does sshd when it reads keys as the user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let layout = Layout { folder, visitor, options: self };
        layout.lay_out();
        for _ in 0..5 {
            let port = free_port();
            layout.write_config(port);
            if let Some(sshd) = layout.run(&program, port, namespace) {
                return Some(Sshd { process: sshd, port, layout });
            }
        }
        panic!("no sshd would start:\n{}", layout.log());
    }
}

/// A port nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Makes a key pair at `path`; `passphrase` may be empty.
pub(crate) fn generate_key(path: &Path, key_type: KeyType, passphrase: &str) {
    let program = programs::find("ssh-keygen").expect("ssh-keygen comes with sshd");
    let mut command = programs::command(&program);
    command.args(["-q", "-C", "wharf test", "-t", key_type.word(), "-N", passphrase, "-f"]);
    command.arg(path);
    if key_type == KeyType::Rsa {
        command.args(["-b", "2048"]);
    }
    let made = command.stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&made.stderr));
}

/// The files around a server.
struct Layout {
    folder: TempDir,
    visitor: bool,
    options: SshdOptions,
}

impl Layout {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lay_out(&self) {
        fs::create_dir(self.path("files")).unwrap();
        if self.visitor {
            chown(self.path("files"), Some(VISITOR_ID), Some(VISITOR_ID)).unwrap();
        }
        for key_type in &self.options.host_keys {
            generate_key(&self.path(&format!("host_{}", key_type.word())), *key_type, "");
        }
        generate_key(&self.path("id_plain"), KeyType::Ed25519, "");
        fs::copy(self.path("id_plain.pub"), self.path("authorized_keys")).unwrap();
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        // Inside, the user who runs the tests starts in the served folder as well, not at home.
        let home = self.path("files");
        let me = rustix::process::geteuid().as_raw().to_string();
        let mut users = String::new();
        for line in passwd.lines() {
            let mut fields: Vec<&str> = line.split(':').collect();
            if fields.len() != 7 || ["sshd", VISITOR].contains(&fields[0]) {
                continue;
            }
            let home = home.to_string_lossy();
            if fields[2] == me {
                fields[5] = &home;
            }
            users += &(fields.join(":") + "\n");
        }
        users.push_str("sshd:x:64122:65534::/run/sshd:/usr/sbin/nologin\n");
        users += &format!("{VISITOR}:x:{VISITOR_ID}:{VISITOR_ID}::{}:/bin/sh\n", home.display());
        fs::write(self.path("passwd"), users).unwrap();
        // Nobody's real hash comes here. `*`: no password, yet not locked.
        fs::write(
            self.path("shadow"),
            format!("root:*:1:0:99999:7:::\n{VISITOR}:{VISITOR_HASH}:1:0:99999:7:::\n"),
        )
        .unwrap();
        fs::set_permissions(self.path("shadow"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn write_config(&self, port: u16) {
        let files = self.path("files");
        let files = files.display();
        let program = programs::find("sftp-server").unwrap_or_default();
        let (subsystem, force) = match self.options.sftp {
            // The unpacked program may lie where the visitor may not go.
            Sftp::Program if self.visitor => (format!("internal-sftp -d {files}"), false),
            Sftp::Program => (format!("{} -d {files}", program.display()), false),
            Sftp::ReadOnly => (format!("internal-sftp -R -d {files}"), false),
            Sftp::Internal => (format!("internal-sftp -d {files}"), false),
            Sftp::InternalOnly => (format!("internal-sftp -d {files}"), true),
        };
        let mut config: Vec<String> = self.options.lines.clone();
        config.extend(
            [
                "ListenAddress 127.0.0.1",
                "PidFile none",
                "StrictModes no",
                "UsePAM no",
                "KbdInteractiveAuthentication no",
                "PermitRootLogin yes",
                "PermitUserRC no",
                "PrintMotd no",
                "UseDNS no",
                "LogLevel VERBOSE",
            ]
            .map(String::from),
        );
        // Of this one the last line wins.
        if !config.iter().any(|line| line.starts_with("MaxStartups")) {
            config.push("MaxStartups 100:30:200".into());
        }
        config.push(format!("Port {port}"));
        config.push(format!("Subsystem sftp {subsystem}"));
        if force {
            config.push(format!("ForceCommand {subsystem}"));
        }
        config.push(format!("AuthorizedKeysFile {}", self.path("authorized_keys").display()));
        config.push(format!("PasswordAuthentication {}", if self.visitor { "yes" } else { "no" }));
        for key_type in &self.options.host_keys {
            let key = self.path(&format!("host_{}", key_type.word()));
            config.push(format!("HostKey {}", key.display()));
        }
        // A shell started for an exec reads no file of the person's.
        let mut environment = format!("SetEnv HOME={files}");
        if let Some(libraries) = programs::library_path() {
            environment += &format!(" LD_LIBRARY_PATH={libraries}");
        }
        config.push(environment);
        // From 9.8 on a session is a program of its own, and failed logins are held against the sender.
        if let Some(session) = programs::find("sshd-session") {
            config.push(format!("SshdSessionPath {}", session.display()));
            config.push("PerSourcePenalties no".into());
        }
        if let Some(auth) = programs::find("sshd-auth") {
            config.push(format!("SshdAuthPath {}", auth.display()));
        }
        fs::write(self.path("sshd_config"), config.join("\n") + "\n").unwrap();
    }

    /// Starts the server and waits for its greeting; `None` when it ended at once (a port that was taken meanwhile).
    fn run(&self, program: &Path, port: u16, namespace: bool) -> Option<Child> {
        let mut command = if namespace {
            self.in_namespace(program)
        } else {
            if rustix::process::geteuid().is_root() {
                // Without a namespace this much is needed on the machine itself.
                let _ = fs::create_dir("/run/sshd");
            }
            programs::command(program)
        };
        let log = File::create(self.path("log")).unwrap();
        command.args(["-D", "-e", "-f"]).arg(self.path("sshd_config"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut ended = false;
        wait_until("sshd greets", Duration::from_secs(20), || {
            ended = child.try_wait().unwrap().is_some();
            ended || greets(port)
        });
        (!ended).then_some(child)
    }

    fn in_namespace(&self, program: &Path) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "slave", "sh", "-euc", NAMESPACE, "sh"]);
        command.arg(self.folder.path());
        command.arg(self.options.small_disk.map_or(String::new(), |bytes| bytes.to_string()));
        command.arg(if self.visitor { VISITOR_ID.to_string() } else { String::from("0") });
        command.arg(program);
        if let Some(libraries) = programs::library_path() {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    fn log(&self) -> String {
        let bytes = fs::read(self.path("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// `$1` folder, `$2` size of the served disk or empty, `$3` its owner, then sshd and its arguments.
const NAMESPACE: &str = r#"
folder=$1 size=$2 owner=$3; shift 3
[ -d /run/sshd ] || { mount -t tmpfs -o mode=755 tmpfs /run; mkdir -m 755 /run/sshd; }
mount --bind "$folder/passwd" /etc/passwd
[ ! -e /etc/shadow ] || mount --bind "$folder/shadow" /etc/shadow
[ -z "$size" ] || mount -t tmpfs -o "size=$size,mode=755,uid=$owner,gid=$owner" tmpfs "$folder/files"
exec "$@"
"#;

fn greets(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut greeting = [0; 7];
    stream.read_exact(&mut greeting).is_ok() && &greeting == b"SSH-2.0"
}

/// A running server. Dropping it ends it with all its sessions; its log is printed if the test fails.
pub(crate) struct Sshd {
    process: Child,
    port: u16,
    layout: Layout,
}

impl Sshd {
    /// What the server is to be like, the plainest to begin with.
    pub(crate) fn options() -> SshdOptions {
        SshdOptions {
            host_keys: vec![KeyType::Ed25519],
            sftp: Sftp::Program,
            account: Account::Me,
            lines: Vec::new(),
            small_disk: None,
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The folder a login starts in; empty at first.
    pub(crate) fn files(&self) -> PathBuf {
        self.layout.path("files")
    }

    /// The served folder as seen from the server's own namespace: needed where it is a small disk.
    pub(crate) fn files_inside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        let files = self.files();
        root.join(files.strip_prefix("/").unwrap_or(&files))
    }

    /// Whom to log in as.
    pub(crate) fn user(&self) -> String {
        if self.layout.visitor {
            return VISITOR.into();
        }
        let whoami = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8(whoami.stdout).unwrap().trim().to_owned()
    }

    /// A private key that is let in, without a passphrase.
    pub(crate) fn key(&self) -> PathBuf {
        self.layout.path("id_plain")
    }

    /// A further private key that is let in, made now.
    pub(crate) fn add_key(&self, name: &str, key_type: KeyType, passphrase: &str) -> PathBuf {
        let key = self.layout.path(name);
        generate_key(&key, key_type, passphrase);
        let mut let_in = fs::read_to_string(self.layout.path("authorized_keys")).unwrap();
        let_in += &fs::read_to_string(key.with_extension("pub")).unwrap();
        fs::write(self.layout.path("authorized_keys"), let_in).unwrap();
        key
    }

    /// The public half of a host key as `TYPE BASE64`.
    pub(crate) fn host_key(&self, key_type: KeyType) -> String {
        let public = self.layout.path(&format!("host_{}.pub", key_type.word()));
        let line = fs::read_to_string(public).unwrap();
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// All host keys it has, as `TYPE BASE64`.
    pub(crate) fn host_keys(&self) -> Vec<String> {
        self.layout.options.host_keys.iter().map(|key_type| self.host_key(*key_type)).collect()
    }

    /// A host key's fingerprint as people know it: `SHA256:…`.
    pub(crate) fn fingerprint(&self, key_type: KeyType) -> String {
        let program = programs::find("ssh-keygen").unwrap();
        let public = self.layout.path(&format!("host_{}.pub", key_type.word()));
        let told = programs::command(&program).arg("-lf").arg(public).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        told.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// Gives the server another host key of that type, as after a reinstallation; `sshd` reads it anew.
    pub(crate) fn change_host_key(&self, key_type: KeyType) {
        let path = self.layout.path(&format!("host_{}", key_type.word()));
        fs::remove_file(&path).unwrap();
        fs::remove_file(path.with_extension("pub")).unwrap();
        generate_key(&path, key_type, "");
        let listens = || self.log().matches("Server listening on").count();
        let before = listens();
        processes::signal(self.process.id(), processes::Signal::HUP);
        wait_until("sshd listens again", Duration::from_secs(10), || listens() > before);
    }

    /// An ssh_config that leads here.
    pub(crate) fn client(&self) -> ClientOptions {
        ClientOptions::new(self.port, self.user(), self.key(), self.host_keys())
    }

    /// Process ids of the SFTP servers of all sessions, as far as they are the program `sftp-server`.
    pub(crate) fn sftp_servers(&self) -> Vec<u32> {
        processes::descendants(self.process.id())
            .into_iter()
            .filter(|process| process.name == "sftp-server")
            .map(|process| process.id)
            .collect()
    }

    /// Every process below the listening one: sessions, their SFTP servers, shells.
    pub(crate) fn sessions(&self) -> Vec<u32> {
        processes::descendants(self.process.id()).into_iter().map(|process| process.id).collect()
    }

    /// Stops all SFTP servers where they stand (SIGSTOP); they go on when the guard is dropped.
    pub(crate) fn pause_sftp(&self) -> processes::Paused {
        let servers = self.sftp_servers();
        assert!(!servers.is_empty(), "no sftp-server to pause");
        processes::Paused::new(servers)
    }

    /// Ends all SFTP servers, unasked (SIGKILL).
    pub(crate) fn kill_sftp(&self) {
        let servers = self.sftp_servers();
        assert!(!servers.is_empty(), "no sftp-server to kill");
        for id in servers {
            processes::signal(id, processes::Signal::KILL);
        }
    }

    /// Ends all sessions, not the listener (SIGKILL).
    pub(crate) fn kill_sessions(&self) {
        for id in self.sessions() {
            processes::signal(id, processes::Signal::KILL);
        }
    }

    /// What the server logged so far.
    pub(crate) fn log(&self) -> String {
        self.layout.log()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        kill_tree(&mut self.process);
        kill_left_behind(self.port());
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(60)..];
            println!("--- the last lines of sshd's log\n{}\n---", last.join("\n"));
        }
    }
}
