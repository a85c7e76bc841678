//! A look into a file of any length: only what is on the screen, and a little around it, is fetched.

mod coding;
mod colours;
mod gathering;
mod lines;
mod pieces;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use tui_input::Input;

use crate::{
    domain::{
        display,
        error::Error,
        ink::{PaintOrder, Painted},
        picture::{self, PictureOrder},
        place::Location,
    },
    engine::message::{Inquiry, Ticket, Told},
};
use coding::Coding;
use colours::Colours;
use gathering::AT_A_TIME;
pub(crate) use gathering::Gathering;
pub(crate) use lines::Part;
use lines::{Form, Shape, TextRow};
use pieces::{Missing, PIECE, Pieces};

/// More moves than this wait for nothing that comes.
const MOST_MOVES: usize = 64;
/// So many pieces are asked for at a time.
const MOST_ASKED: usize = 4;
/// What is looked at to tell text from other things.
const TOLD_BY: usize = 8 * 1024;

/// One file that is looked into.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) location: Location,
    /// Where the first row begins.
    top: u64,
    /// Cells scrolled to the right, of lines that are cut.
    left: usize,
    pub(crate) wraps: bool,
    /// `None` until the first bytes say what is in it.
    hex: Option<bool>,
    coding: Coding,
    colours: Colours,
    /// Where the name promises a picture, and nobody wants its bytes instead.
    picture: Option<Gathering>,
    width: usize,
    height: usize,
    pieces: Pieces,
    moves: VecDeque<Move>,
    asked: HashMap<Ticket, u64>,
    failure: Option<Error>,
    /// Someone types what to search for.
    pub(crate) input: Option<Input>,
    sought: String,
    seeking: Option<Seeking>,
    /// Where what was searched for stands.
    hit: Option<u64>,
    /// What came of a search, until the next key.
    pub(crate) words: Option<&'static str>,
}

#[derive(Debug)]
struct Seeking {
    ticket: Ticket,
    at: u64,
    backwards: bool,
}

/// What a person wants to see; done when the bytes for it are here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Move {
    Down(usize),
    Up(usize),
    To(u64),
    End,
}

/// The longest pictures that are fetched, looked into and by the way.
const LONGEST_PICTURE: u64 = 24 << 20;
const LONGEST_BY_THE_WAY: u64 = 4 << 20;

impl Viewer {
    pub(crate) fn new(location: Location) -> Self {
        let name = location.path.name();
        let is_promised = name.is_some_and(|name| picture::is_promised(&name));
        Self {
            location,
            picture: is_promised.then(|| Gathering::new(LONGEST_PICTURE)),
            top: 0,
            left: 0,
            wraps: true,
            hex: None,
            coding: Coding::default(),
            colours: Colours::default(),
            width: 80,
            height: 24,
            pieces: Pieces::default(),
            moves: VecDeque::new(),
            asked: HashMap::new(),
            failure: None,
            input: None,
            sought: String::new(),
            seeking: None,
            hit: None,
            words: None,
        }
    }

    /// One that fetches less, for it is looked into by the way.
    pub(crate) fn small(location: Location) -> Self {
        let mut viewer = Self::new(location);
        viewer.picture = viewer.picture.map(|_| Gathering::new(LONGEST_BY_THE_WAY));
        viewer
    }

    /// The picture, where it is one.
    pub(crate) fn picture(&self) -> Option<&Gathering> {
        self.picture.as_ref().filter(|_| self.failure.is_none())
    }

    /// What is to be fetched of a picture.
    pub(crate) fn want_picture_bytes(&mut self, ticket: Ticket) -> Option<Inquiry> {
        let picture = self.picture.as_mut().filter(|_| self.failure.is_none())?;
        let offset = picture.wants()?;
        picture.ask(ticket);
        Some(Inquiry::Piece { of: self.location.clone(), offset, length: AT_A_TIME })
    }

    /// What is to be made of it.
    pub(crate) fn want_picture(&mut self, ticket: Ticket) -> Option<PictureOrder> {
        let size = (self.width.min(500) as u16, self.height.min(500) as u16);
        self.picture.as_mut()?.order(ticket, size)
    }

    /// A picture was made.
    pub(crate) fn take_picture(&mut self, ticket: Ticket, made: &Result<String, String>) {
        if let Some(picture) = &mut self.picture {
            picture.made(ticket, made);
        }
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn is_hex(&self) -> bool {
        self.hex == Some(true)
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Where the first row begins, and where the file ends.
    pub(crate) fn place(&self) -> (u64, Option<u64>) {
        (self.top, self.pieces.end())
    }

    /// How far a search has got, while it runs.
    pub(crate) fn sought_until(&self) -> Option<u64> {
        self.seeking.as_ref().map(|seeking| seeking.at)
    }

    /// The screen has so much room for it.
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width.max(1), height.max(1));
    }

    fn form(&self) -> Form {
        let fits = |row: &usize| lines::hex_cells(*row) <= self.width;
        let shape = match (self.is_hex(), self.wraps) {
            (true, _) => Shape::Hex([32, 16, 8, 4].into_iter().find(fits).unwrap_or(4)),
            (false, true) => Shape::Wrapped(self.width),
            (false, false) => Shape::Cut,
        };
        Form { shape, coding: self.coding }
    }

    /// The encoding, where it is text.
    pub(crate) fn encoding(&self) -> &'static str {
        self.coding.name()
    }

    /// Reads it as text of the next encoding.
    pub(crate) fn next_encoding(&mut self) {
        self.coding = self.coding.next();
        self.hex = Some(false);
        self.hit = None;
        self.colours.forget();
        self.go(Move::To(self.top));
    }

    /// What is to be coloured of what is seen.
    pub(crate) fn want_colours(&mut self, ticket: Ticket) -> Option<PaintOrder> {
        if self.picture.is_some()
            || self.hex != Some(false)
            || !self.coding.is_like_ascii()
            || self.failure.is_some()
        {
            return None;
        }
        let last = *self.starts(self.height).ok()?.last()?;
        let end = lines::row_end(&self.pieces, last, self.form()).ok()??;
        let name = self.location.path.name()?;
        self.colours.want(ticket, name.as_bytes(), &self.pieces, (self.top, end))
    }

    /// Takes what was coloured.
    pub(crate) fn take_colours(&mut self, ticket: Ticket, painted: Painted) {
        self.colours.take(ticket, painted);
    }

    pub(crate) fn go(&mut self, wanted: Move) {
        if self.moves.len() < MOST_MOVES {
            self.moves.push_back(wanted);
        }
    }

    pub(crate) fn sideways(&mut self, by: isize) {
        if !self.wraps && !self.is_hex() {
            self.left = self.left.saturating_add_signed(by).min(lines::LONGEST_LINE);
        }
    }

    pub(crate) fn toggle_wrap(&mut self) {
        self.wraps = !self.wraps;
        self.left = 0;
        self.go(Move::To(self.top));
    }

    pub(crate) fn toggle_hex(&mut self) {
        self.hex = Some(self.picture.take().is_some() || !self.is_hex());
        self.go(Move::To(self.top));
    }

    /// The file is read anew, from where one is.
    pub(crate) fn reread(&mut self) {
        self.pieces.forget();
        self.colours.forget();
        self.picture = self.picture.take().map(|_| Gathering::new(LONGEST_PICTURE));
        self.failure = None;
        self.go(Move::To(self.top));
    }

    /// Moves as far as the bytes here reach, and says which pieces are to be fetched.
    pub(crate) fn settle(&mut self) -> Vec<u64> {
        let mut wanted = Vec::new();
        if self.picture.is_some() {
            return wanted;
        }
        while let Some(next) = self.moves.front().copied() {
            match self.try_move(next) {
                Ok(()) => {
                    self.moves.pop_front();
                }
                Err(Missing(piece)) => {
                    wanted.push(piece);
                    break;
                }
            }
        }
        // What is seen, and what comes next.
        match self.starts(self.height + 1) {
            Ok(starts) => {
                let next = starts.last().copied().unwrap_or(self.top) / PIECE + 1;
                if self.pieces.end().is_some_and(|end| next * PIECE < end) && !self.pieces.has(next)
                {
                    wanted.push(next);
                }
            }
            Err(Missing(piece)) => wanted.push(piece),
        }
        if self.failure.is_some() {
            wanted.clear();
        }
        wanted.dedup();
        wanted.retain(|piece| !self.asked.values().any(|asked| asked == piece));
        wanted.truncate(MOST_ASKED.saturating_sub(self.asked.len()));
        wanted
    }

    /// A piece is on its way. What to ask for.
    pub(crate) fn ask(&mut self, ticket: Ticket, piece: u64) -> Inquiry {
        self.asked.insert(ticket, piece);
        Inquiry::Piece { of: self.location.clone(), offset: piece * PIECE, length: PIECE as u32 }
    }

    fn try_move(&mut self, wanted: Move) -> Result<(), Missing> {
        let form = self.form();
        match wanted {
            Move::Down(rows) => {
                let starts = self.starts(self.height + rows)?;
                let most = starts.len().saturating_sub(self.height);
                if let Some(top) = starts.get(rows.min(most)) {
                    self.top = *top;
                }
            }
            Move::Up(rows) => self.top = self.back(self.top, rows, form)?,
            Move::To(at) => {
                let row = lines::row_of(&self.pieces, at, form)?;
                self.top = row;
                // The last page is full.
                let starts = self.starts(self.height)?;
                let lacking = self.height - starts.len().min(self.height);
                self.top = self.back(row, lacking, form)?;
            }
            Move::End => {
                let end = self.pieces.end().ok_or(Missing(0))?;
                self.top = self.back(end, self.height, form)?;
            }
        }
        Ok(())
    }

    fn back(&self, from: u64, rows: usize, form: Form) -> Result<u64, Missing> {
        let mut row = from;
        for _ in 0..rows {
            match lines::row_before(&self.pieces, row, form)? {
                Some(before) => row = before,
                None => break,
            }
        }
        Ok(row)
    }

    /// Where the next rows begin, from the top.
    fn starts(&self, most: usize) -> Result<Vec<u64>, Missing> {
        let (form, mut starts, mut row) = (self.form(), Vec::new(), self.top);
        while starts.len() < most
            && let Some(end) = lines::row_end(&self.pieces, row, form)?
        {
            starts.push(row);
            row = end;
        }
        Ok(starts)
    }

    /// The rows that can be shown.
    pub(crate) fn rows(&self) -> Vec<Vec<Part>> {
        let (form, mut rows, mut row) = (self.form(), Vec::new(), self.top);
        while rows.len() < self.height
            && let Ok(Some(end)) = lines::row_end(&self.pieces, row, form)
        {
            let Ok(bytes) = self.pieces.slice(row, (end - row) as usize) else { break };
            let hit = self.hit.map_or((0, 0), |hit| {
                let start = hit.saturating_sub(row) as usize;
                let stop = (hit + self.sought_bytes().len() as u64).saturating_sub(row) as usize;
                if hit < row && stop == 0 { (0, 0) } else { (start, stop) }
            });
            rows.push(match form.shape {
                Shape::Hex(width) => lines::hex_row(row, &bytes, width, hit),
                _ => {
                    // A mark of the encoding is no text.
                    let skip = if row == 0 { self.coding.mark(&bytes) } else { 0 };
                    let (left, width, coding) = (self.left, self.width, self.coding);
                    let text = TextRow { bytes: &bytes, skip, left, width, hit, coding };
                    lines::text_row(&text, self.colours.from(row))
                }
            });
            row = end;
        }
        rows
    }

    /// Begins to search for what was typed, or for the same once more. What to ask for.
    pub(crate) fn seek(&mut self, ticket: Ticket, backwards: bool) -> Option<Inquiry> {
        if let Some(typed) = self.input.take()
            && !typed.value().is_empty()
        {
            self.sought = typed.value().to_owned();
            self.hit = None;
        }
        if self.sought.is_empty() {
            return None;
        }
        let from = match (self.hit, backwards) {
            (Some(hit), false) => hit + 1,
            (Some(hit), true) => hit,
            (None, _) => self.top,
        };
        self.words = None;
        self.seeking = Some(Seeking { ticket, at: from, backwards });
        let text = Bytes::from(self.sought_bytes());
        Some(Inquiry::Find { of: self.location.clone(), from, text, backwards })
    }

    /// What is searched for, as it would stand in the file.
    fn sought_bytes(&self) -> Vec<u8> {
        if self.is_hex() {
            self.sought.clone().into_bytes()
        } else {
            self.coding.encode(&self.sought)
        }
    }

    /// Stops a search. What was asked for it.
    pub(crate) fn stop_seeking(&mut self) -> Option<Ticket> {
        self.seeking.take().map(|seeking| seeking.ticket)
    }

    /// All that is still asked.
    pub(crate) fn tickets(&self) -> Vec<Ticket> {
        let seeking = self.seeking.iter().map(|seeking| seeking.ticket);
        let picture = self.picture.as_ref().and_then(Gathering::asked);
        self.asked.keys().copied().chain(seeking).chain(picture).collect()
    }

    /// Takes an answer. Whether it is for this viewer.
    pub(crate) fn answered(&mut self, ticket: Ticket, told: &Result<Told, Error>) -> bool {
        if self.seeking.as_ref().is_some_and(|seeking| seeking.ticket == ticket) {
            self.take_found(told);
            return true;
        }
        if let Some(picture) = &mut self.picture
            && picture.asked() == Some(ticket)
        {
            match told {
                Ok(Told::Piece { bytes, size, .. }) => drop(picture.take(ticket, bytes, *size)),
                Ok(_) => {}
                Err(error) => self.failure = Some(error.clone()),
            }
            return true;
        }
        let Some(piece) = self.asked.remove(&ticket) else { return false };
        match told {
            Ok(Told::Piece { bytes, size, .. }) => {
                if self.hex.is_none() && piece == 0 {
                    let told = Coding::told_by(bytes);
                    self.coding = told.unwrap_or_default();
                    let beginning = &bytes[..bytes.len().min(TOLD_BY)];
                    self.hex = Some(told.is_none() && beginning.contains(&0));
                }
                self.pieces.take(piece, bytes.clone(), *size, self.top);
            }
            Ok(_) => {}
            Err(error) => self.failure = Some(error.clone()),
        }
        true
    }

    fn take_found(&mut self, told: &Result<Told, Error>) {
        match told {
            Ok(Told::Searched(at)) => {
                if let Some(seeking) = &mut self.seeking {
                    seeking.at = *at;
                }
                return;
            }
            Ok(Told::Found(Some(at))) => {
                self.hit = Some(*at);
                self.go(Move::To(*at));
                self.go(Move::Up(self.height / 3));
            }
            Ok(_) if self.seeking.as_ref().is_some_and(|seeking| seeking.backwards) => {
                self.words = Some("not found from here to the beginning");
            }
            Ok(_) => self.words = Some("not found from here to the end"),
            Err(error) => self.failure = Some(error.clone()),
        }
        self.seeking = None;
    }

    /// What is looked into, escaped.
    pub(crate) fn name(&self) -> String {
        match self.location.endpoint.host() {
            Some(_) => self.location.to_string(),
            None => display::escape(self.location.path.as_bytes()),
        }
    }
}
