//! `wharf sites`: those saved, and bringing in those of other programs.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::Path,
};

use serde_json::json;

use super::{
    Outcome,
    arguments::{self, SitesAct},
    complain,
};
use crate::{
    domain::{
        display::escape,
        error::{Error, Result},
        figures::counted,
        saved::SavedSite,
    },
    settings::sites::{
        Sites,
        import::{self, Imported},
    },
};

/// More than any list of sites: what is larger is another file.
const MOST: u64 = 32 * 1024 * 1024;

/// Lists the sites to standard output, or imports some.
pub fn sites(what: &arguments::Sites, sites: &Sites) -> Outcome {
    match &what.act {
        None => list(what.json, sites),
        Some(SitesAct::Import { file }) => import(file, sites),
    }
}

fn list(as_json: bool, sites: &Sites) -> Outcome {
    let book = sites.book();
    for trouble in &book.troubles {
        complain(trouble);
    }
    let mut out = io::stdout().lock();
    let written = book.sites.iter().try_for_each(|site| {
        let opened = book.last_opened(&site.name);
        if as_json { writeln!(out, "{}", object(site, opened)) } else { line(&mut out, site) }
    });
    // A reader that went away (a pager that was left) is no failure.
    if written.is_ok() && book.troubles.is_empty() { Outcome::Done } else { Outcome::SomeFailed }
}

fn line(out: &mut impl io::Write, site: &SavedSite) -> io::Result<()> {
    let folder = if site.folder.is_empty() { String::new() } else { format!("{}/", site.folder) };
    let start = site.start.as_deref().map(|start| format!(":{start}")).unwrap_or_default();
    let name = format!("{folder}{}", site.name);
    let address = format!("{}://{}{start}", site.site.protocol().scheme(), site.site);
    let line = format!("{name:<28}  {address:<44}  {}", site.note);
    writeln!(out, "{}", line.trim_end())
}

fn object(site: &SavedSite, opened: Option<i64>) -> serde_json::Value {
    json!({
        "name": site.name,
        "folder": site.folder,
        "protocol": site.site.protocol().scheme(),
        "host": site.site.host(),
        "port": site.site.port(),
        "user": site.site.user(),
        "login": site.login.word(),
        "start": site.start,
        "start_here": site.start_here,
        "tags": site.tags,
        "note": site.note,
        "last_opened": opened,
    })
}

fn import(file: &Path, sites: &Sites) -> Outcome {
    let shown = escape(file.as_os_str().as_encoded_bytes());
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            complain(&error.to_string());
            return Outcome::BadUsage;
        }
    };
    let imported = match import::read(&bytes) {
        Ok(imported) => imported,
        Err(why) => {
            complain(&format!("Could not read sites from {shown}: {why}."));
            return Outcome::BadUsage;
        }
    };
    for left_out in &imported.left_out {
        complain(&format!("left out {left_out}"));
    }
    match sites.add(&imported.sites) {
        Ok(added) => {
            let told = told(&imported, added.names.len(), added.known);
            let _ = writeln!(io::stdout(), "{told}");
            if imported.left_out.is_empty() { Outcome::Done } else { Outcome::SomeFailed }
        }
        Err(error) => {
            complain(&error.to_string());
            Outcome::SomeFailed
        }
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    let shown = escape(file.as_os_str().as_encoded_bytes());
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    read.map_err(|error| Error::from_io(format!("read {shown}"), error))?;
    Ok(bytes)
}

fn told(imported: &Imported, added: usize, known: usize) -> String {
    let mut told =
        format!("{} from {} saved", counted(added as u64, "site", "sites"), imported.program);
    if known > 0 {
        told.push_str(&format!(", {known} there already"));
    }
    if !imported.left_out.is_empty() {
        told.push_str(&format!(", {} left out", imported.left_out.len()));
    }
    told.push('.');
    if imported.secrets > 0 {
        let had = counted(imported.secrets as u64, "site had a password", "sites had a password");
        told.push_str(&format!(
            " {had} in the file: it was not taken over, and is asked for when you connect."
        ));
    }
    told
}
