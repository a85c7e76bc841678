//! A picture's file on its way here, whole but not longer than is worth it, and what was made of it.

use bytes::Bytes;

use crate::{domain::picture::PictureOrder, engine::message::Ticket};

/// Asked for at a time.
pub(crate) const AT_A_TIME: u32 = 1 << 20;

/// A picture that is looked at.
#[derive(Debug)]
pub(crate) struct Gathering {
    bytes: Vec<u8>,
    is_whole: bool,
    /// The longest file that is fetched.
    longest: u64,
    asked: Option<Ticket>,
    /// What was ordered last, and for which size.
    ordered: Option<(Ticket, (u16, u16))>,
    /// What was made of it.
    pub(crate) made: Option<Result<String, String>>,
}

impl Gathering {
    pub(crate) fn new(longest: u64) -> Self {
        let (bytes, asked, ordered, made) = (Vec::new(), None, None, None);
        Self { bytes, is_whole: false, longest, asked, ordered, made }
    }

    /// Where the bytes begin that are to be fetched next.
    pub(crate) fn wants(&self) -> Option<u64> {
        let is_over = self.is_whole || self.asked.is_some() || matches!(self.made, Some(Err(_)));
        (!is_over).then_some(self.bytes.len() as u64)
    }

    pub(crate) fn ask(&mut self, ticket: Ticket) {
        self.asked = Some(ticket);
    }

    pub(crate) fn asked(&self) -> Option<Ticket> {
        self.asked
    }

    /// Takes bytes. Whether they are for this.
    pub(crate) fn take(&mut self, ticket: Ticket, bytes: &Bytes, size: Option<u64>) -> bool {
        if self.asked.take_if(|own| *own == ticket).is_none() {
            return false;
        }
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() as u64 > self.longest || size.is_some_and(|size| size > self.longest) {
            let most = self.longest >> 20;
            let words =
                format!("Pictures of more than {most} MiB are not shown. x shows its bytes.");
            (self.bytes, self.made) = (Vec::new(), Some(Err(words)));
        }
        self.is_whole = bytes.len() < AT_A_TIME as usize;
        true
    }

    /// What is to be made for a place of this size, where that was not ordered yet.
    pub(crate) fn order(&mut self, ticket: Ticket, size: (u16, u16)) -> Option<PictureOrder> {
        let is_known = self.ordered.is_some_and(|(_, ordered)| ordered == size);
        if !self.is_whole || is_known || matches!(self.made, Some(Err(_))) {
            return None;
        }
        self.ordered = Some((ticket, size));
        Some(PictureOrder { bytes: self.bytes.clone(), width: size.0, height: size.1 })
    }

    /// Whom the picture that is to be seen was made for.
    pub(crate) fn ticket(&self) -> Option<Ticket> {
        self.ordered.map(|(ticket, _)| ticket)
    }

    /// It was made, or could not be.
    pub(crate) fn made(&mut self, ticket: Ticket, made: &Result<String, String>) {
        if self.ticket() == Some(ticket) {
            self.made = Some(made.clone());
        }
    }
}
