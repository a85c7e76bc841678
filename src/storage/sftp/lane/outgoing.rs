//! Bytes on their way out of a lane.

use std::collections::VecDeque;

use bytes::Bytes;

/// Small requests are put together into blocks of at least this, so that they share SSH packets.
const BLOCK: usize = 128 * 1024;

/// Bytes waiting to be sent, put together from requests.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Bytes>,
    block: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(super) fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queue.push_back(bytes);
        }
    }

    /// What is to be sent next. Its front never changes until [`Outgoing::advance`]: libssh2 insists on that.
    pub(super) fn front(&mut self) -> &[u8] {
        if self.sent == self.block.len() {
            self.block.clear();
            self.sent = 0;
        }
        if self.block.len() - self.sent < BLOCK / 2 {
            if self.sent > 0 {
                self.block.drain(..self.sent);
                self.sent = 0;
            }
            while self.block.len() < BLOCK {
                let Some(next) = self.queue.pop_front() else { break };
                self.block.extend_from_slice(&next);
            }
        }
        &self.block[self.sent..]
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.block.len());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.sent == self.block.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_stays_until_it_was_sent_whatever_is_pushed_behind_it() {
        let mut out = Outgoing::default();
        out.push(Bytes::from_static(b"first"));
        assert_eq!(out.front(), b"first");
        out.push(Bytes::from(vec![7; 3 * BLOCK]));
        assert!(out.front().starts_with(b"first\x07"));
        out.advance(3);
        out.push(Bytes::from_static(b"last"));
        let mut rest = Vec::new();
        while !out.is_empty() {
            let count = out.front().len().min(32_700);
            rest.extend_from_slice(&out.front()[..count]);
            out.advance(count);
        }
        assert_eq!(rest, [&b"st"[..], &vec![7; 3 * BLOCK], b"last"].concat());
    }
}
