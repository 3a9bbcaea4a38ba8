//! Re-runs, cancellations and approvals: the fresh read before, then one request.
//!
//! Whether it should be done is the engine's to decide; whether this source may
//! is checked here as well, so that no other way leads around it.

use reqwest::header::HeaderMap;

use super::wire_rest;
use super::{Ask, GitHub, TokenState, map};
use crate::domain::action::{Deed, Fresh, OpenGate, Target, Verb};
use crate::domain::run::{Door, RunKey};
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::http::{Failure, Urgency, decode};
use crate::sources::{Capability, CapabilityState, SourceError, deeds};

impl GitHub {
    /// Reads the run of an action, and its job, past every cache.
    pub(super) async fn look(&self, target: Target) -> Result<Fresh, SourceError> {
        self.ensure_token(true).await?;
        let fresh = self.look_once(&target).await;
        match fresh {
            Ok(fresh) => Ok(fresh),
            Err(failure) => Err(self.after(failure.error).await),
        }
    }

    async fn look_once(&self, target: &Target) -> Result<Fresh, Failure> {
        let ask = Ask {
            now: (self.ground.clock)(),
            urgency: Urgency::Person,
            forced: true,
        };
        let path = target.run.repo.path();
        let route = format!("repos/{path}/actions/runs/{}", target.run.id);
        let request = self.once(&route, &[], ask);
        let client = &self.api.client;
        let answer = client.get(&request).await?;
        self.learn_scopes(&answer.headers);
        let wire: wire_rest::Run = decode(client.host(), request.url.path(), &answer.body)?;
        let run = map::runs::run(&target.run.repo, &wire);
        let job = match target.job {
            None => None,
            Some(id) => {
                let request = self.once(&format!("repos/{path}/actions/jobs/{id}"), &[], ask);
                let answer = client.get(&request).await?;
                let job: wire_rest::Job = decode(client.host(), request.url.path(), &answer.body)?;
                Some(Clean::line(&job.name))
            }
        };
        let gate = match &target.gate {
            None => None,
            Some(door) => self.gate(&target.run, door, ask).await?,
        };
        Ok(Fresh {
            name: Clean::line(&format!("{} #{}", run.workflow, run.number)),
            job,
            attempt: run.attempt,
            head_sha: run.head_sha,
            branch: run.branch,
            state: run.state,
            url: run.url,
            read_at: (self.ground.clock)(),
            gate,
            at_rest: None,
        })
    }

    /// Reads a gate afresh; nothing where nothing waits there any more.
    async fn gate(&self, run: &RunKey, door: &Door, ask: Ask) -> Result<Option<OpenGate>, Failure> {
        let set = self.gates(run, ask).await?;
        let found = set.gates.into_iter();
        let mut found = found.filter(|gate| gate.door.as_ref() == Some(door));
        Ok(found.next().map(|gate| OpenGate {
            door: door.clone(),
            name: gate.environment.clone(),
            environment: Some(gate.environment),
            hindrance: (!gate.may_approve).then(|| Clean::line(NO_REVIEWER)),
            typed: None,
        }))
    }

    /// Does one thing, with one request.
    pub(super) async fn do_it(&self, act: Act) -> Result<(), ActError> {
        let deed = act.verb.deed();
        if let CapabilityState::Missing(why) = self.allows(deed) {
            return Err(deeds::refused(&self.api.host, &why));
        }
        let Some(route) = route(&act) else {
            let why = "neither the number of the job nor that of the environment is known";
            return Err(ActError::Unsupported(Clean::line(why)));
        };
        self.ensure_token(false).await?;
        if !self.api.client.has_credential() {
            return Err(ActError::NotSent(SourceError::NoToken {
                host: self.api.host.clone(),
                cause: "nothing is changed without one".to_owned(),
            }));
        }
        let done = self
            .api
            .client
            .write(&self.api.url(&route, &[]), review(&act).as_ref())
            .await;
        self.learn_from(&act, &done);
        if matches!(done, Err(ActError::Refused { status: 401, .. })) {
            *self.token.lock().await = TokenState::Rejected;
        }
        done
    }

    /// Notes what the answer to an action says of the run and of the token.
    fn learn_from(&self, act: &Act, done: &Result<(), ActError>) {
        let mut state = self.state();
        let deed = act.verb.deed();
        match done {
            Ok(()) | Err(ActError::Unsure { .. }) => {
                // What came of it is seen by reading, soon.
                if let Some(repo) = state.known(act.target.run.repo.path()) {
                    repo.runs_wanted = true;
                }
                if done.is_ok() {
                    state.can(deed.name(), CapabilityState::Available);
                }
            }
            Err(ActError::Refused { status: 403, said }) if is_about_token(said) => {
                let why = match deed {
                    Deed::Rerun | Deed::Cancel => "the token lacks the permission `Actions: write`",
                    Deed::Approve | Deed::Reject => {
                        "the token lacks the permission `Deployments: write`"
                    }
                };
                let why = CapabilityState::Missing(Clean::line(why));
                state.can(deed.name(), why);
            }
            Err(ActError::Refused { .. } | ActError::NotSent(_) | ActError::Unsupported(_)) => {}
        }
    }

    /// Returns whether something can be done, and why not.
    fn allows(&self, deed: Deed) -> CapabilityState {
        if let Some(why) = deeds::forbidden(&self.config, self.ground.read_only, deed) {
            return CapabilityState::Missing(why);
        }
        let state = self.state();
        let known = state.capabilities.get(deed.name());
        known.cloned().unwrap_or(CapabilityState::Unknown)
    }

    /// Returns what can be done, for the list of capabilities.
    pub(super) fn deeds(&self) -> impl Iterator<Item = Capability> {
        deeds::all(&Deed::ALL, |deed| self.allows(deed))
    }

    /// Takes in what a classic token may, as answers tell it; other tokens tell nothing.
    pub(super) fn learn_scopes(&self, headers: &HeaderMap) {
        let scopes = headers
            .get("x-oauth-scopes")
            .and_then(|value| value.to_str().ok());
        let Some(scopes) = scopes else {
            return;
        };
        let may = |scope: &str| matches!(scope.trim(), "repo" | "public_repo");
        if scopes.split(',').any(may) {
            return;
        }
        let mut state = self.state();
        for deed in Deed::ALL {
            let why = "the token has no scope `repo`";
            state.can(deed.name(), CapabilityState::Missing(Clean::line(why)));
        }
    }

    /// Notes what an error says of the token, and returns it.
    pub(super) async fn after(&self, error: SourceError) -> SourceError {
        let error = super::place::named(error);
        if matches!(error, SourceError::Auth { .. }) {
            *self.token.lock().await = TokenState::Rejected;
        }
        error
    }
}

/// Returns whether a refusal is about the token, not about the run.
fn is_about_token(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    [
        "not accessible by",
        "must have admin rights",
        "must have write",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// Why a gate cannot be answered that waits for others.
const NO_REVIEWER: &str = "this account is none of its reviewers";

/// Returns the environment whose gate is answered.
fn environment(act: &Act) -> Option<u64> {
    match act.target.gate {
        Some(Door::Environment(id)) => Some(id),
        Some(Door::Job(_) | Door::Deployment(_) | Door::Question(_)) | None => None,
    }
}

/// Returns the answer to a gate.
fn review(act: &Act) -> Option<serde_json::Value> {
    let state = match act.verb.deed() {
        Deed::Approve => "approved",
        Deed::Reject => "rejected",
        Deed::Rerun | Deed::Cancel => return None,
    };
    let environment = environment(act)?;
    Some(serde_json::json!({
        "environment_ids": [environment], "state": state, "comment": "answered from cycleboard",
    }))
}

/// Returns the address of an action.
fn route(act: &Act) -> Option<String> {
    let path = act.target.run.repo.path();
    let run = act.target.run.id;
    let of_run = |deed: &str| Some(format!("repos/{path}/actions/runs/{run}/{deed}"));
    match act.verb {
        Verb::RerunFailed => of_run("rerun-failed-jobs"),
        Verb::RerunAll => of_run("rerun"),
        Verb::Cancel => of_run("cancel"),
        Verb::ForceCancel => of_run("force-cancel"),
        Verb::RerunJob => {
            let job = act.target.job?;
            Some(format!("repos/{path}/actions/jobs/{job}/rerun"))
        }
        Verb::Approve | Verb::Reject => {
            environment(act)?;
            of_run("pending_deployments")
        }
    }
}
