//! From projects of `cc.xml` to runs: the last build of each, and the one that runs. Pure.
//!
//! No commit and no branch stands in it, so a run attaches by `[[source.project]]`
//! or is a card of its own. A word that nobody knows is kept and is no success.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime};

use super::read::Project;
use crate::config::ProjectRule;
use crate::domain::Timestamp;
use crate::domain::key::{RepoKey, WebUrl};
use crate::domain::run::{Failure, Run, RunState, foreign_id, foreign_workflow};
use crate::domain::text::Clean;

/// The ways in which servers write a time without a zone.
const BARE: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// The ways in which servers write a time with a zone that no standard has.
const ZONED: [&str; 3] = [
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S%.f%z",
];

/// What stays the same in all that one document tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    /// Host and path of the document.
    pub(super) ci: &'a str,
    /// What its projects build.
    pub(super) rules: &'a [ProjectRule],
}

/// Returns when something was; one without a zone counts as UTC, as nothing tells the zone.
pub(super) fn at(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let whole = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .ok();
    let zoned = || {
        let mut forms = ZONED.iter();
        forms.find_map(|form| DateTime::parse_from_str(text, form).ok())
    };
    let bare = || {
        let mut forms = BARE.iter();
        forms.find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let found = whole
        .or_else(zoned)
        .map(|at| at.to_utc())
        .or_else(|| bare().map(|at| at.and_utc()))?;
    // Some write the year 1 where there was no build.
    (found.timestamp() > 0).then_some(found)
}

/// Returns what came of the last build; nothing where there was none.
fn last(project: &Project) -> Option<RunState> {
    let word = project.last_status.trim();
    Some(match word.to_ascii_lowercase().as_str() {
        "success" => RunState::Passed,
        // The server itself broke, or what it ran.
        "failure" | "exception" | "error" => RunState::Failed(Failure::Failed),
        // So servers write a project that was never built.
        "" | "unknown" | "never" | "pending" if has_no_build(project) => return None,
        "cancelled" | "canceled" | "aborted" => RunState::Cancelled,
        "" => RunState::Unknown(Clean::line("no result")),
        _ => RunState::Unknown(Clean::line(word)),
    })
}

fn has_no_build(project: &Project) -> bool {
    let label = project.last_label.trim();
    matches!(label, "" | "0" | "UNKNOWN") && at(&project.last_time).is_none()
}

/// Returns what the project does now, where that is a build.
fn current(project: &Project) -> Option<RunState> {
    let word = project.activity.trim();
    match word.to_ascii_lowercase().as_str() {
        "building" => Some(RunState::Running),
        // It looks for changes; no build has begun.
        "sleeping" | "checkingmodifications" | "" => None,
        "pending" | "queued" => Some(RunState::Queued),
        _ => Some(RunState::Unknown(Clean::line(word))),
    }
}

/// Returns the number that people read in a label: `12`, `#12`, `build-12`, `12 :: 1`.
fn number(label: &str) -> u64 {
    let word = label.split_whitespace().next().unwrap_or_default();
    let digits = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}

/// Returns what stands for a number that a label does not hold: what it says.
fn own_label(label: &str) -> &str {
    if number(label) > 0 || matches!(label, "0" | "UNKNOWN") {
        ""
    } else {
        label
    }
}

/// Returns the names by which projects are told apart: their own, and where several have one name
/// also where each is, or else its place among them.
pub(super) fn names(projects: &[Project]) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let own = |project: &Project| project.name.trim().to_owned();
    let placed = |project: &Project| format!("{} ({})", own(project), place(project));
    for project in projects {
        *counts.entry(own(project)).or_default() += 1;
        *counts.entry(placed(project)).or_default() += 1;
    }
    let is_only = |name: &str| counts.get(name) == Some(&1);
    let mut before: HashMap<String, usize> = HashMap::new();
    let named = |project: &Project| {
        let name = own(project);
        if is_only(&name) {
            return name;
        }
        let at = before.entry(name.clone()).or_default();
        *at += 1;
        let placed = placed(project);
        if is_only(&placed) {
            placed
        } else {
            format!("{name} ({at})")
        }
    };
    projects.iter().map(named).collect()
}

/// Returns where the page of a project is, without what only names its last build.
fn place(project: &Project) -> String {
    let page = project.url.trim();
    let path = page.split_once("://").map_or(page, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let label = project.last_label.trim();
    let stays = |part: &&str| {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        !part.is_empty() && !is_number && *part != label
    };
    let parts: Vec<&str> = path.split('/').skip(1).filter(stays).collect();
    parts.join("/")
}

/// Returns the runs of a project: its last build, and the one that runs.
///
/// `name` tells it from the others of its document, `first` when an identity was first seen.
pub(super) fn runs(
    site: Site<'_>,
    (project, name): (&Project, &str),
    first: &mut dyn FnMut(u64) -> Timestamp,
) -> Vec<Run> {
    let (label, time) = (project.last_label.trim(), project.last_time.trim());
    let rule = ProjectRule::of(site.rules, name)
        .or_else(|| ProjectRule::of(site.rules, project.name.trim()));
    let repo = rule.map_or_else(|| RepoKey::new(site.ci, name), |rule| rule.repo.clone());
    let mut run = |own: &str, state: RunState, called: (u64, String), ended: Option<Timestamp>| {
        let id = foreign_id(site.ci, &format!("{name}\n{own}{label}\n{time}"));
        let first = first(id);
        // A time of another zone may lie ahead, and what was seen was not later than that.
        let told = ended.map_or(first, |at| at.min(first));
        Run {
            repo: repo.clone(),
            ci: Clean::line(site.ci),
            no_jobs: "`cc.xml` holds no job logs".into(),
            id,
            number: called.0,
            label: Clean::line(&called.1),
            attempt: 1,
            workflow: Clean::line(name),
            workflow_path: foreign_workflow(site.ci, name),
            event: "build".into(),
            branch: rule
                .and_then(|rule| rule.branch.clone())
                .unwrap_or_default(),
            head_sha: None,
            change_requests: Vec::new(),
            state,
            actor: None,
            title: Clean::default(),
            url: WebUrl::parse(project.url.trim()),
            created_at: told,
            started_at: None,
            updated_at: told,
        }
    };
    let (number, own) = (number(label), own_label(label));
    let called = (number, own.to_owned());
    let last = last(project).map(|state| run("", state, called, at(time)));
    let next = match (number, own) {
        (0, "") => (0, String::new()),
        (0, own) => (0, format!("after {own}")),
        // Whether builds are counted by ones, nobody says.
        (number, _) => (0, format!("after {number}")),
    };
    let current = current(project).map(|state| run("after\n", state, next, None));
    last.into_iter().chain(current).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const CI: &str = "ci.test/go";

    fn moment(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn project(status: &str, activity: &str, label: &str, time: &str) -> Project {
        Project {
            name: "api :: unit".to_owned(),
            activity: activity.to_owned(),
            last_status: status.to_owned(),
            last_label: label.to_owned(),
            last_time: time.to_owned(),
            url: "https://ci.test/go/api".to_owned(),
        }
    }

    fn told(project: &Project, rules: &[ProjectRule]) -> Vec<Run> {
        let site = Site { ci: CI, rules };
        let of = (project, project.name.as_str());
        runs(site, of, &mut |_| moment("2026-11-20T12:00:00Z"))
    }

    #[track_caller]
    fn check(status: &str, activity: &str, expected: &[RunState]) {
        let runs = told(&project(status, activity, "7", "2026-11-20T10:00:00Z"), &[]);
        assert!(runs.iter().all(|run| !run.no_jobs.is_empty()));
        let found: Vec<RunState> = runs.into_iter().map(|run| run.state).collect();
        assert_eq!(found, expected, "{status} {activity}");
    }

    #[test]
    fn each_word_has_its_meaning_and_an_unknown_one_is_no_success() {
        let failed = RunState::Failed(Failure::Failed);
        let unknown = |word: &str| RunState::Unknown(Clean::line(word));
        check("Success", "Sleeping", &[RunState::Passed]);
        check(
            "Failure",
            "CheckingModifications",
            std::slice::from_ref(&failed),
        );
        check("Exception", "", std::slice::from_ref(&failed));
        check(
            "Success",
            "Building",
            &[RunState::Passed, RunState::Running],
        );
        check("Failure", "building", &[failed, RunState::Running]);
        check("Splendid", "Sleeping", &[unknown("Splendid")]);
        check("Unknown", "Sleeping", &[unknown("Unknown")]);
        check("", "Sleeping", &[unknown("no result")]);
        check(
            "Success",
            "Dancing",
            &[RunState::Passed, unknown("Dancing")],
        );
        check("Cancelled", "Sleeping", &[RunState::Cancelled]);
    }

    #[test]
    fn a_project_that_was_never_built_has_no_run() {
        for (label, time) in [
            ("", ""),
            ("UNKNOWN", "0001-01-01T00:00:00Z"),
            ("0", "never"),
        ] {
            assert_eq!(told(&project("Unknown", "Sleeping", label, time), &[]), []);
            let first = told(&project("Unknown", "Building", label, time), &[]);
            assert_eq!(first.len(), 1);
            assert_eq!(first[0].state, RunState::Running);
        }
    }

    #[test]
    fn builds_are_told_apart_and_the_same_one_stays_itself() {
        let id = |label, time| told(&project("Success", "", label, time), &[])[0].id;
        let one = id("7", "2026-11-20T10:00:00Z");
        assert_eq!(one, id(" 7", "2026-11-20T10:00:00Z "));
        assert_ne!(one, id("8", "2026-11-20T10:00:00Z"));
        assert_ne!(one, id("7", "2026-11-20T11:00:00Z"));
        let both = told(&project("Success", "Building", "7", ""), &[]);
        assert_ne!(both[0].id, both[1].id);
        assert_eq!((both[0].number, both[1].number), (7, 0), "nobody told it");
    }

    #[track_caller]
    fn check_time(text: &str, expected: Option<&str>) {
        assert_eq!(at(text), expected.map(moment), "{text}");
    }

    #[test]
    fn times_are_read_as_servers_write_them() {
        let ten = Some("2026-11-20T10:00:00Z");
        check_time("2026-11-20T10:00:00Z", ten);
        check_time("2026-11-20T12:00:00+02:00", ten);
        check_time("2026-11-20T12:00:00.000+0200", ten);
        check_time("2026-11-20T10:00:00", ten);
        check_time("2026-11-20T10:00:00.0000000", ten);
        check_time("2026-11-20 10:00:00", ten);
        check_time("Fri, 20 Nov 2026 10:00:00 +0000", ten);
        check_time("0001-01-01T00:00:00Z", None);
        check_time("yesterday", None);
        check_time("", None);
    }

    #[test]
    fn no_time_lies_ahead_of_when_it_was_first_seen() {
        let ahead = told(&project("Success", "", "7", "2026-11-20T14:00:00"), &[]);
        assert_eq!(ahead[0].updated_at, moment("2026-11-20T12:00:00Z"));
        let before = told(&project("Success", "", "7", "2026-11-20T09:00:00"), &[]);
        let early = moment("2026-11-20T12:00:00Z") - TimeDelta::hours(3);
        assert_eq!(before[0].updated_at, early);
    }

    #[track_caller]
    fn check_number(label: &str, expected: u64) {
        assert_eq!(number(label), expected, "{label}");
    }

    #[test]
    fn numbers_are_found_in_labels() {
        check_number("12", 12);
        check_number("#12", 12);
        check_number("build-12", 12);
        check_number("12 :: 1", 12);
        check_number("1.2.3", 0);
        check_number("99999999999999999999999", 0);
        check_number("", 0);
    }

    #[track_caller]
    fn check_label(label: &str, expected: (&str, &str)) {
        let both = told(&project("Success", "Building", label, ""), &[]);
        let called: Vec<String> = both.iter().map(Run::called).collect();
        assert_eq!(called, [expected.0, expected.1], "{label}");
    }

    #[test]
    fn a_label_that_is_no_number_is_what_the_build_is_called() {
        check_label("1.2.3-45", ("1.2.3-45", "after 1.2.3-45"));
        check_label("release/7.0", ("release/7.0", "after release/7.0"));
        check_label("#12", ("12", "after 12"));
        check_label("", ("", ""));
        check_label("0", ("", ""));
    }

    #[test]
    fn projects_of_one_name_are_told_apart_by_where_they_are() {
        let at = |url: &str| Project {
            url: url.to_owned(),
            ..project("Failure", "", "7", "2026-11-20T10:00:00Z")
        };
        let own = "api :: unit";
        let (a, b) = (
            at("https://ci.test/a/unit/7"),
            at("https://ci.test/b/unit/7"),
        );
        let other = Project {
            name: "web".to_owned(),
            ..a.clone()
        };
        let named = names(&[a.clone(), b, other]);
        assert_eq!(
            named,
            ["api :: unit (a/unit)", "api :: unit (b/unit)", "web"]
        );
        assert_eq!(names(std::slice::from_ref(&a)), [own], "alone it is itself");
        assert_eq!(
            names(&[a.clone(), a.clone()]),
            ["api :: unit (1)", "api :: unit (2)"]
        );
        let site = Site { ci: CI, rules: &[] };
        let mut first = |_| moment("2026-11-20T12:00:00Z");
        let one = runs(site, (&a, &named[0]), &mut first);
        let two = runs(site, (&a, &named[1]), &mut first);
        assert_ne!(one[0].id, two[0].id);
        assert_ne!(one[0].workflow_key(), two[0].workflow_key());
    }

    #[test]
    fn a_rule_tells_the_repository_and_without_one_it_is_the_project() {
        let repo = RepoKey::new("github.com", "acme/api");
        let rule = ProjectRule::new("api*", repo.clone(), Some("main")).unwrap();
        let found = project("Success", "", "7", "");
        let run = &told(&found, &[rule])[0];
        assert_eq!((&run.repo, &*run.branch), (&repo, "main"));
        let run = &told(&found, &[])[0];
        assert_eq!(run.repo.as_str(), "ci.test/go//api :: unit");
        assert_eq!(&*run.ci, CI);
    }
}
