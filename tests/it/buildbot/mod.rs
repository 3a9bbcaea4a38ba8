//! Buildbot's adapter against a server that filters as Buildbot does, and against its faults.
//!
//! What the server really answers is held in `real`; here builds wait, run, are
//! done again and vanish at will, and every request is counted.

mod acting;
mod following;
mod listening;
mod rounds;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::DateTime;
use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::run::{JobSet, Run, RunState};
use cycleboard::sources::buildbot::Buildbot;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, Fetch, Source, SourceError};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::bare;

const SHA: &str = "727171b8ed9f58da3c3ecf363f16efe46df8942b";
const LOG: &str = "make\nerror[E0308]: mismatched types\n --> src/pay.rs:7:9\nprogram finished with exit code 2\n";

fn now() -> Timestamp {
    DateTime::from_timestamp(1_795_225_100, 0).unwrap()
}

/// What the server holds.
#[derive(Default)]
struct Master {
    builds: Vec<Value>,
    buildrequests: Vec<Value>,
    buildsets: Vec<Value>,
    changes: Vec<Value>,
    steps: Vec<Value>,
    logs: Vec<Value>,
    /// Logs by their number, as their contents are told.
    lines: Vec<(u64, &'static str)>,
    /// The answer to the next call.
    call: Option<(u16, Value)>,
    /// What cannot be read at present.
    broken: Option<&'static str>,
}

impl Master {
    /// Asks for a build; returns the number of the wish.
    fn wish(&mut self, builder: u64, revision: &str, rebuilt: Option<u64>) -> u64 {
        let id = self.buildrequests.len() as u64 + 1;
        self.buildrequests.push(json!({
            "buildrequestid": id, "buildsetid": id, "builderid": builder, "claimed": false,
            "complete": false, "results": -1, "submitted_at": 1_795_225_000 + id
        }));
        self.buildsets.push(json!({
            "bsid": id, "reason": "A build was forced by 'Ada': try", "parent_buildid": null,
            "rebuilt_buildid": rebuilt,
            "sourcestamps": [{"ssid": 1, "branch": "main", "codebase": "", "revision": revision,
                "repository": "https://github.com/acme/api", "project": "", "patch": null}]
        }));
        id
    }

    /// Begins a build; returns its number.
    fn begin(&mut self, request: u64) -> u64 {
        let wish = &mut self.buildrequests[usize::try_from(request).unwrap() - 1];
        wish["claimed"] = json!(true);
        let builder = wish["builderid"].as_u64().unwrap();
        let same = self.builds.iter().filter(|it| it["builderid"] == builder);
        let number = same.count() + 1;
        let id = self.builds.len() as u64 + 1;
        self.builds.push(json!({
            "buildid": id, "number": number, "builderid": builder, "buildrequestid": request,
            "complete": false, "results": null, "started_at": 1_795_225_010 + id,
            "complete_at": null, "state_string": "building", "properties": {}
        }));
        id
    }

    fn end(&mut self, build: u64, results: u64) {
        let wire = &mut self.builds[usize::try_from(build).unwrap() - 1];
        wire["complete"] = json!(true);
        wire["complete_at"] = json!(1_795_225_050 + build);
        wire["results"] = json!(results);
        let request = wire["buildrequestid"].as_u64().unwrap();
        if results != 5 {
            self.close(request, results);
        }
    }

    fn close(&mut self, request: u64, results: u64) {
        let wish = &mut self.buildrequests[usize::try_from(request).unwrap() - 1];
        wish["complete"] = json!(true);
        wish["results"] = json!(results);
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        if seen.method == "POST" {
            let (status, body) = self.call.clone().unwrap();
            return Reply::json(&body).status(status);
        }
        let parts: Vec<&str> = seen
            .path()
            .trim_start_matches("/api/v2/")
            .split('/')
            .collect();
        if self.broken.is_some_and(|broken| parts.contains(&broken)) {
            return Reply::json(&json!({"error": "no"})).status(500);
        }
        let list = |name: &str, list: Vec<Value>| Reply::json(&json!({name: list, "meta": {}}));
        match parts.as_slice() {
            ["builders"] => list(
                "builders",
                vec![
                    json!({"builderid": 1, "name": "unit"}),
                    json!({"builderid": 2, "name": "slow"}),
                ],
            ),
            ["builders", builder, "builds"] => {
                let is = |it: &&Value| is_number(&it["builderid"], builder);
                list("builds", self.builds.iter().filter(is).cloned().collect())
            }
            ["builders", builder, "builds", number] => {
                let is = |it: &&Value| {
                    is_number(&it["builderid"], builder) && is_number(&it["number"], number)
                };
                list("builds", self.builds.iter().filter(is).cloned().collect())
            }
            ["builders", _, "builds", _, "steps"] => list("steps", self.steps.clone()),
            ["steps", _, "logs"] => list("logs", self.logs.clone()),
            ["logs", id] => {
                let is = |it: &&Value| is_number(&it["logid"], id);
                list("logs", self.logs.iter().filter(is).cloned().collect())
            }
            ["logs", id, "contents"] => {
                let from = seen.target.split_once("offset=").unwrap().1;
                let from: usize = from.split('&').next().unwrap().parse().unwrap();
                let mut logs = self.lines.iter();
                let log = logs.find(|(log, _)| *id == log.to_string());
                let rest: String = log.unwrap().1.split_inclusive('\n').skip(from).collect();
                let chunk = json!({"logid": 1, "firstline": from, "content": rest});
                list("logchunks", vec![chunk])
            }
            ["logs", _, "raw"] => Reply::new(200, LOG).with("content-type", "text/plain"),
            ["buildrequests", id] => {
                let is = |it: &&Value| is_number(&it["buildrequestid"], id);
                let found = self.buildrequests.iter().filter(is);
                list("buildrequests", found.cloned().collect())
            }
            ["builds"] => list("builds", filtered(&self.builds, &seen.target, "buildid")),
            ["buildrequests"] => {
                let found = filtered(&self.buildrequests, &seen.target, "buildrequestid");
                list("buildrequests", found)
            }
            ["buildsets"] => list("buildsets", filtered(&self.buildsets, &seen.target, "bsid")),
            ["changes"] => list("changes", self.changes.clone()),
            _ => Reply::json(&json!({"error": "Invalid path"})).status(404),
        }
    }
}

/// Filters as Buildbot does: of one field any of the values, of several fields all.
fn filtered(list: &[Value], target: &str, id: &str) -> Vec<Value> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter_map(|it| it.split_once('='))
        .collect();
    let of = |name: &str| -> Vec<&str> {
        let same = pairs.iter().filter(|(key, _)| *key == name);
        same.map(|(_, value)| *value).collect()
    };
    let fits = |it: &&Value| {
        pairs.iter().all(|(key, value)| {
            let (field, op) = key.split_once("__").unwrap_or((key, "eq"));
            let Some(found) = it.get(field).filter(|_| field != "order") else {
                return true;
            };
            let (own, other) = (found.as_u64(), value.parse::<u64>().ok());
            match op {
                "gt" => own > other,
                "lt" => own < other,
                _ => of(key).contains(&found.to_string().as_str()),
            }
        })
    };
    let mut found: Vec<Value> = list.iter().filter(fits).cloned().collect();
    found.sort_by_key(|it| std::cmp::Reverse(it[id].as_u64()));
    if let Some(limit) = of("limit").first() {
        found.truncate(limit.parse().unwrap());
    }
    found
}

/// A server and the source that reads it.
struct Bench {
    master: Arc<Mutex<Master>>,
    fault: Fault,
    source: Buildbot,
}

impl Bench {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(writes: &[Action]) -> Self {
        let master = Arc::new(Mutex::new(Master::default()));
        let answers = Arc::clone(&master);
        let fault = Fault::start(move |seen| answers.lock().unwrap().answer(seen)).await;
        let source = source(&fault, writes);
        Self {
            master,
            fault,
            source,
        }
    }

    fn master(&self) -> std::sync::MutexGuard<'_, Master> {
        self.master.lock().unwrap()
    }

    async fn try_read(&self, resource: &str) -> Result<Batch, SourceError> {
        self.source
            .fetch(Fetch {
                resource: resource.into(),
                now: now(),
                forced: false,
            })
            .await
    }

    async fn read(&self) -> Batch {
        self.try_read("builds").await.unwrap()
    }

    /// Asks for what is needed; returns what came of it.
    async fn need(&self, needs: &[Need]) -> Batch {
        self.source.need(&needs.iter().cloned().collect());
        self.try_read("needs").await.unwrap()
    }

    /// Returns the paths and queries that were asked for since the last time.
    fn asked(&self, before: usize) -> Vec<String> {
        let seen = self.fault.seen();
        seen[before..].iter().map(|it| it.target.clone()).collect()
    }
}

fn source(fault: &Fault, writes: &[Action]) -> Buildbot {
    let mut config = SourceConfig::new("bb", "buildbot", fault.url.clone());
    config.writes = writes.to_vec();
    let ground = Ground {
        read_only: false,
        ..bare(now)
    };
    Buildbot::new(&config, &ground, Limits::default()).unwrap()
}

/// Returns the runs as the store would hold them: of each the last that was told.
fn runs(batch: &Batch) -> Vec<&Run> {
    let mut found: Vec<&Run> = Vec::new();
    for fact in &batch.facts {
        if let Fact::Run(run) = fact {
            found.retain(|other| other.id != run.id);
            found.push(run);
        }
    }
    found
}

fn is_number(value: &Value, text: &str) -> bool {
    value
        .as_u64()
        .is_some_and(|value| text.parse() == Ok(value))
}

fn only(batch: &Batch) -> &Run {
    let found = runs(batch);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0]
}

fn earlier(batch: &Batch) -> Vec<&JobSet> {
    let mut sets = Vec::new();
    for fact in &batch.facts {
        if let Fact::EarlierJobs(set) = fact {
            sets.push(set);
        }
    }
    sets
}

fn moving(batch: &Batch) -> BTreeSet<FactId> {
    let [list] = batch.listings.as_slice() else {
        panic!("{:?}", batch.listings);
    };
    assert_eq!(&*list.name, "moving");
    list.members.clone()
}
