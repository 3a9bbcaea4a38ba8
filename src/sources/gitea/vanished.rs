//! Issues that left the list of all that are open: looked for by number before they count as gone.
//!
//! Pages are counted: one that is closed while they are read moves another to a page that was
//! read before.

use std::collections::BTreeSet;

use super::Gitea;
use super::api::{Asked, below};
use super::map::work;
use super::state::RepoState;
use super::wire;
use crate::domain::fact::{Fact, FactId, FactKind};
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};
use crate::sources::detail::absent;
use crate::sources::{Batch, SourceError};

/// How many are looked for in one fetch.
const LOOKED_FOR: usize = 50;

/// Returns the identity of an issue or a pull request by its number.
pub(super) fn numbered(kind: FactKind, repo: &RepoKey, number: u64) -> FactId {
    FactId {
        kind,
        id: Clean::line(&format!("{}#{number}", repo.as_str())),
    }
}

fn number_of(ticket: &Ticket) -> Option<u64> {
    match &ticket.key {
        TicketKey::Numbered { number, .. } => Some(*number),
        TicketKey::Tracker(_) => None,
    }
}

impl RepoState {
    /// Takes in a ticket as it was told.
    pub(super) fn see_ticket(&mut self, ticket: &Ticket) {
        let Some(number) = number_of(ticket) else {
            return;
        };
        if ticket.state == TicketState::Open {
            self.open_issues.insert(number);
        } else {
            self.open_issues.remove(&number);
        }
    }
}

impl Gitea {
    /// Looks for the tickets of a repository that were open and are among these no more; returns
    /// those that are, or may be, open still.
    pub(super) async fn look_for<'f>(
        &self,
        key: &RepoKey,
        told: impl IntoIterator<Item = &'f Fact>,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<BTreeSet<FactId>, SourceError> {
        let told = told.into_iter().filter_map(|fact| {
            if let Fact::Ticket(ticket) = fact {
                return number_of(ticket);
            }
            None
        });
        let told: BTreeSet<u64> = told.collect();
        let missing: Vec<u64> = {
            let mut state = self.state();
            let open = state.known(key.path()).map(|repo| repo.open_issues.clone());
            open.unwrap_or_default()
                .difference(&told)
                .copied()
                .collect()
        };
        let mut still = BTreeSet::new();
        for (count, number) in missing.into_iter().enumerate() {
            if count >= LOOKED_FOR || self.is_open(key, number, asked, batch).await? {
                still.insert(numbered(FactKind::Ticket, key, number));
            }
        }
        Ok(still)
    }

    /// Reads one issue; returns whether it is, or may be, open.
    async fn is_open(
        &self,
        key: &RepoKey,
        number: u64,
        asked: Asked,
        batch: &mut Batch,
    ) -> Result<bool, SourceError> {
        let text = number.to_string();
        let parts = below(key.path(), &["issues", &text]);
        let ticket = match self.one::<wire::Issue>(&parts, &[], asked).await {
            Ok((issue, _)) => work::ticket(key, &issue),
            Err(failure) if failure.status == Some(404) => {
                self.port.excused(&failure);
                None
            }
            Err(failure) => return absent(failure, batch).map(|()| true),
        };
        let mut state = self.state();
        let repo = state.known(key.path());
        let Some(ticket) = ticket else {
            // It was deleted, or went to another repository.
            batch.gone.push(numbered(FactKind::Ticket, key, number));
            if let Some(repo) = repo {
                repo.open_issues.remove(&number);
            }
            return Ok(false);
        };
        if let Some(repo) = repo {
            repo.see_ticket(&ticket);
        }
        let is_open = ticket.state == TicketState::Open;
        batch.facts.push(Fact::Ticket(ticket));
        Ok(is_open)
    }
}
