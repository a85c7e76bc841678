//! Owners over SFTP: numbers are set, and OpenSSH tells the names of those one asks about.

use bytes::{BufMut as _, Bytes};

use super::{
    client::Client,
    mail::Fault,
    packet::{Fields, WireAttributes},
};
use crate::domain::{
    error::ErrorKind,
    owners::{NewOwner, OwnerNames},
};

/// So many numbers fit a question that every server takes.
const MOST_AT_ONCE: usize = 1_000;

/// Sets them. Version 3 knows only both together, so the one that stays is asked for.
pub(super) async fn set(client: &Client, path: &[u8], owner: NewOwner) -> Result<(), Fault> {
    let owner = match (owner.user, owner.group) {
        (Some(user), Some(group)) => (user, group),
        (None, None) => return Ok(()),
        (user, group) => {
            let told = client.lstat(path).await?.owner.ok_or_else(|| {
                Fault::new(ErrorKind::Unsupported, "the server does not say who owns it")
            })?;
            (user.unwrap_or(told.0), group.unwrap_or(told.1))
        }
    };
    client.set(path, WireAttributes { owner: Some(owner), ..WireAttributes::default() }).await
}

/// What those are called who have these numbers, as far as the server tells.
pub(super) async fn names(client: &Client, ids: &[(u32, u32)]) -> OwnerNames {
    let mut names = OwnerNames::default();
    for ids in ids.chunks(MOST_AT_ONCE) {
        let users: Vec<u32> = ids.iter().map(|(user, _)| *user).collect();
        let groups: Vec<u32> = ids.iter().map(|(_, group)| *group).collect();
        let Some(told) = client.owner_names(&packed(&users), &packed(&groups)).await else { break };
        let mut lists = Fields(told);
        let (Ok(user_names), Ok(group_names)) = (lists.string(), lists.string()) else { break };
        each(&users, user_names, |id, name| names.add_user(id, name));
        each(&groups, group_names, |id, name| names.add_group(id, name));
    }
    names
}

fn packed(ids: &[u32]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(ids.len() * 4);
    ids.iter().for_each(|id| packed.put_u32(*id));
    packed
}

/// One name for each number, in their order; an empty one where there is none.
fn each(ids: &[u32], names: Bytes, mut take: impl FnMut(u32, &[u8])) {
    let mut names = Fields(names);
    for id in ids {
        let Ok(name) = names.string() else { return };
        take(*id, &name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_to_numbers_in_their_order() {
        let mut list = Vec::new();
        for name in ["root", "", "anna"] {
            list.put_u32(name.len() as u32);
            list.put_slice(name.as_bytes());
        }
        let mut names = OwnerNames::default();
        each(&[0, 7, 1000, 9], Bytes::from(list), |id, name| names.add_user(id, name));
        assert_eq!([0, 7, 1000, 9].map(|id| names.user(id)), ["root", "7", "anna", "9"]);
        each(&[5], Bytes::from_static(b"\0\0\xff\xffx"), |id, name| names.add_user(id, name));
        assert_eq!(names.user(5), "5", "what is cut off names nobody");
    }
}
