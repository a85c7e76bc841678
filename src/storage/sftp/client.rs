//! Requests as async functions, over a handle that is cheap to clone.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture, Shared};
use tokio::sync::oneshot;

use super::{
    connection::{Connection, Tuning},
    connections::{Berth, Connections},
    extensions::{Extensions, Lengths},
    habits::Habits,
    login::LoggedIn,
    mail::{Answer, Fault, Inbox, LaneChoice, Manner, Outcome, RemoteHandle},
    packet::{Fields, NameRow, Reply, Request, WireAttributes, open_flags},
    status,
};
use crate::domain::digest::Sha256;

/// A connected SFTP server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    connections: Arc<Connections>,
    extensions: Arc<Extensions>,
    lengths: Shared<BoxFuture<'static, Lengths>>,
}

/// A request under way; resolves to its reply. A STATUS other than OK is a fault, whatever was asked.
#[derive(Debug)]
pub(crate) struct InFlight {
    reply: oneshot::Receiver<Outcome>,
    inbox: Arc<Inbox>,
}

impl Future for InFlight {
    type Output = Result<Reply, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reply).poll(context).map(|reply| self.judge(reply.ok()))
    }
}

impl InFlight {
    fn judge(&self, outcome: Option<Outcome>) -> Result<Reply, Fault> {
        match outcome.unwrap_or_else(|| Err(self.inbox.epitaph()))? {
            Answer::Reply(Reply::Status { code, message })
                if code != status::OK && code != status::EOF =>
            {
                Err(status::fault(code, &message))
            }
            Answer::Reply(reply) => Ok(reply),
            Answer::Opened(_) => Err(unexpected()),
        }
    }

    /// The reply, if it is there already.
    pub(crate) fn arrived(&mut self) -> Option<Result<Reply, Fault>> {
        match self.reply.try_recv() {
            Ok(outcome) => Some(self.judge(Some(outcome))),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(self.judge(None)),
        }
    }
}

/// A file that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    // Before the berth: it is given back while there is still someone to give it to.
    pub(crate) handle: RemoteHandle,
    pub(crate) berth: Berth,
    pub(crate) lengths: Lengths,
}

/// What statvfs@ tells that is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileSystem {
    /// Bytes an ordinary user may still write.
    pub(crate) available: u64,
    /// Bytes it holds in all.
    pub(crate) total: u64,
    pub(crate) read_only: bool,
}

/// The reply was of a type that does not answer the question.
pub(crate) fn unexpected() -> Fault {
    Fault::protocol("the server's reply does not fit what was asked")
}

/// A reply that has to be STATUS OK.
pub(crate) fn accepted(reply: Reply) -> Result<(), Fault> {
    match reply {
        Reply::Status { code: status::OK, .. } => Ok(()),
        Reply::Status { code, message } => Err(status::fault(code, &message)),
        _ => Err(unexpected()),
    }
}

/// The name of the algorithm and the digest; some servers name the extension before them, as the draft has it.
fn digest_in(told: Bytes) -> Option<Sha256> {
    let mut fields = Fields(told);
    let mut name = fields.string().ok()?;
    if name == "check-file" {
        name = fields.string().ok()?;
    }
    let digest = <[u8; 32]>::try_from(fields.rest().as_ref()).ok()?;
    (name == "sha256").then_some(Sha256(digest))
}

fn browse(connection: &Connection, request: &Request<'_>) -> InFlight {
    let inbox = connection.inbox();
    InFlight {
        reply: inbox.ask(LaneChoice::Browse, request, Bytes::new(), Manner::Prompt),
        inbox: Arc::clone(inbox),
    }
}

fn attributes(reply: Reply) -> Result<WireAttributes, Fault> {
    match reply {
        Reply::Attributes(attributes) => Ok(attributes),
        _ => Err(unexpected()),
    }
}

fn one_name(reply: Reply) -> Result<Bytes, Fault> {
    match reply {
        Reply::Names(rows) => {
            let [NameRow { name, .. }] =
                <[NameRow; 1]>::try_from(rows).map_err(|_| unexpected())?;
            Ok(name)
        }
        _ => Err(unexpected()),
    }
}

impl Client {
    /// Opens SFTP on a session that is logged in.
    pub(crate) async fn start(
        logged_in: LoggedIn,
        habits: Arc<Habits>,
        tuning: Tuning,
    ) -> Result<Self, Fault> {
        let (connection, greeting) =
            Connection::start(logged_in, Arc::clone(&habits), tuning).await?;
        let connections = Connections::new(connection, Arc::clone(&habits), &tuning);
        let extensions = Extensions::of(&greeting);
        let asked = extensions.limits.then(|| browse(connections.first(), &Request::Limits));
        let lengths = async move {
            match OptionFuture::from(asked).await {
                Some(Ok(Reply::Extended(limits))) => {
                    let (lengths, handles) = Lengths::within(limits);
                    habits.takes_so_many_open(handles);
                    lengths
                }
                // A server that announces its limits and then does not tell them has none to tell.
                _ => Lengths::USUAL,
            }
        };
        let lengths = lengths.boxed().shared();
        Ok(Self { connections, extensions: Arc::new(extensions), lengths })
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The connection for everything but the data of files.
    pub(crate) fn connection(&self) -> &Connection {
        self.connections.first()
    }

    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    fn browse(&self, request: &Request<'_>) -> InFlight {
        browse(self.connection(), request)
    }

    fn send(handle: &RemoteHandle, request: &Request<'_>, body: Bytes, manner: Manner) -> InFlight {
        let inbox = handle.inbox();
        InFlight {
            reply: inbox.ask(handle.lane(), request, body, manner),
            inbox: Arc::clone(inbox),
        }
    }

    fn on(&self, handle: &RemoteHandle, request: &Request<'_>) -> InFlight {
        Self::send(handle, request, Bytes::new(), Manner::Prompt)
    }

    async fn open(
        inbox: &Arc<Inbox>,
        lane: LaneChoice,
        request: &Request<'_>,
    ) -> Result<RemoteHandle, Fault> {
        match inbox.ask(lane, request, Bytes::new(), Manner::Opens).await {
            Ok(Ok(Answer::Opened(handle))) => Ok(handle),
            Ok(Ok(Answer::Reply(Reply::Status { code, message }))) if code != status::OK => {
                Err(status::fault(code, &message))
            }
            Ok(Ok(_)) => Err(unexpected()),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(inbox.epitaph()),
        }
    }

    pub(crate) async fn open_file(
        &self,
        path: &[u8],
        flags: u32,
        attributes: WireAttributes,
        lane: LaneChoice,
    ) -> Result<Opened, Fault> {
        let berth = self.connections.berth();
        let request = Request::Open { path, flags, attributes };
        let lengths = self.limits().await;
        match Self::open(berth.connection().inbox(), lane, &request).await {
            Ok(handle) => Ok(Opened { handle, lengths, berth }),
            Err(fault) => Err(berth.reach(fault)),
        }
    }

    /// Known before anything is opened: the server may keep no more open than a few. Asked for when the connection
    /// began, and so before the first answer to anything else.
    async fn limits(&self) -> Lengths {
        self.lengths.clone().await
    }

    pub(crate) async fn open_directory(&self, path: &[u8]) -> Result<RemoteHandle, Fault> {
        self.limits().await;
        let inbox = self.connection().inbox();
        Self::open(inbox, LaneChoice::Browse, &Request::OpenDirectory { path }).await
    }

    pub(crate) fn read_directory(&self, handle: &RemoteHandle) -> InFlight {
        self.on(handle, &Request::ReadDirectory { handle: handle.bytes() })
    }

    pub(crate) fn read(
        &self,
        handle: &RemoteHandle,
        offset: u64,
        length: u32,
        manner: Manner,
    ) -> InFlight {
        let request = Request::Read { handle: handle.bytes(), offset, length };
        Self::send(handle, &request, Bytes::new(), manner)
    }

    /// `data` is at most as long as [`Lengths::write`].
    pub(crate) fn write(
        &self,
        handle: &RemoteHandle,
        offset: u64,
        data: Bytes,
        manner: Manner,
    ) -> InFlight {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let request = Request::Write { handle: handle.bytes(), offset, length };
        Self::send(handle, &request, data, manner)
    }

    pub(crate) fn fstat(&self, handle: &RemoteHandle) -> InFlight {
        self.on(handle, &Request::Fstat { handle: handle.bytes() })
    }

    pub(crate) fn set_open(&self, handle: &RemoteHandle, attributes: WireAttributes) -> InFlight {
        self.on(handle, &Request::FsetStat { handle: handle.bytes(), attributes })
    }

    pub(crate) fn flush_to_disk(&self, handle: &RemoteHandle) -> InFlight {
        let request = Request::Fsync { handle: handle.bytes() };
        Self::send(handle, &request, Bytes::new(), Manner::Slow)
    }

    pub(crate) fn close(&self, handle: RemoteHandle) -> InFlight {
        let inbox = Arc::clone(handle.inbox());
        InFlight { reply: handle.close(), inbox }
    }

    pub(crate) async fn lstat(&self, path: &[u8]) -> Result<WireAttributes, Fault> {
        let told = self.browse(&Request::Lstat { path });
        if !self.extensions.follows_links {
            return attributes(told.await?);
        }
        // On such a server LSTAT tells of what the link leads to; only READLINK still knows that there is one.
        let link = self.browse(&Request::ReadLink { path });
        let (told, link) = tokio::join!(told, link);
        let told = attributes(told?)?;
        Ok(if link.is_ok() { told.of_a_link() } else { told })
    }

    pub(crate) async fn stat(&self, path: &[u8]) -> Result<WireAttributes, Fault> {
        attributes(self.browse(&Request::Stat { path }).await?)
    }

    pub(crate) async fn real_path(&self, path: &[u8]) -> Result<Bytes, Fault> {
        one_name(self.browse(&Request::RealPath { path }).await?)
    }

    pub(crate) async fn read_link(&self, path: &[u8]) -> Result<Bytes, Fault> {
        one_name(self.browse(&Request::ReadLink { path }).await?)
    }

    pub(crate) async fn remove(&self, path: &[u8]) -> Result<(), Fault> {
        accepted(self.browse(&Request::Remove { path }).await?)
    }

    pub(crate) async fn remove_directory(&self, path: &[u8]) -> Result<(), Fault> {
        accepted(self.browse(&Request::RemoveDirectory { path }).await?)
    }

    pub(crate) async fn make_directory(
        &self,
        path: &[u8],
        attributes: WireAttributes,
    ) -> Result<(), Fault> {
        accepted(self.browse(&Request::MakeDirectory { path, attributes }).await?)
    }

    /// The plain RENAME. Whether it replaces is up to the server.
    pub(crate) async fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Fault> {
        accepted(self.browse(&Request::Rename { from, to }).await?)
    }

    /// As rename(2): replaces in one step.
    pub(crate) async fn posix_rename(&self, from: &[u8], to: &[u8]) -> Result<(), Fault> {
        accepted(self.browse(&Request::PosixRename { from, to }).await?)
    }

    pub(crate) async fn symlink(&self, target: &[u8], link: &[u8]) -> Result<(), Fault> {
        accepted(self.browse(&Request::Symlink { target, link }).await?)
    }

    /// Links are not followed where lsetstat@ is announced.
    pub(crate) async fn set(&self, path: &[u8], attributes: WireAttributes) -> Result<(), Fault> {
        let request = if self.extensions.lsetstat {
            Request::LsetStat { path, attributes }
        } else {
            Request::SetStat { path, attributes }
        };
        accepted(self.browse(&request).await?)
    }

    /// Makes a new private file on the lane of one that is open.
    pub(crate) async fn create_beside(
        &self,
        opened: &Opened,
        path: &[u8],
    ) -> Result<RemoteHandle, Fault> {
        let flags = open_flags::WRITE | open_flags::CREATE | open_flags::EXCLUSIVE;
        let attributes = WireAttributes { permissions: Some(0o600), ..WireAttributes::default() };
        let request = Request::Open { path, flags, attributes };
        let made = Self::open(opened.handle.inbox(), opened.handle.lane(), &request).await;
        made.map_err(|fault| opened.berth.reach(fault))
    }

    /// Has the server copy bytes from one file to the same place in another, which is open on the same lane.
    pub(crate) fn copy_data(
        &self,
        from: &Opened,
        offset: u64,
        length: u64,
        to: &RemoteHandle,
    ) -> InFlight {
        let (from, to) = (&from.handle, to.bytes());
        let request = Request::CopyData { from: from.bytes(), offset, length, to };
        Self::send(from, &request, Bytes::new(), Manner::Slow)
    }

    /// The digest of a file's whole content, as the server computes it in its own time.
    pub(crate) async fn check_file(&self, path: &[u8]) -> Result<Sha256, Fault> {
        let berth = self.connections.berth();
        let inbox = berth.connection().inbox();
        let request = Request::CheckFile { path };
        // Not where one browses: the lane answers nothing else until it has read the file.
        let reply = inbox.ask(LaneChoice::Bulk, &request, Bytes::new(), Manner::Slow);
        let told = InFlight { reply, inbox: Arc::clone(inbox) }.await;
        match told.map_err(|fault| berth.reach(fault))? {
            Reply::Extended(told) => digest_in(told).ok_or_else(unexpected),
            _ => Err(unexpected()),
        }
    }

    /// The names of users and groups, in the order of their packed numbers; `None` where the server does not tell.
    pub(crate) async fn owner_names(&self, users: &[u8], groups: &[u8]) -> Option<Bytes> {
        if !self.extensions.owner_names {
            return None;
        }
        match self.browse(&Request::OwnerNames { users, groups }).await {
            Ok(Reply::Extended(names)) => Some(names),
            _ => None,
        }
    }

    /// What the file system there has room for; `None` where the server does not tell.
    pub(crate) async fn file_system(&self, path: &[u8]) -> Option<FileSystem> {
        if !self.extensions.statvfs {
            return None;
        }
        let Ok(Reply::Extended(content)) = self.browse(&Request::StatVfs { path }).await else {
            return None;
        };
        let mut fields = Fields(content);
        let mut words = [0; 11];
        for word in &mut words {
            *word = fields.long().ok()?;
        }
        let [_, fragment, blocks, _, available, .., flags, _] = words;
        Some(FileSystem {
            available: available.saturating_mul(fragment),
            total: blocks.saturating_mul(fragment),
            read_only: flags & 1 != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_taken_only_from_a_reply_that_is_one() {
        let string = |text: &str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
        let digest = Some(Sha256([7; 32]));
        let told = |parts: &[Vec<u8>]| digest_in(Bytes::from(parts.concat()));
        assert_eq!(told(&[string("sha256"), vec![7; 32]]), digest);
        assert_eq!(told(&[string("check-file"), string("sha256"), vec![7; 32]]), digest);
        for wrong in [
            vec![string("md5"), vec![7; 32]],
            vec![string("sha256"), vec![7; 31]],
            vec![string("sha256"), vec![7; 64]],
            vec![string("check-file"), vec![7; 32]],
            vec![vec![0, 0, 0]],
            vec![],
        ] {
            assert_eq!(told(&wrong), None, "{wrong:?}");
        }
    }
}
