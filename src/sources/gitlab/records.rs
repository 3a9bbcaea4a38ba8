//! Records of issues and merge requests to facts, and to what is remembered of them.
//!
//! No requests: what a list told is taken in, and what left it is found.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::api::Listed;
use super::map::{project_of, work};
use super::scope::Scope;
use super::state::{ChangeSeen, Project, State};
use super::work::Kind;
use super::{GitLab, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeState;
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::{TicketKey, TicketState};
use crate::sources::Batch;

/// One record of either kind.
pub(super) enum Record {
    Change(Box<wire::MergeRequest>),
    Issue(Box<wire::Issue>),
}

impl Record {
    /// Returns when it last changed.
    pub(super) fn updated_at(&self) -> Timestamp {
        match self {
            Self::Change(change) => change.updated_at,
            Self::Issue(issue) => issue.updated_at,
        }
    }

    fn place(&self) -> (u64, Option<&str>) {
        let (id, names) = match self {
            Self::Change(change) => (change.project_id, change.references.as_ref()),
            Self::Issue(issue) => (issue.project_id, issue.references.as_ref()),
        };
        let full = names.and_then(|names| names.full.as_deref());
        (id, full.and_then(project_of))
    }
}

impl<T> Listed<T> {
    /// Changes the records.
    pub(super) fn map<U>(self, change: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            list: crate::sources::http::List {
                items: self.list.items.into_iter().map(change).collect(),
                bad: self.list.bad,
                bad_count: self.list.bad_count,
            },
            complete: self.complete,
            same: self.same,
            asked_at: self.asked_at,
            trouble: self.trouble,
        }
    }
}

/// Returns the identity of a record by its number.
pub(super) fn numbered(kind: Kind, repo: &RepoKey, number: u64) -> FactId {
    FactId {
        kind: kind.fact(),
        id: Clean::line(&format!("{}#{number}", repo.as_str())),
    }
}

/// Takes records in; those of projects that are not polled are left.
pub(super) fn take(
    gitlab: &GitLab,
    state: &mut State,
    scope: &Scope,
    records: Vec<Record>,
) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(records.len());
    for record in records {
        let Some(path) = home(gitlab, state, scope, &record) else {
            continue;
        };
        let Some(project) = state.known(&path) else {
            continue;
        };
        let repo = gitlab.key(&project.path);
        match record {
            Record::Issue(issue) => {
                let Some(ticket) = work::ticket(&repo, &issue) else {
                    continue;
                };
                if ticket.state == TicketState::Open {
                    project.open_issues.insert(issue.iid);
                } else {
                    project.open_issues.remove(&issue.iid);
                }
                facts.push(Fact::Ticket(ticket));
            }
            Record::Change(change) => {
                let seen = seen(project.changes.get(&change.iid), &repo, &change);
                facts.push(Fact::ChangeRequest(Box::new(seen.fact.clone())));
                let merged = seen.fact.state == ChangeState::Merged;
                let before = project.changes.get(&change.iid);
                let was_open = before.is_some_and(|old| old.fact.state == ChangeState::Open);
                if merged && was_open {
                    // Its commit, and what runs for it, are on the base branch now.
                    project.delivery_wanted = true;
                    project.runs_wanted = !project.no_ci;
                }
                project.see_change(seen);
            }
        }
    }
    facts
}

/// Returns what is now known of a merge request.
fn seen(before: Option<&ChangeSeen>, repo: &RepoKey, wire: &wire::MergeRequest) -> ChangeSeen {
    let mut detail = before.map(|seen| seen.detail.clone()).unwrap_or_default();
    let head = super::map::sha(wire.sha.as_deref());
    let same_head = before.is_some_and(|seen| seen.fact.head_sha == head);
    if !same_head {
        // What was said of another commit says nothing of this one.
        detail.checks = None;
    }
    ChangeSeen {
        fact: work::change(repo, wire, &detail),
        detail,
        detail_for: before.and_then(|seen| seen.detail_for),
        asked: before.and_then(|seen| seen.asked),
        wanted: before.is_some_and(|seen| seen.wanted),
        pipeline: before.and_then(|seen| seen.pipeline).filter(|_| same_head),
        failed_at: before.and_then(|seen| seen.failed_at),
    }
}

/// Returns the project of a record, in lower case: by its number, else by its full name.
fn home(gitlab: &GitLab, state: &mut State, scope: &Scope, record: &Record) -> Option<String> {
    let (id, full) = record.place();
    if let Scope::Project(path) = scope {
        return Some(path.clone());
    }
    if let Some(path) = state.by_id.get(&id) {
        return Some(path.clone());
    }
    let ours = |path: &&str| super::discover::covers(&gitlab.config, path);
    let full = full.filter(ours).filter(|_| !state.ignored.contains(&id))?;
    if !state.projects.contains_key(&full.to_ascii_lowercase()) {
        // A new project, or one that was archived: the list tells which.
        state.rediscover = true;
        return None;
    }
    Some(full.to_ascii_lowercase())
}

/// Returns what was open in a scope and is in its list no more, by project.
pub(super) fn left(
    state: &State,
    kind: Kind,
    scope: &Scope,
    facts: &[Fact],
) -> BTreeMap<String, BTreeSet<u64>> {
    let mut open: BTreeSet<(&str, u64)> = BTreeSet::new();
    for fact in facts {
        if let Fact::ChangeRequest(change) = fact {
            open.insert((change.repo.path(), change.number));
        }
        if let Fact::Ticket(ticket) = fact
            && let TicketKey::Numbered { repo, number } = &ticket.key
        {
            open.insert((repo.path(), *number));
        }
    }
    let mut missing: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for project in state.of_scope(scope) {
        let path = project.path.as_str();
        let was_open: Vec<u64> = match kind {
            Kind::Issues => project.open_issues.iter().copied().collect(),
            Kind::Changes => {
                let open = |seen: &&ChangeSeen| seen.fact.state == ChangeState::Open;
                let changes = project.changes.values().filter(open);
                changes.map(|seen| seen.fact.number).collect()
            }
        };
        let gone = was_open
            .into_iter()
            .filter(|number| !open.contains(&(path, *number)));
        let gone: BTreeSet<u64> = gone.collect();
        if !gone.is_empty() {
            missing.insert(path.to_ascii_lowercase(), gone);
        }
    }
    missing
}

impl State {
    /// Forgets what was looked for and is not there.
    pub(super) fn forget_work(
        &mut self,
        kind: Kind,
        path: &str,
        asked: &[u64],
        gone: &[FactId],
        key: &RepoKey,
    ) {
        let Some(project) = self.known(path) else {
            return;
        };
        for number in asked {
            if gone.contains(&numbered(kind, key, *number)) {
                match kind {
                    Kind::Issues => drop(project.open_issues.remove(number)),
                    Kind::Changes => drop(project.changes.remove(number)),
                }
            }
        }
    }

    /// Tells that the projects of a scope are current, each once in a while.
    pub(super) fn cover(&mut self, scope: &Scope, now: Timestamp, always: bool, batch: &mut Batch) {
        let due = self.cursors_of(scope).covered;
        let due = due.is_none_or(|at| now - at >= TimeDelta::minutes(5));
        if !due && !always {
            return;
        }
        // Of one that was not found yet nothing may have been asked.
        let is_there = |project: &&Project| project.misses == 0 && (always || project.id.is_some());
        let paths = self.of_scope(scope).filter(is_there);
        batch
            .covered
            .extend(paths.map(|project| Clean::line(&project.path)));
        self.cursors.entry(scope.clone()).or_default().covered = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change_request::Checks;

    fn wire(sha: &str) -> wire::MergeRequest {
        let text = format!(
            r#"{{"iid":7,"project_id":1,"title":"x","state":"opened","sha":"{sha}",
            "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_was_said_of_another_commit_says_nothing_of_this_one() {
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let mut first = seen(None, &repo, &wire("aaaaaaa"));
        first.detail.checks = Some(Checks::Passed);
        first.pipeline = Some(9);
        let same = seen(Some(&first), &repo, &wire("aaaaaaa"));
        assert_eq!((same.fact.checks, same.pipeline), (Checks::Passed, Some(9)));
        let pushed = seen(Some(&first), &repo, &wire("bbbbbbb"));
        assert!(matches!(pushed.fact.checks, Checks::Unknown(_)));
        assert_eq!(pushed.pipeline, None);
    }
}
