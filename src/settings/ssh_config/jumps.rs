//! The hosts on the way to a site: each with what the config says of it, and of the way to the first of them.

use super::{Asked, Resolver, SshOptions};
use crate::domain::{
    error::Result,
    jumps::MOST,
    site::{Jump, Site},
};

impl Resolver {
    /// The whole way through these hosts. As with ssh, the config's own ProxyJump of the first of them counts as well,
    /// and the command line's keys and port are for the goal alone.
    pub(super) fn way(&self, goal: &Asked<'_>, hosts: Vec<Site>) -> Result<Vec<Jump>> {
        let options = SshOptions { config: self.options.config.clone(), ..SshOptions::default() };
        let mut way = Vec::new();
        let mut ahead = hosts;
        while let Some((first, behind)) = ahead.split_first() {
            let mut part = Vec::new();
            let mut before = Vec::new();
            for site in std::iter::once(first).chain(behind) {
                let asked = Asked { site, port: site.port(), options: &options };
                let found = self.look_up(&asked)?;
                if part.is_empty() {
                    before = found.jumps(&asked)?;
                }
                part.push(Jump { site: site.clone().into(), login: found.into_login(&asked)? });
            }
            part.append(&mut way);
            way = part;
            if way.len() > MOST {
                let why = format!(
                    "the way goes through more than {MOST} hosts; does ProxyJump lead back to itself?"
                );
                return Err(goal.failed(why));
            }
            ahead = before;
        }
        Ok(way)
    }
}
