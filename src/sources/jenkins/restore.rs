//! What the store holds, taken in at the start: identities lead back to builds again.
//!
//! A run's page is made of what Jenkins calls it, so it tells that later. Runs of another
//! server are another one's.

use std::sync::Arc;

use super::Jenkins;
use super::map::Subject;
use super::map::items::decoded;
use super::state::{BuildSeen, Head, JobState, State, node};
use crate::domain::fact::Fact;
use crate::domain::key::WebUrl;
use crate::domain::run::{Run, RunState, foreign_id};
use crate::domain::text::Clean;

impl Jenkins {
    /// Takes in stored facts, in any order.
    pub(super) fn take_back(&self, facts: &[Arc<Fact>]) {
        let base = self.port.url(&[""], &[]).to_string();
        let mut state = self.state();
        for fact in facts {
            if let Fact::Run(run) = fact.as_ref() {
                self.take_run(&mut state, &base, run);
            }
        }
        for fact in facts {
            match fact.as_ref() {
                Fact::JobSet(set) => {
                    for job in &set.jobs {
                        let of = job.url.as_ref().and_then(stage_of);
                        let seen = node(set.run.id, job, of, None);
                        state.nodes.insert(job.id, seen);
                    }
                }
                Fact::GateSet(set) => {
                    if let Some(seen) = state.build_mut(set.run.id) {
                        seen.gated = !set.gates.is_empty();
                    }
                }
                Fact::Diagnosis(_) => state.diagnosed.keep(fact),
                Fact::Repository(_)
                | Fact::Commit(_)
                | Fact::Range(_)
                | Fact::Ticket(_)
                | Fact::ChangeRequest(_)
                | Fact::ChangedPaths(_)
                | Fact::ChangeTimes(_)
                | Fact::Run(_)
                | Fact::EarlierJobs(_)
                | Fact::Release(_)
                | Fact::Environment(_)
                | Fact::Deployment(_)
                | Fact::Alert(_)
                | Fact::Finding(_) => {}
            }
        }
    }

    fn take_run(&self, state: &mut State, base: &str, run: &Run) {
        if *run.ci != *self.ci {
            return;
        }
        if run.state == RunState::Queued {
            // Its number in the queue comes with the next poll.
            state.queued.insert(run.id, 0);
            return;
        }
        let url = run.url.as_ref();
        let Some(path) = url.and_then(|url| job_of(base, url, run.number)) else {
            return;
        };
        let own = super::map::own_id(&path, run.number);
        if foreign_id(&self.ci, &own) != run.id || !self.choice.covers(&path) {
            return;
        }
        let project = run.workflow.to_string();
        let is_own = run.repo.place().eq_ignore_ascii_case(&self.ci) && run.repo.path() == project;
        if !is_own {
            state.places.insert(project.clone(), run.repo.clone());
        }
        let job = state
            .jobs
            .entry(path.clone())
            .or_insert_with(|| JobState::new(subject(&path, project, run)));
        let of_change = job.subject.change.is_some();
        let seen = BuildSeen {
            run: run.clone(),
            waits: run.state == RunState::Waiting,
            head: match &run.head_sha {
                Some(own) if of_change => Head::Known(Some(own.clone())),
                Some(_) | None => Head::Plain,
            },
            stages: None,
            gated: false,
        };
        job.builds.insert(run.number, seen);
        let key = super::state::BuildKey {
            job: path,
            number: run.number,
        };
        state.builds.insert(run.id, key);
    }
}

/// Returns what is known of a job until the server tells it.
fn subject(path: &str, project: String, run: &Run) -> Subject {
    let of_branch = project != path;
    Subject {
        path: path.to_owned(),
        branch: of_branch.then(|| run.branch.clone()),
        change: run.change_requests.first().copied().filter(|_| of_branch),
        title: Clean::default(),
        source: None,
        is_pipeline: true,
        project,
    }
}

/// Returns the path of the job whose build this page shows.
fn job_of(base: &str, page: &WebUrl, number: u64) -> Option<String> {
    let rest = page.as_str().strip_prefix(base.trim_end_matches('/'))?;
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let (last, names) = parts.split_last()?;
    if *last != number.to_string() {
        return None;
    }
    let mut path = Vec::new();
    for pair in names.chunks(2) {
        let ["job", name] = pair else {
            return None;
        };
        path.push(decoded(name));
    }
    (!path.is_empty()).then(|| path.join("/"))
}

/// Returns the stage whose page this is.
fn stage_of(page: &WebUrl) -> Option<String> {
    let rest = page.as_str().split_once("/execution/node/")?.1;
    let id = rest.trim_end_matches('/');
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{job_of, stage_of};
    use crate::domain::key::WebUrl;

    #[test]
    fn pages_lead_back_to_what_they_show() {
        let page = |text: &str| WebUrl::parse(text).unwrap();
        let base = "https://ci.test/jenkins/";
        let build = page("https://ci.test/jenkins/job/team/job/feature%252Fx/12/");
        assert_eq!(
            job_of(base, &build, 12).as_deref(),
            Some("team/feature%2Fx")
        );
        assert_eq!(job_of(base, &build, 13), None);
        let other = page("https://other.test/jenkins/job/x/12/");
        assert_eq!(job_of(base, &other, 12), None);
        let stage = page("https://ci.test/jenkins/job/x/12/execution/node/8/");
        assert_eq!(stage_of(&stage).as_deref(), Some("8"));
        assert_eq!(stage_of(&build), None);
    }
}
