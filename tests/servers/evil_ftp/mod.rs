//! An FTP server that lies: a small honest server over files in memory, and tricks that bend what it says.
//!
//! ```text
//! let evil = EvilFtp::start(|world| { world.file("/srv/a", b"…"); world.trick(Trick::EndlessListing); });
//! ```

mod session;
mod sessions;
mod stream;
mod transfers;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use self::sessions::Handshakes;
pub(crate) use self::sessions::{Manners, Speaks};
use super::{certificates::Certificate, ftp_server::Tls};

/// A way to break the rules.
#[derive(Debug, Clone)]
pub(crate) enum Trick {
    /// This command is answered with this line, and nothing else happens.
    Says(&'static str, &'static str),
    /// Lines right behind the consent to TLS, before it is up.
    Pipelined(&'static str),
    /// EPSV is not known, and PASV leads to this address and port.
    PassiveElsewhere(Ipv4Addr, u16),
    /// Of a file that is fetched so many bytes come, and then this line.
    Cut { at: usize, say: &'static str },
    /// Of the first file that is fetched so many bytes come, and then this line; the data connection stands.
    GivesUpOnce { at: usize, say: &'static str },
    /// Of the first file that is sent so many bytes are taken, and then this line is said; the data connection stands.
    StopsOnce { at: usize, say: &'static str },
    /// The same of every file.
    Stop { at: usize, say: &'static str },
    /// A file that is sent is there, and its beginning agreed to, only a while after its first bytes have come.
    TakesLate,
    /// Of a file that is fetched so many bytes come, and then nothing at all.
    Stalls { at: usize },
    /// No more than so many sessions at once: the next is greeted, or refused after its password, with this line.
    Crowded { most: usize, after: &'static str, say: &'static str },
    /// A data connection that resumes no session of TLS is refused with this line: before the transfer is agreed to, or
    /// after that, and then the server hangs up.
    WantsItsSession { say: &'static str, agrees_first: bool },
    /// Data connections inside TLS end without TLS's word for it.
    NoGoodbye,
    /// Data comes and is taken at so many bytes a second, in pieces of a tenth of that.
    Slow(usize),
    /// A file that is fetched has so many bytes more than it has.
    Longer(usize),
    /// This command is never answered.
    Silent(&'static str),
    /// From this command on a session reads, and says nothing any more.
    FallsSilent(&'static str),
    /// What begins like this is done a while after it has come.
    Late(&'static str),
    /// A file that was sent is there, and the last word about it said, once this command has come behind it.
    WaitsToBeAsked(&'static str),
    /// This command is answered with a line that does not end.
    EndlessLine(&'static str),
    /// This command is answered with a reply that does not end.
    EndlessReply(&'static str),
    /// The first time this command comes, the connection ends instead of an answer.
    HangsUpOnce(&'static str),
    /// The first time this command comes it is carried out, and the connection ends before the answer.
    LosesReplyOnce(&'static str),
    /// Of the first file that is fetched so many bytes come, and then all connections of the session end.
    BreaksOnce { at: usize },
    /// Of a file that is fetched so many bytes more come, and then all connections of the session end; once for each such
    /// trick.
    BreaksAfter(usize),
    /// PORT and EPRT are known, and the data comes from here; before it somebody else calls, where so said.
    CallsBack { after_a_stranger: bool },
    /// Listings do not end.
    EndlessListing,
    /// The last word after a listing.
    ListingEnds(&'static str),
}

/// What it holds, does, and was asked.
#[derive(Debug, Default)]
pub(crate) struct World {
    files: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The permissions that were set, as they were written.
    modes: BTreeMap<Vec<u8>, String>,
    listing: Vec<u8>,
    features: Vec<&'static str>,
    greeting: &'static str,
    tricks: Vec<Trick>,
    seen: Vec<Vec<u8>>,
}

impl World {
    /// A file and its content.
    pub(crate) fn file(&mut self, path: impl AsRef<[u8]>, content: &[u8]) {
        self.files.insert(path.as_ref().into(), content.into());
    }

    /// What a listing of any folder consists of, byte by byte.
    pub(crate) fn listing(&mut self, lines: impl Into<Vec<u8>>) {
        self.listing = lines.into();
    }

    /// What FEAT announces; without any, FEAT is not known, nor MLSD and MLST.
    pub(crate) fn features(&mut self, lines: &[&'static str]) {
        self.features = lines.to_vec();
    }

    /// The first line it says.
    pub(crate) fn greeting(&mut self, line: &'static str) {
        self.greeting = line;
    }

    pub(crate) fn trick(&mut self, trick: Trick) {
        self.tricks.push(trick);
    }

    /// From now on it is honest.
    pub(crate) fn no_more_tricks(&mut self) {
        self.tricks.clear();
    }

    /// Whether there are any left.
    pub(crate) fn has_tricks(&self) -> bool {
        !self.tricks.is_empty()
    }

    /// Takes a trick that is done once; whether it was still there.
    fn take(&mut self, is_it: impl Fn(&Trick) -> bool) -> bool {
        let found = self.tricks.iter().position(is_it);
        found.map(|index| self.tricks.remove(index)).is_some()
    }

    /// The paths of all files.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.files.keys().map(|path| String::from_utf8_lossy(path).into_owned()).collect()
    }

    /// The content of a file.
    pub(crate) fn content(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        self.files.get(path.as_ref()).cloned()
    }

    /// The permissions a file was given.
    pub(crate) fn mode(&self, path: impl AsRef<[u8]>) -> Option<String> {
        self.modes.get(path.as_ref()).cloned()
    }

    /// Every command so far, as it came.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    /// Whether a command of this verb has come.
    pub(crate) fn was_asked(&self, verb: &str) -> bool {
        self.seen().iter().any(|line| line.split(' ').next() == Some(verb))
    }
}

/// Counts of sessions that were let in.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sessions {
    pub(crate) now: usize,
    pub(crate) most: usize,
    pub(crate) turned_away: usize,
    /// Data connections that were refused because they resumed no session of TLS.
    pub(crate) unresumed: usize,
}

/// What all sessions share.
struct Shared {
    world: Mutex<World>,
    tls: Tls,
    handshakes: Handshakes,
    /// All connections, to be cut at the end.
    open: Mutex<Vec<TcpStream>>,
    /// Sessions under way, the most there were at once, and all there ever were.
    sessions: Mutex<Sessions>,
    over: AtomicBool,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        // A test that fails while it looks would else take all others along.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, socket: &TcpStream) {
        self.open.lock().unwrap().push(socket.try_clone().unwrap());
    }
}

/// A running evil server. Dropping it cuts all connections.
pub(crate) struct EvilFtp {
    shared: Arc<Shared>,
    port: u16,
    certificate: Certificate,
}

impl EvilFtp {
    /// Starts it without TLS. A login begins in `/srv`.
    pub(crate) fn start(set_up: impl FnOnce(&mut World)) -> Self {
        Self::with(Tls::None, Certificate::make(Default::default()), set_up)
    }

    /// The same with this security and certificate.
    pub(crate) fn with(
        tls: Tls,
        certificate: Certificate,
        set_up: impl FnOnce(&mut World),
    ) -> Self {
        Self::in_manners(tls, certificate, Manners::default(), set_up)
    }

    /// The same with TLS in these manners.
    pub(crate) fn in_manners(
        tls: Tls,
        certificate: Certificate,
        manners: Manners,
        set_up: impl FnOnce(&mut World),
    ) -> Self {
        let mut world = World { greeting: "220 evil", ..World::default() };
        world.features(&["MLST type*;size*;modify*;", "MDTM", "SIZE", "REST STREAM", "UTF8"]);
        set_up(&mut world);
        let shared = Arc::new(Shared {
            world: Mutex::new(world),
            tls,
            handshakes: Handshakes::of(manners, &certificate),
            open: Mutex::default(),
            sessions: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                if serving.over.load(Ordering::Acquire) {
                    return;
                }
                serving.keep(&socket);
                let shared = Arc::clone(&serving);
                // It ends with its connection, and the connection with it.
                thread::spawn(move || {
                    let kept = socket.try_clone();
                    session::serve(&shared, socket);
                    let _ = kept.map(|socket| socket.shutdown(std::net::Shutdown::Both));
                });
            }
        });
        Self { shared, port, certificate }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many connections have come to it so far, those for data among them.
    pub(crate) fn connections(&self) -> usize {
        self.shared.open.lock().unwrap().len()
    }

    /// How many sessions there are and were.
    pub(crate) fn sessions(&self) -> Sessions {
        *self.shared.sessions.lock().unwrap()
    }

    /// What it shows who asks for TLS.
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// None of the sessions of TLS so far can be resumed any more.
    pub(crate) fn forget_sessions(&self) {
        self.shared.handshakes.forget();
    }

    /// What it holds and does.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

impl Drop for EvilFtp {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        for socket in self.shared.open.lock().unwrap().drain(..) {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if thread::panicking() {
            println!("--- the evil server was asked: {:#?}", self.shared.world().seen());
        }
    }
}
