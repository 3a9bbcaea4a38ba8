//! What only monitors do: answers in part, missing interfaces, too many alerts.

use super::*;
use cycleboard::sources::CapabilityState;
use serde_json::json as value;

fn dialect(kind: &str, resource: &str) -> &'static Dialect {
    let fits = |it: &&Dialect| it.kind == kind && it.resource == resource;
    DIALECTS.iter().find(fits).unwrap()
}

#[tokio::test]
async fn an_answer_that_calls_itself_partial_removes_nothing_and_confirms_what_it_told() {
    for resource in ["alerts", "rules"] {
        let dialect = dialect("prometheus", resource);
        let mut part = dialect.answer();
        part["warnings"] = value!(["a store did not answer: s3cr3t-SECRET-0123456789", "b"]);
        let batch = dialect.read_from(Reply::json(&part)).await.unwrap();
        assert!(!batch.facts.is_empty());
        assert!(batch.listings.is_empty());
        assert_eq!(batch.partial[0].members.len(), batch.facts.len());
        assert_eq!(batch.covered.is_empty(), resource == "rules");
        assert!(batch.warnings[0].contains("only a part is known: a store"));
        assert!(
            !batch.warnings[0].contains("SECRET"),
            "{:?}",
            batch.warnings
        );
    }
}

#[tokio::test]
async fn a_server_that_says_why_it_failed_is_quoted() {
    let said = value!({"status": "error", "errorType": "execution", "error": "too many samples"});
    let dialect = dialect("prometheus", "alerts");
    let error = dialect.read_from(Reply::json(&said)).await.unwrap_err();
    assert!(
        error.to_string().contains("execution: too many samples"),
        "{error}"
    );
}

#[tokio::test]
async fn rules_that_a_server_does_not_have_are_a_missing_capability() {
    let alerts = dialect("prometheus", "alerts");
    let fault = Fault::start(|seen| match seen.path() {
        "/api/v1/alerts" => alerts.good(),
        _ => Reply::new(404, ""),
    })
    .await;
    let source = alerts.source(&fault.url);
    let rules = dialect("prometheus", "rules");
    assert!(rules.read(&*source).await.is_err(), "nothing was there yet");
    alerts.read(&*source).await.unwrap();
    let batch = rules.read(&*source).await.unwrap();
    assert!(batch.facts.is_empty() && batch.listings.is_empty());
    let can = source.capabilities();
    let can = can.iter().find(|can| can.name == "rules").unwrap();
    assert!(matches!(&can.state, CapabilityState::Missing(why) if why.contains("/api/v1/rules")));
    let checks = source.check_up().await;
    let said = |check: &Check| check.text.contains("no `/api/v1/rules`");
    assert!(checks.iter().any(said), "{checks:?}");
}

#[tokio::test]
async fn a_storm_of_alerts_is_bounded_and_told() {
    for kind in ["alertmanager", "prometheus"] {
        let dialect = dialect(kind, "alerts");
        let storm = dialect.with_records(|records| {
            let first = records[0].clone();
            for number in 0..3_000 {
                let mut record = first.clone();
                record["labels"]["instance"] = value!(format!("host-{number}"));
                record["fingerprint"] = value!(format!("{number:016x}"));
                records.push(record);
            }
        });
        let fault = dialect.serve(Reply::json(&storm)).await;
        let config = dialect.config(&fault.url);
        let source = (dialect.open)(&config, &ground(TOKEN), Limits::default()).unwrap();
        let batch = dialect.read(&*source).await.unwrap();
        assert_eq!(batch.facts.len(), 1_000);
        assert!(
            dialect.listed(&batch).len() > 3_000,
            "what is not shown is not over"
        );
        assert!(
            batch.warnings[0].contains("1000 are shown"),
            "{:?}",
            batch.warnings
        );
    }
}

#[tokio::test]
async fn old_cards_of_rules_do_not_pass_for_current_by_alerts_alone() {
    let alerts = dialect("prometheus", "alerts");
    let rules = dialect("prometheus", "rules");
    let fault = alerts.serve_by(|_| alerts.good()).await;
    let source = alerts.source(&fault.url);
    let at = |resource: &'static str, minutes| {
        source.fetch(Fetch {
            resource: resource.into(),
            now: now() + chrono::TimeDelta::minutes(minutes),
            forced: false,
        })
    };
    assert_eq!(at("alerts", 0).await.unwrap().covered.len(), 1);
    // Rules that fail are told once, and then not read again.
    let failing = rules.serve(rules.good()).await;
    let ill = rules.read(&*rules.source(&failing.url)).await.unwrap();
    let facts: Vec<_> = ill.facts.into_iter().map(Arc::new).collect();
    source.restore(&facts);
    assert!(at("alerts", 1).await.unwrap().covered.is_empty());
    at("rules", 2).await.unwrap();
    assert_eq!(at("alerts", 3).await.unwrap().covered.len(), 1);
}
