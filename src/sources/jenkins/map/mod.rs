//! Jenkins' words to facts. Pure.
//!
//! `items` finds the jobs among folders, `stages` makes jobs of stages, `tests` reads test
//! reports; here one build becomes a run: its state, what it was started by and for.

pub(super) mod items;
pub(super) mod stages;
pub(super) mod tests;

use chrono::{DateTime, TimeDelta};

use super::wire::{self, BuildAction};
use crate::config::ProjectRule;
use crate::domain::Timestamp;
use crate::domain::key::{Person, RepoKey, Sha, WebUrl};
use crate::domain::run::{Failure, Run, RunState, foreign_id, foreign_workflow};
use crate::domain::text::Clean;

/// The longest build that is believed.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Words in names of repositories that only hold code of pipelines.
const LIBRARIES: &[&str] = &[
    "shared-lib",
    "library",
    "libraries",
    "jenkins-lib",
    "pipeline-lib",
];

/// A job, as far as it says what its builds are for.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Subject {
    /// Its path: `team/api/PR-12`.
    pub(super) path: String,
    /// The path of what people call the job: of a branch's job the project around it.
    pub(super) project: String,
    /// The branch, where the job belongs to one.
    pub(super) branch: Option<Clean>,
    /// The change request, where the job belongs to one.
    pub(super) change: Option<u64>,
    /// What the branch source calls it.
    pub(super) title: Clean,
    /// The repository, where the branch source says it.
    pub(super) source: Option<RepoKey>,
    /// Whether its builds have stages, as far as its kind tells.
    pub(super) is_pipeline: bool,
}

/// What is known besides the answer.
pub(super) struct Ground<'a> {
    /// Host and path of the server.
    pub(super) ci: &'a str,
    /// What the settings say of a job.
    pub(super) rule: &'a dyn Fn(&Subject) -> Option<&'a ProjectRule>,
    /// The address of a page, by the parts of its path.
    pub(super) page: &'a dyn Fn(&[&str]) -> String,
}

/// Returns a moment that is told in milliseconds.
pub(super) fn moment(millis: i64) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(millis)
}

/// Returns the end of what began then.
pub(super) fn end(start: Timestamp, millis: Option<i64>) -> Timestamp {
    let lasted = TimeDelta::milliseconds(millis.unwrap_or_default().max(0)).min(LONGEST);
    start.checked_add_signed(lasted).unwrap_or(start)
}

/// Returns what a build is called within its server.
pub(super) fn own_id(path: &str, number: u64) -> String {
    format!("{path}#{number}")
}

/// Returns the page of a build, with something below it.
pub(super) fn page(ground: &Ground<'_>, path: &str, number: u64, below: &[&str]) -> Option<WebUrl> {
    let number = number.to_string();
    let mut parts = super::tree::route(path);
    parts.push(&number);
    parts.extend(below);
    // A view of a build is no folder, as a build itself and a node of it are.
    if below != ["console"] {
        parts.push("");
    }
    WebUrl::parse(&(ground.page)(&parts))
}

/// Returns a build as a run; nothing where its time cannot be.
pub(super) fn run(
    ground: &Ground<'_>,
    subject: &Subject,
    wire: &wire::Build,
    known: Option<&RepoKey>,
) -> Option<Run> {
    let started = moment(wire.timestamp)?;
    let data = data(ground, subject, wire);
    let repo = subject
        .source
        .clone()
        .or_else(|| Some((ground.rule)(subject)?.repo.clone()))
        .or_else(|| data.as_ref().map(|data| data.repo.clone()))
        .or_else(|| known.cloned())
        .unwrap_or_else(|| RepoKey::new(ground.ci, &subject.project));
    let building = wire.building.unwrap_or(false);
    let updated_at = if building { None } else { wire.duration };
    let change = subject.change.or_else(|| change_of(wire));
    let event = event(subject, change, wire);
    Some(Run {
        repo,
        ci: Clean::line(ground.ci),
        no_jobs: Clean::default(),
        label: Clean::default(),
        id: foreign_id(ground.ci, &own_id(&subject.path, wire.number)),
        number: wire.number,
        attempt: 1,
        workflow: Clean::line(&subject.project),
        workflow_path: foreign_workflow(ground.ci, &subject.project),
        title: title(subject, wire, event),
        event: Clean::line(event),
        branch: branch(ground, subject, wire, data.as_ref()),
        head_sha: data.and_then(|data| data.sha),
        change_requests: change.into_iter().collect(),
        state: state(building, wire.result.as_deref()),
        actor: actor(wire),
        url: page(ground, &subject.path, wire.number, &[]),
        created_at: started,
        started_at: Some(started),
        updated_at: end(started, updated_at),
    })
}

/// Returns what a build does; what is not known is no success.
pub(super) fn state(building: bool, result: Option<&str>) -> RunState {
    // It may have a result while it builds: it can only become worse.
    if building {
        return RunState::Running;
    }
    match result.unwrap_or_default() {
        "SUCCESS" => RunState::Passed,
        // Tests failed: the build was made, and is not what it should be.
        "FAILURE" | "UNSTABLE" => RunState::Failed(Failure::Failed),
        // Nobody found out: it was stopped, or a newer one overtook it.
        "ABORTED" | "NOT_BUILT" => RunState::Cancelled,
        "" => RunState::Unknown(Clean::line("no result")),
        word => RunState::Unknown(Clean::line(word)),
    }
}

/// What was checked out for a build.
struct Data {
    repo: RepoKey,
    sha: Option<Sha>,
    branch: Option<String>,
}

/// Returns what the job's own repository was checked out at, among those of libraries.
fn data(ground: &Ground<'_>, subject: &Subject, wire: &wire::Build) -> Option<Data> {
    let mut found: Vec<Data> = wire.actions.items.iter().filter_map(checked_out).collect();
    let ruled = (ground.rule)(subject).map(|rule| &rule.repo);
    if let Some(own) = subject.source.as_ref().or(ruled) {
        let is_own = |data: &Data| data.repo == *own;
        // Cloned by another name of the host.
        let by_path = |data: &Data| data.repo.path().eq_ignore_ascii_case(own.path());
        let at = found.iter().position(is_own);
        if let Some(at) = at.or_else(|| found.iter().position(by_path)) {
            return Some(found.swap_remove(at));
        }
        // What a branch source names is what is built; a rule may stand for a mirror.
        ruled.as_ref()?;
    }
    let name = subject.project.rsplit('/').next().unwrap_or_default();
    let rank = |data: &Data| {
        let short = data.repo.short().to_ascii_lowercase();
        let is_library = LIBRARIES.iter().any(|word| short.contains(word));
        (is_library, !short.eq_ignore_ascii_case(name))
    };
    found.sort_by_key(rank);
    found.into_iter().next()
}

fn checked_out(action: &BuildAction) -> Option<Data> {
    let revision = action.last_built_revision.as_ref()?;
    let mut remotes = action.remote_urls.items.iter();
    let repo = remotes.find_map(|url| RepoKey::of_url(url))?;
    let mut branches = revision.branch.items.iter();
    Some(Data {
        repo,
        sha: revision.sha.as_deref().and_then(Sha::parse),
        branch: branches.find_map(|branch| branch.name.clone()),
    })
}

/// Returns the own commit of a branch that was merged before it was built.
pub(super) fn marked(wire: &wire::Build) -> Option<Sha> {
    let maps = wire.actions.items.iter();
    let maps = maps.filter_map(|action| action.builds_by_branch_name.as_ref());
    let built = maps.flat_map(|map| map.values());
    let built =
        built.filter_map(|value| serde_json::from_value::<wire::BuiltBranch>(value.clone()).ok());
    let mut own = built.filter(|built| built.build_number == Some(wire.number));
    own.find_map(|built| Sha::parse(built.marked?.sha.as_deref()?))
}

fn branch(
    ground: &Ground<'_>,
    subject: &Subject,
    wire: &wire::Build,
    data: Option<&Data>,
) -> Clean {
    if let Some(branch) = &subject.branch {
        return branch.clone();
    }
    if let Some(named) = parameter(wire, &["ghprbSourceBranch", "gitlabSourceBranch"]) {
        return Clean::line(&named);
    }
    let name = data.and_then(|data| data.branch.as_deref());
    let name = name.unwrap_or_default();
    let name = name.strip_prefix("refs/").unwrap_or(name);
    let name = name.strip_prefix("remotes/").unwrap_or(name);
    let name = name.strip_prefix("heads/").unwrap_or(name);
    let name = name.strip_prefix("origin/").unwrap_or(name);
    match name {
        "" | "detached" => {
            let rule = (ground.rule)(subject);
            let named = rule.and_then(|rule| rule.branch.clone());
            named.unwrap_or_default()
        }
        name => Clean::line(name),
    }
}

/// Returns the change request that the parameters of a build name.
fn change_of(wire: &wire::Build) -> Option<u64> {
    let names = ["ghprbPullId", "gitlabMergeRequestIid", "CHANGE_ID"];
    parameter(wire, &names)?.parse().ok()
}

fn parameter(wire: &wire::Build, names: &[&str]) -> Option<String> {
    let of = wire.actions.items.iter();
    let all = of.flat_map(|action| &action.parameters.items);
    let mut fits = all.filter(|parameter| names.contains(&parameter.name.as_str()));
    fits.find_map(|parameter| match parameter.value.as_ref()? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::String(_)
        | serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    })
}

fn causes(wire: &wire::Build) -> impl Iterator<Item = &wire::Cause> {
    let of = wire.actions.items.iter();
    of.flat_map(|action| &action.causes.items)
}

/// Returns what a build was started by.
fn event(subject: &Subject, change: Option<u64>, wire: &wire::Build) -> &'static str {
    let by = |words: &[&str]| {
        causes(wire).any(|cause| {
            let class = cause.class.as_deref().unwrap_or_default();
            words.iter().any(|word| class.contains(word))
        })
    };
    if change.is_some() || by(&["GhprbCause"]) {
        "pull_request"
    } else if by(&["TimerTrigger"]) {
        "schedule"
    } else if subject.branch.is_some() {
        // Whoever started it: it tells of the branch.
        "push"
    } else if by(&["UpstreamCause"]) {
        "upstream"
    } else if by(&[
        "SCMTrigger",
        "Push",
        "BranchEvent",
        "BranchIndexing",
        "WebHook",
    ]) {
        "push"
    } else if by(&["UserIdCause", "UserCause", "Replay", "Rebuild"]) {
        "manual"
    } else if by(&["RemoteCause"]) {
        "remote"
    } else {
        "push"
    }
}

fn actor(wire: &wire::Build) -> Option<Person> {
    let mut users = causes(wire).filter_map(|cause| cause.user_id.as_deref());
    let user = users.find(|id| !id.is_empty())?;
    let nobody = ["anonymous", "SYSTEM"].contains(&user);
    (!nobody).then(|| Person::new(user, false))
}

/// Returns what a build was started for, in its own words; a bare number says nothing.
fn title(subject: &Subject, wire: &wire::Build, event: &str) -> Clean {
    if !subject.title.is_empty() {
        return subject.title.clone();
    }
    let named = wire.display_name.as_deref().unwrap_or_default();
    if !named.is_empty() && !named.starts_with('#') {
        return Clean::line(named);
    }
    let told = matches!(event, "manual" | "upstream" | "remote");
    let mut said = causes(wire).filter_map(|cause| cause.short_description.as_deref());
    Clean::line(said.next().filter(|_| told).unwrap_or_default())
}

#[cfg(test)]
mod checks {
    use super::{Ground, Subject, run, state};
    use crate::domain::key::RepoKey;
    use crate::domain::run::{Failure, Run, RunState};
    use crate::domain::text::Clean;
    use crate::sources::jenkins::wire;
    use serde_json::{Value, json};

    fn told(result: Option<&str>) -> RunState {
        state(false, result)
    }

    #[test]
    fn every_word_of_a_result_has_its_state_and_an_unknown_one_is_no_success() {
        let failed = RunState::Failed(Failure::Failed);
        assert_eq!(told(Some("SUCCESS")), RunState::Passed);
        assert_eq!(told(Some("FAILURE")), failed);
        assert_eq!(told(Some("UNSTABLE")), failed, "tests failed");
        assert_eq!(told(Some("ABORTED")), RunState::Cancelled);
        assert_eq!(told(Some("NOT_BUILT")), RunState::Cancelled);
        assert_eq!(state(true, Some("SUCCESS")), RunState::Running);
        assert!(matches!(told(None), RunState::Unknown(_)));
        assert!(matches!(told(Some("success")), RunState::Unknown(_)));
    }

    fn subject(project: &str) -> Subject {
        Subject {
            path: project.to_owned(),
            project: project.to_owned(),
            branch: None,
            change: None,
            title: Clean::default(),
            source: None,
            is_pipeline: true,
        }
    }

    fn of(subject: &Subject, actions: &Value, known: Option<&str>) -> Run {
        let wire = json!({"number": 7, "building": false, "result": "SUCCESS",
            "timestamp": 1_795_224_600_000_i64, "duration": -5, "actions": actions});
        let wire: wire::Build = serde_json::from_value(wire).unwrap();
        let ground = Ground {
            ci: "ci.test/jenkins",
            rule: &|_| None,
            page: &|parts| format!("https://ci.test/jenkins/{}", parts.join("/")),
        };
        let known = known.map(|path| RepoKey::new("git.test", path));
        run(&ground, subject, &wire, known.as_ref()).unwrap()
    }

    fn git(url: &str, digit: &str, branch: &str) -> Value {
        json!({"remoteUrls": [url], "lastBuiltRevision":
            {"SHA1": digit.repeat(40), "branch": [{"name": branch}]}})
    }

    #[test]
    fn of_several_checkouts_the_one_of_the_jobs_own_repository_counts() {
        let library = git(
            "https://git.test/acme/pipeline-library.git",
            "1",
            "origin/main",
        );
        let own = git(
            "git@git.test:acme/api.git",
            "2",
            "refs/remotes/origin/feature/x",
        );
        let plain = subject("build-api");
        let run = of(&plain, &json!([{}, library, own]), None);
        assert_eq!(run.repo.as_str(), "git.test/acme/api");
        assert_eq!(run.head_sha.unwrap().as_str(), "2".repeat(40));
        assert_eq!(&*run.branch, "feature/x");
        assert_eq!(run.updated_at, run.created_at, "no time runs backwards");
        // A branch source knows better than names do.
        let other = git("https://git.test/acme/zoo.git", "3", "origin/main");
        let mut sourced = subject("team/api");
        sourced.source = Some(RepoKey::new("git.test", "acme/zoo"));
        let run = of(&sourced, &json!([library, own, other]), None);
        assert_eq!(run.head_sha.unwrap().as_str(), "3".repeat(40));
        let run = of(&sourced, &json!([library, own]), None);
        assert_eq!((run.repo.path(), run.head_sha), ("acme/zoo", None));
    }

    #[test]
    fn a_build_that_tells_no_repository_has_that_of_its_job_or_stands_alone() {
        let plain = subject("team/deploy");
        assert_eq!(
            of(&plain, &json!([]), Some("acme/api")).repo.path(),
            "acme/api"
        );
        let alone = of(&plain, &json!([]), None);
        assert_eq!(alone.repo.as_str(), "ci.test/jenkins//team/deploy");
        assert_eq!(&*alone.workflow_path, "ci.test/jenkins//team/deploy");
    }

    #[track_caller]
    fn check(class: &str, event: &str, actor: Option<&str>) {
        let cause =
            json!([{"causes": [{"_class": class, "userId": actor, "shortDescription": "x"}]}]);
        let run = of(&subject("a"), &cause, None);
        assert_eq!(&*run.event, event, "{class}");
        let login = run.actor.map(|who| who.login.to_string());
        assert_eq!(login.as_deref(), actor.filter(|name| *name != "SYSTEM"));
    }

    #[test]
    fn what_started_a_build_is_told_by_its_causes() {
        check("hudson.model.Cause$UserIdCause", "manual", Some("ada"));
        check("hudson.model.Cause$UserIdCause", "manual", Some("SYSTEM"));
        check(
            "hudson.triggers.TimerTrigger$TimerTriggerCause",
            "schedule",
            None,
        );
        check("hudson.triggers.SCMTrigger$SCMTriggerCause", "push", None);
        check("com.cloudbees.jenkins.GitHubPushCause", "push", None);
        check("hudson.model.Cause$UpstreamCause", "upstream", None);
        check(
            "org.jenkinsci.plugins.ghprb.GhprbCause",
            "pull_request",
            None,
        );
        let named = json!([{"parameters": [{"name": "ghprbPullId", "value": "31"}]}]);
        let run = of(&subject("a"), &named, None);
        assert_eq!(
            (&*run.event, run.change_requests),
            ("pull_request", vec![31])
        );
    }
}
