//! The board on a terminal: first a frame from the store, then everything else.
//!
//! Puts store, screen, engine and loop together in the order that shows
//! something soonest. What is drawn is `ui`'s, what is known the engine's.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::EventStream;
use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

use crate::app::cli::BoardArgs;
use crate::app::effects::Effects;
use crate::app::env::{self, Abilities};
use crate::app::exit::{Exit, Failure};
use crate::app::guard::{Features, Guard};
use crate::app::keys::Keys;
use crate::app::notify::{Herald, Told, Voice, Watch};
use crate::app::pins::Pins;
use crate::app::rewind::Projector;
use crate::app::run::{App, Ends, Look};
use crate::app::runtime::behind_a_screen;
use crate::app::screen::TerminalScreen;
use crate::app::session::{Session, Tasks};
use crate::app::signals::{self, Signals};
use crate::app::standup::desk::Desk;
use crate::app::themes::Themes;
use crate::app::{clock, configuration, demo, team};
use crate::engine::db::Store;
use crate::engine::snapshot::Snapshot;
use crate::ui;
use crate::ui::keymap::Keymap;
use crate::ui::state::{UiOptions, UiState};
use crate::ui::theme::Glyphs;

/// How long a signal may take to arrive after what it is about.
const MOMENT: Duration = Duration::from_millis(200);

/// Returns whether the board can be drawn on this terminal.
pub fn has_terminal(session: &Session) -> bool {
    std::io::stdout().is_terminal() && env::abilities(&session.env).full_screen
}

/// Runs the board until somebody leaves it.
pub fn run(mut session: Session, args: &BoardArgs) -> Result<Exit, Failure> {
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
    state.filter.query = filter;
    state.pins = Pins::at(session.paths.pins()).load();
    let mut look = Look {
        terminal: take_terminal(&session, abilities)?,
        state,
        theme,
        themes,
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
    look.draw()?;
    look.terminal.backend_mut().finish()?;
    let ending = signals.ending();
    let live = live(&mut session, look, store, !args.offline, signals, &tasks);
    let outcome = behind_a_screen()?.block_on(async {
        let outcome = live.await;
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

/// Returns the store and the board as it was last seen.
fn open_store(session: &Session, offline: bool) -> (Option<Store>, Snapshot) {
    let demo = session.demo.as_ref().filter(|_| !offline);
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
    look: Look<TerminalScreen>,
    store: Option<Store>,
    polling: bool,
    signals: Signals,
    tasks: &Tasks,
) -> Result<(), Failure> {
    let engine = session.start(store.clone(), polling, tasks).await?;
    let ends = Ends {
        input: Keys::new(events()?),
        snapshots: engine.snapshots,
        commands: engine.commands,
        jobs: signals.jobs,
        effects: effects(session, tasks)
            .with_store(store)
            .with_standup(Desk::of(session))
            .with_projector(Projector::new(team::working_time(session))),
        cancel: tasks.cancel.clone(),
    };
    let watch = Watch::new(session.settings.notify.clone(), (session.clock)());
    let (app, outcome) = App::new(look, ends).watched(watch).run().await;
    let sent = app.look().terminal.backend().sent();
    tracing::info!(
        frames = sent.frames,
        writes = sent.writes,
        bytes = sent.bytes,
        "screen"
    );
    // The terminal is given back before anything is waited for.
    drop(app);
    tasks.end().await;
    outcome.map_err(|error| Failure::error(format!("the terminal is gone: {error}")))
}

/// Puts together what is done outside the screen.
fn effects(session: &Session, tasks: &Tasks) -> Effects {
    let voice = Voice::new(&session.settings.notify, &session.env);
    let told = Told::at(session.paths.state.join("notified"));
    let downloads = directories::UserDirs::new()
        .and_then(|dirs| dirs.download_dir().map(std::path::Path::to_path_buf));
    Effects::new(tasks.tracker.clone(), Pins::at(session.paths.pins()))
        .with_logs(session.logs.clone(), downloads, tasks.cancel.clone())
        .with_herald(Herald::new(voice, told, &session.env))
}

/// Returns the terminal's events; crossterm would panic where there is nothing to read from.
fn events() -> Result<EventStream, Failure> {
    let can_read = std::io::stdin().is_terminal() || std::fs::File::open("/dev/tty").is_ok();
    if can_read {
        Ok(EventStream::new())
    } else {
        Err(Failure::error("there is no keyboard to read from"))
    }
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
    };
    let take = || -> std::io::Result<Terminal<TerminalScreen>> {
        let guard = Guard::enter(features)?;
        signals::watch_terminal(guard.terminal()?)?;
        Terminal::new(TerminalScreen::new(guard)?)
    };
    take().map_err(|error| {
        Failure::error(format!("cannot use the terminal: {error}"))
            .hint("`cycleboard board --once` prints the board instead")
    })
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
    }
}

fn options(session: &Session, keymap: Keymap) -> UiOptions {
    UiOptions {
        columns: session.settings.board.columns.clone(),
        me: Vec::new(),
        banner: session.demo.as_ref().map(|_| demo::BANNER.to_owned()),
        offline: false,
        theme: session.settings.ui.theme.clone(),
        offset: clock::local_offset(),
        keymap: Arc::new(keymap),
        seed: seed(),
    }
}

/// Returns random bits; a hash table is keyed with those of the system.
pub(crate) fn seed() -> u128 {
    let bits = || u128::from(RandomState::new().build_hasher().finish());
    (bits() << 64) | bits()
}
