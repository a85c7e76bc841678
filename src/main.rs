//! Arguments to the screen, `cp` or `ls`.
fn main() {}
