//! What goes wrong in the services of the world at a moment: a pure function of both.
//!
//! Errors after a deployment, the slowness that they bring (inhibited), a disk that
//! fills up (silenced), and slow hours that come and go.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::demo::forge::Ground;
use crate::demo::scenario::model::RepoState;
use crate::demo::scenario::team::Service;
use crate::domain::Timestamp;

/// In so many of a hundred deployments something goes wrong afterwards; in the newest always.
const AFTERMATH: u64 = 30;

/// In so many of a hundred hours a service is slow.
const SLOW: u64 = 6;

const HOUR: i64 = 3_600;

/// One alert.
pub(super) struct Trouble {
    pub(super) labels: BTreeMap<&'static str, String>,
    pub(super) annotations: BTreeMap<&'static str, String>,
    pub(super) expression: String,
    pub(super) begun: Timestamp,
    pub(super) held: Held,
}

/// Why nobody is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Held {
    /// Everybody is.
    Not,
    /// By the silence with this identity.
    Silenced(String),
    /// By the alert with this fingerprint.
    Inhibited(String),
}

impl Trouble {
    /// Returns the number under which Alertmanager knows its labels (FNV-1a).
    pub(super) fn fingerprint(&self) -> String {
        let parts = self.labels.iter().flat_map(|(name, value)| [*name, value]);
        let hash = parts.fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
            part.bytes().chain([255]).fold(hash, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        });
        format!("{hash:016x}")
    }
}

/// The service of a repository, and what came to its users last.
struct Served<'a> {
    service: &'a Service,
    /// Stands for it in what falls by chance.
    number: u64,
    /// The newest deployment that got to production, and when it got there.
    last: Option<(u64, Timestamp)>,
}

/// Returns everything that goes wrong, in the order of the fingerprints.
pub(super) fn all(ground: &Ground, now: Timestamp) -> Vec<Trouble> {
    let states: Vec<_> = ground.states(now).map(|(_, repo)| repo).collect();
    let served: Vec<Served<'_>> = states
        .iter()
        .filter(|repo| repo.spec.deploys)
        .flat_map(|repo| {
            repo.spec
                .services
                .iter()
                .map(|service| serve(repo, service, now))
        })
        .collect();
    let arrivals = served
        .iter()
        .filter_map(|it| it.last.map(|(id, at)| (at, id)));
    let newest = arrivals.filter(|(at, id)| broken_at(*id, *at) <= now).max();
    let mut all = Vec::new();
    for one in &served {
        let broken = one.last.filter(|(id, at)| {
            let is_bad = draw(&[*id, 1]) % 100 < AFTERMATH || newest == Some((*at, *id));
            is_bad && broken_at(*id, *at) <= now && now < mended_at(*id, *at)
        });
        if let Some((id, at)) = broken {
            let errors = errors(one.service, broken_at(id, at));
            let begun = errors.begun + TimeDelta::seconds(70);
            if begun <= now {
                let by = Held::Inhibited(errors.fingerprint());
                all.push(slowness(one.service, begun, by));
            }
            all.push(errors);
        } else if let Some(begun) = slow_since(one.number, now) {
            all.push(slowness(one.service, begun, Held::Not));
        }
    }
    // The one that is last in the team's list has the old disk.
    if let Some(one) = served.last() {
        all.push(disk(one, now));
    }
    all.sort_by_key(Trouble::fingerprint);
    all
}

fn serve<'a>(repo: &'a RepoState, service: &'a Service, now: Timestamp) -> Served<'a> {
    let place = format!("{}production", service.prefix);
    let arrived = repo.deployments.iter().filter_map(|it| {
        let good = it
            .statuses
            .iter()
            .find(|status| status.state == "success")?;
        (it.environment == place && good.at <= now).then_some((it.id, good.at))
    });
    let name = service.name.as_bytes();
    Served {
        service,
        number: xxh3_64_with_seed(name, repo.spec.id),
        last: arrived.max_by_key(|(_, at)| *at),
    }
}

/// Returns a number that is always the same for the same.
fn draw(parts: &[u64]) -> u64 {
    let mix = |seed: u64, part: &u64| xxh3_64_with_seed(&part.to_le_bytes(), seed);
    parts.iter().fold(7, mix)
}

/// Returns a number of seconds within a span that belongs to these.
fn within(parts: &[u64], from: i64, span: u64) -> TimeDelta {
    let more = i64::try_from(draw(parts) % span.max(1)).unwrap_or(0);
    TimeDelta::seconds(from + more)
}

/// Returns when errors begin after a deployment: three to twelve minutes later.
fn broken_at(id: u64, arrived: Timestamp) -> Timestamp {
    arrived + within(&[id, 2], 180, 540)
}

/// Returns when they end, unless another deployment came before.
fn mended_at(id: u64, arrived: Timestamp) -> Timestamp {
    broken_at(id, arrived) + within(&[id, 3], 2 * HOUR, 7_200)
}

/// Returns since when a service is slow, if it is so in this hour.
fn slow_since(number: u64, now: Timestamp) -> Option<Timestamp> {
    let hour = now.timestamp().div_euclid(HOUR);
    let parts = [number, hour.unsigned_abs(), 4];
    if draw(&parts) % 100 >= SLOW {
        return None;
    }
    let begun = DateTime::from_timestamp(hour * HOUR, 0)? + within(&parts, 60, 1_200);
    let end = begun + within(&parts, 600, 1_500);
    (begun..end).contains(&now).then_some(begun)
}

fn labels(alert: &str, service: &Service, severity: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("alertname", alert.to_owned()),
        ("env", "production".to_owned()),
        ("job", format!("{}-production", service.name)),
        ("service", service.name.clone()),
        ("severity", severity.to_owned()),
    ])
}

fn said(summary: String, book: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (
            "runbook_url",
            format!("https://runbooks.example.org/{book}"),
        ),
        ("summary", summary),
    ])
}

fn errors(service: &Service, begun: Timestamp) -> Trouble {
    let name = &service.name;
    Trouble {
        labels: labels("HighErrorRate", service, "critical"),
        annotations: said(
            format!("more than 2 % of requests to {name} fail"),
            "errors",
        ),
        expression: format!("service:errors:ratio5m{{service=\"{name}\"}} > 0.02"),
        begun,
        held: Held::Not,
    }
}

fn slowness(service: &Service, begun: Timestamp, held: Held) -> Trouble {
    let name = &service.name;
    Trouble {
        labels: labels("HighLatency", service, "warning"),
        annotations: said(format!("p99 of {name} is above 800 ms"), "latency"),
        expression: format!("service:latency:p99{{service=\"{name}\"}} > 0.8"),
        begun,
        held,
    }
}

fn disk(one: &Served<'_>, now: Timestamp) -> Trouble {
    let day = 24 * HOUR;
    // The same all day, and on the next one another alert of the same kind.
    let begun = now.timestamp().div_euclid(day) * day;
    let begun = DateTime::from_timestamp(begun, 0).unwrap_or(now) - TimeDelta::hours(20);
    let name = &one.service.name;
    let (a, b) = (draw(&[one.number, 5]), draw(&[one.number, 6]));
    let silence = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        a >> 32,
        a >> 16 & 0xFFFF,
        a & 0xFFF,
        b >> 52,
        b & 0xFFFF_FFFF_FFFF
    );
    Trouble {
        labels: labels("DiskAlmostFull", one.service, "warning"),
        annotations: said(
            format!("less than 10 % of the disk of {name} are free"),
            "disk",
        ),
        expression: format!("node:disk:free{{service=\"{name}\"}} < 0.1"),
        begun,
        held: Held::Silenced(silence),
    }
}
