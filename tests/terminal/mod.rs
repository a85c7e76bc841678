//! The real binary in a real pty.

mod crossing;
mod driver;
mod idle;
mod leaving;
mod stalled;
