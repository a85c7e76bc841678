//! What the engine asks: kept until it is answered or withdrawn, shown when nothing else is open.

use std::collections::BTreeSet;

use secrecy::SecretString;

use crate::{
    domain::{
        display,
        numbered::numbered,
        path::Name,
        place::Location,
        question::{Answer, ConflictChoice, Question},
    },
    engine::message::{JobId, QuestionId},
};

use super::{
    dialog::{Button, Dialog, Field, Press, Value, Words},
    purpose::Purpose,
};

/// A question without an answer.
#[derive(Debug)]
pub(crate) struct OpenQuestion {
    pub(crate) id: QuestionId,
    pub(crate) job: Option<JobId>,
    question: Question,
    put_aside: bool,
}

/// All questions without an answer, in the order asked.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    open: Vec<OpenQuestion>,
    /// Jobs whose conflicts a person will come back to: they put one aside.
    aside: BTreeSet<JobId>,
}

/// What can be answered to a conflict, in the order of the buttons: a choice, for this one or for all; or, without a
/// choice, the name that was typed.
const CONFLICT: [(&str, char, Option<ConflictChoice>, bool); 10] = [
    ("Skip", 's', Some(ConflictChoice::Skip), false),
    ("Overwrite", 'o', Some(ConflictChoice::Overwrite), false),
    ("Keep both", 'b', Some(ConflictChoice::KeepBoth), false),
    ("Rename", 'r', None, false),
    ("Resume", 'e', Some(ConflictChoice::Resume), false),
    ("Skip all", 'k', Some(ConflictChoice::Skip), true),
    ("Overwrite all", 'v', Some(ConflictChoice::Overwrite), true),
    ("Keep all", 'p', Some(ConflictChoice::KeepBoth), true),
    ("All older", 'l', Some(ConflictChoice::Newer), true),
    ("All differing", 'd', Some(ConflictChoice::Differs), true),
];
/// The number of the field with the new name.
const NEW_NAME: usize = 0;

impl Questions {
    pub(crate) fn ask(&mut self, id: QuestionId, job: Option<JobId>, question: Question) {
        let is_conflict = matches!(question, Question::Conflict { .. });
        let put_aside = is_conflict && job.is_some_and(|job| self.aside.contains(&job));
        self.open.push(OpenQuestion { id, job, question, put_aside });
    }

    pub(crate) fn remove(&mut self, id: QuestionId) {
        self.open.retain(|open| open.id != id);
    }

    /// Puts a question aside, and with a conflict all others of its job, those to come as well: whoever wants to answer
    /// later is not asked a hundred times.
    pub(crate) fn put_aside(&mut self, id: QuestionId) {
        let Some(own) = self.open.iter_mut().find(|open| open.id == id) else { return };
        own.put_aside = true;
        let Some(job) = own.job.filter(|_| own.is_conflict()) else { return };
        self.aside.insert(job);
        let others =
            self.open.iter_mut().filter(|open| open.job == Some(job) && open.is_conflict());
        others.for_each(|open| open.put_aside = true);
    }

    /// Everything put aside may be shown again.
    pub(crate) fn bring_back(&mut self) {
        self.aside.clear();
        self.open.iter_mut().for_each(|open| open.put_aside = false);
    }

    /// How many wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.open.len()
    }

    /// Those a job waits for.
    pub(crate) fn of_job(&self, job: JobId) -> usize {
        self.open.iter().filter(|open| open.job == Some(job)).count()
    }

    /// All of them, in the order asked.
    pub(crate) fn all(&self) -> impl Iterator<Item = &OpenQuestion> {
        self.open.iter()
    }

    /// The dialog of one of them.
    pub(crate) fn dialog_of(&self, id: QuestionId) -> Option<Dialog> {
        let open = self.open.iter().find(|open| open.id == id)?;
        Some(dialog(open.id, &open.question))
    }

    /// The dialog of the next question to be shown.
    pub(crate) fn next_dialog(&self) -> Option<Dialog> {
        let open = self.open.iter().find(|open| !open.put_aside)?;
        Some(dialog(open.id, &open.question))
    }
}

impl OpenQuestion {
    fn is_conflict(&self) -> bool {
        matches!(self.question, Question::Conflict { .. })
    }

    /// What is asked, in a line.
    pub(crate) fn words(&self) -> String {
        match &self.question {
            Question::Conflict { to, .. } => {
                let name = to.path.name().map(|name| display::escape(name.as_bytes()));
                let folder = to.path.parent().map(|parent| to.with_path(parent));
                let folder = folder.map_or_else(String::new, |folder| format!(" in {folder}"));
                format!("{} is taken{folder}", name.unwrap_or_default())
            }
            Question::HostKey { site, .. } => format!("the host key of {site} is not known"),
            Question::Certificate { site, .. } => {
                format!("the certificate of {site} is not trusted")
            }
            Question::Password { site, user, .. } => {
                format!("the password of {user} on {}", site.host())
            }
            Question::Passphrase { key, .. } => format!("the passphrase of {key}"),
            Question::Prompts { site, .. } => format!("{} asks something", site.host()),
        }
    }
}

fn dialog(id: QuestionId, question: &Question) -> Dialog {
    let purpose = Purpose::Question(id, question.clone());
    match question {
        Question::HostKey { site, known_as, key_type, fingerprint } => {
            let mut dialog = Dialog::new(purpose, "Unknown host key");
            dialog.grave = true;
            dialog.words = vec![
                Words::Strong(site.to_string()),
                Words::Plain("Nothing on this machine knows this server's key yet.".to_owned()),
                Words::Blank,
                Words::Soft(key_type.clone()),
                Words::Strong(fingerprint.clone()),
                Words::Blank,
                Words::Plain(format!(
                    "Compare it with one from a source you trust. If you agree, it is kept as {known_as}."
                )),
            ];
            dialog.buttons = vec![Button::agree("Trust it", 'y'), Button::leave("No", 'n')];
            dialog.focus = 1;
            dialog
        }
        Question::Certificate { site, known_as, why, fingerprint, changed } => {
            let title =
                if *changed { "THE CERTIFICATE HAS CHANGED" } else { "Untrusted certificate" };
            let mut dialog = Dialog::new(purpose, title);
            dialog.grave = true;
            dialog.words = vec![
                Words::Strong(site.to_string()),
                Words::Plain(super::text::sentence(why)),
                Words::Blank,
                Words::Soft("SHA-256".to_owned()),
                Words::Strong(fingerprint.clone()),
                Words::Blank,
                Words::Plain(format!(
                    "Someone may be in between. Compare it with one from a source you trust. If you agree, exactly \
                     this certificate is trusted for {known_as} from now on."
                )),
            ];
            dialog.buttons = vec![Button::agree("Trust it", 'y'), Button::leave("No", 'n')];
            dialog.focus = 1;
            dialog
        }
        Question::Password { site, user, again_because } => {
            let mut dialog = Dialog::new(purpose, "Password");
            dialog.words = vec![Words::Strong(format!("{user} on {}", site.host()))];
            dialog.words.push(Words::Blank);
            again(&mut dialog, again_because);
            dialog.fields =
                vec![Field::secret("Password"), Field::check("Keep in the keyring", false)];
            dialog.buttons = vec![Button::accept("Log in", 'l'), Button::leave("Cancel", 'n')];
            dialog
        }
        Question::Passphrase { key, again_because } => {
            let mut dialog = Dialog::new(purpose, "Passphrase of a key");
            dialog.words = vec![Words::Strong(key.clone()), Words::Blank];
            again(&mut dialog, again_because);
            dialog.fields = vec![Field::secret("Passphrase")];
            dialog.buttons = vec![Button::accept("Unlock", 'u'), Button::leave("Cancel", 'n')];
            dialog
        }
        Question::Prompts { site, title, instruction, prompts } => {
            let mut dialog = Dialog::new(purpose, format!("{} asks", site.host()));
            for text in [title, instruction] {
                if !text.is_empty() {
                    dialog.words.push(Words::Plain(text.clone()));
                }
            }
            dialog.words.push(Words::Blank);
            dialog.fields = prompts
                .iter()
                .map(|prompt| {
                    let label = prompt.text.trim_end_matches([' ', ':']);
                    if prompt.echo { Field::text(label, "") } else { Field::secret(label) }
                })
                .collect();
            dialog.buttons = vec![Button::accept("Answer", 'a'), Button::leave("Cancel", 'n')];
            dialog
        }
        Question::Conflict { from, source, to, target } => {
            let mut dialog = Dialog::new(purpose, "The name is taken");
            let name =
                to.path.name().map_or_else(String::new, |name| display::escape(name.as_bytes()));
            dialog.words = vec![
                Words::Strong(name),
                Words::Soft(format!("at   {to}")),
                Words::Soft(format!("from {from}")),
                Words::Blank,
                Words::File { label: "there now", attributes: *target },
                Words::File { label: "to copy", attributes: *source },
                Words::Blank,
                Words::Soft("Esc puts the question aside; the rest goes on.".to_owned()),
            ];
            dialog.fields = suggestion(to)
                .map(|name| Field::text("New name", display::escape(name.as_bytes())))
                .into_iter()
                .collect();
            let may_go_on = source.size > target.size && source.kind == target.kind;
            dialog.buttons = CONFLICT
                .iter()
                .enumerate()
                .filter(|(_, (_, _, choice, _))| {
                    *choice != Some(ConflictChoice::Resume) || may_go_on
                })
                .map(|(number, &(label, letter, ..))| Button {
                    label,
                    letter,
                    at_once: false,
                    press: Press::Pick(number),
                })
                .collect();
            // The harmless answer is under the cursor, and not the field.
            dialog.focus = dialog.fields.len();
            dialog
        }
    }
}

/// The name that is offered where another is taken.
fn suggestion(taken: &Location) -> Option<Name> {
    Some(numbered(&taken.path.name()?, 2))
}

/// The name that was typed; what was not touched is the one that was offered, whatever bytes it has.
fn typed_name(dialog: &Dialog, taken: &Location) -> Result<Name, String> {
    let typed = dialog.text(NEW_NAME);
    match suggestion(taken) {
        Some(offered) if display::escape(offered.as_bytes()) == typed => Ok(offered),
        _ => Name::new(typed).map_err(|bad| super::text::sentence(&bad.to_string())),
    }
}

fn again(dialog: &mut Dialog, because: &str) {
    if !because.is_empty() {
        dialog.problem = Some(super::text::sentence(because));
    }
}

/// What a press in a question's dialog answers; `None` puts the question aside, an error says what is wrong with what was
/// typed.
pub(crate) fn answer(
    dialog: &Dialog,
    question: &Question,
    press: Press,
) -> Result<Option<Answer>, String> {
    Ok(match (question, press) {
        (Question::Conflict { .. }, Press::Leave) => None,
        (Question::Conflict { to, .. }, press) => {
            let picked = match press {
                Press::Pick(number) => CONFLICT.get(number),
                _ => None,
            };
            Some(match picked {
                Some(&(_, _, Some(choice), for_all)) => Answer::Conflict { choice, for_all },
                // Enter in the field is the button beside it.
                _ => Answer::Rename(typed_name(dialog, to)?),
            })
        }
        (_, Press::Leave) => Some(Answer::No),
        (Question::HostKey { .. } | Question::Certificate { .. }, _) => Some(Answer::Yes),
        (Question::Password { .. }, _) => {
            Some(Answer::Texts { texts: secrets(dialog), keep: dialog.checked(1) })
        }
        (Question::Passphrase { .. } | Question::Prompts { .. }, _) => {
            Some(Answer::Texts { texts: secrets(dialog), keep: false })
        }
    })
}

fn secrets(dialog: &Dialog) -> Vec<SecretString> {
    debug_assert!(dialog.fields.iter().all(|field| !matches!(field.value, Value::Choice { .. })));
    dialog.secrets()
}
