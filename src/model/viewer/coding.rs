//! How a file's bytes stand for characters.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, ISO_8859_2, KOI8_R, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1251, WINDOWS_1252,
};

use crate::domain::display;

/// Those that are gone through, in this order.
const ALL: [&Encoding; 12] = [
    UTF_8,
    WINDOWS_1252,
    ISO_8859_2,
    WINDOWS_1251,
    KOI8_R,
    UTF_16LE,
    UTF_16BE,
    SHIFT_JIS,
    GB18030,
    BIG5,
    EUC_KR,
    encoding_rs::EUC_JP,
];

/// The longest character of all of them, in bytes.
const LONGEST: usize = 4;

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding(&'static Encoding);

impl Default for Coding {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl Coding {
    /// What the first bytes of a file say, where they say something.
    pub(crate) fn told_by(beginning: &[u8]) -> Option<Self> {
        Encoding::for_bom(beginning).map(|(encoding, _)| Self(encoding))
    }

    /// How long the mark is that says so.
    pub(crate) fn mark(self, beginning: &[u8]) -> usize {
        match Encoding::for_bom(beginning) {
            Some((encoding, length)) if encoding == self.0 => length,
            _ => 0,
        }
    }

    /// The next one.
    pub(crate) fn next(self) -> Self {
        let at = ALL.iter().position(|known| *known == self.0).map_or(0, |at| at + 1);
        Self(ALL[at % ALL.len()])
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    /// Bytes that a character is made of at least.
    pub(crate) fn unit(self) -> usize {
        if self.0 == UTF_16LE || self.0 == UTF_16BE { 2 } else { 1 }
    }

    /// Whether ASCII is itself in it.
    pub(crate) fn is_like_ascii(self) -> bool {
        self.unit() == 1
    }

    /// An ASCII character in it.
    fn ascii(self, byte: u8) -> ([u8; 2], usize) {
        match () {
            () if self.0 == UTF_16LE => ([byte, 0], 2),
            () if self.0 == UTF_16BE => ([0, byte], 2),
            () => ([byte, 0], 1),
        }
    }

    /// Where the first line ends, its end left out.
    pub(crate) fn newline(self, bytes: &[u8]) -> Option<usize> {
        let (newline, unit) = self.ascii(b'\n');
        if unit == 1 {
            return memchr::memchr(b'\n', bytes);
        }
        bytes.chunks_exact(2).position(|pair| pair == newline).map(|at| at * 2)
    }

    /// Where what follows the last end of a line begins.
    pub(crate) fn after_last_newline(self, bytes: &[u8]) -> Option<usize> {
        let (newline, unit) = self.ascii(b'\n');
        if unit == 1 {
            return memchr::memrchr(b'\n', bytes).map(|at| at + 1);
        }
        bytes.chunks_exact(2).rposition(|pair| pair == newline).map(|at| at * 2 + 2)
    }

    /// A line without what ends it.
    pub(crate) fn without_end(self, line: &[u8]) -> &[u8] {
        let mut line = line;
        for byte in [b'\n', b'\r'] {
            let (end, unit) = self.ascii(byte);
            line = line.strip_suffix(&end[..unit]).unwrap_or(line);
        }
        line
    }

    /// Whether these bytes are the `\r` before an end of line, and nothing else.
    pub(crate) fn is_return(self, bytes: &[u8]) -> bool {
        let (end, unit) = self.ascii(b'\r');
        bytes == &end[..unit]
    }

    /// Whether these bytes are a tab.
    pub(crate) fn is_tab(self, bytes: &[u8]) -> bool {
        let (tab, unit) = self.ascii(b'\t');
        bytes == &tab[..unit]
    }

    /// The first character: how many bytes it takes, and what is shown of it. Bytes that are none are shown as such.
    pub(crate) fn glyph(self, bytes: &[u8]) -> (usize, String) {
        if self.unit() == 1 && bytes[0].is_ascii() {
            return (1, display::escape(&bytes[..1]));
        }
        let longest = bytes.len().min(LONGEST);
        for length in (self.unit()..=longest).step_by(self.unit()) {
            let decoded =
                self.0.decode_without_bom_handling_and_without_replacement(&bytes[..length]);
            if let Some(character) = decoded.filter(|decoded| !decoded.is_empty()) {
                return (length, display::escape_text(&character));
            }
        }
        let taken = self.unit().min(bytes.len());
        let shown = bytes[..taken].iter().map(|byte| format!("\\x{byte:02x}")).collect();
        (taken, shown)
    }

    /// A text in this encoding; what it does not have is left out.
    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        if self.0 == UTF_16LE {
            return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        if self.0 == UTF_16BE {
            return text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        }
        self.0.encode(text).0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(coding: Coding, mut bytes: &[u8]) -> String {
        let mut text = String::new();
        while !bytes.is_empty() {
            let (taken, shown) = coding.glyph(bytes);
            text.push_str(&shown);
            bytes = &bytes[taken..];
        }
        text
    }

    #[test]
    fn every_encoding_shows_what_it_encodes() {
        for (encoding, text) in [
            (UTF_8, "Grüße, 東京 🎈"),
            (WINDOWS_1252, "Grüße"),
            (ISO_8859_2, "Gdańsk"),
            (WINDOWS_1251, "Привет"),
            (KOI8_R, "Привет"),
            (UTF_16LE, "Grüße, 東京 🎈"),
            (UTF_16BE, "Grüße, 東京 🎈"),
            (SHIFT_JIS, "表示 abc ｱ"),
            (GB18030, "北京 abc 🎈"),
            (BIG5, "台北"),
            (EUC_KR, "서울"),
            (encoding_rs::EUC_JP, "東京"),
        ] {
            let coding = Coding(encoding);
            assert_eq!(shown(coding, &coding.encode(text)), text, "{}", coding.name());
        }
    }

    #[test]
    fn marks_are_told_and_all_encodings_are_gone_through() {
        assert_eq!(Coding::told_by(b"\xff\xfea\0"), Some(Coding(UTF_16LE)));
        assert_eq!(Coding::told_by(b"\xef\xbb\xbfa"), Some(Coding(UTF_8)));
        assert_eq!(Coding::told_by(b"abc"), None);
        assert_eq!(Coding(UTF_16LE).mark(b"\xff\xfea\0"), 2);
        assert_eq!(Coding(WINDOWS_1252).mark(b"\xff\xfea\0"), 0);
        let mut coding = Coding::default();
        for _ in 0..ALL.len() {
            coding = coding.next();
        }
        assert_eq!(coding, Coding::default());
    }

    #[test]
    fn ends_of_lines_are_found_in_wide_characters() {
        let wide = Coding(UTF_16LE);
        // U+0A00 holds the byte of a newline, and is none.
        let bytes = wide.encode("a\u{a00}\r\nb");
        assert_eq!(wide.newline(&bytes), Some(6));
        assert_eq!(wide.after_last_newline(&bytes), Some(8));
        assert_eq!(wide.without_end(&bytes[..8]), &bytes[..4]);
        assert_eq!(shown(wide, b"\x00\xd8a\0"), "\\x00\\xd8a", "half a pair");
    }

    #[test]
    fn what_is_no_character_is_shown_as_bytes() {
        assert_eq!(shown(Coding(UTF_8), b"a\xffb\xe2\x82"), "a\\xffb\\xe2\\x82");
        assert_eq!(shown(Coding(UTF_8), b"\x1b[2J"), "\\u{1b}[2J");
    }
}
