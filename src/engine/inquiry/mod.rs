//! Why one job failed, asked for by a person: who is asked, and what is said while nobody knows.
//!
//! `Inquiries` is pure and belongs to the store; `inquire` is the question itself, which a
//! poller puts to its source past the schedule.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::domain::diagnosis::{Diagnosis, LogKey};
use crate::domain::text::Clean;
use crate::domain::triage::{Known, Triage, TriageBoard};
use crate::engine::snapshot::{Asked, Health};
use crate::engine::supervise::supervised;
use crate::engine::update::Diagnosed;
use crate::sources::http::{Clock, span};
use crate::sources::{Source, SourceError};

/// How long one may take; a long log takes its time.
const TIMEOUT: Duration = Duration::from_mins(3);
/// How many answers are remembered.
const MOST: usize = 200;

/// What was asked for, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Inquiries {
    asked: Arc<BTreeMap<LogKey, Asked>>,
    /// The board without and with these sentences.
    shown: Option<(Arc<TriageBoard>, Arc<TriageBoard>)>,
}

impl Inquiries {
    /// Notes that it is asked; tells whether it was not already.
    pub(super) fn begin(&mut self, key: &LogKey) -> bool {
        let before = self.note(key, Asked::Reading);
        before != Some(Asked::Reading)
    }

    /// Notes what is known.
    pub(super) fn found(&mut self, key: &LogKey, found: Diagnosis) {
        self.note(key, Asked::Found(Arc::new(found)));
    }

    /// Notes why it is not known, and what that says of the source that was asked.
    pub(super) fn failed(&mut self, key: &LogKey, why: &str, health: Option<Health>) {
        let why = Clean::line(why);
        self.note(key, Asked::Failed { why, health });
    }

    fn note(&mut self, key: &LogKey, asked: Asked) -> Option<Asked> {
        self.shown = None;
        let notes = Arc::make_mut(&mut self.asked);
        if notes.len() >= MOST && !notes.contains_key(key) {
            notes.retain(|_, asked| *asked == Asked::Reading);
        }
        notes.insert(key.clone(), asked)
    }

    /// Returns what came of each job that was asked about.
    pub(super) fn asked(&self) -> Arc<BTreeMap<LogKey, Asked>> {
        Arc::clone(&self.asked)
    }

    /// Returns the board with what is to be said where no diagnosis is known.
    pub(super) fn show(&mut self, board: Arc<TriageBoard>) -> Arc<TriageBoard> {
        let is_known = |asked: &Asked| matches!(asked, Asked::Found(_));
        if self.asked.values().all(is_known) {
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
        let mut asked = self.asked.iter();
        match asked.find(|(key, _)| key.job == job.id && key.run == run)? {
            (_, Asked::Reading) => {
                let text = format!("the log of job `{}` is being read", job.name);
                Some(Clean::line(&text))
            }
            (_, Asked::Failed { why, .. }) => Some(why.clone()),
            (_, Asked::Found(_)) => None,
        }
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
