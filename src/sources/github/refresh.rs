//! The refresh: reads what changed, several repositories a query.
//!
//! A small one reads what changed since the last, a full one everything that is
//! open, to its end, so that what left a list can be removed.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::api::{Data, Feature, Trouble};
use super::map::{self, delivery, work};
use super::probe::{ATTEMPTS, fragments, over, split};
use super::state::{State, Wanted};
use super::wire::{BranchHistory, RefreshRepo};
use super::{Ask, GitHub};
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::RepoKey;
use crate::domain::repository::Branch;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey};
use crate::domain::{Timestamp, later};
use crate::sources::http::List;
use crate::sources::{Batch, Listing, SourceError};

/// How far the host's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::days(1);

pub(super) const DOCUMENT: &str = concat!(
    include_str!("queries/refresh.graphql"),
    include_str!("queries/shared/records.graphql"),
);

pub(super) const DECLARED: &str = "$full: Boolean!, $flow: Boolean!, $rollup: Boolean!, $projects: Boolean!, \
     $alerts: Boolean!, $issues: Int!, $issueStates: [IssueState!], $since: DateTime, $open: Int!, \
     $ended: Int!, $commits: Int!, $deployments: Int!, \
     $releases: Int!";

/// The repositories of one refresh.
pub(super) struct Plan {
    pub(super) paths: Vec<String>,
    /// What the probe had seen of each.
    pub(super) seen: Vec<Option<u64>>,
    pub(super) full: bool,
    flow: bool,
    pub(super) since: Option<Timestamp>,
}

impl GitHub {
    /// Reads the repositories that changed, hottest first.
    pub(super) async fn refresh(&self, ask: Ask) -> Result<Batch, SourceError> {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let Some(plan) = self.to_refresh(ask.now) else {
                return Ok(Batch::default());
            };
            match self.refresh_query(&plan, ask).await {
                Ok(data) => return Ok(self.take_refresh(&plan, data, ask).await),
                Err(Trouble::Absent(why)) => {
                    self.without_graphql(&why, ask.now);
                    return Ok(Batch::default());
                }
                Err(Trouble::Lacks(features)) => self.state().refuse(&features),
                Err(Trouble::Heavy(error)) => {
                    self.state()
                        .refresh_portion_mut(plan.full)
                        .halve(plan.paths.len());
                    last = Some(error);
                    if plan.paths.len() == 1 {
                        break;
                    }
                }
                Err(Trouble::Failed(SourceError::NotFound { .. })) => {
                    return Ok(self.lost(&plan.paths));
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Refused {
            host: self.api.client.host().to_owned(),
            cause: "it refused the refresh in every form".to_owned(),
        }))
    }

    /// Chooses the hottest repositories that want the same kind of read.
    fn to_refresh(&self, now: Timestamp) -> Option<Plan> {
        let state = self.state();
        let wanting = state.hottest(|repo| repo.wanted != Wanted::Nothing);
        let level = wanting.first()?.wanted;
        let full = level == Wanted::Full;
        let most = state.refresh_portion(full).size();
        let chosen: Vec<_> = wanting
            .into_iter()
            .filter(|repo| repo.wanted == level)
            .take(most)
            .collect();
        // Where one has no tickets yet, its first ones are few: no bound is needed.
        // A moment that is still to come would hide all that happens until then.
        let told = |at: &Timestamp| *at <= later(now, AHEAD);
        let since = chosen.iter().map(|repo| repo.tickets_to.filter(told));
        let since = since.min().flatten();
        Some(Plan {
            paths: chosen.iter().map(|repo| repo.path.clone()).collect(),
            seen: chosen.iter().map(|repo| repo.seen).collect(),
            full,
            flow: full || chosen.iter().any(|repo| repo.flow),
            since: since.filter(|_| !full),
        })
    }

    async fn refresh_query(&self, plan: &Plan, ask: Ask) -> Result<Data, Trouble> {
        let (head, mut variables) = over(&split(&plan.paths), DECLARED, "", "RefreshRepo");
        plan.size(&mut variables);
        {
            let state = self.state();
            for (name, feature) in [
                ("rollup", Feature::Rollup),
                ("projects", Feature::Projects),
                ("alerts", Feature::Alerts),
            ] {
                variables.insert(name.to_owned(), json!(state.asks(feature)));
            }
        }
        // Operations of the file for further pages would only add to the size.
        let document = format!("{head}{}", fragments(DOCUMENT));
        let variables = Value::Object(variables);
        self.api
            .query(&document, "Board", &variables, ask.urgency)
            .await
    }
}

/// Returns what a repository tells of itself, and the lists that were read to their end.
pub(super) fn facts_of(
    key: &RepoKey,
    wire: &RefreshRepo,
    complete: bool,
) -> (Vec<Fact>, Vec<Listing>) {
    let mut facts = vec![Fact::Repository(map::repository(key, wire, flow(wire)))];
    branches(key, wire, &mut facts);
    let listings = lists(key, wire, complete, &mut facts);
    deliveries(key, wire, &mut facts);
    (facts, listings)
}

/// Sets how much a full read takes.
pub(super) fn full_size(variables: &mut Map<String, Value>) {
    let plan = Plan {
        paths: Vec::new(),
        seen: Vec::new(),
        full: true,
        flow: true,
        since: None,
    };
    plan.size(variables);
}

impl Plan {
    /// Sets how much is read: GitHub counts what may come, not what comes.
    fn size(&self, variables: &mut Map<String, Value>) {
        let (issues, open, ended, commits, deployments) = if self.full {
            (30, 20, 30, 30, 30)
        } else {
            (10, 10, 5, 10, 10)
        };
        let mut set = |name: &str, value: Value| variables.insert(name.to_owned(), value);
        set("full", json!(self.full));
        set("flow", json!(self.flow));
        set("issues", json!(issues));
        set("open", json!(open));
        set("ended", json!(ended));
        set("commits", json!(commits));
        set("deployments", json!(deployments));
        set("releases", json!(if self.full { 20 } else { 10 }));
        if self.full {
            set("issueStates", json!(["OPEN"]));
        } else {
            set("issueStates", json!(["OPEN", "CLOSED"]));
        }
        if let Some(since) = self.since {
            set("since", json!(since.to_rfc3339()));
        }
    }
}

fn flow(wire: &RefreshRepo) -> Vec<Branch> {
    let releases = wire
        .release_branches
        .iter()
        .flat_map(|list| &list.nodes.items);
    let mut branches: Vec<Branch> = wire.develop.iter().map(map::branch).collect();
    branches.extend(releases.map(|branch| release_branch(branch).0));
    branches
}

/// Names of release branches come without the prefix that they were listed by.
fn release_branch(wire: &BranchHistory) -> (Branch, String) {
    let name = if wire.name.starts_with("release/") {
        wire.name.clone()
    } else {
        format!("release/{}", wire.name)
    };
    let branch = Branch {
        name: Clean::line(&name),
        ..map::branch(wire)
    };
    (branch, name)
}

fn branches(repo: &RepoKey, wire: &RefreshRepo, facts: &mut Vec<Fact>) {
    let releases = wire
        .release_branches
        .iter()
        .flat_map(|list| &list.nodes.items);
    for branch in releases {
        let (_, name) = release_branch(branch);
        let commits = map::commits(repo, branch).into_iter();
        facts.extend(commits.map(|commit| {
            Fact::Commit(crate::domain::commit::Commit {
                branch: Clean::line(&name),
                ..commit
            })
        }));
    }
    // The default branch comes last: a commit that is on both is said to be on it.
    for branch in wire.develop.iter().chain(&wire.default_branch_ref) {
        facts.extend(map::commits(repo, branch).into_iter().map(Fact::Commit));
    }
}

/// Adds what is kept in lists; returns those that were read to their end.
fn lists(
    repo: &RepoKey,
    wire: &RefreshRepo,
    complete: bool,
    facts: &mut Vec<Fact>,
) -> Vec<Listing> {
    let mut listings = Vec::new();
    let mut list = |name: &str, new: Vec<Fact>, whole: bool, facts: &mut Vec<Fact>| {
        if whole {
            listings.push(listing(repo, name, new.iter().map(Fact::id)));
        }
        facts.extend(new);
    };
    let whole = |bad: usize, more: bool| complete && bad == 0 && !more;
    let tickets = &wire.issues;
    let new = tickets
        .nodes
        .items
        .iter()
        .map(|issue| work::ticket(repo, issue));
    let all = whole(tickets.nodes.bad_count, tickets.next().is_some());
    list("tickets/open", new.map(Fact::Ticket).collect(), all, facts);
    let closed = wire.closed_issues.iter().flat_map(|list| &list.nodes.items);
    facts.extend(closed.map(|issue| Fact::Ticket(work::ticket(repo, issue))));
    let changes = &wire.open;
    let new = changes
        .nodes
        .items
        .iter()
        .map(|pull| work::change(repo, pull));
    let all = whole(changes.nodes.bad_count, changes.next().is_some());
    list(
        "changes/open",
        new.map(|change| Fact::ChangeRequest(Box::new(change)))
            .collect(),
        all,
        facts,
    );
    let ended = &wire.ended.nodes.items;
    facts.extend(
        ended
            .iter()
            .map(|pull| Fact::ChangeRequest(Box::new(work::change(repo, pull)))),
    );
    if let Some(environments) = &wire.environments {
        let items = environments.nodes.items.iter();
        let new = items.map(|item| Fact::Environment(delivery::environment(repo, item)));
        let all = whole(environments.nodes.bad_count, environments.next().is_some());
        list("environments", new.collect(), all, facts);
    }
    if let Some(alerts) = &wire.vulnerability_alerts {
        let items = alerts.nodes.items.iter();
        let new = items.map(|alert| Fact::Finding(delivery::dependency(repo, alert)));
        // Alerts are read alike by small and full reads.
        let all = alerts.nodes.bad_count == 0 && alerts.next().is_none();
        let new: Vec<Fact> = new.collect();
        if all {
            listings.push(listing(
                repo,
                "findings/dependency",
                new.iter().map(Fact::id),
            ));
        }
        facts.extend(new);
    }
    listings
}

/// Builds the listing of one kind of a repository.
pub(super) fn listing(
    repo: &RepoKey,
    name: &str,
    members: impl Iterator<Item = FactId>,
) -> Listing {
    Listing {
        name: Clean::line(&format!("{}/{name}", repo.path())),
        members: members.collect(),
    }
}

/// Adds closed tickets that change requests close, unless they were read in full.
pub(super) fn closing(repo: &RepoKey, wire: &RefreshRepo, state: &State, facts: &mut Vec<Fact>) {
    let pulls = wire.open.nodes.items.iter().chain(&wire.ended.nodes.items);
    let tickets = pulls.flat_map(|pull| work::closing_tickets(repo, pull));
    let unknown = |ticket: &Ticket| match &ticket.key {
        TicketKey::Numbered { repo, number } => !state.knows_ticket(repo.path(), *number),
        TicketKey::Tracker(_) => true,
    };
    facts.extend(tickets.filter(unknown).map(Fact::Ticket));
}

fn deliveries(repo: &RepoKey, wire: &RefreshRepo, facts: &mut Vec<Fact>) {
    let deployments = wire.deployments.nodes.items.iter();
    let deployments = deployments.filter_map(|item| delivery::deployment(repo, item));
    facts.extend(deployments.map(Fact::Deployment));
    let releases = wire.releases.nodes.items.iter();
    facts.extend(releases.map(|item| Fact::Release(delivery::release(repo, item))));
}

pub(super) fn warn_of(repo: &RepoKey, wire: &RefreshRepo, batch: &mut Batch) {
    warn(repo, "tickets", &wire.issues.nodes, batch);
    warn(repo, "pull requests", &wire.open.nodes, batch);
    warn(repo, "pull requests", &wire.ended.nodes, batch);
    warn(repo, "deployments", &wire.deployments.nodes, batch);
    warn(repo, "releases", &wire.releases.nodes, batch);
}

/// Adds a warning where records of a list could not be read.
pub(super) fn warn<T>(repo: &RepoKey, what: &str, list: &List<T>, batch: &mut Batch) {
    let unread = list.unread(what);
    batch
        .warnings
        .extend(unread.map(|text| Clean::line(&format!("{repo}: {text}"))));
}
