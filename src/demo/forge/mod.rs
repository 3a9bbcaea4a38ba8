//! The loopback forge: GitHub's REST and GraphQL, answered from the simulated team.
//!
//! It knows nothing of the board: it answers by GitHub's names, so that any
//! client of GitHub can be pointed at it. Logs come from a second origin, as
//! there. Tests switch [`Faults`] on.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::demo::scenario::World;
use crate::demo::scenario::team::ORG;
use crate::demo::{Clock, Options};

mod answer;
mod blobs;
mod faults;
mod graphql;
mod ledger;
mod rest;
mod wire;
mod writes;

pub use faults::{Fault, Faults};
pub use ledger::{Ledger, Seen};
pub use writes::{Mishap, Writes};

use answer::{Answer, Asked};

/// The token that the forge asks for, if it asks for one. It opens nothing but the simulation.
pub const TOKEN: &str = "demo-write";

/// A token that may read and nothing else; it is accepted wherever [`TOKEN`] is.
pub const READ_TOKEN: &str = "demo-read";

/// The largest request body that is read.
const MAX_BODY: usize = 1 << 20;

/// A running forge.
#[derive(Debug)]
pub struct Forge {
    ground: Arc<Ground>,
}

/// What all requests share.
pub(in crate::demo) struct Ground {
    pub(in crate::demo) world: World,
    pub(in crate::demo) clock: Clock,
    pub(in crate::demo) url: Url,
    pub(in crate::demo) blobs: Url,
    pub(in crate::demo) faults: Faults,
    pub(in crate::demo) ledger: Ledger,
    pub(in crate::demo) writes: Writes,
    pub(in crate::demo) schema: Valid<Schema>,
    pub(in crate::demo) require_token: bool,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// Starts a forge on 127.0.0.1; it ends when `cancel` is cancelled.
///
/// # Errors
/// Fails where no port can be had, or not the one that was asked for.
pub async fn start(
    options: Options,
    clock: Clock,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
) -> std::io::Result<Forge> {
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let blobs = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let ground = Arc::new(Ground {
        world: World::new(&options, clock()),
        url: origin(&api)?,
        blobs: origin(&blobs)?,
        faults: Faults::default(),
        ledger: Ledger::default(),
        writes: Writes::default(),
        schema: graphql::schema().map_err(std::io::Error::other)?,
        require_token: options.require_token,
        clock,
    });
    let app = Router::new()
        .fallback(answer_api)
        .with_state(Arc::clone(&ground));
    serve(api, app, tracker, cancel.clone());
    let app = Router::new()
        .fallback(answer_blob)
        .with_state(Arc::clone(&ground));
    serve(blobs, app, tracker, cancel.clone());
    Ok(Forge { ground })
}

fn origin(listener: &TcpListener) -> std::io::Result<Url> {
    let address = listener.local_addr()?;
    Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)
}

fn serve(listener: TcpListener, app: Router, tracker: &TaskTracker, cancel: CancellationToken) {
    tracker.spawn(async move {
        // An idle connection must not keep the process: dropping the server closes them all.
        tokio::select! {
            () = cancel.cancelled() => {}
            ended = axum::serve(listener, app).into_future() => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "the demo forge ended");
                }
            }
        }
    });
}

impl Forge {
    /// Returns where it is.
    pub fn url(&self) -> &Url {
        &self.ground.url
    }

    /// Returns the origin from which it serves logs.
    pub fn blobs(&self) -> &Url {
        &self.ground.blobs
    }

    /// Returns the organisation that owns all repositories.
    pub fn org(&self) -> &str {
        ORG
    }

    /// Returns a token that it accepts.
    pub fn token(&self) -> &str {
        TOKEN
    }

    /// Returns what can be switched to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.ground.faults
    }

    /// Returns the requests that it has seen.
    pub fn ledger(&self) -> &Ledger {
        &self.ground.ledger
    }

    /// Returns a token that may read and nothing else.
    pub fn read_token(&self) -> &str {
        READ_TOKEN
    }

    /// Returns what goes wrong with writes, and which were applied.
    pub fn writes(&self) -> &Writes {
        &self.ground.writes
    }

    /// Returns how many requests it has seen whose path contains these words.
    pub fn count(&self, path: &str) -> usize {
        self.ground.ledger.count(path)
    }

    /// Returns the simulated team.
    pub fn world(&self) -> &World {
        &self.ground.world
    }
}

async fn answer_api(
    State(ground): State<Arc<Ground>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Response {
    let asked = Asked::new(&ground, &method, &uri, &headers);
    let entry = ground.ledger.begin(&asked);
    let faults = ground.faults.take(&asked.path);
    if let Some(delay) = faults.delay() {
        tokio::time::sleep(delay).await;
    }
    if let Some(response) = faults.instead(&asked) {
        ground.ledger.end(entry, response.status());
        return response;
    }
    let mishap = ground.writes.take(&asked);
    if mishap == Some(Mishap::Lost) {
        return bad_gateway(&ground, entry);
    }
    let answer = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => respond(&ground, &asked, &body, &faults),
        Err(_) => Answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request body is too large",
        ),
    };
    match mishap {
        Some(Mishap::Silence) => std::future::pending().await,
        Some(Mishap::BadGateway | Mishap::Lost) => return bad_gateway(&ground, entry),
        None => {}
    }
    let response = answer.finish(&ground, &asked, &faults);
    ground.ledger.end(entry, response.status());
    response
}

/// What a proxy says that lost the forge.
fn bad_gateway(ground: &Ground, entry: u64) -> Response {
    ground.ledger.end(entry, StatusCode::BAD_GATEWAY);
    let mut response = Response::new("<html><title>502 Bad Gateway</title></html>".into());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

fn respond(ground: &Arc<Ground>, asked: &Asked, body: &Bytes, faults: &faults::Taken) -> Answer {
    let known = [Some(TOKEN), Some(READ_TOKEN)];
    if ground.require_token && !known.contains(&asked.token.as_deref()) {
        return Answer::error(StatusCode::UNAUTHORIZED, "Bad credentials");
    }
    if asked.path == "/graphql" {
        return graphql::answer(ground, asked, body, faults);
    }
    rest::answer(ground, asked)
}

/// The second origin: logs and archives, and an account of the credentials that came along.
async fn answer_blob(
    State(ground): State<Arc<Ground>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(&ground, &method, &uri, &headers);
    let entry = ground.ledger.begin_blob(&asked);
    let faults = ground.faults.take(&format!("/blob{}", asked.path));
    if let Some(delay) = faults.delay() {
        tokio::time::sleep(delay).await;
    }
    if let Some(response) = faults.instead(&asked) {
        ground.ledger.end(entry, response.status());
        return response;
    }
    let response = blobs::answer(&ground, &asked, &headers, &faults);
    ground.ledger.end(entry, response.status());
    response
}

/// How long the window of a rate limit lasts.
const WINDOW: Duration = Duration::from_hours(1);
