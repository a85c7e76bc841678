//! What keys do in the history, and the pages that come for it.

use super::super::{
    Action, Effect, Layer, Model, Mouse, MouseAct, Reader, layout, ledger::LedgerPanel,
};
use crate::engine::message::Command;

impl Model {
    pub(super) fn toggle_history(&mut self) -> Vec<Effect> {
        self.ledger = match self.ledger {
            Some(_) => None,
            None => Some(LedgerPanel::default()),
        };
        Vec::new()
    }

    pub(super) fn act_in_ledger(&mut self, action: Action) -> Vec<Effect> {
        self.notice.take_if(|notice| !notice.stays);
        let Some(panel) = &mut self.ledger else { return Vec::new() };
        let page = panel.height.saturating_sub(1).max(1).cast_signed();
        match action {
            Action::Up => panel.move_by(-1),
            Action::Down => panel.move_by(1),
            Action::PageUp => panel.move_by(-page),
            Action::PageDown => panel.move_by(page),
            Action::First => panel.move_by(isize::MIN),
            Action::Last => panel.move_by(isize::MAX),
            Action::Search => panel.searching = true,
            Action::Reread => panel.reread(),
            Action::Details => {
                let facts = panel.facts();
                self.layers.extend(facts.map(|facts| Layer::Reader(Reader::details(facts))));
            }
            Action::Close if !panel.search.is_empty() => {
                panel.search.clear();
                panel.reread();
            }
            Action::Close | Action::History | Action::Interrupt => self.ledger = None,
            Action::Answer => self.questions.bring_back(),
            Action::Help => self.show_help(),
            Action::Quit => return self.quit(),
            _ => {}
        }
        Vec::new()
    }

    /// What is looked for is typed; found while it is.
    pub(super) fn type_in_ledger(&mut self, action: Action) -> Vec<Effect> {
        let Some(panel) = &mut self.ledger else { return Vec::new() };
        let before = panel.search.clone();
        match action {
            Action::Type(c) => panel.search.push(c),
            Action::DeleteBack => drop(panel.search.pop()),
            Action::DeleteWord => {
                let kept = panel.search.trim_end().rfind(' ').map_or(0, |space| space + 1);
                panel.search.truncate(kept);
            }
            Action::ClearLine => panel.search.clear(),
            Action::Up => panel.move_by(-1),
            Action::Down => panel.move_by(1),
            Action::Accept | Action::Next => panel.searching = false,
            Action::Close | Action::Interrupt => {
                panel.searching = false;
                panel.search.clear();
            }
            _ => {}
        }
        if panel.search != before {
            panel.reread();
        }
        Vec::new()
    }

    /// Asks for rows that are about to be seen.
    pub(super) fn settle_ledger(&mut self) -> Option<Effect> {
        let next = crate::engine::message::Ticket(self.last_number + 1);
        let (ticket, wanted) = self.ledger.as_mut()?.wants(|| next)?;
        self.last_number = ticket.0;
        Some(Effect::Engine(Command::History { ticket, wanted }))
    }

    pub(super) fn mouse_in_ledger(&mut self, mouse: Mouse) -> Vec<Effect> {
        let rows = layout::pane_parts(layout::parts(self).body).rows;
        match mouse.what {
            MouseAct::WheelUp => return self.act(Action::Up),
            MouseAct::WheelDown => return self.act(Action::Down),
            MouseAct::Press if rows.contains(mouse.x, mouse.y) => {
                if let Some(panel) = &mut self.ledger {
                    panel.searching = false;
                    panel.move_to(panel.top + usize::from(mouse.y - rows.y));
                }
            }
            _ => {}
        }
        Vec::new()
    }
}
