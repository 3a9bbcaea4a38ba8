//! Who may write, what goes wrong with writes on the way, and which were applied.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::demo::forge::answer::{Answer, Asked};
use crate::demo::forge::{Ground, READ_TOKEN, TOKEN};

/// What goes wrong with a write. That it never arrives is a [`super::Fault`] at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// It is applied, and the answer never comes.
    Silence,
    /// It is applied, and a proxy says 502.
    BadGateway,
    /// It is not applied, and a proxy says 502.
    Lost,
}

#[derive(Debug)]
struct Rule {
    path: String,
    times: u32,
    mishap: Mishap,
}

/// What goes wrong with the next writes, and what was applied.
#[derive(Debug, Default)]
pub struct Writes {
    rules: Mutex<Vec<Rule>>,
    applied: Mutex<Vec<String>>,
    /// Tokens that are let in beside the team's own.
    welcome: Mutex<BTreeSet<String>>,
}

/// How many applied writes are remembered.
const REMEMBERED: usize = 50_000;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writes {
    /// Lets the next so many writes go wrong whose path contains these words.
    pub fn next(&self, times: u32, path: &str, mishap: Mishap) {
        held(&self.rules).push(Rule {
            path: path.to_owned(),
            times,
            mishap,
        });
    }

    /// Lets one more token in, as that of another account of the team.
    pub fn welcome(&self, token: &str) {
        held(&self.welcome).insert(token.to_owned());
    }

    /// Returns the paths of the writes that were applied, oldest first.
    pub fn applied(&self) -> Vec<String> {
        held(&self.applied).clone()
    }

    /// Returns how many writes were applied whose path contains these words.
    pub fn count(&self, words: &str) -> usize {
        let applied = held(&self.applied);
        applied.iter().filter(|path| path.contains(words)).count()
    }

    pub(super) fn take(&self, asked: &Asked) -> Option<Mishap> {
        if asked.reads() {
            return None;
        }
        let mut rules = held(&self.rules);
        let rule = rules
            .iter_mut()
            .find(|rule| asked.path.contains(&rule.path))?;
        rule.times = rule.times.saturating_sub(1);
        let mishap = rule.mishap;
        rules.retain(|rule| rule.times > 0);
        Some(mishap)
    }

    pub(super) fn record(&self, path: &str) {
        let mut applied = held(&self.applied);
        if applied.len() < REMEMBERED {
            applied.push(path.to_owned());
        }
    }
}

/// Returns whether a request is let in: nobody with a credential that the simulation did not give
/// out, as at the real systems, and strangers only where no token is required.
pub(super) fn lets_in(asked: &Asked, ground: &Ground) -> bool {
    match asked.token.as_deref() {
        Some(token) => {
            [TOKEN, READ_TOKEN].contains(&token) || held(&ground.writes.welcome).contains(token)
        }
        None => !ground.require_token,
    }
}

/// Returns why this token may not write, if it may not.
pub(super) fn refusal(asked: &Asked) -> Option<Answer> {
    let (status, text) = match refused(asked)? {
        StatusCode::UNAUTHORIZED => (StatusCode::UNAUTHORIZED, "Requires authentication"),
        status => (status, "Resource not accessible by personal access token"),
    };
    Some(Answer::error(status, text))
}

/// Returns the status with which a write of this token is refused, if it is.
pub(super) fn refused(asked: &Asked) -> Option<StatusCode> {
    match asked.token.as_deref() {
        Some(TOKEN) => None,
        Some(_) => Some(StatusCode::FORBIDDEN),
        None => Some(StatusCode::UNAUTHORIZED),
    }
}
