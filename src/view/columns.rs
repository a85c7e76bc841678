//! The columns of a pane on a width: one table, from which header and rows are drawn.

use crate::{
    domain::columns::{Column, Columns},
    model::SortBy,
};

/// A column and its width, the gap before it included.
pub(crate) type Placed = (Column, u16);

/// How wide a time is by the day, and by the minute.
pub(crate) const DAY: u16 = 12;
const MINUTE: u16 = 18;
/// From this width on times are told by the minute.
const ROOM_FOR_MINUTES: u16 = 50;
/// Cells kept free at the right edge.
const MARGIN: u16 = 1;

/// Columns that have room, from left to right; those on the right give way first.
pub(crate) fn on_width(columns: &Columns, width: u16) -> Vec<Placed> {
    let mut shown: Vec<Column> = columns.in_order().to_vec();
    loop {
        let placed: Vec<Placed> =
            shown.iter().map(|column| (*column, wide(*column, width))).collect();
        let beside: u16 = placed.iter().map(|(_, wide)| wide).sum::<u16>() + MARGIN;
        let others = placed.len() - 1;
        if others == 0 || beside + least_name(others) <= width {
            let name = width.saturating_sub(beside);
            let fill = |(column, wide)| match column {
                Column::Name => (column, name),
                _ => (column, wide),
            };
            return placed.into_iter().map(fill).collect();
        }
        let last = shown.iter().rposition(|column| *column != Column::Name);
        last.map(|last| shown.remove(last));
    }
}

/// What a name has at least beside so many others: the more is told of it, the more of it should be seen.
fn least_name(others: usize) -> u16 {
    match others {
        0 => 0,
        1 => 12,
        2 => 15,
        _ => 30,
    }
}

fn wide(column: Column, width: u16) -> u16 {
    match column {
        Column::Name => 0,
        Column::Size => 6,
        Column::Time if width < ROOM_FOR_MINUTES => DAY,
        Column::Time => MINUTE,
        Column::Mode => 11,
        Column::Owner => 13,
        Column::Extension => 8,
    }
}

/// What stands above a column, and the order it stands for.
pub(crate) fn heading(column: Column) -> (&'static str, Option<SortBy>) {
    match column {
        Column::Name => ("Name", Some(SortBy::Name)),
        Column::Size => ("Size", Some(SortBy::Size)),
        Column::Time => ("Modified", Some(SortBy::Time)),
        Column::Mode => ("Rights", None),
        Column::Owner => ("Owner", None),
        Column::Extension => ("Ext", Some(SortBy::Extension)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: u16) -> Vec<Placed> {
        on_width(&Columns::default(), width)
    }

    #[test]
    fn columns_give_way_from_the_right_and_the_name_takes_the_rest() {
        use Column::{Mode, Name, Size, Time};
        assert_eq!(shown(18), [(Name, 17)]);
        assert_eq!(shown(20), [(Name, 13), (Size, 6)]);
        assert_eq!(shown(40), [(Name, 21), (Size, 6), (Time, DAY)]);
        assert_eq!(shown(66), [(Name, 30), (Size, 6), (Time, MINUTE), (Mode, 11)]);
        for width in 0..300 {
            let used: u16 = shown(width).iter().map(|(_, wide)| wide).sum();
            assert!(used + MARGIN <= width || width < MARGIN, "{width}");
        }
    }

    #[test]
    fn the_name_stands_where_it_is_put() {
        let columns = Columns::read(["time", "name", "extension"]).unwrap();
        let order: Vec<Column> = on_width(&columns, 80).iter().map(|(column, _)| *column).collect();
        assert_eq!(order, [Column::Time, Column::Name, Column::Extension]);
    }
}
