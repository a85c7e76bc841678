//! Whose turn it is to send.
//!
//! When libssh2 could send only half of a packet, every other send on the session answers "would block" until the
//! very same call is made again. So the call that was cut short is remembered, and nobody else sends before it is
//! through. Reading stays allowed: it is what moves a key exchange on, and keeps the server from waiting for us.

/// A number for a channel of one connection, never used twice.
pub(crate) type LaneId = u32;

/// What a lane may be sending in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Open,
    Widen,
    Start,
    Write,
    /// A read sends too: libssh2 tops the receive window up by itself when it has run low.
    Read,
    Close,
}

/// Remembers the send that was cut short.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<(LaneId, Act)>);

impl Turn {
    /// Whether this call may be made now.
    pub(crate) fn allows(&self, lane: LaneId, act: Act) -> bool {
        act == Act::Read || self.0.is_none_or(|owner| owner == (lane, act))
    }

    /// Notes how a call went. `half_sent`: it would block, and the session waits for room to send.
    pub(crate) fn note(&mut self, lane: LaneId, act: Act, half_sent: bool) {
        match self.0 {
            Some(owner) if owner != (lane, act) => {}
            _ => self.0 = half_sent.then_some((lane, act)),
        }
    }

    /// Whether nobody is in the middle of a packet.
    pub(crate) fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// What this lane is in the middle of.
    pub(crate) fn act_of(&self, lane: LaneId) -> Option<Act> {
        self.0.and_then(|(owner, act)| (owner == lane).then_some(act))
    }

    /// Who has to be asked first.
    pub(crate) fn owner(&self) -> Option<LaneId> {
        self.0.map(|(lane, _)| lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_call_that_was_cut_short_may_send_until_it_is_through() {
        let mut turn = Turn::default();
        assert!(turn.allows(1, Act::Write) && turn.is_free());
        turn.note(1, Act::Write, true);
        assert!(turn.allows(1, Act::Write));
        assert!(
            !turn.allows(1, Act::Widen)
                && !turn.allows(2, Act::Write)
                && !turn.allows(3, Act::Open)
        );
        assert!(turn.allows(2, Act::Read), "reading never waits");
        turn.note(2, Act::Read, true);
        assert_eq!(
            turn.owner(),
            Some(1),
            "a read that could not send either does not take the turn"
        );
        turn.note(1, Act::Write, false);
        assert!(turn.is_free() && turn.allows(2, Act::Write));
    }

    #[test]
    fn a_read_that_was_cut_short_while_topping_up_holds_the_turn() {
        let mut turn = Turn::default();
        turn.note(4, Act::Read, true);
        assert!(!turn.allows(4, Act::Write) && turn.allows(4, Act::Read));
        turn.note(4, Act::Read, false);
        assert!(turn.is_free());
    }
}
