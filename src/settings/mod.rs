//! What a person has set up: where Wharf keeps things, their ssh config, their sites, their keyring.

mod child;
pub mod config;
mod lines;
pub mod log;
pub mod paths;
pub mod secrets;
pub mod session;
pub mod sites;
pub mod ssh_config;
