//! Servers that copy within themselves, and do it badly: never `done`, and what stood there stands there still.

use super::crossing::{Crossing, LONG, content, remote};
use crate::servers::evil_sftp::{Evil, PASSWORD, Trick};

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

#[test]
fn a_server_that_copies_less_than_it_says_is_found_out() {
    let (evil, mut crossing) = scene(Trick::CopiesUpTo { end: 1_000, code: 0 });
    let job = crossing.copy(&remote("/srv/a"), &remote("/srv/in"));
    let said = crossing.fails(job, LONG);
    assert!(said.contains("1000 bytes were made of 200000 bytes"), "{said}");
    assert!(crossing.done(job).is_empty());
    assert!(evil.world().met() > 0, "the trick was never played");
    assert_eq!(evil.world().below("/srv/in"), [""; 0]);
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
    // What it began is cleared away.
    let patience = std::time::Duration::from_secs(10);
    crate::support::wait_until("the first part is removed", patience, || {
        evil.world().below("/srv/in") == ["/srv/in/a"]
    });
}
