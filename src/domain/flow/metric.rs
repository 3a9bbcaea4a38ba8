//! What a metric is: its key, its definition, its value and the points behind it.
//!
//! Nothing is computed here. A metric that has no value says why, and is never 0 for that.

use chrono::{NaiveDate, TimeDelta};

use crate::domain::Timestamp;
use crate::domain::key::{ItemId, RepoKey, ServiceName};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

/// Which metric.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Key {
    /// First commit to production.
    LeadTime,
    /// The same of changes that machines wrote.
    LeadTimeBots,
    /// Merge to production.
    LeadTimeFromMerge,
    /// First commit to what stands for production where nothing is deployed.
    LeadTimeProxy,
    /// Deployments a day.
    DeploymentFrequency,
    /// What stands for deployments where there are none, a day.
    FrequencyProxy,
    /// Deployments that failed in use.
    ChangeFailRate,
    /// From a deployment that failed to its end.
    RecoveryTime,
    /// Deployments that nobody had planned.
    ReworkRate,
    /// Attempts to deploy that failed.
    FailedAttempts,
    /// Changes that one deployment brings.
    ChangesPerDeployment,
    /// Start of work to live.
    CycleTime,
    /// The same of cards that machines wrote.
    CycleTimeBots,
    /// The part of it in one stage.
    CycleTimeIn(Stage),
    /// Cards finished a week.
    Throughput,
    /// The same of cards that machines wrote.
    ThroughputBots,
    /// Cards started and not finished.
    Wip,
    /// How long ago those were started.
    WipAge,
    /// The part of the cycle time in which somebody or something works.
    FlowEfficiency,
    /// How far work in progress, throughput and cycle time are from one another.
    LittlesLaw,
    /// Ready for review to the first word of a person.
    TimeToFirstReview,
    /// Ready for review to the first approval.
    TimeToApprove,
    /// How often changes were asked for.
    ReviewRounds,
    /// Approved and green to merged.
    MergeWait,
    /// Lines of a change.
    BatchSize,
    /// Push to the first red or the last green.
    TimeToFeedback,
    /// How long CI waits for a machine.
    CiQueue,
    /// Runs of CI that passed.
    CiSuccessRate,
    /// Red commits that were green without a new commit.
    FlakeRate,
    /// Red default branch to green.
    TimeToGreen,
    /// Pairs of author and reviewer.
    ReviewPairs,
    /// How often a card went from hand to hand.
    Handoffs,
    /// The part of the cycle time that waits for people.
    WaitForPeople,
    /// Stages that cards passed without a person.
    StagesByMachine,
    /// How long cards wait at gates.
    GateWait,
    /// Work in progress over its limits.
    WipOverLimit,
    /// Work in progress that is older than most of what was finished.
    WipOld,
    /// Sources that are well.
    SourcesHealthy,
    /// Cards whose evidence is complete.
    EvidenceComplete,
    /// How evenly reviews are spread.
    ReviewSpread,
    /// How few people wrote half of a service's changes.
    BusFactor,
}

/// In what a metric is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// So many a day.
    PerDay,
    /// So many a week.
    PerWeek,
    /// A part of one.
    Share,
    /// Cards.
    Cards,
    /// Lines.
    Lines,
    /// Any other thing that is counted.
    Count,
}

impl Unit {
    /// Returns the word in JSON and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::PerDay => "per day",
            Self::PerWeek => "per week",
            Self::Share => "share",
            Self::Cards => "cards",
            Self::Lines => "lines",
            Self::Count => "count",
        }
    }
}

/// What a metric is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// Everything.
    All,
    /// One service.
    Service(ServiceName),
    /// One repository.
    Repo(RepoKey),
}

impl Scope {
    /// Returns what people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Service(service) => service.as_str(),
            Self::Repo(repo) => repo.path(),
        }
    }
}

/// From when to when is looked; the beginning exclusive, the end inclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The beginning of what counts: that of the window, or of history where that is later.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
    /// How long was asked for.
    pub asked: TimeDelta,
    /// Since when history counts.
    pub since: Option<Timestamp>,
    /// Whether what was before that is dropped, as the store may be no larger.
    pub dropped: bool,
}

impl Window {
    /// Returns whether a moment is in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from < at && at <= self.to
    }

    /// Returns its length in seconds: that of the part that counts.
    pub fn seconds(&self) -> i64 {
        (self.to - self.from).num_seconds().max(0)
    }

    /// Returns whether history begins within it, or not at all.
    pub fn is_cut(&self) -> bool {
        self.since.is_none_or(|since| since >= self.from) && self.to - self.from < self.asked
    }
}

/// One thing that was measured.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// When: the moment by which it belongs to a window.
    pub at: Timestamp,
    /// How much.
    pub value: f64,
    /// What it is called: a card, a version, a workflow.
    pub label: Clean,
    /// The cards behind it.
    pub cards: Vec<ItemId>,
    /// Whether it stands out: what it brought was taken back, it is older than most.
    pub flagged: bool,
}

/// A day of a metric.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DayValue {
    /// The day, in the zone that was asked for.
    pub day: NaiveDate,
    /// How many points there are.
    pub n: usize,
    /// The value of the day; nothing where a day has too few points for one.
    pub value: Option<f64>,
}

/// How values lie, by nearest rank; there is none of fewer than five.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// Half of them are not above it.
    pub p50: f64,
    /// 85 of 100 are not above it.
    pub p85: f64,
    /// 90 of 100.
    pub p90: f64,
    /// 95 of 100.
    pub p95: f64,
    /// Their sum divided by their number.
    pub mean: f64,
}

/// A metric of a part: a workflow, a person.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// The part.
    pub name: Clean,
    /// Its value, where there is one.
    pub value: Option<f64>,
    /// How many points it has.
    pub n: usize,
}

/// A metric of one scope and one window.
#[derive(Clone, PartialEq, Debug)]
pub struct Metric {
    /// Which.
    pub key: Key,
    /// Its value; nothing where there is none, and then `note` says why.
    pub value: Option<f64>,
    /// What it is about.
    pub scope: Scope,
    /// The window.
    pub window: Window,
    /// What must be known to read it: why there is no value, what was left out, since when it counts.
    pub note: Option<String>,
    /// What was measured, oldest first; their number is the sample size, unless `counted` says it.
    pub points: Vec<Point>,
    /// How many things a value rests on that are counted as they are now and are no points.
    pub counted: Option<usize>,
    /// What is not over yet, with its value so far; not among the points.
    pub open: Vec<Point>,
    /// By day.
    pub series: Vec<DayValue>,
    /// How the values lie.
    pub spread: Option<Spread>,
    /// By part.
    pub parts: Vec<Part>,
    /// A line to compare points with: for ages, the p85 of the cycle time.
    pub line: Option<f64>,
}

impl Metric {
    /// Returns the sample size.
    pub fn n(&self) -> usize {
        self.counted.unwrap_or(self.points.len())
    }

    /// Returns the cards behind it, each once, in the order of the points.
    pub fn cards(&self) -> Vec<ItemId> {
        let mut seen = std::collections::HashSet::new();
        let all = self.points.iter().chain(&self.open);
        all.flat_map(|point| &point.cards)
            .filter(|card| seen.insert(*card))
            .cloned()
            .collect()
    }
}

/// What came in order to make one point, or did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It counts.
    Counts,
    /// It is not over.
    Open,
    /// It would be less than nothing: clocks differ.
    Negative,
    /// One end of it is not known.
    Unknown,
}

/// Something measured, before scope and window choose.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    pub(super) value: f64,
    /// How much it counts in a share.
    pub(super) weight: f64,
    pub(super) label: Clean,
    /// The part that it belongs to, where the metric has parts.
    pub(super) part: Option<Clean>,
    pub(super) cards: Vec<ItemId>,
    pub(super) services: Vec<ServiceName>,
    pub(super) repos: Vec<RepoKey>,
    pub(super) flagged: bool,
    pub(super) fate: Fate,
}

impl Sample {
    pub(super) fn new(at: Timestamp, value: f64, label: &Clean) -> Self {
        Self {
            at,
            value,
            weight: 1.0,
            label: label.clone(),
            part: None,
            cards: Vec::new(),
            services: Vec::new(),
            repos: Vec::new(),
            flagged: false,
            fate: Fate::Counts,
        }
    }

    /// Measures a span; one that ends before it begins is left out and counted.
    pub(super) fn span(at: Timestamp, from: Timestamp, to: Timestamp, label: &Clean) -> Self {
        let length = (to - from).num_seconds();
        let mut sample = Self::new(at, super::stats::float(length), label);
        if to < from {
            sample.fate = Fate::Negative;
        }
        sample
    }

    pub(super) fn fated(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// Gives it a fate unless something holds.
    pub(super) fn fated_unless(self, holds: bool, fate: Fate) -> Self {
        if holds { self } else { self.fated(fate) }
    }

    pub(super) fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::All => true,
            Scope::Service(service) => self.services.contains(service),
            Scope::Repo(repo) => self.repos.contains(repo),
        }
    }

    pub(super) fn point(&self) -> Point {
        Point {
            at: self.at,
            value: self.value,
            label: self.label.clone(),
            cards: self.cards.clone(),
            flagged: self.flagged,
        }
    }
}
