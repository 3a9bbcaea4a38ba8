//! The task of one source: asks when the schedule says so, tells the engine.
//!
//! A panic of the source ends one poll or, at worst, this task's loop, which
//! starts again after a pause. While another program on this machine holds the
//! lease of the source, the task asks nothing and reads what that one writes.

mod ear;
mod sharing;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::text::Clean;
use crate::engine::backoff::{Dice, backoff};
use crate::engine::db::{Cursor, Database, Wish};
use crate::engine::inquiry::inquire;
use crate::engine::order::Order;
use crate::engine::poller::ear::Ear;
use crate::engine::routing::Routes;
use crate::engine::schedule::{Due, Schedule};
use crate::engine::supervise::{Panicked, supervised};
use crate::engine::update::{Diagnosed, Polled, Report, Update};
use crate::sources::http::{Clock, counted, span};
use crate::sources::{Account, Batch, Fetch, ResourceId, Source, SourceError};

/// How many polls of one source are under way at most.
const MAX_FLIGHTS: usize = 3;
/// How long one poll may take before it is given up; adapters have shorter time-outs of their own.
const POLL_TIMEOUT: Duration = Duration::from_mins(3);
/// So many slow answers one fetch may wait for, where they may take longer than is usual.
const SLOW_ANSWERS: u32 = 8;
/// How often a lease is renewed.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often it is told what came in while polls are under way.
const LISTEN: Duration = Duration::from_secs(5);
/// How often a followed source is looked at.
const FOLLOW: Duration = Duration::from_secs(1);
/// How far the two clocks may drift apart before the machine counts as having slept.
const SLEPT: TimeDelta = TimeDelta::seconds(30);
/// Least distance between two such findings: a wall clock that runs fast is no sleep.
const SLEPT_EVERY: Duration = Duration::from_mins(1);
/// The longest that the task waits without looking at the clocks.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// What each source is asked for by correlation, and the number of the edition.
pub type Needs = (u64, Arc<Routes>);

/// What a poller is made of.
pub struct Parts {
    /// The source.
    pub source: Arc<dyn Source>,
    /// What the store already holds from it.
    pub facts: Vec<Arc<Fact>>,
    /// Permits for its host.
    pub host: Arc<Semaphore>,
    /// Where to tell.
    pub updates: mpsc::Sender<Update>,
    /// What the engine asks.
    pub orders: mpsc::Receiver<Order>,
    /// What correlation needs.
    pub needs: watch::Receiver<Needs>,
    /// The database, where there is one.
    pub db: Option<Database>,
    /// The wall clock.
    pub clock: Clock,
    /// Spreads the schedules of several machines apart.
    pub seed: u64,
}

struct Poller {
    parts: Parts,
    schedule: Schedule,
    dice: Dice,
    started: Instant,
    order: u64,
    needs_seen: u64,
    crashes: u32,
    role: Role,
    /// When it last made sure that polling is ours, by the clock of the wall.
    led_at: Timestamp,
    /// As whom it asks, once that was found out.
    account: Option<Account>,
    /// Whether other programs share the store, and may want something of this one.
    shared: bool,
    last_look: (Duration, Timestamp),
    last_slept: Option<Duration>,
    last_told: (Instant, u64),
    /// Whether it was told that the first round is over, that history is read, and that a limit is
    /// spent.
    told: (bool, bool, bool),
    /// What a person waits for; asked whoever polls the source.
    inquiries: FuturesUnordered<BoxFuture<'static, Diagnosed>>,
    /// What the server tells by itself.
    ear: Ear,
}

/// Whether this program polls the source.
enum Role {
    Leads,
    Follows(Cursor),
}

struct Landed {
    id: ResourceId,
    at: Timestamp,
    order: u64,
    outcome: Result<Result<Batch, SourceError>, Panicked>,
    /// How many requests of it were charged, where that is known.
    charged: Option<u32>,
}

type Flights = FuturesUnordered<BoxFuture<'static, Landed>>;

/// Polls a source for ever; ends when its future is dropped or the engine is gone.
pub async fn poll(parts: Parts) {
    let seed =
        xxhash_rust::xxh3::xxh3_64_with_seed(parts.source.name().as_str().as_bytes(), parts.seed);
    let wall = (parts.clock)();
    let mut poller = Poller {
        schedule: Schedule::new(seed, parts.source.paces()),
        dice: Dice::new(seed),
        started: Instant::now(),
        order: 0,
        needs_seen: 0,
        crashes: 0,
        role: Role::Leads,
        led_at: wall,
        account: None,
        shared: false,
        last_look: (Duration::ZERO, wall),
        last_slept: None,
        last_told: (Instant::now(), 0),
        told: (false, false, false),
        inquiries: FuturesUnordered::new(),
        ear: Ear::new(),
        parts,
    };
    while let Err(panicked) = supervised(poller.run()).await {
        poller.schedule.abandon(poller.now());
        let pause = poller.crashed(&panicked).await;
        tokio::time::sleep(pause).await;
    }
}

impl Poller {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn wall(&self) -> Timestamp {
        (self.parts.clock)()
    }

    async fn run(&mut self) {
        self.identify().await;
        if self.crashes == 0 {
            let facts = std::mem::take(&mut self.parts.facts);
            self.parts.source.restore(&facts);
        }
        self.elect().await;
        self.hear_wishes().await;
        self.hear_needs();
        self.renew();
        self.report().await;
        let mut flights = Flights::new();
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        beat.reset();
        let mut look = tokio::time::interval(FOLLOW);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.notice_sleep();
            let wait = match &self.role {
                Role::Leads => self.launch(&mut flights),
                Role::Follows(_) => FOLLOW,
            };
            if flights.is_empty() {
                self.tell_of_limits().await;
            }
            self.listen_to_source();
            let wait = self.ear.wait(wait);
            tokio::select! {
                biased;
                Some(landed) = flights.next() => self.landed(landed).await,
                Some(found) = self.inquiries.next() => {
                    self.tell(Update::Diagnosed(Box::new(found))).await;
                }
                heard = self.ear.heard() => self.take_heard(&heard),
                order = self.parts.orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                changed = self.parts.needs.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.hear_needs();
                    self.renew();
                    self.report().await;
                }
                _ = beat.tick(), if self.parts.db.is_some() && matches!(self.role, Role::Leads) => {
                    self.elect().await;
                    self.hear_wishes().await;
                }
                // As often as the others look here; alone, nobody can want anything.
                _ = look.tick(), if self.shared && matches!(self.role, Role::Leads) => {
                    self.hear_wishes().await;
                }
                () = tokio::time::sleep_until(self.last_told.0 + LISTEN), if !flights.is_empty() => {
                    self.listen().await;
                }
                () = tokio::time::sleep(wait) => self.follow().await,
            }
        }
    }

    /// Starts what is due and returns how long to wait for the next.
    fn launch(&mut self, flights: &mut Flights) -> Duration {
        while flights.len() < MAX_FLIGHTS {
            let now = self.now();
            let Some(due) = self.schedule.take(now) else {
                let next = self.schedule.next().map(|at| at.saturating_sub(now));
                return next.map_or(LONGEST_WAIT, |next| {
                    next.clamp(Duration::from_millis(1), LONGEST_WAIT)
                });
            };
            flights.push(self.flight(due));
        }
        LONGEST_WAIT
    }

    fn flight(&mut self, due: Due) -> BoxFuture<'static, Landed> {
        self.order += 1;
        self.last_told.0 = Instant::now();
        let order = self.order;
        let source = Arc::clone(&self.parts.source);
        let host = Arc::clone(&self.parts.host);
        let clock = Arc::clone(&self.parts.clock);
        Box::pin(async move {
            let permit = host.acquire_owned().await;
            let at = clock();
            let fetch = Fetch {
                resource: Arc::clone(&due.id),
                now: at,
                forced: due.forced,
            };
            let poll = async {
                let longest = POLL_TIMEOUT.max(source.meter().patience * SLOW_ANSWERS);
                match tokio::time::timeout(longest, source.fetch(fetch)).await {
                    Ok(outcome) => outcome,
                    Err(_) => Err(SourceError::Unreachable {
                        host: source.host().to_owned(),
                        cause: format!("no whole answer within {}", span(longest)),
                    }),
                }
            };
            let (outcome, charged) = counted(supervised(poll)).await;
            drop(permit);
            Landed {
                id: due.id,
                at,
                order,
                outcome,
                charged,
            }
        })
    }

    async fn landed(&mut self, landed: Landed) {
        let now = self.now();
        let outcome = match landed.outcome {
            Ok(outcome) => outcome,
            Err(panicked) => {
                let lost = SourceError::Unreachable {
                    host: String::new(),
                    cause: String::new(),
                };
                self.schedule.done(&landed.id, Some(&lost), now);
                self.crashed(&panicked).await;
                return;
            }
        };
        if !self.still_leads().await {
            // Whoever polls now may know better already.
            self.schedule.done(&landed.id, None, now);
            return;
        }
        if outcome.is_ok() {
            self.crashes = 0;
            // A person may have asked for another token to be used.
            self.identify().await;
        }
        if let Err(error) = &outcome {
            tracing::debug!(source = %self.parts.source.name(), resource = %landed.id, %error, "poll failed");
        }
        if let Some(charged) = landed.charged {
            self.schedule.charged(&landed.id, charged, now);
        }
        self.schedule.done(&landed.id, outcome.as_ref().err(), now);
        self.renew();
        let polled = Polled {
            source: self.parts.source.name().clone(),
            resource: landed.id,
            at: landed.at,
            order: landed.order,
            outcome,
            report: self.state(),
        };
        self.tell(Update::Polled(Box::new(polled))).await;
    }

    /// Asks the source what it wants polled and what its host allows.
    fn renew(&mut self) {
        let now = self.now();
        let wall = self.wall();
        let meter = self.parts.source.meter();
        self.schedule.told(&meter.budgets, wall, now);
        self.schedule
            .set_resources(self.parts.source.resources(wall), now);
    }

    fn hear_needs(&mut self) {
        let (edition, needs) = self.parts.needs.borrow_and_update().clone();
        self.parts.source.need(needs.of(self.parts.source.name()));
        self.needs_seen = edition;
    }

    async fn obey(&mut self, order: Order) {
        let before = self.schedule.next();
        self.follow_order(order).await;
        // What is told of the next poll stays true though nothing was asked.
        if self.schedule.next() != before {
            self.report().await;
        }
    }

    async fn follow_order(&mut self, order: Order) {
        let now = self.now();
        match order {
            Order::Refresh => {
                if !self.wish(Wish::Refresh).await {
                    self.schedule.refresh(now);
                    self.report().await;
                }
            }
            Order::Hurry => {
                // Also here: the other program may end before it was heard.
                self.wish(Wish::History).await;
                self.schedule.hurry(now);
            }
            Order::Focus(focused) => self.schedule.focus(focused, now),
            Order::Look(repo) => self.schedule.look(repo, now),
            Order::Hasten(repo) => self.hasten(&repo).await,
            Order::Diagnose(key) => self.inquire(key),
        }
    }

    /// Asks for a repository now, or has it asked for by the program that polls the source.
    async fn hasten(&mut self, repo: &Clean) {
        if !self.wish(Wish::Refresh).await {
            self.schedule.hasten(repo, self.now());
        }
    }

    fn inquire(&mut self, key: LogKey) {
        self.order += 1;
        let source = Arc::clone(&self.parts.source);
        let host = Arc::clone(&self.parts.host);
        let clock = Arc::clone(&self.parts.clock);
        let asked = inquire(source, host, clock, key, self.order);
        self.inquiries.push(Box::pin(asked));
    }

    fn state(&self) -> Report {
        let now = self.now();
        let wall = self.wall();
        let next_poll = self.schedule.next().and_then(|at| {
            let ahead = TimeDelta::from_std(at.saturating_sub(now)).ok()?;
            wall.checked_add_signed(ahead)
        });
        Report {
            meter: self.parts.source.meter(),
            capabilities: self.parts.source.capabilities(),
            problems: self.parts.source.problems(),
            limited: self.schedule.limited(self.parts.source.as_ref(), now),
            resources: self.schedule.ids().cloned().collect(),
            next_poll,
            round_done: self.schedule.is_round_done(now),
            history_done: self.schedule.is_history_done(now),
            past: self.parts.source.past(),
            needs_seen: self.needs_seen,
        }
    }

    /// Tells that nothing more is asked for, where no answer is under way that would tell it.
    async fn tell_of_limits(&mut self) {
        let now = self.now();
        let limited = self.schedule.limited(self.parts.source.as_ref(), now);
        let standing = (
            self.schedule.is_round_done(now),
            self.schedule.is_history_done(now),
            limited.is_some(),
        );
        if standing != self.told {
            self.report().await;
            self.told = standing;
        }
    }

    async fn report(&mut self) {
        if let Role::Leads = self.role {
            let report = Box::new(self.state());
            let source = self.parts.source.name().clone();
            self.tell(Update::Reported { source, report }).await;
        }
    }

    /// Tells that answers come in, though no poll has ended: the host is there.
    async fn listen(&mut self) {
        let before = self.last_told.1;
        let sent = self.parts.source.meter().sent;
        self.last_told = (Instant::now(), sent);
        if sent != before {
            self.report().await;
        }
    }

    async fn tell(&mut self, update: Update) {
        if self.parts.updates.send(update).await.is_err() {
            // The engine is gone; so is this task, soon.
            std::future::pending::<()>().await;
        }
    }

    async fn crashed(&mut self, panicked: &Panicked) -> Duration {
        self.crashes = self.crashes.saturating_add(1);
        let pause = backoff(self.crashes, &mut self.dice);
        let at = self.wall();
        let source = self.parts.source.name().clone();
        tracing::error!(%source, crashes = self.crashes, panic = %panicked.message, "source crashed");
        self.tell(Update::Crashed {
            source,
            at,
            restart_at: at + TimeDelta::from_std(pause).unwrap_or_default(),
        })
        .await;
        pause
    }

    /// A suspended machine stops the monotonic clock but not the wall clock.
    fn notice_sleep(&mut self) {
        let (now, wall) = (self.now(), self.wall());
        let (last_now, last_wall) = std::mem::replace(&mut self.last_look, (now, wall));
        let awake = TimeDelta::from_std(now.saturating_sub(last_now)).unwrap_or_default();
        let recently = self
            .last_slept
            .is_some_and(|at| now.saturating_sub(at) < SLEPT_EVERY);
        if (wall - last_wall) - awake > SLEPT && !recently {
            self.last_slept = Some(now);
            self.schedule.woke(now);
        }
    }
}
