//! Gitea and Forgejo: one interface, read as far as this server's version has it.
//!
//! `plan` says what is polled, one file each does it, `wire` and `wire_actions` are
//! their words, `map` gives them meaning, `server` knows which routes there are.

mod act;
mod api;
mod backfill;
mod changes;
mod checks;
mod checkup;
mod diagnose;
mod discover;
mod follow;
mod map;
mod memory;
mod moving;
mod needs;
mod noted;
mod past;
mod plan;
mod pulls;
mod repo;
mod restore;
mod runs;
mod server;
mod state;
mod tickets;
mod times;
mod vanished;
mod wire;
mod wire_actions;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::action::{Fresh, Target};
use crate::domain::correlate::Need;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::backfill as pasts;
use crate::sources::follow::{FollowError, LIVE, Part, Place};
use crate::sources::http::{Ground, Limits, Scheme};
use crate::sources::needs::{PAST, Turn};
use crate::sources::owed::Owed;
use crate::sources::port::{Address, Ask, Port, Product};
use crate::sources::selection::plain;
use crate::sources::{
    Account, Batch, Capability, Check, Fetch, Meter, PastRead, Resource, Source, SourceError,
};

use api::Asked;
use state::State;

/// Paths that people copy along with the address.
const COPIED: &[&str] = &[
    "/api/v1/version",
    "/api/v1/",
    "/api/v1",
    "/api/swagger",
    "/api",
];

const GITEA: Product = Product {
    name: "Gitea",
    example: "https://git.example.org",
    copied: COPIED,
    address: Address::Page("where `ROOT_URL` names a path"),
    scheme: Scheme::Token,
    has_records: true,
};

const FORGEJO: Product = Product {
    name: "Forgejo",
    ..GITEA
};

/// What can be done, none of which is known at first.
const CAN: &[&str] = &[
    "interface",
    "issues",
    "pulls",
    "runs",
    "jobs",
    "job logs",
    LIVE,
    PAST,
];

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Gitea::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One configured Gitea or Forgejo with one account.
pub struct Gitea {
    config: SourceConfig,
    ground: Ground,
    kind: &'static str,
    port: Port,
    state: Mutex<State>,
    owed: Owed,
}

impl Gitea {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let (kind, product) = match config.kind.as_str() {
            "forgejo" => ("forgejo", FORGEJO),
            _ => ("gitea", GITEA),
        };
        let port = Port::new(config, ground, limits, product, CAN)?;
        let mut state = State::new();
        for path in plain(&config.repos) {
            state.repo(path);
        }
        Ok(Self {
            config: config.clone(),
            ground: ground.clone(),
            kind,
            port,
            state: Mutex::new(state),
            owed: Owed::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_now(&self, fetch: Fetch) -> Result<Batch, SourceError> {
        let asked = Asked {
            now: fetch.now,
            ask: Ask::of(&fetch),
        };
        let mut batch = self.owed.begin();
        self.dispatch(&fetch.resource, asked, &mut batch).await?;
        batch.quiet.extend(self.look_back(fetch.now));
        let leaving = std::mem::take(&mut self.state().leaving);
        batch.gone_repos.extend(leaving);
        let place = self.port.place();
        let mut state = self.state();
        // An answer that was under way while a repository got another name would bring it back.
        let is_old = |repo: &RepoKey| repo.place() == place && state.is_former(repo.path());
        batch.facts.retain(|fact| !fact.repo().is_some_and(is_old));
        batch.covered.retain(|scope| !state.is_former(scope));
        batch.covered.retain(|scope| state.is_proven(scope));
        for fact in &batch.facts {
            if let Fact::JobSet(set) | Fact::EarlierJobs(set) = fact {
                state.memory.jobs.see(set);
            }
        }
        drop(state);
        Ok(batch.end())
    }

    /// Reads runs and statuses at once: something happened there.
    async fn ci(&self, path: &str, asked: Asked, batch: &mut Batch) -> Result<(), SourceError> {
        let wants_runs = {
            let mut state = self.state();
            let reads = state.reads_runs(asked.now);
            let repo = state.known(path);
            repo.is_some_and(|repo| {
                // Noted before it is read: what happens meanwhile is read once more.
                repo.ci_wanted = false;
                repo.has_actions && reads
            })
        };
        if wants_runs {
            self.runs(path, asked, batch).await?;
        }
        let checks = self.checks(path, asked).await?;
        batch.facts.extend(checks.facts);
        batch.warnings.extend(checks.warnings);
        batch.covered.extend(checks.covered);
        Ok(())
    }

    async fn dispatch(
        &self,
        resource: &str,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let (kind, rest) = resource.split_once(':').unwrap_or((resource, ""));
        let path = rest.split_once('@').map_or(rest, |(path, _)| path);
        match kind {
            "changes" => self.changes(asked, batch).await,
            "pull" => self.changed_pulls(path, asked, batch).await,
            "runs" => self.runs(path, asked, batch).await,
            "ci" => self.ci(path, asked, batch).await,
            // What these read is noted when all of it is told.
            _ => {
                *batch = self.at_once(kind, path, asked).await?;
                Ok(())
            }
        }
    }

    async fn at_once(&self, kind: &str, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        match kind {
            "server" => self.look_at_server(asked).await,
            "discover" => self.discover(asked).await,
            "repo" => self.repo(path, asked).await,
            "issues" => self.tickets(path, asked).await,
            "pulls" => self.pulls(path, asked).await,
            "checks" => self.checks(path, asked).await,
            "brought" => self.brought(path, asked).await,
            "backfill" => self.backfill(asked).await,
            "deployed" => self.deployed(path, asked).await,
            word if Turn::named(word).is_some() => {
                self.answer(Turn::named(word).unwrap_or(Turn::Now), asked)
                    .await
            }
            // A resource of an earlier plan: nothing is lost, its successor is in the next one.
            _ => Ok(Batch::default()),
        }
    }
}

impl Source for Gitea {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let told = self.port.capabilities();
        told.into_iter().chain(self.deeds()).collect()
    }

    fn problems(&self) -> Vec<SourceError> {
        let state = self.state();
        let missing = state.repos.values().filter(|repo| repo.misses > 0);
        let missing = missing.map(|repo| self.not_there(&repo.path));
        state.missing.iter().cloned().chain(missing).collect()
    }

    fn resources(&self, now: Timestamp) -> Vec<Resource> {
        plan::resources(&self.state(), &self.config, now)
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.fetch_now(fetch).boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        let now = self.port.now();
        let place = self.port.place();
        let was_read = |repo: &RepoKey, list| self.was_read(repo, list);
        let mut state = self.state();
        restore::restore(&mut state, (&place, now), &self.config, facts, was_read);
    }

    fn past(&self) -> PastRead {
        self.state().pasts.all.read()
    }

    fn past_kept(&self, of: &Clean) {
        if self.state().pasts.all.kept(of.as_str()) {
            let key = pasts::note_key(&self.port, &self.key(of.as_str()));
            pasts::note_kept(&self.ground, &key, self.config.past_days);
        }
    }

    fn need(&self, all: &BTreeSet<Need>) {
        let mut state = self.state();
        let State {
            needs, answered, ..
        } = &mut *state;
        super::needs::ask_for(all, &self.port.place(), (needs, answered));
    }

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn diagnose(&self, log: LogKey, now: Timestamp) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.diagnose_now(log, now).boxed()
    }

    fn follow(
        &self,
        log: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Part, FollowError>> {
        self.follow_now(log, from, into).boxed()
    }

    fn look_at(&self, target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        self.look(target).boxed()
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        self.do_it(act).boxed()
    }

    fn meter(&self) -> Meter {
        Meter {
            me: self.state().me.clone(),
            ..self.port.meter()
        }
    }
}
