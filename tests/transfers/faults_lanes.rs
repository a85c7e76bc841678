//! Lanes that end under a file, requests refused in company, servers that want no more than one: the copy completes on
//! what is left, in the same attempt, or says why not (FAULTS.md 10, 12, 14, 27, for files in ranges).

use std::fs;

use tempfile::TempDir;
use wharf::domain::site::Bounds;

use super::crossing::{Crossing, LONG, content, files_below, local, remote};
use crate::servers::{
    evil_sftp::{Evil, PASSWORD, Trick},
    sshd::Sshd,
};

/// Three ranges, the last a short one.
const RANGED: usize = 20_000_003;
/// One stream of a few requests.
const SINGLE: usize = 300_000;

struct Scene {
    evil: Evil,
    crossing: Crossing,
    folder: TempDir,
    content: Vec<u8>,
}

/// A file of this length here (`a`) and there (`/srv/a`).
fn scene(length: usize, trick: Option<Trick>) -> Scene {
    // Where a core is the limit a further connection would be tried, and no lane.
    scene_within(length, trick, Bounds { connections: 1, ..Bounds::default() })
}

fn scene_within(length: usize, trick: Option<Trick>, bounds: Bounds) -> Scene {
    let content = content(length);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("got")).unwrap();
    fs::write(folder.path().join("a"), &content).unwrap();
    let evil = Evil::start(|world| {
        world.file("/srv/a", &content);
        world.directory("/srv/put");
        trick.into_iter().for_each(|trick| world.trick(trick));
    });
    let crossing = Crossing::within(&evil.client().write(), Some(PASSWORD), bounds);
    Scene { evil, crossing, folder, content }
}

impl Scene {
    /// Fetches the file: whole. In how many attempts?
    #[track_caller]
    fn gets(&mut self) -> u32 {
        let got = self.folder.path().join("got");
        let job = self.crossing.copy(&remote("/srv/a"), &local(&got));
        self.crossing.arrives(job, LONG);
        assert_eq!(files_below(&got), ["a"]);
        assert!(fs::read(got.join("a")).unwrap() == self.content);
        self.crossing.done(job)[0].attempts
    }

    /// Sends the file: whole. In how many attempts?
    #[track_caller]
    fn puts(&mut self) -> u32 {
        let job = self.crossing.copy(&local(&self.folder.path().join("a")), &remote("/srv/put"));
        self.crossing.arrives(job, LONG);
        assert!(self.evil.world().content("/srv/put/a").unwrap() == self.content);
        assert_eq!(self.evil.world().below("/srv/put"), ["/srv/put/a"]);
        self.crossing.done(job)[0].attempts
    }

    #[track_caller]
    fn was_tricked(&self) {
        assert!(self.evil.world().met() > 0, "the trick was never played");
    }
}

#[test]
fn a_lane_that_ends_takes_only_its_ranges_with_it() {
    // In the first range, in the middle, and in the last one.
    for from in [1_000_000, 10_000_000, 19_000_000] {
        for gets in [true, false] {
            let mut scene = scene(RANGED, Some(Trick::HangsUpOnce { from }));
            let attempts = if gets { scene.gets() } else { scene.puts() };
            scene.was_tricked();
            assert_eq!(attempts, 1, "from {from}, gets: {gets}");
            assert_eq!(scene.evil.connections(), 1, "nothing was connected anew");
        }
    }
}

#[test]
fn a_request_refused_once_is_asked_again_alone() {
    for (length, from) in [(SINGLE, 100_000), (RANGED, 10_000_000)] {
        let mut reading = scene(length, Some(Trick::ReadFailsOnce { from }));
        assert_eq!(reading.gets(), 1);
        reading.was_tricked();
        let mut writing = scene(length, Some(Trick::WriteFailsOnce { from }));
        assert_eq!(writing.puts(), 1);
        writing.was_tricked();
    }
}

#[test]
fn a_range_that_cannot_be_read_ends_it_in_words_whatever_else_is_under_way() {
    for (length, from) in [(SINGLE, 100_000), (RANGED, 10_000_000)] {
        let mut scene = scene(length, Some(Trick::ReadFails { from }));
        let got = scene.folder.path().join("got");
        let job = scene.crossing.copy(&remote("/srv/a"), &local(&got));
        let said = scene.crossing.fails(job, LONG);
        scene.was_tricked();
        assert!(said.contains("read /srv/a on "), "{said}");
        assert_eq!(files_below(&got), [""; 0]);
        scene.evil.world().repent();
        scene.gets();
    }
}

#[test]
fn replies_in_any_order_and_short_ones_are_right_in_ranges_too() {
    let mut turned = scene(RANGED, Some(Trick::OutOfOrder));
    assert_eq!((turned.gets(), turned.puts()), (1, 1));
    turned.was_tricked();
    for most in [32_767, 10_000] {
        let mut short = scene(RANGED, Some(Trick::ShortReads(most)));
        assert_eq!(short.gets(), 1, "{most}");
        short.was_tricked();
    }
}

#[test]
fn more_than_was_asked_for_is_refused_in_ranges_too() {
    let mut scene = scene(RANGED, Some(Trick::DataLonger));
    let got = scene.folder.path().join("got");
    let job = scene.crossing.copy(&remote("/srv/a"), &local(&got));
    scene.crossing.fails(job, LONG);
    scene.was_tricked();
    assert_eq!(files_below(&got), [""; 0]);
}

#[test]
fn a_part_as_long_as_the_file_is_not_taken_for_it() {
    // The first range breaks off when the others have made the part as long as it will be.
    for gets in [true, false] {
        let mut scene = scene(RANGED, None);
        scene.evil.world().trick(Trick::HangsUpOnce { from: RANGED as u64 - 1_000_000 });
        scene.evil.world().trick(Trick::HangsUpOnce { from: 2_000_000 });
        scene.evil.world().trick(Trick::ReadFailsOnce { from: 4_000_000 });
        scene.evil.world().trick(Trick::WriteFailsOnce { from: 4_000_000 });
        let attempts = if gets { scene.gets() } else { scene.puts() };
        scene.was_tricked();
        assert!(attempts <= 2, "{attempts}, gets: {gets}");
    }
}

#[test]
fn a_server_that_takes_one_request_at_a_time_gets_large_files_whole() {
    let mut scene = scene(RANGED, Some(Trick::RefusesCompany));
    scene.gets();
    scene.puts();
    scene.was_tricked();
}

#[test]
fn a_last_write_that_is_sent_again_comes_before_size_and_time() {
    let mut scene = scene(SINGLE, Some(Trick::WriteFailsOnce { from: SINGLE as u64 - 1 }));
    assert_eq!(scene.puts(), 1, "a size told too early would be a mismatch");
    scene.was_tricked();
    assert!(!scene.evil.world().written_last(), "the time that was set is no longer the file's");
}

#[test]
fn a_server_that_takes_one_request_at_a_time_gets_one_at_a_time() {
    let mut scene = scene(SINGLE, Some(Trick::RefusesCompany));
    scene.gets();
    scene.puts();
    scene.was_tricked();
    let refused_until_known = scene.evil.world().met();
    fs::remove_file(scene.folder.path().join("got/a")).unwrap();
    scene.gets();
    assert_eq!(scene.evil.world().met(), refused_until_known, "by then it is known");
    // And by the next connection, and by that which begins with ranges.
    scene.evil.cut();
    let _ = scene.crossing.list(&remote("/srv"));
    fs::remove_file(scene.folder.path().join("got/a")).unwrap();
    scene.gets();
    scene.puts();
    assert_eq!(scene.evil.world().met(), refused_until_known, "it is known of the site");
    assert_eq!(scene.evil.connections(), 2);
}

#[test]
fn no_more_requests_are_under_way_than_were_allowed() {
    let bounds = Bounds { connections: 1, requests_in_flight: 1 };
    let mut scene = scene_within(RANGED, Some(Trick::RefusesCompany), bounds);
    scene.gets();
    scene.puts();
    assert_eq!(scene.evil.world().met(), 0, "a request had company");
}

#[test]
fn a_server_that_allows_few_channels_is_content_with_what_there_is() {
    for sessions in [1, 2] {
        let options = Sshd::options().line(format!("MaxSessions {sessions}"));
        let Some(sshd) = options.start() else { return };
        let mut crossing = Crossing::new(&sshd.client().known().write(), None);
        let (there, here) = (sshd.files(), tempfile::tempdir().unwrap());
        let content = content(RANGED);
        fs::write(there.join("a"), &content).unwrap();
        let job = crossing.copy(&remote(path_bytes(&there.join("a"))), &local(here.path()));
        crossing.arrives(job, LONG);
        assert!(fs::read(here.path().join("a")).unwrap() == content, "{sessions}");
        fs::create_dir(there.join("put")).unwrap();
        let back = local(&here.path().join("a"));
        let job = crossing.copy(&back, &remote(path_bytes(&there.join("put"))));
        crossing.arrives(job, LONG);
        assert!(fs::read(there.join("put/a")).unwrap() == content, "{sessions}");
    }
}

fn path_bytes(path: &std::path::Path) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes()
}
