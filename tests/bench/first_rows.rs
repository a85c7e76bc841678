//! How soon the first rows of a huge directory come, from the library itself: `wharf ls` sorts before it speaks.
//!
//! Measured from the call that lists, on a connection that stands already, to the first batch of rows, and given
//! in round trips.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use async_trait::async_trait;
use secrecy::SecretString;
use wharf::{
    domain::{
        error::Result,
        path::StoragePath,
        place::Endpoint,
        question::{Answer, Question},
        secret::Vault,
        site::{Agent, Authentication, Protocol, Site, SshLogin, StrictHostKeys},
    },
    storage::{Ask, Dial as _, dial::Dialer},
};

use crate::{
    ground::{EACH_WAY, Ground},
    table::median,
    works::{Act, Load, Work, crowd},
};

pub(crate) const NAME: &str = "first rows of 100,000, 50 ms";
/// In round trips.
const GOAL: f64 = 4.0;

/// Lists a few times, each on a connection of its own; what came out in words.
pub(crate) fn measure(ground: &Ground, rounds: u32) -> anyhow::Result<String> {
    let work =
        Work { name: NAME, act: Act::List, load: Load::Crowd, far: true, goal: GOAL, memory: None };
    ground.lay_out(&work)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut firsts, mut alls) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        ground.prepare(&work)?;
        let (first, all) = runtime.block_on(list(ground, &work))?;
        let trips = first.as_secs_f64() / (EACH_WAY * 2).as_secs_f64();
        eprintln!(
            "{NAME}: round {}: {trips:.1} round trips, all in {:.2} s",
            round + 1,
            all.as_secs_f64()
        );
        firsts.push(trips);
        alls.push(all.as_secs_f64());
    }
    ground.clear_away(&work)?;
    let first = median(firsts).context("no round")?;
    let all = median(alls).context("no round")?;
    let met = if first <= GOAL { "met" } else { "not met" };
    Ok(format!(
        "{NAME}: {first:.1} round trips after the call to list on a connection that stands (median), \
         goal <= {GOAL}: {met}; the last rows after {all:.2} s\n"
    ))
}

/// How long after the call to list the first rows came, and the last.
async fn list(ground: &Ground, work: &Work) -> anyhow::Result<(Duration, Duration)> {
    let side = ground.side(work);
    let login = SshLogin {
        host_name: String::from("127.0.0.1"),
        port: side.port,
        user: side.user.clone(),
        identity_files: vec![side.key.clone()],
        identities_only: true,
        agent: Agent::None,
        known_hosts: vec![known_hosts(ground, work)],
        hash_known_hosts: false,
        host_key_alias: None,
        strict_host_keys: StrictHostKeys::Yes,
        connect_timeout: Duration::from_secs(10),
        authentications: vec![Authentication::PublicKey],
        jumps: Vec::new(),
    };
    let site = Arc::new(Site::new(Protocol::Sftp, None, "127.0.0.1", Some(side.port))?);
    let dialer = Dialer::new(Arc::new(move |_| Ok(login.clone())), Arc::new(Nothing));
    let storage = dialer.dial(&Endpoint::Remote(site), Arc::new(Nothing)).await?;
    let began = Instant::now();
    let path = StoragePath::new(format!("out/{}", work.load.name()).as_bytes());
    let mut listing = storage.list(&path).await?;
    let (mut first, mut rows) = (None, 0);
    while let Some(batch) = listing.next().await? {
        first.get_or_insert_with(|| began.elapsed());
        rows += batch.entries.len();
    }
    anyhow::ensure!(rows == crowd().count(), "{rows} rows");
    let all = began.elapsed();
    storage.disconnect();
    Ok((first.context("no rows")?, all))
}

fn known_hosts(ground: &Ground, work: &Work) -> PathBuf {
    ground.side(work).client.known_hosts()
}

/// Keeps no passwords and answers no questions; none is to come.
pub(crate) struct Nothing;

#[async_trait]
impl Vault for Nothing {
    async fn find(&self, _: &Site) -> Result<Option<SecretString>> {
        Ok(None)
    }

    async fn keep(&self, _: &Site, _: &SecretString) -> Result<()> {
        Ok(())
    }

    async fn forget(&self, _: &Site) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Ask for Nothing {
    async fn ask(&self, _: Question) -> Answer {
        Answer::No
    }
}
