//! Cuts a stream of bytes into SFTP packets, with a bound on their length and as few copies as can be.

use bytes::{Bytes, BytesMut};

use super::packet::Malformed;

/// The longest packet taken: OpenSSH's own bound, and a little for headers.
pub(crate) const LONGEST_PACKET: u32 = 256 * 1024 + 1024;

/// How much room is offered to a read. Packets are cut out of it as slices, without a copy.
const CHUNK: usize = 256 * 1024;

/// Collects bytes, yields packets.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    buffer: BytesMut,
    /// How many bytes at the front of `buffer` were received; the rest is zeroed room.
    filled: usize,
}

impl Frames {
    /// Room for the next read; say with [`Frames::received`] how much of it was used.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        // A short rest of room would make many short reads: start afresh and take the unfinished packet along.
        if self.buffer.len() - self.filled < CHUNK / 8 {
            let wanted = self.filled + CHUNK;
            let mut fresh = BytesMut::zeroed(wanted);
            fresh[..self.filled].copy_from_slice(&self.buffer[..self.filled]);
            self.buffer = fresh;
        }
        &mut self.buffer[self.filled..]
    }

    /// The first `count` bytes of the room are received ones.
    pub(crate) fn received(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.buffer.len());
    }

    /// The next whole packet, without its length word.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Malformed> {
        let Some(word) = self.buffer[..self.filled].first_chunk::<4>() else { return Ok(None) };
        let announced = u32::from_be_bytes(*word);
        if announced > LONGEST_PACKET {
            return Err(Malformed::TooLong(announced));
        }
        if announced == 0 {
            return Err(Malformed::Empty);
        }
        let length = announced as usize;
        if self.filled < 4 + length {
            return Ok(None);
        }
        let mut packet = self.buffer.split_to(4 + length);
        self.filled -= 4 + length;
        Ok(Some(packet.split_off(4).freeze()))
    }

    /// All bytes that came, as they came: for a channel that carries no packets.
    pub(crate) fn take_raw(&mut self) -> Bytes {
        let taken = self.buffer.split_to(self.filled);
        self.filled = 0;
        Bytes::copy_from_slice(&taken)
    }

    /// The bytes that are no whole packet yet.
    pub(crate) fn unfinished(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feed(frames: &mut Frames, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = frames.room();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            frames.received(count);
            bytes = &bytes[count..];
        }
    }

    #[test]
    fn a_packet_of_four_gigabytes_is_refused_and_nothing_is_reserved_for_it() {
        let mut frames = Frames::default();
        feed(&mut frames, &[0xff; 16]);
        assert_eq!(frames.next(), Err(Malformed::TooLong(u32::MAX)));
        assert!(frames.buffer.capacity() <= 2 * CHUNK);
        let mut frames = Frames::default();
        feed(&mut frames, &[0; 4]);
        assert_eq!(frames.next(), Err(Malformed::Empty));
    }

    proptest! {
        #[test]
        fn packets_come_out_as_they_went_in_however_they_were_cut(
            packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..3000), 0..20),
            cut in 1usize..5000,
        ) {
            let mut stream = Vec::new();
            for packet in &packets {
                stream.extend_from_slice(&(packet.len() as u32).to_be_bytes());
                stream.extend_from_slice(packet);
            }
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(cut) {
                feed(&mut frames, piece);
                while let Some(packet) = frames.next().unwrap() {
                    seen.push(packet.to_vec());
                }
            }
            prop_assert_eq!(seen, packets);
            prop_assert!(frames.unfinished().is_empty());
        }

        #[test]
        fn any_bytes_never_panic_and_stay_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..4000)) {
            let mut frames = Frames::default();
            feed(&mut frames, &bytes);
            while let Ok(Some(_)) = frames.next() {}
            prop_assert!(frames.buffer.len() <= LONGEST_PACKET as usize + 2 * CHUNK);
        }
    }
}
