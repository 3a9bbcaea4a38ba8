//! Asks for one page of the past, and hands a project over when all of it was read.

use url::Url;

use super::super::api::{Poll, is_refusal, moment};
use super::super::map::{delivery, work};
use super::super::{GitLab, details, runs, wire, wire_ci};
use super::{Page, Part, Pasts, whole};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::sources::backfill::Told;
use crate::sources::detail::is_detail;
use crate::sources::http::{Failure, List};
use crate::sources::needs::PAST;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// Why a page was not read: its list may not be, or trouble.
pub(super) enum Stopped {
    /// The list is off or not shown.
    Absent,
    /// Anything else.
    Failed(SourceError),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        // A server that knows no such question has no such list for us.
        if is_refusal(&failure) || failure.status == Some(400) {
            return Self::Absent;
        }
        Self::Failed(failure.error)
    }
}

impl GitLab {
    /// Reads one page of the past of one project; the last one hands all of it over.
    pub(in crate::sources::gitlab) async fn backfill(
        &self,
        poll: Poll,
    ) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let Some(page) = self.state().past_page() else {
            return Ok(batch);
        };
        // It is asked once: keeping its text would be waste.
        let poll = Poll {
            ask: Ask {
                conditional: false,
                ..poll.ask
            },
            ..poll
        };
        match self.past_part(&page, poll, &mut batch).await {
            Ok(told) => self.took(&page, Some(told), &mut batch),
            // Of a list that was begun a part is no whole.
            Err(Stopped::Absent) if page.at.after.is_some() => {
                self.lost(&page, "a list of it is shown no further", poll, &mut batch);
            }
            Err(Stopped::Absent) => self.took(&page, None, &mut batch),
            Err(Stopped::Failed(error)) if is_detail(&error) => {
                self.lost(&page, &error.to_string(), poll, &mut batch);
            }
            Err(Stopped::Failed(error)) => return Err(error),
        }
        Ok(batch)
    }

    /// Gives up a project for now: one costs no other, and history is no reason to call a source
    /// ill.
    fn lost(&self, page: &Page, why: &str, poll: Poll, batch: &mut Batch) {
        let text = format!("the past of `{}` is not read: {why}", page.path);
        batch.warnings.push(self.port.shown(&text));
        let mut state = self.state();
        state.pasts.jobs.clear();
        state.pasts.all.lose(page, poll.now);
    }

    /// Takes in a page; with the last one the project is told.
    fn took(&self, page: &Page, told: Option<Told>, batch: &mut Batch) {
        let mut state = self.state();
        let Pasts { all, jobs } = &mut state.pasts;
        if page.step == 0 {
            jobs.clear();
        }
        let Some(read) = all.take(page, told) else {
            return;
        };
        let jobs = std::mem::take(jobs);
        drop(state);
        self.port.can(PAST, CapabilityState::Available);
        batch.past_from = Some(read.since);
        batch.past_runs_from = read.runs_since;
        batch.past = whole::told(&page.path, read.facts(), jobs);
    }

    async fn past_part(&self, page: &Page, poll: Poll, batch: &mut Batch) -> Result<Told, Stopped> {
        let key = self.key(&self.spelled(&page.path));
        let part = self.part(&page.path);
        match page.at.part {
            Part::Changes => self.past_changes(&key, &part, page, poll, batch).await,
            Part::Times => self.past_times(&key, page, poll).await,
            Part::Issues => self.past_issues(&key, &part, page, poll, batch).await,
            Part::Commits => self.past_commits(&key, &part, page, poll, batch).await,
            Part::Deployments => self.past_deployments(&key, &part, page, poll, batch).await,
            Part::Releases => self.past_releases(&key, &part, page, poll, batch).await,
            Part::Runs => self.past_runs(&key, &part, page, poll, batch).await,
            Part::Jobs => self.past_jobs(&part, page, poll).await,
        }
    }

    /// Reads a page of a list: the first by its route, those after it where the server leads.
    async fn past_list<T: serde::de::DeserializeOwned>(
        &self,
        (route, query): (&[&str], &[(&str, &str)]),
        page: &Page,
        poll: Poll,
    ) -> Result<(List<T>, Option<String>), Stopped> {
        let next = page.at.after.as_deref();
        let next = next.and_then(|next| Url::parse(next).ok());
        let url = next.unwrap_or_else(|| self.url(route, query));
        let (list, next) = self.page::<T>(url, poll).await?;
        Ok((list, next.map(String::from)))
    }

    fn warn_past<T>(&self, key: &RepoKey, what: &str, list: &List<T>, batch: &mut Batch) {
        self.warn(&format!("{key}: {what} of the past"), list, batch);
    }

    async fn past_changes(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let after = moment(page.from);
        let route = ["projects", part, "merge_requests"];
        let query = [
            ("state", "all"),
            ("scope", "all"),
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire::MergeRequest>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "merge requests", &list, batch);
        let ended = list.items.iter().filter(|wire| {
            let end = wire.merged_at.or(wire.closed_at);
            end.is_some_and(|at| at >= page.from)
        });
        let facts = ended.map(|wire| {
            let change = work::change(key, wire, &work::Detail::default());
            Fact::ChangeRequest(Box::new(change))
        });
        Ok(Told {
            facts: facts.collect(),
            last: list.items.last().map(|wire| wire.updated_at),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    async fn past_issues(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let after = moment(page.from);
        let route = ["projects", part, "issues"];
        let query = [
            ("state", "closed"),
            ("scope", "all"),
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire::Issue>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "issues", &list, batch);
        let closed = list
            .items
            .iter()
            .filter(|wire| wire.closed_at.is_some_and(|at| at >= page.from));
        let facts = closed.filter_map(|wire| work::ticket(key, wire));
        Ok(Told {
            facts: facts.map(Fact::Ticket).collect(),
            last: list.items.last().map(|wire| wire.updated_at),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    async fn past_commits(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let branch = self.of(key, |project| project.default_branch.clone());
        let branch = branch.ok_or(Stopped::Absent)?;
        let since = moment(page.from);
        let route = ["projects", part, "repository", "commits"];
        let query = [
            ("ref_name", branch.as_str()),
            ("since", since.as_str()),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire::Commit>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "commits", &list, batch);
        let items = list.items.iter();
        let facts = items.filter_map(|wire| delivery::commit(key, &branch, wire));
        Ok(Told {
            facts: facts.map(Fact::Commit).collect(),
            // By its graph, not by time: the server keeps to the window.
            last: list.items.last().and_then(|wire| wire.committed_date),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    /// Those from before the window come along: what was there before the first one of it says
    /// what that one brought.
    async fn past_deployments(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let route = ["projects", part, "deployments"];
        let query = [
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire_ci::Deployment>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "deployments", &list, batch);
        let shown = list.items.iter().filter(|wire| {
            let place = wire.environment.as_ref();
            place.is_some_and(|place| !delivery::is_review(&place.name))
        });
        let facts = shown.filter_map(|wire| delivery::deployment(key, wire));
        let oldest = list.items.last();
        Ok(Told {
            facts: facts.map(Fact::Deployment).collect(),
            last: oldest.map(|wire| wire.updated_at.unwrap_or(wire.created_at)),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    async fn past_releases(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let route = ["projects", part, "releases"];
        let query = [
            ("order_by", "released_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire_ci::Release>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "releases", &list, batch);
        let items = list.items.iter();
        let facts = items.filter_map(|wire| delivery::release(key, wire));
        let oldest = list.items.last();
        Ok(Told {
            facts: facts.map(Fact::Release).collect(),
            last: oldest.and_then(|wire| wire.released_at.or(wire.created_at)),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    async fn past_runs(
        &self,
        key: &RepoKey,
        part: &str,
        page: &Page,
        poll: Poll,
        batch: &mut Batch,
    ) -> Result<Told, Stopped> {
        let after = moment(page.from);
        let route = ["projects", part, "pipelines"];
        let query = [
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire_ci::Pipeline>((&route, &query), page, poll)
            .await?;
        self.warn_past(key, "pipelines", &list, batch);
        let mut project = {
            let state = self.state();
            let facts = state.pasts.all.at_hand(page).map(|it| it.facts.as_slice());
            whole::shadow(&page.path, facts.unwrap_or_default())
        };
        let mut facts = Vec::with_capacity(list.items.len());
        for wire in &list.items {
            let seen = runs::seen(key, &project, wire, details::of_ref(wire));
            let seen = seen.filter(|seen| seen.run.created_at >= page.from);
            let Some(seen) = seen else { continue };
            whole::judged(&mut project, &seen.run);
            facts.push(Fact::Run(seen.run));
        }
        Ok(Told {
            facts,
            last: list.items.last().and_then(|wire| wire.updated_at),
            count: list.items.len() + list.bad_count,
            next,
        })
    }

    /// Reads a page of the jobs of all pipelines, the newest first.
    async fn past_jobs(&self, part: &str, page: &Page, poll: Poll) -> Result<Told, Stopped> {
        let route = ["projects", part, "jobs"];
        let query = [
            ("include_retried", "true"),
            ("pagination", "keyset"),
            ("order_by", "id"),
            ("sort", "desc"),
            ("per_page", "100"),
        ];
        let (list, next) = self
            .past_list::<wire_ci::Job>((&route, &query), page, poll)
            .await?;
        let told = Told {
            facts: Vec::new(),
            last: list.items.last().and_then(|wire| wire.created_at),
            count: list.items.len() + list.bad_count,
            next,
        };
        let mut state = self.state();
        let Pasts { all, jobs } = &mut state.pasts;
        if all.at_hand(page).is_some() {
            for job in list.items {
                if let Some(pipeline) = &job.pipeline {
                    jobs.entry(pipeline.id).or_default().push(job);
                }
            }
        }
        Ok(told)
    }
}
