//! The real binary in a real pty.

mod crossing;
mod driver;
mod leaving;
mod stalled;
