//! The SFTP storage against OpenSSH, over lines that are long, and against servers that lie or fall silent.

mod digests;
mod lies;
mod limits;
mod openssh;
mod silence;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use wharf::{
    domain::{
        entry::Attributes,
        error::{Error, ErrorKind, Result},
        path::StoragePath,
        place::Endpoint,
        question::{Answer, Question},
        secret::Vault,
        site::{Protocol, Site},
    },
    settings::ssh_config::{Resolver, SshOptions},
    storage::{
        Ask, Dial, FinishOptions, Storage, WriteOptions,
        dial::{Dialer, Resolve},
    },
};

use crate::servers::client::{Client, HOST};

/// Types this password, and nothing else.
struct Password(&'static str);

#[async_trait]
impl Ask for Password {
    async fn ask(&self, question: Question) -> Answer {
        match question {
            Question::Password { .. } => {
                Answer::Texts { texts: vec![SecretString::from(self.0)], keep: false }
            }
            _ => Answer::No,
        }
    }
}

struct NoVault;

#[async_trait]
impl Vault for NoVault {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(None)
    }
    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "keep a password", "there is no vault here"))
    }
    async fn forget(&self, _: &Site) -> Result<()> {
        Ok(())
    }
}

async fn try_connect(client: &Client, password: &'static str) -> Result<Arc<dyn Storage>> {
    let options = SshOptions { config: Some(client.config()), ..SshOptions::default() };
    let resolver = Resolver::new(options);
    let resolve: Arc<Resolve> = Arc::new(move |site: &Site| resolver.resolve(site));
    let site = Site::new(Protocol::Sftp, None, HOST, None).unwrap();
    let dialer = Dialer::new(resolve, Arc::new(NoVault));
    dialer.dial(&Endpoint::Remote(Arc::new(site)), Arc::new(Password(password))).await
}

async fn connect(client: &Client) -> Arc<dyn Storage> {
    try_connect(client, "").await.unwrap()
}

/// The path of a file in the served folder.
fn at(folder: &std::path::Path, name: &str) -> StoragePath {
    use std::os::unix::ffi::OsStrExt;
    StoragePath::new(PathBuf::from(folder).join(name).as_os_str().as_bytes())
}

async fn read_all(storage: &dyn Storage, path: &StoragePath) -> Result<Vec<u8>> {
    let mut stream = storage.read(path, 0, None).await?;
    let mut content = Vec::new();
    while let Some(chunk) = stream.next().await? {
        assert!(!chunk.is_empty());
        content.extend_from_slice(&chunk);
    }
    stream.finish().await?;
    Ok(content)
}

async fn write_all(
    storage: &dyn Storage,
    path: &StoragePath,
    content: Bytes,
) -> Result<Attributes> {
    let mut stream = storage.write(path, WriteOptions::new_private()).await?;
    let mut rest = content;
    while !rest.is_empty() {
        let piece = rest.split_to(rest.len().min(256 * 1024));
        stream.write(piece).await?;
    }
    stream.finish(FinishOptions::default()).await
}

/// Bytes that are not the same anywhere, so that a piece in the wrong place shows.
fn pattern(length: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(length + 8);
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() < length {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(length);
    Bytes::from(bytes)
}
