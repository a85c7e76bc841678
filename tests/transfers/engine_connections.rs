//! Connections that cannot be made, are lost, come back, ask; and what waits for them meanwhile.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use tokio::time::{Duration, Instant};
use wharf::{
    domain::{
        error::{Error, ErrorKind},
        question::{Answer, Question},
        site::{Protocol, Site},
    },
    engine::message::{Command, ConnectionState, Event, JobState, Target, Work},
    storage::memory::{MemoryStorage, Operation},
};

use super::engine_rig::*;

fn refused(kind: ErrorKind) -> Error {
    Error::new(kind, "log in to files.example", "it was refused")
}

fn lost() -> Error {
    Error::new(ErrorKind::ConnectionLost, "write to files.example", "the connection ended")
}

/// Cuts the connection the first `times` times that an operation is reached.
fn cuts_at(storage: &MemoryStorage, operation: Operation, times: u32) -> Arc<AtomicU32> {
    let met = Arc::new(AtomicU32::new(0));
    let count = met.clone();
    storage.before(move |call| {
        let cut = call.operation == operation && count.fetch_add(1, Ordering::SeqCst) < times;
        async move { if cut { Err(lost()) } else { Ok(()) } }
    });
    met
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_in_the_middle_is_made_again_and_the_file_arrives() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(500_000)).unwrap();
    cuts_at(&rig.there, Operation::Write, 1);
    let id = rig.add(put(&["/here/a"], "/there"));
    let snapshot = rig.progress_that(id, |job| job.state == JobState::Retrying).await;
    let retry = snapshot.jobs[0].retry.clone().unwrap();
    assert_eq!((retry.attempt, retry.why.kind()), (2, ErrorKind::ConnectionLost));
    let wait = retry.at.duration_since(Instant::now().into_std());
    assert!(wait <= Duration::from_millis(1250), "{wait:?}");

    let report = rig.end_of(id).await;
    assert_eq!(report.done[0].attempts, 2);
    assert_eq!(rig.there.content("/there/a").unwrap(), bytes(500_000));
    assert_eq!(rig.dials_to(&server()), 2);
    // The part of the lost connection was removed over the new one.
    until_tidy(&rig.there).await;
}

#[tokio::test(start_paused = true)]
async fn connections_are_told_as_they_change() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(10)).unwrap();
    cuts_at(&rig.there, Operation::FinishWrite, 1);
    let id = rig.add(put(&["/here/a"], "/there"));
    let mut states = Vec::new();
    loop {
        match rig.event().await {
            Event::Connection { endpoint, state } if endpoint == server() => {
                states.push(match state {
                    ConnectionState::Connecting => "connecting",
                    ConnectionState::Connected => "connected",
                    ConnectionState::Lost(_) => "lost",
                });
            }
            Event::JobEnded(summary) if summary.job == id => break,
            _ => {}
        }
    }
    assert_eq!(states, ["connecting", "connected", "lost", "connecting", "connected"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_lost_at_the_rename_makes_no_second_copy_and_no_question() {
    for really_renamed in [true, false] {
        let mut rig = Rig::new();
        rig.here.put("/here/a", bytes(1000)).unwrap();
        let (inside, times) = (rig.there.clone(), Arc::new(AtomicU32::new(0)));
        let opened = Arc::new(AtomicU32::new(0));
        let openings = opened.clone();
        rig.there.before(move |call| {
            let (inside, openings) = (inside.clone(), openings.clone());
            let first =
                call.operation == Operation::Rename && times.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                if call.operation == Operation::OpenWrite {
                    openings.fetch_add(1, Ordering::SeqCst);
                }
                if first {
                    if really_renamed {
                        let bytes = inside.content(call.path.as_bytes()).unwrap();
                        inside.put("/there/a", bytes).unwrap();
                        inside.without_hook();
                        use wharf::storage::Storage;
                        inside.remove_file(&call.path).await.unwrap();
                    }
                    return Err(lost());
                }
                Ok(())
            }
        });
        let report = rig.run(put(&["/here/a"], "/there")).await;
        assert_eq!(report.summary.counts.done, 1, "{report:?}");
        assert_eq!(rig.there.content("/there/a").unwrap(), bytes(1000));
        assert_eq!(opened.load(Ordering::SeqCst), 1, "it was carried once");
        until_tidy(&rig.there).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_reply_was_lost_is_no_conflict_with_itself() {
    let mut rig = Rig::new();
    rig.there.put_link("/there/link", "somewhere").unwrap();
    let cut = AtomicU32::new(0);
    rig.there.before(move |call| {
        let cut =
            call.operation == Operation::RemoveFile && cut.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if cut { Err(lost()) } else { Ok(()) } }
    });
    let mut request = get(&["/there/link"], "/here");
    if let Work::Copy(destination) = request.work {
        request.work = Work::Move(destination);
    }
    let report = rig.run(request).await;
    assert_eq!(report.summary.counts.done, 1, "{report:?}");
    assert_eq!(rig.here.link_target("/here/link").unwrap(), b"somewhere");
    assert_eq!(rig.there.link_target("/there/link"), None);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_flaps_twenty_times_gets_it_all_across() {
    let mut rig = Rig::new();
    for file in 0..100 {
        rig.here.put(format!("/here/d/{file}"), bytes(file)).unwrap();
    }
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    rig.there.before(move |_| {
        let call = count.fetch_add(1, Ordering::SeqCst);
        let cut = call % 37 == 36 && call < 37 * 20;
        async move { if cut { Err(lost()) } else { Ok(()) } }
    });
    let report = rig.run(put(&["/here/d"], "/there")).await;
    assert_eq!((report.summary.counts.files, report.summary.counts.failed), (100, 0));
    for file in 0..100 {
        assert_eq!(rig.there.content(format!("/there/d/{file}")).unwrap(), bytes(file));
    }
    until_tidy(&rig.there).await;
    assert_eq!(rig.there.paths().len(), 102, "nothing twice: {:?}", rig.there.paths());
}

/// It lets everybody in, and drops whoever asks for anything.
#[tokio::test(start_paused = true)]
async fn a_server_that_drops_everybody_is_not_hammered() {
    let mut rig = Rig::new();
    for file in 0..50 {
        rig.here.put(format!("/here/{file}"), bytes(10)).unwrap();
    }
    let names: Vec<String> = (0..50).map(|file| format!("/here/{file}")).collect();
    let sources: Vec<&str> = names.iter().map(String::as_str).collect();
    cuts_at(&rig.there, Operation::OpenWrite, u32::MAX);
    let start = Instant::now();
    let report = rig.run(put(&sources, "/there")).await;
    assert_eq!(report.failures().len(), 50);
    let (dials, took) = (rig.dials_to(&server()), start.elapsed());
    assert!(took > Duration::from_secs(20) * dials, "{dials} dials in {took:?}");
}

#[tokio::test(start_paused = true)]
async fn patience_ends_after_eight_attempts_without_progress() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(10)).unwrap();
    let met = cuts_at(&rig.there, Operation::OpenWrite, u32::MAX);
    let start = Instant::now();
    let report = rig.run(put(&["/here/a"], "/there")).await;
    let (error, attempts) = report.only_failure();
    assert_eq!((error.kind(), attempts), (ErrorKind::ConnectionLost, 9));
    assert_eq!(met.load(Ordering::SeqCst), 9);
    assert!(start.elapsed() > Duration::from_secs(90), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(600), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_gets_further_earns_new_patience() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(8_000_000)).unwrap();
    let (attempt, written) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    rig.there.before(move |call| {
        let mut cut = false;
        match call.operation {
            Operation::OpenWrite => {
                attempt.fetch_add(1, Ordering::SeqCst);
                written.store(0, Ordering::SeqCst);
            }
            Operation::Write => {
                let attempt = attempt.load(Ordering::SeqCst);
                cut = attempt <= 12 && written.fetch_add(1, Ordering::SeqCst) == attempt;
            }
            _ => {}
        }
        async move { if cut { Err(lost()) } else { Ok(()) } }
    });
    let options = verify(wharf::domain::digest::VerifyLevel::Size);
    let report = rig.run(with(put(&["/here/a"], "/there"), options)).await;
    assert_eq!(report.summary.counts.failed, 0, "{report:?}");
    assert_eq!(report.done[0].attempts, 13);
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_ended_by_a_person() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(10)).unwrap();
    cuts_at(&rig.there, Operation::OpenWrite, 6);
    let id = rig.add(put(&["/here/a"], "/there"));
    let start = Instant::now();
    for attempt in 2..=7 {
        let at = |job: &wharf::engine::message::JobProgress| {
            job.retry.as_ref().is_some_and(|retry| retry.attempt == attempt)
        };
        rig.progress_that(id, at).await;
        rig.tell(Command::Retry(Target::Job(id)));
    }
    assert_eq!(rig.end_of(id).await.summary.counts.done, 1);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_fails_all_steps_at_once() {
    for kind in [
        ErrorKind::LoginRefused,
        ErrorKind::HostKeyRefused,
        ErrorKind::HostNotFound,
        ErrorKind::Unreachable,
    ] {
        let mut rig = Rig::new();
        rig.answer_dials(server(), move |_| Err(refused(kind)));
        let names: Vec<String> = (0..500).map(|file| format!("/here/{file}")).collect();
        for name in &names {
            rig.here.put(name, "x").unwrap();
        }
        let sources: Vec<&str> = names.iter().map(String::as_str).collect();
        let start = Instant::now();
        let id = rig.add(put(&sources, "/there"));
        let report = rig.end_of(id).await;
        assert_eq!(report.failures().len(), 500);
        assert!(report.failures().iter().all(|(error, _)| error.kind() == kind));
        assert_eq!(rig.dials_to(&server()), 1);
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        rig.progress_that(id, |job| job.state == JobState::Failed).await;

        // Mended, and tried again.
        rig.serve(server(), rig.there.clone());
        rig.tell(Command::Retry(Target::Job(id)));
        assert_eq!(rig.end_of(id).await.summary.counts.done, 500);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_key_that_changes_on_a_reconnect_stops_the_queue() {
    let mut rig = Rig::new();
    for file in 0..300 {
        rig.here.put(format!("/here/d/{file}"), bytes(10)).unwrap();
    }
    let there = rig.there.clone();
    rig.answer_dials(server(), move |number| match number {
        1 => Ok(Arc::new(there.reconnected())),
        _ => Err(refused(ErrorKind::HostKeyRefused)),
    });
    let count = AtomicU32::new(0);
    rig.there.before(move |call| {
        let gone =
            call.operation == Operation::FinishWrite && count.fetch_add(1, Ordering::SeqCst) >= 100;
        async move { if gone { Err(lost()) } else { Ok(()) } }
    });
    let report = rig.run(put(&["/here/d"], "/there")).await;
    let failures = report.failures();
    assert!(failures.len() >= 200, "{}", failures.len());
    assert!(failures.iter().all(|(error, _)| error.kind() == ErrorKind::HostKeyRefused));
    assert!(rig.dials_to(&server()) <= 3, "{}", rig.dials_to(&server()));
    assert!(report.summary.counts.done >= 100);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_for_a_while_is_waited_for() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(100)).unwrap();
    rig.here.put("/here/b", bytes(100)).unwrap();
    let there = rig.there.clone();
    rig.answer_dials(server(), move |number| match number {
        2..=5 => Err(Error::new(ErrorKind::Unreachable, "connect to files.example", "refused")),
        _ => Ok(Arc::new(there.reconnected())),
    });
    rig.run(put(&["/here/b"], "/there")).await;
    cuts_at(&rig.there, Operation::FinishWrite, 1);
    let id = rig.add(put(&["/here/a"], "/there"));
    let waits = |job: &wharf::engine::message::JobProgress| {
        job.state == JobState::Retrying
            && job.retry.as_ref().is_some_and(|retry| retry.why.kind() == ErrorKind::Unreachable)
    };
    rig.progress_that(id, waits).await;
    assert_eq!(rig.end_of(id).await.summary.counts.done, 1);
    assert_eq!(rig.dials_to(&server()), 6);
}

#[tokio::test(start_paused = true)]
async fn a_person_who_tries_again_and_again_takes_nothing_from_the_patience_of_a_job() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", bytes(100)).unwrap();
    rig.here.put("/here/b", bytes(100)).unwrap();
    let (there, away) = (rig.there.clone(), Arc::new(AtomicBool::new(false)));
    let is_away = away.clone();
    rig.answer_dials(server(), move |_| match is_away.load(Ordering::SeqCst) {
        true => Err(Error::new(ErrorKind::Unreachable, "connect to files.example", "refused")),
        false => Ok(Arc::new(there.reconnected())),
    });
    rig.run(put(&["/here/b"], "/there")).await;
    away.store(true, Ordering::SeqCst);
    cuts_at(&rig.there, Operation::FinishWrite, 1);
    let id = rig.add(put(&["/here/a"], "/there"));
    let waits = |job: &wharf::engine::message::JobProgress| {
        job.retry.as_ref().is_some_and(|retry| retry.why.kind() == ErrorKind::Unreachable)
    };
    let before = rig.progress_that(id, waits).await.jobs[1].retry.clone().unwrap();
    for ticket in 0..20 {
        let error = rig.list(ticket, at(server(), "/there")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
    }
    let snapshot = rig.progress_that(id, waits).await;
    let after = snapshot.jobs[1].retry.clone().unwrap();
    assert_eq!((after.attempt, after.at), (before.attempt, before.at));
    away.store(false, Ordering::SeqCst);
    assert_eq!(rig.end_of(id).await.summary.counts.done, 1);
}

#[tokio::test]
async fn one_dial_serves_all_who_wait() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "x").unwrap();
    let site = Site::new(Protocol::Sftp, None, "files.example", None).unwrap();
    *rig.dials.question.lock().unwrap() = Some(Question::HostKey {
        site: Arc::new(site),
        known_as: "files.example".into(),
        key_type: "ssh-ed25519".into(),
        fingerprint: "SHA256:x".into(),
    });
    // This machine is asked about as well in this rig: answer that first.
    let first = rig.add(put(&["/here/a"], "/there/1"));
    let second = rig.add(put(&["/here/a"], "/there/2"));
    let mut answered = 0;
    let mut ended = 0;
    while ended < 2 {
        match rig.event().await {
            Event::Asked { id, job, question: Question::HostKey { .. } } => {
                assert_eq!(job, Some(first));
                answered += 1;
                rig.tell(Command::Answer(id, Answer::Yes));
            }
            Event::JobEnded(summary) => {
                assert_eq!(summary.counts.done, 1, "{summary:?}");
                ended += 1;
            }
            _ => {}
        }
    }
    let _ = second;
    assert_eq!(answered, 2, "one for each endpoint");
    assert_eq!(rig.dials_to(&server()), 1);
    assert!(rig.dials.answers.lock().unwrap().iter().all(|answer| matches!(answer, Answer::Yes)));
}

#[tokio::test]
async fn a_login_question_is_withdrawn_with_the_job_that_needed_it() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "x").unwrap();
    *rig.dials.question.lock().unwrap() =
        Some(Question::Passphrase { key: "id".into(), again_because: String::new() });
    let id = rig.add(put(&["/here/a"], "/there"));
    let mut asked = vec![rig.question().await.0, rig.question().await.0];
    rig.progress_that(id, |job| job.state == JobState::Asking).await;
    rig.tell(Command::Cancel(Target::Job(id)));
    let mut withdrawn = Vec::new();
    while withdrawn.len() < 2 {
        if let Event::Withdrawn(question) = rig.event().await {
            withdrawn.push(question);
        }
    }
    asked.sort();
    withdrawn.sort();
    assert_eq!(asked, withdrawn);
    assert!(rig.dials.answers.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_could_not_be_removed_is_removed_on_the_next_attempt() {
    let mut rig = Rig::new();
    rig.there.put("/there/a", bytes(100)).unwrap();
    let openings = Arc::new(Mutex::new(0));
    let (count, cut) = (openings.clone(), AtomicU32::new(0));
    rig.there.before(move |call| {
        if call.operation == Operation::OpenRead {
            *count.lock().unwrap() += 1;
        }
        let cut = call.operation == Operation::RemoveFile && cut.fetch_add(1, Ordering::SeqCst) < 2;
        async move { if cut { Err(lost()) } else { Ok(()) } }
    });
    let mut request = get(&["/there/a"], "/here");
    if let Work::Copy(destination) = request.work {
        request.work = Work::Move(destination);
    }
    let report = rig.run(request).await;
    assert_eq!(report.done.len(), 1, "{report:?}");
    assert_eq!(report.done[0].attempts, 3);
    assert_eq!(*openings.lock().unwrap(), 1, "it was carried once");
    assert_eq!(rig.there.content("/there/a"), None);
    assert_eq!(rig.here.content("/here/a").unwrap(), bytes(100));
}

#[tokio::test]
async fn disconnecting_is_obeyed_and_jobs_connect_again() {
    let mut rig = Rig::new();
    rig.here.put("/here/a", "x").unwrap();
    rig.run(put(&["/here/a"], "/there/1")).await;
    rig.tell(Command::Disconnect(server()));
    rig.event_that(|event| match event {
        Event::Connection { state: ConnectionState::Lost(_), .. } => Some(()),
        _ => None,
    })
    .await;
    rig.run(put(&["/here/a"], "/there/2")).await;
    assert_eq!(rig.dials_to(&server()), 2);
}
