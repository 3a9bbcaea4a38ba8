//! The board on a terminal: first a frame from the store, then everything else.
//!
//! Puts store, screen, engine and loop together in the order that shows
//! something soonest. What is drawn is `ui`'s, what is known the engine's.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

use crate::app::cli::BoardArgs;
use crate::app::effects::Effects;
use crate::app::env::{self, Abilities};
use crate::app::exit::{Exit, Failure};
use crate::app::guard::{Features, Guard};
use crate::app::hidden::Hidden;
use crate::app::notify::{self, Herald, Voice, Watch};
use crate::app::pins::Pins;
use crate::app::place::Places;
use crate::app::reload::{self, Reloader, Told};
use crate::app::renew::{self, Around, Beneath, Keeper};
use crate::app::run::{App, Ends, Look, Standing};
use crate::app::runtime::behind_a_screen;
use crate::app::screen::TerminalScreen;
use crate::app::session::{Session, Tasks};
use crate::app::signals::{self, Signals};
use crate::app::surround::Surround;
use crate::app::themes::{Auto, Themes};
use crate::app::tty::Events;
use crate::app::views::{self, Views};
use crate::app::{clock, configuration, demo, ground, team, waiting};
use crate::config::Links;
use crate::domain::Timestamp;
use crate::engine::db::Store;
use crate::engine::snapshot::Snapshot;
use crate::ui;
use crate::ui::encode::Dialect;
use crate::ui::keymap::Keymap;
use crate::ui::state::{UiOptions, UiState, View};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};
use crate::ui::wall::WallState;

/// How long a signal may take to arrive after what it is about.
const MOMENT: Duration = Duration::from_millis(200);

/// Returns whether the board can be drawn on this terminal.
pub fn has_terminal(session: &Session) -> bool {
    std::io::stdout().is_terminal() && env::abilities(&session.env).full_screen
}

/// Returns why the board cannot be drawn, where there is a terminal that somebody looks at.
pub fn cannot_draw(session: &Session) -> Option<String> {
    if has_terminal(session) || !std::io::stdout().is_terminal() {
        return None;
    }
    let term = session.env.get("TERM");
    Some(term.filter(|term| !term.is_empty()).map_or_else(
        || "`TERM` is not set and the board cannot be drawn".to_owned(),
        |term| format!("the board cannot be drawn with `TERM={term}`"),
    ))
}

/// Runs the board until somebody leaves it; `wall` says that it is nothing but the wall.
pub fn run(mut session: Session, args: &BoardArgs, wall: bool) -> Result<Exit, Failure> {
    session.require_sources()?;
    let filter = super::once::filter(args.filter.as_deref())?;
    let abilities = env::abilities(&session.env);
    let themes = themes(&session, abilities);
    let (keymap, theme) = configuration::screen(&session, &themes)?;
    let tasks = Tasks::default();
    let (store, first) = open_store(&session, args.offline);
    let signals = watch_signals(&tasks.cancel)?;
    let mut state = UiState::new(UiOptions {
        offline: args.offline,
        ..options(&session, keymap)
    });
    state.wall = wall.then(|| WallState::new((session.clock)(), true));
    state.pins = Pins::at(session.paths.pins()).load();
    state.themes = themes.choices();
    state.mouse = session.settings.ui.mouse && abilities.mouse;
    let standing = standing(&session, abilities, &state, &themes);
    state.links = standing.has_links && session.settings.ui.links == Links::Auto;
    state.rest.dialect = dialect(&session, abilities);
    let places = Places::of(&session);
    take_views(&session, args, &mut state)?;
    let (view, chosen) = go_back(places.as_ref(), args, &mut state, (session.clock)());
    // What the command line names goes before what was chosen earlier.
    let chosen = chosen.filter(|_| session.global.theme.is_none());
    let theme = wear(chosen, theme, &themes, &mut state, (session.clock)());
    if args.filter.is_some() {
        state.filter.query = filter;
    }
    let mut look = Look {
        terminal: take_terminal(&session, abilities)?,
        state,
        theme,
        themes,
        surround: Surround::of(&session.env, abilities.title, session.settings.ui.motion),
        snapshot: Arc::new(first),
        clock: Arc::clone(&session.clock),
    };
    let snapshot = Arc::clone(&look.snapshot);
    // Nothing is asked for before a person has opened anything.
    drop(ui::update::on_snapshot(
        &mut look.state,
        &snapshot,
        clock::now(),
    ));
    // What it asks for is asked with the first board of the engine.
    look.state.view = view;
    let begins = session.demo.as_ref().filter(|_| !args.offline);
    if let Some(text) = begins.and_then(demo::Demo::building) {
        look.state.notify(text, clock::now());
    }
    look.draw()?;
    look.terminal.backend_mut().finish()?;
    let ending = signals.ending();
    let screen = (look, standing);
    let live = live(&mut session, screen, store, !args.offline, signals, &tasks);
    let outcome = behind_a_screen()?.block_on(async {
        let outcome = Box::pin(live).await;
        if outcome.is_err() {
            // The terminal is gone most likely, and the signal that says so is under way.
            drop(tokio::time::timeout(MOMENT, tasks.cancel.cancelled()).await);
        }
        outcome
    });
    match (ending.get(), outcome) {
        (Some(signal), _) => Ok(Exit::Signal(signal)),
        (None, outcome) => outcome.map(|()| Exit::Fine),
    }
}

/// Brings the board to where it was left; returns the view that is shown then, and the theme that
/// was chosen. What the command line names goes before that.
fn go_back(
    places: Option<&Places>,
    args: &BoardArgs,
    state: &mut UiState,
    now: Timestamp,
) -> (View, Option<String>) {
    let Some((place, trouble)) = places.map(Places::load) else {
        return (state.view, None);
    };
    if let Some(text) = trouble {
        state.notify_error(text, now);
    }
    let view = match (&args.view, &args.filter) {
        (Some(_), _) => state.view,
        (None, Some(_)) => View::Board,
        (None, None) => place.view(),
    };
    if args.view.is_none() {
        state.go_back_to(&place);
    }
    (view, state.look_as(&place))
}

/// Returns the theme that was chosen earlier; one that is gone gives way to the other.
fn wear(
    chosen: Option<String>,
    theme: Theme,
    themes: &Themes,
    state: &mut UiState,
    now: Timestamp,
) -> Theme {
    let Some(name) = chosen else {
        return theme;
    };
    match themes.find(&name) {
        Ok(theme) => {
            state.theme = name;
            theme
        }
        Err(error) => {
            state.notify_error(error, now);
            theme
        }
    }
}

/// Takes the saved views over, and goes to the one that the command line names.
fn take_views(session: &Session, args: &BoardArgs, state: &mut UiState) -> Result<(), Failure> {
    let now = (session.clock)();
    state.saved.given = views::given(&session.settings);
    let (own, trouble) = Views::of(session).load();
    state.saved.own = own;
    for flaw in &session.settings.flaws {
        let hint = flaw.hint.as_ref();
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        state.notify_error(format!("{flaw}{hint}"), now);
    }
    let (hides, lost) = Hidden::of(session).load();
    state.hides = hides;
    for text in [trouble, lost].into_iter().flatten() {
        state.notify_error(text, now);
    }
    if let Some(name) = &args.view {
        let view = views::find(session, name)?;
        state.arrange(&view.shows);
        state.saved.current = Some(view.name);
    }
    Ok(())
}

/// Returns the store and the board as it was last seen.
fn open_store(session: &Session, offline: bool) -> (Option<Store>, Snapshot) {
    let demo = session.demo.as_ref().filter(|_| !offline);
    if demo.is_some_and(|demo| !demo.holds_store()) {
        // Another demo fills it, and may have been at other addresses.
        return (None, Snapshot::default());
    }
    let stale = demo.is_some_and(|demo| demo.forgets_store(clock::now()));
    if stale {
        let file = session.store_file();
        // Made by another simulated forge: nothing in it would ever be asked for again.
        for end in ["", "-wal", "-shm"] {
            let mut name = file.clone().into_os_string();
            name.push(end);
            drop(std::fs::remove_file(name));
        }
    }
    let store = session.store_or_none();
    let first = store.as_ref().and_then(Store::first_screen);
    (store, first.unwrap_or_default())
}

/// Runs the engine and the loop until they end.
async fn live(
    session: &mut Session,
    (mut look, standing): (Look<TerminalScreen>, Standing),
    store: Option<Store>,
    polling: bool,
    signals: Signals,
    tasks: &Tasks,
) -> Result<(), Failure> {
    // What the terminal does meanwhile is not missed.
    let events = Events::open()
        .map_err(|error| Failure::error(format!("there is no keyboard to read from: {error}")))?;
    let running = tasks.within();
    let engine = session.start(store.clone(), polling, &running).await?;
    events
        .begin()
        .map_err(|error| Failure::error(format!("cannot read the keyboard: {error}")))?;
    look.terminal.backend_mut().reads(events.clone());
    let ends = Ends {
        input: events,
        snapshots: engine.snapshots,
        commands: engine.commands,
        jobs: signals.jobs,
        effects: effects(session, tasks)
            .standing_on(Around::of(session, store.clone()))
            .with_keeper(Keeper::new(tasks.clone(), running))
            .with_reloader(Reloader::of(session, Beneath::of(session, store, polling))),
        cancel: tasks.cancel.clone(),
    };
    let watch = Watch::new(session.settings.notify.clone(), (session.clock)());
    let mut app = App::new(look, ends).watched(watch).standing(standing);
    let (app, outcome) = match app.ask_ground() {
        Ok(()) => app.run().await,
        Err(error) => (app, Err(error)),
    };
    let sent = app.look().terminal.backend().sent();
    tracing::info!(
        frames = sent.frames,
        writes = sent.writes,
        bytes = sent.bytes,
        "screen"
    );
    let place = app.look().state.place();
    let places = app.places();
    // The screen is given back before anything is waited for.
    drop(app);
    waiting::say_held();
    // Whatever ended it: where somebody was is where they go on.
    let trouble = places.and_then(|places| places.keep(place, clock::now()));
    if let Some(text) = trouble {
        waiting::say(&format!("note: {text}"));
    }
    tasks.end().await;
    outcome.map_err(|error| Failure::error(format!("the terminal is gone: {error}")))
}

/// Puts together what is done outside the screen.
pub(super) fn effects(session: &Session, tasks: &Tasks) -> Effects {
    let voice = Voice::new(&session.settings.notify, &session.env);
    let told = notify::Told::at(session.paths.state.join("notified"));
    let downloads = directories::UserDirs::new()
        .and_then(|dirs| dirs.download_dir().map(std::path::Path::to_path_buf));
    let pins = Pins::at(session.paths.pins());
    let mut effects = Effects::new(tasks.tracker.clone(), pins);
    effects.people_are(Arc::clone(&session.settings.policy.people));
    effects
        .with_logs(session.logs.clone(), downloads, tasks.cancel.clone())
        .with_herald(Herald::new(voice, told, &session.env))
        .with_own(renew::ground(session), tasks.cancel.clone())
}

fn watch_signals(cancel: &CancellationToken) -> Result<Signals, Failure> {
    signals::watch(cancel)
        .map_err(|error| Failure::error(format!("cannot watch for signals: {error}")))
}

fn take_terminal(
    session: &Session,
    abilities: Abilities,
) -> Result<Terminal<TerminalScreen>, Failure> {
    let features = Features {
        mouse: session.settings.ui.mouse && abilities.mouse,
        title: abilities.title,
        kitty: session.settings.keys.kitty,
    };
    let dialect = dialect(session, abilities);
    let take = || -> std::io::Result<Terminal<TerminalScreen>> {
        let guard = Guard::enter(features)?;
        Terminal::new(TerminalScreen::new(guard, dialect)?)
    };
    take().map_err(|error| {
        Failure::error(format!("cannot use the terminal: {error}"))
            .hint("`cycleboard board --once` prints the board instead")
    })
}

/// Returns what the terminal takes.
fn dialect(session: &Session, abilities: Abilities) -> Dialect {
    let depth = env::color_depth(session.global.color, abilities.depth);
    Dialect {
        erases: env::erases(&session.env, abilities),
        sixteen: depth == ColorDepth::Ansi16,
    }
}

fn themes(session: &Session, abilities: Abilities) -> Themes {
    let glyphs = match session.settings.ui.ascii {
        Some(true) => Glyphs::Ascii,
        Some(false) => Glyphs::Unicode,
        None => abilities.glyphs,
    };
    Themes {
        dir: session.paths.config.join("themes"),
        depth: env::color_depth(session.global.color, abilities.depth),
        glyphs,
        auto: Auto {
            dark: session.settings.ui.theme_dark.clone(),
            light: session.settings.ui.theme_light.clone(),
            ground: ground::told(&session.env),
        },
        shelf: None,
    }
    .shelved()
}

/// Returns what the screen stands on, so that it can be told anew while the board runs.
fn standing(session: &Session, abilities: Abilities, state: &UiState, themes: &Themes) -> Standing {
    Standing {
        told: Told {
            ui: session.settings.ui.clone(),
            keymap: Arc::clone(&state.options.keymap),
            kitty: session.settings.keys.kitty,
            shelf: themes.shelf.clone().unwrap_or_default(),
            views: views::given(&session.settings),
            commands: Arc::clone(&session.settings.commands),
            wall: session.settings.wall,
            practice: reload::practice(&session.settings),
            notify: session.settings.notify.clone(),
            voice: Voice::new(&session.settings.notify, &session.env),
            written: session.written.clone(),
            plan: None,
        },
        may_ask: ground::may_ask(&session.env, abilities),
        has_mouse: abilities.mouse,
        has_links: env::has_links(&session.env, abilities),
        glyphs: abilities.glyphs,
        clipboard: env::clipboard(&session.env),
    }
}

fn options(session: &Session, keymap: Keymap) -> UiOptions {
    UiOptions {
        columns: session.settings.board.columns.clone(),
        me: Vec::new(),
        banner: session.demo.as_ref().map(|_| demo::BANNER.to_owned()),
        offline: false,
        theme: session.settings.ui.theme.clone(),
        told_theme: session.told_theme.clone(),
        remembers: Places::of(session).is_some(),
        zone: team::local_zone(&session.env),
        keymap: Arc::new(keymap),
        own: Arc::clone(&session.settings.commands),
        read_only: session.global.read_only,
        wall: session.settings.wall,
        motion: session.settings.ui.motion,
        seed: seed(),
    }
}

/// Returns random bits; a hash table is keyed with those of the system.
pub(crate) fn seed() -> u128 {
    let bits = || u128::from(RandomState::new().build_hasher().finish());
    (bits() << 64) | bits()
}
