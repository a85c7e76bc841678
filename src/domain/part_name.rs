//! What a part is called: `.NAME.XXXXXXXX.part`, beside its destination. The first letters are its process's mark.

use super::path::Name;

/// Letters of a process's name that go into the names of its parts.
pub const MARK_LETTERS: usize = 5;
/// All letters that tell one part from another.
pub const LETTERS: usize = 8;

/// The longest name common file systems take.
const LONGEST_PART_NAME: usize = 255;
const SUFFIX: &[u8] = b".part";

/// `.NAME.XXXXXXXX.part`, with NAME cut so that the whole is a name file systems take.
pub fn part_name(name: &[u8], letters: [u8; LETTERS]) -> Vec<u8> {
    let room = LONGEST_PART_NAME - (2 + LETTERS + SUFFIX.len());
    let mut end = name.len().min(room);
    // Some servers take only whole UTF-8 characters: do not cut one in two.
    while end < name.len() && end > room - 4 && name[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    let mut part = Vec::with_capacity(LONGEST_PART_NAME);
    part.push(b'.');
    part.extend_from_slice(&name[..end]);
    part.push(b'.');
    part.extend_from_slice(&letters);
    part.extend_from_slice(SUFFIX);
    part
}

/// The mark in a name, if it is a part's.
pub fn mark_of(name: &Name) -> Option<&str> {
    let inner = name.as_bytes().strip_prefix(b".")?.strip_suffix(SUFFIX)?;
    let (name, letters) = inner.split_at_checked(inner.len().checked_sub(LETTERS)?)?;
    let is_part =
        name.len() >= 2 && name.ends_with(b".") && letters.iter().all(u8::is_ascii_alphanumeric);
    let mark = letters.get(..MARK_LETTERS)?;
    std::str::from_utf8(mark).ok().filter(|_| is_part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_names_are_cut_between_characters() {
        let name = "ü".repeat(127);
        let part = part_name(name.as_bytes(), *b"abcd1234");
        assert!(part.len() <= LONGEST_PART_NAME && std::str::from_utf8(&part).is_ok());
    }

    #[test]
    fn only_a_parts_name_has_a_mark() {
        assert_eq!(part_name(b"a.csv", *b"abcd1234"), b".a.csv.abcd1234.part");
        let mark = |name: &str| mark_of(&Name::new(name).unwrap()).map(str::to_owned);
        assert_eq!(mark(".a.csv.abcd1234.part").as_deref(), Some("abcd1"));
        for other in [
            "a.csv.abcd1234.part",
            ".a.csv.abcd123.part",
            ".a.csv.abcd12345.part",
            ".a.csv.abcd-234.part",
            ".abcd1234.part",
            "..abcd1234.part",
            ".a.csv.abcd1234.part2",
            ".part",
        ] {
            assert_eq!(mark(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_name_makes_a_part_name_that_is_known_again(name in proptest::collection::vec(1u8.., 1..600)) {
            prop_assume!(Name::new(&name).is_ok());
            let part = part_name(&name, *b"abcd1234");
            prop_assert!(part.len() <= LONGEST_PART_NAME && part.ends_with(SUFFIX) && part[0] == b'.');
            let part = Name::new(&part).unwrap();
            prop_assert_eq!(mark_of(&part), Some("abcd1"));
        }

        #[test]
        fn any_name_is_looked_at_without_harm(name in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(name) = Name::new(&name) {
                prop_assert!(mark_of(&name).is_none_or(|mark| mark.len() == MARK_LETTERS));
            }
        }
    }
}
