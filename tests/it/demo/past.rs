//! The past of the simulated GitHub, as the adapter reads it.

use cycleboard::config::SourceConfig;
use cycleboard::domain::deployment::{DeployState, Environment};
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::domain::text::Clean;
use cycleboard::sources::github::GitHub;
use cycleboard::sources::http::{Ground, Limits, NoValidators};
use cycleboard::sources::{Batch, Fetch, Source, Tier};

use super::*;

pub(super) fn source(bench: &Bench) -> GitHub {
    let (url, token) = (bench.forge.url().clone(), bench.forge.token().to_owned());
    let config = SourceConfig {
        orgs: vec!["acme".to_owned()],
        token_env: Some("BOARD_TOKEN".to_owned()),
        past_days: 90,
        ..SourceConfig::new("github", "github", url)
    };
    let hand = Arc::clone(&bench.now);
    let ground = Ground {
        clock: Arc::new(move || instant(hand.load(Ordering::Relaxed))),
        env: Arc::new(move |name| (name == "BOARD_TOKEN").then(|| token.clone())),
        validators: Arc::new(NoValidators),
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
        know: |_| (),
    };
    GitHub::new(&config, &ground, Limits::default()).unwrap()
}

pub(super) async fn fetch(source: &GitHub, id: &str, secs: i64) -> Batch {
    let fetch = Fetch {
        resource: id.into(),
        now: instant(secs),
        forced: false,
    };
    source.fetch(fetch).await.unwrap()
}

pub(super) async fn settle(source: &GitHub, tier: Tier, secs: i64) -> Vec<Batch> {
    let mut batches = Vec::new();
    for _ in 0..3_000 {
        let due = source.resources(instant(secs)).into_iter();
        let Some(next) = due.into_iter().find(|it| it.tier == tier) else {
            return batches;
        };
        batches.push(fetch(source, &next.id, secs).await);
    }
    panic!("it never comes to rest");
}

#[tokio::test]
async fn each_repository_tells_its_past_as_a_whole_and_without_a_word_of_trouble() {
    let options = Options {
        repos: 6,
        ..Options::default()
    };
    let bench = bench(options).await;
    let now = bench.now.load(Ordering::Relaxed);
    let source = source(&bench);
    settle(&source, Tier::Now, now).await;
    for probe in source.resources(instant(now)) {
        if probe.id.starts_with("probe:") {
            fetch(&source, &probe.id, now + 40).await;
        }
    }
    let batches = settle(&source, Tier::Spare, now).await;
    let troubles: Vec<_> = batches.iter().flat_map(|it| &it.warnings).collect();
    assert!(troubles.is_empty(), "{troubles:?}");
    let whole: Vec<&Batch> = batches.iter().filter(|it| !it.past.is_empty()).collect();
    assert!(!whole.is_empty());
    for batch in &whole {
        let repos: BTreeSet<_> = batch.past.iter().filter_map(|it| it.repo()).collect();
        assert_eq!(repos.len(), 1);
        assert!(batch.past_from.is_some() && batch.past_runs_from.is_some());
    }
    for kind in [
        FactKind::ChangeRequest,
        FactKind::ChangeTimes,
        FactKind::Commit,
        FactKind::Deployment,
        FactKind::Run,
    ] {
        let mut all = whole.iter().flat_map(|it| &it.past);
        assert!(all.any(|fact| fact.kind() == kind), "{kind:?}");
    }
}

#[tokio::test]
async fn questions_about_environments_cost_the_point_that_is_booked_for_them() {
    let options = Options {
        repos: 1,
        ..Options::default()
    };
    let bench = bench(options).await;
    let now = bench.now.load(Ordering::Relaxed);
    let first = settle(&source(&bench), Tier::Now, now).await;
    let mut facts = first.iter().flat_map(|batch| &batch.facts);
    let model = facts.find_map(|fact| {
        let Fact::Deployment(it) = fact else {
            return None;
        };
        Some(it.clone())
    });
    let model = model.unwrap();
    let all = first.iter().flat_map(|batch| batch.facts.iter().cloned());
    let mut stored: Vec<Arc<Fact>> = all.map(Arc::new).collect();
    // So many deployments that there may be more, and so many environments.
    for nth in 1..=30 {
        let mut deployment = model.clone();
        deployment.id = nth;
        deployment.state = DeployState::Failed;
        stored.push(Arc::new(Fact::Deployment(deployment)));
        stored.push(Arc::new(Fact::Environment(Environment {
            repo: model.repo.clone(),
            name: Clean::line(&format!("place {nth}")),
            id: None,
            guarded: false,
            production: false,
            url: None,
        })));
    }
    let source = source(&bench);
    source.restore(&stored);
    settle(&source, Tier::Now, now).await;
    let left = |source: &GitHub| {
        let budgets = source.meter().budgets;
        let points = budgets.iter().find(|it| it.bucket == "graphql").unwrap();
        points.remaining
    };
    let mut turns = 0;
    loop {
        let due = source.resources(instant(now)).into_iter();
        let Some(places) = due.into_iter().find(|it| it.id.starts_with("places:")) else {
            break;
        };
        let before = left(&source);
        let batch = fetch(&source, &places.id, now).await;
        assert_eq!(before - left(&source), u64::from(places.cost));
        assert!(batch.warnings.is_empty(), "{:?}", batch.warnings);
        turns += 1;
    }
    assert_eq!(turns, 4, "names and 30 places, nine at a time");
}
