//! Rows carried with the mouse, and marked with the other button.

use insta::assert_snapshot;
use wharf::{
    domain::question::Question,
    engine::message::{Command, Destination, Event, QuestionId, Work},
    model::{Action, Message, MouseAct},
};

use super::stage::{Sent, Stage, directory, file, location};

/// The cell at which a text begins, the first from the top.
fn at(stage: &Stage, text: &str) -> (u16, u16) {
    let screen = stage.text_of_screen();
    let found = screen.lines().enumerate().find_map(|(y, line)| {
        let before = line.split_once(text)?.0;
        Some((before.chars().count() as u16, y as u16))
    });
    found.unwrap_or_else(|| panic!("no {text} in\n{screen}"))
}

trait Hands {
    /// Takes hold of the row with this text, and moves to the other.
    fn carry(&mut self, from: &str, to: (u16, u16)) -> &mut Self;
    fn let_go(&mut self, at: (u16, u16)) -> &mut Self;
    fn sees(&mut self, text: &str) -> &mut Self;
    fn sees_not(&mut self, text: &str) -> &mut Self;
    fn sent_jobs(&mut self) -> usize;
}

impl Hands for Stage {
    fn carry(&mut self, from: &str, to: (u16, u16)) -> &mut Self {
        let (x, y) = at(self, from);
        self.mouse(MouseAct::Press, x, y);
        self.mouse(MouseAct::Drag, x + 1, y);
        self.mouse(MouseAct::Drag, to.0, to.1)
    }

    fn let_go(&mut self, at: (u16, u16)) -> &mut Self {
        self.mouse(MouseAct::Release, at.0, at.1)
    }

    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        self.shows(text);
        self
    }

    #[track_caller]
    fn sees_not(&mut self, text: &str) -> &mut Self {
        self.shows_not(text);
        self
    }

    fn sent_jobs(&mut self) -> usize {
        let is_job = |sent: &Sent| matches!(sent, Sent::Other(Command::Add(..)));
        self.take_sent().iter().filter(|sent| is_job(sent)).count()
    }
}

/// What was asked for: `copy` or `move`, the sources, the place they go into.
fn job(stage: &mut Stage) -> (&'static str, Vec<String>, String) {
    let (_, request) = stage.take_job();
    let (verb, to) = match request.work {
        Work::Copy(Destination::Into(to)) => ("copy", to),
        Work::Move(Destination::Into(to)) => ("move", to),
        other => panic!("{other:?}"),
    };
    assert!(request.options.recursive && request.options.on_conflict.is_none());
    let mut sources: Vec<_> = request
        .sources
        .iter()
        .map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned())
        .collect();
    sources.sort();
    (verb, sources, to.to_string())
}

/// Free rows of the right pane.
const RIGHT: (u16, u16) = (60, 15);

#[test]
fn the_label_and_the_target_say_what_letting_go_would_do() {
    let mut stage = Stage::new((80, 24));
    for name in ["manifest.csv", "manifest-2.csv", "manifest-10.csv"] {
        let (x, y) = at(&stage, name);
        stage.mouse(MouseAct::OtherPress, x, y).mouse(MouseAct::OtherRelease, x, y);
    }
    stage.carry("manifest-2.csv", RIGHT);
    let over_the_pane = stage.picture();
    let folder = at(&stage, "2026/");
    stage.mouse(MouseAct::Drag, folder.0, folder.1).mouse(MouseAct::OtherPress, folder.0, folder.1);
    let over_a_folder = stage.picture();
    // The way up is the first row of both panes.
    stage.mouse(MouseAct::Drag, 60, 2);
    assert_snapshot!(format!("{over_the_pane}-----\n{over_a_folder}-----\n{}", stage.picture()));
}

#[test]
fn letting_go_copies_what_was_carried_into_what_is_under_the_pointer() {
    let mut stage = Stage::new((80, 24));
    stage.carry("manifest.csv", RIGHT).let_go(RIGHT);
    let here = "/home/anna/manifest.csv".to_owned();
    assert_eq!(job(&mut stage), ("copy", vec![here.clone()], "files.example:/srv/in".to_owned()));
    let folder = at(&stage, "2026/");
    stage.carry("manifest.csv", folder).let_go(folder);
    assert_eq!(job(&mut stage), ("copy", vec![here], "files.example:/srv/in/2026".to_owned()));
    stage.let_go(RIGHT);
    assert_eq!(stage.sent_jobs(), 0, "once let go of, nothing is carried");
}

#[test]
fn a_right_click_on_the_way_turns_copy_into_move_and_back() {
    let mut stage = Stage::new((80, 24));
    let (x, y) = RIGHT;
    stage.carry("readme.txt", (5, 15));
    stage.mouse(MouseAct::OtherPress, 5, 15).mouse(MouseAct::OtherRelease, 5, 15);
    stage.sees("move readme.txt");
    stage.mouse(MouseAct::OtherDrag, 6, 15).let_go((6, 15));
    let readme = vec!["/srv/in/readme.txt".to_owned()];
    assert_eq!(job(&mut stage), ("move", readme, "/home/anna".to_owned()));
    stage.carry("manifest.csv", RIGHT);
    stage.mouse(MouseAct::OtherPress, x, y).mouse(MouseAct::OtherPress, x, y).let_go(RIGHT);
    assert_eq!(job(&mut stage).0, "copy");
}

#[test]
fn escape_puts_it_back_and_nothing_is_done() {
    for key in ["Esc", "Ctrl-C"] {
        let mut stage = Stage::new((80, 24));
        stage.carry("manifest.csv", RIGHT).sees("copy manifest.csv");
        stage.keys(key).sees_not("copy manifest.csv");
        stage.let_go(RIGHT);
        assert_eq!(stage.sent_jobs(), 0);
        assert!(!stage.has_quit);
    }
}

#[test]
fn a_marked_row_takes_all_marks_along_and_another_goes_alone() {
    let mut stage = Stage::new((80, 24));
    let (x, y) = at(&stage, "manifest-2.csv");
    stage.mouse(MouseAct::OtherPress, x, y).mouse(MouseAct::OtherRelease, x, y);
    let (x, y) = at(&stage, "cargo/");
    stage.mouse(MouseAct::OtherPress, x, y).mouse(MouseAct::OtherRelease, x, y);
    stage.carry("manifest.csv", RIGHT).let_go(RIGHT);
    assert_eq!(job(&mut stage).1, ["/home/anna/manifest.csv"]);
    stage.sees("2 marked");
    stage.carry("manifest-2.csv", RIGHT).sees("copy 2 entries").let_go(RIGHT);
    assert_eq!(job(&mut stage).1, ["/home/anna/cargo", "/home/anna/manifest-2.csv"]);
    stage.sees_not("marked");
}

#[test]
fn where_it_cannot_go_is_said_and_nothing_is_done() {
    let cargo = at(&Stage::new((80, 24)), "cargo/");
    let cases = [
        ("manifest.csv", "They are already there", (5, 16)),
        ("cargo/", "A directory cannot go into itself", cargo),
        ("manifest.csv", "Not on the way up", (60, 2)),
        ("manifest.csv", "There is nowhere to put it", (5, 23)),
    ];
    for (from, why, to) in cases {
        let mut stage = Stage::new((80, 24));
        // Two steps, for one may end where it began.
        stage.carry(from, RIGHT).mouse(MouseAct::Drag, to.0, to.1);
        stage.sees(&format!("✗ {why}"));
        stage.let_go(to);
        assert_eq!(stage.sent_jobs(), 0, "{why}");
        stage.sees(why);
    }
}

#[test]
fn within_a_pane_a_folder_takes_it() {
    let mut stage = Stage::new((80, 24));
    let folder = at(&stage, "cargo/");
    stage.carry("manifest.csv", folder).let_go(folder);
    assert_eq!(job(&mut stage).2, "/home/anna/cargo");
}

#[test]
fn a_press_that_does_not_move_carries_nothing() {
    let mut stage = Stage::new((80, 24));
    let (x, y) = at(&stage, "manifest.csv");
    stage.mouse(MouseAct::Press, x, y).mouse(MouseAct::Drag, x, y);
    stage.sees_not("copy manifest.csv").mouse(MouseAct::Release, x, y);
    stage.mouse(MouseAct::Drag, RIGHT.0, RIGHT.1).sees_not("copy manifest.csv");
    // Nor does one on the way up, or on no row.
    for (x, y) in [(5, 2), (5, 17)] {
        stage.mouse(MouseAct::Press, x, y).mouse(MouseAct::Drag, RIGHT.0, RIGHT.1);
        stage.sees_not("→").let_go(RIGHT);
    }
    assert_eq!(stage.sent_jobs(), 0);
}

#[test]
fn what_was_pressed_is_what_is_carried_whatever_is_opened_meanwhile() {
    let mut stage = Stage::new((80, 24));
    stage.set_place("/home", vec![directory("anna"), directory("bert")]);
    // On its way up; before it is there, a row is pressed.
    stage.message(Message::Act(Action::Parent));
    let (x, y) = at(&stage, "manifest.csv");
    stage.mouse(MouseAct::Press, x, y);
    stage.sees("┌ /home ");
    stage.mouse(MouseAct::Drag, RIGHT.0, RIGHT.1).sees_not("copy anna").let_go(RIGHT);
    assert_eq!(stage.sent_jobs(), 0);
}

#[test]
fn a_question_waits_until_the_hand_is_empty() {
    let mut stage = Stage::new((80, 24));
    stage.carry("manifest.csv", RIGHT);
    let wharf::domain::place::Endpoint::Remote(site) = location("files.example:").endpoint else {
        unreachable!()
    };
    let question = Question::Password { site, user: "anna".into(), again_because: String::new() };
    stage.message(Message::Event(Event::Asked { id: QuestionId(1), job: None, question }));
    stage.sees("copy manifest.csv").sees_not("Password");
    stage.let_go(RIGHT).sees("Password");
    assert_eq!(stage.sent_jobs(), 1);
}

#[test]
fn the_wheel_scrolls_below_what_is_carried() {
    let mut stage = Stage::new((80, 12));
    let many = (0..40).map(|n| directory(&format!("day-{n:02}"))).collect();
    stage.set_place("files.example:/srv/in", many);
    stage.keys("Tab r Tab");
    let spot = at(&stage, "day-02/");
    stage.carry("cargo/", spot).sees("/srv/in/day-02");
    stage.mouse(MouseAct::WheelDown, spot.0, spot.1).sees("/srv/in/day-05");
    stage.let_go(spot);
    assert_eq!(job(&mut stage).2, "files.example:/srv/in/day-05");
}

#[test]
fn the_other_button_marks_what_it_passes_over() {
    let mut stage = Stage::new((80, 24));
    let ((x, first), (_, last)) = (at(&stage, "cargo/"), at(&stage, "manifest-10.csv"));
    stage.mouse(MouseAct::OtherPress, x, first).mouse(MouseAct::OtherDrag, x + 3, last);
    stage.mouse(MouseAct::OtherRelease, x, last);
    let all = usize::from(last - first) + 1;
    stage.sees(&format!("{all} marked"));
    // One that is marked turns it round.
    stage.mouse(MouseAct::OtherPress, x, last).mouse(MouseAct::OtherDrag, x, last - 1);
    stage.mouse(MouseAct::OtherRelease, x, last - 1);
    stage.sees(&format!("{} marked", all - 2));
    stage.mouse(MouseAct::OtherDrag, x, first).sees(&format!("{} marked", all - 2));
}

#[test]
fn marking_past_the_edge_scrolls() {
    let mut stage = Stage::new((80, 12));
    let many = (0..40).map(|n| file(format!("day-{n:02}"), 1)).collect();
    stage.set_place("files.example:/srv/in", many);
    stage.keys("Tab r");
    let (x, y) = at(&stage, "day-00");
    stage.mouse(MouseAct::OtherPress, x, y);
    for _ in 0..20 {
        stage.mouse(MouseAct::OtherDrag, x, 11);
    }
    stage.sees("day-25").sees_not("day-00");
    for _ in 0..40 {
        stage.mouse(MouseAct::OtherDrag, x, 0);
    }
    stage.sees("day-00");
}
