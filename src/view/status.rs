//! The status line: what is under the cursor, or what is to be said; and the footer with the keys.

use ratatui::{buffer::Buffer, style::Style};
use tui_input::Input;

use crate::{
    domain::{display, entry::Kind, figures},
    engine::message::Sum,
    model::{Context, Finder, Hunt, Item, Model, Pane, State, layout::Area, text},
};

use super::{format, look::Look, pen::Line};

/// Draws it. Where the terminal's cursor belongs, if something is typed here.
pub(crate) fn draw(
    model: &Model,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    // What is typed is seen whatever there is to say: that is said beside it, or once the typing has ended.
    if let Some(finder) = model.finder.as_ref().filter(|_| model.queue.is_none()) {
        return Some(draw_finder(model, finder, look, area, buffer));
    }
    draw_line(model, look, area, buffer);
    None
}

/// What is looked for, and how much was found.
fn draw_finder(
    model: &Model,
    finder: &Finder,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> (u16, u16) {
    let pane = model.pane(finder.side);
    let nothing = finder.finds_nothing(pane);
    let found = match finder.hunt {
        _ if nothing => "nothing fits".to_owned(),
        Hunt::Filter => {
            let (shown, known) = (pane.rows.shown() as u64, pane.rows.known() as u64);
            format!("{} of {}", text::grouped(shown), text::grouped(known))
        }
        Hunt::Search => String::new(),
    };
    let word = match finder.hunt {
        Hunt::Filter => "Filter: ",
        Hunt::Search => "Search: ",
    };
    let notice = model.notice.as_ref();
    let notice = notice.map(|notice| (notice.text.as_str(), look.outcome(notice.outcome)));
    draw_typed((word, &finder.input), &found, notice, look, area, buffer)
}

/// So many cells are left to type into before something is said beside.
const ROOM_TO_TYPE: usize = 8;

/// A line that is typed, with what came of it at its end, and what there is to say besides where it fits in as a whole.
/// Where the terminal's cursor belongs.
pub(crate) fn draw_typed(
    (word, input): (&str, &Input),
    found: &str,
    notice: Option<(&str, Style)>,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> (u16, u16) {
    let margin = 1.min(area.width / 20);
    let mut line = Line::new(buffer, area);
    line.skip(margin).skip_right(margin);
    if line.room() > 40 {
        line.put_right(&format!("  {found}"), look.soft());
    }
    if let Some((words, style)) = notice {
        let typed = text::cells(word) + text::cells(input.value()) + ROOM_TO_TYPE;
        let words = format!("  {words}");
        if typed + text::cells(&words) <= line.room() {
            line.put_right(&words, style);
        }
    }
    line.put(word, look.strong());
    (line.put_typed(input, look.field()), area.y)
}

fn draw_line(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    line.skip(1.min(area.width / 20)).skip_right(1.min(area.width / 20));
    if draw_begun(model, look, &mut line) {
        return;
    }
    if let Some(load) = model.load() {
        let (does, other) = if load.moves { ("move", "copy") } else { ("copy", "move") };
        let words = format!("let go to {does}; right click to {other} instead; Esc to leave it");
        line.put(&words, look.soft());
        return;
    }
    if let Some(notice) = &model.notice {
        if notice.stays && line.room() > 40 {
            line.put_right("  Esc", look.soft());
        }
        line.put(&notice.text, look.outcome(notice.outcome));
        return;
    }
    let waiting = model.questions.waiting();
    if waiting > 0 && model.layers.is_empty() {
        let words = text::counted(waiting as u64, "question waits", "questions wait");
        line.put(&format!("{words}; a answers"), look.waiting());
        return;
    }
    if model.ledger.is_some() {
        return;
    }
    if let Some(queue) = &model.queue {
        if let Some(failure) = queue.failure_under_cursor(&model.transfers, &model.questions) {
            line.put(&failure.to_string(), look.bad());
        }
        return;
    }
    if model.desk.panel.is_some() || model.desk.start.is_some() {
        return;
    }
    let pane = model.focused();
    if let State::Broken(error) = &pane.state {
        line.put(&error.to_string(), look.bad());
        return;
    }
    match pane.current() {
        Some(Item::Entry(row)) => draw_entry(pane, &row.entry, look, &mut line),
        Some(Item::Parent) => {
            line.put("the directory above", look.soft());
        }
        Some(Item::Refused(refused)) => {
            line.put(&format!("refused: {}", refused.why), look.bad());
        }
        None => {}
    }
}

/// What was typed of a sequence, and what may follow. Whether there is one.
pub(crate) fn draw_begun(model: &Model, look: &Look, line: &mut Line<'_>) -> bool {
    let Some(begun) = model.begun.as_ref().filter(|begun| begun.context == model.context()) else {
        return false;
    };
    line.put(&begun.keys, look.waiting()).put("…", look.waiting()).skip(2);
    for (keys, words) in &begun.follow {
        line.put(keys, look.strong()).skip(1).put(words, look.soft()).skip(2);
    }
    true
}

fn draw_entry(pane: &Pane, entry: &crate::domain::entry::Entry, look: &Look, line: &mut Line<'_>) {
    let attributes = &entry.attributes;
    let mut facts = vec![format!(
        "{}{}",
        figures::kind_letter(attributes),
        figures::permissions(attributes.permissions)
    )];
    if let Some((user, group)) = attributes.owner {
        facts.push(format!("{user}:{group}"));
    }
    if attributes.kind == Kind::File {
        facts.push(match attributes.size {
            Some(size) if i64::try_from(size).is_ok() => format!("{} B", text::grouped(size)),
            _ => "size ?".to_owned(),
        });
    }
    if let Some(sum) = pane.extras.sum(&entry.name) {
        facts.push(sum_words(sum));
    }
    facts.push(format::time(attributes.modified, &look.zone));
    facts.retain(|fact| !fact.is_empty());
    let facts = format!("  {}", facts.join("  "));
    let name = display::escape(entry.name.as_bytes());
    let name = match pane.extras.link(&entry.name) {
        Some(target) => format!("{name} → {target}"),
        None => name,
    };
    let wide = text::cells(&facts);
    if line.room() >= wide + text::cells(&name).min(16) {
        line.put_right(&facts, look.soft());
    }
    let room = line.room();
    line.put(&text::cut_name(&name, room), Style::new());
}

/// What a directory holds, as far as it is known.
fn sum_words(sum: &Sum) -> String {
    let mut words =
        format!("{} B in {}", text::grouped(sum.bytes), text::counted(sum.files, "file", "files"));
    if sum.unread > 0 {
        words.push_str(&format!(", {} unread", text::grouped(sum.unread)));
    }
    if !sum.complete {
        words.push('…');
    }
    words
}

/// Keys with their words, as many as fit.
pub(crate) fn draw_footer(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    draw_keys(model.context(), look, area, buffer);
}

/// The word of the key that leads to all others.
const HELP: &str = "help";

/// The keys of a context with their words, as many as fit; the one that shows all of them among them.
pub(crate) fn draw_keys(context: Context, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    line.skip(1.min(area.width / 20));
    let cells = |(key, word): &(String, &str)| text::cells(key) + 1 + text::cells(word);
    let mut keys: Vec<(String, &str)> = look.keys.footer(context).collect();
    let whole: usize = keys.iter().map(|one| cells(one) + 2).sum();
    let help = keys.iter().position(|(_, word)| *word == HELP);
    if let Some(help) = help.filter(|_| whole > line.room() + 2 && line.room() > 40) {
        let (key, word) = keys.remove(help);
        line.skip_right(1).put_right(word, look.soft());
        line.skip_right(1).put_right(&key, look.strong()).skip_right(2);
    }
    for one in &keys {
        if cells(one) > line.room() {
            break;
        }
        let (key, word) = one;
        line.put(key, look.strong()).skip(1).put(word, look.soft()).skip(2);
    }
}
