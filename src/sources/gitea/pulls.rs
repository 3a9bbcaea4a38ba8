//! Change requests of one repository: lists, those that changed, and their reviews.

use std::collections::BTreeSet;

use super::Gitea;
use super::api::{Asked, below, is_whole};
use super::changes::there_now;
use super::map::delivery;
use super::map::work::{self, Around};
use super::noted::Noted;
use super::state::{WINDOW, is_settled};
use super::vanished::numbered;
use super::wire;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState, Checks, Review};
use crate::domain::fact::{Fact, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::detail::{Places, absent, is_of_place};
use crate::sources::http::{List, Pages};
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// How many pages of open pull requests are read.
const OPEN_PAGES: usize = 20;

/// How many pages of closed pull requests are read.
const CLOSED_PAGES: usize = 4;

/// Of how many pull requests the reviews are read in one fetch.
const REVIEWS: usize = 20;

/// How many pull requests are read by their numbers in one fetch.
const NUMBERED: usize = 10;

/// The capability, and the name of the resource.
pub(super) const PULLS: &str = "pulls";

/// What is known of a list of all that is open.
#[derive(Clone, Copy)]
struct OpenList {
    /// Whether it was read to its end.
    is_whole: bool,
    /// When it was begun, by the clock of the server.
    begun: Timestamp,
}

impl Gitea {
    /// Reads the pull requests of a repository.
    pub(super) async fn pulls(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let parts = below(path, &["pulls"]);
        let take = |list: List<wire::Pull>| list;
        let query = [("state", "open"), ("sort", "recentupdate")];
        let open = self.pages_at(&parts, &query, (OPEN_PAGES, asked), take);
        let (open, begun) = open.await.map_err(|failure| failure.error)?;
        let closed = self.ended(&parts, asked).await?;
        self.warn(&key, "pull requests", &open, &mut batch);
        self.warn(&key, "pull requests", &closed, &mut batch);
        let found = self.made(&key, &open.list.items, asked.now);
        let mut found = self.reviewed(&key, found, asked, &mut batch).await?;
        let mut ended = self.made(&key, &closed.list.items, asked.now);
        let is_over = |change: &ChangeRequest| {
            matches!(change.state, ChangeState::Merged | ChangeState::Closed)
        };
        ended.retain(|change| is_over(change) || found.iter().all(|it| it.number != change.number));
        // One that was closed between the two answers is closed.
        found.retain(|change| ended.iter().all(|other| other.number != change.number));
        let open_facts: Vec<Fact> = found.into_iter().map(boxed).collect();
        let list = OpenList {
            is_whole: is_whole(&open),
            begun,
        };
        let left = self.take_pulls(path, (&open_facts, &ended), list, asked);
        if list.is_whole {
            let mut listing = Listing::of_repo(&key, "changes/open", &open_facts);
            let left = left.into_iter();
            listing
                .members
                .extend(left.map(|number| numbered(FactKind::ChangeRequest, &key, number)));
            batch.listings.push(listing);
            self.note_read(&key, Noted::Pulls);
        }
        batch.facts.extend(open_facts);
        batch.facts.extend(ended.into_iter().map(boxed));
        self.port.can(PULLS, CapabilityState::Available);
        batch.covered.push(Clean::line(path));
        Ok(batch)
    }

    /// Reads what ended, a page at least, and on while it lies in the window.
    async fn ended(&self, parts: &[&str], asked: Asked) -> Result<Pages<wire::Pull>, SourceError> {
        let query = [("state", "closed"), ("sort", "recentupdate")];
        let mut cap = 1;
        loop {
            let take = |list: List<wire::Pull>| list;
            let pages = self.pages(parts, &query, (cap, asked), take).await;
            let pages = pages.map_err(|failure| failure.error)?;
            let last = pages.list.items.last().map(|pull| pull.updated_at);
            let within = last.is_some_and(|at| asked.now - at < WINDOW);
            if pages.complete || pages.trouble.is_some() || !within || cap > 1 {
                return Ok(pages);
            }
            cap = CLOSED_PAGES;
        }
    }

    /// Makes change requests of records; what was known of their checks stays as long as the
    /// commit is the same, and of their reviews as long as nothing changed.
    pub(super) fn made(
        &self,
        key: &RepoKey,
        pulls: &[wire::Pull],
        now: Timestamp,
    ) -> Vec<ChangeRequest> {
        let mut state = self.state();
        let repo = state.known(key.path());
        let made = pulls.iter().map(|wire| {
            let base = wire
                .base
                .as_ref()
                .and_then(|base| base.reference.as_deref());
            let protection = repo
                .as_ref()
                .and_then(|repo| repo.protection.get(base.unwrap_or_default()));
            let default = repo
                .as_ref()
                .and_then(|repo| repo.default_branch.as_deref());
            let around = Around {
                protection,
                default_branch: default,
                now,
            };
            let mut change = work::change(key, wire, around);
            if let Some(before) = repo.as_ref().and_then(|repo| repo.open.get(&change.number)) {
                if before.head_sha == change.head_sha {
                    change.checks = before.checks.clone();
                }
                if before.updated_at == change.updated_at {
                    change.review = before.review.clone();
                }
            }
            change
        });
        made.collect()
    }

    /// Adds what reviewers said of those of which it is not known; the last changed come first.
    async fn reviewed(
        &self,
        key: &RepoKey,
        mut changes: Vec<ChangeRequest>,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Vec<ChangeRequest>, SourceError> {
        let mut read = 0;
        let mut later = Vec::new();
        for change in &mut changes {
            if !matches!(&change.review, Review::Unknown(why) if &**why == "not asked") {
                continue;
            }
            if read == REVIEWS {
                later.push(change.number);
                continue;
            }
            read += 1;
            if let Some(review) = self.review(key, change, asked, batch).await? {
                change.review = review;
            }
        }
        if let Some(repo) = self.state().known(key.path()) {
            repo.pulls_wanted.extend(later);
        }
        Ok(changes)
    }

    /// Reads the reviews of one pull request.
    async fn review(
        &self,
        key: &RepoKey,
        change: &ChangeRequest,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Option<Review>, SourceError> {
        let number = change.number.to_string();
        let parts = below(key.path(), &["pulls", &number, "reviews"]);
        let take = |list: List<wire::Review>| list;
        let pages = match self.pages(&parts, &[], (4, asked), take).await {
            Ok(pages) => pages,
            Err(failure) => return absent(failure, batch).map(|()| None),
        };
        let protection = {
            let mut state = self.state();
            let repo = state.known(key.path());
            repo.and_then(|repo| repo.protection.get(&*change.base_branch).cloned())
        };
        if !pages.complete {
            return Ok(None);
        }
        Ok(Some(work::review(&pages.list, protection.as_ref())))
    }

    /// Takes in what lists told; returns those that were open and are in neither: pages are
    /// counted, and shift while they are read. They are asked for by number before they are gone.
    fn take_pulls(
        &self,
        path: &str,
        (open, ended): (&[Fact], &[ChangeRequest]),
        list: OpenList,
        asked: Asked,
    ) -> BTreeSet<u64> {
        let mut state = self.state();
        let Some(repo) = state.known(path) else {
            return BTreeSet::new();
        };
        repo.pulls_at = Some(asked.now);
        repo.pulls_to = Some(list.begun);
        let changes = open.iter().filter_map(|fact| {
            if let Fact::ChangeRequest(change) = fact {
                return Some(change.as_ref());
            }
            None
        });
        let told: Vec<&ChangeRequest> = changes.chain(ended).collect();
        let mut left: BTreeSet<u64> = repo.open.keys().copied().collect();
        for change in told {
            left.remove(&change.number);
            repo.see_change(change);
        }
        if list.is_whole {
            repo.pulls_wanted.extend(&left);
        }
        repo.ci_wanted |= repo.has_unsettled();
        left
    }

    /// Reads the pull requests that changed, by their numbers.
    pub(super) async fn changed_pulls(
        &self,
        path: &str,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let key = self.key(path);
        let due: Vec<u64> = {
            let mut state = self.state();
            let repo = state.known(path);
            repo.map(|repo| repo.due_pulls(asked.now).take(NUMBERED).collect())
                .unwrap_or_default()
        };
        let mut places = Places::default();
        for number in due {
            let read = self.changed_pull(&key, number, asked, batch).await;
            if read.as_ref().is_err_and(is_of_place)
                && let Some(repo) = self.state().known(path)
            {
                // It waits, and takes no turn of the others.
                repo.pulls_failed.insert(number, asked.now);
            }
            if !places.take(read) {
                break;
            }
        }
        let is_whole = places.is_whole();
        places.end(batch, |text| self.port.shown(text))?;
        if let Some(repo) = self.state().known(path) {
            repo.turn += 1;
        }
        if is_whole {
            batch.covered.push(Clean::line(path));
        }
        Ok(())
    }

    async fn changed_pull(
        &self,
        key: &RepoKey,
        number: u64,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let text = number.to_string();
        let parts = below(key.path(), &["pulls", &text]);
        let read = self.one::<wire::Pull>(&parts, &[], asked).await;
        let done = |source: &Self| {
            if let Some(repo) = source.state().known(key.path()) {
                repo.pulls_wanted.remove(&number);
                repo.pulls_failed.remove(&number);
            }
        };
        let (wire, answer) = match read {
            Ok(read) => read,
            Err(failure) => {
                if failure.status == Some(404) {
                    self.port.excused(&failure);
                    // It was read a moment ago in a list: it was deleted.
                    batch
                        .gone
                        .push(numbered(FactKind::ChangeRequest, key, number));
                    if let Some(repo) = self.state().known(key.path()) {
                        repo.open.remove(&number);
                    }
                } else {
                    absent(failure, batch)?;
                }
                done(self);
                return Ok(());
            }
        };
        let now = there_now(&answer, asked.now);
        let mut changes = self.made(key, std::slice::from_ref(&wire), now);
        for change in &mut changes {
            if change.state == ChangeState::Open {
                if let Some(review) = self.review(key, change, asked, batch).await? {
                    change.review = review;
                }
                if !is_settled(&change.checks)
                    && let Some(checks) = self.checks_of(key, change, asked, batch).await?
                {
                    change.checks = checks;
                }
            }
            if let Some(repo) = self.state().known(key.path()) {
                repo.see_change(change);
                // The commit that it became has statuses, and perhaps runs, of its own.
                repo.ci_wanted = true;
                repo.wanted |= change.state == ChangeState::Merged;
            }
        }
        batch.facts.extend(changes.into_iter().map(boxed));
        done(self);
        Ok(())
    }

    async fn checks_of(
        &self,
        key: &RepoKey,
        change: &ChangeRequest,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<Option<Checks>, SourceError> {
        let Some(head) = &change.head_sha else {
            return Ok(None);
        };
        let combined = self.combined(key, head, asked, batch).await?;
        Ok(combined.map(|combined| delivery::checks(&combined)))
    }
}

pub(super) fn boxed(change: ChangeRequest) -> Fact {
    Fact::ChangeRequest(Box::new(change))
}
