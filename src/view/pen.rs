//! Writing into the buffer: bounded, and by columns of the grid, never by padding with spaces.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use tui_input::Input;

use crate::model::{layout::Area, text};

/// The same rectangle in ratatui's words.
pub(crate) fn rect(area: Area) -> Rect {
    Rect { x: area.x, y: area.y, width: area.width, height: area.height }
}

/// A line being written from the left, and from the right towards it.
pub(crate) struct Line<'a> {
    buffer: &'a mut Buffer,
    y: u16,
    left: u16,
    right: u16,
}

impl<'a> Line<'a> {
    /// The first row of an area.
    pub(crate) fn new(buffer: &'a mut Buffer, area: Area) -> Self {
        let area_in_buffer = rect(area).intersection(buffer.area);
        let right = if area_in_buffer.height == 0 { area.x } else { area_in_buffer.right() };
        Self { buffer, y: area.y, left: area.x, right: right.max(area.x) }
    }

    /// Cells left.
    pub(crate) fn room(&self) -> usize {
        usize::from(self.right - self.left)
    }

    /// Writes from the left, cut at the end if it must be.
    pub(crate) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let shown = text::cut_end(text, self.room());
        let style = Style::reset().patch(style);
        if !shown.is_empty() {
            let (x, _) = self.buffer.set_stringn(self.left, self.y, shown, self.room(), style);
            self.left = x.min(self.right);
        }
        self
    }

    /// Writes at the right end, if there is room for all of it.
    pub(crate) fn put_right(&mut self, text: &str, style: Style) -> &mut Self {
        let wide = text::cells(text);
        if wide > 0 && wide <= self.room() {
            self.right -= wide as u16;
            let style = Style::reset().patch(style);
            self.buffer.set_stringn(self.right, self.y, text, wide, style);
        }
        self
    }

    /// Writes a line that is typed, drawn along so that its cursor is seen. The column where that belongs.
    pub(crate) fn put_typed(&mut self, typed: &Input, style: Style) -> u16 {
        let (start, room) = (self.left, self.room().saturating_sub(1).max(1));
        let scroll = typed.visual_scroll(room);
        let last = self.right.saturating_sub(1);
        self.put(text::split_at_cells(typed.value(), scroll).1, style);
        let at = typed.visual_cursor().max(scroll) - scroll;
        start.saturating_add(at as u16).min(last)
    }

    /// Leaves cells free on the left.
    pub(crate) fn skip(&mut self, cells: u16) -> &mut Self {
        self.left = self.left.saturating_add(cells).min(self.right);
        self
    }

    /// Leaves cells free on the right.
    pub(crate) fn skip_right(&mut self, cells: u16) -> &mut Self {
        self.right = self.right.saturating_sub(cells).max(self.left);
        self
    }

    /// A column of its own at the left, of a fixed width.
    pub(crate) fn column(&mut self, width: u16) -> Line<'_> {
        let start = self.left;
        let end = start.saturating_add(width).min(self.right);
        self.left = end;
        Line { buffer: self.buffer, y: self.y, left: start, right: end }
    }

    /// A bar that is filled by a part of 1; a soft one where the part is not known.
    pub(crate) fn bar(&mut self, width: u16, part: Option<f64>, filled: Style, empty: Style) {
        let width = width.min(self.right - self.left);
        let eighths = (part.unwrap_or(0.0) * f64::from(width) * 8.0).round() as u32;
        for cell in 0..width {
            let rest = eighths.saturating_sub(u32::from(cell) * 8);
            let (sign, style) = match rest {
                0 => ("─", empty),
                1..=3 => ("╸", filled),
                _ => ("━", filled),
            };
            self.buffer.set_stringn(self.left + cell, self.y, sign, 1, style);
        }
        self.left += width;
    }
}

/// Lays a style over an area.
pub(crate) fn tint(buffer: &mut Buffer, area: Area, style: Style) {
    buffer.set_style(rect(area), style);
}

/// Empties an area, whatever stood there.
pub(crate) fn clear(buffer: &mut Buffer, area: Area) {
    let inside = rect(area).intersection(buffer.area);
    for y in inside.top()..inside.bottom() {
        // A wide character that begins beside it would cover the area's first cell.
        let beside = inside.left().checked_sub(1).and_then(|x| buffer.cell_mut((x, y)));
        if let Some(cell) = beside.filter(|cell| text::cells(cell.symbol()) > 1) {
            cell.set_symbol(" ");
        }
        for x in inside.left()..inside.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// A box drawn with thin lines; titles are written over its edges.
pub(crate) fn frame(buffer: &mut Buffer, area: Area, style: Style) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
    let mut set = |x: u16, y: u16, sign: &str| {
        buffer.set_stringn(x, y, sign, 1, style);
    };
    for x in area.x + 1..right {
        set(x, area.y, "─");
        set(x, bottom, "─");
    }
    for y in area.y + 1..bottom {
        set(area.x, y, "│");
        set(right, y, "│");
    }
    set(area.x, area.y, "┌");
    set(right, area.y, "┐");
    set(area.x, bottom, "└");
    set(right, bottom, "┘");
}

/// Text that is there to be typed over.
pub(crate) fn reversed(style: Style) -> Style {
    style.add_modifier(Modifier::REVERSED)
}

/// A style without reverse, to be laid under the cursor.
pub(crate) fn bold(style: Style) -> Style {
    style.add_modifier(Modifier::BOLD)
}
