//! The facts of the laws: of every kind, from numbers so small that facts meet.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::domain::alert::AlertState;
use crate::domain::change_request::{
    ChangeKey, ChangeState, ChangedPaths, LinkBasis, QueueState, TicketLink,
};
use crate::domain::commit::Relation;
use crate::domain::deployment::{DeployState, Environment};
use crate::domain::finding::Severity;
use crate::domain::key::{ServiceName, WebUrl};
use crate::domain::repository::Branch;
use crate::domain::run::{Blocks, RunKey, RunState};
use crate::domain::text::Clean;
use crate::domain::ticket::{TicketKey, TicketState};

/// What one fact is made from: small numbers, so that facts meet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeds {
    kind: u8,
    repo: u8,
    n: u8,
    a: u8,
    b: u8,
    c: u8,
}

pub(super) fn seeds() -> impl Strategy<Value = Seeds> {
    let small = || 0..6_u8;
    // Runs and change requests come oftener than the rest, as they do.
    let kind = prop_oneof![3 => 0..18_u8, 2 => 4..6_u8, 3 => 7..10_u8, 2 => 16..18_u8];
    (kind, 0..3_u8, small(), small(), small(), small()).prop_map(|(kind, repo, n, a, b, c)| Seeds {
        kind,
        repo,
        n,
        a,
        b,
        c,
    })
}

/// Facts of one repository whose CI names commits by their first digits: what a run was of
/// depends on all commits that are known.
pub(super) fn by_first_digits() -> impl Strategy<Value = Seeds> {
    let small = || 0..6_u8;
    let kind = prop_oneof![2 => 0..3_u8, 3 => 4..6_u8, 1 => 7..11_u8, 4 => Just(16), 1 => Just(17)];
    (kind, small(), small(), small(), small()).prop_map(|(kind, n, a, b, c)| Seeds {
        kind,
        repo: 0,
        n,
        a,
        b,
        c,
    })
}

fn place(number: u8) -> RepoKey {
    match number {
        0 => named_repo("api"),
        1 => named_repo("web"),
        _ => RepoKey::new("git.test:8443", "acme/lib"),
    }
}

fn ticket_of(repo: u8, n: u8) -> TicketKey {
    if n == 5 {
        return TicketKey::Tracker(format!("PROJ-{repo}").as_str().into());
    }
    TicketKey::Numbered {
        repo: place(repo),
        number: u64::from(n),
    }
}

fn state_of(a: u8) -> RunState {
    match a {
        0 => RunState::Passed,
        1 => RunState::Running,
        2 => FAILED,
        3 => RunState::Waiting,
        4 => RunState::Cancelled,
        _ => RunState::Queued,
    }
}

fn branch(n: u8) -> Clean {
    match n {
        0 | 1 => "main".into(),
        2 => "develop".into(),
        n => format!("topic-{n}").as_str().into(),
    }
}

/// A commit that has its first digits in common with another.
fn twin(n: u8) -> Sha {
    let digits = format!("{:07x}{}", n + 1, "f".repeat(33));
    Sha::parse(&digits).expect("hexadecimal")
}

/// The first digits of a commit.
fn short(n: u8) -> Sha {
    Sha::parse(&format!("{:07x}", n + 1)).expect("hexadecimal")
}

/// Heads of change requests, commits on the branch, and some that are both.
fn commit_of(n: u8) -> Sha {
    sha(u64::from(n) + 1)
}

#[expect(clippy::too_many_lines, reason = "an arm for each kind of fact")]
/// Makes a fact.
pub(super) fn fact(seeds: Seeds) -> Fact {
    let Seeds {
        kind,
        repo,
        n,
        a,
        b,
        c,
    } = seeds;
    let (here, number) = (place(repo), u64::from(n));
    let hour = |n: u8| at(i64::from(n) * 9);
    let run = RunKey {
        repo: here.clone(),
        id: number,
    };
    let mut world = World::new();
    match kind {
        0 => world.repository(|r| {
            r.repo = here;
            r.renamed_from = if c > 3 {
                vec![named_repo("old")]
            } else {
                Vec::new()
            };
            r.default_branch = (a > 0).then(|| Branch {
                name: branch(b),
                tip: Some(commit_of(c)),
            });
            if a == 5 {
                r.flow_branches = vec![Branch {
                    name: "develop".into(),
                    tip: Some(commit_of(b)),
                }];
            }
        }),
        1 => world.commit(number + 1, |f| {
            f.repo = here;
            f.branch = branch(b);
            f.direct = a < 2;
            f.change_request = (a > 3).then_some(u64::from(b));
            f.committed_at = Some(hour(c));
            f.reverts = if c == 5 {
                vec![commit_of(b)]
            } else {
                Vec::new()
            };
        }),
        2 => {
            let relation = match a {
                0..=2 => Relation::Ahead,
                3 => Relation::Diverged,
                4 => Relation::Behind,
                _ => Relation::Identical,
            };
            world.range(number + 1, u64::from(b) + 1, relation, &[u64::from(c) + 1]);
            if let Some(Fact::Range(range)) = world.facts.last().map(|last| &*last.fact) {
                let mut range = range.clone();
                range.repo = here;
                world.fact(Fact::Range(range));
            }
            &mut world
        }
        3 => world.ticket(number, |t| {
            t.key = ticket_of(repo, n);
            t.state = match a {
                0 | 1 => TicketState::Completed,
                2 => TicketState::NotPlanned,
                _ => TicketState::Open,
            };
            t.closed_at = (a < 2).then(|| hour(b));
            t.incident = c == 5;
            t.milestone = Some(format!("m{c}").as_str().into());
        }),
        4 | 5 => world.change(number, |f| {
            f.repo = here;
            f.head_sha = (c > 0).then(|| if c == 1 { twin(b) } else { commit_of(b) });
            f.head_branch = branch(b);
            f.base_branch = branch(c / 3);
            f.updated_at = hour(a);
            f.labels = vec![format!("l{c}").as_str().into()];
            if a < 3 {
                land(f, u64::from(b) + 1);
                f.merged_at = Some(hour(c));
            } else if a == 3 {
                f.state = ChangeState::Closed;
                f.closed_at = Some(hour(c));
            } else if b == 5 {
                f.queue = Some(QueueState::Queued);
            }
            let link = |ticket| TicketLink {
                ticket,
                basis: LinkBasis::Closing,
            };
            f.tickets = match c {
                0 | 1 => Vec::new(),
                2 | 3 => vec![link(ticket_of(repo, b))],
                4 => vec![link(ticket_of(a % 3, b)), link(ticket_of(repo, n))],
                _ => vec![link(ticket_of(b % 3, 5))],
            };
        }),
        6 => world.fact(Fact::ChangedPaths(ChangedPaths {
            change: ChangeKey { repo: here, number },
            head_sha: Some(commit_of(b)),
            paths: vec![if a < 3 { "web/a.ts" } else { "auth/b.rs" }.into()],
            complete: true,
        })),
        7 | 8 => world.run(number, 1, state_of(a), |f| {
            f.repo = here;
            f.head_sha = (c > 0).then(|| commit_of(b));
            f.branch = branch(c);
            f.workflow_path = if b < 3 { "ci.yml" } else { "deploy.yml" }.into();
            f.event = match c {
                0 => "merge_group",
                1 => "pull_request",
                2 => "schedule",
                _ => "push",
            }
            .into();
            f.change_requests = vec![u64::from(b)];
            f.created_at = hour(a);
            f.started_at = Some(hour(a));
            f.updated_at = hour(c);
        }),
        9 => {
            world.jobs(number, &[("unit", state_of(a)), ("deploy", state_of(b))]);
            if let Some(Fact::JobSet(set)) = world.facts.last().map(|last| &*last.fact) {
                let mut set = set.clone();
                set.run = run;
                world.fact(Fact::JobSet(set));
            }
            &mut world
        }
        10 => {
            world.gate(number, "production");
            if let Some(Fact::GateSet(set)) = world.facts.last().map(|last| &*last.fact) {
                let mut set = set.clone();
                set.run = run;
                if a == 0 {
                    set.gates.clear();
                }
                let blocks = match b {
                    0 => Blocks::Nothing,
                    1 => Blocks::Run,
                    _ => Blocks::Delivery,
                };
                set.gates.iter_mut().for_each(|gate| gate.blocks = blocks);
                world.fact(Fact::GateSet(set));
            }
            &mut world
        }
        11 => world.release(&format!("v1.{n}"), u64::from(b) + 1, |f| {
            f.repo = here;
            f.draft = a == 0;
            f.prerelease = a == 1;
            f.published_at = Some(hour(c));
        }),
        12 => world.fact(Fact::Environment(Environment {
            repo: here,
            name: if a < 3 { "production" } else { "staging" }.into(),
            production: a == 4,
            ..environment()
        })),
        13 => world.deployment(
            number,
            if b < 4 { "production" } else { "staging" },
            u64::from(b) + 1,
            |f| {
                f.repo = here;
                f.state = match a {
                    0..=2 => DeployState::Succeeded,
                    3 => DeployState::Running,
                    4 => DeployState::Failed,
                    _ => DeployState::Unknown("odd".into()),
                };
                f.created_at = hour(c);
                f.updated_at = hour(c);
            },
        ),
        14 => world.alert(
            &if n < 3 {
                format!("a{n}")
            } else {
                format!("@/{n:016x}")
            },
            |f| {
                f.repo = (a > 1).then(|| here.clone());
                f.service = Some(ServiceName::new(here.short())).filter(|_| a < 4);
                f.sha = (b == 0).then(|| if c > 3 { short(c) } else { commit_of(c) });
                f.version = if b == 1 {
                    format!("1.{c}").as_str().into()
                } else {
                    Clean::default()
                };
                f.started_at = hour(b) + TimeDelta::hours(1);
                (f.state, f.ended_at) = match c {
                    0 => (AlertState::Resolved, None),
                    1 => (AlertState::Resolved, Some(hour(b) + TimeDelta::hours(2))),
                    2 => (AlertState::Silenced, None),
                    _ => (AlertState::Firing, None),
                };
            },
        ),
        16 => world.run(FOREIGN + number, 1, state_of(a), |f| {
            f.repo = named(here, n);
            f.ci = "ci.test".into();
            // Some are no more than the status of a commit tells.
            let (told, page) = match a {
                4 => (0, "https://ci.test/job/ci/"),
                5 => (0, "https://ci.test/job/ci/7/"),
                _ => (7, "https://ci.test/job/ci/7/"),
            };
            (f.number, f.url) = (told, WebUrl::parse(page));
            f.workflow_path = if c < 3 {
                "ci.test//ci"
            } else {
                "ci.test//deploy"
            }
            .into();
            f.head_sha = match c {
                0 => Some(commit_of(b)),
                1 | 2 => Some(short(b)),
                _ => None,
            };
            f.change_requests = if c == 4 {
                vec![u64::from(b)]
            } else {
                Vec::new()
            };
            f.branch = branch(b);
            f.event = if a < 3 { "push" } else { "pull_request" }.into();
            f.created_at = hour(b);
            f.started_at = (a > 0).then(|| hour(a));
            f.updated_at = hour(c);
        }),
        17 => world.deployment(
            FOREIGN + number,
            PLACES[usize::from(b) % PLACES.len()],
            1,
            |f| {
                f.repo = named(here, n);
                (f.sha, f.git_ref) = match c {
                    0 | 1 => (Some(short(b)), None),
                    2 => (None, Some(format!("v1.{b}").as_str().into())),
                    3 => (None, Some(format!("1.{b}").as_str().into())),
                    4 => (None, Some(short(b).as_str().into())),
                    _ => (None, None),
                };
                f.created_at = hour(a);
                f.updated_at = hour(a);
            },
        ),
        _ => {
            world.finding(number, if a < 3 { Severity::High } else { Severity::Low });
            if let Some(Fact::Finding(finding)) = world.facts.last().map(|last| &*last.fact) {
                let mut finding = finding.clone();
                finding.repo = here;
                world.fact(Fact::Finding(finding));
            }
            &mut world
        }
    };
    let last = world.facts.pop().expect("a fact");
    Arc::unwrap_or_clone(last.fact)
}

/// What another system calls a repository: by its name of before, or of a host without the port.
fn named(repo: RepoKey, n: u8) -> RepoKey {
    match n {
        4 => named_repo("old"),
        5 => RepoKey::new("git.test", "acme/lib"),
        _ => repo,
    }
}

/// Where other systems deploy to, in their own writing.
const PLACES: [&str; 3] = ["Production", "production", "STAGING"];

/// What is added to the number of something that another system than the forge tells.
const FOREIGN: u64 = 1 << 52;

fn environment() -> Environment {
    Environment {
        repo: repo(),
        name: Clean::default(),
        id: None,
        guarded: false,
        production: false,
        url: None,
    }
}
