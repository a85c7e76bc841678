//! What every file keeps to, whichever room it is in.

use super::source::{Source, Word};

/// The longest a file may be.
const LONGEST: usize = 500;

/// Where a test may sleep: the polling helpers, and what plays somebody slow.
const SLEEPERS: &[&str] = &[
    "tests/support.rs",
    "tests/transfers/engine_rig.rs",
    "tests/servers/evil_ftp/transfers.rs",
    "tests/servers/relay.rs",
    "tests/login/reach.rs",
    "tests/demo/line.rs",
];

/// No file is longer than a person reads at once.
pub(super) fn length(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            complaints.push(format!("{}: {lines} lines, more than {LONGEST}", source.path));
        }
    }
    complaints
}

/// Every file opens by saying what the room is for.
pub(super) fn opening(sources: &[Source]) -> Vec<String> {
    let opens = |source: &&Source| !source.text.starts_with("//! ");
    sources
        .iter()
        .filter(opens)
        .map(|source| format!("{}: does not open with a `//!` line", source.path))
        .collect()
}

/// The product does not panic on purpose, and nothing is left for later.
pub(super) fn promises(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        for (row, why) in [
            (&[".", "unwrap", "("][..], "unwrap in the product"),
            (&[".", "expect", "("], "expect in the product"),
            (&["panic", "!"], "panic in the product"),
        ] {
            complaints.extend(found(source, &source.product, row, why));
        }
        for (row, why) in [
            (&["todo", "!"][..], "todo! is a promise, not code"),
            (&["unimplemented", "!"], "unimplemented! is a promise, not code"),
            (&["dbg", "!"], "dbg! left behind"),
            (&["#", "[", "ignore"], "an ignored test is no test"),
        ] {
            complaints.extend(found(source, &source.words, row, why));
        }
    }
    complaints
}

/// Tests wait for something, never for a while; where the clock is a made-up one, nobody waits.
pub(super) fn sleeps(sources: &[Source]) -> Vec<String> {
    let has_own_clock = |source: &Source| source.words.iter().any(|w| w.text == "start_paused");
    let may_sleep = |source: &Source| SLEEPERS.contains(&source.path.as_str());
    sources
        .iter()
        .filter(|source| source.path.starts_with("tests/"))
        .filter(|source| !may_sleep(source))
        .flat_map(|source| {
            let row: &[&str] = match has_own_clock(source) {
                true => &["thread", ":", ":", "sleep"],
                false => &["sleep", "("],
            };
            found(source, &source.words, row, "poll with a deadline instead")
        })
        .collect()
}

fn found(source: &Source, words: &[Word], row: &[&str], why: &str) -> Vec<String> {
    words
        .windows(row.len())
        .filter(|here| here.iter().map(|word| word.text.as_str()).eq(row.iter().copied()))
        .map(|here| format!("{}:{}: {why}", source.path, here[0].line))
        .collect()
}
