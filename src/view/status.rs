//! The status line: what is under the cursor, or what is to be said; and the footer with the keys.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{display, entry::Kind, figures},
    keymap,
    model::{Item, Model, State, layout::Area, text},
};

use super::{format, look::Look, pen::Line};

pub(crate) fn draw(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    line.skip(1.min(area.width / 20)).skip_right(1.min(area.width / 20));
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
    if let Some(queue) = &model.queue {
        if let Some(failure) = queue.failure_under_cursor(&model.transfers) {
            line.put(&failure.to_string(), look.bad());
        }
        return;
    }
    let pane = model.focused();
    if let State::Broken(error) = &pane.state {
        line.put(&error.to_string(), look.bad());
        return;
    }
    match pane.current() {
        Some(Item::Entry(row)) => draw_entry(&row.entry, look, &mut line),
        Some(Item::Parent) => {
            line.put("the directory above", look.soft());
        }
        Some(Item::Refused(refused)) => {
            line.put(&format!("refused: {}", refused.why), look.bad());
        }
        None => {}
    }
}

fn draw_entry(entry: &crate::domain::entry::Entry, look: &Look, line: &mut Line<'_>) {
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
    facts.push(format::time(attributes.modified, &look.zone));
    facts.retain(|fact| !fact.is_empty());
    let facts = format!("  {}", facts.join("  "));
    let name = display::escape(entry.name.as_bytes());
    let wide = text::cells(&facts);
    if line.room() >= wide + text::cells(&name).min(16) {
        line.put_right(&facts, look.soft());
    }
    let room = line.room();
    line.put(&text::cut_name(&name, room), Style::new());
}

/// Keys with their words, as many as fit.
pub(crate) fn draw_footer(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    line.skip(1.min(area.width / 20));
    for (key, word) in keymap::footer(model.context()) {
        if text::cells(&key) + 1 + text::cells(word) > line.room() {
            break;
        }
        line.put(&key, look.strong()).skip(1).put(word, look.soft()).skip(2);
    }
}
