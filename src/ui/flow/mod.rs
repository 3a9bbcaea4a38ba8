//! What the flow view is about: its pages, its windows, the report that it shows.
//!
//! A [`Report`] is made beside the screen, for it takes its time; the view asks for one by
//! [`Ask`] and shows the one that came last. Nothing is measured here: that is `domain::flow`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::flow::{Beside, Cumulative, DayOf, Flow, Key, Metric, Reading, Scope, Window};
use crate::domain::history::Ledger;
use crate::domain::key::{ItemId, RepoKey, WebUrl};
use crate::domain::names::Names;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

pub mod words;

/// One page of the view.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Page {
    /// DORA's five, and what belongs to them.
    #[default]
    Dora,
    /// Cycle time, whole and by stage.
    Cycle,
    /// The age of work in progress.
    Ageing,
    /// The cumulative flow diagram.
    Cumulative,
    /// What was finished.
    Throughput,
    /// Efficiency, and the check by Little's law.
    Efficiency,
    /// Reviews and the size of changes.
    Reviews,
    /// Continuous integration.
    Ci,
    /// The five readings of CALMS.
    Calms,
}

impl Page {
    /// All pages, from left to right.
    pub const ALL: [Self; 9] = [
        Self::Dora,
        Self::Cycle,
        Self::Ageing,
        Self::Cumulative,
        Self::Throughput,
        Self::Efficiency,
        Self::Reviews,
        Self::Ci,
        Self::Calms,
    ];

    /// Returns what it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dora => "dora",
            Self::Cycle => "cycle",
            Self::Ageing => "ageing",
            Self::Cumulative => "cumulative",
            Self::Throughput => "throughput",
            Self::Efficiency => "efficiency",
            Self::Reviews => "reviews",
            Self::Ci => "ci",
            Self::Calms => "calms",
        }
    }

    /// Returns its place among all pages.
    pub fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|page| *page == self)
            .unwrap_or_default()
    }

    /// Returns the page after or before it, round and round.
    #[must_use]
    pub fn neighbour(self, forward: bool) -> Self {
        let count = Self::ALL.len();
        let step = if forward { 1 } else { count - 1 };
        let next = Self::ALL.get((self.index() + step) % count);
        next.copied().unwrap_or(self)
    }

    /// Returns the metrics that it lists, in order; those of CALMS are in the readings.
    fn keys(self) -> &'static [Key] {
        match self {
            Self::Dora => &[
                Key::LeadTime,
                Key::DeploymentFrequency,
                Key::ChangeFailRate,
                Key::RecoveryTime,
                Key::ReworkRate,
                Key::LeadTimeProxy,
                Key::FrequencyProxy,
                Key::LeadTimeFromMerge,
                Key::LeadTimeBots,
                Key::FailedAttempts,
                Key::ChangesPerDeployment,
            ],
            Self::Cycle => &[
                Key::CycleTime,
                Key::CycleTimeIn(Stage::Plan),
                Key::CycleTimeIn(Stage::Code),
                Key::CycleTimeIn(Stage::Build),
                Key::CycleTimeIn(Stage::Test),
                Key::CycleTimeIn(Stage::Release),
                Key::CycleTimeIn(Stage::Deploy),
                Key::CycleTimeBots,
            ],
            Self::Ageing => &[Key::WipAge],
            Self::Cumulative => &[Key::Wip],
            Self::Throughput => &[Key::Throughput, Key::ThroughputBots],
            Self::Efficiency => &[Key::FlowEfficiency, Key::LittlesLaw],
            Self::Reviews => &[
                Key::TimeToFirstReview,
                Key::TimeToApprove,
                Key::ReviewRounds,
                Key::MergeWait,
                Key::BatchSize,
            ],
            Self::Ci => &[
                Key::TimeToFeedback,
                Key::CiQueue,
                Key::CiSuccessRate,
                Key::FlakeRate,
                Key::TimeToGreen,
            ],
            Self::Calms => &[],
        }
    }
}

/// How far back is looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Span {
    /// A week.
    Week,
    /// Thirty days.
    #[default]
    Month,
    /// Ninety days.
    Quarter,
}

impl Span {
    /// Returns the next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Week => Self::Month,
            Self::Month => Self::Quarter,
            Self::Quarter => Self::Week,
        }
    }

    /// Returns how many days it has.
    pub fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }
}

/// What is to be measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Of what.
    pub scope: Scope,
    /// How far back.
    pub span: Span,
}

/// A card behind a number, as history remembers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardLine {
    /// What people call it.
    pub key: Clean,
    /// Its repository, where it has one.
    pub repo: Option<RepoKey>,
    /// Its title.
    pub title: Clean,
    /// Its page.
    pub url: Option<WebUrl>,
}

impl CardLine {
    /// Returns its key in few letters, as the board has it.
    pub fn short_key(&self, names: &Names) -> Cow<'_, str> {
        names.short(&self.key, self.repo.as_ref())
    }
}

/// What was measured: everything that the view shows of one scope and one window.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Of what.
    pub scope: Scope,
    /// How far back was asked for.
    pub span: Span,
    /// The window, cut to what history covers.
    pub window: Window,
    /// When.
    pub at: Timestamp,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// The five readings.
    pub calms: Vec<Reading>,
    /// The cumulative flow.
    pub cumulative: Cumulative,
    /// Everything that can be chosen.
    pub scopes: Vec<Scope>,
    /// The cards of history, which may have left the board.
    pub cards: Arc<BTreeMap<ItemId, CardLine>>,
}

/// What a ledger is turned into once, from which every report is made.
#[derive(Clone, Debug)]
pub struct Measured {
    flow: Flow,
    at: Timestamp,
    cards: Arc<BTreeMap<ItemId, CardLine>>,
}

impl Measured {
    /// Measures a ledger; takes its time. `people` says which logins are one person.
    pub fn new(ledger: &Ledger, people: &Roster, now: Timestamp) -> Self {
        let lives = ledger.cards.iter().map(|card| &card.life);
        let line = |life: &crate::domain::history::Life| CardLine {
            key: life.key.clone(),
            repo: life.repo.clone(),
            title: life.title.clone(),
            url: life.url.clone(),
        };
        Self {
            flow: Flow::of_people(ledger, people, now),
            at: now,
            cards: Arc::new(lives.map(|life| (life.id.clone(), line(life))).collect()),
        }
    }

    /// Returns when it was measured.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Makes the report of one scope and one window; takes its time.
    pub fn report(&self, scope: &Scope, span: Span, day_of: DayOf<'_>, beside: &Beside) -> Report {
        let flow = &self.flow;
        let window = flow.window_of(scope, TimeDelta::days(span.days()));
        let services = flow.services().cloned().map(Scope::Service);
        let repos = flow.repos().cloned().map(Scope::Repo);
        Report {
            scope: scope.clone(),
            span,
            window,
            at: self.at,
            metrics: flow.report(scope, &window, day_of),
            calms: flow.calms(scope, &window, day_of, beside),
            cumulative: flow.cumulative(scope, &window, day_of),
            scopes: std::iter::once(Scope::All)
                .chain(services)
                .chain(repos)
                .collect(),
            cards: Arc::clone(&self.cards),
        }
    }
}

/// One line of a page: a metric, and the reading that it opens.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// The name of the reading of which it is the first.
    pub reading: Option<&'static str>,
}

impl Report {
    /// Returns the lines of a page.
    pub fn lines(&self, page: Page) -> Vec<Line<'_>> {
        if page == Page::Calms {
            return self.calms.iter().flat_map(of_reading).collect();
        }
        let of = |key: &Key| self.metrics.iter().find(|metric| metric.key == *key);
        let known = page.keys().iter().filter_map(of);
        known
            .map(|metric| Line {
                metric,
                reading: None,
            })
            .collect()
    }

    /// Returns what is behind a metric: each card once, the newest first, and points of no card. Of
    /// pairs each pair of a card once.
    pub fn behind<'a>(&'a self, metric: &'a Metric) -> Vec<Behind<'a>> {
        let mut seen = std::collections::HashSet::new();
        let mut lines = Vec::new();
        let open = metric.open.iter().rev().map(|point| (point, true));
        let done = metric.points.iter().rev().map(|point| (point, false));
        for (point, open) in open.chain(done) {
            let line = |card| Behind { point, card, open };
            if point.cards.is_empty() {
                lines.push(line(None));
            }
            let pair = (metric.key == Key::ReviewPairs).then_some(&point.label);
            let new = point.cards.iter().filter(|card| seen.insert((*card, pair)));
            lines.extend(new.map(|card| line(Some(card))));
        }
        lines
    }
}

fn of_reading(reading: &Reading) -> impl Iterator<Item = Line<'_>> {
    let indicators = reading.indicators.iter().enumerate();
    indicators.map(|(nth, metric)| Line {
        metric,
        reading: (nth == 0).then_some(reading.name),
    })
}

/// One line of what is behind a number.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// What was measured.
    pub point: &'a crate::domain::flow::Point,
    /// The card, where there is one.
    pub card: Option<&'a ItemId>,
    /// Whether it is not over yet.
    pub open: bool,
}
