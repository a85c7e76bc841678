//! One table of what editing keys do to a line of text that is typed, wherever it is typed.

use tui_input::{Input, InputRequest};

use super::action::Action;

/// Edits the line. Whether its text is another now; an action that edits nothing changes nothing.
pub(crate) fn edit(line: &mut Input, action: Action) -> bool {
    let changed = request(action).and_then(|request| line.handle(request));
    changed.is_some_and(|changed| changed.value)
}

fn request(action: Action) -> Option<InputRequest> {
    Some(match action {
        Action::Type(c) => InputRequest::InsertChar(c),
        Action::Left => InputRequest::GoToPrevChar,
        Action::Right => InputRequest::GoToNextChar,
        Action::LineStart => InputRequest::GoToStart,
        Action::LineEnd => InputRequest::GoToEnd,
        Action::DeleteBack => InputRequest::DeletePrevChar,
        Action::DeleteForward => InputRequest::DeleteNextChar,
        Action::DeleteWord => InputRequest::DeletePrevWord,
        Action::ClearLine => InputRequest::DeleteLine,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_edit_a_line_and_say_whether_it_changed() {
        let mut line = Input::default();
        for c in "grain at pier 12".chars() {
            assert!(edit(&mut line, Action::Type(c)));
        }
        assert!(edit(&mut line, Action::DeleteWord));
        assert_eq!(line.value(), "grain at pier ");
        assert!(!edit(&mut line, Action::LineStart));
        assert!(!edit(&mut line, Action::DeleteBack), "nothing stands before");
        assert!(edit(&mut line, Action::DeleteForward));
        assert!(!edit(&mut line, Action::Right));
        assert!(edit(&mut line, Action::Type('R')));
        assert_eq!(line.value(), "rRain at pier ");
        assert!(!edit(&mut line, Action::LineEnd));
        assert!(!edit(&mut line, Action::Left));
        assert!(edit(&mut line, Action::DeleteBack));
        assert_eq!(line.value(), "rRain at pie ");
        assert!(!edit(&mut line, Action::Copy));
        assert!(edit(&mut line, Action::ClearLine));
        assert_eq!(line.value(), "");
    }
}
