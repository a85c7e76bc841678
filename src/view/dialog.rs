//! A dialog over the panes.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{
        display::escape_text,
        entry::{Attributes, Timestamp},
    },
    model::{
        Dialog, Field, Model, Value, Words, layout,
        layout::{Area, DialogRow, Placed},
        text,
    },
};

use super::{
    format,
    look::Look,
    pen::{self, Line},
};

/// Draws it. Where the terminal's cursor belongs, if a text is edited.
pub(crate) fn draw(
    model: &Model,
    dialog: &Dialog,
    look: &Look,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let parts = layout::dialog_parts(dialog, model.size.width, model.size.height);
    pen::clear(buffer, parts.area);
    let edge = if dialog.grave { look.bad() } else { look.accent() };
    pen::frame(buffer, parts.area, edge);
    let mut title = Line::new(buffer, parts.area.row(0));
    title.skip(1).skip_right(1);
    title.put(&format!(" {} ", dialog.title), edge.patch(look.strong()));
    let (above, below) = parts.unseen;
    draw_unseen("↑", above, look, &mut title);
    let mut foot = Line::new(buffer, parts.area.row(parts.area.height.saturating_sub(1)));
    draw_unseen("↓", below, look, foot.skip(1).skip_right(1));
    let mut cursor = None;
    for (row, part) in parts.rows.iter().enumerate() {
        let place = parts.inner.row(row as u16);
        let mut line = Line::new(buffer, place);
        match part {
            DialogRow::Blank => {}
            DialogRow::Text(number, shown) => match &dialog.words[*number] {
                Words::File { label, attributes } => {
                    draw_file(label, attributes, look, &mut line);
                }
                Words::Recent { typed, address, at } => {
                    let chosen = dialog.text(0) == typed;
                    draw_recent(typed, address, *at, chosen, look, &mut line);
                }
                Words::Strong(_) => {
                    line.put(shown, look.strong());
                }
                Words::Soft(_) => {
                    line.put(shown, look.soft());
                }
                Words::Plain(_) | Words::Blank => {
                    line.put(shown, Style::new());
                }
            },
            DialogRow::Problem(words) => {
                line.put(words, look.bad());
            }
            DialogRow::Field(number) => {
                let focused = dialog.focus == *number;
                if let Some(field) = dialog.fields.get(*number) {
                    let at = draw_field(field, focused, parts.field_column, look, place, buffer);
                    cursor = cursor.or(at);
                }
            }
            DialogRow::Options(number, options) => {
                if let Some(field) = dialog.fields.get(*number) {
                    let focused = dialog.focus == *number;
                    draw_options(field, options, focused, parts.field_column, look, &mut line);
                }
            }
            DialogRow::Buttons(buttons) => {
                for (number, x, width) in buttons {
                    let focused = dialog.focus == dialog.fields.len() + number;
                    let x = place.x.saturating_add(*x);
                    let area = Area::new(
                        x,
                        place.y,
                        (*width).min((place.x + place.width).saturating_sub(x)),
                        place.height,
                    );
                    draw_button(dialog.buttons[*number].label, focused, look, area, buffer);
                }
            }
        }
    }
    cursor
}

/// In the frame: that there is more than is seen, and where.
fn draw_unseen(arrow: &str, rows: usize, look: &Look, edge: &mut Line<'_>) {
    if rows == 0 {
        return;
    }
    let words = format!(" {arrow} {rows} more ");
    let words = if text::cells(&words) < edge.room() { words } else { format!(" {arrow} ") };
    edge.put_right(&words, look.waiting());
}

fn draw_file(label: &str, attributes: &Attributes, look: &Look, line: &mut Line<'_>) {
    line.column(12).put(label, look.soft());
    line.column(8).put_right(&text::size_short(attributes.size), Style::new());
    line.skip(2).put(&format::time(attributes.modified, &look.zone), Style::new());
}

/// A place that was opened, and when; the one that stands in the field is marked.
fn draw_recent(
    typed: &str,
    address: &str,
    at: i64,
    chosen: bool,
    look: &Look,
    line: &mut Line<'_>,
) {
    line.column(2).put(if chosen { "›" } else { "" }, look.accent());
    if line.room() > 40 {
        let when = format::time(Some(Timestamp::from_seconds(at)), &look.zone);
        line.put_right(&when, look.soft()).skip_right(2);
    }
    let (typed, room) = (escape_text(typed), line.room());
    let style = if chosen { look.strong() } else { Style::new() };
    line.put(&text::cut_middle(&typed, room, room / 2), style).skip(2);
    let room = line.room();
    line.put(&text::cut_middle(address, room, room / 2), look.soft());
}

fn draw_button(label: &str, focused: bool, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    line.put(&format!("[ {label} ]"), if focused { look.strong() } else { Style::new() });
    if focused {
        pen::tint(buffer, area, look.cursor());
    }
}

fn draw_field(
    field: &Field,
    focused: bool,
    column: u16,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let label_style = label_style(focused, look);
    if let Value::Check(checked) = field.value {
        let mut line = Line::new(buffer, area);
        let sign = if checked { "[x] " } else { "[ ] " };
        let style = if focused { pen::bold(look.cursor()) } else { Style::new() };
        line.skip(column).put(sign, style).put(&field.label, label_style);
        return None;
    }
    let mut line = Line::new(buffer, area);
    line.column(column).skip_right(1).put(&field.label, label_style);
    let x = area.x.saturating_add(column);
    let room = area.width.saturating_sub(column);
    let value = Area::new(x, area.y, room, area.height);
    match &field.value {
        Value::Text(input) => {
            let scroll = input.visual_scroll(usize::from(room.max(1)));
            let shown = skip_cells(input.value(), scroll);
            pen::tint(buffer, value, look.field());
            let (head, _) = text::split_at_cells(shown, usize::from(room));
            let is_typed_over = focused && field.untouched;
            let style = if is_typed_over { pen::reversed(look.field()) } else { look.field() };
            Line::new(buffer, value).put(head, style);
            let at = input.visual_cursor().max(scroll) - scroll;
            focused.then(|| (x.saturating_add(at as u16), area.y))
        }
        Value::Secret(secret) => {
            pen::tint(buffer, value, look.field());
            let dots = secret.len().min(usize::from(room.saturating_sub(1)));
            Line::new(buffer, value).put(&"•".repeat(dots), look.field());
            focused.then(|| (x.saturating_add(dots as u16), area.y))
        }
        Value::Choice { .. } | Value::Check(_) => None,
    }
}

/// Draws one row of a choice's options; the first has the label before it.
fn draw_options(
    field: &Field,
    row: &[Placed],
    focused: bool,
    column: u16,
    look: &Look,
    line: &mut Line<'_>,
) {
    let Value::Choice { options, chosen } = &field.value else { return };
    let begins = row.first().is_some_and(|(number, ..)| *number == 0);
    let label = if begins { field.label.as_str() } else { "" };
    line.column(column).skip_right(1).put(label, label_style(focused, look));
    for (number, ..) in row {
        let style = match (number == chosen, focused) {
            (true, true) => pen::bold(look.cursor()),
            (true, false) => look.strong(),
            (false, _) => look.soft(),
        };
        let sign = if number == chosen { "(•) " } else { "( ) " };
        line.put(sign, style).put(options[*number], style).skip(2);
    }
}

fn label_style(focused: bool, look: &Look) -> Style {
    if focused { look.strong() } else { look.soft() }
}

/// The text from a column on; a character that is cut by it is left out.
fn skip_cells(shown: &str, cells: usize) -> &str {
    text::split_at_cells(shown, cells).1
}
