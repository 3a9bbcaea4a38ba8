//! Retries, cancellations and gates: the fresh read before, then one request.
//!
//! Whether it should be done is the engine's to decide; whether this source may
//! is checked here as well, so that no other way leads around it.

use super::GitLab;
use super::api::Poll;
use super::map::{ci, delivery};
use super::wire_ci;
use crate::domain::action::{Deed, Fresh, Of, OpenGate, Target, Verb};
use crate::domain::run::{Door, Failure as Fails, Job, JobSet, RunKey, RunState, is_foreign};
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::http::Failure;
use crate::sources::port::Ask;
use crate::sources::{Capability, CapabilityState, SourceError, deeds};

/// Why a pipeline cannot be run again whole.
const NOT_ALL: &str = "GitLab re-runs what failed, or single jobs; not all jobs of a pipeline";

/// Why a pipeline cannot be stopped by force.
const ONE_WAY: &str = "GitLab forces a single job to stop that is being cancelled, no pipeline";

/// Why a gate that no job and no deployment opens is not ours.
const NO_DOOR: &str = "it is not known which job or deployment this gate is";

impl GitLab {
    /// Reads the pipeline of an action, and its job, past every cache.
    pub(super) async fn look(&self, target: Target) -> Result<Fresh, SourceError> {
        if is_foreign(target.run.id) {
            return Err(self.foreign());
        }
        Ok(self.look_once(&target).await?)
    }

    fn foreign(&self) -> SourceError {
        SourceError::Refused {
            host: self.port.host().to_owned(),
            cause: "another system ran this; it is not GitLab's to change".to_owned(),
        }
    }

    async fn look_once(&self, target: &Target) -> Result<Fresh, Failure> {
        let poll = Poll {
            now: self.port.now(),
            ask: Ask::person(),
        };
        let path = target.run.repo.path();
        let part = self.part(path);
        let id = target.run.id.to_string();
        let route = ["projects", &part, "pipelines", &id];
        let (wire, _) = self.one::<wire_ci::Pipeline>(&route, &[], poll).await?;
        // Attempts are those of jobs.
        let key = RunKey {
            repo: self.key(path),
            id: target.run.id,
        };
        let jobs = self.jobs(&key, poll).await?.newest;
        let known = {
            let mut state = self.state();
            let project = state.known(path);
            project.and_then(|project| project.runs.get(&key.id).cloned())
        };
        let job = match target.job {
            None => None,
            Some(id) => Some(self.job_name(&part, id, &jobs, poll).await?),
        };
        let told = ci::state(wire.status.as_deref());
        let never_ran = jobs.complete && jobs.jobs.is_empty();
        let gate = match &target.gate {
            None => None,
            Some(door) => self.gate(&part, path, door, poll).await?,
        };
        let state = if never_ran && matches!(told, RunState::Failed(_)) {
            RunState::Failed(Fails::Startup)
        } else {
            told
        };
        let about = ci::About {
            branch: known.as_ref().map(|seen| seen.run.branch.clone()),
            head: known.as_ref().and_then(|seen| seen.run.head_sha.clone()),
            attempt: jobs.attempt,
            never_ran: false,
        };
        let unreadable = || Failure::of(self.port.failed("the pipeline names no time"));
        let run = ci::run(&key.repo, &wire, &about).ok_or_else(unreadable)?;
        Ok(Fresh {
            name: Clean::line(&format!("{} #{}", run.workflow, run.number)),
            job,
            attempt: jobs.attempt,
            head_sha: run.head_sha,
            branch: run.branch,
            state,
            url: run.url,
            read_at: poll.now,
            gate,
            at_rest: at_rest(&jobs),
        })
    }

    /// Reads a gate afresh; nothing where nothing waits there any more.
    async fn gate(
        &self,
        part: &str,
        path: &str,
        door: &Door,
        poll: Poll,
    ) -> Result<Option<OpenGate>, Failure> {
        let gate = |name: &Clean, environment: Option<Clean>| OpenGate {
            door: door.clone(),
            name: name.clone(),
            environment,
            hindrance: None,
            typed: None,
        };
        match door {
            Door::Job(id) => {
                let id = id.to_string();
                let route = ["projects", part, "jobs", &id];
                let (job, _) = self.one::<wire_ci::Job>(&route, &[], poll).await?;
                let waits = job.status.as_deref() == Some("manual");
                let place = {
                    let mut state = self.state();
                    let project = state.known(path);
                    project.and_then(|project| project.places.get(&job.name).cloned())
                };
                Ok(waits.then(|| gate(&Clean::line(&job.name), place)))
            }
            Door::Deployment(id) => {
                let id = id.to_string();
                let route = ["projects", part, "deployments", &id];
                let (wire, _) = self.one::<wire_ci::Deployment>(&route, &[], poll).await?;
                let held = delivery::held(&wire).map(|(_, held)| held.environment);
                Ok(held.map(|name| gate(&name, Some(name.clone()))))
            }
            Door::Environment(_) | Door::Question(_) => Ok(None),
        }
    }

    async fn job_name(
        &self,
        part: &str,
        id: u64,
        jobs: &JobSet,
        poll: Poll,
    ) -> Result<Clean, Failure> {
        if let Some(job) = jobs.jobs.iter().find(|job| job.id == id) {
            return Ok(job.name.clone());
        }
        let id = id.to_string();
        let route = ["projects", part, "jobs", &id];
        let (job, _) = self.one::<wire_ci::Job>(&route, &[], poll).await?;
        Ok(Clean::line(&job.name))
    }

    /// Does one thing, with one request.
    pub(super) async fn do_it(&self, act: Act) -> Result<(), ActError> {
        if is_foreign(act.target.run.id) {
            return Err(ActError::NotSent(self.foreign()));
        }
        let deed = act.verb.deed();
        if let CapabilityState::Missing(why) = self.allows(deed) {
            return Err(deeds::refused(self.port.host(), &why));
        }
        let route = route(&act).map_err(|why| ActError::Unsupported(Clean::line(why)))?;
        let part = self.part(act.target.run.repo.path());
        let (kind, id, last) = route;
        let url = self.url(&["projects", &part, kind, &id.to_string(), last], &[]);
        let body = matches!(&act.target.gate, Some(Door::Deployment(_))).then(|| {
            let approves = deed == Deed::Approve;
            serde_json::json!({"status": if approves { "approved" } else { "rejected" }})
        });
        let done = self.port.write(&url, body.as_ref()).await;
        match &done {
            Ok(()) | Err(ActError::Unsure { .. }) => {
                // What came of it is seen by reading, soon.
                let mut state = self.state();
                if let Some(project) = state.known(act.target.run.repo.path()) {
                    project.runs_wanted = true;
                    project.delivery_wanted |= act.verb.of() == Of::Gate;
                    if let Some(seen) = project.runs.get_mut(&act.target.run.id) {
                        seen.jobs = None;
                    }
                }
                drop(state);
                if done.is_ok() {
                    self.port.can(deed.name(), CapabilityState::Available);
                }
            }
            Err(ActError::Refused { status: 403, said }) if is_about_token(said) => {
                let why = "the token lacks the scope `api`";
                let why = CapabilityState::Missing(Clean::line(why));
                self.port.can(deed.name(), why);
            }
            Err(ActError::Refused { .. } | ActError::NotSent(_) | ActError::Unsupported(_)) => {}
        }
        done
    }

    /// Returns whether something can be done, and why not.
    fn allows(&self, deed: Deed) -> CapabilityState {
        if let Some(why) = deeds::forbidden(&self.config, self.ground.read_only, deed) {
            return CapabilityState::Missing(why);
        }
        let scopes = self.state().scopes.clone();
        if scopes.is_some_and(|scopes| !scopes.contains("api")) {
            return CapabilityState::Missing(Clean::line("the token has no scope `api`"));
        }
        let known = self.port.capabilities().into_iter();
        let mut known = known.filter(|can| can.name == deed.name());
        known
            .next()
            .map_or(CapabilityState::Unknown, |can| can.state)
    }

    /// Returns what can be read and done.
    pub(super) fn abilities(&self) -> Vec<Capability> {
        let mut all = self.port.capabilities();
        all.retain(|can| !deeds::is_deed(can.name));
        all.extend(deeds::all(&Deed::ALL, |deed| self.allows(deed)));
        let absent = [(Verb::RerunAll, NOT_ALL), (Verb::ForceCancel, ONE_WAY)];
        all.extend(deeds::lacking(&self.config, absent));
        if deeds::is_listed(&self.config, Deed::Reject) {
            // What may be rejected is a deployment.
            let why = Door::Job(0).lacks(Deed::Reject);
            all.extend(why.map(|why| Capability {
                name: "reject of a manual job",
                state: CapabilityState::Missing(Clean::line(&format!("GitLab has none: {why}"))),
            }));
        }
        all
    }
}

/// Returns why a pipeline has nothing that could be stopped, though it has not ended: GitLab
/// cancels jobs that run or are to run, and leaves those for a person as they are.
fn at_rest(jobs: &JobSet) -> Option<Clean> {
    let is_left = |job: &Job| job.state == RunState::Waiting;
    let rests = jobs.complete
        && jobs.jobs.iter().any(is_left)
        && jobs
            .jobs
            .iter()
            .all(|job| is_left(job) || job.state.is_over());
    rests.then(|| Clean::line("only manual jobs are left of it, which GitLab does not cancel"))
}

/// Returns whether a refusal is about the token, not about the pipeline.
fn is_about_token(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    said.contains("insufficient_scope") || said.contains("insufficient scope")
}

/// Returns what is done to what: the kind of thing, its number, and the deed.
fn route(act: &Act) -> Result<(&'static str, u64, &'static str), &'static str> {
    let run = act.target.run.id;
    match act.verb {
        Verb::RerunFailed => Ok(("pipelines", run, "retry")),
        Verb::Cancel => Ok(("pipelines", run, "cancel")),
        Verb::RerunJob => {
            let job = act.target.job;
            let job = job.ok_or("a job is re-run by its number, and there is none")?;
            Ok(("jobs", job, "retry"))
        }
        Verb::RerunAll => Err(NOT_ALL),
        Verb::ForceCancel => Err(ONE_WAY),
        Verb::Approve | Verb::Reject => match &act.target.gate {
            Some(door) if door.lacks(act.verb.deed()).is_some() => {
                Err(door.lacks(act.verb.deed()).unwrap_or(NO_DOOR))
            }
            Some(Door::Job(job)) => Ok(("jobs", *job, "play")),
            Some(Door::Deployment(id)) => Ok(("deployments", *id, "approval")),
            Some(Door::Environment(_) | Door::Question(_)) | None => Err(NO_DOOR),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::route;
    use crate::domain::action::{Target, Verb};
    use crate::domain::key::{RepoKey, SourceName};
    use crate::domain::run::{Door, RunKey};
    use crate::sources::action::Act;

    #[track_caller]
    fn check(
        verb: Verb,
        (job, gate): (Option<u64>, Option<Door>),
        expected: Option<(&'static str, u64, &'static str)>,
    ) {
        let run = RunKey {
            repo: RepoKey::new("gitlab.com", "acme/api"),
            id: 9,
        };
        let source = SourceName::new("one");
        let target = Target {
            source,
            run,
            job,
            gate,
        };
        assert_eq!(route(&Act { verb, target }).ok(), expected, "{verb:?}");
    }

    #[test]
    fn each_deed_has_its_route_or_its_reason() {
        let run = (None, None);
        check(
            Verb::RerunFailed,
            run.clone(),
            Some(("pipelines", 9, "retry")),
        );
        check(Verb::Cancel, run.clone(), Some(("pipelines", 9, "cancel")));
        check(Verb::RerunJob, (Some(4), None), Some(("jobs", 4, "retry")));
        for verb in [
            Verb::RerunJob,
            Verb::RerunAll,
            Verb::ForceCancel,
            Verb::Approve,
        ] {
            check(verb, run.clone(), None);
        }
        let of_job = (None, Some(Door::Job(4)));
        check(Verb::Approve, of_job.clone(), Some(("jobs", 4, "play")));
        check(Verb::Reject, of_job, None);
        let of_deployment = (None, Some(Door::Deployment(7)));
        let route = Some(("deployments", 7, "approval"));
        check(Verb::Approve, of_deployment.clone(), route);
        check(Verb::Reject, of_deployment, route);
        check(Verb::Approve, (None, Some(Door::Environment(7))), None);
    }
}
