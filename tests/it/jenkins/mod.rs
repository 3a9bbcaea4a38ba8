//! Jenkins: what its adapter makes of answers, one after another, and what it asks.
//!
//! A server on loopback that is scripted route by route; what matters is which facts
//! come of it and how many requests that took.

mod acting;
mod following;
mod looking;
mod polling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::DateTime;
use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::run::{Job, Run, RunState};
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::jenkins::Jenkins;
use cycleboard::sources::{Batch, Fetch, Source, SourceError};
use serde_json::Value;

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::bare;

const ROOT: &str = include_str!("../../data/jenkins/root.json");
const HEADS: &str = include_str!("../../data/jenkins/heads.json");
const DESCRIBE: &str = include_str!("../../data/jenkins/describe.json");
const STAGE: &str = include_str!("../../data/jenkins/stage.json");
const PAUSED: &str = include_str!("../../data/jenkins/paused.json");
const INPUTS: &str = include_str!("../../data/jenkins/inputs.json");
const TESTS: &str = include_str!("../../data/jenkins/tests.json");

/// The build of `main` that failed, below the server's address.
const MAIN: &str = "/job/team/job/api/job/main/12";
/// The build of a branch that is at work.
const LOGIN: &str = "/job/team/job/api/job/feature%252Flogin/2";

fn now() -> Timestamp {
    let at = DateTime::parse_from_rfc3339("2026-11-21T01:40:00Z");
    at.unwrap().to_utc()
}

/// Answers by path, which a test may change while the server runs.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<BTreeMap<String, Reply>>>);

impl Script {
    fn set(&self, path: &str, reply: Reply) {
        self.0.lock().unwrap().insert(path.to_owned(), reply);
    }

    fn json(&self, path: &str, text: &str) {
        let value: Value = serde_json::from_str(text).unwrap();
        self.set(path, Reply::json(&value).with("x-jenkins", "2.462.3"));
    }

    fn answer(&self, seen: &Seen) -> Reply {
        let known = self.0.lock().unwrap();
        let found = known.get(seen.path()).cloned();
        found
            .unwrap_or_else(|| Reply::new(404, "<html>Not Found").with("content-type", "text/html"))
    }
}

/// A server with a root, and a source that reads it.
struct Board {
    fault: Fault,
    script: Script,
    source: Jenkins,
}

impl Board {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with other settings.
    async fn with(edit: impl FnOnce(&mut SourceConfig)) -> Self {
        let script = Script::default();
        script.json("/api/json", ROOT);
        script.json("/job/team/job/api/api/json", HEADS);
        let answers = script.clone();
        let fault = Fault::start(move |seen| answers.answer(seen)).await;
        let mut config = SourceConfig::new("ci", "jenkins", fault.url.clone());
        config.token_env = Some("CI_TOKEN".to_owned());
        config.writes = vec![Action::Rerun, Action::Cancel];
        edit(&mut config);
        let source = Jenkins::new(&config, &ground(), Limits::default()).unwrap();
        Self {
            fault,
            script,
            source,
        }
    }

    async fn fetch(&self, resource: &str) -> Result<Batch, SourceError> {
        self.fetch_at(resource, now()).await
    }

    async fn fetch_at(&self, resource: &str, now: Timestamp) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: resource.into(),
            now,
            forced: false,
        };
        self.source.fetch(fetch).await
    }

    /// Fetches all that is to be done at once, until nothing is.
    async fn settle(&self) -> Batch {
        let mut all = Batch::default();
        for _ in 0..20 {
            let due = self.source.resources(now());
            let due = due
                .iter()
                .find(|it| it.tier == cycleboard::sources::Tier::Now);
            let Some(due) = due else {
                return all;
            };
            let batch = self.fetch(&due.id).await.unwrap();
            all.facts.extend(batch.facts);
            all.warnings.extend(batch.warnings);
        }
        panic!("it never rests: {:?}", self.source.resources(now()));
    }

    fn asked(&self) -> usize {
        self.fault.seen().len()
    }
}

fn ground() -> Ground {
    Ground {
        env: Arc::new(|name| (name == "CI_TOKEN").then(|| "ada:11aa22bb33cc".to_owned())),
        read_only: false,
        ..bare(now)
    }
}

/// Returns the runs of a batch by name and number, the last word of each.
fn runs(batch: &Batch) -> BTreeMap<String, Run> {
    let of = batch.facts.iter().filter_map(|fact| {
        let Fact::Run(run) = fact else {
            return None;
        };
        let name = format!("{} {} #{}", run.workflow, run.branch, run.number);
        Some((name, run.clone()))
    });
    of.collect()
}

/// Returns the jobs that a batch tells.
fn jobs(batch: &Batch) -> Vec<Job> {
    let of = batch.facts.iter().filter_map(|fact| {
        let Fact::JobSet(set) = fact else {
            return None;
        };
        Some(set.jobs.clone())
    });
    of.flatten().collect()
}

/// Returns the need for the jobs of a run.
fn need_jobs(run: &Run) -> BTreeSet<Need> {
    BTreeSet::from([Need::Jobs {
        repo: run.repo.clone(),
        run: run.id,
    }])
}

fn failed(state: &RunState) -> bool {
    matches!(state, RunState::Failed(_))
}
