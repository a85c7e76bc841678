//! Themes: which colour stands for what. Bold, dim and reverse are not theirs to choose, so that none is unreadable.

use ratatui::style::Color;
use toml::{Table, Value};

/// The themes that come along.
const EMBEDDED: [(&str, &str); 3] = [
    ("default", include_str!("../../assets/themes/default.toml")),
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
];

/// The colours of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    pub(crate) accent: Color,
    pub(crate) directory: Color,
    pub(crate) link: Color,
    pub(crate) marked: Color,
    pub(crate) good: Color,
    pub(crate) bad: Color,
    pub(crate) waiting: Color,
    /// Of texts that are looked into.
    pub(crate) comment: Color,
    pub(crate) string: Color,
    pub(crate) number: Color,
    pub(crate) keyword: Color,
    pub(crate) function: Color,
    pub(crate) r#type: Color,
}

impl Default for Theme {
    /// As `assets/themes/default.toml` has it.
    fn default() -> Self {
        Self {
            accent: Color::Cyan,
            directory: Color::LightBlue,
            link: Color::Cyan,
            marked: Color::Magenta,
            good: Color::Green,
            bad: Color::Red,
            waiting: Color::Magenta,
            comment: Color::DarkGray,
            string: Color::Green,
            number: Color::Cyan,
            keyword: Color::Magenta,
            function: Color::LightBlue,
            r#type: Color::Yellow,
        }
    }
}

impl Theme {
    /// The theme of a name that comes along.
    pub fn embedded(name: &str) -> Option<Self> {
        let (_, text) = EMBEDDED.iter().find(|(known, _)| *known == name)?;
        Self::read(text).ok()
    }

    /// The names of those that come along.
    pub fn names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// Reads a theme's text; what it leaves out is the default's. An error is a sentence without its full stop.
    pub fn read(text: &str) -> Result<Self, String> {
        let table: Table = toml::from_str(text).map_err(|error| {
            let before = |span: std::ops::Range<usize>| text[..span.start].matches('\n').count();
            let line = 1 + error.span().map_or(0, before);
            format!("line {line}: {}", crate::domain::display::escape_text(error.message()))
        })?;
        let mut theme = Self::default();
        for (name, value) in &table {
            let shown = crate::domain::display::escape_text(name);
            let colour = match name.as_str() {
                "accent" => &mut theme.accent,
                "directory" => &mut theme.directory,
                "link" => &mut theme.link,
                "marked" => &mut theme.marked,
                "good" => &mut theme.good,
                "bad" => &mut theme.bad,
                "waiting" => &mut theme.waiting,
                "comment" => &mut theme.comment,
                "string" => &mut theme.string,
                "number" => &mut theme.number,
                "keyword" => &mut theme.keyword,
                "function" => &mut theme.function,
                "type" => &mut theme.r#type,
                _ => return Err(format!("{shown} is no part of a theme")),
            };
            let read = value.as_str().and_then(|word| word.parse().ok());
            let bad = || {
                format!(
                    "{shown} has to be a colour: a name such as \"lightblue\", 0 to 255, or \"#82aaff\""
                )
            };
            let number = value.as_integer().and_then(|number| u8::try_from(number).ok());
            *colour = match value {
                Value::Integer(_) => Color::Indexed(number.ok_or_else(bad)?),
                _ => read.ok_or_else(bad)?,
            };
        }
        Ok(theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_that_comes_along_is_whole() {
        for name in Theme::names() {
            let (_, text) = EMBEDDED.iter().find(|(known, _)| *known == name).unwrap();
            assert!(Theme::read(text).is_ok(), "{name}");
            let table: Table = toml::from_str(text).unwrap();
            assert_eq!(table.len(), 13, "{name} leaves something out");
        }
        assert_eq!(Theme::embedded("default"), Some(Theme::default()));
        assert_ne!(Theme::embedded("light"), Theme::embedded("dark"));
    }

    #[test]
    fn mistakes_in_a_theme_are_told() {
        assert!(Theme::read("accent = \"octarine\"").unwrap_err().starts_with("accent has to be"));
        assert!(Theme::read("accent = 300").unwrap_err().starts_with("accent has to be"));
        assert!(Theme::read("cursor = \"red\"").unwrap_err().starts_with("cursor is no part"));
        assert!(Theme::read("\naccent =").unwrap_err().starts_with("line 2"));
        assert_eq!(Theme::read("bad = 9").unwrap().bad, Color::Indexed(9));
    }
}
