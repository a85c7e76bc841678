//! The relay does what it says, tried with an echo at its other end.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use super::relay::{Fault, Relay};
use crate::support::wait_until;

/// Echoes for as long as the process lives.
fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                let _ = std::io::copy(&mut reader, &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    port
}

fn connect(relay: &Relay) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn round_trip(stream: &mut TcpStream, sent: &[u8]) -> Vec<u8> {
    stream.write_all(sent).unwrap();
    let mut received = vec![0; sent.len()];
    stream.read_exact(&mut received).unwrap();
    received
}

#[test]
fn bytes_pass_and_ends_pass() {
    let relay = Relay::to(echo());
    let mut stream = connect(&relay);
    let data = vec![7; 300_000];
    assert_eq!(round_trip(&mut stream, &data), data);
    // A piece is counted when it was written, and may have been read by then.
    wait_until("all is counted", Duration::from_secs(5), || {
        (relay.up().passed(), relay.down().passed()) == (300_000, 300_000)
    });
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    wait_until("it is over", Duration::from_secs(5), || relay.open() == 0);
}

#[test]
fn delay_and_rate_take_their_time() {
    let relay = Relay::to(echo());
    let mut stream = connect(&relay);
    relay.delay(Duration::from_millis(40));
    let start = Instant::now();
    round_trip(&mut stream, b"x");
    assert!(start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
    relay.delay(Duration::ZERO);
    relay.down().rate(100_000);
    let start = Instant::now();
    round_trip(&mut stream, &[0; 20_000]);
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}

#[test]
fn a_stall_holds_and_lets_go() {
    let relay = Relay::to(echo());
    let mut stream = connect(&relay);
    relay.stall(true);
    stream.write_all(b"held").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let waited = stream.read(&mut [0; 4]).unwrap_err().kind();
    assert!(matches!(waited, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    relay.stall(false);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut held = [0; 4];
    stream.read_exact(&mut held).unwrap();
    assert_eq!(&held, b"held");
}

#[test]
fn faults_meet_the_byte_they_were_armed_for() {
    let relay = Relay::to(echo());
    let mut stream = connect(&relay);
    relay.up().arm(Fault::Flip, 2);
    assert_eq!(round_trip(&mut stream, b"abcd"), [b'a', b'b', !b'c', b'd']);
    assert!(!relay.up().is_armed());

    relay.down().arm(Fault::Cut, 3);
    stream.write_all(b"abcd").unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"abc");

    let mut stream = connect(&relay);
    relay.down().arm_again_and_again(Fault::Reset, 3);
    for _ in 0..2 {
        stream.write_all(b"abcd").unwrap();
        let reset = stream.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
        stream = connect(&relay);
    }
    relay.down().disarm();
    assert_eq!(round_trip(&mut stream, b"abcd"), b"abcd");
}

#[test]
fn all_connections_end_at_once_and_new_ones_are_refused() {
    let relay = Relay::to(echo());
    let (mut one, mut two) = (connect(&relay), connect(&relay));
    round_trip(&mut one, b"x");
    round_trip(&mut two, b"x");
    relay.refuse(true);
    assert_eq!(round_trip(&mut one, b"x"), b"x");
    relay.cut();
    assert_eq!(one.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!(two.read(&mut [0; 1]).unwrap(), 0);
    relay.refuse(false);
    let mut three = connect(&relay);
    round_trip(&mut three, b"x");
    relay.reset();
    assert_eq!(three.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}
