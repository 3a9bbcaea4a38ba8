//! The contract that every adapter keeps, held against a server that misbehaves.
//!
//! One [`Dialect`] says how a kind is configured, what a good read is answered with, in
//! which form, and which path to break; all tests run over [`DIALECTS`]. The next adapter
//! passes them by a row. What has none stands in `dialects::APART`, with the reason.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod answers;
mod dialects;
mod following;
mod hostile;
mod monitors;
mod reading;
mod rows;
mod secrets;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use cycleboard::config::{Extras, Settings, SourceConfig, Trust};
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::key::SourceName;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, Check, Fetch, Listing, REGISTRY, Source, SourceError};
use serde_json::Value;
use url::Url;

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::{Memory, bare};
use dialects::DIALECTS;

/// Where a token is looked for.
const TOKEN: &str = "s3cr3t-SECRET-0123456789";

/// How one kind of source is held against the contract.
pub(super) struct Dialect {
    /// The word for the kind.
    kind: &'static str,
    /// What is chosen of it; nothing where it has no repositories.
    repos: &'static [&'static str],
    /// What follows the address of the server in `url`; nothing where that is all there is.
    document: &'static str,
    /// How its answers are written.
    form: Form,
    /// Opens it with bounds of one's own.
    open: Opener,
    /// What is polled.
    resource: &'static str,
    /// The capability that it needs; nothing where that is called what the resource is.
    can: &'static str,
    /// The path that the resource is read from: the one to break.
    path: &'static str,
    /// What the paths of `check_up` are answered with, besides `path`.
    others: &'static [(&'static str, &'static str)],
    /// A good answer of several records, as JSON whatever its form.
    good: &'static str,
    /// A good answer without any record, the same way.
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
    /// Laws that do not hold for it, each with the reason.
    spared: &'static [(Law, &'static str)],
}

/// How the answers of a kind are written.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// As JSON.
    Json,
    /// As a document of `Projects`: each record an element, what it holds its attributes.
    Projects,
}

impl Form {
    /// Writes a body.
    fn write(self, value: &Value) -> String {
        match self {
            Self::Json => value.to_string(),
            Self::Projects => {
                let records = value.as_array().unwrap().iter();
                let elements: String = records.map(element).collect();
                format!(
                    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Projects>{elements}</Projects>"
                )
            }
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Projects => "application/xml",
        }
    }
}

/// Writes one project.
fn element(record: &Value) -> String {
    let mut attributes = String::new();
    for (name, value) in record.as_object().unwrap() {
        let text = value.as_str().unwrap_or_default();
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let text = text.replace('"', "&quot;");
        attributes.extend([" ", name, "=\"", &text, "\""]);
    }
    format!("<Project{attributes}/>")
}

/// A law that does not hold for all; the others hold for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Law {
    /// A read is a whole list: what left it is removed.
    Complete,
    /// Two sources that tell the same do not share it.
    Own,
    /// What may not be read, or is not there, is an error.
    Refused,
    /// Its records have a word of an enum, and one that nobody knows is kept.
    Words,
}

/// Opens a source with bounds of one's own.
type Opener = fn(&SourceConfig, &Ground, Limits) -> Result<Box<dyn Source>, SourceError>;

/// Returns the dialects for which a law holds.
fn under(law: Law) -> impl Iterator<Item = &'static Dialect> {
    DIALECTS.iter().filter(move |dialect| dialect.keeps(law))
}

impl Dialect {
    /// Returns whether a law holds for it.
    fn keeps(&self, law: Law) -> bool {
        !self.spared.iter().any(|(spared, _)| *spared == law)
    }

    /// Returns an answer as it goes over the wire.
    fn reply(&self, value: &Value) -> Reply {
        Reply::new(200, self.form.write(value)).with("content-type", self.form.content_type())
    }

    /// Returns the good answer as it goes over the wire.
    fn good(&self) -> Reply {
        self.reply(&self.answer())
    }

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
        match self.can {
            "" => self.resource.split(':').next() == Some(capability),
            name => name == capability,
        }
    }

    /// Returns what `url` is in the settings, for a server that begins there.
    fn address(&self, server: &Url) -> Url {
        let begin = server.as_str().trim_end_matches('/');
        match self.document {
            "" => server.clone(),
            name => Url::parse(&format!("{begin}{name}")).unwrap(),
        }
    }

    fn config(&self, url: &Url) -> SourceConfig {
        SourceConfig {
            repos: self.repos.iter().map(|repo| (*repo).to_owned()).collect(),
            token_env: Some("BOARD_TOKEN".to_owned()),
            extras: self.extras(),
            ..SourceConfig::new("one", self.kind, self.address(url))
        }
    }

    /// Returns what stands below the source in the configuration, for kinds that need it.
    fn tables(&self) -> String {
        match self.kind {
            "http-json" => crate::http_json::map_of(self.resource),
            "cctray" => {
                "[[source.project]]\nname = \"*\"\nrepo = \"git.test/acme/api\"\n".to_owned()
            }
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
        self.fetch(source, false).await
    }

    /// The same, because a person asked for it: what has time is read, too.
    async fn read_all(&self, source: &dyn Source) -> Result<Batch, SourceError> {
        self.fetch(source, true).await
    }

    async fn fetch(&self, source: &dyn Source, forced: bool) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: self.resource.into(),
            now: now(),
            forced,
        };
        source.fetch(fetch).await
    }

    /// Returns the listings of what is read: a resource may read other lists besides.
    fn lists<'b>(&self, batch: &'b Batch) -> Vec<&'b Listing> {
        let lists = batch.listings.iter();
        lists.filter(|list| list.name.ends_with(self.can)).collect()
    }

    /// Returns all that its listings hold.
    fn listed(&self, batch: &Batch) -> BTreeSet<FactId> {
        let lists = self.lists(batch).into_iter();
        lists.flat_map(|list| list.members.clone()).collect()
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

fn ground(token: &'static str) -> Ground {
    Ground {
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.to_owned())),
        validators: Arc::new(Memory::default()),
        ..bare(now)
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
