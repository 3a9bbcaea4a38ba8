//! Two ways to ask: GraphQL and REST alone tell of the same change requests, releases and
//! deployments of the demo forge, and make the same cards of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::demo::Options;
use cycleboard::demo::forge::{Forge, start};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::item::Anchor;
use cycleboard::domain::policy::Policy;
use cycleboard::domain::ticket::TicketKey;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Fetch, Resource, ResourceId, Source, Tier};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::ground::bare;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn source(forge: &Forge, with_token: bool) -> GitHub {
    let token = forge.token().to_owned();
    let config = SourceConfig {
        orgs: vec!["acme".to_owned()],
        token_env: with_token.then(|| "BOARD_TOKEN".to_owned()),
        ..SourceConfig::new("demo", "github", forge.url().clone())
    };
    let ground = Ground {
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.clone())),
        ..bare(now)
    };
    GitHub::new(&config, &ground, Limits::default()).unwrap()
}

/// What was told: pages end where they end, so that more than the window may have come.
#[derive(Default)]
struct Told {
    all: BTreeSet<FactId>,
    within: BTreeSet<FactId>,
    asked: BTreeSet<ResourceId>,
    linked: BTreeSet<TicketKey>,
    board: Correlator,
}

impl Told {
    /// Takes facts in, and asks the source for what correlation misses.
    fn correlate(&mut self, source: &GitHub, facts: Vec<Fact>) {
        for fact in facts {
            self.board.insert(Sourced {
                source: source.name().clone(),
                fact: Arc::new(fact),
            });
        }
        self.board.refresh(&Policy::default(), now());
        source.need(self.board.needs());
    }

    /// Returns the identities of the cards that changed since then, with the names that people use.
    ///
    /// A push is a card by GraphQL alone: lists of commits do not say whether a change request
    /// brought one, and asking that of each would cost a request a commit.
    fn cards(&self, since: Timestamp) -> BTreeSet<String> {
        let items = self.board.items();
        let items = items.filter(|item| item.anchor != Anchor::Push && item.updated_at >= since);
        let named = items.map(|item| format!("{} {}", item.id.as_str(), item.key));
        named.collect()
    }
}

/// Reads all that waits for an answer; returns what was told of ended work and its delivery.
async fn told(source: &GitHub) -> Told {
    let mut told = Told::default();
    for _ in 0..400 {
        let resources = source.resources(now());
        let waits = |found: &&Resource| {
            let findings = found.id.starts_with("findings:") && !told.asked.contains(&found.id);
            found.tier == Tier::Now || findings
        };
        let Some(next) = resources.iter().find(waits) else {
            break;
        };
        told.asked.insert(Arc::clone(&next.id));
        let fetch = Fetch {
            resource: Arc::clone(&next.id),
            now: now(),
            forced: false,
        };
        let batch = source.fetch(fetch).await.unwrap();
        for fact in &batch.facts {
            let old = if let Fact::ChangeRequest(change) = fact {
                let links = change.tickets.iter();
                told.linked.extend(links.map(|link| link.ticket.clone()));
                change.updated_at < now() - TimeDelta::days(9)
            } else if matches!(fact, Fact::Release(_) | Fact::Deployment(_)) {
                false
            } else {
                continue;
            };
            if !old {
                told.within.insert(fact.id());
            }
            told.all.insert(fact.id());
        }
        told.correlate(source, batch.facts);
    }
    told
}

/// Returns a ticket as people name it.
fn name(ticket: &TicketKey) -> String {
    match ticket {
        TicketKey::Numbered { repo, number } => format!(" {}#{number}", repo.path()),
        TicketKey::Tracker(key) => format!(" {key}"),
    }
}

#[tokio::test]
async fn graphql_and_rest_alone_tell_the_same_of_what_is_delivered() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let cancel = CancellationToken::new();
    let options = Options {
        repos: 6,
        cards: 120,
        origin: Some(now()),
        ..Options::default()
    };
    let forge = start(options, Arc::new(now), &TaskTracker::new(), &cancel)
        .await
        .unwrap();
    let by_graphql = told(&source(&forge, true)).await;
    let by_rest = told(&source(&forge, false)).await;
    cancel.cancel();
    assert!(by_graphql.within.len() > 200, "{}", by_graphql.within.len());
    let lacks: Vec<_> = by_rest.within.difference(&by_graphql.all).collect();
    assert!(lacks.is_empty(), "GraphQL lacks {lacks:?}");
    let lacks: Vec<_> = by_graphql.within.difference(&by_rest.all).collect();
    assert!(lacks.is_empty(), "REST lacks {lacks:?}");
    let (window, ever) = (now() - TimeDelta::days(9), DateTime::UNIX_EPOCH);
    let (cards, others) = (by_graphql.cards(window), by_rest.cards(window));
    assert!(cards.len() > 100, "{}", cards.len());
    let all = by_rest.cards(ever);
    // Pages end where they end: of a change that only one of the two has read, there is no more
    // to know by the other.
    let unread: BTreeSet<String> = by_graphql
        .linked
        .difference(&by_rest.linked)
        .map(name)
        .collect();
    let known = |card: &&String| !unread.iter().any(|name| card.ends_with(name.as_str()));
    let lacks: Vec<_> = cards.difference(&all).filter(known).collect();
    assert!(lacks.is_empty(), "by REST there is no {lacks:#?}");
    // Of closed tickets that no change names, REST reads more than GraphQL's ten.
    let named: BTreeSet<String> = by_graphql.linked.iter().map(name).collect();
    let all = by_graphql.cards(ever);
    let named = |card: &&String| named.iter().any(|name| card.ends_with(name.as_str()));
    let lacks: Vec<_> = others.difference(&all).filter(named).collect();
    assert!(lacks.is_empty(), "by GraphQL there is no {lacks:#?}");
}
