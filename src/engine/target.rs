//! Where a link leads: one step, to what it names, which stands there or does not; or to the end.

use crate::{
    domain::{
        display,
        entry::{Attributes, Kind},
        error::{Error, ErrorKind, Result},
        path::StoragePath,
    },
    storage::Storage,
};

/// So many links one after another lead nowhere; the system itself follows no more.
const MOST_LINKS: usize = 40;

/// Where a link leads in the end, and what stands there. That it is a link was seen in its row: a server that tells too
/// little may take it for what it leads to.
pub(super) async fn end(
    storage: &dyn Storage,
    link: &StoragePath,
) -> Result<(StoragePath, Attributes)> {
    let mut end = find(storage, link).await?;
    for _ in 1..MOST_LINKS {
        let there = storage.stat(&end).await?;
        end = match there.kind {
            Kind::Symlink => find(storage, &end).await?,
            Kind::File if !storage.capabilities().sees_links => {
                match find(storage, &end).await {
                    Ok(next) => next,
                    // Most likely it is what it was said to be.
                    Err(error) if error.kind().ends_the_connection() => return Err(error),
                    Err(_) => return Ok((end, there)),
                }
            }
            _ => return Ok((end, there)),
        };
    }
    let doing = format!("go where {link:?} leads");
    Err(Error::new(ErrorKind::NotFound, doing, "it leads round in circles"))
}

/// The absolute path of what the link names. [`NotFound`](ErrorKind::NotFound) where nothing stands there.
pub(super) async fn find(storage: &dyn Storage, link: &StoragePath) -> Result<StoragePath> {
    let written = match storage.read_link(link).await {
        Ok(written) => written,
        // An FTP server may not tell what a link holds, and yet go where it leads.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            let there = storage.canonical(link).await?;
            return if there == *link { Err(error) } else { Ok(there) };
        }
        Err(error) => return Err(error),
    };
    let doing = || format!("go where {link:?} leads");
    let shown = display::escape(&written);
    if written.is_empty() || written.contains(&0) {
        return Err(Error::new(ErrorKind::InvalidName, doing(), "it holds no path"));
    }
    let folder = link.parent().unwrap_or_else(StoragePath::root);
    let named = folder.join_typed(&written);
    let resolved = async {
        match (named.parent(), named.name()) {
            // The last step is not taken: what is named may be a link itself.
            (Some(parent), Some(name)) => {
                let path = storage.canonical(&parent).await?.join(&name);
                storage.stat(&path).await.map(|_| path)
            }
            _ => storage.canonical(&named).await,
        }
    };
    resolved.await.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let why = format!("it leads nowhere: {shown} is not there");
            Error::new(ErrorKind::NotFound, doing(), why)
        }
        _ => error,
    })
}
