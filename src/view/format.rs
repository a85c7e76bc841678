//! Times and permissions as columns.

use jiff::{Timestamp as Moment, tz::TimeZone};

use crate::domain::entry::{Attributes, Kind, Timestamp};

/// Years a file can come from; others are lies or mistakes.
const YEARS: std::ops::Range<i16> = 1..9999;

/// `2026-11-22 20:13`; `?` for what cannot be.
pub(crate) fn time(modified: Option<Timestamp>, zone: &TimeZone) -> String {
    let Some(modified) = modified else { return String::new() };
    let shown = Moment::from_second(modified.seconds)
        .ok()
        .map(|moment| moment.to_zoned(zone.clone()))
        .filter(|zoned| YEARS.contains(&zoned.year()))
        .map(|zoned| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}",
                zoned.year(),
                zoned.month(),
                zoned.day(),
                zoned.hour(),
                zoned.minute()
            )
        });
    shown.unwrap_or_else(|| "?".to_owned())
}

/// `rwxr-xr-x`, with set-user-id, set-group-id and sticky bits as `ls` shows them.
pub(crate) fn permissions(bits: Option<u32>) -> String {
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
pub(crate) fn kind_letter(attributes: &Attributes) -> char {
    match attributes.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::Other => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_times_are_not_believed() {
        let at = |seconds| time(Some(Timestamp::from_seconds(seconds)), &TimeZone::UTC);
        assert_eq!(at(0), "1970-01-01 00:00");
        assert_eq!(at(1_795_378_380), "2026-11-22 20:13");
        assert_eq!(at(253_402_300_000), "?", "the year 9999");
        assert_eq!(at(i64::MAX), "?");
        assert_eq!(at(i64::MIN), "?");
        assert_eq!(time(None, &TimeZone::UTC), "");
    }

    #[test]
    fn permissions_as_ls_shows_them() {
        assert_eq!(permissions(Some(0o755)), "rwxr-xr-x");
        assert_eq!(permissions(Some(0o4640)), "rwSr-----");
        assert_eq!(permissions(Some(0o1777)), "rwxrwxrwt");
    }
}
