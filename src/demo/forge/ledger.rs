//! What the forge has seen: every request, and what each token has spent.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::demo::forge::answer::Asked;
use crate::domain::Timestamp;

/// How many requests are remembered one by one.
const REMEMBERED: usize = 50_000;
/// How many tokens are told apart.
const TOKENS: usize = 64;

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its number, from 0.
    pub serial: u64,
    /// When.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// Path and query, without the `/api/v3` of an enterprise host.
    pub target: String,
    /// How it was answered; 0 until it is.
    pub status: u16,
    /// Whether a credential came along (`Authorization`, `Cookie`, `Private-Token`).
    pub credential: bool,
    /// Whether it went to the origin of the logs.
    pub blob: bool,
}

impl Seen {
    /// Returns whether it was charged to the token's limit.
    pub fn charged(&self) -> bool {
        !self.blob && self.status != 304 && !self.target.starts_with("/rate_limit")
    }
}

/// One limit of one token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// How much there is an hour.
    pub(super) limit: u64,
    /// How much is gone.
    pub(super) used: u64,
    /// When it is filled again.
    pub(super) reset: i64,
}

impl Window {
    /// Returns what is left.
    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    recent: VecDeque<Seen>,
    spent: HashMap<(u64, &'static str), Window>,
}

/// What the forge has seen.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Book>);

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, asked: &Asked) -> u64 {
        self.enter(asked, false)
    }

    pub(super) fn begin_blob(&self, asked: &Asked) -> u64 {
        self.enter(asked, true)
    }

    fn enter(&self, asked: &Asked, blob: bool) -> u64 {
        let mut book = self.book();
        let serial = book.next;
        book.next += 1;
        if book.recent.len() == REMEMBERED {
            book.recent.pop_front();
        }
        book.recent.push_back(Seen {
            serial,
            at: asked.now,
            method: asked.method.clone(),
            target: asked.target(),
            status: 0,
            credential: asked.credential,
            blob,
        });
        serial
    }

    pub(super) fn end(&self, serial: u64, status: StatusCode) {
        let mut book = self.book();
        if let Some(seen) = book
            .recent
            .iter_mut()
            .rev()
            .find(|seen| seen.serial == serial)
        {
            seen.status = status.as_u16();
        }
    }

    /// Takes from a limit, and returns how it stands.
    pub(super) fn spend(&self, asked: &Asked, bucket: &'static str, cost: u64) -> Window {
        let mut book = self.book();
        let key = (asked.identity, bucket);
        if book.spent.len() >= TOKENS && !book.spent.contains_key(&key) {
            book.spent.clear();
        }
        let now = asked.now.timestamp();
        let (limit, length) = asked.dialect.limit();
        let length = i64::try_from(length.as_secs()).unwrap_or(3_600);
        let fresh = Window {
            limit,
            used: 0,
            reset: now + length,
        };
        let window = book.spent.entry(key).or_insert(fresh);
        if window.reset <= now {
            *window = fresh;
        }
        window.used = (window.used + cost).min(window.limit);
        *window
    }

    /// Returns the requests that it remembers, oldest first.
    pub fn all(&self) -> Vec<Seen> {
        self.book().recent.iter().cloned().collect()
    }

    /// Returns the requests from this serial on, as far as it remembers them, oldest first.
    pub fn since(&self, serial: u64) -> Vec<Seen> {
        let book = self.book();
        let first = book.recent.partition_point(|seen| seen.serial < serial);
        book.recent.range(first..).cloned().collect()
    }

    /// Returns how many requests have a target that contains these words.
    pub fn count(&self, words: &str) -> usize {
        self.book()
            .recent
            .iter()
            .filter(|seen| seen.target.contains(words))
            .count()
    }

    /// Returns the requests that would change something, oldest first.
    pub fn writes(&self) -> Vec<Seen> {
        let reads = |seen: &Seen| {
            let query = seen.target.starts_with("/graphql") || seen.target == "/api/graphql";
            seen.method == "GET" || seen.method == "HEAD" || query
        };
        let all = self.all();
        all.into_iter()
            .filter(|seen| !seen.blob && !reads(seen))
            .collect()
    }

    /// Returns how many requests there were in all.
    pub fn total(&self) -> u64 {
        self.book().next
    }

    /// Returns how many points were spent on GraphQL, and how many requests on REST, by all tokens.
    pub fn spent(&self) -> (u64, u64) {
        let book = self.book();
        let of = |bucket: &str| {
            book.spent
                .iter()
                .filter(|((_, name), _)| *name == bucket)
                .map(|(_, w)| w.used)
                .sum()
        };
        (of("graphql"), of("core"))
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.book() = Book::default();
    }
}
