//! Programs that get the terminal for a while: the person's editor, and commands.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read as _, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::shell::give;
use crate::{
    domain::{display, path::StoragePath, words},
    model::{Back, EditorEnd, Outside},
};

/// An editor that ends sooner has perhaps left somebody behind who goes on.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Longer texts are not read back.
const LONGEST_TEXT: u64 = 64 << 20;

/// Does it, and says what came of it. Blocks until the program has ended.
pub(super) fn go(outside: &Outside, room: &Path) -> Back {
    match outside {
        Outside::EditText { text, .. } => Back::Text(edit_text(text, room)),
        Outside::EditFile { path, .. } => Back::File(edit_file(as_path(path))),
        Outside::Run { line, directory } => Back::Ran(run(line, as_path(directory))),
        Outside::OwnShell { directory } => Back::Ran(own_shell(as_path(directory))),
        Outside::Shell { shell, location } => {
            Back::Ran(give(shell, location.endpoint.host().unwrap_or_default()))
        }
    }
}

pub(super) fn as_path(path: &StoragePath) -> &Path {
    Path::new(OsStr::from_bytes(path.as_bytes()))
}

pub(super) fn storage_path(path: &Path) -> StoragePath {
    StoragePath::new(path.as_os_str().as_bytes())
}

pub(super) fn shown(path: &Path) -> String {
    display::escape(path.as_os_str().as_bytes())
}

/// A new folder that is the person's alone.
pub(super) fn private_folder(room: &Path) -> Result<PathBuf, String> {
    let name = format!("{:08x}", fastrand::u32(..));
    let folder = room.join(name);
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(room);
    made.and_then(|()| fs::DirBuilder::new().mode(0o700).create(&folder))
        .map_err(|error| format!("Could not make the folder {}: {error}.", shown(&folder)))?;
    Ok(folder)
}

fn edit_text(text: &str, room: &Path) -> Result<String, String> {
    let folder = private_folder(room)?;
    let edited = edit_text_in(text, &folder);
    // What was typed is in memory by now, or was given up.
    let _ = fs::remove_dir_all(&folder);
    edited
}

fn edit_text_in(text: &str, folder: &Path) -> Result<String, String> {
    let file = folder.join("names");
    let failed = |error: io::Error| format!("Could not use {}: {error}.", shown(&file));
    let written = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
    written.and_then(|mut open| open.write_all(text.as_bytes())).map_err(failed)?;
    run_editor(&file)?;
    let mut edited = Vec::new();
    let opened = fs::File::open(&file);
    opened.and_then(|open| open.take(LONGEST_TEXT).read_to_end(&mut edited)).map_err(failed)?;
    String::from_utf8(edited).map_err(|_| "What was saved is not UTF-8.".to_owned())
}

fn edit_file(path: &Path) -> Result<EditorEnd, String> {
    let began = Instant::now();
    run_editor(path)?;
    Ok(if began.elapsed() < AT_ONCE { EditorEnd::AtOnce } else { EditorEnd::InItsTime })
}

/// Runs `$VISUAL` or `$EDITOR` on a file, its name as it is.
fn run_editor(path: &Path) -> Result<(), String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let (line, from) = match (set("VISUAL"), set("EDITOR")) {
        (Some(line), _) => (line, "$VISUAL"),
        (None, Some(line)) => (line, "$EDITOR"),
        (None, None) => ("vi".to_owned(), "the editor vi, for neither $VISUAL nor $EDITOR is set"),
    };
    let named = display::escape_text(&line);
    let words =
        words::split(&line).map_err(|why| format!("Could not run {from} ({named}): {why}."))?;
    let Some((program, arguments)) = words.split_first() else {
        return Err(format!("Could not run {from}: it is empty."));
    };
    let status = Command::new(program)
        .args(arguments)
        .arg(path)
        .env_remove("WHARF_PASSWORD")
        .status()
        .map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => " Set $EDITOR to one that is there.",
                _ => "",
            };
            format!("Could not run {from} ({named}): {error}.{hint}")
        })?;
    if status.success() { Ok(()) } else { Err(format!("{from} ({named}) ended with {status}.")) }
}

/// The person's own shell.
fn shell_program() -> OsString {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    shell.unwrap_or_else(|| "/bin/sh".into())
}

fn own_shell(directory: &Path) -> Result<String, String> {
    let shell = shell_program();
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "A shell in {}; exit leads back to Wharf.", shown(directory));
    let _ = out.flush();
    let status = Command::new(&shell)
        .current_dir(directory)
        .env_remove("WHARF_PASSWORD")
        .status()
        .map_err(|error| format!("Could not run {}: {error}.", shown(Path::new(&shell))))?;
    Ok(format!("The shell ended with {status}."))
}

/// Runs a command line by the person's shell in a folder, and waits until its output has been read.
fn run(line: &str, directory: &Path) -> Result<String, String> {
    let shell = shell_program();
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}$ {}", shown(directory), display::escape_text(line));
    let _ = out.flush();
    let status = Command::new(&shell)
        .arg("-c")
        .arg(line)
        .current_dir(directory)
        .env_remove("WHARF_PASSWORD")
        .status()
        .map_err(|error| format!("Could not run {}: {error}.", shown(Path::new(&shell))))?;
    let _ = write!(out, "\n[{status}; Enter leads back to Wharf] ");
    let _ = out.flush();
    // An end of input is an answer too.
    let _ = io::stdin().read_line(&mut String::new());
    Ok(format!("The command ended with {status}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_for_what_is_edited_are_the_persons_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let state = tempfile::tempdir().unwrap();
        let room = state.path().join("edits");
        let folders = [private_folder(&room).unwrap(), private_folder(&room).unwrap()];
        assert_ne!(folders[0], folders[1]);
        for folder in [&room, &folders[0]] {
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
