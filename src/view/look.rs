//! Colours and signs: what a theme chooses, and what stays the same in all.

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};

use super::{kinds::Kinds, picture::Shown, theme::Theme};
use crate::{
    domain::{columns::Columns, ink::Ink, saved::Colour},
    keymap::Keymap,
    model::Outcome,
};

/// How things look on this terminal, and in which time zone times are told.
#[derive(Debug, Clone)]
pub struct Look {
    /// Whether colours may be used; else bold, reverse and signs alone tell things apart.
    pub colours: bool,
    /// The zone of the times shown.
    pub zone: TimeZone,
    /// The keys, for footer and help.
    pub keys: Arc<Keymap>,
    /// Which colour stands for what.
    pub theme: Theme,
    /// How kinds of files look.
    pub kinds: Kinds,
    /// The columns of panes.
    pub columns: Columns,
    /// The picture that was made last.
    pub picture: Shown,
}

impl Look {
    fn coloured(&self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// Secondary text.
    pub(crate) fn soft(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub(crate) fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The frame of what has the focus.
    pub(crate) fn accent(&self) -> Style {
        self.coloured(self.theme.accent)
    }

    /// The title of what has the focus.
    pub(crate) fn title(&self) -> Style {
        self.accent().add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    pub(crate) fn directory(&self) -> Style {
        self.coloured(self.theme.directory).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn link(&self) -> Style {
        self.coloured(self.theme.link)
    }

    pub(crate) fn marked(&self) -> Style {
        self.coloured(self.theme.marked).add_modifier(Modifier::BOLD)
    }

    pub(crate) fn good(&self) -> Style {
        self.coloured(self.theme.good)
    }

    pub(crate) fn bad(&self) -> Style {
        self.coloured(self.theme.bad).add_modifier(Modifier::BOLD)
    }

    /// What waits: retries, questions.
    pub(crate) fn waiting(&self) -> Style {
        self.coloured(self.theme.waiting)
    }

    /// The row under the cursor of what has the focus: of one colour, for reversed colours and dimmed parts look
    /// like patches.
    pub(crate) fn cursor(&self) -> Style {
        let colour = if self.colours { self.theme.accent } else { Color::Reset };
        Style::new().fg(colour).add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM)
    }

    /// The same row while something else takes the keys.
    pub(crate) fn cursor_at_rest(&self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// The folder or pane that would take what is carried.
    pub(crate) fn landing(&self) -> Style {
        self.good().add_modifier(Modifier::BOLD)
    }

    /// The label of what is carried, to be copied or to be moved.
    pub(crate) fn carried(&self, moves: bool) -> Style {
        let style = if moves { self.waiting() } else { self.good() };
        style.add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// The label of what cannot be put down here.
    pub(crate) fn refused(&self) -> Style {
        self.bad().add_modifier(Modifier::REVERSED)
    }

    /// A field that is filled in.
    pub(crate) fn field(&self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }

    /// The colour a site was given.
    pub(crate) fn site(&self, colour: Colour) -> Style {
        self.coloured(match colour {
            Colour::Red => Color::Red,
            Colour::Yellow => Color::Yellow,
            Colour::Green => Color::Green,
            Colour::Blue => Color::LightBlue,
            Colour::Magenta => Color::Magenta,
        })
    }

    /// A piece of a text that is looked into.
    pub(crate) fn ink(&self, ink: Ink) -> Style {
        let theme = &self.theme;
        match ink {
            Ink::Plain => Style::new(),
            Ink::Comment => self.coloured(theme.comment),
            Ink::Text => self.coloured(theme.string),
            Ink::Number => self.coloured(theme.number),
            Ink::Keyword => self.coloured(theme.keyword),
            Ink::Function => self.coloured(theme.function),
            Ink::Type => self.coloured(theme.r#type),
            Ink::Heading => self.accent().add_modifier(Modifier::BOLD),
        }
    }

    pub(crate) fn outcome(&self, outcome: Outcome) -> Style {
        match outcome {
            Outcome::Good => self.good(),
            Outcome::Plain => Style::new(),
            Outcome::Bad => self.bad(),
        }
    }
}
