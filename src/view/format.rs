//! Times as a column.

use jiff::{Timestamp as Moment, tz::TimeZone};

use crate::domain::entry::Timestamp;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_times_are_not_believed() {
        let at = |seconds| time(Some(Timestamp::from_seconds(seconds)), &TimeZone::UTC);
        assert_eq!(at(0), "1970-01-01 00:00");
        assert_eq!(at(1_795_378_380), "2026-11-22 20:13");
        assert_eq!(at(253_370_764_799), "9998-12-31 23:59");
        assert_eq!(at(253_370_764_800), "?", "the year 9999");
        assert_eq!(at(253_402_300_000), "?", "its last day");
        assert_eq!(at(-62_167_219_201), "?", "before the year 0");
        assert_eq!(at(i64::MAX), "?");
        assert_eq!(at(i64::MIN), "?");
        assert_eq!(time(None, &TimeZone::UTC), "");
    }
}
