//! Which parts of a file have which ink, of the stretch that was coloured last, and which stretch is to be next.

use super::{coding::Coding, lines, pieces::Pieces};
use crate::{
    domain::ink::{Ink, PaintOrder, Painted},
    engine::message::Ticket,
};

/// How far before what is seen a stretch begins: what a line means is told by those before it.
const BEFORE: u64 = 32 * 1024;
/// How far behind it ends: the next rows are there when they are scrolled to.
const BEHIND: u64 = 16 * 1024;
/// What tells the kind of a text.
const BEGINNING: usize = 256;

/// What is known of the colours.
#[derive(Debug, Default)]
pub(crate) struct Colours {
    painted: Option<Painted>,
    asked: Option<(Ticket, (u64, u64))>,
    /// It is a kind of text nobody knows.
    are_none: bool,
}

impl Colours {
    /// The file, or how it is read, is another.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What is to be coloured so that all from `top` to `end` is, as far as it is here.
    pub(crate) fn want(
        &mut self,
        ticket: Ticket,
        name: &[u8],
        pieces: &Pieces,
        (top, end): (u64, u64),
    ) -> Option<PaintOrder> {
        let covers = |(from, to): (u64, u64)| from <= top && to >= end;
        let is_painted = self.painted.as_ref().is_some_and(|painted| covers(painted.stretch));
        let is_asked = self.asked.is_some_and(|(_, stretch)| covers(stretch));
        if self.are_none || top >= end || is_painted || is_asked {
            return None;
        }
        let far = lines::line_start(pieces, top.saturating_sub(BEFORE), Coding::default());
        let start = far.unwrap_or(top).min(top);
        let end_of_file = pieces.end().unwrap_or(end);
        let length = |end: u64| (end.min(end_of_file).saturating_sub(start)) as usize;
        // What is not here yet is coloured when it is seen.
        let bytes = pieces
            .slice(start, length(end + BEHIND))
            .or_else(|_| pieces.slice(start, length(end)))
            .ok()?;
        let stretch = (start, start + bytes.len() as u64);
        if stretch.1 < end.min(end_of_file) {
            return None;
        }
        self.asked = Some((ticket, (stretch.0, stretch.1.max(end))));
        let beginning = pieces.slice(0, BEGINNING).unwrap_or_default();
        Some(PaintOrder { name: name.to_vec(), beginning, start, bytes })
    }

    /// Takes what was coloured. Whether it was for this.
    pub(crate) fn take(&mut self, ticket: Ticket, painted: Painted) -> bool {
        let Some((_, stretch)) = self.asked.take_if(|(own, _)| *own == ticket) else {
            return false;
        };
        self.are_none = painted.inked.is_none();
        self.painted = Some(Painted { stretch, ..painted });
        true
    }

    /// The ink of each byte from `start` on, asked for in their order.
    pub(crate) fn from(&self, start: u64) -> impl FnMut(usize) -> Ink + '_ {
        let inked = self.painted.as_ref().and_then(|painted| painted.inked.as_deref());
        let inked = inked.unwrap_or_default();
        let mut at = inked.partition_point(|piece| piece.end <= start);
        move |byte| {
            let byte = start + byte as u64;
            while inked.get(at).is_some_and(|piece| piece.end <= byte) {
                at += 1;
            }
            inked.get(at).filter(|piece| piece.start <= byte).map_or(Ink::Plain, |piece| piece.ink)
        }
    }
}
