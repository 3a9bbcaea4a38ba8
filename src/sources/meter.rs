//! What a source has spent and may spend, as the Sources view shows it.
//!
//! Plain data; the client counts.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::text::Clean;

/// How long it may take until an answer begins, where the settings say nothing.
pub const USUAL_PATIENCE: Duration = Duration::from_secs(15);

/// What a source has spent and may spend.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Meter {
    /// Requests sent since the start.
    pub sent: u64,
    /// Of them answered with 304.
    pub not_modified: u64,
    /// Of them failed.
    pub failed: u64,
    /// The limits that the host told, by name (`core`, `graphql`).
    pub budgets: Vec<Budget>,
    /// The last requests, newest first, at most 20.
    pub recent: Vec<RequestLine>,
    /// The last request that failed, however long ago.
    pub last_failed: Option<RequestLine>,
    /// How long it may take until an answer begins.
    pub patience: Duration,
    /// How far the clock of the host is ahead of the one here, where that is far.
    pub ahead: Option<TimeDelta>,
    /// Where the token comes from (`GH_TOKEN`, `token_command`, `none`); never its value.
    pub token_from: String,
    /// Whether the connection is not encrypted.
    pub insecure: bool,
    /// The login that the token belongs to, once it is known; `@me` stands for it.
    pub me: Option<String>,
}

/// One limit of a host, and our share of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Budget {
    /// Which limit.
    pub bucket: String,
    /// Requests or points an hour.
    pub limit: u64,
    /// What is left of it, for all who use the same account.
    pub remaining: u64,
    /// When it is filled again.
    pub reset_at: Option<Timestamp>,
}

/// One request, as the Sources view lists it.
#[derive(Clone, PartialEq, Debug)]
pub struct RequestLine {
    /// When it was sent.
    pub at: Timestamp,
    /// Method and path, redacted.
    pub what: Clean,
    /// HTTP status, or none where no answer came.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub millis: u32,
    /// Body size in bytes, after decompression.
    pub bytes: u64,
}

impl RequestLine {
    /// Returns whether no answer came, or one that says that something is wrong.
    pub fn is_bad(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }
}

/// Why a source reads no past of its own.
pub const NO_PAST: &str =
    "it is asked for what is; its history begins when the board first watches it";

/// What a past is read of, one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Noun {
    /// Repositories of a forge.
    #[default]
    Repositories,
    /// Jobs of a CI server.
    Jobs,
    /// Builders of a CI server.
    Builders,
    /// Several of these.
    Several,
}

impl Noun {
    /// Returns what a kind of source reads the past of.
    pub fn of(kind: &str) -> Self {
        match kind {
            "jenkins" => Self::Jobs,
            "buildbot" => Self::Builders,
            _ => Self::Repositories,
        }
    }

    fn word(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Repositories, 1) => "repository",
            (Self::Repositories, _) => "repositories",
            (Self::Jobs, 1) => "job",
            (Self::Jobs, _) => "jobs",
            (Self::Builders, 1) => "builder",
            (Self::Builders, _) => "builders",
            (Self::Several, _) => "repositories and jobs",
        }
    }
}

/// Of how many repositories the past is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PastRead {
    /// Of so many it is.
    pub read: usize,
    /// Of so many it is wanted, or was.
    pub of: usize,
    /// Of so many of them it could not be read for now.
    pub lost: usize,
    /// Why no past is read at all, where none is.
    pub cannot: Option<&'static str>,
    /// What these are, where they are no repositories.
    pub noun: Noun,
}

impl PastRead {
    /// Returns that none is read at all, and why.
    pub fn never(why: &'static str) -> Self {
        Self {
            cannot: Some(why),
            ..Self::default()
        }
    }

    /// Returns whether all is read that can be for now.
    pub fn is_over(self) -> bool {
        self.read + self.lost >= self.of
    }

    /// Returns this with what another source read.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            of: self.of + other.of,
            lost: self.lost + other.lost,
            cannot: self.cannot.or(other.cannot),
            noun: match (self.of, other.of) {
                (0, _) => other.noun,
                (_, 0) => self.noun,
                _ if self.noun == other.noun => self.noun,
                _ => Noun::Several,
            },
        }
    }

    /// Returns how much of the past is read: `3 of 10 repositories`.
    pub fn counts(self) -> String {
        let word = self.noun.word(self.of);
        format!("{} of {} {word}", self.read, self.of)
    }

    /// Returns what there is to say of the past, where there is anything.
    pub fn words(self) -> Option<String> {
        match (self.cannot, self.of) {
            (Some(why), 0) => Some(format!("not read: {why}")),
            (_, 0) => None,
            _ if self.lost > 0 => Some(format!(
                "read of {}; {} could not be read and are tried again within a day",
                self.counts(),
                self.lost
            )),
            _ => Some(format!("read of {}", self.counts())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Noun, PastRead};

    #[track_caller]
    fn check(read: usize, of: usize, lost: usize, expected: Option<&str>, over: bool) {
        let past = PastRead {
            read,
            of,
            lost,
            cannot: Some("it tells what is"),
            noun: Noun::default(),
        };
        assert_eq!(past.words().as_deref(), expected);
        assert_eq!(past.is_over(), over);
    }

    #[test]
    fn it_is_said_how_much_of_the_past_is_read_and_why_not_more() {
        check(0, 0, 0, Some("not read: it tells what is"), true);
        check(0, 1, 0, Some("read of 0 of 1 repository"), false);
        check(3, 10, 0, Some("read of 3 of 10 repositories"), false);
        let lost =
            "read of 8 of 10 repositories; 2 could not be read and are tried again within a day";
        check(8, 10, 2, Some(lost), true);
        assert_eq!(PastRead::default().words(), None);
    }

    #[test]
    fn what_is_no_repository_has_its_own_word() {
        let of = |kind| PastRead {
            read: 1,
            of: 2,
            noun: Noun::of(kind),
            ..PastRead::default()
        };
        assert_eq!(of("jenkins").counts(), "1 of 2 jobs");
        assert_eq!(of("buildbot").counts(), "1 of 2 builders");
        let all = ["jenkins", "jenkins"].map(of).into_iter();
        let all = all.fold(PastRead::default(), PastRead::and);
        assert_eq!(all.counts(), "2 of 4 jobs");
        let both = all.and(of("gitlab"));
        assert_eq!(both.counts(), "3 of 6 repositories and jobs");
    }
}
