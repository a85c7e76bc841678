//! How a lane's channel is opened, started and closed: one call of libssh2 at a time, each when it is its turn.

use std::time::Instant;

use ssh2::{BlockDirections, Session};

use super::{Broken, EAGAIN, FIRST_WINDOW, Lane, Outgoing, Purpose, Stage, broken};
use crate::storage::sftp::{
    frames::Frames,
    packet,
    turn::{Act, LaneId, Turn},
};

impl Lane {
    /// Makes one call of libssh2 if it is its turn. `None`: it would block.
    pub(super) fn attempt<T>(
        id: LaneId,
        act: Act,
        session: &Session,
        turn: &mut Turn,
        call: impl FnOnce() -> Result<T, ssh2::Error>,
    ) -> Result<Option<T>, Broken> {
        if !turn.allows(id, act) {
            return Ok(None);
        }
        match call() {
            Ok(value) => {
                turn.note(id, act, false);
                Ok(Some(value))
            }
            Err(error) if error.code() == EAGAIN => {
                let waits_to_send = matches!(
                    session.block_directions(),
                    BlockDirections::Outbound | BlockDirections::Both
                );
                turn.note(id, act, waits_to_send);
                Ok(None)
            }
            Err(error) => {
                turn.note(id, act, false);
                Err(broken(&error))
            }
        }
    }

    pub(super) fn open(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        if let Some(channel) =
            Self::attempt(self.id, Act::Open, session, turn, || session.channel_session())?
        {
            self.channel = Some(channel);
            self.stage = if self.doomed {
                Stage::Closing
            } else if self.window > FIRST_WINDOW {
                Stage::Widening
            } else {
                Stage::Starting
            };
        }
        Ok(())
    }

    pub(super) fn widen(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        let more = self.window.saturating_sub(FIRST_WINDOW);
        if self.adjust(session, turn, more)? {
            self.stage = Stage::Starting;
        }
        Ok(())
    }

    /// Gives the server back the window that its data has used up.
    pub(super) fn top_up(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        // A call that was cut short is made again with what it was first made with.
        let amount = *self.topping_up.get_or_insert(self.consumed);
        if self.adjust(session, turn, amount)? {
            self.topping_up = None;
            self.consumed = self.consumed.saturating_sub(amount);
        }
        Ok(())
    }

    fn adjust(&mut self, session: &Session, turn: &mut Turn, by: u64) -> Result<bool, Broken> {
        let Some(channel) = &mut self.channel else { return Ok(false) };
        let call = || channel.adjust_receive_window(by, true);
        Ok(Self::attempt(self.id, Act::Widen, session, turn, call)?.is_some())
    }

    pub(super) fn start(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        let Some(channel) = &mut self.channel else { return Ok(()) };
        let purpose = &self.purpose;
        let call = || match purpose {
            Purpose::Exec(order) => channel.exec(&order.command),
            Purpose::Browse | Purpose::Bulk => channel.subsystem("sftp"),
        };
        let started = Self::attempt(self.id, Act::Start, session, turn, call)?.is_some();
        if let Purpose::Exec(_) = self.purpose {
            if started {
                self.stage = Stage::Ready;
                self.exec_started(Ok(()));
            }
            return Ok(());
        }
        self.greet();
        if started {
            self.stage = Stage::Greeting;
            return Ok(());
        }
        // As OpenSSH's own client does: the greeting goes out behind the request where the server's window lets it, which
        // saves a round trip; OpenSSH's server has none before it has answered. While the request itself has not gone out
        // nobody else may send, this lane neither.
        self.send(session, turn).map(|_| ())
    }

    fn greet(&mut self) {
        if !std::mem::replace(&mut self.greets, true) {
            self.out.push(packet::encode_init());
        }
    }

    pub(super) fn finish_closing(
        &mut self,
        session: &Session,
        turn: &mut Turn,
        now: Instant,
    ) -> Result<(), Broken> {
        // A send that was cut short has to come through first, or nobody could ever send again.
        let cut_short = match turn.act_of(self.id) {
            Some(Act::Write) => self.send(session, turn).map(|_| ()),
            Some(Act::Widen) => self.top_up(session, turn),
            Some(Act::Start) => self.start_again(session, turn),
            Some(Act::Read) => self.receive(session, turn, now).map(|_| ()),
            Some(Act::Open | Act::Close) | None => Ok(()),
        };
        if let Err(Broken::Session(fault)) = cut_short {
            return Err(Broken::Session(fault));
        }
        if turn.act_of(self.id).is_some_and(|act| act != Act::Close) {
            return Ok(());
        }
        let Some(channel) = &mut self.channel else { return Ok(()) };
        match Self::attempt(self.id, Act::Close, session, turn, || channel.close()) {
            Ok(None) => Ok(()),
            // Only now may the channel be dropped: dropping one that is half closed would wedge the session.
            Ok(Some(())) | Err(Broken::Lane(_)) => {
                self.channel = None;
                self.out = Outgoing::default();
                self.frames = Frames::default();
                self.stage = Stage::Closed;
                Ok(())
            }
            Err(session_broken) => Err(session_broken),
        }
    }

    pub(super) fn start_again(&mut self, session: &Session, turn: &mut Turn) -> Result<(), Broken> {
        let started = self.start(session, turn);
        self.stage = Stage::Closing;
        started
    }
}
