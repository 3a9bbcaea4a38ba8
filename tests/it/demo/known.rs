//! What the simulated team did within ninety days, computed by brute force from its own truth,
//! against what comes of it by forge, adapter, history's records and flow.
//!
//! Every point is compared, by service. The oracle knows nothing of facts, cards and records. What
//! is measured by the ways of cards is not here.

use std::collections::BTreeMap;

use cycleboard::domain::correlate::Sourced;
use cycleboard::domain::flow::{Flow, Key, Scope};
use cycleboard::domain::history::{Ledger, chronicle};
use cycleboard::domain::key::{ServiceName, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::sources::{Source as _, Tier};

use super::*;
use crate::demo::past::{fetch, settle, source};

/// A point: its moment and its value, in seconds or whole numbers.
type Point = (i64, i64);

/// What the program told, and the world that it told of.
struct Told {
    flow: Flow,
    bench: Bench,
    from: i64,
}

async fn tell() -> Told {
    let bench = bench(Options::default()).await;
    let source = source(&bench);
    let mut batches = settle(&source, Tier::Now, START).await;
    for probe in source.resources(instant(START)) {
        if probe.id.starts_with("probe:") || probe.id.starts_with("runs:") {
            batches.push(fetch(&source, &probe.id, START).await);
        }
    }
    batches.extend(settle(&source, Tier::Spare, START).await);
    let said = |fact| Sourced {
        source: SourceName::new("github"),
        fact: Arc::new(fact),
    };
    let from = batches.iter().filter_map(|it| it.past_from).max().unwrap();
    let past = batches.iter().flat_map(|it| it.past.iter().cloned());
    // What is known now holds against what was read of the past.
    let now = batches.iter().flat_map(|it| it.facts.iter().cloned());
    let facts: Vec<Sourced> = past.chain(now).map(said).collect();
    let told = chronicle(
        &facts,
        &Policy::default(),
        (instant(START), instant(START)),
        || true,
    )
    .unwrap();
    let ledger = Ledger::new(Some(from), told.records, told.transitions);
    Told {
        flow: Flow::new(&ledger, instant(START)),
        bench,
        from: from.timestamp(),
    }
}

impl Told {
    fn points(&self, service: &str, key: &str) -> Vec<Point> {
        let key = Key::ALL.into_iter().find(|it| it.as_str() == key).unwrap();
        let scope = Scope::Service(ServiceName::new(service));
        let window = self.flow.window(TimeDelta::days(90));
        let metric = self
            .flow
            .metric(key, &scope, &window, &|at| at.date_naive());
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers")]
        let points = metric
            .points
            .iter()
            .map(|it| (it.at.timestamp(), it.value as i64));
        let mut points: Vec<Point> = points.collect();
        points.sort_unstable();
        points
    }
}

/// A version that came to production, as the team saw it.
struct Live<'a> {
    sha: &'a str,
    at: i64,
    back: bool,
}

fn word_of(deployment: &Deployment, words: &[&str]) -> Option<i64> {
    let said = deployment.statuses.iter();
    let said = said.filter(|status| words.contains(&status.state));
    said.map(|status| status.at.timestamp()).max()
}

/// The versions in production, one after the other; the same again is none.
fn lives(state: &RepoState) -> Vec<Live<'_>> {
    let productive = state
        .deployments
        .iter()
        .filter(|it| it.environment == "production");
    let mut good: Vec<(i64, &str)> = productive
        .filter_map(|it| Some((word_of(it, &["success"])?, it.sha.as_str())))
        .collect();
    good.sort_unstable();
    let mut lives: Vec<Live<'_>> = Vec::new();
    for (at, sha) in good {
        if lives.last().is_some_and(|last| last.sha == sha) {
            continue;
        }
        let back = lives.iter().any(|before| before.sha == sha);
        lives.push(Live { sha, at, back });
    }
    lives
}

/// Everything that a commit has in it.
fn ancestors<'a>(state: &'a RepoState, sha: &'a str) -> BTreeSet<&'a str> {
    let mut open = vec![sha];
    let mut found = BTreeSet::new();
    while let Some(sha) = open.pop() {
        if found.insert(sha)
            && let Some(commit) = state.commits.get(sha)
        {
            open.extend(commit.parents.iter().map(String::as_str));
        }
    }
    found
}

/// A change that came to the branch: by a pull request, or pushed to take another back.
struct Landed<'a> {
    sha: &'a str,
    first: i64,
    merged: i64,
    bot: bool,
    reverts: bool,
}

fn is_bot(person: usize) -> bool {
    cycleboard::demo::scenario::people::of(person).bot
}

fn landed(state: &RepoState, from: i64) -> Vec<Landed<'_>> {
    let commit_at = |sha: &str| state.commits[sha].at.timestamp();
    let merged = state.pulls.iter().filter_map(|pull| {
        Some(Landed {
            sha: pull.merge_sha.as_deref()?,
            first: commit_at(&pull.commits[0]),
            merged: pull.merged_at?.timestamp(),
            bot: is_bot(pull.author),
            reverts: pull.title.starts_with("Revert "),
        })
    });
    let pushed = state
        .commits
        .values()
        .filter(|it| it.pull.is_none() && it.message.starts_with("Revert "));
    let pushed = pushed.map(|commit| Landed {
        sha: &commit.sha,
        first: commit.at.timestamp(),
        merged: commit.at.timestamp(),
        bot: false,
        // Nothing in it names what it takes back.
        reverts: false,
    });
    merged
        .chain(pushed)
        .filter(|it| it.merged >= from)
        .collect()
}

/// Each version with what it brought; nobody knows what the first one did.
fn brought(state: &RepoState, from: i64) -> Vec<(Live<'_>, Vec<Landed<'_>>)> {
    let mut waiting = landed(state, from);
    let mut all: Vec<(Live<'_>, Vec<Landed<'_>>)> = Vec::new();
    for live in lives(state) {
        let has = ancestors(state, live.sha);
        let (here, rest) = waiting.into_iter().partition(|it| has.contains(it.sha));
        waiting = rest;
        all.push((live, here));
    }
    all
}

fn incidents(state: &RepoState) -> impl Iterator<Item = &Issue> {
    let issues = state.issues.iter();
    issues.filter(|issue| issue.labels.contains(&"incident"))
}

/// Everything that can be counted of one repository with one service.
fn truth(state: &RepoState, from: i64) -> BTreeMap<&'static str, Vec<Point>> {
    let mut all: BTreeMap<&'static str, Vec<Point>> = BTreeMap::new();
    let mut add = |key, at, value| all.entry(key).or_default().push((at, value));
    let versions = brought(state, from);
    let mut failed = vec![false; versions.len()];
    for (nth, (live, with)) in versions.iter().enumerate() {
        let undoes = live.back || with.iter().any(|it| it.reverts);
        if undoes && nth > 0 {
            failed[nth - 1] = true;
        }
    }
    for incident in incidents(state) {
        let at = incident.created_at.timestamp();
        let last = versions.iter().rposition(|(live, _)| live.at <= at);
        if let Some(nth) = last.filter(|nth| at - versions[*nth].0.at <= 86_400) {
            failed[nth] = true;
        }
    }
    for ((live, with), failed) in versions.iter().zip(&failed) {
        add("deployment_frequency", live.at, 1);
        add("change_fail_rate", live.at, i64::from(*failed));
        for change in with {
            let (key, lead) = if change.bot {
                ("lead_time_bots", live.at - change.first)
            } else {
                add("lead_time_from_merge", live.at, live.at - change.merged);
                ("lead_time", live.at - change.first)
            };
            add(key, live.at, lead);
        }
        // What the first versions brought lies partly behind the beginning, and is not known.
        if !live.back && live.at >= from + RANGES {
            add(
                "changes_per_deployment",
                live.at,
                i64::try_from(with.len()).unwrap(),
            );
        }
    }
    for deployment in state
        .deployments
        .iter()
        .filter(|it| it.environment == "production")
    {
        let bad = word_of(deployment, &["failure", "error"]);
        if let Some(at) = bad.filter(|_| word_of(deployment, &["success"]).is_none()) {
            add("deploy_attempt_failures", at, 1);
        }
    }
    // Runs are known from their creation on.
    let known = |run: &&Run| run.created_at.timestamp() >= from;
    for run in state.runs.iter().filter(known) {
        let value = match run.conclusion {
            Some("success") => 1,
            Some("failure" | "startup_failure") => 0,
            _ => continue,
        };
        add("ci_success_rate", run.updated_at.timestamp(), value);
    }
    all
}

/// How long after the beginning it is known what every version brought.
const RANGES: i64 = 5 * 86_400;

/// What rests on the contents of a deployment.
const BY_RANGE: [&str; 5] = [
    "change_fail_rate",
    "changes_per_deployment",
    "lead_time",
    "lead_time_bots",
    "lead_time_from_merge",
];

const COMPARED: [&str; 8] = [
    "change_fail_rate",
    "changes_per_deployment",
    "ci_success_rate",
    "deploy_attempt_failures",
    "deployment_frequency",
    "lead_time",
    "lead_time_bots",
    "lead_time_from_merge",
];

#[tokio::test]
async fn every_number_of_ninety_days_is_what_the_team_did() {
    let told = tell().await;
    let mut wrong = Vec::new();
    for index in 0..told.bench.forge.world().len() {
        let state = told.bench.forge.world().at(index, instant(START)).unwrap();
        // A mono-repo's services are another matter.
        if state.spec.services.len() > 1 {
            continue;
        }
        let mut truth = truth(&state, told.from);
        for key in COMPARED {
            // Of a git-flow repository the past is read of one branch: what its releases bring is
            // not known.
            if state.spec.git_flow && BY_RANGE.contains(&key) {
                continue;
            }
            let mut expected = truth.remove(key).unwrap_or_default();
            expected.retain(|(at, _)| (told.from..=START).contains(at));
            expected.sort_unstable();
            let mut found = told.points(&state.spec.name, key);
            if key == "changes_per_deployment" {
                found.retain(|(at, _)| *at >= told.from + RANGES);
            }
            if found != expected {
                let missing: Vec<_> = expected.iter().filter(|it| !found.contains(it)).collect();
                let more: Vec<_> = found.iter().filter(|it| !expected.contains(it)).collect();
                wrong.push(format!(
                    "{} {key}: {} expected, {} found; not found {:?}; not expected {:?}",
                    state.spec.name,
                    expected.len(),
                    found.len(),
                    &missing[..missing.len().min(6)],
                    &more[..more.len().min(6)]
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "from {}:\n{}",
        told.from,
        wrong.join("\n")
    );
}
