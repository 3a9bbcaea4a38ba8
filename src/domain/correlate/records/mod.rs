//! What history keeps of facts beside transitions: lives, deliveries, CI runs, troubles.
//!
//! Reads the same graph, lanes and joins as the cards, so that a delivery carries what the
//! board says that it carries. What follows from a record is for `flow` to say.

mod ci;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{ChangeRequest, ChangeState, ChangeTimes};
use crate::domain::correlate::Correlator;
use crate::domain::correlate::cards::{change_item, push_item, ticket_item};
use crate::domain::correlate::evidence::ticket_name;
use crate::domain::correlate::graph::Contains;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::lanes::Lane;
use crate::domain::correlate::place::Place;
use crate::domain::correlate::reads::{Quick, Reads};
use crate::domain::correlate::records::ci::{ci_run, earlier};
use crate::domain::correlate::view::View;
use crate::domain::correlate::views::Views;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::history::{Carried, ChangeLife, Delivery, DeliveryState, Life, Record, Trouble};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, Person, Sha};
use crate::domain::placement::version_of;
use crate::domain::policy::Policy;
use crate::domain::run::is_foreign;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// Words in labels and branches that mark a fix for what is live.
const HOTFIX: [&str; 3] = ["hotfix", "hot-fix", "incident"];

impl Correlator {
    /// Returns what history keeps of the facts, and of these cards.
    pub fn records<'i>(
        &self,
        policy: &Policy,
        cards: impl Iterator<Item = &'i WorkItem>,
    ) -> Vec<Record> {
        let reads = Reads::default();
        let mut told = Told::default();
        for scope in self.facts.scopes() {
            match scope {
                Some(repo) => {
                    let views = Views::new(&self.facts, scope, policy, &reads);
                    if let Some(view) = views.get(repo) {
                        told.of_repo(self, view);
                    }
                }
                None => told.of_kinds(&Kinds::new(self.facts.of(scope)), policy),
            }
        }
        let mut changes = told.changes;
        let mut records = told.records;
        records.extend(cards.map(|item| {
            let mut changes = changes.remove(&item.id).unwrap_or_default();
            changes.sort_by(|a, b| (&a.repo, a.number).cmp(&(&b.repo, b.number)));
            Record::Life(Box::new(Life::of(item, changes)))
        }));
        records
    }

    /// The cards that a change request moves.
    fn cards_of(&self, change: &ChangeRequest) -> Vec<ItemId> {
        let links = change.tickets.iter().map(|link| &link.ticket);
        let known: BTreeSet<&TicketKey> = links.filter(|key| self.facts.has_ticket(key)).collect();
        if known.is_empty() {
            vec![change_item(&change.repo, change.number)]
        } else {
            known.into_iter().map(ticket_item).collect()
        }
    }
}

/// A change on the branch that is delivered.
struct Landed<'a> {
    sha: &'a Sha,
    cards: Vec<ItemId>,
    at: Timestamp,
    first_commit_at: Option<Timestamp>,
    bot: bool,
    hotfix: bool,
    reverts: bool,
    /// The lanes that it belongs to, by their place.
    paths: Option<&'a [Clean]>,
}

/// Records in the making.
#[derive(Default)]
struct Told {
    records: Vec<Record>,
    changes: BTreeMap<ItemId, Vec<ChangeLife>>,
}

impl Told {
    fn of_repo(&mut self, correlator: &Correlator, view: &View<'_>) {
        self.of_kinds(&view.kinds, view.policy);
        let times = &view.kinds.times;
        for change in view.kinds.changes.values().map(|change| change.get()) {
            let life = change_life(view, change, times.get(&change.number).copied());
            for id in correlator.cards_of(change) {
                self.changes.entry(id).or_default().push(life.clone());
            }
        }
        let landed = landed(correlator, view, times);
        let several = view.lanes.len() > 1;
        for (at, lane) in view.lanes.iter().enumerate() {
            for place in &lane.places {
                // A repository with services is delivered service by service.
                let is_whole = at == 0 && several;
                let others = view.lanes.iter().skip(1);
                let elsewhere = |deployment: &Deployment| {
                    is_whole && others.clone().any(|lane| lane.has(deployment.id))
                };
                self.deliveries(view, (lane, place), &landed, elsewhere);
            }
        }
        let earlier = earlier(view);
        for run in view.kinds.runs.iter().map(|run| run.get()) {
            let jobs = view.kinds.jobs.get(&run.id).copied();
            let before = earlier.get(&run.id).map_or(&[][..], Vec::as_slice);
            let mut record = ci_run(view, run, jobs, before);
            if view.is_told_better(run) {
                // Its own system tells of it: it counts there, and no more here.
                record.attempts.clear();
            }
            self.records.push(Record::CiRun(Box::new(record)));
        }
    }

    fn of_kinds(&mut self, kinds: &Kinds<'_>, policy: &Policy) {
        let alerts = kinds
            .alerts
            .iter()
            .filter_map(|alert| of_alert(alert.get()));
        let tickets = kinds.tickets.iter().map(|ticket| ticket.get());
        let incidents = tickets.filter(|ticket| is_incident(ticket, policy));
        let troubles = alerts.chain(incidents.map(of_incident));
        self.records
            .extend(troubles.map(|trouble| Record::Trouble(Box::new(trouble))));
    }

    /// The deliveries to one environment of one service, oldest first.
    fn deliveries<'a>(
        &mut self,
        view: &View<'a>,
        (lane, place): (&Lane<'a>, &Place<'a>),
        landed: &[Landed<'a>],
        elsewhere: impl Fn(&Deployment) -> bool,
    ) {
        let is_ours = |landed: &&Landed<'a>| lane.concerns(landed.paths);
        let mut waiting: Vec<&Landed<'a>> = landed.iter().filter(is_ours).collect();
        let told = place.deployments.iter().any(|d| !is_foreign(d.get().id));
        let past = Past::of(view);
        let mut before: Option<&Sha> = None;
        for deployment in place.deployments.iter().map(|deployment| deployment.get()) {
            if elsewhere(deployment) || told && deployment.is_sighting() {
                continue;
            }
            let mut delivery = delivery(lane, place, deployment);
            let sha = place.sha_of(deployment);
            if let (DeliveryState::Succeeded, Some(sha)) = (delivery.state, sha) {
                let known = |sha: &Sha, change: &Sha| view.graph.contains(sha, change);
                let (brought, rest): (Vec<_>, Vec<_>) = waiting
                    .into_iter()
                    .partition(|landed| known(sha, landed.sha) == Contains::Yes);
                waiting = rest;
                // What lay there before the first one that is known came by nobody knows which.
                if let Some(before) = before {
                    let due = |landed: &&&Landed<'a>| landed.at <= delivery.started_at;
                    let unsure = waiting.iter().filter(due).any(|landed| {
                        known(sha, landed.sha) == Contains::Unknown
                            && !past.lacks(view, sha, landed)
                    });
                    // Of a commit that the forge does not have nothing can be said.
                    delivery.range_known = !unsure && view.graph.knows(sha);
                    delivery.backward = before != sha && view.graph.has(before, sha);
                    delivery.hotfix |= brought.iter().any(|landed| landed.hotfix);
                    delivery.reverts = brought.iter().any(|landed| landed.reverts);
                    delivery.carried = brought.iter().flat_map(|landed| carried(landed)).collect();
                }
                before = Some(sha);
            }
            self.records.push(Record::Delivery(Box::new(delivery)));
        }
    }
}

/// When what lies where knowledge of the commits ends was there already.
struct Past(HashMap<usize, Timestamp>);

impl Past {
    /// A parent is older than its child.
    fn of(view: &View<'_>) -> Self {
        let mut there: HashMap<usize, Timestamp> = HashMap::new();
        for commit in view.kinds.commits.iter().map(|commit| commit.get()) {
            let Some(at) = commit.committed_at else {
                continue;
            };
            for parent in commit.parents.iter().filter_map(|sha| view.graph.find(sha)) {
                let known = there.entry(parent).or_insert(at);
                *known = at.min(*known);
            }
        }
        Self(there)
    }

    /// Returns whether a version lacks a change because all of it that is not known was there
    /// before the change came. Dates are asked only here, where nothing else tells.
    fn lacks(&self, view: &View<'_>, version: &Sha, landed: &Landed<'_>) -> bool {
        let is_older = |end: usize| self.0.get(&end).is_some_and(|at| *at <= landed.at);
        view.graph.lacks_if((version, landed.sha), is_older)
    }
}

fn carried<'l>(landed: &'l Landed<'_>) -> impl Iterator<Item = Carried> + use<'l> {
    landed.cards.iter().map(|item| Carried {
        item: item.clone(),
        first_commit_at: landed.first_commit_at,
        landed_at: landed.at,
        bot: landed.bot,
    })
}

fn delivery(lane: &Lane<'_>, place: &Place<'_>, deployment: &Deployment) -> Delivery {
    let id = Fact::Deployment(deployment.clone()).id().id;
    let state = match &deployment.state {
        DeployState::Queued | DeployState::Waiting | DeployState::Running => DeliveryState::Open,
        DeployState::Succeeded | DeployState::Superseded => DeliveryState::Succeeded,
        DeployState::Failed => DeliveryState::Failed,
        DeployState::Abandoned => DeliveryState::Abandoned,
        DeployState::Unknown(_) => DeliveryState::Unknown,
    };
    let is_over = !matches!(state, DeliveryState::Open | DeliveryState::Unknown);
    let marks = [Some(&deployment.task), deployment.git_ref.as_ref()];
    Delivery {
        id: Clean::line(&format!("{id}/{}", lane.service.as_str())),
        repo: deployment.repo.clone(),
        service: lane.service.clone(),
        environment: place.name.clone(),
        production: place.production,
        sha: place
            .sha_of(deployment)
            .or(deployment.sha.as_ref())
            .cloned(),
        version: Clean::line(version_of(deployment).trim_matches('`')),
        state,
        started_at: deployment.created_at,
        finished_at: is_over.then(|| deployment.arrived_at()),
        carried: Vec::new(),
        range_known: false,
        backward: false,
        reverts: false,
        hotfix: marks.into_iter().flatten().any(|mark| is_hotfix(mark)),
        url: deployment
            .log_url
            .clone()
            .or_else(|| deployment.environment_url.clone()),
    }
}

fn is_hotfix(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let severe = |word: &str| {
        let rest = word.strip_prefix("sev");
        rest.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
    };
    HOTFIX.iter().any(|word| text.contains(word))
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(severe)
}

fn marks_hotfix(change: &ChangeRequest) -> bool {
    is_hotfix(&change.head_branch) || change.labels.iter().any(|label| is_hotfix(label))
}

/// Whether a change request takes another back, as forges name such.
fn reverts(view: &View<'_>, change: &ChangeRequest) -> bool {
    let commits = view.commits_of.get(&change.number).into_iter().flatten();
    change.title.starts_with("Revert \"") || commits.into_iter().any(|c| !c.reverts.is_empty())
}

fn is_machine(person: Option<&Person>, policy: &Policy) -> bool {
    person.is_some_and(|person| {
        person.bot
            || policy
                .bots
                .iter()
                .any(|bot| bot.eq_ignore_ascii_case(&person.login))
    })
}

fn change_life(view: &View<'_>, change: &ChangeRequest, times: Option<&ChangeTimes>) -> ChangeLife {
    ChangeLife {
        repo: change.repo.clone(),
        number: change.number,
        author: change.author.clone(),
        first_commit_at: times.and_then(|times| times.first_commit_at),
        opened_at: change.created_at,
        ready_at: times.and_then(|times| times.ready_at),
        reviews: times.map_or_else(Vec::new, |times| times.reviews.clone()),
        reviews_known: times.is_some_and(|times| times.complete),
        merged_at: change.merged_at,
        closed_at: change.closed_at.or(change.merged_at),
        merge_sha: change.merge_sha.clone(),
        head_sha: change.head_sha.clone(),
        additions: times.and_then(|times| times.additions),
        deletions: times.and_then(|times| times.deletions),
        hotfix: marks_hotfix(change),
        revert: reverts(view, change),
    }
}

/// Everything that came to a long-lived branch, oldest first.
fn landed<'a>(
    correlator: &Correlator,
    view: &View<'a>,
    times: &Quick<u64, &'a ChangeTimes>,
) -> Vec<Landed<'a>> {
    let mut found = Vec::new();
    for change in view.kinds.changes.values().map(|change| change.get()) {
        let told = view.commits_of.get(&change.number);
        let told = told
            .and_then(|commits| commits.last())
            .map(|commit| &commit.sha);
        let (ChangeState::Merged, Some(sha)) = (&change.state, change.merge_sha.as_ref().or(told))
        else {
            continue;
        };
        let times = times.get(&change.number);
        found.push(Landed {
            sha,
            cards: correlator.cards_of(change),
            at: change.merged_at.unwrap_or(change.updated_at),
            first_commit_at: times.and_then(|times| times.first_commit_at),
            bot: is_machine(change.author.as_ref(), view.policy),
            hotfix: marks_hotfix(change),
            reverts: reverts(view, change),
            paths: view
                .kinds
                .paths
                .get(&change.number)
                .map(|set| set.paths.as_slice()),
        });
    }
    for commit in view.kinds.commits.iter().map(|commit| commit.get()) {
        if !commit.direct || commit.change_request.is_some() {
            continue;
        }
        let Some(at) = commit.committed_at else {
            continue;
        };
        found.push(Landed {
            sha: &commit.sha,
            cards: vec![push_item(&commit.repo, &commit.sha)],
            at,
            first_commit_at: Some(at),
            bot: is_machine(commit.author.as_ref(), view.policy),
            hotfix: false,
            reverts: !commit.reverts.is_empty(),
            paths: None,
        });
    }
    found.sort_by(|a, b| (a.at, a.sha).cmp(&(b.at, b.sha)));
    found
}

fn of_alert(alert: &Alert) -> Option<Trouble> {
    match alert.state {
        AlertState::Firing | AlertState::Acknowledged | AlertState::Resolved => {}
        AlertState::Silenced | AlertState::Inhibited | AlertState::Unknown(_) => return None,
    }
    Some(Trouble {
        id: Clean::line(&format!("alert:{}", alert.id)),
        item: None,
        name: alert.name.clone(),
        incident: false,
        repo: alert.repo.clone(),
        service: alert.service.clone(),
        sha: alert.sha.clone(),
        began_at: alert.started_at,
        over_at: alert.ended_at,
        url: alert.url.clone(),
    })
}

fn is_incident(ticket: &Ticket, policy: &Policy) -> bool {
    let marks = |label: &Clean| {
        let mut words = policy.incident_labels.iter();
        words.any(|word| word.eq_ignore_ascii_case(label))
    };
    ticket.incident || ticket.labels.iter().any(marks)
}

fn of_incident(ticket: &Ticket) -> Trouble {
    let closed = match ticket.state {
        TicketState::Completed | TicketState::NotPlanned => ticket.closed_at,
        TicketState::Open | TicketState::Other(_) => None,
    };
    let repo = match &ticket.key {
        TicketKey::Numbered { repo, .. } => Some(repo.clone()),
        TicketKey::Tracker(_) => None,
    };
    let item = ticket_item(&ticket.key);
    Trouble {
        id: Clean::line(item.as_str()),
        item: Some(item),
        name: Clean::line(&format!("{} {}", ticket_name(&ticket.key), ticket.title)),
        incident: true,
        repo,
        service: None,
        sha: None,
        began_at: ticket.created_at,
        over_at: closed,
        url: ticket.url.clone(),
    }
}
