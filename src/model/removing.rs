//! The dialog about what is to be removed: into the trash, or for good.

use crate::domain::trash::BESIDE;

use super::{
    dialog::{Button, Dialog, Press, Words},
    forms,
    pane::Pane,
    purpose::Purpose,
};

/// Removes what is chosen. Where there is no way back, the harmless button has the focus.
pub(crate) fn dialog(pane: &Pane, trash: bool) -> Option<Dialog> {
    let chosen = pane.chosen();
    if chosen.is_empty() {
        return None;
    }
    let from = pane.endpoint().clone();
    let host = from.host().unwrap_or("this machine").to_owned();
    let is_here = from.host().is_none();
    let title = match (trash, is_here) {
        (false, _) => format!("Delete on {host}"),
        (true, true) => "Into the trash".to_owned(),
        (true, false) => format!("Into the trash on {host}"),
    };
    let purpose = Purpose::Delete { from, sources: forms::paths(pane, &chosen), trash };
    let mut dialog = Dialog::new(purpose, title);
    dialog.grave = !trash;
    dialog.words.push(Words::Strong(forms::what(&chosen, pane.chosen_tally())));
    dialog.words.extend(forms::names(&chosen));
    dialog.words.push(Words::Soft(format!("in {}", pane.location)));
    dialog.words.push(Words::Blank);
    dialog.words.push(Words::Plain(match (trash, is_here) {
        (false, _) => "There is no way back. Delete for good?".to_owned(),
        (true, true) => "T shows the trash; what lies there can be moved back.".to_owned(),
        (true, false) => format!("It goes into {BESIDE} beside it; T shows that."),
    }));
    dialog.buttons = match trash {
        true => vec![
            Button::accept("Trash", 't'),
            Button { label: "Delete for good", letter: 'd', at_once: false, press: Press::Pick(0) },
            Button::leave("No", 'n'),
        ],
        false => vec![Button::accept("Delete", 'y'), Button::leave("No", 'n')],
    };
    dialog.focus = usize::from(!trash);
    Some(dialog)
}
