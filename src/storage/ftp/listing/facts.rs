//! Lines of MLSD and MLST: `fact=value;fact=value; name` (RFC 3659 §7.2).

use super::{Row, number};
use crate::{
    domain::entry::{Attributes, Kind},
    storage::ftp::time,
};

/// What a line is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something in the directory.
    Row(Row),
    /// The directory itself, or the one above.
    Itself,
}

/// Reads a line of MLSD.
pub(super) fn read(line: &[u8]) -> Option<Told> {
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (facts, name) = (&line[..space], &line[space + 1..]);
    // A line without facts begins with the space.
    if !facts.is_empty() && !facts.ends_with(b";") {
        return None;
    }
    let (attributes, itself) = attributes_from(facts);
    if itself {
        return Some(Told::Itself);
    }
    let target = target_in(facts).map(<[u8]>::to_vec);
    Some(Told::Row(Row { name: name.to_vec(), attributes, target }))
}

/// Where a link leads: `type=OS.unix=slink:target`.
fn target_in(facts: &[u8]) -> Option<&[u8]> {
    const BEFORE: &[u8] = b"type=os.unix=slink:";
    facts.split(|&byte| byte == b';').find_map(|fact| {
        let (before, target) = fact.split_at_checked(BEFORE.len())?;
        (before.eq_ignore_ascii_case(BEFORE) && !target.is_empty()).then_some(target)
    })
}

/// What the facts of a line of MLST say; it may begin with the space that sets it apart in a reply.
pub(in crate::storage::ftp) fn attributes_of(line: &[u8]) -> Option<Attributes> {
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let space = line.iter().position(|&byte| byte == b' ')?;
    let facts = &line[..space];
    facts.ends_with(b";").then(|| attributes_from(facts).0)
}

/// Whether a line of MLST says of a directory that it may be entered (§7.5.5); `None` where it does not say.
pub(in crate::storage::ftp) fn may_be_entered(line: &[u8]) -> Option<bool> {
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let facts = &line[..line.iter().position(|&byte| byte == b' ')?];
    let perm = facts.split(|&byte| byte == b';').find_map(|fact| {
        let (word, value) = fact.split_at_checked(5)?;
        word.eq_ignore_ascii_case(b"perm=").then_some(value)
    })?;
    Some(perm.iter().any(|letter| letter.eq_ignore_ascii_case(&b'e')))
}

/// The attributes, and whether the line is about the directory itself or the one above.
fn attributes_from(facts: &[u8]) -> (Attributes, bool) {
    let mut attributes = Attributes::of_kind(Kind::Other);
    let mut itself = false;
    let (mut owner, mut group) = (None, None);
    for fact in facts.split(|&byte| byte == b';').filter(|fact| !fact.is_empty()) {
        let equals = fact.iter().position(|&byte| byte == b'=').unwrap_or(fact.len());
        let value = fact.get(equals + 1..).unwrap_or_default();
        match fact[..equals].to_ascii_lowercase().as_slice() {
            b"type" => {
                let kind = value.to_ascii_lowercase();
                itself = matches!(kind.as_slice(), b"cdir" | b"pdir");
                attributes.kind = kind_of(&kind);
            }
            b"size" => attributes.size = number(value),
            // A directory's, where `size` is for files only.
            b"sizd" => attributes.size = attributes.size.or(number(value)),
            b"modify" => attributes.modified = time::parse(value),
            b"unix.mode" => attributes.permissions = octal(value),
            b"unix.owner" | b"unix.uid" => owner = owner.or(small(value)),
            b"unix.group" | b"unix.gid" => group = group.or(small(value)),
            _ => {}
        }
    }
    attributes.owner = owner.zip(group);
    (attributes, itself)
}

fn kind_of(value: &[u8]) -> Kind {
    match value {
        b"file" => Kind::File,
        b"dir" | b"cdir" | b"pdir" => Kind::Directory,
        // `OS.unix=slink:target`, `OS.unix=symlink`.
        _ if value.starts_with(b"os.unix=slink") || value.starts_with(b"os.unix=symlink") => {
            Kind::Symlink
        }
        _ => Kind::Other,
    }
}

fn octal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let bits = digits.iter().try_fold(0u32, |bits, digit| {
        matches!(digit, b'0'..=b'7').then(|| bits * 8 + u32::from(digit - b'0'))
    })?;
    Some(bits & 0o7777)
}

fn small(digits: &[u8]) -> Option<u32> {
    number(digits).and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::Timestamp;

    fn row(line: &str) -> Row {
        match read(line.as_bytes()) {
            Some(Told::Row(row)) => row,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn facts_of_real_servers() {
        // ProFTPD 1.3.8.
        let file =
            row("modify=20240229120000;perm=adfrw;size=15;type=file;unique=803U1;UNIX.group=100;\
             UNIX.groupname=users;UNIX.mode=0640;UNIX.owner=1000;UNIX.ownername=anna;  two words ");
        assert_eq!(file.name, b" two words ");
        assert_eq!(
            file.attributes,
            Attributes {
                kind: Kind::File,
                size: Some(15),
                modified: Some(Timestamp::from_seconds(1_709_208_000)),
                permissions: Some(0o640),
                owner: Some((1000, 100)),
            }
        );
        let link = row("type=OS.unix=symlink;modify=20240229120000; to");
        assert_eq!(link.attributes.kind, Kind::Symlink);
        assert_eq!(link.target, None);
        let told = row("Type=OS.unix=slink:/srv/a;size=4; l");
        assert_eq!(
            (told.attributes.kind, told.target.as_deref()),
            (Kind::Symlink, Some(&b"/srv/a"[..]))
        );
        // Pure-FTPd 1.0.50.
        let folder = row(
            "type=dir;sizd=4096;modify=20240229120000;UNIX.mode=0755;UNIX.uid=1;UNIX.gid=2;unique=1; d",
        );
        assert_eq!(
            (folder.attributes.kind, folder.attributes.owner),
            (Kind::Directory, Some((1, 2)))
        );
        // FileZilla Server, IIS.
        assert_eq!(row("type=dir;modify=20110101000000;perm=el; My Files").name, b"My Files");
        // vsftpd's derivatives on NAS boxes; a path after the facts is for the door to refuse.
        assert_eq!(row("Type=file;Size=1; /etc/passwd").name, b"/etc/passwd");
    }

    #[test]
    fn the_directory_itself_is_no_row() {
        for line in ["type=cdir;modify=20240229120000; /srv", "Type=pdir; .."] {
            assert_eq!(read(line.as_bytes()), Some(Told::Itself));
        }
        assert_eq!(read(b"drwxr-xr-x 2 a b 4096 Jan 1 10:00 x"), None);
    }

    #[test]
    fn nonsense_in_a_fact_is_absent() {
        let odd =
            row("type=file;size=99999999999999999999999;modify=20241399000000;UNIX.mode=9; x");
        assert_eq!(odd.attributes, Attributes::of_kind(Kind::File));
        assert_eq!(row("type=file;size=-1; x").attributes.size, None);
    }

    #[test]
    fn a_reply_of_mlst() {
        let told = attributes_of(b" type=file;size=7; /srv/a b").unwrap();
        assert_eq!((told.kind, told.size), (Kind::File, Some(7)));
        assert_eq!(attributes_of(b"Listing /srv"), None);
        assert_eq!(may_be_entered(b" type=dir;Perm=flcdmpe; /srv"), Some(true));
        assert_eq!(may_be_entered(b" type=dir;perm=; /srv/x e"), Some(false));
        assert_eq!(may_be_entered(b" type=dir; /srv"), None);
    }
}
