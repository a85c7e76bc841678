//! A directory read with many READDIRs under way, its rows handed on as they come.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::mpsc;

use super::{
    client::{InFlight, unexpected},
    mail::{Fault, RemoteHandle},
    packet::{NameRow, Reply},
    server::{Server, from_row, from_wire},
    status,
};
use crate::{
    domain::{
        entry::{Entry, Kind, RefusedName},
        path::{Name, StoragePath},
    },
    storage::{Batch, ListingSender},
};

/// How many READDIRs go out first; a small directory needs two.
const FIRST: usize = 4;
/// How many soon, whatever comes: the last of them are for nothing.
const SOON: usize = 64;
/// How many at most, once there have been half as many replies. OpenSSH sends 100 names a reply.
const MOST: usize = 160;
/// How many replies without a name are taken before the server is not believed any more.
const MOST_EMPTY: usize = 1000;
/// How many batches may wait for where their links lead.
const WAITING_FOR_LINKS: usize = 16;
/// How much of a refused name is kept.
const KEPT_OF_REFUSED: usize = 512;

/// Rows, and for each link among them the question where it leads.
struct Pending {
    batch: Batch,
    links: Vec<(usize, StatUnderWay)>,
}

type StatUnderWay = tokio::task::JoinHandle<Option<Kind>>;

/// Reads the directory to its end, or until nobody listens.
pub(crate) async fn hand_on(
    server: Arc<Server>,
    path: StoragePath,
    directory: RemoteHandle,
    rows: ListingSender,
) {
    let (waiting, resolved) = mpsc::channel(WAITING_FOR_LINKS);
    let handing = tokio::spawn(in_order(resolved, rows));
    let outcome = read_all(&server, &path, &directory, &waiting).await;
    drop(directory);
    drop(waiting);
    let Ok(Some(rows)) = handing.await else { return };
    match outcome {
        Ok(()) => rows.end().await,
        Err(fault) => rows.fail(fault.into_error(server.doing("list", &path))).await,
    }
}

/// Hands batches on once their links are known. Gives the sender back, unless nobody listens.
async fn in_order(
    mut resolved: mpsc::Receiver<Pending>,
    rows: ListingSender,
) -> Option<ListingSender> {
    while let Some(Pending { mut batch, links }) = resolved.recv().await {
        for (index, kind) in links {
            if let (Ok(kind), Some(entry)) = (kind.await, batch.entries.get_mut(index)) {
                entry.leads_to = kind;
            }
        }
        rows.rows(batch).await.ok()?;
    }
    Some(rows)
}

async fn read_all(
    server: &Arc<Server>,
    path: &StoragePath,
    directory: &RemoteHandle,
    waiting: &mpsc::Sender<Pending>,
) -> Result<(), Fault> {
    let mut under_way: VecDeque<InFlight> = VecDeque::new();
    let mut window = FIRST;
    let (mut replies, mut empty) = (0, 0);
    loop {
        while under_way.len() < window {
            under_way.push_back(server.client.read_directory(directory));
        }
        let Some(first) = under_way.pop_front() else { continue };
        let rows = match first.await? {
            // Requests on one handle are worked off in order: those still under way find the end as well.
            Reply::Status { code: status::EOF, .. } => return Ok(()),
            Reply::Names(rows) => rows,
            _ => return Err(unexpected()),
        };
        if rows.is_empty() {
            empty += 1;
            if empty > MOST_EMPTY {
                return Err(Fault::protocol("the server answers with no names and no end"));
            }
            continue;
        }
        replies += 1;
        window = (window * 2).min(SOON).max((replies * 2).min(MOST));
        if waiting.send(batch(server, path, rows)).await.is_err() {
            return Ok(());
        }
    }
}

fn batch(server: &Arc<Server>, path: &StoragePath, rows: Vec<NameRow>) -> Pending {
    let mut batch = Batch::default();
    let mut links = Vec::new();
    for row in rows {
        if matches!(row.name.as_ref(), b"." | b"..") {
            continue;
        }
        let name = match Name::new(&row.name) {
            Ok(name) => name,
            Err(why) => {
                let bytes = row.name[..row.name.len().min(KEPT_OF_REFUSED)].to_vec();
                batch.refused.push(RefusedName { bytes, why });
                continue;
            }
        };
        let attributes = from_row(&row.attributes, &row.long_name);
        if attributes.kind == Kind::Symlink {
            let (server, target) = (Arc::clone(server), path.join(&name));
            let stat = async move {
                server.client.stat(target.as_bytes()).await.ok().map(|there| from_wire(&there).kind)
            };
            links.push((batch.entries.len(), tokio::spawn(stat)));
        }
        batch.entries.push(Entry { name, attributes, leads_to: None });
    }
    Pending { batch, links }
}
