//! What was opened lately: state, not a setting, so it lies with the journal.

use serde::{Deserialize, Serialize};

use crate::domain::book::{Recent, RecentPlace};

/// So many are remembered.
const MOST: usize = 50;

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    at: i64,
}

/// Reads the text, the latest first. What makes no sense is forgotten: it is only a convenience.
pub(super) fn read(text: &str) -> Vec<Recent> {
    let rows: Vec<Row> = serde_json::from_str(text).unwrap_or_default();
    let recents = rows.into_iter().filter_map(|Row { site, place, at }| {
        let what = match (site, place) {
            (Some(name), _) => RecentPlace::Saved(name),
            (None, Some(place)) => RecentPlace::Typed(place),
            (None, None) => return None,
        };
        Some(Recent { what, at })
    });
    recents.take(MOST).collect()
}

/// The text with a place put first.
pub(super) fn note(text: &str, what: RecentPlace, at: i64) -> String {
    let mut recents = read(text);
    recents.retain(|recent| recent.what != what);
    recents.insert(0, Recent { what, at });
    recents.truncate(MOST);
    let rows: Vec<Row> = recents
        .into_iter()
        .map(|Recent { what, at }| match what {
            RecentPlace::Saved(name) => Row { site: Some(name), place: None, at },
            RecentPlace::Typed(place) => Row { site: None, place: Some(place), at },
        })
        .collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_comes_first_and_only_once() {
        let saved = |name: &str| RecentPlace::Saved(name.to_owned());
        let text = note("", saved("a"), 1);
        let text = note(&text, RecentPlace::Typed("anna@h:x".to_owned()), 2);
        let text = note(&text, saved("a"), 3);
        let read = read(&text);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0], Recent { what: saved("a"), at: 3 });
        assert_eq!(super::read("nonsense"), []);
    }
}
