//! Tickets of one repository: all that are open, and what was closed lately.

use super::Gitea;
use super::api::{Asked, below, is_whole, rfc3339};
use super::map::work;
use super::noted::Noted;
use super::state::WINDOW;
use super::wire;
use crate::domain::fact::Fact;
use crate::domain::text::Clean;
use crate::sources::http::List;
use crate::sources::{Batch, CapabilityState, Listing, SourceError};

/// How many pages of open tickets are read.
const OPEN_PAGES: usize = 40;

/// How many pages of closed tickets are read.
const CLOSED_PAGES: usize = 4;

/// The capability, and the name of the resource.
pub(super) const ISSUES: &str = "issues";

impl Gitea {
    /// Reads the tickets of a repository.
    pub(super) async fn tickets(&self, path: &str, asked: Asked) -> Result<Batch, SourceError> {
        let key = self.key(path);
        let mut batch = Batch::default();
        let parts = below(path, &["issues"]);
        let take = |list: List<wire::Issue>| list;
        let open = [("state", "open"), ("type", "issues")];
        let open = self.pages(&parts, &open, (OPEN_PAGES, asked), take).await;
        let open = match open {
            Ok(open) => open,
            Err(failure) => return Err(failure.error),
        };
        let since = rfc3339(asked.now - WINDOW);
        let closed = [("state", "closed"), ("type", "issues"), ("since", &since)];
        let closed = self.pages(&parts, &closed, (CLOSED_PAGES, asked), take);
        let closed = closed.await.map_err(|failure| failure.error)?;
        self.warn(&key, "tickets", &open, &mut batch);
        self.warn(&key, "tickets", &closed, &mut batch);
        let ticket = |issue: &wire::Issue| work::ticket(&key, issue).map(Fact::Ticket);
        let facts: Vec<Fact> = open.list.items.iter().filter_map(ticket).collect();
        let ended: Vec<Fact> = closed.list.items.iter().filter_map(ticket).collect();
        // One that was closed between the two answers is closed.
        let is_told = |fact: &&Fact| !ended.iter().any(|other| other.id() == fact.id());
        if is_whole(&open) && is_whole(&closed) {
            let told = facts.iter().chain(&ended);
            let still = self.look_for(&key, told, asked, &mut batch).await?;
            let mut listing = Listing::of_repo(&key, "tickets/open", &facts);
            listing.members.extend(still);
            batch.listings.push(listing);
            self.note_read(&key, Noted::Issues);
        }
        let facts: Vec<Fact> = facts.iter().filter(is_told).cloned().collect();
        batch.facts.extend(facts);
        batch.facts.extend(ended);
        self.port.can(ISSUES, CapabilityState::Available);
        if let Some(repo) = self.state().known(path) {
            repo.issues_at = Some(asked.now);
            for fact in &batch.facts {
                if let Fact::Ticket(ticket) = fact {
                    repo.see_ticket(ticket);
                }
            }
            let newest = open.list.items.iter().chain(&closed.list.items);
            repo.changed_at = repo
                .changed_at
                .max(newest.map(|issue| issue.updated_at).max());
        }
        batch.covered.push(Clean::line(path));
        Ok(batch)
    }
}
