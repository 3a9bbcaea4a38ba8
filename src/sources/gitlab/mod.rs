//! GitLab (REST v4): gitlab.com and self-managed servers, below a base path too.
//!
//! Groups are asked as a whole for what changed, and one list of a group tells which
//! projects to look into for pipelines, deployments and releases. `plan` says what is
//! polled, one file each does it, `wire` is GitLab's words, `map` gives them meaning.

mod act;
mod api;
mod backfill;
mod checkup;
mod commits;
mod delivery;
mod details;
mod diagnose;
mod discover;
mod environments;
mod follow;
mod health;
mod jobs;
mod map;
mod memory;
mod needs;
mod places;
mod plan;
mod records;
mod restore;
mod runs;
mod scope;
mod state;
mod sweep;
mod times;
mod troubles;
mod wire;
mod wire_ci;
mod work;

use std::collections::{BTreeMap, BTreeSet};
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
use crate::sources::selection::paths;
use crate::sources::{
    Account, Batch, Capability, Check, Fetch, Meter, Pace, PastRead, Resource, Source, SourceError,
};

use api::Poll;
use scope::Scope;
use state::{Project, State};
use work::Kind;

const PRODUCT: Product = Product {
    name: "GitLab",
    example: "https://gitlab.example.org",
    copied: &["/api/v4", "/api/graphql", "/api"],
    address: Address::Page("where it is installed below a path"),
    scheme: Scheme::Bearer,
    has_records: true,
};

const ISSUES: &str = "issues";
const CHANGES: &str = "merge requests";
const APPROVALS: &str = "approvals";
const RUNS: &str = "runs";
const LOGS: &str = "job logs";
const REPORTS: &str = "test reports";
const COMMITS: &str = "commits";
const DEPLOYMENTS: &str = "deployments";
const ENVIRONMENTS: &str = "environments";
const PROTECTED: &str = "deployment approvals";
const RELEASES: &str = "releases";
const ALERTS: &str = "alerts";
const FINDINGS: &str = "vulnerabilities";

/// What may be there or not, by server and token.
const CAN: [&str; 15] = [
    ISSUES,
    CHANGES,
    APPROVALS,
    RUNS,
    LOGS,
    LIVE,
    REPORTS,
    COMMITS,
    DEPLOYMENTS,
    ENVIRONMENTS,
    PROTECTED,
    RELEASES,
    ALERTS,
    FINDINGS,
    PAST,
];

/// Below gitlab.com's limit of 2,000 requests a minute, for an account that others use too.
///
/// A server of one's own has the limits that its owner sets, and tells them.
/// <https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom>
const PACES: &[Pace] = &[Pace {
    bucket: "core",
    per_minute: 600,
}];

/// Makes a GitLab source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(GitLab::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One configured GitLab with one account.
pub struct GitLab {
    config: SourceConfig,
    ground: Ground,
    port: Port,
    state: Mutex<State>,
    owed: Owed,
    /// What projects are called now that the settings name otherwise, by that name in lower case.
    renamed: Mutex<BTreeMap<String, String>>,
}

impl GitLab {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let port = Port::new(config, ground, limits, PRODUCT, &CAN)?;
        let mut state = State::new();
        for path in paths(&config.repos) {
            state.project(path);
        }
        Ok(Self {
            config: config.clone(),
            ground: ground.clone(),
            port,
            state: Mutex::new(state),
            owed: Owed::default(),
            renamed: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renamed(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.renamed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key of a project on this host.
    fn key(&self, path: &str) -> RepoKey {
        RepoKey::new(&self.port.place(), path)
    }

    /// Returns what stands for a project in a route.
    fn part(&self, path: &str) -> String {
        let mut state = self.state();
        let known = state.known(path).map(|project| project.part());
        known.unwrap_or_else(|| path.to_owned())
    }

    /// Returns the path of a project as the host spells it.
    fn spelled(&self, path: &str) -> String {
        let mut state = self.state();
        let known = state.known(path).map(|project| project.path.clone());
        known.unwrap_or_else(|| path.to_owned())
    }

    async fn fetch_now(&self, fetch: Fetch) -> Result<Batch, SourceError> {
        let poll = Poll {
            now: fetch.now,
            ask: Ask::of(&fetch),
        };
        let mut batch = self.owed.begin();
        self.dispatch(&fetch.resource, poll, &mut batch).await?;
        batch.gone_repos.extend(self.left());
        Ok(batch.end())
    }

    async fn dispatch(
        &self,
        resource: &str,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let (kind, rest) = resource.split_once(':').unwrap_or((resource, ""));
        match kind {
            ISSUES => self.all_open(Kind::Issues, poll, batch).await,
            CHANGES => self.all_open(Kind::Changes, poll, batch).await,
            plan::LANDED => self.landed(poll, batch).await,
            plan::PULSE => self.pulse(rest, poll, batch).await,
            plan::WORK => self.work(rest, poll, batch).await,
            plan::DETAILS => self.details(true, poll, batch).await,
            plan::LATER => self.details(false, poll, batch).await,
            plan::REVIEWS => self.reviews(poll, batch).await,
            RUNS => self.runs(unturned(rest), poll, batch).await,
            plan::JOBS => self.jobs_at_work(rest, poll, batch).await,
            plan::SWEEP => self.sweep(poll, batch).await,
            plan::DELIVERY => self.delivery(unturned(rest), poll, batch).await,
            plan::PLACES => self.places(unturned(rest), poll, batch).await,
            ALERTS => self.alerts(poll, batch).await,
            FINDINGS => self.findings(poll, batch).await,
            // What these read is noted when all of it is told.
            _ => {
                *batch = self.at_once(kind, poll).await?;
                Ok(())
            }
        }
    }

    async fn at_once(&self, kind: &str, poll: Poll) -> Result<Batch, SourceError> {
        match kind {
            plan::PROJECTS => self.discover(poll).await,
            plan::ACCOUNT => self.find_account(poll).await,
            plan::NEEDS => self.answer(Turn::Now, poll).await,
            plan::PAST => self.answer(Turn::Past, poll).await,
            plan::TIMES => self.answer(Turn::Spare, poll).await,
            plan::BACKFILL => self.backfill(poll).await,
            // A resource of an earlier plan: nothing is lost, its successor is in the next one.
            _ => Ok(Batch::default()),
        }
    }

    /// Asks a group what moved: which projects, which issues, which merge requests.
    async fn pulse(&self, group: &str, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        self.activity(group, poll, batch).await?;
        self.moved(&Scope::Group(group.to_owned()), poll, batch)
            .await
    }

    /// Asks a project alone which issues and merge requests changed.
    async fn work(&self, path: &str, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        let scope = Scope::Project(path.to_ascii_lowercase());
        self.moved(&scope, poll, batch).await
    }

    async fn moved(&self, scope: &Scope, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        if self.changed(scope, poll, batch).await? {
            self.state().cover(scope, poll.now, false, batch);
        }
        batch.quiet.extend(self.look_back(scope, poll.now));
        Ok(())
    }
}

/// Returns the path of a resource that is asked for once: `acme/api@3`.
fn unturned(rest: &str) -> &str {
    rest.rsplit_once('@').map_or(rest, |(path, _)| path)
}

impl Source for GitLab {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "gitlab"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        self.abilities()
    }

    fn problems(&self) -> Vec<SourceError> {
        let state = self.state();
        let missing = state.projects.values().filter(|project| project.misses > 0);
        let missing = missing.map(|project| SourceError::NotFound {
            host: self.port.host().to_owned(),
            what: format!("the project `{}`", project.path),
            near: None,
        });
        let there = state
            .projects
            .values()
            .filter(|project| project.misses == 0);
        let troubles = there.flat_map(Project::all_troubles);
        state
            .missing_owners
            .iter()
            .cloned()
            .chain(missing)
            .chain(troubles.cloned())
            .collect()
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

    fn paces(&self) -> &'static [Pace] {
        if self.port.host() == "gitlab.com" {
            PACES
        } else {
            &[]
        }
    }

    fn resources(&self, now: Timestamp) -> Vec<Resource> {
        plan::resources(&self.state(), now)
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.fetch_now(fetch).boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        let place = self.port.place();
        restore::restore(&mut self.state(), &place, &self.config, facts);
    }

    fn need(&self, needs: &BTreeSet<Need>) {
        self.state().ask_for(needs, &self.port.place());
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
