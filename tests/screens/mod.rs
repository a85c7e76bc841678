//! Keys and events in, screen out.

mod behaviour;
mod clearing;
mod commands;
mod dialogs;
mod drag;
mod editing;
mod finding;
mod history;
mod hostile;
mod keys;
mod looking;
mod panes;
mod properties;
mod quick;
mod queue;
mod sites;
mod stage;
mod streaming;
mod taken;
mod transfers;
mod wandering;
