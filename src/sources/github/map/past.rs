//! Pages of the past to facts: what ended within the window, and what was before it.

use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangedPaths};
use crate::domain::deployment::Deployment;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;

use super::super::wire::{BranchHistory, DeploymentStatus, GraphCommit, Issue, Release};
use super::super::wire_past::{PastDeployment, PastPull};
use super::{commit, commits, delivery, times, work};

/// Returns what one page of change requests tells: those that ended since then, their times and
/// the closed tickets that they close.
pub(crate) fn changes(repo: &RepoKey, page: &[PastPull], from: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    for held in page {
        let ended = held.pull.merged_at.or(held.pull.closed_at);
        if ended.is_none_or(|at| at < from) {
            continue;
        }
        let tickets = work::closing_tickets(repo, &held.pull);
        facts.extend(tickets.into_iter().map(Fact::Ticket));
        let change = ChangeKey {
            repo: repo.clone(),
            number: held.pull.number,
        };
        facts.extend(touched(&change, held));
        facts.push(Fact::ChangeTimes(times::times(change, &held.times)));
        let change = work::change(repo, &held.pull);
        facts.push(Fact::ChangeRequest(Box::new(change)));
    }
    facts
}

/// Returns the files of a change request, where they were asked for.
fn touched(change: &ChangeKey, held: &PastPull) -> Option<Fact> {
    let files = held.times.files.as_ref()?;
    let mut paths: Vec<Clean> = files
        .nodes
        .items
        .iter()
        .map(|f| Clean::line(&f.path))
        .collect();
    paths.sort();
    paths.dedup();
    Some(Fact::ChangedPaths(ChangedPaths {
        change: change.clone(),
        head_sha: None,
        paths,
        complete: files.next().is_none() && files.nodes.bad_count == 0,
    }))
}

/// Returns the commits of one page.
pub(crate) fn on_branch(repo: &RepoKey, page: &BranchHistory) -> Vec<Fact> {
    commits(repo, page).into_iter().map(Fact::Commit).collect()
}

/// Returns a commit that is on no branch that was read. What brought it there is not told: it says
/// what a version consists of, and is no change of its own.
pub(crate) fn stray(repo: &RepoKey, wire: &GraphCommit) -> Option<Fact> {
    let mut found = commit(repo, "", wire)?;
    (found.change_request, found.direct) = (None, false);
    Some(Fact::Commit(found))
}

/// Returns the deployments of one page. Those from before the window come along: what was there
/// before the first one of it says what that one brought.
pub(crate) fn deployments(repo: &RepoKey, page: &[PastDeployment]) -> Vec<Fact> {
    let found = page.iter().filter_map(|held| deployment(repo, held));
    found.map(Fact::Deployment).collect()
}

/// A deployment that a newer one replaced is told as it was before that: whether it succeeded,
/// and when, is what the past is asked for.
fn deployment(repo: &RepoKey, held: &PastDeployment) -> Option<Deployment> {
    let was_replaced =
        |status: &&DeploymentStatus| status.state.as_deref().is_some_and(is_replaced);
    let said = held.statuses.iter().filter(|it| !was_replaced(it));
    let last = said.max_by_key(|status| status.created_at);
    let newest = held.deployment.latest_status.as_ref();
    let replaced = newest.as_ref().is_some_and(was_replaced)
        || newest.is_none() && held.deployment.state.as_deref().is_some_and(is_replaced);
    match last.filter(|_| replaced) {
        Some(status) => delivery::deployment_as(repo, &held.deployment, Some(status)),
        None => delivery::deployment(repo, &held.deployment),
    }
}

fn is_replaced(word: &str) -> bool {
    word.eq_ignore_ascii_case("INACTIVE")
}

/// Returns the releases of one page.
pub(crate) fn releases(repo: &RepoKey, page: &[Release]) -> Vec<Fact> {
    let found = page.iter().map(|item| delivery::release(repo, item));
    found.map(Fact::Release).collect()
}

/// Returns the incidents of one page.
pub(crate) fn incidents(repo: &RepoKey, page: &[Issue]) -> Vec<Fact> {
    let tickets = page.iter().map(|issue| work::ticket(repo, issue));
    let incidents = tickets.filter(|ticket| ticket.incident);
    incidents.map(Fact::Ticket).collect()
}

#[cfg(test)]
mod tests {
    use super::{changes, deployments};
    use crate::domain::Timestamp;
    use crate::domain::deployment::DeployState;
    use crate::domain::fact::Fact;
    use crate::domain::key::RepoKey;

    fn repo() -> RepoKey {
        RepoKey::new("github.com", "acme/api")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(latest: &str, statuses: &str, state: &DeployState, updated: &str) {
        let text = format!(
            r#"[{{"databaseId":1,"environment":"production","createdAt":"2026-01-01T00:00:00Z",
            "updatedAt":"2026-01-09T00:00:00Z","state":"INACTIVE","latestStatus":{latest},
            "statuses":{{"nodes":[{statuses}]}}}}]"#
        );
        let facts = deployments(&repo(), &serde_json::from_str::<Vec<_>>(&text).unwrap());
        let [Fact::Deployment(found)] = facts.as_slice() else {
            panic!("{facts:?}");
        };
        assert_eq!((&found.state, found.updated_at), (state, at(updated)));
    }

    #[test]
    fn a_deployment_that_was_replaced_is_told_as_it_was_before() {
        let said = |word: &str, day: u32| {
            format!(r#"{{"state":"{word}","createdAt":"2026-01-{day:02}T00:00:00Z"}}"#)
        };
        let all = [
            said("INACTIVE", 5),
            said("SUCCESS", 2),
            said("IN_PROGRESS", 1),
        ]
        .join(",");
        let (replaced, running) = (said("INACTIVE", 5), said("IN_PROGRESS", 1));
        check(
            &replaced,
            &all,
            &DeployState::Succeeded,
            "2026-01-02T00:00:00Z",
        );
        check(
            "null",
            &all,
            &DeployState::Succeeded,
            "2026-01-02T00:00:00Z",
        );
        let failed = [replaced.clone(), said("FAILURE", 3)].join(",");
        check(
            &replaced,
            &failed,
            &DeployState::Failed,
            "2026-01-03T00:00:00Z",
        );
        // Nothing else is known of it, or it was not replaced.
        check(
            &replaced,
            &replaced,
            &DeployState::Superseded,
            "2026-01-05T00:00:00Z",
        );
        check(
            &running,
            &running,
            &DeployState::Running,
            "2026-01-01T00:00:00Z",
        );
    }

    #[test]
    fn only_changes_that_ended_within_the_window_are_told() {
        let pull = |number: u64, merged: &str| {
            format!(
                r#"{{"number":{number},"state":"MERGED","createdAt":"2026-01-01T00:00:00Z",
                "updatedAt":"2026-02-01T00:00:00Z","mergedAt":{merged},"closedAt":{merged},
                "reviews":{{"nodes":[]}},"commits":{{"nodes":[]}},
                "closingIssuesReferences":{{"nodes":[{{"number":9,"state":"CLOSED","createdAt":"2026-01-01T00:00:00Z",
                "updatedAt":"2026-01-01T00:00:00Z","closedAt":"2026-01-08T00:00:00Z"}}]}}}}"#
            )
        };
        let page = format!(
            "[{},{},{}]",
            pull(1, r#""2026-01-08T00:00:00Z""#),
            pull(2, r#""2026-01-02T00:00:00Z""#),
            pull(3, "null"),
        );
        let page: Vec<_> = serde_json::from_str(&page).unwrap();
        let facts = changes(&repo(), &page, at("2026-01-05T00:00:00Z"));
        let ids: Vec<String> = facts.iter().map(|fact| fact.id().id.to_string()).collect();
        assert_eq!(facts.len(), 3, "{ids:?}");
        assert!(ids[1].ends_with("#1") && ids[2].ends_with("#1"), "{ids:?}");
    }
}
