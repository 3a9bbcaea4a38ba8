//! The demo: starts the simulated team's forge and makes it the one source.
//!
//! Remembers where and since when a team was simulated, so that the second
//! start goes on where the first one ended, with a warm store.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::app::cli::DemoScale;
use crate::app::exit::Failure;
use crate::app::output;
use crate::app::paths::{self, Paths};
use crate::app::runtime::runtime;
use crate::app::session::{Tasks, kinds};
use crate::app::{clock, signals};
use crate::config::{Action, Settings, SourceConfig, Trust};
use crate::demo::Options;
use crate::demo::forge::{self, Forge};
use crate::demo::scenario::team::ORG;
use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::policy::Policy;
use crate::sources::http::Clock;

/// Where the source finds the token of the simulated forge.
pub const TOKEN_ENV: &str = "CYCLEBOARD_DEMO_TOKEN";

/// What the screen says as long as it shows simulated data.
pub const BANNER: &str = "simulated data";

/// How long a simulated team is kept before a new one begins.
const KEPT: TimeDelta = TimeDelta::hours(12);

/// What stands for the port of a team that never was: nobody listens there.
const NOBODYS_PORT: u16 = 1;

/// A simulated team.
#[derive(Debug)]
pub struct Demo {
    /// A name of its directory: the same for the same team.
    pub name: String,
    options: Options,
    state: PathBuf,
    forge: Option<Forge>,
}

/// A simulated team that can be asked.
#[derive(Debug)]
pub struct Begun {
    /// The source that asks it.
    pub source: SourceConfig,
    /// The token that it accepts.
    pub token: String,
    /// Whether the store holds this very forge's data; another demo may hold its place.
    pub is_the_stores: bool,
}

/// What is remembered of a team between two starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Memory {
    port: u16,
    origin: Timestamp,
}

impl Demo {
    /// Settles which team it is; nothing is started yet.
    pub fn new(scale: &DemoScale, paths: &Paths) -> Self {
        let options = options(scale);
        let name = format!(
            "demo-{}-{}-{}-{}",
            options.seed, options.repos, options.cards, options.speed
        );
        let state = paths.apart(&name).state.join("team");
        Self {
            name,
            options,
            state,
            forge: None,
        }
    }

    /// Starts the forge where it was before, if it can be had.
    pub async fn begin(
        &mut self,
        clock: &Clock,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> Result<Begun, Failure> {
        let now = clock();
        let known = self.recall().filter(|memory| now - memory.origin < KEPT);
        let origin = known.map_or(now, |memory| memory.origin);
        let port = known.map_or(0, |memory| memory.port);
        let mut options = Options {
            port,
            origin: Some(origin),
            ..self.options.clone()
        };
        tell_of_building(&options);
        let mut started = forge::start(options.clone(), Arc::clone(clock), tracker, cancel).await;
        let is_taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
        let taken = started.as_ref().is_err_and(is_taken);
        if taken {
            // Most likely the same team on another terminal: this one stays in memory.
            options.port = 0;
            started = forge::start(options, Arc::clone(clock), tracker, cancel).await;
        }
        let forge = started.map_err(|error| {
            Failure::error(format!("cannot serve the simulated forge: {error}"))
        })?;
        if known.is_none() {
            self.remember(Memory {
                port: forge.url().port().unwrap_or_default(),
                origin,
            });
        }
        let begun = Begun {
            source: source(forge.url().clone()),
            token: forge.token().to_owned(),
            is_the_stores: !taken,
        };
        self.forge = Some(forge);
        Ok(begun)
    }

    /// Returns the team as it is remembered, to be looked up in the store: nobody is asked, so no
    /// forge is started, and its port may meanwhile be another's.
    pub fn recollect(&self) -> Result<Begun, Failure> {
        let port = self.recall().map_or(NOBODYS_PORT, |memory| memory.port);
        let url = Url::parse(&format!("http://{}:{port}/", Ipv4Addr::LOCALHOST));
        let url = url.map_err(|error| Failure::error(format!("cannot name the forge: {error}")))?;
        Ok(Begun {
            source: source(url),
            token: forge::TOKEN.to_owned(),
            is_the_stores: true,
        })
    }

    /// Returns whether the store would hold the data of another forge, and must be made anew.
    pub fn forgets_store(&self, now: Timestamp) -> bool {
        self.recall()
            .is_none_or(|memory| now - memory.origin >= KEPT)
    }

    fn recall(&self) -> Option<Memory> {
        let text = std::fs::read_to_string(&self.state).ok()?;
        let (port, origin) = text.trim().split_once(' ')?;
        Some(Memory {
            port: port.parse().ok().filter(|port| *port != 0)?,
            origin: chrono::DateTime::parse_from_rfc3339(origin).ok()?.to_utc(),
        })
    }

    /// Without it the next start is a cold one, which is no harm.
    fn remember(&self, memory: Memory) {
        if let Some(dir) = self.state.parent() {
            drop(paths::make_private(dir));
        }
        let text = format!("{} {}\n", memory.port, memory.origin.to_rfc3339());
        if let Err(error) = paths::write_private(&self.state, &text) {
            tracing::warn!(%error, "demo");
        }
    }
}

/// How many cards take so long to make up that it must be told.
const MANY: usize = 5_000;

/// Says to people why nothing is seen yet, where a large team is made up.
fn tell_of_building(options: &Options) {
    if options.cards >= MANY && io::stderr().is_terminal() {
        let text = "building the simulated team …";
        // Nobody is told where there is nobody.
        drop(writeln!(io::stderr(), "{text}"));
    }
}

fn options(scale: &DemoScale) -> Options {
    let usual = Options::default();
    let count = |number: Option<u32>, usual: usize| {
        number
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(usual)
    };
    Options {
        seed: scale.seed.unwrap_or(usual.seed),
        speed: scale.speed.unwrap_or(crate::demo::LIVELY),
        repos: count(scale.repos, usual.repos),
        cards: count(scale.cards, usual.cards),
        ..usual
    }
}

/// Returns how the simulated team works.
pub fn policy() -> Result<Policy, Failure> {
    let settings = Settings::parse(crate::demo::BOARD, "the demo", Trust::User, &kinds());
    settings.map(|settings| settings.policy).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        Failure::error(format!(
            "the simulated team's settings do not hold: {first}"
        ))
    })
}

fn source(url: Url) -> SourceConfig {
    SourceConfig {
        name: SourceName::new("demo"),
        kind: "github".to_owned(),
        url,
        repos: Vec::new(),
        orgs: vec![ORG.to_owned()],
        token_env: Some(TOKEN_ENV.to_owned()),
        token_command: None,
        ca_file: None,
        insecure_http: false,
        // A simulated team: what is done here hurts nobody.
        writes: vec![Action::Rerun, Action::Cancel],
        extras: crate::config::Extras::default(),
    }
}

/// Serves the forge alone until a signal ends it.
pub fn serve(scale: &DemoScale, port: u16) -> Result<u8, Failure> {
    let tasks = Tasks::default();
    let watched = signals::watch(&tasks.cancel)?;
    runtime()?.block_on(async {
        let options = Options {
            port,
            ..options(scale)
        };
        let started = forge::start(options, clock::system(), &tasks.tracker, &tasks.cancel).await;
        let forge = started.map_err(|error| {
            let address = (Ipv4Addr::LOCALHOST, port);
            Failure::error(format!(
                "cannot listen on {}:{}: {error}",
                address.0, address.1
            ))
            .hint("`--port 0` takes any port that is free")
        })?;
        output::print(&format!(
            "{url}\norganisation: {org}\ntoken: {token}\n",
            url = forge.url(),
            org = forge.org(),
            token = forge.token(),
        ))?;
        tasks.cancel.cancelled().await;
        tasks.end().await;
        Ok(watched.ending().get().unwrap_or_default())
    })
}
