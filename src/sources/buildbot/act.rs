//! Rebuild and stop: the fresh read before, then one call.
//!
//! The server takes calls in the form of JSON-RPC and may refuse one in an answer
//! that looks well. Whether it should be done is the engine's to decide.

use serde_json::{Value, json};

use super::state::Place;
use super::{Buildbot, map, wire};
use crate::domain::action::{Deed, Fresh, Target, Verb};
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::http::{Failure, Writing};
use crate::sources::port::Ask;
use crate::sources::{Capability, CapabilityState, SourceError, deeds};

/// Why a build cannot be stopped by force.
const ONE_WAY: &str = "Buildbot stops a build in one way: cancel it";

/// Why there is no gate to answer.
const NO_GATES: &str = "Buildbot has no gates: a build waits for no person";

/// What may be done there.
const DEEDS: [Deed; 2] = [Deed::Rerun, Deed::Cancel];

/// What an action is done to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Build(Place),
    Request(u64),
}

/// How it stands there now.
struct Now {
    number: u64,
    state: RunState,
    /// How many builds were made of it since.
    again: u32,
}

impl Buildbot {
    /// Reads the build of an action, past every cache.
    pub(super) async fn look(&self, target: &Target) -> Result<Fresh, SourceError> {
        let (run, at) = self.at(target)?;
        let now = match at {
            At::Build(place) => self.build_now(place).await,
            At::Request(request) => self.request_now(request).await,
        };
        let now = now.map_err(|failure| failure.error)?;
        Ok(Fresh {
            name: Clean::line(&format!("{} #{}", run.workflow, now.number)),
            job: target.job.map(|_| run.workflow.clone()),
            attempt: run.attempt + now.again,
            head_sha: run.head_sha,
            branch: run.branch,
            state: now.state,
            url: run.url,
            read_at: self.port.now(),
            gate: None,
            at_rest: None,
        })
    }

    /// Returns what is known of a target; another source's is none of ours.
    fn at(&self, target: &Target) -> Result<(crate::domain::run::Run, At), SourceError> {
        let state = self.state();
        let seen = state.runs.get(&target.run.id);
        let found = seen.and_then(|seen| {
            let job = seen.job.as_ref().and_then(|job| state.jobs.get(&job.id));
            let at = match (job, seen.waits) {
                (Some(job), _) => At::Build(job.place),
                (None, request) => At::Request(request?),
            };
            Some((seen.run.clone(), at))
        });
        found.ok_or_else(|| SourceError::NotFound {
            host: self.port.host().to_owned(),
            what: "this build".to_owned(),
            near: None,
        })
    }

    fn path(at: At) -> Vec<String> {
        let mut parts: Vec<String> = ["api", "v2"].map(ToOwned::to_owned).into();
        match at {
            At::Build((builder, number)) => parts.extend([
                "builders".to_owned(),
                builder.to_string(),
                "builds".to_owned(),
                number.to_string(),
            ]),
            At::Request(id) => parts.extend(["buildrequests".to_owned(), id.to_string()]),
        }
        parts
    }

    fn url_at(&self, at: At) -> url::Url {
        let parts = Self::path(at);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.port.url(&parts, &[])
    }

    async fn first_build(&self, url: url::Url) -> Result<Option<wire::Build>, Failure> {
        let (read, _): (wire::Builds, _) = self.port.get(url, Ask::person()).await?;
        Ok(read
            .builds
            .items
            .into_iter()
            .max_by_key(|build| build.buildid))
    }

    async fn build_now(&self, place: Place) -> Result<Now, Failure> {
        let url = self.url_at(At::Build(place));
        let Some(build) = self.first_build(url).await? else {
            return Err(self.gone());
        };
        let said = build.state_string.as_deref();
        let own = Now {
            number: build.number,
            state: map::state(build.complete, &build.results, said),
            again: 0,
        };
        if !own.state.is_over() {
            return Ok(own);
        }
        match self.rebuilt(build.buildid).await {
            Ok(Some(now)) => Ok(now),
            // Before 4.0 nothing tells which build was done again.
            Ok(None)
            | Err(Failure {
                error: SourceError::Refused { .. } | SourceError::NotFound { .. },
                ..
            }) => Ok(own),
            Err(failure) => Err(failure),
        }
    }

    /// Returns the newest build that was made of this one.
    async fn rebuilt(&self, build: u64) -> Result<Option<Now>, Failure> {
        let id = build.to_string();
        let query = [("rebuilt_buildid__eq", id.as_str())];
        let url = self.port.url(&["api", "v2", "buildsets"], &query);
        let (read, _): (wire::Buildsets, _) = self.port.get(url, Ask::person()).await?;
        let sets = read.buildsets.items.into_iter();
        let own = sets.filter(|set| set.rebuilt_buildid == Some(build));
        let Some(newest) = own.map(|set| set.bsid).max() else {
            return Ok(None);
        };
        let id = newest.to_string();
        let query = [("buildsetid__eq", id.as_str())];
        let url = self.port.url(&["api", "v2", "buildrequests"], &query);
        let (read, _): (wire::Requests, _) = self.port.get(url, Ask::person()).await?;
        let mut requests = read.buildrequests.items.into_iter();
        let Some(request) = requests.find(|it| it.buildsetid == newest) else {
            return Ok(None);
        };
        let now = self.request_now(request.buildrequestid).await?;
        Ok(Some(Now { again: 1, ..now }))
    }

    /// Returns how a wish stands: by its build, where it has one.
    async fn request_now(&self, request: u64) -> Result<Now, Failure> {
        let id = request.to_string();
        let query = [("buildrequestid__eq", id.as_str())];
        let url = self.port.url(&["api", "v2", "builds"], &query);
        let build = self.first_build(url).await?;
        if let Some(build) = build.filter(|it| it.buildrequestid == Some(request)) {
            let said = build.state_string.as_deref();
            return Ok(Now {
                number: build.number,
                state: map::state(build.complete, &build.results, said),
                again: 0,
            });
        }
        let url = self.url_at(At::Request(request));
        let (read, _): (wire::Requests, _) = self.port.get(url, Ask::person()).await?;
        let Some(found) = read.buildrequests.items.into_iter().next() else {
            return Err(self.gone());
        };
        let state = if found.complete {
            map::state(true, &found.results, None)
        } else {
            RunState::Queued
        };
        Ok(Now {
            number: request,
            state,
            again: 0,
        })
    }

    fn gone(&self) -> Failure {
        Failure::of(SourceError::NotFound {
            host: self.port.host().to_owned(),
            what: "this build".to_owned(),
            near: None,
        })
    }

    /// Does one thing, with one call.
    pub(super) async fn do_it(&self, act: &Act) -> Result<(), ActError> {
        if let Some(why) = self.forbidden(act.verb.deed()) {
            return Err(deeds::refused(self.port.host(), &why));
        }
        let (_, at) = self.at(&act.target)?;
        let method = match (act.verb, at) {
            (Verb::RerunFailed | Verb::RerunAll | Verb::RerunJob, At::Build(_)) => "rebuild",
            (Verb::Cancel, At::Build(_)) => "stop",
            (Verb::Cancel, At::Request(_)) => "cancel",
            (Verb::RerunFailed | Verb::RerunAll | Verb::RerunJob, At::Request(_)) => {
                let why = "a build that has not begun cannot be done again";
                return Err(ActError::Unsupported(Clean::line(why)));
            }
            (Verb::ForceCancel, _) => {
                return Err(ActError::Unsupported(Clean::line(ONE_WAY)));
            }
            (Verb::Approve | Verb::Reject, _) => {
                return Err(ActError::Unsupported(Clean::line(NO_GATES)));
            }
        };
        let params = match method {
            "rebuild" => json!({}),
            _ => json!({"reason": "cancelled from cycleboard"}),
        };
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let writing = Writing {
            body: Some(call),
            refusal: Some(refusal),
            // Many a server knows no accounts.
            by_anybody: true,
            ..Writing::default()
        };
        let done = self.port.write_with(&self.url_at(at), writing).await;
        if matches!(done, Ok(()) | Err(ActError::Unsure { .. })) {
            // What came of it is seen by reading, soon.
            self.state().is_stale = true;
        }
        done
    }

    fn forbidden(&self, deed: Deed) -> Option<Clean> {
        deeds::forbidden(&self.config, self.ground.read_only, deed)
    }

    /// Returns what can be done, for the list of capabilities; a build is its only job, so that
    /// all ways of running it again are one.
    pub(super) fn deeds(&self) -> impl Iterator<Item = Capability> {
        let state = |deed| {
            let why = self.forbidden(deed);
            why.map_or(CapabilityState::Unknown, CapabilityState::Missing)
        };
        let absent = [
            (Verb::ForceCancel, ONE_WAY),
            (Verb::Approve, NO_GATES),
            (Verb::Reject, NO_GATES),
        ];
        deeds::all(&DEEDS, state).chain(deeds::lacking(&self.config, absent))
    }
}

/// Returns what the server says against a call, where it says so in the body.
fn refusal(body: &[u8]) -> Option<String> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let error = said.get("error").filter(|error| !error.is_null())?;
    let text = error.get("message").or(Some(error))?;
    let text = text.as_str().unwrap_or("it names no reason");
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[track_caller]
    fn check(body: &str, expected: Option<&str>) {
        assert_eq!(refusal(body.as_bytes()).as_deref(), expected, "{body}");
    }

    #[test]
    fn a_refusal_is_seen_whatever_the_status_says() {
        check(r#"{"id":1,"jsonrpc":"2.0","result":null}"#, None);
        check(
            r#"{"id":1,"jsonrpc":"2.0","result":[9,{"4":9}],"error":null}"#,
            None,
        );
        check(
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"action: x is not supported"}}"#,
            Some("action: x is not supported"),
        );
        check(
            r#"{"error":"you need to have role 'admins'"}"#,
            Some("you need to have role 'admins'"),
        );
        check(r#"{"error":{"code":403}}"#, Some("it names no reason"));
        check("", None);
        check("<html>", None);
    }
}
