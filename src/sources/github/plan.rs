//! What is polled, and how soon: repositories by their heat, the rest by need.
//!
//! Pure. What is asked once has a number in its name, so that the next of its
//! kind is another resource.

use super::state::{Mode, RepoState, State, Wanted};
use super::{compare, places};
use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::sources::needs::Turn;
use crate::sources::selection;
use crate::sources::{Resource, ResourceId, Tier};

/// How many repositories wait for their runs at once: the rest follow, hottest first.
const RUNS_AT_ONCE: usize = 4;

/// Of how many repositories the jobs at work are followed.
const LIVE: usize = 25;

/// After how long GraphQL is tried again where it was refused.
const TRY_AGAIN_HOURS: i64 = 1;

/// Returns every resource.
pub(super) fn resources(state: &State, config: &SourceConfig, now: Timestamp) -> Vec<Resource> {
    let mut list = Vec::new();
    if selection::is_needed(config) {
        let tier = match state.discovered_at {
            None => Tier::Now,
            Some(_) => Tier::Rare,
        };
        list.push(resource("discover".to_owned(), tier, 1, "core"));
    }
    let by_rest = match state.mode {
        Mode::GraphQl => false,
        Mode::RestOnly(since) => {
            if (now - since).num_hours() >= TRY_AGAIN_HOURS && !state.repos.is_empty() {
                list.push(resource("probe:again".to_owned(), Tier::Rare, 1, "graphql"));
            }
            true
        }
    };
    let polls = if by_rest { rest } else { graphql };
    // In turns: a start with many repositories shows something in every column early.
    let of_repos: u64 = state.repos.values().map(|repo| repo.turn).sum();
    if (state.turns.probe + state.turns.refresh + of_repos) % 2 == 1 {
        runs(state, now, by_rest, &mut list);
        polls(state, now, &mut list);
    } else {
        polls(state, now, &mut list);
        runs(state, now, by_rest, &mut list);
    }
    for turn in Turn::ALL {
        let mut due = state.needs.iter().filter(|need| Turn::of(need) == turn);
        if due.any(|need| compare::is_due(state, need, now)) {
            let count = *state.turns.clone().of(turn);
            let id = format!("{}:{count}", turn.word());
            let (cost, bucket) = match turn {
                Turn::Spare if !by_rest => (1, "graphql"),
                Turn::Now | Turn::Past | Turn::Spare => (compare::COST, "core"),
            };
            list.push(resource(id, turn.tier(), cost, bucket));
        }
    }
    if state.owes_places() {
        let (cost, bucket) = if by_rest {
            (places::ONE_COST, "core")
        } else {
            (1, "graphql")
        };
        let id = format!("places:{}", state.turns.places);
        list.push(resource(id, Tier::Spare, cost, bucket));
    }
    if let Some((path, step, by_graphql)) = state.next_of_past() {
        let bucket = if by_graphql { "graphql" } else { "core" };
        let id = format!("backfill:{path}@{step}");
        list.push(resource(id, Tier::Spare, 1, bucket));
    }
    let mut owners: Vec<String> = state
        .repos
        .values()
        .filter(|repo| repo.seen.is_some() || repo.restored)
        .map(|repo| repo.owner().to_ascii_lowercase())
        .collect();
    owners.sort();
    owners.dedup();
    for owner in owners {
        let id = format!("findings:{owner}@{}", state.turns.findings);
        list.push(resource(id, Tier::Rare, 3, "core"));
    }
    list
}

fn graphql(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    if let Some(level) = state.repos.values().map(|repo| repo.wanted).max()
        && level != Wanted::Nothing
    {
        let cost = if level == Wanted::Full { 12 } else { 6 };
        list.push(resource(
            format!("refresh:{}", state.turns.refresh),
            Tier::Now,
            cost,
            "graphql",
        ));
    }
    if state
        .repos
        .values()
        .any(|repo| repo.seen.is_none() && repo.misses == 0)
    {
        list.push(resource(
            format!("probe:new:{}", state.turns.probe),
            Tier::Now,
            2,
            "graphql",
        ));
    }
    let (watched, urgent) = state.watched(now);
    if urgent {
        let id = format!("changes:now:{}", state.turns.changes);
        list.push(resource(id, Tier::Now, 1, "graphql"));
    }
    for chunk in 0..watched.len().div_ceil(state.watch_portion.size()) {
        list.push(resource(
            format!("changes:{chunk}"),
            Tier::Live,
            1,
            "graphql",
        ));
    }
    for (tier, repos) in state.by_tier(now) {
        let Some(word) = tier_word(tier) else {
            continue;
        };
        for chunk in 0..repos.len().div_ceil(state.probe_portion.size()) {
            list.push(resource(
                format!("probe:{word}:{chunk}"),
                tier,
                2,
                "graphql",
            ));
        }
    }
    if state.repos.values().any(|repo| repo.misses >= 2) {
        list.push(resource(
            "probe:missing".to_owned(),
            Tier::Rare,
            1,
            "graphql",
        ));
    }
}

/// Returns the word of a tier in the name of a probe.
pub(super) fn tier_word(tier: Tier) -> Option<&'static str> {
    match tier {
        Tier::Hot => Some("hot"),
        Tier::Warm => Some("warm"),
        Tier::Cold => Some("cold"),
        Tier::Now | Tier::Live | Tier::Rare | Tier::Past | Tier::Spare => None,
    }
}

fn runs(state: &State, now: Timestamp, by_rest: bool, list: &mut Vec<Resource>) {
    let wanted = |repo: &RepoState| repo.runs_wanted && repo.misses == 0;
    for repo in state.hottest(wanted).into_iter().take(RUNS_AT_ONCE) {
        let id = format!("runs:{}@{}", repo.path, repo.turn);
        list.push(resource(id, Tier::Now, 3, "core"));
    }
    let at_work = state.hottest(|repo| repo.is_running() && repo.misses == 0);
    for repo in at_work.into_iter().take(LIVE) {
        let id = format!("jobs:{}", repo.path);
        list.push(resource(id, Tier::Live, 1, "core"));
    }
    for (tier, repos) in state.by_tier(now) {
        let polled = |repo: &&RepoState| match tier {
            Tier::Hot => true,
            Tier::Warm => by_rest || !repo.runs.is_empty(),
            Tier::Cold => by_rest || repo.is_running(),
            Tier::Now | Tier::Live | Tier::Rare | Tier::Past | Tier::Spare => false,
        };
        let known = |repo: &&RepoState| repo.seen.is_some() || by_rest;
        for repo in repos.into_iter().filter(known).filter(polled) {
            // Where nothing runs the probe tells what begins; what it cannot see comes a bit later.
            let quiet = tier == Tier::Hot && !by_rest && !repo.at_work && !repo.is_running();
            let tier = if quiet { Tier::Warm } else { tier };
            list.push(resource(format!("runs:{}", repo.path), tier, 1, "core"));
        }
    }
}

fn rest(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    let unread = |repo: &RepoState| repo.seen.is_none() && repo.misses == 0;
    for repo in state.hottest(unread).into_iter().take(RUNS_AT_ONCE) {
        let id = format!("rest:{}@{}", repo.path, repo.turn);
        list.push(resource(id, Tier::Now, 8, "core"));
    }
    for (tier, repos) in state.by_tier(now) {
        // Eight requests a repository: one step slower than GraphQL's probe.
        let tier = if tier == Tier::Hot { Tier::Warm } else { tier };
        for repo in repos.into_iter().filter(|repo| repo.seen.is_some()) {
            list.push(resource(format!("rest:{}", repo.path), tier, 8, "core"));
        }
    }
}

fn resource(id: String, tier: Tier, cost: u32, bucket: &'static str) -> Resource {
    Resource {
        id: ResourceId::from(id),
        tier,
        cost,
        bucket,
    }
}
