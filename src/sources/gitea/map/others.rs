//! Runs of other CI systems, as the statuses of a commit tell them.
//!
//! Woodpecker, Drone, Jenkins and others leave no more at the forge than a status with a
//! name and an address. What the forge's own Actions say there is read as runs already.

use url::Url;

use super::{link, person, when};
use crate::domain::key::{RepoKey, Sha, WebUrl};
use crate::domain::run::{Failure, Run, RunState, foreign_id, foreign_workflow};
use crate::domain::text::Clean;
use crate::sources::gitea::wire;

/// Of how many statuses of one commit it is told what ran.
const MOST: usize = 50;

/// What a commit is to the repository.
#[derive(Clone, Copy, Debug)]
pub(in crate::sources::gitea) struct At<'a> {
    /// The repository.
    pub(in crate::sources::gitea) repo: &'a RepoKey,
    /// The commit.
    pub(in crate::sources::gitea) sha: &'a Sha,
    /// The branch that it is at the end of.
    pub(in crate::sources::gitea) branch: &'a Clean,
    /// The open pull request that ends with it.
    pub(in crate::sources::gitea) head_of: Option<u64>,
}

/// Returns the runs that statuses of a commit tell; deployments are told apart.
///
/// A status has a number of its own for each change of its state; the run is one as long as the
/// commit and the name are the same.
pub(in crate::sources::gitea) fn runs(at: At<'_>, wire: &wire::Combined) -> Vec<Run> {
    let told = wire.statuses.items.iter().take(MOST);
    told.filter_map(|status| run(at, status)).collect()
}

fn run(at: At<'_>, status: &wire::Status) -> Option<Run> {
    let name = status.context.as_deref()?.trim();
    if name.is_empty() || super::delivery::environment(status).is_some() {
        return None;
    }
    let (url, ci) = page(at.repo, status.target_url.as_deref())?;
    let created_at = when(status.created_at).or_else(|| when(status.updated_at))?;
    let own = format!("{}@{}/{name}", at.repo.as_str(), at.sha.as_str());
    Some(Run {
        repo: at.repo.clone(),
        id: foreign_id(&ci, &own),
        number: 0,
        label: Clean::default(),
        attempt: 1,
        workflow: Clean::line(name),
        workflow_path: foreign_workflow(&ci, name),
        ci: Clean::line(&ci),
        no_jobs: "only the status of its commit is known, which holds no job logs".into(),
        event: Clean::line(at.head_of.map_or("push", |_| "pull_request")),
        branch: at.branch.clone(),
        head_sha: Some(at.sha.clone()),
        change_requests: at.head_of.into_iter().collect(),
        state: state(status.word.as_deref()),
        actor: status.creator.as_ref().and_then(person),
        title: Clean::default(),
        url: Some(url),
        created_at,
        started_at: None,
        updated_at: when(status.updated_at)
            .unwrap_or(created_at)
            .max(created_at),
    })
}

/// Returns the page of a run elsewhere, and where that is; nothing for a run of the forge itself,
/// whose address is often written without a host, nor where there is none to open.
fn page(repo: &RepoKey, target: Option<&str>) -> Option<(WebUrl, String)> {
    let page = link(target)?;
    let url = Url::parse(page.as_str()).ok()?;
    let host = url.host_str()?;
    let ci = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let own = format!("/{}/actions/runs/", repo.path());
    let is_own = url
        .path()
        .to_ascii_lowercase()
        .contains(&own.to_ascii_lowercase());
    (!(is_own && repo.host().eq_ignore_ascii_case(&ci))).then_some((page, ci))
}

/// Returns the state of a run; unknown is never success.
fn state(word: Option<&str>) -> RunState {
    let word = word.unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "success" => RunState::Passed,
        "pending" => RunState::Running,
        "failure" | "error" => RunState::Failed(Failure::Failed),
        "skipped" => RunState::Skipped,
        _ => RunState::Unknown(Clean::line(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::{At, runs};
    use crate::domain::key::{RepoKey, Sha};
    use crate::domain::run::{Failure, RunState, is_foreign};
    use crate::domain::text::Clean;
    use serde_json::{Value, json};

    fn told(statuses: &Value, head_of: Option<u64>) -> Vec<crate::domain::run::Run> {
        let wire = json!({"state": "pending", "total_count": 1, "statuses": statuses});
        let at = At {
            repo: &RepoKey::new("git.test", "acme/api"),
            sha: &Sha::parse(&"a".repeat(40)).unwrap(),
            branch: &Clean::line("main"),
            head_of,
        };
        runs(at, &serde_json::from_value(wire).unwrap())
    }

    fn status(word: &str, context: &str, url: &str) -> Value {
        json!({"status": word, "context": context, "target_url": url,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:05:00Z"})
    }

    #[track_caller]
    fn check(word: &str, expected: &RunState) {
        let found = told(
            &json!([status(
                word,
                "ci/woodpecker/push/build",
                "https://ci.test/repos/1/pipeline/9"
            )]),
            None,
        );
        assert_eq!(found.len(), 1);
        assert_eq!(&found[0].state, expected, "{word}");
    }

    #[test]
    fn only_success_is_success() {
        check("success", &RunState::Passed);
        check("pending", &RunState::Running);
        check("failure", &RunState::Failed(Failure::Failed));
        check("error", &RunState::Failed(Failure::Failed));
        check("warning", &RunState::Unknown(Clean::line("warning")));
    }

    #[test]
    fn a_status_of_another_ci_is_a_run_that_can_be_opened_and_stays_the_same() {
        let page = "https://ci.test:8443/repos/1/pipeline/9";
        let context = "ci/woodpecker/pr/build";
        let first = told(&json!([status("pending", context, page)]), Some(7));
        let then = told(&json!([status("failure", context, page)]), Some(7));
        let run = &then[0];
        assert_eq!((first[0].id, is_foreign(run.id)), (run.id, true));
        assert_eq!(run.url.as_ref().unwrap().as_str(), page);
        assert_eq!((&*run.ci, &*run.workflow), ("ci.test:8443", context));
        assert_eq!(&*run.event, "pull_request");
        assert_eq!(run.change_requests, [7]);
    }

    #[test]
    fn what_the_forge_runs_itself_deployments_and_what_has_no_page_are_no_such_runs() {
        let own = "/acme/api/actions/runs/7/jobs/0";
        let whole = format!("https://git.test{own}");
        for (context, url) in [
            ("ci / test (push)", own),
            ("ci / test (push)", whole.as_str()),
            ("deploy/staging", "https://ci.test/7"),
            ("lint", ""),
            ("lint", "javascript:alert(1)"),
            (" ", "https://ci.test/7"),
        ] {
            let found = told(&json!([status("failure", context, url)]), None);
            assert_eq!(found, [], "{context} {url}");
        }
    }
}
