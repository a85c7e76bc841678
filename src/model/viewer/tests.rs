//! Scrolling through texts and bytes of which only pieces are here.

use proptest::prelude::*;

use super::*;
use crate::domain::path::StoragePath;

/// A viewer of 40 × 10 that is given every piece it asks for. How many it asked for.
fn serve(viewer: &mut Viewer, content: &[u8]) -> usize {
    let mut served = 0;
    loop {
        let wanted = viewer.settle();
        if wanted.is_empty() {
            return served;
        }
        for piece in wanted {
            served += 1;
            let ticket = Ticket(1_000 + piece);
            viewer.ask(ticket, piece);
            let start = ((piece * PIECE) as usize).min(content.len());
            let end = (start + PIECE as usize).min(content.len());
            let bytes = Bytes::copy_from_slice(&content[start..end]);
            let size = Some(content.len() as u64);
            let told = Told::Piece { offset: piece * PIECE, bytes, size };
            assert!(viewer.answered(ticket, &Ok(told)));
        }
    }
}

fn looking_at(content: &[u8]) -> Viewer {
    let mut viewer = Viewer::new(Location::local(StoragePath::new("/f")));
    viewer.resize(40, 10);
    serve(&mut viewer, content);
    viewer
}

fn shown(viewer: &Viewer) -> Vec<String> {
    let text = |row: Vec<Part>| row.into_iter().map(|part| part.text).collect();
    viewer.rows().into_iter().map(text).collect()
}

fn numbered(lines: usize) -> Vec<u8> {
    (0..lines).map(|line| format!("line {line}\n")).collect::<String>().into_bytes()
}

#[test]
fn lines_are_scrolled_through_and_the_last_page_is_full() {
    let content = numbered(100_000);
    let mut viewer = looking_at(&content);
    assert_eq!(shown(&viewer)[..2], ["line 0", "line 1"]);
    viewer.go(Move::Down(10));
    viewer.go(Move::Up(1));
    serve(&mut viewer, &content);
    assert_eq!(shown(&viewer)[0], "line 9");
    viewer.go(Move::End);
    let served = serve(&mut viewer, &content);
    assert_eq!(shown(&viewer).last().unwrap(), "line 99999");
    assert_eq!(shown(&viewer).len(), 10);
    assert!(served <= 3, "{served} pieces for the end");
    viewer.go(Move::Down(5));
    serve(&mut viewer, &content);
    assert_eq!(shown(&viewer)[0], "line 99990");
}

#[test]
fn a_line_without_an_end_is_broken() {
    let content = vec![b'x'; 1_000_000];
    let mut viewer = looking_at(&content);
    viewer.toggle_wrap();
    serve(&mut viewer, &content);
    assert_eq!(shown(&viewer)[0], "x".repeat(40));
    for wraps in [false, true] {
        viewer.go(Move::End);
        serve(&mut viewer, &content);
        assert_eq!(viewer.wraps, wraps);
        let (top, end) = viewer.place();
        assert!(top > 500_000 && end == Some(1_000_000), "{top}");
        viewer.go(Move::Up(3));
        serve(&mut viewer, &content);
        assert!(viewer.place().0 < top);
        viewer.toggle_wrap();
    }
}

#[test]
fn what_a_terminal_could_obey_is_escaped_and_bytes_are_shown_as_bytes() {
    let viewer = looking_at(b"a\x1b[31mb\tc\r\n\xff\n");
    assert_eq!(shown(&viewer), ["a\\u{1b}[31mb    c", "\\xff"]);
    let mut content = vec![0; 40];
    content[1] = b'A';
    let mut viewer = looking_at(&content);
    assert!(viewer.is_hex());
    assert_eq!(shown(&viewer)[0], "0000000000  00 41 00 00  ·A··");
    viewer.toggle_hex();
    assert!(shown(&viewer)[0].starts_with("\\u{0}A"));
}

#[test]
fn long_lines_are_cut_or_wrapped() {
    let content = format!("{}\nshort\n", "0123456789".repeat(6)).into_bytes();
    let mut viewer = looking_at(&content);
    assert_eq!(shown(&viewer), ["0123456789".repeat(4), "0123456789".repeat(2), "short".into()]);
    viewer.toggle_wrap();
    viewer.sideways(45);
    serve(&mut viewer, &content);
    assert_eq!(shown(&viewer), ["567890123456789", ""]);
}

#[test]
fn what_is_found_is_shown_and_marked() {
    let content = numbered(50_000);
    let mut viewer = looking_at(&content);
    viewer.input = Some("line 4711".into());
    let inquiry = viewer.seek(Ticket(1), false);
    assert!(matches!(inquiry, Some(Inquiry::Find { from: 0, backwards: false, .. })));
    let at = content.windows(9).position(|window| window == b"line 4711").unwrap() as u64;
    assert!(viewer.answered(Ticket(1), &Ok(Told::Searched(5))));
    assert_eq!(viewer.sought_until(), Some(5));
    viewer.answered(Ticket(1), &Ok(Told::Found(Some(at))));
    serve(&mut viewer, &content);
    let hits: Vec<String> = viewer
        .rows()
        .into_iter()
        .flatten()
        .filter(|part| part.is_hit)
        .map(|part| part.text)
        .collect();
    assert_eq!(hits, ["line 4711"]);
    let next = viewer.seek(Ticket(2), false);
    assert!(matches!(next, Some(Inquiry::Find { from, .. }) if from == at + 1));
}

#[test]
fn other_encodings_are_read_and_searched() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut content = b"\xff\xfe".to_vec();
    content.extend(wide("Grüße\r\n\tzwei\n"));
    let mut viewer = looking_at(&content);
    assert!(!viewer.is_hex(), "the mark says that it is text");
    assert_eq!(
        (shown(&viewer), viewer.encoding()),
        (vec!["Grüße".into(), "        zwei".into()], "UTF-16LE")
    );
    viewer.input = Some("zwei".into());
    let Some(Inquiry::Find { text, .. }) = viewer.seek(Ticket(1), false) else { panic!() };
    assert_eq!(text, wide("zwei"));
    let at = content.windows(8).position(|there| there == text).unwrap() as u64;
    viewer.answered(Ticket(1), &Ok(Told::Found(Some(at))));
    serve(&mut viewer, &content);
    let hits: Vec<Part> = viewer.rows().into_iter().flatten().filter(|part| part.is_hit).collect();
    assert_eq!(hits[0].text, "zwei");
    // Without a mark it is what the person says.
    let mut viewer = looking_at(b"Gr\xfc\xdfe\n");
    assert_eq!(shown(&viewer), ["Gr\\xfc\\xdfe"]);
    viewer.next_encoding();
    serve(&mut viewer, b"Gr\xfc\xdfe\n");
    assert_eq!((shown(&viewer), viewer.encoding()), (vec!["Grüße".into()], "windows-1252"));
}

#[test]
fn what_is_seen_is_coloured_once_and_a_little_around_it() {
    let content = numbered(100_000);
    let mut viewer = looking_at(&content);
    viewer.go(Move::To(500_000));
    serve(&mut viewer, &content);
    let order = viewer.want_colours(Ticket(1)).expect("it is asked for");
    let (top, _) = viewer.place();
    assert!(order.start < top && order.bytes.len() < 60_000, "{}", order.bytes.len());
    assert_eq!(content[order.start as usize - 1], b'\n');
    assert_eq!(viewer.want_colours(Ticket(2)), None, "not twice");
    let ink = crate::domain::ink::Ink::Number;
    let inked = vec![crate::domain::ink::Inked { start: top + 5, end: top + 10, ink }];
    let stretch = (order.start, order.start + order.bytes.len() as u64);
    viewer.take_colours(Ticket(9), Painted { stretch, inked: None });
    viewer.take_colours(Ticket(1), Painted { stretch, inked: Some(inked) });
    let row = &viewer.rows()[0];
    assert_eq!((row[0].text.as_str(), row[1].ink), ("line ", ink));
    viewer.go(Move::Down(20));
    serve(&mut viewer, &content);
    assert_eq!(viewer.want_colours(Ticket(3)), None, "it is there already");
    viewer.go(Move::To(0));
    serve(&mut viewer, &content);
    let order = viewer.want_colours(Ticket(4)).expect("another place");
    // Nobody knows this kind of text: nobody is asked again.
    viewer.take_colours(Ticket(4), Painted { stretch: (0, order.bytes.len() as u64), inked: None });
    viewer.go(Move::End);
    serve(&mut viewer, &content);
    assert_eq!(viewer.want_colours(Ticket(5)), None);
}

#[test]
fn a_file_that_is_empty_or_fails_says_so() {
    let viewer = looking_at(b"");
    assert_eq!(shown(&viewer), [""; 0]);
    let mut viewer = Viewer::new(Location::local(StoragePath::new("/f")));
    let wanted = viewer.settle();
    viewer.ask(Ticket(1), wanted[0]);
    let error = Error::new(crate::domain::error::ErrorKind::NotFound, "read /f", "it is gone");
    viewer.answered(Ticket(1), &Err(error));
    assert!(viewer.failure().is_some() && viewer.settle().is_empty(), "nobody asks again unasked");
    viewer.reread();
    assert_eq!(viewer.settle(), [0]);
}

proptest! {
    #[test]
    fn up_undoes_down(
        content in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\t'), Just(0xc3), Just(0xa9), any::<u8>(), Just(b'a')],
            0..3_000,
        ),
        wraps in any::<bool>(),
        hex in any::<bool>(),
        rows in 1usize..30,
    ) {
        let mut viewer = looking_at(&content);
        if viewer.is_hex() != hex { viewer.toggle_hex(); }
        if viewer.wraps != wraps { viewer.toggle_wrap(); }
        viewer.go(Move::To(0));
        serve(&mut viewer, &content);
        let mut tops = vec![viewer.place().0];
        for _ in 0..rows {
            viewer.go(Move::Down(1));
            serve(&mut viewer, &content);
            if viewer.place().0 != *tops.last().unwrap() { tops.push(viewer.place().0); }
        }
        while let Some(top) = tops.pop() {
            prop_assert_eq!(viewer.place().0, top);
            viewer.go(Move::Up(1));
            serve(&mut viewer, &content);
        }
        prop_assert_eq!(viewer.place().0, 0);
        for row in viewer.rows() {
            let cells: usize = row.iter().map(|part| crate::model::text::cells(&part.text)).sum();
            prop_assert!(cells <= 40, "{:?}", row);
        }
    }
}
