//! The dialogs a person opens: what each one says and asks.

use crate::{
    domain::{
        digest::VerifyLevel,
        display,
        entry::{Entry, Kind},
        path::{Name, StoragePath},
        place::Location,
        question::ConflictChoice,
        rate::Limit,
        renaming::Pair,
        wanted::{Part, Wanted},
    },
    engine::message::{LeftJob, Target},
};

use super::{
    Side,
    compare::Against,
    completion::Completion,
    dialog::{Button, Dialog, Field, Press, Words},
    pane::Pane,
    place_text::Prefilled,
    purpose::Purpose,
    rows::Tally,
    text,
    transfers::job_words,
    update::Renaming,
};

/// Levels of checking, in the order of the choice.
pub(crate) const VERIFY: [(&str, VerifyLevel); 4] = [
    ("hash, else size", VerifyLevel::Auto),
    ("hash, or fail", VerifyLevel::Digest),
    ("size", VerifyLevel::Size),
    ("off", VerifyLevel::Off),
];
const VERIFY_WORDS: [&str; 4] = words(&VERIFY);

/// What to do with a name that is taken, in the order of the choice.
pub(crate) const CONFLICT: [(&str, Option<ConflictChoice>); 8] = [
    ("ask", None),
    ("skip", Some(ConflictChoice::Skip)),
    ("overwrite", Some(ConflictChoice::Overwrite)),
    ("overwrite older", Some(ConflictChoice::Newer)),
    ("overwrite differing", Some(ConflictChoice::Differs)),
    ("keep both", Some(ConflictChoice::KeepBoth)),
    ("resume", Some(ConflictChoice::Resume)),
    ("fail", Some(ConflictChoice::Fail)),
];
const CONFLICT_WORDS: [&str; 8] = words(&CONFLICT);

const fn words<T, const COUNT: usize>(
    choices: &[(&'static str, T); COUNT],
) -> [&'static str; COUNT] {
    let (mut words, mut number) = ([""; COUNT], 0);
    while number < COUNT {
        words[number] = choices[number].0;
        number += 1;
    }
    words
}

/// Numbers of the transfer dialog's fields.
pub(crate) const TO: usize = 0;
pub(crate) const IF_TAKEN: usize = 1;
pub(crate) const CHECK: usize = 2;

fn escaped(entry: &Entry) -> String {
    display::escape(entry.name.as_bytes())
}

/// `report.csv`, or `3 entries`.
pub(crate) fn named(chosen: &[&Entry]) -> String {
    match chosen {
        [only] => escaped(only),
        several => text::entries(several.len() as u64),
    }
}

/// The same with the bytes known.
pub(crate) fn what(chosen: &[&Entry], tally: Tally) -> String {
    let name = named(chosen);
    let has_directory = chosen.iter().any(|entry| super::sort::is_directory(entry));
    match (tally.bytes, has_directory) {
        (0, false) if chosen.len() != 1 => name,
        (0, true) if chosen.len() == 1 => format!("{name}, with all it holds"),
        (0, true) => format!("{name}, with all they hold"),
        (bytes, true) => {
            format!("{name}, {} and what the directories hold", text::size_words(bytes))
        }
        (bytes, false) => format!("{name}, {}", text::size_words(bytes)),
    }
}

/// The first names, where there are several.
pub(crate) fn names(chosen: &[&Entry]) -> Option<Words> {
    const SHOWN: usize = 4;
    if chosen.len() < 2 {
        return None;
    }
    let mut line: Vec<String> =
        chosen.iter().take(SHOWN).map(|entry| text::cut_name(&escaped(entry), 24)).collect();
    if chosen.len() > SHOWN {
        line.push(format!("and {} more", text::grouped((chosen.len() - SHOWN) as u64)));
    }
    Some(Words::Soft(line.join(", ")))
}

pub(crate) fn paths(pane: &Pane, chosen: &[&Entry]) -> Vec<StoragePath> {
    chosen.iter().map(|entry| pane.location.path.join(&entry.name)).collect()
}

/// Copy or move what is chosen to the other pane's place.
pub(crate) fn transfer(
    pane: &Pane,
    other: &Pane,
    moves: bool,
    on_conflict: Option<ConflictChoice>,
) -> Option<Dialog> {
    let chosen = pane.chosen();
    if chosen.is_empty() {
        return None;
    }
    let to = Prefilled::directory(&other.location);
    let purpose = Purpose::Transfer {
        moves,
        from: pane.location.clone(),
        sources: paths(pane, &chosen),
        to: to.clone(),
    };
    let verb = if moves { "Move" } else { "Copy" };
    let if_taken = CONFLICT.iter().position(|(_, known)| *known == on_conflict).unwrap_or(0);
    let mut dialog = Dialog::new(purpose, verb);
    dialog.words.push(Words::Strong(what(&chosen, pane.chosen_tally())));
    dialog.words.extend(names(&chosen));
    dialog.words.push(Words::Soft(format!("from {}", pane.location)));
    dialog.words.push(Words::Blank);
    dialog.fields = vec![
        Field::text("To", to.text),
        Field::choice("If taken", &CONFLICT_WORDS, if_taken),
        Field::choice("Verify by", &VERIFY_WORDS, 0),
    ];
    dialog.buttons = vec![
        Button::accept(verb, verb.chars().next().map_or('c', |c| c.to_ascii_lowercase())),
        Button::leave("Cancel", 'n'),
    ];
    Some(dialog)
}

/// Chooses the level of checking that a site was saved with.
pub(crate) fn set_verify(dialog: &mut Dialog, level: VerifyLevel) {
    let number = VERIFY.iter().position(|(_, known)| *known == level).unwrap_or(0);
    if let Some(field) = dialog.fields.get_mut(CHECK) {
        *field = Field::choice("Verify by", &VERIFY_WORDS, number);
    }
}

/// Make a directory in a pane's place.
pub(crate) fn make_directory(pane: &Pane, side: Side) -> Dialog {
    let within = pane.location.clone();
    let mut dialog = Dialog::new(Purpose::MakeDirectory { side, within }, "Make a directory");
    dialog.words = vec![Words::Soft(format!("in {}", pane.location)), Words::Blank];
    dialog.fields = vec![Field::text("Name", "")];
    dialog.buttons = vec![Button::accept("Make", 'm'), Button::leave("Cancel", 'n')];
    dialog
}

/// Make a link in a pane's place, to the entry under the cursor unless something else is typed.
pub(crate) fn make_link(pane: &Pane, side: Side) -> Dialog {
    let within = pane.location.clone();
    let mut dialog = Dialog::new(Purpose::MakeLink { side, within }, "Make a link");
    dialog.words = vec![
        Words::Soft(format!("in {}", pane.location)),
        Words::Soft("The target is kept as it is typed, seen from the link's folder.".to_owned()),
        Words::Blank,
    ];
    // A name that cannot be typed as it is would lead elsewhere.
    let typed = |entry: &Entry| String::from_utf8(entry.name.as_bytes().to_vec()).ok();
    let target = pane.current_entry().and_then(typed).unwrap_or_default();
    dialog.fields = vec![Field::text("Name", ""), Field::text("Leads to", target)];
    dialog.buttons = vec![Button::accept("Make", 'm'), Button::leave("Cancel", 'n')];
    dialog
}

/// Rename the entry under the cursor.
pub(crate) fn rename(pane: &Pane, side: Side) -> Option<Dialog> {
    let entry = pane.current_entry()?;
    let shown = escaped(entry);
    let from = pane.location.with_path(pane.location.path.join(&entry.name));
    let mut dialog = Dialog::new(Purpose::Rename { side, from, shown: shown.clone() }, "Rename");
    dialog.words = vec![
        Words::Strong(shown.clone()),
        Words::Soft(format!("in {}", pane.location)),
        Words::Blank,
    ];
    dialog.fields = vec![Field::text("New name", shown)];
    dialog.buttons = vec![Button::accept("Rename", 'r'), Button::leave("Cancel", 'n')];
    Some(dialog)
}

/// Remove what interrupted jobs left in a place.
pub(crate) fn clear_parts(place: &Location, sources: Vec<StoragePath>) -> Dialog {
    const SHOWN: usize = 8;
    let count = text::counted(sources.len() as u64, "part", "parts");
    let mut words = vec![
        Words::Strong(format!("{count} of copies that nobody will go on with")),
        Words::Soft(format!("in {place}")),
        Words::Blank,
    ];
    for path in sources.iter().take(SHOWN) {
        let name = path.name().map(|name| display::escape(name.as_bytes())).unwrap_or_default();
        words.push(Words::Soft(text::cut_name(&name, 60)));
    }
    if sources.len() > SHOWN {
        words.push(Words::Soft(format!("and {} more", sources.len() - SHOWN)));
    }
    let from = place.endpoint.clone();
    let mut dialog = Dialog::new(Purpose::ClearParts { from, sources }, "Clear parts away");
    dialog.words = words;
    dialog.buttons = vec![Button::accept("Clear away", 'y'), Button::leave("No", 'n')];
    dialog.focus = 1;
    dialog
}

/// Run a command where a pane is.
pub(crate) fn command(directory: &Location) -> Dialog {
    let purpose = Purpose::Shell { directory: directory.path.clone() };
    let mut dialog = Dialog::new(purpose, "Run a command");
    dialog.words = vec![Words::Soft(format!("in {directory}")), Words::Blank];
    dialog.fields = vec![Field::text("Command", "")];
    dialog.buttons = vec![Button::accept("Run", 'r'), Button::leave("Cancel", 'n')];
    dialog
}

/// Rename what is chosen by a pattern.
pub(crate) fn name_pattern(renaming: Renaming) -> Dialog {
    let words = vec![
        Words::Strong(text::entries(renaming.names.len() as u64)),
        Words::Soft(format!("in {}", renaming.directory)),
        Words::Soft("*.jpeg → *.jpg   *draft* → *final*   * → pier-##.csv".to_owned()),
        Words::Soft("* and ? stand for what they find, in order; ## counts: 01, 02".to_owned()),
        Words::Blank,
    ];
    let mut dialog = Dialog::new(Purpose::NamePattern(renaming), "Rename by a pattern");
    dialog.words = words;
    dialog.fields = vec![Field::offered("Names like", "*"), Field::offered("Become", "*")];
    dialog.buttons = vec![Button::accept("Preview", 'p'), Button::leave("Cancel", 'n')];
    dialog
}

/// What is to be renamed, before it is.
pub(crate) fn rename_many(side: Side, directory: Location, steps: Vec<Pair>) -> Dialog {
    const SHOWN: usize = 10;
    let shown = |name: &Name| text::cut_name(&display::escape(name.as_bytes()), 28);
    let count = text::counted(steps.len() as u64, "rename", "renames");
    let mut words = vec![
        Words::Strong(format!("{count}, in this order")),
        Words::Soft(format!("in {directory}")),
        Words::Blank,
    ];
    let lines = steps.iter().take(SHOWN);
    words.extend(lines.map(|(from, to)| Words::Plain(format!("{} → {}", shown(from), shown(to)))));
    if steps.len() > SHOWN {
        let more = text::grouped((steps.len() - SHOWN) as u64);
        words.push(Words::Soft(format!("and {more} more")));
    }
    let mut dialog = Dialog::new(Purpose::RenameMany { side, directory, steps }, "Rename as shown");
    dialog.words = words;
    dialog.buttons = vec![Button::accept("Rename", 'r'), Button::leave("Cancel", 'n')];
    dialog
}

/// Go to a path in a pane; names are offered while it is typed.
pub(crate) fn go_to(pane: &Pane, side: Side) -> Dialog {
    let completion = Completion::new(pane.location.clone());
    let mut dialog = Dialog::new(Purpose::GoTo { side, completion }, "Go to");
    dialog.words =
        vec![Words::Soft(format!("from {}; Tab completes", pane.location)), Words::Blank];
    let directory = display::escape(pane.location.path.as_bytes());
    // One that cannot be typed as it is, and one that begins at the login folder, is only seen from there.
    let is_typed = directory.as_bytes() == pane.location.path.as_bytes();
    let begun = match is_typed && directory.starts_with('/') {
        true => format!("{}/", directory.trim_end_matches('/')),
        false => String::new(),
    };
    dialog.fields = vec![Field::text("Path", begun)];
    dialog.buttons = vec![Button::accept("Go", 'g'), Button::leave("Cancel", 'n')];
    dialog
}

/// Kinds of what can be looked for, in the order of the choice.
const FIND_KINDS: [(&str, Option<Kind>); 3] =
    [("anything", None), ("files", Some(Kind::File)), ("folders", Some(Kind::Directory))];
const FIND_KIND_WORDS: [&str; 3] = words(&FIND_KINDS);

/// Find what lies below a pane's place; what was looked for last is there to be changed.
pub(crate) fn find_below(pane: &Pane, side: Side) -> Dialog {
    let location = pane.location.clone();
    let last = pane.found.as_ref().map(|found| found.wanted.clone()).unwrap_or_default();
    let mut dialog = Dialog::new(Purpose::FindBelow { side, location }, "Find");
    dialog.words = vec![
        Words::Soft(format!("below {}", pane.location)),
        Words::Soft("name: a part of it, or a pattern: *.csv, report-??.{txt,pdf}".to_owned()),
        Words::Soft("size: >10M, <1K, 1K-10M; changed: since 2d, before 2026-01-01".to_owned()),
        Words::Soft("Links are not followed.".to_owned()),
        Words::Blank,
    ];
    let kind = FIND_KINDS.iter().position(|(_, kind)| *kind == last.kind).unwrap_or(0);
    dialog.fields = vec![
        Field::text("Name", last.name),
        Field::choice("Kind", &FIND_KIND_WORDS, kind),
        Field::text("Size", last.size),
        Field::text("Changed", last.changed),
    ];
    dialog.buttons = vec![Button::accept("Find", 'f'), Button::leave("Cancel", 'n')];
    dialog
}

/// What the dialog asks for.
pub(crate) fn wanted(dialog: &Dialog) -> Result<Wanted, (usize, String)> {
    let text = |field| dialog.text(field).trim().to_owned();
    let wanted = Wanted {
        name: text(0),
        kind: FIND_KINDS[dialog.chosen(1)].1,
        size: text(2),
        changed: text(3),
    };
    // Whatever time it is, and wherever: only whether it makes sense.
    match wanted.test(jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC) {
        Ok(_) => Ok(wanted),
        Err((part, why)) => {
            let field = match part {
                Part::Name => 0,
                Part::Size => 2,
                Part::Changed => 3,
            };
            Err((field, text::sentence(&why)))
        }
    }
}

/// Mark by comparing with the other pane.
pub(crate) fn against(side: Side) -> Dialog {
    let mut dialog = Dialog::new(Purpose::Against { side }, "Mark against the other pane");
    dialog.words = vec![
        Words::Soft("By name; files also by time, and the same by size.".to_owned()),
        Words::Blank,
    ];
    dialog.fields = vec![Field::choice("Mark", &Against::WORDS, 0)];
    dialog.buttons = vec![Button::accept("Mark", 'm'), Button::leave("Cancel", 'n')];
    dialog
}

/// Mark or unmark by pattern, size and time.
pub(crate) fn pattern(side: Side, mark: bool) -> Dialog {
    let title = if mark { "Mark by pattern" } else { "Unmark by pattern" };
    let mut dialog = Dialog::new(Purpose::Pattern { side, mark }, title);
    dialog.words = vec![
        Words::Soft("*.csv   report-??.txt   {a,b}*   [0-9]*".to_owned()),
        Words::Soft("size: >10M, <1K, 1K-10M; changed: since 2d, before 2026-01-01".to_owned()),
        Words::Blank,
    ];
    dialog.fields =
        vec![Field::text("Pattern", "*"), Field::text("Size", ""), Field::text("Changed", "")];
    let verb = if mark { Button::accept("Mark", 'm') } else { Button::accept("Unmark", 'u') };
    dialog.buttons = vec![verb, Button::leave("Cancel", 'n')];
    dialog
}

/// Cancel a part of the work.
pub(crate) fn cancel(target: Target, words: String) -> Dialog {
    let title = match target {
        Target::Step(..) => "Cancel this step",
        Target::Job(_) => "Cancel this job",
        Target::Everything => "Cancel all jobs",
    };
    let mut dialog = Dialog::new(Purpose::Cancel(target), title);
    dialog.grave = true;
    dialog.words = vec![
        Words::Strong(words),
        Words::Soft("Files that have arrived stay; unfinished ones are removed.".to_owned()),
    ];
    dialog.buttons = vec![Button::accept("Cancel it", 'y'), Button::leave("Go on", 'n')];
    dialog.focus = 1;
    dialog
}

/// Limit what all jobs together may carry.
pub(crate) fn limit(now: Limit) -> Dialog {
    let mut dialog = Dialog::new(Purpose::Limit, "Limit the bandwidth");
    dialog.words = vec![
        Words::Soft(format!("at present: {now}")),
        Words::Soft("bytes a second, all jobs together: 500K   2M   1.5G   none".to_owned()),
        Words::Blank,
    ];
    dialog.fields = vec![Field::text("Limit", "")];
    dialog.buttons = vec![Button::accept("Set", 's'), Button::leave("Cancel", 'n')];
    dialog
}

/// The number of the button that quits once all is done.
pub(crate) const QUIT_WHEN_DONE: usize = 0;
const QUIT_AND_CANCEL: usize = 1;

/// Leave Wharf though jobs run.
pub(crate) fn quit(jobs: usize) -> Dialog {
    let mut dialog = Dialog::new(Purpose::Quit, "Quit");
    let jobs = text::counted(jobs as u64, "job has", "jobs have");
    dialog.words = vec![
        Words::Strong(format!("{jobs} not ended.")),
        Words::Plain(
            "What has arrived stays. Stopped now, the rest is gone on with at the next start."
                .to_owned(),
        ),
    ];
    let pick =
        |label, letter, number| Button { label, letter, at_once: true, press: Press::Pick(number) };
    dialog.buttons = vec![
        Button::accept("Stop now", 'y'),
        pick("When done", 'w', QUIT_WHEN_DONE),
        Button { at_once: false, ..pick("Cancel all", 'c', QUIT_AND_CANCEL) },
        Button::leave("Stay", 'n'),
    ];
    dialog.focus = 3;
    dialog
}

/// So many interrupted jobs are named.
const NAMED_JOBS: usize = 5;

/// Jobs were interrupted: what is to become of them?
pub(crate) fn left(jobs: Vec<LeftJob>) -> Dialog {
    let count = text::counted(jobs.len() as u64, "job was", "jobs were");
    let mut words = vec![Words::Strong(format!("{count} interrupted.")), Words::Blank];
    for job in jobs.iter().take(NAMED_JOBS) {
        words.push(Words::Plain(job_words(&job.request)));
        let done = text::counted(job.steps_ended, "step", "steps");
        words.push(Words::Soft(format!("  {done} done")));
    }
    if jobs.len() > NAMED_JOBS {
        words.push(Words::Soft(format!("and {} more", jobs.len() - NAMED_JOBS)));
    }
    words.push(Words::Blank);
    words.push(Words::Plain("Go on? What is done is not done again.".to_owned()));
    let mut dialog = Dialog::new(Purpose::Left(jobs), "Interrupted jobs");
    dialog.words = words;
    dialog.buttons = vec![
        Button::accept("Go on", 'y'),
        Button { label: "Give up", letter: 'g', at_once: false, press: Press::Pick(0) },
        Button::leave("Later", 'n'),
    ];
    dialog
}
