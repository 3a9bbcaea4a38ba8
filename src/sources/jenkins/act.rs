//! Re-runs, cancellations and answers: the fresh read before, then one request.
//!
//! A build has one attempt; what re-runs it is another build of its job. That no other one
//! was started meanwhile is what is held to. A question that asks for values is a person's to
//! answer on its page.

use serde_json::Value;

use super::map::stages;
use super::state::Head;
use super::{Jenkins, map, tree, wire};
use crate::domain::action::{Deed, Fresh, OpenGate, Target, Verb};
use crate::domain::key::Sha;
use crate::domain::run::{Door, RunState};
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::http::{List, Writing};
use crate::sources::port::Ask;
use crate::sources::{Capability, CapabilityState, SourceError, deeds};

/// Why single parts of a build cannot be run again.
const WHOLE: &str = "Jenkins runs whole builds again: choose to re-run all jobs";

/// The build that something is done to.
struct Aim {
    path: String,
    number: u64,
    is_pipeline: bool,
}

impl Jenkins {
    /// Reads the build of an action past every cache, and whether another one was started.
    pub(super) async fn look(&self, target: Target) -> Result<Fresh, SourceError> {
        if target.job.is_some() {
            return Err(self.unable("Jenkins runs whole builds again, not their stages"));
        }
        let queued = self.queue_number(target.run.id);
        if let Some(id) = queued {
            return self.look_at_queued(id).await;
        }
        let Some(aim) = self.aim(target.run.id) else {
            return Err(self.unable("it is not known which build this is; refresh, and try again"));
        };
        let ask = Ask::person();
        let mut url = self.build_url(&aim.path, aim.number, &["api", "json"]);
        url.query_pairs_mut().append_pair("tree", &tree::of_build());
        let (build, _): (wire::Build, _) = self.port.get(url, ask).await?;
        let mut parts = tree::route(&aim.path);
        parts.extend(["api", "json"]);
        let url = self.port.url(&parts, &[("tree", "lastBuild[number]")]);
        let (job, _): (wire::Job, _) = self.port.get(url, ask).await?;
        let subject = {
            let state = self.state();
            let job = state.jobs.get(&aim.path);
            job.map(|job| job.subject.clone())
        };
        let run = subject.and_then(|subject| {
            self.with_ground(|ground| map::run(ground, &subject, &build, Some(&target.run.repo)))
        });
        let Some(run) = run else {
            return Err(self.port.failed("a build of a time that cannot be"));
        };
        let gate = match &target.gate {
            Some(Door::Question(id)) => self.question(&aim, id, ask).await?,
            Some(Door::Job(_) | Door::Deployment(_) | Door::Environment(_)) | None => None,
        };
        let last = job.last_build.map_or(aim.number, |last| last.number);
        // Of a build at work nothing follows from later ones.
        let later = if run.state.is_over() {
            last.saturating_sub(aim.number)
        } else {
            0
        };
        Ok(Fresh {
            name: Clean::line(&format!("{} #{}", run.workflow, run.number)),
            job: None,
            attempt: u32::try_from(later + 1).unwrap_or(u32::MAX),
            head_sha: self.own_commit(target.run.id, run.head_sha),
            branch: run.branch,
            state: run.state,
            url: run.url,
            read_at: self.port.now(),
            gate,
            at_rest: None,
        })
    }

    /// Reads the question with this name; nothing where nobody waits for its answer.
    async fn question(
        &self,
        aim: &Aim,
        id: &str,
        ask: Ask,
    ) -> Result<Option<OpenGate>, SourceError> {
        let url = self.build_url(&aim.path, aim.number, &["wfapi", "pendingInputActions"]);
        let (inputs, _): (List<wire::Input>, _) = self.port.get(url, ask).await?;
        let found = inputs
            .items
            .iter()
            .find(|input| *Clean::line(&input.id) == *id);
        Ok(found.map(|input| {
            let values = input.inputs.items.iter();
            let names: Vec<String> = values
                .map(|value| format!("`{}`", value.name.as_deref().unwrap_or("a value")))
                .collect();
            let asks = !names.is_empty() || input.inputs.bad_count > 0;
            let why = format!("it asks for {}: answer it on its page", names.join(", "));
            OpenGate {
                door: Door::Question(Clean::line(&input.id)),
                name: stages::question(input),
                environment: None,
                hindrance: asks.then(|| Clean::line(&why)),
                typed: None,
            }
        }))
    }

    /// Returns the commit that the run of a build is told with: what was merged before it was built
    /// has one that nobody knows.
    fn own_commit(&self, run: u64, checked_out: Option<Sha>) -> Option<Sha> {
        let state = self.state();
        let seen = state.build(run).map(|(_, seen)| seen);
        match seen.map(|seen| (&seen.head, &seen.run.head_sha)) {
            None | Some((Head::Plain, _)) => checked_out,
            Some((Head::Wanted(_) | Head::Known(_), told)) => told.clone(),
        }
    }

    /// Reads something that waits: whether it still does.
    async fn look_at_queued(&self, id: u64) -> Result<Fresh, SourceError> {
        let id = id.to_string();
        let url = self.port.url(
            &["queue", "item", &id, "api", "json"],
            &[("tree", "cancelled,executable[number]")],
        );
        let (item, _): (wire::QueueItem, _) = self.port.get(url, Ask::person()).await?;
        Ok(Fresh {
            name: Clean::line(&format!("item {id} of the queue")),
            job: None,
            attempt: 1,
            head_sha: None,
            branch: Clean::default(),
            state: if item.cancelled == Some(true) {
                RunState::Cancelled
            } else if item.executable.is_some() {
                RunState::Running
            } else {
                RunState::Queued
            },
            url: None,
            read_at: self.port.now(),
            gate: None,
            at_rest: None,
        })
    }

    /// Returns the number in the queue of a run that waits there.
    fn queue_number(&self, run: u64) -> Option<u64> {
        let id = self.state().queued.get(&run).copied();
        id.filter(|id| *id > 0)
    }

    /// Does one thing, with one request that changes something.
    pub(super) async fn do_it(&self, act: Act) -> Result<(), ActError> {
        let deed = act.verb.deed();
        if let CapabilityState::Missing(why) = self.allows(deed) {
            return Err(deeds::refused(self.port.host(), &why));
        }
        let queued = self.queue_number(act.target.run.id);
        let (url, writing) = match (act.verb, self.aim(act.target.run.id)) {
            (Verb::Cancel | Verb::ForceCancel, None) if queued.is_some() => {
                let id = queued.unwrap_or_default().to_string();
                let url = self.port.url(&["queue", "cancelItem"], &[("id", &id)]);
                (url, Writing::default())
            }
            (_, None) => {
                let why = "it is not known which build this is; refresh, and try again";
                return Err(deeds::refused(self.port.host(), why));
            }
            (Verb::RerunFailed | Verb::RerunJob, Some(_)) => {
                return Err(ActError::Unsupported(Clean::line(WHOLE)));
            }
            (Verb::RerunAll, Some(aim)) => self.again(&aim).await?,
            (Verb::Cancel, Some(aim)) => {
                let url = self.build_url(&aim.path, aim.number, &["stop"]);
                (url, Writing::default())
            }
            (Verb::ForceCancel, Some(aim)) => {
                let deed = if aim.is_pipeline { "term" } else { "stop" };
                let url = self.build_url(&aim.path, aim.number, &[deed]);
                (url, Writing::default())
            }
            (Verb::Approve | Verb::Reject, Some(aim)) => {
                let Some(Door::Question(id)) = &act.target.gate else {
                    let why = "it is not known which question is to be answered";
                    return Err(ActError::Unsupported(Clean::line(why)));
                };
                let answers = deed == Deed::Approve;
                let answer = if answers { "proceedEmpty" } else { "abort" };
                let url = self.build_url(&aim.path, aim.number, &["input", id, answer]);
                (url, Writing::default())
            }
        };
        let done = self.send(&url, writing).await;
        self.learn_from(&act, &url, &done);
        done.map_err(|error| plain(error, deed))
    }

    /// Returns how a build is run again: as it was where it is a pipeline, which keeps its commit,
    /// else as a new one with the same parameters.
    async fn again(&self, aim: &Aim) -> Result<(url::Url, Writing), ActError> {
        let replays = aim.is_pipeline && !self.state().no_replay.contains(&aim.path);
        if replays {
            let url = self.build_url(&aim.path, aim.number, &["replay", "rebuild"]);
            return Ok((url, Writing::default()));
        }
        let mut url = self.build_url(&aim.path, aim.number, &["api", "json"]);
        let tree = "number,timestamp,actions[parameters[name,value]]";
        url.query_pairs_mut().append_pair("tree", tree);
        let read = self.port.get::<wire::Build>(url, Ask::person()).await;
        let (build, _) = read.map_err(|failure| ActError::NotSent(failure.error))?;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let mut count = 0;
        let actions = build.actions.items.iter();
        for parameter in actions.flat_map(|action| &action.parameters.items) {
            let Some(value) = value(parameter) else {
                let name = &parameter.name;
                let why = format!(
                    "the parameter `{name}` cannot be read, as secret ones cannot: start it on its page"
                );
                return Err(ActError::Unsupported(self.port.shown(&why)));
            };
            form.append_pair(&parameter.name, &value);
            count += 1;
        }
        let mut parts = tree::route(&aim.path);
        parts.push(if count > 0 {
            "buildWithParameters"
        } else {
            "build"
        });
        let writing = Writing {
            form: (count > 0).then(|| form.finish()),
            ..Writing::default()
        };
        Ok((self.port.url(&parts, &[]), writing))
    }

    /// Sends it with a crumb, which Jenkins wants of whoever comes with a password.
    ///
    /// Answers that send a browser on to a page of the build, its job or the queue say that it was
    /// done; one to a login does not.
    async fn send(&self, url: &url::Url, mut writing: Writing) -> Result<(), ActError> {
        let crumb = self.port.url(&["crumbIssuer", "api", "json"], &[]);
        // No crumbs are asked for where there is no issuer of them.
        if let Ok((crumb, answer)) = self.port.get::<wire::Crumb>(crumb, Ask::person()).await {
            writing.header(&crumb.crumb_request_field, &crumb.crumb);
            // It belongs to the session in which it was given out.
            let cookies = answer.headers.get_all("set-cookie").iter();
            let cookies = cookies.filter_map(|value| value.to_str().ok()?.split(';').next());
            let cookies: Vec<&str> = cookies.take(8).collect();
            if !cookies.is_empty() {
                writing.header("cookie", &cookies.join("; "));
            }
        }
        writing.done_below = ["job", "queue"]
            .map(|part| format!("{}/", self.port.url(&[part], &[]).path()))
            .to_vec();
        self.port.write_with(url, writing).await
    }

    /// Returns which build a run stands for.
    fn aim(&self, run: u64) -> Option<Aim> {
        let state = self.state();
        let (job, seen) = state.build(run)?;
        Some(Aim {
            path: job.subject.path.clone(),
            number: seen.run.number,
            is_pipeline: job.subject.is_pipeline,
        })
    }

    /// Notes what the answer to an action says of the account and of the build.
    fn learn_from(&self, act: &Act, url: &url::Url, done: &Result<(), ActError>) {
        let mut state = self.state();
        match done {
            Ok(()) => {
                let name = act.verb.deed().name();
                self.port.can(name, CapabilityState::Available);
            }
            Err(ActError::Refused { status, .. })
                if url.path().ends_with("/replay/rebuild") && matches!(status, 400 | 403 | 404) =>
            {
                if let Some(key) = state.builds.get(&act.target.run.id).cloned() {
                    state.no_replay.insert(key.job);
                }
            }
            Err(
                ActError::Refused { .. }
                | ActError::Unsure { .. }
                | ActError::NotSent(_)
                | ActError::Unsupported(_),
            ) => {}
        }
    }

    /// Returns whether something can be done, and why not.
    fn allows(&self, deed: Deed) -> CapabilityState {
        if let Some(why) = deeds::forbidden(&self.config, self.ground.read_only, deed) {
            return CapabilityState::Missing(why);
        }
        if self.port.did(deed.name()) {
            CapabilityState::Available
        } else {
            CapabilityState::Unknown
        }
    }

    /// Returns what can be done, for the list of capabilities.
    pub(super) fn deeds(&self) -> impl Iterator<Item = Capability> {
        let deeds = deeds::all(&Deed::ALL, |deed| self.allows(deed));
        let parts = [Verb::RerunFailed, Verb::RerunJob].map(|verb| (verb, WHOLE));
        deeds.chain(deeds::lacking(&self.config, parts))
    }

    fn unable(&self, why: &str) -> SourceError {
        SourceError::Refused {
            host: self.port.host().to_owned(),
            cause: why.to_owned(),
        }
    }
}

/// Returns the value of a parameter as a form has it.
fn value(parameter: &wire::Parameter) -> Option<String> {
    let class = parameter.class.as_deref().unwrap_or_default();
    if ["Password", "Credentials", "File"]
        .iter()
        .any(|kind| class.contains(kind))
    {
        return None;
    }
    match parameter.value.as_ref()? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Says of a refusal what Jenkins means by it: its own words are a page.
fn plain(error: ActError, deed: Deed) -> ActError {
    let ActError::Refused { status, said } = error else {
        return error;
    };
    let said = match (status, deed) {
        (403, Deed::Rerun) => Clean::line("this account may not build: it lacks `Job/Build`"),
        (403, Deed::Cancel) => Clean::line("this account may not stop it: it lacks `Job/Cancel`"),
        (403, Deed::Approve | Deed::Reject) => {
            Clean::line("this account may not answer: it is no submitter, or lacks `Job/Build`")
        }
        (404, Deed::Approve | Deed::Reject) => Clean::line("nobody waits for this answer any more"),
        (404, Deed::Rerun) => {
            Clean::line("this build cannot be replayed; the next try starts a new build of its job")
        }
        (409, _) => Clean::line("the job is disabled, or waits for this already"),
        _ => said,
    };
    ActError::Refused { status, said }
}
