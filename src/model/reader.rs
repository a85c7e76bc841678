//! Texts to be read: messages that stay until they are dismissed, and the keys.

/// A text over the screen.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) kind: ReaderKind,
    /// The first line shown.
    pub(crate) top: usize,
}

/// What is read.
#[derive(Debug)]
pub(crate) enum ReaderKind {
    /// The keys; drawn from the key table.
    Help,
    /// Messages, each a sentence or more.
    Messages(Vec<String>),
    /// All that is known of one thing.
    Details(Vec<String>),
    /// What two texts differ in: lines that begin with a sign.
    Difference(Vec<String>),
}

/// More messages than this are only counted by the engine's own lists.
const MOST_MESSAGES: usize = 200;

impl Reader {
    pub(crate) fn help() -> Self {
        Self { kind: ReaderKind::Help, top: 0 }
    }

    pub(crate) fn messages(messages: Vec<String>) -> Self {
        Self { kind: ReaderKind::Messages(messages), top: 0 }
    }

    pub(crate) fn details(facts: Vec<String>) -> Self {
        Self { kind: ReaderKind::Details(facts), top: 0 }
    }

    pub(crate) fn difference(lines: Vec<String>) -> Self {
        Self { kind: ReaderKind::Difference(lines), top: 0 }
    }

    /// Adds messages to those being read; gives them back where something else is read.
    pub(crate) fn add(&mut self, more: Vec<String>) -> Vec<String> {
        match &mut self.kind {
            ReaderKind::Help | ReaderKind::Details(_) | ReaderKind::Difference(_) => more,
            ReaderKind::Messages(messages) => {
                let room = MOST_MESSAGES.saturating_sub(messages.len());
                messages.extend(more.into_iter().take(room));
                Vec::new()
            }
        }
    }

    /// The lines at a width; `None` for the keys, whose lines the key table knows.
    pub(crate) fn lines(&self, width: usize) -> Option<Vec<String>> {
        let (messages, apart) = match &self.kind {
            ReaderKind::Help => return None,
            // Cut, not wrapped: each line keeps its sign.
            ReaderKind::Difference(lines) => return Some(lines.clone()),
            ReaderKind::Messages(messages) => (messages, true),
            ReaderKind::Details(facts) => (facts, false),
        };
        let mut lines = Vec::new();
        for message in messages {
            if apart && !lines.is_empty() {
                lines.push(String::new());
            }
            lines.extend(super::text::wrap(message, width));
        }
        Some(lines)
    }

    /// Scrolls within `lines` lines of which `height` are seen.
    pub(crate) fn scroll(&mut self, by: isize, lines: usize, height: usize) {
        self.top = self.top.saturating_add_signed(by).min(lines.saturating_sub(height));
    }
}
