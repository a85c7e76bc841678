//! What the environment says of the terminal, and what it says itself.

mod shade;

pub use shade::{Shade, shade};

/// Whether colours may be used (<https://no-color.org>).
pub(crate) fn has_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether the terminal is known to show progress in the taskbar; others may take OSC 9;4 for a message to show.
pub(crate) fn has_taskbar() -> bool {
    let is = |name: &str, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    let known = ["WezTerm", "ghostty", "rio"].iter().any(|program| is("TERM_PROGRAM", program));
    known || is("ConEmuANSI", "ON") || std::env::var_os("WT_SESSION").is_some()
}
