//! The record beside a copy's folder: which file it is of, and what it was when both were the same.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{failed, shown};
use crate::{
    domain::{
        digest::Sha256,
        entry::{Attributes, Kind, Timestamp},
        path::StoragePath,
        place::{Endpoint, Location},
        site::{Protocol, Site},
    },
    model::Kept,
};

/// Longer records were not written here.
const LONGEST: u64 = 64 * 1024;
const EXTENSION: &str = "json";

#[derive(Serialize, Deserialize)]
struct Record {
    protocol: String,
    user: Option<String>,
    host: String,
    port: Option<u16>,
    /// Base64: a path is bytes.
    path: String,
    size: Option<u64>,
    modified: Option<(i64, u32)>,
    sha256: Option<String>,
}

/// The record of a folder.
pub(super) fn path_of(folder: &Path) -> PathBuf {
    folder.with_extension(EXTENSION)
}

/// All records in a room.
pub(super) fn all(room: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(room).into_iter().flatten().flatten();
    let mut records: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION))
        .collect();
    records.sort();
    records
}

/// Writes it whole, or leaves the one that is there.
pub(super) fn write(folder: &Path, kept: &Kept) -> Result<(), String> {
    let path = path_of(folder);
    let doing = "write the record of what is edited,";
    let Endpoint::Remote(site) = &kept.location.endpoint else { return Ok(()) };
    let record = Record {
        protocol: site.protocol().scheme().to_owned(),
        user: site.user().map(str::to_owned),
        host: site.host().to_owned(),
        port: site.port(),
        path: STANDARD.encode(kept.location.path.as_bytes()),
        size: kept.before.size,
        modified: kept.before.modified.map(|time| (time.seconds, time.nanoseconds)),
        sha256: kept.base.map(|base| base.to_string()),
    };
    let written = serde_json::to_vec_pretty(&record).map_err(std::io::Error::other);
    let new = folder.with_extension("new");
    written
        .and_then(|text| {
            // One that a crash left half-written is nobody's.
            let _ = fs::remove_file(&new);
            let mut file =
                fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        })
        .map_err(|error| failed(doing, &path, &error))
}

/// Reads one; what no Wharf has written is an error, not a guess.
pub(super) fn read(path: &Path) -> Result<Kept, String> {
    let doing = "read the record of what was edited,";
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_end(&mut text))
        .map_err(|error| failed(doing, path, &error))?;
    understand(&text).ok_or_else(|| {
        let copy = shown(&path.with_extension(""));
        format!("Could not {doing} {}: it is damaged. What was edited lies in {copy}.", shown(path))
    })
}

fn understand(text: &[u8]) -> Option<Kept> {
    let record: Record = serde_json::from_slice(text).ok()?;
    let protocol = Protocol::ALL.into_iter().find(|known| known.scheme() == record.protocol)?;
    let site = Site::new(protocol, record.user.as_deref(), &record.host, record.port).ok()?;
    let path = StoragePath::new(STANDARD.decode(record.path).ok()?);
    path.name()?;
    let before = Attributes {
        size: record.size,
        modified: record.modified.map(|(seconds, nanoseconds)| Timestamp { seconds, nanoseconds }),
        ..Attributes::of_kind(Kind::File)
    };
    let base = match record.sha256 {
        Some(text) => Some(Sha256::from_hex(&text)?),
        None => None,
    };
    let location = Location { endpoint: Endpoint::Remote(Arc::new(site)), path };
    Some(Kept { location, before, base })
}
