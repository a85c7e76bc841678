//! FTP servers, plain and inside TLS: the protocol itself, over sockets of tokio's and rustls.
//!
//! Commands and replies are bytes, bounded and refused at one door ([`wire`]); a control connection takes many commands
//! before the first is answered ([`line`]), which no library at hand does, and is what short round trips are made of.

mod ahead;
mod attributes;
mod data;
mod digest;
mod fault;
mod features;
mod line;
mod listing;
pub(super) mod login;
mod look;
mod next_names;
mod patience;
pub(super) mod pins;
mod pool;
mod replace;
mod rows;
mod search;
mod server;
mod settle;
mod settling;
pub(super) mod storage;
mod stream;
mod streams;
mod talker;
mod tickets;
mod time;
mod tls;
mod way;
mod wire;

use crate::domain::{encoding::Encoding, path::StoragePath};
use suppaftp::Status;

/// The path in a reply to PWD or MKD: between quotes, one of its own said twice (RFC 959 appendix II).
fn path_in(reply: &wire::Reply, names: Encoding) -> Option<StoragePath> {
    let text = reply.last();
    let open = text.iter().position(|&byte| byte == b'"')?;
    let mut path = Vec::new();
    let mut rest = text[open + 1..].iter().peekable();
    loop {
        match rest.next()? {
            b'"' if rest.peek() == Some(&&b'"') => {
                rest.next();
                path.push(b'"');
            }
            b'"' => break,
            byte => path.push(*byte),
        }
    }
    let is_path =
        reply.status() == Status::PathCreated && path.first() == Some(&b'/') && !path.contains(&0);
    is_path.then(|| StoragePath::new(names.decode(&path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_between_quotes() {
        let path = |line: &str| {
            let mut decoder = wire::Decoder::default();
            decoder.take(format!("{line}\r\n").as_bytes());
            path_in(&decoder.next().unwrap().unwrap(), Encoding::default())
        };
        assert_eq!(path("257 \"/srv/in\" is current"), Some(StoragePath::new("/srv/in")));
        assert_eq!(path("257 \"/a \"\"b\"\"\""), Some(StoragePath::new("/a \"b\"")));
        for wrong in ["257 /srv", "257 \"/srv", "257 \"C:\\\"", "550 \"/srv\"", "257 \"\""] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }
}
