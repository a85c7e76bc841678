//! Hosts to go through, as ssh writes them: `[user@]host[:port]`, several behind commas, the nearest first.

use super::{
    saved,
    site::{Protocol, Site},
};

/// More hosts on one way than this is a mistake, most likely one that leads back to itself.
pub const MOST: usize = 8;

/// The hosts of a list; none for an empty one and for `none`. What is wrong with it, in words.
pub fn read(list: &str) -> Result<Vec<Site>, String> {
    let list = list.trim();
    if list.is_empty() || list.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    let sites: Vec<Site> = list.split(',').map(|one| host(one.trim())).collect::<Result<_, _>>()?;
    if sites.len() > MOST {
        return Err(format!("it goes through more than {MOST} hosts"));
    }
    Ok(sites)
}

fn host(text: &str) -> Result<Site, String> {
    let text = text.strip_prefix("ssh://").unwrap_or(text);
    let (user, rest) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match rest.rsplit_once(':') {
        // An address of IPv6 holds colons of its own: with a port it stands in brackets.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => (rest, ""),
    };
    saved::address(Protocol::Sftp, host, port, user).map_err(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &str) -> Vec<String> {
        read(list).unwrap().iter().map(Site::to_string).collect()
    }

    #[test]
    fn hosts_are_read_in_their_order() {
        assert_eq!(shown("gate"), ["gate"]);
        assert_eq!(
            shown("anna@gate.example:2222, ssh://inner,[::1]:22"),
            ["anna@gate.example:2222", "inner", "[::1]:22"]
        );
        assert_eq!(shown("::1"), ["[::1]"]);
        for none in ["", " ", "none"] {
            assert!(shown(none).is_empty());
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in ["-oProxyCommand=x", "a,,b", "a;b", "$(x)@a", "a:0", "a:x", "a b"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&["h"; MOST + 1].join(",")).unwrap_err().contains("more than 8"));
    }
}
