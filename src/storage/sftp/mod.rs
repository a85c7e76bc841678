//! SFTP servers: logging in over SSH, and files over SFTP version 3.

mod algorithms;
mod auth;
mod host_key;
mod identity;
mod keyboard;
mod known_hosts;
pub(crate) mod login;
mod publickey;
mod reach;
mod talk;
