//! Measures: built with the release profile, run by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod frames;
#[allow(unused_imports)] // The checks among them are tests.
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../support.rs"]
mod support;

fn main() {
    match frames::measure() {
        Some(figures) => println!("{figures}"),
        None => println!("no sshd here"),
    }
}
