//! Runs, jobs, steps and gates: what CI did, does or waits for.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::domain::Timestamp;
use crate::domain::action::Deed;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::text::Clean;

/// One execution of a workflow or pipeline.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The repository that it ran for.
    pub repo: RepoKey,
    /// The system that ran it, as host and path (`ci.example.org/jenkins`); empty where it is the
    /// forge of the repository itself.
    #[serde(default)]
    pub ci: Clean,
    /// The identity that its forge gives it, or [`foreign_id`] of what its CI calls it.
    pub id: u64,
    /// The number that people read.
    pub number: u64,
    /// What people read where that is no number, e.g. `1.2.3-45`; else empty.
    #[serde(default)]
    pub label: Clean,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Name of the workflow.
    pub workflow: Clean,
    /// File of the workflow, e.g. `.github/workflows/ci.yml`; of another system than the forge what
    /// [`foreign_workflow`] makes of its name there.
    pub workflow_path: Clean,
    /// The event that started it, e.g. `push`, `pull_request`, `schedule`, `merge_group`.
    pub event: Clean,
    /// The branch it ran for.
    pub branch: Clean,
    /// The commit it ran for.
    pub head_sha: Option<Sha>,
    /// Why nobody will ever tell its jobs nor their logs; empty where somebody may.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub no_jobs: Clean,
    /// Change requests that its CI names.
    #[serde(default)]
    pub change_requests: Vec<u64>,
    /// What the CI says of the run as a whole; jobs, where known, overrule it.
    pub state: RunState,
    /// Who or what started it.
    pub actor: Option<Person>,
    /// What it was started for, in its own words.
    pub title: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When this attempt started.
    pub started_at: Option<Timestamp>,
    /// When anything of it last changed; the end, once it is finished.
    pub updated_at: Timestamp,
}

impl Run {
    /// Returns which run it is.
    pub fn key(&self) -> RunKey {
        RunKey {
            repo: self.repo.clone(),
            id: self.id,
        }
    }

    /// Returns what people call it: its number, or what stands for one; empty where neither is known.
    pub fn called(&self) -> String {
        called(self.number, &self.label)
    }

    /// Returns what tells workflows apart: the file, or the name where there is no file.
    pub fn workflow_key(&self) -> &Clean {
        if self.workflow_path.is_empty() {
            &self.workflow
        } else {
            &self.workflow_path
        }
    }
}

fn is_empty(text: &Clean) -> bool {
    text.is_empty()
}

/// Returns the name of a workflow and of its branch, as far as they are known, for a sentence.
pub(in crate::domain) fn place_of(workflow: &Clean, branch: &Clean) -> String {
    if branch.is_empty() {
        format!("`{workflow}`")
    } else {
        format!("`{workflow}` on `{branch}`")
    }
}

/// Returns how a run is named: its workflow, and what people call it where that is known.
pub fn named(workflow: &str, called: &str) -> String {
    if called.is_empty() {
        workflow.to_owned()
    } else if called.starts_with(|c: char| c.is_ascii_digit()) {
        format!("{workflow} #{called}")
    } else {
        // `after 12`, `release/7.0`
        format!("{workflow} {called}")
    }
}

/// Returns a run as a sentence names it: `run 12`, or `a run` of which nobody knows the number.
pub(in crate::domain) fn run_called(called: &str) -> String {
    if called.is_empty() {
        "a run".to_owned()
    } else {
        format!("run {called}")
    }
}

/// Returns what people call a run of this number and label.
pub(in crate::domain) fn called(number: u64, label: &Clean) -> String {
    if !label.is_empty() {
        label.to_string()
    } else if number == 0 {
        String::new()
    } else {
        number.to_string()
    }
}

/// The lowest identity that is foreign; those of forges stay below it, and all below 2^53, which
/// every reader of JSON keeps whole.
const FOREIGN: u64 = 1 << 52;

/// Returns the identity of a run, job or deployment that another system than the repository's
/// forge tells: of `own`, what that system calls it, at `place`, its host and path.
///
/// It can meet no number that a forge gives, and none of another system but by a chance of one in
/// 2^52.
pub fn foreign_id(place: &str, own: &str) -> u64 {
    let mut hasher = Xxh3::new();
    hasher.update(&place.len().to_le_bytes());
    hasher.update(place.as_bytes());
    hasher.update(own.as_bytes());
    FOREIGN | (hasher.digest() & (FOREIGN - 1))
}

/// Returns whether an identity was given by [`foreign_id`] and not by a forge.
pub fn is_foreign(id: u64) -> bool {
    id >= FOREIGN
}

/// Returns what stands for a workflow of another system than the forge: `own`, what that system
/// calls it, at `place`, its host and path. No file of a repository is written so.
pub fn foreign_workflow(place: &str, own: &str) -> Clean {
    Clean::line(&format!("{place}//{own}"))
}

/// Returns place and name of a workflow that was named by [`foreign_workflow`].
pub fn parts_of_foreign(workflow: &str) -> Option<(&str, &str)> {
    workflow.split_once("//")
}

/// Which run: its identity in a repository.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct RunKey {
    /// The repository.
    pub repo: RepoKey,
    /// The identity of the run.
    pub id: u64,
}

/// The jobs of one attempt of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct JobSet {
    /// Which run.
    pub run: RunKey,
    /// Which attempt.
    pub attempt: u32,
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Whether that is all of them.
    pub complete: bool,
}

/// One job of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The identity that its CI gives it.
    pub id: u64,
    /// Its name.
    pub name: Clean,
    /// The stage of the pipeline it belongs to, where the CI has stages.
    pub stage: Option<Clean>,
    /// Which attempt of the run it belongs to.
    pub attempt: u32,
    /// What it does.
    pub state: RunState,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// Its steps, where they were asked for.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One step of a job.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub number: u32,
    /// Its name.
    pub name: Clean,
    /// What it does.
    pub state: RunState,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a run, job or step does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RunState {
    /// Asked for, not started.
    Queued,
    /// Waits for a person, a rule or a concurrency group.
    Waiting,
    /// At work.
    Running,
    /// Done well.
    Passed,
    /// Done without an opinion: neutral or skipped. Counts as passed.
    Skipped,
    /// Did not do what it should.
    Failed(Failure),
    /// Stopped by somebody or by a newer run.
    Cancelled,
    /// Needs a person before it may run at all (first-time contributor).
    ActionRequired,
    /// A word that we do not know, or none where there should be one; never success.
    Unknown(Clean),
}

impl RunState {
    /// Returns whether nothing more happens to it by itself; of a word that we do not know, we
    /// do not know that either.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Passed | Self::Skipped | Self::Failed(_) | Self::Cancelled => true,
            Self::Queued
            | Self::Waiting
            | Self::Running
            | Self::ActionRequired
            | Self::Unknown(_) => false,
        }
    }
}

/// The way in which something failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Failure {
    /// It said so.
    Failed,
    /// It took too long.
    TimedOut,
    /// It could not start.
    Startup,
    /// It was left behind.
    Stale,
}

/// What a person may open in a run: gates at which it waits, and what it goes on without.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateSet {
    /// Which run.
    pub run: RunKey,
    /// Its open gates; empty once they are passed.
    pub gates: Vec<Gate>,
}

/// What waits for a gate to be opened.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocks {
    /// The way to an environment.
    #[default]
    Delivery,
    /// The run, before anything that goes live.
    Run,
    /// Nothing: a manual job that its pipeline passes without.
    Nothing,
}

impl Blocks {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks with a reference"
    )]
    fn is_delivery(&self) -> bool {
        *self == Self::Delivery
    }
}

/// Something that waits for approval, or that a person may start.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Gate {
    /// The environment behind it.
    pub environment: Clean,
    /// What opens it, where that is known.
    #[serde(default)]
    pub door: Option<Door>,
    /// What waits for it.
    #[serde(default, skip_serializing_if = "Blocks::is_delivery")]
    pub blocks: Blocks,
    /// Who may open it (people, or teams by slug).
    pub reviewers: Vec<Person>,
    /// Whether the owner of the token may.
    pub may_approve: bool,
    /// Seconds it waits by itself, besides people.
    pub wait_secs: u64,
    /// When the wait began.
    pub since: Option<Timestamp>,
}

/// What opens a gate, by the name that its CI gives it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// A job that a person starts.
    Job(u64),
    /// A deployment that wants an approval.
    Deployment(u64),
    /// An environment whose reviewers are asked.
    Environment(u64),
    /// A question that a pipeline asks.
    Question(Clean),
}

impl Door {
    /// Returns why something is not done at a gate of this kind, whoever serves it.
    pub fn lacks(&self, deed: Deed) -> Option<&'static str> {
        let is_job = matches!(self, Self::Job(_));
        (is_job && deed == Deed::Reject)
            .then_some("a manual job waits as long as nobody starts it, and one that is cancelled can be started all the same")
    }
}

#[cfg(test)]
mod tests {
    use super::{foreign_id, foreign_workflow, is_foreign, parts_of_foreign};

    #[test]
    fn workflows_of_other_systems_are_told_from_files() {
        let named = foreign_workflow("ci.test/jenkins", "api/main");
        let parts = parts_of_foreign(&named);
        assert_eq!(parts, Some(("ci.test/jenkins", "api/main")));
        assert_eq!(parts_of_foreign(".github/workflows/ci.yml"), None);
    }

    #[test]
    fn identities_of_other_systems_meet_neither_a_forge_nor_one_another() {
        let ids = [
            foreign_id("ci.test", "api/1"),
            foreign_id("ci.test", "api/11"),
            foreign_id("ci.test/a", "pi/1"),
            foreign_id("ci.test/jenkins", "api/1"),
        ];
        for (at, id) in ids.iter().enumerate() {
            assert!(is_foreign(*id) && *id < 1 << 53, "{id}");
            assert!(!ids[..at].contains(id));
        }
        assert!(!is_foreign(30_433_642_000), "as GitHub counts runs");
    }
}
