//! Owner, group and time of a job that sets them, as one column: `user:group:seconds:nanoseconds`, nothing for what stays.

use crate::{
    domain::{entry::Timestamp, owners::NewOwner},
    engine::message::Traits,
};

pub(super) fn write(traits: &Traits) -> String {
    let number = |id: Option<u32>| id.map(|id| id.to_string()).unwrap_or_default();
    let [user, group] = [traits.owner.user, traits.owner.group].map(number);
    match traits.modified {
        Some(Timestamp { seconds, nanoseconds }) => {
            format!("{user}:{group}:{seconds}:{nanoseconds}")
        }
        None => format!("{user}:{group}::"),
    }
}

/// What was written; `None` for what no Wharf has written.
pub(super) fn read(written: &str) -> Option<Traits> {
    let parts: Vec<&str> = written.split(':').collect();
    let [user, group, seconds, nanoseconds] = parts[..] else { return None };
    let number = |text: &str| match text {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let modified = match (seconds, nanoseconds) {
        ("", "") => None,
        _ => Some(Timestamp {
            seconds: seconds.parse().ok()?,
            nanoseconds: nanoseconds.parse().ok()?,
        }),
    };
    Some(Traits { owner: NewOwner { user: number(user)?, group: number(group)? }, modified })
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any there can be.
    pub(in super::super) fn any() -> impl Strategy<Value = Traits> {
        let owner = prop::option::of(proptest::prelude::any::<u32>());
        let time = (proptest::prelude::any::<i64>(), 0..1_000_000_000u32);
        (owner.clone(), owner, prop::option::of(time)).prop_map(|(user, group, time)| Traits {
            owner: NewOwner { user, group },
            modified: time.map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds }),
        })
    }

    #[test]
    fn what_no_wharf_has_written_is_nothing() {
        for nonsense in ["", ":::", "a:::", "1:2", "1:2:3", "1:2:3:", "1:2:3:4:5", "-1:::"] {
            let read = read(nonsense);
            assert_eq!(read.is_some(), nonsense == ":::", "{nonsense}");
        }
    }
}
