//! `--plain`: the board as lines, for screen readers and for terminals that can nothing else.
//!
//! Only ever appends: no other screen, no escape but the one that copies, one card a line, changes
//! told as lines. What is said and asked is `talk`'s, which is pure; here lines come in and go out.

mod act;
mod aside;
mod cards;
mod log;
mod own;
mod past;
mod standup;
mod talk;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;

use std::collections::VecDeque;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::cli::BoardArgs;
use crate::app::effects::{Done, Effects, clipboard};
use crate::app::exit::{Exit, Failure};
use crate::app::hidden::Hidden;
use crate::app::pins::Pins;
use crate::app::renew::Around;
use crate::app::runtime::runtime;
use crate::app::session::{Session, Tasks};
use crate::app::standup::desk::Scene;
use crate::app::views::{self, Views};
use crate::app::{board, env, flow, once, output, redact, signals, team};
use crate::domain::history::Ledger;
use crate::engine::{Engine, EngineCommand};
use crate::ui::flow as flow_ui;
use crate::ui::replay;
use crate::ui::standup::{Ask, Order};

use log::Reading;
use past::When;
use talk::{Do, Said, Setting, Talk};

/// The longest line that is listened to, in bytes.
const LONGEST: u64 = 4 * 1024;

/// What is said where nothing can be told of what was.
const NO_HISTORY: &str = "history cannot be read";

/// How many lines of a log are read out at once.
const LOG_LINES: u64 = 30;

/// How many lines before the first error.
const BEFORE: u64 = 5;

/// Talks about the board until somebody ends it, or nobody is there any more.
pub fn run(mut session: Session, args: &BoardArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let filter = once::filter(args.filter.as_deref())?;
    let store = session.store_or_none();
    runtime()?.block_on(async {
        let tasks = Tasks::default();
        let signals = signals::watch(&tasks.cancel)
            .map_err(|error| Failure::error(format!("cannot watch for signals: {error}")))?;
        let engine = session.start(store.clone(), !args.offline, &tasks).await?;
        let effects = board::effects(&session, &tasks).standing_on(Around::of(&session, store));
        let setting = Setting {
            columns: session.settings.board.columns.clone(),
            offline: args.offline,
            simulated: session.demo.is_some(),
            seed: board::seed(),
            hides: Hidden::of(&session).load().0,
            pins: Pins::at(session.paths.pins()).load(),
            commands: Arc::clone(&session.settings.commands),
            read_only: session.global.read_only,
            views: {
                let own = Views::of(&session).load().0;
                views::given(&session.settings)
                    .into_iter()
                    .chain(own)
                    .collect()
            },
            zone: team::local_zone(&session.env),
        };
        let mut conversation = Conversation {
            talk: Talk::new(setting, filter),
            engine,
            session: &session,
            log: None,
            effects,
            asks: VecDeque::new(),
            ledger: None,
        };
        let outcome = conversation.run(&tasks).await;
        tasks.end().await;
        match (signals.ending().get(), outcome) {
            (Some(signal), _) => Ok(Exit::Signal(signal)),
            (None, outcome) => outcome.map(|()| Exit::Fine),
        }
    })
}

/// What is asked of history.
#[derive(Debug)]
enum Question {
    /// The stand-up.
    Standup(Ask),
    /// Metrics.
    Flow(flow_ui::Ask),
    /// A moment, of the cards of a filter.
    Past(When, String),
}

/// A conversation with the engine at one end and a person at the other.
struct Conversation<'a> {
    talk: Talk,
    engine: Engine,
    session: &'a Session,
    /// The log that is waited for, or read out.
    log: Option<Reading>,
    /// What is done beside the conversation.
    effects: Effects,
    /// Questions that wait for history.
    asks: VecDeque<Question>,
    /// History as it was last read.
    ledger: Option<Arc<Ledger>>,
}

impl Conversation<'_> {
    async fn run(&mut self, tasks: &Tasks) -> Result<(), Failure> {
        let mut lines = listen()?;
        let greeting = self.talk.greeting();
        self.say(greeting).await?;
        loop {
            let said = tokio::select! {
                biased;
                () = tasks.cancel.cancelled() => return Ok(()),
                line = lines.recv() => match line {
                    // Whoever cannot say `quit` any more has gone.
                    None => return Ok(()),
                    Some(line) => {
                        let snapshot = Arc::clone(&self.engine.snapshots.borrow());
                        self.talk.answer(&line, &snapshot, (self.session.clock)())
                    }
                },
                done = self.effects.next() => self.on_done(done).await?,
                may_change = self.engine.next_change() => {
                    if !may_change {
                        return Err(Failure::error("nothing can be asked for any more"));
                    }
                    if self.engine.is_settled() {
                        self.talk.settle();
                    }
                    let snapshot = Arc::clone(&self.engine.snapshots.borrow_and_update());
                    self.talk.on_snapshot(&snapshot, (self.session.clock)())
                }
            };
            if !self.say(said).await? {
                return Ok(());
            }
            self.look_for_log()?;
        }
    }

    /// Says and does what came of something; returns whether it goes on.
    async fn say(&mut self, said: Vec<Said>) -> Result<bool, Failure> {
        for one in said {
            match one {
                Said::Line(line) => print(&line)?,
                Said::Do(Do::Quit) => return Ok(false),
                Said::Do(Do::Command(command)) => self.send(command).await?,
                Said::Do(Do::Log(key)) => {
                    self.log = Some(Reading::of(key.clone()));
                    if self.session.logs.open(&key).ok().flatten().is_none() {
                        print("the log is being fetched; it is read out when it is here")?;
                        self.send(EngineCommand::Diagnose(key)).await?;
                    }
                }
                Said::Do(Do::More) => self.more_of_log()?,
                Said::Do(Do::LogFrom(line)) => self.log_from(line)?,
                Said::Do(Do::Search(query)) => self.search_log(query)?,
                Said::Do(Do::Measure(ask)) => self.ask(Question::Flow(ask))?,
                Said::Do(Do::Past(when, filter)) => self.ask(Question::Past(when, filter))?,
                Said::Do(Do::Hide(changes)) => {
                    let hidden = Hidden::of(self.session);
                    let (_, trouble) = hidden.set(&changes, (self.session.clock)());
                    if let Some(trouble) = trouble {
                        print(&trouble)?;
                    }
                }
                Said::Do(Do::Pin(changes)) => self.effects.pin(changes),
                Said::Do(Do::Standup(ask)) => self.ask(Question::Standup(ask))?,
                Said::Do(Do::Run(order)) => match self.effects.own() {
                    Some(runner) => runner.run(*order),
                    None => print("your commands cannot be run here")?,
                },
                Said::Do(Do::Stop(id)) => self.effects.stop_own(id),
                Said::Do(Do::Copy(text)) => self.copy(&text)?,
                Said::Do(Do::Browse(url)) => self.effects.open(&url),
            }
        }
        Ok(true)
    }

    /// Takes in what came of something that was done beside the conversation.
    async fn on_done(&mut self, done: Done) -> Result<Vec<Said>, Failure> {
        let now = (self.session.clock)();
        Ok(match done {
            Done::Well(text) | Done::Badly(text) => vec![Said::Line(text)],
            Done::Pinned(list, trouble) => {
                self.talk.setting.pins.clone_from(&list);
                self.send(EngineCommand::Pin(list)).await?;
                trouble.into_iter().map(Said::Line).collect()
            }
            Done::Recalled(ledger) => {
                self.ledger = ledger.or(self.ledger.take());
                while let Some(question) = self.asks.pop_front() {
                    self.prepare(question)?;
                }
                Vec::new()
            }
            Done::Standup(answer) => self.talk.on_standup(*answer, now),
            Done::Measured(report) => self.talk.on_report(&report),
            Done::Rewound(frame) => self.talk.on_frame(*frame),
            Done::Own(event) | Done::Returned(event) => self.talk.on_own(&event),
            // Nothing of this is asked for here.
            Done::Hidden(..)
            | Done::Views(..)
            | Done::Log(_)
            | Done::Aside(_)
            | Done::Reloaded(_)
            | Done::Renewed(_) => Vec::new(),
        })
    }

    /// Has a question answered, from history as it is now.
    fn ask(&mut self, question: Question) -> Result<(), Failure> {
        let board = Arc::clone(&self.engine.snapshots.borrow());
        let reads = match &question {
            // What is only kept needs no history, and has to be kept in the order in which it was said.
            Question::Standup(ask) => ask.order == Order::Prepare,
            // A step goes through the history that is told of.
            Question::Past(When::At(_), _) => false,
            Question::Flow(_) | Question::Past(..) => true,
        };
        if (reads || !self.asks.is_empty()) && self.effects.recall(board) {
            self.asks.push_back(question);
            return Ok(());
        }
        self.prepare(question)
    }

    fn prepare(&self, question: Question) -> Result<(), Failure> {
        let snapshot = Arc::clone(&self.engine.snapshots.borrow());
        let now = (self.session.clock)();
        let ask = match question {
            Question::Standup(ask) => ask,
            Question::Flow(ask) => {
                let Some(ledger) = self.ledger.clone() else {
                    return print(NO_HISTORY);
                };
                let beside = flow::beside(&self.session.settings.board.columns, &snapshot);
                self.effects.measure(ledger, ask, beside, now);
                return Ok(());
            }
            Question::Past(when, filter) => {
                let shown = self.talk.told.frame.as_ref();
                let told = shown.map(|frame| Arc::clone(frame.film.replay.ledger()));
                let (at, ledger) = match when {
                    When::At(at) => (Some(at), told),
                    When::Now => (None, self.ledger.clone()),
                    When::Named(since) => {
                        let calendar = team::calendar(self.session, now);
                        let at = since.in_days(&calendar, now).min(now);
                        (Some(at), self.ledger.clone())
                    }
                };
                let Some(ledger) = ledger else {
                    return print(NO_HISTORY);
                };
                let viewer = replay::Viewer {
                    me: snapshot.me(),
                    people: snapshot.attention.of_nothing(),
                };
                let ask = replay::Ask { at, filter };
                self.effects.rewind(ledger, ask, viewer, now);
                return Ok(());
            }
        };
        let scene = Scene {
            snapshot,
            ledger: self.ledger.clone(),
            now,
        };
        if self.effects.standup(ask, scene) {
            return Ok(());
        }
        print("no stand-up can be prepared now")
    }

    /// Hands a text to the terminal, which gives no word back.
    fn copy(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        if !out.is_terminal() {
            return print("nothing is copied: only a terminal has a clipboard");
        }
        let bytes = match clipboard(text) {
            Ok(bytes) => bytes,
            Err(error) => return print(&error),
        };
        out.write_all(&bytes)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::error(format!("the terminal is gone: {error}")))?;
        drop(out);
        let what = match text.lines().count() {
            0 | 1 => format!("`{text}`"),
            lines => format!("{lines} lines"),
        };
        // Nothing tells whether it arrived.
        let to = env::clipboard(&self.session.env);
        print(&format!("sent {what} to {to}"))
    }

    async fn send(&self, command: EngineCommand) -> Result<(), Failure> {
        let sent = self.engine.commands.send(command).await;
        sent.map_err(|_closed| Failure::error("nothing can be asked for any more"))
    }
}

/// Prints one line: clean, and without a secret.
fn print(line: &str) -> Result<(), Failure> {
    output::print(&format!("{}\n", redact::shown(line)))
}

/// Begins to listen to lines; the channel ends with them.
fn listen() -> Result<mpsc::Receiver<String>, Failure> {
    let (tell, told) = mpsc::channel(16);
    let reader = std::thread::Builder::new().name("lines".to_owned());
    // No thread of the runtime: nobody could end its wait.
    let started = reader.spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = (&mut input).take(LONGEST).read_until(b'\n', &mut line);
            let is_end = !matches!(read, Ok(1..));
            if is_end
                || tell
                    .blocking_send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
            {
                break;
            }
        }
    });
    started.map_err(|error| Failure::error(format!("nobody can be listened to: {error}")))?;
    Ok(told)
}
