//! Who may know whom, as the table in `src/lib.rs` says, and which crates live in which room.

use std::collections::BTreeMap;

use super::source::Source;

/// Crates that only some rooms may know.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["view", "terminal", "app"]),
    ("crossterm", &["view", "terminal", "app", "keymap"]),
    ("ssh2", &["storage::sftp"]),
    ("rustls", &["storage::ftp"]),
    ("tokio_rustls", &["storage::ftp"]),
    ("rustls_native_certs", &["storage::ftp"]),
    ("suppaftp", &["storage::ftp"]),
    ("rusqlite", &["engine::journal"]),
    ("nix", &["storage::local"]),
    ("terminal_colorsaurus", &["terminal"]),
    ("lscolors", &["view"]),
    ("keyring", &["settings::secrets"]),
    ("keyring_core", &["settings::secrets"]),
    ("syntect", &["highlight"]),
    ("two_face", &["highlight"]),
    ("image", &["view"]),
    ("ratatui_image", &["view"]),
    ("anyhow", &["main", "cli", "app"]),
];

/// Rooms that take values and return values: no clock, no disk, no network, no task.
const PURE: &[&str] = &[
    "model",
    "domain",
    "view",
    "keymap",
    "engine::retry",
    "storage::sftp::packet",
    "storage::ftp::wire",
    "storage::ftp::listing",
];

/// What a pure room may not name. `SystemTime` and `Instant` as values are fine, reading the clock is not.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
    "tokio",
    "rustix",
];

/// The rooms of the map, and the rooms each may know; `None` stands for everyone.
pub(super) type Map = BTreeMap<String, Option<Vec<String>>>;

/// Reads the table of rooms: names and neighbours are what stands between backticks.
pub(super) fn read_map(lib: &str) -> Map {
    let mut map = Map::new();
    for line in lib.lines() {
        let Some(row) = line.strip_prefix("//! | ") else { continue };
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        let [name, _, knows] = cells[..] else { continue };
        let Some(name) = backticked(name).into_iter().next() else { continue };
        let everyone = knows.trim() == "everyone";
        map.insert(name, (!everyone).then(|| backticked(knows)));
    }
    map
}

fn backticked(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The most particular room that a path lies in.
fn room_of(map: &Map, path: &[String]) -> Option<String> {
    (1..=path.len()).rev().map(|depth| path[..depth].join("::")).find(|name| map.contains_key(name))
}

fn lies_in(path: &[String], rooms: &[&str]) -> bool {
    let path = path.join("::");
    rooms.iter().any(|room| path == *room || path.starts_with(&format!("{room}::")))
}

/// Every top-level module has a row, every row a module.
pub(super) fn map_is_complete(map: &Map, sources: &[Source]) -> Vec<String> {
    let product = || sources.iter().filter(|source| source.path.starts_with("src/"));
    let mut complaints = Vec::new();
    for source in product() {
        if source.path != "src/lib.rs" && room_of(map, &source.module()).is_none() {
            complaints.push(format!("{} is in no room of the map in src/lib.rs", source.path));
        }
    }
    for name in map.keys() {
        if !product().any(|source| source.module().join("::") == *name) {
            complaints.push(format!("the map in src/lib.rs has a room `{name}` that is not there"));
        }
    }
    complaints
}

/// Nobody knows whom the map does not allow.
pub(super) fn neighbours(map: &Map, sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        let Some(room) = room_of(map, &source.module()) else { continue };
        let Some(Some(allowed)) = map.get(&room) else { continue };
        for (path, line) in source.paths(&[]) {
            let Some(other) = room_of(map, &path) else { continue };
            if other != room && !allowed.contains(&other) {
                complaints.push(format!(
                    "{}:{line}: `{room}` may not know `{other}` ({})",
                    source.path,
                    path.join("::")
                ));
            }
        }
    }
    complaints
}

/// Crates stay in their rooms.
pub(super) fn crates(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        for word in &source.product {
            for (name, rooms) in CRATES {
                if word.text == *name && !lies_in(&source.module(), rooms) {
                    complaints.push(format!(
                        "{}:{}: {name} is only for {}",
                        source.path,
                        word.line,
                        rooms.join(", ")
                    ));
                }
            }
        }
        if source.path == "src/keymap.rs" {
            for (path, line) in source.paths(&["crossterm"]) {
                if path[0] == "crossterm" && path.get(1).is_none_or(|part| part != "event") {
                    complaints.push(format!(
                        "{}:{line}: the keymap knows crossterm's key codes only",
                        source.path
                    ));
                }
            }
        }
    }
    complaints
}

/// The pure rooms are pure.
pub(super) fn purity(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        if !lies_in(&source.module(), PURE) {
            continue;
        }
        for (path, line) in source.paths(&["std", "tokio", "rustix"]) {
            if lies_in(&path, IMPURE) {
                complaints.push(format!(
                    "{}:{line}: {} in a pure room",
                    source.path,
                    path.join("::")
                ));
            }
        }
        for three in source.product.windows(3) {
            if three[0].text == ":" && three[1].text == "now" && three[2].text == "(" {
                complaints
                    .push(format!("{}:{}: a pure room reads no clock", source.path, three[1].line));
            }
        }
    }
    complaints
}
