//! One card in the making: parts are added, then it is finished into a [`WorkItem`].

use std::collections::BTreeSet;

use crate::domain::Timestamp;
use crate::domain::alert::AlertState;
use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::correlate::evidence;
use crate::domain::correlate::parts::{Ground, Part};
use crate::domain::correlate::trains::is_station;
use crate::domain::item::{Anchor, Evidence, Placement, WorkItem};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, SourceName, TrainId, WebUrl};
use crate::domain::placement::{
    self, Evidenced, Placed, Standing, combine, is_optional_red, overrides, place,
};
use crate::domain::query::Haystack;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::ticket::Ticket;

/// What a card is called and where it is from.
pub(super) struct Head {
    pub(super) id: ItemId,
    pub(super) anchor: Anchor,
    pub(super) key: Clean,
    pub(super) title: Clean,
    pub(super) url: Option<WebUrl>,
    pub(super) repo: Option<RepoKey>,
    pub(super) author: Option<Person>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A card in the making.
pub(super) struct Card {
    head: Head,
    placed: Vec<Placed>,
    holders: Vec<Vec<Person>>,
    trains: Vec<Option<TrainId>>,
    services: BTreeSet<ServiceName>,
    reviewers: Vec<Person>,
    labels: Vec<Clean>,
    milestone: Option<Clean>,
    branches: Vec<Clean>,
    badges: Vec<String>,
    evidence: Vec<Evidence>,
    sources: BTreeSet<SourceName>,
}

impl Card {
    /// Starts a card.
    pub(super) fn new(head: Head) -> Self {
        Self {
            head,
            placed: Vec::new(),
            holders: Vec::new(),
            trains: Vec::new(),
            services: BTreeSet::new(),
            reviewers: Vec::new(),
            labels: Vec::new(),
            milestone: None,
            branches: Vec::new(),
            badges: Vec::new(),
            evidence: Vec::new(),
            sources: BTreeSet::new(),
        }
    }

    /// Adds sources that know it.
    pub(super) fn known_from<'s>(&mut self, sources: impl Iterator<Item = &'s SourceName>) {
        for source in sources {
            if !self.sources.contains(source) {
                self.sources.insert(source.clone());
            }
        }
    }

    /// Adds lines of evidence.
    pub(super) fn evidence(&mut self, lines: impl IntoIterator<Item = Evidence>) {
        self.evidence.extend(lines);
    }

    /// Adds a badge.
    pub(super) fn badge(&mut self, text: impl Into<String>) {
        self.badges.push(text.into());
    }

    /// Adds the service that it belongs to.
    pub(super) fn service(&mut self, service: ServiceName) {
        self.services.insert(service);
    }

    /// Takes over what a ticket says beside its state.
    pub(super) fn ticket(&mut self, ticket: &Ticket) {
        extend(&mut self.labels, &ticket.labels);
        self.milestone.clone_from(&ticket.milestone);
        self.evidence.push(evidence::of_ticket(ticket));
    }

    /// Takes over what a change request says beside its state.
    pub(super) fn change(&mut self, change: &ChangeRequest, confidence: u8) {
        extend(&mut self.labels, &change.labels);
        if change.state == ChangeState::Open {
            extend(&mut self.reviewers, &change.reviewers);
        }
        if !change.head_branch.is_empty() {
            extend(
                &mut self.branches,
                std::slice::from_ref(&change.head_branch),
            );
        }
        self.head.updated_at = self.head.updated_at.max(change.updated_at);
        if self.head.author.is_none() {
            self.head.author.clone_from(&change.author);
        }
        self.evidence.push(evidence::of_change(change, confidence));
    }

    /// Places one part; returns whether it is over.
    pub(super) fn part(&mut self, part: &Part<'_, '_>, policy_labels: &[Clean]) -> bool {
        self.service(part.lane.service.clone());
        evidence::of_part(part, &mut self.evidence);
        let mut placed = place(&part.case);
        placed.badges.extend(badges(part, policy_labels, &placed));
        let train = is_station(placed.stage)
            .then(|| train(part, placed.stage))
            .flatten();
        let over = placed.done.is_some();
        self.push(&part.case, placed, train);
        over
    }

    /// Places a case that no lane belongs to.
    pub(super) fn bare(&mut self, case: &Evidenced<'_>) {
        let placed = place(case);
        self.push(case, placed, None);
    }

    fn push(&mut self, case: &Evidenced<'_>, mut placed: Placed, train: Option<TrainId>) {
        placed.part = self.placed.len();
        self.holders.push(holders(case, &placed));
        self.trains.push(train);
        self.placed.push(placed);
    }

    /// Returns whether every part is over.
    pub(super) fn is_over(&self) -> bool {
        self.placed.iter().all(|placed| placed.done.is_some())
    }

    /// Puts its parts aside, but not their evidence.
    #[must_use]
    pub(super) fn restart(mut self) -> Self {
        self.placed.clear();
        self.holders.clear();
        self.trains.clear();
        self
    }

    /// Finishes the card.
    pub(super) fn finish(self, ground: &Ground<'_>) -> Option<WorkItem> {
        let next_change = ground.clock.take_next();
        let mut placed = combine(self.placed)?;
        placed.badges.extend(self.badges);
        let part = placed.part;
        let author = self.head.author;
        let listed = |person: &Person| {
            let login = person.login.trim_end_matches("[bot]");
            placement::has_word(&ground.policy.bots, login)
        };
        let bot = author
            .as_ref()
            .is_some_and(|author| author.bot || listed(author));
        let mut services: Vec<ServiceName> = self.services.into_iter().collect();
        if services.is_empty() {
            let short = self.head.repo.as_ref().map_or("", RepoKey::short);
            services.push(ServiceName::new(if short.is_empty() { "-" } else { short }));
        }
        let evidence = evidence::arrange(self.evidence);
        let mut badges: Vec<Clean> = Vec::new();
        for badge in placed.badges {
            let badge = Clean::line(&badge);
            if !badges.contains(&badge) {
                badges.push(badge);
            }
        }
        let mut item = WorkItem {
            id: self.head.id,
            anchor: self.head.anchor,
            key: self.head.key,
            title: self.head.title,
            url: self.head.url,
            repo: self.head.repo,
            services,
            author,
            holders: self.holders.into_iter().nth(part).unwrap_or_default(),
            reviewers: self.reviewers,
            labels: self.labels,
            milestone: self.milestone,
            branches: self.branches,
            placement: Placement {
                stage: placed.stage,
                status: placed.status,
                rule: Clean::line(placed.rule),
                reason: Clean::line(&placed.reason),
                since: placed.since,
                done: placed.done,
                badges,
                next_change,
            },
            evidence,
            train: self.trains.into_iter().nth(part).flatten(),
            bot,
            created_at: self.head.created_at,
            updated_at: self.head.updated_at.max(placed.since),
            sources: self.sources.into_iter().collect(),
            haystack: Haystack::default(),
        };
        if !ground.facts.is_past() {
            item.haystack = Haystack::of(&item);
        }
        overrides::apply(&mut item, ground.policy, ground.now);
        if item.placement.done.is_some() {
            item.train = None;
        }
        Some(item)
    }
}

fn extend<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for entry in more {
        if !list.contains(entry) {
            list.push(entry.clone());
        }
    }
}

/// Small facts of a part that its placement does not tell.
fn badges(part: &Part<'_, '_>, blocked: &[Clean], placed: &Placed) -> Vec<String> {
    let case = &part.case;
    let mut found = Vec::new();
    if let Some(change) = case.change.filter(|_| case.landed.is_none()) {
        if placed.status != Status::Failed && is_optional_red(case) {
            found.push("optional red".to_owned());
        }
        let label = placement::has_label(blocked, &change.labels);
        if let Some(label) = label.filter(|_| placed.status != Status::Blocked) {
            found.push(label.to_owned());
        }
    }
    let here = if case.landed.is_some() {
        &case.after
    } else {
        &case.before
    };
    let head = case.change.and_then(|change| change.head_sha.as_ref());
    let sha = case.landed.as_ref().map_or(head, |landed| landed.sha);
    let flaky = here.iter().any(|run| run.flaky.is_some())
        || sha.is_some_and(|sha| part.view.flaky_run(sha).is_some());
    if flaky && placed.done.is_none() {
        found.push("flaky".to_owned());
    }
    let reverted = case.landed.as_ref().and_then(|landed| landed.reverted_by);
    if let Some(by) = reverted.filter(|_| placed.status != Status::RolledBack) {
        found.push(format!("reverted by {by}"));
    }
    let mut suspected = part.suspected.iter().map(|suspect| &suspect.alert.state);
    let fires = suspected.any(|state| *state != AlertState::Resolved);
    if placed.stage >= Stage::Operate && fires && placed.done.is_none() {
        found.push("alert suspected".to_owned());
    }
    found
}

/// Whose move it is.
fn holders(case: &Evidenced<'_>, placed: &Placed) -> Vec<Person> {
    if placed.done.is_some() {
        return Vec::new();
    }
    let one = |person: Option<&Person>| person.into_iter().cloned().collect::<Vec<_>>();
    let assigned = || {
        case.ticket
            .map(|ticket| ticket.assignees.clone())
            .unwrap_or_default()
    };
    let makers = || {
        let Some(change) = case.change else {
            return case
                .alone
                .as_ref()
                .map_or_else(assigned, |run| one(run.run.actor.as_ref()));
        };
        match &change.author {
            Some(author) if !author.bot => one(Some(author)),
            author if change.assignees.is_empty() => one(author.as_ref()),
            _ => change.assignees.clone(),
        }
    };
    match placed.status {
        Status::Review => case
            .change
            .map(|change| change.reviewers.clone())
            .filter(|reviewers| !reviewers.is_empty())
            .unwrap_or_else(makers),
        Status::Waiting => gatekeepers(case),
        Status::Drafting
        | Status::ChangesRequested
        | Status::Blocked
        | Status::Mergeable
        | Status::Failed
        | Status::Flaky
        | Status::RolledBack
        | Status::Degraded => makers(),
        Status::Draft => {
            let drafted = case.releases.iter().find(|release| release.draft);
            one(drafted.and_then(|release| release.author.as_ref()))
        }
        Status::Backlog | Status::Ready | Status::Incident | Status::Acknowledged => assigned(),
        Status::Queued
        | Status::Running
        | Status::Unreleased
        | Status::Candidate
        | Status::Partial
        | Status::Live
        | Status::Watched
        | Status::Firing
        | Status::Silenced
        | Status::Inhibited
        | Status::Finding
        | Status::Unknown => Vec::new(),
    }
}

fn gatekeepers(case: &Evidenced<'_>) -> Vec<Person> {
    let mut found = Vec::new();
    for run in case.before.iter().chain(&case.after).chain(&case.alone) {
        for gate in run.waits_at() {
            extend(&mut found, &gate.reviewers);
        }
    }
    found
}

/// The release or deployment that carries a part in its stage.
fn train(part: &Part<'_, '_>, stage: Stage) -> Option<TrainId> {
    let repo = part.view.repo.as_str();
    let release = || {
        let release = part.case.releases.first()?;
        Some(TrainId::new(&format!("release:{repo}/{}", release.tag)))
    };
    let places = || part.case.environments.iter();
    let deployment = |live: bool| {
        let carried = places().filter(|place| live == place.production);
        let brought = carried
            .filter(|place| place.standing != Standing::Absent)
            .find_map(|place| Some((place.name, place.brought.or(place.current)?)));
        let attempt = places().find_map(|place| Some((place.name, place.attempt?)));
        let (place, found) = attempt.or(brought)?;
        let version = evidence::version(found);
        let id = format!("deployment:{repo}/{place}/{version}");
        Some(TrainId::new(&id))
    };
    let gate = || {
        let mut runs = part.case.after.iter();
        let (run, gate) = runs.find_map(|run| Some((run, run.gates().next()?)))?;
        let sha = run.run.head_sha.as_ref()?;
        let id = format!("deployment:{repo}/{}/{sha}", gate.environment);
        Some(TrainId::new(&id))
    };
    match stage {
        Stage::Release => release(),
        Stage::Deploy => deployment(false).or_else(gate).or_else(release),
        Stage::Operate => deployment(true).or_else(release),
        Stage::Plan | Stage::Code | Stage::Build | Stage::Test | Stage::Monitor => None,
    }
}

/// Whether a change request was given up.
pub(super) fn is_dropped(change: &ChangeRequest) -> bool {
    match change.state {
        ChangeState::Closed => true,
        ChangeState::Open | ChangeState::Merged | ChangeState::Other(_) => false,
    }
}
