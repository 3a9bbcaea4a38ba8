//! Jenkins' JSON: which path is answered by what.
//!
//! `ground.share` says which repositories of the world it has and what they are
//! called there, `ground.sister` where the other servers of the team are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;

use crate::demo::forge::answer::{Answer, Asked, Sent};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Dialect, Ground};

/// Answers one request.
pub(super) fn respond(
    _ground: &Arc<Ground>,
    _asked: &Asked,
    _body: &Bytes,
    _faults: &Taken,
) -> Answer {
    Dialect::Jenkins.error(StatusCode::NOT_FOUND, "Not Found")
}

/// Returns the headers that every answer has.
pub(super) fn headers(_sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    Vec::new()
}
