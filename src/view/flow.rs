//! How it flows, in the lower edge of the queue: the rate as a small graph, and the lanes in use.

use ratatui::buffer::Buffer;

use crate::{
    engine::message::LanesInUse,
    model::{Model, layout::Area, text},
};

use super::{look::Look, pen::Line};

/// A bar of each height.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// The widest graph.
const WIDEST: usize = 60;

/// Draws it over an edge; nothing where nothing has moved yet.
pub(crate) fn draw(model: &Model, look: &Look, area: Area, buffer: &mut Buffer) {
    let history = model.transfers.history();
    let mut line = Line::new(buffer, area);
    line.skip(1).skip_right(1);
    let lanes: Vec<String> = model.transfers.snapshot().lanes.iter().map(lane_words).collect();
    let lanes = if lanes.is_empty() { String::new() } else { format!(" {} ", lanes.join(" · ")) };
    line.put_right(&lanes, look.soft());
    let bars = history.bars(WIDEST.min(line.room().saturating_sub(24)));
    if bars.is_empty() || history.peak() < 1.0 {
        return;
    }
    line.put(" ", look.soft());
    for bar in bars {
        line.put(BARS.get(usize::from(bar)).unwrap_or(&" "), look.accent());
    }
    line.put(&format!(" up to {}/s ", text::size_words(history.peak() as u64)), look.soft());
}

/// `files.example: 12 steps on 8 lanes`.
fn lane_words(used: &LanesInUse) -> String {
    let host = used.endpoint.host().unwrap_or_default();
    let steps = text::counted(used.steps as u64, "step", "steps");
    match used.lanes {
        Some(lanes) => {
            format!("{host}: {steps} on {}", text::counted(lanes as u64, "lane", "lanes"))
        }
        None => format!("{host}: {steps}"),
    }
}
