//! Carries out what the screen asked for outside itself: browser, clipboard, logs, calls.
//!
//! Nothing here is waited for by the loop; what came of it arrives as [`Done`].
//! Links are opened by argument vector, never by a shell.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::hidden::Hidden;
use crate::app::logs::{Desk, Order};
use crate::app::measure::Meter;
use crate::app::notify::{Herald, Notice, Voice};
use crate::app::own::{Ground, Runner};
use crate::app::pins::{List, Pins};
use crate::app::place::Places;
use crate::app::reload::{Reloaded, Reloader};
use crate::app::renew::{Around, Keeper, Plan, Renewed};
use crate::app::rewind::Projector;
use crate::app::views::Views;
use crate::app::{recall, standup, watch};
use crate::domain::Timestamp;
use crate::domain::arrange::SavedView;
use crate::domain::flow::Beside;
use crate::domain::hide::{Hide, Hides};
use crate::domain::history::{Ledger, Windows};
use crate::domain::key::{ItemId, WebUrl};
use crate::domain::policy::Pin;
use crate::domain::roster::Roster;
use crate::engine::db::Store;
use crate::engine::logs::FileLogs;
use crate::engine::snapshot::Snapshot;
use crate::ui::flow::{self as flow_ui, Report};
use crate::ui::logs::LogEvent;
use crate::ui::own as own_ui;
use crate::ui::replay::{Ask, Frame, Viewer};
use crate::ui::standup::{self as standup_ui, Answer};

/// The longest text that is put on the clipboard, in bytes of base64: xterm takes no more, tmux
/// neither, and a sequence that is cut would copy something else.
pub const MAX_COPY: usize = 74_994;

/// What came of something.
#[derive(Clone, PartialEq, Debug)]
pub enum Done {
    /// It worked, and that is worth a word.
    Well(String),
    /// It did not.
    Badly(String),
    /// The pins are these now; why they are not kept, if so.
    Pinned(List, Option<String>),
    /// What was put aside is this now; why it is not kept, if so.
    Hidden(Hides, Option<String>),
    /// The saved views are these now; why they are not kept, if so.
    Views(Vec<SavedView>, Option<String>),
    /// History was read, or cannot be.
    Recalled(Option<Arc<Ledger>>),
    /// The stand-up was prepared.
    Standup(Box<Answer>),
    /// Flow was measured.
    Measured(Arc<Report>),
    /// A moment of the past was made.
    Rewound(Box<Frame>),
    /// Something came of a log.
    Log(Box<LogEvent>),
    /// Something came of a command of the user.
    Own(Box<own_ui::Event>),
    /// A command of the user that had the terminal has ended.
    Returned(Box<own_ui::Event>),
    /// The terminal must get this beside the picture.
    Aside(Vec<u8>),
    /// The configuration or a theme was saved, and read again.
    Reloaded(Box<Reloaded>),
    /// Another engine is there, in the place of the one before; or it could not be started.
    Renewed(Option<Box<Renewed>>),
}

/// Starts what takes time, and tells when it is done.
#[derive(Debug)]
pub struct Effects {
    tracker: TaskTracker,
    pins: Pins,
    tell: mpsc::Sender<Done>,
    done: mpsc::Receiver<Done>,
    desk: Option<Desk>,
    store: Option<(Store, Windows)>,
    standup: Option<standup::desk::Desk>,
    views: Option<Views>,
    hidden: Option<Hidden>,
    meter: Meter,
    projector: Projector,
    herald: Option<Arc<Herald>>,
    browser: Browser,
    own: Option<Runner>,
    places: Option<Places>,
    keeper: Option<Keeper>,
}

/// Opens an address in the browser, and returns before that is done.
type Browser = fn(&str) -> std::io::Result<()>;

impl Effects {
    /// Builds it on the program's tasks, and the place of the pins.
    pub fn new(tracker: TaskTracker, pins: Pins) -> Self {
        let (tell, done) = mpsc::channel(16);
        Self {
            tracker,
            pins,
            tell,
            done,
            desk: None,
            store: None,
            standup: None,
            views: None,
            hidden: None,
            meter: Meter::default(),
            projector: Projector::default(),
            herald: None,
            browser: |url| open::that_detached(url),
            own: None,
            places: None,
            keeper: None,
        }
    }

    /// Adds the thread that reads logs, which ends with `cancel`; copies go to `downloads`.
    #[must_use]
    pub fn with_logs(
        mut self,
        logs: FileLogs,
        downloads: Option<PathBuf>,
        cancel: CancellationToken,
    ) -> Self {
        let tell = self.tell.clone();
        self.desk = Some(Desk::open(logs, downloads, &self.tracker, cancel, tell));
        self
    }

    /// Adds the store, of which history is read, and the windows that end what was live.
    #[must_use]
    pub fn with_store(mut self, store: Option<Store>, windows: Windows) -> Self {
        self.store = store.map(|store| (store, windows));
        self
    }

    /// Goes by what the settings say beside the engine.
    pub fn stand_on(&mut self, around: Around) {
        let windows = around.windows();
        self.people_are(Arc::clone(&around.practice.policy.people));
        self.store = around.store.map(|store| (store, windows));
        self.standup = Some(around.standup);
        self.views = Some(around.views);
        self.hidden = Some(around.hidden);
        self.projector = around.projector;
        self.places = around.places;
        if let Some(runner) = &mut self.own {
            runner.stand_on(around.ground);
        }
    }

    /// The same for one that is being put together.
    #[must_use]
    pub fn standing_on(mut self, around: Around) -> Self {
        self.stand_on(around);
        self
    }

    /// Adds who puts one engine in the place of another.
    #[must_use]
    pub fn with_keeper(mut self, keeper: Keeper) -> Self {
        self.keeper = Some(keeper);
        self
    }

    /// Puts another engine in the place of the one that runs; returns whether somebody does that.
    pub fn renew(&mut self, plan: Arc<Plan>) -> bool {
        let Some(keeper) = &mut self.keeper else {
            return false;
        };
        keeper.renew(plan, self.tell.clone());
        true
    }

    /// Returns where it is kept where the board was left.
    pub fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// Calls a person by another voice from now on.
    pub fn speak(&mut self, voice: Voice) {
        if let Some(herald) = &mut self.herald {
            *herald = Arc::new(herald.speaking(voice));
        }
    }

    /// Lets flow see these people, in what is measured from now on.
    pub fn people_are(&mut self, people: Arc<Roster>) {
        self.meter = Meter::of_people(people);
    }

    /// Lets other windows end what was live.
    pub fn windows_are(&mut self, windows: Windows) {
        if let Some((_, known)) = &mut self.store {
            *known = windows;
        }
    }

    /// Returns the way to tell that something is done.
    #[cfg(test)]
    pub(crate) fn teller(&self) -> mpsc::Sender<Done> {
        self.tell.clone()
    }

    /// Opens addresses in another way.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_browser(mut self, browser: Browser) -> Self {
        self.browser = browser;
        self
    }

    /// Adds somebody who calls a person.
    #[must_use]
    pub fn with_herald(mut self, herald: Herald) -> Self {
        self.herald = Some(Arc::new(herald));
        self
    }

    /// Reads the configuration again whenever it is saved.
    #[must_use]
    pub fn with_reloader(self, mut reloader: Reloader) -> Self {
        let tell = self.tell.clone();
        let files = reloader.files();
        watch::watch(files, move || {
            let read = Box::new(reloader.read());
            tell.blocking_send(Done::Reloaded(read)).is_ok()
        });
        self
    }

    /// Adds who runs the user's own commands, which end with `cancel`.
    #[must_use]
    pub fn with_own(mut self, ground: Ground, cancel: CancellationToken) -> Self {
        let tell = self.tell.clone();
        self.own = Some(Runner::new(ground, self.tracker.clone(), cancel, tell));
        self
    }

    /// Returns who runs the user's own commands.
    pub fn own(&self) -> Option<&Runner> {
        self.own.as_ref()
    }

    /// Stops a command of the user.
    pub fn stop_own(&self, id: u64) {
        if let Some(runner) = &self.own {
            runner.stop(id);
        }
    }

    /// Hands an order to the thread that reads logs; returns whether it was taken.
    pub fn log(&self, order: Order) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.order(order))
    }

    /// Tells a person; what the terminal must get for it comes back.
    pub fn announce(&self, notices: Vec<Notice>) {
        let Some(herald) = self.herald.clone().filter(|_| !notices.is_empty()) else {
            return;
        };
        let tell = self.tell.clone();
        drop(self.tracker.spawn(async move {
            let bytes = herald.announce(notices).await;
            if !bytes.is_empty() {
                drop(tell.send(Done::Aside(bytes)).await);
            }
        }));
    }

    /// Returns what came of the next thing that was started.
    ///
    /// May be dropped at any await.
    pub async fn next(&mut self) -> Done {
        match self.done.recv().await {
            Some(done) => done,
            // Cannot be: we hold a sender ourselves.
            None => std::future::pending().await,
        }
    }

    /// Opens a link in the browser.
    pub fn open(&self, url: &WebUrl) {
        let (url, shown) = (url.as_str().to_owned(), url.as_str().to_owned());
        let (tell, refused) = (self.tell.clone(), self.tell.clone());
        let token = self.tracker.token();
        let browser = self.browser;
        // No thread of the runtime: a browser would keep the place in line that those step back to.
        let started = std::thread::Builder::new()
            .name("browser".to_owned())
            .spawn(move || {
                let done = match browser(&url) {
                    Ok(()) => Done::Well(format!("opened {url}")),
                    Err(error) => no_browser(&url, &error),
                };
                // With a full queue there is enough to read already.
                drop(tell.try_send(done));
                drop(token);
            });
        if let Err(error) = started {
            drop(refused.try_send(no_browser(&shown, &error)));
        }
    }

    /// Reads what history holds of a board; returns whether there is a store to read.
    pub fn recall(&self, board: Arc<Snapshot>) -> bool {
        let Some((store, windows)) = self.store.clone() else {
            return false;
        };
        let tell = self.tell.clone();
        drop(self.tracker.spawn_blocking(move || {
            let ledger = recall::ledger(&store, &board, windows).map(Arc::new);
            drop(tell.blocking_send(Done::Recalled(ledger)));
        }));
        true
    }

    /// Has a question about the stand-up answered; returns whether somebody does that.
    pub fn standup(&self, ask: standup_ui::Ask, scene: standup::desk::Scene) -> bool {
        let Some(desk) = self.standup.clone() else {
            return false;
        };
        let tell = self.tell.clone();
        drop(self.tracker.spawn_blocking(move || {
            let answer = Box::new(desk.answer(&ask, scene));
            drop(tell.blocking_send(Done::Standup(answer)));
        }));
        true
    }

    /// Measures what history holds, for the flow view.
    pub fn measure(&self, ledger: Arc<Ledger>, ask: flow_ui::Ask, beside: Beside, now: Timestamp) {
        let (meter, tell) = (self.meter.clone(), self.tell.clone());
        drop(self.tracker.spawn_blocking(move || {
            let report = meter.report(&ledger, &ask, &beside, now);
            drop(tell.blocking_send(Done::Measured(Arc::new(report))));
        }));
    }

    /// Makes a moment of what history holds.
    pub fn rewind(&self, ledger: Arc<Ledger>, ask: Ask, viewer: Viewer, now: Timestamp) {
        let (projector, tell) = (self.projector.clone(), self.tell.clone());
        drop(self.tracker.spawn_blocking(move || {
            let frame = Box::new(projector.frame(&ledger, &ask, &viewer, now));
            drop(tell.blocking_send(Done::Rewound(frame)));
        }));
    }

    /// Keeps how cards are put aside.
    pub fn hide(&self, changes: Vec<(ItemId, Option<Hide>)>, now: Timestamp) {
        let Some(hidden) = self.hidden.clone() else {
            return;
        };
        let tell = self.tell.clone();
        drop(self.tracker.spawn_blocking(move || {
            let (all, trouble) = hidden.set(&changes, now);
            drop(tell.blocking_send(Done::Hidden(all, trouble)));
        }));
    }

    /// Keeps a saved view, or forgets it.
    pub fn keep_view(&self, name: String, view: Option<SavedView>, now: Timestamp) {
        let Some(views) = self.views.clone() else {
            return;
        };
        let tell = self.tell.clone();
        drop(self.tracker.spawn_blocking(move || {
            let (list, trouble) = views.set(&name, view, now);
            drop(tell.blocking_send(Done::Views(list, trouble)));
        }));
    }

    /// Keeps pins, or forgets them.
    pub fn pin(&self, changes: Vec<(ItemId, Option<Pin>)>) {
        let (pins, tell) = (self.pins.clone(), self.tell.clone());
        drop(self.tracker.spawn_blocking(move || {
            let (list, trouble) = pins.set(&changes);
            // The board must hear of it: this thread is not the one that draws.
            drop(tell.blocking_send(Done::Pinned(list, trouble)));
        }));
    }
}

fn no_browser(url: &str, error: &std::io::Error) -> Done {
    tracing::warn!(%error, "browser");
    Done::Badly(format!(
        "no browser could be started; copy the link with `Y`: {url}"
    ))
}

/// Returns the sequence that puts text on the clipboard, or why there is none.
pub fn clipboard(text: &str) -> Result<Vec<u8>, String> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    if encoded.len() > MAX_COPY {
        return Err(format!(
            "too long to be copied: {} bytes, and terminals take {}; nothing was copied",
            text.len(),
            MAX_COPY / 4 * 3
        ));
    }
    Ok(format!("\x1b]52;c;{encoded}\x1b\\").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_the_clipboard_cannot_end_its_sequence() {
        let bytes = clipboard("a\u{1b}\\\u{7}b").unwrap();
        let inner = &bytes[2..bytes.len() - 2];
        assert!(!inner.contains(&0x1b) && !inner.contains(&7));
        assert_eq!(clipboard("hi").unwrap(), b"\x1b]52;c;aGk=\x1b\\");
    }

    #[test]
    fn a_text_that_terminals_would_cut_is_refused_with_a_sentence() {
        let most = MAX_COPY / 4 * 3;
        assert!(clipboard(&"x".repeat(most)).is_ok());
        let error = clipboard(&"x".repeat(most + 1)).unwrap_err();
        assert!(
            error.contains("56245 bytes, and terminals take 56244"),
            "{error}"
        );
    }
}
