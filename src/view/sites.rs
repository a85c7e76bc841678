//! The site manager: a list of sites, and what is known of the one under the cursor.

use ratatui::{buffer::Buffer, style::Style};

use crate::{
    domain::{
        digest::VerifyLevel,
        display::escape_text,
        entry::Timestamp,
        saved::{LoginWay, SavedSite},
        site::Protocol,
    },
    model::{
        Model, Side,
        layout::Area,
        sites::{self, SiteLine, SitesPanel},
        text,
    },
};

use super::{
    format,
    look::Look,
    pen::{self, Line},
    queue,
};

/// Draws it. Where the terminal's cursor belongs, while something is searched for.
pub(crate) fn draw(
    model: &Model,
    panel: &SitesPanel,
    look: &Look,
    body: Area,
    has_keys: bool,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let (list, details) = sites::parts(body);
    let lines = sites::lines(&model.desk.book, panel.search.value());
    let pane = if panel.side == Side::Left { "left" } else { "right" };
    let parts = queue::panel("Sites", &format!(" opens in the {pane} pane "), look, list, buffer);
    let cursor = parts.header.and_then(|header| draw_header(panel, look, header, buffer));
    if lines.is_empty() {
        let words = match panel.search.value().is_empty() {
            true => "No site is saved yet. n makes one; Ctrl-D in a pane saves the place it shows.",
            false => "Nothing fits. Esc empties the search.",
        };
        for (row, words) in
            text::wrap(words, usize::from(parts.rows.width.saturating_sub(4))).iter().enumerate()
        {
            let row = parts.rows.row(parts.rows.height / 3 + row as u16);
            Line::new(buffer, row).skip(2).put(words, look.soft());
        }
    }
    for row in 0..parts.rows.height {
        let number = panel.top + usize::from(row);
        let Some(line) = lines.get(number) else { break };
        let place = parts.rows.row(row);
        draw_line(line, look, place, buffer);
        if number == panel.cursor {
            pen::tint(buffer, place, if has_keys { look.cursor() } else { look.cursor_at_rest() });
        }
    }
    if let (Some(area), Some(line)) = (details, lines.get(panel.cursor)) {
        draw_details(model, line, look, area, buffer);
    }
    cursor
}

fn draw_header(
    panel: &SitesPanel,
    look: &Look,
    area: Area,
    buffer: &mut Buffer,
) -> Option<(u16, u16)> {
    let mut line = Line::new(buffer, area);
    line.skip(2);
    if !panel.searching && panel.search.value().is_empty() {
        line.column(name_width(area.width)).put("Name", look.soft());
        line.skip(1).put("Address", look.soft());
        return None;
    }
    line.put("/", look.soft());
    let x = line.put_typed(&panel.search, look.strong());
    panel.searching.then_some((x, area.y))
}

/// Cells of the labels of what is known.
const LABEL: u16 = 13;

fn name_width(width: u16) -> u16 {
    (width * 2 / 5).max(8)
}

fn draw_line(one: &SiteLine<'_>, look: &Look, area: Area, buffer: &mut Buffer) {
    let mut line = Line::new(buffer, area);
    let (name, address) = match one {
        SiteLine::Folder(folder) => {
            line.skip(1).put(folder, look.directory());
            return;
        }
        SiteLine::Saved(site) => {
            let colour = site.colour.map(|colour| look.site(colour));
            line.column(2).put(if colour.is_some() { "●" } else { "" }, colour.unwrap_or_default());
            (&site.name, site.site.to_string())
        }
        SiteLine::Host(host) => {
            line.skip(2);
            let user = if host.user.is_empty() { String::new() } else { format!("{}@", host.user) };
            (&host.name, format!("{user}{}", host.host_name))
        }
    };
    let mut column = line.column(name_width(area.width));
    let room = column.room();
    column.put(&text::cut_middle(name, room, room / 3), Style::new());
    line.skip(1).skip_right(1);
    let room = line.room();
    line.put(&text::cut_middle(&address, room, room * 2 / 3), look.soft());
}

fn draw_details(model: &Model, line: &SiteLine<'_>, look: &Look, area: Area, buffer: &mut Buffer) {
    let (name, facts, note) = match line {
        SiteLine::Folder(_) => return,
        SiteLine::Saved(site) => (&site.name, facts(model, site, look), site.note.as_str()),
        SiteLine::Host(host) => {
            let facts = vec![
                ("Host", host.host_name.clone()),
                ("User", host.user.clone()),
                ("Kept in", "the ssh config".to_owned()),
            ];
            (&host.name, facts, "")
        }
    };
    pen::frame(buffer, area, look.soft());
    let inner = area.inner();
    let mut title = Line::new(buffer, area.row(0));
    title.skip(1).skip_right(1);
    let room = title.room().saturating_sub(2);
    let style = match line {
        SiteLine::Saved(SavedSite { colour: Some(colour), .. }) => look.site(*colour),
        _ => Style::new(),
    };
    title.put(&format!(" {} ", text::cut_middle(name, room, room / 3)), style.patch(look.strong()));
    let mut row = 1;
    for (label, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let value = escape_text(value);
        let lines = text::wrap(&value, usize::from(inner.width.saturating_sub(LABEL + 2)));
        for (number, words) in lines.iter().take(3).enumerate() {
            let mut line = Line::new(buffer, inner.row(row));
            line.skip(1).skip_right(1);
            line.column(LABEL).put(if number == 0 { label } else { "" }, look.soft());
            line.put(words, Style::new());
            row += 1;
        }
    }
    row += 1;
    for words in text::wrap(note, usize::from(inner.width.saturating_sub(2))) {
        Line::new(buffer, inner.row(row)).skip(1).put(&words, Style::new());
        row += 1;
    }
}

fn facts(model: &Model, site: &SavedSite, look: &Look) -> Vec<(&'static str, String)> {
    let opened = model.desk.book.last_opened(&site.name);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let login = match &site.login {
        LoginWay::Auto if site.site.protocol() != Protocol::Sftp => "password".to_owned(),
        LoginWay::Auto => "agent, keys, password".to_owned(),
        LoginWay::Agent => "agent".to_owned(),
        LoginWay::Key(key) => format!("key {key}"),
        LoginWay::Password => "password, from the keyring".to_owned(),
        LoginWay::Ask => "password, asked each time".to_owned(),
        LoginWay::Command(command) => format!("password from {command}"),
    };
    let verify = match site.verify {
        None => "",
        Some(VerifyLevel::Auto) => "hash, else size",
        Some(VerifyLevel::Digest) => "hash, or fail",
        Some(VerifyLevel::Size) => "size",
        Some(VerifyLevel::Off) => "off",
    };
    vec![
        ("Protocol", site.site.protocol().scheme().to_owned()),
        ("Host", site.site.host().to_owned()),
        ("Port", site.site.port().map(|port| port.to_string()).unwrap_or_default()),
        ("User", site.site.user().unwrap_or_default().to_owned()),
        ("Log in by", login),
        ("There", text(&site.start)),
        ("Here", text(&site.start_here)),
        ("Verify by", verify.to_owned()),
        ("Connections", site.connections.map(|most| format!("up to {most}")).unwrap_or_default()),
        ("Requests", site.requests.map(|most| format!("up to {most} a lane")).unwrap_or_default()),
        ("Names in", site.ftp.encoding.map(|encoding| encoding.name()).unwrap_or_default()),
        ("Data", site.ftp.mode.map(|mode| mode.word().to_owned()).unwrap_or_default()),
        ("TLS", site.ftp.tls.map(|rule| rule.word().to_owned()).unwrap_or_default()),
        ("Limit", site.limit.0.map(|_| site.limit.to_string()).unwrap_or_default()),
        ("Tags", site.tags.join(", ")),
        (
            "Opened",
            opened.map_or_else(
                || "never".to_owned(),
                |at| format::time(Some(Timestamp::from_seconds(at)), &look.zone),
            ),
        ),
    ]
}
