//! The demo's Jenkins as the adapter sees it: builds of the repositories that are at Forgejo.

use std::collections::BTreeMap;

use cycleboard::config::{Action, SourceConfig};
use cycleboard::demo::forge::Dialect;
use cycleboard::domain::action::{Target, Verb};
use cycleboard::domain::correlate::Need;
use cycleboard::domain::diagnosis::{LogKey, LogState, TestsFrom};
use cycleboard::domain::fact::Fact;
use cycleboard::domain::run::{Run as Told, RunState};
use cycleboard::sources::action::Act;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::jenkins::Jenkins;
use cycleboard::sources::{Fetch, Source, Tier};

use super::mixed::{Team, team};
use super::*;
use crate::support::ground::bare;

/// The board's side of it.
struct Reader {
    source: Jenkins,
    runs: BTreeMap<u64, Told>,
    facts: Vec<Fact>,
}

fn reader(team: &Team) -> Reader {
    let url = team.forge(Dialect::Jenkins).url().clone();
    let mut config = SourceConfig::new("ci", "jenkins", url);
    config.token_env = Some("CI_TOKEN".to_owned());
    config.writes = vec![Action::Rerun, Action::Cancel, Action::Approve];
    let hand = Arc::clone(&team.now);
    let ground = Ground {
        env: Arc::new(|name| (name == "CI_TOKEN").then(|| "demo:demo-write".to_owned())),
        read_only: false,
        ..bare(move || instant(hand.load(Ordering::Relaxed)))
    };
    Reader {
        source: Jenkins::new(&config, &ground, Limits::default()).unwrap(),
        runs: BTreeMap::new(),
        facts: Vec::new(),
    }
}

impl Reader {
    async fn fetch(&mut self, resource: &str, now: DateTime<Utc>) {
        let fetch = Fetch {
            resource: resource.into(),
            now,
            forced: false,
        };
        let batch = self.source.fetch(fetch).await.unwrap();
        assert!(batch.warnings.is_empty(), "{:?}", batch.warnings);
        for fact in batch.facts {
            if let Fact::Run(run) = &fact {
                self.runs.insert(run.id, run.clone());
            }
            self.facts.push(fact);
        }
    }

    /// Polls, and does all that is to be done at once.
    async fn refresh(&mut self, now: DateTime<Utc>) {
        self.fetch("jobs", now).await;
        for _ in 0..200 {
            let due = self.source.resources(now);
            let due = due.iter().find(|it| it.tier == Tier::Now);
            let Some(due) = due.map(|it| Arc::clone(&it.id)) else {
                return;
            };
            self.fetch(&due, now).await;
        }
        panic!("it never rests");
    }
}

#[tokio::test]
async fn every_build_belongs_to_a_commit_of_its_repository() {
    let team = team(&Options::default()).await;
    let mut reader = reader(&team);
    let now = instant(START);
    reader.refresh(now).await;
    let forgejo = team.forge(Dialect::Forgejo);
    let host = format!("127.0.0.1:{}", forgejo.url().port().unwrap());
    let mut of_changes = 0;
    for run in reader.runs.values() {
        if run.state == RunState::Queued {
            continue;
        }
        assert_eq!(run.repo.host(), host, "{run:?}");
        let place = forgejo.share().find(run.repo.path()).unwrap();
        let state = forgejo.world().at(place.index, now).unwrap();
        let sha = run.head_sha.as_ref().unwrap().as_str();
        let mut all = state.runs.iter();
        assert!(all.any(|known| known.sha == sha), "{run:?}");
        if let [number] = run.change_requests[..] {
            of_changes += 1;
            let pull = state.pulls.iter().find(|pull| pull.number == number);
            assert!(pull.unwrap().commits.iter().any(|commit| commit == sha));
        }
    }
    assert!(reader.runs.len() > 15 && of_changes > 2, "{of_changes}");
    let asked = team.forge(Dialect::Jenkins).ledger().total();
    reader.refresh(now).await;
    let asked = team.forge(Dialect::Jenkins).ledger().total() - asked;
    assert!(asked <= 2, "nothing changed: {asked}");
}

#[tokio::test]
async fn a_red_build_tells_its_stage_its_log_and_its_tests() {
    let team = team(&Options::default()).await;
    let mut reader = reader(&team);
    // Somewhere in the next hours a test fails.
    for hour in 0..72 {
        let now = instant(START + hour * 3_600);
        team.now.store(now.timestamp(), Ordering::Relaxed);
        reader.refresh(now).await;
        let red = |run: &&Told| matches!(run.state, RunState::Failed(_));
        let red: Vec<Told> = reader.runs.values().filter(red).cloned().collect();
        let needs = red.iter().map(|run| Need::Jobs {
            repo: run.repo.clone(),
            run: run.id,
        });
        reader.source.need(&needs.collect());
        reader.refresh(now).await;
        let sets = reader.facts.iter().filter_map(|fact| {
            let Fact::JobSet(set) = fact else {
                return None;
            };
            Some(set.clone())
        });
        for set in sets.collect::<Vec<_>>() {
            let failed = |state: &RunState| matches!(state, RunState::Failed(_));
            // A pipeline that cannot be started has no stages.
            let mut staged = set.jobs.iter().filter(|job| job.stage.is_some());
            let Some(job) = staged.find(|job| failed(&job.state)) else {
                continue;
            };
            assert!(job.steps.iter().any(|step| failed(&step.state)), "{job:?}");
            let key = LogKey {
                run: set.run.clone(),
                attempt: 1,
                job: job.id,
            };
            let batch = reader.source.diagnose(key, now).await.unwrap();
            let Fact::Diagnosis(found) = &batch.facts[0] else {
                panic!("{batch:?}");
            };
            assert!(matches!(found.log, LogState::Read { .. }), "{found:?}");
            assert!(found.error.is_some(), "{found:?}");
            if matches!(found.tests_from, TestsFrom::Report(_)) {
                assert_eq!(found.tests.len(), 1);
                return;
            }
        }
        reader.facts.clear();
    }
    panic!("no test failed");
}

#[tokio::test]
async fn a_build_is_stopped_and_made_again_as_another_one() {
    let team = team(&Options::default()).await;
    let mut reader = reader(&team);
    let running = |reader: &Reader| {
        let mut all = reader.runs.values();
        all.find(|run| run.state == RunState::Running).cloned()
    };
    let (mut now, mut found) = (instant(START), None);
    for minute in 0..600 {
        now = instant(START + minute * 60);
        team.now.store(now.timestamp(), Ordering::Relaxed);
        reader.refresh(now).await;
        found = running(&reader);
        if found.is_some() {
            break;
        }
    }
    let run = found.unwrap();
    let target = Target {
        source: reader.source.name().clone(),
        run: run.key(),
        job: None,
        gate: None,
    };
    let act = |verb| Act {
        verb,
        target: target.clone(),
    };
    reader.source.act(act(Verb::Cancel)).await.unwrap();
    let later = now + TimeDelta::minutes(2);
    team.now.store(later.timestamp(), Ordering::Relaxed);
    reader.refresh(later).await;
    assert_eq!(reader.runs[&run.id].state, RunState::Cancelled);
    let before = reader.source.look_at(target.clone()).await.unwrap();
    assert_eq!(before.state, RunState::Cancelled);
    reader.source.act(act(Verb::RerunAll)).await.unwrap();
    let later = later + TimeDelta::minutes(2);
    team.now.store(later.timestamp(), Ordering::Relaxed);
    let after = reader.source.look_at(target.clone()).await.unwrap();
    assert!(after.attempt > before.attempt, "{before:?} {after:?}");
    reader.refresh(later).await;
    let mut newer = reader.runs.values();
    let again = newer.find(|other| {
        other.branch == run.branch
            && other.repo == run.repo
            && other.workflow == run.workflow
            && other.number > run.number
    });
    assert_eq!(again.unwrap().head_sha, reader.runs[&run.id].head_sha);
    let applied = team.forge(Dialect::Jenkins).writes().applied();
    assert_eq!(applied.len(), 2, "{applied:?}");
}

#[tokio::test]
async fn who_has_no_token_is_told_so_where_one_is_wanted() {
    let options = Options {
        require_token: true,
        ..Options::default()
    };
    let team = team(&options).await;
    let url = team.forge(Dialect::Jenkins).url().clone();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bare = http
        .get(url.join("api/json").unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 403);
    assert!(bare.headers().contains_key("x-jenkins"));
    let mut reader = reader(&team);
    reader.fetch("jobs", instant(START)).await;
    let checks = reader.source.check_up().await;
    assert!(checks[0].text.contains("2.528.1"), "{checks:?}");
}

#[tokio::test]
async fn a_build_at_its_gate_goes_on_once_it_is_answered() {
    let team = team(&Options::default()).await;
    let mut reader = reader(&team);
    let (now, index, id) = team.waiting(Dialect::Jenkins);
    reader.refresh(now).await;
    let waits = |run: &&Told| matches!(run.state, RunState::Running | RunState::Waiting);
    let moving: Vec<Told> = reader.runs.values().filter(waits).cloned().collect();
    let needs = moving.iter().map(|run| Need::Gates {
        repo: run.repo.clone(),
        run: run.id,
    });
    reader.source.need(&needs.collect());
    reader.refresh(now).await;
    let sets = reader.facts.iter().filter_map(|fact| {
        let Fact::GateSet(set) = fact else {
            return None;
        };
        Some(set)
    });
    let mut waiting = sets.flat_map(|set| set.gates.iter().map(|gate| (&set.run, gate)));
    let (run, gate) = waiting.next().unwrap();
    let target = Target {
        source: reader.source.name().clone(),
        run: run.clone(),
        job: None,
        gate: gate.door.clone(),
    };
    let before = reader.source.look_at(target.clone()).await.unwrap();
    let asked = before.gate.unwrap();
    assert_eq!(
        (before.state, &asked.name),
        (RunState::Running, &gate.environment)
    );
    assert!(asked.name.starts_with("Deploy to "), "{asked:?}");
    let act = Act {
        verb: Verb::Approve,
        target: target.clone(),
    };
    reader.source.act(act.clone()).await.unwrap();
    let later = now + TimeDelta::minutes(1);
    team.now.store(later.timestamp(), Ordering::Relaxed);
    assert_eq!(reader.source.look_at(target).await.unwrap().gate, None);
    let state = team
        .forge(Dialect::Jenkins)
        .world()
        .at(index, later)
        .unwrap();
    let run = state.runs.iter().find(|run| run.id == id).unwrap();
    assert_eq!((run.status, run.gate.as_ref()), ("in_progress", None));
    let deployed = state.deployments.iter().find(|one| one.run == id);
    assert_eq!(deployed.unwrap().state(), "in_progress");
    // It is answered once.
    let late = reader.source.act(act).await.unwrap_err();
    assert!(
        late.to_string().contains("nobody waits for this answer"),
        "{late}"
    );
}
