//! What comes to the loop: what the person does, as the terminal tells it, and what of all that is to be seen.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use crate::{
    engine::message::{Event, StepEnding},
    model::{Message, Mouse, MouseAct},
};

/// What the mouse did, if it is something that counts.
pub(super) fn mouse(event: MouseEvent) -> Option<Mouse> {
    let what = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseAct::Press,
        MouseEventKind::Drag(MouseButton::Left) => MouseAct::Drag,
        MouseEventKind::Up(MouseButton::Left) => MouseAct::Release,
        MouseEventKind::Down(MouseButton::Middle) => MouseAct::MiddlePress,
        MouseEventKind::Down(MouseButton::Right) => MouseAct::OtherPress,
        MouseEventKind::Drag(MouseButton::Right) => MouseAct::OtherDrag,
        MouseEventKind::Up(MouseButton::Right) => MouseAct::OtherRelease,
        MouseEventKind::ScrollUp => MouseAct::WheelUp,
        MouseEventKind::ScrollDown => MouseAct::WheelDown,
        _ => return None,
    };
    Some(Mouse { what, x: event.column, y: event.row })
}

/// Whether this changes nothing that is seen: steps that end well are seen by the next snapshot, thousands at once.
pub(super) fn is_unseen(message: &Message) -> bool {
    match message {
        Message::Clock(_) | Message::Today(_) | Message::Event(Event::StepDone(_)) => true,
        Message::Event(Event::StepEnded { ending, .. }) => {
            !matches!(ending, StepEnding::Failed { .. })
        }
        _ => false,
    }
}
