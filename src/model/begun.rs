//! A sequence of keys that has begun, and what may follow.

use super::action::Context;

/// A sequence of keys that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where it was typed; elsewhere it means nothing.
    pub context: Context,
    /// What was typed.
    pub keys: String,
    /// What may follow: the rest of the keys, and what they do.
    pub follow: Vec<(String, &'static str)>,
}
