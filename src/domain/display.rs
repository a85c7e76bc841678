//! Bytes to text a terminal may be given: what it could obey, or an eye mistake, is escaped.

use std::fmt::Write as _;

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

    proptest! {
        #[test]
        fn nothing_shown_is_a_control_character(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let shown = escape(&bytes);
            prop_assert!(!shown.chars().any(|c| c.is_control() || deceives(c)));
        }
    }
}
