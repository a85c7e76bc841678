//! A command line as a shell splits it into words; nothing in it is expanded.

/// The words of a command line: split at blanks, quotes and backslashes as POSIX has them (XCU §2.2).
///
/// # Errors
/// Which quote has no end.
pub fn split(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('\'') => break,
                        Some(letter) => word.push(letter),
                        None => return Err("a ' has no end"),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some('"') => break,
                        Some('\\') => match letters.next() {
                            Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                            Some('\n') => {}
                            Some(other) => word.extend(['\\', other]),
                            None => return Err("a \" has no end"),
                        },
                        Some(letter) => word.push(letter),
                        None => return Err("a \" has no end"),
                    }
                }
            }
            '\\' => match letters.next() {
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => return Err("a \\ stands at the end"),
            },
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_splits_them() {
        for (line, words) in [
            ("vi", &["vi"][..]),
            ("  code   --wait ", &["code", "--wait"]),
            ("'/opt/my editor/bin/e' -n", &["/opt/my editor/bin/e", "-n"]),
            (r#""a \"b\" \c" d\ e"#, &[r#"a "b" \c"#, "d e"]),
            ("e '' \"\"", &["e", "", ""]),
            ("a'b'\"c\"", &["abc"]),
            ("$(touch x); `y`", &["$(touch", "x);", "`y`"]),
            ("", &[]),
        ] {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
        for unfinished in ["'a", "\"a", "a\\", "\"a\\"] {
            assert!(split(unfinished).is_err(), "{unfinished}");
        }
    }
}
