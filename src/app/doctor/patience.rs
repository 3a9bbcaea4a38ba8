//! How long a person who looks for trouble waits: for a first answer a little, for who answers more.

use std::pin::pin;
use std::time::Duration;

use crate::app::unopened::NOT_LOOKED_FOR;
use crate::sources::http::span;
use crate::sources::{Check, Source, SourceError};

/// How long a source that answers may take to try all that it needs.
const WAIT: Duration = Duration::from_mins(1);

/// How many answers of a slow host a trial is waited for.
const ASKS: u32 = 6;

/// How long a host may take for its first answer: a person waits.
const FIRST_ANSWER: Duration = Duration::from_secs(6);

/// How often is looked at whether it did.
const LOOK: Duration = Duration::from_millis(250);

/// How much longer a host may take than its settings let an answer take.
const SPARE: Duration = Duration::from_secs(1);

/// How long one that said nothing is looked at from outside.
const OUTSIDE: Duration = Duration::from_millis(3_500);

/// Waits for a trial; `timeout` is how long the settings let an answer take.
///
/// Whoever answers something may take its time for the rest, and a command that gives the token
/// may wait for a person.
pub(super) async fn wait<T>(
    source: &dyn Source,
    trial: impl Future<Output = T>,
    timeout: Option<Duration>,
) -> Result<T, SourceError> {
    let first = timeout.map_or(FIRST_ANSWER, |timeout| timeout + SPARE);
    // A trial asks several times, one after the other.
    let whole = WAIT.max(first * ASKS);
    let mut trial = pin!(trial);
    let (mut waited, mut quiet) = (Duration::ZERO, Duration::ZERO);
    loop {
        if let Ok(found) = tokio::time::timeout(LOOK, &mut trial).await {
            return Ok(found);
        }
        waited += LOOK;
        // What is waited for a token is not waited for the host.
        if !is_without_token(source) {
            quiet += LOOK;
        }
        if quiet >= first && !was_heard(source) {
            return Err(silent(source, quiet));
        }
        if waited >= whole {
            return Err(SourceError::Unreachable {
                host: source.host().to_owned(),
                cause: format!("no whole answer within {}", span(waited)),
            });
        }
    }
}

/// Waits for what is seen of a source from outside, less long where nobody answered before.
pub(super) async fn outside(
    source: &dyn Source,
    looks: impl Future<Output = Vec<Check>>,
) -> Vec<Check> {
    if was_heard(source) {
        return looks.await;
    }
    let looks = tokio::time::timeout(OUTSIDE, looks).await;
    looks.unwrap_or_default()
}

/// Returns whether it is still being found out with which token it asks.
fn is_without_token(source: &dyn Source) -> bool {
    let meter = source.meter();
    meter.sent == 0 && matches!(meter.token_from.as_str(), "" | NOT_LOOKED_FOR)
}

/// Returns whether its host answered anything.
fn was_heard(source: &dyn Source) -> bool {
    let lines = source.meter().recent;
    lines.iter().any(|line| line.status.is_some())
}

/// Returns that nobody answered, and how long a board would wait where that is longer.
fn silent(source: &dyn Source, waited: Duration) -> SourceError {
    let patience = source.meter().patience;
    let more = if patience > waited {
        format!(
            " (a board waits for {}; `timeout` of the source tells both how long)",
            span(patience)
        )
    } else {
        String::new()
    };
    SourceError::Unreachable {
        host: source.host().to_owned(),
        cause: format!("no answer within {}{more}", span(waited)),
    }
}
