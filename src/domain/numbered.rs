//! A name like another, with a number: what keeps both is called `a (2).csv`.

use super::path::Name;

/// The longest name common file systems take.
const LONGEST: usize = 255;

/// The name with a number before its suffix: `a (2).csv`, `a (2).tar.gz`, `.profile (2)`. What is too long then is cut
/// before the number, between characters.
pub fn numbered(name: &Name, number: u32) -> Name {
    let bytes = name.as_bytes();
    let (stem, suffix) = bytes.split_at(bytes.len() - suffix_length(bytes));
    let number = format!(" ({number})");
    let room = LONGEST.saturating_sub(number.len() + suffix.len());
    let mut end = stem.len().min(room);
    while end < stem.len() && end > room.saturating_sub(4) && stem[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let numbered = [&stem[..end], number.as_bytes(), suffix].concat();
    // A name with a number in it is one still; where it is not, it is left as it was.
    Name::new(&numbered).unwrap_or_else(|_| name.clone())
}

/// How much of the end is the suffix, its dot included; 0 where there is none.
fn suffix_length(name: &[u8]) -> usize {
    const LONGEST_SUFFIX: usize = 16;
    // What begins with a dot has not got a suffix for that.
    let Some(dot) = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0) else {
        return 0;
    };
    let is_suffix = (2..=LONGEST_SUFFIX).contains(&(name.len() - dot))
        && name[dot + 1..].iter().all(|byte| !byte.is_ascii_whitespace());
    if !is_suffix {
        return 0;
    }
    let begins = match name[..dot].strip_suffix(b".tar") {
        Some(stem) if !stem.is_empty() => stem.len(),
        _ => dot,
    };
    name.len() - begins
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_stands_before_the_suffix() {
        for (name, expected) in [
            ("a.csv", "a (2).csv"),
            ("a.tar.gz", "a (2).tar.gz"),
            (".tar.gz", ".tar (2).gz"),
            ("README", "README (2)"),
            (".profile", ".profile (2)"),
            (".profile.bak", ".profile (2).bak"),
            ("a.", "a. (2)"),
            ("Dr. No", "Dr. No (2)"),
        ] {
            let numbered = numbered(&Name::new(name).unwrap(), 2);
            assert_eq!(numbered.as_bytes(), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = Name::new(format!("{}.csv", "ü".repeat(125))).unwrap();
        let numbered = numbered(&name, 1000);
        let text = std::str::from_utf8(numbered.as_bytes()).unwrap();
        assert!(text.ends_with("ü (1000).csv") && text.len() <= LONGEST, "{text}");
    }

    proptest! {
        #[test]
        fn any_name_can_be_numbered(bytes in proptest::collection::vec(1u8.., 1..=255), number in 2u32..) {
            prop_assume!(Name::new(&bytes).is_ok());
            let name = Name::new(&bytes).unwrap();
            let one = numbered(&name, number);
            prop_assert!(one.as_bytes().len() <= LONGEST);
            let other = numbered(&name, number - 1);
            prop_assert_ne!(one, other);
        }
    }
}
