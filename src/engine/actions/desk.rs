//! The task that does what a person confirmed, one request at a time for a host.
//!
//! It decides nothing that `machine` decides: it reads, waits, writes down and
//! sends when told, and tells the store how far each action got.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use regex::Regex;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::action::{ActionId, ActionState, ActionView, Target, Verb};
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::actions::errand::{APART, look, send};
use crate::engine::actions::journal::{Claim, Journal, Line, Word, key, outcome};
use crate::engine::actions::machine::{Action, Effect, Event};
use crate::engine::actions::waiting::Waiting;
use crate::engine::actions::{Acting, Ask};
use crate::engine::order::Order;
use crate::engine::update::Update;
use crate::sources::Source;
use crate::sources::action::Act;
use crate::sources::http::{Clock, span};

/// How many actions are shown at most.
const SHOWN: usize = 100;
/// How long the program waits at its end for the answer to what it sent.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// How long the journal may take.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(10);

/// What the desk is made of.
pub(crate) struct Room {
    pub sources: Vec<Arc<dyn Source>>,
    pub acting: Acting,
    /// What names production now.
    pub production: watch::Receiver<Option<Regex>>,
    pub asks: mpsc::Receiver<Ask>,
    pub updates: mpsc::Sender<Update>,
    pub orders: HashMap<SourceName, mpsc::Sender<Order>>,
    pub clock: Clock,
    pub tracker: TaskTracker,
}

/// The task's own.
pub(crate) struct Desk {
    room: Room,
    journal: Option<Journal>,
    started: Instant,
    cases: Vec<Case>,
    hosts: HashMap<String, Host>,
    flights: FuturesUnordered<BoxFuture<'static, Landed>>,
    waiting: Waiting,
    /// Says that the program ends.
    cancel: CancellationToken,
}

/// One action with what it holds.
struct Case {
    action: Action,
    at: crate::domain::Timestamp,
    claim: Option<Claim>,
    noted: Option<Word>,
}

/// When a host gets its next request.
struct Host {
    next: Instant,
    /// When the last one left; held while the next one waits.
    last: Arc<Mutex<Option<Instant>>>,
}

enum Landed {
    Event(ActionId, Event),
    Journaled(ActionId, Result<Claim, String>),
    Unfinished(Vec<(Line, Claim)>),
    Noted,
}

impl Desk {
    pub(crate) fn new(room: Room, cancel: &CancellationToken) -> Self {
        Self {
            journal: room.acting.journal.clone().map(Journal::new),
            room,
            started: Instant::now(),
            cases: Vec::new(),
            hosts: HashMap::new(),
            flights: FuturesUnordered::new(),
            waiting: Waiting::default(),
            cancel: cancel.child_token(),
        }
    }

    /// Works until it is told to end, or nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let cancel = self.cancel.clone();
        self.read_journal();
        loop {
            let alarm = self.cases.iter().filter_map(|c| c.action.alarm()).min();
            let alarm = alarm.map(|at| self.started + at);
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                Some(landed) = self.flights.next() => self.landed(landed),
                ask = self.room.asks.recv() => match ask {
                    Some(ask) => self.asked(ask),
                    None => break,
                },
                () = at(alarm), if alarm.is_some() => self.alarmed(),
            }
            self.tell().await;
        }
        drop(tokio::time::timeout(LAST_ANSWER, self.finish()).await);
    }

    /// Waits for the answers to requests that are on their way; nothing new leaves.
    async fn finish(&mut self) {
        self.cancel.cancel();
        while self.cases.iter().any(|case| case.action.is_leaving()) {
            match self.flights.next().await {
                Some(
                    landed @ (Landed::Journaled(..)
                    | Landed::Event(_, Event::Answered(_) | Event::Unsent)),
                ) => self.landed(landed),
                Some(Landed::Event(..) | Landed::Unfinished(_) | Landed::Noted) => {}
                None => return,
            }
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Finds out what came of actions of programs that ended before they knew.
    fn read_journal(&mut self) {
        let Some(journal) = self.journal.clone() else {
            return;
        };
        let now = (self.room.clock)();
        let names: Vec<SourceName> = self.room.sources.iter().map(|s| s.name().clone()).collect();
        let read = self.room.tracker.spawn_blocking(move || {
            let ours = |line: &Line| names.contains(&line.target.source);
            let open = journal.unfinished(now).into_iter().filter(ours);
            // What another board still looks after is its own.
            open.filter_map(|line| {
                let claim = journal.claim(line.verb, &line.target).ok()??;
                Some((line, claim))
            })
            .collect()
        });
        self.flights.push(Box::pin(async move {
            Landed::Unfinished(read.await.unwrap_or_default())
        }));
    }

    fn asked(&mut self, ask: Ask) {
        match ask {
            Ask::Intend {
                id,
                verb,
                target,
                item,
                stale,
            } => self.intend(Action::new(id, verb, target, item), stale),
            Ask::Confirm(id) => self.step(&id, Event::Confirm),
            Ask::Dismiss(id) => {
                // One whose outcome stays unknown is a person's to put away.
                self.cases.retain(|case| {
                    let unknown = matches!(case.action.state(), ActionState::Unsure(_));
                    case.action.id != id || !case.action.is_done() || !unknown
                });
                self.step(&id, Event::Dismiss);
            }
        }
    }

    fn intend(&mut self, action: Action, stale: Option<Clean>) {
        if self.cases.iter().any(|case| case.action.id == action.id) {
            return;
        }
        let (verb, target) = (action.verb, action.target.clone());
        let objection = self
            .room
            .acting
            .objection(verb, &target.source)
            .or_else(|| stale.map(|why| why.to_string()))
            .or_else(|| {
                self.source(&target.source)
                    .is_none()
                    .then(|| format!("there is no source `{}`", target.source))
            })
            .or_else(|| {
                let absent = self.journal.is_none();
                absent.then(|| "there is no journal to write it down in".to_owned())
            })
            .or_else(|| self.is_under_way(verb, &target));
        if let Some(why) = objection {
            self.add(action.stopped(&why));
            return;
        }
        self.drop_questions(verb, &target);
        let id = action.id.clone();
        self.add(action);
        self.perform(&id, Effect::Look);
    }

    /// Returns that the same was sent already, and what came of it is still looked for.
    fn is_under_way(&self, verb: Verb, target: &Target) -> Option<String> {
        let key = key(verb, target);
        let same = self.cases.iter().find(|case| {
            let action = &case.action;
            !action.is_done()
                && !action.is_only_asked()
                && self::key(action.verb, &action.target) == key
        })?;
        Some(format!(
            "`{}` is under way already",
            same.action.verb.words()
        ))
    }

    /// A new question about the same takes the place of one that nobody answered.
    fn drop_questions(&mut self, verb: Verb, target: &Target) {
        let key = key(verb, target);
        let asked: Vec<ActionId> = self
            .cases
            .iter()
            .map(|case| &case.action)
            .filter(|action| {
                action.is_only_asked() && self::key(action.verb, &action.target) == key
            })
            .map(|action| action.id.clone())
            .collect();
        for id in asked {
            self.step(&id, Event::Dismiss);
        }
    }

    fn add(&mut self, action: Action) {
        let at = (self.room.clock)();
        self.cases.push(Case {
            action,
            at,
            claim: None,
            noted: None,
        });
        if self.cases.len() > SHOWN {
            let oldest = self.cases.iter().position(|case| case.action.is_done());
            if let Some(oldest) = oldest {
                self.cases.remove(oldest);
            }
        }
    }

    fn source(&self, name: &SourceName) -> Option<Arc<dyn Source>> {
        let found = self.room.sources.iter().find(|s| s.name() == name);
        found.map(Arc::clone)
    }

    fn alarmed(&mut self) {
        let now = self.now();
        let due: Vec<ActionId> = self
            .cases
            .iter()
            .filter(|case| case.action.alarm().is_some_and(|at| at <= now))
            .map(|case| case.action.id.clone())
            .collect();
        for id in due {
            self.step(&id, Event::Alarm);
        }
    }

    fn landed(&mut self, landed: Landed) {
        match landed {
            Landed::Event(id, event) => self.step(&id, event),
            Landed::Journaled(id, Ok(claim)) => {
                if let Some(case) = self.cases.iter_mut().find(|case| case.action.id == id) {
                    case.claim = Some(claim);
                    case.noted = Some(Word::Intended);
                }
                self.step(&id, Event::Journaled(Ok(())));
            }
            Landed::Journaled(id, Err(why)) => {
                self.step(&id, Event::Journaled(Err(Clean::line(&why))));
            }
            Landed::Unfinished(open) => {
                for (line, claim) in open {
                    self.resume(line, claim);
                }
            }
            Landed::Noted => {}
        }
    }

    fn resume(&mut self, line: Line, claim: Claim) {
        let now = self.now();
        let why = line.said.map_or_else(
            || "the board ended before it knew whether it was done".to_owned(),
            |said| said.to_string(),
        );
        let action = Action::new(line.id, line.verb, line.target, line.item);
        self.cases.push(Case {
            action: action.resumed(line.before, &why, now),
            at: line.at,
            claim: Some(claim),
            noted: Some(line.event),
        });
    }

    /// Tells an action what happened, and does what it wants next.
    fn step(&mut self, id: &ActionId, event: Event) {
        let now = self.now();
        let at = (self.room.clock)();
        let Some(case) = self.cases.iter_mut().find(|case| case.action.id == *id) else {
            return;
        };
        let before = case.action.state();
        let effect = case.action.on(event, now);
        if case.action.state() != before {
            case.at = at;
        }
        self.note(id);
        if let Some(effect) = effect {
            self.perform(id, effect);
        }
    }

    /// Writes down what came of an action that was sent, and lets go of what it held.
    fn note(&mut self, id: &ActionId) {
        let Some(case) = self.cases.iter_mut().find(|case| case.action.id == *id) else {
            return;
        };
        let claim = if case.action.is_done() {
            case.claim.take()
        } else {
            None
        };
        let (Some(noted), Some((word, said))) = (case.noted, outcome(&case.action)) else {
            return;
        };
        if noted == word {
            return;
        }
        case.noted = Some(word);
        let target = case.action.target.clone();
        let line = self.line(id, word, said);
        if let (Some(journal), Some(line)) = (self.journal.clone(), line) {
            let waiting = self.waiting.clone();
            waiting.push(line, claim);
            let append = move || waiting.write_next(&journal);
            let append = self.room.tracker.spawn_blocking(append);
            self.flights.push(Box::pin(async move {
                if let Ok(Err(error)) = append.await {
                    tracing::warn!(%error, "the journal of actions cannot be written");
                }
                Landed::Noted
            }));
        }
        if matches!(word, Word::Requested | Word::Confirmed) {
            self.hasten(&target);
        }
    }

    /// Has the run asked for at once, so that the board shows what came of it.
    fn hasten(&self, target: &Target) {
        if let Some(orders) = self.room.orders.get(&target.source) {
            let repo = Clean::line(target.run.repo.path());
            // A poller that has too much to do asks soon anyway.
            drop(orders.try_send(Order::Hasten(repo)));
        }
    }

    fn line(&self, id: &ActionId, event: Word, said: Option<Clean>) -> Option<Line> {
        let case = self.cases.iter().find(|case| case.action.id == *id)?;
        let action = &case.action;
        let source = self.source(&action.target.source)?;
        Some(Line {
            id: action.id.clone(),
            event,
            at: (self.room.clock)(),
            up_ms: u64::try_from(self.now().as_millis()).unwrap_or(u64::MAX),
            who: self.room.acting.who.clone(),
            pid: std::process::id(),
            verb: action.verb,
            target: action.target.clone(),
            host: source.host().to_owned(),
            item: action.item.clone(),
            before: action.fresh().cloned(),
            said,
        })
    }

    fn perform(&mut self, id: &ActionId, effect: Effect) {
        let Some(case) = self.cases.iter().find(|case| case.action.id == *id) else {
            return;
        };
        let (verb, target) = (case.action.verb, case.action.target.clone());
        let Some(source) = self.source(&target.source) else {
            return;
        };
        let id = id.clone();
        let flight: BoxFuture<'static, Landed> = match effect {
            Effect::Look => {
                let production = self.room.production.borrow().clone();
                let looked = look(source, target, production);
                Box::pin(async move { Landed::Event(id, looked.await) })
            }
            Effect::Queue => {
                let at = self.turn(source.host());
                Box::pin(async move {
                    tokio::time::sleep_until(at).await;
                    Landed::Event(id, Event::Turn)
                })
            }
            Effect::Journal => self.write_down(id),
            Effect::Send => {
                let last = Arc::clone(&self.host(source.host()).last);
                let act = Act { verb, target };
                let cancel = self.cancel.clone();
                Box::pin(async move { Landed::Event(id, send(source, act, last, cancel).await) })
            }
        };
        self.flights.push(flight);
    }

    fn host(&mut self, name: &str) -> &mut Host {
        self.hosts.entry(name.to_owned()).or_insert_with(|| Host {
            next: Instant::now(),
            last: Arc::default(),
        })
    }

    /// Returns when the next action of a host has its turn.
    fn turn(&mut self, host: &str) -> Instant {
        let host = self.host(host);
        let at = host.next.max(Instant::now());
        host.next = at + APART;
        at
    }

    fn write_down(&self, id: ActionId) -> BoxFuture<'static, Landed> {
        let line = self.line(&id, Word::Intended, None);
        let (Some(journal), Some(line)) = (self.journal.clone(), line) else {
            let why = "there is no journal to write it down in".to_owned();
            return Box::pin(async move { Landed::Journaled(id, Err(why)) });
        };
        let writing = self
            .room
            .tracker
            .spawn_blocking(move || journal.begin(&line));
        Box::pin(async move {
            let written = match tokio::time::timeout(JOURNAL_TIMEOUT, writing).await {
                Ok(Ok(claim)) => claim,
                Ok(Err(error)) => Err(format!("the journal cannot be written: {error}")),
                Err(_elapsed) => Err(format!(
                    "the journal was not written within {}",
                    span(JOURNAL_TIMEOUT)
                )),
            };
            Landed::Journaled(id, written)
        })
    }

    async fn tell(&mut self) {
        let views: Arc<[ActionView]> = self.cases.iter().rev().take(SHOWN).map(view).collect();
        // Where the engine is gone, so is this task, soon.
        drop(self.room.updates.send(Update::Actions(views)).await);
    }
}

fn view(case: &Case) -> ActionView {
    ActionView {
        id: case.action.id.clone(),
        verb: case.action.verb,
        target: case.action.target.clone(),
        item: case.action.item.clone(),
        state: case.action.state(),
        at: case.at,
    }
}

async fn at(alarm: Option<Instant>) {
    match alarm {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
