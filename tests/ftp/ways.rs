//! What a person may say of a server: how long is waited, who opens data connections, how often it is greeted.

use std::{
    net::{Ipv4Addr, TcpListener},
    time::Instant,
};

use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Duration, timeout},
};
use wharf::domain::ftp::{DataMode, FtpWays};

use super::*;
use crate::{servers::evil_ftp::Trick, support::wait_until};

const SOON: Duration = Duration::from_secs(20);
/// Less than what is waited where nothing is said.
const BY_DEFAULT: Duration = Duration::from_secs(25);

fn active() -> FtpWays {
    FtpWays { mode: Some(DataMode::Active), ..FtpWays::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_waited_for_as_long_as_is_said() {
    let evil = EvilFtp::start(|world| world.trick(Trick::Silent("MLST")));
    let ways = FtpWays { reply_timeout: Some(1), ..FtpWays::default() };
    let storage = connect_in_ways(&evil, ways).await;
    let asked = Instant::now();
    let error = timeout(SOON, storage.stat(&StoragePath::new("/srv/a"))).await.unwrap();
    let error = error.unwrap_err();
    assert!(error.to_string().contains("did not answer for 1 seconds"), "{error}");
    assert!(asked.elapsed() < BY_DEFAULT);
}

/// Fault 19.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_stand_still_as_long_as_is_said() {
    let evil = EvilFtp::start(|world| {
        world.file("/srv/a", &[7; 1000]);
        world.trick(Trick::Stalls { at: 500 });
    });
    let ways = FtpWays { stall_timeout: Some(1), ..FtpWays::default() };
    let storage = connect_in_ways(&evil, ways).await;
    let error = timeout(BY_DEFAULT, read_all(&*storage, "/srv/a")).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("nothing moved for 1 seconds"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_work_is_greeted_now_and_then() {
    let evil = EvilFtp::start(|_| ());
    let ways = FtpWays { keepalive: Some(1), ..FtpWays::default() };
    let storage = connect_in_ways(&evil, ways).await;
    wait_until("NOOP is said", SOON, || evil.world().was_asked("NOOP"));
    drop(storage);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_with_nothing_said_of_it_is_let_be() {
    let evil = EvilFtp::start(|world| world.file("/srv/a", b"content"));
    let storage = connect(&evil).await;
    assert_eq!(read_all(&*storage, "/srv/a").await.unwrap(), b"content");
    assert!(!evil.world().was_asked("NOOP"));
}

/// Data from the server, and from nobody else: somebody who calls first is turned away.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_opens_data_connections_where_it_is_to() {
    for after_a_stranger in [false, true] {
        let evil = EvilFtp::start(|world| {
            world.file("/srv/a", b"content");
            world.trick(Trick::CallsBack { after_a_stranger });
        });
        let storage = connect_in_ways(&evil, active()).await;
        let read = timeout(SOON, read_all(&*storage, "/srv/a")).await.unwrap();
        assert_eq!(read.unwrap(), b"content", "{after_a_stranger}");
        let world = evil.world();
        assert!(world.was_asked("PORT"));
        assert!(!world.was_asked("EPSV") && !world.was_asked("PASV"), "{:?}", world.seen());
    }
}

/// A port that nobody listens at, as behind a firewall.
#[tokio::test(flavor = "multi_thread")]
async fn where_this_end_cannot_open_them_the_server_does() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    let evil = EvilFtp::start(|world| {
        world.file("/srv/a", b"content");
        world.trick(Trick::PassiveElsewhere(Ipv4Addr::LOCALHOST, closed));
        world.trick(Trick::CallsBack { after_a_stranger: false });
    });
    let storage = connect(&evil).await;
    for _ in 0..3 {
        let read = timeout(SOON, read_all(&*storage, "/srv/a")).await.unwrap();
        assert_eq!(read.unwrap(), b"content");
    }
    let asked = evil.world().seen().iter().filter(|line| *line == "PASV").count();
    assert_eq!(asked, 1, "what was found out is remembered");
}

/// A connection that does not come about is given up in the time that is said: here a queue is full, and nobody takes
/// anything from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_waited_for_as_long_as_is_said() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut in_line = Vec::new();
    while let Ok(came) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        in_line.push(came.unwrap());
        assert!(in_line.len() < 64, "the queue has no end");
    }
    let ftp = FtpWays { connect_timeout: Some(1), ..FtpWays::default() };
    let terms = Terms { ftp, ..Terms::default() };
    let dialer = dialer().under(Arc::new(move |_| terms.clone()));
    let nobody = Person::who_says(|| Answer::No);
    let began = Instant::now();
    let dialled = dialer.dial(&endpoint(Protocol::Ftp, address.port()), nobody).await;
    let error = dialled.err().expect("it was connected");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("did not answer within 1 s"), "{error}");
    let took = began.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&took), "{took:?}");
}
