//! Why one job failed, asked for by a person: who is asked, and what is said while nobody knows.
//!
//! `Inquiries` is pure and belongs to the store; `inquire` is the question itself, which a
//! poller puts to its source past the schedule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::diagnosis::LogKey;
use crate::domain::text::Clean;
use crate::domain::triage::{Known, Triage, TriageBoard};
use crate::engine::supervise::supervised;
use crate::engine::update::Diagnosed;
use crate::sources::http::{Clock, span};
use crate::sources::{Source, SourceError};

/// How long one may take; a long log takes its time.
const TIMEOUT: Duration = Duration::from_mins(3);
/// How many failures are remembered.
const FAILURES: usize = 200;

/// What is asked for, and what could not be found out.
#[derive(Debug, Default)]
pub(super) struct Inquiries {
    under_way: BTreeSet<LogKey>,
    /// What is said about each.
    notes: Arc<BTreeMap<LogKey, Clean>>,
    /// The board without and with these sentences.
    shown: Option<(Arc<TriageBoard>, Arc<TriageBoard>)>,
}

impl Inquiries {
    /// Notes that it is asked; tells whether it was not already.
    pub(super) fn begin(&mut self, key: &LogKey) -> bool {
        self.shown = None;
        let text = Clean::line("its log is being read");
        Arc::make_mut(&mut self.notes).insert(key.clone(), text);
        self.under_way.insert(key.clone())
    }

    /// Notes that it is known.
    pub(super) fn found(&mut self, key: &LogKey) {
        self.under_way.remove(key);
        if self.notes.contains_key(key) {
            Arc::make_mut(&mut self.notes).remove(key);
        }
        self.shown = None;
    }

    /// Notes why it is not known.
    pub(super) fn failed(&mut self, key: &LogKey, why: &str) {
        self.found(key);
        let notes = Arc::make_mut(&mut self.notes);
        if notes.len() >= FAILURES {
            notes.retain(|key, _| self.under_way.contains(key));
        }
        notes.insert(key.clone(), Clean::line(why));
    }

    /// Returns what is said about each job that was asked about and is not known.
    pub(super) fn notes(&self) -> Arc<BTreeMap<LogKey, Clean>> {
        Arc::clone(&self.notes)
    }

    /// Returns the board with what is to be said where no diagnosis is known.
    pub(super) fn show(&mut self, board: Arc<TriageBoard>) -> Arc<TriageBoard> {
        if self.notes.is_empty() {
            return board;
        }
        if let Some((before, shown)) = &self.shown
            && Arc::ptr_eq(before, &board)
        {
            return Arc::clone(shown);
        }
        let mut shown = TriageBoard::clone(&board);
        for card in &mut shown.cards {
            if let Some(text) = self.says(&card.triage) {
                let mut triage = Triage::clone(&card.triage);
                triage.diagnosis = Known::No(text);
                card.triage = Arc::new(triage);
            }
        }
        let shown = Arc::new(shown);
        self.shown = Some((board, Arc::clone(&shown)));
        shown
    }

    fn says(&self, triage: &Triage) -> Option<Clean> {
        if let Known::Yes(_) = triage.diagnosis {
            return None;
        }
        let job = &triage.jobs.get(triage.failed_job?)?.job;
        let run = triage.run.key();
        let is_it = |key: &LogKey| key.job == job.id && key.run == run;
        if self.under_way.iter().any(is_it) {
            let text = format!("the log of job `{}` is being read", job.name);
            return Some(Clean::line(&text));
        }
        let note = self.notes.iter().find(|(key, _)| is_it(key));
        note.map(|(_, why)| why.clone())
    }
}

/// Asks a source; `order` counts its answers.
pub(super) async fn inquire(
    source: Arc<dyn Source>,
    host: Arc<Semaphore>,
    clock: Clock,
    key: LogKey,
    order: u64,
) -> Diagnosed {
    let permit = host.acquire_owned().await;
    let at = clock();
    let unreachable = |cause: String| SourceError::Unreachable {
        host: source.host().to_owned(),
        cause,
    };
    let asked = tokio::time::timeout(TIMEOUT, async { source.diagnose(key.clone(), at).await });
    let outcome = match supervised(asked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_elapsed)) => Err(unreachable(format!("no answer within {}", span(TIMEOUT)))),
        Err(panicked) => {
            tracing::error!(source = %source.name(), panic = %panicked.message, "diagnosis crashed");
            Err(unreachable("the source crashed".to_owned()))
        }
    };
    drop(permit);
    Diagnosed {
        source: source.name().clone(),
        key,
        at,
        order,
        outcome,
    }
}

#[cfg(test)]
mod tests;
