//! Permissions do not bind root: a case about them then runs once more in a process of an ordinary user.

use std::{
    io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Output},
};

/// An id nobody has files of: the kernel's overflow user, "nobody" on most systems.
const NOBODY: u32 = 65534;

/// Where the tests run as root: runs this very test as somebody else, and says that it is done. Panics if it fails.
pub(super) fn elsewhere(test: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let folder = tempfile::Builder::new().prefix("wharf-ordinary-").tempdir().unwrap();
    let _ = rustix::fs::chown(
        folder.path(),
        Some(rustix::fs::Uid::from_raw(NOBODY)),
        Some(rustix::fs::Gid::from_raw(NOBODY)),
    );
    let output = match run(&program, test, folder.path()) {
        // The program lies where only root may go.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let copy = folder.path().join("tests");
            std::fs::copy(&program, &copy).unwrap();
            run(&copy, test, folder.path())
        }
        output => output,
    };
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "as an ordinary user:\n{text}");
    assert!(text.contains("1 passed"), "the test did not run again:\n{text}");
    true
}

fn run(program: &Path, test: &str, folder: &Path) -> io::Result<Output> {
    Command::new(program)
        .args(["--exact", test])
        .env("TMPDIR", folder)
        .current_dir(folder)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
}
