//! From Buildbot's answers to runs, jobs and steps. Pure.
//!
//! A build is a run with one job, its builder the workflow. What the server does
//! not tell (a repository, a commit) is left out, and no unknown code is a success.

use chrono::DateTime;
use serde_json::{Number, Value};

use super::wire;
use crate::config::ProjectRule;
use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha};
use crate::domain::run::{Failure, RunState, Step};
use crate::domain::text::Clean;
use crate::sources::texts::first_line;

/// How many steps of a build are kept.
const MOST_STEPS: usize = 500;

/// Properties that builds are asked for.
pub(super) const PROPERTIES: [&str; 8] = [
    "branch",
    "got_revision",
    "owner",
    "project",
    "reason",
    "repository",
    "revision",
    "scheduler",
];

/// What a build was asked for: the wish, why, and of what.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// When it was asked for.
    pub(super) submitted_at: Option<Timestamp>,
    /// The build that is done again by it.
    pub(super) rebuilt: Option<u64>,
    /// Whether another build triggered it.
    pub(super) triggered: bool,
    /// Why, in the server's words.
    pub(super) reason: String,
    /// States of repositories, in the server's order.
    pub(super) stamps: Vec<wire::SourceStamp>,
}

/// A commit as a source of changes told it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// Its first line.
    pub(super) title: Clean,
    /// Who wrote it.
    pub(super) author: Option<Person>,
}

/// What a run is about.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Subject {
    /// The repository, or the project itself where none is told.
    pub(super) repo: RepoKey,
    /// The branch.
    pub(super) branch: Clean,
    /// The commit.
    pub(super) head_sha: Option<Sha>,
    /// Whether the commit was named when the build was asked for.
    pub(super) is_fixed: bool,
    /// The change request that the branch stands for.
    pub(super) change_requests: Vec<u64>,
    /// What started it.
    pub(super) event: Clean,
    /// What for.
    pub(super) title: Clean,
    /// Who.
    pub(super) actor: Option<Person>,
}

/// Returns a moment; what is none, or none that can be, is left out.
pub(super) fn at(secs: Option<&Number>) -> Option<Timestamp> {
    let secs = secs?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of a second says nothing here, and what is too large saturates"
    )]
    let whole = secs.as_i64().or_else(|| secs.as_f64().map(|f| f as i64))?;
    (whole > 0)
        .then(|| DateTime::from_timestamp(whole, 0))
        .flatten()
}

/// Returns how something stands by its code.
pub(super) fn state(complete: bool, results: &Value, said: Option<&str>) -> RunState {
    let unknown = |word: &str| RunState::Unknown(Clean::line(word));
    let code = match results {
        Value::Null => -1,
        Value::Number(code) => match code.as_i64() {
            Some(code) => code,
            None => return unknown(&format!("result {code}")),
        },
        Value::String(word) => return unknown(word),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return unknown("a result that is none");
        }
    };
    if !complete {
        return RunState::Running;
    }
    match code {
        -1 => unknown("over without a result"),
        0 | 1 => RunState::Passed,
        2 | 4 if said.is_some_and(|said| said.contains("timed out")) => {
            RunState::Failed(Failure::TimedOut)
        }
        2 | 4 => RunState::Failed(Failure::Failed),
        3 => RunState::Skipped,
        // The server asks for it again by itself.
        5 => RunState::Queued,
        6 => RunState::Cancelled,
        code => unknown(&format!("result {code}")),
    }
}

/// Returns the text of a property; its origin stands beside it.
fn property<'a>(of: Option<&'a wire::Properties>, name: &str) -> Option<&'a str> {
    let text = value(of, name)?.as_str()?;
    (!text.is_empty()).then_some(text)
}

fn value<'a>(of: Option<&'a wire::Properties>, name: &str) -> Option<&'a Value> {
    of?.get(name)?.get(0)
}

/// Returns the commit that was checked out: one, or one for each codebase.
fn got_revision<'a>(of: Option<&'a wire::Properties>, codebase: &str) -> Option<&'a str> {
    let got = value(of, "got_revision")?;
    got.as_str().or_else(|| got.get(codebase)?.as_str())
}

/// Returns what there is of a text.
fn some(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// What the settings say of runs, and where they run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// Host and path of the server.
    pub(super) ci: &'a str,
    /// What its projects build.
    pub(super) rules: &'a [ProjectRule],
}

/// Returns what a build, or the wish for one, is about.
pub(super) fn subject(
    site: Site<'_>,
    builder: &str,
    order: &Order,
    properties: Option<&wire::Properties>,
    told: impl Fn(u64) -> Option<Told>,
) -> Subject {
    let own = [stamp_of(properties)];
    // Sets of builds are cleared away before their builds are.
    let stamps = if order.stamps.is_empty() {
        &own[..]
    } else {
        &order.stamps
    };
    let known = |stamp: &&wire::SourceStamp| {
        let address = stamp.repository.as_deref();
        address.and_then(RepoKey::of_url).is_some()
    };
    let none = wire::SourceStamp::default();
    let stamp = stamps
        .iter()
        .find(known)
        .or(stamps.first())
        .unwrap_or(&none);
    let project = some(stamp.project.as_ref());
    let rule =
        ProjectRule::of(site.rules, builder).or_else(|| ProjectRule::of(site.rules, project?));
    let address = stamp.repository.as_deref().and_then(RepoKey::of_url);
    let repo = rule.map(|rule| rule.repo.clone()).or(address);
    let repo = repo.unwrap_or_else(|| RepoKey::new(site.ci, project.unwrap_or(builder)));
    let patched = stamps.iter().any(|stamp| stamp.patch.is_some());
    let named = some(stamp.revision.as_ref()).and_then(Sha::parse);
    let got = got_revision(properties, &stamp.codebase).and_then(Sha::parse);
    let is_fixed = named.is_some();
    let branch = some(stamp.branch.as_ref()).map_or_else(
        || {
            rule.and_then(|rule| rule.branch.clone())
                .unwrap_or_default()
        },
        |branch| Clean::line(branch.strip_prefix("refs/heads/").unwrap_or(branch)),
    );
    let change = change_request(&branch);
    let told = stamp.ssid.and_then(told).unwrap_or_default();
    let owner = property(properties, "owner").and_then(person);
    Subject {
        repo,
        // What was patched is no commit and no branch, whatever it was made from.
        head_sha: named.or(got).filter(|_| !patched),
        branch: if patched { Clean::default() } else { branch },
        is_fixed: is_fixed && !patched,
        change_requests: change.into_iter().collect(),
        event: event(order, properties, change.is_some(), patched),
        title: title(order, properties, stamp, told.title),
        actor: owner.or(told.author).or_else(|| {
            let patch = stamp.patch.as_ref()?;
            person(patch.author.as_deref()?)
        }),
    }
}

/// Returns the state of the repository as the properties of a build tell it.
fn stamp_of(properties: Option<&wire::Properties>) -> wire::SourceStamp {
    let text = |name: &str| property(properties, name).map(ToOwned::to_owned);
    wire::SourceStamp {
        branch: text("branch"),
        revision: text("revision"),
        repository: text("repository"),
        project: text("project"),
        ..wire::SourceStamp::default()
    }
}

/// Returns the number in `refs/pull/12/merge` and `refs/merge-requests/12/head`.
fn change_request(branch: &str) -> Option<u64> {
    let rest = ["refs/pull/", "refs/merge-requests/"]
        .iter()
        .find_map(|start| branch.strip_prefix(start))?;
    rest.split('/').next()?.parse().ok()
}

/// Returns what started a build, in the words that forges use where there are such.
fn event(
    order: &Order,
    properties: Option<&wire::Properties>,
    of_change: bool,
    patched: bool,
) -> Clean {
    let by_form = || {
        let origin = properties.and_then(|all| all.get("owner")?.get(1)?.as_str());
        origin == Some("Force Build Form") || order.reason.starts_with("A build was forced")
    };
    let timed = ["The Nightly", "The Periodic", "The Timed"];
    Clean::line(if of_change {
        "pull_request"
    } else if patched {
        "try"
    } else if order.triggered {
        "trigger"
    } else if by_form() {
        "force"
    } else if timed.iter().any(|start| order.reason.starts_with(start)) {
        "schedule"
    } else {
        "push"
    })
}

/// Returns what a build was made for, in people's words; what the server says of itself is none.
fn title(
    order: &Order,
    properties: Option<&wire::Properties>,
    stamp: &wire::SourceStamp,
    told: Clean,
) -> Clean {
    let patch = stamp.patch.as_ref();
    if let Some(comment) = patch.and_then(|patch| some(patch.comment.as_ref())) {
        return first_line(comment);
    }
    if !told.is_empty() {
        return told;
    }
    if let Some(reason) = property(properties, "reason") {
        return first_line(reason);
    }
    let forced = order.reason.strip_prefix("A build was forced by ");
    let reason = forced.and_then(|rest| rest.split_once("': "));
    reason.map_or_else(Clean::default, |(_, reason)| first_line(reason))
}

/// Returns the person of `Ada <ada@example.org>`; an address of mail is nobody's business.
pub(super) fn person(text: &str) -> Option<Person> {
    let name = text.split('<').next().unwrap_or_default().trim();
    let name = if name.is_empty() {
        text.trim_matches(|c: char| matches!(c, '<' | '>') || c.is_whitespace())
    } else {
        name
    };
    let name = name.split('@').next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| Person::new(name, false))
}

/// Returns a step as people count it, from 1.
pub(super) fn step(wire: &wire::Step) -> Step {
    let state = if wire.started_at.is_none() && !wire.complete {
        RunState::Queued
    } else {
        state(wire.complete, &wire.results, wire.state_string.as_deref())
    };
    Step {
        number: wire.number.saturating_add(1),
        name: Clean::line(&wire.name),
        state,
        started_at: at(wire.started_at.as_ref()),
        finished_at: at(wire.complete_at.as_ref()),
    }
}

/// Returns the steps that are shown, in their order.
pub(super) fn steps(wire: &[wire::Step]) -> Vec<Step> {
    let shown = wire.iter().filter(|step| !step.hidden || is_bad(step));
    let mut steps: Vec<Step> = shown.map(step).collect();
    steps.sort_by_key(|step| step.number);
    steps.truncate(MOST_STEPS);
    steps
}

/// Returns whether a step failed.
pub(super) fn is_bad(step: &wire::Step) -> bool {
    matches!(
        state(step.complete, &step.results, None),
        RunState::Failed(_)
    )
}

#[cfg(test)]
mod tests;
