//! GitHub: probe by GraphQL, refresh what changed, runs by REST with `ETag`.
//!
//! `plan` says what is polled, one file each does it, `wire` and `wire_rest`
//! are GitHub's words, `map` gives them meaning. Works by REST alone where there
//! is no GraphQL.

mod act;
mod aliases;
mod api;
mod attempts;
mod backfill;
mod checks;
mod checkup;
mod checkup_writes;
mod compare;
mod diagnose;
mod discover;
mod findings;
mod identity;
mod map;
#[doc(hidden)]
pub mod measure;
mod memory;
mod more;
mod place;
mod places;
mod plan;
mod portion;
mod probe;
mod refresh;
mod reports;
mod rest;
mod rest_pulls;
mod restore;
mod runs;
mod state;
mod taken;
mod times;
mod vanished;
mod watch;
mod wire;
mod wire_past;
mod wire_rest;

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
use crate::sources::http::{Ground, Limits, Urgency};
use crate::sources::needs::Turn;
use crate::sources::selection::{Selection, plain};
use crate::sources::token;
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, Fetch, Meter, Pace, PastRead, Resource,
    Source, SourceError,
};

use api::Api;
use state::{Mode, RepoState, State};

/// Below the secondary limits of github.com, 900 and 2,000 points a minute, for an account that others
/// use too.
///
/// Hosts of one's own have none unless their owner sets them, and then they tell (`retry-after`).
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
/// <https://docs.github.com/en/enterprise-server/admin/configuring-settings/configuring-user-applications-for-your-enterprise/configuring-rate-limits>
const PACES: &[Pace] = &[
    Pace {
        bucket: "core",
        per_minute: 600,
    },
    Pace {
        bucket: "graphql",
        per_minute: 1_300,
    },
];

/// Why no log can be followed here.
const NO_LIVE: &str = "github gives a job's log once it has finished";

/// Says that logs come late.
fn no_live() -> Capability {
    Capability {
        name: LIVE,
        state: CapabilityState::Missing(NO_LIVE.into()),
    }
}

/// Makes a GitHub source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(GitHub::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One configured GitHub host with one account.
pub struct GitHub {
    config: SourceConfig,
    ground: Ground,
    api: Api,
    /// What stands for the repositories that are selected.
    selection: u64,
    state: Mutex<State>,
    token_from: Mutex<String>,
    /// The repositories that owners have, as far as their lists were read, by owner.
    names: Mutex<discover::Names>,
    /// The organisations that the token belongs to, once they were asked for.
    owners: Mutex<Option<Vec<String>>>,
    token: tokio::sync::Mutex<TokenState>,
}

/// How far the search for a token has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TokenState {
    /// It comes with the first fetch: finding it may start a command.
    NotLookedFor,
    /// It is bound to the client, or there is none to bind.
    Bound,
    /// The host refused it: it is not tried again until a person asks.
    Rejected,
}

impl GitHub {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let api = Api::new(config, ground, limits)?;
        let mut state = State::new();
        for path in plain(&config.repos) {
            state.repo(path);
        }
        Ok(Self {
            config: config.clone(),
            ground: ground.clone(),
            api,
            selection: Selection::of(config).hash(),
            state: Mutex::new(state),
            token_from: Mutex::default(),
            names: Mutex::default(),
            owners: Mutex::default(),
            token: tokio::sync::Mutex::new(TokenState::NotLookedFor),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key of a repository on this host.
    fn key(&self, path: &str) -> RepoKey {
        RepoKey::new(&self.api.host, path)
    }

    /// Finds the token on first use, and again where a person asks after it was refused.
    async fn ensure_token(&self, forced: bool) -> Result<(), SourceError> {
        let mut token = self.token.lock().await;
        match *token {
            TokenState::Bound => Ok(()),
            TokenState::Rejected if !forced => Err(SourceError::Auth {
                host: self.api.client.host().to_owned(),
            }),
            TokenState::Rejected | TokenState::NotLookedFor => {
                self.find_token().await?;
                *token = TokenState::Bound;
                Ok(())
            }
        }
    }

    /// Finds out as whom it asks: a token that was refused is somebody's still.
    async fn find_account(&self) -> Account {
        drop(self.ensure_token(false).await);
        match *self.token.lock().await {
            TokenState::NotLookedFor => Account::Unknown,
            TokenState::Bound | TokenState::Rejected => Account::Known(self.api.client.account()),
        }
    }

    async fn find_token(&self) -> Result<(), SourceError> {
        let refused = |cause: String| SourceError::NoToken {
            host: self.api.host.clone(),
            cause,
        };
        let token = token::resolve(&self.config, &self.ground.env)
            .await
            .map_err(refused)?;
        *self
            .token_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = token.from;
        let Some(secret) = token.secret else {
            self.api.client.unbind();
            let mut state = self.state();
            state.asks_as(self.api.client.account());
            state.anonymous = true;
            drop(state);
            // GraphQL answers nobody without a token; REST does, for public data.
            self.without_graphql("it needs a token", (self.ground.clock)());
            return Ok(());
        };
        self.api.client.bind(&secret)?;
        self.state().asks_as(self.api.client.account());
        Ok(())
    }

    /// Goes on by REST alone, and says why.
    fn without_graphql(&self, why: &str, now: Timestamp) {
        let mut state = self.state();
        state.mode = Mode::RestOnly(now);
        let why = CapabilityState::Missing(Clean::line(why));
        state.can("graphql", why);
        if self.config.past_days > 0 {
            let why = CapabilityState::Missing(Clean::line("it is read by GraphQL only"));
            state.can(super::needs::PAST, why);
        }
    }

    async fn fetch_now(&self, fetch: Fetch) -> Result<Batch, SourceError> {
        self.ensure_token(fetch.forced).await?;
        let urgency = if fetch.forced {
            Urgency::Person
        } else {
            Urgency::Background
        };
        let ask = Ask {
            now: fetch.now,
            urgency,
            forced: fetch.forced,
        };
        let mut batch = self
            .dispatch(&fetch.resource, ask)
            .await
            .map_err(place::named);
        match &mut batch {
            Ok(batch) => {
                batch.gone_repos.extend(self.left());
                self.name_former(batch);
                self.remember(batch);
            }
            Err(SourceError::Auth { .. }) => *self.token.lock().await = TokenState::Rejected,
            Err(
                SourceError::NoToken { .. }
                | SourceError::Forbidden { .. }
                | SourceError::RateLimited { .. }
                | SourceError::NotFound { .. }
                | SourceError::Unreachable { .. }
                | SourceError::Unreadable { .. }
                | SourceError::Refused { .. },
            ) => {}
        }
        batch
    }

    async fn dispatch(&self, resource: &str, ask: Ask) -> Result<Batch, SourceError> {
        let (kind, rest) = resource.split_once(':').unwrap_or((resource, ""));
        match kind {
            "discover" => self.discover(ask).await,
            "probe" => self.probe(rest, ask).await,
            "refresh" => self.refresh(ask).await,
            "runs" => {
                self.runs(rest.split_once('@').map_or(rest, |(path, _)| path), ask)
                    .await
            }
            "rest" => {
                self.rest(rest.split_once('@').map_or(rest, |(path, _)| path), ask)
                    .await
            }
            "findings" => {
                let owner = rest.rsplit_once('@').map_or(rest, |(owner, _)| owner);
                self.findings(owner, ask).await
            }
            "needs" => self.answer(Turn::Now, ask).await,
            "past" => self.answer(Turn::Past, ask).await,
            "times" => self.times(ask).await,
            "places" => self.places(ask).await,
            "backfill" => self.backfill(ask).await,
            "changes" => self.watch(rest, ask).await,
            "jobs" => self.jobs_at_work(rest, ask).await,
            // A resource of an earlier plan: nothing is lost, its successor is in the next one.
            _ => Ok(Batch::default()),
        }
    }
}

/// What a fetch was asked with.
#[derive(Clone, Copy)]
struct Ask {
    now: Timestamp,
    urgency: Urgency,
    forced: bool,
}

impl Source for GitHub {
    fn name(&self) -> &SourceName {
        &self.config.name
    }

    fn kind(&self) -> &'static str {
        "github"
    }

    fn host(&self) -> &str {
        &self.api.host
    }

    fn capabilities(&self) -> Vec<Capability> {
        let known = self.state().capabilities.clone();
        let told = |(name, _): &(&'static str, _)| !super::deeds::is_deed(name);
        let known = known.into_iter().filter(told);
        known
            .map(|(name, state)| Capability { name, state })
            .chain(self.deeds())
            .chain([no_live()])
            .collect()
    }

    fn problems(&self) -> Vec<SourceError> {
        let state = self.state();
        let missing = state.repos.values().filter(|repo| repo.misses > 0);
        let missing = missing.map(|repo| self.not_there(&repo.path));
        state
            .missing_owners
            .iter()
            .cloned()
            .chain(missing)
            .collect()
    }

    fn past(&self) -> PastRead {
        self.state().past_read()
    }

    fn past_kept(&self, of: &Clean) {
        let repo = of.as_str();
        let kept = |known: &mut RepoState| known.past.kept();
        if self.state().known(repo).is_some_and(kept) {
            let key = self.note_key("past", repo);
            pasts::note_kept(&self.ground, &key, self.config.past_days);
        }
    }

    fn paces(&self) -> &'static [Pace] {
        if api::is_ours_alone(&self.api.host) {
            return &[];
        }
        PACES
    }

    fn resources(&self, now: Timestamp) -> Vec<Resource> {
        plan::resources(&self.state(), &self.config, now)
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.fetch_now(fetch).boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.find_account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        restore::restore(&mut self.state(), &self.api.host, &self.config, facts);
    }

    fn need(&self, all: &BTreeSet<Need>) {
        let mut state = self.state();
        let State {
            needs, answered, ..
        } = &mut *state;
        super::needs::ask_for(all, &self.api.host, (needs, answered));
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
        drop((log, from, into));
        std::future::ready(Err(FollowError::NoWay(NO_LIVE.into()))).boxed()
    }

    fn look_at(&self, target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        self.look(target).boxed()
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        self.do_it(act).boxed()
    }

    fn meter(&self) -> Meter {
        let from = self
            .token_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Meter {
            token_from: from.clone(),
            me: self.state().me.clone(),
            ..self.api.client.meter()
        }
    }
}
