//! The real loop on a screen in memory, with events from a channel and a clock that is turned by hand.

mod renew;
mod screen;
mod walk;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio_util::task::TaskTracker;

use super::*;
use crate::app::pins::Pins;
use crate::domain::history::Windows;
use crate::domain::policy::Policy;
use crate::ui::sample;
use crate::ui::state::UiOptions;
use crate::ui::theme::{ColorDepth, Glyphs};

/// A screen in memory that can be looked at while the loop draws on it.
#[derive(Clone)]
struct Seen(Arc<Mutex<Shown>>);

struct Shown {
    cells: TestBackend,
    frames: usize,
    cleared: usize,
    busy: bool,
    aside: Vec<u8>,
    ended: bool,
}

impl Seen {
    fn new(width: u16, height: u16) -> Self {
        Self(Arc::new(Mutex::new(Shown {
            cells: TestBackend::new(width, height),
            frames: 0,
            cleared: 0,
            busy: false,
            aside: Vec::new(),
            ended: false,
        })))
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap()
    }

    fn text(&self) -> String {
        self.shown().cells.to_string()
    }

    fn frames(&self) -> usize {
        self.shown().frames
    }
}

impl Backend for Seen {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        self.shown().cells.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        self.shown().cells.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.shown().cells.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.shown().cells.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Infallible> {
        self.shown().cleared += 1;
        self.shown().cells.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.shown().cells.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.shown().cells.window_size()
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.shown().frames += 1;
        Ok(())
    }
}

impl Screen for Seen {
    fn is_busy(&self) -> bool {
        self.shown().busy
    }

    async fn drained(&mut self) -> io::Result<()> {
        while self.shown().busy {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn send_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shown().aside.extend_from_slice(bytes);
        Ok(())
    }

    fn forget(&mut self) {}

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn retake(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn lend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other ends of everything that the loop listens to.
struct World {
    seen: Seen,
    input: mpsc::Sender<io::Result<Input>>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    commands: mpsc::Receiver<EngineCommand>,
    cancel: CancellationToken,
}

impl World {
    fn press(&self, code: KeyCode) {
        let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        self.hear(Input::Event(event));
    }

    fn hear(&self, input: Input) {
        self.input.try_send(Ok(input)).unwrap();
    }

    fn type_text(&self, text: &str) {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
    }

    /// Lets the loop do all that it can do without time going on.
    async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Turns the clock, and lets the loop do what became due.
    async fn pass(&self, span: Duration) {
        self.settle().await;
        tokio::time::advance(span).await;
        self.settle().await;
    }
}

/// Runs the loop beside a script, whose end cancels the loop; returns the screen that the loop gives back.
async fn play<F>(size: (u16, u16), script: impl FnOnce(World) -> F) -> Seen
where
    F: Future<Output = ()>,
{
    let effects = Effects::new(TaskTracker::new(), Pins::at(std::path::PathBuf::new()));
    play_with(size, effects, None, script).await
}

/// The same with effects of one's own, and somebody who looks for news.
async fn play_with<F>(
    size: (u16, u16),
    effects: Effects,
    watch: Option<Watch>,
    script: impl FnOnce(World) -> F,
) -> Seen
where
    F: Future<Output = ()>,
{
    play_all(size, (effects, watch, None), script).await
}

/// The same with what the screen stands on.
async fn play_all<F>(
    size: (u16, u16),
    around: (Effects, Option<Watch>, Option<Standing>),
    script: impl FnOnce(World) -> F,
) -> Seen
where
    F: Future<Output = ()>,
{
    play_as(size, UiOptions::default(), around, script).await
}

/// The same with options of one's own.
async fn play_as<F>(
    size: (u16, u16),
    options: UiOptions,
    (effects, watch, standing): (Effects, Option<Watch>, Option<Standing>),
    script: impl FnOnce(World) -> F,
) -> Seen
where
    F: Future<Output = ()>,
{
    let seen = Seen::new(size.0, size.1);
    let began = Instant::now();
    let clock: Clock = Arc::new(move || {
        sample::moment() + TimeDelta::from_std(began.elapsed()).unwrap_or_default()
    });
    let snapshot = Arc::new(sample::snapshot(48));
    let (input, mut events) = mpsc::channel(4_096);
    let (snapshots, snapshots_out) = watch::channel(Arc::clone(&snapshot));
    let (commands, commands_in) = mpsc::channel(2);
    let (jobs, jobs_out) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let themes = Themes {
        dir: std::path::PathBuf::new(),
        depth: ColorDepth::True,
        glyphs: Glyphs::Unicode,
        ..Themes::default()
    };
    let mut look = Look {
        terminal: Terminal::new(seen.clone()).unwrap(),
        state: UiState::new(options),
        theme: themes.find("dark").unwrap(),
        themes,
        surround: Surround::default(),
        snapshot: Arc::clone(&snapshot),
        clock,
    };
    look.state.themes = look.themes.choices();
    drop(ui::update::on_snapshot(
        &mut look.state,
        &snapshot,
        sample::moment(),
    ));
    look.draw().unwrap();
    let ends = Ends {
        input: stream::poll_fn(move |context| events.poll_recv(context)),
        snapshots: snapshots_out,
        commands,
        jobs: jobs_out,
        effects,
        cancel: cancel.clone(),
    };
    let world = World {
        seen: seen.clone(),
        input,
        snapshots,
        commands: commands_in,
        cancel: cancel.clone(),
    };
    let script = async move {
        script(world).await;
        cancel.cancel();
    };
    let running = async {
        let mut app = App::new(look, ends);
        app.watch = watch;
        if let Some(standing) = standing {
            app = app.standing(standing);
        }
        let ended = app.run().await;
        seen.shown().ended = true;
        ended
    };
    let ((app, outcome), ()) = tokio::join!(Box::pin(running), Box::pin(script));
    drop(jobs);
    outcome.unwrap();
    app.look().terminal.backend().clone()
}

const FRAME_AND_MORE: Duration = Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn a_key_is_a_frame_and_none_before_its_time() {
    play((80, 24), async |world: World| {
        world.settle().await;
        let before = world.seen.frames();
        assert!(
            world.seen.text().contains("in Plan because"),
            "the first card"
        );
        world.press(KeyCode::Char('l'));
        world.settle().await;
        assert_eq!(world.seen.frames(), before, "16 ms after the last frame");
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(world.seen.frames(), before + 1);
        assert!(world.seen.text().contains("in Code because"));
        world.press(KeyCode::Char('h'));
        world.settle().await;
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("in Plan because"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_board_that_arrives_while_text_is_typed_changes_the_board_and_not_the_text() {
    play((80, 24), async |world: World| {
        world.type_text("/author:ch");
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("/author:ch"));
        let mut newer = sample::snapshot(96);
        newer.generation += 1;
        world.snapshots.send_replace(Arc::new(newer));
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("of 96"), "{}", world.seen.text());
        world.type_text("en");
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("/author:chen"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_was_smaller_for_a_moment_is_painted_anew_once() {
    play((80, 24), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let right = world.seen.text();
        let cleared = world.seen.shown().cleared;
        // What such a moment leaves: the picture is cut, and the size is what it was.
        world.seen.shown().cells.clear().unwrap();
        world.hear(Input::Resized);
        world.hear(Input::Resized);
        world.pass(Duration::from_millis(17)).await;
        assert_eq!(
            world.seen.shown().cleared,
            cleared,
            "not in the middle of it"
        );
        world.hear(Input::Resized);
        world.pass(Duration::from_millis(17)).await;
        assert_eq!(world.seen.shown().cleared, cleared, "it goes on");
        world.pass(Duration::from_millis(17)).await;
        assert_eq!(world.seen.shown().cleared, cleared + 1);
        assert_eq!(world.seen.text(), right);
        let frames = world.seen.frames();
        world.pass(Duration::from_millis(200)).await;
        assert_eq!(world.seen.frames(), frames);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_sizes_is_one_frame_in_its_time_and_ends_in_the_last_size() {
    play((80, 24), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let before = world.seen.frames();
        for step in 0..500_u16 {
            let (width, height) = (60 + step % 140, 20 + step % 40);
            world.seen.shown().cells.resize(width, height);
            world.hear(Input::Resized);
        }
        world.seen.shown().cells.resize(120, 40);
        world.hear(Input::Resized);
        world.settle().await;
        world.settle().await;
        world.settle().await;
        world.settle().await;
        world.pass(SETTLE).await;
        // ratatui clears and flushes once more where the size is another.
        let drawn = world.seen.frames() - before;
        assert!((1..=3).contains(&drawn), "{drawn} frames for 501 sizes");
        let text = world.seen.text();
        assert!(
            text.lines().count() == 40 && text.contains("enter open"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_keys_does_not_keep_the_picture_from_changing() {
    play((80, 24), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let before = world.seen.frames();
        for _ in 0..100 {
            world.type_text("jk");
            world.settle().await;
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        world.pass(FRAME_AND_MORE).await;
        let drawn = world.seen.frames() - before;
        assert!((10..=64).contains(&drawn), "{drawn} frames in a second");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn quitting_waits_for_nobody() {
    let seen = play((80, 24), async |mut world: World| {
        // The engine takes nothing: the third request does not fit any more.
        world.type_text("RRR");
        world.pass(FRAME_AND_MORE).await;
        assert!(
            world.seen.text().contains("still busy"),
            "{}",
            world.seen.text()
        );
        world.type_text("q");
        world.settle().await;
        assert!(world.seen.shown().ended);
        assert!(!world.cancel.is_cancelled(), "by itself");
        assert_eq!(
            world.commands.try_recv().ok(),
            Some(EngineCommand::RefreshAll)
        );
    })
    .await;
    assert!(seen.frames() > 0, "the loop gives its screen back");
}

#[tokio::test(start_paused = true)]
async fn idle_is_idle_until_a_visible_age_changes() {
    play((80, 24), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let before = world.seen.frames();
        let text = world.seen.text();
        let mut waited = 0;
        while world.seen.frames() == before && waited < 3_600 {
            assert_eq!(world.seen.text(), text);
            world.pass(Duration::from_secs(1)).await;
            waited += 1;
        }
        assert!(waited > 10, "an age of the sample is a minute or more");
        assert!(waited < 3_600, "ages do change");
        world.settle().await;
        assert_eq!(world.seen.frames(), before + 1);
        assert_ne!(world.seen.text(), text, "a frame only for something new");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_drawn_while_the_terminal_has_not_taken_the_last_frame() {
    play((80, 24), async |world: World| {
        world.pass(FRAME_AND_MORE).await;
        let before = world.seen.frames();
        world.seen.shown().busy = true;
        world.type_text("lll");
        world.pass(Duration::from_millis(500)).await;
        assert_eq!(world.seen.frames(), before);
        world.seen.shown().busy = false;
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("in Test because"), "the newest");
        assert_eq!(world.seen.frames(), before + 1, "and none in between");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_says_where_it_went_and_an_engine_that_ended_is_told_of() {
    play((140, 24), async |world: World| {
        world.type_text("y");
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(
            text.contains("to the terminal's clipboard (OSC 52)"),
            "{text}"
        );
        assert!(world.seen.shown().aside.starts_with(b"\x1b]52;c;"));
        let World {
            seen,
            input,
            snapshots,
            commands,
            cancel,
        } = world;
        drop(snapshots);
        let world = World {
            seen,
            input,
            snapshots: watch::channel(Arc::default()).0,
            commands,
            cancel,
        };
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("polling has stopped"));
        world.type_text("l");
        world.pass(FRAME_AND_MORE).await;
        assert!(
            world.seen.text().contains("in Code because"),
            "the board goes on"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_input_ends_the_loop() {
    play((80, 24), async |world: World| {
        let World { input, seen, .. } = world;
        drop(input);
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        assert!(seen.shown().ended, "nobody could quit any more");
    })
    .await;
}

/// A board on which so many cards turned red at that moment, all confirmed just now.
fn reddened(count: usize, at: Timestamp) -> Arc<Snapshot> {
    let mut board = sample::snapshot(48);
    board.generation += u64::try_from(count).unwrap();
    let mut left = count;
    for column in &mut board.columns {
        let mut rows = column.rows.to_vec();
        for row in &mut rows {
            let crate::engine::snapshot::Row::Item(item) = row else {
                continue;
            };
            if left > 0 && !item.placement.status.is_red() {
                left -= 1;
                let item = Arc::make_mut(item);
                item.placement.status = crate::domain::status::Status::Failed;
                item.placement.since = at;
            }
        }
        column.rows = rows.into();
    }
    assert_eq!(left, 0, "so many cards were not red");
    let mut confirmed = board.confirmed.as_ref().clone();
    for then in confirmed.values_mut() {
        *then = at;
    }
    board.confirmed = Arc::new(confirmed);
    Arc::new(board)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a ceiling is measured by the real clock"
)]
fn real_time() -> std::time::Instant {
    std::time::Instant::now()
}

#[tokio::test(start_paused = true)]
async fn ten_cards_that_turn_red_within_seconds_ring_once() {
    let home = tempfile::tempdir().unwrap();
    let rules = crate::config::Notify {
        bell: true,
        ..crate::config::Notify::default()
    };
    let env = crate::app::env::Env::process();
    let told = crate::app::notify::Told::at(home.path().join("notified"));
    let voice = crate::app::notify::Voice::new(&rules, &env);
    let herald = crate::app::notify::Herald::new(voice, told, &env);
    let pins = Pins::at(std::path::PathBuf::new());
    let effects = Effects::new(TaskTracker::new(), pins).with_herald(herald);
    let watch = Watch::new(rules, sample::moment());
    let second = Duration::from_secs(1);
    let seen = play_with((80, 24), effects, Some(watch), async |world: World| {
        for count in 1..=10 {
            let at = sample::moment() + TimeDelta::seconds(i64::try_from(count).unwrap());
            world.pass(second).await;
            world.snapshots.send_replace(reddened(count, at));
            world.settle().await;
            assert_eq!(world.seen.shown().aside, b"", "after {count}");
        }
        world.pass(second * 20).await;
        // What was told is remembered in a file by a thread of its own, which has the real time.
        let ceiling = real_time() + Duration::from_mins(1);
        while world.seen.shown().aside.is_empty() && real_time() < ceiling {
            tokio::task::yield_now().await;
        }
        world.pass(second * 20).await;
    })
    .await;
    assert_eq!(seen.shown().aside, b"\x07");
}

#[tokio::test(start_paused = true)]
async fn the_flow_view_reads_history_and_has_it_measured_beside_the_loop() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) =
        crate::engine::db::Store::open(&dir.path().join("board.db"), sample::moment()).unwrap();
    let tracker = TaskTracker::new();
    tracker.close();
    let effects = Effects::new(tracker.clone(), Pins::at(std::path::PathBuf::new()))
        .with_store(Some(store), Windows::of(&Policy::default()));
    play_with((100, 30), effects, None, async |world: World| {
        world.type_text("gm");
        world.settle().await;
        // History is read, then measured: each has ended before the next is looked at.
        for _ in 0..2 {
            tracker.wait().await;
            world.settle().await;
        }
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(
            text.contains("[dora]") && text.contains("lead time"),
            "{text}"
        );
        assert!(text.contains("no history yet"), "{text}");
        world.type_text("y");
        world.pass(FRAME_AND_MORE).await;
        let aside = world.seen.shown().aside.clone();
        assert!(aside.starts_with(b"\x1b]52;c;"), "the page is copied");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_a_store_the_flow_view_says_that_history_cannot_be_read() {
    play((100, 30), async |world: World| {
        world.type_text("gm");
        world.pass(FRAME_AND_MORE).await;
        let text = world.seen.text();
        assert!(text.contains("history cannot be read"), "{text}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_wall_turns_its_pages_by_the_clock_and_rings() {
    play((80, 24), async |world: World| {
        world.type_text("W");
        world.pass(FRAME_AND_MORE).await;
        let first = world.seen.text();
        assert!(first.contains("1 of "), "{first}");
        let frames = world.seen.frames();
        world.pass(Duration::from_secs(20)).await;
        assert!(world.seen.text().contains("1 of "));
        world.pass(Duration::from_secs(11)).await;
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("2 of "), "{}", world.seen.text());
        assert!(world.seen.frames() - frames <= 4, "it drew for nothing");
        assert!(world.seen.shown().aside.is_empty());
        let mut newer = sample::snapshot(160);
        newer.generation += 1;
        world.snapshots.send_replace(Arc::new(newer));
        world.pass(FRAME_AND_MORE).await;
        assert_eq!(world.seen.shown().aside, b"\x07", "one bell for all of it");
        world.type_text("qq");
        world.pass(FRAME_AND_MORE).await;
        assert!(world.seen.text().contains("enter open"));
    })
    .await;
}
