//! The past of the mixed team, as the adapters of its systems read it.

use std::collections::BTreeMap;

use cycleboard::config::SourceConfig;
use cycleboard::demo::forge::Dialect;
use cycleboard::domain::change_request::Verdict;
use cycleboard::domain::fact::{Fact, FactKind};
use cycleboard::sources::gitea::Gitea;
use cycleboard::sources::gitlab::GitLab;
use cycleboard::sources::http::{Ground, Limits, NoValidators};
use cycleboard::sources::jenkins::Jenkins;
use cycleboard::sources::{Batch, Fetch, Source, SourceError, Tier};

use super::mixed::{Team, team};
use super::*;

/// How a source is made of its settings.
type Open = fn(&SourceConfig, &Ground) -> Result<Box<dyn Source>, SourceError>;

fn source(
    team: &Team,
    (dialect, kind, orgs): (Dialect, &str, &[&str]),
    open: Open,
) -> Box<dyn Source> {
    let url = team.forge(dialect).url().clone();
    let config = SourceConfig {
        orgs: orgs.iter().map(|name| (*name).to_owned()).collect(),
        // Whoever has none may read.
        token_env: (kind == "gitlab").then(|| "BOARD_TOKEN".to_owned()),
        past_days: 90,
        ..SourceConfig::new(kind, kind, url)
    };
    let hand = Arc::clone(&team.now);
    let ground = Ground {
        clock: Arc::new(move || instant(hand.load(Ordering::Relaxed))),
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "demo-read".to_owned())),
        validators: Arc::new(NoValidators),
        logs: Arc::new(cycleboard::sources::logs::NoLogs),
        read_only: true,
        know: |_| (),
    };
    open(&config, &ground).unwrap()
}

async fn fetch(source: &dyn Source, id: &str, now: i64) -> Batch {
    let fetch = Fetch {
        resource: id.into(),
        now: instant(now),
        forced: false,
    };
    let batch = source.fetch(fetch).await;
    batch.unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Reads all that is due at once or is polled, and then the past.
async fn pasts(source: &dyn Source, now: i64) -> Vec<Batch> {
    for _ in 0..3_000 {
        let due = source.resources(instant(now));
        let Some(next) = due.iter().find(|it| it.tier == Tier::Now) else {
            break;
        };
        fetch(source, &next.id, now).await;
    }
    for resource in source.resources(instant(now)) {
        if !matches!(resource.tier, Tier::Past | Tier::Spare) {
            fetch(source, &resource.id, now).await;
        }
    }
    let mut batches = Vec::new();
    for _ in 0..3_000 {
        let due = source.resources(instant(now));
        let Some(next) = due.iter().find(|it| it.tier == Tier::Spare) else {
            return batches;
        };
        batches.push(fetch(source, &next.id, now).await);
    }
    panic!(
        "it never comes to rest: {:?}",
        source.resources(instant(now))
    );
}

/// Returns the pasts that were told, each of one repository and without trouble.
fn whole(batches: &[Batch]) -> Vec<&Batch> {
    let troubles: Vec<_> = batches.iter().flat_map(|it| &it.warnings).collect();
    assert!(troubles.is_empty(), "{troubles:?}");
    let whole: Vec<&Batch> = batches.iter().filter(|it| !it.past.is_empty()).collect();
    for batch in &whole {
        let repos: BTreeSet<_> = batch.past.iter().filter_map(Fact::repo).collect();
        assert_eq!(repos.len(), 1);
        assert!(batch.past_from.is_some() || batch.past_runs_from.is_some());
    }
    whole
}

/// Returns of how many facts of each kind the pasts tell.
fn kinds(whole: &[&Batch]) -> BTreeMap<FactKind, usize> {
    let mut kinds = BTreeMap::new();
    for fact in whole.iter().flat_map(|batch| &batch.past) {
        *kinds.entry(fact.kind()).or_default() += 1;
    }
    kinds
}

/// How far back the oldest of them was, in days.
fn reach(whole: &[&Batch], now: i64) -> i64 {
    let created = |fact: &Fact| {
        if let Fact::Run(run) = fact {
            return Some(run.created_at);
        }
        let Fact::ChangeRequest(change) = fact else {
            return None;
        };
        change.merged_at
    };
    let oldest = whole.iter().flat_map(|batch| &batch.past);
    let oldest = oldest.filter_map(created).min().unwrap();
    (instant(now) - oldest).num_days()
}

#[tokio::test]
async fn gitlab_tells_the_past_of_each_project_as_a_whole() {
    let options = Options {
        repos: 6,
        ..Options::default()
    };
    let team = team(&options).await;
    let now = team.now.load(Ordering::Relaxed);
    let source = source(
        &team,
        (Dialect::GitLab, "gitlab", &["acme"]),
        |config, ground| Ok(Box::new(GitLab::new(config, ground, Limits::default())?)),
    );
    let batches = pasts(source.as_ref(), now).await;
    let whole = whole(&batches);
    let kinds = kinds(&whole);
    for kind in [
        FactKind::ChangeRequest,
        FactKind::ChangeTimes,
        FactKind::Ticket,
        FactKind::Commit,
        FactKind::Deployment,
        FactKind::Release,
        FactKind::Run,
        FactKind::JobSet,
        FactKind::EarlierJobs,
    ] {
        assert!(kinds.contains_key(&kind), "{kind:?}: {kinds:?}");
    }
    assert_eq!(
        kinds[&FactKind::ChangeRequest],
        kinds[&FactKind::ChangeTimes]
    );
    assert!(reach(&whole, now) > 80, "{}", reach(&whole, now));
    let facts = || whole.iter().flat_map(|batch| &batch.past);
    let approved = facts().any(|fact| {
        let Fact::ChangeTimes(times) = fact else {
            return false;
        };
        let mut said = times.reviews.iter();
        times.complete && said.any(|note| note.verdict == Verdict::Approved)
    });
    assert!(approved);
    let timed = facts().filter(|fact| matches!(fact, Fact::Run(run) if run.started_at.is_some()));
    assert!(timed.count() * 2 > kinds[&FactKind::Run], "{kinds:?}");
    let brought = facts()
        .filter(|fact| matches!(fact, Fact::Commit(commit) if commit.change_request.is_some()));
    assert!(brought.count() * 2 > kinds[&FactKind::Commit], "{kinds:?}");
    let read = source.past();
    assert!(read.read == read.of && read.of > 1, "{read:?}");
    assert!(batches.len() < 90 * read.of, "{} fetches", batches.len());
}

#[tokio::test]
async fn forgejo_tells_the_past_of_each_repository_as_a_whole() {
    let team = team(&Options::default()).await;
    let now = team.now.load(Ordering::Relaxed);
    let which = (Dialect::Forgejo, "forgejo", &["acme"][..]);
    let source = source(&team, which, |config, ground| {
        Ok(Box::new(Gitea::new(config, ground, Limits::default())?))
    });
    let batches = pasts(source.as_ref(), now).await;
    let whole = whole(&batches);
    let kinds = kinds(&whole);
    for kind in [
        FactKind::ChangeRequest,
        FactKind::ChangeTimes,
        FactKind::Ticket,
        FactKind::Commit,
        FactKind::Deployment,
        FactKind::Release,
    ] {
        assert!(kinds.contains_key(&kind), "{kind:?}: {kinds:?}");
    }
    assert!(reach(&whole, now) > 80, "{}", reach(&whole, now));
    // It builds nothing itself.
    assert!(!kinds.contains_key(&FactKind::Run));
    assert!(whole.iter().all(|batch| batch.past_from.is_some()));
    let read = source.past();
    assert!(read.read == read.of && read.of > 0, "{read:?}");
}

#[tokio::test]
async fn jenkins_tells_the_builds_of_the_past_job_by_job() {
    let team = team(&Options::default()).await;
    let now = team.now.load(Ordering::Relaxed);
    let which = (Dialect::Jenkins, "jenkins", &[][..]);
    let source = source(&team, which, |config, ground| {
        Ok(Box::new(Jenkins::new(config, ground, Limits::default())?))
    });
    let batches = pasts(source.as_ref(), now).await;
    let whole = whole(&batches);
    let kinds = kinds(&whole);
    assert_eq!(kinds.keys().collect::<Vec<_>>(), [&FactKind::Run]);
    assert!(whole.iter().all(|batch| batch.past_from.is_none()));
    assert!(reach(&whole, now) > 60, "{}", reach(&whole, now));
    let read = source.past();
    assert!(read.read == read.of && read.of > 1, "{read:?}");
}
