//! What runs on the server: a few lines of shell that hash the files they are told.

/// Both programs differ only in which tool they try first.
///
/// The text runs in whatever shell the login has, so it is nothing but one quoted word, without `!` but before a
/// blank for csh's sake and with nothing escaped but in `printf`'s own words; and shorter than the 1024 bytes old
/// shells allow for a word.
///
/// It reads lines. One that begins with `/` is a name; any other line is about the names since the last such: `s`
/// hashes them, except what is large; `l` hashes them all; `e` only lets the program know that the answers have
/// arrived. First each name has a line of answer:
///
/// - `+`: a file that is hashed, `L`: a large one that is not,
/// - `N`: nothing is there, `F`: it is no file, `P`: it may not be read;
///
/// then come the tool's own lines, then a dot and its exit status. The tool gets a single file on its standard
/// input, several as arguments (absolute, so none looks like an option), and runs beside a shell that listens:
/// when nobody is there any more it is killed, instead of reading a large disk to its end for no one.
macro_rules! program {
    ($tools:literal) => {
        concat!(
            "exec sh -c 'exec 2>/dev/null; LC_ALL=C; export LC_ALL; t=; for c in ",
            $tools,
            "; do case $(echo | $c) in 01ba4719c80b6fe911b091a7c05124b6*) t=$c; break;; esac; done; ",
            "[ \"$t\" ] || { echo wharf-digest none; exit; }; ",
            "n=$(printf \"\\nx\"); n=${n%x}; ",
            "stop() { k=y; [ -z \"$p\" ] || kill $p; }; ",
            "go() { p=; k=; b=; trap stop TERM; ",
            "[ $1 = l ] || b=$n$(shift; find -H \"$@\" -prune -size +8191)$n; shift; ",
            "for f do shift; if [ -f \"$f\" ] && [ -r \"$f\" ]; then ",
            "case $b in *\"$n$f$n\"*) echo L;; *) echo +; set -- \"$@\" \"$f\";; esac; ",
            "elif [ -f \"$f\" ]; then echo P; elif [ -e \"$f\" ]; then echo F; else echo N; fi; done; ",
            "case $# in 0) echo . 0; return;; 1) $t <\"$1\" & ;; *) $t \"$@\" & ;; esac; ",
            "p=$! ; [ -z \"$k\" ] || kill $p; wait $p; echo . $?; }; ",
            "j=; echo wharf-digest ready; ",
            "while IFS= read -r f; do case $f in /*) set -- \"$@\" \"$f\";; *) ",
            "[ -z \"$j\" ] || wait $j; j=; [ \"$f\" = e ] || { go \"$f\" \"$@\" & j=$! ; }; ",
            "set --;; esac; done; [ -z \"$j\" ] || kill $j'"
        )
    };
}

/// For many small files: the tools that start fastest come first. Files from 4 MiB on (`find` counts blocks of 512
/// bytes) count as large.
pub(super) const SMALL: &str =
    program!("sha256sum \"shasum -a 256\" \"sha256 -q\" \"openssl dgst -sha256 -r\"");
/// For large ones: openssl is slow to start, but uses what the processor has for hashing.
pub(super) const LARGE: &str =
    program!("\"openssl dgst -sha256 -r\" sha256sum \"shasum -a 256\" \"sha256 -q\"");

#[cfg(test)]
mod tests {
    use std::{
        ffi::OsStr,
        fs,
        io::Write,
        os::unix::ffi::OsStrExt,
        path::Path,
        process::{Child, Command, Stdio},
        time::{Duration, Instant},
    };

    use super::*;

    fn start(program: &str, folder: &Path) -> Child {
        Command::new("sh")
            .args(["-c", program])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// The program's whole output for an input, without its first line.
    fn answers(program: &str, folder: &Path, input: &[u8]) -> Vec<String> {
        let mut child = start(program, folder);
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap().stdout;
        let mut lines = output.split(|&byte| byte == b'\n');
        assert_eq!(lines.next(), Some(&b"wharf-digest ready"[..]));
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// The program is run for real, in this machine's `sh`: names are data to it, whatever they hold.
    #[test]
    fn names_are_literal_to_the_program() {
        let names: [&[u8]; 13] = [
            b"plain",
            b"with space",
            b" lead and trail ",
            b"-rf",
            b"; touch x",
            b"$(touch x)",
            b"`touch x`",
            b"quo'te\"s",
            b"back\\slash\\n",
            b"latin\xe9\x1b[31m*?",
            b"carriage\rreturn",
            b"*",
            b"[a-z]*",
        ];
        for program in [SMALL, LARGE] {
            assert!(program.len() < 1024, "{}", program.len());
            let before_blanks = program.matches("! ").count();
            assert_eq!(program.matches('!').count(), before_blanks, "csh replaces these");
            let folder = tempfile::tempdir().unwrap();
            let mut input = Vec::new();
            let name_line = |input: &mut Vec<u8>, name: &[u8]| {
                input.extend_from_slice(
                    folder.path().join(OsStr::from_bytes(name)).as_os_str().as_bytes(),
                );
                input.push(b'\n');
            };
            for name in names {
                fs::write(folder.path().join(OsStr::from_bytes(name)), b"abc").unwrap();
                name_line(&mut input, name);
            }
            // All at once, then each alone.
            input.extend_from_slice(b"s\n");
            for name in names {
                name_line(&mut input, name);
                input.extend_from_slice(b"s\ne\n");
            }
            let lines = answers(program, folder.path(), &[&input[..], b"e\n"].concat());
            let many = names.len();
            let (together, alone) = lines.split_at(2 * many + 1);
            assert!(together[..many].iter().all(|line| line == "+"), "{together:?}");
            for (name, line) in names.iter().zip(&together[many..]) {
                assert!(line.trim_start_matches('\\').starts_with(ABC), "{name:?}: {line}");
            }
            assert_eq!(together[2 * many], ". 0");
            for (name, answer) in names.iter().zip(alone.chunks(3)) {
                assert!(answer[0] == "+" && answer[2] == ". 0", "{name:?}: {answer:?}");
                assert!(answer[1].starts_with(ABC), "{name:?}: {answer:?}");
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), many, "nothing was run");
        }
    }

    #[test]
    fn what_cannot_be_hashed_is_said_and_holds_up_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), b"abc").unwrap();
        fs::write(at("other"), b"abc").unwrap();
        fs::create_dir(at("folder")).unwrap();
        fs::File::create(at("large")).unwrap().set_len(4 << 20).unwrap();
        let made = Command::new("mkfifo").arg(at("fifo")).status().unwrap();
        assert!(made.success());
        std::os::unix::fs::symlink(at("large"), at("link to large")).unwrap();
        std::os::unix::fs::symlink(at("nothing"), at("dangling")).unwrap();
        let names =
            ["file", "fifo", "folder", "large", "absent", "link to large", "dangling", "other"];
        let mut input: String =
            names.iter().map(|name| format!("{}\n", at(name).display())).collect();
        input.push_str(&format!("s\ne\n{}\nl\ne\n", at("large").display()));
        let lines = answers(SMALL, folder.path(), input.as_bytes());
        assert_eq!(lines[..8], ["+", "F", "F", "L", "N", "L", "N", "+"]);
        assert!(lines[8].starts_with(ABC) && lines[9].starts_with(ABC), "{lines:?}");
        let zeros = "bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d3af8";
        assert_eq!((lines[10].as_str(), lines[11].as_str()), (". 0", "+"));
        assert!(lines[12].starts_with(zeros) && lines[13] == ". 0", "{lines:?}");
    }

    /// Who hung up wants no answer: the tool ends, however much it still had to read.
    #[test]
    #[cfg(target_os = "linux")]
    fn the_tool_ends_when_nobody_listens_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let endless = folder.path().join("endless");
        fs::File::create(&endless).unwrap().set_len(1 << 42).unwrap();
        let readers = || {
            let processes = fs::read_dir("/proc").unwrap().flatten();
            let reads = |entry: &fs::DirEntry| {
                fs::read_link(entry.path().join("fd/0")).is_ok_and(|to| to == endless)
            };
            processes.filter(reads).count()
        };
        let wait_for = |wanted: usize| {
            let start = Instant::now();
            while readers() != wanted {
                assert!(start.elapsed() < Duration::from_secs(20), "{} readers", readers());
                std::thread::yield_now();
            }
        };
        for program in [SMALL, LARGE] {
            let mut child = start(program, folder.path());
            let mut input = child.stdin.take().unwrap();
            input.write_all(format!("{}\nl\n", endless.display()).as_bytes()).unwrap();
            wait_for(1);
            drop(input);
            wait_for(0);
            assert!(child.wait().unwrap().code().is_some());
        }
    }
}
