//! What is looked for below a folder: by name, kind, size, and when it was changed.

use globset::{GlobBuilder, GlobMatcher};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    entry::{Entry, Kind},
    moment,
    path::Name,
};

/// What is to be found, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A pattern, or a part of the name; empty for any.
    pub name: String,
    /// Files or directories alone.
    pub kind: Option<Kind>,
    /// `>10M`, `<1K`, `1K-10M`; empty for any. Only files have one.
    pub size: String,
    /// `since 2d`, `before 2026-01-01`, or both (`newer` and `older` are the same); empty for any time.
    pub changed: String,
}

/// Which of the parts makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`Wanted::name`].
    Name,
    /// [`Wanted::size`].
    Size,
    /// [`Wanted::changed`].
    Changed,
}

/// The same, ready to be compared with.
#[derive(Debug)]
pub struct Test {
    name: Option<GlobMatcher>,
    kind: Option<Kind>,
    size: (Option<u64>, Option<u64>),
    changed: (Option<i64>, Option<i64>),
}

impl Wanted {
    /// Makes it ready. What is wrong with which part of it, in words.
    pub fn test(&self, now: Timestamp, zone: &TimeZone) -> Result<Test, (Part, String)> {
        Ok(Test {
            name: self.pattern().map_err(|why| (Part::Name, why))?,
            kind: self.kind,
            size: sizes(&self.size).ok_or_else(|| {
                (Part::Size, "a size is >10M, <1K or 1K-10M (bytes, K, M, G)".to_owned())
            })?,
            changed: times(&self.changed, now, zone).ok_or_else(|| {
                let why = "a time is since 2d, before 30d, since 2026-11-01 before 2026-11-08";
                (Part::Changed, why.to_owned())
            })?,
        })
    }

    /// A part of a name stands for all that hold it. Case counts where a capital letter was typed.
    fn pattern(&self) -> Result<Option<GlobMatcher>, String> {
        let typed = self.name.trim();
        if matches!(typed, "" | "*") {
            return Ok(None);
        }
        let is_pattern = typed.contains(['*', '?', '[', '{']);
        let pattern =
            if is_pattern { typed.to_owned() } else { format!("*{}*", globset::escape(typed)) };
        GlobBuilder::new(&pattern)
            .literal_separator(true)
            .case_insensitive(!typed.chars().any(char::is_uppercase))
            .build()
            .map(|glob| Some(glob.compile_matcher()))
            .map_err(|bad| bad.kind().to_string())
    }

    /// In a few words.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Some(Kind::Directory) => "folders",
            Some(Kind::File) => "files",
            _ => "",
        };
        let name = if self.name.trim().is_empty() { "*" } else { self.name.trim() };
        let parts = [kind, name, self.size.trim(), self.changed.trim()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Test {
    /// Whether this is wanted. What a storage does not tell is nothing that was asked for.
    pub fn fits(&self, entry: &Entry) -> bool {
        let within = |value: Option<i128>, least: Option<i128>, most: Option<i128>| {
            (least.is_none() && most.is_none())
                || value.is_some_and(|value| {
                    least.is_none_or(|least| value >= least)
                        && most.is_none_or(|most| value <= most)
                })
        };
        let attributes = &entry.attributes;
        let size = attributes.size.filter(|_| attributes.kind == Kind::File).map(i128::from);
        let (least, most) = self.size;
        let seconds = attributes.modified.map(|modified| i128::from(modified.seconds));
        let (since, before) = self.changed;
        self.kind.is_none_or(|kind| attributes.kind == kind)
            && within(size, least.map(i128::from), most.map(i128::from))
            && within(seconds, since.map(i128::from), before.map(i128::from))
            && self.name.as_ref().is_none_or(|glob| glob.is_match(as_path(&entry.name)))
    }
}

fn as_path(name: &Name) -> &std::path::Path {
    use std::os::unix::ffi::OsStrExt;
    std::path::Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()))
}

/// The least and the most.
fn sizes(typed: &str) -> Option<(Option<u64>, Option<u64>)> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Some((None, None));
    }
    if let Some(least) = typed.strip_prefix('>') {
        return Some((Some(bytes(least)?), None));
    }
    if let Some(most) = typed.strip_prefix('<') {
        return Some((None, Some(bytes(most)?)));
    }
    match typed.split_once('-') {
        Some((least, most)) => Some((Some(bytes(least)?), Some(bytes(most)?))),
        None => Some((Some(bytes(typed)?), None)),
    }
}

fn bytes(typed: &str) -> Option<u64> {
    let typed = typed.trim();
    let (number, unit) = match typed.char_indices().next_back()? {
        (at, unit) if unit.is_ascii_alphabetic() => (&typed[..at], unit.to_ascii_uppercase()),
        _ => (typed, 'B'),
    };
    let power = "BKMGT".find(unit)?;
    let number: f64 = number.trim().parse().ok()?;
    let bytes = number * 1024_f64.powi(i32::try_from(power).ok()?);
    (bytes.is_finite() && (0.0..=9e18).contains(&bytes)).then_some(bytes as u64)
}

/// The first second and the last.
fn times(typed: &str, now: Timestamp, zone: &TimeZone) -> Option<(Option<i64>, Option<i64>)> {
    let (mut since, mut before) = (None, None);
    let mut words = typed.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let (bound, text) = match word {
            "since" | "newer" => (&mut since, words.next()?),
            "before" | "older" => (&mut before, words.next()?),
            text => (&mut since, text),
        };
        let second = moment::read(text, now, zone)?.as_second();
        if bound.replace(second).is_some() {
            return None;
        }
    }
    Some((since, before.map(|second| second - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::{Attributes, Timestamp as Time};

    const NOW: i64 = 1_795_378_380;

    fn entry(name: &str, kind: Kind, size: u64, days: i64) -> Entry {
        let mut attributes = Attributes::of_kind(kind);
        attributes.size = Some(size);
        attributes.modified = Some(Time::from_seconds(NOW - days * 86_400));
        Entry { name: Name::new(name).unwrap(), attributes, leads_to: None }
    }

    fn test(name: &str, size: &str, changed: &str) -> Result<Test, (Part, String)> {
        let (name, size, changed) = (name.into(), size.into(), changed.into());
        let now = Timestamp::from_second(NOW).unwrap();
        Wanted { name, kind: None, size, changed }.test(now, &TimeZone::UTC)
    }

    #[test]
    fn names_sizes_and_times_are_compared() {
        let entry = entry("Report-7.csv", Kind::File, 2048, 3);
        for (name, size, changed, fits) in [
            ("", "", "", true),
            ("report", "", "", true),
            ("REPORT", "", "", false),
            ("*.CSV", "", "", false),
            ("*.csv", "", "", true),
            ("*.{txt,csv}", "", "", true),
            ("r?port-[0-9].csv", "", "", true),
            ("7.c", "", "", true),
            ("", ">1K", "", true),
            ("", "2k", "", true),
            ("", "<1K", "", false),
            ("", "1K-2K", "", true),
            ("", ">3K", "", false),
            ("", "", "2d", false),
            ("", "", "since 4d", true),
            ("", "", "newer 4d older 2d", true),
            ("", "", "older 4d", false),
            ("", "", "before 2d", true),
            ("", "", "since 4d before 2d", true),
            ("", "", "before 1w", false),
            ("", "", "since 2026-11-19", true),
            ("", "", "before 2026-11-19", false),
        ] {
            let test = test(name, size, changed).unwrap();
            assert_eq!(test.fits(&entry), fits, "{name} {size} {changed}");
        }
    }

    #[test]
    fn what_is_not_told_is_not_found() {
        let mut nothing_told = entry("a", Kind::File, 1, 1);
        (nothing_told.attributes.size, nothing_told.attributes.modified) = (None, None);
        assert!(test("a", "", "").unwrap().fits(&nothing_told));
        assert!(!test("a", ">0", "").unwrap().fits(&nothing_told));
        assert!(!test("a", "", "before 1d").unwrap().fits(&nothing_told));
        let directory = entry("a", Kind::Directory, 4096, 1);
        assert!(!test("", ">1K", "").unwrap().fits(&directory), "a folder's size says nothing");
        let files = Wanted { kind: Some(Kind::File), ..Wanted::default() };
        let now = Timestamp::from_second(NOW).unwrap();
        assert!(!files.test(now, &TimeZone::UTC).unwrap().fits(&directory));
    }

    #[test]
    fn what_makes_no_sense_is_told_by_part() {
        for (name, size, changed, part) in [
            ("[a", "", "", Part::Name),
            ("", "big", "", Part::Size),
            ("", "1K-", "", Part::Size),
            ("", "-1", "", Part::Size),
            ("", "", "yesterday", Part::Changed),
            ("", "", "since", Part::Changed),
            ("", "", "2d 3d", Part::Changed),
        ] {
            assert_eq!(test(name, size, changed).unwrap_err().0, part, "{name} {size} {changed}");
        }
    }
}
