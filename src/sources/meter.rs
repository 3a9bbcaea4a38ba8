//! What a source has spent and may spend, as the Sources view shows it.
//!
//! Plain data; the client counts.

use crate::domain::Timestamp;
use crate::domain::text::Clean;

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

/// Of how many repositories the past is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PastRead {
    /// Of so many it is.
    pub read: usize,
    /// Of so many it is wanted, or was.
    pub of: usize,
}
