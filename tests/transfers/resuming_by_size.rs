//! Parts that no digest proves (FAULTS.md 16): what is at their end is compared, and the source is to be the one they were
//! begun from.

use wharf::{
    domain::digest::{Verdict, VerifyLevel},
    storage::memory::Operation,
};

use super::{
    engine_rig::*,
    resuming::{Ground, LARGE, hangs_after, only_left, size, until},
};

/// Leaves half of a file here, spoils it, and goes on: what arrives is what the source holds then.
async fn goes_on_after(spoil: impl FnOnce(&Ground, &[u8])) {
    let ground = Ground::new();
    ground.there.put("/there/a", bytes(LARGE)).unwrap();
    hangs_after(&ground.here, Operation::Write, LARGE / (64 << 10) / 2);
    let request = with(get(&["/there/a"], "/here"), verify(VerifyLevel::Size));
    let mut engine = ground.engine();
    engine.add(request);
    let here = ground.here.clone();
    until(|| parts(&here).first().is_some_and(|part| size(&here, part) >= LARGE as u64 / 2)).await;
    engine.leave().await;
    ground.here.without_hook();
    let part = parts(&ground.here)[0].clone();
    spoil(&ground, part.as_bytes());
    let mut engine = ground.engine();
    let number = only_left(&mut engine).await;
    let job = engine.resume(number);
    let report = engine.end_of(job).await;
    assert_eq!(report.done[0].verdict, Some(Verdict::Size));
    let expected = ground.there.content("/there/a");
    assert!(expected.is_some() && ground.here.content("/here/a") == expected);
}

#[tokio::test]
async fn a_job_of_sizes_alone_compares_the_end_of_the_part() {
    goes_on_after(|ground, part| {
        let mut content = ground.here.content(part).unwrap();
        let last = content.len() - 1;
        content[last] ^= 1;
        ground.here.put(part, content).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_job_of_sizes_alone_begins_again_where_the_source_is_another() {
    // Of the same size, and the same at the end of what is here: its time alone tells.
    goes_on_after(|ground, _| {
        let mut content = bytes(LARGE);
        content[1000] ^= 1;
        ground.there.put("/there/a", content).unwrap();
    })
    .await;
}
