//! All that is seen of a repository at one moment, put together from its plans.
//!
//! Each kind of thing has its own module: `tickets`, `pulls`, `tree`, `runs`, `rides`.

use std::sync::Arc;

use crate::demo::scenario::acts::{self, Act};
use crate::demo::scenario::change;
use crate::demo::scenario::lens::{Lens, Pace};
use crate::demo::scenario::model::{Finding, Issue, Pull, RepoState, Run, Scan};
use crate::demo::scenario::plan::Change;
use crate::demo::scenario::team::{Lane, RepoSpec};
use crate::demo::scenario::tree::{Tree, merges};
use crate::demo::scenario::{past, pulls, rides, runs, tickets};

/// What all states of one world share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laws {
    pub(super) seed: u64,
    /// The moment from which indexes are counted.
    pub(super) epoch: i64,
    pub(super) pace: Pace,
}

impl Laws {
    /// Returns the beginning of the day of the origin.
    pub(super) fn today(self) -> i64 {
        self.epoch + past::ZERO
    }

    /// Returns when the team began.
    pub(super) fn begun(self) -> i64 {
        self.epoch - past::BEFORE
    }

    /// Returns the moment before which what was over of a repository is forgotten.
    pub(super) fn horizon(self, spec: &RepoSpec) -> i64 {
        self.today() - past::reach(spec)
    }
}

/// Returns what is seen of a repository at a moment.
pub(super) fn at(laws: Laws, spec: &Arc<RepoSpec>, now: i64, acts: &[Act]) -> RepoState {
    let lens = Lens::new(laws.pace, now);
    let mut changes = changes(laws, spec, now);
    change::spread(&mut changes);
    let mut tree = Tree::grow(laws, spec, &lens, &changes);
    let merged = merges(
        changes
            .iter()
            .filter_map(|c| c.pull.as_ref().map(|pull| (c, pull))),
    );
    let landed: Vec<(i64, &str)> = merged
        .iter()
        .filter_map(|(_, pull, at)| Some((*at, pull.landed.last()?.as_str())))
        .collect();
    let mut trains = rides::trains(laws, spec, now, &changes);
    for train in &mut trains {
        acts::answered(spec, train, acts);
    }
    let mut seen: Vec<Run> = changes
        .iter()
        .flat_map(|change| &change.runs)
        .chain(trains.iter().flat_map(|train| &train.runs))
        .filter_map(|plan| runs::seen(spec, &lens, plan, acts))
        .collect();
    seen.extend(runs::nightly(laws, spec, &lens, &landed, acts));
    seen.extend(runs::lab(laws, spec, &lens, &tree.root, acts));
    seen.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(b.id.cmp(&a.id)));
    let rides = rides::seen(spec, &lens, &trains, &mut tree);
    let mut issues: Vec<Issue> = changes
        .iter()
        .filter_map(|c| tickets::issue(spec, &lens, c, &rides))
        .collect();
    issues.sort_by(|a, b| {
        b.created_at
            .cmp(&a.created_at)
            .then(b.number.cmp(&a.number))
    });
    let mut requests: Vec<Pull> = changes
        .iter()
        .filter_map(|c| pulls::pull(spec, &lens, c, &tree, &seen))
        .collect();
    requests.sort_by(|a, b| {
        b.created_at
            .cmp(&a.created_at)
            .then(b.number.cmp(&a.number))
    });
    let pushed = tree.pushed.max(laws.begun());
    RepoState {
        spec: Arc::clone(spec),
        findings: findings(laws, spec, &lens),
        branches: tree.branches(spec, &requests),
        commits: tree.commits,
        issues,
        pulls: requests,
        runs: seen,
        releases: rides.releases,
        deployments: rides.deployments,
        pushed_at: lens.show(pushed),
        from: now,
        until: lens.until(),
    }
}

fn changes(laws: Laws, spec: &RepoSpec, now: i64) -> Vec<Change> {
    let of = |(slot, lane): (usize, &Lane)| {
        // From a fixed day on: what has been seen once can be seen for ever, as on a real host.
        let oldest = laws.horizon(spec) - change::span(lane) - lane.phase - laws.epoch;
        // The next one is planned too: the lens must know when it begins.
        let newest = (now - lane.phase - laws.epoch).div_euclid(lane.period) + 1;
        let first = oldest.div_euclid(lane.period).max(past::first(lane));
        (first..=newest).filter_map(move |index| change::plan(laws, spec, slot, index))
    };
    spec.lanes.iter().enumerate().flat_map(of).collect()
}

fn findings(laws: Laws, spec: &RepoSpec, lens: &Lens) -> Vec<Finding> {
    const FOUND: &[(Scan, &str, &str, &str)] = &[
        (
            Scan::Dependency,
            "high",
            "openssl",
            "Out-of-bounds read while parsing certificates",
        ),
        (
            Scan::Dependency,
            "medium",
            "hyper",
            "Unbounded growth of a header table",
        ),
        (
            Scan::Dependency,
            "critical",
            "postgres",
            "Injection through a quoted identifier",
        ),
        (
            Scan::Code,
            "high",
            "rust/path-injection",
            "A path depends on what a user sent",
        ),
        (
            Scan::Code,
            "medium",
            "rust/cleartext-logging",
            "A password can reach the log",
        ),
        (
            Scan::Secret,
            "high",
            "acme_api_key",
            "An API key of Acme was committed",
        ),
    ];
    let age =
        |nth: usize| laws.epoch + 86_400 * i64::try_from(nth * 5 + spec.index % 5).unwrap_or(0);
    let mut found: Vec<Finding> = FOUND
        .iter()
        .enumerate()
        .filter(|(nth, _)| (spec.index + nth).is_multiple_of(4))
        .map(|(nth, (scan, severity, subject, summary))| Finding {
            scan: *scan,
            number: u64::try_from(nth + 1).unwrap_or(1),
            severity,
            subject,
            summary,
            created_at: lens.show(age(nth)),
        })
        .collect();
    found.reverse();
    found
}
