//! What keys do in a dialog, and what accepting it means.

use crate::{
    domain::{book::SiteOrder, path::StoragePath, place::Location},
    engine::message::{Act, Command, Destination, JobOptions, JobRequest, Work},
};

use super::super::{
    Action, Effect, Layer, Model, Outside, Performing, Side, State,
    compare::{Against, Others},
    connect_form,
    dialog::{Dialog, Press},
    forms, hand, modes, place_text,
    purpose::Purpose,
    questions, site_forms, text, traits,
};

/// What came of accepting: effects, or why not.
type Accepted = Result<Vec<Effect>, String>;

impl Model {
    pub(super) fn act_in_dialog(&mut self, action: Action) -> Vec<Effect> {
        if self.completes(action) {
            return self.offer_names();
        }
        let Some(Layer::Dialog(dialog)) = self.layers.last_mut() else { return Vec::new() };
        if connect_form::recalls(dialog, action) {
            return Vec::new();
        }
        match dialog.act(action) {
            Some(press) => self.press(press),
            None => {
                modes::agree(dialog);
                site_forms::agree(dialog);
                self.offer_names()
            }
        }
    }

    /// A button was pressed.
    pub(super) fn press(&mut self, press: Press) -> Vec<Effect> {
        let Some(Layer::Dialog(mut dialog)) =
            self.layers.pop_if(|top| matches!(top, Layer::Dialog(_)))
        else {
            return Vec::new();
        };
        if let Purpose::Question(id, question) = &dialog.purpose {
            let id = *id;
            return match questions::answer(&dialog, question, press) {
                Ok(Some(answer)) => {
                    self.questions.remove(id);
                    vec![Effect::Engine(Command::Answer(id, answer))]
                }
                Err(problem) => {
                    dialog.problem = Some(problem);
                    self.layers.push(Layer::Dialog(dialog));
                    Vec::new()
                }
                Ok(None) => {
                    self.questions.put_aside(id);
                    self.say("The question waits; a brings it back.");
                    Vec::new()
                }
            };
        }
        let asked = match &dialog.purpose {
            Purpose::GoTo { completion, .. } => completion.ticket(),
            Purpose::Traits { owned, .. } => owned.asked,
            _ => None,
        };
        let mut close: Vec<Effect> =
            asked.map(|ticket| Effect::Engine(Command::Close(ticket))).into_iter().collect();
        if matches!(dialog.purpose, Purpose::Delete { .. }) {
            close.extend(self.stop_counting());
        }
        match (&dialog.purpose, press) {
            (Purpose::Left(_), Press::Leave) => {
                self.say("They wait for the next start; wharf queue lists them.");
            }
            (Purpose::LeftEdits, Press::Leave) => self.say("E lists open edits."),
            (Purpose::EditedMeanwhile(ticket), Press::Pick(_)) => {
                let ticket = *ticket;
                // The question stays, under what will be read.
                self.layers.push(Layer::Dialog(dialog));
                return self.ask_difference(ticket);
            }
            _ => {}
        }
        if press == Press::Leave {
            if let Purpose::EditedMeanwhile(ticket) = dialog.purpose {
                return self.keep_copy(ticket, "You chose to keep what is on the server.");
            }
            return close;
        }
        match self.accept(&dialog, press) {
            Ok(mut effects) => {
                effects.append(&mut close);
                effects
            }
            Err(problem) => {
                dialog.problem = Some(problem);
                if let Some(field) = wrong_field(&dialog) {
                    dialog.focus = field;
                }
                self.layers.push(Layer::Dialog(dialog));
                Vec::new()
            }
        }
    }

    fn accept(&mut self, dialog: &Dialog, press: Press) -> Accepted {
        match &dialog.purpose {
            Purpose::Transfer { moves, from, sources, to } => {
                let typed = dialog.text(forms::TO);
                let to = to.read(typed, from).map_err(|bad| text::sentence(&bad.to_string()))?;
                let into = typed.ends_with('/') || sources.len() != 1;
                self.accept_transfer(dialog, *moves, from, sources, to, into)
            }
            Purpose::MakeDirectory { side, within } => self.accept_directory(dialog, *side, within),
            Purpose::MakeLink { side, within } => self.accept_link(dialog, *side, within),
            Purpose::Rename { side, from, shown } => self.accept_rename(dialog, *side, from, shown),
            Purpose::Delete { from, sources, trash } => Ok(self.add_chosen(JobRequest {
                work: if *trash && press == Press::Accept { Work::Trash } else { Work::Delete },
                from: from.clone(),
                sources: sources.clone(),
                options: JobOptions { recursive: true, ..JobOptions::default() },
            })),
            Purpose::ClearParts { .. } => Ok(self.accept_clearing(dialog)),
            Purpose::Connect { side, .. } => {
                let typed = dialog.text(0).trim();
                let place = self
                    .desk
                    .book
                    .place(typed.as_bytes(), &self.here, true)
                    .map_err(|bad| text::sentence(&bad.to_string()))?;
                (self.desk.panel, self.desk.start) = (None, None);
                self.focus = *side;
                let effects = self.go(*side, place, None);
                self.pane_mut(*side).typed = Some(typed.to_owned());
                Ok(effects)
            }
            Purpose::Shell { directory } => {
                let line = dialog.text(0).trim().to_owned();
                if line.is_empty() {
                    return Err("A command is missing.".to_owned());
                }
                let directory = directory.clone();
                Ok(vec![Effect::Outside(Outside::Run { line, directory })])
            }
            Purpose::NamePattern(renaming) => {
                self.accept_name_pattern(renaming, dialog.text(0), dialog.text(1))
            }
            Purpose::RenameMany { .. } => Ok(self.accept_names(&dialog.purpose)),
            Purpose::EditedMeanwhile(ticket) => Ok(self.send_edited(*ticket)),
            Purpose::DiscardEdit(ticket) => Ok(self.discard_edit(*ticket)),
            Purpose::LeftEdits => {
                self.show_edits(None);
                Ok(Vec::new())
            }
            Purpose::Modes { from, sources } => {
                let (modes, recursive) = modes::wanted(dialog)?;
                Ok(self.add(JobRequest {
                    work: Work::SetModes(modes),
                    from: from.clone(),
                    sources: sources.clone(),
                    options: JobOptions { recursive, ..JobOptions::default() },
                }))
            }
            Purpose::Traits { from, sources, .. } => {
                let (traits, recursive) = traits::wanted(dialog, self.today.as_ref())?;
                Ok(self.add(JobRequest {
                    work: Work::SetTraits(traits),
                    from: from.clone(),
                    sources: sources.clone(),
                    options: JobOptions { recursive, ..JobOptions::default() },
                }))
            }
            Purpose::GoTo { side, completion } => {
                let to = place_text::read_path(dialog.text(0).trim(), completion.base())
                    .map_err(|bad| text::sentence(&bad.to_string()))?;
                Ok(self.go(*side, to, None))
            }
            Purpose::FindBelow { side, location } => {
                let wanted = forms::wanted(dialog).map_err(|(_, why)| why)?;
                Ok(self.find_below(*side, location.clone(), wanted))
            }
            Purpose::Against { side } => Ok(self.accept_against(dialog, *side)),
            Purpose::Pattern { side, mark } => self.accept_pattern(dialog, *side, *mark),
            Purpose::SaveSite { was } => self.accept_site(dialog, was.as_deref()),
            Purpose::RemoveSite(name) => Ok(vec![Effect::Shelf(SiteOrder::Remove(name.clone()))]),
            Purpose::Cancel(target) => Ok(vec![Effect::Engine(Command::Cancel(*target))]),
            Purpose::Limit => {
                let limit = dialog.text(0).parse().map_err(|_| {
                    "That is neither bytes a second (500K, 2M, 1.5G) nor none.".to_owned()
                })?;
                Ok(vec![Effect::Engine(Command::Limit(limit))])
            }
            Purpose::Quit => Ok(self.accept_quit(press)),
            Purpose::Left(jobs) => Ok(self.accept_left(jobs, press)),
            Purpose::Question(..) => Ok(Vec::new()),
        }
    }

    fn accept_transfer(
        &mut self,
        dialog: &Dialog,
        moves: bool,
        from: &Location,
        sources: &[StoragePath],
        to: Location,
        into: bool,
    ) -> Accepted {
        if let Some(why) = hand::obstacle(from, sources, &to, into) {
            return Err(why.to_owned());
        }
        let to = if into { Destination::Into(to) } else { Destination::AsCp(to) };
        let options = JobOptions {
            verify: forms::VERIFY[dialog.chosen(forms::CHECK)].1,
            on_conflict: forms::CONFLICT[dialog.chosen(forms::IF_TAKEN)].1,
            recursive: true,
        };
        Ok(self.add_chosen(JobRequest {
            work: if moves { Work::Move(to) } else { Work::Copy(to) },
            from: from.endpoint.clone(),
            sources: sources.to_vec(),
            options,
        }))
    }

    /// Hands a job for what was chosen to the engine; what was marked for it is marked no more.
    fn add_chosen(&mut self, request: JobRequest) -> Vec<Effect> {
        self.pane_mut(self.focus).rows.mark_by(|_| false);
        self.add(request)
    }

    /// Hands a job to the engine.
    pub(super) fn add(&mut self, request: JobRequest) -> Vec<Effect> {
        let job = self.next_job();
        self.transfers.begin(job, &request);
        self.half_way.begin(job, &request.work);
        vec![Effect::Engine(Command::Add(job, request))]
    }

    fn accept_directory(&mut self, dialog: &Dialog, side: Side, within: &Location) -> Accepted {
        let typed = dialog.text(0);
        if typed.trim_matches('/').is_empty() {
            return Err("A directory needs a name.".to_owned());
        }
        if typed.contains('\0') {
            return Err("A name holds no NUL.".to_owned());
        }
        let directory = within.with_path(within.path.join_typed(typed));
        let cursor = first_below(&directory.path, &within.path);
        let act = Act::MakeDirectory(directory);
        Ok(self.perform(act, Performing { side, directory: within.clone(), cursor }))
    }

    fn accept_link(&mut self, dialog: &Dialog, side: Side, within: &Location) -> Accepted {
        let name = crate::domain::path::Name::new(dialog.text(0))
            .map_err(|bad| text::sentence(&bad.to_string()))?;
        let target = dialog.text(1).as_bytes().to_vec();
        if target.is_empty() || target.contains(&0) {
            return Err("It has to lead somewhere; a path holds no NUL.".to_owned());
        }
        let at = within.with_path(within.path.join(&name));
        let performing = Performing { side, directory: within.clone(), cursor: Some(name) };
        Ok(self.perform(Act::MakeLink { at, target }, performing))
    }

    fn accept_rename(
        &mut self,
        dialog: &Dialog,
        side: Side,
        from: &Location,
        shown: &str,
    ) -> Accepted {
        let typed = dialog.text(0);
        if typed == shown {
            return Ok(Vec::new());
        }
        let name = crate::domain::path::Name::new(typed)
            .map_err(|bad| text::sentence(&bad.to_string()))?;
        let Some(directory) = from.path.parent() else { return Ok(Vec::new()) };
        let act = Act::Rename { from: from.clone(), to: directory.join(&name) };
        let directory = from.with_path(directory);
        Ok(self.perform(act, Performing { side, directory, cursor: Some(name) }))
    }

    fn perform(&mut self, act: Act, performing: Performing) -> Vec<Effect> {
        let ticket = self.next_ticket();
        self.performing.insert(ticket, performing);
        vec![Effect::Engine(Command::Perform { ticket, act })]
    }

    fn accept_against(&mut self, dialog: &Dialog, side: Side) -> Vec<Effect> {
        let against = Against::ALL[dialog.chosen(0)];
        let [left, right] = &mut self.panes;
        let (here, there) = match side {
            Side::Left => (left, right),
            Side::Right => (right, left),
        };
        let others = Others::of(&there.rows);
        here.rows.mark_by(|row| others.fits(&row.entry, against));
        let marked = text::entries(here.rows.marked().count as u64);
        let is_all = [here, there].iter().all(|pane| matches!(pane.state, State::Complete));
        let doubt = if is_all { "" } else { " Not all rows are there yet." };
        self.say(format!("{marked} marked: {}.{doubt}", Against::WORDS[dialog.chosen(0)]));
        Vec::new()
    }
}

/// The first component of a path below a directory.
fn first_below(path: &StoragePath, directory: &StoragePath) -> Option<crate::domain::path::Name> {
    let mut path = path.clone();
    while let Some(parent) = path.parent() {
        if parent == *directory {
            return path.name();
        }
        path = parent;
    }
    None
}

/// The field that is wrong, where it is known: in a long form it may not even be seen.
fn wrong_field(dialog: &Dialog) -> Option<usize> {
    let read = match &dialog.purpose {
        Purpose::SaveSite { .. } => site_forms::read(dialog).map(|_| ()),
        Purpose::FindBelow { .. } => forms::wanted(dialog).map(|_| ()),
        _ => Ok(()),
    };
    read.err().map(|(field, _)| field)
}
