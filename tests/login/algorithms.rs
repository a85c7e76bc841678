//! What is agreed on with a real sshd: the first of Wharf's own ciphers that the server has, or why there is none.

use wharf::domain::error::ErrorKind;

use super::{Person, Wharf};
use crate::servers::sshd::Sshd;

/// The most wanted first.
const CIPHERS: [&str; 5] = [
    "chacha20-poly1305@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes256-ctr",
];

/// The ciphers agreed on, from the client to the server and back, by what the server writes in its log.
fn agreed(log: &str) -> [Option<&str>; 2] {
    ["client->server", "server->client"].map(|way| {
        let start = format!("kex: {way} cipher: ");
        let (_, rest) = log.split_once(&start)?;
        rest.split_whitespace().next()
    })
}

#[tokio::test]
async fn the_cipher_is_the_most_wanted_one_that_the_server_has() {
    for (index, wanted) in CIPHERS.iter().enumerate() {
        // The server would have it the other way round, and some that Wharf does not speak before all.
        let mut theirs = vec!["aes192-ctr"];
        theirs.extend(CIPHERS[index..].iter().rev());
        let ciphers = format!("Ciphers {}", theirs.join(","));
        let Some(sshd) = Sshd::options().line(ciphers).line("LogLevel DEBUG").start() else {
            return;
        };
        let client = sshd.client().known().write();
        Wharf::new(client.config()).connect(&Person::in_peace()).await.unwrap();
        let log = sshd.log();
        assert_eq!(agreed(&log), [Some(*wanted); 2]);
    }
}

#[tokio::test]
async fn a_server_without_a_cipher_in_common_is_told_by_what_it_has() {
    let options = Sshd::options().line("Ciphers aes192-ctr");
    let Some(sshd) = options.start() else { return };
    let client = sshd.client().known().write();
    let error = Wharf::new(client.config()).connect(&Person::in_peace()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let why = "no common cipher: the server offers only aes192-ctr, which Wharf does not speak";
    assert_eq!(error.why(), why);
}
