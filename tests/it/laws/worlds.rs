//! Facts of every kind and state, made of small numbers so that they meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone, Utc};
use cycleboard::domain::Timestamp;
use cycleboard::domain::alert::{Alert, AlertState};
use cycleboard::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, LinkBasis, MergeState, QueueState, Required,
    Review, TicketLink,
};
use cycleboard::domain::commit::{Commit, Range, Relation};
use cycleboard::domain::correlate::Sourced;
use cycleboard::domain::deployment::{DeployState, Deployment, Rollout, RolloutPhase};
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::finding::{Finding, FindingKind, Severity};
use cycleboard::domain::key::{Person, RepoKey, ServiceName, Sha, SourceName};
use cycleboard::domain::release::Release;
use cycleboard::domain::repository::{Branch, Repository};
use cycleboard::domain::run::{Failure, Gate, GateSet, Job, JobSet, Run, RunKey, RunState};
use cycleboard::domain::ticket::{Ticket, TicketKey, TicketState};
use proptest::prelude::*;
use proptest::sample::select;

pub(super) fn at(hours: u32) -> Timestamp {
    let start = Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).single();
    start.unwrap_or_default() + TimeDelta::hours(i64::from(hours))
}

pub(super) fn odd() -> cycleboard::domain::text::Clean {
    "never heard of".into()
}

#[expect(clippy::expect_used, reason = "digits only")]
pub(super) fn sha(n: u8) -> Sha {
    Sha::parse(&format!("{n:07x}{n:033x}")).expect("hexadecimal")
}

pub(super) fn repo(n: u8) -> RepoKey {
    RepoKey::new("github.com", &format!("acme/r{}", n % 3))
}

pub(super) fn run_states() -> impl Strategy<Value = RunState> {
    select(vec![
        RunState::Queued,
        RunState::Waiting,
        RunState::Running,
        RunState::Passed,
        RunState::Passed,
        RunState::Skipped,
        RunState::Failed(Failure::Failed),
        RunState::Failed(Failure::TimedOut),
        RunState::Failed(Failure::Startup),
        RunState::Failed(Failure::Stale),
        RunState::Cancelled,
        RunState::ActionRequired,
        RunState::Unknown(odd()),
    ])
}

pub(super) fn deploy_states() -> impl Strategy<Value = DeployState> {
    select(vec![
        DeployState::Queued,
        DeployState::Waiting,
        DeployState::Running,
        DeployState::Succeeded,
        DeployState::Succeeded,
        DeployState::Superseded,
        DeployState::Failed,
        DeployState::Abandoned,
        DeployState::Unknown(odd()),
    ])
}

pub(super) fn ticket_key(n: u8) -> TicketKey {
    if n % 5 == 4 {
        TicketKey::Tracker(format!("PROJ-{}", n % 2).as_str().into())
    } else {
        TicketKey::Numbered {
            repo: repo(n),
            number: u64::from(n % 4),
        }
    }
}

pub(super) fn tickets() -> impl Strategy<Value = Fact> {
    let states = select(vec![
        TicketState::Open,
        TicketState::Completed,
        TicketState::NotPlanned,
        TicketState::Other(odd()),
    ]);
    let words = select(vec![
        "",
        "bug",
        "blocked",
        "incident",
        "in progress",
        "stage:test",
    ]);
    (any::<u8>(), states, words, any::<bool>(), 0..200u32).prop_map(
        |(n, state, label, assigned, hour)| {
            Fact::Ticket(Ticket {
                key: ticket_key(n),
                title: "a ticket".into(),
                url: None,
                state,
                author: None,
                assignees: assigned
                    .then(|| Person::new("ada", false))
                    .into_iter()
                    .collect(),
                labels: vec![label.into()],
                milestone: (n % 7 == 0).then(|| "Q2".into()),
                project_status: None,
                project_status_at: None,
                created_at: at(hour),
                updated_at: at(hour),
                closed_at: None,
                incident: false,
            })
        },
    )
}

/// All that a forge says of how a change request stands, in every word.
pub(super) fn change_words()
-> impl Strategy<Value = (ChangeState, Review, MergeState, Checks, Option<QueueState>)> {
    let states = select(vec![
        ChangeState::Open,
        ChangeState::Open,
        ChangeState::Merged,
        ChangeState::Merged,
        ChangeState::Closed,
        ChangeState::Other(odd()),
    ]);
    let reviews = select(vec![
        Review::Approved,
        Review::ChangesRequested,
        Review::Required,
        Review::NotRequired,
        Review::Unknown(odd()),
    ]);
    let merges = select(vec![
        MergeState::Clean,
        MergeState::Conflict,
        MergeState::Behind,
        MergeState::Blocked,
        MergeState::Unstable,
        MergeState::Draft,
        MergeState::Unknown(odd()),
    ]);
    let checks = select(vec![
        Checks::None,
        Checks::Passed,
        Checks::Failed,
        Checks::Pending,
        Checks::Unknown(odd()),
    ]);
    let queues = select(vec![
        None,
        None,
        None,
        Some(QueueState::Queued),
        Some(QueueState::AwaitingChecks),
        Some(QueueState::Mergeable),
        Some(QueueState::Unmergeable),
        Some(QueueState::Locked),
        Some(QueueState::Other(odd())),
    ]);
    (states, reviews, merges, checks, queues)
}

pub(super) fn changes() -> impl Strategy<Value = Fact> {
    let words = change_words();
    let links = prop::collection::vec(any::<u8>(), 0..3);
    (any::<u8>(), 0..12u8, words, links, any::<bool>(), 0..200u32).prop_map(
        |(n, commit, (state, review, merge_state, checks, queue), links, draft, hour)| {
            let done = state == ChangeState::Merged;
            let bases = [LinkBasis::Closing, LinkBasis::Mention, LinkBasis::Branch];
            Fact::ChangeRequest(Box::new(ChangeRequest {
                repo: repo(n),
                number: u64::from(n % 16),
                called: Called::PullRequest,
                title: "a change".into(),
                url: None,
                state,
                draft: draft && !done,
                author: Some(Person::new("bob", false)),
                assignees: Vec::new(),
                reviewers: Vec::new(),
                labels: Vec::new(),
                review,
                merge_state,
                queue,
                checks,
                required: match n % 4 {
                    0 => Required::Unknown,
                    1 => Required::None,
                    2 => Required::Named(vec!["build".into()]),
                    _ => Required::Named(vec!["unit".into(), odd()]),
                },
                head_sha: Some(sha(commit + 20)),
                head_branch: "topic".into(),
                base_branch: if n % 11 == 0 { "develop" } else { "main" }.into(),
                merge_sha: done.then(|| sha(commit)),
                tickets: links
                    .into_iter()
                    .zip(bases)
                    .map(|(ticket, basis)| TicketLink {
                        ticket: ticket_key(ticket),
                        basis,
                    })
                    .collect(),
                created_at: at(hour),
                updated_at: at(hour),
                merged_at: done.then(|| at(hour)),
                closed_at: None,
            }))
        },
    )
}

pub(super) fn runs() -> impl Strategy<Value = Fact> {
    let events = select(vec![
        "push",
        "pull_request",
        "schedule",
        "workflow_dispatch",
        "merge_group",
    ]);
    let names = select(vec!["ci", "tests", "release", "deploy"]);
    (any::<u8>(), 0..32u8, run_states(), events, names, 0..200u32).prop_map(
        |(n, commit, state, event, name, hour)| {
            Fact::Run(Run {
                repo: repo(n),
                id: u64::from(n % 24),
                number: u64::from(n),
                attempt: 1 + u32::from(n % 2),
                workflow: name.into(),
                ci: "".into(),
                no_jobs: "".into(),
                label: odd(),
                workflow_path: name.into(),
                event: event.into(),
                branch: if commit < 20 { "main" } else { "topic" }.into(),
                head_sha: Some(sha(commit)),
                change_requests: Vec::new(),
                state,
                actor: None,
                title: "a run".into(),
                url: None,
                created_at: at(hour),
                started_at: None,
                updated_at: at(hour + 1),
            })
        },
    )
}

pub(super) fn job_sets() -> impl Strategy<Value = Fact> {
    let names = select(vec!["build", "unit", "publish", "deploy", "whatever"]);
    let jobs = prop::collection::vec((names, run_states(), 1..3u32), 0..4);
    (any::<u8>(), jobs, any::<bool>()).prop_map(|(n, jobs, complete)| {
        let jobs = jobs.into_iter().map(|(name, state, attempt)| Job {
            id: 1,
            name: name.into(),
            stage: None,
            attempt,
            state,
            created_at: None,
            started_at: Some(at(50)),
            finished_at: None,
            url: None,
            steps: Vec::new(),
        });
        Fact::JobSet(JobSet {
            run: RunKey {
                repo: repo(n),
                id: u64::from(n % 24),
            },
            attempt: 1 + u32::from(n % 2),
            jobs: jobs.collect(),
            complete,
        })
    })
}

pub(super) fn gates() -> impl Strategy<Value = Fact> {
    any::<u8>().prop_map(|n| {
        Fact::GateSet(GateSet {
            run: RunKey {
                repo: repo(n),
                id: u64::from(n % 24),
            },
            gates: vec![Gate {
                environment: "production".into(),
                door: None,
                blocks: cycleboard::domain::run::Blocks::Delivery,
                reviewers: Vec::new(),
                may_approve: false,
                wait_secs: 0,
                since: None,
            }],
        })
    })
}

pub(super) fn deployments() -> impl Strategy<Value = Fact> {
    let phases = select(vec![
        None,
        None,
        None,
        Some(RolloutPhase::Progressing),
        Some(RolloutPhase::Paused),
        Some(RolloutPhase::Degraded),
        Some(RolloutPhase::Aborted),
        Some(RolloutPhase::Complete),
        Some(RolloutPhase::Other(odd())),
    ]);
    let places = select(vec!["production", "staging", "eu-production"]);
    (
        any::<u8>(),
        0..12u8,
        deploy_states(),
        phases,
        places,
        0..200u32,
    )
        .prop_map(|(n, commit, state, phase, place, hour)| {
            Fact::Deployment(Deployment {
                repo: repo(n),
                id: u64::from(n),
                environment: place.into(),
                sha: Some(sha(commit)),
                git_ref: None,
                task: "deploy".into(),
                state,
                creator: None,
                created_at: at(hour),
                updated_at: at(hour),
                environment_url: None,
                log_url: None,
                came_at: None,
                rollout: phase.map(|phase| Rollout {
                    phase,
                    percent: 25,
                    step: 1,
                    steps: 4,
                }),
            })
        })
}

pub(super) fn releases() -> impl Strategy<Value = Fact> {
    (
        any::<u8>(),
        0..12u8,
        any::<bool>(),
        any::<bool>(),
        0..200u32,
    )
        .prop_map(|(n, commit, draft, prerelease, hour)| {
            Fact::Release(Release {
                repo: repo(n),
                tag: format!("v1.{}", n % 6).as_str().into(),
                name: "a release".into(),
                draft,
                prerelease,
                sha: Some(sha(commit)),
                author: None,
                created_at: at(hour),
                published_at: (!draft).then(|| at(hour)),
                url: None,
            })
        })
}

pub(super) fn commits() -> impl Strategy<Value = Fact> {
    (any::<u8>(), 0..12u8, any::<bool>(), 0..200u32).prop_map(|(n, commit, direct, hour)| {
        Fact::Commit(Commit {
            repo: repo(n),
            sha: sha(commit),
            parents: commit.checked_sub(1).map(sha).into_iter().collect(),
            branch: "main".into(),
            title: "a commit".into(),
            author: None,
            committed_at: Some(at(hour)),
            change_request: None,
            direct,
            url: None,
            reverts: (n % 9 == 0).then(|| sha(commit / 2)).into_iter().collect(),
        })
    })
}

pub(super) fn ranges() -> impl Strategy<Value = Fact> {
    let relations = select(vec![
        Relation::Ahead,
        Relation::Behind,
        Relation::Identical,
        Relation::Diverged,
        Relation::Unknown,
    ]);
    (any::<u8>(), 0..12u8, 0..12u8, relations).prop_map(|(n, from, to, relation)| {
        Fact::Range(Range {
            repo: repo(n),
            from: sha(from),
            to: sha(to),
            relation,
            commits: if from < to {
                (from + 1..=to).map(sha).collect()
            } else {
                Vec::new()
            },
            complete: n % 2 == 0,
            told: Vec::new(),
        })
    })
}

pub(super) fn others() -> impl Strategy<Value = Fact> {
    let states = select(vec![
        AlertState::Firing,
        AlertState::Acknowledged,
        AlertState::Silenced,
        AlertState::Inhibited,
        AlertState::Resolved,
        AlertState::Unknown(odd()),
    ]);
    (any::<u8>(), 0..12u8, states, 0..200u32).prop_map(|(n, commit, state, hour)| match n % 3 {
        0 => Fact::Repository(Repository {
            repo: repo(n / 3),
            renamed_from: if n == 4 { vec![repo(9)] } else { Vec::new() },
            url: None,
            default_branch: Some(Branch {
                name: "main".into(),
                tip: Some(sha(commit)),
            }),
            flow_branches: (n % 2 == 0)
                .then(|| Branch {
                    name: "develop".into(),
                    tip: None,
                })
                .into_iter()
                .collect(),
            pushed_at: None,
            archived: false,
        }),
        1 => Fact::Alert(Alert {
            id: format!("a{}", n % 5).as_str().into(),
            name: "an alert".into(),
            about: odd(),
            severity: "high".into(),
            state,
            service: (n % 2 == 0).then(|| ServiceName::new("r1")),
            repo: (n % 4 == 0).then(|| repo(n)),
            sha: (n % 5 == 0).then(|| sha(commit)),
            version: odd(),
            knows_silences: false,
            own_key: odd(),
            incident: (n % 3 == 0).then(|| TicketKey::Numbered {
                repo: repo(n),
                number: u64::from(n % 7),
            }),
            started_at: at(hour),
            ended_at: None,
            url: None,
        }),
        _ => Fact::Finding(Finding {
            repo: repo(n),
            kind: FindingKind::Code,
            number: u64::from(n % 4),
            severity: Severity::Unknown(odd()),
            title: "a finding".into(),
            url: None,
            created_at: at(hour),
        }),
    })
}

pub(super) fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        2 => tickets(),
        4 => changes(),
        4 => runs(),
        3 => job_sets(),
        1 => gates(),
        4 => deployments(),
        2 => releases(),
        4 => commits(),
        1 => ranges(),
        2 => others(),
    ]
}

pub(super) fn sourced() -> impl Strategy<Value = Sourced> {
    (any::<bool>(), facts()).prop_map(|(hub, fact)| Sourced {
        source: SourceName::new(if hub { "hub" } else { "mirror" }),
        fact: Arc::new(fact),
    })
}

/// Facts of which a source says each once, so that their order means nothing.
pub(super) fn world() -> impl Strategy<Value = Vec<Sourced>> {
    prop::collection::vec(sourced(), 0..50).prop_map(|facts| {
        let mut once: BTreeMap<(SourceName, FactId), Sourced> = BTreeMap::new();
        for fact in facts {
            once.insert((fact.source.clone(), fact.fact.id()), fact);
        }
        once.into_values().collect()
    })
}
