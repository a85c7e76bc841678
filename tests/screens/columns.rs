//! The columns of the panes, as they are set.

use wharf::domain::columns::Columns;

use super::stage::Stage;

#[test]
fn columns_stand_as_they_are_set_with_their_header() {
    let mut stage = Stage::new((160, 16));
    stage.columns = Columns::read(["time", "name", "extension", "owner", "size"]).unwrap();
    stage.keys("s s s");
    insta::assert_snapshot!(stage.picture());
    let mut narrow = Stage::new((20, 8));
    narrow.columns = stage.columns.clone();
    insta::assert_snapshot!("what_has_no_room_gives_way", narrow.picture());
}
