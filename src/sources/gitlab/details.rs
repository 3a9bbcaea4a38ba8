//! What lists do not tell of a merge request: approvals, its newest pipeline, what it closes.
//!
//! Two or three requests each, the newest first, once for each change of it.

use super::api::{Poll, is_absent, is_refusal, refused, without};
use super::map::{ci, links, project_of, work};
use super::state::{ChangeSeen, Project, State};
use super::{GitLab, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeState, Checks};
use crate::domain::fact::{Fact, FactId};
use crate::domain::ticket::TicketKey;
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many merge requests are read in one fetch.
const AT_ONCE: usize = 6;

/// What one fetch of details probably costs.
pub(super) const COST: u32 = 15;

/// How many days after its last change a merge request is still read at once; older ones wait.
const FRESH_DAYS: i64 = 14;

/// Which merge request: the project's path in lower case, and the number.
type Which = (String, u64);

impl State {
    /// Returns the merge requests whose details are to be read, the newest first.
    pub(super) fn due_details(&self, now: Timestamp, fresh: bool) -> Vec<Which> {
        let mut due: Vec<(Timestamp, Which)> = Vec::new();
        for (path, project) in &self.projects {
            for seen in project.changes.values().filter(|seen| seen.is_due()) {
                let at = seen.fact.updated_at;
                if ((now - at).num_days() < FRESH_DAYS) == fresh {
                    due.push((at, (path.clone(), seen.fact.number)));
                }
            }
        }
        due.sort_by(|a, b| b.cmp(a));
        due.into_iter().map(|(_, which)| which).collect()
    }

    /// Returns whether any merge request is to be read.
    pub(super) fn has_due_details(&self, now: Timestamp, fresh: bool) -> bool {
        let is_of = |seen: &ChangeSeen| {
            seen.is_due() && ((now - seen.fact.updated_at).num_days() < FRESH_DAYS) == fresh
        };
        let mut projects = self.projects.values();
        projects.any(|project| project.changes.values().any(is_of))
    }
}

impl ChangeSeen {
    /// What has ended is read once more: what it closed stays.
    fn is_due(&self) -> bool {
        let unread = self.detail_for != Some(self.fact.updated_at);
        match self.fact.state {
            ChangeState::Open => self.wanted || unread,
            ChangeState::Merged => self.detail_for.is_none(),
            ChangeState::Closed | ChangeState::Other(_) => false,
        }
    }
}

impl GitLab {
    /// Reads the details of merge requests that changed.
    pub(super) async fn details(&self, fresh: bool, poll: Poll) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let due = self.state().due_details(poll.now, fresh);
        for (path, number) in due.into_iter().take(AT_ONCE) {
            match self.detail(&path, number, poll, &mut batch).await {
                Ok(()) => {}
                Err(failure) if is_absent(&failure) => {
                    let mut state = self.state();
                    if let Some(project) = state.known(&path) {
                        project.changes.remove(&number);
                        batch.gone.push(FactId {
                            kind: crate::domain::fact::FactKind::ChangeRequest,
                            id: crate::domain::text::Clean::line(&format!(
                                "{}#{number}",
                                self.key(&path).as_str()
                            )),
                        });
                    }
                }
                Err(failure) => {
                    self.read_detail(&path, number);
                    without(failure, &mut batch)?;
                }
            }
        }
        self.state().turns.details += 1;
        Ok(batch)
    }

    /// Notes that a merge request is not to be asked for again before it changes.
    fn read_detail(&self, path: &str, number: u64) {
        let mut state = self.state();
        let project = state.known(path);
        if let Some(seen) = project.and_then(|project| project.changes.get_mut(&number)) {
            seen.detail_for = Some(seen.fact.updated_at);
            seen.wanted = false;
        }
    }

    async fn detail(
        &self,
        path: &str,
        number: u64,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let part = self.part(path);
        let iid = number.to_string();
        let route = ["projects", &part, "merge_requests", &iid];
        let (found, _) = self.one::<wire::MergeRequest>(&route, &[], poll).await?;
        let is_open = found.state.as_deref() == Some("opened");
        let review = if is_open {
            self.review(path, &part, &iid, poll).await?
        } else {
            None
        };
        let closes = self.closes(path, &part, &found, poll).await?;
        let repo = self.key(path);
        let mut state = self.state();
        let Some(project) = state.known(path) else {
            return Ok(());
        };
        let repo = if repo.path() == project.path {
            repo
        } else {
            self.key(&project.path)
        };
        let before = project.changes.get(&number);
        let newer = before.and_then(|seen| seen.pipeline);
        let pipeline = found.head_pipeline.as_ref();
        let told = pipeline.map_or(Checks::None, |it| work::checks(it.status.as_deref()));
        // A pipeline that was seen meanwhile is newer than what this answer knows.
        let is_older = newer > pipeline.map(|it| it.id);
        let known = before.and_then(|seen| seen.detail.checks.clone());
        let checks = if is_older {
            known.unwrap_or(told)
        } else {
            told
        };
        let detail = work::Detail {
            review,
            checks: Some(checks),
            closes,
        };
        let fact = work::change(&repo, &found, &detail);
        batch
            .facts
            .push(Fact::ChangeRequest(Box::new(fact.clone())));
        project.see_change(ChangeSeen {
            detail_for: Some(fact.updated_at),
            detail,
            wanted: false,
            pipeline: newer.max(pipeline.map(|it| it.id)),
            fact,
        });
        if let Some(pipeline) = pipeline {
            batch.facts.extend(self.head(project, pipeline, number));
        }
        Ok(())
    }

    /// Takes in the newest pipeline of a merge request: it judges its head, even where it runs on
    /// a merge of it.
    fn head(
        &self,
        project: &mut Project,
        wire: &super::wire_ci::Pipeline,
        number: u64,
    ) -> Option<Fact> {
        let other = wire.project_id.is_some() && wire.project_id != project.id;
        if other {
            // It ran in a fork.
            return None;
        }
        let seen = super::runs::seen(&self.key(&project.path), project, wire, Some(number))?;
        let run = seen.run.clone();
        project.see_run(seen);
        Some(Fact::Run(run))
    }

    /// Reads approvals, where the server has them.
    async fn review(
        &self,
        path: &str,
        part: &str,
        iid: &str,
        poll: Poll,
    ) -> Result<Option<crate::domain::change_request::Review>, Failure> {
        if self.state().is_hidden(path, super::APPROVALS, poll.now) {
            return Ok(None);
        }
        let route = ["projects", part, "merge_requests", iid, "approvals"];
        match self.one::<wire::Approvals>(&route, &[], poll).await {
            Ok((approvals, _)) => {
                self.port.can(super::APPROVALS, CapabilityState::Available);
                Ok(Some(work::review(&approvals)))
            }
            Err(failure) if is_refusal(&failure) => {
                if !self.port.did(super::APPROVALS) {
                    let why = refused(&failure, "`read_api`");
                    self.port
                        .can(super::APPROVALS, CapabilityState::Missing(why));
                }
                self.state().hide(path, super::APPROVALS, poll.now);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads which issues it closes, where its texts name any.
    async fn closes(
        &self,
        path: &str,
        part: &str,
        found: &wire::MergeRequest,
        poll: Poll,
    ) -> Result<Vec<TicketKey>, Failure> {
        if !links::may_close(work::texts(found)) {
            return Ok(Vec::new());
        }
        let iid = found.iid.to_string();
        let route = ["projects", part, "merge_requests", &iid, "closes_issues"];
        let query = [("per_page", "100")];
        let listed = match self.list::<wire::Numbered>(&route, &query, 1, poll).await {
            Ok(listed) => listed,
            Err(failure) if is_refusal(&failure) => return Ok(Vec::new()),
            Err(failure) => return Err(failure),
        };
        let state = self.state();
        let tickets = listed.list.items.iter().map(|issue| {
            let full = issue.references.as_ref().and_then(|it| it.full.as_deref());
            let by_id = issue.project_id.and_then(|id| state.by_id.get(&id));
            let known = by_id.and_then(|path| state.projects.get(path));
            let place = known.map(|project| project.path.as_str());
            let place = place.or_else(|| full.and_then(project_of)).unwrap_or(path);
            TicketKey::Numbered {
                repo: self.key(place),
                number: issue.iid,
            }
        });
        Ok(tickets.collect())
    }
}

/// Returns the merge request that a pipeline's reference names.
pub(super) fn of_ref(wire: &super::wire_ci::Pipeline) -> Option<u64> {
    ci::judged(wire.git_ref.as_deref())
}
