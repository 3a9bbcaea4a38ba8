//! `cc.xml` (`CCTray`): the last build of each project of a CI server, as most of them tell it.
//!
//! The fallback for servers without an adapter of their own (`GoCD`, `TeamCity`, Concourse,
//! Buildkite and more). One request a round; no commit, no job and no log stands in it.

mod map;
mod read;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::sources::http::{Ground, Limits, Scheme};
use crate::sources::port::{Address, Ask, Port, Product, fine};
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, CheckState, Fetch, Listing, Meter,
    Resource, Source, SourceError, Tier,
};
use map::Site;

const PRODUCT: Product = Product {
    name: "the CI server",
    example: "https://ci.example.org/cc.xml",
    copied: &[],
    address: Address::Document,
    scheme: Scheme::BearerOrLogin,
    has_records: false,
};

const PROJECTS: &str = "projects";

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(CcTray::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One document of projects.
pub struct CcTray {
    port: Port,
    config: SourceConfig,
    /// Host and path, without the name of the document.
    ci: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When builds were first seen, by identity.
    first: HashMap<u64, Timestamp>,
    /// Whether something runs.
    moves: bool,
}

impl CcTray {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let accept = "application/xml, text/xml;q=0.9, */*;q=0.1";
        let port = Port::accepting(config, ground, limits, PRODUCT, (accept, &[PROJECTS]))?;
        let page = port.page("");
        let page = page.trim_end_matches('/');
        let place = page.split_once("://").map_or(page, |(_, rest)| rest);
        let ci = match place.rsplit_once('/') {
            Some((folder, name)) if name.contains('.') => folder,
            Some(_) | None => place,
        };
        Ok(Self {
            ci: ci.to_owned(),
            port,
            config: config.clone(),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let ask = Ask::of(fetch);
        let url = self.port.url(&[], &[]);
        let answer = self.port.get_raw(url.clone(), ask).await;
        let answer = answer?;
        let read = read::document(&answer.body).and_then(|read| {
            if read.projects.is_empty() && read.bad > 0 {
                return Err("none of its projects has a name".to_owned());
            }
            Ok(read)
        });
        let read = match read {
            Ok(read) => read,
            Err(why) => {
                // A later 304 would only confirm it.
                self.port.client(ask).await?.forget(&url);
                return Err(self.port.foreign(url.path(), &why));
            }
        };
        self.port.can(PROJECTS, CapabilityState::Available);
        Ok(self.hand_over(&read, fetch.now))
    }

    fn hand_over(&self, read: &read::Document, now: Timestamp) -> Batch {
        let site = Site {
            ci: &self.ci,
            rules: &self.config.extras.projects,
        };
        let mut state = self.state();
        let mut seen = HashMap::new();
        let known = std::mem::take(&mut state.first);
        let mut first = |id: u64| {
            *seen
                .entry(id)
                .or_insert(known.get(&id).copied().unwrap_or(now))
        };
        let names = map::names(&read.projects);
        let projects = read.projects.iter().zip(&names);
        let runs: Vec<_> = projects
            .flat_map(|(project, name)| map::runs(site, (project, name), &mut first))
            .collect();
        state.moves = runs
            .iter()
            .any(|run| matches!(run.state, RunState::Running | RunState::Queued));
        state.first = seen;
        let mut batch = Batch {
            facts: runs.into_iter().map(Fact::Run).collect(),
            ..Batch::default()
        };
        if read.bad > 0 {
            let all = read.bad + read.projects.len();
            let text = match read.bad {
                1 => format!("1 of {all} projects cannot be read: it has no name"),
                bad => format!("{bad} of {all} projects cannot be read: they have no name"),
            };
            batch.warnings.push(Clean::line(&text));
        }
        if read.is_cut {
            let text = format!(
                "more than {} projects; the rest is not read",
                read::MOST_PROJECTS
            );
            batch.warnings.push(Clean::line(&text));
        }
        let lists = if read.bad > 0 || read.is_cut {
            &mut batch.partial
        } else {
            &mut batch.listings
        };
        lists.push(Listing {
            name: PROJECTS.into(),
            members: batch.facts.iter().map(Fact::id).collect(),
        });
        batch.covered.push(Clean::default());
        batch
    }

    async fn look_over(&self) -> Vec<Check> {
        let fetch = Fetch {
            resource: PROJECTS.into(),
            now: self.port.now(),
            forced: true,
        };
        match self.read(&fetch).await {
            Ok(batch) => {
                let is = |fact: &&Fact, wanted: fn(&RunState) -> bool| matches!(fact, Fact::Run(run) if wanted(&run.state));
                let count = |wanted: fn(&RunState) -> bool| {
                    batch.facts.iter().filter(|fact| is(fact, wanted)).count()
                };
                let text = format!(
                    "builds that passed: {}, failed: {}, run: {}",
                    count(|state| *state == RunState::Passed),
                    count(|state| matches!(state, RunState::Failed(_))),
                    count(|state| *state == RunState::Running),
                );
                let mut checks = vec![fine("host", "it answers"), fine(PROJECTS, &text)];
                checks.extend(batch.warnings.iter().map(|text| Check {
                    state: CheckState::Note,
                    ..fine(PROJECTS, text)
                }));
                if self.config.extras.projects.is_empty() {
                    checks.push(unmapped());
                }
                checks
            }
            Err(error) => vec![self.port.failed_check("host", &error)],
        }
    }
}

/// Says what to do where nothing tells what the projects build.
fn unmapped() -> Check {
    let hint = "say in `[[source.project]]` which repository its projects build";
    Check {
        state: CheckState::Note,
        hint: Some(hint.into()),
        ..fine(
            PROJECTS,
            "such a document tells no repository, so each project is a card of its own",
        )
    }
}

impl Source for CcTray {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "cctray"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let mut can = self.port.capabilities();
        let missing = |name| Capability {
            name,
            state: CapabilityState::Missing("`cc.xml` holds none".into()),
        };
        can.extend(["commits", "job logs"].map(missing));
        can
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let moves = self.state().moves;
        vec![Resource {
            id: PROJECTS.into(),
            tier: if moves { Tier::Hot } else { Tier::Warm },
            cost: 1,
            bucket: "core",
        }]
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move { self.read(&fetch).await }.boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        let mut state = self.state();
        for fact in facts {
            if let Fact::Run(run) = fact.as_ref()
                && run.ci.as_str() == self.ci
            {
                state.first.insert(run.id, run.created_at);
            }
        }
    }

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }
}
