//! One control connection of the evil server: commands in, replies out, honest but for the tricks.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
};

use super::{Shared, Trick, stream::Stream, transfers};
use crate::servers::ftp_server::Tls;

pub(super) struct Session<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) control: Option<Stream>,
    pub(super) data: Option<TcpListener>,
    /// A data connection that was looked at before the transfer was agreed to.
    pub(super) opened: Option<Stream>,
    /// Where the client waits for data.
    pub(super) callback: Option<SocketAddr>,
    pub(super) private: bool,
    pub(super) offset: usize,
    pub(super) from: Vec<u8>,
    pub(super) folder: Vec<u8>,
    /// The next answer is lost, and the connection with it.
    pub(super) mute: bool,
    /// Nothing is answered any more.
    pub(super) silent: bool,
    /// It counts among those that are there.
    pub(super) is_in: bool,
}

/// Until the client goes, or a trick ends it.
pub(super) fn serve(shared: &Arc<Shared>, socket: TcpStream) {
    let control = match shared.tls {
        Tls::Implicit => Stream::secured(socket, &shared.handshakes.of_control),
        _ => Stream::Plain(socket),
    };
    let mut session = Session {
        shared,
        control: Some(control),
        data: None,
        opened: None,
        callback: None,
        private: false,
        offset: 0,
        from: Vec::new(),
        folder: b"/srv".to_vec(),
        mute: false,
        silent: false,
        is_in: false,
    };
    let greeting = shared.world().greeting;
    // An end of the connection is the client's right.
    let _ = session.run(greeting);
    if session.is_in {
        shared.sessions.lock().unwrap().now -= 1;
    }
}

impl Session<'_> {
    fn run(&mut self, greeting: &str) -> io::Result<()> {
        self.find_room("")?;
        self.say(greeting)?;
        loop {
            let line = self.line()?;
            self.shared.world().seen.push(line.clone());
            let (verb, argument) = match line.iter().position(|&byte| byte == b' ') {
                Some(space) => (&line[..space], &line[space + 1..]),
                None => (&line[..], &b""[..]),
            };
            let verb = String::from_utf8_lossy(verb).to_ascii_uppercase();
            let is_late = |trick: &Trick| matches!(trick, Trick::Late(begins) if line.starts_with(begins.as_bytes()));
            if self.tricks().iter().any(is_late) {
                transfers::dawdle();
            }
            if !self.was_tricked(&verb)? {
                self.obey(&verb, argument)?;
            }
        }
    }

    /// Whether there is room for one more, asked at the beginning or after this command.
    fn find_room(&mut self, after: &str) -> io::Result<()> {
        let crowded = self.tricks().into_iter().find_map(|trick| match trick {
            Trick::Crowded { most, after, say } => Some((most, after, say)),
            _ => None,
        });
        let (most, when, say) = crowded.unwrap_or((usize::MAX, "", ""));
        if when != after {
            return Ok(());
        }
        let mut sessions = self.shared.sessions.lock().unwrap();
        if sessions.now >= most {
            sessions.turned_away += 1;
            drop(sessions);
            self.say(say)?;
            return Err(gone());
        }
        sessions.now += 1;
        sessions.most = sessions.most.max(sessions.now);
        self.is_in = true;
        Ok(())
    }

    pub(super) fn tricks(&self) -> Vec<Trick> {
        self.shared.world().tricks.clone()
    }

    pub(super) fn control(&mut self) -> io::Result<&mut Stream> {
        self.control.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))
    }

    pub(super) fn say(&mut self, line: &str) -> io::Result<()> {
        if self.mute && !line.starts_with('1') {
            return Err(gone());
        }
        if self.silent {
            return Ok(());
        }
        let control = self.control()?;
        control.write_all(format!("{line}\r\n").as_bytes())?;
        control.flush()
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.control()?.read_exact(&mut byte)?;
            match byte[0] {
                b'\n' => return Ok(line),
                b'\r' => {}
                byte => line.push(byte),
            }
        }
    }

    /// What a trick does in the place of an answer.
    fn was_tricked(&mut self, verb: &str) -> io::Result<bool> {
        let once = |trick: &Trick| matches!(trick, Trick::HangsUpOnce(of) if *of == verb);
        if self.shared.world().take(once) {
            return Err(gone());
        }
        let lost = |trick: &Trick| matches!(trick, Trick::LosesReplyOnce(of) if *of == verb);
        self.mute = self.shared.world().take(lost);
        for trick in self.tricks() {
            match trick {
                Trick::Says(of, line) if of == verb => {
                    self.say(line)?;
                    return Ok(true);
                }
                Trick::WantsItsSession { say, agrees_first: false } if is_transfer(verb) => {
                    let mut opened = self.open()?;
                    if !opened.resumes()? {
                        self.shared.sessions.lock().unwrap().unresumed += 1;
                        self.say(say)?;
                        return Ok(true);
                    }
                    self.opened = Some(opened);
                }
                Trick::Silent(of) if of == verb => return Ok(true),
                Trick::FallsSilent(of) if of == verb => self.silent = true,
                Trick::EndlessLine(of) if of == verb => loop {
                    self.control()?.write_all(&[b'x'; 4096])?;
                },
                Trick::EndlessReply(of) if of == verb => loop {
                    self.say("211- and so on")?;
                },
                _ => {}
            }
        }
        Ok(false)
    }

    fn obey(&mut self, verb: &str, argument: &[u8]) -> io::Result<()> {
        let path = self.path(argument);
        let size = self.shared.world().files.get(&path).map(Vec::len);
        match verb {
            "AUTH" if self.shared.tls == Tls::Explicit => {
                let mut consent = String::from("234 go ahead");
                for trick in self.tricks() {
                    if let Trick::Pipelined(lines) = trick {
                        consent += &format!("\r\n{lines}");
                    }
                }
                self.say(&consent)?;
                if let Some(Stream::Plain(socket)) = self.control.take() {
                    self.control =
                        Some(Stream::secured(socket, &self.shared.handshakes.of_control));
                }
                Ok(())
            }
            "USER" => self.say("331 password"),
            "PASS" => {
                self.find_room("PASS")?;
                self.say("230 welcome")
            }
            "PROT" => {
                self.private = argument == b"P";
                self.say("200 so be it")
            }
            "MFMT" => self.say("213 so be it"),
            "SITE" if argument.starts_with(b"CHMOD ") => self.set_mode(&argument[6..]),
            "PBSZ" | "TYPE" | "NOOP" | "OPTS" | "SITE" | "MODE" => self.say("200 so be it"),
            "FEAT" => self.features(),
            "PWD" => {
                let folder = String::from_utf8_lossy(&self.folder).into_owned();
                self.say(&format!("257 \"{folder}\" is where you are"))
            }
            "CWD" if size.is_some() => self.say("550 that is no folder: Not a directory"),
            "CWD" if !self.is_folder(&path) => self.say("550 No such file or directory"),
            "CWD" => {
                self.folder = path;
                self.say("250 there you are")
            }
            "EPSV" | "PASV" => self.passive(verb),
            "PORT" | "EPRT" => self.active(argument),
            "SIZE" | "MLST" | "MDTM" => match size {
                Some(size) if verb == "SIZE" => self.say(&format!("213 {size}")),
                Some(_) if verb == "MDTM" => self.say("213 20240101000000"),
                Some(size) if self.has_facts() => {
                    let facts = format!("type=file;size={size};modify=20240101000000;");
                    self.say(&format!("250-it is\r\n {facts} x\r\n250 so"))
                }
                None if verb == "MLST" && self.has_facts() && self.is_folder(&path) => {
                    self.say("250-it is\r\n type=dir;modify=20240101000000; x\r\n250 so")
                }
                _ => self.say("550 No such file or directory"),
            },
            "REST" => {
                self.offset = String::from_utf8_lossy(argument).parse().unwrap_or(0);
                self.say("350 from there")
            }
            "MLSD" if !self.has_facts() => self.say("500 what?"),
            "LIST" | "MLSD" => self.list(),
            "RETR" => match size {
                Some(_) => self.fetch(&path),
                None => self.say("550 No such file or directory"),
            },
            "STOR" => self.store(path),
            "STAT" => self.rows_of(argument),
            "DELE" => {
                let gone = self.shared.world().files.remove(&path).is_some();
                self.say(if gone { "250 gone" } else { "550 No such file or directory" })
            }
            "RNFR" => {
                self.from = path;
                self.say("350 to where?")
            }
            "RNTO" => {
                let mut world = self.shared.world();
                let content = world.files.remove(&self.from);
                if let Some(mode) = world.modes.remove(&self.from) {
                    world.modes.insert(path.clone(), mode);
                }
                let renamed = content.map(|content| world.files.insert(path, content)).is_some();
                drop(world);
                self.say(if renamed { "250 done" } else { "550 No such file or directory" })
            }
            "QUIT" => {
                let _ = self.say("221 bye");
                Err(gone())
            }
            _ => self.say("500 what?"),
        }
    }

    fn path(&self, argument: &[u8]) -> Vec<u8> {
        match argument {
            b"" | b"-a" => self.folder.clone(),
            absolute if absolute.starts_with(b"/") => absolute.to_vec(),
            relative => [&self.folder[..], b"/", relative].concat(),
        }
    }

    /// Those above the files, and where a login begins.
    fn is_folder(&self, path: &[u8]) -> bool {
        let inside = [path.strip_suffix(b"/").unwrap_or(path), b"/"].concat();
        let world = self.shared.world();
        matches!(path, b"/" | b"/srv") || world.files.keys().any(|file| file.starts_with(&inside))
    }

    pub(super) fn has_facts(&self) -> bool {
        self.shared.world().features.iter().any(|line| line.starts_with("MLST"))
    }

    /// The rows of files whose names match a pattern of as many letters, as vsftpd gives them.
    fn rows_of(&mut self, argument: &[u8]) -> io::Result<()> {
        let pattern = self.path(argument.strip_prefix(b"-a ").unwrap_or(argument));
        let matches = |path: &[u8]| {
            let is_same = |(a, b): (&u8, &u8)| a == b || *a == b'?' && *b != b'/';
            path.len() == pattern.len() && pattern.iter().zip(path).all(is_same)
        };
        let mut told = String::from("213-Status follows:\r\n");
        for (path, content) in self.shared.world().files.iter().filter(|(path, _)| matches(path)) {
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let (length, name) = (content.len(), String::from_utf8_lossy(name));
            told += &format!("-rw-r--r-- 1 0 0 {length} Jan 01 2024 {name}\r\n");
        }
        self.say(&(told + "213 End of status"))
    }

    /// Of what is there, as real servers do.
    fn set_mode(&mut self, said: &[u8]) -> io::Result<()> {
        let (mode, path) = said.split_at(said.iter().position(|&byte| byte == b' ').unwrap_or(0));
        let path = self.path(path.trim_ascii_start());
        let mut world = self.shared.world();
        let is_there = world.files.contains_key(&path);
        if is_there {
            world.modes.insert(path, String::from_utf8_lossy(mode).into_owned());
        }
        drop(world);
        self.say(if is_there { "200 so be it" } else { "550 No such file or directory" })
    }

    fn features(&mut self) -> io::Result<()> {
        let features = self.shared.world().features.clone();
        if features.is_empty() {
            return self.say("500 what?");
        }
        let lines: String = features.iter().map(|line| format!(" {line}\r\n")).collect();
        self.say(&format!("211-all this\r\n{lines}211 that was it"))
    }

    fn passive(&mut self, verb: &str) -> io::Result<()> {
        for trick in self.tricks() {
            if let Trick::PassiveElsewhere(address, port) = trick {
                if verb == "EPSV" {
                    return self.say("500 what?");
                }
                let [a, b, c, d] = address.octets();
                let (high, low) = (port >> 8, port & 255);
                return self.say(&format!("227 go to ({a},{b},{c},{d},{high},{low})"));
            }
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        self.data = Some(listener);
        match verb {
            "EPSV" => self.say(&format!("229 come (|||{port}|)")),
            _ => self.say(&format!("227 come (127,0,0,1,{},{})", port >> 8, port & 255)),
        }
    }

    fn active(&mut self, argument: &[u8]) -> io::Result<()> {
        let calls_back = |trick: &Trick| matches!(trick, Trick::CallsBack { .. });
        if !self.tricks().iter().any(calls_back) {
            return self.say("500 what?");
        }
        self.callback = where_to(&String::from_utf8_lossy(argument));
        self.say(if self.callback.is_some() { "200 I will call" } else { "501 where to?" })
    }

    fn call_back(&mut self, address: SocketAddr) -> io::Result<TcpStream> {
        let stranger = Trick::CallsBack { after_a_stranger: true };
        if self.tricks().iter().any(|trick| format!("{trick:?}") == format!("{stranger:?}")) {
            // From another address than the control connection's.
            let from = Ipv4Addr::new(127, 0, 0, 3);
            let mut stranger = call_from(from, address)?;
            let _ = stranger.write_all(b"forged");
        }
        TcpStream::connect(address)
    }

    pub(super) fn open(&mut self) -> io::Result<Stream> {
        if let Some(opened) = self.opened.take() {
            return Ok(opened);
        }
        if let Some(address) = self.callback.take() {
            let socket = self.call_back(address)?;
            self.shared.keep(&socket);
            return Ok(Stream::Plain(socket));
        }
        let listener = self.data.take().ok_or(io::ErrorKind::NotConnected)?;
        let (socket, _) = listener.accept()?;
        self.shared.keep(&socket);
        if !self.private {
            return Ok(Stream::Plain(socket));
        }
        let mut stream = Stream::secured(socket, &self.shared.handshakes.of_data);
        for trick in self.tricks() {
            if let Trick::WantsItsSession { say, agrees_first: true } = trick
                && !stream.resumes()?
            {
                self.shared.sessions.lock().unwrap().unresumed += 1;
                stream.close();
                self.say(say)?;
                return Err(gone());
            }
        }
        Ok(stream)
    }
}

fn is_transfer(verb: &str) -> bool {
    matches!(verb, "LIST" | "MLSD" | "RETR" | "STOR")
}

/// `h1,h2,h3,h4,p1,p2`, or `|2|::1|port|`.
fn where_to(argument: &str) -> Option<SocketAddr> {
    if let Some(extended) = argument.strip_prefix('|') {
        let parts: Vec<&str> = extended.split('|').collect();
        return Some(SocketAddr::new(parts.get(1)?.parse().ok()?, parts.get(2)?.parse().ok()?));
    }
    let numbers: Vec<u8> = argument.split(',').map_while(|part| part.parse().ok()).collect();
    let [a, b, c, d, high, low] = numbers[..] else { return None };
    let port = u16::from(high) * 256 + u16::from(low);
    Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port))
}

/// Connects from this address of our own.
fn call_from(from: Ipv4Addr, to: SocketAddr) -> io::Result<TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from.into(), 0))?;
        let stream = socket.connect(to).await?.into_std()?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    })
}

pub(super) fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionAborted)
}
