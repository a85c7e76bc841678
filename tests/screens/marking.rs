//! Marks by size and age, with what is understood where something is looked for.

use wharf::domain::entry::Timestamp;

use super::stage::{MOMENT, Stage, directory, file};

/// Files of several sizes, changed so many days ago.
fn stage() -> Stage {
    let mut stage = Stage::new((100, 24));
    let mut entries = vec![directory("old-folder")];
    for (name, size, days) in
        [("a.csv", 500, 0), ("b.csv", 5_000, 3), ("c.log", 50_000_000, 3), ("d.log", 10, 40)]
    {
        let mut entry = file(name, size);
        entry.attributes.modified = Some(Timestamp::from_seconds(MOMENT - days * 86_400 - 60));
        entries.push(entry);
    }
    stage.set_place("/home/anna/cargo", entries);
    stage.keys("j Enter");
    stage.serve();
    stage
}

#[test]
fn by_age_and_by_size_and_by_all_together() {
    for (pattern, size, changed, marked) in [
        ("*", "", "newer 2d", "2 with the folder"),
        ("*", "", "since 4d older 2d", "2 files"),
        ("*", "", "before 2026-11-01", "1 file"),
        ("*", ">1K", "", "2 files"),
        ("*.log", "<1K", "", "1 file"),
        ("*.csv", ">1K", "older 2d", "1 file"),
    ] {
        let mut stage = stage();
        stage.keys("+ Ctrl-U").text(pattern).keys("Tab").text(size).keys("Tab").text(changed);
        stage.keys("Enter");
        let count = marked.split(' ').next().unwrap();
        stage.shows(&format!("{count} marked"));
    }
}

#[test]
fn what_was_marked_is_unmarked_by_the_same() {
    let mut stage = stage();
    stage.keys("*");
    stage.shows("5 marked");
    stage.keys("- Tab Tab").text("older 30d").keys("Enter");
    stage.shows("1 entry unmarked");
    stage.shows("4 marked");
}

#[test]
fn what_makes_no_sense_is_told_and_marks_nothing() {
    let mut stage = stage();
    stage.keys("+ Tab").text("big").keys("Enter");
    stage.shows("A size is >10M");
    stage.keys("Ctrl-U Tab").text("yesterday").keys("Enter");
    stage.shows("A time is since 2d");
    stage.keys("Esc");
    stage.shows_not("marked");
}
