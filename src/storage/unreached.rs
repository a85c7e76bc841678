//! Words for an address where nobody was reached: whatever the failure's other half says already is not said twice.

use std::net::SocketAddr;

/// `10.0.0.1:22: connection refused`, as far as `named`, which names the site as the person does, leaves it open.
pub(crate) fn refused(address: SocketAddr, named: &str, why: &str) -> String {
    match rest(address, named) {
        Some(rest) => format!("{rest}: {why}"),
        None => why.to_owned(),
    }
}

/// `10.0.0.1:22 did not answer within 5 s`, likewise.
pub(crate) fn silent(address: SocketAddr, named: &str, seconds: f64) -> String {
    let who = rest(address, named).unwrap_or_else(|| "it".to_owned());
    format!("{who} did not answer within {seconds} s")
}

/// `the host name files.example was not found: …`, likewise.
pub(crate) fn unknown(host: &str, named: &str, why: &str) -> String {
    // What the resolver says of a name that there is not is just that.
    let why = match why.contains("not known") || why.contains("no address associated") {
        true => String::new(),
        false => format!(": {why}"),
    };
    match named.contains(host) {
        true => format!("the host name was not found{why}"),
        false => format!("the host name {host} was not found{why}"),
    }
}

/// What of an address is not in the name.
fn rest(address: SocketAddr, named: &str) -> Option<String> {
    // Of an address with a port, only the whole is the same: 1.2.3.4:22 is within 1.2.3.4:2222 and is not it.
    let whole = |part: &str| {
        named.match_indices(part).any(|(at, _)| {
            let next = named[at + part.len()..].chars().next();
            let before = named[..at].chars().next_back();
            let goes_on =
                |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.');
            !goes_on(next) && !goes_on(before)
        })
    };
    if whole(&address.to_string()) {
        return None;
    }
    match whole(&address.ip().to_string()) {
        true => Some(format!("port {}", address.port())),
        false => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_name_says_is_not_said_again() {
        let say = |address: &str, named| {
            (
                refused(address.parse().unwrap(), named, "connection refused"),
                silent(address.parse().unwrap(), named, 1.5),
            )
        };
        let (refused, silent) = say("10.0.0.1:22", "anna@files.example");
        assert_eq!(refused, "10.0.0.1:22: connection refused");
        assert_eq!(silent, "10.0.0.1:22 did not answer within 1.5 s");
        let (refused, silent) = say("10.0.0.1:22", "anna@10.0.0.1");
        assert_eq!(refused, "port 22: connection refused");
        assert_eq!(silent, "port 22 did not answer within 1.5 s");
        for named in ["ftp://10.0.0.1:2121", "connect to anna@10.0.0.1:2121"] {
            let (refused, silent) = say("10.0.0.1:2121", named);
            assert_eq!(
                (refused, silent),
                ("connection refused".to_owned(), "it did not answer within 1.5 s".to_owned())
            );
        }
        assert_eq!(say("[::1]:22", "[::1]:22").0, "connection refused");
        assert_eq!(say("[::1]:22", "[::1]").0, "port 22: connection refused");
        assert_eq!(say("10.0.0.1:22", "10.0.0.1:2222").0, "port 22: connection refused");
        assert_eq!(say("10.0.0.1:22", "110.0.0.1").0, "10.0.0.1:22: connection refused");
    }

    #[test]
    fn a_host_that_is_named_is_not_named_again() {
        let passing = "temporary failure in name resolution";
        let of = |named| unknown("no.example", named, passing);
        assert_eq!(of("anna@no.example"), format!("the host name was not found: {passing}"));
        assert_eq!(of("alias"), format!("the host name no.example was not found: {passing}"));
        let gone = unknown("no.example", "no.example", "name or service not known");
        assert_eq!(gone, "the host name was not found");
    }
}
