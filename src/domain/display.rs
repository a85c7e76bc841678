//! Bytes to text a terminal may be given: what it could obey, or an eye mistake, is escaped.

use std::fmt::Write as _;

use super::entry::{Attributes, Kind};

/// Escapes control characters, invisible and direction-changing ones, and bytes that are not UTF-8.
///
/// The result holds no character that moves a cursor, changes colours, reorders or hides text.
/// A backslash stays itself: the text is for eyes, the bytes are kept elsewhere.
pub fn escape(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut shown, character);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// The same for text that came as a string (banners, messages, errors of a server).
pub fn escape_text(text: &str) -> String {
    escape(text.as_bytes())
}

fn push_escaped(shown: &mut String, character: char) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if c.is_control() || deceives(c) => {
            let _ = write!(shown, "\\u{{{:x}}}", c as u32);
        }
        c => shown.push(c),
    }
}

/// Format characters that draw nothing or turn the direction of what follows, and line separators.
fn deceives(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Bytes for people, at most seven columns: `999 B`, `1.5 KiB`, `1023 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// Seconds for people: `0:07`, `12:30`, `3:04:05`, `5 d 03 h`.
pub fn duration(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).ceil() as u64 } else { u64::MAX };
    let (days, hours, minutes, rest) =
        (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours) {
        (1000.., _) => String::from("a long time"),
        (1.., _) => format!("{days} d {hours:02} h"),
        (0, 1..) => format!("{hours}:{minutes:02}:{rest:02}"),
        _ => format!("{minutes}:{rest:02}"),
    }
}

/// Kind and permissions as `ls` has them: `-rw-r--r--`, `drwxr-xr-t`; `?` for what is not known.
pub fn mode(attributes: &Attributes) -> String {
    let kind = match attributes.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Symlink => 'l',
        Kind::Other => '?',
    };
    let Some(bits) = attributes.permissions else {
        return format!("{kind}?????????");
    };
    let mut shown = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let three = bits >> shift;
        shown.push(if three & 4 != 0 { 'r' } else { '-' });
        shown.push(if three & 2 != 0 { 'w' } else { '-' });
        shown.push(match (bits & special != 0, three & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_could_obey_is_escaped() {
        assert_eq!(escape(b"a\x1b]52;c;eA==\x07b"), "a\\u{1b}]52;c;eA==\\u{7}b");
        assert_eq!(escape("a\u{9b}31m".as_bytes()), "a\\u{9b}31m");
        assert_eq!(escape(b"line\nbreak\rreturn"), "line\\nbreak\\rreturn");
    }

    #[test]
    fn what_an_eye_could_mistake_is_escaped() {
        assert_eq!(escape("fdp\u{202e}exe".as_bytes()), "fdp\\u{202e}exe");
        assert_eq!(escape("a\u{200b}b".as_bytes()), "a\\u{200b}b");
    }

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        assert_eq!(escape(b"caf\xe9"), "caf\\xe9");
        assert_eq!(escape("naïve 文件 🗎".as_bytes()), "naïve 文件 🗎");
    }

    #[test]
    fn numbers_for_people() {
        for (count, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10 * 1024, "10 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(bytes(count), shown);
        }
        for (seconds, shown) in [
            (0.0, "0:00"),
            (6.2, "0:07"),
            (750.0, "12:30"),
            (11_045.0, "3:04:05"),
            (5.0 * 86_400.0 + 3.0 * 3600.0, "5 d 03 h"),
            (f64::INFINITY, "a long time"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
    }

    #[test]
    fn permissions_as_ls_has_them() {
        let mut attributes = Attributes::of_kind(Kind::File);
        assert_eq!(mode(&attributes), "-?????????");
        attributes.permissions = Some(0o4751);
        assert_eq!(mode(&attributes), "-rwsr-x--x");
        attributes = Attributes { kind: Kind::Directory, permissions: Some(0o1776), ..attributes };
        assert_eq!(mode(&attributes), "drwxrwxrwT");
    }

    proptest! {
        #[test]
        fn nothing_shown_is_a_control_character(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let shown = escape(&bytes);
            prop_assert!(!shown.chars().any(|c| c.is_control() || deceives(c)));
        }
    }
}
