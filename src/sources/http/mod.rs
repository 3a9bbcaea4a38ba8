//! The one HTTP client: origin-bound credentials, time-outs, caps, validators.
//!
//! Every request of every adapter goes through [`Client`]. It knows no API.

mod certificate;
mod client;
mod counted;
mod events;
mod exchange;
mod gate;
mod json;
mod ledger;
mod link;
mod names;
mod origin;
mod pages;
mod reach;
mod request;
mod retry_after;
mod skew;
mod status;
mod stream;
mod tail;
mod tls;
mod trust;
mod visit;
mod words;
mod write;

use std::sync::Arc;

use secrecy::SecretString;

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::sources::logs::LogCache;

pub use certificate::{issuer, not_after};
pub(crate) use client::fixed_headers;
pub use client::{Client, Scheme};
pub(in crate::sources) use client::{NOBODY, fingerprint};
pub use counted::counted;
pub use events::{Event, Listening};
pub use gate::Urgency;
pub use json::{List, decode};
pub use origin::{Origin, check_base, host_of, is_loopback};
pub use pages::{Pages, follow, goes_on_elsewhere};
pub use reach::Others;
pub use request::{Answer, Failure, Limits, Looks, Next, Request};
pub use retry_after::{Wish, parse as parse_retry_after};
pub use skew::{by_our_clock, their_now};
pub use stream::Streamed;
pub use tail::{Grown, Known};
pub(in crate::sources) use tls::OWN_FILE;
pub use trust::certificates;
pub use visit::{Call, Missed, Visit};
pub use words::{hex, span};
pub use write::{Refusal, Writing};

/// Reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Reads one variable of the environment.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What every source stands on; made once by the shell.
#[derive(Clone)]
pub struct Ground {
    /// Reads the clock.
    pub clock: Clock,
    /// Reads the environment.
    pub env: Environment,
    /// Keeps validators (`ETag`) and the bodies that belong to them across restarts.
    pub validators: Arc<dyn Validators>,
    /// Keeps the logs of finished jobs.
    pub logs: Arc<dyn LogCache>,
    /// Whether nothing but reading may leave the process.
    pub read_only: bool,
    /// Told every credential before it is used, so that it is seen nowhere.
    pub know: fn(&SecretString),
}

/// A place for validators; the store implements it, tests use [`NoValidators`].
pub trait Validators: Send + Sync {
    /// Returns the validator and the body that was stored for this request.
    fn get(&self, key: &ValidatorKey) -> Option<Stored>;
    /// Stores them.
    fn put(&self, key: &ValidatorKey, stored: Stored);
}

/// The identity of a cached answer; two credentials never share one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ValidatorKey {
    /// Which source asked.
    pub source: SourceName,
    /// A fingerprint of the credential, not the credential.
    pub credential: String,
    /// The whole URL.
    pub url: String,
}

/// A cached answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The `ETag` to send as `If-None-Match`.
    pub etag: String,
    /// The `Link` header's next page, where there was one.
    pub next: Option<String>,
    /// The body that it stands for.
    pub body: Arc<[u8]>,
}

/// Remembers nothing.
#[derive(Debug, Default)]
pub struct NoValidators;

impl Validators for NoValidators {
    fn get(&self, _key: &ValidatorKey) -> Option<Stored> {
        None
    }

    fn put(&self, _key: &ValidatorKey, _stored: Stored) {}
}
