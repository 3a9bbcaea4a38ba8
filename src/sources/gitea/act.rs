//! Re-runs and cancellations, as far as this server's version has them.
//!
//! Whether it should be done is the engine's to decide; whether this source may
//! is checked here as well, so that no other way leads around it.

use super::Gitea;
use super::api::{Asked, below};
use super::map::runs as map;
use super::server::{Make, Way};
use super::wire_actions::Run;
use crate::domain::action::{Deed, Fresh, Target, Verb};
use crate::domain::run::is_foreign;
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::http::Failure;
use crate::sources::port::Ask;
use crate::sources::{Capability, CapabilityState, SourceError, deeds};

/// What may be done there, with the route that it needs at least.
const DEEDS: [(Deed, Way); 2] = [(Deed::Rerun, Way::Rerun), (Deed::Cancel, Way::Cancel)];

/// Why there is no gate to answer.
const NO_GATES: &str = "its Actions have no gates at which a run waits for a person";

/// Why a run cannot be stopped by force.
const ONE_WAY: &str = "there is no such thing here; `cancel` stops a run";

/// Why nothing is done to a run that only a status tells of.
const ELSEWHERE: &str = "it ran on another system: do it there";

impl Gitea {
    /// Reads the run of an action, and its job, past every cache.
    pub(super) async fn look(&self, target: Target) -> Result<Fresh, SourceError> {
        let asked = Asked {
            now: self.port.now(),
            ask: Ask::person(),
        };
        let read = self.look_once(&target, asked).await;
        read.map_err(|failure| failure.error)
    }

    async fn look_once(&self, target: &Target, asked: Asked) -> Result<Fresh, Failure> {
        let run = &target.run;
        if is_foreign(run.id) || map::is_by_number(run.id) {
            let why = if is_foreign(run.id) {
                Clean::line(ELSEWHERE)
            } else {
                self.why_not(Way::Rerun)
            };
            return Err(Failure::of(SourceError::Refused {
                host: self.port.host().to_owned(),
                cause: why.to_string(),
            }));
        }
        let id = run.id.to_string();
        let parts = below(run.repo.path(), &["actions", "runs", &id]);
        let (wire, _) = self.one::<Run>(&parts, &[], asked).await?;
        let found = map::run(&run.repo, &wire, asked.now);
        let job = match target.job {
            None => None,
            Some(job) => {
                let set = self.jobs(run, found.attempt, asked, &mut None).await?;
                let jobs = set.into_iter().flat_map(|set| set.jobs);
                let named = jobs.into_iter().find(|other| other.id == job);
                Some(named.map(|job| job.name).ok_or_else(|| {
                    Failure::of(self.missing(format!("job {job} of run {}", found.number)))
                })?)
            }
        };
        Ok(Fresh {
            name: Clean::line(&format!("{} #{}", found.workflow, found.number)),
            job,
            attempt: found.attempt,
            head_sha: found.head_sha,
            branch: found.branch,
            state: found.state,
            url: found.url,
            read_at: self.port.now(),
            gate: None,
            at_rest: None,
        })
    }

    /// Does one thing, with one request.
    pub(super) async fn do_it(&self, act: Act) -> Result<(), ActError> {
        let refused = |why: &Clean| deeds::refused(self.port.host(), why);
        if let Some(why) = self.forbids(act.verb.deed()) {
            return Err(refused(&why));
        }
        let Some((way, rest)) = self.route(&act) else {
            let why = match act.verb {
                Verb::RerunJob => "a job is re-run by its number, and there is none",
                Verb::ForceCancel | Verb::RerunFailed | Verb::RerunAll | Verb::Cancel => ONE_WAY,
                Verb::Approve | Verb::Reject => NO_GATES,
            };
            return Err(ActError::Unsupported(Clean::line(why)));
        };
        let now = self.port.now();
        if is_foreign(act.target.run.id) {
            return Err(refused(&Clean::line(ELSEWHERE)));
        }
        if map::is_by_number(act.target.run.id) || !self.state().ways.may(way, now) {
            return Err(refused(&self.why_not(way)));
        }
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        let url = self.url(&below(act.target.run.repo.path(), &rest), &[]);
        let done = self.port.write(&url, None).await;
        self.learn_from(&act, way, done)
    }

    /// Notes what the answer to an action says of the run and of the server.
    fn learn_from(&self, act: &Act, way: Way, done: Result<(), ActError>) -> Result<(), ActError> {
        let mut state = self.state();
        match done {
            Ok(()) | Err(ActError::Unsure { .. }) => {
                // What came of it is seen by reading, soon.
                if let Some(repo) = state.known(act.target.run.repo.path()) {
                    repo.ci_wanted = true;
                }
                if done.is_ok() {
                    state.ways.see(way);
                }
                done
            }
            // The run was read a moment ago: what is not there is the route.
            Err(ActError::Refused {
                status: 404 | 405, ..
            }) => {
                let now = self.port.now();
                state.ways.miss(way, now);
                drop(state);
                Err(ActError::Unsupported(self.why_not(way)))
            }
            Err(ActError::Refused { .. } | ActError::NotSent(_) | ActError::Unsupported(_)) => done,
        }
    }

    /// Returns the route of an action below its repository.
    fn route(&self, act: &Act) -> Option<(Way, Vec<String>)> {
        let run = act.target.run.id.to_string();
        let of_run = |way, deed: &str| {
            let parts = ["actions", "runs", &run, deed];
            Some((way, parts.map(str::to_owned).to_vec()))
        };
        match act.verb {
            Verb::RerunFailed => of_run(Way::RerunFailed, "rerun-failed-jobs"),
            Verb::RerunAll => of_run(Way::Rerun, "rerun"),
            Verb::Cancel => of_run(Way::Cancel, "cancel"),
            Verb::ForceCancel | Verb::Approve | Verb::Reject => None,
            Verb::RerunJob => {
                let job = act.target.job?.to_string();
                let way = self.job_way();
                let parts = if way == Way::RerunJobAlone {
                    vec!["actions", "jobs", &job, "rerun"]
                } else {
                    vec!["actions", "runs", &run, "jobs", &job, "rerun"]
                };
                Some((way, parts.into_iter().map(str::to_owned).collect()))
            }
        }
    }

    /// Returns which of two routes a job is re-run by: what is known to be there, else by make.
    fn job_way(&self) -> Way {
        let now = self.port.now();
        let state = self.state();
        let has = |way| state.ways.has(way, now) == Some(true);
        if has(Way::RerunJob) {
            return Way::RerunJob;
        }
        let server = state.server.as_ref();
        let forgejo = match server.map(|server| server.make) {
            Some(make) => make == Make::Forgejo,
            None => self.kind == "forgejo",
        };
        if forgejo || has(Way::RerunJobAlone) {
            Way::RerunJobAlone
        } else {
            Way::RerunJob
        }
    }

    fn why_not(&self, way: Way) -> Clean {
        match self.without(way) {
            CapabilityState::Missing(why) => why,
            CapabilityState::Unknown | CapabilityState::Available => Clean::default(),
        }
    }

    /// Returns why our own settings do not allow something, if they do not.
    fn forbids(&self, deed: Deed) -> Option<Clean> {
        deeds::forbidden(&self.config, self.ground.read_only, deed)
    }

    /// Returns the verbs of what is allowed that this server has not.
    fn absent(&self) -> Vec<Capability> {
        let now = self.port.now();
        let ways = [
            (Verb::RerunFailed, Way::RerunFailed),
            (Verb::RerunJob, self.job_way()),
        ];
        let ways = ways.into_iter();
        let gone = ways.filter(|(_, way)| self.state().ways.has(*way, now) == Some(false));
        let gone: Vec<(Verb, Way)> = gone.collect();
        let gone = gone.into_iter();
        let reasons: Vec<_> = gone.map(|(verb, way)| (verb, self.why_not(way))).collect();
        let never = [
            (Verb::ForceCancel, ONE_WAY),
            (Verb::Approve, NO_GATES),
            (Verb::Reject, NO_GATES),
        ];
        let gone = reasons.iter().map(|(verb, why)| (*verb, &**why));
        deeds::lacking(&self.config, gone.chain(never)).collect()
    }

    /// Returns what can be done, for the list of capabilities.
    pub(super) fn deeds(&self) -> Vec<Capability> {
        let now = self.port.now();
        let state = |deed| {
            let found = DEEDS.iter().find(|(known, _)| *known == deed);
            let way = found.map_or(Way::Rerun, |(_, way)| *way);
            let has = self.state().ways.has(way, now);
            match (has, self.forbids(deed)) {
                (Some(false), _) => self.without(way),
                (_, Some(why)) => CapabilityState::Missing(why),
                (Some(true), None) => CapabilityState::Available,
                (None, None) => CapabilityState::Unknown,
            }
        };
        let has = DEEDS.map(|(deed, _)| deed);
        deeds::all(&has, state).chain(self.absent()).collect()
    }
}
