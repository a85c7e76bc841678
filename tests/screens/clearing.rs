//! Parts that interrupted jobs left: told of where they lie, cleared away when the person says so, and no others.

use std::collections::HashSet;

use insta::assert_snapshot;
use wharf::engine::message::{Event, JobNumber, Stale, Work};

use super::stage::{Sent, Stage, file, location};

const OURS: &str = ".manifest.csv.abcdeXYZ.part";
const SPARED: &str = ".large.bin.abcde123.part";
const THEIRS: &str = ".manifest.csv.zzzzzXYZ.part";

pub(super) fn stale() -> Event {
    let place = location("files.example:/srv/in");
    let spared = HashSet::from([location(&format!("files.example:/srv/in/{SPARED}")).path]);
    let (job, marks) = (JobNumber(3), vec!["abcde".to_owned()]);
    let (endpoint, to, names) = (place.endpoint, place.path, HashSet::new());
    let directories = Vec::new();
    Event::Stale(vec![Stale { job, endpoint, marks, to, names, directories, spared }])
}

/// A stage whose right pane shows parts.
pub(super) fn with_parts(size: (u16, u16)) -> Stage {
    let mut stage = Stage::unanswered(size, Some("/home/anna"), Some("files.example:/srv/in"));
    for sent in stage.take_sent() {
        let Sent::Open(ticket, location) = sent else { continue };
        stage.event(Event::Opened { ticket, location });
        let entries = [OURS, SPARED, THEIRS, "a.csv"].map(|name| file(name, 1_000)).to_vec();
        stage.event(Event::Rows { ticket, entries, refused: Vec::new() });
        stage.event(Event::Listed(ticket));
    }
    stage
}

#[test]
fn what_interrupted_jobs_left_is_told_of_and_cleared_away() {
    let mut stage = with_parts((80, 24));
    stage.shows_not("K clears");
    stage.event(stale());
    stage.shows("1 part of an interrupted copy lies here; K clears away.");
    stage.keys("K");
    stage.shows("No parts of interrupted copies lie here.");
    stage.keys("Tab K");
    assert_snapshot!(stage.picture());
    stage.keys("Enter");
    assert!(stage.take_sent().is_empty(), "the harmless button is under the cursor");
    stage.keys("K y");
    let (_, request) = stage.take_job();
    assert_eq!(request.work, Work::Delete);
    let names: Vec<String> = request.sources.iter().map(|path| format!("{path:?}")).collect();
    assert_eq!(names, [format!("/srv/in/{OURS}")]);
}
