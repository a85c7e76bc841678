//! One table of how far the keys go that move over lines, in every list and text.

use super::action::Action;

/// Lines an action goes down, up where there are fewer than none; the ends of `isize` lead to the ends of the list. A
/// page is what is seen but for one line. `None` for what does not move.
pub(crate) fn lines(action: Action, height: usize) -> Option<isize> {
    let page = height.saturating_sub(1).max(1).cast_signed();
    Some(match action {
        Action::Up => -1,
        Action::Down => 1,
        Action::PageUp => -page,
        Action::PageDown => page,
        Action::First => isize::MIN,
        Action::Last => isize::MAX,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_a_line_and_is_never_none() {
        assert_eq!(lines(Action::PageDown, 10), Some(9));
        assert_eq!(lines(Action::PageUp, 10), Some(-9));
        assert_eq!([0, 1, 2].map(|height| lines(Action::PageDown, height)), [Some(1); 3]);
        let from = |line: usize, action| line.saturating_add_signed(lines(action, 5).unwrap());
        assert_eq!((from(7, Action::First), from(7, Action::Last)), (0, 7 + isize::MAX as usize));
        assert_eq!(lines(Action::Copy, 5), None);
    }
}
