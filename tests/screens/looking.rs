//! Looking into a file: what is asked for, what is shown, and how one leaves.

use bytes::Bytes;
use ratatui::style::Color;
use wharf::{
    domain::{
        error::{Error, ErrorKind},
        picture::Canvas,
    },
    engine::message::{Answered, Command, Event, Inquiry, Told},
    model::Context,
};

use super::stage::{Sent, Stage};

/// A stage that looks into `manifest-2.csv`, which holds this.
struct Looking {
    stage: Stage,
    content: Vec<u8>,
}

fn looking(content: &[u8]) -> Looking {
    let mut stage = Stage::new((80, 24));
    stage.keys("j j j j j");
    stage.inquiries.clear();
    stage.take_sent();
    stage.keys("F3");
    assert_eq!(stage.model.context(), Context::Viewer);
    let mut looking = Looking { stage, content: content.to_vec() };
    looking.serve();
    looking
}

impl Looking {
    fn serve(&mut self) {
        while let Some((ticket, inquiry)) = self.stage.inquiries.pop() {
            let told = match inquiry {
                Inquiry::Piece { offset, length, .. } => {
                    let start = (offset as usize).min(self.content.len());
                    let end = (start + length as usize).min(self.content.len());
                    let bytes = Bytes::copy_from_slice(&self.content[start..end]);
                    Told::Piece { offset, bytes, size: Some(self.content.len() as u64) }
                }
                Inquiry::Find { from, text, .. } => {
                    let mut rest = self.content[from as usize..].windows(text.len());
                    Told::Found(rest.position(|there| there == text).map(|at| from + at as u64))
                }
                other => panic!("{other:?}"),
            };
            self.stage.event(Event::Answered(Answered { ticket, told: Ok(told) }));
        }
    }

    fn keys(&mut self, keys: &str) -> &Stage {
        for key in keys.split(' ') {
            self.stage.keys(key);
            self.serve();
        }
        &self.stage
    }
}

fn text() -> Vec<u8> {
    let line = |number| format!("{number:06} the quick brown fox jumps over the lazy dog\n");
    (0..20_000).map(line).collect::<String>().into_bytes()
}

#[test]
fn a_text_is_shown_and_scrolled() {
    let mut looking = looking(&text());
    insta::assert_snapshot!(looking.stage.picture());
    looking.keys("PgDn").shows("000021 the");
    looking.keys("G").shows("019999 the");
    looking.keys("g").shows("000000 the");
    looking.keys("Esc");
    assert_eq!(looking.stage.model.context(), Context::Panes);
    looking.stage.shows("manifest-2.csv");
}

#[test]
fn bytes_are_shown_as_such() {
    let mut content = b"PK\x03\x04\0\0\x1b[2J".to_vec();
    content.resize(1_000, 0xab);
    let mut looking = looking(&content);
    looking.stage.shows("0000000000  50 4b 03 04 00 00 1b 5b  32 4a");
    looking.stage.shows("PK·····[2J");
    looking.keys("x").shows("\\u{0}\\u{1b}[2J");
}

#[test]
fn a_search_goes_on_and_says_when_there_is_nothing() {
    let mut looking = looking(&text());
    looking.keys("/");
    looking.stage.text("015000");
    looking.keys("Enter").shows("015000 the");
    assert!(looking.stage.reversed().iter().any(|run| run == "015000"));
    looking.keys("n").shows("not found");
    looking.keys("g / z z z Enter").shows("not found");
}

#[test]
fn a_search_that_runs_can_be_stopped() {
    let mut looking = looking(&text());
    looking.stage.keys("/").text("x").keys("Enter");
    let (ticket, _) = looking.stage.inquiries[0];
    looking.stage.event(Event::Answered(Answered { ticket, told: Ok(Told::Searched(5 << 30)) }));
    looking.stage.shows("searching… at 5.0 GiB");
    looking.stage.keys("Esc");
    looking.stage.shows("stopped searching");
    let closes = |sent: &Sent| matches!(sent, Sent::Other(Command::Close(own)) if *own == ticket);
    assert!(looking.stage.take_sent().iter().any(closes));
}

#[test]
fn what_cannot_be_read_is_said_in_its_place() {
    let mut stage = Stage::new((80, 24));
    stage.keys("j j j j j");
    stage.inquiries.clear();
    stage.keys("v");
    let (ticket, _) = stage.inquiries[0];
    let error = Error::new(ErrorKind::PermissionDenied, "read /home/anna/x", "permission denied");
    stage.event(Event::Answered(Answered { ticket, told: Err(error) }));
    stage.shows("Could not read /home/anna/x: permission denied.");
    stage.keys("r");
    assert_eq!(stage.inquiries.len(), 2, "it is asked for again");
    stage.keys("Esc j k k k k k v");
    stage.shows("This is a directory");
}

#[test]
fn it_fits_the_smallest_screen() {
    for size in [(1, 1), (5, 2), (20, 5)] {
        let mut stage = Stage::new(size);
        stage.keys("j j j j j");
        stage.inquiries.clear();
        stage.keys("F3");
        let mut looking = Looking { stage, content: text() };
        looking.serve();
        looking.keys("PgDn x G w");
        assert_eq!(looking.stage.text_of_screen().lines().count(), usize::from(size.1));
    }
}

#[test]
fn texts_are_coloured_in_the_colours_of_the_theme() {
    let content = b"# how\n[room]\nkey = \"a text\"\ncount = 42\n".repeat(3_000);
    let mut stage = Stage::new((80, 24));
    stage.set_place("/home/anna", vec![super::stage::file("room.toml", 9)]);
    stage.keys("r j");
    stage.inquiries.clear();
    stage.keys("F3");
    let mut looking = Looking { stage, content };
    looking.serve();
    assert_eq!(looking.stage.colour_of("# how"), Color::Reset, "what is shown waits for no colour");
    let highlighter = wharf::highlight::Highlighter::default();
    let paint = |stage: &mut Stage| {
        let (ticket, order) = stage.paints.pop().expect("it is to be coloured");
        assert!(order.bytes.len() < 64 * 1024);
        let painted = highlighter.paint(&order);
        stage.message(wharf::model::Message::Painted(ticket, painted));
        assert!(stage.paints.is_empty());
    };
    paint(&mut looking.stage);
    let theme = [Color::DarkGray, Color::Green, Color::Cyan];
    let shown = |stage: &Stage| ["# how", "\"a text\"", "42"].map(|text| stage.colour_of(text));
    assert_eq!(shown(&looking.stage), theme);
    looking.keys("G");
    paint(&mut looking.stage);
    assert_eq!(shown(&looking.stage), theme, "at the end too");
    looking.stage.colours = false;
    assert_eq!(looking.stage.colour_of("# how"), Color::Reset);
}

#[test]
fn the_encoding_is_chosen_with_a_key() {
    let mut looking = looking(b"Gr\xfc\xdfe\n");
    looking.stage.shows("Gr\\xfc\\xdfe");
    looking.keys("e").shows("Grüße");
    looking.stage.shows("text, wrapped, windows-1252");
}

#[test]
fn a_picture_is_fetched_whole_and_drawn_once_it_is_made() {
    // Red over blue.
    let mut content = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_fn(20, 20, |_, y| {
        image::Rgb(if y < 10 { [255, 0, 0] } else { [0, 0, 255] })
    });
    image::DynamicImage::from(image).write_to(&mut content, image::ImageFormat::Png).unwrap();
    let mut stage = Stage::new((80, 24));
    stage.set_place("/home/anna", vec![super::stage::file("crane.png", 9)]);
    stage.keys("r j");
    stage.inquiries.clear();
    stage.keys("F3");
    let mut looking = Looking { stage, content: content.into_inner() };
    looking.serve();
    let (ticket, order) = looking.stage.pictures.pop().expect("it is to be made");
    assert_eq!((order.width, order.height, &order.bytes), (80, 22, &looking.content));
    let picture = wharf::view::Picture::make(&order, Canvas::default()).unwrap();
    let facts = picture.facts().to_owned();
    looking.stage.picture = Some((ticket, picture));
    looking.stage.message(wharf::model::Message::Pictured(ticket, Ok(facts)));
    insta::assert_snapshot!(looking.stage.picture());
    looking.keys("x").shows("89 50 4e 47");
}

#[test]
fn a_picture_that_cannot_be_shown_says_so_and_how_to_go_on() {
    let mut stage = Stage::new((80, 24));
    stage.set_place("/home/anna", vec![super::stage::file("crane.png", 9)]);
    stage.keys("r j");
    stage.inquiries.clear();
    stage.keys("F3");
    let (ticket, inquiry) = stage.inquiries.pop().unwrap();
    assert!(matches!(inquiry, Inquiry::Piece { offset: 0, .. }));
    let told = Ok(Told::Piece { offset: 0, bytes: Bytes::from(vec![0; 9]), size: Some(1 << 40) });
    stage.event(Event::Answered(Answered { ticket, told }));
    assert!(stage.inquiries.is_empty() && stage.pictures.is_empty(), "no more of it is fetched");
    stage.shows("Pictures of more than 24 MiB are not shown. x shows its bytes.");
}
