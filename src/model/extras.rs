//! What a pane finds out beside its rows: where links lead, how much room there is, how much directories hold.

use std::collections::HashMap;

use crate::{
    domain::{display, entry::Space, error::Error, path::Name},
    engine::message::{Sum, Ticket, Told},
};

/// Of the place a pane shows.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Where links lead, escaped; empty where that cannot be known.
    links: HashMap<Name, String>,
    pub(crate) space: Option<Space>,
    sums: HashMap<Name, Sum>,
    asked: HashMap<Ticket, About>,
}

#[derive(Debug, Clone)]
enum About {
    Link(Name),
    Space,
    Sum(Name),
}

impl Extras {
    pub(crate) fn link(&self, name: &Name) -> Option<&str> {
        self.links.get(name).map(String::as_str).filter(|target| !target.is_empty())
    }

    pub(crate) fn sum(&self, name: &Name) -> Option<&Sum> {
        self.sums.get(name)
    }

    /// Whether it is worth asking where a link leads: nobody knows, and nobody asks about one yet.
    pub(crate) fn wants_link(&self, name: &Name) -> bool {
        let asks = self.asked.values().any(|about| matches!(about, About::Link(_)));
        !asks && !self.links.contains_key(name)
    }

    pub(crate) fn ask_link(&mut self, ticket: Ticket, name: Name) {
        self.asked.insert(ticket, About::Link(name));
    }

    pub(crate) fn ask_space(&mut self, ticket: Ticket) {
        self.asked.insert(ticket, About::Space);
    }

    pub(crate) fn ask_sum(&mut self, ticket: Ticket, name: Name) {
        self.sums.insert(name.clone(), Sum::default());
        self.asked.insert(ticket, About::Sum(name));
    }

    /// Stops adding up one directory, or all. What was asked for that.
    pub(crate) fn stop_sums(&mut self, only: Option<&Name>) -> Vec<Ticket> {
        let stops = |about: &About| match about {
            About::Sum(name) => only.is_none_or(|only| only == name),
            _ => false,
        };
        let stopped: Vec<(Ticket, About)> =
            self.asked.extract_if(|_, about| stops(about)).collect();
        for (_, about) in &stopped {
            if let About::Sum(name) = about {
                self.sums.remove(name);
            }
        }
        stopped.into_iter().map(|(ticket, _)| ticket).collect()
    }

    /// All that is still asked.
    pub(crate) fn tickets(&self) -> Vec<Ticket> {
        self.asked.keys().copied().collect()
    }

    /// Takes an answer that is for this pane. A failure that is worth a word.
    pub(crate) fn answered(
        &mut self,
        ticket: Ticket,
        told: &Result<Told, Error>,
    ) -> Option<Option<Error>> {
        let about = self.asked.get(&ticket)?.clone();
        let ends = !matches!(told, Ok(Told::Size(Sum { complete: false, .. })));
        if ends {
            self.asked.remove(&ticket);
        }
        match (about, told) {
            (About::Link(name), Ok(Told::Link(target))) => {
                self.links.insert(name, display::escape(target));
            }
            (About::Link(name), _) => {
                self.links.insert(name, String::new());
            }
            (About::Space, Ok(Told::Space(space))) => self.space = Some(*space),
            (About::Space, _) => {}
            (About::Sum(name), Ok(Told::Size(sum))) => {
                self.sums.insert(name, *sum);
            }
            (About::Sum(name), told) => {
                self.sums.remove(&name);
                return Some(told.as_ref().err().cloned());
            }
        }
        Some(None)
    }
}
