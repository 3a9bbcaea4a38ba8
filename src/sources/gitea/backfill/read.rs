//! Asks for one page of the past, and hands a repository over when all of it was read.

use super::super::Gitea;
use super::super::api::{Asked, below, is_last, is_missing, rfc3339};
use super::super::checks;
use super::super::map::runs as map;
use super::super::map::{self as records, delivery, work};
use super::super::pulls::boxed;
use super::super::server::Way;
use super::super::wire;
use super::super::wire_actions::{RunPage, TaskPage};
use super::{Page, Part, Pasts, whole};
use crate::domain::change_request::ChangeState;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::backfill::Told;
use crate::sources::detail::is_detail;
use crate::sources::http::{Failure, List};
use crate::sources::needs::PAST;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// Of how many pull requests the times are read in one fetch.
pub(super) const TIMES: usize = 4;

/// Of how many commits the statuses are read in one fetch.
pub(super) const STATUSES: usize = 10;

/// Why a page was not read: its list may not be, or trouble.
enum Stopped {
    /// The list is off, not shown, or unknown to this version.
    Absent,
    /// Anything else.
    Failed(SourceError),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        if is_missing(&failure) || matches!(failure.status, Some(400 | 403 | 405 | 409 | 422)) {
            return Self::Absent;
        }
        Self::Failed(failure.error)
    }
}

impl From<SourceError> for Stopped {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

/// One page of the past that is being read.
struct Reading<'a> {
    gitea: &'a Gitea,
    key: RepoKey,
    page: &'a Page,
    asked: Asked,
}

impl Gitea {
    /// Reads one page of the past of one repository; the last one hands all of it over.
    pub(in crate::sources::gitea) async fn backfill(
        &self,
        asked: Asked,
    ) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let (page, path) = {
            let state = self.state();
            let Some(page) = state.past_page() else {
                return Ok(batch);
            };
            let spelled = state.repos.get(&page.path).map(|repo| repo.path.clone());
            let path = spelled.unwrap_or_else(|| page.path.clone());
            (page, path)
        };
        let reading = Reading {
            gitea: self,
            key: self.key(&path),
            page: &page,
            // It is asked once: keeping its text would be waste.
            asked: Asked {
                ask: Ask {
                    conditional: false,
                    ..asked.ask
                },
                ..asked
            },
        };
        match reading.part(&mut batch).await {
            Ok(told) => reading.took(Some(told), &mut batch),
            // Of a list that was begun a part is no whole.
            Err(Stopped::Absent) if page.at.after.is_some() => {
                reading.lost("a list of it is shown no further", &mut batch);
            }
            Err(Stopped::Absent) => reading.took(None, &mut batch),
            Err(Stopped::Failed(error)) => {
                let is_lost = self.state().pasts.all.fail(&page, &error, asked.now);
                if !is_lost {
                    return Err(error);
                }
                reading.lost(&error.to_string(), &mut batch);
            }
        }
        Ok(batch)
    }
}

impl Reading<'_> {
    /// Takes in a page; with the last one the repository is told.
    fn took(&self, told: Option<Told>, batch: &mut Batch) {
        let mut state = self.gitea.state();
        let Pasts { all, tasks } = &mut state.pasts;
        if self.page.step == 0 {
            tasks.clear();
        }
        let Some(read) = all.take(self.page, told) else {
            return;
        };
        let tasks = std::mem::take(tasks);
        drop(state);
        self.gitea.port.can(PAST, CapabilityState::Available);
        if read.since.is_none() {
            let text = format!(
                "`{}`: more of its past is there than is read: history tells its runs alone",
                self.key.path()
            );
            batch.warnings.push(self.gitea.port.shown(&text));
        }
        batch.past_of = Clean::line(&self.page.path);
        batch.past_from = read.since;
        batch.past_runs_from = read.runs_since;
        batch.past = whole::told(&self.key, read.facts(), &tasks, self.asked.now);
    }

    /// Gives up a repository for now: one costs no other, and history is no reason to call a
    /// source ill.
    fn lost(&self, why: &str, batch: &mut Batch) {
        let text = format!("the past of `{}` is not read: {why}", self.key.path());
        batch.warnings.push(self.gitea.port.shown(&text));
        let mut state = self.gitea.state();
        state.pasts.tasks.clear();
        state.pasts.all.lose(self.page, self.asked.now);
    }

    async fn part(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        match self.page.at.part {
            Part::Changes => self.changes(batch).await,
            Part::Times => self.times().await,
            Part::Issues => self.issues(batch).await,
            Part::Commits => self.commits(batch).await,
            Part::Releases => self.releases(batch).await,
            Part::Statuses => self.statuses(batch).await,
            Part::Runs => self.runs(batch).await,
        }
    }

    /// Returns the number of the page, from 1.
    fn number(&self) -> usize {
        let after = self.page.at.after.as_deref();
        after.map_or(Ok(1), str::parse).unwrap_or(1)
    }

    /// Reads a page of a list; returns it, and how many records it had and where the next one is.
    ///
    /// Pages are counted, and a server may cut them shorter than they were asked for: what was
    /// seen before is at least as many of those.
    async fn list<P: serde::de::DeserializeOwned, T>(
        &self,
        parts: &[&str],
        query: &[(&str, &str)],
        take: impl Fn(P) -> List<T>,
    ) -> Result<(List<T>, Told), Failure> {
        let parts = below(self.key.path(), parts);
        let number = self.number();
        let size = self.gitea.state().page;
        let (page, limit) = (number.to_string(), size.to_string());
        let paging = [("page", page.as_str()), ("limit", limit.as_str())];
        let query: Vec<_> = query.iter().chain(&paging).copied().collect();
        let (read, answer) = self.gitea.one::<P>(&parts, &query, self.asked).await?;
        let list = take(read);
        let path = self.gitea.url(&parts, &[]);
        let fits = self.gitea.port.fits(path.path(), &list);
        fits.map_err(Failure::of)?;
        let count = list.items.len() + list.bad_count;
        let seen = number * count;
        let ends = is_last(&answer.headers, (seen, count, size));
        let told = Told {
            count,
            next: (!ends).then(|| (number + 1).to_string()),
            ..Told::default()
        };
        Ok((list, told))
    }

    fn warn<T>(&self, what: &str, list: &List<T>, batch: &mut Batch) {
        let what = format!("{what} of the past");
        self.gitea.warn_of(&self.key, &what, list, batch);
    }

    async fn changes(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let query = [("state", "closed"), ("sort", "recentupdate")];
        let take = |list: List<wire::Pull>| list;
        let (list, told) = self.list(&["pulls"], &query, take).await?;
        self.warn("pull requests", &list, batch);
        let made = self.gitea.made(&self.key, &list.items, self.asked.now);
        let ended = made.into_iter().filter(|change| {
            let over = matches!(change.state, ChangeState::Merged | ChangeState::Closed);
            let end = change.merged_at.or(change.closed_at);
            over && end.is_some_and(|at| at >= self.page.from)
        });
        Ok(Told {
            facts: ended.map(boxed).collect(),
            last: list.items.last().map(|pull| pull.updated_at),
            ..told
        })
    }

    /// Reads the times of the pull requests that were told, some at a time.
    async fn times(&self) -> Result<Told, Stopped> {
        let begun = self.number() - 1;
        let (due, all) = {
            let state = self.gitea.state();
            let at_hand = state.pasts.all.at_hand(self.page);
            let facts = at_hand.map_or(&[][..], |it| it.facts.as_slice());
            let numbers: Vec<u64> = facts.iter().filter_map(change).collect();
            let due: Vec<u64> = numbers.iter().skip(begun).take(TIMES).copied().collect();
            (due, numbers.len())
        };
        let mut facts = Vec::new();
        for number in &due {
            let read = self.gitea.times_of(&self.key, *number, self.asked).await;
            match read {
                Ok(told) => facts.extend(told),
                // It was deleted since, or is not for us.
                Err(failure) if is_detail(&failure.error) => {}
                Err(failure) => return Err(failure.error.into()),
            }
        }
        let to = begun + due.len();
        Ok(Told {
            facts,
            count: due.len(),
            last: None,
            next: (to < all).then(|| (to + 1).to_string()),
        })
    }

    async fn issues(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let since = rfc3339(self.page.from);
        let query = [
            ("type", "issues"),
            ("state", "closed"),
            ("since", since.as_str()),
        ];
        let take = |list: List<wire::Issue>| list;
        let (list, told) = self.list(&["issues"], &query, take).await?;
        self.warn("issues", &list, batch);
        let found = list
            .items
            .iter()
            .filter_map(|wire| work::ticket(&self.key, wire));
        let closed = found.filter(|it| it.closed_at.is_some_and(|at| at >= self.page.from));
        // By when they were made, not by when they changed: the server keeps to the window.
        Ok(Told {
            facts: closed.map(Fact::Ticket).collect(),
            ..told
        })
    }

    async fn commits(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let branch = {
            let mut state = self.gitea.state();
            let repo = state.known(self.key.path());
            repo.and_then(|repo| repo.default_branch.clone())
        };
        let branch = branch.ok_or(Stopped::Absent)?;
        let since = rfc3339(self.page.from);
        let query = [
            ("sha", branch.as_str()),
            // Only newer servers take notice of it.
            ("since", since.as_str()),
            ("stat", "false"),
            ("verification", "false"),
            ("files", "false"),
        ];
        let take = |list: List<wire::Commit>| list;
        let (list, told) = self.list(&["commits"], &query, take).await?;
        self.warn("commits", &list, batch);
        let found = list.items.iter();
        let found = found.filter_map(|wire| records::commit(&self.key, &branch, wire));
        let found: Vec<_> = found.collect();
        Ok(Told {
            last: found.last().and_then(|commit| commit.committed_at),
            facts: found.into_iter().map(Fact::Commit).collect(),
            ..told
        })
    }

    async fn releases(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let take = |list: List<wire::Release>| list;
        let (list, told) = self.list(&["releases"], &[], take).await?;
        self.warn("releases", &list, batch);
        if list.items.is_empty() {
            return Ok(told);
        }
        let tags = self.gitea.tags(&self.key, self.asked, batch).await?;
        let facts = list.items.iter().map(|wire| {
            let tagged = tags.get(&wire.tag_name).cloned();
            Fact::Release(delivery::release(
                &self.key,
                wire,
                tagged.filter(|_| !wire.draft),
            ))
        });
        Ok(Told {
            facts: facts.collect(),
            last: list.items.last().map(|wire| wire.created_at),
            ..told
        })
    }

    /// Reads the statuses of the commits that were told, some at a time.
    async fn statuses(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let begun = self.number() - 1;
        let marked = {
            let state = self.gitea.state();
            let at_hand = state.pasts.all.at_hand(self.page);
            whole::marked(at_hand.map_or(&[][..], |it| it.facts.as_slice()))
        };
        let mut told = Batch::default();
        let due: Vec<_> = marked.iter().skip(begun).take(STATUSES).collect();
        for sha in &due {
            let combined = self.gitea.combined(&self.key, sha, self.asked, batch);
            let Some(combined) = combined.await? else {
                continue;
            };
            // What ran there its own system tells better: a status has no end.
            checks::deployments(&self.key, (sha, &combined), &mut told);
        }
        let to = begun + due.len();
        Ok(Told {
            facts: told.facts,
            count: due.len(),
            last: None,
            next: (to < marked.len()).then(|| (to + 1).to_string()),
        })
    }

    /// Reads a page of runs, of servers that have no such list a page of tasks.
    async fn runs(&self, batch: &mut Batch) -> Result<Told, Stopped> {
        let now = self.asked.now;
        if self.gitea.state().ways.may(Way::Runs, now) {
            let take = |page: RunPage| page.workflow_runs;
            match self.list(&["actions", "runs"], &[], take).await {
                Ok((list, told)) => {
                    self.warn("runs", &list, batch);
                    // One without a time was never at work.
                    let runs = list.items.iter().filter(|wire| {
                        let times = [wire.created_at, wire.started_at, wire.updated_at];
                        times.iter().any(Option::is_some)
                    });
                    let runs = runs.map(|wire| map::run(&self.key, wire, self.page.from));
                    let runs: Vec<_> = runs.collect();
                    let oldest = runs.last().map(|run| run.created_at);
                    let within = runs
                        .into_iter()
                        .filter(|run| run.created_at >= self.page.from);
                    return Ok(Told {
                        facts: within.map(Fact::Run).collect(),
                        last: oldest,
                        ..told
                    });
                }
                Err(failure) if self.gitea.lacks(Way::Runs, &failure, now) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        if !self.gitea.state().ways.may(Way::Tasks, now) {
            return Err(Stopped::Absent);
        }
        let take = |page: TaskPage| page.workflow_runs;
        let (list, told) = self.list(&["actions", "tasks"], &[], take).await?;
        self.warn("runs", &list, batch);
        let oldest = list.items.last().map(|task| task.created_at);
        let mut state = self.gitea.state();
        let Pasts { all, tasks } = &mut state.pasts;
        if all.at_hand(self.page).is_some() {
            let within = list.items.into_iter();
            tasks.extend(within.filter(|task| task.created_at >= self.page.from));
        }
        Ok(Told {
            last: oldest,
            ..told
        })
    }
}

/// Returns the number of a pull request that was told.
fn change(fact: &Fact) -> Option<u64> {
    let Fact::ChangeRequest(change) = fact else {
        return None;
    };
    Some(change.number)
}
