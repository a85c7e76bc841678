//! Times as FTP writes them, without a clock: `YYYYMMDDHHMMSS` (RFC 3659 §2.3) and days of the calendar.

use crate::domain::entry::Timestamp;

const DAY: i64 = 86_400;

/// The timestamp of a time in UTC; `None` where the calendar has no such time.
pub(super) fn from_civil(date: (i64, u32, u32), time: (u32, u32, u32)) -> Option<i64> {
    let (year, month, day) = date;
    let (hour, minute, second) = time;
    let fits = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        // 60 is a leap second.
        && hour < 24
        && minute < 60
        && second <= 60;
    fits.then(|| {
        days_since_1970(year, month, day) * DAY
            + i64::from(hour) * 3600
            + i64::from(minute) * 60
            + i64::from(second)
    })
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Counts from March, so that the leap day is a year's last.
fn days_since_1970(year: i64, month: u32, day: u32) -> i64 {
    let month = i64::from(month);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a timestamp.
pub(super) fn to_date(seconds: i64) -> (i64, u32, u32) {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// Reads `YYYYMMDDHHMMSS[.fraction]`; `19` and three digits of years (a bug of old servers) too.
pub(super) fn parse(text: &[u8]) -> Option<Timestamp> {
    let (digits, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &[][..]),
    };
    let year_digits = match digits.len() {
        14 => 4,
        15 if digits.starts_with(b"191") => 5,
        _ => return None,
    };
    let number = |digits: &[u8]| -> Option<u32> {
        digits.iter().try_fold(0u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    let year = match year_digits {
        4 => number(&digits[..4])?,
        // "19" and the years since 1900.
        _ => 1900 + number(&digits[2..5])?,
    };
    let rest = &digits[year_digits..];
    let two = |at: usize| number(&rest[at..at + 2]);
    let seconds = from_civil((year.into(), two(0)?, two(2)?), (two(4)?, two(6)?, two(8)?))?;
    let mut nanoseconds = 0;
    for at in 0..9 {
        nanoseconds =
            nanoseconds * 10 + fraction.get(at).map_or(Some(0), |digit| number(&[*digit]))?;
    }
    Some(Timestamp { seconds, nanoseconds })
}

/// Writes `YYYYMMDDHHMMSS`; a time out of the reach of four digits is brought to the nearest there is.
pub(super) fn format(time: Timestamp) -> String {
    // 0001-01-01 and 9999-12-31.
    let seconds = time.seconds.clamp(-62_135_596_800, 253_402_300_799);
    let (year, month, day) = to_date(seconds);
    let of_day = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_servers() {
        assert_eq!(parse(b"19700101000000"), Some(Timestamp::from_seconds(0)));
        assert_eq!(parse(b"20010909014640"), Some(Timestamp::from_seconds(1_000_000_000)));
        let fine = parse(b"20010909014640.25").unwrap();
        assert_eq!(fine.nanoseconds, 250_000_000);
        assert_eq!(parse(b"191010909014640").unwrap().seconds, 1_000_000_000);
        for wrong in [
            &b"20010229000000"[..],
            b"2001",
            b"",
            b"20011301000000",
            b"2001090901464x",
            b"20010909014640.x",
        ] {
            assert_eq!(parse(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn there_and_back(seconds in -62_135_596_800i64..253_402_300_800) {
            let time = Timestamp::from_seconds(seconds);
            prop_assert_eq!(parse(format(time).as_bytes()), Some(time));
        }

        #[test]
        fn any_bytes_are_a_time_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..30)) {
            let _ = parse(&bytes);
        }
    }
}
