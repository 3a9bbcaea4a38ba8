//! The thread that reads logs: orders in, events out, in pieces.
//!
//! Between two pieces of a search or a copy it takes in what is newer: lines
//! that are about to be shown come first, and a newer question ends an older one.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::effects::Done;
use crate::app::logs::Order;
use crate::app::logs::live::{self, Before, Live};
use crate::app::logs::save::Copy;
use crate::app::logs::shelf::{Log, Reader, Shelf};
use crate::app::redact;
use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::engine::logs::{FileLogs, Growth};
use crate::log::Grows;
use crate::log::{Content, Index, Matches, Query};
use crate::ui::logs::LogEvent;

/// How often it is looked whether a log has come.
const LOOK: Duration = Duration::from_millis(200);

/// How long a log is waited for that is not here.
const PATIENCE: Duration = Duration::from_mins(3);

/// How many logs are waited for at most.
const MOST_AWAITED: usize = 2;

/// Blocks of a search after which it is told what was found so far.
const BLOCKS_A_WORD: u32 = 16;

/// Reads logs until it is told to stop.
pub(super) struct Worker {
    logs: FileLogs,
    downloads: Option<PathBuf>,
    cancel: CancellationToken,
    tell: mpsc::Sender<Done>,
    shelf: Shelf,
    /// Logs that are not here yet, and until when they are looked for.
    awaited: Vec<(LogKey, Instant)>,
    search: Option<Search>,
    /// A search that came to the end of a log that grows.
    searched: Option<Search>,
    copy: Option<Copy>,
    growth: watch::Receiver<Option<Growth>>,
    /// The log that is shown as it grows.
    followed: Option<LogKey>,
    live: Option<Live>,
}

struct Search {
    key: LogKey,
    generation: u64,
    matches: Matches,
    index: Arc<Index>,
    reader: Reader,
    blocks: u32,
}

/// What happened while the thread waited.
enum Woken {
    Order(Order),
    Look,
    Grown,
    End,
}

impl Worker {
    pub(super) fn new(
        logs: FileLogs,
        downloads: Option<PathBuf>,
        cancel: CancellationToken,
        tell: mpsc::Sender<Done>,
    ) -> Self {
        Self {
            growth: logs.growth(),
            logs,
            downloads,
            cancel,
            tell,
            shelf: Shelf::default(),
            awaited: Vec::new(),
            search: None,
            searched: None,
            copy: None,
            followed: None,
            live: None,
        }
    }

    /// Works until it is cancelled or nobody can order anything any more.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let runtime = Handle::current();
        while !self.cancel.is_cancelled() {
            let mut news = Vec::new();
            loop {
                match orders.try_recv() {
                    Ok(order) => news.push(order),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            if news.is_empty() && !self.is_busy() {
                match runtime.block_on(self.wait(&mut orders)) {
                    Woken::Order(order) => news.push(order),
                    Woken::Look => self.look(),
                    Woken::Grown => {}
                    Woken::End => return,
                }
            }
            for order in newest(news) {
                self.obey(order);
            }
            if self.followed.is_some() && self.growth.has_changed().unwrap_or_default() {
                self.grown();
            }
            self.go_on();
        }
    }

    fn is_busy(&self) -> bool {
        self.search.is_some() || self.copy.is_some()
    }

    async fn wait(&mut self, orders: &mut mpsc::Receiver<Order>) -> Woken {
        let looks = !self.awaited.is_empty();
        let follows = self.followed.is_some();
        // A copy: that it changed is to be seen still.
        let mut growth = self.growth.clone();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Woken::End,
            order = orders.recv() => order.map_or(Woken::End, Woken::Order),
            Ok(()) = growth.changed(), if follows => Woken::Grown,
            () = tokio::time::sleep(LOOK), if looks => Woken::Look,
        }
    }

    fn tell(&self, event: LogEvent) {
        // Nobody listens any more: the token ends us next.
        drop(self.tell.blocking_send(Done::Log(Box::new(event))));
    }

    fn fail(&self, key: &LogKey, sentence: &str) {
        self.tell(LogEvent::Failed {
            key: key.clone(),
            sentence: Clean::line(sentence),
            is_pending: false,
        });
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Open(key) => self.open(key),
            Order::Follow(key) => {
                self.live = None;
                self.followed = Some(key);
                self.growth.mark_changed();
            }
            Order::Read {
                key,
                ranges,
                generation,
            } => self.read(&key, &ranges, generation),
            Order::Search {
                key,
                query,
                generation,
            } => self.begin_search(key, query, generation),
            Order::Save(key, name) => self.save(key, &name),
            Order::Close(key) => self.close(&key),
        }
    }

    fn open(&mut self, key: LogKey) {
        self.awaited.retain(|(other, _)| *other != key);
        if self.try_open(&key) {
            return;
        }
        self.tell(LogEvent::Failed {
            key: key.clone(),
            sentence: Clean::line("the log is not here yet"),
            is_pending: true,
        });
        if self.awaited.len() >= MOST_AWAITED {
            self.awaited.remove(0);
        }
        self.awaited.push((key, Instant::now() + PATIENCE));
    }

    /// Opens a log and tells of it; returns whether it is here, readable or not.
    fn try_open(&mut self, key: &LogKey) -> bool {
        if let Some(log) = self.shelf.get(key)
            && log.is_whole(&self.logs)
        {
            let opened = opened(log);
            self.tell_or_fail(key, opened);
            return true;
        }
        let file = match self.logs.open(key) {
            Ok(Some(file)) => file,
            Ok(None) => return false,
            Err(error) => {
                self.fail(
                    key,
                    &format!("the log cannot be read from the cache: {error}"),
                );
                return true;
            }
        };
        let read = Log::read(key.clone(), file, &self.cancel);
        match read {
            Ok(None) => {}
            Ok(Some(log)) if !is_text(log.index.content()) => self.fail(key, "the log is not text"),
            Ok(Some(log)) if log.index.lines() == 0 => self.fail(key, "the log is empty"),
            Ok(Some(mut log)) => {
                let opened = opened(&mut log);
                self.unfollow(key);
                self.shelf.put(log);
                self.tell_or_fail(key, opened);
            }
            Err(error) => self.tell_or_fail(key, Err(error)),
        }
        true
    }

    /// Returns a log, opened anew where it gave way to others.
    fn take_down(&mut self, key: &LogKey) -> Option<&mut Log> {
        if live::of(self.live.as_mut(), key).is_some() {
            return live::of(self.live.as_mut(), key);
        }
        if self.shelf.get(key).is_none() {
            let file = self.logs.open(key).ok()??;
            let log = Log::read(key.clone(), file, &self.cancel).ok()??;
            self.shelf.put(log);
        }
        self.shelf.get(key)
    }

    fn tell_or_fail(&self, key: &LogKey, event: io::Result<LogEvent>) {
        match event {
            Ok(event) => self.tell(event),
            Err(error) => self.fail(key, &format!("the log cannot be read: {error}")),
        }
    }

    fn read(&mut self, key: &LogKey, ranges: &[Range<u64>], generation: u64) {
        let Some(log) = self.take_down(key) else {
            return self.fail(key, "the log is here no longer");
        };
        let lines = log.lines(ranges);
        let event = lines.map(|lines| LogEvent::Lines {
            key: key.clone(),
            generation,
            lines,
        });
        self.tell_or_fail(key, event);
    }

    fn begin_search(&mut self, key: LogKey, query: Query, generation: u64) {
        (self.search, self.searched) = (None, None);
        let Some(log) = self.take_down(&key) else {
            return self.fail(&key, "the log is here no longer");
        };
        match log.reader() {
            Ok(reader) => {
                self.search = Some(Search {
                    key,
                    generation,
                    matches: Matches::new(query),
                    index: Arc::clone(&log.index),
                    reader,
                    blocks: 0,
                });
            }
            Err(error) => self.tell_or_fail(&key, Err(error)),
        }
    }

    fn save(&mut self, key: LogKey, name: &str) {
        if self.copy.is_some() {
            return self.say(Done::Badly("another log is being saved still".to_owned()));
        }
        if self.take_down(&key).is_none() {
            return self.say(Done::Badly("there is no log to be saved".to_owned()));
        }
        let here = || std::env::current_dir().ok();
        let downloads = self.downloads.clone().filter(|dir| dir.is_dir());
        let Some(dir) = downloads.or_else(here) else {
            return self.say(Done::Badly(
                "there is no directory to save it in".to_owned(),
            ));
        };
        match Copy::begin(key, &dir, name) {
            Ok(copy) => self.copy = Some(copy),
            Err(error) => {
                let dir = dir.display();
                self.say(Done::Badly(format!(
                    "nothing can be saved in `{dir}`: {error}"
                )));
            }
        }
    }

    fn say(&self, done: Done) {
        drop(self.tell.blocking_send(done));
    }

    fn close(&mut self, key: &LogKey) {
        self.awaited.retain(|(other, _)| other != key);
        self.search.take_if(|search| search.key == *key);
        self.searched.take_if(|search| search.key == *key);
        self.unfollow(key);
        // A copy is finished before its log is forgotten.
        if self.copy.as_ref().is_none_or(|copy| copy.key != *key) {
            self.shelf.close(key);
        }
    }

    /// Shows a log no longer as it grows.
    fn unfollow(&mut self, key: &LogKey) {
        self.followed.take_if(|followed| followed == key);
        self.live.take_if(|live| live.log.key == *key);
    }

    /// Takes in what there is more of the log that is followed.
    fn grown(&mut self) {
        let growth = self.growth.borrow_and_update().clone();
        let of = |growth: &Growth| Some(&growth.key) == self.followed.as_ref();
        let Some(growth) = growth.filter(of) else {
            return;
        };
        if let Err(error) = self.take_in(&growth) {
            self.tell_or_fail(&growth.key, Err(error));
        }
        let is_awaited = self.awaited.iter().any(|(key, _)| *key == growth.key);
        if matches!(growth.stands, Grows::Ended(_)) && !is_awaited {
            // All of it comes next.
            self.awaited.push((growth.key, Instant::now() + PATIENCE));
        }
    }

    fn take_in(&mut self, growth: &Growth) -> io::Result<()> {
        let mut live = match self.live.take() {
            Some(live) if live.is(growth) => live,
            Some(_) | None => {
                (self.search, self.searched) = (None, None);
                Live::begin(growth)?
            }
        };
        let before = live.take(growth)?;
        let event = live.event(growth)?;
        if let Some(before) = before {
            self.search_on(&live, before);
        }
        self.live = Some(live);
        self.tell(event);
        Ok(())
    }

    /// Goes on with the search of a log that has grown.
    fn search_on(&mut self, live: &Live, before: Before) {
        let of = |search: &mut Search| search.key == live.log.key;
        let end = live.log.index.counts().bytes;
        if let Some(search) = self.search.as_mut() {
            if of(search) {
                search.index = Arc::clone(&live.log.index);
                search.reader.extend(end);
            }
        } else if let Some(mut search) = self.searched.take_if(of) {
            search.index = Arc::clone(&live.log.index);
            search.matches.grow(before.0);
            search.reader.go_to(live::rest(before, end));
            self.search = Some(search);
        }
    }

    /// Looks for logs that were not here.
    fn look(&mut self) {
        for (key, until) in std::mem::take(&mut self.awaited) {
            if self.try_open(&key) {
                continue;
            }
            if Instant::now() < until {
                self.awaited.push((key, until));
            } else {
                self.fail(&key, "the log did not come");
            }
        }
    }

    /// Does the next piece of what takes long.
    fn go_on(&mut self) {
        if let Some(mut search) = self.search.take() {
            match search.advance() {
                Ok((event, goes_on)) => {
                    if let Some(event) = event {
                        self.tell(event);
                    }
                    let grows = self.followed.as_ref() == Some(&search.key);
                    if goes_on {
                        self.search = Some(search);
                    } else if grows {
                        self.searched = Some(search);
                    }
                }
                Err(error) => self.tell_or_fail(&search.key, Err(error)),
            }
        }
        if let Some(mut copy) = self.copy.take() {
            let advanced = match self.take_down(&copy.key) {
                Some(log) => copy.advance(log),
                None => Err(io::Error::other("the log is here no longer")),
            };
            match advanced {
                Ok(true) => self.copy = Some(copy),
                Ok(false) => self.say(Done::Well(format!("saved `{}`", copy.path().display()))),
                Err(error) => {
                    let path = copy.path().display();
                    self.say(Done::Badly(format!("`{path}` was not saved: {error}")));
                }
            }
        }
    }
}

impl Search {
    /// Searches the next block; returns what is worth telling, and whether there is more.
    fn advance(&mut self) -> io::Result<(Option<LogEvent>, bool)> {
        let was_empty = self.matches.lines().is_empty();
        let index = &self.index;
        let goes_on = self
            .matches
            .advance(&mut self.reader, &redact::Hidden::of(index))?;
        self.blocks += 1;
        let is_first = was_empty && !self.matches.lines().is_empty();
        let is_due = is_first || !goes_on || self.blocks.is_multiple_of(BLOCKS_A_WORD);
        let event = is_due.then(|| LogEvent::Matches {
            key: self.key.clone(),
            generation: self.generation,
            lines: Arc::new(self.matches.lines().clone()),
            done: !goes_on,
        });
        Ok((event, goes_on))
    }
}

fn is_text(content: Content) -> bool {
    match content {
        Content::Text | Content::Utf16 => true,
        Content::Archive | Content::Binary => false,
    }
}

fn opened(log: &mut Log) -> io::Result<LogEvent> {
    let (error, errors) = log.errors()?;
    Ok(LogEvent::Opened {
        key: log.key.clone(),
        index: Arc::clone(&log.index),
        error,
        errors,
    })
}

/// Leaves out questions that newer ones of the same kind and log stand for.
fn newest(orders: Vec<Order>) -> Vec<Order> {
    let mut kept: Vec<Order> = Vec::with_capacity(orders.len());
    for order in orders.into_iter().rev() {
        let is_answered = kept.iter().any(|newer| match (newer, &order) {
            (Order::Read { key: newer, .. }, Order::Read { key, .. })
            | (Order::Close(newer), Order::Read { key, .. } | Order::Search { key, .. }) => {
                newer == key
            }
            (Order::Search { .. }, Order::Search { .. }) => true,
            _ => false,
        });
        if !is_answered {
            kept.push(order);
        }
    }
    kept.reverse();
    kept
}
