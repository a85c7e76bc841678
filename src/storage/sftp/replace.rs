//! Renaming, with and without replacing, on servers that can do it in one step and on those that cannot.

use std::sync::Arc;

use super::{
    mail::Fault,
    server::{Server, from_wire},
};
use crate::{
    domain::{display, entry::Kind, error::ErrorKind, path::StoragePath},
    storage::Replace,
};

/// Renames within the server.
pub(crate) async fn rename(
    server: &Arc<Server>,
    from: &StoragePath,
    to: &StoragePath,
    replace: Replace,
) -> Result<(), Fault> {
    if server.client.extensions().follows_links {
        return around_links(server, from, to, replace).await;
    }
    by_kind(server, from, to, replace).await
}

async fn by_kind(
    server: &Arc<Server>,
    from: &StoragePath,
    to: &StoragePath,
    replace: Replace,
) -> Result<(), Fault> {
    match replace {
        Replace::Never => without_replacing(server, from, to).await,
        Replace::Allowed if server.client.extensions().posix_rename => {
            let renamed = server.client.posix_rename(from.as_bytes(), to.as_bytes()).await;
            explain(server, renamed, to).await
        }
        Replace::Allowed => {
            // On its own task: a caller who goes away must not leave it half done.
            let (server, from, to) = (Arc::clone(server), from.clone(), to.clone());
            let steps = tokio::spawn(async move { in_three_steps(&server, &from, &to).await });
            steps
                .await
                .unwrap_or_else(|_| Err(Fault::lost("the renaming was stopped in the middle")))
        }
    }
}

/// On a server that renames what a link leads to, and replaces what a link leads to, instead of the link.
async fn around_links(
    server: &Arc<Server>,
    from: &StoragePath,
    to: &StoragePath,
    replace: Replace,
) -> Result<(), Fault> {
    let (source, target, leads_to) = tokio::join!(
        kind_of(server, from),
        kind_of(server, to),
        server.client.stat(from.as_bytes())
    );
    // One that leads nowhere is moved as it should be.
    if source? == Some(Kind::Symlink) && leads_to.is_ok() {
        let why = "this server would rename what the link leads to instead of the link";
        return Err(Fault::new(ErrorKind::Unsupported, why));
    }
    if target? != Some(Kind::Symlink) || replace == Replace::Never {
        return by_kind(server, from, to, replace).await;
    }
    // On its own task: a caller who goes away must not leave it half done.
    let (server, from, to) = (Arc::clone(server), from.clone(), to.clone());
    let steps = tokio::spawn(async move {
        let client = &server.client;
        let link = client.read_link(to.as_bytes()).await?;
        client.remove(to.as_bytes()).await?;
        let renamed = client.rename(from.as_bytes(), to.as_bytes()).await;
        if renamed.is_err() {
            // Should this fail as well, what was to take its place is still there to be told of.
            let _ = client.symlink(&link, to.as_bytes()).await;
        }
        renamed
    });
    steps.await.unwrap_or_else(|_| Err(Fault::lost("the renaming was stopped in the middle")))
}

async fn without_replacing(
    server: &Server,
    from: &StoragePath,
    to: &StoragePath,
) -> Result<(), Fault> {
    // Some servers replace on a plain RENAME: look first. OpenSSH refuses by itself, without a race.
    if kind_of(server, to).await?.is_some() {
        return Err(taken());
    }
    match server.client.rename(from.as_bytes(), to.as_bytes()).await {
        Err(fault) if fault.kind == ErrorKind::Failed => match kind_of(server, to).await {
            Ok(Some(_)) => Err(taken()),
            _ => Err(fault),
        },
        outcome => outcome,
    }
}

/// Old aside, new in, old removed; and back, should the new one not go in. The old one is never removed first.
async fn in_three_steps(
    server: &Server,
    from: &StoragePath,
    to: &StoragePath,
) -> Result<(), Fault> {
    let client = &server.client;
    let Err(refused) = client.rename(from.as_bytes(), to.as_bytes()).await else { return Ok(()) };
    if refused.kind.ends_the_connection() {
        return Err(refused);
    }
    match kind_of(server, to).await? {
        None => return Err(refused),
        Some(Kind::Directory) => {
            return Err(Fault::new(ErrorKind::IsADirectory, "a directory stands there"));
        }
        Some(_) => {}
    }
    if kind_of(server, from).await?.is_none() {
        return Err(Fault::new(ErrorKind::NotFound, "there is no such file"));
    }
    let aside = name_aside(to);
    client.rename(to.as_bytes(), aside.as_bytes()).await?;
    if let Err(fault) = client.rename(from.as_bytes(), to.as_bytes()).await {
        if client.rename(aside.as_bytes(), to.as_bytes()).await.is_ok() {
            return Err(fault);
        }
        let why =
            format!("{}; the old file is now {}", fault.why, display::escape(aside.as_bytes()));
        return Err(Fault::new(fault.kind, why));
    }
    // The new one stands. An old one that cannot be removed is litter under a name that says so, and no failure.
    let _ = client.remove(aside.as_bytes()).await;
    Ok(())
}

/// `.NAME.XXXXXXXX.old.part` beside it, not longer than file systems take.
fn name_aside(path: &StoragePath) -> StoragePath {
    let name = path.name().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let mut aside = vec![b'.'];
    aside.extend_from_slice(&name[..name.len().min(200)]);
    aside.extend_from_slice(format!(".{:08x}.old.part", fastrand::u32(..)).as_bytes());
    path.parent().unwrap_or_else(|| StoragePath::new(".")).join_typed(aside)
}

fn taken() -> Fault {
    Fault::new(ErrorKind::AlreadyExists, "the name is taken")
}

/// What stands there; `None` when nothing does.
async fn kind_of(server: &Server, path: &StoragePath) -> Result<Option<Kind>, Fault> {
    match server.client.lstat(path.as_bytes()).await {
        Ok(there) => Ok(Some(from_wire(&there).kind)),
        Err(fault) if fault.kind == ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A bare `Failure` when replacing is mostly a directory in the way.
async fn explain(
    server: &Server,
    outcome: Result<(), Fault>,
    to: &StoragePath,
) -> Result<(), Fault> {
    match outcome {
        Err(fault) if fault.kind == ErrorKind::Failed => match kind_of(server, to).await {
            Ok(Some(Kind::Directory)) => {
                Err(Fault::new(ErrorKind::IsADirectory, "a directory stands there"))
            }
            _ => Err(fault),
        },
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_aside_is_hidden_beside_it_and_not_too_long() {
        let aside = name_aside(&StoragePath::new("/srv/a.csv"));
        let text = String::from_utf8(aside.as_bytes().to_vec()).unwrap();
        assert!(text.starts_with("/srv/.a.csv.") && text.ends_with(".old.part"), "{text}");
        let long = name_aside(&StoragePath::new(["/", &"x".repeat(255)].concat()));
        assert!(long.name().unwrap().as_bytes().len() <= 255);
        assert_eq!(long.parent(), Some(StoragePath::root()));
    }
}
