//! Makes pictures ready to be drawn, away from the thread that draws; only the one that is looked at by now.

use std::{io, sync::mpsc, thread};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    domain::picture::{Canvas, PictureOrder},
    engine::message::Ticket,
    view::Picture,
};

/// A thread that makes pictures.
pub(super) struct Gallery {
    orders: mpsc::Sender<(Ticket, PictureOrder, Canvas)>,
    /// What was made.
    pub(super) news: UnboundedReceiver<(Ticket, Result<Picture, String>)>,
}

impl Gallery {
    /// Begins it.
    pub(super) fn begin() -> io::Result<Self> {
        let (orders, taken) = mpsc::channel();
        let (told, news) = unbounded_channel();
        thread::Builder::new().name("gallery".to_owned()).spawn(move || {
            while let Ok(first) = taken.recv() {
                let (ticket, order, canvas) = taken.try_iter().last().unwrap_or(first);
                // A decoder that trips over a file is no reason to show no more pictures.
                let made = std::panic::catch_unwind(|| Picture::make(&order, canvas));
                let made = made.unwrap_or_else(|_| {
                    Err("Decoding the picture broke off. x shows its bytes.".to_owned())
                });
                // The screen may be gone.
                let _ = told.send((ticket, made));
            }
        })?;
        Ok(Self { orders, news })
    }

    /// Has one made; it comes in the news, unless another is ordered before that.
    pub(super) fn order(&self, ticket: Ticket, order: PictureOrder, canvas: Canvas) {
        // The thread ends after the screen, and never before.
        let _ = self.orders.send((ticket, order, canvas));
    }
}
