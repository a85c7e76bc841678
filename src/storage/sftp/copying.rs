//! Copying within the server, by its own hand: copy-data of OpenSSH's PROTOCOL §4.10.

use std::sync::Arc;

use super::{
    client::{accepted, unexpected},
    mail::{Fault, LaneChoice},
    packet::{Reply, WireAttributes, open_flags},
    server::{Server, from_wire, to_wire},
};
use crate::{
    domain::{
        entry::Attributes,
        error::{ErrorKind, Result},
        path::StoragePath,
    },
    storage::{FinishOptions, Within},
};

/// So much is asked for at a time: between two of them others are served, and it is seen how far it has come.
const PIECE: u64 = 16 * 1024 * 1024;

/// Copies a file of `size` bytes under a new name.
pub(crate) async fn copy(
    server: &Arc<Server>,
    within: &Within<'_>,
    carried: &(dyn Fn(u64) + Send + Sync),
) -> Result<Attributes> {
    let Within { from, to, size, finish } = *within;
    let client = &server.client;
    let failed = |act: &'static str, path: &StoragePath| {
        let doing = server.doing(act, path);
        move |fault: Fault| fault.into_error(doing)
    };
    let source = client
        .open_file(from.as_bytes(), open_flags::READ, WireAttributes::default(), LaneChoice::Bulk)
        .await
        .map_err(failed("open", from))?;
    // Both on one lane: a handle means nothing on another.
    let target = client.create_beside(&source, to.as_bytes()).await;
    let target = target.map_err(failed("create", to))?;
    let mut at = 0;
    while at < size {
        let length = PIECE.min(size - at);
        client
            .copy_data(&source, at, length, &target)
            .await
            .and_then(accepted)
            .map_err(|fault| source.berth.reach(fault))
            .map_err(failed("copy into", to))?;
        at += length;
        carried(length);
    }
    conclude(server, to, finish, target).await
}

async fn conclude(
    server: &Arc<Server>,
    path: &StoragePath,
    options: FinishOptions,
    target: super::mail::RemoteHandle,
) -> Result<Attributes> {
    let client = &server.client;
    let failed = |act: &'static str| move |fault: Fault| fault.into_error(server.doing(act, path));
    if !options.attributes.is_empty() {
        match client.set_open(&target, to_wire(&options.attributes)).await.and_then(accepted) {
            // Capabilities say so from now on.
            Err(fault) if fault.kind == ErrorKind::Unsupported => server.cannot_set(),
            outcome => outcome.map_err(failed("set the attributes of"))?,
        }
    }
    if options.sync && client.extensions().fsync {
        client.flush_to_disk(&target).await.and_then(accepted).map_err(failed("flush"))?;
    }
    let there = match client.fstat(&target).await.map_err(failed("look at"))? {
        Reply::Attributes(attributes) => from_wire(&attributes),
        _ => return Err(failed("look at")(unexpected())),
    };
    client.close(target).await.and_then(accepted).map_err(failed("close"))?;
    Ok(there)
}
