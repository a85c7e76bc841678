//! Sums that a server takes at its end: HASH (draft-bryan-ftpext-hash-02), XSHA256 and its kin, MD5
//! (draft-twine-ftpmd5-00).

use super::{
    fault::Fault,
    features::{has, note},
    pool::For,
    server::Server,
    wire::{Command, Reply},
};
use crate::domain::{
    digest::Sha256,
    error::ErrorKind,
    path::StoragePath,
    sums::{Algorithm, Sum},
};

/// What asks for a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) algorithm: Algorithm,
    pub(super) verb: &'static str,
}

/// Commands that ask for one sum each, the best first.
pub(super) const VERBS: [Way; 7] = [
    Way { algorithm: Algorithm::Sha256, verb: "XSHA256" },
    Way { algorithm: Algorithm::Sha512, verb: "XSHA512" },
    Way { algorithm: Algorithm::Sha1, verb: "XSHA1" },
    Way { algorithm: Algorithm::Sha1, verb: "XSHA" },
    Way { algorithm: Algorithm::Md5, verb: "XMD5" },
    Way { algorithm: Algorithm::Md5, verb: "MD5" },
    Way { algorithm: Algorithm::Crc32, verb: "XCRC" },
];

/// The command that asks for a sum of whatever kind was agreed on.
pub(super) const HASH: &str = "HASH";

/// How HASH calls an algorithm.
pub(super) fn name_in_hash(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Sha512 => "SHA-512",
        Algorithm::Sha1 => "SHA-1",
        Algorithm::Md5 => "MD5",
        Algorithm::Crc32 => "CRC32",
    }
}

/// Whether sums of a kind are worth a try.
pub(super) fn are_to_be_had(server: &Server, algorithm: Algorithm) -> bool {
    server.features.way_to(algorithm).is_some()
        && !has(&server.login().habits.no_sums[algorithm as usize])
}

/// The SHA-256 of a file's whole content.
pub(super) async fn of(server: &Server, path: &StoragePath) -> Result<Sha256, Fault> {
    let sum = sum(server, path, Algorithm::Sha256).await?;
    sum.as_bytes().try_into().map(Sha256).map_err(|_| unsupported(Algorithm::Sha256))
}

fn unsupported(algorithm: Algorithm) -> Fault {
    let why = format!("the server takes no {} of files", algorithm.word());
    Fault::new(ErrorKind::Unsupported, why)
}

/// The sum of a file's whole content: on a connection of its own, if one is free, for it may take long.
pub(super) async fn sum(
    server: &Server,
    path: &StoragePath,
    algorithm: Algorithm,
) -> Result<Sum, Fault> {
    let way = server.features.way_to(algorithm).filter(|_| are_to_be_had(server, algorithm));
    let Some(way) = way else { return Err(unsupported(algorithm)) };
    let command = match way.verb {
        HASH | "MD5" => server.about(way.verb, path)?,
        verb => quoted(server, verb, path)?,
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
    let no_more = || note(&server.login().habits.no_sums[algorithm as usize]);
    if !reply.is_done() {
        let fault = Fault::of(&reply);
        if fault.kind == ErrorKind::Unsupported {
            no_more();
        }
        return Err(fault);
    }
    read(&reply, way, &server.written(path)?).ok_or_else(|| {
        // Another algorithm than was asked for, or words.
        no_more();
        unsupported(algorithm)
    })
}

/// Servers take what follows a space for an offset, unless the path is quoted; a quote in it can not be said.
fn quoted(server: &Server, verb: &str, path: &StoragePath) -> Result<Command, Fault> {
    let written = server.written(path)?;
    if written.contains(&b'"') {
        return Err(Fault::new(
            ErrorKind::Unsupported,
            "a digest cannot be asked for by that name",
        ));
    }
    let command = Command::about(verb, &[b"\"", &written[..], b"\""].concat())?;
    Ok(if server.features.telnet { command.for_telnet() } else { command })
}

/// `213 SHA-256 0-15 HEX name`, or a HEX of the right length among other words: `250 HEX`, `251 "name" HEX`. A name
/// may look like one, and is left out.
fn read(reply: &Reply, way: Way, name: &[u8]) -> Option<Sum> {
    let sum = |word: &[u8]| Sum::from_hex(way.algorithm, word);
    let line = reply.last();
    let words = |line: &[u8]| {
        let words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        words.map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    if way.verb == HASH {
        let words = words(line);
        let [kind, range, hex, ..] = &words[..] else { return None };
        let is_it = kind.eq_ignore_ascii_case(name_in_hash(way.algorithm).as_bytes());
        return (is_it && range.starts_with(b"0-")).then(|| sum(hex)).flatten();
    }
    let named = line.windows(name.len()).position(|part| part == name);
    let rest = match named {
        Some(at) => [&line[..at], b" ", &line[at + name.len()..]].concat(),
        None => line.to_vec(),
    };
    let mut sums = words(&rest).into_iter().filter_map(|word| sum(&word));
    let first = sums.next()?;
    // Two that differ are one too many.
    sums.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ftp::wire::Decoder;

    const HEX: &str = "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2";
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
    const OTHER: &str = "000150983cd24fb0d6963f7d28e17f72";

    fn digest(line: &str, algorithm: Algorithm, verb: &'static str) -> Option<String> {
        let mut decoder = Decoder::default();
        decoder.take(format!("{line}\r\n").as_bytes());
        let reply = decoder.next().unwrap().unwrap();
        let name = format!("/srv/{OTHER}");
        read(&reply, Way { algorithm, verb }, name.as_bytes()).map(|sum| sum.to_string())
    }

    #[test]
    fn digests_out_of_replies() {
        let sha256 = |line: &str, verb| digest(line, Algorithm::Sha256, verb);
        let hash = format!("213 SHA-256 0-15 {HEX} /srv/a.txt");
        assert_eq!(sha256(&hash, HASH).as_deref(), Some(HEX));
        let upper = format!("250 {}", HEX.to_uppercase());
        assert_eq!(sha256(&upper, "XSHA256").as_deref(), Some(HEX));
        assert_eq!(sha256(&format!("250-Computing\r\n250 {HEX}"), "XSHA256").as_deref(), Some(HEX));
        for wrong in [
            format!("213 SHA-1 0-15 {HEX} x"),
            format!("213 SHA-256 5-15 {HEX} x"),
            "213 SHA-256 0-15 c3ab x".into(),
            "213 ok".into(),
        ] {
            assert_eq!(sha256(&wrong, HASH), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_that_looks_like_a_sum_is_none() {
        let md5 = |line: &str| digest(line, Algorithm::Md5, "MD5");
        assert_eq!(md5(&format!("251 \"/srv/{OTHER}\" {MD5}")).as_deref(), Some(MD5));
        assert_eq!(md5(&format!("251 {MD5} /srv/{OTHER}")).as_deref(), Some(MD5));
        assert_eq!(md5(&format!("251 {OTHER} {MD5}")), None, "which of them?");
        assert_eq!(md5(&format!("251 \"/srv/{OTHER}\"")), None);
        assert_eq!(digest("250 352441C2", Algorithm::Crc32, "XCRC").as_deref(), Some("352441c2"));
        assert_eq!(digest("250 done", Algorithm::Crc32, "XCRC"), None);
    }
}
