//! Alerts and vulnerabilities, which only GraphQL tells.

use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;
use crate::sources::http::List;

use super::{line, link};

/// The records of a list.
#[derive(Deserialize, Debug)]
#[serde(bound = "T: serde::de::DeserializeOwned")]
pub(crate) struct Nodes<T> {
    /// The records.
    #[serde(default)]
    pub(crate) nodes: List<T>,
    /// Whether there are more.
    #[serde(rename = "pageInfo")]
    pub(crate) page: Option<Page>,
}

/// Where a list goes on.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    /// Whether it does.
    #[serde(default)]
    pub(crate) has_next_page: bool,
}

impl<T> Nodes<T> {
    /// Returns whether it holds all there is, and nothing that cannot be read.
    pub(crate) fn is_whole(&self) -> bool {
        let more = self.page.as_ref().is_some_and(|page| page.has_next_page);
        !more && self.nodes.bad_count == 0
    }
}

/// An alert.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireAlert {
    iid: String,
    title: Option<String>,
    description: Option<String>,
    severity: Option<String>,
    status: Option<String>,
    service: Option<String>,
    started_at: Option<Timestamp>,
    created_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    web_url: Option<String>,
    /// The incident that was made of it; not told to those who may not see it.
    issue: Option<Made>,
}

/// An incident that was made of an alert.
#[derive(Deserialize, Debug)]
struct Made {
    iid: Option<String>,
}

impl Made {
    /// Returns its key; an alert and its incident are of one project.
    fn key(&self, repo: &RepoKey) -> Option<TicketKey> {
        let number = self.iid.as_deref()?.parse().ok()?;
        let repo = repo.clone();
        Some(TicketKey::Numbered { repo, number })
    }
}

/// Returns an alert of `repo`, or nothing where it has no time.
pub(crate) fn alert(source: &SourceName, repo: &RepoKey, wire: &WireAlert) -> Option<Alert> {
    let id = format!("{source}/{}/{}", repo.as_str(), wire.iid);
    let word = wire.status.as_deref().unwrap_or_default();
    Some(Alert {
        id: Clean::line(&id),
        name: line(wire.title.as_deref()),
        about: line(wire.description.as_deref()),
        severity: Clean::line(&wire.severity.as_deref().unwrap_or_default().to_lowercase()),
        state: match word.to_ascii_uppercase().as_str() {
            "TRIGGERED" => AlertState::Firing,
            "ACKNOWLEDGED" => AlertState::Acknowledged,
            "RESOLVED" => AlertState::Resolved,
            "IGNORED" => AlertState::Silenced,
            _ => AlertState::Unknown(Clean::line(word)),
        },
        service: wire
            .service
            .as_deref()
            .filter(|name| !name.is_empty())
            .map(crate::domain::key::ServiceName::new),
        repo: Some(repo.clone()),
        started_at: wire.started_at.or(wire.created_at)?,
        ended_at: wire.ended_at,
        url: link(wire.web_url.as_deref()),
        sha: None,
        version: Clean::default(),
        knows_silences: false,
        own_key: Clean::line(&format!("^alert#{}", wire.iid)),
        incident: wire.issue.as_ref().and_then(|it| it.key(repo)),
    })
}

/// A vulnerability.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vulnerability {
    id: String,
    title: Option<String>,
    severity: Option<String>,
    report_type: Option<String>,
    detected_at: Option<Timestamp>,
    web_url: Option<String>,
    /// The project, where a group was asked.
    pub(crate) project: Option<InProject>,
}

/// The project of a record.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InProject {
    /// Its path.
    pub(crate) full_path: String,
}

/// Returns a finding of `repo`, or nothing where it has no time.
pub(crate) fn finding(repo: &RepoKey, wire: &Vulnerability) -> Option<Finding> {
    let kind = match wire.report_type.as_deref().unwrap_or_default() {
        "DEPENDENCY_SCANNING" | "CONTAINER_SCANNING" | "CLUSTER_IMAGE_SCANNING" => {
            FindingKind::Dependency
        }
        "SECRET_DETECTION" => FindingKind::Secret,
        _ => FindingKind::Code,
    };
    Some(Finding {
        repo: repo.clone(),
        kind,
        number: number(&wire.id),
        severity: match wire.severity.as_deref().unwrap_or_default() {
            "CRITICAL" => Severity::Critical,
            "HIGH" => Severity::High,
            "MEDIUM" => Severity::Medium,
            "LOW" | "INFO" => Severity::Low,
            other => Severity::Unknown(Clean::line(other)),
        },
        title: line(wire.title.as_deref()),
        url: link(wire.web_url.as_deref()),
        created_at: wire.detected_at?,
    })
}

/// The number at the end of `gid://gitlab/Vulnerability/7`; of an odd name what stands for it.
fn number(id: &str) -> u64 {
    let tail = id.rsplit('/').next().and_then(|tail| tail.parse().ok());
    tail.unwrap_or_else(|| xxh3_64(id.as_bytes()) >> 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> RepoKey {
        RepoKey::new("gitlab.com", "acme/api")
    }

    #[track_caller]
    fn check(word: &str, expected: &AlertState) {
        let text = format!(
            r#"{{"iid":"3","title":"Slow","severity":"HIGH","status":"{word}","startedAt":"2026-01-01T00:00:00Z"}}"#
        );
        let source = SourceName::new("one");
        let found = alert(&source, &repo(), &serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((&found.state, found.severity.as_str()), (expected, "high"));
        assert_eq!(found.id.as_str(), "one/gitlab.com/acme/api/3");
    }

    #[test]
    fn an_alert_has_its_own_number_and_names_its_incident() {
        let told = |issue: &str| {
            let text = format!(
                r#"{{"iid":"3","title":"Slow","startedAt":"2026-01-01T00:00:00Z","issue":{issue}}}"#
            );
            let wire = serde_json::from_str(&text).unwrap();
            alert(&SourceName::new("one"), &repo(), &wire).unwrap()
        };
        let key = TicketKey::Numbered {
            repo: repo(),
            number: 17,
        };
        let found = told(r#"{"iid":"17"}"#);
        assert_eq!(found.own_key.as_str(), "^alert#3");
        assert_eq!(found.incident, Some(key));
        for none in ["null", r#"{"iid":null}"#, r#"{"iid":"x"}"#] {
            assert_eq!(told(none).incident, None, "{none}");
        }
    }

    #[test]
    fn alerts_stand_as_people_left_them() {
        check("TRIGGERED", &AlertState::Firing);
        check("ACKNOWLEDGED", &AlertState::Acknowledged);
        check("RESOLVED", &AlertState::Resolved);
        check("IGNORED", &AlertState::Silenced);
        check("DREAMING", &AlertState::Unknown(Clean::line("DREAMING")));
    }

    #[test]
    fn vulnerabilities_are_sorted_to_their_kinds() {
        let found = |kind: &str, severity: &str| {
            let text = format!(
                r#"{{"id":"gid://gitlab/Vulnerability/7","title":"x","severity":"{severity}",
                "reportType":"{kind}","detectedAt":"2026-01-01T00:00:00Z"}}"#
            );
            finding(&repo(), &serde_json::from_str(&text).unwrap()).unwrap()
        };
        let one = found("DEPENDENCY_SCANNING", "CRITICAL");
        assert_eq!(
            (one.kind, one.severity, one.number),
            (FindingKind::Dependency, Severity::Critical, 7)
        );
        assert_eq!(found("SECRET_DETECTION", "LOW").kind, FindingKind::Secret);
        assert_eq!(found("SAST", "HIGH").kind, FindingKind::Code);
        let odd = found("SAST", "COSMIC").severity;
        assert_eq!(odd, Severity::Unknown(Clean::line("COSMIC")));
    }
}
