//! What is polled, and how soon: searches often, repositories when they changed.
//!
//! Pure. What is asked once has a number in its name, so that the next of its kind
//! is another resource.

use super::state::{RepoState, State};
use super::{needs, past};
use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::sources::needs::Turn;
use crate::sources::selection::is_needed;
use crate::sources::{Resource, ResourceId, Tier};

/// How many repositories wait for each of their lists at once: the rest follow, hottest first.
const AT_ONCE: usize = 4;

/// Returns every resource.
pub(super) fn resources(state: &State, config: &SourceConfig, now: Timestamp) -> Vec<Resource> {
    let mut list = Vec::new();
    let tier = if state.server_at.is_none() {
        Tier::Now
    } else {
        Tier::Rare
    };
    list.push(resource("server".to_owned(), tier, 1));
    if is_needed(config) {
        let tier = if state.discovered_at.is_none() {
            Tier::Now
        } else {
            Tier::Rare
        };
        list.push(resource("discover".to_owned(), tier, 2));
    }
    if !state.repos.is_empty() {
        list.push(resource("changes".to_owned(), Tier::Hot, 2));
    }
    repositories(state, now, &mut list);
    if let Some((path, step, cost)) = state.next_of_past() {
        let id = format!("backfill:{path}@{step}");
        list.push(resource(id, Tier::Spare, cost));
    }
    for turn in Turn::ALL {
        let mut due = state.needs.iter().filter(|need| Turn::of(need) == turn);
        if due.any(|need| needs::is_due(state, need, now)) {
            let id = format!("{}:{}", turn.word(), state.turn);
            list.push(resource(id, turn.tier(), needs::COST));
        }
    }
    list
}

fn repositories(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    let reads_runs = state.reads_runs(now);
    let mut first = [0; 6];
    for repo in state.hottest(|repo| repo.misses < 2) {
        let path = &repo.path;
        let mut once = |slot: usize, word: &str, cost: u32, wanted: bool| {
            let Some(count) = first.get_mut(slot).filter(|_| wanted) else {
                return;
            };
            *count += 1;
            if *count <= AT_ONCE {
                let id = format!("{word}:{path}@{}", repo.turn);
                list.push(resource(id, Tier::Now, cost));
            }
        };
        once(0, "repo", 5, repo.wanted);
        once(1, "pull", 3, repo.due_pulls(now).next().is_some());
        // Lists prove nothing of a repository that nobody ever answered for.
        let issues = repo.has_issues && repo.issues_at.is_none() && repo.identity.is_some();
        once(2, "issues", 2, issues);
        // What the branches ask for belongs to what is told of a pull request.
        let pulls = repo.has_pulls && repo.pulls_at.is_none() && repo.read_at.is_some();
        once(3, "pulls", 4, pulls);
        let ci = repo.read_at.is_some() && (repo.ci_wanted || repo.checks_at.is_none());
        once(4, "ci", 4, ci);
        // Merged pull requests answer most of it: what they do not is asked for after them.
        let brought = !repo.unclear.is_empty() && (repo.pulls_at.is_some() || !repo.has_pulls);
        once(5, "brought", past::COST, brought);
        if !repo.undated.is_empty() && repo.checks_at.is_some() {
            let id = format!("deployed:{path}@{}", repo.turn);
            list.push(resource(id, Tier::Past, past::COST));
        }
        if repo.identity.is_some() {
            let searches = state.searches(&repo.owner(), now);
            again(repo, (now, searches, reads_runs), list);
        }
    }
}

/// Lists of a repository that were read before.
fn again(
    repo: &RepoState,
    (now, searches, reads_runs): (Timestamp, bool, bool),
    list: &mut Vec<Resource>,
) {
    let path = &repo.path;
    let heat = repo.tier(now);
    // Where the searches tell what changed, lists only tell what was deleted.
    let lists = if searches { Tier::Rare } else { cooler(heat) };
    let is_due = |at| heat != Tier::Rare || RepoState::is_old(at, now);
    if !repo.wanted && (!searches || RepoState::is_old(repo.read_at, now)) {
        list.push(resource(format!("repo:{path}"), lists, 5));
    }
    if repo.has_issues && repo.issues_at.is_some() && is_due(repo.issues_at) {
        list.push(resource(format!("issues:{path}"), lists, 2));
    }
    if repo.has_pulls && repo.pulls_at.is_some() && is_due(repo.pulls_at) {
        list.push(resource(format!("pulls:{path}"), lists, 2));
    }
    let moves = repo.is_running() || !repo.deploying.is_empty();
    let follows = moves && heat != Tier::Rare || heat == Tier::Hot && repo.has_unsettled();
    let ci = if follows { Tier::Live } else { cooler(heat) };
    if repo.has_actions && reads_runs && repo.runs_at.is_some() {
        list.push(resource(format!("runs:{path}"), ci, 2));
    }
    if repo.checks_at.is_some() && (heat != Tier::Rare || moves) {
        list.push(resource(format!("checks:{path}"), ci, 4));
    }
}

/// Nothing tells when a run or a status comes: repositories at work are asked often, others seldom.
fn cooler(heat: Tier) -> Tier {
    match heat {
        Tier::Hot => Tier::Warm,
        Tier::Warm => Tier::Cold,
        Tier::Now | Tier::Live | Tier::Cold | Tier::Rare | Tier::Past | Tier::Spare => Tier::Rare,
    }
}

fn resource(id: String, tier: Tier, cost: u32) -> Resource {
    Resource {
        id: ResourceId::from(id),
        tier,
        cost,
        bucket: "core",
    }
}
