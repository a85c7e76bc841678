//! The end of a connection as seen by storages that have none of their own: calls under way stop waiting.

use std::future::Future;

use tokio::sync::watch;

use crate::domain::error::{Error, ErrorKind, Result};

/// Connected until [`HangUp::now`] was called, then never again.
#[derive(Debug)]
pub(crate) struct HangUp(watch::Sender<bool>);

impl Default for HangUp {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl HangUp {
    /// Ends it. Who waits in [`HangUp::unless`] is told at once.
    pub(crate) fn now(&self) {
        self.0.send_replace(true);
    }

    /// Waits for `work`, but no longer than the connection lasts. `doing` completes "Could not …".
    pub(crate) async fn unless<T>(
        &self,
        doing: impl FnOnce() -> String,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut ended = self.0.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`, so this ends only when it was hung up.
            _ = ended.wait_for(|ended| *ended) => {
                Err(Error::new(ErrorKind::ConnectionLost, doing(), "the connection was closed"))
            }
            result = work => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_hangs_ends_with_the_connection() {
        let line = HangUp::default();
        assert!(line.unless(|| "wait".into(), async { Ok(1) }).await.is_ok());
        let (result, ()) = tokio::join!(
            line.unless(|| "wait".into(), std::future::pending::<Result<()>>()),
            async { line.now() }
        );
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionLost);
        assert!(line.unless(|| "wait".into(), async { Ok(1) }).await.is_err());
    }
}
