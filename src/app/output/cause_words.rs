//! The words for causes that every form of the output shares.

use std::collections::BTreeMap;

use crate::domain::diagnosis::LogState;
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::triage::{Group, Known, Triage, Verdict};
use crate::engine::snapshot::Snapshot;

/// Returns why no cause of a card can be told.
pub fn why_not(item: &WorkItem) -> &'static str {
    if item.placement.status.is_red() {
        "no failed run of this card is known"
    } else {
        "this card is not red"
    }
}

/// Returns what came of a log as one word.
pub fn log_word(state: &LogState) -> &'static str {
    match state {
        LogState::Read { .. } => "read",
        LogState::Gone => "gone",
        LogState::Missing => "missing",
        LogState::Empty => "empty",
        LogState::NotText => "not_text",
        LogState::NotYet => "not_yet",
        LogState::Refused(_) => "refused",
    }
}

/// Returns why there is no log to look at, in a sentence; nothing where there is one.
pub fn log_trouble(state: &LogState) -> Option<String> {
    Some(match state {
        LogState::Read { .. } => return None,
        LogState::Gone => "the server keeps this log no longer (410)".to_owned(),
        LogState::Missing => "the server has no log of this job (404)".to_owned(),
        LogState::Empty => "the log is empty".to_owned(),
        LogState::NotText => "the log is not text".to_owned(),
        LogState::NotYet => "the server has no log of this job yet".to_owned(),
        LogState::Refused(why) => format!("the log could not be read: {why}"),
    })
}

/// Returns a verdict as one word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Flaky => "flaky",
        Verdict::LikelyFlaky => "likely_flaky",
        Verdict::LikelyReal => "likely_real",
        Verdict::Real => "real",
        Verdict::Infrastructure => "infrastructure",
    }
}

/// Returns the keys of a card of each other run of a group, the first that failed first.
pub fn others(group: &Group, own: &Triage, snapshot: &Snapshot) -> Vec<String> {
    let is_own = |item: &&ItemId| {
        let card = snapshot.triage.find(item);
        **item == own.item || card.is_some_and(|card| card.triage.run.key() == own.run.key())
    };
    let others = group.items.iter().filter(|item| !is_own(item));
    let key = |item: &ItemId| {
        let card = snapshot.triage.find(item);
        card.map_or_else(
            || item.as_str().to_owned(),
            |card| {
                let repo = Some(&card.triage.repo);
                let key = snapshot.names().full(&card.triage.key, repo);
                key.into_owned()
            },
        )
    };
    others.map(key).collect()
}

/// Reasons by the name of the field that is null.
#[derive(Default)]
pub(super) struct Whys(pub(super) BTreeMap<&'static str, String>);

impl Whys {
    /// Notes why a field is null.
    pub(super) fn say(&mut self, field: &'static str, why: impl Into<String>) {
        self.0.insert(field, why.into());
    }

    /// Returns the value; where there is none, notes why.
    pub(super) fn known<'a, T>(
        &mut self,
        field: &'static str,
        known: &'a Known<T>,
    ) -> Option<&'a T> {
        match known {
            Known::Yes(value) => Some(value),
            Known::No(why) => {
                self.say(field, why.as_str());
                None
            }
        }
    }
}
