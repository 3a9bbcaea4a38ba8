//! What is polled, and how soon: groups as a whole, projects by their heat, the rest by need.
//!
//! Pure. What is asked once has a number in its name, so that the next of its
//! kind is another resource.

use super::state::{Project, Scope, State};
use super::work::Kind;
use super::{CHANGES, ISSUES, RUNS, details};
use crate::domain::Timestamp;
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
/// Jobs of pipelines at work.
pub(super) const JOBS: &str = "jobs";
/// Pipelines of projects that seem to be quiet.
pub(super) const SWEEP: &str = "sweep";
/// Version, user, and what the token may.
pub(super) const ACCOUNT: &str = "account";

/// How many projects wait for their pipelines at once: the rest follow, hottest first.
const RUNS_AT_ONCE: usize = 4;

/// Of how many projects the jobs at work are followed.
const LIVE: usize = 25;

/// Returns every resource.
pub(super) fn resources(state: &State, now: Timestamp) -> Vec<Resource> {
    let mut list = Vec::new();
    lists(state, &mut list);
    work(state, now, &mut list);
    runs(state, now, &mut list);
    list
}

fn lists(state: &State, list: &mut Vec<Resource>) {
    let tier = match state.discovered_at {
        Some(_) if !state.rediscover => Tier::Rare,
        // A project that was just made is there in a minute or two.
        Some(_) => Tier::Warm,
        None => Tier::Now,
    };
    list.push(resource(PROJECTS.to_owned(), tier, 6));
    let scopes = state.scopes();
    let begun = |kind: Kind, scope: &Scope| {
        let cursors = state.cursors.get(scope);
        cursors.is_some_and(|cursors| match kind {
            Kind::Issues => cursors.issues.is_some(),
            Kind::Changes => cursors.changes.is_some(),
        })
    };
    for (kind, name) in [(Kind::Changes, CHANGES), (Kind::Issues, ISSUES)] {
        let unread = |scope: &Scope| !begun(kind, scope) && !state.has_none(kind, scope);
        let once = state.discovered_at.is_some() && scopes.iter().any(unread);
        let tier = if once { Tier::Now } else { Tier::Rare };
        let cost = u32::try_from(scopes.len())
            .unwrap_or(u32::MAX)
            .clamp(1, 500);
        list.push(resource(name.to_owned(), tier, cost));
    }
    let landed = |scope: &Scope| state.cursors.get(scope).is_some_and(|it| it.landed);
    if state.discovered_at.is_some() && !scopes.iter().all(landed) {
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
    let wanted = |project: &Project| project.runs_wanted && project.id.is_some();
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

impl State {
    /// Returns whether a project has no work of a kind, or does not show it.
    fn has_none(&self, kind: Kind, scope: &Scope) -> bool {
        let hidden = |name: &'static str| {
            let place = scope.path().to_ascii_lowercase();
            self.hidden.contains_key(&(place, name))
        };
        let off = match scope {
            Scope::Group(_) => false,
            Scope::Project(path) => self.projects.get(path).is_some_and(|it| match kind {
                Kind::Issues => it.no_issues,
                Kind::Changes => it.no_changes,
            }),
        };
        off || hidden(kind.name())
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
