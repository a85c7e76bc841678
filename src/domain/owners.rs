//! Users and groups by name and number, as `/etc/passwd` and `/etc/group` have them.

use std::fmt;

/// Who is to own something from now on; what is absent stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewOwner {
    /// The user's number.
    pub user: Option<u32>,
    /// The group's number.
    pub group: Option<u32>,
}

impl NewOwner {
    /// Whether there is nothing to set.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// As `chown` takes it.
impl fmt::Display for NewOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = self.user {
            write!(f, "{user}")?;
        }
        self.group.map_or(Ok(()), |group| write!(f, ":{group}"))
    }
}

/// Names with their numbers, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnerNames {
    users: Vec<(u32, String)>,
    groups: Vec<(u32, String)>,
}

/// Nobody looks through more of them.
const MOST: usize = 100_000;
/// Linux itself takes no more than 32.
const LONGEST: usize = 128;

impl OwnerNames {
    /// Adds what lines of a `passwd` file say; what makes no sense is left out.
    pub fn add_users(&mut self, lines: &[u8]) {
        add_lines(&mut self.users, lines);
    }

    /// The same of a `group` file.
    pub fn add_groups(&mut self, lines: &[u8]) {
        add_lines(&mut self.groups, lines);
    }

    /// Adds one user's name; one that could not be shown as it is is left out.
    pub fn add_user(&mut self, id: u32, name: &[u8]) {
        add(&mut self.users, id, name);
    }

    /// Adds one group's name.
    pub fn add_group(&mut self, id: u32, name: &[u8]) {
        add(&mut self.groups, id, name);
    }

    /// What a user is called: the name, else the number.
    pub fn user(&self, id: u32) -> String {
        name(&self.users, id)
    }

    /// What a group is called.
    pub fn group(&self, id: u32) -> String {
        name(&self.groups, id)
    }

    /// The user that was typed, by name or number.
    pub fn user_typed(&self, typed: &str) -> Option<u32> {
        number(&self.users, typed)
    }

    /// The group that was typed.
    pub fn group_typed(&self, typed: &str) -> Option<u32> {
        number(&self.groups, typed)
    }
}

/// `NAME:…:NUMBER:…`, the same in both files.
fn add_lines(known: &mut Vec<(u32, String)>, lines: &[u8]) {
    for line in lines.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b':');
        let (Some(name), Some(_), Some(id)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if let Some(id) = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok()) {
            add(known, id, name);
        }
    }
}

/// The first who has a number, or a name, keeps it: so the system reads it as well.
fn add(known: &mut Vec<(u32, String)>, id: u32, name: &[u8]) {
    let Ok(name) = std::str::from_utf8(name) else { return };
    // `+` and `-` begin lines that include others, and a number would be taken for one.
    let is_one = !name.is_empty()
        && name.len() <= LONGEST
        && crate::domain::display::escape(name.as_bytes()) == name
        && !name.starts_with(['+', '-'])
        && name.parse::<u32>().is_err();
    if is_one && known.len() < MOST {
        known.push((id, name.to_owned()));
    }
}

fn name(known: &[(u32, String)], id: u32) -> String {
    let found = known.iter().find(|(number, _)| *number == id);
    found.map_or_else(|| id.to_string(), |(_, name)| name.clone())
}

/// -1 is no number: to the system it means that nothing changes.
fn number(known: &[(u32, String)], typed: &str) -> Option<u32> {
    let is_number = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        return typed.parse().ok().filter(|id| *id != u32::MAX);
    }
    known.iter().find(|(_, name)| name == typed).map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_the_system_reads_them() {
        let mut names = OwnerNames::default();
        names.add_users(
            b"root:x:0:0:root:/root:/bin/sh\nanna:x:1000:100::/home/anna:\ntoor:x:0:0\n+@nis::::\n\
            broken\nb\xff:x:7:7\nb\x1b[m:x:8:8\n77:x:9:9\nminus:x:-1:0\n",
        );
        names.add_groups(b"users:x:100:anna,root\n");
        assert_eq!((names.user(0), names.user(1000), names.group(100)), {
            ("root".into(), "anna".into(), "users".into())
        });
        for unnamed in [7, 8, 9] {
            assert_eq!(names.user(unnamed), unnamed.to_string());
        }
        for (typed, meant) in [
            ("anna", Some(1000)),
            ("toor", Some(0)),
            ("users", None),
            ("1234", Some(1234)),
            ("4294967295", None),
            ("4294967296", None),
            ("+@nis", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(names.user_typed(typed), meant, "{typed}");
        }
        assert_eq!(names.group_typed("users"), Some(100));
    }

    #[test]
    fn owners_are_written_as_chown_takes_them() {
        let words = |user, group| NewOwner { user, group }.to_string();
        assert_eq!(words(Some(1), Some(2)), "1:2");
        assert_eq!(words(None, Some(2)), ":2");
        assert_eq!(words(Some(1), None), "1");
    }
}
