//! Labels of an alert to what the board knows: service, repository, commit, words.
//!
//! Pure, and shared by all systems that speak in Prometheus' labels. The order of
//! the names is the rule: what a person wrote for people comes before what a
//! scrape happened to be called.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use url::Url;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::{RepoKey, ServiceName, Sha, SourceName, WebUrl};
use crate::domain::text::Clean;
use crate::sources::{Batch, Listing};

/// The most alerts of one source that are kept; the rest is counted.
pub(super) const MOST: usize = 1_000;

/// Labels that name a service, surest first.
const SERVICE: [&str; 6] = [
    "service",
    "app",
    "app_kubernetes_io_name",
    "component",
    "job",
    "namespace",
];

/// Labels and annotations that name a repository.
const REPO: [&str; 3] = ["repo", "repository", "repo_url"];

/// Labels and annotations that name a commit.
const SHA: [&str; 5] = ["sha", "commit", "git_sha", "git_commit", "revision"];

/// Labels that name a version; what is no tag of the repository says nothing.
const VERSION: [&str; 4] = ["version", "release", "app_kubernetes_io_version", "tag"];

/// Annotations that say to a person what is the matter.
const ABOUT: [&str; 4] = ["summary", "title", "message", "description"];

/// Labels and annotations by name; what is not text is no label.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Labels(BTreeMap<String, String>);

impl Labels {
    /// Returns the value of a label; an empty one is none, as in Prometheus.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    }

    fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// Returns the number under which Prometheus and Alertmanager know these labels.
    pub(super) fn fingerprint(&self) -> String {
        let parts = self.0.iter().flat_map(|(name, value)| [name, value]);
        format!("{:016x}", fnv(parts.map(String::as_bytes)))
    }
}

/// Returns a hash of parts, as Prometheus makes it (FNV-1a, each part ended by 255).
pub(super) fn fnv<'a>(parts: impl Iterator<Item = &'a [u8]>) -> u64 {
    parts.fold(0xcbf2_9ce4_8422_2325, |hash, part| {
        part.iter().chain(&[255]).fold(hash, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    })
}

/// What a system says of one alert.
pub(super) struct Told<'a> {
    /// Who says it.
    pub(super) source: &'a SourceName,
    /// Its identity there, without the source.
    pub(super) id: String,
    /// Its labels.
    pub(super) labels: &'a Labels,
    /// Its annotations.
    pub(super) annotations: &'a Labels,
    /// How it stands.
    pub(super) state: AlertState,
    /// When it began.
    pub(super) started_at: Timestamp,
    /// When it ended.
    pub(super) ended_at: Option<Timestamp>,
    /// The page for people.
    pub(super) url: Option<WebUrl>,
}

/// Returns the fact of an alert.
pub(super) fn alert(told: Told<'_>) -> Alert {
    let (labels, annotations) = (told.labels, told.annotations);
    let repo = labels.first(&REPO).or_else(|| annotations.first(&REPO));
    let mut named = [labels, annotations]
        .into_iter()
        .flat_map(|from| SHA.iter().filter_map(|name| from.get(name)));
    Alert {
        id: identity(told.source, &told.id),
        name: Clean::line(labels.get("alertname").unwrap_or("an alert without a name")),
        about: about(labels, annotations),
        severity: Clean::line(labels.first(&["severity", "priority"]).unwrap_or_default()),
        state: told.state,
        service: service(labels, repo),
        repo: repo.and_then(repository),
        sha: named.find_map(Sha::parse),
        version: Clean::line(labels.first(&VERSION).unwrap_or_default()),
        knows_silences: false,
        own_key: Clean::default(),
        incident: None,
        started_at: told.started_at,
        ended_at: told.ended_at,
        url: told.url,
    }
}

/// Returns the identity of something that one source tells: two sources never share one.
pub(super) fn identity(source: &SourceName, id: &str) -> Clean {
    Clean::line(&format!("{source}/{id}"))
}

/// Returns what it says to a person; where it says nothing, what it is about.
fn about(labels: &Labels, annotations: &Labels) -> Clean {
    if let Some(said) = annotations.first(&ABOUT) {
        return Clean::line(said);
    }
    match (labels.get("alertname"), labels.get("instance")) {
        (Some(name), Some(instance)) => Clean::line(&format!("{name} of {instance}")),
        (Some(_) | None, _) => Clean::default(),
    }
}

/// Returns the service; a repository without a host names one as well.
pub(super) fn service(labels: &Labels, repo: Option<&str>) -> Option<ServiceName> {
    let of_repo = || {
        let bare = repo.filter(|repo| repository(repo).is_none())?;
        bare.rsplit('/').find(|part| !part.is_empty())
    };
    let own = labels.get("service");
    let found = own.or_else(of_repo).or_else(|| labels.first(&SERVICE));
    found.map(ServiceName::new)
}

/// Returns the repository that a text names with its host: `https://host/owner/name`, or without scheme.
fn repository(text: &str) -> Option<RepoKey> {
    let url = if text.contains("://") {
        Url::parse(text).ok()?
    } else {
        Url::parse(&format!("https://{text}")).ok()?
    };
    let host = url.host_str().filter(|host| host.contains('.'))?;
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.path().trim_matches('/').trim_end_matches(".git");
    let fits = path.split('/').count() >= 2 && path.split('/').all(|part| !part.is_empty());
    fits.then(|| RepoKey::new(&host, path))
}

/// Puts a whole list of alerts into a batch: each once, the most pressing where there are too many.
///
/// A list that is not `whole` removes nothing.
pub(super) fn list(batch: &mut Batch, name: &str, alerts: Vec<Alert>, whole: bool) {
    let mut by_id: BTreeMap<Clean, Alert> = BTreeMap::new();
    for alert in alerts {
        let other = by_id.get(&alert.id);
        if other.is_none_or(|other| press(&alert) < press(other)) {
            by_id.insert(alert.id.clone(), alert);
        }
    }
    let all = by_id.keys().map(|id| FactId {
        kind: FactKind::Alert,
        id: id.clone(),
    });
    // Those that are not shown are there as well: none of them is over.
    let members: BTreeSet<FactId> = all.collect();
    let mut kept: Vec<Alert> = by_id.into_values().collect();
    if kept.len() > MOST {
        let text = format!(
            "{} alerts are told; {MOST} are shown, those that fire and the newest first",
            kept.len()
        );
        batch.warnings.push(Clean::line(&text));
        kept.sort_by(|a, b| press(a).cmp(&press(b)).then_with(|| a.id.cmp(&b.id)));
        kept.truncate(MOST);
    }
    let facts: Vec<Fact> = kept.into_iter().map(Fact::Alert).collect();
    let name = Clean::line(name);
    let lists = if whole {
        &mut batch.listings
    } else {
        &mut batch.partial
    };
    lists.push(Listing { name, members });
    batch.facts.extend(facts);
}

/// Returns the order of what presses most.
fn press(alert: &Alert) -> (u8, std::cmp::Reverse<Timestamp>) {
    let rank = match alert.state {
        AlertState::Firing => 0,
        AlertState::Unknown(_) => 1,
        AlertState::Acknowledged => 2,
        AlertState::Silenced | AlertState::Inhibited => 3,
        AlertState::Resolved => 4,
    };
    (rank, std::cmp::Reverse(alert.started_at))
}

#[cfg(test)]
mod tests {
    use super::{Labels, MOST, Told, alert, list};
    use crate::domain::Timestamp;
    use crate::domain::alert::{Alert, AlertState};
    use crate::domain::key::SourceName;
    use crate::sources::Batch;
    use chrono::{DateTime, TimeDelta};

    fn at(secs: i64) -> Timestamp {
        DateTime::from_timestamp(secs, 0).unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        let pairs = pairs.iter();
        Labels(
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    fn made(source: &str, own: &[(&str, &str)], notes: &[(&str, &str)]) -> Alert {
        let own = labels(own);
        alert(Told {
            source: &SourceName::new(source),
            id: own.fingerprint(),
            labels: &own,
            annotations: &labels(notes),
            state: AlertState::Firing,
            started_at: at(0),
            ended_at: None,
            url: None,
        })
    }

    #[track_caller]
    fn names_service(own: &[(&str, &str)], expected: Option<&str>) {
        let found = made("am", own, &[]).service;
        assert_eq!(
            found.as_ref().map(crate::domain::key::ServiceName::as_str),
            expected
        );
    }

    #[test]
    fn the_service_is_what_a_person_called_it_before_what_a_scrape_is_called() {
        names_service(&[("job", "node"), ("service", "api")], Some("api"));
        names_service(&[("job", "node"), ("app", "web")], Some("web"));
        names_service(&[("namespace", "shop"), ("job", "node")], Some("node"));
        names_service(&[("namespace", "shop")], Some("shop"));
        names_service(&[("service", " "), ("job", "node")], Some("node"));
        names_service(&[("repo", "acme/pay"), ("job", "node")], Some("pay"));
        names_service(&[("repo", "pay/"), ("job", "node")], Some("pay"));
        names_service(&[("repo", "github.com/acme/pay")], None);
        names_service(&[("severity", "page")], None);
    }

    #[track_caller]
    fn names_repo(text: &str, expected: Option<&str>) {
        let found = made("am", &[], &[("repository", text)]).repo;
        assert_eq!(
            found.as_ref().map(crate::domain::key::RepoKey::as_str),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_repository_is_one_only_with_its_host() {
        names_repo("https://github.com/acme/api", Some("github.com/acme/api"));
        names_repo("github.com/acme/api.git", Some("github.com/acme/api"));
        names_repo("https://git.test:8443/a/b/c/", Some("git.test:8443/a/b/c"));
        names_repo("acme/api", None);
        names_repo("https://github.com/acme", None);
        names_repo("https://github.com//api", None);
        names_repo("javascript:alert(1)", None);
    }

    #[test]
    fn what_it_says_to_a_person_is_its_title_and_is_clean() {
        let one = made(
            "am",
            &[("alertname", "A")],
            &[("summary", "p99\u{1b}[2J > 2s")],
        );
        assert_eq!((&*one.name, &*one.about), ("A", "p99 > 2s"));
        let two = made("am", &[("alertname", "A"), ("instance", "db1")], &[]);
        assert_eq!(&*two.about, "A of db1");
        let three = made("am", &[], &[]);
        assert_eq!(
            (&*three.name, &*three.about),
            ("an alert without a name", "")
        );
    }

    #[test]
    fn a_commit_and_a_severity_are_taken_as_they_are_said() {
        let own = [("severity", "page"), ("revision", "1A2B3C4D")];
        let one = made("am", &own, &[("commit", "not a commit")]);
        assert_eq!(&*one.severity, "page");
        assert_eq!(one.sha.unwrap().as_str(), "1a2b3c4d");
        let own = [("revision", "v1.2")];
        let two = made("am", &own, &[("commit", "1A2B3C4D")]);
        assert_eq!(two.sha.unwrap().as_str(), "1a2b3c4d");
    }

    #[test]
    fn one_alert_told_by_two_systems_is_two_facts_and_told_twice_by_one_is_one() {
        let own = [("alertname", "A")];
        let (one, two) = (made("am-1", &own, &[]), made("am-2", &own, &[]));
        assert_ne!(one.id, two.id);
        let mut quiet = one.clone();
        quiet.state = AlertState::Silenced;
        let mut batch = Batch::default();
        list(&mut batch, "alerts", vec![quiet, one.clone()], true);
        assert_eq!(batch.facts, [crate::domain::fact::Fact::Alert(one)]);
        assert_eq!(batch.listings[0].members.len(), 1);
    }

    #[test]
    fn too_many_alerts_are_counted_and_those_that_press_are_kept() {
        let many = |n: usize| {
            let name = n.to_string();
            let mut one = made("am", &[("alertname", &name)], &[]);
            one.started_at = at(0) + TimeDelta::seconds(i64::try_from(n).unwrap());
            if n.is_multiple_of(2) {
                one.state = AlertState::Silenced;
            }
            one
        };
        let mut batch = Batch::default();
        list(
            &mut batch,
            "alerts",
            (0..3 * MOST).map(many).collect(),
            true,
        );
        assert_eq!(batch.facts.len(), MOST);
        assert_eq!(batch.listings[0].members.len(), 3 * MOST, "none is over");
        let fires = |fact: &crate::domain::fact::Fact| matches!(fact, crate::domain::fact::Fact::Alert(a) if a.state == AlertState::Firing);
        assert!(batch.facts.iter().all(fires));
        assert!(batch.warnings[0].starts_with("3000 alerts are told; 1000"));
        let mut part = Batch::default();
        list(&mut part, "alerts", vec![many(1)], false);
        assert!(part.listings.is_empty());
    }
}
