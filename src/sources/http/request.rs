//! What goes into a request and what comes out: bounds, answers, failures.
//!
//! Plain data; [`super::Client`] does the work.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use super::gate::Urgency;
use crate::sources::{SourceError, USUAL_PATIENCE};

/// How much longer a pause within an answer may be than the time until it begins.
const SPARE: Duration = Duration::from_secs(15);

/// Bounds of one request.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time to connect, the name look-up included.
    pub connect: Duration,
    /// Time until the head of the answer arrives.
    pub first_byte: Duration,
    /// Time between two parts of the body.
    pub idle: Duration,
    /// Time for the whole answer, redirects included.
    pub total: Duration,
    /// Time after which an unused connection is closed.
    pub pool_idle: Duration,
    /// Time after which a body must have come at `least_rate` on average.
    pub patience: Duration,
    /// Bytes a second below which a body is given up.
    pub least_rate: u64,
    /// Largest body, after decompression.
    pub body: usize,
    /// How many redirects are followed.
    pub redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: USUAL_PATIENCE,
            idle: Duration::from_secs(30),
            total: Duration::from_mins(1),
            pool_idle: Duration::from_secs(30),
            patience: Duration::from_secs(30),
            least_rate: 1_024,
            body: 16 * 1024 * 1024,
            redirects: 5,
        }
    }
}

impl Limits {
    /// Returns bounds with the time until an answer begins that a source sets, if it does; what is
    /// allowed beside it stays.
    #[must_use]
    pub fn within(self, first_byte: Option<Duration>) -> Self {
        let Some(first_byte) = first_byte else {
            return self;
        };
        let beside = self.total.saturating_sub(self.first_byte);
        Self {
            connect: self.connect.min(first_byte),
            first_byte,
            // The connection counts the time until the first byte as a pause, too.
            idle: self.idle.max(first_byte + SPARE),
            total: first_byte + beside,
            ..self
        }
    }
}

/// Why a request gave nothing, and the status where an answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the caller of the source is told.
    pub error: SourceError,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// What the host said about it, as one clean line.
    pub said: Option<String>,
    /// What the answer looks like.
    pub looks: Looks,
}

/// What an answer that is none looks like, where that tells what is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Looks {
    /// Like one of the interface, or there is none.
    Usual,
    /// As if something else than the interface had given it: a page for people, no JSON, a way to
    /// another host.
    Elsewhere,
    /// Larger than what is read.
    TooLarge,
}

impl Failure {
    /// Builds a failure without a status.
    pub fn of(error: SourceError) -> Self {
        Self {
            error,
            status: None,
            said: None,
            looks: Looks::Usual,
        }
    }

    /// Marks it as an answer that something else gave.
    pub(super) fn marked_elsewhere(self) -> Self {
        Self {
            looks: Looks::Elsewhere,
            ..self
        }
    }
}

impl From<Failure> for SourceError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// One GET.
#[derive(Clone, Debug)]
pub struct Request {
    /// The whole address; must lie in the origin of the client.
    pub url: Url,
    /// Whether a stored answer is asked to be confirmed, and the answer stored.
    pub conditional: bool,
    /// Whether a person waits for it.
    pub urgency: Urgency,
}

/// Where a list goes on after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nowhere: this was the last page.
    Last,
    /// There.
    At(Url),
    /// At an address that is none of our origin, and so is not asked.
    Elsewhere,
}

impl Next {
    /// Returns where it goes on by other means, where the host names no page that we may ask.
    #[must_use]
    pub fn or(self, other: impl FnOnce() -> Option<Url>) -> Self {
        match self {
            Self::At(url) => Self::At(url),
            Self::Last | Self::Elsewhere => other().map_or(self, Self::At),
        }
    }
}

/// What a request gave.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body, after decompression; the stored one where nothing changed.
    pub body: Arc<[u8]>,
    /// Whether the host confirmed the stored answer (304).
    pub not_modified: bool,
    /// The next page.
    pub next: Next,
    /// The headers.
    pub headers: HeaderMap,
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use std::time::Duration;

    #[track_caller]
    fn check(secs: Option<u64>, expected: [u64; 4]) {
        let limits = Limits::default().within(secs.map(Duration::from_secs));
        let all = [limits.connect, limits.first_byte, limits.idle, limits.total];
        assert_eq!(all.map(|it| it.as_secs()), expected);
    }

    #[test]
    fn a_source_may_let_an_answer_take_longer_or_less_long_to_begin() {
        check(None, [5, 15, 30, 60]);
        check(Some(1), [1, 1, 30, 46]);
        check(Some(15), [5, 15, 30, 60]);
        check(Some(30), [5, 30, 45, 75]);
        check(Some(300), [5, 300, 315, 345]);
    }
}
