//! Times as people type them.

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// What was typed for a time: `now`, so long ago (`2h`, `3d`), the beginning of a day there, a time of such a day
/// (`2026-11-01 13:05`), or one of RFC 3339; `None` for anything else.
pub fn read(typed: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = typed.parse::<Timestamp>() {
        return Some(moment);
    }
    if typed == "now" {
        return Some(now);
    }
    // A day is read from a day with a time as well.
    if typed.contains(':')
        && let Ok(moment) = typed.parse::<DateTime>()
    {
        return moment.to_zoned(zone.clone()).map(|zoned| zoned.timestamp()).ok();
    }
    if let Ok(day) = typed.parse::<Date>() {
        return day.to_zoned(zone.clone()).map(|start| start.timestamp()).ok();
    }
    let ago: Span = typed.parse().ok()?;
    let then = now.to_zoned(zone.clone()).checked_sub(ago.abs()).ok()?;
    Some(then.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_type_them() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        for (typed, meant) in [
            ("2h", "2026-11-25T10:00:00Z"),
            ("90m", "2026-11-25T10:30:00Z"),
            ("3d", "2026-11-22T12:00:00Z"),
            ("1w", "2026-11-18T12:00:00Z"),
            ("2026-11-25", "2026-11-24T22:00:00Z"),
            ("now", "2026-11-25T12:00:00Z"),
            ("2026-11-25 08:05", "2026-11-25T06:05:00Z"),
            ("2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z"),
            ("2026-11-25T08:00:00+01:00", "2026-11-25T07:00:00Z"),
        ] {
            assert_eq!(read(typed, now, &zone).unwrap().to_string(), meant, "{typed}");
        }
        for unclear in ["", "yesterday", "2", "h", "2026-13-01", "99999999999d"] {
            assert!(read(unclear, now, &zone).is_none(), "{unclear}");
        }
    }
}
