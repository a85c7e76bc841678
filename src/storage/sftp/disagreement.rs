//! Why no algorithms could be agreed on: libssh2 only says that they could not, so the server's offer is read again.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::algorithms::Offer;
use crate::domain::display::escape_text;

/// Longer than any honest greeting and offer.
const MOST: usize = 64 * 1024;

/// Asking again is a courtesy: it may not take long.
const LIMIT: Duration = Duration::from_secs(5);

/// What of a server's list is shown.
const SHOWN: usize = 200;

/// In words, what the server offers that Wharf does not; `None` where that could not be found out.
pub(super) fn explain(server: SocketAddr, ours: &Offer) -> Option<String> {
    let end = Instant::now() + LIMIT;
    let mut stream = TcpStream::connect_timeout(&server, LIMIT).ok()?;
    stream.write_all(b"SSH-2.0-Wharf\r\n").ok()?;
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    while heard.len() < MOST {
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let count = stream.read(&mut chunk).ok()?;
        heard.extend_from_slice(&chunk[..count]);
        if let Some(theirs) = lists(&heard) {
            return compare(&theirs, ours);
        }
        if count == 0 {
            break;
        }
    }
    None
}

/// The first eight name-lists of SSH_MSG_KEXINIT (RFC 4253 §7.1), once all of it is there.
fn lists(heard: &[u8]) -> Option<Vec<String>> {
    // Other lines may come before the version (RFC 4253 §4.2).
    let mut rest = heard;
    loop {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, after) = rest.split_at(end + 1);
        rest = after;
        if line.starts_with(b"SSH-") {
            break;
        }
    }
    let (_, rest) = rest.split_at_checked(4 + 1)?;
    let (&message, rest) = rest.split_first()?;
    let (_cookie, mut rest) = rest.split_at_checked(16)?;
    if message != 20 {
        return None;
    }
    let mut lists = Vec::new();
    for _ in 0..8 {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (list, after) = after.split_at_checked(length)?;
        lists.push(String::from_utf8_lossy(list).into_owned());
        rest = after;
    }
    Some(lists)
}

/// The first thing that cannot be agreed on, in the order it would be.
fn compare(theirs: &[String], ours: &Offer) -> Option<String> {
    let agreed = |theirs: &str, ours: &str| {
        ours.split(',')
            .find(|name| theirs.split(',').any(|their| their == *name))
            .map(str::to_owned)
    };
    let (kex, host_key) = (theirs.first()?, theirs.get(1)?);
    let both_ways = |at: usize| Some([theirs.get(at)?, theirs.get(at + 1)?]);
    let mut cases = vec![("key exchange", kex, &ours.kex), ("host key", host_key, &ours.host_keys)];
    for cipher in both_ways(2)? {
        cases.push(("cipher", cipher, &ours.ciphers));
    }
    for (cipher, mac) in both_ways(2)?.into_iter().zip(both_ways(4)?) {
        // Ciphers that authenticate by themselves need none.
        let alone = |name: &String| name.contains("gcm") || name.contains("poly1305");
        if !agreed(cipher, &ours.ciphers).as_ref().is_some_and(alone) {
            cases.push(("message authentication", mac, &ours.macs));
        }
    }
    let (what, theirs, _) =
        cases.into_iter().find(|(_, theirs, ours)| agreed(theirs, ours).is_none())?;
    // Signals among the key exchanges are no algorithms.
    let is_signal = |name: &&str| name.starts_with("ext-info-") || name.starts_with("kex-strict-");
    let offered: Vec<&str> = theirs.split(',').filter(|name| !is_signal(name)).collect();
    let reason = match offered.iter().all(|name| rests_on_sha1(name)) {
        true => "which rests on SHA-1 and is not safe any more; the server needs an update",
        false => "which Wharf does not speak",
    };
    let shown: String = offered.join(", ").chars().take(SHOWN).collect();
    Some(format!("no common {what}: the server offers only {}, {reason}", escape_text(&shown)))
}

fn rests_on_sha1(name: &str) -> bool {
    name.contains("sha1") || ["ssh-rsa", "ssh-dss"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ours() -> Offer {
        Offer {
            kex: "curve25519-sha256".into(),
            host_keys: "ssh-ed25519,rsa-sha2-512".into(),
            ciphers: "aes128-gcm@openssh.com,aes128-ctr".into(),
            macs: "hmac-sha2-256".into(),
        }
    }

    fn greeting(lists: [&str; 8]) -> Vec<u8> {
        let mut heard = b"hello\r\nSSH-2.0-old\r\n\0\0\0\0\0\x14".to_vec();
        heard.extend([7; 16]);
        for list in lists {
            heard.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            heard.extend(list.as_bytes());
        }
        heard
    }

    fn told(kex: &str, host_key: &str, cipher: &str, mac: &str) -> Option<String> {
        let heard = greeting([kex, host_key, cipher, cipher, mac, mac, "none", "none"]);
        compare(&lists(&heard).unwrap(), &ours())
    }

    #[test]
    fn what_is_not_common_is_named() {
        let (kex, key, cipher, mac) =
            ("curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256");
        assert_eq!(told(kex, key, cipher, mac), None);
        assert_eq!(told(kex, key, "aes128-gcm@openssh.com", "hmac-md5"), None);
        assert_eq!(
            told("diffie-hellman-group14-sha1,kex-strict-s-v00@openssh.com", key, cipher, mac)
                .unwrap(),
            "no common key exchange: the server offers only diffie-hellman-group14-sha1, \
             which rests on SHA-1 and is not safe any more; the server needs an update"
        );
        assert!(
            told(kex, "ssh-rsa", cipher, mac).unwrap().contains("ssh-rsa, which rests on SHA-1")
        );
        assert_eq!(
            told(kex, key, "3des-cbc\x1b", mac).unwrap(),
            "no common cipher: the server offers only 3des-cbc\\u{1b}, which Wharf does not speak"
        );
        assert!(told(kex, key, cipher, "hmac-md5").unwrap().starts_with("no common message auth"));
    }

    proptest! {
        #[test]
        fn any_greeting_is_read_without_harm(rest in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let mut heard = greeting(["a", "b", "c", "d", "e", "f", "g", "h"]);
            heard.truncate(cut);
            heard.extend(rest);
            if let Some(lists) = lists(&heard) {
                let _ = compare(&lists, &ours());
            }
        }
    }
}
