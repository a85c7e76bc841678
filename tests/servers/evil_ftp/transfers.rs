//! What the evil server's data connections carry: listings, files that come, files that go.

use std::{
    io::{self, Read as _, Write as _},
    net::Shutdown,
    thread,
    time::Duration,
};

use super::{
    Trick,
    session::{Session, gone},
};

/// What a slow link is slow by.
const TENTH: Duration = Duration::from_millis(100);

/// Does nothing for a while.
pub(super) fn dawdle() {
    thread::sleep(TENTH * 3);
}

impl Session<'_> {
    pub(super) fn list(&mut self) -> io::Result<()> {
        self.say("150 here it comes")?;
        let mut data = self.open()?;
        let listing = self.shared.world().listing.clone();
        let tricks = self.tricks();
        data.write_all(&listing)?;
        if tricks.iter().any(|trick| matches!(trick, Trick::EndlessListing)) {
            let facts = self.has_facts();
            let mut sent = true;
            for number in 0_u64.. {
                let line = match facts {
                    true => format!("type=file;size=1;modify=20240101000000; row {number}\r\n"),
                    false => {
                        format!("-rw-r--r-- 1 a b 1 Jan  1  2024 row {number}\r\n")
                    }
                };
                sent &= data.write_all(line.as_bytes()).is_ok();
                if !sent {
                    break;
                }
            }
            return self.say("426 you did not want the rest");
        }
        data.close();
        let last = tricks.iter().find_map(|trick| match trick {
            Trick::ListingEnds(say) => Some(*say),
            _ => None,
        });
        self.say(last.unwrap_or("226 that was it"))
    }

    pub(super) fn fetch(&mut self, path: &[u8]) -> io::Result<()> {
        let offset = std::mem::take(&mut self.offset);
        let mut content = self.shared.world().files.get(path).cloned().unwrap_or_default();
        self.say("150 here it comes")?;
        let mut data = self.open()?;
        let mut last = "226 that was it";
        let breaks = self.tricks().into_iter().find_map(|trick| match trick {
            Trick::BreaksOnce { at } => Some(at),
            Trick::BreaksAfter(more) => Some((offset + more).min(content.len())),
            _ => None,
        });
        let is_break =
            |trick: &Trick| matches!(trick, Trick::BreaksOnce { .. } | Trick::BreaksAfter(_));
        if let Some(at) = breaks
            && self.shared.world().take(is_break)
        {
            data.write_all(&content[offset.min(at)..at])?;
            return Err(gone());
        }
        let gives_up = self.tricks().into_iter().find_map(|trick| match trick {
            Trick::GivesUpOnce { at, say } => Some((at, say)),
            _ => None,
        });
        let is_giving_up = |trick: &Trick| matches!(trick, Trick::GivesUpOnce { .. });
        if let Some((at, say)) = gives_up
            && self.shared.world().take(is_giving_up)
        {
            data.write_all(&content[offset.min(at)..at])?;
            return self.say(say);
        }
        for trick in self.tricks() {
            match trick {
                Trick::Cut { at, say } => {
                    content.truncate(at);
                    last = say;
                }
                Trick::Longer(by) => content.extend(vec![b'!'; by]),
                Trick::Stalls { at } => {
                    data.write_all(&content[offset.min(at)..at])?;
                    data.flush()?;
                    // Until the client has had enough.
                    let _ = self.control()?.read(&mut [0]);
                    return Err(io::Error::from(io::ErrorKind::TimedOut));
                }
                _ => {}
            }
        }
        let is_silent = self.tricks().iter().any(|trick| matches!(trick, Trick::NoGoodbye));
        let rest = content.get(offset..).unwrap_or_default();
        let sent = match self.pace() {
            None => data.write_all(rest),
            Some(piece) => rest.chunks(piece).try_for_each(|piece| {
                thread::sleep(TENTH);
                data.write_all(piece).and_then(|()| data.flush())
            }),
        };
        match is_silent {
            true => drop(data.socket().shutdown(Shutdown::Write)),
            false => data.close(),
        }
        self.say(if sent.is_ok() { last } else { "426 you did not want the rest" })
    }

    /// How much goes in a tenth of a second, where the link is slow.
    fn pace(&self) -> Option<usize> {
        self.tricks().into_iter().find_map(|trick| match trick {
            Trick::Slow(pace) => Some(pace / 10),
            _ => None,
        })
    }

    pub(super) fn store(&mut self, path: Vec<u8>) -> io::Result<()> {
        let offset = std::mem::take(&mut self.offset);
        let (mut taken, mut early) = (Vec::new(), None);
        if self.tricks().iter().any(|trick| matches!(trick, Trick::TakesLate)) {
            let mut data = self.open()?;
            let mut first = [0; 1];
            let count = data.read(&mut first)?;
            taken.extend_from_slice(&first[..count]);
            thread::sleep(TENTH * 2);
            early = Some(data);
        }
        // As real servers do: the name is there, and empty, from the first moment.
        self.shared.world().files.entry(path.clone()).or_default().truncate(offset);
        self.say("150 go ahead")?;
        let mut data = match early {
            Some(data) => data,
            None => self.open()?,
        };
        let stop = self.tricks().into_iter().find_map(|trick| match trick {
            Trick::Stop { at, say } | Trick::StopsOnce { at, say } => Some((at, say)),
            _ => None,
        });
        self.shared.world().take(|trick| matches!(trick, Trick::StopsOnce { .. }));
        let pace = self.pace();
        let mut piece = vec![0; pace.unwrap_or(32 << 10)];
        let last = loop {
            if let Some((at, say)) = stop
                && taken.len() >= at
            {
                taken.truncate(at);
                break say;
            }
            if pace.is_some() {
                thread::sleep(TENTH);
            }
            match data.read(&mut piece) {
                // Many clients say no goodbye on data connections.
                Ok(0) | Err(_) => break "226 I have it",
                Ok(count) => taken.extend_from_slice(&piece[..count]),
            }
        };
        let asked = self.tricks().into_iter().find_map(|trick| match trick {
            Trick::WaitsToBeAsked(verb) => Some(verb),
            _ => None,
        });
        let last = match asked.map(|verb| self.waits_to_be_asked(verb)).transpose()? {
            Some(false) => "451 nobody asked",
            _ => last,
        };
        self.shared.world().files.entry(path).or_default().extend(taken);
        data.close();
        self.say(last)
    }

    /// Whether this command comes within a while, among whatever is not read yet.
    fn waits_to_be_asked(&mut self, verb: &str) -> io::Result<bool> {
        let socket = self.control()?.socket().try_clone()?;
        let mut said = [0; 4096];
        for _ in 0..100 {
            let length = socket.peek(&mut said)?;
            if String::from_utf8_lossy(&said[..length]).contains(verb) {
                return Ok(true);
            }
            thread::sleep(TENTH);
        }
        Ok(false)
    }
}
