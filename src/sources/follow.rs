//! The log of a job that runs, read bit by bit: where a read begins, what it came to.
//!
//! What the systems share of it. How a log is asked for is each adapter's; when it is asked
//! again, and where the bytes go, is the engine's.

use tokio::sync::mpsc;

use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::log::MAX_BYTES;
use crate::sources::SourceError;
use crate::sources::http::{Client, Failure, Grown, Known, Request};

/// The name of the capability.
pub const LIVE: &str = "live logs";

/// How many of the last bytes are compared with what is told at the same place later.
const TAIL: usize = 64;

/// Where a read begins: behind all that the reads before it brought.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Place {
    /// How many bytes they brought.
    pub bytes: u64,
    /// The last of these.
    pub tail: Vec<u8>,
    /// Where that is in the words of the source; empty at the start.
    pub mark: String,
}

impl Place {
    /// Goes on behind more bytes.
    pub fn pass(&mut self, bytes: &[u8]) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.tail.extend_from_slice(bytes);
        let out = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..out);
    }

    /// Returns how many more bytes are read at most.
    pub fn room(&self) -> u64 {
        MAX_BYTES.saturating_sub(self.bytes)
    }
}

/// What one read came to, besides the bytes that it handed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where the next read begins, in the words of the source.
    pub mark: String,
    /// How the log stands.
    pub standing: Standing,
    /// How many bytes came over the network for it.
    pub moved: u64,
}

/// How a log stands after a read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// The job writes on, as far as is known.
    Open,
    /// There is more to be read already.
    More,
    /// It is not the log that was read before: what was handed on is void, the next read begins
    /// at the start.
    Anew,
    /// It has become larger than what is read of a log.
    Full,
    /// All of it was read and the job is over, in this way.
    Ended(RunState),
}

/// Why a log cannot be read on; a variant for each thing that the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// This system has no way to do it: it is not asked again.
    #[error("{0}")]
    NoWay(Clean),
    /// It went wrong this time.
    #[error("{0}")]
    Source(#[from] SourceError),
}

impl From<Failure> for FollowError {
    fn from(failure: Failure) -> Self {
        Self::Source(failure.error)
    }
}

/// Reads on where a log is one body that grows; `state` tells what the job does, and is asked
/// only where nothing new came. `is_early` tells which failures mean that it was not begun yet.
pub async fn read_on(
    client: &Client,
    request: &Request,
    from: &Place,
    state: impl Future<Output = Result<Option<RunState>, Failure>>,
    into: mpsc::Sender<Vec<u8>>,
    is_early: impl Fn(&Failure) -> bool,
) -> Result<Part, Failure> {
    let first = match tail(client, request, from, into.clone()).await {
        Err(failure) if from.bytes == 0 && is_early(&failure) => Bit::nothing(""),
        other => other?,
    };
    if first.is_news {
        return Ok(first.part);
    }
    let Some(state) = state.await?.filter(RunState::is_over) else {
        return Ok(first.part);
    };
    // What it wrote last may have come between the two answers.
    let again = Place {
        mark: first.part.mark,
        ..from.clone()
    };
    let mut last = match tail(client, request, &again, into).await {
        Err(failure) if from.bytes == 0 && is_early(&failure) => Bit::nothing(""),
        other => other?,
    };
    last.part.moved += first.part.moved;
    if !last.is_news {
        last.part.standing = Standing::Ended(state);
    }
    Ok(last.part)
}

struct Bit {
    part: Part,
    is_news: bool,
}

impl Bit {
    fn nothing(mark: &str) -> Self {
        let part = Part {
            mark: mark.to_owned(),
            standing: Standing::Open,
            moved: 0,
        };
        Self {
            part,
            is_news: false,
        }
    }
}

async fn tail(
    client: &Client,
    request: &Request,
    from: &Place,
    into: mpsc::Sender<Vec<u8>>,
) -> Result<Bit, Failure> {
    let known = Known {
        bytes: from.bytes,
        tail: &from.tail,
        etag: &from.mark,
    };
    let grown = client.tail(request, &known, from.room(), into).await?;
    Ok(match grown {
        Grown::Same => Bit::nothing(&from.mark),
        Grown::Other { moved } => Bit {
            part: Part {
                mark: String::new(),
                standing: Standing::Anew,
                moved,
            },
            is_news: true,
        },
        Grown::More {
            etag,
            bytes,
            moved,
            cut,
        } => Bit {
            part: Part {
                mark: etag,
                standing: if cut { Standing::Full } else { Standing::Open },
                moved,
            },
            is_news: bytes > 0 || cut,
        },
    })
}

/// Returns whether there is nothing at the address.
pub fn is_absent(failure: &Failure) -> bool {
    matches!(failure.error, SourceError::NotFound { .. })
}

#[cfg(test)]
mod tests {
    use super::{Place, TAIL};

    #[test]
    fn a_place_keeps_the_last_bytes_only() {
        let mut place = Place::default();
        place.pass(b"abc");
        place.pass(&[b'x'; TAIL]);
        assert_eq!((place.bytes, place.tail.len()), (67, TAIL));
        place.pass(b"yz");
        assert!(place.tail.ends_with(b"xyz") && place.tail.len() == TAIL);
    }
}
