//! What travels on a control connection, as values: commands out, replies in (RFC 959 §4). No I/O.

use std::fmt;

use suppaftp::Status;

use crate::domain::display;

/// The longest line of a reply: more than a path of the longest names, and its facts.
const LONGEST_LINE: usize = 64 << 10;
/// The longest reply, all its lines together.
const LONGEST_REPLY: usize = 1 << 20;
/// How much of what makes no sense is shown.
const NONSENSE_SHOWN: usize = 60;
/// How much of a server's words is shown.
const SHOWN: usize = 300;

/// One command line, ready to be sent.
#[derive(Clone)]
pub(super) struct Command {
    line: Vec<u8>,
    secret: bool,
    pub(super) manner: Manner,
}

/// When a command may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As soon as the server reads so far ahead.
    Ordinary,
    /// It begins a transfer: nothing is sent after it until that has ended, for ProFTPD answers at once, and no.
    Transfer,
    /// Even then.
    Urgent,
}

/// What would end the line, and begin a second command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unspeakable;

impl Command {
    /// A command without an argument, or with one of our own making.
    pub(super) fn bare(line: &str) -> Self {
        debug_assert!(!line.bytes().any(ends_a_line));
        let manner = Manner::Ordinary;
        Self { line: format!("{line}\r\n").into_bytes(), secret: false, manner }
    }

    /// A command about something a person or a server named. CR, LF and NUL never reach the wire.
    pub(super) fn about(verb: &str, argument: &[u8]) -> Result<Self, Unspeakable> {
        if argument.iter().copied().any(ends_a_line) {
            return Err(Unspeakable);
        }
        let line = [verb.as_bytes(), b" ", argument, b"\r\n"].concat();
        Ok(Self { line, secret: false, manner: Manner::Ordinary })
    }

    /// The same with an argument that is never shown.
    pub(super) fn secret(verb: &str, argument: &[u8]) -> Result<Self, Unspeakable> {
        Ok(Self { secret: true, ..Self::about(verb, argument)? })
    }

    /// The same with every byte 255 of it said twice, for servers that listen as Telnet does (RFC 959 §2.3).
    #[must_use]
    pub(super) fn for_telnet(mut self) -> Self {
        if self.line.contains(&IAC) {
            let doubled =
                self.line.iter().flat_map(|&byte| [byte].repeat(1 + usize::from(byte == IAC)));
            self.line = doubled.collect();
        }
        self
    }

    /// The same in another manner.
    #[must_use]
    pub(super) fn in_manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// The bytes to send.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.line
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.line.iter().position(|&byte| byte == b' ').unwrap_or(self.line.len());
        let shown = if self.secret { &self.line[..verb] } else { &self.line[..] };
        f.write_str(&display::escape(shown))
    }
}

/// Telnet's "interpret as command".
const IAC: u8 = 0xff;

fn ends_a_line(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

/// One reply of a server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Its three digits.
    pub(super) code: u16,
    lines: Vec<Vec<u8>>,
}

impl Reply {
    /// Its code in the words of the standards.
    pub(super) fn status(&self) -> Status {
        Status::from(u32::from(self.code))
    }

    /// More is to come: `1yz`.
    pub(super) fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// Done: `2yz`.
    pub(super) fn is_done(&self) -> bool {
        self.code / 100 == 2
    }

    /// So far so good, the next command is waited for: `3yz`.
    pub(super) fn wants_more(&self) -> bool {
        self.code / 100 == 3
    }

    /// Its lines, without code on the first and last, without line ends.
    pub(super) fn lines(&self) -> &[Vec<u8>] {
        &self.lines
    }

    /// The text of its last line.
    pub(super) fn last(&self) -> &[u8] {
        self.lines.last().map_or(&[], Vec::as_slice)
    }

    /// Its words for a person: escaped, bounded, without a full stop at the end.
    pub(super) fn words(&self) -> String {
        let mut words = String::new();
        for line in self.lines.iter().filter(|line| !line.trim_ascii().is_empty()) {
            let room = SHOWN.saturating_sub(words.len());
            if room == 0 {
                break;
            }
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&display::escape(
                &line.trim_ascii()[..line.trim_ascii().len().min(room)],
            ));
        }
        words.truncate(words.trim_end_matches(['.', ' ']).len());
        words
    }

    /// Everything it says, in lower case, to look for words in.
    pub(super) fn lower(&self) -> String {
        String::from_utf8_lossy(&self.lines.join(&b' ')).to_lowercase()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.words())
    }
}

/// What is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadReply {
    /// Endless, or as good as.
    #[error("the server's reply has no end")]
    TooLong,
    /// Not three digits and a text; what it was, escaped and bounded.
    #[error("the server said something that is no reply of FTP: {0}")]
    Nonsense(String),
}

/// Replies out of bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    buffer: Vec<u8>,
    /// Up to here there is no line end.
    looked_at: usize,
    /// Of a reply of several lines: its code and the lines so far.
    open: Option<(u16, Vec<Vec<u8>>, usize)>,
}

impl Decoder {
    /// Takes what came.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether nothing is left over from the replies given out.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.open.is_none()
    }

    /// The next whole reply.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, BadReply> {
        while let Some(line) = self.line()? {
            if let Some(reply) = self.with(line)? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, BadReply> {
        let Some(end) = self.buffer[self.looked_at..].iter().position(|&byte| byte == b'\n') else {
            self.looked_at = self.buffer.len();
            return if self.buffer.len() > LONGEST_LINE {
                Err(BadReply::TooLong)
            } else {
                Ok(None)
            };
        };
        let end = self.looked_at + end;
        if end > LONGEST_LINE {
            return Err(BadReply::TooLong);
        }
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        self.looked_at = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn with(&mut self, mut line: Vec<u8>) -> Result<Option<Reply>, BadReply> {
        let digits = code_of(&line);
        match self.open.take() {
            None => {
                let code = digits.ok_or_else(|| {
                    BadReply::Nonsense(display::escape(&line[..line.len().min(NONSENSE_SHOWN)]))
                })?;
                let more = line.get(3) == Some(&b'-');
                line.drain(..line.len().min(4));
                if more {
                    let length = line.len();
                    self.open = Some((code, vec![line], length));
                    return Ok(None);
                }
                Ok(Some(Reply { code, lines: vec![line] }))
            }
            Some((code, mut lines, length)) => {
                let length = length + line.len() + 1;
                if length > LONGEST_REPLY {
                    return Err(BadReply::TooLong);
                }
                let repeats = digits == Some(code);
                if repeats && matches!(line.get(3), None | Some(b' ')) {
                    line.drain(..line.len().min(4));
                    lines.push(line);
                    return Ok(Some(Reply { code, lines }));
                }
                if repeats && line.get(3) == Some(&b'-') {
                    line.drain(..4);
                }
                lines.push(line);
                self.open = Some((code, lines, length));
                Ok(None)
            }
        }
    }
}

/// Three digits of which the first is 1 to 5 (§4.2), followed by a space, a dash or nothing; 6 is RFC 2228's.
fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(line.get(3), None | Some(b' ' | b'-')) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    (100..700).contains(&code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn replies(text: &[u8]) -> Result<Vec<Reply>, BadReply> {
        let mut decoder = Decoder::default();
        let mut replies = Vec::new();
        for piece in text.chunks(3) {
            decoder.take(piece);
            while let Some(reply) = decoder.next()? {
                replies.push(reply);
            }
        }
        Ok(replies)
    }

    #[test]
    fn replies_of_one_line_and_of_several() {
        let found = replies(
            b"220 hello\r\n230-Welcome\r\n 230 not the end\r\n231 nor this\r\n230-still\r\n230 Done.\r\n200\n",
        )
        .unwrap();
        let codes: Vec<u16> = found.iter().map(|reply| reply.code).collect();
        assert_eq!(codes, [220, 230, 200]);
        assert_eq!(found[1].lines().len(), 5);
        assert_eq!(found[1].words(), "Welcome 230 not the end 231 nor this still Done");
        assert_eq!(found[1].last(), b"Done.");
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for nonsense in ["SSH-2.0-OpenSSH_9.2", "", "099 x"] {
            let line = format!("{nonsense}\r\n");
            assert_eq!(replies(line.as_bytes()), Err(BadReply::Nonsense(nonsense.into())));
        }
        assert_eq!(replies(&vec![b'2'; LONGEST_LINE + 10]), Err(BadReply::TooLong));
        let endless = [b"211-\n".to_vec(), b"line after line\n".repeat(100_000)].concat();
        assert_eq!(replies(&endless), Err(BadReply::TooLong));
    }

    #[test]
    fn a_servers_words_are_escaped_and_bounded() {
        let found =
            replies(&[b"550 \x1b[31m".to_vec(), vec![b'x'; 5000], b"\r\n".to_vec()].concat());
        let words = found.unwrap()[0].words();
        assert!(words.starts_with("\\u{1b}[31mxxx") && words.len() < 400, "{words}");
    }

    #[test]
    fn a_name_never_makes_a_second_command() {
        for name in [&b"a\r\nDELE b"[..], b"a\nb", b"a\rb", b"a\0b"] {
            assert_eq!(Command::about("RETR", name).err(), Some(Unspeakable));
        }
        let command = Command::about("RETR", b"/a b\xff").unwrap();
        assert_eq!(command.as_bytes(), b"RETR /a b\xff\r\n");
        assert_eq!(command.for_telnet().as_bytes(), b"RETR /a b\xff\xff\r\n");
        let password = Command::secret("PASS", b"canary").unwrap();
        assert_eq!(format!("{password:?}"), "PASS");
    }

    proptest! {
        #[test]
        fn any_bytes_are_replies_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = replies(&bytes);
        }
    }
}
