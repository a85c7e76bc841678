//! Marks by what entries are called, how large they are and when they were changed.

use globset::GlobBuilder;
use jiff::{Timestamp, tz::TimeZone};

use crate::domain::wanted::Wanted;

use super::super::{Effect, Model, Side, dialog::Dialog, text};

/// Numbers of the dialog's fields.
const PATTERN: usize = 0;
const SIZE: usize = 1;
const CHANGED: usize = 2;

impl Model {
    /// Marks, or unmarks, what fits all that was typed; why not, if it makes no sense.
    pub(super) fn accept_pattern(
        &mut self,
        dialog: &Dialog,
        side: Side,
        mark: bool,
    ) -> Result<Vec<Effect>, String> {
        let glob = GlobBuilder::new(dialog.text(PATTERN))
            .literal_separator(true)
            .build()
            .map_err(|bad| text::sentence(&bad.kind().to_string()))?
            .compile_matcher();
        let typed = |field| dialog.text(field).trim().to_owned();
        let wanted = Wanted { size: typed(SIZE), changed: typed(CHANGED), ..Wanted::default() };
        let (now, zone) = match &self.today {
            Some(today) => (today.timestamp(), today.time_zone().clone()),
            None => (Timestamp::UNIX_EPOCH, TimeZone::UTC),
        };
        let test = wanted.test(now, &zone).map_err(|(_, why)| text::sentence(&why))?;
        let before = self.pane(side).rows.marked().count;
        self.pane_mut(side).rows.mark_by(|row| {
            let fits = glob.is_match(as_path(row.entry.name.as_bytes())) && test.fits(&row.entry);
            if mark { row.marked || fits } else { row.marked && !fits }
        });
        let after = self.pane(side).rows.marked().count;
        let changed = text::entries(after.abs_diff(before) as u64);
        self.say(format!("{changed} {}.", if mark { "more marked" } else { "unmarked" }));
        Ok(Vec::new())
    }
}

fn as_path(name: &[u8]) -> &std::path::Path {
    use std::os::unix::ffi::OsStrExt;
    std::path::Path::new(std::ffi::OsStr::from_bytes(name))
}
