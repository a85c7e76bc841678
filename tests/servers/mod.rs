//! The real servers, the embedded and the evil ones, and the client's files that lead to them.

#![allow(dead_code)] // Every room of tests takes what it needs.

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod embedded;
pub(crate) mod evil_ftp;
pub(crate) mod evil_sftp;
pub(crate) mod ftp_server;
pub(crate) mod processes;
pub(crate) mod proftpd;
pub(crate) mod programs;
mod pureftpd;
pub(crate) mod relay;
mod relay_check;
pub(crate) mod sshd;
mod sshd_check;
mod vsftpd;
