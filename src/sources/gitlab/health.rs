//! Alerts and vulnerabilities by GraphQL: no route of REST tells them.
//!
//! A server without them, or a licence that has none, says so once and is asked
//! again hours later.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::GitLab;
use super::api::Poll;
use super::map::health::{self, Nodes, Vulnerability, WireAlert};
use super::scope::Scope;
use super::state::is_below;
use crate::domain::fact::Fact;
use crate::domain::text::Clean;
use crate::sources::detail::Places;
use crate::sources::graphql;
use crate::sources::http::{Failure, List, decode};
use crate::sources::port::{failed, fine};
use crate::sources::{Batch, CapabilityState, Check, CheckState, Listing, SourceError};

/// The question for the alerts of projects.
const ALERTS: &str = "query Alerts($ids: [ID!]) {
  projects(ids: $ids) {
    nodes {
      fullPath
      alertManagementAlerts(statuses: [TRIGGERED, ACKNOWLEDGED], sort: CREATED_DESC, first: 20) {
        pageInfo { hasNextPage }
        nodes {
          iid title description severity status service startedAt createdAt endedAt webUrl
          issue { iid }
        }
      }
    }
  }
}";

/// What is asked of each vulnerability.
const FIELDS: &str = "pageInfo { hasNextPage }
      nodes { id title severity reportType detectedAt webUrl project { fullPath } }";

/// What vulnerabilities need: a server without the licence only says that it does not know them.
const NEEDS: &str = "needs GitLab Ultimate, and the scope `read_api` of somebody who is at least \
                     Developer there";

/// How many groups and projects are asked for their vulnerabilities in one fetch.
pub(super) const MOST_PLACES: usize = 10;

/// An answer of GraphQL.
#[derive(Deserialize)]
struct Reply<T> {
    data: Option<T>,
    #[serde(default)]
    errors: List<Told>,
}

/// What is wrong.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Projects {
    projects: Option<Nodes<WithAlerts>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WithAlerts {
    full_path: String,
    alert_management_alerts: Option<Nodes<WireAlert>>,
}

#[derive(Deserialize)]
struct Place {
    place: Option<WithFindings>,
}

#[derive(Deserialize)]
struct WithFindings {
    vulnerabilities: Option<Nodes<Vulnerability>>,
}

/// What came of a question.
pub(super) enum Came<T> {
    /// Data.
    Data(T),
    /// The server does not know the field, or may not show it.
    Absent(String),
    /// The question was too large for this server.
    TooLarge,
}

impl GitLab {
    pub(super) async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        document: &str,
        variables: Value,
        poll: Poll,
    ) -> Result<Came<T>, Failure> {
        let client = self.port.client(poll.ask).await.map_err(Failure::of)?;
        let url = self.port.url(&["api", "graphql"], &[]);
        let body = json!({"query": document, "variables": variables});
        let asked = client.graphql(&url, document, &body, poll.ask.urgency);
        let answer = match asked.await {
            Ok(answer) => answer,
            Err(failure) if matches!(failure.status, Some(403 | 404)) => {
                return Ok(Came::Absent("it has no GraphQL".to_owned()));
            }
            Err(failure) => return Err(failure),
        };
        let reply: Reply<T> = decode(self.port.host(), url.path(), &answer.body)?;
        let said = reply.errors.items.iter().map(|told| told.message.as_str());
        let said = said.collect::<Vec<_>>().join("; ");
        if said.contains("complexity") || said.contains("too large") {
            return Ok(Came::TooLarge);
        }
        match reply.data {
            Some(data) if said.is_empty() => Ok(Came::Data(data)),
            _ => Ok(Came::Absent(graphql::told(&self.port.shown(&said)))),
        }
    }

    /// Reads the alerts of the projects whose turn it is.
    pub(super) async fn alerts(&self, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        if self.state().is_hidden("", super::ALERTS, poll.now) && !poll.ask.forced {
            return Ok(());
        }
        let (ids, last) = self.next_projects();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = ids
            .iter()
            .map(|id| format!("gid://gitlab/Project/{id}"))
            .collect();
        match self
            .ask::<Projects>(ALERTS, json!({"ids": ids}), poll)
            .await?
        {
            Came::Data(data) => {
                self.port.can(super::ALERTS, CapabilityState::Available);
                let found = data.projects.into_iter().flat_map(|all| all.nodes.items);
                found.for_each(|project| self.take_alerts(&project, batch));
                self.state().alerts_after = last;
            }
            Came::TooLarge => {
                let mut state = self.state();
                state.graphql_batch = (state.graphql_batch / 2).max(1);
            }
            Came::Absent(why) => self.hidden(super::ALERTS, &why, poll),
        }
        Ok(())
    }

    /// Returns the numbers of the projects whose turn it is, and the path of the last one.
    fn next_projects(&self) -> (Vec<u64>, String) {
        let state = self.state();
        let after = state.alerts_after.clone();
        let later = state.projects.range(after.clone()..);
        let later = later.filter(|(path, _)| **path != after);
        let ring = later.chain(state.projects.iter());
        let mut ids = Vec::new();
        let mut last = String::new();
        for (path, project) in ring.take(state.projects.len()) {
            let Some(id) = project.id.filter(|_| project.misses == 0) else {
                continue;
            };
            ids.push(id);
            path.clone_into(&mut last);
            if ids.len() >= state.graphql_batch {
                break;
            }
        }
        (ids, last)
    }

    fn take_alerts(&self, project: &WithAlerts, batch: &mut Batch) {
        let key = self.key(&project.full_path);
        if !self.state().polls(&key) {
            return;
        }
        let Some(alerts) = &project.alert_management_alerts else {
            return;
        };
        self.warn(&format!("{key}: alerts"), &alerts.nodes, batch);
        let items = alerts.nodes.items.iter();
        let found = items.filter_map(|wire| health::alert(self.port.name(), &key, wire));
        let facts: Vec<Fact> = found.map(Fact::Alert).collect();
        list(
            alerts.is_whole(),
            Listing::of_repo(&key, "alerts", &facts),
            batch,
        );
        batch.facts.extend(facts);
    }

    /// Reads the vulnerabilities of groups, and of projects that are read alone, in turns.
    pub(super) async fn findings(&self, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        if self.state().is_hidden("", super::FINDINGS, poll.now) && !poll.ask.forced {
            return Ok(());
        }
        let mut places = Places::default();
        let scopes = self.state().next_found(MOST_PLACES);
        for scope in scopes {
            // Noted before it is asked: one that fails costs no other its turn.
            self.with_cursors(&scope, |cursors| cursors.findings_at = Some(poll.now));
            let asked = self.findings_of(&scope, poll, batch).await;
            let is_absent = matches!(asked, Ok(false));
            let goes_on = places.take(asked.map(drop).map_err(|failure| failure.error));
            if is_absent || !goes_on {
                break;
            }
        }
        places.end(batch, |text| self.port.shown(text))
    }

    /// Reads the vulnerabilities of one place; returns whether the server has any at all.
    async fn findings_of(
        &self,
        scope: &Scope,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<bool, Failure> {
        let kind = match scope {
            Scope::Group(_) => "group",
            Scope::Project(_) => "project",
        };
        let document = question(kind, 100);
        let path = self.spelled(scope.path());
        match self
            .ask::<Place>(&document, json!({"path": path}), poll)
            .await?
        {
            Came::Data(Place { place: Some(place) }) => {
                if let Some(found) = place.vulnerabilities {
                    self.port.can(super::FINDINGS, CapabilityState::Available);
                    self.take_findings(scope.path(), &found, batch);
                } else if !self.port.did(super::FINDINGS) {
                    let why = CapabilityState::Missing(Clean::line(NEEDS));
                    self.port.can(super::FINDINGS, why);
                }
            }
            Came::Data(_) | Came::TooLarge => {}
            Came::Absent(why) => {
                self.hidden(super::FINDINGS, &format!("{NEEDS}; {why}"), poll);
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tries for `doctor` whether the vulnerabilities of a project are shown.
    pub(super) async fn look_at_findings(&self, path: &str, poll: Poll) -> Check {
        let name = super::FINDINGS;
        let note = |text: &str| Check {
            state: CheckState::Note,
            ..fine(name, &self.port.shown(text))
        };
        let document = question("project", 1);
        let asked = self.ask::<Place>(&document, json!({"path": path}), poll);
        let found = match asked.await {
            Ok(Came::Data(Place { place })) => place.and_then(|place| place.vulnerabilities),
            Ok(Came::TooLarge) => return note("the question is too large for this server"),
            Ok(Came::Absent(why)) => return note(&format!("{NEEDS}; {why}")),
            Err(failure) => return failed(name, &failure.error),
        };
        match found {
            Some(_) => fine(name, &self.port.shown(&format!("can be read in `{path}`"))),
            None => note(NEEDS),
        }
    }

    fn take_findings(&self, place: &str, found: &Nodes<Vulnerability>, batch: &mut Batch) {
        self.warn(&format!("{place}: vulnerabilities"), &found.nodes, batch);
        let mut by_repo: BTreeMap<String, Vec<Fact>> = BTreeMap::new();
        {
            let state = self.state();
            let ours = |path: &&String| *path == place || is_below(path, place);
            let paths = state.projects.keys().filter(ours);
            by_repo.extend(paths.map(|path| (path.clone(), Vec::new())));
        }
        for wire in &found.nodes.items {
            let path = wire.project.as_ref().map_or(place, |it| &it.full_path);
            if let Some(facts) = by_repo.get_mut(&path.to_ascii_lowercase()) {
                facts.extend(health::finding(&self.key(path), wire).map(Fact::Finding));
            }
        }
        for (path, facts) in by_repo {
            let listing = Listing {
                name: Clean::line(&format!("{path}/findings")),
                members: facts.iter().map(Fact::id).collect(),
            };
            list(found.is_whole(), listing, batch);
            batch.facts.extend(facts);
        }
    }

    /// Notes that a server does not have something, or does not show it.
    fn hidden(&self, feature: &'static str, why: &str, poll: Poll) {
        self.port
            .can(feature, CapabilityState::Missing(Clean::line(why)));
        self.state().hide("", feature, poll.now);
    }
}

/// Tells a list; what one that was cut does not tell is open.
fn list(is_whole: bool, listing: Listing, batch: &mut Batch) {
    if is_whole {
        batch.listings.push(listing);
    } else {
        batch.partial.push(listing);
    }
}

/// Returns the question for the vulnerabilities of a group or project.
fn question(kind: &str, most: u32) -> String {
    format!(
        "query Findings($path: ID!) {{
  place: {kind}(fullPath: $path) {{
    vulnerabilities(state: [DETECTED, CONFIRMED], sort: severity_desc, first: {most}) {{
      {FIELDS}
    }}
  }}
}}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Place, Projects, Reply};

    #[test]
    fn a_record_that_cannot_be_read_costs_itself_and_completeness() {
        let text = r#"{"data":{"projects":{"nodes":[{"fullPath":"acme/api","alertManagementAlerts":{
            "pageInfo":{"hasNextPage":false},"nodes":[{"iid":"1"},{"iid":2}]}}]}}}"#;
        let reply: Reply<Projects> = serde_json::from_str(text).unwrap();
        let projects = reply.data.unwrap().projects.unwrap();
        let alerts = projects.nodes.items[0]
            .alert_management_alerts
            .as_ref()
            .unwrap();
        assert_eq!((alerts.nodes.items.len(), alerts.is_whole()), (1, false));
    }

    #[test]
    fn what_is_not_licensed_is_absent_and_no_error() {
        let text = r#"{"data":{"place":{"vulnerabilities":null}}}"#;
        let reply: Reply<Place> = serde_json::from_str(text).unwrap();
        assert!(reply.data.unwrap().place.unwrap().vulnerabilities.is_none());
    }
}
