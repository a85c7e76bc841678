//! A pane: its place in the frame, its rows in columns.

use ratatui::{
    buffer::Buffer,
    style::{Modifier, Style},
};

use crate::{
    domain::{
        columns::Column,
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
    columns, format,
    look::Look,
    pen::{self, Line},
};

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
    let width = line.room();
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
    draw_tabs(&model.tabs[side as usize], width, look, &mut line);
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
fn draw_tabs(tabs: &Tabs, width: usize, look: &Look, line: &mut Line<'_>) {
    let labels = tabs.labels(width);
    for (number, label) in labels.iter().enumerate() {
        let style = match labels.len() {
            1 => look.waiting(),
            _ if number == tabs.shown() => look.title(),
            _ => look.soft(),
        };
        line.put(label, style);
    }
    if labels.len() > 1 {
        line.skip(1);
    }
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
    let sort = pane.rows.sort();
    let arrow = if sort.ascends() { "↑" } else { "↓" };
    let placed = columns::on_width(&look.columns, area.width);
    let has_extension = placed.iter().any(|(column, _)| *column == Column::Extension);
    let mut line = Line::new(buffer, area);
    for (column, wide) in placed {
        let words = match columns::heading(column) {
            ("Name", _) if sort.by == SortBy::Extension && !has_extension => {
                format!("Name by extension {arrow}")
            }
            (word, Some(by)) if sort.by == by => format!("{word} {arrow}"),
            (word, _) => word.to_owned(),
        };
        let mut place = line.column(wide);
        match column {
            Column::Name => place.skip(MARK + look.kinds.icon_width()).put(&words, look.soft()),
            Column::Size => place.put_right(&words, look.soft()),
            _ => place.skip(2).put(&words, look.soft()),
        };
    }
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
            let placed = columns::on_width(&look.columns, area.width);
            let before = placed.iter().take_while(|(column, _)| *column != Column::Name);
            let before: u16 = before.map(|(_, wide)| wide).sum();
            line.skip(before + MARK + look.kinds.icon_width()).put("..", look.directory());
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
    let soft = if row.marked { look.marked() } else { look.soft() };
    let attributes = &row.entry.attributes;
    for (column, wide) in columns::on_width(&look.columns, width) {
        let mut place = line.column(wide);
        let words = match column {
            Column::Name => {
                draw_name(row, look, &mut place);
                continue;
            }
            Column::Size => {
                let (size, style) = size_of(pane, row, look);
                place.put_right(&size, style);
                continue;
            }
            Column::Time => {
                let time = format::time(attributes.modified, &look.zone);
                if wide == columns::DAY { time.get(..10).unwrap_or(&time).to_owned() } else { time }
            }
            Column::Mode => figures::permissions(attributes.permissions),
            Column::Owner => match attributes.owner {
                Some((user, group)) => format!("{user}:{group}"),
                None => String::new(),
            },
            Column::Extension => extension_of(&row.entry),
        };
        place.skip(2).put(&words, soft);
    }
}

fn draw_name(row: &Row, look: &Look, name: &mut Line<'_>) {
    let entry = &row.entry;
    let style = if row.marked { look.marked() } else { style_of(entry, look) };
    name.column(MARK).put(if row.marked { "●" } else { "" }, look.marked());
    if let Some(icon) = look.kinds.icon(entry) {
        name.column(look.kinds.icon_width()).put(icon, style);
    }
    let sign = sign_of(entry);
    let shown = display::escape(entry.name.as_bytes());
    let room = name.room().saturating_sub(sign.len());
    name.put(&text::cut_name(&shown, room), style).put(sign, style);
}

/// A file's size, or what a directory holds where that was added up.
fn size_of(pane: &Pane, row: &Row, look: &Look) -> (String, Style) {
    let plain = if row.marked { look.marked() } else { Style::new() };
    match (row.entry.attributes.kind, pane.extras.sum(&row.entry.name)) {
        (Kind::File, _) => (text::size_short(row.entry.attributes.size), plain),
        (_, Some(sum)) if sum.complete && sum.unread == 0 => {
            (text::size_short(Some(sum.bytes)), plain)
        }
        // Still growing, or not all of it could be read.
        (_, Some(sum)) => {
            let style = if sum.complete { look.bad() } else { look.waiting() };
            (text::size_short(Some(sum.bytes)), style)
        }
        _ => (String::new(), plain),
    }
}

/// What stands behind the last dot of a file's name; a dot at its beginning is none.
fn extension_of(entry: &Entry) -> String {
    let name = entry.name.as_bytes();
    match name.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot > 0 && !is_directory(entry) => display::escape(&name[dot + 1..]),
        _ => String::new(),
    }
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
