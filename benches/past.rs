//! One busy repository as its sources tell it today, and what telling its past costs.
//!
//! A part of the benchmark `flow`: it prints figures and decides nothing.

use chrono::{TimeDelta, TimeZone, Utc};
use cycleboard::domain::Timestamp;
use cycleboard::domain::change_request::{
    Called, ChangeKey, ChangeRequest, ChangeState, ChangeTimes, Checks, MergeState, Required,
    Review, ReviewNote, Verdict,
};
use cycleboard::domain::commit::Commit;
use cycleboard::domain::correlate::Sourced;
use cycleboard::domain::deployment::{DeployState, Deployment};
use cycleboard::domain::fact::Fact;
use cycleboard::domain::history::chronicle;
use cycleboard::domain::key::{Person, RepoKey, Sha, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::domain::repository::{Branch, Repository};
use cycleboard::domain::run::{Failure, Run, RunState};
use cycleboard::domain::text::Clean;
use std::sync::Arc;
use std::time::{Duration, Instant};

const DAYS: i64 = 90;

fn at(minute: i64) -> Timestamp {
    let first = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).single();
    first.expect("a moment") + TimeDelta::minutes(minute)
}
fn repo() -> RepoKey {
    RepoKey::new("forge.test", "acme/api")
}
fn sha(n: i64) -> Sha {
    Sha::parse(&format!("{n:07x}{n:033x}")).expect("hexadecimal")
}
fn number(n: i64) -> u64 {
    u64::try_from(n).expect("a number")
}
fn person(n: i64) -> Person {
    Person::new(&format!("person-{}", n % 30), false)
}

/// When a change was opened.
fn opened(change: i64, all: i64) -> i64 {
    change * DAYS * 24 * 60 / all
}
/// When it was merged; the last ones are still open.
fn merged(change: i64, all: i64) -> Option<i64> {
    let at = opened(change, all) + 300 + change * 7919 % 2_600;
    (at < DAYS * 24 * 60).then_some(at)
}

fn change(n: i64, all: i64) -> Fact {
    let end = merged(n, all);
    Fact::ChangeRequest(Box::new(ChangeRequest {
        repo: repo(),
        number: number(n),
        called: Called::PullRequest,
        title: Clean::line("Make the gateway wait"),
        url: None,
        state: if end.is_some() {
            ChangeState::Merged
        } else {
            ChangeState::Open
        },
        draft: false,
        author: Some(person(n)),
        assignees: Vec::new(),
        reviewers: vec![],
        labels: Vec::new(),
        review: Review::Approved,
        merge_state: MergeState::Clean,
        queue: None,
        checks: Checks::Passed,
        required: Required::Unknown,
        head_sha: Some(sha(2_000_000 + n)),
        head_branch: Clean::line(&format!("topic-{n}")),
        base_branch: Clean::line("main"),
        merge_sha: end.map(|_| sha(1_000_000 + n)),
        tickets: Vec::new(),
        created_at: at(opened(n, all)),
        updated_at: at(end.unwrap_or(opened(n, all) + 200)),
        merged_at: end.map(at),
        closed_at: end.map(at),
    }))
}

fn times(n: i64, all: i64) -> Fact {
    let note = |after: i64, verdict| ReviewNote {
        by: person(n + 1),
        at: at(opened(n, all) + after),
        verdict,
    };
    Fact::ChangeTimes(ChangeTimes {
        change: ChangeKey {
            repo: repo(),
            number: number(n),
        },
        as_of: at(DAYS * 24 * 60),
        ready_at: None,
        first_commit_at: Some(at(opened(n, all) - 60)),
        reviews: vec![
            note(120, Verdict::ChangesRequested),
            note(250, Verdict::Approved),
        ],
        additions: Some(10),
        deletions: Some(2),
        complete: true,
    })
}

fn run(id: i64, n: i64, head: i64, from: i64, state: RunState, event: &str) -> Fact {
    let change = event == "pull_request";
    Fact::Run(Run {
        repo: repo(),
        id: number(id),
        number: number(id),
        attempt: 1,
        workflow: Clean::line("ci"),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        workflow_path: Clean::line(".github/workflows/ci.yml"),
        event: Clean::line(event),
        branch: Clean::line(&if change {
            format!("topic-{n}")
        } else {
            "main".to_owned()
        }),
        head_sha: Some(sha(head)),
        change_requests: if change { vec![number(n)] } else { Vec::new() },
        state,
        actor: Some(person(n)),
        title: Clean::line("a run"),
        url: None,
        created_at: at(from),
        started_at: Some(at(from + 2)),
        updated_at: at(from + 12),
    })
}

/// How often a change takes another back that users have.
const REVERTS: i64 = 25;

/// A commit on the branch that is delivered.
fn commit(minute: i64, n: i64, parent: Option<i64>) -> Fact {
    Fact::Commit(Commit {
        repo: repo(),
        sha: sha(1_000_000 + n),
        parents: parent.map(|p| sha(1_000_000 + p)).into_iter().collect(),
        branch: Clean::line("main"),
        title: Clean::line("a commit"),
        author: Some(person(n)),
        committed_at: Some(at(minute)),
        change_request: Some(number(n)),
        direct: false,
        url: None,
        // One of which users have had the change for a while.
        reverts: (n % REVERTS == 0 && n > REVERTS)
            .then(|| sha(1_000_000 + n - REVERTS / 2))
            .into_iter()
            .collect(),
    })
}

/// What was deployed with a commit, until the next one was, where there is one.
fn deployment(id: i64, minute: i64, n: i64, next: Option<i64>) -> Fact {
    Fact::Deployment(Deployment {
        repo: repo(),
        id: number(id),
        environment: Clean::line("production"),
        sha: Some(sha(1_000_000 + n)),
        git_ref: None,
        task: Clean::line("deploy"),
        state: match next {
            Some(_) => DeployState::Superseded,
            None => DeployState::Succeeded,
        },
        creator: None,
        created_at: at(minute + 20),
        updated_at: at(next.unwrap_or(minute) + 29),
        environment_url: None,
        log_url: None,
        came_at: None,
        rollout: None,
    })
}

fn facts(all: i64, per: i64) -> Vec<Sourced> {
    let mut facts = vec![Fact::Repository(Repository {
        repo: repo(),
        renamed_from: Vec::new(),
        url: None,
        default_branch: Some(Branch {
            name: Clean::line("main"),
            tip: None,
        }),
        flow_branches: Vec::new(),
        pushed_at: None,
        archived: false,
    })];
    let mut landed: Vec<(i64, i64)> = (0..all)
        .filter_map(|n| Some((merged(n, all)?, n)))
        .collect();
    landed.sort_unstable();
    for n in 0..all {
        let open = opened(n, all);
        facts.extend([
            change(n, all),
            times(n, all),
            run(
                10 * n + 1,
                n,
                3_000_000 + n,
                open + 1,
                RunState::Failed(Failure::Failed),
                "pull_request",
            ),
            run(
                10 * n + 2,
                n,
                2_000_000 + n,
                open + 180,
                RunState::Passed,
                "pull_request",
            ),
        ]);
    }
    for (place, (minute, n)) in landed.iter().enumerate() {
        let parent = place.checked_sub(1).and_then(|before| landed.get(before));
        facts.push(commit(*minute, *n, parent.map(|(_, p)| *p)));
        facts.push(run(
            10 * n + 3,
            *n,
            1_000_000 + n,
            minute + 1,
            RunState::Passed,
            "push",
        ));
        let k = i64::try_from(place).expect("small");
        if k % per == per - 1 {
            let next = landed.get(place + usize::try_from(per).expect("small"));
            facts.push(deployment(k + 1, *minute, *n, next.map(|(next, _)| *next)));
        }
    }
    facts
        .into_iter()
        .map(|fact| Sourced {
            source: SourceName::new("hub"),
            fact: Arc::new(fact),
        })
        .collect()
}

/// Tells ninety days of a repository with so many changes, each fifth of which was deployed.
fn told(all: i64) -> Duration {
    let facts = facts(all, 5);
    let (begin, span) = (Instant::now(), (at(0), at(DAYS * 24 * 60)));
    let told = chronicle(&facts, &Policy::default(), span, || true).expect("it is wanted");
    let took = begin.elapsed();
    println!(
        "{:32} {:8.2} s, {} facts, {} transitions",
        format!("telling {all} cards"),
        took.as_secs_f64(),
        facts.len(),
        told.transitions.len()
    );
    took
}

/// Tells a repository and one with four times its cards, so that one sees how the time grows.
pub(crate) fn growth() {
    let (few, many, most) = (600, 2_400, 5_000);
    let (first, second) = (told(few), told(many));
    told(most);
    println!(
        "{:32} {:8.1} times the time of 1",
        format!("{} times the cards", many / few),
        second.as_secs_f64() / first.as_secs_f64()
    );
}
