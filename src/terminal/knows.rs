//! What the environment says of the terminal, and what it says itself.

mod shade;

pub use shade::{Shade, shade};

use crate::domain::picture::{Canvas, Graphics};

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

/// What pictures are drawn on. A terminal is asked nothing: its answer would come among the keys.
pub(crate) fn canvas() -> Canvas {
    let size = crossterm::terminal::window_size().ok();
    let cell = size.and_then(|size| {
        let cell = (size.width.checked_div(size.columns)?, size.height.checked_div(size.rows)?);
        (cell.0 > 0 && cell.1 > 0).then_some(cell)
    });
    match cell {
        Some(cell) => {
            let set = |name: &str| std::env::var(name).unwrap_or_default();
            Canvas { graphics: graphics(&set), cell }
        }
        // Without the size of a cell only halves of cells can be coloured.
        None => Canvas::default(),
    }
}

/// How the terminal that these variables tell of shows pictures.
fn graphics(set: &impl Fn(&str) -> String) -> Graphics {
    let (term, program) = (set("TERM"), set("TERM_PROGRAM"));
    // What stands between keeps pictures from the terminal.
    if term.starts_with("tmux") || term.starts_with("screen") || program == "tmux" {
        return Graphics::Halves;
    }
    let is_one_of = |names: &[&str]| names.iter().any(|name| program.contains(name));
    match () {
        () if term.contains("kitty") || term.contains("ghostty") => Graphics::Kitty,
        () if is_one_of(&["iTerm", "WezTerm", "mintty"]) => Graphics::Iterm,
        () if set("LC_TERMINAL").contains("iTerm") => Graphics::Iterm,
        () if term.starts_with("foot") || term.starts_with("mlterm") => Graphics::Sixel,
        () => Graphics::Halves,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_drawn_as_the_terminal_can_and_never_through_a_multiplexer() {
        let of = |term: &'static str, program: &'static str| {
            graphics(&|name: &str| {
                match name {
                    "TERM" => term,
                    "TERM_PROGRAM" => program,
                    _ => "",
                }
                .to_owned()
            })
        };
        assert_eq!(of("xterm-kitty", ""), Graphics::Kitty);
        assert_eq!(of("xterm-256color", "WezTerm"), Graphics::Iterm);
        assert_eq!(of("foot", ""), Graphics::Sixel);
        assert_eq!(of("xterm-256color", ""), Graphics::Halves);
        assert_eq!(of("tmux-256color", "WezTerm"), Graphics::Halves);
    }
}
