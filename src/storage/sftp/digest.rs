//! SHA-256 at the server's end: one program on one exec channel, fed with names, a line of answer for each.

use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use super::{
    connection::exec,
    mail::{Command, ExecEvent, ExecOrder, Fault},
    server::Server,
    turn::LaneId,
};
use crate::domain::{digest::Sha256, error::ErrorKind, path::StoragePath};

/// Runs in whatever shell the login has, so it is nothing but one quoted word, without `!` for csh's sake.
/// Names come on standard input, a line each, and go to the tool on *its* standard input: no name is ever part of a
/// command line, and no tool gets to escape one in its answer.
const PROGRAM: &str = concat!(
    "exec sh -c 'exec 2>/dev/null; LC_ALL=C; export LC_ALL; ",
    "if command -v sha256sum >/dev/null; then t=sha256sum; ",
    "elif command -v shasum >/dev/null; then t=\"shasum -a 256\"; ",
    "elif command -v sha256 >/dev/null; then t=\"sha256 -q\"; ",
    "elif command -v openssl >/dev/null; then t=\"openssl dgst -sha256 -r\"; ",
    "else echo wharf-digest none; exit 0; fi; echo wharf-digest ready; ",
    "while IFS= read -r f; do ",
    "if [ -f \"$f\" ] && [ -r \"$f\" ]; then if d=$($t <\"$f\"); then echo \"D $d\"; else echo E; fi; ",
    "elif [ -f \"$f\" ]; then echo P; elif [ -e \"$f\" ]; then echo F; else echo N; fi; done'"
);

/// How long the program may take to say that it is there.
const STARTING: Duration = Duration::from_secs(15);
/// How long it is kept without work.
const IDLE: Duration = Duration::from_secs(30);
/// How many names are sent ahead.
const AHEAD: usize = 64;
/// How much may come before the program has said that it is there (a login script's chatter).
const MOST_CHATTER: usize = 64 * 1024;
/// No answer is longer.
const LONGEST_LINE: usize = 1024;
/// Who asked has gone: how long its file may still take before the program is ended for it.
const GRACE: Duration = Duration::from_secs(1);

/// Takes digests for many callers at once.
pub(crate) struct Digester {
    server: Arc<Server>,
    jobs: OnceLock<mpsc::UnboundedSender<Job>>,
    works: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Job {
    path: StoragePath,
    reply: oneshot::Sender<Result<Sha256, Fault>>,
}

impl Digester {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self { server, jobs: OnceLock::new(), works: Arc::new(AtomicBool::new(true)) }
    }

    /// Whether it has not been found out that it does not work.
    pub(crate) fn is_worth_a_try(&self) -> bool {
        self.works.load(Ordering::Relaxed)
    }

    /// The digest of a file's whole content.
    pub(crate) async fn digest(&self, path: &StoragePath) -> Result<Sha256, Fault> {
        if !self.is_worth_a_try() {
            return Err(refused());
        }
        if !path.is_absolute() || path.as_bytes().iter().any(|byte| matches!(byte, b'\n' | 0)) {
            let why = "a name with a line break cannot be sent to the digest program";
            return Err(Fault::new(ErrorKind::Unsupported, why));
        }
        let jobs = self.jobs.get_or_init(|| {
            let (sender, receiver) = mpsc::unbounded_channel();
            tokio::spawn(work(Arc::clone(&self.server), Arc::clone(&self.works), receiver));
            sender
        });
        let (reply, digest) = oneshot::channel();
        let epitaph = || self.server.client.connection().inbox().epitaph();
        jobs.send(Job { path: path.clone(), reply }).map_err(|_| epitaph())?;
        digest.await.unwrap_or_else(|_| Err(epitaph()))
    }
}

fn refused() -> Fault {
    Fault::new(ErrorKind::Unsupported, "the server takes no digests")
}

/// One line of the program's.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Digest(Sha256),
    NotFound,
    NotAFile,
    NotReadable,
    Failed,
    Nonsense,
}

fn parse(line: &[u8]) -> Line {
    match line {
        b"N" => Line::NotFound,
        b"F" => Line::NotAFile,
        b"P" => Line::NotReadable,
        b"E" => Line::Failed,
        [b'D', b' ', rest @ ..] => rest
            .split(|byte| byte.is_ascii_whitespace())
            .next()
            .and_then(|word| std::str::from_utf8(word).ok())
            .and_then(Sha256::from_hex)
            .map_or(Line::Nonsense, Line::Digest),
        _ => Line::Nonsense,
    }
}

/// The program on the server, ended when dropped.
struct Program {
    server: Arc<Server>,
    lane: LaneId,
    output: mpsc::UnboundedReceiver<ExecEvent>,
    unread: Vec<u8>,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.server.client.connection().inbox().put(Command::ExecEnd(self.lane));
    }
}

impl Program {
    /// Starts it, and waits until it has said that it is there.
    async fn start(server: &Arc<Server>) -> Result<Self, Fault> {
        let too_slow =
            |_| Fault::new(ErrorKind::Unsupported, "the server did not start the digest program");
        timeout(STARTING, Self::start_untimed(server)).await.map_err(too_slow)?
    }

    async fn start_untimed(server: &Arc<Server>) -> Result<Self, Fault> {
        let connection = server.client.connection();
        let (started, lane) = oneshot::channel();
        let (output, events) = mpsc::unbounded_channel();
        exec(connection, ExecOrder { command: String::from(PROGRAM), started, output });
        let lane = lane.await.unwrap_or_else(|_| Err(connection.inbox().epitaph()))?;
        let mut program =
            Self { server: Arc::clone(server), lane, output: events, unread: Vec::new() };
        let mut chatter = 0;
        loop {
            let line = program.line().await.map_err(|fault| match fault.kind {
                ErrorKind::Failed => refused(),
                _ => fault,
            })?;
            match line.as_slice() {
                b"wharf-digest ready" => return Ok(program),
                b"wharf-digest none" => return Err(refused()),
                _ => chatter += line.len() + 1,
            }
            if chatter > MOST_CHATTER {
                return Err(refused());
            }
        }
    }

    fn feed(&self, path: &StoragePath) {
        let mut line = path.as_bytes().to_vec();
        line.push(b'\n');
        self.server
            .client
            .connection()
            .inbox()
            .put(Command::ExecInput(self.lane, Bytes::from(line)));
    }

    /// The next line. May be dropped and called again. `Failed`: the program has ended.
    async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.pop();
                return Ok(line);
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(Fault::protocol("the digest program sends lines without an end"));
            }
            match self.output.recv().await {
                Some(ExecEvent::Output(bytes)) => self.unread.extend_from_slice(&bytes),
                Some(ExecEvent::Ended { status, stderr }) => {
                    let why = format!("the digest program ended (exit status {status}) {stderr}");
                    return Err(Fault::new(ErrorKind::Failed, why.trim_end()));
                }
                None => return Err(self.server.client.connection().inbox().epitaph()),
            }
        }
    }
}

/// Feeds one program with the names of all callers, and starts another when it has ended.
async fn work(server: Arc<Server>, works: Arc<AtomicBool>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut due: VecDeque<Job> = VecDeque::new();
    loop {
        due.retain(|job| !job.reply.is_closed());
        if due.is_empty() {
            let Some(job) = jobs.recv().await else { return };
            due.push_back(job);
            continue;
        }
        let started = if works.load(Ordering::Relaxed) {
            Program::start(&server).await
        } else {
            Err(refused())
        };
        let mut program = match started {
            Ok(program) => program,
            Err(fault) => {
                if fault.kind == ErrorKind::Unsupported {
                    works.store(false, Ordering::Relaxed);
                }
                for job in due.drain(..) {
                    let _ = job.reply.send(Err(fault.clone()));
                }
                continue;
            }
        };
        for job in &due {
            program.feed(&job.path);
        }
        if serve(&server, &works, &mut program, &mut due, &mut jobs).await.is_err() {
            return;
        }
    }
}

/// Nobody will ask any more.
struct Over;

/// One program's life. What is left in `due` afterwards goes to the next.
async fn serve(
    server: &Arc<Server>,
    works: &AtomicBool,
    program: &mut Program,
    due: &mut VecDeque<Job>,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
) -> Result<(), Over> {
    loop {
        let room = due.len() < AHEAD;
        let idle = due.is_empty();
        let first_is_forgotten = async {
            match due.front_mut() {
                Some(first) => {
                    first.reply.closed().await;
                    sleep(GRACE).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            job = jobs.recv(), if room => {
                let job = job.ok_or(Over)?;
                if !job.reply.is_closed() {
                    program.feed(&job.path);
                    due.push_back(job);
                }
            }
            line = program.line() => {
                let Some(job) = due.pop_front() else { return Ok(()) };
                let result = match line {
                    Ok(line) => judge(server, works, parse(&line), &job).await,
                    Err(fault) => Err(fault),
                };
                let broken = result.as_ref().is_err_and(|fault| {
                    matches!(fault.kind, ErrorKind::Failed | ErrorKind::Protocol | ErrorKind::ConnectionLost | ErrorKind::TimedOut)
                });
                let _ = job.reply.send(result);
                if broken {
                    return Ok(());
                }
            }
            () = first_is_forgotten => {
                // Ended for the sake of who waits behind it, and of the server's disk.
                due.pop_front();
                return Ok(());
            }
            () = sleep(IDLE), if idle => return Ok(()),
        }
    }
}

async fn judge(
    server: &Server,
    works: &AtomicBool,
    line: Line,
    job: &Job,
) -> Result<Sha256, Fault> {
    match line {
        Line::Digest(digest) => Ok(digest),
        Line::NotFound if server.client.lstat(job.path.as_bytes()).await.is_ok() => {
            // A shell that sees other paths than SFTP does: what it would hash is not what was meant.
            works.store(false, Ordering::Relaxed);
            Err(refused())
        }
        Line::NotFound => Err(Fault::new(ErrorKind::NotFound, "there is no such file")),
        Line::NotAFile => Err(Fault::new(ErrorKind::IsADirectory, "it is not a file")),
        Line::NotReadable => Err(Fault::new(ErrorKind::PermissionDenied, "permission denied")),
        Line::Failed => {
            Err(Fault::new(ErrorKind::Unsupported, "the server could not read it all for a digest"))
        }
        Line::Nonsense => Err(Fault::protocol("the digest program's answer makes no sense")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_every_tool_are_understood() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Line::Digest(Sha256::from_hex(hex).unwrap());
        for tail in ["  -", "", " *stdin"] {
            assert_eq!(parse(format!("D {hex}{tail}").as_bytes()), digest);
        }
        assert_eq!(parse(b"N"), Line::NotFound);
        assert_eq!(parse(b"P"), Line::NotReadable);
        for nonsense in [&b""[..], b"D", b"D ", b"D abc", b"x", b"\xff", b"N "] {
            assert_eq!(parse(nonsense), Line::Nonsense);
        }
    }

    /// The program is run for real, in this machine's `sh`: names are data to it, whatever they hold.
    #[test]
    fn names_are_literal_to_the_program() {
        use std::{fs, io::Write, os::unix::ffi::OsStrExt, process};

        let folder = tempfile::tempdir().unwrap();
        let names: [&[u8]; 10] = [
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
        ];
        let mut input = Vec::new();
        for name in names {
            let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
            fs::write(&path, b"abc").unwrap();
            input.extend_from_slice(path.as_os_str().as_bytes());
            input.push(b'\n');
        }
        input.extend_from_slice(format!("{0}\n{0}/absent\n", folder.path().display()).as_bytes());
        let mut program = process::Command::new("sh")
            .args(["-c", PROGRAM])
            .current_dir(folder.path())
            .stdin(process::Stdio::piped())
            .stdout(process::Stdio::piped())
            .spawn()
            .unwrap();
        program.stdin.take().unwrap().write_all(&input).unwrap();
        let output = program.wait_with_output().unwrap().stdout;
        let lines: Vec<&[u8]> = output.split(|&byte| byte == b'\n').collect();
        assert_eq!(lines[0], b"wharf-digest ready");
        let abc =
            Sha256::from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
                .unwrap();
        for (name, line) in names.iter().zip(&lines[1..]) {
            assert_eq!(parse(line), Line::Digest(abc), "{name:?}");
        }
        assert_eq!((parse(lines[11]), parse(lines[12])), (Line::NotAFile, Line::NotFound));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names.len(), "nothing was run");
    }
}
