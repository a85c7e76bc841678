//! Why ranges of one file go up side by side to no FTP server: what real servers make of REST before STOR.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::servers::ftp_server::{FtpServer, Make, PASSWORD};

const SOON: Duration = Duration::from_secs(20);
/// Longer than a reply takes on the loopback.
const A_WHILE: Duration = Duration::from_millis(700);

/// A client that does as it is told, and no more.
struct Raw(BufReader<TcpStream>);

impl Raw {
    fn log_in(server: &FtpServer) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        let mut raw = Self(BufReader::new(socket));
        raw.reply();
        raw.say(&format!("USER {}", server.user()));
        assert!(raw.say(&format!("PASS {PASSWORD}")).starts_with("230"));
        assert!(raw.say("TYPE I").starts_with("200"));
        raw
    }

    /// The last line of the next reply.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "it hung up");
            let is_last = line.len() > 3 && line.as_bytes()[3] == b' ';
            if is_last && line[..3].chars().all(|digit| digit.is_ascii_digit()) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn say(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.reply()
    }

    /// REST and STOR; the server's last word.
    fn put(&mut self, path: &str, offset: usize, data: &[u8]) -> String {
        let socket = self.connect();
        assert!(self.say(&format!("REST {offset}")).starts_with("350"));
        let begun = self.say(&format!("STOR {path}"));
        if !begun.starts_with('1') {
            return begun;
        }
        self.send(socket, data)
    }

    /// A data connection for what comes next.
    fn connect(&mut self) -> TcpStream {
        let port = self.say("EPSV");
        let port = port.split('|').nth(3).and_then(|port| port.parse::<u16>().ok()).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(SOON)).unwrap();
        socket
    }

    /// All there is to send; the server's last word.
    fn send(&mut self, mut socket: TcpStream, data: &[u8]) -> String {
        socket.write_all(data).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = socket.read(&mut [0; 16]);
        self.reply()
    }
}

/// Two ranges of one file, the later one first, and one in the middle of what stands.
#[test]
fn what_becomes_of_a_range_that_is_stored() {
    for make in [Make::Vsftpd, Make::ProFtpd, Make::PureFtpd] {
        let Some(server) = FtpServer::options(make).start() else { continue };
        let mut raw = Raw::log_in(&server);
        let place = |name: &str| match server.user() {
            "anonymous" => name.to_owned(),
            _ => format!("{}/{name}", server.files().display()),
        };
        let content = |name: &str| fs::read(server.files().join(name)).unwrap_or_default();
        assert!(raw.put(&place("beyond"), 0, b"begin").starts_with("226"), "{make:?}");
        let beyond = raw.put(&place("beyond"), 10, b"end");
        assert!(raw.put(&place("within"), 0, b"0123456789").starts_with("226"), "{make:?}");
        let within = raw.put(&place("within"), 2, b"xx");
        match make {
            // A hole, and the tail is kept: ranges may come in any order.
            Make::Vsftpd | Make::VsftpdAnonymous => {
                assert!(beyond.starts_with("226") && within.starts_with("226"));
                assert_eq!(content("beyond"), b"begin\0\0\0\0\0end");
                assert_eq!(content("within"), b"01xx456789");
            }
            // The tail is kept, but nothing is begun behind the end: the second range would have to wait for the first.
            Make::ProFtpd => {
                assert!(beyond.starts_with('5'), "{beyond}");
                assert_eq!(content("beyond"), b"begin");
                assert_eq!(content("within"), b"01xx456789");
            }
            // What stands behind the beginning is cut away: the first range would undo the second.
            Make::PureFtpd => {
                assert_eq!(content("within"), b"01xx", "{within}");
            }
        }
    }
}

/// vsftpd keeps the tail and takes holes, but lets one write to a file at a time.
#[test]
fn vsftpd_has_a_second_range_wait_for_the_first() {
    let Some(server) = FtpServer::options(Make::Vsftpd).start() else { return };
    let place = match server.user() {
        "anonymous" => String::from("file"),
        _ => format!("{}/file", server.files().display()),
    };
    let (mut one, mut other) = (Raw::log_in(&server), Raw::log_in(&server));
    let first = one.connect();
    assert!(one.say(&format!("STOR {place}")).starts_with("150"));
    let second = other.connect();
    assert!(other.say("REST 5").starts_with("350"));
    other.0.get_mut().write_all(format!("STOR {place}\r\n").as_bytes()).unwrap();
    other.0.get_mut().set_read_timeout(Some(A_WHILE)).unwrap();
    assert!(other.0.fill_buf().is_err(), "it has begun already");
    assert!(one.send(first, b"begin").starts_with("226"));
    other.0.get_mut().set_read_timeout(Some(SOON)).unwrap();
    assert!(other.reply().starts_with("150"));
    assert!(other.send(second, b"end").starts_with("226"));
    assert_eq!(fs::read(server.files().join("file")).unwrap(), b"beginend");
}
