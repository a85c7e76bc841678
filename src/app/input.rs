//! What comes to the loop: what the person does, as the terminal tells it, and what of all that is to be seen.

use std::{future::poll_fn, io, pin::Pin, task::Poll};

use crossterm::event::{Event as Input, EventStream, MouseButton, MouseEvent, MouseEventKind};
use futures_util::Stream;

use crate::{
    engine::message::{Event, StepEnding},
    model::{Message, Mouse, MouseAct},
};

/// The next of what the person does.
pub(super) async fn next_input(input: &mut Option<EventStream>) -> Option<io::Result<Input>> {
    let input = input.get_or_insert_with(EventStream::new);
    poll_fn(|context| Pin::new(&mut *input).poll_next(context)).await
}

/// Input that is already there. Polled with the task's own waker: the stream remembers the first it is given.
pub(super) async fn waiting_input(
    input: &mut Option<EventStream>,
) -> Option<Option<io::Result<Input>>> {
    let input = input.get_or_insert_with(EventStream::new);
    poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *input).poll_next(context) {
            Poll::Ready(input) => Some(input),
            Poll::Pending => None,
        })
    })
    .await
}

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
