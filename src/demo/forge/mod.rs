//! The loopback servers: the systems of a team, answered from the simulated one.
//!
//! They know nothing of the board: each answers by the names of the system that
//! it stands for ([`Dialect`]), so that any client of it can be pointed at it.
//! All servers of a team tell of one world by one clock. Tests switch [`Faults`] on.

use std::net::Ipv4Addr;
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::validation::Valid;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::demo::scenario::World;
use crate::demo::scenario::model::RepoState;
use crate::demo::scenario::team::ORG;
use crate::demo::{Clock, Options};
use crate::domain::Timestamp;

mod alertmanager;
mod answer;
mod blob;
mod compare;
mod dialect;
mod faults;
mod forgejo;
mod github;
mod gitlab;
mod jenkins;
mod ledger;
mod share;
mod wire;
mod writes;

pub use dialect::Dialect;
pub use faults::{Fault, Faults};
pub use ledger::{Ledger, Seen};
pub use share::{Place, Share, Sister};
pub use writes::{Mishap, Writes};

use answer::Asked;

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

/// What all requests to one server share.
pub(in crate::demo) struct Ground {
    pub(in crate::demo) dialect: Dialect,
    /// One world for all servers of a team.
    pub(in crate::demo) world: Arc<World>,
    pub(in crate::demo) clock: Clock,
    pub(in crate::demo) url: Url,
    /// The repositories that it has, and what they are called here.
    pub(in crate::demo) share: Share,
    /// The other servers of the team.
    pub(in crate::demo) sisters: Vec<Sister>,
    /// Where GitHub keeps its logs; elsewhere the server itself.
    pub(in crate::demo) blobs: Url,
    pub(in crate::demo) faults: Faults,
    pub(in crate::demo) ledger: Ledger,
    pub(in crate::demo) writes: Writes,
    /// GitHub's.
    pub(in crate::demo) schema: Option<Valid<Schema>>,
    pub(in crate::demo) require_token: bool,
}

impl Ground {
    /// Returns a repository by its path at this server, and how it stands.
    pub(in crate::demo) fn find(
        &self,
        path: &str,
        now: Timestamp,
    ) -> Option<(&Place, Arc<RepoState>)> {
        let place = self.share.find(path)?;
        Some((place, self.world.at(place.index, now)?))
    }

    /// Returns every repository of this server, and how it stands.
    pub(in crate::demo) fn states(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&Place, Arc<RepoState>)> {
        self.share.states(&self.world, now)
    }

    /// Returns the server of the team that speaks this dialect.
    pub(in crate::demo) fn sister(&self, dialect: Dialect) -> Option<&Sister> {
        self.sisters.iter().find(|one| one.dialect == dialect)
    }
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ground")
            .field("dialect", &self.dialect)
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// The servers of the mixed team, in the order in which [`start_mixed`] returns them.
pub const MIXED: [Dialect; 4] = [
    Dialect::GitLab,
    Dialect::Forgejo,
    Dialect::Jenkins,
    Dialect::Alertmanager,
];

/// Starts a forge on 127.0.0.1 that has all repositories and speaks as GitHub; it ends when
/// `cancel` is cancelled.
///
/// # Errors
/// Fails where no port can be had, or not the one that was asked for.
pub async fn start(
    options: Options,
    clock: Clock,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
) -> std::io::Result<Forge> {
    let world = Arc::new(World::new(&options, clock()));
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    let blobs = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let ground = Arc::new(Ground {
        dialect: Dialect::GitHub,
        url: origin(&api)?,
        share: Share::whole(&world),
        sisters: Vec::new(),
        blobs: origin(&blobs)?,
        faults: Faults::default(),
        ledger: Ledger::default(),
        writes: Writes::default(),
        schema: Some(github::graphql::schema().map_err(std::io::Error::other)?),
        require_token: options.require_token,
        world,
        clock,
    });
    serve(
        api,
        Router::new().fallback(answer_api),
        &ground,
        tracker,
        cancel,
    );
    let app = Router::new().fallback(answer_blob);
    serve(blobs, app, &ground, tracker, cancel);
    Ok(Forge { ground })
}

/// Starts the servers of the mixed team ([`MIXED`]) on 127.0.0.1; `ports` are theirs in that order,
/// any where one is missing or 0.
///
/// # Errors
/// Fails where no port can be had, or not one that was asked for.
pub async fn start_mixed(
    options: &Options,
    ports: &[u16],
    clock: Clock,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
) -> std::io::Result<Vec<Forge>> {
    let world = Arc::new(World::new(options, clock()));
    let mut bound = Vec::new();
    // All addresses are known before anyone is served: the servers tell of one another.
    for (nth, dialect) in MIXED.into_iter().enumerate() {
        let port = ports.get(nth).copied().unwrap_or(0);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let sister = Sister {
            dialect,
            url: origin(&listener)?,
            share: Share::mixed(&world, dialect),
        };
        bound.push((listener, sister));
    }
    let all: Vec<Sister> = bound.iter().map(|(_, sister)| sister.clone()).collect();
    let forge = |(listener, own): (TcpListener, Sister)| {
        let others = all.iter().filter(|one| one.dialect != own.dialect);
        let ground = Arc::new(Ground {
            dialect: own.dialect,
            world: Arc::clone(&world),
            clock: Arc::clone(&clock),
            blobs: own.url.clone(),
            url: own.url,
            share: own.share,
            sisters: others.cloned().collect(),
            faults: Faults::default(),
            ledger: Ledger::default(),
            writes: Writes::default(),
            schema: None,
            require_token: options.require_token,
        });
        let app = Router::new().fallback(answer_api);
        serve(listener, app, &ground, tracker, cancel);
        Forge { ground }
    };
    Ok(bound.into_iter().map(forge).collect())
}

fn origin(listener: &TcpListener) -> std::io::Result<Url> {
    let address = listener.local_addr()?;
    Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)
}

fn serve(
    listener: TcpListener,
    app: Router<Arc<Ground>>,
    ground: &Arc<Ground>,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
) {
    let (app, cancel) = (app.with_state(Arc::clone(ground)), cancel.clone());
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

    /// Returns what it speaks.
    pub fn dialect(&self) -> Dialect {
        self.ground.dialect
    }

    /// Returns the repositories that it has.
    pub fn share(&self) -> &Share {
        &self.ground.share
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
    let mut asked = Asked::new(&ground, &method, &uri, &headers);
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
    let answer = if let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await {
        asked.body = body.clone();
        ground.dialect.respond(&ground, &asked, &body, &faults)
    } else {
        let text = "the request body is too large";
        ground.dialect.error(StatusCode::PAYLOAD_TOO_LARGE, text)
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
    let response = github::blobs::answer(&ground, &asked, &faults);
    ground.ledger.end(entry, response.status());
    response
}
