//! Names as servers of another age write them: one encoding a site, and no name lost that does not keep to it.
//!
//! In the house such a name is UTF-8. One that cannot be decoded, or would not come out the same again, stays the bytes
//! it is, behind a mark where those bytes would pass for UTF-8.

use std::fmt;

/// Begins no text: UTF-8 knows no such byte.
const MARK: u8 = 0xff;

/// How the names on a site are written; ASCII is the same in all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// A character that an encoding does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("names on this site are written in {encoding}, which has no “{}”", super::display::escape_text(&.character.to_string()))]
pub struct Unwritable {
    /// The encoding's name.
    pub encoding: String,
    /// What it lacks.
    pub character: char,
}

impl Default for Encoding {
    fn default() -> Self {
        Self(encoding_rs::UTF_8)
    }
}

impl Encoding {
    /// By any of its names: `windows-1252`, `latin1`, `Shift_JIS`, `GBK`, `KOI8-R`, `utf-8`. `None` for one that is not
    /// known, or in which a byte of ASCII may be half of something else.
    pub fn read(label: &str) -> Option<Self> {
        let found = encoding_rs::Encoding::for_label(label.as_bytes())?;
        found.is_ascii_compatible().then_some(Self(found))
    }

    /// The name it is kept by.
    pub fn name(self) -> String {
        self.0.name().to_ascii_lowercase()
    }

    /// Whether names are taken as they come.
    pub fn is_utf8(self) -> bool {
        self.0 == encoding_rs::UTF_8
    }

    /// A path as the site writes it.
    pub fn encode(self, path: &[u8]) -> Result<Vec<u8>, Unwritable> {
        if self.is_utf8() {
            return Ok(path.to_vec());
        }
        let names = path.split(|&byte| byte == b'/').map(|name| self.encode_name(name));
        Ok(names.collect::<Result<Vec<_>, _>>()?.join(&b'/'))
    }

    /// What stands for a path of the site in the house: [`encode`](Self::encode) leads back, byte for byte.
    pub fn decode(self, path: &[u8]) -> Vec<u8> {
        if self.is_utf8() {
            return path.to_vec();
        }
        let names: Vec<_> =
            path.split(|&byte| byte == b'/').map(|name| self.decode_name(name)).collect();
        names.join(&b'/')
    }

    fn encode_name(self, name: &[u8]) -> Result<Vec<u8>, Unwritable> {
        let Ok(text) = std::str::from_utf8(name) else {
            let kept = if passes_for_text(name) { &name[1..] } else { name };
            return Ok(kept.to_vec());
        };
        self.write(text).ok_or_else(|| {
            let lacks = |c: &char| self.write(c.encode_utf8(&mut [0; 4])).is_none();
            let character = text.chars().find(lacks).unwrap_or(char::REPLACEMENT_CHARACTER);
            Unwritable { encoding: self.name(), character }
        })
    }

    fn decode_name(self, name: &[u8]) -> Vec<u8> {
        let text = self.0.decode_without_bom_handling_and_without_replacement(name);
        match text.filter(|text| self.write(text).as_deref() == Some(name)) {
            Some(text) => text.into_owned().into_bytes(),
            None if passes_for_text(name) => [&[MARK], name].concat(),
            None => name.to_vec(),
        }
    }

    fn write(self, text: &str) -> Option<Vec<u8>> {
        let (bytes, _, lacks) = self.0.encode(text);
        (!lacks).then(|| bytes.into_owned())
    }
}

/// Whether there is text behind any marks.
fn passes_for_text(name: &[u8]) -> bool {
    let marks = name.iter().take_while(|&&byte| byte == MARK).count();
    std::str::from_utf8(&name[marks..]).is_ok()
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoding(label: &str) -> Encoding {
        Encoding::read(label).unwrap_or_else(|| panic!("{label}"))
    }

    #[test]
    fn names_in_the_encodings_of_old_servers() {
        for (label, written, text) in [
            ("windows-1252", &b"/caf\xe9"[..], "/café"),
            ("latin1", b"/\xff", "/ÿ"),
            ("windows-1251", b"/\xcf\xf0\xe8/\xe2\xe5\xf2", "/При/вет"),
            ("koi8-r", b"\xf0\xd2\xc9", "При"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b\x8c\xea", "日本語"),
            ("gbk", b"\xd6\xd0\xce\xc4", "中文"),
            ("utf-8", b"caf\xe9", ""),
        ] {
            let encoding = encoding(label);
            if !text.is_empty() {
                assert_eq!(encoding.decode(written), text.as_bytes(), "{label}");
            }
            assert_eq!(encoding.encode(&encoding.decode(written)).unwrap(), written, "{label}");
        }
        assert_eq!(encoding("latin1").name(), "windows-1252");
        for label in ["utf-16", "iso-2022-jp", "morse", ""] {
            assert_eq!(Encoding::read(label), None, "{label}");
        }
    }

    #[test]
    fn a_character_that_is_lacking_is_named() {
        let lacking = encoding("windows-1252").encode("/in/日本".as_bytes()).unwrap_err();
        assert_eq!(lacking.character, '日');
        assert_eq!(
            lacking.to_string(),
            "names on this site are written in windows-1252, which has no “日”"
        );
    }

    #[test]
    fn names_that_do_not_keep_to_it_stay_what_they_are() {
        let sjis = encoding("shift_jis");
        // Half a character; UTF-8 on a server for another encoding; one that has a second way to be written.
        for name in [&b"\x93"[..], "é日".as_bytes(), b"\x87\x90", b"\xff", b"\xff\xffa", b"\xffa"]
        {
            let here = sjis.decode(name);
            assert_eq!(sjis.encode(&here).unwrap(), name, "{name:?} was {here:?}");
        }
        assert_eq!(sjis.decode(b"\x93"), b"\x93");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in proptest::collection::vec(any::<u8>(), 0..12)) {
            for label in ["windows-1252", "windows-1251", "koi8-r", "shift_jis", "gbk", "gb18030", "big5", "euc-kr", "euc-jp"] {
                let encoding = encoding(label);
                let here = encoding.decode(&name);
                prop_assert_eq!(encoding.encode(&here), Ok(name.clone()));
                let slashes = |path: &[u8]| path.iter().filter(|&&byte| byte == b'/').count();
                prop_assert_eq!(slashes(&here), slashes(&name));
            }
        }

        #[test]
        fn a_line_end_is_never_made(text in "[^\r\n\0]{0,12}") {
            for label in ["windows-1252", "shift_jis", "gb18030", "big5"] {
                if let Ok(written) = encoding(label).encode(text.as_bytes()) {
                    prop_assert!(!written.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
                }
            }
        }
    }
}
