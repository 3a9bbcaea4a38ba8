//! Artifacts as REST writes them; their archives are at the second origin.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, iso};
use crate::demo::forge::github::blobs;
use crate::demo::forge::github::rest::{Ask, repos};
use crate::demo::scenario::artifact::{self, Artifact};
use crate::demo::scenario::model::{RepoState, Run};

/// Answers with the artifacts of a run, all of them or those of one name.
pub(super) fn of_run(ask: &Ask<'_>, repo: &RepoState, run: &Run) -> Answer {
    let mut all = artifact::of(run);
    if let Some(name) = ask.asked.param("name") {
        all.retain(|one| one.name == name);
    }
    Answer::page(
        ask.asked,
        &all,
        |one| written(ask, repo, run, one),
        |total, rows| json!({"total_count": total, "artifacts": rows}),
    )
}

/// Answers what is asked of one artifact.
pub(super) fn answer(ask: &Ask<'_>, repo: &RepoState, rest: &[&str]) -> Answer {
    let id = rest.first().and_then(|id| id.parse().ok());
    let Some((run, found)) = id.and_then(|id| artifact::find(repo, id)) else {
        return Answer::not_found();
    };
    match rest {
        [_] => Answer::json(written(ask, repo, run, &found)),
        [_, "zip"] if found.expired(ask.asked.now) => {
            Answer::error(StatusCode::GONE, "Artifact has expired")
        }
        [_, "zip"] => {
            let path = format!("zips/{}.zip", found.id);
            Answer::redirect(StatusCode::FOUND, blobs::link(ask.ground, ask.asked, &path))
        }
        _ => Answer::not_found(),
    }
}

fn written(ask: &Ask<'_>, repo: &RepoState, run: &Run, artifact: &Artifact) -> Value {
    let url = format!(
        "{}/actions/artifacts/{}",
        repos::url(ask, repo),
        artifact.id
    );
    let home = repo.spec.id;
    json!({
        "id": artifact.id, "node_id": format!("AR_{}_{}", repo.spec.index, artifact.id),
        "name": artifact.name, "size_in_bytes": artifact::archive(repo, run, artifact).len(),
        "url": url, "archive_download_url": format!("{url}/zip"),
        "expired": artifact.expired(ask.asked.now), "created_at": iso(artifact.created_at),
        "updated_at": iso(artifact.created_at), "expires_at": iso(artifact.expires_at),
        "workflow_run": {
            "id": run.id, "repository_id": home, "head_repository_id": home,
            "head_branch": run.branch, "head_sha": run.sha,
        },
    })
}
