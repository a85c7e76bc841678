//! The panes of the last time: state, not a setting, so it lies with the journal.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::sites::file;
use crate::domain::{
    error::Result,
    session::{PaneSession, Session},
};

/// The file within the state directory.
const FILE: &str = "session.json";

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Kept {
    left: KeptPane,
    right: KeptPane,
    right_has_keys: bool,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct KeptPane {
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    sorted_by: String,
    reversed: bool,
    shows_hidden: bool,
}

/// What was kept in this state directory. Whatever is wrong with it, it is only a convenience.
pub fn read(state_dir: &Path) -> Option<Session> {
    let text = file::read(&state_dir.join(FILE)).ok()?;
    let Kept { left, right, right_has_keys } = serde_json::from_str(&text).ok()?;
    let pane = |kept: KeptPane| PaneSession {
        place: kept.place,
        sorted_by: kept.sorted_by,
        reversed: kept.reversed,
        shows_hidden: kept.shows_hidden,
    };
    Some(Session { panes: [pane(left), pane(right)], right_has_keys })
}

/// Keeps it for the next time, for the person's eyes only.
pub fn keep(state_dir: &Path, session: &Session) -> Result<()> {
    let [left, right] = session.panes.clone().map(|pane| KeptPane {
        place: pane.place,
        sorted_by: pane.sorted_by,
        reversed: pane.reversed,
        shows_hidden: pane.shows_hidden,
    });
    let kept = Kept { left, right, right_has_keys: session.right_has_keys };
    file::change(&state_dir.join(FILE), |_| {
        serde_json::to_string_pretty(&kept).map_err(|error| error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn what_is_kept_reads_back_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(read(&state), None);
        let left = PaneSession {
            place: Some("/home/anna".to_owned()),
            sorted_by: "size".to_owned(),
            reversed: true,
            shows_hidden: true,
        };
        let session = Session { panes: [left, PaneSession::default()], right_has_keys: true };
        keep(&state, &session).unwrap();
        assert_eq!(read(&state), Some(session));
        let mode = fs::metadata(state.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn nonsense_is_no_session() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "[3]", "{\"left\": 3}", "\u{0}"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(read(folder.path()), None, "{text}");
        }
    }
}
