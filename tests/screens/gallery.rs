//! Every screen and every dialog at three sizes: 80×24, 120×40, 20×5.

use insta::assert_snapshot;
use wharf::{
    domain::{
        book::{Book, Recent, RecentPlace},
        entry::{Attributes, Kind},
        error::{Error, ErrorKind},
        place::{Endpoint, Location},
        question::{Prompt, Question},
        saved::SavedSite,
    },
    engine::message::{ConnectionState, Event, JobId, JobNumber, LeftJob, QuestionId},
    model::{Back, Message, Outside},
};

use super::{
    clearing, editing,
    props::{request, site, with_a_job},
    stage::{Stage, location},
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (20, 5)];

/// Draws what comes of this at every size.
fn gallery(name: &str, lead_there: impl Fn(&mut Stage)) {
    let pictures = SIZES.map(|size| {
        let mut stage =
            Stage::with_book(size, Some("/home/anna"), Some("files.example:/srv/in"), book());
        stage.serve();
        lead_there(&mut stage);
        stage.picture()
    });
    assert_snapshot!(name, pictures.join("-----\n"));
}

/// The same of a stage that was led there elsewhere.
fn gallery_of(name: &str, led_there: impl Fn((u16, u16)) -> Stage) {
    let pictures = SIZES.map(|size| led_there(size).picture());
    assert_snapshot!(name, pictures.join("-----\n"));
}

fn book() -> Book {
    let mut saved = SavedSite::new("pier 12", (*site()).clone());
    saved.note = "Quiet after six.".to_owned();
    saved.tags = vec!["nightly".to_owned()];
    Book { sites: vec![saved], ..Book::default() }
}

fn ask(stage: &mut Stage, question: Question) {
    stage.event(Event::Asked { id: QuestionId(7), job: Some(JobId(1)), question });
}

fn lost(stage: &mut Stage) {
    let why = Error::new(ErrorKind::ConnectionLost, "stay connected", "connection reset by peer");
    let endpoint = Endpoint::Remote(site());
    let endpoint = match location("files.example:/srv/in") {
        Location { endpoint: Endpoint::Remote(own), .. } => Endpoint::Remote(own),
        Location { endpoint: Endpoint::Local, .. } => endpoint,
    };
    stage.event(Event::Connection { endpoint, state: ConnectionState::Lost(why) });
}

#[test]
fn panes_and_what_is_typed_in_them() {
    gallery("panes", |_| {});
    gallery("panes_marked", |stage| {
        stage.keys("j Space Space");
    });
    gallery("filter", |stage| {
        stage.keys("f").text("man");
    });
    gallery("search", |stage| {
        stage.keys("/").text("pap");
    });
    gallery("panes_disconnected", lost);
    gallery("panes_empty", |stage| {
        stage.keys("j j j Enter");
    });
    gallery("panes_failed", |stage| {
        stage.keys("o Ctrl-U").text("files.example:/nowhere").keys("Enter");
    });
}

#[test]
fn full_screens() {
    gallery("help", |stage| {
        stage.keys("?");
    });
    gallery("command_line", |stage| {
        stage.keys(":").text("mark");
    });
    gallery("queue_empty", |stage| {
        stage.keys("w");
    });
    gallery("queue_running", |stage| {
        with_a_job(stage);
        stage.keys("w");
    });
    gallery("sites", |stage| {
        stage.keys("b");
    });
    gallery("viewer_waits", |stage| {
        stage.keys("G v");
    });
    gallery("start", |stage| {
        let size = if stage.text_of_screen().lines().count() == 5 { SIZES[2] } else { SIZES[0] };
        let what = RecentPlace::Saved("pier 12".to_owned());
        let recent = vec![Recent { what, at: super::stage::MOMENT }];
        *stage = Stage::with_book(size, None, None, Book { recent, ..book() });
        stage.serve();
    });
}

#[test]
fn dialogs_of_the_panes() {
    for (name, keys) in [
        ("copy", "j F5"),
        ("move", "j F6"),
        ("make_directory", "F7"),
        ("delete", "j F8"),
        ("delete_there", "Tab j F8"),
        ("rename", "j F2"),
        ("rename_by_pattern", "j Space Space N"),
        ("connect", "o"),
        ("mark_by_pattern", "+"),
        ("unmark_by_pattern", "-"),
        ("go_to", "p"),
        ("compare", "M"),
        ("permissions", "j A"),
        ("owner_and_time", "j O"),
        ("delete_past_the_trash", "j D"),
        ("link", "Tab j L"),
        ("find", "F"),
        ("shell_command", "!"),
        ("save_place", "Tab Ctrl-D"),
    ] {
        gallery(&format!("dialog_{name}"), |stage| {
            stage.keys(keys);
        });
    }
}

#[test]
fn what_is_opened_over_the_panes() {
    for (name, keys) in
        [("bookmarks", "'"), ("history", "H"), ("open_edits", "E"), ("quick_view", "j j Ctrl-Q")]
    {
        gallery(name, |stage| {
            stage.keys(keys);
        });
    }
    gallery("steps", |stage| {
        with_a_job(stage);
        stage.keys("w Enter");
    });
    gallery("open_edits_that_were_left", |stage| {
        stage.message(editing::left());
        stage.keys("y");
    });
    gallery("dialog_left_edits", |stage| stage.message(editing::left()));
    gallery("dialog_discard_edit", |stage| {
        stage.message(editing::left());
        stage.keys("y x");
    });
    gallery_of("dialog_edited_meanwhile", editing::changed_meanwhile);
    gallery_of("dialog_clear_parts", |size| {
        let mut stage = clearing::with_parts(size);
        stage.event(clearing::stale());
        stage.keys("Tab K");
        stage
    });
    gallery("dialog_rename_many", |stage| {
        stage.keys("G k Space Space B");
        let outside = stage.outside.pop().expect("the editor");
        let Outside::EditText { text, .. } = &outside else { panic!("{outside:?}") };
        let changed = text.lines().map(|name| format!("new-{name}\n")).collect();
        stage.message(Message::CameBack(outside, Back::Text(Ok(changed))));
    });
}

#[test]
fn dialogs_of_sites_and_of_the_queue() {
    for (name, keys) in [("new_site", "b n"), ("edit_site", "b e"), ("remove_site", "b d")] {
        gallery(&format!("dialog_{name}"), |stage| {
            stage.keys(keys);
        });
    }
    for (name, keys) in
        [("limit", "w b"), ("cancel_job", "w x"), ("cancel_all", "w X"), ("quit", "q")]
    {
        gallery(&format!("dialog_{name}"), |stage| {
            with_a_job(stage);
            stage.keys(keys);
        });
    }
    gallery("dialog_interrupted_jobs", |stage| {
        let left = LeftJob {
            number: JobNumber(3),
            request: request(),
            added: jiff::Timestamp::UNIX_EPOCH,
            steps_ended: 12,
            runs_in: None,
        };
        stage.event(Event::Left(vec![left]));
    });
    gallery("troubles", |stage| {
        let words = "Could not read /home/anna/config.toml: line 3: unknown field `conections`.";
        stage.message(Message::Trouble(words.to_owned()));
    });
}

#[test]
fn questions() {
    let fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrHLqvKAmLgb1uqTTxJGFQkM".to_owned();
    let certificate = |changed| Question::Certificate {
        site: site(),
        known_as: "files.example:990".to_owned(),
        why: "it has expired".to_owned(),
        fingerprint: ["AB"; 32].join(":"),
        changed,
    };
    let attributes = Attributes { size: Some(48_211), ..Attributes::of_kind(Kind::File) };
    let prompt = |text: &str, echo| Prompt { text: text.to_owned(), echo };
    let questions = [
        (
            "host_key",
            Question::HostKey {
                site: site(),
                known_as: "[files.example]:2222".to_owned(),
                key_type: "ssh-ed25519".to_owned(),
                fingerprint,
            },
        ),
        ("certificate", certificate(false)),
        ("certificate_changed", certificate(true)),
        (
            "password",
            Question::Password {
                site: site(),
                user: "anna".to_owned(),
                again_because: String::new(),
            },
        ),
        (
            "passphrase",
            Question::Passphrase {
                key: "/home/anna/.ssh/id_ed25519".to_owned(),
                again_because: "it does not open the key".to_owned(),
            },
        ),
        (
            "prompts",
            Question::Prompts {
                site: site(),
                title: "Two factors".to_owned(),
                instruction: "Have your token at hand.".to_owned(),
                prompts: vec![prompt("Name:", true), prompt("Token:", false)],
            },
        ),
        (
            "conflict",
            Question::Conflict {
                from: location("/home/anna/manifest.csv"),
                source: attributes,
                to: location("files.example:/srv/in/manifest.csv"),
                target: attributes,
            },
        ),
    ];
    for (name, question) in questions {
        gallery(&format!("question_{name}"), |stage| ask(stage, question.clone()));
    }
}

/// Whatever is open, Esc leaves it in the end, and nothing is done by that.
#[test]
fn every_dialog_is_left_with_esc() {
    for size in SIZES {
        for keys in [
            "j F5",
            "j F6",
            "F7",
            "j F8",
            "j F2",
            "o",
            "+",
            "-",
            "p",
            "M",
            "j A",
            "!",
            "Tab Ctrl-D",
            "b n",
            "b e",
            "b d",
            "b",
            "w",
            "?",
            ":",
            "f",
            "/",
            "'",
            "G v",
            "w b",
        ] {
            let mut stage =
                Stage::with_book(size, Some("/home/anna"), Some("files.example:/srv/in"), book());
            stage.serve();
            stage.keys(keys);
            stage.take_sent();
            stage.keys("Esc Esc");
            let context = format!("{:?}", stage.model.context());
            assert_eq!(context, "Panes", "{keys} at {size:?}");
            let sent = format!("{:?}", stage.take_sent());
            assert!(!sent.contains("Add(") && !sent.contains("Perform"), "{keys}: {sent}");
        }
    }
}
