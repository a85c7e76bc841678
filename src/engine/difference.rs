//! What a file and a text that was edited differ in, line by line, within bounds of length and time.

use std::time::Duration;

use bytes::Bytes;
use similar::{Algorithm, ChangeTag, TextDiff};

use super::peek;
use crate::{
    domain::{
        display,
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::Storage,
};

/// Lines around a change.
const AROUND: usize = 3;
/// More lines are only counted.
const MOST_LINES: usize = 5_000;
/// Characters of a line that are shown.
const LONGEST_LINE: usize = 500;
/// After so long a coarser difference has to do.
const PATIENCE: Duration = Duration::from_millis(500);

/// Reads the file, and compares.
pub(super) async fn ask(
    storage: &dyn Storage,
    path: &StoragePath,
    with: Bytes,
) -> Result<Vec<String>> {
    let doing = || format!("compare {path:?} with the copy");
    let refuse = |why: &str| Error::new(ErrorKind::Unsupported, doing(), why);
    let theirs = peek::read(storage, path, 0, u64::from(peek::LONGEST_PIECE) + 1).await?;
    if theirs.len() > peek::LONGEST_PIECE as usize {
        return Err(refuse("it is too long to be compared line by line"));
    }
    if theirs.contains(&0) || with.contains(&0) {
        return Err(refuse("it is no text"));
    }
    let compared = tokio::task::spawn_blocking(move || lines(&theirs, &with));
    compared.await.map_err(|_| Error::new(ErrorKind::Failed, doing(), "comparing broke off"))
}

/// The lines that differ, with some around them.
fn lines(theirs: &[u8], mine: &[u8]) -> Vec<String> {
    if theirs == mine {
        return vec!["There is no difference.".to_owned()];
    }
    // Escaped line by line: what differs looks different, and nothing in it can be obeyed.
    let (theirs, mine) = (shown_lines(theirs), shown_lines(mine));
    let difference = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .timeout(PATIENCE)
        .diff_lines(&theirs, &mine);
    let mut shown = Vec::new();
    for group in difference.grouped_ops(AROUND) {
        if let Some(first) = group.first() {
            let (theirs, mine) = (first.old_range().start + 1, first.new_range().start + 1);
            shown.push(format!("@ line {theirs} on the server, {mine} in your copy"));
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            if shown.len() >= MOST_LINES {
                shown.push("@ and more".to_owned());
                return shown;
            }
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            shown.push(format!("{sign}{}", cut(change.value())));
        }
    }
    shown
}

fn shown_lines(text: &[u8]) -> String {
    let mut shown = String::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => shown.push_str(&display::escape(line)),
            // The last line, where nothing ends it.
            None => shown.push_str(&(display::escape(line) + " (no line end)")),
        }
        shown.push('\n');
    }
    shown
}

fn cut(line: &str) -> String {
    let line = line.trim_end_matches('\n');
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_told_with_their_signs() {
        let theirs = b"one\ntwo\nthree\nfour\nfive\nsix\n";
        let mine = b"one\ntwo\nthree\nfour\nfive\nSIX";
        assert_eq!(
            lines(theirs, mine),
            [
                "@ line 3 on the server, 3 in your copy",
                " three",
                " four",
                " five",
                "-six",
                "+SIX (no line end)",
            ]
        );
        assert_eq!(lines(mine, mine), ["There is no difference."]);
    }

    #[test]
    fn what_a_terminal_could_obey_is_escaped_and_long_lines_are_cut() {
        let told = lines(b"\x1b[2Ja\xff\n", &b"x".repeat(10_000));
        assert!(told.iter().all(|line| !line.contains('\x1b') && line.len() < 2_000), "{told:?}");
    }

    #[test]
    fn a_difference_has_an_end_in_time_and_in_lines() {
        let text = |salt: u32| {
            let line = |number: u32| format!("{}\n", number.wrapping_mul(2_654_435_761) ^ salt);
            (0..90_000).map(line).collect::<String>().into_bytes()
        };
        let began = std::time::Instant::now();
        let told = lines(&text(0), &text(7));
        assert!(told.len() <= MOST_LINES + 2);
        assert!(began.elapsed() < PATIENCE * 20, "{:?}", began.elapsed());
    }
}
