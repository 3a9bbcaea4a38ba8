//! Remote systems to facts: the one trait, the registry, the words for failure.
//!
//! The only layer that knows wire formats. An adapter is a folder (`mod.rs`,
//! `wire.rs`, `map.rs`) and one row in [`REGISTRY`]; adapters never name one another.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::domain::Timestamp;
use crate::domain::action::{Fresh, Target};
use crate::domain::correlate::Need;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::follow::{FollowError, Part, Place};

pub mod action;
pub mod alertmanager;
pub mod archive;
mod arrivals;
mod backfill;
mod brought;
pub mod buildbot;
pub mod cctray;
mod deeds;
mod detail;
pub mod evidence;
mod failed_jobs;
pub mod follow;
pub mod gitea;
pub mod github;
pub mod gitlab;
mod graphql;
pub mod http;
pub mod http_check;
pub mod http_json;
pub mod inspect;
pub mod jenkins;
pub mod job_log;
pub mod junit;
mod labels;
pub mod logins;
pub mod logs;
mod meter;
mod needs;
mod owed;
mod port;
pub mod probe;
pub mod prometheus;
mod recent;
mod registry;
pub mod selection;
pub mod spoken;
mod standing;
mod texts;
mod ticket_links;
pub mod token;
mod token_ask;
mod told;
mod untold;
pub mod usual;

pub use deeds::READ_ONLY;
pub use http::{hex, span};
pub use meter::{Budget, Meter, NO_PAST, Noun, PastRead, RequestLine, USUAL_PATIENCE};
pub use registry::{Kind, Open, REGISTRY};
pub use standing::{Capability, CapabilityState, Check, CheckState, Trouble};

/// One configured connection to one system.
pub trait Source: Send + Sync {
    /// Returns the configured name.
    fn name(&self) -> &SourceName;

    /// Returns the word for its kind, as in the configuration.
    fn kind(&self) -> &'static str;

    /// Returns the host it talks to, with its port if that is unusual.
    fn host(&self) -> &str;

    /// Returns what this server and this token can and cannot do.
    fn capabilities(&self) -> Vec<Capability>;

    /// Returns what of its configuration cannot be read at present, though the rest can: an
    /// organisation or a repository that is not there.
    fn problems(&self) -> Vec<SourceError> {
        Vec::new()
    }

    /// Returns what is polled, each on its own schedule.
    ///
    /// Asked again after every fetch: what was found decides what is polled.
    fn resources(&self, now: Timestamp) -> Vec<Resource>;

    /// Asks for one resource.
    ///
    /// Never sleeps for a limit: it returns [`SourceError::RateLimited`] and the scheduler waits.
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>>;

    /// Waits until the server tells by itself that something changed, as long as that takes;
    /// nothing where it has no such way.
    ///
    /// What changed is then a resource that is due [`Tier::Now`]. It is waited for beside the
    /// polls, holds no permit and may be given up at any time. After an error it is asked again,
    /// later; polls go on all the same.
    fn changes(&self) -> Option<BoxFuture<'_, Result<(), SourceError>>> {
        None
    }

    /// Returns of how many repositories the past is read, or why none is.
    fn past(&self) -> PastRead {
        PastRead::never(NO_PAST)
    }

    /// Takes in that history has, and keeps, a past that was told as `past_of` or `quiet`: it need
    /// not be read again.
    fn past_kept(&self, _of: &Clean) {}

    /// Returns how much may be spent within a minute, by limit; none where the host has no such rule.
    fn paces(&self) -> &'static [Pace] {
        &[]
    }

    /// Returns as whom it asks; finding that out may start a command, as the first fetch would.
    ///
    /// What differs may be allowed to see different things: facts are never shared with it.
    fn account(&self) -> BoxFuture<'_, Account> {
        Box::pin(std::future::ready(Account::Settled))
    }

    /// Tells what the store already holds from it, so that a restart asks only for what changed.
    fn restore(&self, facts: &[Arc<Fact>]);

    /// Tells what correlation would like to know; it becomes resources of its own.
    ///
    /// Needs of repositories that are not this source's are ignored.
    fn need(&self, needs: &BTreeSet<Need>);

    /// Tries what the board will need, for `doctor`; none where it cannot tell.
    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    /// Returns what it has spent and may spend, and its last requests.
    fn meter(&self) -> Meter;

    /// Finds out why one finished job failed; its log goes to the cache of logs.
    ///
    /// Asked for by a person who opens a card. The batch holds the job's
    /// [`Diagnosis`](crate::domain::diagnosis::Diagnosis).
    fn diagnose(&self, log: LogKey, now: Timestamp) -> BoxFuture<'_, Result<Batch, SourceError>> {
        drop((log, now));
        async { Err(self.cannot("read logs")) }.boxed()
    }

    /// Reads on in the log of a job that runs, behind `from`, and hands on what it brings.
    ///
    /// Bytes of a read that fails are void. [`Capability`] `live logs` says whether there is a way.
    fn follow(
        &self,
        log: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Part, FollowError>> {
        drop((log, from, into));
        let why = format!("a source of kind `{}` has no logs to follow", self.kind());
        async move { Err(FollowError::NoWay(Clean::line(&why))) }.boxed()
    }

    /// Reads the target of an action afresh, past every cache.
    fn look_at(&self, target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        drop(target);
        async { Err(self.cannot("act")) }.boxed()
    }

    /// Does one thing, with exactly one request; never sends it again by itself.
    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        drop(act);
        async { Err(ActError::NotSent(self.cannot("act"))) }.boxed()
    }

    /// Returns the error of something that this kind of source has no way to do.
    fn cannot(&self, what: &str) -> SourceError {
        SourceError::Refused {
            host: self.host().to_owned(),
            cause: format!(
                "cycleboard cannot {what} at a source of kind `{}`",
                self.kind()
            ),
        }
    }
}

/// As whom a source asks, as far as that is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Account {
    /// Its settings say all there is to say.
    Settled,
    /// A fingerprint of the credential, or a word for none.
    Known(String),
    /// A fingerprint of where the credential comes from; whose it is, is known once it is there.
    From(String),
    /// The place where its settings say that the credential is, in words: nothing is there.
    Missing(String),
    /// It cannot be told: there should be a credential, and there is none.
    Unknown,
}

/// Identity of a resource within its source, chosen by the adapter, e.g. `probe:hot`.
pub type ResourceId = Arc<str>;

/// One thing that is polled on its own schedule.
#[derive(Clone, PartialEq, Debug)]
pub struct Resource {
    /// Its identity.
    pub id: ResourceId,
    /// How soon it is asked again.
    pub tier: Tier,
    /// What one fetch probably costs, in requests or points of `bucket`.
    pub cost: u32,
    /// Which limit it spends.
    pub bucket: &'static str,
}

/// How soon a resource is asked again, soonest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// At once, and once: something is waiting for the answer.
    Now,
    /// Something runs there at present: 60 s, or 10 s while somebody looks at it.
    Live,
    /// Something happened there lately, or somebody looks at it: 30 s.
    Hot,
    /// It changed within a day: 2 min.
    Warm,
    /// It has been quiet: 10 min.
    Cold,
    /// It hardly ever changes: 1 h.
    Rare,
    /// Once, when there is room: what is long past, and many requests of it. It goes last, at
    /// its own pace, and leaves a fifth of our share of a limit to what happens now.
    Past,
    /// Once, when nothing else is due: what history alone reads. It may take what the past may,
    /// and neither a round nor a person waits for it.
    Spare,
}

/// How much of one limit may be spent within a minute, whatever is left of the hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Which limit, as in [`Resource::bucket`].
    pub bucket: &'static str,
    /// Requests or points within a minute.
    pub per_minute: u32,
}

/// One request for a resource.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Which one.
    pub resource: ResourceId,
    /// The current time.
    pub now: Timestamp,
    /// Whether a person asked for it: caches of absence are ignored.
    pub forced: bool,
}

/// What one poll of one resource returned.
#[derive(Clone, Default, Debug)]
pub struct Batch {
    /// What was said, new or not; the store finds out what changed.
    pub facts: Vec<Fact>,
    /// Listings that were read to their end: what left them is removed.
    pub listings: Vec<Listing>,
    /// Listings that were read in part: what they hold is there, and nothing is said of the rest.
    /// That removes nothing, and what is known of the rest is not confirmed by `covered`.
    pub partial: Vec<Listing>,
    /// Scopes (`owner/name`; empty: all that the source tells) that this poll confirmed to be
    /// current.
    pub covered: Vec<Clean>,
    /// Facts that are gone for sure (404 twice, 410).
    pub gone: Vec<FactId>,
    /// Repositories that are gone for sure (404 twice): all of their facts of this source go.
    pub gone_repos: Vec<RepoKey>,
    /// What happened in one repository before the board watched it; for history alone, and no
    /// part of what is known now. All that there is of the repository comes in one batch. A CI
    /// system tells runs alone, of any repositories, and no `past_from`.
    pub past: Vec<Fact>,
    /// What `past` is of, as the source calls it; told back by `past_kept`. A repository is called
    /// by its path in lower case.
    pub past_of: Clean,
    /// From when on `past` holds everything but runs: an older part may be missing.
    pub past_from: Option<Timestamp>,
    /// From when on `past` holds all runs; nothing where runs may not be read.
    pub past_runs_from: Option<Timestamp>,
    /// Repositories in which nothing happened since a moment: there is no past to read.
    pub quiet: Vec<(RepoKey, Timestamp)>,
    /// Records that could not be read, and other things a person should know.
    pub warnings: Vec<Clean>,
}

/// A complete listing: its members are all there are.
#[derive(Clone, PartialEq, Debug)]
pub struct Listing {
    /// Its name within the source, e.g. `acme/api/tickets/open`.
    pub name: Clean,
    /// All that it holds.
    pub members: BTreeSet<FactId>,
}

impl Listing {
    /// Returns the listing of facts of a repository, all of which were told.
    pub fn of_repo<'f>(
        repo: &RepoKey,
        name: &str,
        facts: impl IntoIterator<Item = &'f Fact>,
    ) -> Self {
        Self {
            name: Clean::line(&format!("{}/{name}", repo.path())),
            members: facts.into_iter().map(Fact::id).collect(),
        }
    }
}

/// Why a poll failed; a variant for each thing that the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// 401: stop, and ask for another token.
    #[error("{host} rejected the token")]
    Auth {
        /// Which host.
        host: String,
    },
    /// There is no token to send although one is configured: stop, and ask for it.
    #[error("no token for {host}: {cause}")]
    NoToken {
        /// Which host it is for.
        host: String,
        /// Why there is none.
        cause: String,
    },
    /// 403 without a limit: the token may not; tell which permission.
    #[error("{host} does not let us read {what}")]
    Forbidden {
        /// Which host.
        host: String,
        /// What was asked for.
        what: String,
        /// The permission, as the host names it.
        permission: Option<String>,
    },
    /// The host, or our own share of its quota, allows no more for now.
    #[error("{}", told::limited(host, *.retry_after, *.share))]
    RateLimited {
        /// Which host.
        host: String,
        /// How long to wait.
        retry_after: Duration,
        /// What is left to others, where it is our own share that is spent.
        share: Option<Share>,
    },
    /// It is not there, or not visible to this token.
    #[error("{}", told::absent(host, what))]
    NotFound {
        /// Which host.
        host: String,
        /// What was asked for.
        what: String,
        /// What there is and was probably meant.
        near: Option<String>,
    },
    /// No connection, no answer in time, or 5xx: back off.
    #[error("{}", told::away(host, cause))]
    Unreachable {
        /// Which host.
        host: String,
        /// Why, in words.
        cause: String,
    },
    /// An answer that is not what was asked for: captive portal, cut or wrong JSON, too large.
    #[error("{host} gave an answer that cannot be read: {cause}")]
    Unreadable {
        /// Which host.
        host: String,
        /// Why, in words.
        cause: String,
    },
    /// The request was ours to get right (422 and the like): no retry.
    #[error("{host} refused the request: {cause}")]
    Refused {
        /// Which host.
        host: String,
        /// What the host said.
        cause: String,
    },
}

/// What is left of a limit when our share of it is spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// What is left, for the other tools of the account.
    pub left: u64,
    /// The whole limit.
    pub limit: u64,
    /// Whether what happens now is still asked for, and only what is past has to wait.
    pub past: bool,
}

/// Where the token of a source comes from that asks without one, as most of its kind do.
pub const UNNAMED: &str = "not configured";

/// What is told where a host is away: nothing has to be done.
pub const TRIED_AGAIN: &str = "cards stay as they were; it is tried again by itself";

/// Why there is no token where the host wants one and the settings name none.
pub const WANTED: &str = "it lets nobody in without one";

impl SourceError {
    /// Returns what kind of trouble it is, where that decides what a person can do.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Auth { .. } => Some(Trouble::Token),
            Self::NoToken { cause, .. } if cause == WANTED => Some(Trouble::Token),
            Self::Unreachable { cause, .. } if told::is_answered(cause) => Some(Trouble::Server),
            Self::Unreachable { cause, .. } if !told::is_own_certificate(cause) => {
                Some(Trouble::Host)
            }
            Self::NoToken { .. }
            | Self::Forbidden { .. }
            | Self::RateLimited { .. }
            | Self::NotFound { .. }
            | Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::Refused { .. } => None,
        }
    }

    /// Returns what a person can do about it, as a sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Auth { host } => Some(format!(
                "check the token: `cycleboard doctor` shows where the one for {host} comes from"
            )),
            Self::NoToken { cause, .. } if cause == WANTED => {
                Some("let `token_env` or `token_command` of the source name one".to_owned())
            }
            Self::NoToken { .. } => {
                Some("set what `token_env` or `token_command` names, or leave it out".to_owned())
            }
            Self::Forbidden { permission, .. } => permission
                .as_ref()
                .map(|permission| format!("give the token the permission `{permission}`")),
            Self::RateLimited { .. } => {
                Some("polling goes on by itself when the limit resets".to_owned())
            }
            Self::NotFound {
                near: Some(near), ..
            } => Some(format!(
                "did you mean `{near}`? if not, check whether the token may see it"
            )),
            Self::NotFound { near: None, .. } => {
                Some("check the spelling, and whether the token may see it".to_owned())
            }
            Self::Unreachable { cause, .. } => Some(told::about_silence(cause)),
            Self::Unreadable { cause, .. } => told::about_answer(cause).map(str::to_owned),
            Self::Refused { .. } => None,
        }
    }
}
