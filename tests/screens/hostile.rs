//! Names, sizes and times that mean ill: shown escaped, cut, or as a question mark.

use insta::assert_snapshot;
use wharf::{
    domain::{
        entry::{RefusedName, Timestamp},
        error::{Error, ErrorKind},
        path::UnsafeName,
    },
    engine::message::Event,
};

use super::stage::{Sent, Stage, file};

#[test]
fn hostile_names() {
    let mut absurd = file("absurd", u64::MAX);
    absurd.attributes.modified = Some(Timestamp::from_seconds(i64::MAX));
    let mut stage = Stage::unanswered((100, 24), Some("/home/anna"), Some("files.example:/srv/in"));
    stage.set_place(
        "files.example:/srv/in",
        vec![
            file(b"esc\x1b[31mred\x1b]52;c;eA==\x07", 1),
            file("bidi\u{202e}fdp.exe", 1),
            file("zero\u{200b}width", 1),
            file("文件管理器文件管理器文件管理器文件管理器.txt", 1),
            file("combining-e\u{301}e\u{301}e\u{301}", 1),
            file("emoji-👩\u{200d}🚀-🇳🇴.png", 1),
            file(b"caf\xe9.txt", 1),
            file("line\nbreak\ttab", 1),
            file([b'a'; 4096], 1),
            absurd,
        ],
    );
    stage.serve();
    stage.keys("Tab End");
    let screen = stage.picture();
    assert!(!screen.contains('\x1b') && !screen.contains('\u{202e}'));
    assert_snapshot!(screen);
    for key in ["F5", "Esc F2", "Esc F8"] {
        stage.keys(key);
        assert!(!stage.text_of_screen().contains('\x1b'));
    }
}

#[test]
fn the_grid_holds_whatever_the_names() {
    let mut stage = Stage::unanswered((80, 24), Some("/home/anna"), Some("files.example:/srv/in"));
    stage.set_place(
        "/home/anna",
        vec![
            file("文".repeat(300), 1),
            file("e\u{301}".repeat(300), 1),
            file("👩\u{200d}🚀".repeat(50), 1),
            file("क्षि".repeat(50), 1),
            file("한".repeat(50), 1),
        ],
    );
    stage.serve();
    let screen = stage.text_of_screen();
    for line in screen.lines().skip(2).take(18) {
        let cells: Vec<usize> = line
            .char_indices()
            .filter(|(_, c)| *c == '│')
            .map(|(at, _)| unicode_width::UnicodeWidthStr::width(&line[..at]))
            .collect();
        assert_eq!(cells.first(), Some(&0), "{line}");
        assert_eq!(cells.last(), Some(&79), "{line}");
    }
}

#[test]
fn refused_names_are_shown_and_nothing_else() {
    let mut stage = Stage::unanswered((80, 12), Some("/home/anna"), Some("files.example:/srv/in"));
    let Some(Sent::Open(ticket, location)) = stage.sent.pop() else {
        panic!("the right pane's place is opened")
    };
    stage.serve();
    stage.event(Event::Opened { ticket, location });
    let refused = vec![
        RefusedName { bytes: b"../../etc/passwd".to_vec(), why: UnsafeName::Slash },
        RefusedName { bytes: vec![b'x'; 64 << 10], why: UnsafeName::TooLong },
    ];
    stage.event(Event::Rows { ticket, entries: vec![file("fine", 1)], refused });
    stage.event(Event::Listed(ticket));
    stage.keys("Tab j j Space * Enter");
    assert_snapshot!(stage.picture());
    stage.keys("* Home j F5");
    stage.shows("┌ Copy ");
    stage.shows("fine, 1 B");
}

#[test]
fn refused_names_are_escaped_as_all_are() {
    let mut stage = Stage::unanswered((160, 12), Some("/home/anna"), Some("files.example:/srv/in"));
    let Some(Sent::Open(ticket, location)) = stage.sent.pop() else {
        panic!("the right pane's place is opened")
    };
    stage.serve();
    stage.event(Event::Opened { ticket, location });
    let bytes = "a/\u{1b}[2J\u{202e}x".into();
    let refused = vec![RefusedName { bytes, why: UnsafeName::Slash }];
    stage.event(Event::Rows { ticket, entries: Vec::new(), refused });
    stage.event(Event::Listed(ticket));
    // Shown, and not left out: a control character that is not drawn would be a name that looks like another.
    stage.shows("a/\\u{1b}[2J\\u{202e}x");
}

#[test]
fn a_message_of_any_length_can_be_read() {
    let mut stage = Stage::new((40, 12));
    let why = "word ".repeat(500);
    let error = Error::new(ErrorKind::Failed, "do it", why);
    stage.message(wharf::model::Message::Trouble(error.to_string()));
    stage.shows("more ↓");
    stage.keys("End");
    stage.shows_not("more ↓");
    stage.keys("PgUp Home Esc");
    stage.shows("cargo/");
}

/// A wide character takes two cells: where a dialog's edge falls on its second half, it gives way.
#[test]
fn a_dialog_over_wide_names_has_both_its_edges() {
    for shift in ["", "x"] {
        let mut stage = Stage::unanswered((80, 24), Some("/home/anna"), Some("/home"));
        let name = |length| file(format!("{shift}{}", "文".repeat(length)), 1);
        stage.set_place("/home/anna", (20..40).map(name).collect());
        stage.serve();
        stage.keys("j F5");
        let screen = stage.text_of_screen();
        let rows: Vec<&str> = screen.lines().collect();
        let top = rows.iter().position(|row| row.contains("┌ Copy ")).unwrap();
        let bottom = rows.iter().rposition(|row| row.contains('└') && row.contains("┘ ")).unwrap();
        for row in &rows[top + 1..bottom] {
            let edges = row.chars().filter(|c| *c == '│').count();
            assert_eq!(edges, 4, "{row}");
        }
        assert!(bottom > top + 10);
    }
}
