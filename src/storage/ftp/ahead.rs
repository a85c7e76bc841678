//! A connection that is made before anybody asks for it: while the first one logs in, so that the server has greeted on the
//! second by the time somebody may log in there.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{net::TcpStream, task::JoinHandle, time, time::Instant};

/// Servers hang up on who says nothing for a minute or so.
const FRESH: Duration = Duration::from_secs(15);

/// At most one connection, on which nothing was said.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Option<Dialled>>);

struct Dialled {
    socket: JoinHandle<Option<TcpStream>>,
    since: Instant,
}

impl Drop for Dialled {
    fn drop(&mut self) {
        self.socket.abort();
    }
}

impl Ahead {
    /// Begins to connect.
    pub(super) fn dial(&self, address: SocketAddr, patience: Duration) {
        let socket = tokio::spawn(async move {
            time::timeout(patience, TcpStream::connect(address)).await.ok().and_then(Result::ok)
        });
        self.put(Some(Dialled { socket, since: Instant::now() }));
    }

    /// It is not wanted any more.
    pub(super) fn hang_up(&self) {
        self.put(None);
    }

    /// The connection, where one was begun a moment ago and comes about.
    pub(super) async fn take(&self) -> Option<TcpStream> {
        let mut dialled = self.put(None).filter(|it| it.since.elapsed() < FRESH)?;
        (&mut dialled.socket).await.ok().flatten()
    }

    fn put(&self, dialled: Option<Dialled>) -> Option<Dialled> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), dialled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_has_waited_for_long_is_not_used() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (ahead, address) = (Ahead::default(), listener.local_addr().unwrap());
        for (waits, is_used) in [(Duration::ZERO, true), (FRESH, false)] {
            ahead.dial(address, FRESH * 2);
            let _server = listener.accept().await.unwrap();
            time::advance(waits).await;
            assert_eq!(ahead.take().await.is_some(), is_used, "{waits:?}");
            assert!(ahead.take().await.is_none(), "there was one");
        }
    }
}
