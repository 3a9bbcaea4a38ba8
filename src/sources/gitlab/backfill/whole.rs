//! What the pages of a project's past make together: commits know who brought them, pipelines
//! their jobs, merge requests that they were approved.
//!
//! Pure. Green jobs tell when a pipeline worked and are not kept; history reads the others.

use std::collections::{BTreeMap, BTreeSet};

use super::super::commits::attribute;
use super::super::map::ci::{self, Part as Jobbed};
use super::super::map::work::Detail;
use super::super::state::{ChangeSeen, Project};
use super::super::wire_ci;
use crate::domain::change_request::{ChangeRequest, Review, Verdict};
use crate::domain::commit::Commit;
use crate::domain::fact::Fact;
use crate::domain::run::{Run, RunState};

/// The jobs of pipelines, by the pipeline.
pub(super) type Jobs = BTreeMap<u64, Vec<wire_ci::Job>>;

/// Returns a project of which only these facts are known.
pub(super) fn shadow(path: &str, facts: &[Fact]) -> Project {
    let mut project = Project::new(path);
    for fact in facts {
        if let Fact::ChangeRequest(change) = fact {
            project.see_change(ChangeSeen {
                fact: change.as_ref().clone(),
                detail: Detail::default(),
                detail_for: None,
                asked: None,
                wanted: false,
                pipeline: None,
                failed_at: None,
            });
        } else if let Fact::Run(run) = fact {
            // The newest pipeline judges the head as it ended; those before it other ones.
            judged(&mut project, run);
        }
    }
    project
}

/// Notes that a pipeline of a merge request was told, so that an earlier one judges no head of it.
pub(super) fn judged(project: &mut Project, run: &Run) {
    for number in &run.change_requests {
        if let Some(seen) = project.changes.get_mut(number) {
            seen.pipeline = Some(u64::MAX);
        }
    }
}

/// Returns what all pages tell together.
pub(super) fn told(path: &str, facts: Vec<Fact>, mut jobs: Jobs) -> Vec<Fact> {
    let project = shadow(path, &facts);
    let approved = approved(&facts);
    let mut commits: Vec<Commit> = Vec::new();
    let mut told = Vec::with_capacity(facts.len());
    for fact in facts {
        if let Fact::Commit(commit) = fact {
            commits.push(commit);
        } else if let Fact::ChangeRequest(change) = fact {
            let change = with_review(*change, &approved);
            told.push(Fact::ChangeRequest(Box::new(change)));
        } else if let Fact::Run(run) = fact {
            let own = jobs.remove(&run.id).unwrap_or_default();
            with_jobs(run, own, &mut told);
        } else {
            told.push(fact);
        }
    }
    attribute(&project, &mut commits);
    told.extend(commits.into_iter().map(Fact::Commit));
    told
}

/// Returns the merge requests of which an approval was told.
fn approved(facts: &[Fact]) -> BTreeSet<u64> {
    let told = facts.iter().filter_map(|fact| {
        let Fact::ChangeTimes(times) = fact else {
            return None;
        };
        Some(times)
    });
    let approved = told.filter(|times| {
        let mut said = times.reviews.iter();
        said.any(|note| note.verdict == Verdict::Approved)
    });
    approved.map(|times| times.change.number).collect()
}

fn with_review(mut change: ChangeRequest, approved: &BTreeSet<u64>) -> ChangeRequest {
    if matches!(change.review, Review::Unknown(_)) && approved.contains(&change.number) {
        change.review = Review::Approved;
    }
    change
}

/// Tells a run with what its jobs say of it: when it worked, how often, and what failed.
fn with_jobs(mut run: Run, own: Vec<wire_ci::Job>, told: &mut Vec<Fact>) {
    if own.is_empty() {
        told.push(Fact::Run(run));
        return;
    }
    let part = Jobbed {
        prefix: String::new(),
        jobs: own,
        // The pages may end within the jobs of a pipeline.
        complete: false,
        bridges: false,
    };
    let ci::Jobs {
        newest, earlier, ..
    } = ci::jobs(&run.key(), &[part]);
    run.attempt = run.attempt.max(newest.attempt);
    let begun = newest.jobs.iter().filter_map(|job| job.started_at).min();
    let ended = newest.jobs.iter().filter_map(|job| job.finished_at).max();
    run.started_at = run.started_at.or(begun);
    if let Some(ended) = ended.filter(|at| run.state.is_over() && *at >= run.created_at) {
        // What touched it later (an artefact that expired) is no part of its run.
        run.updated_at = ended;
    }
    let is_green = matches!(run.state, RunState::Passed | RunState::Skipped);
    told.push(Fact::Run(run));
    if !is_green {
        told.push(Fact::JobSet(newest));
    }
    told.extend(earlier.into_iter().map(Fact::EarlierJobs));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::key::RepoKey;

    fn at(minutes: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    fn run(id: u64, status: &str) -> Run {
        let wire = serde_json::json!({
            "id": id, "status": status, "ref": "main", "sha": "a".repeat(40),
            "created_at": at(0), "updated_at": at(999),
        });
        let repo = RepoKey::new("gitlab.com", "acme/api");
        let about = ci::About {
            branch: None,
            head: None,
            attempt: 1,
            never_ran: false,
        };
        ci::run(&repo, &serde_json::from_value(wire).unwrap(), &about).unwrap()
    }

    fn job(id: u64, name: &str, status: &str, from: i64) -> wire_ci::Job {
        let wire = serde_json::json!({
            "id": id, "name": name, "status": status, "created_at": at(0),
            "started_at": at(from), "finished_at": at(from + 5), "pipeline": {"id": 1},
        });
        serde_json::from_value(wire).unwrap()
    }

    #[test]
    fn a_pipeline_is_as_long_as_its_jobs_and_has_the_attempts_of_them() {
        let jobs = vec![
            job(1, "test", "failed", 2),
            job(2, "lint", "success", 3),
            job(3, "test", "success", 20),
        ];
        let mut told = Vec::new();
        with_jobs(run(1, "success"), jobs, &mut told);
        let [Fact::Run(run), Fact::EarlierJobs(earlier)] = told.as_slice() else {
            panic!("{told:?}");
        };
        assert_eq!((run.attempt, run.started_at), (2, Some(at(3))));
        assert_eq!(run.updated_at, at(25));
        assert_eq!(earlier.attempt, 1);
    }

    #[test]
    fn only_of_what_is_not_green_the_jobs_are_kept() {
        let mut told = Vec::new();
        with_jobs(
            run(1, "failed"),
            vec![job(1, "test", "failed", 2)],
            &mut told,
        );
        assert!(matches!(told.as_slice(), [Fact::Run(_), Fact::JobSet(_)]));
        with_jobs(run(2, "failed"), Vec::new(), &mut told);
        assert_eq!(told.len(), 3);
    }
}
