//! Draws the model and decides nothing. All names pass [`escape`](crate::domain::display::escape) first.

mod bookmarks;
mod columns;
mod dialog;
mod edits;
mod flow;
mod format;
mod hand;
mod icons;
mod kinds;
mod ledger;
mod look;
mod palette;
mod pane;
mod pen;
mod picture;
mod queue;
mod quick;
mod reader;
mod sites;
mod start;
mod status;
mod steps;
mod theme;
mod transfers;
mod viewer;

use ratatui::{Frame, buffer::Buffer};

use crate::model::{Layer, Model, Side, layout, layout::Area};

pub use kinds::Kinds;
pub use look::Look;
pub use picture::{Picture, Shown};
pub use theme::Theme;

/// Draws everything.
pub fn view(model: &Model, look: &Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width != model.size.width || area.height != model.size.height {
        // A resize is on its way; a frame of the old size would be drawn over the edge.
        return;
    }
    let buffer = frame.buffer_mut();
    let mut cursor = match &model.viewer {
        Some(viewer) => viewer::draw(model, viewer, look, buffer),
        None => draw_panes(model, look, buffer),
    };
    for layer in &model.layers {
        cursor = match layer {
            Layer::Dialog(one) => dialog::draw(model, one, look, buffer),
            Layer::Palette(one) => palette::draw(model, one, look, buffer),
            Layer::Edits(one) => {
                edits::draw(model, one, look, buffer);
                None
            }
            Layer::Bookmarks(one) => {
                bookmarks::draw(model, one, look, buffer);
                None
            }
            Layer::Reader(one) => {
                reader::draw(model, one, look, buffer);
                None
            }
        };
    }
    if let Some((x, y)) = cursor.filter(|(x, y)| *x < area.width && *y < area.height) {
        frame.set_cursor_position((x, y));
    }
}

/// The panes or the queue, and the lines under them. Where the terminal's cursor belongs, if something is typed.
fn draw_panes(model: &Model, look: &Look, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let parts = layout::parts(model);
    let has_focus = model.layers.is_empty();
    let mut cursor = None;
    match &model.queue {
        _ if let Some(panel) = &model.ledger => {
            cursor = ledger::draw(panel, look, parts.body, has_focus, buffer);
        }
        Some(panel) => match &panel.steps {
            Some(list) => steps::draw(model, list, look, parts.body, has_focus, buffer),
            None => queue::draw(model, panel, look, parts.body, has_focus, buffer),
        },
        None if model.desk.panel.is_some() => {
            if let Some(panel) = &model.desk.panel {
                cursor = sites::draw(model, panel, look, parts.body, has_focus, buffer);
            }
        }
        None if model.desk.start.is_some() => {
            if let Some(card) = &model.desk.start {
                start::draw(model, card, look, parts.body, has_focus, buffer);
            }
        }
        None => {
            for (side, area) in [Side::Left, Side::Right].into_iter().zip(parts.panes) {
                if let Some(area) = area {
                    pane::draw(model, side, look, area, has_focus, buffer);
                }
            }
            if let (Some(quick), Some(area)) = (&model.quick, parts.quick) {
                quick::draw(quick, look, area, buffer);
            }
        }
    }
    if let Some(area) = parts.transfers {
        transfers::draw(model, look, area, buffer);
    }
    if let Some(area) = parts.status {
        cursor = status::draw(model, look, area, buffer).or(cursor);
    }
    if let Some(area) = parts.footer {
        status::draw_footer(model, look, area, buffer);
    }
    if let Some(load) = model.load() {
        hand::draw(load, look, Area::new(0, 0, model.size.width, model.size.height), buffer);
    }
    cursor
}
