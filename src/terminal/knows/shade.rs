//! Whether the terminal is light or dark: it is asked, once, before the screen is entered.

use std::{env, io, time::Duration};

use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shade {
    /// Dark letters on a light ground.
    Light,
    /// Light letters on a dark ground.
    Dark,
}

/// How long the terminal may take to answer. All but very few answer at once, if only that they do not know; over a long
/// way an answer that came later would be taken for keys.
const AT_HAND: Duration = Duration::from_millis(500);
const FAR_AWAY: Duration = Duration::from_secs(1);

/// The ground of this terminal; `None` where it cannot or need not be known: without colours, or with too few of them
/// to tell themes apart.
pub fn shade() -> Option<Shade> {
    let is_true = |value: &str| matches!(value, "truecolor" | "24bit");
    if !super::has_colours() || !env::var("COLORTERM").is_ok_and(|value| is_true(&value)) {
        return None;
    }
    let told = || env::var("COLORFGBG").ok().and_then(|value| from_environment(&value));
    if has_typed_ahead() {
        // Keys that were typed already would be mixed up with the answer.
        return told();
    }
    let mut options = QueryOptions::default();
    options.timeout = if env::var_os("SSH_CONNECTION").is_some() { FAR_AWAY } else { AT_HAND };
    match theme_mode(options) {
        Ok(ThemeMode::Light) => Some(Shade::Light),
        Ok(ThemeMode::Dark) => Some(Shade::Dark),
        Err(_) => told(),
    }
}

/// `15;0`, `0;default;15`: the last is the ground, a colour of the sixteen.
fn from_environment(value: &str) -> Option<Shade> {
    match value.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Shade::Dark),
        7 | 9..=15 => Some(Shade::Light),
        _ => None,
    }
}

/// Whether something waits to be read. Before the mode is raw only whole lines do, and they are all that matters: a key
/// that is lost is seen to be.
fn has_typed_ahead() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut waiting, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_says_is_read() {
        let read = ["15;0", "0;15", "0;default;15", "7;8", "0;7", "", ";", "x;y", "0;16"];
        let [dark, light] = [Some(Shade::Dark), Some(Shade::Light)];
        let expected = [dark, light, light, dark, light, None, None, None, None];
        assert_eq!(read.map(from_environment), expected);
    }
}
