//! The dialog for permissions: octal digits and boxes that say the same.

use crate::{
    domain::{display, entry::Kind},
    engine::message::Modes,
};

use super::{
    dialog::{Button, Dialog, Field, Value, Words},
    forms,
    pane::Pane,
    purpose::Purpose,
};

/// Numbers of the fields.
const OCTAL: usize = 0;
const BOXES: std::ops::Range<usize> = 1..10;
const INSIDE: usize = 10;
const FOLDERS: usize = 11;

const WORDS: [&str; 9] = [
    "owner reads",
    "owner writes",
    "owner runs, or enters",
    "group reads",
    "group writes",
    "group runs, or enters",
    "others read",
    "others write",
    "others run, or enter",
];

/// The bit of a box.
fn bit(number: usize) -> u32 {
    0o400 >> number
}

/// Who may read what may be listed.
fn folders_like(mode: u32) -> u32 {
    mode | (mode & 0o444) >> 2
}

/// The dialog about what is chosen in a pane.
pub(crate) fn dialog(pane: &Pane) -> Option<Dialog> {
    let chosen = pane.chosen();
    let first = chosen.first()?;
    let mode = first.attributes.permissions.unwrap_or(0o644) & 0o7777;
    let has_directory = chosen.iter().any(|entry| entry.attributes.kind == Kind::Directory);
    let what = match chosen.as_slice() {
        [only] => display::escape(only.name.as_bytes()),
        several => super::text::entries(several.len() as u64),
    };
    let from = pane.endpoint().clone();
    let sources = forms::paths(pane, &chosen);
    let mut dialog = Dialog::new(Purpose::Modes { from, sources }, "Permissions");
    dialog.words = vec![Words::Strong(what), Words::Soft(format!("in {}", pane.location))];
    dialog.fields.push(Field::text("Octal", octal(mode)));
    for (number, words) in WORDS.iter().enumerate() {
        dialog.fields.push(Field::check(words, mode & bit(number) != 0));
    }
    if has_directory {
        // What opens a directory makes a file a program: inside, files get no more than they can be read by.
        let all_in_it = Field::check("all inside too; folders inside and these get", false);
        dialog.fields.push(all_in_it);
        dialog.fields.push(Field::text("Folders", octal(folders_like(mode))));
    }
    dialog.buttons = vec![Button::accept("Set", 's'), Button::leave("Cancel", 'n')];
    Some(dialog)
}

fn octal(mode: u32) -> String {
    if mode > 0o777 { format!("{mode:04o}") } else { format!("{mode:03o}") }
}

fn read(text: &str) -> Option<u32> {
    let digits = text.trim();
    let fits = (3..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(digits, 8).ok().filter(|mode| fits && *mode <= 0o7777)
}

/// Boxes follow digits, and digits follow boxes, whichever was changed.
pub(crate) fn agree(dialog: &mut Dialog) {
    if !matches!(dialog.purpose, Purpose::Modes { .. }) {
        return;
    }
    let typed = read(dialog.text(OCTAL));
    if dialog.focus == OCTAL {
        if let Some(mode) = typed {
            for (number, at) in BOXES.enumerate() {
                dialog.fields[at].value = Value::Check(mode & bit(number) != 0);
            }
        }
    } else if BOXES.contains(&dialog.focus) {
        let special = typed.unwrap_or(0) & 0o7000;
        let boxes = BOXES.enumerate().filter(|(_, at)| dialog.checked(*at));
        let mode = boxes.fold(special, |mode, (number, _)| mode | bit(number));
        if Some(mode) != typed {
            dialog.fields[OCTAL].value = Value::Text(octal(mode).into());
        }
    }
}

/// What the dialog asks for, and whether of all that lies inside.
pub(crate) fn wanted(dialog: &Dialog) -> Result<(Modes, bool), String> {
    let wrong = |what: &str| format!("{what} are three or four octal digits, such as 640 or 0755.");
    let files = read(dialog.text(OCTAL)).ok_or_else(|| wrong("Permissions"))?;
    let recursive = dialog.checked(INSIDE);
    let folders = match recursive {
        true => read(dialog.text(FOLDERS)).ok_or_else(|| wrong("Those of folders"))?,
        false => files,
    };
    Ok((Modes { files, folders }, recursive))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_people_write_them() {
        assert_eq!(read("640"), Some(0o640));
        assert_eq!(read(" 4755 "), Some(0o4755));
        for wrong in ["", "64", "888", "64o", "77777", "-40", "+40"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!((octal(0o40), octal(0o2750)), ("040".into(), "2750".into()));
    }

    #[test]
    fn folders_can_be_entered_by_who_reads() {
        assert_eq!(folders_like(0o640), 0o750);
        assert_eq!(folders_like(0o600), 0o700);
    }
}
