//! Keys and events in, screen out.

mod behaviour;
mod dialogs;
mod drag;
mod hostile;
mod panes;
mod properties;
mod stage;
mod streaming;
mod transfers;
