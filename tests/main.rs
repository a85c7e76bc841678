//! One test binary; modules below.

// Here a panic is a failed test, and output is what explains it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod conformance;
mod ftp;
mod headless;
mod login;
mod screens;
mod servers;
mod sftp;
mod support;
mod terminal;
mod tidy;
mod transfers;
