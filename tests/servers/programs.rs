//! Finds the programs of the real servers: on the machine, or where `tests/run` unpacked them.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// What `tests/run` unpacks, each in a folder of its own.
const SERVERS: [&str; 4] = ["openssh", "proftpd", "vsftpd", "pure-ftpd"];

/// Where `tests/run` unpacks a server.
fn unpacked(server: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/servers").join(server)
}

/// A program, or a module of one, by its name; the same places as in `tests/run`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let system = [
        "/usr/sbin",
        "/usr/local/sbin",
        "/usr/bin",
        "/usr/local/bin",
        "/usr/lib/openssh",
        "/usr/lib/ssh",
        "/usr/libexec",
        "/usr/libexec/openssh",
        "/usr/lib64/misc",
        "/usr/lib/proftpd",
    ];
    let ours = SERVERS.into_iter().flat_map(|server| {
        ["usr/sbin", "usr/bin", "usr/lib/openssh", "usr/lib/proftpd"]
            .map(|folder| unpacked(server).join(folder))
    });
    let places = system.into_iter().map(PathBuf::from).chain(ours);
    places.map(|place| place.join(name)).find(|program| program.is_file())
}

/// A command that finds the libraries unpacked along with it.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(libraries) = library_path() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    command
}

/// The folders of unpacked libraries, those of one server for all of them; `None` when there are none.
pub(crate) fn library_path() -> Option<&'static str> {
    static FOUND: OnceLock<Option<String>> = OnceLock::new();
    let search = || {
        let mut folders = Vec::new();
        let roots = SERVERS
            .into_iter()
            .flat_map(|server| [unpacked(server).join("usr/lib"), unpacked(server).join("lib")]);
        for root in roots {
            for folder in std::fs::read_dir(root).into_iter().flatten().flatten() {
                let files = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
                let is_library = |name: &str| name.ends_with(".so") || name.contains(".so.");
                if files.into_iter().any(|f| is_library(&f.file_name().to_string_lossy())) {
                    folders.push(folder.path().to_string_lossy().into_owned());
                }
            }
        }
        (!folders.is_empty()).then(|| folders.join(":"))
    };
    FOUND.get_or_init(search).as_deref()
}

/// Says that this test is skipped for want of a server; with `CI=true` that is a failure.
pub(crate) fn skip(why: &str) {
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "not to be skipped in CI: {why}");
    skip_here(why);
}

/// Says that this test is skipped for what the machine or the account cannot do, in CI as well.
pub(crate) fn skip_here(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // Past the capture of libtest: a skipped test must be seen among the ones that passed.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
