//! Whether a failed attempt is worth another, and when: a pure function of what happened.

use std::time::Duration;

use crate::domain::error::ErrorKind;

/// What becomes of a step after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// Another attempt after this long.
    Wait(Duration),
    /// It is for a person to decide; the words say why.
    GiveUp,
}

const FIRST_WAIT_SECONDS: f64 = 1.0;
const LONGEST_WAIT_SECONDS: f64 = 60.0;

/// How many attempts in a row without progress are repeated.
const PATIENCE_WITH_CONNECTIONS: u32 = 8;
/// A source that keeps changing, or sizes that keep disagreeing, will not be mended by patience.
const PATIENCE_WITH_CHANGES: u32 = 3;
/// Wrong bytes once may be an accident on the way.
const PATIENCE_WITH_WRONG_BYTES: u32 = 1;

/// Decides after the `fruitless`-th failure in a row without progress (the first is 1). `random` is from 0 to 1.
pub(super) fn after_failure(kind: ErrorKind, fruitless: u32, random: f64) -> Next {
    if !kind.is_worth_a_retry() || fruitless > patience(kind) {
        return Next::GiveUp;
    }
    Next::Wait(wait(fruitless, random))
}

/// Decides after the `failures`-th failure in a row to connect. A place that never answered before is most likely
/// a mistake in its name: whoever waits for it is told at once.
pub(super) fn after_failed_dial(
    kind: ErrorKind,
    failures: u32,
    connected_before: bool,
    random: f64,
) -> Next {
    let patience = match kind {
        _ if connected_before && kind.is_worth_a_retry() => PATIENCE_WITH_CONNECTIONS,
        // A busy server drops a share of the connections that are not logged in yet.
        ErrorKind::ConnectionLost | ErrorKind::TimedOut => 2,
        _ => 0,
    };
    if failures > patience { Next::GiveUp } else { Next::Wait(wait(failures, random)) }
}

/// Whether getting further than before starts the count of failures anew.
pub(super) fn progress_counts(kind: ErrorKind) -> bool {
    patience(kind) == PATIENCE_WITH_CONNECTIONS
}

fn patience(kind: ErrorKind) -> u32 {
    match kind {
        ErrorKind::SourceChanged | ErrorKind::SizeMismatch => PATIENCE_WITH_CHANGES,
        ErrorKind::DigestMismatch => PATIENCE_WITH_WRONG_BYTES,
        _ => PATIENCE_WITH_CONNECTIONS,
    }
}

/// 1 s, doubling to 60 s, ±25 % so that many waiters do not all come back in the same moment.
fn wait(failures: u32, random: f64) -> Duration {
    let doublings = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX).min(30);
    let seconds = (FIRST_WAIT_SECONDS * 2f64.powi(doublings)).min(LONGEST_WAIT_SECONDS);
    Duration::from_secs_f64(seconds * (0.75 + 0.5 * random.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(next: Next) -> f64 {
        match next {
            Next::Wait(duration) => duration.as_secs_f64(),
            Next::GiveUp => panic!("gave up"),
        }
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<f64> = (1..=8)
            .map(|failures| seconds(after_failure(ErrorKind::ConnectionLost, failures, 0.5)))
            .collect();
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(after_failure(ErrorKind::ConnectionLost, 9, 0.5), Next::GiveUp);
    }

    #[test]
    fn waits_are_spread_by_a_quarter() {
        assert_eq!(seconds(after_failure(ErrorKind::TimedOut, 3, 0.0)), 3.0);
        assert_eq!(seconds(after_failure(ErrorKind::TimedOut, 3, 1.0)), 5.0);
    }

    #[test]
    fn what_nobody_can_mend_by_waiting_is_given_up_at_once() {
        for kind in [
            ErrorKind::PermissionDenied,
            ErrorKind::NoSpace,
            ErrorKind::ReadOnly,
            ErrorKind::NotFound,
            ErrorKind::LoginRefused,
            ErrorKind::HostKeyRefused,
            ErrorKind::Protocol,
            ErrorKind::Failed,
        ] {
            assert_eq!(after_failure(kind, 1, 0.5), Next::GiveUp, "{kind:?}");
        }
    }

    #[test]
    fn wrong_bytes_are_tried_once_more() {
        assert_eq!(seconds(after_failure(ErrorKind::DigestMismatch, 1, 0.5)), 1.0);
        assert_eq!(after_failure(ErrorKind::DigestMismatch, 2, 0.5), Next::GiveUp);
        assert_eq!(after_failure(ErrorKind::SourceChanged, 4, 0.5), Next::GiveUp);
    }

    #[test]
    fn a_place_that_never_answered_is_told_at_once() {
        assert_eq!(after_failed_dial(ErrorKind::Unreachable, 1, false, 0.5), Next::GiveUp);
        assert_eq!(seconds(after_failed_dial(ErrorKind::Unreachable, 1, true, 0.5)), 1.0);
        assert_eq!(after_failed_dial(ErrorKind::LoginRefused, 1, true, 0.5), Next::GiveUp);
        assert_eq!(seconds(after_failed_dial(ErrorKind::ConnectionLost, 2, false, 0.5)), 2.0);
        assert_eq!(after_failed_dial(ErrorKind::ConnectionLost, 3, false, 0.5), Next::GiveUp);
    }
}
