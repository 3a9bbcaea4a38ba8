//! The monitor of the mixed team: what fires follows from the world, and our adapter reads it.

use cycleboard::config::SourceConfig;
use cycleboard::demo::forge::Dialect;
use cycleboard::domain::Timestamp;
use cycleboard::domain::alert::{Alert, AlertState};
use cycleboard::domain::fact::Fact;
use cycleboard::sources::alertmanager::Alertmanager;
use cycleboard::sources::http::Limits;
use cycleboard::sources::{CheckState, Fetch, Source};

use super::mixed::{Team, team};
use super::*;
use crate::support::ground::bare;

async fn ask(team: &Team, path: &str) -> (u16, String) {
    let url = format!("{}{path}", team.forge(Dialect::Alertmanager).url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(url).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

async fn alerts(team: &Team, query: &str) -> Vec<Value> {
    let (status, body) = ask(team, &format!("api/v2/alerts{query}")).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn at(value: &Value) -> Timestamp {
    let at = DateTime::parse_from_rfc3339(value.as_str().unwrap());
    at.unwrap().to_utc()
}

/// Returns when the newest deployment got to production.
fn arrived(team: &Team, now: Timestamp) -> Vec<Timestamp> {
    let forge = team.forge(Dialect::Alertmanager);
    let places = forge.share().places.iter();
    let states = places.filter_map(|place| forge.world().at(place.index, now));
    let mut found = Vec::new();
    for repo in states {
        for it in &repo.deployments {
            let good = it.statuses.iter().find(|one| one.state == "success");
            if let Some(good) = good.filter(|_| it.environment.ends_with("production")) {
                found.push(good.at);
            }
        }
    }
    found
}

#[tokio::test]
async fn something_fires_soon_after_a_deployment_and_something_is_silenced() {
    let team = team(&Options::default()).await;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut rounds_with_errors = 0;
    for step in 0..48 {
        let secs = START + step * 1_800;
        team.now.store(secs, Ordering::Relaxed);
        let now = instant(secs);
        let all = alerts(&team, "").await;
        let prints: Vec<&str> = all
            .iter()
            .map(|it| it["fingerprint"].as_str().unwrap())
            .collect();
        assert!(prints.is_sorted(), "{prints:?}");
        let arrived = arrived(&team, now);
        for alert in &all {
            let begun = at(&alert["startsAt"]);
            assert!(begun <= now && at(&alert["updatedAt"]) <= now, "{alert}");
            assert!(at(&alert["endsAt"]) > now, "it fires: {alert}");
            let by = &alert["status"]["inhibitedBy"];
            if let Some(by) = by[0].as_str() {
                assert!(prints.contains(&by), "{alert}");
            }
            if alert["labels"]["alertname"] == "HighErrorRate" {
                let after = arrived.iter().map(|at| begun - *at);
                let soon = |it: &TimeDelta| (3..12).contains(&it.num_minutes());
                assert!(after.clone().any(|it| soon(&it)), "{alert} {arrived:?}");
            }
        }
        let named = |name: &str| all.iter().any(|it| it["labels"]["alertname"] == name);
        rounds_with_errors += usize::from(named("HighErrorRate"));
        let silenced = all
            .iter()
            .filter(|it| it["status"]["silencedBy"] != json!([]));
        assert_eq!(silenced.count(), 1);
        seen.extend(
            all.iter()
                .map(|it| format!("{} {}", it["fingerprint"], it["startsAt"])),
        );
    }
    assert!(rounds_with_errors > 16, "{rounds_with_errors} of 48");
    assert!(seen.len() > 10, "it changes with the clock: {}", seen.len());
}

#[tokio::test]
async fn it_answers_like_the_real_one() {
    let team = team(&Options::default()).await;
    let real: Vec<Value> =
        serde_json::from_str(include_str!("../../data/alertmanager/alerts.json")).unwrap();
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let all = alerts(&team, "").await;
    for ours in &all {
        assert!(keys(&real[1]).is_subset(&keys(ours)), "{ours}");
        assert!(keys(&real[1]["status"]).is_subset(&keys(&ours["status"])));
    }
    let status: Value = serde_json::from_str(&ask(&team, "api/v2/status").await.1).unwrap();
    let real: Value =
        serde_json::from_str(include_str!("../../data/alertmanager/status.json")).unwrap();
    assert_eq!(keys(&status), keys(&real));
    let loud = alerts(&team, "?silenced=false&inhibited=false").await;
    assert!(loud.iter().all(|it| it["status"]["state"] == "active"));
    let quiet = alerts(&team, "?active=false").await;
    assert!(!quiet.is_empty() && loud.len() + quiet.len() == all.len());
    let disk = alerts(&team, "?filter=alertname%3D%22DiskAlmostFull%22").await;
    assert_eq!(disk.len(), 1);
    let id = disk[0]["status"]["silencedBy"][0].as_str().unwrap();
    let (status, silence) = ask(&team, &format!("api/v2/silence/{id}")).await;
    assert!(
        status == 200 && silence.contains("\"DiskAlmostFull\""),
        "{silence}"
    );
    assert!(ask(&team, "api/v2/silences").await.1.contains(id));
    let (status, said) = ask(&team, "api/v2/alerts?filter=nonsense").await;
    assert_eq!(
        (status, said.as_str()),
        (400, "\"bad matcher format: nonsense\"")
    );
    assert_eq!(ask(&team, "api/v2/alert").await.0, 404);
    assert_eq!(ask(&team, "-/healthy").await, (200, "OK".to_owned()));
}

#[tokio::test]
async fn our_adapter_reads_it_and_finds_the_services() {
    let team = team(&Options::default()).await;
    let forge = team.forge(Dialect::Alertmanager);
    let config = SourceConfig::new("alerts", "alertmanager", forge.url().clone());
    let ground = bare(|| instant(START));
    let source = Alertmanager::new(&config, &ground, Limits::default()).unwrap();
    let fetch = Fetch {
        resource: "alerts".into(),
        now: instant(START),
        forced: false,
    };
    let batch = source.fetch(fetch).await.unwrap();
    assert!(
        batch.warnings.is_empty() && batch.listings.len() == 1,
        "{batch:?}"
    );
    let told = batch.facts.iter().map(|fact| {
        let Fact::Alert(alert) = fact else {
            panic!("{fact:?}");
        };
        alert
    });
    let told: Vec<&Alert> = told.collect();
    assert!(told.iter().any(|it| it.state == AlertState::Silenced));
    let world = forge.world();
    let specs = (0..world.len()).filter_map(|index| world.spec(index));
    let services: BTreeSet<&str> = specs
        .flat_map(|spec| spec.services.iter().map(|service| service.name.as_str()))
        .collect();
    for alert in told {
        let service = alert.service.as_ref().unwrap();
        assert!(services.contains(service.as_str()), "{alert:?}");
        let is_known = !matches!(alert.state, AlertState::Unknown(_) | AlertState::Resolved);
        assert!(is_known, "{alert:?}");
    }
    let checks = source.check_up().await;
    assert!(
        checks.iter().all(|check| check.state == CheckState::Fine),
        "{checks:?}"
    );
}
