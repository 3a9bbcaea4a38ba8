//! The way of each card in short: when work on it began, when it was live, where its time went.
//!
//! Made once from the timelines; what is later than the moment of looking is not seen. Cards that
//! stand for an alert, an incident, a finding or a run are no work and not here.

use crate::domain::Timestamp;
use crate::domain::flow::metric::{Fate, Key, Sample};
use crate::domain::flow::samples::Samples;
use crate::domain::flow::stats::float;
use crate::domain::history::{CardRecord, Ledger, Moment};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName};
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;

/// The rule that lets a merge stand for the delivery.
const MERGE_STANDS: &str = "merged-proxy";

/// What decides whether a stage was passed by machines alone.
const MACHINE_STAGES: [Stage; 4] = [Stage::Build, Stage::Test, Stage::Release, Stage::Deploy];

/// The way of a card.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) id: ItemId,
    pub(super) key: Clean,
    pub(super) services: Vec<ServiceName>,
    pub(super) repos: Vec<RepoKey>,
    pub(super) bot: bool,
    /// When it first came to Code, or past it.
    pub(super) started: Option<Timestamp>,
    /// When it was first live, or what stands for that.
    pub(super) complete: Option<Timestamp>,
    /// When it was given up, if it was and never was live.
    pub(super) dropped: Option<Timestamp>,
    /// How many stages it had come to, from when on; all of them once it was delivered and is over,
    /// none once it was given up.
    pub(super) reached: Vec<(Timestamp, usize)>,
    /// When its first commit was written.
    pub(super) first_commit: Option<Timestamp>,
    /// Whether a merge stands for its delivery.
    pub(super) by_merge: bool,
}

impl Way {
    /// Returns when it left the work in progress.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        self.complete.or(self.dropped)
    }

    /// Returns whether it was in progress at a moment.
    pub(super) fn is_open_at(&self, at: Timestamp) -> bool {
        self.started.is_some_and(|started| started <= at)
            && self.ended().is_none_or(|ended| at < ended)
    }

    fn of(card: &CardRecord, moments: &[Moment]) -> Self {
        let life = &card.life;
        let started = moments.iter().find(|m| m.standing.stage >= Stage::Code);
        let (complete, by_merge) = complete(moments);
        let dropped = over(moments).filter(|(_, how)| *how == Outcome::Dropped);
        let mut repos: Vec<RepoKey> = life.repo.iter().cloned().collect();
        for change in &life.changes {
            if !repos.contains(&change.repo) {
                repos.push(change.repo.clone());
            }
        }
        let commits = life.changes.iter().filter_map(|c| c.first_commit_at);
        Self {
            id: life.id.clone(),
            key: life.key.clone(),
            services: life.services.clone(),
            repos,
            bot: life.bot,
            started: started.map(|moment| moment.at),
            complete,
            dropped: dropped.map(|(at, _)| at).filter(|_| complete.is_none()),
            reached: moments.iter().map(|it| (it.at, reached(it))).collect(),
            first_commit: commits.min(),
            by_merge,
        }
    }

    /// Dresses a sample as one of this card.
    fn mark(&self, mut sample: Sample) -> Sample {
        sample.cards = vec![self.id.clone()];
        sample.services.clone_from(&self.services);
        sample.repos.clone_from(&self.repos);
        sample
    }

    pub(super) fn sample(&self, at: Timestamp, value: f64) -> Sample {
        self.mark(Sample::new(at, value, &self.key))
    }

    fn span(&self, at: Timestamp, from: Timestamp, to: Timestamp) -> Sample {
        self.mark(Sample::span(at, from, to, &self.key))
    }
}

/// Returns how many stages a card has come to as it stands.
fn reached(moment: &Moment) -> usize {
    match moment.standing.done {
        None => moment.standing.stage.index() + 1,
        Some(Outcome::Shipped) => Stage::ALL.len(),
        Some(Outcome::Dropped) => 0,
    }
}

/// Returns when a card was first live, and whether it is a merge that stands for it.
fn complete(moments: &[Moment]) -> (Option<Timestamp>, bool) {
    let is_live = |moment: &&Moment| {
        let standing = &moment.standing;
        standing.stage >= Stage::Operate && standing.done != Some(Outcome::Dropped)
    };
    if let Some(live) = moments.iter().find(is_live) {
        return (Some(live.at), false);
    }
    let merged = moments.iter().find(|m| m.rule.as_str() == MERGE_STANDS);
    if let Some(merged) = merged {
        return (Some(merged.at), true);
    }
    let shipped = over(moments).filter(|(_, how)| *how == Outcome::Shipped);
    (shipped.map(|(at, _)| at), true)
}

/// Returns when a card was over, and how, if it is over at the end.
fn over(moments: &[Moment]) -> Option<(Timestamp, Outcome)> {
    let how = moments.last()?.standing.done?;
    let mut back = moments.iter().rev();
    let mut first = back.next()?;
    for moment in back.take_while(|moment| moment.standing.done.is_some()) {
        first = moment;
    }
    Some((first.at, how))
}

/// Finds the ways of all cards, and what is measured by them.
pub(super) fn ways(ledger: &Ledger, now: Timestamp, samples: &mut Samples) -> Vec<Way> {
    let mut ways = Vec::with_capacity(ledger.cards.len());
    for card in ledger.cards.iter().filter(|card| is_work(card)) {
        let all = card.timeline.moments();
        let seen = all.partition_point(|moment| moment.at <= now);
        let moments = all.get(..seen).unwrap_or_default();
        if moments.is_empty() {
            continue;
        }
        let way = Way::of(card, moments);
        measure(&way, moments, samples);
        ways.push(way);
    }
    ways
}

fn is_work(card: &CardRecord) -> bool {
    match card.life.anchor {
        Anchor::Ticket | Anchor::ChangeRequest | Anchor::Push => true,
        Anchor::Incident | Anchor::Alert | Anchor::Finding | Anchor::Run => false,
    }
}

fn measure(way: &Way, moments: &[Moment], samples: &mut Samples) {
    gates(way, moments, samples);
    let Some(complete) = way.complete else {
        return;
    };
    let throughput = if way.bot {
        Key::ThroughputBots
    } else {
        Key::Throughput
    };
    samples.push(throughput, way.sample(complete, 1.0));
    proxied(way, complete, samples);
    let cycle = if way.bot {
        Key::CycleTimeBots
    } else {
        Key::CycleTime
    };
    // Where it is first seen when it is live already, nobody saw the work begin.
    let Some(started) = way.started.filter(|started| *started < complete) else {
        let sample = way.sample(complete, 0.0).fated(Fate::Unknown);
        samples.push(cycle, sample);
        return;
    };
    samples.push(cycle, way.span(complete, started, complete));
    if !way.bot {
        spent(way, moments, (started, complete), samples);
    }
}

/// What the lead time and the frequency are where nothing is deployed.
fn proxied(way: &Way, complete: Timestamp, samples: &mut Samples) {
    if way.bot {
        return;
    }
    let part = Clean::line(if way.by_merge { "merge" } else { "release" });
    let lead = match way.first_commit {
        Some(first) => way.span(complete, first, complete),
        None => way.sample(complete, 0.0).fated(Fate::Unknown),
    };
    for (key, mut sample) in [
        (Key::LeadTimeProxy, lead),
        (Key::FrequencyProxy, way.sample(complete, 1.0)),
    ] {
        sample.part = Some(part.clone());
        samples.push(key, sample);
    }
}

/// Where the time between two moments went.
#[derive(Default)]
struct Spent {
    in_stage: [i64; 8],
    active: i64,
    waiting: i64,
    handoffs: i64,
}

fn spent(way: &Way, moments: &[Moment], span: (Timestamp, Timestamp), samples: &mut Samples) {
    let (started, complete) = span;
    let mut spent = Spent::default();
    let mut held: Option<&[Person]> = None;
    for (moment, end) in intervals(moments, span) {
        let from = moment.at.max(started);
        let length = (end - from).num_seconds();
        let standing = &moment.standing;
        if let Some(sum) = spent.in_stage.get_mut(standing.stage.index()) {
            *sum += length;
        }
        match standing.status.severity() {
            Severity::Active => spent.active += length,
            Severity::Waiting => spent.waiting += length,
            Severity::Calm
            | Severity::Idle
            | Severity::Unknown
            | Severity::Blocked
            | Severity::Failed => {}
        }
        if !standing.holders.is_empty() {
            let is_other = held.is_some_and(|held| !is_same(held, &standing.holders));
            spent.handoffs += i64::from(is_other);
            held = Some(&standing.holders);
        }
    }
    for (stage, seconds) in Stage::ALL.into_iter().zip(spent.in_stage) {
        if seconds > 0 {
            samples.push(
                Key::CycleTimeIn(stage),
                way.sample(complete, float(seconds)),
            );
        }
    }
    let total = float((complete - started).num_seconds());
    if total > 0.0 {
        for (key, part) in [
            (Key::FlowEfficiency, spent.active),
            (Key::WaitForPeople, spent.waiting),
        ] {
            let mut sample = way.sample(complete, float(part) / total);
            sample.weight = total;
            samples.push(key, sample);
        }
    }
    samples.push(Key::Handoffs, way.sample(complete, float(spent.handoffs)));
    stays(way, moments, span, samples);
}

/// The moments that reach into a span, each with its end within it.
fn intervals(
    moments: &[Moment],
    (from, to): (Timestamp, Timestamp),
) -> impl Iterator<Item = (&Moment, Timestamp)> {
    let ends = moments.iter().skip(1).map(|next| next.at);
    let ends = ends.chain(std::iter::once(to));
    let pairs = moments.iter().zip(ends);
    pairs
        .map(move |(moment, end)| (moment, end.min(to)))
        .filter(move |(moment, end)| moment.at.max(from) < *end)
}

fn is_same(a: &[Person], b: &[Person]) -> bool {
    a.len() == b.len() && a.iter().all(|person| b.contains(person))
}

/// Which stages a card passed without a person.
fn stays(way: &Way, moments: &[Moment], span: (Timestamp, Timestamp), samples: &mut Samples) {
    let mut stay: Option<(Stage, bool)> = None;
    let mut passed = Vec::new();
    for (moment, _) in intervals(moments, span) {
        let standing = &moment.standing;
        let by_hand = needs_hand(standing.status);
        stay = Some(match stay {
            Some((stage, before)) if stage == standing.stage => (stage, before || by_hand),
            other => {
                passed.extend(other);
                (standing.stage, by_hand)
            }
        });
    }
    passed.extend(stay);
    for (stage, by_hand) in passed {
        if MACHINE_STAGES.contains(&stage) {
            let value = if by_hand { 0.0 } else { 1.0 };
            let mut sample = way.sample(span.1, value);
            sample.part = Some(Clean::line(stage.as_str()));
            samples.push(Key::StagesByMachine, sample);
        }
    }
}

/// Returns whether a card goes on from here only by a person.
fn needs_hand(status: Status) -> bool {
    match status.severity() {
        Severity::Waiting | Severity::Blocked | Severity::Failed => true,
        Severity::Active => status == Status::Drafting,
        Severity::Calm => status == Status::Mergeable,
        Severity::Idle | Severity::Unknown => false,
    }
}

/// How long a card waited at gates that it has passed.
fn gates(way: &Way, moments: &[Moment], samples: &mut Samples) {
    let mut since = None;
    for moment in moments {
        let waits = moment.standing.status == Status::Waiting;
        match (since, waits) {
            (None, true) => since = Some((moment.at, moment.standing.stage)),
            (Some((from, stage)), false) => {
                let mut sample = way.span(moment.at, from, moment.at);
                sample.part = Some(Clean::line(stage.as_str()));
                samples.push(Key::GateWait, sample);
                since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}
