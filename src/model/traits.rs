//! The dialog for owner, group and time: what is left empty stays as it is.

use crate::{
    domain::{
        display,
        entry::{Kind, Timestamp},
        moment,
        owners::{NewOwner, OwnerNames},
        place::Endpoint,
        site::Protocol,
    },
    engine::message::{Ticket, Traits},
};

use super::{
    dialog::{Button, Dialog, Field, Words},
    forms,
    pane::Pane,
    purpose::Purpose,
    text,
};

/// The line that says who owns it now.
const OWNED: usize = 2;
/// Numbers of the fields, where owners can be set; else only the last two are there.
const OWNER: usize = 0;
const GROUP: usize = 1;
const CHANGED: usize = 2;
const INSIDE: usize = 3;

/// Who owns what is chosen, and who is called how.
#[derive(Debug, Default)]
pub(crate) struct Owned {
    /// Owners and groups of what is chosen, each pair once.
    pub(crate) ids: Vec<(u32, u32)>,
    pub(crate) names: OwnerNames,
    /// Names are asked for.
    pub(crate) asked: Option<Ticket>,
}

impl Owned {
    fn words(&self) -> String {
        match self.ids.as_slice() {
            [] => "The server does not say who owns it.".to_owned(),
            [(user, group)] => {
                let told = |name: String, id: u32| match name.parse::<u32>() {
                    Ok(_) => name,
                    Err(_) => format!("{name} ({id})"),
                };
                let user = told(self.names.user(*user), *user);
                format!("owner {user}, group {}", told(self.names.group(*group), *group))
            }
            several => format!("{} different owners and groups", several.len()),
        }
    }
}

/// Whether owners can be set there at all.
pub(crate) fn has_owners(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Local => true,
        Endpoint::Remote(site) => site.protocol() == Protocol::Sftp,
    }
}

/// The dialog about what is chosen in a pane.
pub(crate) fn dialog(pane: &Pane) -> Option<Dialog> {
    let chosen = pane.chosen();
    if chosen.is_empty() {
        return None;
    }
    let has_directory = chosen.iter().any(|entry| entry.attributes.kind == Kind::Directory);
    let mut ids: Vec<_> = chosen.iter().filter_map(|entry| entry.attributes.owner).collect();
    ids.sort_unstable();
    ids.dedup();
    let owned = Owned { ids, ..Owned::default() };
    let line = owned.words();
    let from = pane.endpoint().clone();
    let has_owners = has_owners(&from);
    let purpose = Purpose::Traits { sources: forms::paths(pane, &chosen), owned, from };
    let title = if has_owners { "Owner, group and time" } else { "Time" };
    let mut dialog = Dialog::new(purpose, title);
    dialog.words = vec![
        Words::Strong(forms::named(&chosen)),
        Words::Soft(format!("in {}", pane.location)),
        Words::Soft(match has_owners {
            true => line,
            false => "FTP has no command that sets owners and groups.".to_owned(),
        }),
        Words::Soft("changed: now, 2d (so long ago), 2026-11-01, 2026-11-01 13:05".to_owned()),
        Words::Soft("What is left empty stays as it is; links are left alone.".to_owned()),
        Words::Blank,
    ];
    if has_owners {
        dialog.fields = vec![Field::text("Owner", ""), Field::text("Group", "")];
    }
    dialog.fields.push(Field::text("Changed", ""));
    if has_directory {
        dialog.fields.push(Field::check("all inside too", false));
    }
    dialog.buttons = vec![Button::accept("Set", 's'), Button::leave("Cancel", 'n')];
    Some(dialog)
}

/// Takes names in, if it was this dialog that asked.
pub(crate) fn name(dialog: &mut Dialog, ticket: Ticket, names: Option<&OwnerNames>) -> bool {
    let Purpose::Traits { owned, .. } = &mut dialog.purpose else { return false };
    if owned.asked != Some(ticket) {
        return false;
    }
    owned.asked = None;
    owned.names = names.cloned().unwrap_or_default();
    let words = owned.words();
    if let Some(line) = dialog.words.get_mut(OWNED) {
        *line = Words::Soft(words);
    }
    true
}

/// What the dialog asks for, and whether of all that lies inside.
pub(crate) fn wanted(dialog: &Dialog, now: Option<&jiff::Zoned>) -> Result<(Traits, bool), String> {
    let Purpose::Traits { owned, from, .. } = &dialog.purpose else {
        return Err("Nothing is chosen.".to_owned());
    };
    let before = if has_owners(from) { 0 } else { CHANGED };
    let mut owner = NewOwner::default();
    if before == 0 {
        owner.user = one(dialog.text(OWNER), "user", |typed| owned.names.user_typed(typed))?;
        owner.group = one(dialog.text(GROUP), "group", |typed| owned.names.group_typed(typed))?;
    }
    let modified = match dialog.text(CHANGED - before).trim() {
        "" => None,
        typed => Some(time(typed, now)?),
    };
    let traits = Traits { owner, modified };
    if traits == Traits::default() {
        return Err("Nothing is to be set: all fields are empty.".to_owned());
    }
    Ok((traits, dialog.checked(INSIDE - before)))
}

fn one(
    typed: &str,
    what: &str,
    known: impl Fn(&str) -> Option<u32>,
) -> Result<Option<u32>, String> {
    match typed.trim() {
        "" => Ok(None),
        typed => known(typed).map(Some).ok_or_else(|| {
            let shown = text::cut_name(&display::escape_text(typed), 32);
            format!("No {what} “{shown}” is known there; a number is taken as it is.")
        }),
    }
}

fn time(typed: &str, now: Option<&jiff::Zoned>) -> Result<Timestamp, String> {
    let read = now.and_then(|now| moment::read(typed, now.timestamp(), &now.time_zone().clone()));
    let moment =
        read.ok_or_else(|| "A time is now, 2d (ago), 2026-11-01 or 2026-11-01 13:05.".to_owned())?;
    Ok(Timestamp {
        seconds: moment.as_second(),
        nanoseconds: u32::try_from(moment.subsec_nanosecond()).unwrap_or(0),
    })
}
