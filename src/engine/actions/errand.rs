//! What the desk asks of a source: to look, and to do one thing once.
//!
//! Time-outs and panics become what they mean: not read, or not known.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::action::Target;
use crate::domain::policy::production_word;
use crate::domain::text::Clean;
use crate::engine::actions::machine::Event;
use crate::engine::supervise::supervised;
use crate::sources::action::{Act, ActError};
use crate::sources::{Source, span};

/// Least distance between two requests to a host that change something.
pub(super) const APART: Duration = Duration::from_secs(1);
/// How long reading a target may take; adapters have shorter time-outs of their own.
const LOOK_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a request may take until nobody waits for its answer.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);

/// Reads a target afresh; of a gate with `production` behind it, the name is to be typed.
pub(super) async fn look(
    source: Arc<dyn Source>,
    target: Target,
    production: Option<Regex>,
) -> Event {
    let longest = LOOK_TIMEOUT.max(2 * source.meter().patience);
    let looked = tokio::time::timeout(longest, async { source.look_at(target).await });
    let read = match supervised(looked).await {
        Ok(Ok(Ok(mut fresh))) => {
            if let Some(gate) = &mut fresh.gate {
                let environment = gate.environment.as_deref();
                gate.typed = match &production {
                    Some(production) => production_word(production, environment, &gate.name),
                    None => Some(gate.name.clone()),
                };
            }
            Ok(fresh)
        }
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(_elapsed)) => Err(format!("no answer within {}", span(longest))),
        Err(_panicked) => Err("the source crashed".to_owned()),
    };
    Event::Read(read.map_err(|why| Clean::line(&why)))
}

/// Sends one request, at least [`APART`] after the last one to this host.
///
/// Where the program ends before its turn comes, nothing leaves.
pub(super) async fn send(
    source: Arc<dyn Source>,
    act: Act,
    last: Arc<Mutex<Option<Instant>>>,
    cancel: CancellationToken,
) -> Event {
    let turn = async {
        let mut last = last.lock().await;
        if let Some(at) = *last {
            tokio::time::sleep_until(at + APART).await;
        }
        *last = Some(Instant::now());
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => return Event::Unsent,
        () = turn => {}
    }
    let longest = SEND_TIMEOUT.max(2 * source.meter().patience);
    let request = tokio::time::timeout(longest, async { source.act(act).await });
    let answer = match supervised(request).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_elapsed)) => Err(ActError::Unsure {
            cause: format!("no answer within {}", span(longest)),
        }),
        Err(_panicked) => Err(ActError::Unsure {
            cause: "the source crashed".to_owned(),
        }),
    };
    Event::Answered(answer)
}
