//! What a command stands on: settings, directories, sources, and the engine once it runs.
//!
//! Settles where the settings come from (file, clone, demo); what they mean is
//! `config`'s, and what a command does with them its own.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::app::cli::{DemoScale, Global};
use crate::app::config_file::{self, Place};
use crate::app::demo::Demo;
use crate::app::env::Env;
use crate::app::exit::Failure;
use crate::app::paths::{self, Paths};
use crate::app::pins::Pins;
use crate::app::settings::{file_of_store, read_all};
pub use crate::app::tasks::Tasks;
use crate::app::unopened::open_source;
use crate::app::{clock, clone, configuration, redact, reload, waiting};
use crate::config::{Settings, SourceConfig};
use crate::domain::text::Clean;
use crate::engine::actions::Acting;
use crate::engine::db::{Bound, Limits, Opened, Store};
use crate::engine::logs::FileLogs;
use crate::engine::{Engine, Options, Tells};
use crate::sources::http::{Clock, Ground, NoValidators};
use crate::sources::{Source, token, usual};

/// Where a source comes from that nobody configured.
pub(super) const THIS_CLONE: &str = "the clone in the current directory";

/// What a command stands on.
pub struct Session {
    /// The environment.
    pub env: Env,
    /// The directories.
    pub paths: Paths,
    /// What holds for every command.
    pub global: Global,
    /// Where the user's file is looked for.
    pub place: Place,
    /// The files that were read, as the user named them.
    pub files: Vec<String>,
    /// What the files say.
    pub written: Vec<toml::Table>,
    /// The theme that the files name, whatever the command line says.
    pub told_theme: String,
    /// The settings in force.
    pub settings: Settings,
    /// Where the sources come from, in words, for `doctor`.
    pub sources_from: String,
    /// The simulated team, if this is the demo.
    pub demo: Option<Demo>,
    /// Reads the clock.
    pub clock: Clock,
    /// The logs of finished jobs.
    pub logs: FileLogs,
    /// Why the host of the clone did not show what it is, where it was asked.
    pub refused: Option<String>,
    /// Whether the engine that was started last keeps what it knows in the store that it was given.
    pub owns_store: bool,
}

impl Session {
    /// Reads and checks the settings.
    pub fn load(global: Global, env: Env, demo: Option<&DemoScale>) -> Result<Self, Failure> {
        let paths = Paths::find()?;
        let place = config_file::place(global.config.as_deref(), &env, &paths);
        let clock = clock::system();
        let here = std::env::current_dir().ok();
        let texts = read_all(&place, here.as_deref())?;
        let mut settings = configuration::merge(&texts, &configuration::themes_in(&paths))?;
        let mut sources_from = texts
            .first()
            .map_or_else(String::new, |text| format!("`{}`", text.name));
        let demo = demo.map(|scale| Demo::new(scale, &paths));
        let paths = demo
            .as_ref()
            .map_or(paths.clone(), |demo| paths.apart(&demo.name));
        if demo.is_some() {
            settings.sources.clear();
            settings.policy = crate::app::demo::policy(settings.policy)?;
            settings.store.url = None;
            "the simulated team".clone_into(&mut sources_from);
        } else if settings.sources.is_empty()
            && let Some(here) = &here
        {
            let shown = clone::memory::recall(&paths.hosts(), clock());
            if let Some(source) = clone::source(here, &env, shown) {
                settings.sources.push(source);
                THIS_CLONE.clone_into(&mut sources_from);
            }
        }
        let written = texts.iter().filter_map(reload::written).collect();
        let told_theme = settings.ui.theme.clone();
        reload::over(&global, &mut settings);
        know_tokens(&env, &settings);
        let spare = std::env::temp_dir();
        Ok(Self {
            logs: FileLogs::new(&paths.job_logs(), &spare, Arc::clone(&clock)),
            env,
            paths,
            global,
            place,
            files: texts.into_iter().map(|text| text.name).collect(),
            written,
            told_theme,
            settings,
            sources_from,
            demo,
            clock,
            refused: None,
            owns_store: true,
        })
    }

    /// Makes what a command stands on from settings that were just made.
    pub fn of(global: Global, env: Env, place: Place, settings: Settings) -> Result<Self, Failure> {
        let paths = Paths::find()?;
        let clock = clock::system();
        know_tokens(&env, &settings);
        let name = place.path.display().to_string();
        Ok(Self {
            logs: FileLogs::new(&paths.job_logs(), &std::env::temp_dir(), Arc::clone(&clock)),
            env,
            paths,
            global,
            sources_from: format!("`{name}`"),
            files: vec![name],
            written: Vec::new(),
            told_theme: settings.ui.theme.clone(),
            place,
            settings,
            demo: None,
            clock,
            refused: None,
            owns_store: true,
        })
    }

    /// Returns the same with other settings, in the same place; a simulated team is asked on by the
    /// sources that it has.
    #[must_use]
    pub fn again(&self, settings: Settings) -> Self {
        know_tokens(&self.env, &settings);
        Self {
            env: self.env.clone(),
            paths: self.paths.clone(),
            global: self.global.clone(),
            place: self.place.clone(),
            files: self.files.clone(),
            written: self.written.clone(),
            told_theme: self.told_theme.clone(),
            settings,
            sources_from: self.sources_from.clone(),
            demo: None,
            clock: Arc::clone(&self.clock),
            logs: self.logs.clone(),
            refused: None,
            owns_store: self.owns_store,
        }
    }

    /// Returns the source that the clone in the current directory is, where nobody configured any.
    pub(super) fn of_clone(&self) -> Option<SourceConfig> {
        let here = std::env::current_dir().ok()?;
        let shown = clone::memory::recall(&self.paths.hosts(), (self.clock)());
        clone::source(&here, &self.env, shown)
    }

    /// Opens the store; one that cannot be had is told of, and the board works without.
    pub fn open_store(&self) -> Result<(Store, Opened), Failure> {
        let (store, opened) = self.open_unbound()?;
        self.bind(&store);
        Ok((store, opened))
    }

    /// Opens the store without telling it what the sources are.
    pub(super) fn open_unbound(&self) -> Result<(Store, Opened), Failure> {
        let file = self.store_file();
        // Where that fails the store stays in memory, and the board says why. A folder that the
        // configuration names is not ours to close.
        if let Some(dir) = file.parent()
            && dir.starts_with(&self.paths.state)
            && let Err(error) = paths::make_private(dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "cannot be made private");
        }
        // What a window of so many days is compared with is a little older.
        let days = i64::from(self.settings.history.days) + 10;
        let limits = Limits {
            history: TimeDelta::days(days).max(Limits::default().history),
            ..Limits::default()
        };
        let opened = Store::open_with(&file, (self.clock)(), limits);
        opened.map_err(|error| {
            Failure::error(format!(
                "cannot open the store `{}`: {error}",
                file.display()
            ))
        })
    }

    /// Tells a store what the sources are.
    pub(super) fn bind(&self, store: &Store) {
        // The demo has a store of its own and no sources yet; nothing of it is bound.
        let env = self.env.reader();
        let bound = |source| Bound::new(source, &token::account(source, &env));
        store.bind(self.settings.sources.iter().map(bound));
    }

    /// Returns where the store is.
    pub fn store_file(&self) -> PathBuf {
        let named = self.settings.store.url.as_deref().map(file_of_store);
        named.unwrap_or_else(|| self.paths.store())
    }

    /// Returns what tells this board from others in files that are kept for each: its store.
    pub fn board_name(&self) -> String {
        self.store_file().display().to_string()
    }

    /// Returns what sources stand on; nothing that changes anything leaves one that stands on it.
    pub fn ground(&self, store: Option<&Store>) -> Ground {
        Ground {
            clock: Arc::clone(&self.clock),
            env: self.env.reader(),
            validators: store.map_or_else(|| Arc::new(NoValidators) as _, Store::validators),
            logs: Arc::new(self.logs.clone()),
            read_only: true,
            know: redact::know,
        }
    }

    /// Opens every source for reading; one that cannot be opened tells why instead of answering.
    pub fn open_sources(&self, store: Option<&Store>) -> Vec<Box<dyn Source>> {
        self.open_sources_for(store, Beside::default())
    }

    /// Opens every source; nothing that changes anything leaves the client of one unless `acts`
    /// and its `writes` say so.
    fn open_sources_for(&self, store: Option<&Store>, beside: Beside) -> Vec<Box<dyn Source>> {
        let ground = self.ground(store);
        let acts = beside.acts && !self.global.read_only;
        // The past is told and kept, or it is not worth a request.
        let told = store.filter(|_| beside.tells != Tells::Nothing);
        let past_days = told.map_or(0, |_| self.settings.history.days);
        let open = |config: &SourceConfig| {
            let read_only = !acts || config.writes.is_empty();
            let config = &SourceConfig {
                past_days,
                ..config.clone()
            };
            open_source(
                config,
                &Ground {
                    read_only,
                    ..ground.clone()
                },
            )
        };
        self.settings.sources.iter().map(open).collect()
    }

    /// Returns what may be done at sources: what each allows by its `writes`.
    fn acting(&self, polling: bool, acts: bool) -> Acting {
        let forbidden = if self.global.read_only {
            Some("nothing is changed with `--read-only`")
        } else if !polling {
            Some("nothing is changed with `--offline`")
        } else if !acts {
            Some("nothing is changed by a command that prints")
        } else {
            None
        };
        if let Some(why) = forbidden {
            return Acting {
                forbidden: Some(Clean::line(why)),
                ..Acting::default()
            };
        }
        let writes = self.settings.sources.iter().map(|source| {
            let words = source.writes.iter().map(|action| action.as_str());
            (source.name.clone(), words.collect())
        });
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
        let who = format!(
            "{}@{}",
            self.env.get("USER").unwrap_or_default(),
            host.unwrap_or_default().trim()
        );
        Acting {
            writes: writes.collect(),
            forbidden: None,
            journal: Some(self.paths.journal()),
            who: Clean::line(&who).to_string(),
            production: Some(self.settings.policy.production.clone()),
        }
    }

    /// Starts the simulated team, if this is the demo and somebody is to be asked; returns whether
    /// the store is its own.
    pub async fn begin_demo(&mut self, polling: bool, tasks: &Tasks) -> Result<bool, Failure> {
        let Some(demo) = &mut self.demo else {
            return Ok(true);
        };
        let begun = if polling {
            let (tracker, cancel) = &tasks.forge;
            demo.begin(&self.clock, tracker, cancel).await?
        } else {
            demo.recollect()?
        };
        if !begun.is_the_stores && !std::io::stdout().is_terminal() {
            waiting::say(
                "note: another demo of this team has the store; what is new here is kept in memory only",
            );
        }
        let own = begun.is_the_stores;
        self.take_team(begun);
        Ok(own)
    }

    /// Starts the engine, and before it the simulated team if this is the demo.
    pub async fn start(
        &mut self,
        store: Option<Store>,
        polling: bool,
        tasks: &Tasks,
    ) -> Result<Engine, Failure> {
        let all = Beside {
            acts: polling,
            looks_into: polling,
            tells: if polling {
                Tells::AsItComes
            } else {
                Tells::Nothing
            },
            haste: false,
            joins: false,
        };
        self.start_for(store, polling, all, tasks).await
    }

    /// Starts the engine for a command that does one thing.
    pub async fn start_to_act(
        &mut self,
        store: Option<Store>,
        tasks: &Tasks,
    ) -> Result<Engine, Failure> {
        let beside = Beside {
            acts: true,
            looks_into: true,
            tells: Tells::AsItComes,
            haste: true,
            joins: false,
        };
        self.start_for(store, true, beside, tasks).await
    }

    /// Starts the engine for a command that prints and changes nothing; `looks_into` says whether
    /// red cards are looked into without being asked about, `haste` whether a source that says
    /// nothing is left behind.
    pub async fn start_to_print(
        &mut self,
        store: Option<Store>,
        (polling, haste): (bool, bool),
        looks_into: bool,
        tasks: &Tasks,
    ) -> Result<Engine, Failure> {
        let beside = Beside {
            looks_into,
            haste,
            ..Beside::default()
        };
        self.start_for(store, polling, beside, tasks).await
    }

    /// Starts the engine for a command that prints what was: history is told before, as `tells` says.
    pub async fn start_to_recall(
        &mut self,
        store: Option<Store>,
        (polling, haste): (bool, bool),
        tells: Tells,
        tasks: &Tasks,
    ) -> Result<Engine, Failure> {
        let beside = Beside {
            haste,
            joins: true,
            tells: if polling { tells } else { Tells::Nothing },
            ..Beside::default()
        };
        self.start_for(store, polling, beside, tasks).await
    }

    async fn start_for(
        &mut self,
        store: Option<Store>,
        polling: bool,
        beside: Beside,
        tasks: &Tasks,
    ) -> Result<Engine, Failure> {
        let joined = beside.joins && polling && self.join_demo();
        let own = joined || self.begin_demo(polling, tasks).await?;
        self.owns_store = own;
        let store = store.filter(|_| own);
        let acts = beside.acts;
        if acts {
            // What is too old or was left half written goes while nobody waits.
            let logs = self.logs.clone();
            tasks.tracker.spawn_blocking(move || logs.tidy());
        }
        let sources = self.open_sources_for(store.as_ref(), beside);
        let mut policy = self.settings.policy.clone();
        policy.pins = Pins::at(self.paths.pins()).load();
        let options = Options {
            sources,
            policy,
            columns: self.settings.board.columns.clone(),
            store,
            attention: super::team::attention(self),
            polling,
            looks_into: beside.looks_into,
            looks_back: self.settings.history.days > 0,
            tells: beside.tells,
            haste: beside.haste,
            clock: Arc::clone(&self.clock),
            logs: Arc::new(self.logs.clone()),
            acting: self.acting(polling, acts),
        };
        Ok(crate::engine::start(options, &tasks.tracker, &tasks.cancel))
    }

    /// Returns the store, or nothing and a word in the log.
    pub fn store_or_none(&self) -> Option<Store> {
        match self.open_store() {
            Ok((store, _)) => Some(store),
            Err(failure) => {
                tracing::warn!(%failure, "store");
                None
            }
        }
    }
}

/// What the engine does beside keeping the board.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Beside {
    /// Whether anything may be changed.
    acts: bool,
    /// Whether red cards are looked into without being asked about.
    looks_into: bool,
    /// What is told of history.
    tells: Tells,
    /// Whether a source that says nothing is left behind.
    haste: bool,
    /// Whether a simulated team that another demo shows is asked, and not one made for this.
    joins: bool,
}

/// Tells the redactor every token that the environment holds, whether it is used or not; those that
/// commands print it is told where they are bound.
fn know_tokens(env: &Env, settings: &Settings) {
    let own = settings
        .sources
        .iter()
        .filter_map(|source| source.token_env.as_deref());
    // That of a job is none of ours, and is nobody else's business either.
    let usual = usual::variables().into_iter();
    let usual = usual.chain(usual::NEVER.iter().copied());
    for token in usual.chain(own).filter_map(|name| env.get(name)) {
        redact::know(&SecretString::from(token.trim().to_owned()));
    }
}
