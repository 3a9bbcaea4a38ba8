//! What is worth calling a person for: cards that turn red, own cards that are green again.
//!
//! Pure: boards in, [`Notice`]s out; the time is passed in. How a person is
//! called is `voice`'s matter, and what was told already `told`'s.

mod told;
mod voice;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};

use crate::config::{Notify, Occasion};
use crate::domain::Timestamp;
use crate::domain::item::{EvidenceKind, WorkItem};
use crate::domain::key::{ItemId, Person, Sha};
use crate::domain::status::Status;
use crate::domain::triage::TriageCard;
use crate::engine::snapshot::Snapshot;

pub use crate::app::notify::told::Told;
pub use crate::app::notify::voice::{Herald, Voice};

/// More notices of a kind at once than this become one that counts them.
const MOST: usize = 5;

/// How long after the last news is waited for more, so that what happens together is told together.
const GATHERS: TimeDelta = TimeDelta::seconds(5);

/// How long the first news waits at most.
const LONGEST: TimeDelta = TimeDelta::seconds(15);

/// How many names are remembered at least of what was told.
const REMEMBERED: usize = 1_000;

/// Something that a person is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// What happened.
    pub occasion: Occasion,
    /// What it stands for, by names that never come back: of two programs only one tells it.
    pub names: Vec<String>,
    /// It in a few words: `acme/api#12 turned red`.
    pub title: String,
    /// More of it in one line; may be empty.
    pub text: String,
}

/// Looks at every board and remembers what was red.
#[derive(Debug)]
pub struct Watch {
    rules: Notify,
    /// When it began to look: what was red then is no news.
    began: Timestamp,
    /// The cards that were red for sure when they were last seen, and by what.
    red: HashMap<ItemId, Cause>,
    told: Names,
    held: Vec<Notice>,
    /// When the first and the last of them were seen.
    held_since: Option<(Timestamp, Timestamp)>,
}

/// The newest names, each once: the oldest give way.
#[derive(Default, Debug)]
struct Names {
    known: HashSet<Arc<str>>,
    oldest: VecDeque<Arc<str>>,
}

impl Names {
    /// Takes a name in; returns whether it is new.
    fn insert(&mut self, name: &str) -> bool {
        if self.known.contains(name) {
            return false;
        }
        if self.oldest.len() >= REMEMBERED * 2 {
            for old in self.oldest.drain(..REMEMBERED) {
                self.known.remove(&old);
            }
        }
        let name: Arc<str> = name.into();
        self.oldest.push_back(Arc::clone(&name));
        self.known.insert(name)
    }
}

/// What makes a card red.
#[derive(Clone, PartialEq, Debug)]
struct Cause {
    /// The run and its attempt, where a run does.
    run: Option<(u64, u32)>,
    /// The commit that it ran for.
    head: Option<Sha>,
    /// Since when.
    since: Timestamp,
    /// A name of it that never comes back.
    name: String,
}

impl Watch {
    /// Begins to look.
    pub fn new(rules: Notify, began: Timestamp) -> Self {
        Self {
            rules,
            began,
            red: HashMap::new(),
            told: Names::default(),
            held: Vec::new(),
            held_since: None,
        }
    }

    /// Goes by other rules from now on; who was told of nothing begins to look now.
    pub fn go_by(&mut self, rules: Notify, now: Timestamp) {
        if !self.rules.is_on() {
            self.began = now;
        }
        self.rules = rules;
    }

    /// Takes in the newest board; what it has for a person is held for a moment. `local` is the
    /// local time of the day.
    pub fn look(&mut self, board: &Snapshot, now: Timestamp, local: NaiveTime) {
        if !self.rules.is_on() || board.partial {
            return;
        }
        let me = board.me();
        let mut notices = self.greens(board, now, &me);
        notices.extend(self.reds(board, now, &me));
        if self.rules.is_quiet(local) {
            // What happens in quiet hours is on the board in the morning, and no news then.
            return;
        }
        if !notices.is_empty() {
            let first = self.held_since.map_or(now, |(first, _)| first);
            self.held_since = Some((first, now));
            self.held.extend(notices);
        }
    }

    /// Returns how long what is held waits from now on, if something is.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let (first, last) = self.held_since?;
        let until = (last + GATHERS).min(first + LONGEST);
        // A clock that was set back must not make it wait for hours.
        let wait = (until - now).clamp(TimeDelta::zero(), LONGEST);
        Some(wait.to_std().unwrap_or_default())
    }

    /// Hands out what is held.
    pub fn tell(&mut self, local: NaiveTime) -> Vec<Notice> {
        self.held_since = None;
        let held = std::mem::take(&mut self.held);
        if self.rules.is_quiet(local) {
            return Vec::new();
        }
        held
    }

    fn reds(&mut self, board: &Snapshot, now: Timestamp, me: &[String]) -> Vec<Notice> {
        let mut found = Vec::new();
        let cards = board.triage.cards.iter();
        let cards: HashMap<&ItemId, &TriageCard> =
            cards.map(|card| (&card.triage.item, card)).collect();
        for item in board.items() {
            if !item.placement.status.is_red() || !self.is_sure(item, board, now) {
                continue;
            }
            let cause = Cause::of(item, cards.get(&item.id).copied());
            if self.red.get(&item.id) == Some(&cause) {
                continue;
            }
            let before = self.red.insert(item.id.clone(), cause.clone());
            let is_new = self.told.insert(&cause.name);
            let is_known = before.is_some_and(|before| !cause.is_news_after(&before));
            let is_old = cause.since < self.began;
            if is_known || is_old || !is_new {
                continue;
            }
            if !self.rules.mine_only || is_mine(item, me) {
                let title = format!("{} turned red", board.names().key(item));
                found.push(notice(Occasion::Red, cause.name, title, item));
            }
        }
        self.wanted(found, Occasion::Red)
    }

    fn greens(&mut self, board: &Snapshot, now: Timestamp, me: &[String]) -> Vec<Notice> {
        let mut found = Vec::new();
        let mut over = Vec::new();
        for (id, cause) in &self.red {
            let Some(item) = board.find(id) else {
                over.push(id.clone());
                continue;
            };
            let is_sure = self.is_sure(item, board, now);
            if !is_sure || item.placement.status.is_red() || !cause.is_mended(item) {
                continue;
            }
            over.push(id.clone());
            // Red and green again before anybody was told: there is nothing to tell.
            let before = self.held.len();
            self.held
                .retain(|notice| !notice.names.contains(&cause.name));
            if self.held.len() < before {
                continue;
            }
            if is_mine(item, me) {
                let title = format!("{} is green again", board.names().key(item));
                let name = format!("green {}", cause.name);
                found.push(notice(Occasion::Green, name, title, item));
            }
        }
        for id in over {
            self.red.remove(&id);
        }
        found.retain(|notice| {
            let mut names = notice.names.iter();
            names.all(|name| self.told.insert(name))
        });
        // A map has no order of its own.
        found.sort_by(|a, b| a.title.cmp(&b.title));
        self.wanted(found, Occasion::Green)
    }

    /// Returns whether all of a card's sources confirmed it since we look, and lately.
    fn is_sure(&self, item: &WorkItem, board: &Snapshot, now: Timestamp) -> bool {
        let confirmed = board.confirmed_at(item);
        confirmed.is_some_and(|at| at >= self.began) && board.is_fresh(item, now)
    }

    /// Leaves out what nobody wants to hear of.
    fn wanted(&self, found: Vec<Notice>, occasion: Occasion) -> Vec<Notice> {
        if self.rules.on.contains(&occasion) {
            found
        } else {
            Vec::new()
        }
    }
}

/// Makes one notice of many of a kind.
fn sum_up(notices: Vec<Notice>) -> Vec<Notice> {
    let (reds, greens) = notices
        .into_iter()
        .partition(|notice| notice.occasion == Occasion::Red);
    let mut told = one_of_many(greens, Occasion::Green);
    told.extend(one_of_many(reds, Occasion::Red));
    told
}

fn one_of_many(found: Vec<Notice>, occasion: Occasion) -> Vec<Notice> {
    if found.len() <= MOST {
        return found;
    }
    let count = found.len();
    let title = match occasion {
        Occasion::Red => format!("{count} cards turned red"),
        Occasion::Green => format!("{count} cards are green again"),
    };
    let keys: Vec<&str> = found
        .iter()
        .filter_map(|notice| notice.title.split(' ').next())
        .take(MOST)
        .collect();
    let text = format!("{} and {} more", keys.join(", "), count - keys.len());
    let names = found.iter().flat_map(|notice| notice.names.clone());
    vec![Notice {
        occasion,
        names: names.collect(),
        title,
        text,
    }]
}

impl Cause {
    fn of(item: &WorkItem, card: Option<&TriageCard>) -> Self {
        let since = item.placement.since;
        let Some(card) = card else {
            return Self {
                run: None,
                head: None,
                since,
                name: format!("{} {}", item.id.as_str(), since.timestamp()),
            };
        };
        let run = &card.triage.run;
        Self {
            run: Some((run.id, run.attempt)),
            head: run.head_sha.clone(),
            since: since.max(card.triage.since),
            name: format!("{} {} {}", run.repo.as_str(), run.id, run.attempt),
        }
    }

    /// Returns whether a card that is red already is red anew: tried again, or for another commit.
    fn is_news_after(&self, before: &Self) -> bool {
        match (before.run, self.run) {
            (Some((before, attempt)), Some((id, newer))) if before == id => newer > attempt,
            (Some(_), Some(_)) => self.head != before.head,
            // The run became known only now, or is no longer.
            (None, _) | (_, None) => false,
        }
    }

    /// Returns whether what made the card red is over for sure, and well.
    fn is_mended(&self, item: &WorkItem) -> bool {
        let status = item.placement.status;
        if matches!(status, Status::Unknown | Status::Queued | Status::Running) {
            return false;
        }
        // A run that was cancelled makes nothing green.
        let passed = |kind, state: &str| kind == EvidenceKind::Run && state == "passed";
        self.run.is_none()
            || item
                .evidence
                .iter()
                .any(|run| passed(run.kind, &run.state) && run.at >= self.since)
    }
}

fn notice(occasion: Occasion, name: String, title: String, item: &WorkItem) -> Notice {
    let text = match occasion {
        Occasion::Red if !item.placement.reason.is_empty() => {
            format!("{}: {}", item.title, item.placement.reason)
        }
        Occasion::Red | Occasion::Green => item.title.to_string(),
    };
    Notice {
        occasion,
        names: vec![name],
        title,
        text,
    }
}

/// Returns whether the user holds a card or wrote it.
fn is_mine(item: &WorkItem, me: &[String]) -> bool {
    let is_me = |person: &Person| me.iter().any(|me| person.login.eq_ignore_ascii_case(me));
    item.holders.iter().chain(item.author.as_ref()).any(is_me)
}
