//! Figures for people: counts, sizes, durations, permissions. Screen and command line share them.

use super::entry::{Attributes, Kind};

/// A number with its noun.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with its thousands told apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Sizes a file can have; what is larger is a lie.
const LARGEST: u64 = i64::MAX as u64;

/// A size in at most five characters: `999`, `1.2K`, `340M`. `?` for what cannot be.
pub fn size_short(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes.filter(|&bytes| bytes <= LARGEST) else { return "?".to_owned() };
    match scaled(bytes) {
        (value, None) => format!("{value:.0}"),
        (value, Some(unit)) if value < 9.95 => format!("{value:.1}{unit}"),
        (value, Some(unit)) => format!("{value:.0}{unit}"),
    }
}

/// A size for a sentence: `999 B`, `1.2 KiB`, `34.0 MiB`.
pub fn size_words(bytes: u64) -> String {
    match scaled(bytes) {
        (value, None) => format!("{value:.0} B"),
        (value, Some(unit)) => format!("{value:.1} {unit}iB"),
    }
}

fn scaled(bytes: u64) -> (f64, Option<char>) {
    let mut value = bytes as f64;
    let mut unit = None;
    for next in ['K', 'M', 'G', 'T', 'P', 'E'] {
        // 999.5 would be rounded to 1000, five digits with the unit.
        if value < 999.5 {
            break;
        }
        value /= 1024.0;
        unit = Some(next);
    }
    (value, unit)
}

/// `0:07`, `12:30`, `3:04:05`; more than four days in days.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".to_owned();
    }
    let whole = seconds.ceil() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours >= 100 {
        counted(hours / 24, "day", "days")
    } else if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `rwxr-xr-x`, with set-user-id, set-group-id and sticky bits as `ls` shows them.
pub fn permissions(bits: Option<u32>) -> String {
    let Some(bits) = bits else { return String::new() };
    let mut shown = String::with_capacity(9);
    for (shift, special, low, high) in
        [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')]
    {
        let triple = bits >> shift;
        shown.push(if triple & 4 != 0 { 'r' } else { '-' });
        shown.push(if triple & 2 != 0 { 'w' } else { '-' });
        shown.push(match (bits & special != 0, triple & 1 != 0) {
            (true, true) => low,
            (true, false) => high,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    shown
}

/// The letter `ls` puts before the permissions.
pub fn kind_letter(attributes: &Attributes) -> char {
    match attributes.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::Other => '?',
    }
}

/// Both as `ls` has them: `-rw-r--r--`, `drwxr-xr-t`; `?` for what is not known.
pub fn mode(attributes: &Attributes) -> String {
    let bits = attributes.permissions;
    let shown = if bits.is_some() { permissions(bits) } else { "?".repeat(9) };
    format!("{}{shown}", kind_letter(attributes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, shown) in [
            (0, "0"),
            (999, "999"),
            (1000, "1.0K"),
            (1024, "1.0K"),
            (10 * 1024, "10K"),
            (1023 * 1024, "1.0M"),
            (u64::MAX, "?"),
            (i64::MAX as u64, "8.0E"),
        ] {
            assert_eq!(size_short(Some(bytes)), shown);
        }
        assert_eq!(size_words(13_000_000), "12.4 MiB");
        assert_eq!(duration(6.2), "0:07");
        assert_eq!(duration(3.0 * 3600.0 + 65.0), "3:01:05");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn permissions_as_ls_shows_them() {
        assert_eq!(permissions(Some(0o755)), "rwxr-xr-x");
        assert_eq!(permissions(Some(0o4640)), "rwSr-----");
        assert_eq!(permissions(Some(0o1777)), "rwxrwxrwt");
        let mut attributes = Attributes::of_kind(Kind::Directory);
        assert_eq!(mode(&attributes), "d?????????");
        attributes.permissions = Some(0o1776);
        assert_eq!(mode(&attributes), "drwxrwxrwT");
    }
}
