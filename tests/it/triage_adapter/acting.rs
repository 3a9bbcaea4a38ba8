//! Actions: one request each, and none that is not allowed.

use super::*;
use crate::support::ground::bare;

fn act(forge: &Fault, verb: Verb) -> Act {
    Act {
        verb,
        target: Target {
            source: SourceName::new("one"),
            run: run(forge),
            job: (verb == Verb::RerunJob).then_some(JOB),
            gate: (verb.of() == Of::Gate).then_some(Door::Environment(5)),
        },
    }
}

const WRITES: [Action; 4] = [
    Action::Rerun,
    Action::Cancel,
    Action::Approve,
    Action::Reject,
];

fn writer(forge: &Fault) -> GitHub {
    writer_within(forge, Limits::default())
}

fn writer_within(forge: &Fault, limits: Limits) -> GitHub {
    let settings = config(forge, &WRITES);
    let source = open_within(&settings, &Arc::default(), false, limits);
    source.restore(&[Arc::new(jobs(forge, TimeDelta::hours(3)))]);
    source
}

/// Acts once on a server that answers this; returns what came of it after counting requests.
#[track_caller]
fn check_act(verb: Verb, reply: Reply, expected: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let forge = Fault::start(move |_| reply.clone()).await;
        let done = writer(&forge).act(act(&forge, verb)).await;
        let said = match &done {
            Ok(()) => "done".to_owned(),
            Err(ActError::Refused { status, said }) => format!("refused {status}: {said}"),
            Err(ActError::Unsure { cause }) => format!("unsure: {cause}"),
            Err(ActError::NotSent(error)) => format!("not sent: {error}"),
            Err(ActError::Unsupported(why)) => format!("unsupported: {why}"),
        };
        assert!(said.starts_with(expected), "{said}");
        let seen = forge.seen();
        assert_eq!(seen.len(), 1, "exactly one request: {:?}", paths(&seen));
        assert_eq!(
            (seen[0].method.as_str(), seen[0].body.as_str()),
            ("POST", "")
        );
    });
}

#[test]
fn an_action_is_one_request_whatever_comes_of_it() {
    let said = |status: u16, text: &str| Reply::json(&json!({"message": text})).status(status);
    check_act(Verb::RerunFailed, said(201, ""), "done");
    check_act(Verb::Cancel, said(202, ""), "done");
    let running = "This workflow is already running";
    check_act(
        Verb::RerunAll,
        said(403, running),
        "refused 403: This workflow is already running",
    );
    check_act(
        Verb::Cancel,
        said(409, "Cannot cancel"),
        "refused 409: Cannot cancel",
    );
    check_act(Verb::RerunJob, said(422, "no"), "refused 422: no");
    check_act(
        Verb::RerunJob,
        said(404, "Not Found"),
        "refused 404: Not Found",
    );
    check_act(Verb::RerunAll, said(502, "Bad Gateway"), "unsure");
    check_act(Verb::RerunAll, said(500, ""), "unsure");
    let moved = Reply::new(307, "").with("location", "/elsewhere");
    check_act(Verb::ForceCancel, moved, "refused 307: ");
    // An escape in a refusal is text.
    check_act(Verb::Cancel, said(409, "a\u{1b}[31mb"), "refused 409: ab");
}

#[tokio::test]
async fn an_action_without_an_answer_is_one_request_and_unsure() {
    // Patience grows until the machine is quick enough to have sent the request within it.
    for patience in [400, 4_000, 14_000].map(Duration::from_millis) {
        let forge = Fault::start(|_| Reply::new(200, "").by(Way::Silent)).await;
        let limits = Limits {
            first_byte: patience,
            ..Limits::default()
        };
        let done = writer_within(&forge, limits)
            .act(act(&forge, Verb::RerunAll))
            .await;
        let unsure =
            matches!(&done, Err(ActError::Unsure { cause }) if cause.contains("no answer"));
        assert!(unsure, "{done:?}");
        let seen = forge.seen();
        assert!(seen.len() <= 1, "at most one request: {:?}", paths(&seen));
        if !seen.is_empty() {
            return;
        }
    }
    panic!("the request never came");
}

#[tokio::test]
async fn every_verb_has_its_address() {
    let forge = Fault::start(|_| Reply::new(201, "{}")).await;
    let source = writer(&forge);
    for verb in Verb::ALL {
        source.act(act(&forge, verb)).await.unwrap();
    }
    let base = "/repos/acme/api/actions";
    let expected = [
        format!("{base}/runs/9/rerun-failed-jobs"),
        format!("{base}/runs/9/rerun"),
        format!("{base}/jobs/77/rerun"),
        format!("{base}/runs/9/cancel"),
        format!("{base}/runs/9/force-cancel"),
        format!("{base}/runs/9/pending_deployments"),
        format!("{base}/runs/9/pending_deployments"),
    ];
    let seen = forge.seen();
    assert_eq!(paths(&seen), expected);
    let answers = seen.iter().filter(|seen| !seen.body.is_empty());
    let answers: Vec<Value> = answers
        .map(|seen| serde_json::from_str(&seen.body).unwrap())
        .collect();
    let answer = |state: &str| json!({"environment_ids": [5], "state": state, "comment": "answered from cycleboard"});
    assert_eq!(answers, [answer("approved"), answer("rejected")]);
}

#[tokio::test]
async fn what_is_not_allowed_is_not_sent() {
    let forge = Fault::start(|_| Reply::new(201, "{}")).await;
    let sent = |source: GitHub| {
        let act = act(&forge, Verb::Cancel);
        async move { source.act(act).await }
    };
    let kept = Arc::default();
    let read_only = open(&forge, &kept, &[Action::Cancel], true);
    let unlisted = open(&forge, &kept, &[Action::Rerun], false);
    for source in [read_only, unlisted] {
        let missing = source.capabilities().into_iter().any(|capability| {
            capability.name == "cancel" && matches!(capability.state, CapabilityState::Missing(_))
        });
        assert!(missing);
        let error = sent(source).await.unwrap_err();
        assert!(
            matches!(error, ActError::NotSent(SourceError::Refused { .. })),
            "{error:?}"
        );
    }
    assert!(forge.seen().is_empty());
}

/// Looks at the gate of a run whose environment waits so; returns its name and what hinders.
async fn gate_of(pending: Value) -> Option<(String, Option<String>)> {
    let forge = Fault::start(move |seen| match seen.path() {
        "/repos/acme/api/actions/runs/9" => Reply::json(&wire_run(3, "")),
        "/repos/acme/api/actions/runs/9/pending_deployments" => Reply::json(&pending),
        _ => Reply::new(404, "{}"),
    })
    .await;
    let target = act(&forge, Verb::Approve).target;
    let gate = writer(&forge).look_at(target).await.unwrap().gate?;
    Some((
        gate.name.to_string(),
        gate.hindrance.map(|why| why.to_string()),
    ))
}

#[tokio::test]
async fn a_gate_is_read_afresh_and_tells_who_may_not_open_it() {
    let pending = |id: u64, may: bool| {
        json!([{
            "environment": {"id": id, "name": "production"}, "wait_timer": 0,
            "current_user_can_approve": may, "reviewers": [],
        }])
    };
    let name = "production".to_owned();
    assert_eq!(gate_of(pending(5, true)).await, Some((name.clone(), None)));
    let why = "this account is none of its reviewers".to_owned();
    assert_eq!(gate_of(pending(5, false)).await, Some((name, Some(why))));
    assert_eq!(gate_of(pending(6, true)).await, None);
    assert_eq!(gate_of(json!([])).await, None);
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let forge = Fault::start(|_| Reply::new(201, "{}")).await;
    let mut settings = config(&forge, &[Action::Cancel]);
    // Nobody listens there, and no other test is ever given this port.
    settings.url.set_port(Some(1)).unwrap();
    let ground = Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| TOKEN.to_owned())),
        logs: Arc::new(Kept::default()),
        read_only: false,
        ..bare(now)
    };
    let source = GitHub::new(&settings, &ground, Limits::default()).unwrap();
    let error = source.act(act(&forge, Verb::Cancel)).await.unwrap_err();
    let unreachable = matches!(error, ActError::NotSent(SourceError::Unreachable { .. }));
    assert!(unreachable, "{error:?}");
}

#[tokio::test]
async fn a_target_is_read_afresh_and_tells_what_the_token_may() {
    let forge = Fault::start(|seen| match seen.path() {
        "/repos/acme/api/actions/runs/9" => {
            Reply::json(&wire_run(3, "failure")).with("x-oauth-scopes", "gist, read:org")
        }
        _ => Reply::json(&json!({"id": JOB, "name": "unit (linux)"})),
    })
    .await;
    let source = writer(&forge);
    for _ in 0..2 {
        let target = act(&forge, Verb::RerunJob).target;
        let fresh = source.look_at(target).await.unwrap();
        assert_eq!((fresh.name.as_str(), fresh.attempt), ("ci #812", 3));
        assert_eq!(fresh.job.unwrap().as_str(), "unit (linux)");
        assert_eq!(fresh.read_at, now());
    }
    assert_eq!(forge.seen().len(), 4, "never from a cache");
    assert!(
        forge
            .seen()
            .iter()
            .all(|seen| seen.header("if-none-match").is_none())
    );
    let error = source.act(act(&forge, Verb::RerunAll)).await.unwrap_err();
    assert!(error.to_string().contains("no scope `repo`"), "{error}");
    assert_eq!(forge.seen().len(), 4);
}

#[tokio::test]
async fn a_token_that_may_not_write_is_remembered() {
    let forge = Fault::start(|_| {
        let said = "Resource not accessible by personal access token";
        Reply::json(&json!({"message": said})).status(403)
    })
    .await;
    let source = writer(&forge);
    let error = source.act(act(&forge, Verb::Cancel)).await.unwrap_err();
    assert!(
        matches!(error, ActError::Refused { status: 403, .. }),
        "{error:?}"
    );
    let error = source.act(act(&forge, Verb::Cancel)).await.unwrap_err();
    assert!(matches!(error, ActError::NotSent(_)), "{error:?}");
    assert_eq!(forge.seen().len(), 1);
}
