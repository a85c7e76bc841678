//! The log: off unless asked for by `WHARF_LOG`, and only ever into a private file of the state directory.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, sync::Mutex};

use tracing_subscriber::EnvFilter;

use super::paths::Paths;
use crate::domain::{
    display::escape,
    error::{Error, ErrorKind, Result},
};

/// Starts to log what `WHARF_LOG` asks for (`debug`, `wharf::engine=trace`, …) to `wharf.log`.
pub fn start(paths: &Paths) -> Result<()> {
    let Ok(wanted) = std::env::var("WHARF_LOG") else { return Ok(()) };
    let doing =
        |path: &std::path::Path| format!("log to {}", escape(path.as_os_str().as_encoded_bytes()));
    paths.make()?;
    let path = paths.state_dir().join("wharf.log");
    let filter = EnvFilter::try_new(wanted).map_err(|error| {
        Error::new(ErrorKind::Invalid, doing(&path), format!("WHARF_LOG is not a filter: {error}"))
    })?;
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Error::from_io(doing(&path), error))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .finish();
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|error| Error::new(ErrorKind::Failed, doing(&path), error.to_string()))
}
