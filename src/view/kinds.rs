//! How kinds of files look: in the colours of `LS_COLORS`, and with icons where they are wanted.

use std::sync::Arc;

use lscolors::{Indicator, LsColors};
use ratatui::style::{Color, Modifier, Style};

use super::icons;
use crate::{
    domain::entry::{Entry, Kind},
    model::is_directory,
};

/// How kinds of files look, beside what the theme says.
#[derive(Debug, Clone, Default)]
pub struct Kinds {
    colours: Option<Arc<LsColors>>,
    icons: bool,
}

impl Kinds {
    /// In the colours of a text like that of `LS_COLORS`; empty text leaves them to the theme.
    pub fn new(ls_colors: &str, icons: bool) -> Self {
        let colours = (!ls_colors.is_empty()).then(|| Arc::new(LsColors::from_string(ls_colors)));
        Self { colours, icons }
    }

    /// The style of an entry's name; `None` leaves it to the theme.
    pub(super) fn style(&self, entry: &Entry) -> Option<Style> {
        let colours = self.colours.as_ref()?;
        let named = || {
            let name = std::str::from_utf8(entry.name.as_bytes()).ok()?;
            colours.style_for_str(name)
        };
        let kind = || colours.style_for_indicator(indicator(entry));
        let is_plain = indicator(entry) == Indicator::RegularFile;
        let found = if is_plain { named().or_else(kind) } else { kind() };
        found.map(translated).filter(|style| *style != Style::new())
    }

    /// The icon of an entry, where icons are wanted.
    pub(super) fn icon(&self, entry: &Entry) -> Option<&'static str> {
        self.icons.then(|| icons::icon(entry))
    }

    /// Cells that icons take in front of names.
    pub(super) fn icon_width(&self) -> u16 {
        if self.icons { 2 } else { 0 }
    }
}

/// What `ls` would take it for; what only a look at the disk tells is left out.
fn indicator(entry: &Entry) -> Indicator {
    let bits = entry.attributes.permissions.unwrap_or(0);
    let has = |wanted: u32| bits & wanted == wanted;
    match entry.attributes.kind {
        Kind::Directory => match (has(0o1000), has(0o002)) {
            (true, true) => Indicator::StickyAndOtherWritable,
            (false, true) => Indicator::OtherWritable,
            (true, false) => Indicator::Sticky,
            (false, false) => Indicator::Directory,
        },
        Kind::Symlink if is_directory(entry) => Indicator::SymbolicLink,
        Kind::Symlink => Indicator::SymbolicLink,
        Kind::Other => Indicator::FIFO,
        Kind::File if has(0o4000) => Indicator::Setuid,
        Kind::File if has(0o2000) => Indicator::Setgid,
        Kind::File if bits & 0o111 != 0 => Indicator::ExecutableFile,
        Kind::File => Indicator::RegularFile,
    }
}

/// Its foreground and weight. Backgrounds are left out: the cursor and what is marked have to be seen over them.
fn translated(style: &lscolors::Style) -> Style {
    let font = &style.font_style;
    let mut own = Style::new();
    own.fg = style.foreground.map(colour);
    for (set, modifier) in [
        (font.bold, Modifier::BOLD),
        (font.dimmed, Modifier::DIM),
        (font.italic, Modifier::ITALIC),
        (font.underline, Modifier::UNDERLINED),
        (font.strikethrough, Modifier::CROSSED_OUT),
    ] {
        if set {
            own = own.add_modifier(modifier);
        }
    }
    own
}

fn colour(colour: lscolors::Color) -> Color {
    use lscolors::Color as Ls;
    match colour {
        Ls::Black => Color::Black,
        Ls::Red => Color::Red,
        Ls::Green => Color::Green,
        Ls::Yellow => Color::Yellow,
        Ls::Blue => Color::Blue,
        Ls::Magenta => Color::Magenta,
        Ls::Cyan => Color::Cyan,
        Ls::White => Color::Gray,
        Ls::BrightBlack => Color::DarkGray,
        Ls::BrightRed => Color::LightRed,
        Ls::BrightGreen => Color::LightGreen,
        Ls::BrightYellow => Color::LightYellow,
        Ls::BrightBlue => Color::LightBlue,
        Ls::BrightMagenta => Color::LightMagenta,
        Ls::BrightCyan => Color::LightCyan,
        Ls::BrightWhite => Color::White,
        Ls::Fixed(number) => Color::Indexed(number),
        Ls::RGB(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{entry::Attributes, path::Name};

    fn style(kinds: &Kinds, name: &str, kind: Kind, permissions: u32) -> Option<Style> {
        let attributes = Attributes { permissions: Some(permissions), ..Attributes::of_kind(kind) };
        kinds.style(&Entry { name: Name::new(name).unwrap(), attributes, leads_to: None })
    }

    #[test]
    fn files_are_coloured_by_kind_and_by_ending() {
        let kinds =
            Kinds::new("di=01;34:ow=34;42:ex=00;32:*.gz=38;5;9:*.rs=38;2;1;2;3:fi=0", false);
        let plain = |colour| Some(Style::new().fg(colour));
        let bold = |colour| Some(Style::new().fg(colour).add_modifier(Modifier::BOLD));
        assert_eq!(style(&kinds, "d", Kind::Directory, 0o755), bold(Color::Blue));
        assert_eq!(style(&kinds, "d", Kind::Directory, 0o777), plain(Color::Blue));
        assert_eq!(style(&kinds, "a.tar.gz", Kind::File, 0o644), plain(Color::Indexed(9)));
        assert_eq!(style(&kinds, "a.rs", Kind::File, 0o644), plain(Color::Rgb(1, 2, 3)));
        assert_eq!(style(&kinds, "a.rs", Kind::File, 0o755), plain(Color::Green));
        assert_eq!(style(&kinds, "a.txt", Kind::File, 0o644), None);
    }

    #[test]
    fn without_them_the_theme_has_its_way() {
        let kinds = Kinds::new("", false);
        assert_eq!(style(&kinds, "d", Kind::Directory, 0o755), None);
        assert_eq!(kinds.icon_width(), 0);
    }

    #[test]
    fn nonsense_colours_nothing() {
        let kinds = Kinds::new("di=:x=\u{1b}[2J:*=:::ex=999", false);
        assert_eq!(style(&kinds, "a", Kind::File, 0o755), None);
        // A link that looks as what it leads to is left to the theme.
        let kinds = Kinds::new("ln=target", false);
        assert_eq!(style(&kinds, "a", Kind::Symlink, 0o777), None);
    }
}
