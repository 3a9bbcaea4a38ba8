//! Builds: attempts of runs, as Jenkins writes them.

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

use crate::demo::forge::jenkins::items::{Build, Job};
use crate::demo::forge::jenkins::{Ask, millis};
use crate::demo::scenario::model;
use crate::demo::scenario::people;
use crate::domain::Timestamp;

impl Build<'_> {
    /// Returns the jobs of this attempt: stages here.
    pub(super) fn jobs(&self) -> &[model::Job] {
        let attempts = &self.run.attempts;
        attempts.get(self.attempt).map_or(&[], Vec::as_slice)
    }

    /// Returns when it began.
    pub(super) fn began(&self) -> Timestamp {
        if self.attempt == 0 {
            return self.run.created_at;
        }
        let made = self.jobs().iter().map(|job| job.created_at);
        made.min().unwrap_or(self.run.started_at)
    }

    /// Returns when it ended, if it did.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        if self.is_last() && self.run.status != "completed" {
            return None;
        }
        let ends = self.jobs().iter().filter_map(|job| job.completed_at);
        Some(ends.max().unwrap_or(self.run.updated_at))
    }

    /// Returns the result in Jenkins' words; none while it builds.
    pub(super) fn result(&self) -> Option<&'static str> {
        self.ended()?;
        if self.is_last() {
            return Some(match self.run.conclusion {
                Some("success" | "neutral") => "SUCCESS",
                Some("cancelled") => "ABORTED",
                Some("skipped" | "action_required") => "NOT_BUILT",
                Some(_) | None => "FAILURE",
            });
        }
        let jobs = self.jobs();
        let any = |word: &str| jobs.iter().any(|job| job.conclusion == Some(word));
        Some(if any("cancelled") {
            "ABORTED"
        } else if any("failure") {
            "FAILURE"
        } else {
            "SUCCESS"
        })
    }

    /// Returns its page.
    pub(super) fn url(&self, ask: &Ask<'_>, job: &Job<'_>) -> String {
        format!("{}{}/", job.url(ask), self.number)
    }
}

/// Returns the ball that lists show for it.
pub(super) fn color(build: &Build<'_>) -> &'static str {
    match build.result() {
        Some("SUCCESS") => "blue",
        Some("FAILURE") => "red",
        Some("ABORTED") => "aborted",
        Some(_) => "notbuilt",
        None => "blue_anime",
    }
}

/// Returns a commit that a change was merged into for its build, which no forge knows.
fn merged(sha: &str) -> String {
    let digits = format!("{:032x}{:08x}", xxh3_128(sha.as_bytes()), 0x00c0_ffee);
    digits.chars().take(40).collect()
}

fn causes(build: &Build<'_>) -> Value {
    let who = people::of(if build.attempt == 0 {
        build.run.actor
    } else {
        build.run.triggered_by
    });
    let user = json!({
        "_class": "hudson.model.Cause$UserIdCause", "userId": who.login, "userName": who.name,
        "shortDescription": format!("Started by user {}", who.name),
    });
    let all = if build.attempt > 0 {
        let replay = json!({
            "_class": "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause",
            "shortDescription": "Replayed a build",
        });
        vec![user, replay]
    } else {
        match build.run.event {
            "schedule" => vec![json!({
                "_class": "hudson.triggers.TimerTrigger$TimerTriggerCause",
                "shortDescription": "Started by timer",
            })],
            "workflow_dispatch" | "workflow_run" | "deployment" => vec![user],
            "release" => vec![json!({
                "_class": "hudson.model.Cause$UpstreamCause",
                "shortDescription": "Started by an upstream project",
            })],
            "pull_request" => vec![json!({
                "_class": "jenkins.branch.BranchEventCause",
                "shortDescription": "Pull request event",
            })],
            _ => vec![json!({
                "_class": "jenkins.branch.BranchEventCause", "shortDescription": "Push event",
            })],
        }
    };
    json!({"_class": "hudson.model.CauseAction", "causes": all})
}

/// Returns what was checked out: of a change request what it was merged into.
fn data(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Value {
    let run = build.run;
    let (sha, branch) = match job.change() {
        Some(number) => (merged(&run.sha), format!("PR-{number}")),
        None => (run.sha.clone(), run.branch.clone()),
    };
    let revision = json!({"SHA1": sha, "branch": [{"SHA1": sha, "name": branch}]});
    let mut by_name = serde_json::Map::new();
    let made = json!({
        "_class": "hudson.plugins.git.util.Build", "buildNumber": build.number,
        "buildResult": null, "marked": {"SHA1": run.sha}, "revision": revision,
    });
    by_name.insert(branch, made);
    json!({
        "_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": revision,
        "buildsByBranchName": by_name, "scmName": "",
        "remoteUrls": [format!("{}.git", ask.page_of(job.project))],
    })
}

/// Returns a build with all that is told of it.
pub(super) fn full(ask: &Ask<'_>, job: &Job<'_>, build: &Build<'_>) -> Value {
    let (began, ended) = (build.began(), build.ended());
    let lasted = ended.map_or(0, |end| (end - began).num_milliseconds().max(0));
    let number = build.number;
    json!({
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": number,
        "url": build.url(ask, job), "displayName": format!("#{number}"),
        "fullDisplayName": format!("{} #{number}", job.name()), "queueId": build.run.id,
        "building": ended.is_none(), "inProgress": ended.is_none(), "result": build.result(),
        "timestamp": millis(began), "duration": lasted, "estimatedDuration": 300_000,
        "keepLog": false, "description": null,
        "actions": [causes(build), {}, data(ask, job, build), {}],
    })
}
