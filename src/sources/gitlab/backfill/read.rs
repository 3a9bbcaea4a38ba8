//! Asks for one page of the past, and hands a project over when all of it was read.

use url::Url;

use super::super::api::{Poll, is_refusal, moment};
use super::super::map::{delivery, work};
use super::super::{GitLab, details, runs, wire, wire_ci};
use super::{Page, Part, Pasts, whole};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::backfill::Told;
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

/// A page that is to be read: of which project, and where goes what is odd about it.
struct Reading<'a> {
    key: RepoKey,
    /// The project as its routes name it.
    project: String,
    page: &'a Page,
    poll: Poll,
    batch: &'a mut Batch,
}

/// A page of a list that was read.
struct Leaf<T> {
    list: List<T>,
    next: Option<String>,
}

impl<T> Leaf<T> {
    fn told(self, last: Option<Timestamp>, facts: Vec<Fact>) -> Told {
        Told {
            facts,
            last,
            count: self.list.items.len() + self.list.bad_count,
            next: self.next,
        }
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
            Err(Stopped::Failed(error)) => {
                let is_lost = self.state().pasts.all.fail(&page, &error, poll.now);
                if !is_lost {
                    return Err(error);
                }
                self.lost(&page, &error.to_string(), poll, &mut batch);
            }
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
        batch.past_of = Clean::line(&page.path);
        batch.past_from = read.since;
        batch.past_runs_from = read.runs_since;
        batch.past = whole::told(&page.path, read.facts(), jobs);
    }

    async fn past_part(&self, page: &Page, poll: Poll, batch: &mut Batch) -> Result<Told, Stopped> {
        let key = self.key(&self.spelled(&page.path));
        let at = Reading {
            project: self.part(&page.path),
            key,
            page,
            poll,
            batch,
        };
        match page.at.part {
            Part::Changes => self.past_changes(at).await,
            Part::Times => self.past_times(&at.key, page, poll).await,
            Part::Issues => self.past_issues(at).await,
            Part::Commits => self.past_commits(at).await,
            Part::Deployments => self.past_deployments(at).await,
            Part::Releases => self.past_releases(at).await,
            Part::Runs => self.past_runs(at).await,
            Part::Jobs => self.past_jobs(at).await,
        }
    }

    /// Reads a page of a list: the first by its route, those after it where the server leads.
    async fn past_list<T: serde::de::DeserializeOwned>(
        &self,
        at: &mut Reading<'_>,
        what: &str,
        (list, query): (&[&str], &[(&str, &str)]),
    ) -> Result<Leaf<T>, Stopped> {
        let next = at.page.at.after.as_deref();
        let next = next.and_then(|next| Url::parse(next).ok());
        let route: Vec<&str> = ["projects", &at.project]
            .iter()
            .chain(list)
            .copied()
            .collect();
        let mut query = query.to_vec();
        query.push(("per_page", "100"));
        let url = next.unwrap_or_else(|| self.url(&route, &query));
        let (list, next) = self.page::<T>(url, at.poll).await?;
        self.warn(&format!("{}: {what} of the past", at.key), &list, at.batch);
        Ok(Leaf {
            list,
            next: next.map(String::from),
        })
    }

    async fn past_changes(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let after = moment(at.page.from);
        let query = [
            ("state", "all"),
            ("scope", "all"),
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
        ];
        let leaf: Leaf<wire::MergeRequest> = self
            .past_list(&mut at, "merge requests", (&["merge_requests"], &query))
            .await?;
        let ended = leaf.list.items.iter().filter(|wire| {
            let end = wire.merged_at.or(wire.closed_at);
            end.is_some_and(|end| end >= at.page.from)
        });
        let facts = ended.map(|wire| {
            let change = work::change(&at.key, wire, &work::Detail::default());
            Fact::ChangeRequest(Box::new(change))
        });
        let facts = facts.collect();
        let last = leaf.list.items.last().map(|wire| wire.updated_at);
        Ok(leaf.told(last, facts))
    }

    async fn past_issues(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let after = moment(at.page.from);
        let query = [
            ("state", "closed"),
            ("scope", "all"),
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
        ];
        let leaf: Leaf<wire::Issue> = self
            .past_list(&mut at, "issues", (&["issues"], &query))
            .await?;
        let items = leaf.list.items.iter();
        let closed = items.filter(|wire| wire.closed_at.is_some_and(|end| end >= at.page.from));
        let facts = closed.filter_map(|wire| work::ticket(&at.key, wire));
        let facts = facts.map(Fact::Ticket).collect();
        let last = leaf.list.items.last().map(|wire| wire.updated_at);
        Ok(leaf.told(last, facts))
    }

    async fn past_commits(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let branch = self.of(&at.key, |project| project.default_branch.clone());
        let branch = branch.ok_or(Stopped::Absent)?;
        let since = moment(at.page.from);
        let query = [("ref_name", branch.as_str()), ("since", since.as_str())];
        let leaf: Leaf<wire::Commit> = self
            .past_list(&mut at, "commits", (&["repository", "commits"], &query))
            .await?;
        let items = leaf.list.items.iter();
        let facts = items.filter_map(|wire| delivery::commit(&at.key, &branch, wire));
        let facts = facts.map(Fact::Commit).collect();
        // By its graph, not by time: the server keeps to the window.
        let oldest = leaf.list.items.last();
        let last = oldest.and_then(|wire| wire.committed_date);
        Ok(leaf.told(last, facts))
    }

    /// Those from before the window come along: what was there before the first one of it says
    /// what that one brought.
    async fn past_deployments(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let query = [("order_by", "updated_at"), ("sort", "desc")];
        let leaf: Leaf<wire_ci::Deployment> = self
            .past_list(&mut at, "deployments", (&["deployments"], &query))
            .await?;
        let shown = leaf.list.items.iter().filter(|wire| {
            let place = wire.environment.as_ref();
            place.is_some_and(|place| !delivery::is_review(&place.name))
        });
        let facts = shown.filter_map(|wire| delivery::deployment(&at.key, wire));
        let facts = facts.map(Fact::Deployment).collect();
        let oldest = leaf.list.items.last();
        let last = oldest.map(|wire| wire.updated_at.unwrap_or(wire.created_at));
        Ok(leaf.told(last, facts))
    }

    async fn past_releases(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let query = [("order_by", "released_at"), ("sort", "desc")];
        let leaf: Leaf<wire_ci::Release> = self
            .past_list(&mut at, "releases", (&["releases"], &query))
            .await?;
        let items = leaf.list.items.iter();
        let facts = items.filter_map(|wire| delivery::release(&at.key, wire));
        let facts = facts.map(Fact::Release).collect();
        let oldest = leaf.list.items.last();
        let last = oldest.and_then(|wire| wire.released_at.or(wire.created_at));
        Ok(leaf.told(last, facts))
    }

    async fn past_runs(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let after = moment(at.page.from);
        let query = [
            ("updated_after", after.as_str()),
            ("order_by", "updated_at"),
            ("sort", "desc"),
        ];
        let leaf: Leaf<wire_ci::Pipeline> = self
            .past_list(&mut at, "pipelines", (&["pipelines"], &query))
            .await?;
        let page = at.page;
        let mut project = {
            let state = self.state();
            let facts = state.pasts.all.at_hand(page).map(|it| it.facts.as_slice());
            whole::shadow(&page.path, facts.unwrap_or_default())
        };
        let mut facts = Vec::with_capacity(leaf.list.items.len());
        for wire in &leaf.list.items {
            let seen = runs::seen(&at.key, &project, wire, details::of_ref(wire));
            let seen = seen.filter(|seen| seen.run.created_at >= page.from);
            let Some(seen) = seen else { continue };
            whole::judged(&mut project, &seen.run);
            facts.push(Fact::Run(seen.run));
        }
        let last = leaf.list.items.last().and_then(|wire| wire.updated_at);
        Ok(leaf.told(last, facts))
    }

    /// Reads a page of the jobs of all pipelines, the newest first.
    async fn past_jobs(&self, mut at: Reading<'_>) -> Result<Told, Stopped> {
        let query = [
            ("include_retried", "true"),
            ("pagination", "keyset"),
            ("order_by", "id"),
            ("sort", "desc"),
        ];
        let mut leaf: Leaf<wire_ci::Job> =
            self.past_list(&mut at, "jobs", (&["jobs"], &query)).await?;
        let read = std::mem::take(&mut leaf.list.items);
        let last = read.last().and_then(|wire| wire.created_at);
        let count = read.len();
        let mut state = self.state();
        let Pasts { all, jobs } = &mut state.pasts;
        if all.at_hand(at.page).is_some() {
            for job in read {
                if let Some(pipeline) = &job.pipeline {
                    jobs.entry(pipeline.id).or_default().push(job);
                }
            }
        }
        let told = leaf.told(last, Vec::new());
        Ok(Told {
            count: told.count + count,
            ..told
        })
    }
}
