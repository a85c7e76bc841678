//! The program's answers to one batch of names, line by line, and what they say of each name.

use crate::domain::digest::Sha256;

/// What is known of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Digest(Sha256),
    /// Too large to go with others.
    Large,
    NotFound,
    NotAFile,
    NotReadable,
    /// The tool did not give as many digests as it was given names: no telling which is whose.
    Unclear,
}

/// A line that cannot be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

/// Collects the answers to one batch.
#[derive(Debug)]
pub(super) struct Answers {
    names: usize,
    /// What was said of each name; `None` stands for a file that is hashed.
    said: Vec<Option<Answer>>,
    /// What the tool said of those that are; `None` stands for a line without a digest.
    digests: Vec<Option<Sha256>>,
}

impl Answers {
    pub(super) fn to(names: usize) -> Self {
        Self { names, said: Vec::with_capacity(names), digests: Vec::new() }
    }

    /// Takes the next line. After the last: an answer for each name, in their order.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<Option<Vec<Answer>>, Nonsense> {
        if self.said.len() < self.names {
            self.said.push(match line {
                b"+" => None,
                b"L" => Some(Answer::Large),
                b"N" => Some(Answer::NotFound),
                b"F" => Some(Answer::NotAFile),
                b"P" => Some(Answer::NotReadable),
                _ => return Err(Nonsense),
            });
            return Ok(None);
        }
        let Some(status) = line.strip_prefix(b". ") else {
            if self.digests.len() == self.names {
                return Err(Nonsense);
            }
            self.digests.push(digest_in(line));
            return Ok(None);
        };
        let hashed = self.said.iter().filter(|said| said.is_none()).count();
        let is_clear = status == b"0" && self.digests.len() == hashed;
        let mut digests = self.digests.iter().filter(|_| is_clear);
        let answer = |said: &Option<Answer>| match said {
            Some(answer) => *answer,
            None => digests.next().copied().flatten().map_or(Answer::Unclear, Answer::Digest),
        };
        let answers: Vec<Answer> = self.said.iter().map(answer).collect();
        Ok(Some(answers))
    }
}

/// `DIGEST`, `DIGEST  NAME`, `DIGEST *NAME`, and with a backslash before it where the tool has escaped the name.
fn digest_in(line: &[u8]) -> Option<Sha256> {
    let line = line.strip_prefix(b"\\").unwrap_or(line);
    let word = line.split(|byte| byte.is_ascii_whitespace()).next()?;
    Sha256::from_hex(std::str::from_utf8(word).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const OTHER: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn digest(hex: &str) -> Answer {
        Answer::Digest(Sha256::from_hex(hex).unwrap())
    }

    fn all(names: usize, lines: &[&str]) -> Result<Option<Vec<Answer>>, Nonsense> {
        let mut answers = Answers::to(names);
        let (last, before) = lines.split_last().unwrap();
        for line in before {
            assert_eq!(answers.take(line.as_bytes())?, None);
        }
        answers.take(last.as_bytes())
    }

    #[test]
    fn answers_of_every_tool_are_understood() {
        for tail in ["  -", "", " *stdin", "  /a b", " */a", " /a"] {
            let line = format!("{HEX}{tail}");
            assert_eq!(all(1, &["+", &line, ". 0"]), Ok(Some(vec![digest(HEX)])));
        }
        let escaped = format!("\\{HEX}  /a\\\\b");
        assert_eq!(all(1, &["+", &escaped, ". 0"]), Ok(Some(vec![digest(HEX)])));
    }

    #[test]
    fn digests_belong_to_the_names_that_were_hashed_in_their_order() {
        let answers = all(6, &["N", "+", "L", "F", "+", "P", HEX, OTHER, ". 0"]);
        let expected = [
            Answer::NotFound,
            digest(HEX),
            Answer::Large,
            Answer::NotAFile,
            digest(OTHER),
            Answer::NotReadable,
        ];
        assert_eq!(answers, Ok(Some(expected.to_vec())));
        assert_eq!(all(1, &["N", ". 0"]), Ok(Some(vec![Answer::NotFound])));
    }

    /// One that vanished between the look at it and the tool must not shift its neighbours' digests.
    #[test]
    fn no_digest_is_given_to_a_name_that_may_not_be_its_own() {
        let unclear = Ok(Some(vec![Answer::Unclear, Answer::Unclear]));
        assert_eq!(all(2, &["+", "+", HEX, ". 1"]), unclear);
        assert_eq!(all(2, &["+", "+", HEX, ". 0"]), unclear);
        assert_eq!(all(2, &["+", "+", HEX, OTHER, ". 1"]), unclear);
        assert_eq!(all(2, &["+", "+", ". 143"]), unclear);
        // A line more than there were files, a line that is no digest.
        assert_eq!(
            all(2, &["+", "N", HEX, OTHER, ". 0"]),
            Ok(Some(vec![Answer::Unclear, Answer::NotFound]))
        );
        for line in ["", "abc", "\u{fffd}", &HEX[1..]] {
            assert_eq!(all(1, &["+", line, ". 0"]), Ok(Some(vec![Answer::Unclear])), "{line:?}");
        }
    }

    #[test]
    fn what_the_program_never_says_is_nonsense() {
        for line in ["", "D", "++", "N ", ".", ". 0", HEX] {
            assert_eq!(all(1, &[line]), Err(Nonsense), "{line:?}");
        }
        assert_eq!(all(1, &["+", HEX, HEX]), Err(Nonsense));
    }
}
