//! Digests that a server takes at its end: HASH (draft-bryan-ftpext-hash-02) and XSHA256.

use super::{
    fault::Fault,
    features::{has, note},
    pool::For,
    server::Server,
    wire::{Command, Reply},
};
use crate::domain::{digest::Sha256, error::ErrorKind, path::StoragePath};

/// Whether it is worth a try.
pub(super) fn are_to_be_had(server: &Server) -> bool {
    let announced = server.features.hash_sha256 || server.features.xsha256;
    announced && !has(&server.login().habits.no_digest)
}

/// The SHA-256 of a file's whole content: on a connection of its own, if one is free, for it may take long.
pub(super) async fn of(server: &Server, path: &StoragePath) -> Result<Sha256, Fault> {
    let unsupported = || Fault::new(ErrorKind::Unsupported, "the server takes no SHA-256 of files");
    if !are_to_be_had(server) {
        return Err(unsupported());
    }
    let command = match server.features.hash_sha256 {
        true => server.about("HASH", path)?,
        false => quoted(server, path)?,
    };
    // Whoever asks may hold a connection: waiting for another would be waiting for those who wait for that one.
    let [reply] = match server.pool.lease_at_once(For::Reading).await? {
        Some(lease) => {
            let replies = server.ask_on(lease.line(), [command]).await?;
            lease.give_back();
            replies
        }
        // It may be the asker's own file that is under way there, and that ends only after the answer.
        None if server.pool.has_lent_first() => {
            return Err(Fault::new(ErrorKind::Unsupported, "no connection is free to ask on"));
        }
        None => server.ask([command]).await?,
    };
    if !reply.is_done() {
        let fault = Fault::of(&reply);
        if fault.kind == ErrorKind::Unsupported {
            note(&server.login().habits.no_digest);
        }
        return Err(fault);
    }
    read(&reply, server.features.hash_sha256).ok_or_else(|| {
        // Another algorithm than was asked for, or words.
        note(&server.login().habits.no_digest);
        unsupported()
    })
}

/// Servers take what follows a space for an offset, unless the path is quoted; a quote in it can not be said.
fn quoted(server: &Server, path: &StoragePath) -> Result<Command, Fault> {
    let written = server.written(path)?;
    if written.contains(&b'"') {
        return Err(Fault::new(
            ErrorKind::Unsupported,
            "a digest cannot be asked for by that name",
        ));
    }
    let argument = [b"\"", &written[..], b"\""].concat();
    let command = Command::about("XSHA256", &argument)?;
    Ok(if server.features.telnet { command.for_telnet() } else { command })
}

/// `213 SHA-256 0-15 HEX name`, or a HEX of 64 digits among other words.
fn read(reply: &Reply, names_itself: bool) -> Option<Sha256> {
    let mut words = reply.last().split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    if names_itself {
        words.next().filter(|word| word.eq_ignore_ascii_case(b"SHA-256"))?;
        let range = std::str::from_utf8(words.next()?).ok()?;
        range.starts_with("0-").then(|| words.next().and_then(from_hex))?
    } else {
        words.find_map(from_hex)
    }
}

fn from_hex(word: &[u8]) -> Option<Sha256> {
    if word.len() != 64 {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, digits) in digest.iter_mut().zip(word.chunks(2)) {
        let digit = |at: usize| char::from(digits[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(Sha256(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ftp::wire::Decoder;

    const HEX: &str = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2";

    fn digest(line: &str, names_itself: bool) -> Option<String> {
        let mut decoder = Decoder::default();
        decoder.take(format!("{line}\r\n").as_bytes());
        read(&decoder.next().unwrap().unwrap(), names_itself).map(|digest| digest.to_string())
    }

    #[test]
    fn digests_out_of_replies() {
        let hash = format!("213 SHA-256 0-15 {HEX} /srv/a.txt");
        assert_eq!(digest(&hash, true).as_deref(), Some(HEX));
        let upper = format!("250 {}", HEX.to_uppercase());
        assert_eq!(digest(&upper, false).as_deref(), Some(HEX));
        assert_eq!(digest(&format!("250-Computing\r\n250 {HEX}"), false).as_deref(), Some(HEX));
        for wrong in [
            format!("213 SHA-1 0-15 {HEX} x"),
            format!("213 SHA-256 5-15 {HEX} x"),
            "213 SHA-256 0-15 c3ab x".into(),
            "213 ok".into(),
        ] {
            assert_eq!(digest(&wrong, true), None, "{wrong}");
        }
    }
}
