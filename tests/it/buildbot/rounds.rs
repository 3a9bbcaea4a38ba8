//! Rounds: what is asked for, what becomes of builds, and what a failure leaves.

use super::*;
use cycleboard::domain::diagnosis::LogState;

#[tokio::test]
async fn a_build_that_waits_runs_and_ends_stays_one_run() {
    let bench = Bench::new().await;
    let wish = bench.master().wish(1, SHA, None);
    let first = bench.read().await;
    let queued = only(&first).clone();
    assert_eq!((&queued.state, queued.attempt), (&RunState::Queued, 1));
    assert_eq!(queued.repo.as_str(), "github.com/acme/api");
    assert_eq!(queued.head_sha.as_ref().unwrap().as_str(), SHA);
    assert_eq!((&*queued.workflow, &*queued.title), ("unit", "try"));
    assert!(
        queued
            .url
            .as_ref()
            .unwrap()
            .as_str()
            .ends_with("/#/buildrequests/1")
    );
    assert_eq!(moving(&first), [Fact::Run(queued.clone()).id()].into());

    let build = bench.master().begin(wish);
    let second = bench.read().await;
    let running = only(&second);
    assert_eq!(
        (running.id, &running.state),
        (queued.id, &RunState::Running)
    );
    assert_eq!(running.created_at, queued.created_at);
    assert!(
        running
            .url
            .as_ref()
            .unwrap()
            .as_str()
            .ends_with("/#/builders/1/builds/1")
    );
    assert_eq!(moving(&second).len(), 1);

    bench.master().end(build, 0);
    let third = bench.read().await;
    let passed = only(&third);
    assert_eq!((passed.id, &passed.state), (queued.id, &RunState::Passed));
    assert!(moving(&third).is_empty());
    let is_job = |fact: &&Fact| matches!(fact, Fact::JobSet(set) if set.complete);
    assert_eq!(
        third.facts.iter().filter(is_job).count(),
        1,
        "its time is known"
    );
    assert!(bench.read().await.facts.is_empty(), "it never changes");
}

#[tokio::test]
async fn a_round_without_news_costs_two_requests_and_three_where_something_runs() {
    let bench = Bench::new().await;
    let one = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(one);
    bench.read().await;
    let before = bench.fault.seen().len();
    bench.read().await;
    let asked = bench.asked(before);
    assert_eq!(asked.len(), 3, "{asked:#?}");
    assert!(asked[0].starts_with("/api/v2/buildrequests?complete=false"));
    assert!(asked[1].contains("buildid__gt=1"), "{asked:#?}");
    assert!(asked[2].contains("buildid__eq=1"), "{asked:#?}");
    bench.master().end(build, 2);
    bench.read().await;
    let before = bench.fault.seen().len();
    bench.read().await;
    assert_eq!(bench.asked(before).len(), 2);
}

#[tokio::test]
async fn a_build_that_is_done_again_is_the_next_attempt_also_after_a_restart() {
    let bench = Bench::new().await;
    let wish = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(wish);
    bench.master().end(build, 2);
    let first = bench.read().await;
    let failed = only(&first).clone();
    let again = bench.master().wish(1, SHA, Some(build));
    let waits = bench.read().await;
    let queued = only(&waits);
    assert_eq!((queued.id, queued.attempt), (failed.id, 2));
    assert_eq!(queued.state, RunState::Queued);
    let second = bench.master().begin(again);
    bench.master().end(second, 0);
    let over = bench.read().await;
    let passed = only(&over);
    assert_eq!((passed.id, passed.attempt), (failed.id, 2));
    assert_eq!(passed.state, RunState::Passed);
    let before = earlier(&over);
    assert_eq!((before[0].attempt, before[0].run.id), (1, failed.id));

    let stored = [&first, &over];
    let stored: Vec<Arc<Fact>> = stored
        .iter()
        .flat_map(|batch| batch.facts.iter().cloned().map(Arc::new))
        .collect();
    let restarted = Bench {
        source: source(&bench.fault, &[]),
        ..bench
    };
    // The last that was told of an identity is what the store holds.
    restarted
        .source
        .restore(&stored[stored.len() - over.facts.len()..]);
    let after = restarted.read().await;
    let same = only(&after);
    assert_eq!((same.id, same.attempt), (failed.id, 2));
    assert_eq!(&same, &passed);
}

#[tokio::test]
async fn a_build_that_the_server_retries_by_itself_is_the_next_attempt() {
    let bench = Bench::new().await;
    let wish = bench.master().wish(1, "", None);
    let lost = bench.master().begin(wish);
    let first = bench.read().await;
    bench.master().end(lost, 5);
    let waits = bench.read().await;
    assert_eq!(only(&waits).state, RunState::Queued);
    assert_eq!(moving(&waits), moving(&first));
    let second = bench.master().begin(wish);
    bench.master().end(second, 0);
    let over = bench.read().await;
    assert_eq!((only(&over).attempt, only(&over).id), (2, only(&first).id));
}

#[tokio::test]
async fn what_waited_and_was_cancelled_leaves_and_an_earlier_attempt_comes_back() {
    let bench = Bench::new().await;
    let wish = bench.master().wish(2, SHA, None);
    bench.read().await;
    bench.master().close(wish, 6);
    let gone = bench.read().await;
    assert!(gone.facts.is_empty() && moving(&gone).is_empty());

    let wish = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(wish);
    bench.master().end(build, 2);
    bench.read().await;
    let again = bench.master().wish(1, SHA, Some(build));
    assert_eq!(only(&bench.read().await).attempt, 2);
    bench.master().close(again, 6);
    let back = bench.read().await;
    assert_eq!(only(&back).attempt, 1);
    assert!(matches!(only(&back).state, RunState::Failed(_)));
}

#[tokio::test]
async fn a_failed_request_tells_nothing_and_forgets_nothing() {
    for broken in [
        "builds",
        "buildrequests",
        "buildsets",
        "changes",
        "builders",
    ] {
        let bench = Bench::new().await;
        let wish = bench.master().wish(1, SHA, None);
        let build = bench.master().begin(wish);
        bench.master().end(build, 2);
        bench.master().broken = Some(broken);
        assert!(bench.try_read("builds").await.is_err(), "{broken}");
        bench.master().broken = None;
        let batch = bench.read().await;
        assert!(
            matches!(only(&batch).state, RunState::Failed(_)),
            "{broken}"
        );
    }
}

#[tokio::test]
async fn many_new_builds_are_read_page_by_page_and_what_hangs_is_known_from_the_first() {
    let bench = Bench::new().await;
    let old = bench.master().wish(2, SHA, None);
    bench.master().begin(old);
    for _ in 0..250 {
        let wish = bench.master().wish(1, SHA, None);
        let build = bench.master().begin(wish);
        bench.master().end(build, 0);
    }
    let first = bench.read().await;
    assert_eq!(
        runs(&first).len(),
        201,
        "the newest, and the one that hangs"
    );
    for _ in 0..250 {
        let wish = bench.master().wish(1, SHA, None);
        let build = bench.master().begin(wish);
        bench.master().end(build, 0);
    }
    let second = bench.read().await;
    assert_eq!(runs(&second).len(), 251, "all that were missed");
}

#[tokio::test]
async fn steps_and_logs_come_when_they_are_needed_and_only_for_own_runs() {
    let bench = Bench::new().await;
    let wish = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(wish);
    bench.master().end(build, 2);
    let first = bench.read().await;
    let run = only(&first).clone();
    let repo = run.repo.clone();
    let other = Need::Jobs {
        repo: repo.clone(),
        run: 30_433_642,
    };
    bench.source.need(&[other].into());
    let named = |bench: &Bench| {
        let polled = bench.source.resources(now());
        polled.iter().any(|it| &*it.id == "needs")
    };
    assert!(!named(&bench), "the forge's own run is none of ours");
    {
        let mut master = bench.master();
        let step = |id: u64, name: &str, results: u64| {
            json!({"stepid": id, "number": id - 1, "name": name, "hidden": false, "complete": true,
                "results": results, "started_at": 1, "complete_at": 2, "state_string": ""})
        };
        master.steps = vec![step(1, "make", 2), step(2, "lint", 0), step(3, "test", 2)];
        master.logs = vec![
            json!({"logid": 5, "name": "stdio", "type": "s"}),
            json!({"logid": 6, "name": "report", "type": "h"}),
        ];
    }
    let jobs = Need::Jobs {
        repo: repo.clone(),
        run: run.id,
    };
    let batch = bench.need(std::slice::from_ref(&jobs)).await;
    let Fact::JobSet(set) = &batch.facts[0] else {
        panic!("{batch:?}")
    };
    assert!(set.complete && set.jobs[0].steps.len() == 3);
    assert!(!named(&bench), "it never changes");
    let job = set.jobs[0].id;
    let before = bench.fault.seen().len();
    let why = Need::Diagnosis {
        repo,
        run: run.id,
        job,
    };
    let batch = bench.need(&[jobs, why]).await;
    let Fact::Diagnosis(found) = &batch.facts[0] else {
        panic!("{batch:?}")
    };
    assert!(matches!(found.log, LogState::Read { .. }));
    assert_eq!(found.step.as_ref().unwrap().0, 1);
    let error = found.error.as_ref().unwrap();
    assert_eq!(error.code.as_deref(), Some("E0308"));
    let asked = bench.asked(before);
    let raw = asked.iter().filter(|it| it.ends_with("/logs/5/raw"));
    assert_eq!(
        raw.count(),
        2,
        "each step that failed, and no page: {asked:#?}"
    );
}

#[tokio::test]
async fn the_past_of_a_builder_is_told_on_request() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        let wish = bench.master().wish(1, SHA, None);
        let build = bench.master().begin(wish);
        bench.master().end(build, 0);
    }
    let batch = bench.read().await;
    let run = runs(&batch)[0].clone();
    let past = Need::History {
        repo: run.repo.clone(),
        workflow: run.workflow_key().clone(),
        branch: "main".into(),
        runs: 20,
    };
    let batch = bench.need(&[past]).await;
    assert_eq!(runs(&batch).len(), 3);
    let before = bench.fault.seen().len();
    bench.read().await;
    assert_eq!(bench.asked(before).len(), 2, "nothing of it is asked again");
}
