//! A dialog: words, fields, buttons. What it is for is its purpose; how it is edited is the same for all.

use secrecy::SecretString;
use tui_input::Input;

use crate::domain::entry::Attributes;

use super::{action::Action, editing, purpose::Purpose};

/// One dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) purpose: Purpose,
    pub(crate) title: String,
    pub(crate) words: Vec<Words>,
    pub(crate) fields: Vec<Field>,
    pub(crate) buttons: Vec<Button>,
    /// The field under the cursor, or, counted on from the fields, the button.
    pub(crate) focus: usize,
    /// Rows the text is pulled down, to read what does not fit above the focus.
    pub(crate) lifted: usize,
    /// Why it could not be accepted as it stands.
    pub(crate) problem: Option<String>,
    /// Whether accepting destroys something or trusts someone.
    pub(crate) grave: bool,
}

/// A line of a dialog's text, before it is wrapped.
#[derive(Debug, Clone)]
pub(crate) enum Words {
    Plain(String),
    Strong(String),
    Soft(String),
    Blank,
    /// A file's size and time, set in columns.
    File {
        label: &'static str,
        attributes: Attributes,
    },
    /// A place that was opened, in columns: as it is typed, its address, and when, in seconds since 1970.
    Recent {
        typed: String,
        address: String,
        at: i64,
    },
}

/// Something to fill in.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) label: String,
    pub(crate) value: Value,
    /// It means nothing as the others stand: neither seen nor reached, and what is in it waits.
    pub(crate) hidden: bool,
    /// Nobody has touched its text yet: what is typed takes the place of all of it.
    pub(crate) untouched: bool,
}

/// What a field holds.
#[derive(Debug)]
pub(crate) enum Value {
    Text(Input),
    Secret(Secret),
    Choice { options: &'static [&'static str], chosen: usize },
    Check(bool),
}

/// A secret while it is typed: never shown, wiped when dropped.
pub(crate) struct Secret(secrecy::zeroize::Zeroizing<String>);

/// Longer secrets are not taken: the buffer must not grow, for growing leaves copies behind.
const LONGEST_SECRET: usize = 1_024;

impl Secret {
    pub(crate) fn new() -> Self {
        Self(secrecy::zeroize::Zeroizing::new(String::with_capacity(LONGEST_SECRET)))
    }

    /// How many characters were typed.
    pub(crate) fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// At its end only: where one is in what is not seen, nobody knows.
    fn edit(&mut self, action: Action) {
        match action {
            Action::Type(c) if self.0.len() + c.len_utf8() <= LONGEST_SECRET => self.0.push(c),
            Action::DeleteBack => {
                self.0.pop();
            }
            Action::ClearLine | Action::DeleteWord => *self = Self::new(),
            _ => {}
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A button.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Button {
    pub(crate) label: &'static str,
    /// The letter that leads to it.
    pub(crate) letter: char,
    /// Whether the letter presses it, or only goes there.
    pub(crate) at_once: bool,
    pub(crate) press: Press,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Press {
    Accept,
    Leave,
    /// The answer of this number, for dialogs with more than one.
    Pick(usize),
}

impl Button {
    pub(crate) fn accept(label: &'static str, letter: char) -> Self {
        Self { label, letter, at_once: true, press: Press::Accept }
    }

    /// One whose letter only leads to it: for what comes up by itself, under the fingers of someone who types.
    pub(crate) fn agree(label: &'static str, letter: char) -> Self {
        Self { at_once: false, ..Self::accept(label, letter) }
    }

    pub(crate) fn leave(label: &'static str, letter: char) -> Self {
        Self { label, letter, at_once: true, press: Press::Leave }
    }
}

impl Field {
    fn new(label: impl Into<String>, value: Value) -> Self {
        Self { label: label.into(), value, hidden: false, untouched: false }
    }

    /// A text that is there to be taken, or to be typed over.
    pub(crate) fn offered(label: &str, value: impl Into<String>) -> Self {
        Self { untouched: true, ..Self::text(label, value) }
    }

    pub(crate) fn text(label: &str, value: impl Into<String>) -> Self {
        Self::new(label, Value::Text(Input::new(value.into())))
    }

    pub(crate) fn secret(label: impl Into<String>) -> Self {
        Self::new(label, Value::Secret(Secret::new()))
    }

    pub(crate) fn choice(label: &str, options: &'static [&'static str], chosen: usize) -> Self {
        Self::new(label, Value::Choice { options, chosen })
    }

    pub(crate) fn check(label: &str, value: bool) -> Self {
        Self::new(label, Value::Check(value))
    }
}

impl Dialog {
    /// A dialog whose focus is on its first field, or, without fields, on the last button, which should be the
    /// harmless one.
    pub(crate) fn new(purpose: Purpose, title: impl Into<String>) -> Self {
        Self {
            purpose,
            title: title.into(),
            words: Vec::new(),
            fields: Vec::new(),
            buttons: Vec::new(),
            focus: 0,
            lifted: 0,
            problem: None,
            grave: false,
        }
    }

    pub(crate) fn focused_field(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    pub(crate) fn focused_button(&self) -> Option<&Button> {
        self.buttons.get(self.focus.checked_sub(self.fields.len())?)
    }

    /// Whether characters go into a field.
    pub(crate) fn takes_text(&self) -> bool {
        matches!(self.focused_field(), Some(Field { value: Value::Text(_) | Value::Secret(_), .. }))
    }

    /// The text of a field.
    pub(crate) fn text(&self, field: usize) -> &str {
        match self.fields.get(field) {
            Some(Field { value: Value::Text(input), .. }) => input.value(),
            _ => "",
        }
    }

    /// The number chosen in a field.
    pub(crate) fn chosen(&self, field: usize) -> usize {
        match self.fields.get(field) {
            Some(Field { value: Value::Choice { chosen, .. }, .. }) => *chosen,
            _ => 0,
        }
    }

    /// Whether a field is checked.
    pub(crate) fn checked(&self, field: usize) -> bool {
        matches!(self.fields.get(field), Some(Field { value: Value::Check(true), .. }))
    }

    /// What was typed, all fields that take text.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let texts = self.fields.iter().filter_map(|field| match &field.value {
            Value::Text(input) => Some(SecretString::from(input.value())),
            Value::Secret(secret) => Some(SecretString::from(secret.0.as_str())),
            _ => None,
        });
        texts.collect()
    }

    /// Edits, or moves within the dialog. What was pressed, if that is what it came to.
    pub(crate) fn act(&mut self, action: Action) -> Option<Press> {
        if !matches!(action, Action::Accept) {
            self.problem = None;
        }
        match action {
            Action::PageUp => {
                self.lifted += 1;
                return None;
            }
            Action::PageDown => {
                self.lifted = self.lifted.saturating_sub(1);
                return None;
            }
            _ => self.lifted = 0,
        }
        match action {
            Action::Close | Action::Interrupt => return Some(Press::Leave),
            Action::Accept => {
                return Some(self.focused_button().map_or(Press::Accept, |button| button.press));
            }
            Action::Next | Action::Down => self.step(1),
            Action::Previous | Action::Up => self.step(-1),
            Action::Type(c) if !self.takes_text() => return self.letter(c),
            Action::Toggle if self.takes_text() => self.edit(Action::Type(' ')),
            Action::Left if !self.takes_text() => self.sideways(-1),
            Action::Right if !self.takes_text() => self.sideways(1),
            Action::Toggle => {
                if let Some(button) = self.focused_button() {
                    return Some(button.press);
                }
                self.sideways(1);
            }
            other => self.edit(other),
        }
        None
    }

    fn places(&self) -> usize {
        self.fields.len() + self.buttons.len()
    }

    fn step(&mut self, by: isize) {
        let places = self.places();
        for _ in 0..places {
            self.focus = (self.focus as isize + by).rem_euclid(places as isize) as usize;
            if !self.focused_field().is_some_and(|field| field.hidden) {
                return;
            }
        }
    }

    /// Chooses an option of a choice.
    pub(crate) fn choose(&mut self, field: usize, option: usize) {
        if let Some(Value::Choice { chosen, .. }) =
            self.fields.get_mut(field).map(|field| &mut field.value)
        {
            *chosen = option;
        }
    }

    fn sideways(&mut self, by: isize) {
        match self.fields.get_mut(self.focus).map(|field| &mut field.value) {
            Some(Value::Choice { options, chosen }) if !options.is_empty() => {
                *chosen = (*chosen as isize + by).rem_euclid(options.len() as isize) as usize;
            }
            Some(Value::Check(checked)) => *checked = !*checked,
            Some(_) => {}
            None => {
                let next = self.focus.saturating_add_signed(by);
                self.focus = next.clamp(self.fields.len(), self.places().saturating_sub(1));
            }
        }
    }

    fn letter(&mut self, c: char) -> Option<Press> {
        let c = c.to_ascii_lowercase();
        let at = self.buttons.iter().position(|button| button.letter == c)?;
        self.focus = self.fields.len() + at;
        let button = self.buttons[at];
        button.at_once.then_some(button.press)
    }

    fn edit(&mut self, action: Action) {
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        let untouched = std::mem::take(&mut field.untouched);
        match &mut field.value {
            Value::Text(input) => {
                let types = matches!(action, Action::Type(_));
                if untouched
                    && (types || matches!(action, Action::DeleteBack | Action::DeleteForward))
                {
                    input.reset();
                }
                editing::edit(input, action);
            }
            Value::Secret(secret) => secret.edit(action),
            _ => {}
        }
    }

    /// Text pasted into a field: one line of it, without what a terminal could obey.
    pub(crate) fn paste(&mut self, pasted: &str) {
        let line = pasted.trim_end_matches(['\r', '\n']);
        for c in line.chars().filter(|c| !c.is_control()).take(4_096) {
            self.edit(Action::Type(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_typed_over_until_it_is_touched() {
        let typed_into = |field, actions: &[Action]| {
            let purpose = Purpose::Connect { side: super::super::Side::Left, begun: String::new() };
            let mut dialog = Dialog::new(purpose, "");
            dialog.fields = vec![field];
            for action in actions {
                assert_eq!(dialog.act(*action), None);
            }
            dialog.text(0).to_owned()
        };
        let offered = || Field::offered("Place", "/home");
        let letters = [Action::Type('h'), Action::Type('i')];
        assert_eq!(typed_into(offered(), &letters), "hi");
        assert_eq!(typed_into(offered(), &[Action::DeleteBack]), "");
        assert_eq!(typed_into(offered(), &[Action::LineEnd, Action::Type('/')]), "/home/");
        assert_eq!(typed_into(offered(), &[]), "/home");
        assert_eq!(typed_into(Field::text("Place", "/home"), &letters), "/homehi");
    }
}
