//! The contract that every adapter keeps, held against a server that misbehaves.
//!
//! One [`Dialect`] says how a kind is configured, what a good read is answered with
//! and which path to break; all tests run over [`DIALECTS`]. The next adapter passes
//! them by a row. GitHub, which reads in many steps, has its own in `adapters`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod answers;
mod dialects;
mod monitors;
mod reading;
mod secrets;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use cycleboard::config::{Extras, Settings, SourceConfig, Trust};
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::key::SourceName;
use cycleboard::sources::http::{Ground, Limits, Stored, ValidatorKey, Validators};
use cycleboard::sources::{Batch, Check, Fetch, REGISTRY, Source, SourceError};
use serde_json::Value;
use url::Url;

use crate::support::fault::{Fault, Reply, Seen};
use dialects::DIALECTS;

/// Where a token is looked for.
const TOKEN: &str = "s3cr3t-SECRET-0123456789";

/// How one kind of source is held against the contract.
pub(super) struct Dialect {
    /// The word for the kind.
    kind: &'static str,
    /// What is chosen of it; nothing where it has no repositories.
    repos: &'static [&'static str],
    /// Opens it with bounds of one's own.
    open: Opener,
    /// What is polled.
    resource: &'static str,
    /// The path that the resource is read from: the one to break.
    path: &'static str,
    /// What the paths of `check_up` are answered with, besides `path`.
    others: &'static [(&'static str, &'static str)],
    /// A good answer of several records.
    good: &'static str,
    /// A good answer without any record.
    empty: &'static str,
    /// Where the records stand in an answer, as a JSON pointer.
    records: &'static str,
    /// Where in a record a word of an enum stands.
    word: &'static str,
    /// Where in a record text stands that its author may choose.
    texts: &'static [&'static str],
    /// What is told where the path is not there.
    absent: &'static str,
    /// Whether `user:password` may stand where a token does.
    login: bool,
}

/// Opens a source with bounds of one's own.
type Opener = fn(&SourceConfig, &Ground, Limits) -> Result<Box<dyn Source>, SourceError>;

impl Dialect {
    /// Returns the good answer.
    fn answer(&self) -> Value {
        serde_json::from_str(self.good).unwrap()
    }

    /// Returns the good answer, its records changed.
    fn with_records(&self, edit: impl FnOnce(&mut Vec<Value>)) -> Value {
        let mut answer = self.answer();
        let records = answer.pointer_mut(self.records).unwrap();
        edit(records.as_array_mut().unwrap());
        answer
    }

    /// Returns the good answer, each record changed.
    fn with_each(&self, edit: impl Fn(&mut Value)) -> Value {
        self.with_records(|records| records.iter_mut().for_each(edit))
    }

    /// Returns what a server without fault answers, but for the path to break.
    fn besides(&self, seen: &Seen) -> Reply {
        self.beside(seen.path())
    }

    /// Returns what a server without fault answers to another path than the one to break.
    fn beside(&self, asked: &str) -> Reply {
        let found = self.others.iter().find(|(path, _)| *path == asked);
        found.map_or_else(
            || Reply::new(404, "404 page not found"),
            |(_, body)| Reply::new(200, *body).with("content-type", "application/json"),
        )
    }

    /// Starts a server whose path is answered with this.
    async fn serve(&'static self, reply: Reply) -> Fault {
        self.serve_by(move |_| reply.clone()).await
    }

    /// The same, with an answer that depends on the request.
    async fn serve_by(
        &'static self,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Fault {
        Fault::start(move |seen| {
            if seen.path() == self.path {
                script(seen)
            } else {
                self.besides(seen)
            }
        })
        .await
    }

    /// The same, with one answer after another; the last one stays.
    async fn serve_in_turn(&'static self, replies: Vec<Reply>) -> Fault {
        let replies = Mutex::new(replies);
        self.serve_by(move |_| {
            let mut left = replies.lock().unwrap();
            if left.len() > 1 {
                left.remove(0)
            } else {
                left.first().cloned().unwrap()
            }
        })
        .await
    }

    /// Returns the word before a token in the header.
    fn scheme(&self) -> &'static str {
        match self.kind {
            "gitea" | "forgejo" => "token",
            _ => "Bearer",
        }
    }

    /// Returns whether a capability is the one that the resource needs: it may name a repository.
    fn is_about(&self, capability: &str) -> bool {
        self.resource.split(':').next() == Some(capability)
    }

    fn config(&self, url: &Url) -> SourceConfig {
        SourceConfig {
            repos: self.repos.iter().map(|repo| (*repo).to_owned()).collect(),
            token_env: Some("BOARD_TOKEN".to_owned()),
            extras: self.extras(),
            ..SourceConfig::new("one", self.kind, url.clone())
        }
    }

    /// Returns what stands below the source in the configuration, for kinds that need it.
    fn tables(&self) -> String {
        match self.kind {
            "http-json" => crate::http_json::map_of(self.resource),
            _ => String::new(),
        }
    }

    fn extras(&self) -> Extras {
        let tables = self.tables();
        if tables.is_empty() {
            return Extras::default();
        }
        let kind = self.kind;
        let text = format!("[[source]]\nkind = \"{kind}\"\nurl = \"http://127.0.0.1\"\n{tables}");
        let kinds: Vec<_> = REGISTRY.iter().map(|kind| &kind.config).collect();
        let settings = Settings::parse(&text, "c.toml", Trust::User, &kinds).unwrap();
        settings.sources[0].extras.clone()
    }

    fn source(&self, url: &Url) -> Box<dyn Source> {
        (self.open)(&self.config(url), &ground(TOKEN), limits()).unwrap()
    }

    /// Polls the resource.
    async fn read(&self, source: &dyn Source) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: self.resource.into(),
            now: now(),
            forced: false,
        };
        source.fetch(fetch).await
    }

    /// Polls the resource of a server that answers so.
    async fn read_from(&'static self, reply: Reply) -> Result<Batch, SourceError> {
        let fault = self.serve(reply).await;
        self.read(&*self.source(&fault.url)).await
    }
}

fn now() -> Timestamp {
    let at = DateTime::parse_from_rfc3339("2026-11-21T01:37:30Z");
    at.unwrap().to_utc()
}

fn json(value: &Value) -> Reply {
    Reply::json(value)
}

/// Keeps validators in memory.
#[derive(Default)]
struct Memory(Mutex<HashMap<ValidatorKey, Stored>>);

impl Validators for Memory {
    fn get(&self, key: &ValidatorKey) -> Option<Stored> {
        self.0.lock().unwrap().get(key).cloned()
    }

    fn put(&self, key: &ValidatorKey, stored: Stored) {
        self.0.lock().unwrap().insert(key.clone(), stored);
    }
}

fn ground(token: &'static str) -> Ground {
    Ground {
        clock: Arc::new(now),
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.to_owned())),
        validators: Arc::new(Memory::default()),
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
        know: |_| (),
    }
}

/// The program's own patience: a slow machine must not look like a server that does not answer.
fn limits() -> Limits {
    Limits {
        body: 256 * 1024,
        ..Limits::default()
    }
}

fn ids(batch: &Batch) -> BTreeSet<FactId> {
    batch.facts.iter().map(Fact::id).collect()
}

/// Returns all that its listings hold.
fn listed(batch: &Batch) -> BTreeSet<FactId> {
    let lists = batch.listings.iter();
    lists.flat_map(|list| list.members.clone()).collect()
}

/// Returns everything that a source shows of itself and of what came of a poll.
fn shown(source: &dyn Source, came: &Result<Batch, SourceError>, checks: &[Check]) -> String {
    let told = came.as_ref().err();
    let error = told.map(|error| format!("{error} | {}", error.hint().unwrap_or_default()));
    format!(
        "{came:?} {error:?} {:?} {:?} {:?} {checks:?}",
        source.meter(),
        source.capabilities(),
        source.problems()
    )
}
