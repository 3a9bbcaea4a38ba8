//! Recorded and odd answers, and what becomes of them.

use serde_json::json;

use super::*;

const BUILDS: &str = include_str!("../../../../tests/data/buildbot/builds.json");
const SETS: &str = include_str!("../../../../tests/data/buildbot/buildsets.json");
const STEPS: &str = include_str!("../../../../tests/data/buildbot/build_10_steps.json");

const SITE: Site<'_> = Site {
    ci: "ci.test/bb",
    rules: &[],
};
const SHA: &str = "727171b8ed9f58da3c3ecf363f16efe46df8942b";

fn build(id: u64) -> wire::Build {
    let read: wire::Builds = serde_json::from_str(BUILDS).unwrap();
    let mut builds = read.builds.items.into_iter();
    builds.find(|build| build.buildid == id).unwrap()
}

fn order(set: u64) -> Order {
    let read: wire::Buildsets = serde_json::from_str(SETS).unwrap();
    let set = read.buildsets.items.into_iter().find(|it| it.bsid == set);
    let set = set.unwrap();
    Order {
        reason: set.reason.unwrap(),
        triggered: set.parent_buildid.is_some(),
        stamps: set.sourcestamps.items,
        ..Order::default()
    }
}

fn stamp(value: Value) -> wire::SourceStamp {
    serde_json::from_value(value).unwrap()
}

fn of(order: &Order, properties: &Value) -> Subject {
    let properties = serde_json::from_value(properties.clone()).unwrap();
    subject(SITE, "unit", order, Some(&properties), |_| None)
}

fn with(stamps: Vec<wire::SourceStamp>) -> Order {
    Order {
        stamps,
        ..Order::default()
    }
}

#[track_caller]
fn check(complete: bool, results: &Value, said: &str, expected: &RunState) {
    assert_eq!(state(complete, results, Some(said)), *expected, "{results}");
}

#[test]
fn codes_are_states_and_an_unknown_one_is_no_success() {
    let unknown = |word: &str| RunState::Unknown(Clean::line(word));
    check(false, &json!(null), "building", &RunState::Running);
    check(false, &json!(-1), "building", &RunState::Running);
    check(false, &json!(0), "finishing", &RunState::Running);
    check(true, &json!(0), "build successful", &RunState::Passed);
    check(true, &json!(1), "warnings make", &RunState::Passed);
    check(
        true,
        &json!(2),
        "failed make",
        &RunState::Failed(Failure::Failed),
    );
    check(
        true,
        &json!(2),
        "'make' (failure) (timed out)",
        &RunState::Failed(Failure::TimedOut),
    );
    check(true, &json!(3), "", &RunState::Skipped);
    check(
        true,
        &json!(4),
        "exception",
        &RunState::Failed(Failure::Failed),
    );
    check(true, &json!(5), "retry", &RunState::Queued);
    check(true, &json!(6), "cancelled", &RunState::Cancelled);
    check(true, &json!(7), "", &unknown("result 7"));
    check(true, &json!(0.5), "", &unknown("result 0.5"));
    check(true, &json!(null), "", &unknown("over without a result"));
    check(true, &json!("great"), "", &unknown("great"));
    check(false, &json!("great"), "", &unknown("great"));
    check(true, &json!([0]), "", &unknown("a result that is none"));
}

#[test]
fn a_build_of_a_commit_is_a_push_with_its_commit_and_title() {
    let wire = build(6);
    let told = |id| {
        (id == 3).then(|| Told {
            title: "change 3: fix #3".into(),
            author: person("Grace <g@example.test>"),
        })
    };
    let found = subject(SITE, "compile", &order(8), wire.properties.as_ref(), told);
    assert_eq!((&*found.event, &*found.branch), ("push", "master"));
    assert_eq!(found.head_sha, Sha::parse(SHA));
    assert!(found.is_fixed);
    assert_eq!(&*found.title, "change 3: fix #3");
    assert_eq!(&*found.actor.unwrap().login, "Grace");
    // A folder of the server is no repository: the project stands for it.
    assert_eq!(found.repo.as_str(), "ci.test/bb//demo");
}

#[test]
fn a_forced_build_has_its_reason_and_the_commit_that_it_found() {
    let wire = build(3);
    let found = subject(
        SITE,
        "integration",
        &order(2),
        wire.properties.as_ref(),
        |_| None,
    );
    assert_eq!((&*found.event, &*found.title), ("force", "sample"));
    assert_eq!(&*found.actor.unwrap().login, "Ada");
    let sha = Sha::parse("d9aa00b644ab53de2a2978a3f6c1297b083565d2");
    assert_eq!((found.head_sha, found.is_fixed), (sha, false));
    assert_eq!(found.repo.as_str(), "ci.test/bb//integration");
    assert_eq!(
        &*subject(SITE, "slow", &order(6), None, |_| None).event,
        "trigger"
    );
}

#[test]
fn of_many_codebases_the_first_that_a_forge_has_counts() {
    let stamps = vec![
        stamp(json!({"codebase": "tools", "repository": "/srv/tools", "revision": "abcdef1"})),
        stamp(
            json!({"codebase": "api", "repository": "git@github.com:acme/api.git",
                     "branch": "refs/heads/main", "revision": ""}),
        ),
        stamp(json!({"codebase": "web", "repository": "https://github.com/acme/web"})),
    ];
    let got = json!({"got_revision": [{"tools": "abcdef1", "api": SHA}, "Git"]});
    let found = of(&with(stamps), &got);
    assert_eq!(found.repo, RepoKey::new("github.com", "acme/api"));
    assert_eq!((found.head_sha, &*found.branch), (Sha::parse(SHA), "main"));
}

#[test]
fn a_patch_is_no_commit() {
    let patched = stamp(json!({
        "repository": "https://github.com/acme/api", "branch": "main", "revision": SHA,
        "patch": {"author": "Ada <ada@example.test>", "comment": "try this\nmore", "body": "x"}
    }));
    let found = of(&with(vec![patched]), &json!({"got_revision": [SHA, "Git"]}));
    assert_eq!((found.head_sha, &*found.branch), (None, ""));
    assert_eq!((&*found.event, &*found.title), ("try", "try this"));
    assert_eq!(&*found.actor.unwrap().login, "Ada");
}

#[test]
fn branches_of_change_requests_name_them() {
    for (branch, number) in [
        ("refs/pull/12/merge", Some(12)),
        ("refs/merge-requests/7/head", Some(7)),
        ("refs/pull/x/merge", None),
        ("main", None),
    ] {
        let wire = stamp(json!({"branch": branch, "repository": "https://git.test/a/b"}));
        let found = of(&with(vec![wire]), &json!({}));
        assert_eq!(found.change_requests.first().copied(), number, "{branch}");
        assert_eq!(&*found.event == "pull_request", number.is_some());
    }
}

#[test]
fn a_rule_says_the_repository_whatever_the_server_tells() {
    let own = RepoKey::new("github.com", "acme/api");
    let rules = [ProjectRule::new("unit*", own.clone(), Some("main")).unwrap()];
    let site = Site {
        rules: &rules,
        ..SITE
    };
    let mirror = json!({"repository": "https://mirror.test/x/api", "branch": "dev"});
    let told = with(vec![stamp(mirror.clone())]);
    let found = subject(site, "unit-linux", &told, None, |_| None);
    assert_eq!((&found.repo, &*found.branch), (&own, "dev"));
    let found = subject(site, "unit-linux", &with(Vec::new()), None, |_| None);
    assert_eq!((&found.repo, &*found.branch), (&own, "main"));
    let found = subject(site, "other", &told, None, |_| None);
    assert_eq!(found.repo, RepoKey::new("mirror.test", "x/api"));
}

#[test]
fn a_build_whose_set_was_cleared_away_is_known_by_its_properties() {
    let properties = json!({
        "repository": ["https://git.test/a/b", "Build"], "revision": [SHA, "Build"],
        "branch": ["main", "Build"], "owner": ["ada@example.test", "Change"]
    });
    let found = of(&Order::default(), &properties);
    assert_eq!(found.repo, RepoKey::new("git.test", "a/b"));
    assert_eq!(found.head_sha, Sha::parse(SHA));
    assert_eq!(&*found.actor.unwrap().login, "ada");
}

#[test]
fn steps_count_from_one_and_hidden_ones_stay_away_unless_they_failed() {
    let read: wire::Steps = serde_json::from_str(STEPS).unwrap();
    let shown = steps(&read.steps.items);
    let names: Vec<(u32, &str)> = shown.iter().map(|it| (it.number, &*it.name)).collect();
    assert_eq!(names, [(1, "worker_preparation"), (2, "stream")]);
    assert_eq!(shown[1].state, RunState::Failed(Failure::Failed));
    let hidden = |results: u64| -> wire::Step {
        serde_json::from_value(
            json!({"stepid": 1, "number": 0, "name": "x", "hidden": true,
            "complete": true, "results": results, "started_at": 1, "complete_at": 2,
            "state_string": ""}),
        )
        .unwrap()
    };
    assert_eq!(steps(&[hidden(0)]).len(), 0);
    assert_eq!(steps(&[hidden(2)]).len(), 1);
}

#[test]
fn times_that_cannot_be_are_none() {
    let of = |value: Value| at(value.as_number());
    assert_eq!(of(json!(1_795_224_876)).unwrap().timestamp(), 1_795_224_876);
    assert_eq!(
        of(json!(1_795_224_876.7)).unwrap().timestamp(),
        1_795_224_876
    );
    for odd in [
        json!(0),
        json!(-5),
        json!(1e300),
        json!(u64::MAX),
        json!(null),
    ] {
        assert_eq!(of(odd.clone()), None, "{odd}");
    }
}
