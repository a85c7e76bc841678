//! A listing on its way: batches of rows, and an end that has to be said.

use tokio::sync::mpsc;

use crate::domain::{
    entry::{Entry, RefusedName},
    error::{Error, ErrorKind, Result},
};

/// Some rows of a listing.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    /// Rows whose names passed the door.
    pub entries: Vec<Entry>,
    /// Names that did not.
    pub refused: Vec<RefusedName>,
}

enum Message {
    Rows(Batch),
    End,
    Failed(Error),
}

/// The receiving half. Dropping it stops the listing.
pub struct Listing {
    messages: mpsc::Receiver<Message>,
    doing: String,
    ended: bool,
}

/// The sending half. Dropping it without [`ListingSender::end`] is a failure, never an end.
pub struct ListingSender {
    messages: mpsc::Sender<Message>,
}

/// How many batches may wait to be taken: bounds memory when the taker is slow.
const WAITING_BATCHES: usize = 16;

/// A listing and the half that feeds it. `doing` completes "Could not …".
pub fn channel(doing: impl Into<String>) -> (ListingSender, Listing) {
    let (sender, receiver) = mpsc::channel(WAITING_BATCHES);
    (
        ListingSender { messages: sender },
        Listing { messages: receiver, doing: doing.into(), ended: false },
    )
}

impl Listing {
    /// The next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        if self.ended {
            return Ok(None);
        }
        match self.messages.recv().await {
            Some(Message::Rows(batch)) => Ok(Some(batch)),
            Some(Message::End) => {
                self.ended = true;
                Ok(None)
            }
            Some(Message::Failed(error)) => Err(error),
            None => Err(Error::new(
                ErrorKind::ConnectionLost,
                self.doing.as_str(),
                "the listing stopped before its end",
            )),
        }
    }

    /// All rows in one batch, for directories known to be small.
    pub async fn collect(mut self) -> Result<Batch> {
        let mut all = Batch::default();
        while let Some(mut batch) = self.next().await? {
            all.entries.append(&mut batch.entries);
            all.refused.append(&mut batch.refused);
        }
        Ok(all)
    }
}

/// The taker is gone: stop listing.
#[derive(Debug)]
pub struct NobodyListens;

impl ListingSender {
    /// Hands rows over; waits while the taker is behind.
    pub async fn rows(&self, batch: Batch) -> std::result::Result<(), NobodyListens> {
        self.messages.send(Message::Rows(batch)).await.map_err(|_| NobodyListens)
    }

    /// The same from a thread that may block.
    pub fn rows_blocking(&self, batch: Batch) -> std::result::Result<(), NobodyListens> {
        self.messages.blocking_send(Message::Rows(batch)).map_err(|_| NobodyListens)
    }

    /// All rows were handed over.
    pub async fn end(self) {
        let _ = self.messages.send(Message::End).await;
    }

    /// The same from a thread that may block.
    pub fn end_blocking(self) {
        let _ = self.messages.blocking_send(Message::End);
    }

    /// It cannot go on.
    pub async fn fail(self, error: Error) {
        let _ = self.messages.send(Message::Failed(error)).await;
    }

    /// The same from a thread that may block.
    pub fn fail_blocking(self, error: Error) {
        let _ = self.messages.blocking_send(Message::Failed(error));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_that_was_not_said_is_a_failure() {
        let (sender, listing) = channel("list /x");
        sender.rows(Batch::default()).await.unwrap();
        drop(sender);
        let error = listing.collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionLost);

        let (sender, listing) = channel("list /x");
        sender.end().await;
        assert!(listing.collect().await.is_ok());
    }
}
