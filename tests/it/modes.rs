//! Two ways to ask: GraphQL and REST alone tell of the same change requests, releases and
//! deployments of the demo forge.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use cycleboard::config::SourceConfig;
use cycleboard::demo::Options;
use cycleboard::demo::forge::{Forge, start};
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::{Fact, FactId};
use cycleboard::domain::key::SourceName;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, NoValidators};
use cycleboard::sources::{Fetch, Source, Tier};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

fn now() -> Timestamp {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn source(forge: &Forge, with_token: bool) -> GitHub {
    let token = forge.token().to_owned();
    let config = SourceConfig {
        name: SourceName::new("demo"),
        kind: "github".to_owned(),
        url: forge.url().clone(),
        repos: Vec::new(),
        orgs: vec!["acme".to_owned()],
        token_env: with_token.then(|| "BOARD_TOKEN".to_owned()),
        token_command: None,
        ca_file: None,
        insecure_http: false,
        writes: Vec::new(),
    };
    let ground = Ground {
        clock: Arc::new(now),
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.clone())),
        validators: Arc::new(NoValidators),
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
    };
    GitHub::new(&config, &ground, Limits::default()).unwrap()
}

/// What was told: pages end where they end, so that more than the window may have come.
#[derive(Default)]
struct Told {
    all: BTreeSet<FactId>,
    within: BTreeSet<FactId>,
}

/// Reads all that waits for an answer; returns what was told of ended work and its delivery.
async fn told(source: &GitHub) -> Told {
    let mut told = Told::default();
    for _ in 0..200 {
        let resources = source.resources(now());
        let Some(next) = resources.iter().find(|found| found.tier == Tier::Now) else {
            break;
        };
        let fetch = Fetch {
            resource: Arc::clone(&next.id),
            now: now(),
            forced: false,
        };
        let batch = source.fetch(fetch).await.unwrap();
        for fact in &batch.facts {
            let old = if let Fact::ChangeRequest(change) = fact {
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
    }
    told
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
}
