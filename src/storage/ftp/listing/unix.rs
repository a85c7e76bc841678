//! Lines of LIST as `ls -l` prints them, with what servers make of that.

use super::{Row, number, words};
use crate::{
    domain::entry::{Attributes, Kind, Timestamp},
    storage::ftp::time,
};

/// A time without a year is never further ahead than clocks and zones differ.
const AHEAD: i64 = 26 * 3600;

/// Reads a line: rights, links, owner, group, size, date and name, of which only rights, date and name are certain.
pub(super) fn read(line: &[u8], now: i64) -> Option<Row> {
    let rights = line.first().filter(|_| line.len() > 10)?;
    let kind = match rights {
        b'-' => Kind::File,
        b'd' => Kind::Directory,
        b'l' => Kind::Symlink,
        b'b' | b'c' | b'p' | b's' | b'D' | b'n' => Kind::Other,
        _ => return None,
    };
    let words = words(line);
    let permissions = permissions(words.first()?.1)?;
    let date = (2..words.len()).find_map(|at| {
        // Before the date stands the size, or a device's minor number.
        number(words[at - 1].1)?;
        let (seconds, length) = date(&words[at..], now)?;
        Some((at, seconds, length))
    });
    let (at, seconds, length) = date?;
    let is_device = words[at - 2].1.ends_with(b",");
    let last = words[at + length - 1];
    // One space: what comes after it belongs to the name.
    let mut name = line.get(last.0 + last.1.len() + 1..)?;
    let size = number(words[at - 1].1).filter(|_| !is_device);
    let mut target = None;
    if kind == Kind::Symlink {
        (name, target) = split_target(name, size);
    }
    let attributes = Attributes {
        kind,
        size,
        modified: Some(Timestamp::from_seconds(seconds)),
        permissions: Some(permissions),
        owner: None,
    };
    let target = target.map(<[u8]>::to_vec);
    (!name.is_empty()).then(|| Row { name: name.to_vec(), attributes, target })
}

/// `name -> target`: the size of a link is the length of its target, which tells where a name ends that has an arrow.
fn split_target(name: &[u8], size: Option<u64>) -> (&[u8], Option<&[u8]>) {
    const ARROW: &[u8] = b" -> ";
    let arrows = || (0..name.len()).filter(|&at| name[at..].starts_with(ARROW));
    let fitting = arrows().find(|at| Some((name.len() - at - ARROW.len()) as u64) == size);
    match fitting.or_else(|| arrows().next()) {
        Some(at) => (&name[..at], Some(&name[at + ARROW.len()..]).filter(|it| !it.is_empty())),
        None => (name, None),
    }
}

/// `rwxr-sr-t`, and what may follow it (`+`, `.`, `@`).
fn permissions(word: &[u8]) -> Option<u32> {
    let letters = word.get(1..10)?;
    let mut bits = 0;
    for (at, &letter) in letters.iter().enumerate() {
        let (bit, special) = (0o400 >> at, [0o4000, 0o2000, 0o1000][at / 3]);
        bits |= match letter {
            b'-' => 0,
            b'r' if at % 3 == 0 => bit,
            b'w' if at % 3 == 1 => bit,
            b'x' if at % 3 == 2 => bit,
            b's' | b't' if at % 3 == 2 => bit | special,
            // `l`: mandatory locking, on old systems.
            b'S' | b'T' | b'l' if at % 3 == 2 => special,
            _ => return None,
        };
    }
    Some(bits)
}

/// A date in the words ahead: seconds since 1970, and of how many words.
fn date(words: &[(usize, &[u8])], now: i64) -> Option<(i64, usize)> {
    let word = |at: usize| words.get(at).map(|word| word.1);
    let (first, second) = (word(0)?, word(1)?);
    if let Some((year, month, day)) = iso(first) {
        return Some((time::from_civil((year, month, day), clock(second)?)?, 2));
    }
    let (month, day) = match (month(first), month(second)) {
        (Some(month), _) => (month, number(second)?),
        // `1 Jan`, as some languages have it.
        (None, Some(month)) => (month, number(strip_dot(first))?),
        _ => return None,
    };
    let day = u32::try_from(day).ok()?;
    let third = word(2)?;
    if let Some(clock) = clock(third) {
        return Some((in_last_year(month, day, clock, now)?, 3));
    }
    let year = number(third).filter(|year| third.len() == 4 && *year > 1900)?;
    Some((time::from_civil((i64::try_from(year).ok()?, month, day), (0, 0, 0))?, 3))
}

/// The latest such time that is not ahead of `now`.
fn in_last_year(month: u32, day: u32, clock: (u32, u32, u32), now: i64) -> Option<i64> {
    let (this_year, ..) = time::to_date(now);
    // The last of four may be the only one with a 29 February.
    (0..=8)
        .filter_map(|back| time::from_civil((this_year + 1 - back, month, day), clock))
        .find(|seconds| *seconds <= now + AHEAD)
}

fn strip_dot(word: &[u8]) -> &[u8] {
    word.strip_suffix(b".").unwrap_or(word)
}

fn month(word: &[u8]) -> Option<u32> {
    const MONTHS: [&[u8]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let word = strip_dot(word).to_ascii_lowercase();
    let found = MONTHS.iter().position(|month| *month == word)?;
    u32::try_from(found + 1).ok()
}

/// `2024-02-29`.
fn iso(word: &[u8]) -> Option<(i64, u32, u32)> {
    if word.len() != 10 || word[4] != b'-' || word[7] != b'-' {
        return None;
    }
    let part = |range| number(&word[range]).and_then(|part| u32::try_from(part).ok());
    Some((part(0..4)?.into(), part(5..7)?, part(8..10)?))
}

/// `10:00`, `10:00:59`, `10:00:59.123456789`.
fn clock(word: &[u8]) -> Option<(u32, u32, u32)> {
    let whole = word.split(|&byte| byte == b'.').next()?;
    let mut parts = whole.split(|&byte| byte == b':');
    let mut part =
        || parts.next().map(|part| number(part).and_then(|part| u32::try_from(part).ok()));
    let (hour, minute, second) = (part()??, part()??, part().unwrap_or(Some(0))?);
    parts.next().is_none().then_some((hour, minute, second))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-03-10 00:00.
    const NOW: i64 = 1_710_028_800;

    fn row(line: &str) -> Row {
        read(line.as_bytes(), NOW).unwrap_or_else(|| panic!("{line}"))
    }

    fn told(line: &str) -> (String, Kind, Option<u64>, i64, u32) {
        let Row { name, attributes, .. } = row(line);
        let (modified, permissions) =
            (attributes.modified.unwrap(), attributes.permissions.unwrap());
        let name = String::from_utf8(name).unwrap();
        (name, attributes.kind, attributes.size, modified.seconds, permissions)
    }

    #[test]
    fn lines_of_real_servers() {
        let day = |date| time::from_civil(date, (0, 0, 0)).unwrap();
        // vsftpd 3.0.3.
        assert_eq!(
            told("-rw-------    1 0        0              15 Mar 09 12:34  two words"),
            (" two words".into(), Kind::File, Some(15), day((2024, 3, 9)) + 45_240, 0o600)
        );
        assert_eq!(
            told("drwxr-xr-x    2 ftp      ftp          4096 Dec 31  2019 in"),
            ("in".into(), Kind::Directory, Some(4096), day((2019, 12, 31)), 0o755)
        );
        // A device, setuid, a sticky folder, an ACL.
        let device = row("brw-rw----   1 root disk   8,   1 Jan  5 08:00 sda1");
        assert_eq!((device.attributes.kind, device.attributes.size), (Kind::Other, None));
        assert_eq!(told("-rwsr-xr-x+ 1 root root 9 Jan  5  2020 su").4, 0o4755);
        assert_eq!(told("drwxrwxrwT. 1 root root 9 Jan  5  2020 t").4, 0o1776);
        // Without a group (old Macs, NetWare-like servers), a very large file, ISO dates, German order.
        assert_eq!(told("-rw-r--r-- 1 anna 5000000000 Jan 5 2020 big").2, Some(5_000_000_000));
        assert_eq!(told("-rw-r--r-- 1 a b 5 2020-01-05 10:00 iso").3, day((2020, 1, 5)) + 36_000);
        assert_eq!(told("-rw-r--r-- 1 a b 5 5. Jan 2020 german").0, "german");
        // Names of users with spaces (Windows domains).
        assert_eq!(told("-rw-r--r-- 1 Domain Users Some Group 5 Jan 5 2020 x").0, "x");
    }

    #[test]
    fn links_end_where_their_size_says() {
        assert_eq!(told("lrwxrwxrwx 1 a b 7 Jan 5 2020 link -> nowhere").0, "link");
        assert_eq!(told("lrwxrwxrwx 1 a b 1 Jan 5 2020 odd -> one -> x").0, "odd -> one");
        assert_eq!(told("lrwxrwxrwx 1 a b 8 Jan 5 2020 a -> b -> cd").0, "a");
        assert_eq!(told("lrwxrwxrwx 1 a b 0 Jan 5 2020 bare").0, "bare");
        assert_eq!(told("-rw-r--r-- 1 a b 0 Jan 5 2020 file -> x").0, "file -> x");
        let target = |line| row(line).target;
        assert_eq!(
            target("lrwxrwxrwx 1 a b 7 Jan 5 2020 link -> nowhere").as_deref(),
            Some(&b"nowhere"[..])
        );
        assert_eq!(target("lrwxrwxrwx 1 a b 0 Jan 5 2020 bare"), None);
    }

    #[test]
    fn a_time_without_a_year_lies_in_the_last_twelve_months() {
        let year = |line| time::to_date(told(line).3).0;
        assert_eq!(year("-rw-r--r-- 1 a b 5 Mar  9 10:00 x"), 2024);
        assert_eq!(year("-rw-r--r-- 1 a b 5 Mar 11 01:00 a zone ahead"), 2024);
        assert_eq!(year("-rw-r--r-- 1 a b 5 Apr  1 10:00 x"), 2023);
        assert_eq!(year("-rw-r--r-- 1 a b 5 Feb 29 10:00 x"), 2024);
    }

    #[test]
    fn what_is_no_such_line() {
        for line in [
            "",
            "-",
            "drwxr-xr-x",
            "drwx------ x",
            "-rw-r--r-- 1 a b 5 Foo 5 2020 x",
            "-rz------- 1 a b 5 Jan 5 2020 x",
        ] {
            assert_eq!(read(line.as_bytes(), NOW), None, "{line}");
        }
    }
}
