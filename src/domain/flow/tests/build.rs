//! Short ways to write records down; times are whole hours.

use chrono::{NaiveDate, TimeDelta, TimeZone as _, Utc};

use crate::domain::Timestamp;
use crate::domain::change_request::{ReviewNote, Verdict};
use crate::domain::flow::{Flow, Key, Metric, Scope};
use crate::domain::history::{
    Attempt, Carried, ChangeLife, CiRun, Delivery, DeliveryState, Ledger, Life, Record, RunEnd,
    Standing, Transition, Trouble,
};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// The hour from which is looked.
pub(super) const NOW: i64 = 960;

pub(super) fn at(hour: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap() + TimeDelta::hours(hour)
}

pub(super) fn utc_day(at: Timestamp) -> NaiveDate {
    at.date_naive()
}

pub(super) fn sha(number: usize) -> Sha {
    Sha::parse(&format!("{:040x}", 0xa000_0000_0000_usize + number).replace('0', "f")).unwrap()
}

pub(super) fn repo(number: usize) -> RepoKey {
    RepoKey::new("forge.test", &format!("acme/repo-{number}"))
}

pub(super) fn service(name: &str) -> ServiceName {
    ServiceName::new(name)
}

pub(super) fn api() -> Scope {
    Scope::Service(service("api"))
}

pub(super) fn item(number: usize) -> ItemId {
    ItemId::new(&format!("card:{number}"))
}

/// A deployment to production that took no time.
pub(super) fn delivery(id: &str, hour: i64, version: usize) -> Delivery {
    Delivery {
        id: Clean::line(id),
        repo: repo(0),
        service: service("api"),
        environment: Clean::line("production"),
        production: true,
        sha: Some(sha(version)),
        version: Clean::line(&format!("v{version}")),
        state: DeliveryState::Succeeded,
        started_at: at(hour),
        finished_at: Some(at(hour)),
        carried: Vec::new(),
        range_known: true,
        backward: false,
        reverts: false,
        hotfix: false,
        url: None,
    }
}

pub(super) fn carried(number: usize, first: Option<i64>, landed: i64) -> Carried {
    Carried {
        item: item(number),
        first_commit_at: first.map(at),
        landed_at: at(landed),
        bot: false,
    }
}

/// An incident of the service `api`.
pub(super) fn incident(id: &str, began: i64, over: Option<i64>) -> Trouble {
    Trouble {
        id: Clean::line(id),
        item: None,
        name: Clean::line(id),
        incident: true,
        repo: None,
        service: Some(service("api")),
        sha: None,
        began_at: at(began),
        over_at: over.map(at),
        url: None,
    }
}

pub(super) fn life(number: usize) -> Life {
    Life {
        id: item(number),
        anchor: Anchor::ChangeRequest,
        key: Clean::line(&format!("api#{number}")),
        title: Clean::line("a change"),
        url: None,
        repo: Some(repo(0)),
        services: vec![service("api")],
        author: Some(Person::new("ada", false)),
        bot: false,
        labels: Vec::new(),
        created_at: at(0),
        changes: Vec::new(),
    }
}

pub(super) fn change(number: u64) -> ChangeLife {
    ChangeLife {
        repo: repo(0),
        number,
        author: Some(Person::new("ada", false)),
        first_commit_at: None,
        opened_at: at(0),
        ready_at: None,
        reviews: Vec::new(),
        reviews_known: true,
        merged_at: None,
        closed_at: None,
        merge_sha: None,
        head_sha: None,
        additions: None,
        deletions: None,
        hotfix: false,
        revert: false,
    }
}

pub(super) fn note(who: &str, hour: i64, verdict: Verdict) -> ReviewNote {
    ReviewNote {
        by: Person::new(who, false),
        at: at(hour),
        verdict,
    }
}

pub(super) fn step(number: usize, hour: i64, stage: Stage, status: Status) -> Transition {
    Transition {
        item: item(number),
        standing: Standing {
            stage,
            status,
            done: None,
            holders: Vec::new(),
        },
        rule: Clean::line("rule"),
        at: at(hour),
    }
}

pub(super) fn over(mut step: Transition, how: Outcome) -> Transition {
    step.standing.done = Some(how);
    step
}

pub(super) fn run(id: &str, created: i64, attempts: Vec<Attempt>) -> CiRun {
    CiRun {
        id: Clean::line(id),
        repo: repo(0),
        workflow: Clean::line("ci.yml"),
        branch: Clean::line("main"),
        on_default: true,
        change: None,
        sha: Some(sha(1)),
        event: Clean::line("push"),
        created_at: at(created),
        attempts,
        url: None,
    }
}

/// An attempt that began an hour before its end.
pub(super) fn attempt(number: u32, finished: i64, end: RunEnd) -> Attempt {
    Attempt {
        number,
        started_at: Some(at(finished - 1)),
        finished_at: (end != RunEnd::Open).then(|| at(finished)),
        end,
        queued_secs: None,
        failed_jobs: Vec::new(),
    }
}

/// A ledger that counts since the first hour.
pub(super) fn ledger(records: Vec<Record>, transitions: Vec<Transition>) -> Ledger {
    Ledger::new(Some(at(-1)), records, transitions)
}

pub(super) fn delivered(deliveries: Vec<Delivery>, troubles: Vec<Trouble>) -> Ledger {
    let deliveries = deliveries
        .into_iter()
        .map(|d| Record::Delivery(Box::new(d)));
    let troubles = troubles.into_iter().map(|t| Record::Trouble(Box::new(t)));
    ledger(deliveries.chain(troubles).collect(), Vec::new())
}

/// Measures everything that a ledger has, up to now.
pub(super) fn measure(ledger: &Ledger, key: Key, scope: &Scope) -> Metric {
    let flow = Flow::new(ledger, at(NOW));
    let window = flow.window(TimeDelta::days(90));
    flow.metric(key, scope, &window, &utc_day)
}

pub(super) const HOUR: f64 = 3_600.0;

/// Returns the values of the points in hours.
pub(super) fn hours(metric: &Metric) -> Vec<f64> {
    metric
        .points
        .iter()
        .map(|point| point.value / HOUR)
        .collect()
}

/// Returns the values of the points.
pub(super) fn values(metric: &Metric) -> Vec<f64> {
    metric.points.iter().map(|point| point.value).collect()
}
