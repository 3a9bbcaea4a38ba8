//! Commits of the default branch of a project, and which merge request brought each.
//!
//! What the commits themselves do not tell is asked for, a few in each fetch. How a
//! commit reads is `map::delivery`.

use std::collections::BTreeMap;

use super::api::{Poll, is_refusal};
use super::map::delivery;
use super::state::Project;
use super::{GitLab, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeState;
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::sources::http::Failure;
use crate::sources::{Batch, brought};

/// How many commits are asked for who brought them, in one fetch.
const ASKED: usize = 6;

/// For how many days a commit that nobody brought is worth a question.
const ASKED_DAYS: i64 = 9;

impl GitLab {
    /// Reads the newest commits of the default branch, and who brought them.
    pub(super) async fn commits(
        &self,
        key: &RepoKey,
        part: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let branch = self.of(key, |project| project.default_branch.clone());
        let Some(branch) = branch else { return Ok(()) };
        let route = ["projects", part, "repository", "commits"];
        let query = [("ref_name", branch.as_str()), ("per_page", "100")];
        let of = (key, super::COMMITS);
        let listed = self
            .maybe::<wire::Commit>(of, &route, &query, 1, poll)
            .await?;
        let Some(listed) = listed else { return Ok(()) };
        self.warn(&format!("{key}: commits"), &listed.list, batch);
        let items = listed.list.items.iter();
        let found = items.filter_map(|wire| delivery::commit(key, &branch, wire));
        let mut commits: Vec<Commit> = found.collect();
        let asked = {
            let mut state = self.state();
            let Some(project) = state.known(key.path()) else {
                return Ok(());
            };
            if let Some(first) = commits.first() {
                project.tip = Some(first.sha.clone());
                if let Some(told) = &mut project.told
                    && let Some(branch) = &mut told.default_branch
                    && branch.tip != project.tip
                {
                    branch.tip.clone_from(&project.tip);
                    batch.facts.push(Fact::Repository(told.clone()));
                }
            }
            attribute(project, &mut commits);
            unbrought(project, &commits, poll.now)
        };
        let mut trouble = None;
        for sha in asked {
            let by = match self.brought_by(part, &sha, poll).await {
                Ok(Some(by)) => by,
                Ok(None) => break,
                Err(failure) => {
                    trouble = Some(failure);
                    break;
                }
            };
            if let Some(project) = self.state().known(key.path()) {
                project.was_brought(sha, by);
            }
        }
        if let Some(project) = self.state().known(key.path()) {
            attribute(project, &mut commits);
        }
        // The commits themselves were read.
        batch.facts.extend(commits.into_iter().map(Fact::Commit));
        trouble.map_or(Ok(()), Err)
    }

    /// Asks which merge request brought a commit; nothing where that may not be asked.
    async fn brought_by(
        &self,
        part: &str,
        sha: &Sha,
        poll: Poll,
    ) -> Result<Option<Option<u64>>, Failure> {
        let route = [
            "projects",
            part,
            "repository",
            "commits",
            sha.as_str(),
            "merge_requests",
        ];
        match self.list::<wire::Numbered>(&route, &[], 1, poll).await {
            Ok(listed) => {
                let mut merged = listed.list.items.iter();
                let merged = merged.find(|it| it.state.as_deref() == Some("merged"));
                Ok(Some(merged.map(|change| change.iid)))
            }
            Err(failure) if is_refusal(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Says of each commit which merge request brought it, as far as that is known, and which were
/// pushed by themselves.
pub(super) fn attribute(project: &Project, commits: &mut [Commit]) {
    let mut by_sha: BTreeMap<&Sha, u64> = BTreeMap::new();
    for seen in project.changes.values() {
        if let Some(sha) = &seen.fact.merge_sha {
            by_sha.insert(sha, seen.fact.number);
        }
    }
    brought::attribute(commits, &by_sha, |sha| project.brought.get(sha).copied());
}

/// Returns the commits of the default branch of which nobody knows who brought them.
fn unbrought(project: &Project, commits: &[Commit], now: Timestamp) -> Vec<Sha> {
    let merged = |number: u64| {
        let seen = project.changes.get(&number);
        seen.is_none_or(|seen| seen.fact.state != ChangeState::Open)
    };
    let is_new = |commit: &&Commit| {
        let age = commit.committed_at.map(|at| (now - at).num_days());
        age.is_some_and(|days| days < ASKED_DAYS)
    };
    let open = |commit: &&Commit| {
        let known = commit.change_request.is_some_and(merged);
        !known && !commit.direct && !project.brought.contains_key(&commit.sha)
    };
    let due = commits.iter().filter(is_new).filter(open);
    due.map(|commit| commit.sha.clone()).take(ASKED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Clean;
    use chrono::TimeDelta;

    fn sha(n: u64) -> Sha {
        Sha::parse(&format!("{n:040x}")).unwrap()
    }

    fn commit(n: u64, parents: &[u64], message: &str) -> Commit {
        let parents: Vec<String> = parents.iter().map(|n| format!("{n:040x}")).collect();
        let wire = serde_json::json!({
            "id": format!("{n:040x}"), "parent_ids": parents, "message": message,
            "committed_date": "2026-01-01T00:00:00Z"
        });
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let wire = serde_json::from_value(wire).unwrap();
        delivery::commit(&repo, &Clean::line("main"), &wire).unwrap()
    }

    #[track_caller]
    fn check(project: &Project, mut commits: Vec<Commit>, expected: &[(Option<u64>, bool)]) {
        attribute(project, &mut commits);
        let found = commits.iter().map(|it| (it.change_request, it.direct));
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_a_merge_brought_along_came_with_its_merge_request() {
        let merge = "Merge branch 'x' into 'main'\n\nSee merge request acme/api!7";
        let commits = vec![
            commit(5, &[2, 4], merge),
            commit(4, &[3], "two"),
            commit(3, &[1], "one"),
            commit(2, &[1], "pushed"),
            commit(1, &[], "first"),
        ];
        let mut project = Project::new("acme/api");
        project.was_brought(sha(2), None);
        let seven = (Some(7), false);
        let expected = [seven, seven, seven, (None, true), (None, false)];
        check(&project, commits.clone(), &expected);
        let now = chrono::DateTime::parse_from_rfc3339("2026-01-02T00:00:00Z").unwrap();
        let mut told = commits;
        attribute(&project, &mut told);
        assert_eq!(unbrought(&project, &told, now.to_utc()), [sha(1)]);
        let later = now.to_utc() + TimeDelta::days(30);
        assert!(unbrought(&project, &told, later).is_empty());
    }

    #[test]
    fn parents_in_a_circle_end() {
        let commits = vec![commit(1, &[2, 2], "a"), commit(2, &[1, 1], "b")];
        check(
            &Project::new("a/b"),
            commits,
            &[(None, false), (None, false)],
        );
    }
}
