//! Files on their way: each on a control connection of its own.

mod aside;
mod read;
mod write;

pub(super) use read::FtpReadStream;
pub(super) use write::{FtpWriteStream, can_begin_in_the_middle, can_go_on};
