//! A hundred thousand random events through the real loop, before a real engine that may change
//! nothing: whatever is pressed, no source is asked to do anything.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::*;
use crate::domain::action::Fresh;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::actions::Acting;
use crate::engine::testing::{Answer, Fake, Rig, Script, options};
use crate::sources::action::{Act, ActError};
use crate::sources::{Batch, SourceError};
use crate::ui::testing::soup::Soup;
use crate::ui::testing::triage;

/// Events of the walk.
const EVENTS: usize = 100_000;

/// Events that come at once.
const PAUSE: usize = 50;

/// The seed: another one is another walk.
const SEED: u64 = 0x5eed_0107;

/// A source that counts what it is asked to do.
#[derive(Clone)]
struct Counting {
    /// The repository that it tells of.
    repo: Clean,
    looked: Arc<AtomicUsize>,
    acted: Arc<AtomicUsize>,
}

impl Script for Counting {
    fn fetch(&self, _poll: usize) -> BoxFuture<'_, Answer> {
        let batch = Batch {
            covered: vec![self.repo.clone()],
            ..Batch::default()
        };
        std::future::ready(Ok(batch)).boxed()
    }

    fn look_at(&self) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        self.looked.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(triage::fresh())).boxed()
    }

    fn act(&self, _act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        self.acted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(())).boxed()
    }
}

/// Walks with an engine that may do what `acting` says; returns how often the source was asked to
/// look at a target, to do something, and how many events were taken.
async fn walk(acting: Acting, events: usize) -> (usize, usize, usize) {
    let board = triage::snapshot();
    let first = &board.triage.cards[0].triage;
    let source = first.source.clone();
    let script = Counting {
        repo: Clean::line(first.repo.path()),
        looked: Arc::default(),
        acted: Arc::default(),
    };
    let fake = Fake::by(source.as_str(), Arc::new(script.clone()));
    let began = Instant::now();
    let clock: Clock = Arc::new(move || {
        sample::moment() + TimeDelta::from_std(began.elapsed()).unwrap_or_default()
    });
    let rig = Rig::start(crate::engine::Options {
        acting,
        ..options([fake], Arc::clone(&clock))
    });
    // A board is acted on once it is known to be current.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut soup = Soup::new(SEED, &["ctrl-c", "ctrl-z", "q"]);
    let mut taken = 0;
    while taken < events {
        taken += run(&rig, &board, &mut soup, events - taken, &clock).await;
    }
    // What was asked for last is answered before the end.
    tokio::time::sleep(Duration::from_secs(5)).await;
    rig.stop().await;
    let count = |number: &AtomicUsize| number.load(Ordering::SeqCst);
    (count(&script.looked), count(&script.acted), taken)
}

/// Runs the loop until it ends or so many events were taken; returns how many that were.
async fn run(rig: &Rig, board: &Snapshot, soup: &mut Soup, most: usize, clock: &Clock) -> usize {
    let themes = Themes::default();
    let snapshot = Arc::new(board.clone());
    let (keep, snapshots) = watch::channel(Arc::clone(&snapshot));
    let (jobs, jobs_out) = mpsc::channel(1);
    let mut look = Look {
        terminal: Terminal::new(Seen::new(100, 30)).unwrap(),
        state: UiState::new(UiOptions::default()),
        theme: themes.find("dark").unwrap(),
        themes,
        surround: Surround::default(),
        snapshot: Arc::clone(&snapshot),
        clock: Arc::clone(clock),
    };
    drop(ui::update::on_snapshot(&mut look.state, &snapshot, clock()));
    let mut taken = 0;
    let mut engine = rig.engine.snapshots.clone();
    let next = async || {
        // The engine and the picture get their turn now and then.
        if taken % PAUSE == 0 {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        // What came of actions is seen on the board, as the store would show it.
        if engine.has_changed().unwrap_or(false) {
            let mut next = (**keep.borrow()).clone();
            next.actions.clone_from(&engine.borrow_and_update().actions);
            next.generation += 1;
            keep.send_replace(Arc::new(next));
        }
        taken += 1;
        (taken <= most).then(|| Ok(Input::Event(soup.event())))
    };
    let events = stream::unfold(next, |mut next| async move {
        let event = next().await?;
        Some((event, next))
    });
    let effects = Effects::new(TaskTracker::new(), Pins::at(std::path::PathBuf::new()));
    let ends = Ends {
        input: Box::pin(events),
        snapshots,
        commands: rig.engine.commands.clone(),
        jobs: jobs_out,
        effects: effects.with_browser(|_| Ok(())),
        cancel: CancellationToken::new(),
    };
    let (_, outcome) = Box::pin(App::new(look, ends).run()).await;
    outcome.unwrap_or_else(|error| panic!("seed {SEED:x}: {error}"));
    drop(jobs);
    taken.min(most).max(1)
}

#[tokio::test(start_paused = true)]
async fn in_read_only_mode_no_walk_of_a_hundred_thousand_events_changes_anything() {
    let acting = Acting {
        forbidden: Some(Clean::line("nothing is changed with `--read-only`")),
        ..Acting::default()
    };
    let (looked, acted, taken) = walk(acting, EVENTS).await;
    assert_eq!((looked, acted), (0, 0), "seed {SEED:x}");
    assert_eq!(taken, EVENTS);
}

#[tokio::test(start_paused = true)]
async fn the_same_walk_reaches_the_source_where_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let source: SourceName = triage::snapshot().triage.cards[0].triage.source.clone();
    let words = ["rerun", "cancel"].into_iter().collect();
    let acting = Acting {
        writes: [(source, words)].into(),
        forbidden: None,
        journal: Some(dir.path().join("journal")),
        who: "chen@here".to_owned(),
        production: None,
    };
    let (looked, ..) = walk(acting, EVENTS / 10).await;
    assert!(looked > 0, "then the other walk proves nothing");
}
