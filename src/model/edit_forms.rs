//! The dialogs about files of servers that are being edited.

use crate::{domain::place::Location, engine::message::Ticket};

use super::{
    dialog::{Button, Dialog, Press, Words},
    purpose::Purpose,
    text,
};

/// So many are named.
const NAMED: usize = 5;

/// The server's file is another than the one that was edited.
pub(crate) fn edited_meanwhile(
    ticket: Ticket,
    location: &Location,
    words: &str,
    copy: &str,
) -> Dialog {
    let mut dialog = Dialog::new(Purpose::EditedMeanwhile(ticket), "Send back what was edited");
    dialog.grave = true;
    dialog.words = vec![
        Words::Strong(location.to_string()),
        Words::Plain(words.to_owned()),
        Words::Soft(format!("What you saved is in {copy}")),
        Words::Blank,
        Words::Plain("Put it in the place of what is there now?".to_owned()),
    ];
    dialog.buttons = vec![
        Button::agree("Replace", 'y'),
        Button { label: "Difference", letter: 'd', at_once: true, press: Press::Pick(0) },
        Button::leave("Keep both", 'n'),
    ];
    dialog.focus = 2;
    dialog
}

/// Give a copy up?
pub(crate) fn discard_edit(ticket: Ticket, location: &Location, copy: &str) -> Dialog {
    let mut dialog = Dialog::new(Purpose::DiscardEdit(ticket), "Give up what was edited");
    dialog.grave = true;
    dialog.words = vec![
        Words::Strong(location.to_string()),
        Words::Soft(format!("The copy is {copy}")),
        Words::Blank,
        Words::Plain("Remove the copy? What is on the server stays as it is.".to_owned()),
    ];
    dialog.buttons = vec![Button::accept("Remove", 'y'), Button::leave("Keep it", 'n')];
    dialog.focus = 1;
    dialog
}

/// Copies that an earlier Wharf left: their places, and whether each was changed.
pub(crate) fn left_edits(left: &[(String, bool)]) -> Dialog {
    let count = text::counted(left.len() as u64, "file was", "files were");
    let mut words =
        vec![Words::Strong(format!("{count} being edited when Wharf ended.")), Words::Blank];
    for (place, is_changed) in left.iter().take(NAMED) {
        words.push(Words::Plain(place.clone()));
        let state = if *is_changed { "changed, not sent back" } else { "not changed" };
        words.push(Words::Soft(format!("  {state}")));
    }
    if left.len() > NAMED {
        words.push(Words::Soft(format!("and {} more", left.len() - NAMED)));
    }
    words.push(Words::Blank);
    words.push(Words::Plain("The copies are kept until you decide.".to_owned()));
    let mut dialog = Dialog::new(Purpose::LeftEdits, "Open edits");
    dialog.words = words;
    dialog.buttons = vec![Button::accept("Show them", 'y'), Button::leave("Later", 'n')];
    dialog
}
