//! What is measured by change requests: waits for reviewers, rounds, waits for the merge, size.
//!
//! Only people review, and nobody their own; who is quick is not told, only how long things wait.

use std::collections::{BTreeMap, HashMap};

use crate::domain::Timestamp;
use crate::domain::change_request::{ReviewNote, Verdict};
use crate::domain::flow::metric::{Fate, Key, Sample};
use crate::domain::flow::samples::Samples;
use crate::domain::flow::stats::float;
use crate::domain::history::{ChangeLife, CiRun, Ledger, RunEnd};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha};
use crate::domain::roster::Roster;
use crate::domain::text::Clean;

/// A change request, once, with all cards that it is on.
#[derive(Clone, Debug)]
pub(super) struct Change<'a> {
    pub(super) life: &'a ChangeLife,
    pub(super) cards: Vec<ItemId>,
    pub(super) services: Vec<ServiceName>,
    pub(super) bot: bool,
    people: &'a Roster,
}

/// Change requests by repository and number.
pub(super) type Changes<'a> = BTreeMap<(&'a RepoKey, u64), Change<'a>>;

/// Finds every change request of the ledger; `people` says which logins are one person.
pub(super) fn changes<'a>(ledger: &'a Ledger, people: &'a Roster) -> Changes<'a> {
    let mut changes = Changes::new();
    for card in &ledger.cards {
        for life in &card.life.changes {
            let by_machine = life.author.as_ref().map_or(card.life.bot, |who| who.bot);
            let change = changes
                .entry((&life.repo, life.number))
                .or_insert_with(|| Change {
                    life,
                    cards: Vec::new(),
                    services: Vec::new(),
                    bot: by_machine,
                    people,
                });
            if !change.cards.contains(&card.life.id) {
                change.cards.push(card.life.id.clone());
            }
            for service in &card.life.services {
                if !change.services.contains(service) {
                    change.services.push(service.clone());
                }
            }
        }
    }
    changes
}

impl<'a> Change<'a> {
    fn mark(&self, mut sample: Sample) -> Sample {
        sample.cards.clone_from(&self.cards);
        sample.services.clone_from(&self.services);
        sample.repos = vec![self.life.repo.clone()];
        sample
    }

    fn label(&self) -> Clean {
        Clean::line(&format!("{}#{}", self.life.repo.short(), self.life.number))
    }

    /// Returns when it was first ready for review.
    fn ready_at(&self) -> Timestamp {
        self.life.ready_at.unwrap_or(self.life.opened_at)
    }

    /// Returns what people other than its author said, oldest first.
    fn said(&self, now: Timestamp) -> Vec<&'a ReviewNote> {
        let is_author = |who: &Person| {
            let author = self.life.author.as_ref();
            author.is_some_and(|author| self.people.is_one(author, who))
        };
        let all = self.life.reviews.iter();
        let mut said: Vec<&ReviewNote> = all
            .filter(|note| !note.by.bot && !is_author(&note.by) && note.at <= now)
            .collect();
        said.sort_by(|a, b| (a.at, &a.by.login).cmp(&(b.at, &b.by.login)));
        said.dedup();
        said
    }
}

/// Measures every change request.
pub(super) fn measure(
    ledger: &Ledger,
    changes: &Changes<'_>,
    now: Timestamp,
    samples: &mut Samples,
) {
    let green = greens(ledger, now);
    for change in changes.values().filter(|change| !change.bot) {
        let label = change.label();
        let said = change.said(now);
        reviewed(change, &label, &said, samples);
        let Some(merged) = change.life.merged_at.filter(|at| *at <= now) else {
            continue;
        };
        if let (Some(more), Some(fewer)) = (change.life.additions, change.life.deletions) {
            let lines = i64::try_from(more.saturating_add(fewer)).unwrap_or(i64::MAX);
            let sample = change.mark(Sample::new(merged, float(lines), &label));
            samples.push(Key::BatchSize, sample);
        }
        if change.life.reviews_known {
            let before = said.partition_point(|note| note.at <= merged);
            let rounds = rounds(change.people, said.get(..before).unwrap_or_default());
            let sample = Sample::new(merged, float(rounds), &label);
            samples.push(Key::ReviewRounds, change.mark(sample));
            let head = change.life.head_sha.as_ref();
            let green = head.and_then(|sha| green.get(&(&change.life.repo, sha)).copied());
            merge_wait(change, &said, merged, green, samples);
        }
    }
}

fn reviewed(change: &Change<'_>, label: &Clean, said: &[&ReviewNote], samples: &mut Samples) {
    let ready = change.ready_at();
    let first = said.iter().find(|note| note.at >= ready);
    let approved = said
        .iter()
        .find(|note| note.at >= ready && note.verdict == Verdict::Approved);
    for (key, found) in [
        (Key::TimeToFirstReview, first),
        (Key::TimeToApprove, approved),
    ] {
        if let Some(note) = found {
            let mut sample = Sample::span(note.at, ready, note.at, label);
            if !change.life.reviews_known {
                // One that came before may be missing.
                sample.fate = Fate::Unknown;
            }
            samples.push(key, change.mark(sample));
        }
    }
    let name = |who: &Person| change.people.name(who).clone();
    let author = change.life.author.as_ref().map(name);
    let author = author.as_ref();
    for (note, author) in said
        .iter()
        .filter_map(|note| author.map(|author| (note, author)))
    {
        let reviewer = name(&note.by);
        let part = Clean::line(&format!("{reviewer} for {author}"));
        let mut pair = change.mark(Sample::new(note.at, 1.0, &part));
        pair.part = Some(part);
        samples.push(Key::ReviewPairs, pair.clone());
        pair.label = label.clone();
        pair.part = Some(reviewer);
        samples.push(Key::ReviewSpread, pair);
    }
    if let (Some(merged), Some(author)) = (change.life.merged_at, author) {
        let mut sample = change.mark(Sample::new(merged, 1.0, label));
        sample.part = Some(author.clone());
        samples.push(Key::BusFactor, sample);
    }
}

/// Counts how often changes were asked for; several reviewers at once are one round, the same
/// reviewer again is the next.
fn rounds(people: &Roster, said: &[&ReviewNote]) -> i64 {
    let mut asking: Vec<&Clean> = Vec::new();
    let mut rounds = 0;
    for note in said {
        let who = people.name(&note.by);
        match note.verdict {
            Verdict::ChangesRequested => {
                if asking.is_empty() || asking.contains(&who) {
                    rounds += 1;
                    asking.clear();
                }
                asking.push(who);
            }
            Verdict::Approved | Verdict::Dismissed => asking.retain(|other| *other != who),
            Verdict::Commented | Verdict::Other(_) => {}
        }
    }
    rounds
}

/// From approved and green to merged.
fn merge_wait(
    change: &Change<'_>,
    said: &[&ReviewNote],
    merged: Timestamp,
    green: Option<Timestamp>,
    samples: &mut Samples,
) {
    // The first approval after which nobody asked for more.
    let mut approved = None;
    for note in said.iter().filter(|note| note.at <= merged) {
        match note.verdict {
            Verdict::Approved => approved = approved.or(Some(note.at)),
            Verdict::ChangesRequested | Verdict::Dismissed => approved = None,
            Verdict::Commented | Verdict::Other(_) => {}
        }
    }
    let Some(approved) = approved else {
        return;
    };
    let from = green.map_or(approved, |green| approved.max(green.min(merged)));
    let sample = Sample::span(merged, from, merged, &change.label());
    samples.push(Key::MergeWait, change.mark(sample));
}

/// Returns when each commit of a change was green: when the last of its workflows first passed.
fn greens(ledger: &Ledger, now: Timestamp) -> HashMap<(&RepoKey, &Sha), Timestamp> {
    let mut passed: BTreeMap<(&RepoKey, &Sha, &Clean), Timestamp> = BTreeMap::new();
    let of_changes = ledger.runs.iter().filter(|run| run.change.is_some());
    for run in of_changes {
        if let (Some(sha), Some(at)) = (&run.sha, first_pass(run, now)) {
            let first = passed.entry((&run.repo, sha, &run.workflow)).or_insert(at);
            *first = (*first).min(at);
        }
    }
    let mut green = HashMap::new();
    for ((repo, sha, _), at) in passed {
        let last = green.entry((repo, sha)).or_insert(at);
        *last = at.max(*last);
    }
    green
}

fn first_pass(run: &CiRun, now: Timestamp) -> Option<Timestamp> {
    let passed = run.attempts.iter().filter(|a| a.end == RunEnd::Passed);
    passed
        .filter_map(|attempt| attempt.finished_at)
        .filter(|at| *at <= now)
        .min()
}
