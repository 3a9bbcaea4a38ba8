//! What the tests of this layer share: a source that does as it is told, and an engine to watch.
//!
//! What a source answers is each test's own; nothing here decides that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::Timestamp;
use crate::domain::action::{Fresh, Target};
use crate::domain::attention::Attention;
use crate::domain::correlate::Need;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::policy::Policy;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::engine::actions::Acting;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, EngineCommand, Options, Tells, start};
use crate::sources::action::{Act, ActError};
use crate::sources::follow::{FollowError, Part, Place};
use crate::sources::http::Clock;
use crate::sources::logs::NoLogs;
use crate::sources::{
    Account, Batch, Capability, Fetch, Meter, Resource, Source, SourceError, Tier,
};

/// More than any test needs.
pub(crate) const CEILING: Duration = Duration::from_secs(20);

/// Returns an instant so many seconds after one that all these tests share.
pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(secs)
}

/// Returns the name of the first source.
pub(crate) fn one() -> SourceName {
    SourceName::new("one")
}

/// Builds an open ticket with nothing but a title.
pub(crate) fn ticket(repo: &RepoKey, number: u64, title: &str) -> Ticket {
    Ticket {
        key: TicketKey::Numbered {
            repo: repo.clone(),
            number,
        },
        title: Clean::line(title),
        url: None,
        state: TicketState::Open,
        author: None,
        assignees: Vec::new(),
        labels: Vec::new(),
        milestone: None,
        project_status: None,
        project_status_at: None,
        created_at: at(0),
        updated_at: at(0),
        closed_at: None,
        incident: false,
    }
}

/// What comes of one read of a log that grows.
pub(crate) type Followed = Result<Part, FollowError>;

/// What a source answers to a poll.
pub(crate) type Answer = Result<Batch, SourceError>;

/// What a fake source does when it is asked; what nobody wrote, nobody may ask.
pub(crate) trait Script: Send + Sync + 'static {
    /// Answers a poll, by its number.
    fn fetch(&self, poll: usize) -> BoxFuture<'_, Answer>;

    /// Names what is polled, and how often that is.
    fn resource(&self) -> (&'static str, Tier) {
        ("tickets", Tier::Hot)
    }

    /// Waits until the server tells that something changed.
    fn changes(&self) -> Option<BoxFuture<'_, Result<(), SourceError>>> {
        None
    }

    /// Reads the target of an action afresh.
    fn look_at(&self) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        unreachable!("nobody acts here")
    }

    /// Does something.
    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        unreachable!("nobody asked for {act:?}")
    }

    /// Reads on in a log.
    fn follow(&self, from: Place, into: mpsc::Sender<Vec<u8>>) -> BoxFuture<'_, Followed> {
        drop(into);
        unreachable!("nobody follows anything from {from:?}")
    }

    /// Finds out why a job failed.
    fn diagnose(&self, log: LogKey) -> BoxFuture<'_, Answer> {
        unreachable!("nobody asked about {log:?}")
    }
}

/// Answers polls by a function of their number.
struct ByNumber<F>(F);

impl<F> Script for ByNumber<F>
where
    F: Fn(usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
{
    fn fetch(&self, poll: usize) -> BoxFuture<'_, Answer> {
        (self.0)(poll)
    }
}

/// When a source was polled.
#[derive(Clone, Default)]
pub(crate) struct Polls(Arc<Mutex<Vec<Instant>>>);

impl Polls {
    /// Returns how often.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Returns how long it was from each to the next.
    pub(crate) fn gaps(&self) -> Vec<Duration> {
        let polls = self.0.lock().unwrap();
        polls.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    fn note(&self) -> usize {
        let mut polls = self.0.lock().unwrap();
        polls.push(Instant::now());
        polls.len()
    }
}

/// A source that does what its script says.
pub(crate) struct Fake {
    /// What it is called.
    pub(crate) name: SourceName,
    /// Where it claims to be.
    pub(crate) host: String,
    /// When it was polled.
    pub(crate) polls: Polls,
    /// How many facts it was given back from the store.
    pub(crate) restored: Arc<AtomicUsize>,
    /// Which pasts it need not tell again.
    pub(crate) kept: Arc<Mutex<Vec<Clean>>>,
    /// As whom it asks.
    pub(crate) account: Account,
    script: Arc<dyn Script>,
}

impl Fake {
    /// Builds one that answers at once; the number of the poll is all that it knows.
    pub(crate) fn new(
        name: &str,
        script: impl Fn(usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::slow(name, move |poll| std::future::ready(script(poll)).boxed())
    }

    /// Builds one that takes its time.
    pub(crate) fn slow(
        name: &str,
        script: impl Fn(usize) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::by(name, Arc::new(ByNumber(script)))
    }

    /// Builds one that can do more than be polled.
    pub(crate) fn by(name: &str, script: Arc<dyn Script>) -> Self {
        Self {
            name: SourceName::new(name),
            host: format!("{name}.test"),
            polls: Polls::default(),
            restored: Arc::default(),
            kept: Arc::default(),
            account: Account::Settled,
            script,
        }
    }
}

impl Source for Fake {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "fake"
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let (id, tier) = self.script.resource();
        vec![Resource {
            id: id.into(),
            tier,
            cost: 1,
            bucket: "core",
        }]
    }

    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Answer> {
        self.script.fetch(self.polls.note())
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        std::future::ready(self.account.clone()).boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        self.restored.store(facts.len(), Ordering::SeqCst);
    }

    fn past_kept(&self, of: &Clean) {
        self.kept.lock().unwrap().push(of.clone());
    }

    fn need(&self, _needs: &std::collections::BTreeSet<Need>) {}

    fn meter(&self) -> Meter {
        let sent = self.polls.count();
        Meter {
            sent: u64::try_from(sent).unwrap_or_default(),
            me: (sent > 0).then(|| "ada".to_owned()),
            ..Meter::default()
        }
    }

    fn changes(&self) -> Option<BoxFuture<'_, Result<(), SourceError>>> {
        self.script.changes()
    }

    fn look_at(&self, _target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        self.script.look_at()
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        self.script.act(act)
    }

    fn follow(
        &self,
        _log: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> BoxFuture<'_, Followed> {
        self.script.follow(from, into)
    }

    fn diagnose(&self, log: LogKey, _now: Timestamp) -> BoxFuture<'_, Answer> {
        self.script.diagnose(log)
    }
}

/// Returns a clock that begins then and goes as the runtime's does, paused or not.
pub(crate) fn clock_from(base: Timestamp) -> Clock {
    let started = Instant::now();
    Arc::new(move || base + started.elapsed())
}

/// Returns a clock that begins a hundred days after [`at`].
pub(crate) fn clock() -> Clock {
    clock_from(at(0) + TimeDelta::days(100))
}

/// Returns what an engine is started with that polls these and does nothing else.
pub(crate) fn options(sources: impl IntoIterator<Item = Fake>, clock: Clock) -> Options {
    Options {
        attention: Attention::default(),
        sources: sources
            .into_iter()
            .map(|source| Box::new(source) as Box<dyn Source>)
            .collect(),
        policy: Policy::default(),
        columns: Vec::new(),
        store: None,
        polling: true,
        looks_into: true,
        looks_back: true,
        tells: Tells::AsItComes,
        haste: false,
        clock,
        logs: Arc::new(NoLogs),
        acting: Acting::default(),
    }
}

/// A running engine with everything that it belongs to.
pub(crate) struct Rig {
    /// The engine.
    pub(crate) engine: Engine,
    tracker: TaskTracker,
    /// Ends it.
    pub(crate) cancel: CancellationToken,
    within: Duration,
}

impl Rig {
    /// Starts an engine.
    pub(crate) fn start(options: Options) -> Self {
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        // Time is paused where there is no store, and hours go by in no time.
        let within = if options.store.is_some() {
            CEILING
        } else {
            CEILING * 1_000
        };
        Self {
            engine: start(options, &tracker, &cancel),
            tracker,
            cancel,
            within,
        }
    }

    /// Waits until the board is as it should be.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let snapshots = &mut self.engine.snapshots;
        let wait = snapshots.wait_for(|snapshot| wanted(snapshot));
        let found = tokio::time::timeout(self.within, wait)
            .await
            .map(|snapshot| Arc::clone(&snapshot.expect("the engine runs")));
        found.unwrap_or_else(|_| panic!("it never came: {:#?}", self.engine.snapshots.borrow()))
    }

    /// Asks the engine for something.
    pub(crate) async fn command(&self, command: EngineCommand) {
        let commands = &self.engine.commands;
        commands.send(command).await.expect("the engine runs");
    }

    /// Ends it, which takes two seconds at the most.
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        tokio::time::timeout(Duration::from_secs(2), self.tracker.wait())
            .await
            .expect("everything ends within two seconds");
    }
}
