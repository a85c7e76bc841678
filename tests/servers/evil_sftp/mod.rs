//! An SFTP server that lies: a small honest server over a tree in memory, and tricks that bend what it says.
//!
//! ```text
//! let evil = Evil::start(|world| { world.file("/srv/a", b"…"); world.trick(Trick::DataLonger); });
//! ```

mod tricks;
mod wire;
mod world;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures_util::FutureExt;
use russh::{ChannelStream, server::Msg};
use tokio::{io::AsyncWriteExt, sync::mpsc};

use super::{
    client::ClientOptions,
    embedded::{EmbeddedServer, Options, Script, Sftp, Ways, Window},
};
use crate::support::wait_until;
pub(crate) use tricks::Trick;
use tricks::Twisted;
use wire::Ask;
pub(crate) use wire::{DIRECTORY, FILE, LINK};
pub(crate) use world::World;

/// A running evil server.
pub(crate) struct Evil {
    world: Arc<Mutex<World>>,
    server: EmbeddedServer,
}

/// The password that lets in.
pub(crate) const PASSWORD: &str = "an evil password";

impl Evil {
    /// Starts it; `/srv` is where a login begins.
    pub(crate) fn start(set_up: impl FnOnce(&mut World)) -> Self {
        Self::taking(Window::WIDE, set_up)
    }

    /// The same, which takes no more at a time on a channel.
    pub(crate) fn taking(window: Window, set_up: impl FnOnce(&mut World)) -> Self {
        let ways = Ways { password: Some(PASSWORD.into()), ..Ways::default() };
        Self::begin(ways, window, set_up)
    }

    /// The same for who comes in one of these ways.
    pub(crate) fn letting_in(ways: Ways, set_up: impl FnOnce(&mut World)) -> Self {
        Self::begin(ways, Window::WIDE, set_up)
    }

    fn begin(ways: Ways, window: Window, set_up: impl FnOnce(&mut World)) -> Self {
        let mut world = World::default();
        world.directory("/");
        world.directory("/srv");
        set_up(&mut world);
        let world = Arc::new(Mutex::new(world));
        let shared = world.clone();
        let script: Script = Arc::new(move |stream| serve(stream, shared.clone()).boxed());
        let sftp = Sftp::Script(script);
        let options =
            Options { host_key: None, ways, exec: false, sftp, hears_first: false, window };
        Self { world, server: EmbeddedServer::start(options).unwrap() }
    }

    /// What it holds and does.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port()
    }

    /// Connections it has taken so far.
    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Passwords and answers it has refused so far.
    pub(crate) fn refused(&self) -> usize {
        self.server.refused()
    }

    /// How often it was asked what ways to log in there are.
    pub(crate) fn asked_for_ways(&self) -> usize {
        self.server.asked_for_ways()
    }

    /// Cuts every connection there is, to its end. New ones are taken.
    pub(crate) fn cut(&self) {
        self.server.cut();
        let over = || self.server.logged_in() == 0;
        wait_until("nobody is logged in", Duration::from_secs(10), over);
    }

    /// An ssh_config that leads here, the host key known; log in with [`PASSWORD`].
    pub(crate) fn client(&self) -> ClientOptions {
        let line = self.server.known_hosts_line().unwrap();
        let key = line.trim().split_once(' ').unwrap().1.to_owned();
        ClientOptions::new(self.port(), "mallory".into(), "/nonexistent".into(), vec![key])
            .known()
            .line("PreferredAuthentications password,keyboard-interactive")
    }
}

/// Serves one channel.
async fn serve(stream: ChannelStream<Msg>, world: Arc<Mutex<World>>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    // Packets are read whole whatever the replies wait for.
    let (queue, mut packets) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(packet) = wire::read_packet(&mut reader).await {
            if queue.send(packet).await.is_err() {
                return;
            }
        }
    });
    if packets.recv().await.is_none() {
        return;
    }
    let greeting = world.lock().unwrap().greeting();
    let mut held: Vec<Vec<u8>> = Vec::new();
    let mut open = 0;
    let mut sent = writer.write_all(&greeting).await;
    world.lock().unwrap().greeted += 1;
    while sent.is_ok() {
        // Replies held back go out, the last first, once no further request comes.
        let patience = if held.is_empty() { Duration::MAX } else { Duration::from_millis(20) };
        let packet = match tokio::time::timeout(patience, packets.recv()).await {
            Ok(Some(packet)) => packet,
            Ok(None) => return,
            Err(_) => {
                held.reverse();
                world.lock().unwrap().flights += 1;
                sent = writer.write_all(&std::mem::take(&mut held).concat()).await;
                continue;
            }
        };
        let in_company = !packets.is_empty();
        let twisted = {
            let (id, ask) = wire::decode(&packet);
            let mut world = world.lock().unwrap();
            world.measure(&ask, open);
            match world.refuse(id, &ask, in_company, open) {
                _ if world.hangs_up(&ask) => Twisted::HangUp(Vec::new()),
                Some(refusal) => Twisted::Send(refusal),
                None => {
                    let honest = world.answer(id, &ask);
                    match ask {
                        _ if !wire::is_good_news(&honest) => {}
                        Ask::Open { .. } | Ask::OpenDir { .. } => open += 1,
                        Ask::Close { .. } => open -= 1,
                        _ => {}
                    }
                    world.twist(id, &ask, honest)
                }
            }
        };
        match twisted {
            Twisted::Send(reply) => sent = writer.write_all(&reply).await,
            Twisted::Hold(reply) => held.push(reply),
            Twisted::Nothing => {}
            Twisted::HangUp(last) => {
                let _ = writer.write_all(&last).await;
                let _ = writer.shutdown().await;
                return;
            }
        }
    }
}
