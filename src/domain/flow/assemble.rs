//! From samples to a metric: scope and window choose, few points make no value, notes say why.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::flow::days::Days;
use crate::domain::flow::definition::Fold;
use crate::domain::flow::metric::{
    DayValue, Fate, Key, Metric, Part, Point, Sample, Scope, Window,
};
use crate::domain::flow::samples::Samples;
use crate::domain::flow::stats::{DAY, MIN_SAMPLES, count, float, spread, weighted};
use crate::domain::key::ServiceName;
use crate::domain::text::Clean;

/// What a metric is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    pub(super) samples: &'a Samples,
    pub(super) scope: &'a Scope,
    pub(super) window: &'a Window,
    pub(super) days: &'a Days,
}

impl Cut<'_> {
    /// Makes a metric that is made of samples.
    pub(super) fn metric(&self, key: Key) -> Metric {
        let (mut counted, mut negative, mut unknown) = (Vec::new(), 0, 0);
        for sample in self.samples.within(key, self.scope, self.window) {
            match sample.fate {
                Fate::Counts => counted.push(sample),
                Fate::Negative => negative += 1,
                Fate::Unknown => unknown += 1,
                Fate::Open => {}
            }
        }
        // What is not over is told however long ago it began.
        let all = self.samples.all(key).iter();
        let open = all.filter(|sample| sample.fate == Fate::Open && sample.is_in(self.scope));
        let open: Vec<Point> = open.map(Sample::point).collect();
        let mut metric = Metric {
            key,
            value: None,
            scope: self.scope.clone(),
            window: *self.window,
            note: None,
            points: counted.iter().map(|sample| sample.point()).collect(),
            counted: None,
            open,
            series: Vec::new(),
            spread: None,
            parts: Vec::new(),
            line: None,
        };
        let services = self.services(key, &counted);
        let mut notes = Vec::new();
        if self.window.seconds() == 0 {
            notes.push("no history yet".to_owned());
        } else {
            metric.series = self.series(key, &counted);
            if services.len() > 1 && key.is_of_service() {
                metric.parts = self.by_service(key, &counted, &services);
                notes.push(format!(
                    "of {} services: values are told by service",
                    services.len()
                ));
            } else {
                self.fill(&mut metric, &counted, &mut notes);
            }
        }
        left_out(&metric, negative, unknown, &mut notes);
        since(self.window, &mut notes);
        metric.note = joined(&notes);
        metric
    }

    fn fill(&self, metric: &mut Metric, counted: &[&Sample], notes: &mut Vec<String>) {
        let key = metric.key;
        metric.value = self.value(key.fold(), counted);
        match key.fold() {
            Fold::Median | Fold::Mean => {
                metric.spread = spread(counted.iter().map(|sample| sample.value));
            }
            Fold::Share
            | Fold::PerDay
            | Fold::PerWeek
            | Fold::Number
            | Fold::Parts
            | Fold::Largest
            | Fold::Half => {}
        }
        // Nobody is named beside how much they did.
        if !matches!(key.fold(), Fold::Largest | Fold::Half | Fold::Parts) {
            metric.parts = self.by_part(key, counted);
        }
        if key.is_of_deployments() && !self.is_deployed() {
            metric.value = None;
            notes.push(self.proxy());
        } else if counted.is_empty() {
            notes.extend(self.nothing(metric));
        } else if metric.value.is_none() {
            notes.push(few(key, counted));
        }
    }

    /// Returns the value of points, where there are enough of them.
    fn value(&self, fold: Fold, counted: &[&Sample]) -> Option<f64> {
        let days = float(self.window.seconds()) / DAY;
        let number = count(counted.len());
        let enough = counted.len() >= MIN_SAMPLES;
        match fold {
            Fold::Median => Some(spread(counted.iter().map(|sample| sample.value))?.p50),
            Fold::Mean => Some(spread(counted.iter().map(|sample| sample.value))?.mean),
            Fold::Share => weighted(counted.iter().map(|s| (s.value, s.weight))).filter(|_| enough),
            Fold::PerDay => (days > 0.0).then(|| number / days),
            Fold::PerWeek => (days > 0.0).then(|| number / (days / 7.0)),
            Fold::Number => Some(number),
            Fold::Parts => enough.then(|| count(parts(counted).len())),
            Fold::Largest => {
                let most = parts(counted).into_values().map(|p| p.len()).max();
                most.filter(|_| enough).map(|most| count(most) / number)
            }
            Fold::Half => enough.then(|| count(half(counted))),
        }
    }

    fn by_part(&self, key: Key, counted: &[&Sample]) -> Vec<Part> {
        let parts = parts(counted).into_iter();
        parts
            .map(|(name, of)| Part {
                name: name.clone(),
                value: self.value(key.fold(), &of),
                n: of.len(),
            })
            .collect()
    }

    /// Returns the services that a metric would blend: those of its samples at any time.
    fn services<'s>(&self, key: Key, counted: &[&'s Sample]) -> BTreeSet<&'s ServiceName> {
        let is_one = matches!(self.scope, Scope::Service(_));
        if is_one || !key.is_of_service() {
            return BTreeSet::new();
        }
        counted.iter().flat_map(|s| &s.services).collect()
    }

    fn by_service(
        &self,
        key: Key,
        counted: &[&Sample],
        services: &BTreeSet<&ServiceName>,
    ) -> Vec<Part> {
        let mut of: BTreeMap<&ServiceName, Vec<&Sample>> = BTreeMap::new();
        for sample in counted {
            for service in &sample.services {
                of.entry(service).or_default().push(sample);
            }
        }
        let named = of.iter().filter(|(service, _)| services.contains(*service));
        named
            .map(|(service, samples)| Part {
                name: Clean::line(service.as_str()),
                value: self.value(key.fold(), samples),
                n: samples.len(),
            })
            .collect()
    }

    fn series(&self, key: Key, counted: &[&Sample]) -> Vec<DayValue> {
        let mut days: Vec<Vec<&Sample>> = vec![Vec::new(); self.days.len()];
        for sample in counted {
            if let Some(day) = days.get_mut(self.days.index(sample.at)) {
                day.push(sample);
            }
        }
        let blends = self.services(key, counted).len() > 1;
        let fold = key.fold();
        let is_count = matches!(fold, Fold::PerDay | Fold::PerWeek | Fold::Number);
        let value = |samples: &[&Sample]| match (is_count, blends) {
            (true, _) => Some(count(samples.len())),
            (false, true) => None,
            (false, false) => self.value(fold, samples),
        };
        let pairs = self.days.iter().zip(days);
        pairs
            .map(|(day, samples)| DayValue {
                day,
                n: samples.len(),
                value: value(&samples),
            })
            .collect()
    }

    /// Returns whether anything was ever deployed here.
    fn is_deployed(&self) -> bool {
        let known = self.samples.all(Key::DeploymentFrequency).iter();
        let tried = self.samples.all(Key::FailedAttempts).iter();
        known.chain(tried).any(|sample| sample.is_in(self.scope))
    }

    /// Says what stands for deployments where there are none.
    fn proxy(&self) -> String {
        let done = self.samples.all(Key::FrequencyProxy).iter();
        let mut merges = false;
        for sample in done.filter(|sample| sample.is_in(self.scope)) {
            match sample.part.as_ref().map(Clean::as_str) {
                Some("release") => return "n/a (proxy: release)".to_owned(),
                Some(_) | None => merges = true,
            }
        }
        let word = if merges {
            "n/a (proxy: merge)"
        } else {
            "n/a (no deployment is known)"
        };
        word.to_owned()
    }

    /// Says why there is not one point.
    fn nothing(&self, metric: &mut Metric) -> Option<String> {
        let key = metric.key;
        if key == Key::DeploymentFrequency || key == Key::FrequencyProxy {
            metric.value = None;
            let mut all = self.samples.all(key).iter();
            let last = all.rfind(|sample| sample.is_in(self.scope));
            return Some(last.map_or_else(
                || "none is known".to_owned(),
                |last| format!("none in the window, the last on {}", last.at.date_naive()),
            ));
        }
        if key == Key::RecoveryTime && metric.open.is_empty() {
            return Some("no deployment failed in use".to_owned());
        }
        metric
            .value
            .is_none()
            .then(|| "nothing to measure in the window".to_owned())
    }
}

fn parts<'s>(counted: &[&'s Sample]) -> BTreeMap<&'s Clean, Vec<&'s Sample>> {
    let mut parts: BTreeMap<&Clean, Vec<&Sample>> = BTreeMap::new();
    for sample in counted {
        if let Some(part) = &sample.part {
            parts.entry(part).or_default().push(sample);
        }
    }
    parts
}

/// Returns how few parts have at least half of the points.
fn half(counted: &[&Sample]) -> usize {
    let mut sizes: Vec<usize> = parts(counted).into_values().map(|p| p.len()).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let all: usize = sizes.iter().sum();
    let mut sum = 0;
    let before = sizes.iter().take_while(|size| {
        let short = sum * 2 < all;
        sum += **size;
        short
    });
    before.count()
}

/// Says that there are too few points, and for a share how many they are.
fn few(key: Key, counted: &[&Sample]) -> String {
    let is_whole = counted.iter().all(|sample| sample.value.fract() == 0.0);
    if key.fold() == Fold::Share && is_whole {
        let yes = counted.iter().filter(|sample| sample.value > 0.0).count();
        return format!("too few for a value: {yes} of {}", counted.len());
    }
    format!("too few for a value: {}", counted.len())
}

fn left_out(metric: &Metric, negative: usize, unknown: usize, notes: &mut Vec<String>) {
    if !metric.open.is_empty() {
        notes.push(format!("{} not over yet", metric.open.len()));
    }
    if negative > 0 {
        notes.push(format!("{negative} left out: ends before it begins"));
    }
    if unknown > 0 {
        notes.push(format!("{unknown} left out: not wholly known"));
    }
}

/// Says since when it counts, where that is later than the window begins.
pub(super) fn since(window: &Window, notes: &mut Vec<String>) {
    if let Some(since) = window.since.filter(|_| window.is_cut()) {
        notes.push(format!("counts since {}", since.date_naive()));
    }
}

pub(super) fn joined(notes: &[String]) -> Option<String> {
    (!notes.is_empty()).then(|| notes.join("; "))
}
