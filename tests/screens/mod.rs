//! Keys and events in, screen out.

mod behaviour;
mod bookmarks;
mod clearing;
mod columns;
mod commands;
mod dialogs;
mod drag;
mod editing;
mod finding;
mod gallery;
mod history;
mod hostile;
mod keys;
mod looking;
mod looks;
mod panes;
mod properties;
mod queue;
mod quick;
mod sites;
mod stage;
mod streaming;
mod tabs;
mod taken;
mod transfers;
mod wandering;
