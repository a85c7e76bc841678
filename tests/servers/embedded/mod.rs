//! An SSH server within this process: one for a test to set up in a line, and the one of the demo.
//!
//! It listens on a free port of this machine and runs on threads of its own, so that it answers whatever the
//! test is doing. What "sftp" is, is either a directory (`directory`) or a script of the test's.

mod auth;
mod directory;
mod exec;
mod extensions;

use std::{
    io::{self, Read as _},
    net::{Ipv4Addr, Shutdown, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use futures_util::future::BoxFuture;
use russh::{
    Channel, ChannelId, ChannelStream,
    keys::{PrivateKey, PublicKey, ssh_key::private::Ed25519Keypair},
    server::{ChannelOpenHandle, Config, Msg, Session},
};
use tokio::{net::TcpListener, runtime::Runtime};

pub(crate) use auth::{Prompt, Ways};

/// A script that plays the server's side of an SFTP channel.
pub(crate) type Script = Arc<dyn Fn(ChannelStream<Msg>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What stands behind the subsystem "sftp".
#[derive(Clone)]
pub(crate) enum Sftp {
    /// An honest server of this directory, under its real, absolute paths, and of nothing outside it.
    Directory(PathBuf),
    /// Whatever the script does.
    Script(Script),
}

/// How a server is to be.
#[derive(Clone)]
pub(crate) struct Options {
    /// Its key; a fresh one unless given.
    pub(crate) host_key: Option<PrivateKey>,
    /// Who may log in.
    pub(crate) ways: Ways,
    /// Whether commands are run (by `/bin/sh -c`).
    pub(crate) exec: bool,
    /// What it serves.
    pub(crate) sftp: Sftp,
    /// Whether "sftp" is granted only once something was said to it.
    pub(crate) hears_first: bool,
    pub(crate) window: Window,
}

/// How much the server takes on a channel before it has to say that it takes more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) size: u32,
    /// It says so once, and never again.
    pub(crate) ends: bool,
}

impl Window {
    /// In nobody's way.
    pub(crate) const WIDE: Self = Self { size: 8 * 1024 * 1024, ends: false };
}

impl Options {
    /// A server of a directory, with a shell, for whoever knows the password.
    pub(crate) fn directory(root: impl Into<PathBuf>, password: &str) -> Self {
        Self {
            host_key: None,
            ways: Ways { password: Some(password.to_owned()), ..Ways::default() },
            exec: true,
            sftp: Sftp::Directory(root.into()),
            hears_first: false,
            window: Window::WIDE,
        }
    }
}

/// A running server. It ends when dropped, with all its connections.
pub(crate) struct EmbeddedServer {
    address: SocketAddr,
    host_key: PublicKey,
    sockets: Arc<Mutex<Vec<std::net::TcpStream>>>,
    logins: Arc<auth::Books>,
    runtime: Option<Runtime>,
}

impl EmbeddedServer {
    /// Starts it on a free port of 127.0.0.1.
    pub(crate) fn start(options: Options) -> io::Result<Self> {
        let host_key = match &options.host_key {
            Some(key) => key.clone(),
            None => fresh_key()?,
        };
        let public_key = host_key.public_key().clone();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sftp-server")
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (sockets, logins) = (Arc::default(), Arc::default());
        let books = (Arc::clone(&sockets), Arc::clone(&logins));
        let config = Arc::new(config(host_key, options.window));
        runtime.spawn(serve(listener, config, options, books));
        Ok(Self { address, host_key: public_key, sockets, logins, runtime: Some(runtime) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its line for a known_hosts file.
    pub(crate) fn known_hosts_line(&self) -> io::Result<String> {
        let key = self.host_key.to_openssh().map_err(io::Error::other)?;
        Ok(format!("[{}]:{} {key}\n", self.address.ip(), self.address.port()))
    }

    /// Connections it has taken so far.
    pub(crate) fn connections(&self) -> usize {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Passwords, keys and answers it has refused so far.
    pub(crate) fn refused(&self) -> usize {
        self.logins.refused.load(Ordering::SeqCst)
    }

    /// How often it was asked what ways to log in there are.
    pub(crate) fn asked_for_ways(&self) -> usize {
        self.logins.asked_for_ways.load(Ordering::SeqCst)
    }

    /// Connections that are logged in now.
    pub(crate) fn logged_in(&self) -> usize {
        self.logins.standing.load(Ordering::SeqCst)
    }

    /// Cuts every connection there is, without a word. New ones are taken.
    pub(crate) fn cut(&self) {
        for socket in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        self.cut();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A new Ed25519 key.
pub(crate) fn fresh_key() -> io::Result<PrivateKey> {
    let mut seed = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(Ed25519Keypair::from_seed(&seed).into())
}

fn config(host_key: PrivateKey, window: Window) -> Config {
    Config {
        keys: vec![host_key],
        auth_rejection_time: Duration::from_millis(20),
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: None,
        nodelay: true,
        window_size: window.size,
        // The session's loop waits for a channel whose queue is full, and the channel's program for the loop:
        // both queues hold more than any client keeps in flight.
        channel_buffer_size: 8192,
        event_buffer_size: 8192,
        ..Config::default()
    }
}

async fn serve(
    listener: std::net::TcpListener,
    config: Arc<Config>,
    options: Options,
    (sockets, logins): (Arc<Mutex<Vec<std::net::TcpStream>>>, Arc<auth::Books>),
) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((socket, _)) = listener.accept().await {
        let Ok(socket) = keep(socket, &sockets) else { continue };
        let connection = Connection {
            login: auth::Login::new(options.ways.clone(), Arc::clone(&logins)),
            options: options.clone(),
            channels: Vec::new(),
            unanswered: Vec::new(),
        };
        let config = config.clone();
        tokio::spawn(async move {
            if let Ok(session) = russh::server::run_stream(config, socket, connection).await {
                let _ = session.await;
            }
        });
    }
}

/// Keeps a second handle to the socket, to cut it by.
fn keep(
    socket: tokio::net::TcpStream,
    sockets: &Mutex<Vec<std::net::TcpStream>>,
) -> io::Result<tokio::net::TcpStream> {
    socket.set_nodelay(true)?;
    let socket = socket.into_std()?;
    sockets.lock().unwrap_or_else(PoisonError::into_inner).push(socket.try_clone()?);
    tokio::net::TcpStream::from_std(socket)
}

/// The server's side of one connection.
struct Connection {
    login: auth::Login,
    options: Options,
    /// Opened, but not yet told what for.
    channels: Vec<Channel<Msg>>,
    /// Asked for SFTP, and not answered yet.
    unanswered: Vec<ChannelId>,
}

impl Connection {
    fn take(&mut self, id: ChannelId) -> Option<Channel<Msg>> {
        let at = self.channels.iter().position(|channel| channel.id() == id)?;
        Some(self.channels.swap_remove(at))
    }
}

impl russh::server::Handler for Connection {
    type Error = russh::Error;

    async fn auth_none(&mut self, user: &str) -> Result<russh::server::Auth, Self::Error> {
        Ok(self.login.nothing(user))
    }

    async fn auth_password(
        &mut self,
        _user: &str,
        password: &str,
    ) -> Result<russh::server::Auth, Self::Error> {
        Ok(self.login.password(password))
    }

    async fn auth_publickey_offered(
        &mut self,
        _user: &str,
        offer: russh::server::PublicKeyOffer<'_>,
    ) -> Result<russh::server::Auth, Self::Error> {
        Ok(self.login.key_offered(offer.public_key))
    }

    async fn auth_publickey(
        &mut self,
        _user: &str,
        key: russh::server::VerifiedPublicKey<'_>,
    ) -> Result<russh::server::Auth, Self::Error> {
        Ok(self.login.key(key.public_key))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<russh::server::Response<'a>>,
    ) -> Result<russh::server::Auth, Self::Error> {
        Ok(self.login.answers(response.map(Iterator::collect)))
    }

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.options.ways.banner.clone())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.push(channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.take(id) {
            Some(channel) if self.options.exec => {
                session.channel_success(id)?;
                tokio::spawn(exec::run(channel, command.to_vec()));
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }

    /// What the window is filled up to from now on, after it was once more.
    fn adjust_window(&mut self, _id: ChannelId, size: u32) -> u32 {
        // None of 0 is taken; one of 1 is never half empty.
        if self.options.window.ends { 1 } else { size }
    }

    async fn data(
        &mut self,
        id: ChannelId,
        _data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(at) = self.unanswered.iter().position(|waiting| *waiting == id) else {
            return Ok(());
        };
        self.unanswered.swap_remove(at);
        session.channel_success(id)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.take(id) {
            Some(channel) if name == "sftp" => {
                if self.options.hears_first {
                    self.unanswered.push(id);
                } else {
                    session.channel_success(id)?;
                }
                match &self.options.sftp {
                    Sftp::Directory(root) => directory::serve(channel.into_stream(), root).await,
                    Sftp::Script(script) => {
                        tokio::spawn(script(channel.into_stream()));
                    }
                }
                Ok(())
            }
            _ => session.channel_failure(id),
        }
    }
}
