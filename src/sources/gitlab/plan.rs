//! What is polled, and how soon: groups as a whole, projects by their heat, the rest by need.
//!
//! Pure. What is asked once has a number in its name, so that the next of its
//! kind is another resource.

use super::scope::Scope;
use super::state::{Project, State};
use super::work::Kind;
use super::{ALERTS, CHANGES, FINDINGS, ISSUES, RUNS, delivery, details, health, needs, places};
use crate::domain::Timestamp;
use crate::sources::needs::Turn;
use crate::sources::{Resource, ResourceId, Tier};

/// The lists of projects.
pub(super) const PROJECTS: &str = "projects";
/// What ended lately.
pub(super) const LANDED: &str = "landed";
/// What moved in a group.
pub(super) const PULSE: &str = "pulse";
/// What moved in a project that is read alone.
pub(super) const WORK: &str = "work";
/// Details of merge requests that changed lately.
pub(super) const DETAILS: &str = "details";
/// Details of others.
pub(super) const LATER: &str = "later";
/// Details of merge requests that wait for reviewers.
pub(super) const REVIEWS: &str = "reviews";
/// Jobs of pipelines at work.
pub(super) const JOBS: &str = "jobs";
/// Pipelines of projects that seem to be quiet.
pub(super) const SWEEP: &str = "sweep";
/// Version, user, and what the token may.
pub(super) const ACCOUNT: &str = "account";

/// What a project ships.
pub(super) const DELIVERY: &str = "delivery";
/// What came to the environments of a project that its newest deployments do not tell of.
pub(super) const PLACES: &str = "places";
/// What correlation asked for, of what happens now.
pub(super) const NEEDS: &str = "needs";
/// The same, of what is past.
pub(super) const PAST: &str = "past";
/// The same, of what history alone reads.
pub(super) const TIMES: &str = "times";

/// What happened before the board watched.
pub(super) const BACKFILL: &str = "backfill";

/// How many projects wait for their pipelines at once: the rest follow, hottest first.
const RUNS_AT_ONCE: usize = 4;

/// Of how many projects the jobs at work are followed.
const LIVE: usize = 25;

/// How long after the lists of projects were read they are read again for a new name.
const AGAIN_MINS: i64 = 5;

/// For how many days after its last change it matters what a project ships.
const SHIPPED_DAYS: i64 = 30;

/// Returns every resource.
pub(super) fn resources(state: &State, now: Timestamp) -> Vec<Resource> {
    let mut list = Vec::new();
    lists(state, now, &mut list);
    work(state, now, &mut list);
    runs(state, now, &mut list);
    deliveries(state, now, &mut list);
    asked(state, now, &mut list);
    list
}

/// Where something moved lately it is read now; what was quiet for long has time.
fn deliveries(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    let wanted = |project: &Project| project.wants_delivery(SHIPPED_DAYS, now);
    for project in state.hottest(wanted).into_iter().take(RUNS_AT_ONCE) {
        let id = format!("{DELIVERY}:{}@{}", project.path, project.turn);
        let tier = match project.tier(now) {
            Some(_) => Tier::Now,
            None => Tier::Past,
        };
        list.push(resource(id, tier, delivery::COST));
    }
    let unread = |project: &Project| project.id.is_some() && project.has_unread_places();
    if let Some(project) = state.hottest(unread).first() {
        let id = format!("{PLACES}:{}@{}", project.path, project.turn);
        let cost = u32::try_from(places::AT_ONCE).unwrap_or(u32::MAX);
        list.push(resource(id, Tier::Spare, cost));
    }
    let moving = |project: &Project| {
        let tier = project.tier(now);
        project.delivery_at.is_some() && matches!(tier, Some(Tier::Hot | Tier::Warm))
    };
    for project in state.hottest(moving) {
        // What is deployed by other means than a pipeline moves nothing else.
        let id = format!("{DELIVERY}:{}", project.path);
        list.push(resource(id, Tier::Cold, delivery::COST));
    }
}

fn asked(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    if state.has_needs(Turn::Now, now) {
        let id = format!("{NEEDS}:{}", state.turns.needs);
        list.push(resource(id, Tier::Now, needs::COST));
    }
    if state.has_needs(Turn::Spare, now) {
        let id = format!("{TIMES}:{}", state.turns.times);
        list.push(resource(id, Tier::Spare, needs::COST));
    }
    if state.has_needs(Turn::Past, now) {
        let id = format!("{PAST}:{}", state.turns.past);
        list.push(resource(id, Tier::Past, needs::COST));
    }
    if let Some((path, step, bucket)) = state.next_of_past() {
        let next = resource(format!("{BACKFILL}:{path}@{step}"), Tier::Spare, 1);
        list.push(Resource { bucket, ..next });
    }
    if state.discovered_at.is_some() {
        let hidden = |name| state.is_hidden("", name, now);
        let tier = |name, usual| if hidden(name) { Tier::Rare } else { usual };
        list.push(graphql(ALERTS, tier(ALERTS, Tier::Cold)));
        let many = state.scopes().len() > health::MOST_PLACES;
        let usual = if many { Tier::Cold } else { Tier::Rare };
        list.push(graphql(FINDINGS, tier(FINDINGS, usual)));
    }
}

fn graphql(id: &str, tier: Tier) -> Resource {
    Resource {
        bucket: "graphql",
        ..resource(id.to_owned(), tier, 1)
    }
}

fn lists(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    let tier = match state.discovered_at {
        // A project that was just made is there in some minutes.
        Some(at) if state.rediscover && (now - at).num_minutes() >= AGAIN_MINS => Tier::Warm,
        Some(_) => Tier::Rare,
        None => Tier::Now,
    };
    list.push(resource(PROJECTS.to_owned(), tier, 6));
    let scopes = state.scopes();
    for (kind, name) in [(Kind::Changes, CHANGES), (Kind::Issues, ISSUES)] {
        let unread = |scope: &Scope| state.is_unread(kind, scope, now);
        let once = state.discovered_at.is_some() && scopes.iter().any(unread);
        let tier = if once { Tier::Now } else { Tier::Rare };
        let cost = u32::try_from(scopes.len())
            .unwrap_or(u32::MAX)
            .clamp(1, 500);
        // What is there, and what of it is on, comes first.
        if state.discovered_at.is_some() {
            list.push(resource(name.to_owned(), tier, cost));
        }
    }
    if state.discovered_at.is_some() && !state.unlanded(now).is_empty() {
        list.push(resource(LANDED.to_owned(), Tier::Now, 4));
    }
    let tier = if state.account_asked {
        Tier::Rare
    } else {
        Tier::Now
    };
    list.push(resource(ACCOUNT.to_owned(), tier, 3));
}

fn work(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    for scope in state.scopes() {
        match scope {
            Scope::Group(group) => {
                list.push(resource(format!("{PULSE}:{group}"), Tier::Hot, 3));
            }
            Scope::Project(path) => {
                let project = state.projects.get(&path);
                let Some(project) = project else { continue };
                let tier = project.tier(now).unwrap_or(Tier::Cold);
                // Alone, a project tells nothing beforehand.
                let tier = tier.min(if state.projects.len() > 20 {
                    Tier::Cold
                } else {
                    Tier::Warm
                });
                list.push(resource(format!("{WORK}:{}", project.path), tier, 2));
            }
        }
    }
    if state.has_reviews(now) {
        list.push(resource(REVIEWS.to_owned(), Tier::Cold, details::COST));
    }
    let turn = state.turns.details;
    if state.has_due_details(now, true) {
        list.push(resource(
            format!("{DETAILS}:{turn}"),
            Tier::Now,
            details::COST,
        ));
    }
    if state.has_due_details(now, false) {
        list.push(resource(
            format!("{LATER}:{turn}"),
            Tier::Past,
            details::COST,
        ));
    }
}

fn runs(state: &State, now: Timestamp, list: &mut Vec<Resource>) {
    let wanted = |project: &Project| project.wants_runs(now);
    for project in state.hottest(wanted).into_iter().take(RUNS_AT_ONCE) {
        let id = format!("{RUNS}:{}@{}", project.path, project.turn);
        let tier = match project.tier(now) {
            Some(_) => Tier::Now,
            None => Tier::Past,
        };
        list.push(resource(id, tier, 3));
    }
    let at_work = state.hottest(Project::is_running);
    for project in at_work.into_iter().take(LIVE) {
        list.push(resource(format!("{JOBS}:{}", project.path), Tier::Live, 2));
    }
    for (project, tier) in state.polled(now) {
        list.push(resource(format!("{RUNS}:{}", project.path), tier, 1));
    }
    if state.has_quiet(now) {
        list.push(resource(SWEEP.to_owned(), Tier::Warm, 2));
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
