//! Sums of other kinds than SHA-256: asked for as servers announce them, and believed no further than they say.

use std::os::unix::ffi::OsStrExt as _;

use wharf::domain::sums::Algorithm;

use super::*;
use crate::servers::{evil_ftp::Trick, ftp_server::Make};

/// Of `abc`, as everybody knows them.
const SHA512: &str = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";

async fn sum_of(features: &[&'static str], trick: Trick, algorithm: Algorithm) -> Result<String> {
    let evil = EvilFtp::start(|world| {
        world.file("/srv/a b", b"abc");
        world.features(&[&["SIZE", "MDTM"], features].concat());
        world.trick(trick);
    });
    let storage = connect(&evil).await;
    let sum = storage.sum(&StoragePath::new("/srv/a b"), algorithm).await;
    if sum.is_err() {
        assert!(!storage.sums().contains(&algorithm), "it is not tried again");
    }
    sum.map(|sum| sum.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_command_has_its_kind() {
    let xsha512: &str = Box::leak(format!("250 {SHA512}").into_boxed_str());
    for (verb, says, algorithm, expected) in [
        ("XSHA512", xsha512, Algorithm::Sha512, SHA512),
        (
            "XSHA1",
            "250 A9993E364706816ABA3E25717850C26C9CD0D89D",
            Algorithm::Sha1,
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            "XMD5",
            "250 900150983cd24fb0d6963f7d28e17f72",
            Algorithm::Md5,
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            "MD5",
            "251 \"/srv/a b\" 900150983cd24fb0d6963f7d28e17f72",
            Algorithm::Md5,
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        ("XCRC", "250 352441C2", Algorithm::Crc32, "352441c2"),
    ] {
        let sum = sum_of(&[verb], Trick::Says(verb, says), algorithm).await;
        assert_eq!(sum.unwrap(), expected, "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_such_sum_is_none() {
    for says in ["250 done", "250 352441", "250 352441C2 352441C3", "502 what?"] {
        let sum = sum_of(&["XCRC"], Trick::Says("XCRC", says), Algorithm::Crc32).await;
        assert_eq!(sum.unwrap_err().kind(), ErrorKind::Unsupported, "{says}");
    }
    let other = sum_of(&["XCRC"], Trick::Says("XCRC", "250 352441C2"), Algorithm::Md5).await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Unsupported);
}

/// ProFTPD takes a byte 255 for a word of Telnet's unless it is said twice: in HASH as in the commands with quotes.
#[tokio::test(flavor = "multi_thread")]
async fn of_names_with_a_byte_of_telnet() {
    let Some(server) = FtpServer::options(Make::ProFtpd).start() else { return };
    let name = b"a \xff\xf4b";
    std::fs::write(server.files().join(std::ffi::OsStr::from_bytes(name)), "abc").unwrap();
    let storage = connect_to_real(&server).await;
    let path = storage.canonical(&StoragePath::new(".")).await.unwrap().join_typed(name);
    for (algorithm, expected) in [
        (Algorithm::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (Algorithm::Crc32, "352441c2"),
    ] {
        let sum = storage.sum(&path, algorithm).await.unwrap();
        assert_eq!(sum.to_string(), expected);
    }
}
