//! The plain words of the house: values without I/O that every other room may use.

pub mod book;
pub mod digest;
pub mod display;
pub mod encoding;
pub mod entry;
pub mod error;
pub mod figures;
pub mod ftp;
pub mod ink;
pub mod journal;
pub mod jumps;
pub mod numbered;
pub mod part_name;
pub mod path;
pub mod picture;
pub mod place;
pub mod question;
pub mod rate;
pub mod renaming;
pub mod saved;
pub mod secret;
pub mod session;
pub mod signals;
pub mod site;
pub mod sums;
pub mod words;
