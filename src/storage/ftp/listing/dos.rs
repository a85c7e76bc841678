//! Lines of LIST as `dir` prints them: IIS and its like.

use super::{Row, number, words};
use crate::{
    domain::entry::{Attributes, Kind, Timestamp},
    storage::ftp::time,
};

/// Between `<DIR>` and the name.
const AFTER_DIR: usize = 10;

/// Reads `02-29-24  03:45PM  <DIR>  name`.
pub(super) fn read(line: &[u8]) -> Option<Row> {
    let words = words(line);
    let &[(_, day), (_, clock), (at, what), ..] = words.as_slice() else { return None };
    let seconds = time::from_civil(date(day)?, of_day(clock)?)?;
    let rest = line.get(at + what.len()..)?;
    let is_directory = matches!(what, b"<DIR>" | b"<JUNCTION>" | b"<SYMLINKD>");
    let size = number(what);
    if !is_directory && size.is_none() {
        return None;
    }
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    let name = &rest[spaces.min(if is_directory { AFTER_DIR } else { 1 })..];
    let kind = if is_directory { Kind::Directory } else { Kind::File };
    let attributes = Attributes {
        size,
        modified: Some(Timestamp::from_seconds(seconds)),
        ..Attributes::of_kind(kind)
    };
    (!name.is_empty()).then(|| Row { name: name.to_vec(), attributes, target: None })
}

/// `02-29-24`, `02-29-2024`, `2024-02-29`; months first, as IIS has it.
fn date(word: &[u8]) -> Option<(i64, u32, u32)> {
    let parts: Vec<(usize, u32)> = word
        .split(|&byte| matches!(byte, b'-' | b'/'))
        .map(|part| Some((part.len(), u32::try_from(number(part)?).ok()?)))
        .collect::<Option<_>>()?;
    match parts[..] {
        [(4, year), (2, month), (2, day)] | [(2, month), (2, day), (4, year)] => {
            Some((year.into(), month, day))
        }
        // As Windows reads two digits.
        [(2, month), (2, day), (2, year)] => {
            Some((i64::from(year) + if year < 70 { 2000 } else { 1900 }, month, day))
        }
        _ => None,
    }
}

/// `03:45PM`, `15:45`.
fn of_day(word: &[u8]) -> Option<(u32, u32, u32)> {
    let (clock, half) = match word.len() {
        7 => (&word[..5], Some(word[5..].to_ascii_uppercase())),
        5 => (word, None),
        _ => return None,
    };
    let two = |at: usize| number(&clock[at..at + 2]).and_then(|part| u32::try_from(part).ok());
    if clock[2] != b':' {
        return None;
    }
    let (hour, minute) = (two(0)?, two(3)?);
    let hour = match half.as_deref() {
        None => hour,
        Some(b"AM") if (1..=12).contains(&hour) => hour % 12,
        Some(b"PM") if (1..=12).contains(&hour) => hour % 12 + 12,
        Some(_) => return None,
    };
    Some((hour, minute, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(String, Kind, Option<u64>, i64)> {
        let Row { name, attributes, .. } = read(line.as_bytes())?;
        let name = String::from_utf8(name).unwrap();
        Some((name, attributes.kind, attributes.size, attributes.modified.unwrap().seconds))
    }

    #[test]
    fn lines_of_iis() {
        let at = |hour, minute| time::from_civil((2024, 2, 29), (hour, minute, 0)).unwrap();
        for (line, meant) in [
            (
                "02-29-24  03:45PM       <DIR>          My Files",
                ("My Files", Kind::Directory, None, at(15, 45)),
            ),
            (
                "02-29-24  12:05AM                 1234 a b.txt",
                ("a b.txt", Kind::File, Some(1234), at(0, 5)),
            ),
            ("02-29-2024  15:45            7 x", ("x", Kind::File, Some(7), at(15, 45))),
            ("2024-02-29  12:00PM            7  x", (" x", Kind::File, Some(7), at(12, 0))),
        ] {
            let (name, kind, size, modified) = meant;
            assert_eq!(told(line), Some((name.to_owned(), kind, size, modified)), "{line}");
        }
    }

    #[test]
    fn what_is_no_such_line() {
        for line in [
            "02-30-24  03:45PM  7 x",
            "02-29-24  13:45PM  7 x",
            "02-29-24  03:45PM  <WHAT> x",
            "02-29-24  03:45PM  7",
            "02-29-24 é:45PM 7 x",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
