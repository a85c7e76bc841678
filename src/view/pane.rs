//! A pane: its place in the frame, its rows in columns.

use ratatui::{
    buffer::Buffer,
    style::{Modifier, Style},
};

use crate::{
    domain::{
        display,
        entry::{Entry, Kind},
        figures,
        place::{Endpoint, Location},
    },
    engine::message::ConnectionState,
    model::{
        How, Item, Landing, Model, Pane, Row, Side, SortBy, State, is_directory, layout,
        layout::Area, tabs::Tabs, text,
    },
};

use super::{
    format,
    look::Look,
    pen::{self, Line},
};

/// Width of the columns beside the name, the gap before them included.
#[derive(Debug, Clone, Copy)]
struct Columns {
    size: u16,
    time: u16,
    permissions: u16,
}

const SIZE: u16 = 6;
const DAY: u16 = 12;
const MINUTE: u16 = 18;
const PERMISSIONS: u16 = 11;
/// Cells kept free at the right edge.
const MARGIN: u16 = 1;

impl Columns {
    fn for_width(width: u16) -> Self {
        let none = Self { size: 0, time: 0, permissions: 0 };
        match width {
            0..19 => none,
            19..34 => Self { size: SIZE, ..none },
            34..50 => Self { size: SIZE, time: DAY, ..none },
            50..66 => Self { size: SIZE, time: MINUTE, ..none },
            _ => Self { size: SIZE, time: MINUTE, permissions: PERMISSIONS },
        }
    }

    fn beside(self) -> u16 {
        self.size + self.time + self.permissions + MARGIN
    }
}

/// Cells before the name: the mark and a gap.
const MARK: u16 = 2;

pub(crate) fn draw(
    model: &Model,
    side: Side,
    look: &Look,
    area: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) {
    let pane = model.pane(side);
    let focused = model.focus == side;
    let parts = layout::pane_parts(area);
    let landing = model.load().and_then(|load| load.landing.as_ref().ok());
    let landing = landing.filter(|landing| landing.side == side);
    let edge = match landing {
        Some(Landing { folder: None, .. }) => look.landing(),
        _ if focused => look.accent(),
        _ => look.soft(),
    };
    if parts.boxed {
        pen::frame(buffer, area, edge);
        draw_summary(pane, look, area, buffer);
    }
    draw_title(model, side, focused, look, area, parts.boxed, buffer);
    if let Some(header) = parts.header {
        draw_header(pane, look, header, buffer);
    }
    draw_rows(model, pane, focused, has_keys, look, parts.rows, buffer);
    let folder = landing.and_then(|landing| pane.rows.line_of(landing.folder.as_ref()?));
    if let Some(row) = folder.and_then(|line| line.checked_sub(pane.top)) {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        pen::tint(buffer, parts.rows.row(row), look.landing().add_modifier(Modifier::REVERSED));
    }
}

fn draw_title(
    model: &Model,
    side: Side,
    focused: bool,
    look: &Look,
    area: Area,
    boxed: bool,
    buffer: &mut Buffer,
) {
    let pane = model.pane(side);
    let mut line = Line::new(buffer, area.row(0));
    if boxed {
        line.skip(1).skip_right(1);
    }
    let going = pane.opening.as_ref().filter(|opening| matches!(opening.how, How::Go(_)));
    let shown = going.map_or(&pane.location, |opening| &opening.location);
    let searches = pane.found.is_some() && pane.is_streaming();
    let note = match (going, &pane.state, model.connections.get(pane.endpoint())) {
        _ if searches => Some((" searching… ", look.waiting())),
        (Some(_), ..) => Some((" opening… ", look.waiting())),
        (_, _, Some(ConnectionState::Lost(_))) => Some((" not connected ", look.bad())),
        (_, _, Some(ConnectionState::Connecting)) => Some((" connecting… ", look.waiting())),
        (_, State::Broken(_), _) => Some((" incomplete ", look.bad())),
        (_, State::Streaming(_), _) => Some((" reading… ", look.waiting())),
        _ if !is_encrypted(shown) => Some((" not encrypted ", look.bad())),
        _ => None,
    };
    if let Some((note, style)) = note
        && line.room() > 30
    {
        line.put_right(note, style);
    }
    draw_tabs(&model.tabs[side as usize], look, &mut line);
    let style = if focused { look.title() } else { look.strong() };
    // A site's colour warns wherever it is shown.
    let colour = model.desk.book.of(&shown.endpoint).and_then(|saved| saved.colour);
    let style = style.patch(colour.map(|colour| look.site(colour)).unwrap_or_default());
    let found = pane.found.as_ref().filter(|_| going.is_none());
    let before = found.map_or_else(String::new, |found| {
        let words = display::escape_text(&found.wanted.words());
        format!("found: {} below ", text::cut_end(&words, line.room() / 2))
    });
    let room = line.room().saturating_sub(2 + text::cells(&before));
    line.put(&format!(" {before}{} ", title(shown, room)), style);
}

/// The numbers of the tabs, where there are several; where room is short, which of how many.
fn draw_tabs(tabs: &Tabs, look: &Look, line: &mut Line<'_>) {
    if tabs.count() == 1 {
        return;
    }
    if line.room() < 40 {
        line.put(&format!(" {}/{} ", tabs.shown() + 1, tabs.count()), look.waiting());
        return;
    }
    for number in 0..tabs.count() {
        let style = if number == tabs.shown() { look.title() } else { look.soft() };
        line.put(&format!(" {} ", number + 1), style);
    }
    line.skip(1);
}

fn is_encrypted(location: &Location) -> bool {
    match &location.endpoint {
        Endpoint::Local => true,
        Endpoint::Remote(site) => site.protocol().is_encrypted(),
    }
}

/// `host  /path`, the path cut in the middle.
pub(super) fn title(location: &Location, width: usize) -> String {
    let path = display::escape(location.path.as_bytes());
    let host = match &location.endpoint {
        Endpoint::Local => return text::cut_path(&path, width),
        Endpoint::Remote(site) => site.before(location.path.is_absolute()),
    };
    // One cell more is for the colon.
    let host = text::cut_middle(&host, (width / 2).max(8).min(width) + 1, width / 4 + 1);
    let left = width.saturating_sub(text::cells(&host));
    format!("{host}{}", text::cut_path(&path, left))
}

/// In the lower edge: how much is here, and how much is marked.
fn draw_summary(pane: &Pane, look: &Look, area: Area, buffer: &mut Buffer) {
    if !pane.shows_a_place() {
        return;
    }
    let mut line = Line::new(buffer, area.row(area.height - 1));
    line.skip(1).skip_right(1);
    let marked = pane.rows.marked();
    if marked.count > 0 {
        let mut words = format!(" {} marked ", text::grouped(marked.count as u64));
        if marked.bytes > 0 {
            words = format!("{}, {} ", words.trim_end(), text::size_words(marked.bytes));
        }
        line.put(&words, look.marked());
        line.skip(1);
    }
    if let Some(filter) = pane.rows.filter() {
        let words = text::cut_end(filter, usize::from(area.width / 3));
        line.put(&format!(" filter: {words} "), look.waiting());
        line.skip(1);
    }
    let shown = pane.rows.shown() as u64;
    let mut words = text::entries(shown);
    let hidden = pane.rows.known() as u64 - shown;
    if pane.rows.filter().is_some() {
        words = format!("{words} of {}", text::grouped(pane.rows.known() as u64));
    } else if hidden > 0 {
        words = format!("{words}, {} hidden", text::grouped(hidden));
    }
    if pane.rows.refused_count() > 0 {
        words = format!("{words}, {} refused", text::grouped(pane.rows.refused_count() as u64));
    }
    if let Some(space) = pane.extras.space {
        let free = format!("{words} · {} free", text::size_words(space.available));
        if text::cells(&free) + 2 <= line.room() {
            words = free;
        }
    }
    line.put_right(&format!(" {words} "), look.soft());
}

fn draw_header(pane: &Pane, look: &Look, area: Area, buffer: &mut Buffer) {
    let columns = Columns::for_width(area.width);
    let sort = pane.rows.sort();
    let arrow = if sort.ascends() { "↑" } else { "↓" };
    let heading = |by: SortBy, word: &str| {
        if sort.by == by { format!("{word} {arrow}") } else { word.to_owned() }
    };
    let mut line = Line::new(buffer, area);
    let name = match sort.by {
        SortBy::Extension => format!("Name by extension {arrow}"),
        _ => heading(SortBy::Name, "Name"),
    };
    let indent = MARK + look.kinds.icon_width();
    line.column(area.width - columns.beside()).skip(indent).put(&name, look.soft());
    line.column(columns.size).put_right(&heading(SortBy::Size, "Size"), look.soft());
    line.column(columns.time).skip(2).put(&heading(SortBy::Time, "Modified"), look.soft());
    line.column(columns.permissions).skip(2).put("Rights", look.soft());
}

fn draw_rows(
    model: &Model,
    pane: &Pane,
    focused: bool,
    has_keys: bool,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) {
    if let Some((words, style)) = instead_of_rows(model, pane, look) {
        draw_words(&words, style, area, buffer);
        return;
    }
    let leaving = pane.opening.as_ref().is_some_and(|opening| matches!(opening.how, How::Go(_)));
    let lost = matches!(model.connections.get(pane.endpoint()), Some(ConnectionState::Lost(_)));
    for row in 0..area.height {
        let line = pane.top + usize::from(row);
        let Some(item) = pane.rows.item(line) else { break };
        let place = area.row(row);
        draw_item(pane, item, look, place, buffer);
        if leaving || lost {
            pen::tint(buffer, place, look.soft());
        }
        if line == pane.cursor && focused {
            pen::tint(buffer, place, if has_keys { look.cursor() } else { look.cursor_at_rest() });
        }
    }
    // The way up alone does not say whether there is anything.
    if pane.rows.shown() == 0 && matches!(pane.state, State::Complete) && pane.rows.len() <= 1 {
        let words = match pane.rows.known() {
            0 => "empty",
            _ if pane.rows.filter().is_some() => "nothing passes the filter; Esc shows all",
            _ => "only hidden names; . shows them",
        };
        let row = area.row(u16::from(pane.rows.len() == 1) + 1);
        Line::new(buffer, row).skip(MARK).put(words, look.soft());
    }
}

/// What a pane without rows says.
fn instead_of_rows(model: &Model, pane: &Pane, look: &Look) -> Option<(Vec<String>, Style)> {
    match &pane.state {
        State::Blank => {
            let location =
                pane.opening.as_ref().map_or(&pane.location, |opening| &opening.location);
            let words = match (&location.endpoint, model.connections.get(&location.endpoint)) {
                (Endpoint::Local, _) => "Reading…".to_owned(),
                (Endpoint::Remote(site), Some(ConnectionState::Connected)) => {
                    format!("Connected to {}. Reading…", site.host())
                }
                (Endpoint::Remote(site), _) => format!("Connecting to {}…", site.host()),
            };
            Some((vec![words, String::new(), "Esc stops".to_owned()], look.soft()))
        }
        State::Failed(error) => {
            let words = vec![
                error.to_string(),
                String::new(),
                "r tries again".to_owned(),
                "o opens another place".to_owned(),
            ];
            Some((words, Style::new()))
        }
        _ => None,
    }
}

fn draw_words(words: &[String], style: Style, area: Area, buffer: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(4));
    let lines: Vec<String> = words.iter().flat_map(|words| text::wrap(words, width)).collect();
    let top = area.height.saturating_sub(lines.len() as u16) / 3;
    for (row, line) in lines.iter().enumerate() {
        let place = area.row(top.saturating_add(row as u16));
        Line::new(buffer, place).skip(2.min(area.width / 8)).put(line, style);
    }
}

fn draw_item(pane: &Pane, item: Item<'_>, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    match item {
        Item::Parent => {
            line.skip(MARK + look.kinds.icon_width()).put("..", look.directory());
        }
        Item::Refused(refused) => {
            line.put("✗ ", look.bad());
            let why = format!("  {}", refused.why);
            let name = display::escape(&refused.bytes);
            let room = line.room().saturating_sub(text::cells(&why).min(line.room() / 2));
            line.put(&text::cut_name(&name, room), look.soft()).put(&why, look.soft());
        }
        Item::Entry(row) => draw_entry(pane, row, look, area.width, &mut line),
    }
}

fn draw_entry(pane: &Pane, row: &Row, look: &Look, width: u16, line: &mut Line<'_>) {
    let entry = &row.entry;
    let columns = Columns::for_width(width);
    let style = if row.marked { look.marked() } else { style_of(entry, look) };
    let mut name = line.column(width - columns.beside());
    name.column(MARK).put(if row.marked { "●" } else { "" }, look.marked());
    if let Some(icon) = look.kinds.icon(entry) {
        name.column(look.kinds.icon_width()).put(icon, style);
    }
    let sign = sign_of(entry);
    let shown = display::escape(entry.name.as_bytes());
    let room = name.room().saturating_sub(sign.len());
    name.put(&text::cut_name(&shown, room), style).put(sign, style);

    let plain = if row.marked { look.marked() } else { Style::new() };
    let (size, style) = match (entry.attributes.kind, pane.extras.sum(&entry.name)) {
        (Kind::File, _) => (text::size_short(entry.attributes.size), plain),
        (_, Some(sum)) if sum.complete && sum.unread == 0 => {
            (text::size_short(Some(sum.bytes)), plain)
        }
        // Still growing, or not all of it could be read.
        (_, Some(sum)) => {
            let style = if sum.complete { look.bad() } else { look.waiting() };
            (text::size_short(Some(sum.bytes)), style)
        }
        _ => (String::new(), plain),
    };
    line.column(columns.size).put_right(&size, style);
    let time = format::time(entry.attributes.modified, &look.zone);
    let soft = if row.marked { look.marked() } else { look.soft() };
    let mut column = line.column(columns.time);
    let time = if columns.time == DAY { time.get(..10).unwrap_or(&time) } else { &time };
    column.skip(2).put(time, soft);
    let permissions = figures::permissions(entry.attributes.permissions);
    line.column(columns.permissions).skip(2).put(&permissions, soft);
}

fn style_of(entry: &Entry, look: &Look) -> Style {
    if let Some(style) = look.kinds.style(entry).filter(|_| look.colours) {
        return style;
    }
    match entry.attributes.kind {
        _ if is_directory(entry) => look.directory(),
        Kind::Symlink => look.link(),
        Kind::Other => look.soft(),
        _ => Style::new(),
    }
}

/// What `ls -F` puts behind a name.
fn sign_of(entry: &Entry) -> &'static str {
    match entry.attributes.kind {
        Kind::Directory => "/",
        Kind::Symlink if is_directory(entry) => "@/",
        Kind::Symlink => "@",
        Kind::File if entry.attributes.permissions.is_some_and(|bits| bits & 0o111 != 0) => "*",
        Kind::File => "",
        Kind::Other => "?",
    }
}
