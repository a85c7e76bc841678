//! What vanishes or becomes something else between being listed and being acted on: no act goes through a link that
//! was not one, and what happened is said.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use wharf::{
    domain::{entry::Timestamp, error::ErrorKind, place::Endpoint},
    engine::message::{Destination, JobRequest, Modes, Traits, Work},
    storage::{
        Replace, Storage as _,
        memory::{MemoryStorage, Operation},
    },
};

use super::engine_rig::*;

fn on_tree(work: Work) -> JobRequest {
    JobRequest { work, ..get(&["/there/t"], "/here") }
}

fn plant() -> Rig {
    let rig = Rig::new();
    for name in ["t/d/a", "t/d/e/b", "t/f", "kept/a", "kept/e/b"] {
        rig.there.put(format!("/there/{name}"), name).unwrap();
    }
    rig
}

/// Once the folder was listed, and before its rows are told, what stands in it makes way for something else.
fn exchanges(
    storage: &MemoryStorage,
    listed: &'static str,
    away: &'static str,
    link: Option<&'static str>,
) {
    let (there, is_done) = (storage.clone(), Arc::new(AtomicBool::new(false)));
    storage.before(move |call| {
        let is_it = call.operation == Operation::ListRows && call.path == path(listed);
        let there = there.clone();
        let now = is_it && !is_done.swap(is_it, Ordering::SeqCst);
        async move {
            if now {
                let there = there.reconnected();
                there.rename(&path(away), &path("/there/aside"), Replace::Never).await?;
                if let Some(target) = link {
                    there.put_link(away, target).unwrap();
                }
            }
            Ok(())
        }
    });
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_through_a_link_that_was_a_directory() {
    let modes = Work::SetModes(Modes { files: 0o600, folders: 0o700 });
    let modified = Some(Timestamp::from_seconds(1_600_000_000));
    let traits = Work::SetTraits(Traits { modified, ..Traits::default() });
    let away = Work::Move(Destination::Into(at(Endpoint::Local, "/here")));
    for (work, exact) in
        [(Work::Delete, true), (Work::Delete, false), (modes, true), (traits, true), (away, true)]
    {
        let mut rig = plant();
        // What a look costs, and sees, is not said by what rows tell.
        rig.there.set_capabilities(|can| can.exact_listings = exact);
        let kept = ["/there/kept", "/there/kept/a", "/there/kept/e/b"];
        let before = kept.map(|path| rig.there.attributes(path));
        exchanges(&rig.there, "/there/t", "/there/t/d", Some("/there/kept"));
        let report = rig.run(on_tree(work.clone())).await;
        assert_eq!(kept.map(|path| rig.there.attributes(path)), before, "{work:?}");
        let told: Vec<_> = report.failures().iter().map(|(error, _)| error.to_string()).collect();
        let said = told.iter().any(|words| {
            words.contains("/there/t/d") && words.contains("not a directory any more")
        });
        assert!(said, "{work:?}: {told:?}");
        assert!(rig.there.link_target("/there/t/d").is_some(), "{work:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_became_a_link_is_not_followed() {
    let mut rig = plant();
    let before = rig.there.attributes("/there/kept/a");
    exchanges(&rig.there, "/there/t", "/there/t/f", Some("/there/kept/a"));
    rig.run(on_tree(Work::SetModes(Modes { files: 0o600, folders: 0o700 }))).await;
    assert_eq!(rig.there.attributes("/there/kept/a"), before);
    rig.run(on_tree(Work::Delete)).await;
    assert_eq!(rig.there.attributes("/there/kept/a"), before);
    assert_eq!(rig.there.attributes("/there/t"), None);
}

#[tokio::test(start_paused = true)]
async fn what_vanished_is_told_and_the_rest_is_done() {
    for away in ["/there/t/d", "/there/t/f"] {
        // Removed is what is gone.
        let mut rig = plant();
        exchanges(&rig.there, "/there/t", away, None);
        let report = rig.run(on_tree(Work::Delete)).await;
        assert_eq!(report.failures().len(), 0, "{report:?}");
        assert_eq!(rig.there.attributes("/there/t"), None);
        // What was to be changed or copied is missed, and named.
        let modes = Work::SetModes(Modes { files: 0o640, folders: 0o750 });
        let copied = Work::Copy(Destination::Into(at(Endpoint::Local, "/here")));
        for work in [modes, copied] {
            let mut rig = plant();
            exchanges(&rig.there, "/there/t", away, None);
            let report = rig.run(on_tree(work.clone())).await;
            let (error, _) = report.only_failure();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{work:?}");
            assert!(error.to_string().contains(away), "{error}");
            assert!(report.summary.counts.done >= 2, "{work:?} {away}: {report:?}");
        }
    }
}
