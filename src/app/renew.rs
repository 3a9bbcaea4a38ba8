//! The engine beneath the board, made anew from settings that were saved.
//!
//! [`Beneath`] settles on the thread that reads files whether that can be: then it is a [`Plan`].
//! [`Keeper`] carries a plan out beside the loop: the old engine ends in order, the new one begins
//! on the same store, and [`Renewed`] tells the loop to listen to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::config_file::Text;
use crate::app::configuration::{layers, store_mistake};
use crate::app::effects::Done;
use crate::app::hidden::Hidden;
use crate::app::own::{Ground, Secrets};
use crate::app::place::Places;
use crate::app::rewind::Projector;
use crate::app::session::{Session, Tasks};
use crate::app::standup::desk::Desk;
use crate::app::unopened::try_open;
use crate::app::views::Views;
use crate::app::{env, named, reload, team};
use crate::config::{ConfigError, Layer, Settings, SourceConfig, place_of, place_of_word};
use crate::domain::arrange::SavedView;
use crate::domain::hide::Hides;
use crate::domain::history::Windows;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::db::Store;
use crate::engine::{Engine, Practice};
use crate::sources::{Account, token};

/// How long the screen shows the old board at most while the new engine reads the store.
const READING: Duration = Duration::from_secs(10);

/// What goes by the settings beside the engine, and not by the screen.
#[derive(Clone, Debug)]
pub struct Around {
    /// The store, of which history is read.
    pub store: Option<Store>,
    /// How the team works, and who it is.
    pub practice: Arc<Practice>,
    /// Who prepares the stand-up.
    pub standup: Desk,
    /// Who makes moments of the past.
    pub projector: Projector,
    /// Where saved views are kept.
    pub views: Views,
    /// Where it is kept what was put aside.
    pub hidden: Hidden,
    /// Where it is kept where the board was left.
    pub places: Option<Places>,
    /// What commands of the user stand on.
    pub ground: Ground,
}

impl Around {
    /// Settles it for a session.
    pub fn of(session: &Session, store: Option<Store>) -> Self {
        Self {
            store,
            practice: reload::practice(&session.settings),
            standup: Desk::of(session),
            projector: Projector::new(team::working_time(session)),
            views: Views::of(session),
            hidden: Hidden::of(session),
            places: Places::of(session),
            ground: ground(session),
        }
    }

    /// Returns the windows that end what was live.
    pub fn windows(&self) -> Windows {
        Windows::of(&self.practice.policy)
    }
}

/// Returns what commands of the user stand on.
pub fn ground(session: &Session) -> Ground {
    Ground {
        secrets: Secrets::of(&session.settings.sources, env::all()),
        home: directories::UserDirs::new().map(|dirs| dirs.home_dir().to_path_buf()),
        logs: session.logs.clone(),
        copies: session.paths.cache.join("copies"),
    }
}

/// What is kept for a board of another store.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What was put aside.
    pub hides: Hides,
    /// The views that were saved there.
    pub views: Vec<SavedView>,
    /// Why any of it is not known.
    pub trouble: Vec<String>,
}

/// An engine that can be started: its sources can be opened, and its store is.
pub struct Plan {
    session: Session,
    store: Option<Store>,
    polling: bool,
    /// What goes by the same settings.
    pub around: Around,
    /// What is kept for the board, where that is another one now.
    pub kept: Option<Kept>,
}

impl Plan {
    /// Starts the engine; whoever had the store before must have left it.
    async fn start(&self, tasks: &Tasks) -> Option<Engine> {
        let mut session = self.session.again(self.session.settings.clone());
        if let Some(store) = &self.store {
            session.bind(store);
        }
        let engine = session.start(self.store.clone(), self.polling, tasks).await;
        let mut engine = engine
            .inspect_err(|failure| tracing::error!(%failure, "engine"))
            .ok()?;
        engine.loaded(READING).await;
        Some(engine)
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").finish_non_exhaustive()
    }
}

/// Patterns cannot be compared, so that each is like itself alone.
impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// An engine in the place of the one before.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The way to it.
    pub engine: Engine,
    /// What goes by the same settings.
    pub around: Around,
    /// What is kept for the board, where that is another one now.
    pub kept: Option<Kept>,
}

impl PartialEq for Renewed {
    fn eq(&self, other: &Self) -> bool {
        self.engine.commands.same_channel(&other.engine.commands)
    }
}

/// Ends one engine and starts the next.
#[derive(Debug)]
pub struct Keeper {
    all: Tasks,
    running: Tasks,
}

impl Keeper {
    /// Builds it on the program's tasks, with those of the engine that runs.
    pub fn new(all: Tasks, running: Tasks) -> Self {
        Self { all, running }
    }

    /// Puts another engine in the place of the one that runs, and tells when it is there.
    pub fn renew(&mut self, plan: Arc<Plan>, tell: mpsc::Sender<Done>) {
        let next = self.all.within();
        let old = std::mem::replace(&mut self.running, next.clone());
        drop(self.all.tracker.spawn(async move {
            old.stop().await;
            let engine = plan.start(&next).await;
            let renewed = engine.map(|engine| Renewed {
                engine,
                around: plan.around.clone(),
                kept: plan.kept.clone(),
            });
            drop(tell.send(Done::Renewed(renewed.map(Box::new))).await);
        }));
    }
}

/// What keeps a source from being asked, and the key that it is about.
type Trouble = (SourceName, &'static str, String);

/// What the engine stands on, as it was last planned.
pub struct Beneath {
    session: Session,
    store: Option<Store>,
    polling: bool,
    /// Whether the sources and the store are those of the simulated team.
    simulated: bool,
    /// What the files said then.
    written: Vec<toml::Table>,
    /// What kept sources from being asked then.
    troubles: Vec<Trouble>,
}

impl std::fmt::Debug for Beneath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beneath").finish_non_exhaustive()
    }
}

impl Beneath {
    /// Begins with the engine that a session started on a store.
    pub fn of(session: &Session, store: Option<Store>, polling: bool) -> Self {
        Self {
            store: store.filter(|_| session.owns_store),
            polling,
            simulated: session.demo.is_some(),
            written: session.written.clone(),
            troubles: troubles(session),
            session: session.again(session.settings.clone()),
        }
    }

    /// Plans another engine where what is beneath the board is otherwise than it was; nothing
    /// where it is not, and all that is wrong where there can be none.
    pub fn plan(
        &mut self,
        settings: &Settings,
        texts: &[Text],
        practice: &Arc<Practice>,
    ) -> Result<Option<Arc<Plan>>, Vec<ConfigError>> {
        let written: Vec<toml::Table> = texts.iter().filter_map(reload::written).collect();
        if !reload::changed(&self.written, &written, self.simulated).beneath {
            self.written = written;
            return Ok(None);
        }
        let layers = layers(texts);
        let mut settings = settings.clone();
        let mut wrong = Vec::new();
        if self.simulated {
            let own = &self.session.settings;
            settings.sources.clone_from(&own.sources);
            settings.store.clone_from(&own.store);
        } else {
            wrong.extend(named::mistakes(&settings, &layers));
            wrong.extend(store_mistake(&settings, texts));
            if settings.sources.is_empty() {
                settings.sources.extend(self.session.of_clone());
            }
        }
        let session = self.session.again(settings);
        if let Some(lack) = session.lack().filter(|_| !self.simulated) {
            wrong.push(ConfigError {
                file: session.place.path.display().to_string(),
                line: 1,
                column: None,
                message: lack.message,
                hint: Some(lack.hint),
            });
        }
        let found = troubles(&session);
        // One that could not be asked before either is told of by its health, and stops nobody.
        let new = found.iter().filter(|it| !self.troubles.contains(it));
        wrong.extend(new.map(|it| told(it, &session.settings.sources, &layers)));
        let mut seen: Vec<ConfigError> = Vec::new();
        wrong.retain(|error| {
            let same = |it: &ConfigError| (&it.file, it.line) == (&error.file, error.line);
            let is_new = !seen.iter().any(same);
            seen.push(error.clone());
            is_new
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let store = self.store_of(&session, &layers)?;
        let is_other = session.board_name() != self.session.board_name();
        let around = Around {
            practice: Arc::clone(practice),
            ..Around::of(&session, store.clone())
        };
        let kept = is_other.then(|| kept(&around));
        self.session = session.again(session.settings.clone());
        self.store.clone_from(&store);
        self.written = written;
        self.troubles = found;
        Ok(Some(Arc::new(Plan {
            session,
            store,
            polling: self.polling,
            around,
            kept,
        })))
    }

    /// Returns the store of a session: the one that is open, where it is the same.
    fn store_of(
        &self,
        session: &Session,
        layers: &[Layer<'_>],
    ) -> Result<Option<Store>, Vec<ConfigError>> {
        let (before, now) = (&self.session, session);
        let is_there = before.store_file() == now.store_file();
        let keeps = before.settings.history.days == now.settings.history.days;
        if self.simulated && self.store.is_none() || is_there && keeps && self.store.is_some() {
            return Ok(self.store.clone());
        }
        let why = match now.open_unbound() {
            // In memory as before: nothing is lost by it.
            Ok((store, opened)) if opened.file.is_some() || is_there => return Ok(Some(store)),
            Ok((_, opened)) => {
                let notices: Vec<&str> = opened.notices.iter().map(Clean::as_str).collect();
                // What is done about it at the start is not done here.
                let notices = notices.join("; ");
                notices.split(';').next().unwrap_or_default().to_owned()
            }
            Err(_) if is_there => return Ok(self.store.clone()),
            Err(failure) => failure.to_string(),
        };
        let (file, line) = place_of(layers, &["store", "url"]).unwrap_or(("[store]", 1));
        Err(vec![ConfigError {
            file: file.to_owned(),
            line,
            column: None,
            message: format!("`url` of the store: {why}"),
            hint: None,
        }])
    }
}

/// Returns what is kept for a board.
fn kept(around: &Around) -> Kept {
    let (hides, lost) = around.hidden.load();
    let (views, trouble) = around.views.load();
    Kept {
        hides,
        views,
        trouble: [lost, trouble].into_iter().flatten().collect(),
    }
}

/// Returns what keeps the sources of a session from being asked, as far as that is known before
/// they are.
fn troubles(session: &Session) -> Vec<Trouble> {
    let ground = session.ground(None);
    let of = |source: &SourceConfig| {
        let trouble = |key, why| Some((source.name.clone(), key, why));
        if let Account::Missing(why) = token::account(source, &ground.env) {
            return trouble("token_env", why);
        }
        let opened = try_open(source, &ground);
        trouble("name", opened.err()?.to_string())
    };
    session.settings.sources.iter().filter_map(of).collect()
}

/// Returns a trouble of a source with its place in the files.
fn told((name, key, why): &Trouble, sources: &[SourceConfig], layers: &[Layer<'_>]) -> ConfigError {
    let source = sources.iter().find(|source| source.name == *name);
    let variable = source.and_then(|source| source.token_env.as_deref());
    let by_key = variable.filter(|_| *key == "token_env");
    let place = by_key.and_then(|word| place_of_word(layers, "source", key, word));
    let place = place.or_else(|| place_of_word(layers, "source", "name", name.as_str()));
    let place = place.or_else(|| place_of(layers, &["source"]));
    let (file, line) = place.unwrap_or(("[[source]]", 1));
    ConfigError {
        file: file.to_owned(),
        line,
        column: None,
        message: format!("source `{name}`: {why}"),
        hint: (*key == "token_env").then(|| {
            "the board has the variables that it was started with: set it and start again"
                .to_owned()
        }),
    }
}
