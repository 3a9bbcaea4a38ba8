//! Runs, jobs, steps and gates.

use crate::domain::key::{Person, RepoKey};
use crate::domain::run::{
    Blocks, Door, Failure, Gate, GateSet, Job, JobSet, Run, RunKey, RunState, Step,
};
use crate::domain::text::Clean;

use super::super::wire_rest;
use super::{line, link, people, person, sha};

/// Returns a run of `repo`.
pub(crate) fn run(repo: &RepoKey, wire: &wire_rest::Run) -> Run {
    let named = wire.pull_requests.iter().flat_map(|list| &list.items);
    Run {
        repo: repo.clone(),
        id: wire.id,
        number: wire.run_number,
        attempt: wire.run_attempt.unwrap_or(1),
        workflow: line(wire.name.as_deref()),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        workflow_path: workflow_path(wire.path.as_deref()),
        event: line(wire.event.as_deref()),
        branch: line(wire.head_branch.as_deref()),
        head_sha: sha(wire.head_sha.as_deref()),
        change_requests: named
            .filter(|change| is_of(repo, change))
            .map(|change| change.number)
            .collect(),
        state: state(wire.status.as_deref(), wire.conclusion.as_deref()),
        actor: wire.actor.as_ref().and_then(person),
        title: line(wire.display_title.as_deref()),
        url: link(wire.html_url.as_deref()),
        created_at: wire.created_at,
        started_at: wire.run_started_at,
        updated_at: wire.updated_at,
    }
}

/// A run of a fork's branch names pull requests of the fork as well.
fn is_of(repo: &RepoKey, change: &wire_rest::NumberedIn) -> bool {
    let base = change.base.as_ref().and_then(|base| base.repo.as_ref());
    base.is_none_or(|base| base.name.eq_ignore_ascii_case(repo.short()))
}

/// The path may carry the branch: `.github/workflows/ci.yml@refs/heads/main`.
fn workflow_path(path: Option<&str>) -> Clean {
    let path = path.unwrap_or_default();
    Clean::line(path.split_once('@').map_or(path, |(file, _)| file))
}

/// Returns the state that status and conclusion stand for; unknown is never success.
pub(crate) fn state(status: Option<&str>, conclusion: Option<&str>) -> RunState {
    let lower = |word: Option<&str>| word.unwrap_or_default().to_ascii_lowercase();
    match (lower(status).as_str(), lower(conclusion).as_str()) {
        ("queued" | "requested", _) => RunState::Queued,
        ("waiting" | "pending", _) => RunState::Waiting,
        ("in_progress", _) => RunState::Running,
        ("completed" | "", "success") => RunState::Passed,
        ("completed" | "", "neutral" | "skipped") => RunState::Skipped,
        ("completed" | "", "failure") => RunState::Failed(Failure::Failed),
        ("completed" | "", "timed_out") => RunState::Failed(Failure::TimedOut),
        ("completed" | "", "startup_failure") => RunState::Failed(Failure::Startup),
        ("completed" | "", "stale") => RunState::Failed(Failure::Stale),
        ("completed" | "", "cancelled") => RunState::Cancelled,
        ("completed" | "", "action_required") => RunState::ActionRequired,
        ("completed" | "", "") => RunState::Unknown(Clean::line("no conclusion")),
        ("completed" | "", other) | (other, _) => RunState::Unknown(Clean::line(other)),
    }
}

/// Returns the jobs of one attempt of a run.
pub(crate) fn job_set(
    run: RunKey,
    attempt: u32,
    jobs: &[wire_rest::Job],
    complete: bool,
) -> JobSet {
    JobSet {
        run,
        attempt,
        jobs: jobs.iter().map(|wire| job(wire, attempt)).collect(),
        complete,
    }
}

/// Returns a job, of the attempt it names or else of this one.
pub(crate) fn job(wire: &wire_rest::Job, attempt: u32) -> Job {
    let state = state(wire.status.as_deref(), wire.conclusion.as_deref());
    let steps = wire.steps.iter().flat_map(|steps| &steps.items);
    Job {
        id: wire.id,
        name: Clean::line(&wire.name),
        stage: None,
        attempt: wire.run_attempt.unwrap_or(attempt),
        state,
        created_at: wire.created_at,
        started_at: wire.started_at,
        finished_at: wire.completed_at,
        url: link(wire.html_url.as_deref()),
        steps: steps.map(step).collect(),
    }
}

fn step(wire: &wire_rest::Step) -> Step {
    Step {
        number: wire.number,
        name: Clean::line(&wire.name),
        state: state(wire.status.as_deref(), wire.conclusion.as_deref()),
        started_at: wire.started_at,
        finished_at: wire.completed_at,
    }
}

/// Returns the gates that a run waits at; none means that it passed them.
pub(crate) fn gate_set(run: RunKey, pending: &[wire_rest::PendingDeployment]) -> GateSet {
    GateSet {
        run,
        gates: pending.iter().map(gate).collect(),
    }
}

fn gate(wire: &wire_rest::PendingDeployment) -> Gate {
    let reviewers: Vec<Person> = people(
        wire.reviewers
            .items
            .iter()
            .filter_map(|reviewer| reviewer.reviewer.as_ref()),
    );
    Gate {
        environment: Clean::line(&wire.environment.name),
        door: wire.environment.id.map(Door::Environment),
        blocks: Blocks::Delivery,
        reviewers,
        may_approve: wire.current_user_can_approve,
        // GitHub tells minutes here.
        wait_secs: wire.wait_timer.unwrap_or_default().saturating_mul(60),
        since: wire.wait_timer_started_at,
    }
}

#[cfg(test)]
mod tests {
    use super::{gate_set, job_set, run, state};
    use crate::domain::key::RepoKey;
    use crate::domain::run::{Failure, RunKey, RunState};

    fn repo() -> RepoKey {
        RepoKey::new("github.com", "acme/api")
    }

    #[track_caller]
    fn check(status: &str, conclusion: Option<&str>, expected: &RunState) {
        assert_eq!(
            &state(Some(status), conclusion),
            expected,
            "{status} {conclusion:?}"
        );
    }

    #[test]
    fn every_word_of_github_has_its_state() {
        check("queued", None, &RunState::Queued);
        check("requested", None, &RunState::Queued);
        check("waiting", None, &RunState::Waiting);
        check("pending", None, &RunState::Waiting);
        check("in_progress", None, &RunState::Running);
        check("completed", Some("success"), &RunState::Passed);
        check("COMPLETED", Some("SUCCESS"), &RunState::Passed);
        check("completed", Some("neutral"), &RunState::Skipped);
        check(
            "completed",
            Some("failure"),
            &RunState::Failed(Failure::Failed),
        );
        check(
            "completed",
            Some("timed_out"),
            &RunState::Failed(Failure::TimedOut),
        );
        check(
            "completed",
            Some("startup_failure"),
            &RunState::Failed(Failure::Startup),
        );
        check(
            "completed",
            Some("stale"),
            &RunState::Failed(Failure::Stale),
        );
        check("completed", Some("cancelled"), &RunState::Cancelled);
        check(
            "completed",
            Some("action_required"),
            &RunState::ActionRequired,
        );
    }

    #[test]
    fn an_unknown_word_is_never_success() {
        for (status, conclusion) in [
            (Some("completed"), None),
            (Some("completed"), Some("splendid")),
            (Some("dreaming"), Some("success")),
            (None, None),
        ] {
            assert!(
                matches!(state(status, conclusion), RunState::Unknown(_)),
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_run_may_miss_almost_everything() {
        let text = r#"{"id":9,"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",
            "name":null,"head_branch":null,"path":".github/workflows/ci.yml@refs/heads/main",
            "pull_requests":[{"number":3,"base":{"repo":{"name":"api"}}},{"number":4,"base":{"repo":{"name":"fork"}}}]}"#;
        let run = run(&repo(), &serde_json::from_str(text).unwrap());
        assert_eq!(run.workflow_path.as_str(), ".github/workflows/ci.yml");
        assert_eq!(run.change_requests, [3]);
        assert_eq!(run.attempt, 1);
        assert!(matches!(run.state, RunState::Unknown(_)));
    }

    #[test]
    fn jobs_carry_their_attempt_and_steps() {
        let text = r#"[{"id":1,"name":"build","run_attempt":2,"status":"completed","conclusion":"failure",
            "steps":[{"number":1,"name":"compile","status":"completed","conclusion":"failure"},{"number":"x"}]},
            {"id":2,"name":"test","status":"queued"}]"#;
        let jobs: Vec<_> = serde_json::from_str(text).unwrap();
        let key = RunKey {
            repo: repo(),
            id: 9,
        };
        let set = job_set(key, 3, &jobs, true);
        assert_eq!((set.jobs[0].attempt, set.jobs[1].attempt), (2, 3));
        assert_eq!(set.jobs[0].steps.len(), 1);
    }

    #[test]
    fn a_gate_names_who_may_open_it() {
        let text = r#"[{"environment":{"id":5,"name":"production"},"wait_timer":2,"current_user_can_approve":true,
            "reviewers":[{"type":"User","reviewer":{"login":"ada"}},{"type":"Team","reviewer":{"slug":"ops","name":"Ops"}}]}]"#;
        let pending: Vec<_> = serde_json::from_str(text).unwrap();
        let set = gate_set(
            RunKey {
                repo: repo(),
                id: 9,
            },
            &pending,
        );
        let gate = &set.gates[0];
        let names: Vec<_> = gate
            .reviewers
            .iter()
            .map(|who| who.login.as_str())
            .collect();
        assert_eq!(names, ["ada", "ops"]);
        assert_eq!((gate.wait_secs, gate.may_approve), (120, true));
    }
}
