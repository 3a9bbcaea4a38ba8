//! Buildbot (REST, version 2): builders, builds that wait, run and are over, their steps and logs.
//!
//! A build is a run with one job, its builder the workflow. It finds its commit at
//! the forge by what the server tells of repositories, or by `[[source.project]]`.

mod act;
mod backfill;
mod events;
mod follow;
mod map;
mod needs;
mod read;
mod state;
mod wire;

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
use crate::sources::needs::PAST;
use crate::sources::port::{Address, Ask, Port, Product, fine};
use crate::sources::{
    Account, Batch, Capability, Check, CheckState, Fetch, Meter, PastRead, Resource, Source,
    SourceError, Tier,
};
use events::EVENTS;
use map::Site;
use state::{Server, State};

const PRODUCT: Product = Product {
    name: "Buildbot",
    example: "https://buildbot.example.org",
    copied: &["/api/v2/builds", "/api/v2", "/api"],
    address: Address::Page("behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: true,
};

const BUILDS: &str = "builds";
const BUILDERS: &str = "builders";
const NEEDS: &str = "needs";
const BACKFILL: &str = "backfill";
const LOGS: &str = "job logs";

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Buildbot::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One Buildbot.
pub struct Buildbot {
    port: Port,
    config: SourceConfig,
    ground: Ground,
    /// Host and path.
    ci: String,
    state: Mutex<State>,
    /// The same server, for a request that lasts.
    ear_port: Port,
    ear: tokio::sync::Mutex<Option<events::Open>>,
}

impl Buildbot {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let lasting = events::lasting(&limits);
        let port = Port::new(
            config,
            ground,
            limits,
            PRODUCT,
            &[BUILDS, LOGS, LIVE, EVENTS, PAST],
        )?;
        let ear_port = Port::new(config, ground, lasting, PRODUCT, &[])?;
        let page = port.page("");
        let ci = page
            .split_once("://")
            .map_or(page.as_str(), |(_, rest)| rest);
        let ci = ci.trim_end_matches('/').to_owned();
        Ok(Self {
            port,
            config: config.clone(),
            ground: ground.clone(),
            ci,
            state: Mutex::default(),
            ear_port,
            ear: tokio::sync::Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with what stays the same and what is known.
    fn with<T>(&self, work: impl FnOnce(Server<'_>, &mut State) -> T) -> T {
        let page = |rest: &str| self.port.page(rest);
        let site = Site {
            ci: &self.ci,
            rules: &self.config.extras.projects,
        };
        let server = Server { site, page: &page };
        work(server, &mut self.state())
    }

    async fn look_over(&self) -> Vec<Check> {
        let builders = match self.read_builders(Ask::person()).await {
            Ok(count) => format!("builders: {count}"),
            Err(error) => return vec![self.port.failed_check("host", &error)],
        };
        let version = self.version().await;
        let version = version
            .as_deref()
            .unwrap_or("of a version that it does not tell");
        let mut checks = vec![fine("host", &format!("it answers, Buildbot {version}"))];
        checks.push(fine(BUILDERS, &builders));
        let fetch = Fetch {
            resource: BUILDS.into(),
            now: self.port.now(),
            forced: true,
        };
        match self.refresh(&fetch).await {
            Ok(batch) => {
                let runs = batch.facts.iter();
                let runs = runs.filter_map(|fact| {
                    let Fact::Run(run) = fact else { return None };
                    Some(&run.repo)
                });
                let (own, all) = runs.fold((0, 0), |(own, all), repo| {
                    (
                        own + usize::from(!repo.place().eq_ignore_ascii_case(&self.ci)),
                        all + 1,
                    )
                });
                checks.push(fine(
                    BUILDS,
                    &format!("builds: {all}, of a repository elsewhere: {own}"),
                ));
                if all > 0 && own == 0 {
                    checks.push(unmapped());
                }
                let note = |text: &Clean| Check {
                    state: CheckState::Note,
                    ..fine(BUILDS, text)
                };
                checks.extend(batch.warnings.iter().map(note));
            }
            Err(error) => checks.push(self.port.failed_check(BUILDS, &error)),
        }
        checks
    }
}

/// Says what to do where no build names its repository.
fn unmapped() -> Check {
    let hint = "say in `[[source.project]]` which repository its builders build";
    Check {
        state: CheckState::Note,
        hint: Some(hint.into()),
        ..fine(
            BUILDS,
            "none of them tells its repository, so each builder is a card of its own",
        )
    }
}

impl Source for Buildbot {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "buildbot"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let mut can = self.port.capabilities();
        can.extend(self.deeds());
        can
    }

    fn resources(&self, now: Timestamp) -> Vec<Resource> {
        let state = self.state();
        let resource = |id: &str, tier, cost| Resource {
            id: id.into(),
            tier,
            cost,
            bucket: "core",
        };
        let builds = match (state.is_stale, state.listens) {
            (true, _) => Tier::Now,
            // What changes is told; a stream may stall without a word.
            (false, true) => Tier::Warm,
            (false, false) => Tier::Hot,
        };
        let mut resources = vec![
            resource(BUILDS, builds, 3),
            resource(BUILDERS, Tier::Rare, 1),
        ];
        if state.needs.iter().any(|need| state.is_due(need, now)) {
            resources.push(resource(NEEDS, Tier::Now, needs::COST));
        }
        if let Some(page) = state.next_of_past() {
            let id = format!("{BACKFILL}:{}@{}", page.path, page.step);
            resources.push(resource(&id, Tier::Spare, 4));
        }
        resources
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move {
            match &*fetch.resource {
                BUILDERS => {
                    self.read_builders(Ask::of(&fetch)).await?;
                    Ok(Batch::default())
                }
                NEEDS => self.answer(&fetch).await,
                BUILDS => {
                    let batch = self.refresh(&fetch).await?;
                    self.look_back(fetch.now);
                    Ok(batch)
                }
                word if word.starts_with(BACKFILL) => {
                    self.backfill(Ask::of(&fetch), fetch.now).await
                }
                // A resource of an earlier plan: nothing is lost, its successor is in the next one.
                _ => Ok(Batch::default()),
            }
        }
        .boxed()
    }

    fn changes(&self) -> Option<BoxFuture<'_, Result<(), SourceError>>> {
        Some(self.hear().boxed())
    }

    fn past(&self) -> PastRead {
        self.state().pasts.all.read()
    }

    fn past_kept(&self, of: &Clean) {
        if self.state().pasts.all.kept(of.as_str()) {
            let key = pasts::note_key(&self.port, &RepoKey::new(&self.ci, of.as_str()));
            pasts::note_kept(&self.ground, &key, self.config.past_days);
        }
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        self.state().restore(facts, &self.ci);
    }

    fn need(&self, needs: &BTreeSet<Need>) {
        let mut state = self.state();
        let own = needs.iter().filter(|need| state.is_own(need, &self.ci));
        let own: BTreeSet<Need> = own.cloned().collect();
        state.answered.retain(|need, _| own.contains(need));
        state.needs = own;
    }

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }

    fn diagnose(&self, log: LogKey, now: Timestamp) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move { self.diagnose_now(log, now).await }.boxed()
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
        async move { self.look(&target).await }.boxed()
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        async move { self.do_it(&act).await }.boxed()
    }
}
