//! From history to the records of an export, one at a time and always in the same order: cards by
//! identity with their intervals and reviews, then deliveries, runs and troubles by their beginnings.

use std::io;

use crate::app::output::export::{Delivery, Export, Interval, Review, Row, Run, Trouble};
use crate::app::output::instant;
use crate::domain::Timestamp;
use crate::domain::change_request::Verdict;
use crate::domain::history::{self, CardRecord, CiRun, DeliveryState, RunEnd};
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, RepoKey, ServiceName, Sha, WebUrl};
use crate::domain::text::Clean;

/// Calls `put` with each record that is asked for, until that fails.
pub(super) fn each(
    export: &Export<'_>,
    mut put: impl FnMut(&Row<'_>) -> io::Result<()>,
) -> io::Result<()> {
    for card in &export.ledger.cards {
        intervals(export, card, &mut put)?;
        reviews(export, card, &mut put)?;
    }
    for delivery in &export.ledger.deliveries {
        if export.wants(delivery.started_at, delivery.finished_at) {
            put(&Row::Delivery(self::delivery(delivery)))?;
        }
    }
    for run in &export.ledger.runs {
        runs(export, run, &mut put)?;
    }
    for trouble in &export.ledger.troubles {
        if export.wants(trouble.began_at, trouble.over_at) {
            put(&Row::Trouble(self::trouble(trouble)))?;
        }
    }
    Ok(())
}

type Put<'p> = dyn FnMut(&Row<'_>) -> io::Result<()> + 'p;

/// Where a card stood; the last place has no end.
fn intervals(export: &Export<'_>, card: &CardRecord, put: &mut Put<'_>) -> io::Result<()> {
    let life = &card.life;
    let moments = card.timeline.moments();
    let ends = moments.iter().skip(1).map(|next| Some(next.at));
    for (moment, to) in moments.iter().zip(ends.chain([None])) {
        if !export.wants(moment.at, to) {
            continue;
        }
        let standing = &moment.standing;
        put(&Row::Interval(Interval {
            card: life.id.as_str(),
            key: &life.key,
            title: &life.title,
            repo: life.repo.as_ref().map(RepoKey::as_str),
            services: life.services.iter().map(ServiceName::as_str).collect(),
            stage: standing.stage.as_str(),
            status: standing.status.as_str(),
            outcome: standing.done.map(outcome),
            holders: standing.holders.iter().map(|who| &*who.login).collect(),
            from: instant(moment.at),
            to: to.map(instant),
            secs: secs(moment.at, to),
            rule: &moment.rule,
            url: life.url.as_ref().map(WebUrl::as_str),
        }))?;
    }
    Ok(())
}

fn reviews(export: &Export<'_>, card: &CardRecord, put: &mut Put<'_>) -> io::Result<()> {
    for change in &card.life.changes {
        for note in &change.reviews {
            if !export.wants(note.at, Some(note.at)) {
                continue;
            }
            put(&Row::Review(Review {
                card: card.life.id.as_str(),
                key: &card.life.key,
                repo: change.repo.as_str(),
                number: change.number,
                by: &note.by.login,
                bot: note.by.bot,
                verdict: verdict(&note.verdict),
                at: instant(note.at),
            }))?;
        }
    }
    Ok(())
}

fn delivery(it: &history::Delivery) -> Delivery<'_> {
    let marks = [
        (it.backward, "backward"),
        (it.reverts, "reverts"),
        (it.hotfix, "hotfix"),
    ];
    let marks = marks.into_iter().filter(|(is_so, _)| *is_so);
    Delivery {
        id: &it.id,
        repo: it.repo.as_str(),
        service: it.service.as_str(),
        environment: &it.environment,
        production: it.production,
        sha: it.sha.as_ref().map(Sha::as_str),
        version: &it.version,
        state: state(it.state),
        started_at: instant(it.started_at),
        finished_at: it.finished_at.map(instant),
        secs: secs(it.started_at, it.finished_at),
        cards: it.carried.iter().map(|card| card.item.as_str()).collect(),
        cards_known: it.range_known,
        marks: marks.map(|(_, word)| word).collect(),
        url: it.url.as_ref().map(WebUrl::as_str),
    }
}

/// The attempts of a run; one that never began is told of as such.
fn runs(export: &Export<'_>, run: &CiRun, put: &mut Put<'_>) -> io::Result<()> {
    for attempt in &run.attempts {
        let began = attempt.started_at.unwrap_or(run.created_at);
        if !export.wants(began, attempt.finished_at) {
            continue;
        }
        put(&Row::Run(Run {
            id: &run.id,
            repo: run.repo.as_str(),
            workflow: &run.workflow,
            branch: &run.branch,
            on_default: run.on_default,
            change: run.change,
            sha: run.sha.as_ref().map(Sha::as_str),
            event: &run.event,
            attempt: attempt.number,
            result: end(attempt.end),
            created_at: instant(run.created_at),
            started_at: attempt.started_at.map(instant),
            finished_at: attempt.finished_at.map(instant),
            secs: attempt
                .started_at
                .and_then(|began| secs(began, attempt.finished_at)),
            queued_secs: attempt.waited(run),
            failed_jobs: attempt.failed_jobs.iter().map(Clean::as_str).collect(),
            url: run.url.as_ref().map(WebUrl::as_str),
        }))?;
    }
    Ok(())
}

fn trouble(it: &history::Trouble) -> Trouble<'_> {
    Trouble {
        id: &it.id,
        card: it.item.as_ref().map(ItemId::as_str),
        name: &it.name,
        incident: it.incident,
        repo: it.repo.as_ref().map(RepoKey::as_str),
        service: it.service.as_ref().map(ServiceName::as_str),
        sha: it.sha.as_ref().map(Sha::as_str),
        began_at: instant(it.began_at),
        over_at: it.over_at.map(instant),
        secs: secs(it.began_at, it.over_at),
        url: it.url.as_ref().map(WebUrl::as_str),
    }
}

fn secs(from: Timestamp, to: Option<Timestamp>) -> Option<i64> {
    to.map(|to| (to - from).num_seconds())
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shipped => "shipped",
        Outcome::Dropped => "dropped",
    }
}

fn state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Open => "open",
        DeliveryState::Succeeded => "succeeded",
        DeliveryState::Failed => "failed",
        DeliveryState::Abandoned => "abandoned",
        DeliveryState::Unknown => "unknown",
    }
}

fn end(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Passed => "passed",
        RunEnd::Failed => "failed",
        RunEnd::Cancelled => "cancelled",
        RunEnd::Skipped => "skipped",
        RunEnd::Open => "open",
        RunEnd::Unknown => "unknown",
    }
}

fn verdict(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::ChangesRequested => "changes_requested",
        Verdict::Commented => "commented",
        Verdict::Dismissed => "dismissed",
        Verdict::Other(word) => word,
    }
}
