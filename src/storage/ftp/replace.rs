//! A rename; over another file where it may be, and never by deleting that first.

use super::{
    fault::Fault,
    features::{has, note},
    look,
    server::Server,
};
use crate::{
    domain::{
        entry::Kind,
        error::ErrorKind,
        path::{Name, StoragePath},
    },
    storage::Replace,
};

/// Renames `from` to `to`.
pub(super) async fn rename(
    server: &Server,
    from: &StoragePath,
    to: &StoragePath,
    replace: Replace,
) -> Result<(), Fault> {
    // RNTO replaces on most servers, whatever one wants: a look comes first.
    let looked = match server.next_names.was_free(to) {
        true => Err(look::absent()),
        false => server.look_whether_free(to).await,
    };
    let standing = match looked {
        Ok(there) => Some(there.kind),
        Err(fault) if fault.kind == ErrorKind::NotFound => None,
        Err(fault) if fault.kind.ends_the_connection() => return Err(fault),
        // Where nothing can be seen nothing can be made: what the server says of the rename counts.
        Err(_) => None,
    };
    match (standing, replace) {
        (Some(_), Replace::Never) => {
            return Err(Fault::new(ErrorKind::AlreadyExists, "the name is taken"));
        }
        (Some(Kind::Directory), Replace::Allowed) => {
            return Err(Fault::new(ErrorKind::IsADirectory, "a directory stands there"));
        }
        _ => {}
    }
    let habits = &server.login().habits;
    if standing.is_some() && has(&habits.no_replace) {
        return around(server, from, to).await;
    }
    match plain(server, from, to).await {
        Err(fault) if standing.is_some() && refuses_to_replace(&fault) => {
            around(server, from, to).await?;
            note(&habits.no_replace);
            Ok(())
        }
        outcome => outcome,
    }
}

fn refuses_to_replace(fault: &Fault) -> bool {
    matches!(fault.kind, ErrorKind::AlreadyExists | ErrorKind::Failed | ErrorKind::PermissionDenied)
}

async fn plain(server: &Server, from: &StoragePath, to: &StoragePath) -> Result<(), Fault> {
    // Both in one go: RNTO alone is refused (503) and does nothing.
    let [first, second] =
        server.ask([server.about("RNFR", from)?, server.about("RNTO", to)?]).await?;
    if !first.wants_more() {
        let fault = Fault::of(&first);
        return Err(server.look_closer(fault, from, Kind::Symlink).await);
    }
    if second.is_done() {
        return Ok(());
    }
    let fault = Fault::of(&second);
    if fault.kind != ErrorKind::Failed && fault.kind != ErrorKind::PermissionDenied {
        return Err(fault);
    }
    let Some(parent) = server.absolute(to).parent() else { return Err(fault) };
    match (server.kind_at(&parent).await, fault.kind) {
        (Some(Err(ErrorKind::NotFound)), _) => {
            Err(Fault::new(ErrorKind::NotFound, "the directory that would hold it does not exist"))
        }
        _ => Err(fault),
    }
}

/// The old one aside, the new one in, the old one away; back again where that does not work.
async fn around(server: &Server, from: &StoragePath, to: &StoragePath) -> Result<(), Fault> {
    let aside = aside(&server.absolute(to))?;
    plain(server, to, &aside).await?;
    if let Err(fault) = plain(server, from, to).await {
        if let Err(back) = plain(server, &aside, to).await {
            let why = format!("{}; what stood there is now {aside:?}: {}", fault.why, back.why);
            return Err(Fault { kind: fault.kind, why: why.into() });
        }
        return Err(fault);
    }
    server.order(server.about("DELE", &aside)?).await.map(drop).map_err(|fault| {
        let why =
            format!("it was replaced, but what stood there is left as {aside:?}: {}", fault.why);
        Fault { kind: fault.kind, why: why.into() }
    })
}

fn aside(to: &StoragePath) -> Result<StoragePath, Fault> {
    let letters: String = (0..8).map(|_| fastrand::alphanumeric()).collect();
    let name = Name::new(format!(".{letters}.old"));
    match (to.parent(), name) {
        (Some(parent), Ok(name)) => Ok(parent.join(&name)),
        _ => Err(Fault::new(ErrorKind::InvalidName, "the root cannot be replaced")),
    }
}
