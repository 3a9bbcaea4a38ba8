//! The second origin: logs and archives behind links that are valid for a minute.
//!
//! It refuses requests that carry a credential, so that a client that leaks one is seen.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::demo::forge::Ground;
use crate::demo::forge::answer::Asked;
use crate::demo::forge::blob::{Blob, refuse, send};
use crate::demo::forge::faults::Taken;
use crate::demo::scenario::{artifact, log, runs};

/// For how many seconds a link is valid.
const VALID: i64 = 60;

/// Returns a link to a path of this origin, valid from now on.
pub(super) fn link(ground: &Ground, asked: &Asked, path: &str) -> String {
    let until = asked.now.timestamp() + VALID;
    let sig = sign(path, until);
    format!("{}{path}?se={until}&sig={sig:016x}", ground.blobs)
}

fn sign(path: &str, until: i64) -> u64 {
    xxh3_64_with_seed(path.as_bytes(), until.unsigned_abs())
}

/// Answers a request to this origin.
pub(in crate::demo::forge) fn answer(
    ground: &Ground,
    asked: &Asked,
    faults: &Taken,
) -> Response<Body> {
    if asked.credential {
        let text = "InvalidAuthenticationInfo: a credential has no place here";
        return refuse(StatusCode::BAD_REQUEST, text);
    }
    let path = asked.path.trim_start_matches('/');
    let until: i64 = asked
        .param("se")
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    let good = asked.param("sig") == Some(format!("{:016x}", sign(path, until)).as_str());
    if !good || until < asked.now.timestamp() {
        return refuse(
            StatusCode::FORBIDDEN,
            "AuthenticationFailed: the link is not valid",
        );
    }
    match find(ground, asked, path) {
        Some(blob) => send(blob, asked, faults),
        None => refuse(StatusCode::NOT_FOUND, "BlobNotFound"),
    }
}

fn find(ground: &Ground, asked: &Asked, path: &str) -> Option<Blob> {
    let mut parts = path.split(['/', '.']);
    let (kind, id) = (parts.next()?, parts.next()?.parse::<u64>().ok()?);
    let state = |run: u64| ground.world.at(runs::repo_of_run(run)?, asked.now);
    match kind {
        "logs" => {
            let repo = state(runs::run_of_job(id))?;
            let run = repo
                .runs
                .iter()
                .find(|run| run.id == runs::run_of_job(id))?;
            let job = run.attempts.iter().flatten().find(|job| job.id == id)?;
            log::of(&repo, run, job).map(Blob::Log)
        }
        "zips" => {
            let repo = state(runs::run_of_job(id))?;
            let (run, found) = artifact::find(&repo, id)?;
            Some(Blob::Zip(artifact::archive(&repo, run, &found)))
        }
        "runs" => {
            let repo = state(id)?;
            let run = repo.runs.iter().find(|run| run.id == id)?;
            let attempt = parts.next()?.parse().ok()?;
            artifact::logs(&repo, run, attempt, asked.now).map(Blob::Zip)
        }
        _ => None,
    }
}
