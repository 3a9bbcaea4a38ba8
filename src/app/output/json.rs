//! The board as JSON: schema 1, stable, documented in the README.
//!
//! Fields are only ever added. The order of keys and of cards is the board's.

use serde::Serialize;

use crate::app::output::{Board, instant};
use crate::domain::Timestamp;
use crate::domain::attention::Count;
use crate::domain::item::{Evidence, WorkItem};
use crate::domain::key::{RepoKey, ServiceName, WebUrl};
use crate::domain::text::Clean;
use crate::engine::snapshot::{Budget, Snapshot, SourceView};

/// The number of the schema; it changes when a field goes or changes its meaning.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    sources: Vec<SourceDocument<'a>>,
    /// What limits of work in progress count.
    limits: Vec<LimitDocument<'a>>,
    stages: Vec<StageDocument<'a>>,
}

#[derive(Serialize)]
struct LimitDocument<'a> {
    name: &'a str,
    per: &'a str,
    /// The column, person or service; null where all count together.
    of: Option<&'a str>,
    cards: usize,
    limit: u32,
    hard: bool,
    over: bool,
}

#[derive(Serialize)]
struct CallDocument {
    rule: &'static str,
    since: String,
}

/// One source, as every command that names sources prints it.
#[derive(Serialize)]
pub struct SourceDocument<'a> {
    name: &'a str,
    kind: &'a str,
    health: &'a str,
    age_secs: Option<i64>,
    message: Option<&'a Clean>,
    /// Whether all that it tells at first was waited for; false where it said nothing for too long.
    waited_for: bool,
    /// How much of the past is read, or why none is.
    past: Option<String>,
    budget: Option<BudgetDocument>,
    requests: Requests,
    /// What was being read by each poll that fails at present, and why, the newest first.
    failing: &'a [Clean],
    /// The last request that failed, however long ago.
    last_failed: Option<FailedDocument<'a>>,
    /// How far its clock is ahead of the one here, where that is more than a minute.
    clock_ahead_secs: Option<i64>,
}

#[derive(Serialize)]
struct FailedDocument<'a> {
    at: String,
    request: &'a Clean,
    /// Nothing where no answer came.
    status: Option<u16>,
}

#[derive(Serialize)]
struct BudgetDocument {
    limit: u64,
    remaining: u64,
    reset_at: Option<String>,
}

#[derive(Serialize)]
struct Requests {
    sent: u64,
    not_modified: u64,
}

#[derive(Serialize)]
struct StageDocument<'a> {
    stage: &'a str,
    title: &'a str,
    wip_limit: Option<u32>,
    cards: Vec<Card<'a>>,
}

/// One card, as every command that names cards prints it.
#[derive(Serialize)]
pub struct Card<'a> {
    id: &'a str,
    key: &'a str,
    title: &'a str,
    stage: &'a str,
    status: &'a str,
    reason: &'a str,
    service: Option<&'a str>,
    /// Host of the repository, with the path below which its forge is.
    host: Option<&'a str>,
    repo: Option<&'a str>,
    holders: Vec<&'a str>,
    labels: Vec<&'a str>,
    url: Option<&'a str>,
    since: String,
    age_secs: i64,
    /// Whether every source of the card confirmed it within the last half an hour.
    fresh: bool,
    /// Why it calls for a person now, the most urgent first.
    attention: Vec<CallDocument>,
    evidence: Vec<EvidenceDocument<'a>>,
}

#[derive(Serialize)]
struct EvidenceDocument<'a> {
    kind: &'a str,
    key: &'a str,
    state: &'a str,
    url: Option<&'a str>,
}

/// Returns the board as one JSON document with a line break at its end.
pub fn board(board: Board<'_>) -> Result<String, serde_json::Error> {
    let now = board.now();
    let stages = board
        .columns()
        .map(|(config, cards)| StageDocument {
            stage: config.stage.as_str(),
            title: &config.title,
            wip_limit: config.wip,
            cards: cards
                .into_iter()
                .map(|item| card(item, board.snapshot, now))
                .collect(),
        })
        .collect();
    pretty(&Document {
        schema: SCHEMA,
        generated_at: instant(now),
        sources: sources(&board.snapshot.sources, now),
        limits: board.snapshot.attention.counts().map(limit).collect(),
        stages,
    })
}

fn limit(count: &Count) -> LimitDocument<'_> {
    LimitDocument {
        name: &count.limit.name,
        per: count.limit.per.as_str(),
        of: Some(count.of.as_str()).filter(|of| !of.is_empty()),
        cards: count.cards,
        limit: count.limit.most,
        hard: count.limit.hard,
        over: count.is_over(),
    }
}

/// Returns the sources as parts of a document.
pub fn sources(views: &[SourceView], now: Timestamp) -> Vec<SourceDocument<'_>> {
    views.iter().map(|view| source(view, now)).collect()
}

/// Writes a document as people and programs can read it.
pub fn pretty(document: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

/// Returns a source as part of a document.
pub fn source(view: &SourceView, now: Timestamp) -> SourceDocument<'_> {
    SourceDocument {
        name: view.name.as_str(),
        kind: view.kind,
        health: view.health.as_str(),
        age_secs: view.last_told.map(|at| seconds(at, now)),
        message: view.message.as_ref(),
        waited_for: !view.left,
        past: view.past.words(),
        budget: tightest(&view.budgets).map(|budget| BudgetDocument {
            limit: budget.limit,
            remaining: budget.remaining,
            reset_at: budget.reset_at.map(instant),
        }),
        requests: Requests {
            sent: view.sent,
            not_modified: view.not_modified,
        },
        failing: &view.failing,
        last_failed: view.last_failed.as_ref().map(|line| FailedDocument {
            at: instant(line.at),
            request: &line.what,
            status: line.status,
        }),
        clock_ahead_secs: view.ahead.map(|ahead| ahead.num_seconds()),
    }
}

/// Returns the limit of which the smallest share is left.
pub fn tightest(budgets: &[Budget]) -> Option<&Budget> {
    budgets
        .iter()
        .filter(|budget| budget.limit > 0)
        // Compared without division: a/b < c/d is a*d < c*b.
        .min_by(|a, b| {
            let left = u128::from(a.remaining) * u128::from(b.limit);
            let right = u128::from(b.remaining) * u128::from(a.limit);
            left.cmp(&right)
        })
}

/// Returns a card as part of a document.
pub fn card<'a>(item: &'a WorkItem, snapshot: &Snapshot, now: Timestamp) -> Card<'a> {
    let place = &item.placement;
    Card {
        id: item.id.as_str(),
        key: &item.key,
        title: &item.title,
        stage: place.stage.as_str(),
        status: place.status.as_str(),
        reason: &place.reason,
        service: item.services.first().map(ServiceName::as_str),
        host: item.repo.as_ref().map(RepoKey::place),
        repo: item.repo.as_ref().map(RepoKey::path),
        holders: item
            .holders
            .iter()
            .map(|person| person.login.as_str())
            .collect(),
        labels: item.labels.iter().map(Clean::as_str).collect(),
        url: item.url.as_ref().map(WebUrl::as_str),
        since: instant(place.since),
        age_secs: seconds(place.since, now),
        fresh: snapshot.is_fresh(item, now),
        attention: snapshot
            .attention
            .calls(&item.id, now)
            .iter()
            .map(|call| CallDocument {
                rule: call.kind.as_str(),
                since: instant(call.since),
            })
            .collect(),
        evidence: item.evidence.iter().map(evidence).collect(),
    }
}

fn evidence(evidence: &Evidence) -> EvidenceDocument<'_> {
    EvidenceDocument {
        kind: evidence.kind.as_str(),
        key: &evidence.key,
        state: &evidence.state,
        url: evidence.url.as_ref().map(WebUrl::as_str),
    }
}

/// Seconds since then; a source whose clock is ahead makes no negative age.
fn seconds(at: Timestamp, now: Timestamp) -> i64 {
    (now - at).num_seconds().max(0)
}
