//! What happens to the model, and what it wants done.

use std::{sync::Arc, time::Instant};

use super::{
    action::Action,
    begun::Begun,
    edits::{EditNews, EditOrder},
    outside::{Back, Outside},
    rows::Rows,
};
use crate::{
    domain::{
        book::{Book, SiteOrder},
        error::Error,
        ink::{PaintOrder, Painted},
        picture::PictureOrder,
    },
    engine::message::{Command, Event, Snapshot, Ticket},
};

/// What happens to the model.
#[derive(Debug)]
pub enum Message {
    /// The person does something.
    Act(Action),
    /// A sequence of keys has begun, goes on, or is over.
    Begun(Option<Begun>),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(Mouse),
    /// The screen has another size.
    Resized {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The time, told before what happens at it.
    Clock(Instant),
    /// The same as calendars have it.
    Today(jiff::Zoned),
    /// The engine tells something.
    Event(Event),
    /// The engine's latest snapshot.
    Progress(Arc<Snapshot>),
    /// The terminal is Wharf's again, and this came of what it was given away for.
    CameBack(Outside, Back),
    /// What came of an order about copies that are edited.
    Edits(EditNews),
    /// A text that is looked into was coloured.
    Painted(Ticket, Painted),
    /// A picture was made, and its size in words; or it could not be.
    Pictured(Ticket, Result<String, String>),
    /// What an order to the shelf of sites came to.
    Shelved(SiteOrder, Result<Book, Error>),
    /// Something went wrong outside of the engine, in whole sentences.
    Trouble(String),
}

/// What the mouse did, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What it did.
    pub what: MouseAct,
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAct {
    /// The main button went down.
    Press,
    /// The pointer moved with the main button down.
    Drag,
    /// The main button was let go of.
    Release,
    /// The middle button went down.
    MiddlePress,
    /// The other button went down.
    OtherPress,
    /// The pointer moved with the other button down.
    OtherDrag,
    /// The other button was let go of.
    OtherRelease,
    /// The wheel turned up.
    WheelUp,
    /// The wheel turned down.
    WheelDown,
}

/// What is to be done besides.
#[derive(Debug)]
pub enum Effect {
    /// A command for the engine.
    Engine(Command),
    /// Leave; jobs that have not ended are cancelled, or left to be gone on with.
    Quit(Remaining),
    /// An order for the shelf of sites.
    Shelf(SiteOrder),
    /// Tell the person beside the screen, as they set it.
    Notify(String),
    /// Hand the terminal back to the shell until it calls again.
    Suspend,
    /// Give the terminal to another program.
    Outside(Outside),
    /// Colour a text; answered by [`Message::Painted`], unless another is ordered before that.
    Paint(Ticket, PaintOrder),
    /// Make a picture; answered by [`Message::Pictured`], unless another is ordered before that.
    Picture(Ticket, PictureOrder),
    /// An order about copies that are edited; answered by [`Message::Edits`].
    Edits(EditOrder),
    /// Draw every cell anew.
    Redraw,
    /// Free this, away from the thread that draws.
    Discard(Discarded),
}

/// What becomes of jobs that have not ended when the person leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// They end.
    Cancelled,
    /// The next Wharf can go on with them.
    Left,
}

/// Rows that nobody looks at any more.
#[derive(Debug)]
pub struct Discarded(#[allow(dead_code)] pub(super) Vec<Rows>);
