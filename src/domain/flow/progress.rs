//! What is measured by cards that are on their way: work in progress, its age, Little's law, and
//! the cumulative flow.
//!
//! Cards of machines are counted beside those of people, never among them.

use chrono::NaiveDate;

use crate::domain::Timestamp;
use crate::domain::flow::assemble::{Cut, joined, since};
use crate::domain::flow::cards::Way;
use crate::domain::flow::days::Days;
use crate::domain::flow::metric::{DayValue, Key, Metric, Point, Scope, Window};
use crate::domain::flow::stats::{DAY, MIN_SAMPLES, count, float, spread};

/// How many cards stand in each stage or past it, by day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cumulative {
    /// The days.
    pub days: Vec<NaiveDate>,
    /// For each day the cards that stand in each stage, or past it, at its end. What was taken back
    /// stands where it went, what was delivered and is over past all, what was given up nowhere: so
    /// what lies between two stages is the work that is in the first of them.
    pub entered: Vec<[usize; 8]>,
    /// For each day the cards that were given up before they were live.
    pub dropped: Vec<usize>,
}

/// How far off mean work in progress may be before the window is no steady one.
const STEADY: f64 = 0.2;

impl Way {
    fn is_in(&self, scope: &Scope) -> bool {
        match scope {
            Scope::All => true,
            Scope::Service(service) => self.services.contains(service),
            Scope::Repo(repo) => self.repos.contains(repo),
        }
    }

    fn point(&self, at: Timestamp, value: f64) -> Point {
        self.sample(at, value).point()
    }
}

fn of_people<'a>(ways: &'a [Way], scope: &'a Scope) -> impl Iterator<Item = &'a Way> {
    ways.iter().filter(|way| !way.bot && way.is_in(scope))
}

fn empty(key: Key, cut: &Cut<'_>) -> Metric {
    Metric {
        key,
        value: None,
        scope: cut.scope.clone(),
        window: *cut.window,
        note: None,
        points: Vec::new(),
        counted: None,
        open: Vec::new(),
        series: Vec::new(),
        spread: None,
        parts: Vec::new(),
        line: None,
    }
}

/// Returns the cards in progress, and how old they are.
pub(super) fn in_progress(key: Key, ways: &[Way], cut: &Cut<'_>) -> Metric {
    let now = cut.window.to;
    let mut metric = empty(key, cut);
    let cycle = cut.metric(Key::CycleTime);
    metric.line = cycle.spread.map(|spread| spread.p85);
    let open = of_people(ways, cut.scope).filter(|way| way.is_open_at(now));
    for (way, started) in open.filter_map(|way| Some((way, way.started?))) {
        let age = float((now - started).num_seconds());
        let value = if key == Key::Wip { 1.0 } else { age };
        let mut point = way.point(started, value);
        point.flagged = metric.line.is_some_and(|line| age > line);
        metric.points.push(point);
    }
    metric
        .points
        .sort_by(|a, b| (a.at, &a.label, &a.cards).cmp(&(b.at, &b.label, &b.cards)));
    let mut notes = Vec::new();
    if key == Key::Wip {
        metric.value = Some(count(metric.points.len()));
        metric.series = by_day(ways, cut);
    } else {
        metric.spread = spread(metric.points.iter().map(|point| point.value));
        metric.value = metric.spread.map(|spread| spread.p50);
        if metric.value.is_none() {
            notes.push(format!("too few for a value: {}", metric.points.len()));
        }
    }
    let bots = ways.iter().filter(|way| way.bot && way.is_in(cut.scope));
    let bots = bots.filter(|way| way.is_open_at(now)).count();
    if bots > 0 {
        notes.push(format!("without {bots} of machines"));
    }
    if cut.window.since.is_none() {
        metric.value = None;
        notes.push("no history yet".to_owned());
    } else if metric.line.is_none() && key == Key::WipAge {
        notes.push("no line: too few cards were finished".to_owned());
    }
    since(cut.window, &mut notes);
    metric.note = joined(&notes);
    metric
}

/// Returns the work in progress at the end of every day.
fn by_day(ways: &[Way], cut: &Cut<'_>) -> Vec<DayValue> {
    let mut changes = vec![0_i64; cut.days.len()];
    let mut change = |at: Timestamp, by: i64| {
        if at <= cut.window.to
            && let Some(day) = changes.get_mut(cut.days.index(at))
        {
            *day += by;
        }
    };
    for way in of_people(ways, cut.scope) {
        if let Some(started) = way.started {
            change(started, 1);
            if let Some(ended) = way.ended() {
                change(ended.max(started), -1);
            }
        }
    }
    let mut open = 0;
    let days = cut.days.iter().zip(changes);
    days.map(|(day, by)| {
        open += by;
        DayValue {
            day,
            n: usize::try_from(open).unwrap_or_default(),
            value: Some(float(open)),
        }
    })
    .collect()
}

/// Compares mean work in progress with throughput times mean cycle time.
pub(super) fn littles_law(ways: &[Way], cut: &Cut<'_>) -> Metric {
    let window = cut.window;
    let mut metric = empty(Key::LittlesLaw, cut);
    metric.points = cut.metric(Key::CycleTime).points;
    let mut notes = Vec::new();
    let seconds = float(window.seconds());
    let present = of_people(ways, cut.scope).map(|way| float(stayed(way, window)));
    let wip = present.sum::<f64>() / seconds;
    if window.since.is_none() {
        notes.push("no history yet".to_owned());
    } else if metric.n() < MIN_SAMPLES || wip <= 0.0 {
        notes.push(format!("too few for a value: {}", metric.n()));
    } else {
        let n = count(metric.n());
        let mean = metric.points.iter().map(|point| point.value).sum::<f64>() / n;
        let expected = n / seconds * mean;
        let off = (wip - expected).abs() / wip;
        metric.value = Some(off);
        let begun = of_people(ways, cut.scope).filter_map(|way| way.started);
        let begun = begun.filter(|at| window.contains(*at)).count();
        let verdict = if off > STEADY {
            "not steady, so averages predict nothing"
        } else {
            "steady"
        };
        notes.push(format!(
            "work in progress {wip:.1} on average, {:.2} a day times {:.1} d is {expected:.1}; \
             {begun} begun, {} finished; {verdict}",
            n / (seconds / DAY),
            mean / DAY,
            metric.n()
        ));
    }
    since(window, &mut notes);
    metric.note = joined(&notes);
    metric
}

/// Returns for how many seconds of a window a card was in progress.
fn stayed(way: &Way, window: &Window) -> i64 {
    let Some(started) = way.started else {
        return 0;
    };
    let from = started.max(window.from);
    let to = way.ended().map_or(window.to, |at| at.min(window.to));
    (to - from).num_seconds().max(0)
}

/// Counts the cards that stand in each stage or past it, by day.
pub(super) fn cumulative(ways: &[Way], scope: &Scope, window: &Window, days: &Days) -> Cumulative {
    let mut changes = vec![[0_i64; 8]; days.len()];
    let mut dropped = vec![0_usize; days.len()];
    for way in of_people(ways, scope) {
        let mut before = 0;
        for (at, reached) in way.reached.iter().filter(|(at, _)| *at <= window.to) {
            if let Some(day) = changes.get_mut(days.index(*at)) {
                for (stage, number) in day.iter_mut().enumerate() {
                    *number += i64::from(stage < *reached) - i64::from(stage < before);
                }
            }
            before = *reached;
        }
        let gone = way.dropped.filter(|at| *at <= window.to);
        if let Some(number) = gone.and_then(|at| dropped.get_mut(days.index(at))) {
            *number += 1;
        }
    }
    let mut sum = [0_i64; 8];
    let entered = changes.into_iter().map(|day| {
        for (sum, change) in sum.iter_mut().zip(day) {
            *sum += change;
        }
        sum.map(|number| usize::try_from(number).unwrap_or_default())
    });
    let entered = entered.collect();
    let mut sum = 0;
    for number in &mut dropped {
        sum += *number;
        *number = sum;
    }
    Cumulative {
        days: days.iter().collect(),
        entered,
        dropped,
    }
}
