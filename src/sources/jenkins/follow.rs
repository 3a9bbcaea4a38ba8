//! The console of a build that runs, read from where it was read to.
//!
//! `progressiveText` tells where its text ends (`X-Text-Size`) and whether more will come
//! (`X-More-Data`). The console is that of the build: a stage that runs has none of its own
//! that could be told apart.

use reqwest::header::HeaderMap;
use tokio::sync::mpsc;

use super::{Jenkins, map};
use crate::domain::diagnosis::LogKey;
use crate::domain::run::RunState;
use crate::sources::follow::{FollowError, LIVE, Part, Place, Standing, is_absent};
use crate::sources::http::{Failure, Request};
use crate::sources::port::Ask;
use crate::sources::{CapabilityState, SourceError};

/// What is asked of a build to know whether it is over.
const TREE: &str = "building,result";

/// The answer.
#[derive(Debug, serde::Deserialize)]
struct Standings {
    building: Option<bool>,
    result: Option<String>,
}

impl Jenkins {
    /// Reads on in the console of a build that runs.
    pub(super) async fn follow_now(
        &self,
        key: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> Result<Part, FollowError> {
        let Some((path, run)) = self.known_run(key.run.id) else {
            return Err(FollowError::Source(SourceError::NotFound {
                host: self.port.host().to_owned(),
                what: "the build of this job".to_owned(),
                near: None,
            }));
        };
        let ask = Ask {
            forced: false,
            ..Ask::person()
        };
        let start: u64 = from.mark.parse().unwrap_or_default();
        let mut url = self.build_url(&path, run.number, &["logText", "progressiveText"]);
        url.set_query(Some(&format!("start={start}")));
        let request = Request {
            url,
            conditional: false,
            urgency: ask.urgency,
        };
        let client = self.port.client(ask).await?;
        let read = client.stream_with_head(&request, from.room(), into).await;
        let (streamed, headers) = match read {
            // A build that has not written yet.
            Err(failure) if start == 0 && is_absent(&failure) => return Ok(nothing()),
            other => other?,
        };
        self.port.can(LIVE, CapabilityState::Available);
        let told = number(&headers, "x-text-size");
        let size = told.unwrap_or_else(|| start.saturating_add(streamed.bytes));
        let standing = if size < start {
            // It was cut: what came is its beginning.
            Standing::Anew
        } else if streamed.cut {
            Standing::Full
        } else if has_more(&headers) {
            Standing::Open
        } else {
            let state = self.standing(&path, run.number, ask).await?;
            state.map_or(Standing::Open, Standing::Ended)
        };
        let mark = match standing {
            Standing::Anew => String::new(),
            Standing::Open | Standing::More | Standing::Full | Standing::Ended(_) => {
                size.to_string()
            }
        };
        Ok(Part {
            mark,
            standing,
            moved: streamed.bytes,
        })
    }

    /// Asks how a build ended; nothing where it has not.
    pub(super) async fn standing(
        &self,
        path: &str,
        number: u64,
        ask: Ask,
    ) -> Result<Option<RunState>, Failure> {
        let mut url = self.build_url(path, number, &["api", "json"]);
        url.query_pairs_mut().append_pair("tree", TREE);
        let (told, _) = self.port.get::<Standings>(url, ask).await?;
        let builds = told.building.unwrap_or_default();
        Ok((!builds).then(|| map::state(false, told.result.as_deref())))
    }
}

fn nothing() -> Part {
    Part {
        mark: String::new(),
        standing: Standing::Open,
        moved: 0,
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn has_more(headers: &HeaderMap) -> bool {
    let told = headers.get("x-more-data").and_then(|it| it.to_str().ok());
    told.is_some_and(|told| told.trim().eq_ignore_ascii_case("true"))
}
