//! A command on a channel: `/bin/sh -c`, its three streams and its exit status.

use std::{
    ffi::OsStr,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    process::{Child, Command},
};

use russh::{Channel, server::Msg};
use tokio::{
    io::copy,
    net::unix::pipe::{Receiver, Sender},
};

/// Runs it to its end, or until the channel is closed.
pub(super) async fn run(channel: Channel<Msg>, command: Vec<u8>) {
    let (mut read_half, write_half) = channel.split();
    let Ok((mut child, mut input, mut output, mut errors)) = start(&command) else {
        let _ = write_half.exit_status(127).await;
        let _ = write_half.close().await;
        return;
    };
    let feed = tokio::spawn(async move {
        let mut reader = read_half.make_reader();
        // Dropping our end of the pipe is the end of the input.
        let _ = copy(&mut reader, &mut input).await;
    });
    let mut to_output = write_half.make_writer();
    // SSH_EXTENDED_DATA_STDERR, RFC 4254 §5.2.
    let mut to_errors = write_half.make_writer_ext(Some(1));
    let _ = tokio::join!(copy(&mut output, &mut to_output), copy(&mut errors, &mut to_errors));
    feed.abort();
    let waited = tokio::task::spawn_blocking(move || child.wait()).await;
    let status = waited.ok().and_then(Result::ok).and_then(|status| status.code()).unwrap_or(255);
    let _ = write_half.exit_status(u32::try_from(status).unwrap_or(255)).await;
    let _ = write_half.eof().await;
    let _ = write_half.close().await;
}

/// The child, and our ends of its input, output and errors.
fn start(command: &[u8]) -> io::Result<(Child, Sender, Receiver, Receiver)> {
    let (their_input, our_input) = io::pipe()?;
    let (our_output, their_output) = io::pipe()?;
    let (our_errors, their_errors) = io::pipe()?;
    let child = Command::new("/bin/sh")
        .arg("-c")
        .arg(OsStr::from_bytes(command))
        .stdin(their_input)
        .stdout(their_output)
        .stderr(their_errors)
        .spawn()?;
    let our_input = Sender::from_owned_fd(OwnedFd::from(our_input))?;
    let our_output = Receiver::from_owned_fd(OwnedFd::from(our_output))?;
    let our_errors = Receiver::from_owned_fd(OwnedFd::from(our_errors))?;
    Ok((child, our_input, our_output, our_errors))
}
