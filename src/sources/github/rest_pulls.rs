//! Without GraphQL: what lists of pull requests do not tell, one by one.
//!
//! Reviews, mergeability and checks of open pull requests that changed or are at
//! work: four requests each, free where nothing changed, few at a time.

use std::collections::BTreeSet;

use super::map::{checks, work};
use super::rest::Reader;
use super::wire::Actor;
use super::wire_rest::{CheckRunPage, CombinedStatus, RestIssue, RestReview, RunPage, SinglePull};
use super::{Ask, GitHub};
use crate::domain::change_request::{ChangeRequest, ChangeState, Checks, LinkBasis};
use crate::domain::fact::Fact;
use crate::domain::key::Sha;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;
use crate::sources::detail::absent;
use crate::sources::http::{List, follow};
use crate::sources::{Batch, CapabilityState, SourceError};

/// Of how many pull requests the details are read in one fetch: four requests each.
const AT_ONCE: usize = 6;

/// How many closed tickets are asked for one by one in one fetch.
const TICKETS_AT_ONCE: usize = 25;

/// How many pages of reviews are read.
const PAGES: usize = 3;

/// The name of the capability to read check runs.
const CHECK_RUNS: &str = "check runs";

impl GitHub {
    /// Asks once who the token belongs to; `@me` stands for that login.
    pub(super) async fn who(&self, ask: Ask) {
        let known = {
            let mut state = self.state();
            std::mem::replace(&mut state.me_asked, true) || state.me.is_some()
        };
        if known || self.state().anonymous {
            return;
        }
        // A token of an app belongs to nobody: that is no trouble.
        if let Ok(actor) = self.one::<Actor>("user", ask).await {
            self.state().me = actor.login.map(|login| Clean::line(&login).to_string());
        }
    }
}

impl Reader<'_> {
    /// Puts in what the list does not tell, as far as it is known or may be asked now.
    pub(super) async fn fill(
        &self,
        changes: &mut [ChangeRequest],
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let mut due = Vec::new();
        {
            let mut state = self.github.state();
            let Some(repo) = state.known(self.key.path()) else {
                return Ok(());
            };
            for (at, change) in changes.iter_mut().enumerate() {
                let asks = repo.recall(change, self.ask.now);
                if change.state == ChangeState::Open && asks {
                    due.push((change.updated_at, at));
                }
            }
        }
        due.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let later = due.split_off(due.len().min(AT_ONCE));
        let mut asked = Vec::new();
        let mut trouble = None;
        for (_, at) in due {
            let Some(change) = changes.get_mut(at) else {
                continue;
            };
            // What was read so far is not thrown away; the rest comes with the next poll.
            if let Err(error) = self.detail(change, batch).await {
                trouble = Some(error);
                break;
            }
            asked.push(change.number);
        }
        let later: Vec<u64> = later
            .iter()
            .filter_map(|(_, at)| changes.get(*at).map(|change| change.number))
            .collect();
        let mut state = self.github.state();
        if let Some(repo) = state.known(self.key.path()) {
            for change in changes.iter_mut() {
                *change = repo.remember(change.clone());
            }
            repo.asked(&asked, &later);
        }
        trouble.map_or(Ok(()), Err)
    }

    /// Reads the closed tickets that change requests close, where no list told of them: without
    /// its ticket a change would be a card of its own. Returns those that were looked for.
    pub(super) async fn closed_tickets(
        &self,
        batch: &mut Batch,
    ) -> Result<Vec<TicketKey>, SourceError> {
        let unseen = self.unseen_tickets(batch);
        for key in &unseen {
            let TicketKey::Numbered { repo, number } = key else {
                continue;
            };
            let route = format!("repos/{}/issues/{number}", repo.path());
            let issue = match self.github.one::<RestIssue>(&route, self.ask).await {
                Ok(issue) => Some(issue),
                // A number that is no ticket, or not for us, is as good as an answer.
                Err(failure) => absent(failure, &mut Batch::default()).map(|()| None)?,
            };
            let ticket = issue.and_then(|issue| work::rest_ticket(repo, &issue));
            // Of one that is open, its own list tells.
            let closed = ticket.filter(|ticket| ticket.closed_at.is_some());
            batch.facts.extend(closed.map(Fact::Ticket));
        }
        Ok(unseen)
    }

    /// Returns tickets that change requests close and nothing has told of, a few at a time.
    fn unseen_tickets(&self, batch: &Batch) -> Vec<TicketKey> {
        let told: BTreeSet<&TicketKey> = batch.facts.iter().filter_map(ticket_of).collect();
        let mut state = self.github.state();
        let known = state.known(self.key.path());
        let asked = known.map(|known| &known.looked_for);
        let mut unseen: Vec<TicketKey> = batch
            .facts
            .iter()
            .filter_map(change_of)
            .flat_map(|change| &change.tickets)
            .filter(|link| link.basis == LinkBasis::Closing)
            .map(|link| &link.ticket)
            .filter(|key| !told.contains(key))
            .filter(|key| !asked.is_some_and(|asked| asked.contains(*key)))
            .cloned()
            .collect();
        unseen.sort();
        unseen.dedup();
        unseen.truncate(TICKETS_AT_ONCE);
        unseen
    }

    async fn detail(
        &self,
        change: &mut ChangeRequest,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        let route = format!("repos/{}/pulls/{}", self.key.path(), change.number);
        if let Some(pull) = self.maybe::<SinglePull>(&route, batch).await? {
            change.merge_state = checks::rest_merge_state(&pull);
        }
        let query = [("per_page", "100")];
        let request =
            self.github
                .api
                .request(&format!("{route}/reviews"), &query, self.ask.urgency);
        let take = |list: List<RestReview>| list;
        match follow(&self.github.api.client, request, PAGES, take).await {
            Ok(pages) => {
                let whole = pages.complete && pages.list.bad_count == 0;
                let asked = !change.reviewers.is_empty();
                change.review =
                    checks::rest_review(&pages.list.items, whole, &change.merge_state, asked);
            }
            Err(failure) => absent(failure, batch)?,
        }
        if let Some(head) = change.head_sha.clone() {
            change.checks = self.checks_of(&head, batch).await?;
        }
        Ok(())
    }

    /// Returns what all checks of a commit say together.
    async fn checks_of(&self, head: &Sha, batch: &mut Batch) -> Result<Checks, SourceError> {
        let route = format!("repos/{}/commits/{}", self.key.path(), head.as_str());
        let mut said = Vec::new();
        match self.check_runs(&route, batch).await? {
            Some(page) => said.extend(checks::rest_check_runs(&page)),
            None => said.extend(self.runs_of(head, batch).await?),
        }
        match self
            .maybe::<CombinedStatus>(&format!("{route}/status"), batch)
            .await?
        {
            Some(status) => said.extend(checks::rest_status(&status)),
            None => said.push(Checks::Unknown(Clean::line("statuses are not told"))),
        }
        Ok(checks::together(&said))
    }

    /// Reads check runs; a fine-grained token may not, which is asked once.
    async fn check_runs(
        &self,
        route: &str,
        batch: &mut Batch,
    ) -> Result<Option<CheckRunPage>, SourceError> {
        let refused = {
            let state = self.github.state();
            let told = state.capabilities.get(CHECK_RUNS);
            matches!(told, Some(CapabilityState::Missing(_)))
        };
        if refused && !self.ask.forced {
            return Ok(None);
        }
        let read = self.maybe(&format!("{route}/check-runs"), batch).await?;
        let can = match &read {
            Some(_) => CapabilityState::Available,
            None => CapabilityState::Missing(Clean::line("the token may not read them")),
        };
        self.github.state().can(CHECK_RUNS, can);
        Ok(read)
    }

    /// Reads the runs of a commit in the place of its checks: the newest of each workflow.
    async fn runs_of(&self, head: &Sha, batch: &mut Batch) -> Result<Vec<Checks>, SourceError> {
        let route = format!("repos/{}/actions/runs", self.key.path());
        let query = [("head_sha", head.as_str()), ("per_page", "30")];
        let request = self.github.api.request(&route, &query, self.ask.urgency);
        let take = |page: RunPage| page.workflow_runs;
        match follow(&self.github.api.client, request, 1, take).await {
            Ok(pages) => Ok(checks::rest_runs(&pages.list.items)),
            Err(failure) => {
                absent(failure, batch)?;
                Ok(vec![Checks::Unknown(Clean::line("checks are not told"))])
            }
        }
    }
}

fn change_of(fact: &Fact) -> Option<&ChangeRequest> {
    if let Fact::ChangeRequest(change) = fact {
        Some(change)
    } else {
        None
    }
}

fn ticket_of(fact: &Fact) -> Option<&TicketKey> {
    if let Fact::Ticket(ticket) = fact {
        Some(&ticket.key)
    } else {
        None
    }
}

impl super::state::RepoState {
    /// Puts what is remembered of a pull request into the fact; returns whether to ask anew.
    fn recall(&self, fact: &mut ChangeRequest, now: crate::domain::Timestamp) -> bool {
        let known = self.changes.get(&fact.number);
        let Some(known) = known.filter(|known| known.fact.head_sha == fact.head_sha) else {
            return true;
        };
        fact.review = known.fact.review.clone();
        fact.merge_state = known.fact.merge_state.clone();
        fact.checks = known.fact.checks.clone();
        known.fact.updated_at != fact.updated_at || known.is_at_work(self, false, now)
    }
}
