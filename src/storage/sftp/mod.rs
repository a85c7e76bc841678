//! SFTP servers: logging in over SSH, and files over SFTP version 3.

mod algorithms;
mod auth;
mod client;
mod connection;
mod digest;
mod extensions;
mod frames;
mod host_key;
mod identity;
mod keyboard;
mod known_hosts;
mod lane;
pub(crate) mod login;
mod mail;
mod pace;
mod packet;
mod publickey;
mod reach;
mod replace;
mod rows;
mod server;
mod stall;
mod status;
pub(crate) mod storage;
mod streams;
mod talk;
mod turn;
