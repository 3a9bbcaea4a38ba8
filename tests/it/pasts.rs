//! What holds of every past that is read: pages are followed, a part is no whole, no token leaks.
//!
//! One row a system, with a server that has two pages of its main list. GitHub's past is asked in
//! another way and held by `github_past`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, Ordering};

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::FactKind;
use cycleboard::sources::buildbot::Buildbot;
use cycleboard::sources::gitea::Gitea;
use cycleboard::sources::gitlab::GitLab;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::jenkins::Jenkins;
use cycleboard::sources::{Batch, CapabilityState, Fetch, Source, SourceError, Tier};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen, Way};
use crate::support::ground::{Memory, bare};

const TOKEN: &str = "ada:t0ken-SECRET-0123456789";

/// How a source is made of its settings.
type Open = fn(&SourceConfig, &Ground) -> Result<Box<dyn Source>, SourceError>;

/// One system.
struct System {
    kind: &'static str,
    repos: &'static [&'static str],
    open: Open,
    /// What it answers; what is not there is 404.
    answer: fn(&Seen) -> Option<Reply>,
    /// Whether the second page of its main list is asked.
    is_second: fn(&Seen) -> bool,
    /// What the main list tells, and how much.
    told: (FactKind, usize),
    /// Whether it tells work, and not runs alone.
    has_work: bool,
}

const SYSTEMS: [System; 4] = [
    System {
        kind: "gitlab",
        repos: &["acme/api"],
        open: |config, ground| Ok(Box::new(GitLab::new(config, ground, Limits::default())?)),
        answer: gitlab,
        is_second: |seen| seen.target.contains("state=all") && seen.target.contains("page=2"),
        told: (FactKind::ChangeRequest, 2),
        has_work: true,
    },
    System {
        kind: "gitea",
        repos: &["acme/api"],
        open: |config, ground| Ok(Box::new(Gitea::new(config, ground, Limits::default())?)),
        answer: gitea,
        is_second: |seen| {
            seen.target.contains("state=closed")
                && seen.target.contains("/pulls?")
                && seen.target.contains("page=2")
        },
        told: (FactKind::ChangeRequest, 2),
        has_work: true,
    },
    System {
        kind: "jenkins",
        repos: &[],
        open: |config, ground| Ok(Box::new(Jenkins::new(config, ground, Limits::default())?)),
        answer: jenkins,
        is_second: |seen| seen.target.contains("allBuilds") && seen.target.contains("100%2C200"),
        told: (FactKind::Run, 150),
        has_work: false,
    },
    System {
        kind: "buildbot",
        repos: &[],
        open: |config, ground| Ok(Box::new(Buildbot::new(config, ground, Limits::default())?)),
        answer: buildbot,
        is_second: |seen| {
            seen.target.contains("complete_at__gt") && seen.target.contains("buildid__lt")
        },
        told: (FactKind::Run, 250),
        has_work: false,
    },
];

fn begin() -> Timestamp {
    "2026-11-21T04:00:00Z".parse().unwrap()
}

/// A moment so many days before, as the forges write it.
fn day(days: i64) -> String {
    (begin() - TimeDelta::days(days)).to_rfc3339()
}

fn gitlab(seen: &Seen) -> Option<Reply> {
    let (_, path) = seen.path().split_once("/api/v4/")?;
    let list = path.strip_prefix("projects/1/");
    Some(Reply::json(&match path {
        "version" => json!({"version": "17.11.0"}),
        "user" => json!({"username": "ada"}),
        "personal_access_tokens/self" => json!({"scopes": ["read_api"]}),
        "projects/acme%2Fapi" => json!({
            "id": 1, "path_with_namespace": "acme/api", "default_branch": "main",
            "last_activity_at": day(1),
        }),
        "projects/1/merge_requests" if seen.target.contains("state=all&") => {
            let second = seen.target.contains("page=2");
            let number = 7 + u64::from(second);
            let page = json!([{
                "iid": number, "project_id": 1, "title": "Add a cache", "state": "merged",
                "source_branch": "cache", "target_branch": "main", "created_at": day(22),
                "updated_at": day(20), "merged_at": day(20),
            }]);
            let next = if second { "" } else { "2" };
            return Some(Reply::json(&page).with("x-next-page", next));
        }
        _ if list.is_some() => json!([]),
        _ => return None,
    }))
}

fn gitea(seen: &Seen) -> Option<Reply> {
    let (_, path) = seen.path().split_once("/api/v1")?;
    let mut repo: Value = serde_json::from_str(include_str!("../data/gitea/repo.json")).unwrap();
    repo["updated_at"] = json!(day(1));
    Some(Reply::json(&match path {
        "/version" => json!({"version": "1.24.0"}),
        "/settings/api" => json!({"max_response_items": 50}),
        "/user" => json!({"id": 5, "login": "ada"}),
        "/repos/acme/api" => repo,
        "/repos/search" => json!({"ok": true, "data": [repo]}),
        "/repos/acme/api/actions/runs" => json!({"workflow_runs": [], "total_count": 0}),
        "/repos/acme/api/pulls" if seen.target.contains("state=closed") => {
            let number = 7 + u64::from(seen.target.contains("page=2"));
            let page = json!([{
                "number": number, "title": "Add a cache", "state": "closed", "merged": true,
                "head": {"ref": "cache", "sha": "a".repeat(40)}, "base": {"ref": "main"},
                "created_at": day(22), "updated_at": day(20), "merged_at": day(20),
                "closed_at": day(20),
            }]);
            return Some(Reply::json(&page).with("x-total-count", "2"));
        }
        "/repos/acme/api/pulls/7" | "/repos/acme/api/pulls/8" => {
            json!({"updated_at": day(20), "additions": 3, "deletions": 1})
        }
        _ if path.starts_with("/repos/") => json!([]),
        _ => return None,
    }))
}

fn built(number: i64) -> Value {
    let at = begin() - TimeDelta::hours(151 - number);
    json!({
        "number": number, "building": false, "result": "SUCCESS",
        "timestamp": at.timestamp_millis(), "duration": 60_000,
        "actions": [{"lastBuiltRevision": {"SHA1": "a".repeat(40), "branch": [{"name": "main"}]},
            "remoteUrls": ["https://git.test/acme/api.git"]}],
    })
}

fn jenkins(seen: &Seen) -> Option<Reply> {
    let target = &seen.target;
    Some(Reply::json(&match seen.path() {
        "/api/json" => json!({"jobs": [{"name": "api", "builds": [built(150)]}]}),
        "/job/api/api/json" if target.contains("allBuilds") => {
            let numbers = if target.contains("100%2C200") {
                1..51
            } else {
                51..151
            };
            json!({"allBuilds": numbers.rev().map(built).collect::<Vec<_>>()})
        }
        "/job/api/api/json" => json!({"builds": [built(150)]}),
        _ => return None,
    }))
}

fn buildbot(seen: &Seen) -> Option<Reply> {
    let target = &seen.target;
    let build = |id: i64| {
        let at = begin().timestamp() - (300 - id) * 3_600;
        json!({
            "buildid": id, "number": id, "builderid": 1, "buildrequestid": id, "complete": true,
            "results": 0, "started_at": at - 60, "complete_at": at, "properties": {},
        })
    };
    Some(Reply::json(&match seen.path() {
        "/api/v2/builders" => json!({"builders": [{"builderid": 1, "name": "api"}]}),
        "/api/v2/builds" if target.contains("complete_at__gt") => {
            let ids = if target.contains("buildid__lt") {
                1..51
            } else {
                51..251
            };
            json!({"builds": ids.rev().map(build).collect::<Vec<_>>()})
        }
        "/api/v2/builds" => json!({"builds": []}),
        "/api/v2/buildrequests" => json!({"buildrequests": []}),
        "/api/v2/buildsets" => json!({"buildsets": []}),
        "/api/v2/changes" => json!({"changes": []}),
        _ => return None,
    }))
}

/// A server of a system, whose second page may be broken, and a source that reads it.
struct Bench {
    fault: Fault,
    source: Box<dyn Source>,
    /// The status of the second page; 0 where it is whole, 1 where it is cut.
    broken: Arc<AtomicU16>,
    /// How many minutes passed.
    minutes: Arc<AtomicI64>,
    begun: AtomicBool,
    config: SourceConfig,
    ground: Ground,
}

impl Bench {
    async fn new(system: &System) -> Self {
        let broken = Arc::new(AtomicU16::new(0));
        let (status, answer) = (Arc::clone(&broken), system.answer);
        let is_second = system.is_second;
        let fault = Fault::start(move |seen| {
            let good = answer(seen);
            match status.load(Ordering::Relaxed) {
                1 if is_second(seen) => good.unwrap().by(Way::Cut(20)),
                status if status > 1 && is_second(seen) => {
                    // A server that tells the token to whoever it refuses.
                    Reply::json(&json!({"message": format!("no {TOKEN}")})).status(status)
                }
                _ => good.unwrap_or_else(|| Reply::new(404, "404 page not found")),
            }
        })
        .await;
        let config = SourceConfig {
            repos: system.repos.iter().map(|path| (*path).to_owned()).collect(),
            token_env: Some("BOARD_TOKEN".to_owned()),
            past_days: 90,
            ..SourceConfig::new("one", system.kind, fault.url.clone())
        };
        let minutes = Arc::new(AtomicI64::new(0));
        let hand = Arc::clone(&minutes);
        let clock = move || begin() + TimeDelta::minutes(hand.load(Ordering::Relaxed));
        let ground = Ground {
            env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| TOKEN.to_owned())),
            validators: Arc::new(Memory::default()),
            ..bare(clock)
        };
        let source = (system.open)(&config, &ground).unwrap();
        Self {
            fault,
            source,
            broken,
            minutes,
            begun: AtomicBool::new(false),
            config,
            ground,
        }
    }

    /// Ends the source and starts it again, as the next start of the program does.
    fn restart(self, system: &System) -> Self {
        let source = (system.open)(&self.config, &self.ground).unwrap();
        let begun = AtomicBool::new(false);
        Self {
            source,
            begun,
            ..self
        }
    }

    fn now(&self) -> DateTime<chrono::Utc> {
        begin() + TimeDelta::minutes(self.minutes.load(Ordering::Relaxed))
    }

    async fn fetch(&self, id: &str) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: id.into(),
            now: self.now(),
            forced: false,
        };
        self.source.fetch(fetch).await
    }

    /// Reads what is polled, and then the past until nothing of it is left or one page fails.
    async fn read(&self) -> (Vec<Batch>, Option<SourceError>) {
        if !self.begun.swap(true, Ordering::Relaxed) {
            for _ in 0..50 {
                let due = self.source.resources(self.now());
                let Some(next) = due.iter().find(|it| it.tier == Tier::Now) else {
                    break;
                };
                self.fetch(&next.id).await.unwrap();
            }
            for resource in self.source.resources(self.now()) {
                if !matches!(resource.tier, Tier::Past | Tier::Spare) {
                    self.fetch(&resource.id).await.unwrap();
                }
            }
        }
        let mut batches = Vec::new();
        for _ in 0..100 {
            let due = self.source.resources(self.now());
            let Some(next) = due.iter().find(|it| it.tier == Tier::Spare) else {
                return (batches, None);
            };
            match self.fetch(&next.id).await {
                Ok(batch) => batches.push(batch),
                Err(error) => return (batches, Some(error)),
            }
        }
        panic!("it asks for ever: {:?}", self.source.resources(self.now()));
    }
}

#[track_caller]
fn check_whole(system: &System, batches: &[Batch]) {
    let name = system.kind;
    let told: Vec<&Batch> = batches.iter().filter(|it| !it.past.is_empty()).collect();
    let [whole] = told.as_slice() else {
        panic!("{name}: {} were told", told.len());
    };
    let (kind, count) = system.told;
    let main = whole.past.iter().filter(|fact| fact.kind() == kind);
    assert_eq!(main.count(), count, "{name}");
    assert_eq!(whole.past_from.is_some(), system.has_work, "{name}");
    assert!(whole.past_runs_from.is_some(), "{name}");
    // It is no part of what is known now, and takes nothing from it.
    for batch in batches {
        let now = batch.facts.len() + batch.listings.len() + batch.gone.len();
        assert_eq!(now + batch.gone_repos.len(), 0, "{name}");
    }
}

#[tokio::test]
async fn pages_are_followed_to_the_last_and_nothing_is_asked_twice() {
    for system in &SYSTEMS {
        let bench = Bench::new(system).await;
        let (batches, error) = bench.read().await;
        assert!(error.is_none(), "{}: {error:?}", system.kind);
        check_whole(system, &batches);
        let seen = bench.fault.seen();
        let second = seen.iter().filter(|it| (system.is_second)(it));
        assert!(second.count() >= 1, "{}", system.kind);
        let (again, _) = bench.read().await;
        assert!(again.is_empty(), "{}", system.kind);
        let can = bench.source.capabilities().into_iter();
        let mut can = can.filter(|can| can.name == "past");
        let state = can.next().map(|can| can.state);
        assert_eq!(state, Some(CapabilityState::Available), "{}", system.kind);
        let read = bench.source.past();
        assert_eq!((read.read, read.of), (1, 1), "{}", system.kind);
    }
}

#[tokio::test]
async fn a_part_is_no_whole_and_goes_on_where_it_ended() {
    for system in &SYSTEMS {
        for status in [1, 401, 403, 404, 429, 500, 503] {
            let name = format!("{} {status}", system.kind);
            let bench = Bench::new(system).await;
            bench.broken.store(status, Ordering::Relaxed);
            let (batches, error) = bench.read().await;
            assert!(batches.iter().all(|it| it.past.is_empty()), "{name}");
            let warnings = batches.iter().flat_map(|batch| &batch.warnings);
            let said = format!("{:?} {error:?}", warnings.collect::<Vec<_>>());
            assert!(!said.contains("SECRET"), "{name}: {said}");
            let targets: Vec<String> = bench.fault.seen().into_iter().map(|it| it.target).collect();
            assert!(!targets.join(" ").contains("SECRET"), "{name}");
            // What passes by itself is asked again; what is refused costs that past, and is told.
            let passes = matches!(status, 429 | 500 | 503);
            assert_eq!(error.is_some(), passes || status == 401, "{name}: {said}");
            if error.is_none() {
                assert!(said.contains("is not read"), "{name}: {said}");
            }
            if !passes {
                continue;
            }
            bench.broken.store(0, Ordering::Relaxed);
            bench.minutes.store(120, Ordering::Relaxed);
            let (batches, error) = bench.read().await;
            assert!(error.is_none(), "{name}: {error:?}");
            check_whole(system, &batches);
        }
    }
}

#[tokio::test]
async fn a_past_that_history_has_is_not_read_by_the_next_start() {
    for system in &SYSTEMS {
        let name = system.kind;
        let bench = Bench::new(system).await;
        bench.read().await;
        // It ends before history has what it read.
        let bench = bench.restart(system);
        let (batches, _) = bench.read().await;
        check_whole(system, &batches);
        let whole = batches.iter().find(|batch| !batch.past.is_empty());
        bench.source.past_kept(&whole.expect("it was told").past_of);
        // And now as soon as history has it, without looking anywhere again.
        let bench = bench.restart(system);
        let (batches, error) = bench.read().await;
        assert!(error.is_none(), "{name}: {error:?}");
        assert!(batches.iter().all(|it| it.past.is_empty()), "{name}");
        let read = bench.source.past();
        assert_eq!((read.read, read.of), (1, 1), "{name}");
    }
}

#[tokio::test]
async fn who_keeps_no_history_reads_no_past() {
    for system in &SYSTEMS {
        let bench = Bench::new(system).await;
        let config = SourceConfig {
            repos: system.repos.iter().map(|path| (*path).to_owned()).collect(),
            past_days: 0,
            ..SourceConfig::new("one", system.kind, bench.fault.url.clone())
        };
        let source = (system.open)(&config, &bare(begin)).unwrap();
        let bench = Bench { source, ..bench };
        let (batches, error) = bench.read().await;
        assert!(batches.is_empty() && error.is_none(), "{}", system.kind);
        assert_eq!(bench.source.past().of, 0, "{}", system.kind);
    }
}
