//! What a server can do: what it announces (RFC 2389), and what was found out by trying.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{
    digest::{HASH, VERBS, Way, name_in_hash},
    wire::Reply,
};
use crate::domain::sums::Algorithm;

/// What a server announces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// MLST and MLSD, and the facts to ask for where not all that are useful come by themselves.
    pub(super) facts: Option<Facts>,
    pub(super) size: bool,
    pub(super) mdtm: bool,
    pub(super) mfmt: bool,
    /// A transfer may begin in the middle.
    pub(super) rest: bool,
    pub(super) utf8: bool,
    /// What HASH is to be told to take: the best of what it offers.
    pub(super) hash: Option<Algorithm>,
    /// Commands that take one sum each.
    pub(super) sums: Vec<Way>,
    /// Its commands are read as Telnet has it: a byte 255 has to be said twice.
    pub(super) telnet: bool,
    /// What sets attributes takes its words apart at white space and joins them with one space each: that may be the
    /// name of another file.
    pub(super) joins_words: bool,
    /// MLST tells of a link what kind of thing it leads to, and all else of the link itself.
    pub(super) hides_links: bool,
    /// It makes other names of those that hold control characters or end in a space, without saying so.
    pub(super) bends_names: bool,
    /// REST before STOR keeps what stands behind what is written.
    pub(super) keeps_tail: bool,
    /// It reads commands far ahead of the one it works on.
    pub(super) reads_ahead: bool,
    /// It may answer in another order than it was asked: one thing is asked after another.
    pub(super) mixes_answers: bool,
    /// STAT lists as LIST does, without a data connection; a name in it may be a pattern.
    pub(super) lists_by_stat: bool,
    /// Its refusal to enter a directory says why, and costs nothing.
    pub(super) says_why_not_entered: bool,
}

/// MLST's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What to ask for by OPTS; `None` where that is what comes anyway.
    pub(super) ask_for: Option<String>,
}

/// Facts that are of use.
const USEFUL: [&str; 8] =
    ["type", "size", "modify", "unix.mode", "unix.owner", "unix.group", "unix.uid", "unix.gid"];

impl Features {
    /// How many bytes of commands may be sent before the first is answered. ProFTPD takes two commands for one where its
    /// buffer of 1 KiB ends between CR and LF.
    pub(super) fn ahead(&self) -> usize {
        match (self.mixes_answers, self.reads_ahead) {
            (true, _) => 0,
            (false, true) => 16 << 10,
            (false, false) => 1000,
        }
    }

    /// How to ask for a sum: by HASH where that is what it takes, else by a command for it.
    pub(super) fn way_to(&self, algorithm: Algorithm) -> Option<Way> {
        let by_hash = self.hash.filter(|agreed| *agreed == algorithm);
        by_hash
            .map(|algorithm| Way { algorithm, verb: HASH })
            .or_else(|| self.sums.iter().find(|way| way.algorithm == algorithm).copied())
    }

    /// Reads the reply to FEAT; one that is none announces nothing. `greeting` says whose server it is.
    pub(super) fn read(reply: &Reply, greeting: &str) -> Self {
        let mut features = Self::default();
        let mut sites = String::new();
        if reply.is_done() {
            // The first and the last line are words.
            for line in reply.lines() {
                let line = String::from_utf8_lossy(line.trim_ascii()).to_lowercase();
                let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
                match word {
                    "mlst" => {
                        features.facts = Some(Facts::read(rest));
                        // libunftp, which answers at once what takes no look at its files, and that only after it has
                        // looked. Nobody else names no facts (RFC 3659 §7.8).
                        features.mixes_answers = rest.is_empty();
                    }
                    "mlsd" => features.facts = features.facts.or(Some(Facts::default())),
                    "size" => features.size = true,
                    "mdtm" => features.mdtm = true,
                    "mfmt" => features.mfmt = true,
                    "rest" if rest.contains("stream") => features.rest = true,
                    "utf8" => features.utf8 = true,
                    "hash" => features.hash = best_of_hash(rest),
                    "esta" => features.bends_names = true,
                    "site" => sites.push_str(&line),
                    word => features
                        .sums
                        .extend(VERBS.iter().filter(|way| way.verb.eq_ignore_ascii_case(word))),
                }
            }
        }
        let greeting = greeting.to_lowercase();
        // Found here, not asked: they have no word for it.
        let is_proftpd = greeting.contains("proftpd") || sites.contains("site rmdir");
        let is_vsftpd = greeting.contains("vsftpd");
        features.telnet = is_proftpd;
        features.joins_words = is_proftpd;
        features.hides_links = is_proftpd;
        // Pure-FTPd. Where it does not say who it is: nobody else announces ESTA.
        features.bends_names |= greeting.contains("pure-ftpd");
        // ProFTPD keeps the tail as well, but refuses to begin a write behind the end (554), so no range could begin before
        // the one in front of it has ended; Pure-FTPd cuts off what stands behind the beginning, so each range would undo
        // those behind it. tests/ftp/far_ranges.rs asks them.
        features.keeps_tail = features.rest && is_vsftpd;
        features.reads_ahead = is_vsftpd;
        features.lists_by_stat = is_vsftpd;
        features.says_why_not_entered = is_proftpd;
        features
    }
}

/// `crc32;md5;sha-1*;sha-256`: a star marks what it takes if not told otherwise.
fn best_of_hash(offered: &str) -> Option<Algorithm> {
    let offers = |algorithm: &Algorithm| {
        let name = name_in_hash(*algorithm);
        offered.split(';').any(|it| it.trim().trim_end_matches('*').eq_ignore_ascii_case(name))
    };
    Algorithm::ALL.into_iter().find(offers)
}

impl Facts {
    /// Reads `type*;size*;modify*;perm;`: a star marks what comes by itself.
    fn read(announced: &str) -> Self {
        let facts: Vec<(&str, bool)> = announced
            .split(';')
            .map(str::trim)
            .filter(|fact| !fact.is_empty())
            .map(|fact| fact.strip_suffix('*').map_or((fact, false), |fact| (fact, true)))
            .collect();
        let missing = facts.iter().any(|(fact, comes)| !comes && USEFUL.contains(fact));
        let ask_for = missing.then(|| {
            let wanted = facts.iter().filter(|(fact, _)| USEFUL.contains(fact));
            wanted.map(|(fact, _)| format!("{fact};")).collect()
        });
        Self { ask_for }
    }
}

/// A way to set a file's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetTime {
    /// `MFMT time path`.
    Mfmt,
    /// `MDTM time path`, older than the rule that MDTM only asks.
    Mdtm,
    /// `SITE UTIME time path`.
    Utime,
}

/// What was found out by trying; holds for all connections to the server.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// It does not know EPSV.
    pub(super) no_epsv: AtomicBool,
    /// Data connections have to come from the server.
    pub(super) active: AtomicBool,
    /// It wants each step of a login answered before the next.
    pub(super) one_by_one: AtomicBool,
    /// LIST takes `-a` for a name.
    pub(super) no_dash_a: AtomicBool,
    /// RNTO does not replace.
    pub(super) no_replace: AtomicBool,
    /// SITE CHMOD does nothing.
    pub(super) no_chmod: AtomicBool,
    /// No sums of a kind, whatever it announces.
    pub(super) no_sums: [AtomicBool; Algorithm::ALL.len()],
    /// REST before STOR is refused, whatever it announces.
    pub(super) no_middle: AtomicBool,
    /// MLST or MLSD is refused, whatever it announces.
    pub(super) no_facts: AtomicBool,
    set_time: Mutex<Option<Vec<SetTime>>>,
    /// What is wanted since it once let no more in.
    crowd: Mutex<Option<Crowd>>,
}

/// How many connections are wanted of a server that once let in no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crowd {
    /// Of a kind.
    pub(super) bound: usize,
    /// Of all kinds.
    pub(super) most: usize,
}

/// Reads a habit.
pub(super) fn has(habit: &AtomicBool) -> bool {
    habit.load(Ordering::Relaxed)
}

/// Notes a habit.
pub(super) fn note(habit: &AtomicBool) {
    habit.store(true, Ordering::Relaxed);
}

impl Habits {
    /// The ways to set a time that are left to try, best first.
    pub(super) fn ways_to_set_time(&self, features: &Features) -> Vec<SetTime> {
        let mut ways = self.set_time.lock().unwrap_or_else(PoisonError::into_inner);
        let all = || match features.mfmt {
            true => vec![SetTime::Mfmt, SetTime::Utime],
            false => vec![SetTime::Mdtm, SetTime::Utime],
        };
        ways.get_or_insert_with(all).clone()
    }

    /// It lets in no more.
    pub(super) fn remember(&self, crowd: Crowd) {
        *self.crowd.lock().unwrap_or_else(PoisonError::into_inner) = Some(crowd);
    }

    /// What is wanted, where it once let in no more.
    pub(super) fn crowd(&self) -> Option<Crowd> {
        *self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One did not work.
    pub(super) fn cannot_set_time_by(&self, way: SetTime) {
        let mut ways = self.set_time.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ways) = ways.as_mut() {
            ways.retain(|left| *left != way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ftp::wire::Decoder;

    fn features(lines: &str, greeting: &str) -> Features {
        let mut decoder = Decoder::default();
        decoder.take(lines.as_bytes());
        Features::read(&decoder.next().unwrap().unwrap(), greeting)
    }

    #[test]
    fn what_real_servers_announce() {
        let vsftpd = features(
            "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n REST STREAM\r\n SIZE\r\n TVFS\r\n211 End\r\n",
            "(vsFTPd 3.0.3)",
        );
        let expected = Features {
            size: true,
            mdtm: true,
            rest: true,
            keeps_tail: true,
            reads_ahead: true,
            lists_by_stat: true,
            ..Features::default()
        };
        assert_eq!(vsftpd, expected);
        let proftpd = features(
            "211-Features:\r\n AUTH TLS\r\n HASH CRC32;MD5;SHA-1*;SHA-256;SHA-512\r\n MFMT\r\n MDTM\r\n \
             MLST modify*;perm*;size*;type*;unique*;UNIX.group*;UNIX.mode*;UNIX.owner*;\r\n REST STREAM\r\n SITE MKDIR\r\n \
             SITE RMDIR\r\n SIZE\r\n UTF8\r\n XSHA256\r\n211 End\r\n",
            "FTP ready",
        );
        assert!(proftpd.mfmt && proftpd.telnet);
        assert_eq!(proftpd.way_to(Algorithm::Sha256).map(|way| way.verb), Some(HASH));
        let others = features("211-\r\n HASH MD5*;CRC32\r\n XSHA256\r\n XCRC\r\n211 \r\n", "");
        for (algorithm, verb) in [
            (Algorithm::Md5, Some(HASH)),
            (Algorithm::Sha256, Some("XSHA256")),
            (Algorithm::Crc32, Some("XCRC")),
            (Algorithm::Sha512, None),
        ] {
            assert_eq!(others.way_to(algorithm).map(|way| way.verb), verb);
        }
        assert_eq!(proftpd.facts, Some(Facts { ask_for: None }));
        let shy = features("211-\r\n MLST Type*;Size*;Modify*;Perm*;UNIX.mode;\r\n211 \r\n", "");
        assert_eq!(shy.facts.unwrap().ask_for.as_deref(), Some("type;size;modify;unix.mode;"));
        assert!(!proftpd.bends_names);
        for (lines, greeting) in
            [("211-\r\n ESTA\r\n211 End\r\n", "hello"), ("500 what?\r\n", "Pure-FTPd")]
        {
            assert!(features(lines, greeting).bends_names);
        }
        assert_eq!(features("500 what?\r\n", ""), Features::default());
        let libunftp = "211-Extensions supported:\r\n EPSV\r\n MDTM\r\n MLSD\r\n MLST\r\n SIZE\r\n UTF8\r\n211 END\r\n";
        assert_eq!(features(libunftp, "hello").ahead(), 0);
        assert!(proftpd.ahead() > 0);
    }

    #[test]
    fn ways_to_set_a_time_run_out() {
        let (habits, features) = (Habits::default(), Features::default());
        assert_eq!(habits.ways_to_set_time(&features), [SetTime::Mdtm, SetTime::Utime]);
        habits.cannot_set_time_by(SetTime::Mdtm);
        habits.cannot_set_time_by(SetTime::Utime);
        assert!(habits.ways_to_set_time(&features).is_empty());
    }
}
