//! Gitea and Forgejo as they are met: what a round costs, versions, renames, restarts.
//!
//! Against a server whose answers are a table of paths; what each list must keep
//! besides is in `contract`.

mod acting;
mod changes;
mod faults;
mod following;
mod versions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::sources::gitea::Gitea;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, CapabilityState, Fetch, Source, SourceError, Tier};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::{Memory, bare};

/// A server whose answers are a table, which a test may change.
struct World {
    fault: Fault,
    table: Arc<Mutex<BTreeMap<String, Reply>>>,
}

impl World {
    /// Starts a server of this version that has nothing but itself.
    async fn start(version: &str) -> Self {
        let table: Arc<Mutex<BTreeMap<String, Reply>>> = Arc::default();
        let answers = Arc::clone(&table);
        let fault = Fault::start(move |seen| answer(&answers.lock().unwrap(), seen)).await;
        let world = Self { fault, table };
        world.put("/version", &json!({"version": version}));
        world.put("/settings/api", &json!({"max_response_items": 50}));
        world.put("/user", &json!({"id": 5, "login": "ada"}));
        world
    }

    /// Starts a server with the repository `acme/api` and all its lists.
    async fn with_repo(version: &str) -> Self {
        let world = Self::start(version).await;
        let repo: Value = serde_json::from_str(data("repo.json")).unwrap();
        world.put("/repos/acme/api", &repo);
        for list in ["branches", "commits", "issues", "pulls", "releases", "tags"] {
            world.put(&format!("/repos/acme/api/{list}"), &json!([]));
        }
        world.put("/repos/search", &json!({"ok": true, "data": [repo]}));
        world.put("/repos/issues/search", &json!([]));
        world
    }

    fn put(&self, path: &str, answer: &Value) {
        self.reply(path, Reply::json(answer));
    }

    fn reply(&self, path: &str, reply: Reply) {
        self.table.lock().unwrap().insert(path.to_owned(), reply);
    }

    fn remove(&self, path: &str) {
        self.table.lock().unwrap().remove(path);
    }

    fn source(&self, kind: &str, edit: impl FnOnce(&mut SourceConfig)) -> Gitea {
        let mut config = SourceConfig::new("one", kind, self.fault.url.clone());
        config.token_env = Some("BOARD_TOKEN".to_owned());
        edit(&mut config);
        Gitea::new(&config, &ground(), Limits::default()).unwrap()
    }

    /// Returns a source that reads `acme/api` and keeps notes there.
    fn noting(&self, notes: &Arc<Memory>) -> Gitea {
        let mut config = SourceConfig::new("one", "forgejo", self.fault.url.clone());
        config.repos = vec!["acme/api".to_owned()];
        let ground = Ground {
            validators: Arc::<Memory>::clone(notes),
            ..ground()
        };
        Gitea::new(&config, &ground, Limits::default()).unwrap()
    }

    fn of_repo(&self, kind: &str) -> Gitea {
        self.source(kind, |config| config.repos = vec!["acme/api".to_owned()])
    }

    /// Returns the paths that were asked for since the last time, without `/api/v1`.
    fn asked(&self) -> Vec<String> {
        let seen = self.fault.seen();
        let mut from = SEEN.with(std::cell::Cell::get);
        if from > seen.len() {
            from = 0;
        }
        SEEN.with(|count| count.set(seen.len()));
        let paths = seen.iter().skip(from).map(Seen::path);
        paths.map(|path| path.replace("/api/v1", "")).collect()
    }
}

std::thread_local! {
    static SEEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Answers from the table: by path and page, else by path; an unknown route as these servers do.
fn answer(table: &BTreeMap<String, Reply>, seen: &Seen) -> Reply {
    // The server may be below a path of its host.
    let path = seen.path().split_once("/api/v1");
    let path = path.map_or(seen.path(), |(_, rest)| rest).to_owned();
    let query = seen.target.split_once('?').map_or("", |(_, query)| query);
    let page = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("page="))
        .unwrap_or("1");
    let states = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("state="));
    let closed = format!("{path}?state={}", states.unwrap_or("any"));
    let owner = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("owner="));
    let of_owner = format!("{path}?owner={}", owner.unwrap_or("any"));
    table
        .get(&format!("{path}?page={page}"))
        .or_else(|| table.get(&of_owner))
        .or_else(|| table.get(&closed))
        .or_else(|| table.get(&path))
        .cloned()
        .unwrap_or_else(|| Reply::new(404, "404 page not found"))
}

/// Returns an answer in the shape that the interface's description gives.
fn data(name: &str) -> &'static str {
    match name {
        "repo.json" => include_str!("../../data/gitea/repo.json"),
        "branches.json" => include_str!("../../data/gitea/branches.json"),
        "commits.json" => include_str!("../../data/gitea/commits.json"),
        "issues.json" => include_str!("../../data/gitea/issues.json"),
        "pulls.json" => include_str!("../../data/gitea/pulls.json"),
        "releases.json" => include_str!("../../data/gitea/releases.json"),
        "tags.json" => include_str!("../../data/gitea/tags.json"),
        "status.json" => include_str!("../../data/gitea/status.json"),
        "tasks.json" => include_str!("../../data/gitea/tasks.json"),
        "runs_moving.json" => include_str!("../../data/gitea/runs_forgejo_moving.json"),
        "jobs_forgejo.json" => include_str!("../../data/gitea/jobs_forgejo.json"),
        other => unreachable!("no data of the name {other}"),
    }
}

fn value(name: &str) -> Value {
    serde_json::from_str(data(name)).unwrap()
}

fn now() -> Timestamp {
    let at = DateTime::parse_from_rfc3339("2026-11-21T01:37:30Z");
    at.unwrap().to_utc()
}

fn ground() -> Ground {
    Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "t-0123456789".to_owned())),
        read_only: false,
        ..bare(now)
    }
}

async fn fetch_at(source: &Gitea, resource: &str, now: Timestamp) -> Result<Batch, SourceError> {
    let fetch = Fetch {
        resource: resource.into(),
        now,
        forced: false,
    };
    source.fetch(fetch).await
}

async fn fetch(source: &Gitea, resource: &str) -> Batch {
    fetch_at(source, resource, now()).await.unwrap()
}

/// Fetches all that is to be fetched at once, until nothing is left of that.
async fn settle(source: &Gitea) -> Vec<Batch> {
    let mut batches = Vec::new();
    for _ in 0..2_000 {
        let due = source.resources(now()).into_iter();
        let Some(next) = due.into_iter().find(|it| it.tier == Tier::Now) else {
            return batches;
        };
        batches.push(fetch(source, &next.id).await);
    }
    panic!("it never comes to rest");
}

fn can(source: &Gitea, name: &str) -> CapabilityState {
    let all = source.capabilities();
    all.into_iter().find(|it| it.name == name).unwrap().state
}

fn missing(source: &Gitea, name: &str) -> String {
    let state = can(source, name);
    if let CapabilityState::Missing(why) = &state {
        return why.to_string();
    }
    format!("{state:?}")
}

fn later(hours: i64) -> Timestamp {
    now() + TimeDelta::hours(hours)
}

fn allow(config: &mut SourceConfig, actions: &[Action]) {
    config.repos = vec!["acme/api".to_owned()];
    config.writes = actions.to_vec();
}
