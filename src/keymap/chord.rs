//! A key with what is held down beside it, and its name.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use KeyCode::{
    BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Insert, Left, PageDown, PageUp, Right,
    Tab, Up,
};

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chord {
    pub(super) code: KeyCode,
    pub(super) control: bool,
    pub(super) alt: bool,
}

pub(super) const fn key(c: char) -> Chord {
    Chord { code: KeyCode::Char(c), control: false, alt: false }
}

pub(super) const fn control(c: char) -> Chord {
    Chord { code: KeyCode::Char(c), control: true, alt: false }
}

pub(super) const fn f(number: u8) -> Chord {
    Chord { code: KeyCode::F(number), control: false, alt: false }
}

/// With Shift: terminals say so, or send the key that is twelve further, as keyboards once had.
pub(super) const fn shift_f(number: u8) -> Chord {
    f(number + SHIFTED)
}

pub(super) const fn alt(code: KeyCode) -> Chord {
    Chord { code, control: false, alt: true }
}

pub(super) const fn control_code(code: KeyCode) -> Chord {
    Chord { code, control: true, alt: false }
}

pub(super) const fn code(code: KeyCode) -> Chord {
    Chord { code, control: false, alt: false }
}

/// So much further lies a function key with Shift.
const SHIFTED: u8 = 12;

/// Names of keys that are no characters: as shown, and as typed where that differs.
const NAMED: [(KeyCode, &str, &str); 16] = [
    (KeyCode::Char(' '), "Space", "Space"),
    (Up, "↑", "Up"),
    (Down, "↓", "Down"),
    (Left, "←", "Left"),
    (Right, "→", "Right"),
    (PageUp, "PgUp", "PgUp"),
    (PageDown, "PgDn", "PgDn"),
    (Backspace, "Backspace", "Backspace"),
    (Delete, "Del", "Del"),
    (Insert, "Ins", "Ins"),
    (Home, "Home", "Home"),
    (End, "End", "End"),
    (Enter, "Enter", "Enter"),
    (Esc, "Esc", "Esc"),
    (Tab, "Tab", "Tab"),
    (BackTab, "Shift-Tab", "Shift-Tab"),
];

impl Chord {
    /// What was pressed. Shift is part of the character; for other keys it is told apart by their codes.
    pub(super) fn pressed(event: KeyEvent) -> Self {
        let held = |key| event.modifiers.contains(key);
        let code = match event.code {
            KeyCode::F(number) if held(KeyModifiers::SHIFT) && number <= SHIFTED => {
                KeyCode::F(number + SHIFTED)
            }
            code => code,
        };
        Self { code, control: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT) }
    }

    /// What stands on the key.
    pub(super) fn name(self) -> String {
        let named = NAMED.iter().find(|(code, ..)| *code == self.code);
        let name = match (named, self.code) {
            (Some((_, name, _)), _) => (*name).to_owned(),
            (None, KeyCode::Char(c)) if self.control => c.to_ascii_uppercase().to_string(),
            (None, KeyCode::Char(c)) => c.to_string(),
            (None, KeyCode::F(number)) if number > SHIFTED => {
                format!("Shift-F{}", number - SHIFTED)
            }
            (None, KeyCode::F(number)) => format!("F{number}"),
            (None, other) => format!("{other:?}"),
        };
        match (self.control, self.alt) {
            (true, _) => format!("Ctrl-{name}"),
            (false, true) => format!("Alt-{name}"),
            (false, false) => name,
        }
    }

    /// The key of a name, as a person types it: `F5`, `Ctrl-X`, `Space`, `g`.
    pub(super) fn read(name: &str) -> Option<Self> {
        let held = |held: &str| name.strip_prefix(held).filter(|rest| !rest.is_empty());
        let (name, control, alt) = match (held("Ctrl-"), held("Alt-")) {
            (Some(rest), _) => (rest, true, false),
            (None, Some(rest)) => (rest, false, true),
            (None, None) => (name, false, false),
        };
        let named = NAMED.iter().find(|(_, shown, typed)| *shown == name || *typed == name);
        let mut characters = name.chars();
        let code = match (named, characters.next(), characters.as_str()) {
            (Some((code, ..)), ..) => *code,
            (None, Some(c), "") if control => KeyCode::Char(c.to_ascii_lowercase()),
            (None, Some(c), "") => KeyCode::Char(c),
            (None, Some('S'), rest) if rest.starts_with("hift-F") => {
                let number = rest.strip_prefix("hift-F").and_then(|number| number.parse().ok());
                KeyCode::F(number.filter(|number| (1..=SHIFTED).contains(number))? + SHIFTED)
            }
            (None, Some('F'), number) => {
                KeyCode::F(number.parse().ok().filter(|number| (1..=24).contains(number))?)
            }
            _ => return None,
        };
        Some(Self { code, control, alt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for chord in [
            key('g'),
            key('G'),
            key(' '),
            control('x'),
            alt(Left),
            f(12),
            shift_f(8),
            code(Up),
            code(BackTab),
        ] {
            assert_eq!(Chord::read(&chord.name()), Some(chord), "{}", chord.name());
        }
        assert_eq!(Chord::read("Up"), Some(code(Up)));
        for bad in ["", "F0", "F99", "Shift-F13", "Shift-x", "Hyper-x", "gg", "Ctrl-"] {
            assert_eq!(Chord::read(bad), None, "{bad}");
        }
    }
}
