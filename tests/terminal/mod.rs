//! The real binary in a real pty.

mod changing;
mod crossing;
mod demo_site;
mod dragging;
mod driver;
mod editing;
mod finding;
mod following;
mod ftps;
mod grid;
mod idle;
mod jumping;
mod leaving;
mod linking;
mod odd_names;
mod outside;
mod renaming;
mod resuming;
mod settings;
mod shell;
mod stalled;
mod stories;
mod trashing;
mod typing;
