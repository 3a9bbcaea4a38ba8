//! Which server this is, and which routes it has: told by it, or found by asking.
//!
//! Versions differ in their routes, and so do forks of one version: nothing is
//! assumed. A route that was not there is asked again after a day, or at once when
//! the server has another version.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::wire_actions::Description;
use crate::domain::Timestamp;
use crate::domain::text::Clean;

/// For how long a route that was not there is not asked for.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(24);

/// Which of the two it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Make {
    /// Gitea, or what calls itself so.
    Gitea,
    /// Forgejo.
    Forgejo,
}

impl Make {
    /// Returns its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gitea => "Gitea",
            Self::Forgejo => "Forgejo",
        }
    }
}

/// What a server says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Server {
    pub(super) make: Make,
    /// The version as it was told.
    pub(super) text: Clean,
    /// The version as people say it: `1.24` of Gitea, `11` of Forgejo; empty where it is no number.
    pub(super) short: String,
    /// Its first two numbers; nothing where it has none.
    number: Option<(u32, u32)>,
}

impl Server {
    /// Reads `1.24.0`, `1.26.0+dev-12-gabc`, `11.0.1+gitea-1.22.0`.
    pub(super) fn read(version: &str, kind: &str) -> Self {
        let text = Clean::line(version.trim());
        let number = text.trim_start_matches('v').split(['+', '-', ' ']).next();
        let mut parts = number.unwrap_or_default().split('.').map(digits);
        let (major, minor) = (parts.next().flatten(), parts.next().flatten());
        let lower = text.to_ascii_lowercase();
        let named = lower.contains("+gitea-") || lower.contains("forgejo");
        // Gitea has counted 1.x from the beginning, Forgejo counts on from 7.
        let counted = major.is_some_and(|major| major >= 7) && kind == "forgejo";
        let make = if named || counted {
            Make::Forgejo
        } else {
            Make::Gitea
        };
        let short = match (make, major, minor) {
            (Make::Forgejo, Some(major), _) if major >= 7 => major.to_string(),
            (_, Some(major), Some(minor)) => format!("{major}.{minor}"),
            (_, Some(major), None) => major.to_string(),
            (_, None, _) => String::new(),
        };
        let number = major.map(|major| (major, minor.unwrap_or(0)));
        Self {
            make,
            text,
            short,
            number,
        }
    }

    /// Returns whether it is older than the first version whose runs can be changed from outside.
    ///
    /// Only a deed has to be known by that: trying it would change something.
    fn is_before_deeds(&self) -> bool {
        let first = match self.make {
            Make::Gitea => (1, 26),
            Make::Forgejo => (17, 0),
        };
        self.number.is_some_and(|number| number < first)
    }

    /// Returns its name with its version: `Forgejo 11`.
    pub(super) fn words(&self) -> String {
        let name = self.make.name();
        if self.short.is_empty() {
            format!("this {name}")
        } else {
            format!("{name} {}", self.short)
        }
    }
}

fn digits(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len()))?.parse().ok()
}

/// A route that not every server has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Way {
    /// Issues of all repositories of an owner.
    IssueSearch,
    /// Repositories of an owner, the last changed first.
    RepoSearch,
    /// Runs.
    Runs,
    /// One run by its number.
    Run,
    /// Tasks: all that older servers have.
    Tasks,
    /// Jobs of a run.
    Jobs,
    /// Jobs of an earlier attempt of a run.
    Attempts,
    /// The log of a job.
    Logs,
    /// What lies between two commits.
    Compare,
    /// The pull request that brought a commit.
    Brought,
    /// Run all jobs again.
    Rerun,
    /// Run the failed jobs again.
    RerunFailed,
    /// Run one job again, named below its run.
    RerunJob,
    /// Run one job again, named alone.
    RerunJobAlone,
    /// Stop a run.
    Cancel,
}

impl Way {
    /// Every one.
    const ALL: [Self; 15] = [
        Self::IssueSearch,
        Self::RepoSearch,
        Self::Runs,
        Self::Run,
        Self::Tasks,
        Self::Jobs,
        Self::Attempts,
        Self::Logs,
        Self::Compare,
        Self::Brought,
        Self::Rerun,
        Self::RerunFailed,
        Self::RerunJob,
        Self::RerunJobAlone,
        Self::Cancel,
    ];

    /// Returns method and path, as a description has them; names in braces do not count.
    fn route(self) -> (&'static str, &'static str) {
        match self {
            Self::IssueSearch => ("get", "/repos/issues/search"),
            Self::RepoSearch => ("get", "/repos/search"),
            Self::Runs => ("get", "/repos/{}/{}/actions/runs"),
            Self::Run => ("get", "/repos/{}/{}/actions/runs/{}"),
            Self::Tasks => ("get", "/repos/{}/{}/actions/tasks"),
            Self::Jobs => ("get", "/repos/{}/{}/actions/runs/{}/jobs"),
            Self::Attempts => ("get", "/repos/{}/{}/actions/runs/{}/attempts/{}/jobs"),
            Self::Logs => ("get", "/repos/{}/{}/actions/jobs/{}/logs"),
            Self::Compare => ("get", "/repos/{}/{}/compare/{}"),
            Self::Brought => ("get", "/repos/{}/{}/commits/{}/pull"),
            Self::Rerun => ("post", "/repos/{}/{}/actions/runs/{}/rerun"),
            Self::RerunFailed => ("post", "/repos/{}/{}/actions/runs/{}/rerun-failed-jobs"),
            Self::RerunJob => ("post", "/repos/{}/{}/actions/runs/{}/jobs/{}/rerun"),
            Self::RerunJobAlone => ("post", "/repos/{}/{}/actions/jobs/{}/rerun"),
            Self::Cancel => ("post", "/repos/{}/{}/actions/runs/{}/cancel"),
        }
    }

    /// Returns whether it changes something.
    fn is_deed(self) -> bool {
        self.route().0 == "post"
    }

    /// Returns what the server lacks without it.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::IssueSearch => "search for issues",
            Self::RepoSearch => "search for repositories",
            Self::Runs => "list of runs",
            Self::Run => "single run",
            Self::Tasks => "list of tasks",
            Self::Jobs => "list of the jobs of a run",
            Self::Attempts => "earlier attempts of a run",
            Self::Logs => "job log",
            Self::Compare => "comparison of commits",
            Self::Brought => "pull request of a commit",
            Self::Rerun => "re-run of a run",
            Self::RerunFailed => "re-run of failed jobs",
            Self::RerunJob | Self::RerunJobAlone => "re-run of a job",
            Self::Cancel => "way to stop a run",
        }
    }
}

/// Which routes there are, as far as is known; at most one note for each.
#[derive(Clone, Default, Debug)]
pub(super) struct Ways {
    /// What the server's own description says; nothing where it has none.
    told: Option<BTreeSet<Way>>,
    /// What was not there, and when.
    missed: BTreeMap<Way, Timestamp>,
    /// What was there.
    seen: BTreeSet<Way>,
    /// Whether the version is older than all deeds; its own description knows better.
    no_deeds: bool,
}

impl Ways {
    /// Forgets everything: the server has another version.
    pub(super) fn forget(&mut self, server: &Server) {
        *self = Self {
            no_deeds: server.is_before_deeds(),
            ..Self::default()
        };
    }

    /// Takes in the server's description of itself.
    pub(super) fn learn(&mut self, description: &Description) {
        let mut there = BTreeSet::new();
        for (path, methods) in &description.paths {
            let plain = without_names(path);
            for way in Way::ALL {
                let (method, route) = way.route();
                if is_same(&plain, route) && methods.contains_key(method) {
                    there.insert(way);
                }
            }
        }
        // One that names not even this is a description of something else.
        let is_ours = description.paths.keys().any(|path| path == "/version");
        self.told = is_ours.then_some(there);
    }

    /// Notes that a route is not there.
    pub(super) fn miss(&mut self, way: Way, now: Timestamp) {
        self.missed.insert(way, now);
        self.seen.remove(&way);
    }

    /// Notes that a route is there.
    pub(super) fn see(&mut self, way: Way) {
        self.seen.insert(way);
        self.missed.remove(&way);
    }

    /// Returns whether a route answered before.
    pub(super) fn answered(&self, way: Way) -> bool {
        self.seen.contains(&way)
    }

    /// Returns whether a route is there; nothing where that is not known yet.
    pub(super) fn has(&self, way: Way, now: Timestamp) -> Option<bool> {
        if self.seen.contains(&way) {
            return Some(true);
        }
        if let Some(at) = self.missed.get(&way)
            && now - *at < FORGOTTEN_AFTER
        {
            return Some(false);
        }
        match &self.told {
            Some(told) => Some(told.contains(&way)),
            None => (self.no_deeds && way.is_deed()).then_some(false),
        }
    }

    /// Returns whether a route may be asked for.
    pub(super) fn may(&self, way: Way, now: Timestamp) -> bool {
        self.has(way, now) != Some(false)
    }
}

/// Returns a path without the names in its braces.
fn without_names(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut named = false;
    for c in path.chars() {
        named &= c != '}';
        if !named {
            plain.push(c);
        }
        named |= c == '{';
    }
    plain
}

/// A comparison is described with one name or with two.
fn is_same(plain: &str, route: &str) -> bool {
    plain == route
        || plain
            .strip_prefix(route)
            .is_some_and(|rest| rest == "...{}")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{Make, Server, Way, Ways};

    #[track_caller]
    fn check(version: &str, kind: &str, make: Make, words: &str) {
        let server = Server::read(version, kind);
        assert_eq!((server.make, server.words().as_str()), (make, words));
    }

    #[test]
    fn versions_say_which_server_it_is() {
        check("1.24.0", "gitea", Make::Gitea, "Gitea 1.24");
        check("1.26.0+dev-12-gabc", "gitea", Make::Gitea, "Gitea 1.26");
        check("v1.22.6", "forgejo", Make::Gitea, "Gitea 1.22");
        check("11.0.1+gitea-1.22.0", "gitea", Make::Forgejo, "Forgejo 11");
        check("15.0.2", "forgejo", Make::Forgejo, "Forgejo 15");
        check("1.21.11-forgejo", "gitea", Make::Forgejo, "Forgejo 1.21");
        check("", "gitea", Make::Gitea, "this Gitea");
        check("development", "gitea", Make::Gitea, "this Gitea");
    }

    #[test]
    fn a_route_that_is_not_there_is_asked_again_after_a_day_or_for_another_version() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let mut ways = Ways::default();
        assert_eq!(ways.has(Way::Logs, now), None);
        ways.miss(Way::Logs, now);
        assert!(!ways.may(Way::Logs, now + TimeDelta::hours(23)));
        assert!(ways.may(Way::Logs, now + TimeDelta::hours(24)));
        ways.forget(&Server::read("1.25.0", "gitea"));
        assert!(ways.may(Way::Logs, now));
        ways.see(Way::Logs);
        assert_eq!(ways.has(Way::Logs, now), Some(true));
    }

    #[track_caller]
    fn check_deeds(version: &str, kind: &str, expected: Option<bool>) {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let mut ways = Ways::default();
        ways.forget(&Server::read(version, kind));
        for way in [Way::Rerun, Way::RerunFailed, Way::RerunJob, Way::Cancel] {
            assert_eq!(ways.has(way, now), expected, "{version} {way:?}");
        }
        assert_eq!(ways.has(Way::Runs, now), None, "what only reads is tried");
        ways.see(Way::Rerun);
        assert_eq!(
            ways.has(Way::Rerun, now),
            Some(true),
            "what answered is there"
        );
    }

    #[test]
    fn a_version_before_all_deeds_has_none() {
        check_deeds("15.0.2+gitea-1.22.0", "forgejo", Some(false));
        check_deeds("1.21.11-forgejo", "forgejo", Some(false));
        check_deeds("17.0.0+gitea-1.22.0", "forgejo", None);
        check_deeds("1.25.3", "gitea", Some(false));
        check_deeds("1.26.0", "gitea", None);
        check_deeds("development", "gitea", None);
    }

    #[test]
    fn a_description_tells_what_was_never_asked() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let text = r#"{"paths":{"/version":{"get":{}},
            "/repos/{owner}/{repo}/actions/runs":{"get":{"x":[1]}},
            "/repos/{owner}/{repo}/actions/runs/{run}/rerun":{"get":{}},
            "/repos/{owner}/{repo}/compare/{basehead}":{"get":{}},
            "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs":{"get":{}}}}"#;
        let mut ways = Ways::default();
        ways.learn(&serde_json::from_str(text).unwrap());
        assert_eq!(ways.has(Way::Runs, now), Some(true));
        assert_eq!(ways.has(Way::Logs, now), Some(true));
        assert_eq!(ways.has(Way::Compare, now), Some(true));
        assert_eq!(ways.has(Way::Jobs, now), Some(false));
        assert_eq!(ways.has(Way::Rerun, now), Some(false), "not by this method");
        ways.learn(&serde_json::from_str(r#"{"paths":{"/pets":{"get":{}}}}"#).unwrap());
        assert_eq!(
            ways.has(Way::Jobs, now),
            None,
            "it describes something else"
        );
    }
}
