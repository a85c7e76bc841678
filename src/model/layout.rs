//! Where things stand on a screen of some size: used to draw, and to know what the mouse points at.

use super::{
    Layer, Model, Pane, Side, Size,
    dialog::{Dialog, Value, Words},
    reader::{Reader, ReaderKind},
    text,
};

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Area {
    pub(crate) x: u16,
    pub(crate) y: u16,
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Area {
    pub(crate) fn new(x: u16, y: u16, width: u16, height: u16) -> Self {
        Self { x, y, width, height }
    }

    pub(crate) fn contains(self, x: u16, y: u16) -> bool {
        x >= self.x && x - self.x < self.width && y >= self.y && y - self.y < self.height
    }

    /// Without a border of one cell.
    pub(crate) fn inner(self) -> Self {
        Self {
            x: self.x.saturating_add(1),
            y: self.y.saturating_add(1),
            width: self.width.saturating_sub(2),
            height: self.height.saturating_sub(2),
        }
    }

    /// One row of it; empty below its end.
    pub(crate) fn row(self, row: u16) -> Self {
        let height = u16::from(row < self.height);
        Self { y: self.y.saturating_add(row), height, ..self }
    }

    pub(super) fn centered(self, width: u16, height: u16) -> Self {
        let (width, height) = (width.min(self.width), height.min(self.height));
        Self {
            x: self.x + (self.width - width) / 2,
            // A little above the middle looks like the middle.
            y: self.y + (self.height - height) * 2 / 5,
            width,
            height,
        }
    }
}

/// Below this width one pane is shown at a time.
const TWO_PANES: u16 = 48;

/// The parts of the whole screen; absent where there is no room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parts {
    /// Panes, or the queue panel.
    pub(crate) body: Area,
    pub(crate) panes: [Option<Area>; 2],
    /// The quick view, in the place of a pane.
    pub(crate) quick: Option<Area>,
    pub(crate) transfers: Option<Area>,
    pub(crate) status: Option<Area>,
    pub(crate) footer: Option<Area>,
}

/// Parts of the screen as it stands.
pub(crate) fn parts(model: &Model) -> Parts {
    let (width, height) = (model.size.width, model.size.height);
    let wants_transfers = !model.transfers.jobs().is_empty();
    // The body keeps at least three rows; then come status, transfers, footer, in this order of worth.
    let mut spare = height.saturating_sub(3);
    let mut take = |wanted: bool| {
        let taken = wanted && spare > 0;
        spare -= u16::from(taken);
        taken
    };
    let has_status = take(true);
    let has_transfers = take(wants_transfers);
    let has_footer = take(true);
    let rows = u16::from(has_status) + u16::from(has_transfers) + u16::from(has_footer);
    let body = Area::new(0, 0, width, height - rows);
    let mut y = body.height;
    let mut line = |taken: bool| {
        let area = Area::new(0, y, width, 1);
        y += u16::from(taken);
        taken.then_some(area)
    };
    let (transfers, status, footer) = (line(has_transfers), line(has_status), line(has_footer));
    let mut panes = if width >= TWO_PANES {
        let left = width / 2;
        [Some(Area { width: left, ..body }), Some(Area { x: left, width: width - left, ..body })]
    } else {
        let shown = |side| (model.focus == side).then_some(body);
        [shown(Side::Left), shown(Side::Right)]
    };
    let quick = model.quick_side().and_then(|side| panes[side as usize].take());
    Parts { body, panes, quick, transfers, status, footer }
}

/// The parts of one pane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PaneParts {
    /// Whether there is room for a box around it; else its title is the first row.
    pub(crate) boxed: bool,
    pub(crate) header: Option<Area>,
    pub(crate) rows: Area,
}

impl PaneParts {
    /// The header and the rows, for what has no header.
    pub(crate) fn body(self) -> Area {
        match self.header {
            Some(header) => {
                Area { y: header.y, height: self.rows.height + header.height, ..self.rows }
            }
            None => self.rows,
        }
    }
}

/// The parts of a pane or of the queue panel in an area.
pub(crate) fn pane_parts(area: Area) -> PaneParts {
    let boxed = area.height >= 6 && area.width >= 20;
    if !boxed {
        let rows =
            Area { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
        return PaneParts { boxed, header: None, rows };
    }
    let inner = area.inner();
    let header = inner.row(0);
    let rows = Area { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    PaneParts { boxed, header: Some(header), rows }
}

/// The pane at a cell of the screen.
pub(crate) fn pane_at(model: &Model, x: u16, y: u16) -> Option<(Side, Area)> {
    let sides = [Side::Left, Side::Right].into_iter().zip(parts(model).panes);
    sides.filter_map(|(side, area)| Some((side, area?))).find(|(_, area)| area.contains(x, y))
}

/// The line of a pane's rows at a cell of its area.
pub(crate) fn line_at(pane: &Pane, area: Area, x: u16, y: u16) -> Option<usize> {
    let rows = pane_parts(area).rows;
    let line = pane.top + usize::from(rows.contains(x, y).then(|| y - rows.y)?);
    (line < pane.rows.len()).then_some(line)
}

/// One row of a dialog.
#[derive(Debug, Clone)]
pub(crate) enum DialogRow {
    Blank,
    /// Wrapped text, and the words it comes from.
    Text(usize, String),
    Problem(String),
    Field(usize),
    /// Options of a choice, and the field they belong to; a choice of many words takes several rows.
    Options(usize, Vec<Placed>),
    Buttons(Vec<Placed>),
}

/// One of several things on a row: its number, first column (from the inner edge), width.
pub(crate) type Placed = (usize, u16, u16);

/// Where a dialog and its parts stand.
#[derive(Debug, Clone)]
pub(crate) struct DialogParts {
    pub(crate) area: Area,
    pub(crate) inner: Area,
    /// Column (from the inner edge) at which fields begin.
    pub(crate) field_column: u16,
    /// The rows that are seen, from the top.
    pub(crate) rows: Vec<DialogRow>,
    /// How many rows lie out of sight above those that scroll, and below them.
    pub(crate) unseen: (usize, usize),
}

/// How wide dialogs like to be.
const DIALOG_WIDTH: u16 = 72;

/// Where a dialog stands on a screen of this size.
pub(crate) fn dialog_parts(dialog: &Dialog, width: u16, height: u16) -> DialogParts {
    let screen = Area::new(0, 0, width, height);
    let roomy = width >= 40;
    let outer_width = if roomy { DIALOG_WIDTH.min(width - 4) } else { width };
    let padding = if roomy { 2 } else { 0 };
    let inner_width = outer_width.saturating_sub(2 + 2 * padding);
    let rows = dialog_rows(dialog, inner_width);
    let wanted_height =
        (rows.len() as u16).saturating_add(if roomy && height > 12 { 4 } else { 2 });
    let area = screen.centered(outer_width, wanted_height);
    let vertical = if area.height as usize >= rows.len() + 4 { 2 } else { 1 };
    let inner = Area {
        x: area.x + (1 + padding).min(area.width),
        y: area.y + vertical.min(area.height),
        width: inner_width,
        height: area.height.saturating_sub(2 * vertical),
    };
    let (first, seen) = scrolled(dialog, &rows, inner.height);
    let (body, foot) = rows.split_at(foot_of(&rows, inner.height));
    let first = first.saturating_sub(dialog.lifted);
    let unseen = (first, body.len().saturating_sub(first + seen));
    let rows = body.iter().skip(first).take(seen).chain(foot).cloned().collect();
    DialogParts { area, inner, field_column: field_column(dialog, inner_width), rows, unseen }
}

/// How many rows above those seen at rest there are.
fn most_lifted(dialog: &Dialog, width: u16, height: u16) -> usize {
    let parts = dialog_parts(dialog, width, height);
    let rows = dialog_rows(dialog, parts.inner.width);
    scrolled(dialog, &rows, parts.inner.height).0
}

/// Where the rows begin that stay at the bottom, whatever is scrolled above: what is wrong, and the buttons. On a screen
/// with no room for that they go with the rest.
fn foot_of(rows: &[DialogRow], height: u16) -> usize {
    let is_foot = |row: &DialogRow| {
        matches!(row, DialogRow::Problem(_) | DialogRow::Blank | DialogRow::Buttons(_))
    };
    let foot = rows.iter().rev().take_while(|row| is_foot(row)).count();
    let fits = rows.len() > usize::from(height) && foot + 3 <= usize::from(height);
    if fits { rows.len() - foot } else { rows.len() }
}

/// So many rows are seen behind the one with the focus, where there is room: what comes next.
const SEEN_AHEAD: usize = 2;

/// The first row seen at rest of those above the foot, and how many are.
fn scrolled(dialog: &Dialog, rows: &[DialogRow], height: u16) -> (usize, usize) {
    let body = foot_of(rows, height);
    let seen = (usize::from(height).max(1)).saturating_sub(rows.len() - body);
    let focused = rows.iter().position(|row| is_focused(row, dialog)).unwrap_or(0);
    let ahead = if seen > 3 * SEEN_AHEAD { SEEN_AHEAD } else { 0 };
    let last = focused + 1 + ahead;
    (last.min(body).saturating_sub(seen), seen)
}

fn is_focused(row: &DialogRow, dialog: &Dialog) -> bool {
    match row {
        DialogRow::Field(number) => *number == dialog.focus,
        DialogRow::Options(field, options) => {
            *field == dialog.focus
                && options.iter().any(|(number, ..)| *number == dialog.chosen(*field))
        }
        DialogRow::Buttons(buttons) => {
            buttons.iter().any(|(number, ..)| number + dialog.fields.len() == dialog.focus)
        }
        _ => false,
    }
}

fn field_column(dialog: &Dialog, width: u16) -> u16 {
    // A check's words stand behind its box.
    let beside = dialog.fields.iter().filter(|field| !matches!(field.value, Value::Check(_)));
    let labels = beside.map(|field| text::cells(&field.label)).max().unwrap_or(0);
    (labels as u16 + 2).min(width / 2)
}

fn dialog_rows(dialog: &Dialog, width: u16) -> Vec<DialogRow> {
    let mut rows = Vec::new();
    for (number, words) in dialog.words.iter().enumerate() {
        match words {
            Words::Blank => rows.push(DialogRow::Blank),
            Words::File { .. } | Words::Recent { .. } => {
                rows.push(DialogRow::Text(number, String::new()))
            }
            Words::Plain(line) | Words::Strong(line) | Words::Soft(line) => {
                // Names may be very long: cut, for a dialog that fills the screen with one name asks nothing.
                let line = text::cut_middle(line, usize::from(width) * 4, usize::from(width) * 2);
                let lines = text::wrap(&line, usize::from(width));
                rows.extend(lines.into_iter().map(|line| DialogRow::Text(number, line)));
            }
        }
    }
    for (number, field) in dialog.fields.iter().enumerate().filter(|(_, field)| !field.hidden) {
        match &field.value {
            Value::Choice { options, .. } => {
                let column = field_column(dialog, width);
                let options = flowed(options, column, width);
                rows.extend(options.into_iter().map(|row| DialogRow::Options(number, row)));
            }
            _ => rows.push(DialogRow::Field(number)),
        }
    }
    if let Some(problem) = &dialog.problem {
        let lines = text::wrap(problem, usize::from(width));
        rows.extend(lines.into_iter().take(4).map(DialogRow::Problem));
    }
    if !rows.is_empty() {
        rows.push(DialogRow::Blank);
    }
    rows.extend(button_rows(dialog, width));
    rows
}

/// Cells that the frame of a button, or the sign of an option, takes beside its words.
const FRAMING: u16 = 4;
/// Cells between two of them.
const GAP: u16 = 2;

fn button_rows(dialog: &Dialog, width: u16) -> Vec<DialogRow> {
    let labels: Vec<&str> = dialog.buttons.iter().map(|button| button.label).collect();
    flowed(&labels, 0, width).into_iter().map(DialogRow::Buttons).collect()
}

/// Things of several words side by side from a column on, in as many rows as they need.
fn flowed(labels: &[&str], column: u16, width: u16) -> Vec<Vec<Placed>> {
    let mut rows: Vec<Vec<Placed>> = Vec::new();
    for (number, label) in labels.iter().enumerate() {
        let wide = text::cells(label) as u16 + FRAMING;
        let beside = rows.last().and_then(|row| row.last()).map(|(_, x, used)| x + used + GAP);
        match (beside, rows.last_mut()) {
            (Some(x), Some(row)) if x + wide <= width => row.push((number, x, wide)),
            _ => rows.push(vec![(number, column, wide)]),
        }
    }
    rows
}

/// The parts of the screen while a file is looked into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ViewerParts {
    pub(crate) title: Area,
    pub(crate) body: Area,
    pub(crate) foot: Option<Area>,
}

/// Where they stand on a screen of a size.
pub(crate) fn viewer_parts(size: Size) -> ViewerParts {
    let screen = Area::new(0, 0, size.width, size.height);
    let has_foot = size.height >= 4;
    let height = size.height.saturating_sub(1 + u16::from(has_foot));
    ViewerParts {
        title: screen.row(0),
        body: Area { y: 1, height, ..screen },
        foot: has_foot.then(|| screen.row(size.height - 1)),
    }
}

/// Where a reader's text stands: its box, and its inside.
pub(crate) fn reader_parts(model: &Model, reader: &Reader) -> (Area, Area) {
    let screen = Area::new(0, 0, model.size.width, model.size.height);
    let roomy = screen.width >= 40 && screen.height >= 10;
    let wanted = match &reader.kind {
        ReaderKind::Difference(_) => u16::MAX,
        ReaderKind::Help => 78,
        ReaderKind::Messages(_) | ReaderKind::Details(_) => 76,
    };
    let outer_width = if roomy { wanted.min(screen.width - 2) } else { screen.width };
    let padding = if roomy { 2 } else { 0 };
    let inner_width = outer_width.saturating_sub(2 + 2 * padding);
    let lines = reader_lines(model, reader, inner_width);
    let most = if roomy { screen.height - 2 } else { screen.height };
    let area = screen.centered(outer_width, (lines as u16).saturating_add(2).min(most));
    let inner = Area {
        x: area.x + (1 + padding).min(area.width),
        y: area.y + 1.min(area.height),
        width: inner_width,
        height: area.height.saturating_sub(2),
    };
    (area, inner)
}

/// How many lines a reader's text has at a width.
pub(crate) fn reader_lines(model: &Model, reader: &Reader, width: u16) -> usize {
    reader.lines(usize::from(width)).map_or(model.help_lines, |lines| lines.len())
}

/// Tells panes and panels how many rows they show, and puts their scrolling right.
pub(crate) fn fit(model: &mut Model) {
    let parts = parts(model);
    for (pane, area) in model.panes.iter_mut().zip(parts.panes) {
        if let Some(area) = area {
            pane.height = usize::from(pane_parts(area).rows.height);
        }
        pane.settle();
    }
    if let Some(queue) = &mut model.queue {
        let rows = usize::from(pane_parts(parts.body).rows.height);
        queue.height = rows;
        if let Some(steps) = &mut queue.steps {
            steps.height = rows;
        }
        queue.settle(&model.transfers, &model.questions);
    }
    if let Some(panel) = &mut model.ledger {
        panel.height = usize::from(pane_parts(parts.body).rows.height);
        panel.settle();
    }
    if let Some(panel) = &mut model.desk.panel {
        let (list, _) = super::sites::parts(parts.body);
        panel.height = usize::from(pane_parts(list).rows.height);
        panel.fit(&model.desk.book);
    }
    let size = model.size;
    if let Some(Layer::Dialog(dialog)) = model.layers.last_mut() {
        dialog.lifted = dialog.lifted.min(most_lifted(dialog, size.width, size.height));
    }
    let Some(Layer::Reader(reader)) = model.layers.last() else { return };
    let (_, inner) = reader_parts(model, reader);
    let lines = reader_lines(model, reader, inner.width);
    if let Some(Layer::Reader(reader)) = model.layers.last_mut() {
        reader.scroll(0, lines, usize::from(inner.height));
    }
}
