//! A file that is looked into: its name and place above, keys below.

use ratatui::buffer::Buffer;

use crate::model::{Context, Gathering, Model, Viewer, layout, text};

use super::{
    look::Look,
    pen::{self, Line},
    status,
};

/// Draws it. Where the terminal's cursor belongs, if something is typed.
pub(crate) fn draw(
    model: &Model,
    viewer: &Viewer,
    look: &Look,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let parts = layout::viewer_parts(model.size);
    let mut title = Line::new(buffer, parts.title);
    title.put_right(&format!(" {} ", place_words(viewer)), look.soft());
    let room = title.room().saturating_sub(2);
    title.put(&format!(" {} ", text::cut_path(&viewer.name(), room)), look.title());
    draw_body(viewer, look, parts.body, buffer);
    if let Some(rows) = failure_rows(viewer, parts.body) {
        let hint = parts.body.row(rows.saturating_add(2));
        Line::new(buffer, hint).skip(1).put("r reads again", look.soft());
    }
    let foot = parts.foot?;
    match &viewer.input {
        Some(input) => Some(status::draw_typed(("Search: ", input), "", None, look, foot, buffer)),
        None => {
            draw_foot(model, viewer, look, foot, buffer);
            None
        }
    }
}

fn failure_lines(viewer: &Viewer, area: layout::Area) -> Option<Vec<String>> {
    let error = viewer.failure()?;
    Some(text::wrap(&error.to_string(), usize::from(area.width).max(4) - 2))
}

fn failure_rows(viewer: &Viewer, area: layout::Area) -> Option<u16> {
    failure_lines(viewer, area).map(|lines| lines.len() as u16)
}

/// The rows that are here, or why there are none.
pub(crate) fn draw_body(viewer: &Viewer, look: &Look, area: layout::Area, buffer: &mut Buffer) {
    if let Some(lines) = failure_lines(viewer, area) {
        for (row, line) in lines.iter().enumerate() {
            Line::new(buffer, area.row(row as u16 + 1)).skip(1).put(line, look.bad());
        }
    } else if let Some(picture) = viewer.picture() {
        draw_picture(picture, look, area, buffer);
    } else {
        for (number, row) in viewer.rows().iter().enumerate() {
            let mut line = Line::new(buffer, area.row(number as u16));
            for part in row {
                let style = if part.is_hit { pen::bold(look.cursor()) } else { look.ink(part.ink) };
                line.put(&part.text, style);
            }
        }
    }
}

/// The picture that was made for this viewer, or why there is none.
fn draw_picture(picture: &Gathering, look: &Look, area: layout::Area, buffer: &mut Buffer) {
    let words = match (&picture.made, &look.picture) {
        (Some(Err(why)), _) => why.as_str(),
        (Some(Ok(_)), Some((ticket, made))) if picture.ticket() == Some(*ticket) => {
            return made.draw(area, buffer);
        }
        _ => "…",
    };
    for (row, line) in text::wrap(words, usize::from(area.width).max(4) - 2).iter().enumerate() {
        Line::new(buffer, area.row(row as u16 + 1)).skip(1).put(line, look.soft());
    }
}

fn place_words(viewer: &Viewer) -> String {
    if let Some(picture) = viewer.picture() {
        let facts = picture.made.as_ref().and_then(|made| made.as_ref().ok());
        return facts.map_or("picture".to_owned(), |facts| format!("picture · {facts}"));
    }
    let (top, end) = viewer.place();
    let mut how = match (viewer.is_hex(), viewer.wraps) {
        (true, _) => "bytes",
        (false, true) => "text, wrapped",
        (false, false) => "text",
    }
    .to_owned();
    if !viewer.is_hex() && viewer.encoding() != "UTF-8" {
        how = format!("{how}, {}", viewer.encoding());
    }
    match end {
        Some(end) => {
            let part =
                if end == 0 { 100 } else { (u128::from(top) * 100 / u128::from(end)) as u64 };
            format!("{how} · {} of {} · {part} %", text::size_words(top), text::size_words(end))
        }
        None => how,
    }
}

fn draw_foot(model: &Model, viewer: &Viewer, look: &Look, area: layout::Area, buffer: &mut Buffer) {
    if status::draw_begun(model, look, Line::new(buffer, area).skip(1)) {
        return;
    }
    if let Some(at) = viewer.sought_until() {
        let words = format!(" searching… at {}; Esc stops", text::size_words(at));
        Line::new(buffer, area).put(&words, look.waiting());
    } else if let Some(words) = viewer.words {
        Line::new(buffer, area).skip(1).put(words, look.bad());
    } else {
        status::draw_keys(Context::Viewer, look, area, buffer);
    }
}
