//! Servers that copy within themselves, and do it badly: never `done`, and what stood there stands there still.

use std::time::Duration;

use super::crossing::{Crossing, LONG, content, remote};
use crate::{
    servers::evil_sftp::{Evil, PASSWORD, Trick},
    support::wait_until,
};

const LENGTH: usize = 200_000;

fn scene(trick: Trick) -> (Evil, Crossing) {
    let evil = Evil::start(|world| {
        world.file("/srv/a", &content(LENGTH));
        world.directory("/srv/in");
        world.trick(trick);
    });
    let crossing = Crossing::new(&evil.client().write(), Some(PASSWORD));
    (evil, crossing)
}

/// What the server began is cleared away, beside what goes on.
fn part_is_removed(evil: &Evil, left: &[&str]) {
    wait_until("the part is removed", Duration::from_secs(10), || {
        evil.world().below("/srv/in") == left
    });
}

#[test]
fn a_server_that_copies_less_than_it_says_is_found_out() {
    let (evil, mut crossing) = scene(Trick::CopiesUpTo { end: 1_000, code: 0 });
    let job = crossing.copy(&remote("/srv/a"), &remote("/srv/in"));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("1000 bytes were made of 200000 bytes"), "{said}");
    assert!(crossing.done(job).is_empty());
    assert!(evil.world().met() > 0, "the trick was never played");
    part_is_removed(&evil, &[]);
}

#[test]
fn a_server_that_copies_well_is_believed_once_sizes_agree() {
    let (evil, mut crossing) = scene(Trick::CopiesUpTo { end: u64::MAX, code: 0 });
    let job = crossing.copy(&remote("/srv/a"), &remote("/srv/in"));
    crossing.arrives(job, LONG);
    assert!(evil.world().met() > 0, "the server was not asked");
    assert!(evil.world().content("/srv/in/a") == Some(&content(LENGTH)[..]));
    assert_eq!(evil.world().below("/srv/in"), ["/srv/in/a"]);
}

#[test]
fn where_the_server_will_not_the_bytes_go_through_here() {
    let (evil, mut crossing) = scene(Trick::CopiesUpTo { end: 1_000, code: 4 });
    let job = crossing.copy(&remote("/srv/a"), &remote("/srv/in"));
    crossing.arrives(job, LONG);
    assert!(evil.world().met() > 0, "the server was not asked");
    assert!(evil.world().content("/srv/in/a") == Some(&content(LENGTH)[..]));
    part_is_removed(&evil, &["/srv/in/a"]);
}
