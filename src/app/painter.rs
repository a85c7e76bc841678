//! Colours what is looked into, away from the thread that draws; what is seen by now goes before what was.

use std::{io, sync::mpsc, thread};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    domain::ink::{PaintOrder, Painted},
    engine::message::Ticket,
    highlight::Highlighter,
};

/// A thread that colours texts.
pub(super) struct Painter {
    orders: mpsc::Sender<(Ticket, PaintOrder)>,
    /// What was coloured.
    pub(super) news: UnboundedReceiver<(Ticket, Painted)>,
}

impl Painter {
    /// Begins it. The syntaxes are read when something is to be coloured.
    pub(super) fn begin() -> io::Result<Self> {
        let (orders, taken) = mpsc::channel::<(Ticket, PaintOrder)>();
        let (told, news) = unbounded_channel();
        thread::Builder::new().name("painter".to_owned()).spawn(move || {
            let mut highlighter = None;
            while let Ok(first) = taken.recv() {
                // Whoever scrolls on does not wait for what is not seen any more.
                let (ticket, order) = taken.try_iter().last().unwrap_or(first);
                let highlighter = highlighter.get_or_insert_with(Highlighter::default);
                // The screen may be gone.
                let _ = told.send((ticket, highlighter.paint(&order)));
            }
        })?;
        Ok(Self { orders, news })
    }

    /// Has something coloured; it comes in the news, unless more is ordered before that.
    pub(super) fn order(&self, ticket: Ticket, order: PaintOrder) {
        // The thread ends after the screen, and never before.
        let _ = self.orders.send((ticket, order));
    }
}
