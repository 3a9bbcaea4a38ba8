//! Asks for one page of the past, and hands a repository over when all of it was read.

use serde_json::{Value, json};

use super::super::api::Trouble;
use super::super::map::{past as map, runs};
use super::super::probe::ATTEMPTS;
use super::super::refresh::warn;
use super::super::wire::Connection;
use super::super::wire_past::PastPage;
use super::super::wire_rest::RunPage;
use super::super::{Ask, GitHub};
use super::retries::Again;
use super::{Backfill, Part};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::run::RunKey;
use crate::domain::text::Clean;
use crate::sources::backfill::{self, Past, Told};
use crate::sources::http::List;
use crate::sources::needs::PAST;
use crate::sources::{Batch, CapabilityState, SourceError};

const DOCUMENT: &str = concat!(
    include_str!("../queries/past.graphql"),
    include_str!("../queries/shared/records.graphql"),
    include_str!("../queries/shared/times.graphql"),
);

/// The labels of incidents; GitHub compares them as they are written.
const INCIDENTS: [&str; 3] = ["incident", "Incident", "INCIDENT"];

/// One page that is to be read.
pub(super) struct Page {
    pub(super) path: String,
    from: Timestamp,
    at: backfill::Place<Part>,
    step: u64,
    divided: u32,
    /// What is asked for by name.
    pub(super) names: Vec<String>,
    /// The run and the attempt that such a name stands for.
    pub(super) retry: Option<(RunKey, u32)>,
    /// The runs at such names that were started again once.
    pub(super) again: Vec<Again>,
    /// Whether the files of changes decide to which service they belong.
    paths: bool,
}

impl GitHub {
    /// Reads one page of the past of one repository; the last one hands all of it over.
    pub(in crate::sources::github) async fn backfill(
        &self,
        ask: Ask,
    ) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let Some(page) = self.past_page() else {
            return Ok(batch);
        };
        let read = match page.at.part {
            Part::Runs => self.past_runs(&page, ask, &mut batch).await,
            Part::Strays => self.past_strays(&page, ask, &mut batch).await,
            Part::Retries => self.past_retries(&page, ask).await,
            Part::Attempts => self.past_attempt(&page, ask).await,
            Part::Changes
            | Part::Commits
            | Part::Deployments
            | Part::Releases
            | Part::Incidents => self.past_list(&page, ask, &mut batch).await,
        };
        match read {
            Ok(told) => self.took(&page, told, &mut batch),
            Err(error) => {
                let at = (page.path.as_str(), page.step);
                let mut state = self.state();
                if !state.untold.is_lost(at, &error) {
                    return Err(error);
                }
                // One repository costs no other, and history is no reason to call a source ill.
                let text = format!("the past of `{}` is not read: {error}", page.path);
                batch.warnings.push(Clean::line(&text));
                state.backfill = None;
                if let Some(repo) = state.known(&page.path) {
                    repo.past = Past::Lost(ask.now);
                }
            }
        }
        Ok(batch)
    }

    /// Returns the page that is next; begins with another repository where none is at hand.
    fn past_page(&self) -> Option<Page> {
        let mut state = self.state();
        let at_hand = state.backfill.as_ref().map(|it| it.path.clone());
        if let Some(path) = at_hand {
            // It went, was renamed or became another one: what was read is of no use.
            let wanted = |past: Past| matches!(past, Past::Wanted(_));
            let known = state.known(&path).filter(|repo| repo.misses == 0);
            if !known.is_some_and(|repo| wanted(repo.past)) {
                state.backfill = None;
            }
        }
        if state.backfill.is_none() {
            let (path, from) = state.next_past()?;
            let begun = Backfill::new(path, from);
            state.backfill = Some(begun);
        }
        let at_hand = state.backfill.as_ref().map(|it| it.path.clone())?;
        let paths = state.known(&at_hand).is_some_and(|repo| repo.paths_matter);
        state.backfill.as_ref().map(|it| {
            let names = it.names();
            Page {
                path: it.path.clone(),
                from: it.from,
                at: it.at.clone(),
                step: it.step,
                divided: it.divided,
                retry: names.first().and_then(|name| it.retry(name)),
                again: it.again_at(&names),
                names,
                paths,
            }
        })
    }

    /// Takes in a page; nothing where it was not read, and the list is gone over.
    fn took(&self, page: &Page, told: Option<Told>, batch: &mut Batch) {
        let mut state = self.state();
        let fits = |it: &&mut Backfill| it.path == page.path && it.step == page.step;
        let Some(at_hand) = state.backfill.as_mut().filter(fits) else {
            return;
        };
        at_hand.asked.extend(page.names.iter().cloned());
        if !at_hand.take(told) {
            return;
        }
        let Some(whole) = state.backfill.take() else {
            return;
        };
        if let Some(repo) = state.known(&page.path) {
            repo.past = Past::Handed;
        }
        state.can(PAST, CapabilityState::Available);
        batch.past_of = Clean::line(&page.path.to_ascii_lowercase());
        batch.past_from = whole.since;
        batch.past_runs_from = whole.runs_since;
        batch.past = whole.facts();
    }

    /// Reads a page by GraphQL, of half the size where it is too much.
    async fn past_list(
        &self,
        page: &Page,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<Option<Told>, SourceError> {
        let host = || self.api.client.host().to_owned();
        let mut divided = page.divided;
        for _ in 0..ATTEMPTS {
            let (operation, variables) = page.query(divided);
            let sent = self
                .api
                .query(DOCUMENT, operation, &variables, ask.urgency)
                .await;
            match sent {
                Ok(data) => {
                    let read = data.by_alias.read::<PastPage>("repository");
                    let Some(Ok(wire)) = read else {
                        return Err(SourceError::Unreadable {
                            host: host(),
                            cause: "a page of the past is not what was asked for".to_owned(),
                        });
                    };
                    if data.was_heavy() && !wire.has(page.at.part) {
                        divided *= 2;
                        continue;
                    }
                    if let Some(error) = data.errors_of("repository").next() {
                        let said = self.api.client.shown(&error.message);
                        let text = format!("the past of `{}`: {said}", page.path);
                        batch.warnings.push(Clean::line(&text));
                    }
                    return Ok(Some(page.told(&self.key(&page.path), &wire, batch)));
                }
                Err(Trouble::Absent(why)) => {
                    self.without_graphql(&why, ask.now);
                    return Err(SourceError::Refused {
                        host: host(),
                        cause: why,
                    });
                }
                Err(Trouble::Lacks(features)) => self.state().refuse(&features),
                Err(Trouble::Heavy(_)) => {
                    divided *= 2;
                    if let Some(at_hand) = &mut self.state().backfill {
                        at_hand.divided = divided;
                    }
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(SourceError::Refused {
            host: host(),
            cause: "it is too much in every size".to_owned(),
        })
    }

    /// Reads a page of runs; where there are none for this token, the rest is told all the same.
    async fn past_runs(
        &self,
        page: &Page,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<Option<Told>, SourceError> {
        let number: u32 = page
            .at
            .after
            .as_deref()
            .map_or(Ok(1), str::parse)
            .unwrap_or(1);
        let (size, _) = Part::Runs.size();
        let route = format!("repos/{}/actions/runs", page.path);
        let query = [("per_page", size.to_string()), ("page", number.to_string())];
        let query: Vec<(&str, &str)> = query.iter().map(|(k, v)| (*k, v.as_str())).collect();
        // It is asked once: keeping its text would be waste.
        let request = self.once(&route, &query, ask);
        let list = match self.api.client.get_as::<RunPage>(&request).await {
            Ok((read, _)) => read.workflow_runs,
            Err(failure) => {
                return match failure.error {
                    SourceError::Forbidden { .. } | SourceError::NotFound { .. } => Ok(None),
                    error @ (SourceError::Auth { .. }
                    | SourceError::NoToken { .. }
                    | SourceError::RateLimited { .. }
                    | SourceError::Unreachable { .. }
                    | SourceError::Unreadable { .. }
                    | SourceError::Refused { .. }) => Err(error),
                };
            }
        };
        let key = self.key(&page.path);
        warn(&key, "runs of the past", &list, batch);
        let count = list.items.len() + list.bad_count;
        let is_full = count >= usize::try_from(size).unwrap_or(usize::MAX);
        let lately = list.items.iter().filter(|run| run.created_at >= page.from);
        Ok(Some(Told {
            facts: lately.map(|run| Fact::Run(runs::run(&key, run))).collect(),
            count,
            last: list.items.last().map(|run| run.created_at),
            next: is_full.then(|| (number + 1).to_string()),
        }))
    }
}

impl PastPage {
    /// Returns whether the list is there that was asked for.
    fn has(&self, part: Part) -> bool {
        match part {
            Part::Changes => self.pull_requests.is_some(),
            Part::Commits => self.default_branch_ref.is_some(),
            Part::Deployments => self.deployments.is_some(),
            Part::Releases => self.releases.is_some(),
            Part::Incidents => self.issues.is_some(),
            Part::Strays | Part::Runs | Part::Retries | Part::Attempts => false,
        }
    }
}

impl Page {
    /// Returns the operation that asks for it, and its variables.
    fn query(&self, divided: u32) -> (&'static str, Value) {
        let (owner, name) = self.path.split_once('/').unwrap_or((&self.path, ""));
        let (size, _) = self.at.part.size();
        let mut variables = json!({
            "owner": owner, "name": name, "first": (size / divided).max(1), "after": self.at.after,
        });
        let mut set = |key: &str, value: Value| {
            if let Value::Object(variables) = &mut variables {
                variables.insert(key.to_owned(), value);
            }
        };
        let since = json!(self.from.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let operation = match self.at.part {
            Part::Changes => {
                set("paths", json!(self.paths));
                "PastChanges"
            }
            Part::Commits => {
                set("since", since);
                "PastCommits"
            }
            Part::Deployments => "PastDeployments",
            Part::Releases => "PastReleases",
            Part::Incidents => {
                set("since", since);
                set("labels", json!(INCIDENTS));
                "PastIncidents"
            }
            // By name, or by REST.
            Part::Strays | Part::Runs | Part::Retries | Part::Attempts => "",
        };
        (operation, variables)
    }

    /// Returns what a page told.
    fn told(&self, repo: &RepoKey, wire: &PastPage, batch: &mut Batch) -> Told {
        match self.at.part {
            Part::Changes => list(repo, wire.pull_requests.as_ref(), batch, |page| {
                let last = page.last().map(|held| held.times.updated_at);
                (map::changes(repo, page, self.from), last)
            }),
            Part::Commits => {
                let branch = wire.default_branch_ref.as_ref();
                let target = branch.and_then(|branch| branch.target.as_ref());
                let history = target.and_then(|target| target.history.as_ref());
                list(repo, history, batch, |page| {
                    let facts = branch.map(|branch| map::on_branch(repo, branch));
                    let last = page.last().and_then(|commit| commit.committed_date);
                    (facts.unwrap_or_default(), last)
                })
            }
            Part::Deployments => list(repo, wire.deployments.as_ref(), batch, |page| {
                let last = page.last().map(|held| held.deployment.created_at);
                (map::deployments(repo, page), last)
            }),
            Part::Releases => list(repo, wire.releases.as_ref(), batch, |page| {
                let last = page.last().map(|release| release.created_at);
                (map::releases(repo, page), last)
            }),
            Part::Incidents => list(repo, wire.issues.as_ref(), batch, |page| {
                let last = page.last().map(|issue| issue.updated_at);
                (map::incidents(repo, page), last)
            }),
            Part::Strays | Part::Runs | Part::Retries | Part::Attempts => Told::default(),
        }
    }
}

/// Returns what a page of a list told; of one that is not there, that there is nothing.
fn list<T>(
    repo: &RepoKey,
    page: Option<&Connection<T>>,
    batch: &mut Batch,
    told: impl Fn(&[T]) -> (Vec<Fact>, Option<Timestamp>),
) -> Told {
    let Some(page) = page else {
        return Told::default();
    };
    let nodes: &List<T> = &page.nodes;
    warn(repo, "records of the past", nodes, batch);
    let (facts, last) = told(&nodes.items);
    Told {
        facts,
        count: nodes.items.len() + nodes.bad_count,
        last,
        next: page.next(),
    }
}
