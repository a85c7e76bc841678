//! Arguments to the screen, `cp` or `ls`; exit codes; nothing else.
fn main() {}
