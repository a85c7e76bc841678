//! The shelf of sites at work, away from the thread that draws.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time,
};

use crate::domain::{
    book::{Book, Shelf, SiteOrder},
    error::Error,
};

/// How long what was ordered may take to be done at the end.
const END: Duration = Duration::from_secs(1);

/// The shelf of sites with a thread of its own: its files may lie on a slow disk.
pub(super) struct ShelfThread {
    orders: Option<std::sync::mpsc::Sender<SiteOrder>>,
    /// What orders came to.
    pub(super) news: UnboundedReceiver<(SiteOrder, Result<Book, Error>)>,
}

impl ShelfThread {
    /// Begins it.
    pub(super) fn begin(shelf: Arc<dyn Shelf>) -> io::Result<Self> {
        let (orders, taken) = std::sync::mpsc::channel::<SiteOrder>();
        let (told, news) = unbounded_channel();
        thread::Builder::new().name("sites".to_owned()).spawn(move || {
            for order in taken {
                let result = shelf.carry_out(order.clone());
                // The screen may be gone; what was ordered is done all the same.
                let _ = told.send((order, result));
            }
        })?;
        Ok(Self { orders: Some(orders), news })
    }

    /// Has something done; what it came to is in the news.
    pub(super) fn order(&self, order: SiteOrder) {
        if let Some(orders) = &self.orders {
            // The thread ends after the screen, and never before.
            let _ = orders.send(order);
        }
    }

    /// Waits for a while until what was ordered is done.
    pub(super) async fn end(mut self) {
        self.orders = None;
        let _ = time::timeout(END, async { while self.news.recv().await.is_some() {} }).await;
    }
}
