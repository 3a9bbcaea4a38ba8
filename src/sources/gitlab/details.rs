//! What lists do not tell of a merge request: approvals, its newest pipeline, what it closes.
//!
//! Two or three requests each, the newest first, once for each change of it.

use super::api::{Poll, is_absent, is_refusal, refused};
use super::map::{ci, links, project_of, work};
use super::records::numbered;
use super::state::{ChangeSeen, Project, State};
use super::work::Kind;
use super::{GitLab, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeState, Checks, MergeState, Review};
use crate::domain::fact::Fact;
use crate::domain::ticket::TicketKey;
use crate::sources::detail::{Places, absent, is_detail, is_of_place};
use crate::sources::http::Failure;
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many merge requests are read in one fetch.
const AT_ONCE: usize = 6;

/// What one fetch of details probably costs.
pub(super) const COST: u32 = 15;

/// How many days after its last change a merge request is still read at once; older ones wait.
const FRESH_DAYS: i64 = 14;

/// How soon it is asked again whether a merge request could be merged, where that is not worked out.
const SETTLE_SECS: i64 = 60;

/// How often that is.
const MOST_TRIES: u8 = 5;

/// After how many minutes one is asked for again that the host could not tell.
const AGAIN_MINS: i64 = 10;

/// Which merge request: the project's path in lower case, and the number.
type Which = (String, u64);

impl State {
    /// Returns the merge requests whose details are to be read, the newest first.
    fn due_details(&self, now: Timestamp, fresh: bool) -> Vec<Which> {
        let mut due: Vec<(Timestamp, Which)> = Vec::new();
        for (path, project) in &self.projects {
            for seen in project.changes.values().filter(|seen| seen.is_due(now)) {
                let at = seen.fact.updated_at;
                if ((now - at).num_days() < FRESH_DAYS) == fresh {
                    due.push((at, (path.clone(), seen.fact.number)));
                }
            }
        }
        due.sort_by(|a, b| b.cmp(a));
        due.into_iter().map(|(_, which)| which).collect()
    }

    /// Returns the merge requests that wait for reviewers, the longest ago first.
    fn reviews(&self, now: Timestamp) -> Vec<Which> {
        let mut due: Vec<(Option<Timestamp>, Which)> = Vec::new();
        for (path, project) in &self.projects {
            let waiting = project.changes.values();
            for seen in waiting.filter(|seen| seen.waits_for_review(now)) {
                let at = seen.asked.map(|(at, _)| at);
                due.push((at, (path.clone(), seen.fact.number)));
            }
        }
        due.sort();
        due.into_iter().map(|(_, which)| which).collect()
    }

    /// Returns whether any merge request waits for reviewers.
    pub(super) fn has_reviews(&self, now: Timestamp) -> bool {
        let mut projects = self.projects.values();
        projects.any(|it| it.changes.values().any(|seen| seen.waits_for_review(now)))
    }

    /// Returns whether any merge request is to be read.
    pub(super) fn has_due_details(&self, now: Timestamp, fresh: bool) -> bool {
        let is_of = |seen: &ChangeSeen| {
            seen.is_due(now) && ((now - seen.fact.updated_at).num_days() < FRESH_DAYS) == fresh
        };
        let mut projects = self.projects.values();
        projects.any(|project| project.changes.values().any(is_of))
    }
}

impl ChangeSeen {
    /// What has ended waits for nothing: what was known of it stays. Whether it could be merged
    /// is worked out once somebody asks, so that it is asked for again a little later.
    fn is_due(&self, now: Timestamp) -> bool {
        let unread = self.detail_for != Some(self.fact.updated_at);
        let unsettled = matches!(self.fact.merge_state, MergeState::Unknown(_));
        let again = self.asked.is_some_and(|(at, tries)| {
            unsettled && tries < MOST_TRIES && (now - at).num_seconds() >= SETTLE_SECS
        });
        let is_due = self.wanted || unread || again;
        self.fact.state == ChangeState::Open && is_due && self.may_be_asked(now)
    }

    /// One that the host could not tell waits, and takes no turn of the others.
    fn may_be_asked(&self, now: Timestamp) -> bool {
        let age = self.failed_at.map(|at| (now - at).num_minutes());
        age.is_none_or(|age| age >= AGAIN_MINS)
    }

    /// Notes that it is not to be asked for again before it changes.
    fn is_read(&mut self) {
        self.detail_for = Some(self.fact.updated_at);
        self.wanted = false;
    }

    /// An approval need not be a change of the merge request.
    fn waits_for_review(&self, now: Timestamp) -> bool {
        let waits = match self.fact.review {
            Review::Required | Review::NotRequired | Review::ChangesRequested => {
                !self.fact.reviewers.is_empty() || self.fact.review == Review::Required
            }
            Review::Approved | Review::Unknown(_) => false,
        };
        let age = (now - self.fact.updated_at).num_days();
        let is_open = self.fact.state == ChangeState::Open && !self.fact.draft;
        is_open && waits && age < FRESH_DAYS && self.may_be_asked(now)
    }

    /// Notes that it was asked for.
    fn was_asked(&mut self, before: Option<(Timestamp, u8)>, now: Timestamp) {
        let unsettled = matches!(self.fact.merge_state, MergeState::Unknown(_));
        let tries = before.map_or(0, |(_, tries)| tries);
        let tries = if unsettled {
            tries.saturating_add(1)
        } else {
            0
        };
        self.asked = Some((now, tries));
    }
}

impl GitLab {
    /// Reads the details of merge requests that changed.
    pub(super) async fn details(
        &self,
        fresh: bool,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let due = self.state().due_details(poll.now, fresh);
        self.details_of(due, poll, batch).await?;
        self.state().turns.details += 1;
        Ok(())
    }

    /// Looks again at merge requests that wait for reviewers.
    pub(super) async fn reviews(&self, poll: Poll, batch: &mut Batch) -> Result<(), SourceError> {
        let due = self.state().reviews(poll.now);
        self.details_of(due, poll, batch).await
    }

    async fn details_of(
        &self,
        due: Vec<Which>,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let mut places = Places::default();
        for (path, number) in due.into_iter().take(AT_ONCE) {
            match self.detail(&path, number, poll, batch).await {
                Err(failure) if is_refusal(&failure) => {
                    let asked = self.not_shown(&path, number, failure, poll, batch).await;
                    if asked.is_err() && !places.take(asked) {
                        break;
                    }
                }
                Err(failure) if is_detail(&failure.error) => {
                    self.with_change(&path, number, ChangeSeen::is_read);
                    absent(failure, batch)?;
                }
                asked => {
                    let error = asked.as_ref().err().map(|failure| &failure.error);
                    if error.is_some_and(is_of_place) {
                        let failed_at = Some(poll.now);
                        self.with_change(&path, number, |seen| seen.failed_at = failed_at);
                    }
                    if !places.take(asked.map_err(|failure| failure.error)) {
                        break;
                    }
                }
            }
        }
        places.end(batch, |text| self.port.shown(text))
    }

    /// Takes in that a merge request is not there, or not shown: it is gone where its project is
    /// there and it is not; else it stays as it was, and is asked for again.
    async fn not_shown(
        &self,
        path: &str,
        number: u64,
        failure: Failure,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let is_there = self.is_there(path, poll).await;
        let mut state = self.state();
        let Some(project) = state.known(path) else {
            return Ok(());
        };
        if is_there == Ok(true) && is_absent(&failure) {
            project.changes.remove(&number);
            let key = self.key(path);
            batch.gone.push(numbered(Kind::Changes, &key, number));
            return Ok(());
        }
        if let Some(seen) = project.changes.get_mut(&number) {
            seen.failed_at = Some(poll.now);
        }
        if is_there? {
            project.ails(super::CHANGES, failure.error);
        }
        Ok(())
    }

    fn with_change(&self, path: &str, number: u64, change: impl FnOnce(&mut ChangeSeen)) {
        let mut state = self.state();
        let project = state.known(path);
        if let Some(seen) = project.and_then(|project| project.changes.get_mut(&number)) {
            change(seen);
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
        let before = before.and_then(|seen| seen.asked);
        let mut seen = ChangeSeen {
            detail_for: Some(fact.updated_at),
            asked: None,
            detail,
            wanted: false,
            pipeline: newer.max(pipeline.map(|it| it.id)),
            failed_at: None,
            fact,
        };
        seen.was_asked(before, poll.now);
        project.see_change(seen);
        project.read_change();
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
    ) -> Result<Option<Review>, Failure> {
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
