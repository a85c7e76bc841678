//! The embedded demo: two panes, one of them an SFTP server that lives in this process.
fn main() {}
