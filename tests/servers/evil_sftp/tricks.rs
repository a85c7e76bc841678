//! The other half: what is done to an honest answer before it is sent.

use super::{
    wire::{self, Ask, Attrs, Fields, Packet},
    world::World,
};

/// A way to break the rules.
#[derive(Debug, Clone)]
pub(crate) enum Trick {
    /// Greets with another version.
    Version(u32),
    /// Greets with these bytes.
    Greeting(Vec<u8>),
    /// READ is answered by a packet that claims to be so long.
    PacketLength(u32),
    /// The next READ is answered by these bytes; then the channel ends.
    Garbage(Vec<u8>),
    /// DATA holds more than was asked for.
    DataLonger,
    /// DATA is empty, again and again.
    DataEmpty,
    /// READ is answered under a number nobody used.
    UnknownId,
    /// READ is answered twice.
    Twice,
    /// READ is answered by a packet of another sort.
    WrongSort,
    /// READs and WRITEs are answered in turned order.
    OutOfOrder,
    /// READ never gives more than so many bytes.
    ShortReads(usize),
    /// Reads end here as if it were the end of the file.
    EndsAt(u64),
    /// Reads never end.
    NeverEnds,
    /// From this offset on neither READ nor WRITE is answered.
    SilentFrom(u64),
    /// From this offset on a READ ends the channel.
    HangsUpFrom(u64),
    /// READDIR is answered once nothing more is asked for a while, as over a long way.
    DistantListing,
    /// READDIR goes on for ever.
    EndlessListing,
    /// The same, and never with a name.
    EmptyListing,
    /// A NAME packet that claims so many rows and holds none.
    ManyRows(u32),
    /// A handle of so many bytes.
    HandleOf(usize),
    /// Attributes with so many extended pairs claimed.
    ExtendedPairs(u32),
    /// WRITE is answered with this status from this offset on.
    WriteFails { from: u64, code: u32, message: &'static [u8] },
    /// READ is refused without a reason from this offset on, in company and alone.
    ReadFails { from: u64 },
    /// The first WRITE that reaches beyond this offset is refused without a reason; the next time it is taken.
    WriteFailsOnce { from: u64 },
    /// The same for READ.
    ReadFailsOnce { from: u64 },
    /// The first READ or WRITE beyond this offset ends the channel; the next one is answered.
    HangsUpOnce { from: u64 },
    /// READ and WRITE are refused without a reason while another request waits on the same channel.
    RefusesCompany,
    /// WRITE is accepted and forgotten from this offset on.
    WriteForgets { from: u64 },
    /// It announces copy-data, copies nothing from this offset on, and answers with this status.
    CopiesUpTo { end: u64, code: u32 },
    /// Closing a file fails.
    CloseFails,
    /// It announces limits, tells these (0 for none), and refuses what goes beyond them.
    Limits { read: u64, write: u64, handles: u64 },
    /// What it has to tell of its limits comes after all else, as long as there is something else.
    LimitsLate,
    /// It announces fsync, which fails.
    SyncFails,
    /// Renaming fails.
    RenameFails,
    /// Making anything fails for want of permission.
    NothingMade,
    /// What is told of a failure.
    Message(&'static [u8]),
    /// The n-th FSTAT or STAT of a file (from 1) and all later ones tell this size.
    SizeTurns { path: &'static str, from: u64, size: u64 },
}

const FSYNC: &[u8] = b"fsync@openssh.com";
const LIMITS: &[u8] = b"limits@openssh.com";

/// What is sent.
pub(super) enum Twisted {
    Send(Vec<u8>),
    Hold(Vec<u8>),
    Nothing,
    HangUp(Vec<u8>),
}

impl World {
    pub(super) fn greeting(&mut self) -> Vec<u8> {
        for trick in &self.tricks {
            match trick {
                Trick::Version(version) => return Packet::new(2, *version).bytes(),
                Trick::Greeting(bytes) => return bytes.clone(),
                Trick::CopiesUpTo { .. } => {
                    return Packet::new(2, 3).string(b"copy-data").string(b"1").bytes();
                }
                Trick::Limits { .. } => {
                    return Packet::new(2, 3).string(LIMITS).string(b"1").bytes();
                }
                Trick::SyncFails => {
                    return Packet::new(2, 3).string(FSYNC).string(b"1").bytes();
                }
                _ => {}
            }
        }
        wire::version()
    }

    /// What is refused before anything is done.
    ///
    /// `open`: how many files and directories the channel has open.
    pub(super) fn refuse(
        &mut self,
        id: u32,
        ask: &Ask,
        in_company: bool,
        open: u64,
    ) -> Option<Vec<u8>> {
        let is_data = matches!(ask, Ask::Read { .. } | Ask::Write { .. });
        let refuses_company =
            self.tricks.iter().any(|trick| matches!(trick, Trick::RefusesCompany));
        if in_company && is_data && refuses_company || self.has_failed_once(ask) {
            self.met += 1;
            return Some(wire::status(id, wire::FAILURE, b"Failure"));
        }
        let refusal = self.tricks.iter().find_map(|trick| match (trick, ask) {
            (Trick::WriteFails { from, code, message }, Ask::Write { offset, data, .. })
                if offset + data.len() as u64 > *from =>
            {
                Some((*code, *message))
            }
            (Trick::ReadFails { from }, Ask::Read { offset, .. }) if offset >= from => {
                Some((wire::FAILURE, &b"Failure"[..]))
            }
            (Trick::CloseFails, Ask::Close { .. }) | (Trick::RenameFails, Ask::Rename { .. }) => {
                Some((wire::FAILURE, &b"Failure"[..]))
            }
            (Trick::SyncFails, Ask::Extended { name, .. }) if name == FSYNC => {
                Some((wire::FAILURE, &b"Input/output error"[..]))
            }
            (Trick::Limits { read, .. }, Ask::Read { length, .. })
                if beyond(*read, u64::from(*length)) =>
            {
                Some((wire::FAILURE, &b"Too long"[..]))
            }
            (Trick::Limits { write, .. }, Ask::Write { data, .. })
                if beyond(*write, data.len() as u64) =>
            {
                Some((wire::FAILURE, &b"Too long"[..]))
            }
            (Trick::Limits { handles, .. }, Ask::Open { .. } | Ask::OpenDir { .. })
                if beyond(*handles, open + 1) =>
            {
                Some((wire::FAILURE, &b"Too many open files"[..]))
            }
            (Trick::NothingMade, Ask::MakeDir { .. }) => Some((wire::PERMISSION_DENIED, b"no")),
            (Trick::NothingMade, Ask::Open { flags, .. }) if flags & wire::FLAG_CREATE != 0 => {
                Some((wire::PERMISSION_DENIED, b"no"))
            }
            (Trick::Message(message), Ask::Open { .. }) => Some((wire::FAILURE, *message)),
            _ => None,
        });
        let (code, message) = refusal?;
        self.met += 1;
        Some(wire::status(id, code, message))
    }

    /// Plays a trick that is played once, and forgets it.
    fn once(&mut self, plays: impl Fn(&Trick) -> bool) -> bool {
        let found = self.tricks.iter().position(plays);
        found.map(|index| self.tricks.remove(index)).is_some()
    }

    fn has_failed_once(&mut self, ask: &Ask) -> bool {
        self.once(|trick| match (trick, ask) {
            (Trick::WriteFailsOnce { from }, Ask::Write { offset, data, .. }) => {
                offset + data.len() as u64 > *from
            }
            (Trick::ReadFailsOnce { from }, Ask::Read { offset, .. }) => offset >= from,
            _ => false,
        })
    }

    /// Whether the channel ends here.
    pub(super) fn hangs_up(&mut self, ask: &Ask) -> bool {
        let hangs_up = self.once(|trick| match (trick, ask) {
            (Trick::HangsUpOnce { from }, Ask::Read { offset, .. } | Ask::Write { offset, .. }) => {
                offset >= from
            }
            _ => false,
        });
        self.met += u64::from(hangs_up);
        hangs_up
    }

    pub(super) fn twist(&mut self, id: u32, ask: &Ask, honest: Vec<u8>) -> Twisted {
        for trick in self.tricks.clone() {
            if let Some(twisted) = self.play(&trick, id, ask, &honest) {
                self.met += 1;
                return twisted;
            }
        }
        Twisted::Send(honest)
    }

    fn play(&mut self, trick: &Trick, id: u32, ask: &Ask, honest: &[u8]) -> Option<Twisted> {
        let send = |bytes| Some(Twisted::Send(bytes));
        let is_data = honest.get(4) == Some(&103);
        match (trick, ask) {
            (Trick::PacketLength(length), Ask::Read { .. }) => {
                send(wire::with_length(*length, &honest[4..]))
            }
            (Trick::Garbage(bytes), Ask::Read { .. }) => Some(Twisted::HangUp(bytes.clone())),
            (Trick::DataLonger, Ask::Read { length, .. }) => {
                send(wire::data(id, &vec![b'!'; *length as usize + 1]))
            }
            (Trick::DataEmpty, Ask::Read { .. }) => send(wire::data(id, b"")),
            (Trick::UnknownId, Ask::Read { .. }) => send(wire::data(id ^ 0x5555_5555, b"x")),
            (Trick::Twice, Ask::Read { .. }) => send([honest, honest].concat()),
            (Trick::WrongSort, Ask::Read { .. }) => send(wire::handle(id, b"h")),
            (Trick::OutOfOrder, Ask::Read { .. } | Ask::Write { .. }) => {
                Some(Twisted::Hold(honest.to_vec()))
            }
            (Trick::ShortReads(most), Ask::Read { .. }) if is_data => {
                let data = &honest[13..];
                send(wire::data(id, &data[..data.len().min(*most)]))
            }
            (Trick::EndsAt(end), Ask::Read { offset, .. }) if is_data => {
                if offset >= end {
                    return send(wire::status(id, wire::EOF, b""));
                }
                let data = &honest[13..];
                let left = usize::try_from(end - offset).unwrap();
                send(wire::data(id, &data[..data.len().min(left)]))
            }
            (Trick::NeverEnds, Ask::Read { length, .. }) => {
                send(wire::data(id, &vec![b'z'; *length as usize]))
            }
            (Trick::SilentFrom(from), Ask::Read { offset, .. } | Ask::Write { offset, .. })
                if offset >= from =>
            {
                Some(Twisted::Nothing)
            }
            (Trick::HangsUpFrom(from), Ask::Read { offset, .. }) if offset >= from => {
                Some(Twisted::HangUp(Vec::new()))
            }
            (Trick::EndlessListing, Ask::ReadDir { .. }) => {
                let row = |n: u64| (format!("entry-{}-{n}", self.met).into_bytes(), PLAIN);
                send(wire::names(id, &(0..100).map(row).collect::<Vec<_>>()))
            }
            (Trick::DistantListing, Ask::ReadDir { .. }) => Some(Twisted::Hold(honest.to_vec())),
            (Trick::EmptyListing, Ask::ReadDir { .. }) => send(wire::names(id, &[])),
            (Trick::ManyRows(count), Ask::ReadDir { .. }) => {
                send(Packet::new(104, id).word(*count).bytes())
            }
            (Trick::HandleOf(length), Ask::Open { .. } | Ask::OpenDir { .. }) => {
                send(wire::handle(id, &vec![b'h'; *length]))
            }
            (Trick::ExtendedPairs(count), Ask::Stat { .. } | Ask::Fstat { .. }) => {
                send(Packet::new(105, id).word(0x8000_0000).word(*count).bytes())
            }
            (Trick::WriteForgets { from }, Ask::Write { handle, .. }) => {
                let path = self.file_of(handle)?.clone();
                let keep = usize::try_from(*from).unwrap();
                self.shorten(&path, keep);
                None
            }
            (Trick::CopiesUpTo { end, code }, Ask::Extended { name, rest })
                if name == b"copy-data" =>
            {
                let mut fields = Fields(rest);
                let (from, start, length) = (fields.string(), fields.long(), fields.long());
                let to = self.file_of(&fields.string())?.clone();
                let data = &self.node(self.file_of(&from)?)?.data;
                let place = |at: u64| usize::try_from(at.min(*end)).unwrap().min(data.len());
                let copied = data[place(start)..place(start + length)].to_vec();
                self.extend(&to, &copied);
                send(wire::status(id, *code, b""))
            }
            (Trick::Limits { read, write, handles }, Ask::Extended { name, .. })
                if name == LIMITS =>
            {
                let longs = [256 * 1024, *read, *write, *handles];
                let told = longs.into_iter().fold(Packet::new(201, id), Packet::long).bytes();
                let late = self.tricks.iter().any(|trick| matches!(trick, Trick::LimitsLate));
                Some(if late { Twisted::Hold(told) } else { Twisted::Send(told) })
            }
            (Trick::SizeTurns { path, from, size }, ask) => {
                let named = match ask {
                    Ask::Stat { path, .. } => path.clone(),
                    Ask::Fstat { handle } => self.file_of(handle)?.clone(),
                    _ => return None,
                };
                if named != path.as_bytes() {
                    return None;
                }
                self.stats += 1;
                if self.stats < *from {
                    return None;
                }
                let attrs = Attrs { size: *size, ..self.node(&named)?.attrs };
                send(wire::attributes(id, attrs))
            }
            _ => None,
        }
    }
}

/// Whether it is more than a limit allows; 0 is none.
fn beyond(limit: u64, wanted: u64) -> bool {
    limit > 0 && wanted > limit
}

const PLAIN: Attrs = Attrs { size: 1, mode: wire::FILE, modified: 1_600_000_000 };
