//! `[[source.map]]`: which fields of whose answers are a ticket, a run, a deployment or an alert.
//!
//! The types that `kind = "http-json"` reads, and the tables of what each target
//! takes and needs. How a table of the file becomes one is said in `map_table.rs`.

use std::collections::BTreeMap;

use crate::domain::key::RepoKey;

/// What the records of one endpoint become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Tickets.
    Ticket,
    /// Runs.
    Run,
    /// Deployments.
    Deployment,
    /// Alerts.
    Alert,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ticket, Self::Run, Self::Deployment, Self::Alert];

    /// Returns the word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Run => "run",
            Self::Deployment => "deployment",
            Self::Alert => "alert",
        }
    }

    /// Returns the word for many of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Ticket => "tickets",
            Self::Run => "runs",
            Self::Deployment => "deployments",
            Self::Alert => "alerts",
        }
    }

    /// Returns the target that a word names.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|target| target.as_str() == word || target.plural() == word)
    }

    /// Returns the fields that may be mapped, the needed ones first.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Ticket => &[
                "id",
                "title",
                "state",
                "url",
                "author",
                "assignees",
                "labels",
                "milestone",
                "progress",
                "created",
                "updated",
                "closed",
            ],
            Self::Run => &[
                "id", "state", "workflow", "title", "number", "attempt", "branch", "sha", "event",
                "actor", "url", "created", "started", "finished", "updated",
            ],
            Self::Deployment => &[
                "id", "state", "sha", "ref", "task", "creator", "url", "log", "created", "updated",
            ],
            Self::Alert => &[
                "id", "title", "state", "about", "severity", "sha", "url", "started", "ended",
            ],
        }
    }

    /// Returns the fields without which a record is none.
    pub fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Ticket | Self::Alert => &["id", "title"],
            Self::Run | Self::Deployment => &["id", "state"],
        }
    }

    /// Returns the fields that tell a time of which one is needed.
    pub fn times(self) -> &'static [&'static str] {
        match self {
            Self::Ticket | Self::Deployment => &["created", "updated"],
            Self::Run => &["created", "started", "finished", "updated"],
            Self::Alert => &["started"],
        }
    }

    /// Returns our words for how one may stand.
    pub fn states(self) -> &'static [&'static str] {
        match self {
            Self::Ticket => &["open", "done", "dropped"],
            Self::Run => &[
                "queued",
                "waiting",
                "running",
                "done",
                "skipped",
                "failed",
                "timed_out",
                "cancelled",
            ],
            Self::Deployment => &[
                "queued",
                "waiting",
                "running",
                "done",
                "superseded",
                "failed",
                "abandoned",
            ],
            Self::Alert => &[
                "firing",
                "acknowledged",
                "silenced",
                "inhibited",
                "resolved",
            ],
        }
    }

    /// Returns which of `repo`, `service` and `environment` it takes.
    pub fn places(self) -> &'static [&'static str] {
        match self {
            Self::Ticket | Self::Run => &["repo"],
            Self::Deployment => &["repo", "environment"],
            Self::Alert => &["repo", "service"],
        }
    }

    /// Returns which of them it needs.
    pub fn needed_places(self) -> &'static [&'static str] {
        match self {
            Self::Ticket | Self::Alert => &[],
            Self::Run => &["repo"],
            Self::Deployment => &["repo", "environment"],
        }
    }
}

/// A value that is the same for all records, or stands in each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// The same for all.
    Fixed(String),
    /// At this JSON pointer of the record.
    At(String),
}

/// One `[[source.map]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonMap {
    /// What the records become.
    pub to: Target,
    /// The route below the address of the source, without its query.
    pub route: String,
    /// What follows `?`; may be empty.
    pub query: String,
    /// JSON pointer to the list in the answer; empty where the answer is the list.
    pub records: String,
    /// JSON pointers in a record, by our field.
    pub fields: BTreeMap<&'static str, String>,
    /// Our words for how one stands, by theirs in lower case.
    pub states: BTreeMap<String, &'static str>,
    /// The repository.
    pub repo: Option<Said>,
    /// The service.
    pub service: Option<Said>,
    /// The environment.
    pub environment: Option<Said>,
    /// JSON pointer in the answer to the address of the next page.
    pub next: Option<String>,
}

impl JsonMap {
    /// Returns the route with its query, as a person wrote it.
    pub fn path(&self) -> String {
        if self.query.is_empty() {
            self.route.clone()
        } else {
            format!("{}?{}", self.route, self.query)
        }
    }

    /// Returns our word for how one stands; words of ours mean themselves.
    pub fn state(&self, word: &str) -> Option<&'static str> {
        let word = word.trim().to_lowercase();
        let own = || self.to.states().iter().find(|own| **own == word).copied();
        self.states.get(&word).copied().or_else(own)
    }
}

/// Returns the repository that a text names with its host: an address as people clone it, or
/// `github.com/acme/api`.
pub fn named_repo(text: &str) -> Option<RepoKey> {
    let text = text.trim();
    let (host, _) = text.split_once('/')?;
    let is_host = host.contains('.') || host.starts_with("localhost") || host.contains(':');
    if text.contains("://") || text.contains('@') || !is_host {
        return RepoKey::of_url(text);
    }
    RepoKey::of_url(&format!("https://{text}"))
}

#[cfg(test)]
mod tests {
    use super::{RepoKey, Target, named_repo};

    #[track_caller]
    fn names(text: &str, expected: Option<&str>) {
        let found = named_repo(text);
        assert_eq!(found.as_ref().map(RepoKey::as_str), expected, "{text}");
    }

    #[test]
    fn a_repository_is_named_with_its_host() {
        names(
            "https://github.com/acme/api.git",
            Some("github.com/acme/api"),
        );
        names("git@github.com:acme/api.git", Some("github.com/acme/api"));
        names("github.com/acme/api", Some("github.com/acme/api"));
        names("localhost:3000/acme/api", Some("localhost:3000/acme/api"));
        names(" git.test:8443/a/b/c/ ", Some("git.test:8443/a/b/c"));
        names("acme/api", None);
        names("github.com/acme", None);
        names("api", None);
        names("", None);
        names("javascript:alert(1)", None);
    }

    #[test]
    fn what_is_needed_is_taken() {
        for target in Target::ALL {
            assert_eq!(Target::parse(target.as_str()), Some(target));
            assert_eq!(Target::parse(target.plural()), Some(target));
            let needs = target.needs().iter().chain(target.times());
            for need in needs {
                assert!(target.fields().contains(need), "{target:?} {need}");
            }
            for place in target.needed_places() {
                assert!(target.places().contains(place), "{target:?} {place}");
            }
        }
        assert_eq!(Target::parse("cat"), None);
    }
}
