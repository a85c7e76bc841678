//! The dialog that opens a place: what can be typed, what was typed in vain, and what was opened lately.

use crate::domain::book::{Book, Recent, RecentPlace};

use super::{
    Pane, Side,
    action::Action,
    dialog::{Button, Dialog, Field, Value, Words},
    place_text,
    purpose::Purpose,
};

/// So many places that were opened lately are offered.
const MOST: usize = 6;
/// The field of the place.
const PLACE: usize = 0;

/// Open a place in a pane. One that was typed and could not be opened is there to be mended.
pub(crate) fn connect(side: Side, pane: Option<&Pane>, typed: Option<&str>, book: &Book) -> Dialog {
    let which = if side == Side::Left { "left" } else { "right" };
    let begun = match (typed, pane) {
        (Some(typed), _) => typed.to_owned(),
        (None, Some(pane)) => place_text::as_typed(&pane.location),
        (None, None) => String::new(),
    };
    let purpose = Purpose::Connect { side, begun: begun.clone() };
    let mut dialog = Dialog::new(purpose, format!("Open in the {which} pane"));
    dialog.words = vec![
        Words::Soft("name, name:path     a saved site".to_owned()),
        Words::Soft("user@host:path      over SSH; ~/.ssh/config is heeded".to_owned()),
        Words::Soft("sftp://user@host:2222/path, ftpes://user@host/path".to_owned()),
        Words::Soft("/a/local/path".to_owned()),
    ];
    let recent: Vec<Words> = book.recent.iter().filter_map(|recent| words(recent, book)).collect();
    if !recent.is_empty() {
        dialog.words.push(Words::Blank);
        dialog.words.push(Words::Soft("opened lately: ↑ ↓ take one".to_owned()));
        dialog.words.extend(recent.into_iter().take(MOST));
    }
    dialog.words.push(Words::Blank);
    if typed.is_some() {
        dialog.words.push(Words::Plain("This could not be opened:".to_owned()));
    }
    // Where the pane is, hardly anybody wants to go; but what was typed in vain is to be mended.
    let field = if typed.is_some() { Field::text } else { Field::offered };
    dialog.fields = vec![field("Place", begun)];
    dialog.buttons = vec![Button::accept("Open", 'o'), Button::leave("Cancel", 'n')];
    dialog
}

/// A place as it is offered; none for a site that is no more.
fn words(recent: &Recent, book: &Book) -> Option<Words> {
    let (typed, address) = match &recent.what {
        RecentPlace::Saved(name) => (name.clone(), book.named(name)?.site.to_string()),
        RecentPlace::Typed(typed) => (typed.clone(), String::new()),
    };
    Some(Words::Recent { typed, address, at: recent.at })
}

/// Takes the place above or below among those offered, if that is what a key asks for. Above the first stands what was
/// there at first.
pub(crate) fn recalls(dialog: &mut Dialog, action: Action) -> bool {
    let Purpose::Connect { begun, .. } = &dialog.purpose else { return false };
    let offered: Vec<&str> = dialog.words.iter().filter_map(offered).collect();
    if dialog.focus != PLACE || offered.is_empty() {
        return false;
    }
    let now = offered.iter().position(|typed| *typed == dialog.text(PLACE));
    let taken = match (action, now) {
        (Action::Down, None) => offered.first(),
        (Action::Down, Some(at)) => offered.get(at + 1).or(offered.last()),
        (Action::Previous | Action::Up, Some(0)) => Some(&begun.as_str()),
        (Action::Previous | Action::Up, Some(at)) => offered.get(at - 1),
        // Shift-Tab and Up are one action here; from what was typed it leads to the buttons, as everywhere.
        _ => None,
    };
    let Some(taken) = taken.map(|taken| (*taken).to_owned()) else { return false };
    put(dialog, taken);
    true
}

/// Takes the place that stands in a line of the words. Whether there is one.
pub(crate) fn take(dialog: &mut Dialog, line: usize) -> bool {
    let taken = dialog.words.get(line).and_then(offered).map(str::to_owned);
    let Some(taken) = taken else { return false };
    dialog.focus = PLACE;
    put(dialog, taken);
    true
}

fn put(dialog: &mut Dialog, place: String) {
    dialog.problem = None;
    if let Some(field) = dialog.fields.get_mut(PLACE) {
        field.value = Value::Text(place.into());
        field.untouched = false;
    }
}

fn offered(words: &Words) -> Option<&str> {
    match words {
        Words::Recent { typed, .. } => Some(typed),
        _ => None,
    }
}
