//! Starts the engine and is the way to it: the board out, commands in.
//!
//! One task owns the store. It takes bursts of updates in at once, publishes one
//! snapshot for them and hands what must be kept to the database. It sleeps
//! while nothing happens, but for the moment when a placement changes by the
//! clock.

mod haste;
mod keeping;
mod obeying;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::action::{ActionId, Target, Verb};
use crate::domain::attention::Attention;
use crate::domain::diagnosis::LogKey;
use crate::domain::key::{ItemId, SourceName};
use crate::domain::policy::{Pin, Policy};
use crate::domain::text::Clean;
use crate::engine::actions::{Acting, Ask, Desk, Room};
use crate::engine::db::{self, Database, Written};
use crate::engine::handle::haste::Haste;
use crate::engine::handle::keeping::Front;
use crate::engine::order::{Order, until};
use crate::engine::poller::{Needs, Parts, poll};
use crate::engine::practice::Practice;
use crate::engine::snapshot::Snapshot;
use crate::engine::store::Store;
use crate::engine::teller::{Progress, Teller};
use crate::engine::update::{Applied, Update, Write};
use crate::sources::Source;
use crate::sources::http::Clock;
use crate::sources::logs::LogCache;
use keeping::Kept;

/// How many updates wait for the engine at most.
const UPDATES: usize = 64;
/// How many updates one snapshot stands for at most.
const BURST: usize = 256;
/// How many requests one host gets at the same time.
const HOST_PERMITS: usize = 4;
/// How long to wait where the clock should have changed a placement and did not.
const CLOCK_RETRY: Duration = Duration::from_mins(1);
/// The longest wait for the clock, as the wall clock may be set.
const CLOCK_LONGEST: Duration = Duration::from_hours(1);

/// What the engine is started with.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Options {
    /// The sources, in the order of the configuration.
    pub sources: Vec<Box<dyn Source>>,
    /// How the team works.
    pub policy: Policy,
    /// The columns in their order.
    pub columns: Vec<ColumnConfig>,
    /// The database; `None` keeps everything in memory.
    pub store: Option<db::Store>,
    /// What the team pays attention to.
    pub attention: Attention,
    /// Whether sources are asked at all.
    pub polling: bool,
    /// Whether red cards are looked into without being asked about.
    pub looks_into: bool,
    /// Whether the past is read; where it is not, history counts from when it is first told.
    pub looks_back: bool,
    /// Whether history is told of what sources tell.
    pub tells: Tells,
    /// Whether somebody waits for the board as a whole: then a source that says nothing while the
    /// others have answered is not waited for.
    pub haste: bool,
    /// The wall clock.
    pub clock: Clock,
    /// The logs of finished jobs, as sources fill them.
    pub logs: Arc<dyn LogCache>,
    /// What may be done at sources.
    pub acting: Acting,
}

/// What is told of history.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tells {
    /// Nothing, and no past is taken in.
    #[default]
    Nothing,
    /// What sources tell, as it comes.
    AsItComes,
    /// The same for somebody who waits for the past: nothing is told before that is read, or nobody
    /// waits for it any more.
    WithPast,
}

/// What the shell asks of the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EngineCommand {
    /// Ask every source for everything now.
    RefreshAll,
    /// Ask one source for everything now.
    Refresh(SourceName),
    /// Somebody waits for history: read the past as fast as limits allow it.
    Hurry,
    /// Nobody waits any more for what is being read of the past: tell what there is.
    Tell,
    /// Which card is open in detail, if one is.
    Look(Option<ItemId>),
    /// The user's pins are these now.
    Pin(Vec<(ItemId, Pin)>),
    /// The team works like this now.
    Practise(Arc<Practice>),
    /// Whether the terminal has the focus.
    Focus(bool),
    /// Find out why this job failed, and have its log in the cache; a person waits for it.
    Diagnose(LogKey),
    /// Read on in the log of this job while it runs, until somebody leaves it; of several, the last.
    Follow(LogKey),
    /// Nobody looks at this log any more.
    Leave(LogKey),
    /// Read a target afresh, to do something to it: the action shows up in the snapshot.
    Intend {
        /// The identity of the action from now on.
        id: ActionId,
        /// What is to be done.
        verb: Verb,
        /// To what.
        target: Target,
        /// For which card.
        item: Option<ItemId>,
    },
    /// A person confirmed this action, on the values that were shown.
    Confirm(ActionId),
    /// A person decided against this action.
    Dismiss(ActionId),
}

/// The way to a running engine.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The board; only the newest matters.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What the shell asks.
    pub commands: mpsc::Sender<EngineCommand>,
    settled: watch::Receiver<bool>,
    read: watch::Receiver<bool>,
    loaded: watch::Receiver<bool>,
    /// How far history is told.
    pub told: watch::Receiver<Progress>,
}

impl Engine {
    /// Has the past read that sources have yet to read, as fast as limits allow it, and waits for
    /// that, but no longer than `within`; returns whether all of it was read. Asked for once
    /// sources are settled.
    pub async fn history_read(&mut self, within: Duration) -> bool {
        if self.commands.send(EngineCommand::Hurry).await.is_err() {
            return false;
        }
        let read = self.read.wait_for(|read| *read);
        let read = tokio::time::timeout(within, read)
            .await
            .is_ok_and(|read| read.is_ok());
        if !read {
            let _sent = self.commands.send(EngineCommand::Tell).await;
        }
        read
    }

    /// Waits until history is told and written as far as facts are known, but no longer than
    /// `within`; returns whether it is.
    pub async fn history_told(&mut self, within: Duration) -> bool {
        let told = self.told.wait_for(|told| told.is_all);
        tokio::time::timeout(within, told)
            .await
            .is_ok_and(|told| told.is_ok())
    }

    /// Waits until the board is made of what the store holds, but no longer than `within`.
    pub async fn loaded(&mut self, within: Duration) {
        let loaded = self.loaded.wait_for(|loaded| *loaded);
        drop(tokio::time::timeout(within, loaded).await);
    }

    /// Waits until every source had its first full round (needs included) or failed, but no
    /// longer than `within`, and returns the board as it is then.
    pub async fn settled(&mut self, within: Duration) -> Arc<Snapshot> {
        let waited = tokio::time::timeout(within, self.settled.wait_for(|settled| *settled)).await;
        drop(waited);
        Arc::clone(&self.snapshots.borrow_and_update())
    }

    /// Waits until the board changes, or is settled; returns whether anything can change still.
    pub async fn next_change(&mut self) -> bool {
        let settled = *self.settled.borrow();
        tokio::select! {
            changed = self.snapshots.changed() => changed.is_ok(),
            changed = self.settled.wait_for(|now| *now), if !settled => changed.is_ok(),
        }
    }

    /// Returns the board, and whether it is settled: where it is said to be, the board is not one from before that.
    pub fn look(&mut self) -> (Arc<Snapshot>, bool) {
        // A board is handed over before it is said to be settled, so they are read the other way round.
        let settled = self.is_settled();
        (Arc::clone(&self.snapshots.borrow_and_update()), settled)
    }

    /// Returns whether every source had its first full round, or failed.
    pub fn is_settled(&self) -> bool {
        *self.settled.borrow()
    }
}

/// Starts the engine; its tasks belong to `tracker` and end on `cancel`.
///
/// The first snapshot is there at once: the first screen from the database, or an empty board.
pub fn start(options: Options, tracker: &TaskTracker, cancel: &CancellationToken) -> Engine {
    let now = (options.clock)();
    let sources: Vec<Arc<dyn Source>> = options.sources.into_iter().map(Arc::from).collect();
    let mut store = Store::new(
        sources.iter().map(AsRef::as_ref),
        options.policy,
        &options.columns,
    );
    store.pay_attention(options.attention);
    if !options.looks_into {
        store.look_into_nothing();
    }
    if !options.looks_back {
        store.look_back_on_nothing();
    }
    let empty = store.snapshot(now);
    let screen = options.store.as_ref().and_then(Database::first_screen);
    let first = screen.map_or(Arc::clone(&empty), |screen| {
        Arc::new(screen.on_the_board_of(&empty))
    });
    let (snapshots, snapshots_out) = watch::channel(first);
    let (commands, commands_in) = mpsc::channel(UPDATES);
    let (settled, settled_out) = watch::channel(false);
    let (read, read_out) = watch::channel(false);
    let (loaded, loaded_out) = watch::channel(false);
    let (teller, told) = Teller::new();
    let (updates, updates_in) = mpsc::channel(UPDATES);
    let (needs, _) = watch::channel((0, Arc::default()));
    let task = Task {
        store,
        sources,
        db: options.store,
        polling: options.polling,
        clock: options.clock,
        snapshots,
        settled,
        read,
        needs,
        orders: HashMap::new(),
        updates,
        queue: Vec::new(),
        writing: None,
        front: Front::default(),
        haste: (options.haste && options.polling).then(Haste::new),
        logs: options.logs,
        asks: None,
        production: watch::Sender::new(options.acting.production.clone()),
        teller,
        tells: options.tells != Tells::Nothing,
        gathers: options.tells == Tells::WithPast,
        kept: Kept::default(),
        hosts: HashMap::new(),
        following: None,
        commands: commands.downgrade(),
        tracker: tracker.clone(),
    };
    let cancel = cancel.clone();
    let pollers = tracker.clone();
    let begun = (pollers, options.acting, loaded);
    tracker.spawn(task.run(updates_in, commands_in, begun, cancel));
    Engine {
        snapshots: snapshots_out,
        commands,
        settled: settled_out,
        read: read_out,
        loaded: loaded_out,
        told,
    }
}

struct Task {
    store: Store,
    sources: Vec<Arc<dyn Source>>,
    db: Option<Database>,
    polling: bool,
    clock: Clock,
    snapshots: watch::Sender<Arc<Snapshot>>,
    settled: watch::Sender<bool>,
    read: watch::Sender<bool>,
    needs: watch::Sender<Needs>,
    orders: HashMap<SourceName, mpsc::Sender<Order>>,
    updates: mpsc::Sender<Update>,
    queue: Vec<Write>,
    writing: Option<oneshot::Receiver<Written>>,
    front: Front,
    /// Whether somebody waits for all, and who is left behind then.
    haste: Option<Haste>,
    logs: Arc<dyn LogCache>,
    asks: Option<mpsc::Sender<Ask>>,
    /// What names production where things are done; nothing where nothing may be done.
    production: watch::Sender<Option<Regex>>,
    teller: Teller,
    tells: bool,
    /// Whether nothing is told before the past is read.
    gathers: bool,
    kept: Kept,
    /// Permits by host.
    hosts: HashMap<String, Arc<Semaphore>>,
    /// The log that is followed, and what ends that.
    following: Option<(LogKey, CancellationToken)>,
    commands: mpsc::WeakSender<EngineCommand>,
    tracker: TaskTracker,
}

impl Task {
    async fn run(
        mut self,
        mut updates: mpsc::Receiver<Update>,
        mut commands: mpsc::Receiver<EngineCommand>,
        (tracker, acting, loaded): (TaskTracker, Acting, watch::Sender<bool>),
        cancel: CancellationToken,
    ) {
        if cancel.run_until_cancelled(self.load()).await.is_none() {
            return;
        }
        loaded.send_replace(true);
        self.start_pollers(&tracker, &cancel);
        self.start_desk(acting, &tracker, &cancel);
        if !self.polling || self.sources.is_empty() {
            self.settled.send_replace(true);
            self.read.send_replace(true);
        }
        self.tell();
        let mut commands_open = true;
        loop {
            let clock = self.clock_wait();
            let (screen, look) = (self.front.due, self.next_look());
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                command = commands.recv(), if commands_open => match command {
                    Some(command) => self.obey(command, &cancel).await,
                    None => commands_open = false,
                },
                written = written(&mut self.writing) => self.written(written),
                told = self.teller.told() => self.told(told),
                Some(update) = updates.recv() => {
                    let mut burst = vec![update];
                    while burst.len() < BURST
                        && let Ok(update) = updates.try_recv()
                    {
                        burst.push(update);
                    }
                    self.apply(burst);
                }
                () = tokio::time::sleep(clock.unwrap_or(CLOCK_LONGEST)), if clock.is_some() => {
                    self.apply(vec![Update::Clock]);
                }
                () = until(look), if look.is_some() => self.look_around(),
                () = until(screen), if screen.is_some() => self.write_screen().await,
            }
        }
        self.finish().await;
    }

    async fn load(&mut self) {
        let Some(db) = self.db.clone() else {
            return;
        };
        let names = self.sources.iter().map(|s| s.name().clone()).collect();
        let loaded = db.load(names).await;
        let mut updates = db.notices();
        if loaded.damaged > 0 {
            updates.push(Update::Notice {
                about: "damaged rows",
                text: Some(Clean::line(&format!(
                    "{} damaged rows of the store were left out; they are asked for again",
                    loaded.damaged
                ))),
            });
        }
        updates.push(Update::Loaded(Box::new(loaded)));
        self.apply(updates);
    }

    fn start_pollers(&mut self, tracker: &TaskTracker, cancel: &CancellationToken) {
        if !self.polling {
            return;
        }
        let now = (self.clock)();
        let seed = now.timestamp_micros().unsigned_abs() ^ u64::from(std::process::id());
        for source in &self.sources {
            let host = self
                .hosts
                .entry(source.host().to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(HOST_PERMITS)));
            let (orders, orders_in) = mpsc::channel(8);
            self.orders.insert(source.name().clone(), orders);
            let parts = Parts {
                source: Arc::clone(source),
                facts: self.store.facts_of(source.name()),
                host: Arc::clone(host),
                updates: self.updates.clone(),
                orders: orders_in,
                needs: self.needs.subscribe(),
                db: self.db.clone(),
                clock: Arc::clone(&self.clock),
                seed,
            };
            let cancel = cancel.clone();
            tracker.spawn(async move {
                let _ = cancel.run_until_cancelled(poll(parts)).await;
            });
        }
    }

    /// Starts the task that acts, if anything may be done at all.
    fn start_desk(&mut self, acting: Acting, tracker: &TaskTracker, cancel: &CancellationToken) {
        let (asks, asks_in) = mpsc::channel(UPDATES);
        self.asks = Some(asks);
        let room = Room {
            sources: self.sources.clone(),
            acting,
            production: self.production.subscribe(),
            asks: asks_in,
            updates: self.updates.clone(),
            orders: self.orders.clone(),
            clock: Arc::clone(&self.clock),
            tracker: tracker.clone(),
        };
        tracker.spawn(Desk::new(room, cancel).run());
    }

    fn apply(&mut self, updates: Vec<Update>) {
        let now = (self.clock)();
        let Applied {
            changed,
            writes,
            needs,
        } = self.store.apply_all(updates, now);
        if let Some(needs) = needs {
            self.needs.send_replace((self.store.needs_edition(), needs));
        }
        self.keep(writes);
        if changed {
            self.snapshots.send_replace(self.store.snapshot(now));
            if self.db.is_some() {
                self.front.changed();
            }
        }
        let settled = self.polling && self.store.is_settled(now);
        if settled && !*self.settled.borrow() {
            self.settled.send_replace(true);
        }
        if *self.settled.borrow() {
            // What was read is on its way to be told before anybody hears that it is all.
            self.tell();
            let read = !self.polling || self.store.is_history_read(now);
            self.read
                .send_if_modified(|known| std::mem::replace(known, read) != read);
        }
    }

    fn clock_wait(&self) -> Option<Duration> {
        let now: Timestamp = (self.clock)();
        let at = self.store.next_change(now)?;
        let ahead = (at - now).to_std().unwrap_or_default();
        Some(if ahead.is_zero() {
            CLOCK_RETRY
        } else {
            ahead.clamp(Duration::from_millis(10), CLOCK_LONGEST)
        })
    }
}

async fn written(writing: &mut Option<oneshot::Receiver<Written>>) -> Written {
    match writing {
        Some(receiver) => receiver.await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}
