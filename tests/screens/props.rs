//! What stands on more than one stage: a site, what was asked for, a job that runs.

use std::sync::Arc;

use wharf::{
    domain::{path::StoragePath, place::Endpoint, site::Site},
    engine::message::{
        Counts, Destination, JobOptions, JobProgress, JobRequest, JobState, Snapshot, Work,
    },
};

use super::stage::{Stage, location};

pub(super) fn site() -> Arc<Site> {
    match location("anna@files.example:").endpoint {
        Endpoint::Remote(site) => site,
        Endpoint::Local => unreachable!(),
    }
}

/// A directory, to the server.
pub(super) fn request() -> Arc<JobRequest> {
    Arc::new(JobRequest {
        work: Work::Copy(Destination::Into(location("files.example:/srv/in"))),
        from: Endpoint::Local,
        sources: vec![StoragePath::new("/home/anna/cargo")],
        options: JobOptions::default(),
    })
}

/// Copies it, and has some of it carried.
pub(super) fn with_a_job(stage: &mut Stage) {
    stage.keys("j F5 Enter");
    let (id, _) = stage.take_job();
    let job = JobProgress {
        id,
        request: request(),
        state: JobState::Running,
        counts: Counts::default(),
        planned: 20,
        planned_bytes: 400 << 20,
        plan_complete: true,
        carried_bytes: 100 << 20,
        rate: 8e6,
        seconds_left: Some(37.0),
        retry: None,
        last_failure: None,
        verifying: 0,
    };
    stage.progress(Snapshot { jobs: vec![job], ..Snapshot::default() });
}
