//! What triage of failed builds finds in the demo forge: logs, reports, attempts, writes.

use std::time::Duration;

use cycleboard::demo::forge::{Mishap, READ_TOKEN};
use cycleboard::demo::scenario::ci::Cause;
use cycleboard::demo::scenario::trouble::{self, Tool};

use super::*;

impl Bench {
    async fn post(&self, path: &str, token: Option<&str>) -> reqwest::Response {
        let request = self.http.post(self.forge.url().join(path).unwrap());
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Posts, and returns status and message.
    async fn told(&self, path: &str) -> (u16, String) {
        let response = self.post(path, Some(self.forge.token())).await;
        let status = response.status().as_u16();
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        let message = body["message"].as_str().unwrap_or_default().to_owned();
        (status, message)
    }

    fn later(&self, secs: i64) {
        self.now.fetch_add(secs, Ordering::Relaxed);
    }

    fn state(&self, name: &str) -> Arc<RepoState> {
        let world = self.forge.world();
        let index = world.find("acme", name).unwrap();
        world
            .at(index, instant(self.now.load(Ordering::Relaxed)))
            .unwrap()
    }

    /// Follows the redirect of a log or an archive, bare.
    async fn blob(&self, path: &str, range: Option<&str>) -> reqwest::Response {
        let sent = self.get(path, &[]).await;
        assert_eq!(sent.status(), 302, "{path}");
        let mut request = self.http.get(header(&sent, "location"));
        if let Some(range) = range {
            request = request.header("range", range);
        }
        request.send().await.unwrap()
    }
}

fn all(world: &World, at: i64) -> Vec<Arc<RepoState>> {
    states(world, at)
}

/// The newest run that is red now for this reason.
fn red(state: &RepoState, cause: Cause) -> (u64, u64) {
    let found = state.runs.iter().find_map(|run| {
        let job = run
            .jobs()
            .iter()
            .find(|job| job.cause == cause && job.conclusion == Some("failure"))?;
        (run.status == "completed").then_some((run.id, job.id))
    });
    found.unwrap_or_else(|| panic!("nothing is red for {cause:?} in {}", state.spec.name))
}

fn lab(state: &RepoState, name: &str) -> u64 {
    let jobs = state.runs.iter().flat_map(Run::jobs);
    let mut jobs = jobs.filter(|job| job.cause == Cause::Odd && job.completed_at.is_some());
    jobs.find(|job| job.name == name).unwrap().id
}

#[tokio::test]
async fn a_link_to_a_log_is_valid_for_a_minute_and_refuses_credentials() {
    let bench = bench(Options::default()).await;
    let state = bench.state("api");
    let path = format!("repos/acme/api/actions/jobs/{}/logs", red_job(&state).1.id);
    let to = header(&bench.get(&path, &[]).await, "location").to_owned();
    let get = async |url: &str, token: Option<&str>| {
        let mut request = bench.http.get(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    };
    let whole = get(&to, None).await;
    assert_eq!(whole.status(), 200);
    let length: usize = header(&whole, "content-length").parse().unwrap();
    let whole = whole.bytes().await.unwrap();
    assert_eq!(whole.len(), length);
    assert_eq!(get(&to, Some("leaked")).await.status(), 400);
    assert_eq!(get(&to.replace("sig=", "sig=0"), None).await.status(), 403);
    let part = bench.http.get(&to).header("range", "bytes=-100");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), 206);
    let told = format!("bytes {}-{}/{length}", length - 100, length - 1);
    assert_eq!(header(&part, "content-range"), told);
    assert_eq!(part.bytes().await.unwrap(), whole.slice(length - 100..));
    let beyond = bench
        .http
        .get(&to)
        .header("range", format!("bytes={length}-"));
    assert_eq!(beyond.send().await.unwrap().status(), 416);
    bench.later(61);
    assert_eq!(get(&to, None).await.status(), 403);
}

#[tokio::test]
async fn there_is_no_log_before_a_job_is_over_nor_long_after() {
    let bench = bench(Options::default()).await;
    let mut found = BTreeSet::new();
    for (minute, repo) in (0..60).flat_map(|minute| ["api", "web", "auth"].map(|r| (minute, r))) {
        bench.now.store(START + minute * 60, Ordering::Relaxed);
        let state = bench.state(repo);
        let runs = state.runs.iter();
        for (run, job) in runs.flat_map(|run| run.attempts.iter().flatten().map(move |j| (run, j)))
        {
            let wanted = match (job.started_at, job.completed_at) {
                (None, _) => (404, "queued"),
                (_, None) => (404, "running"),
                (_, Some(at)) if instant(START) - at > TimeDelta::days(9) => (410, "old"),
                (Some(_), Some(_)) => continue,
            };
            if run.status == "completed" && wanted.0 == 404 || !found.insert(wanted.1) {
                continue;
            }
            let path = format!("repos/acme/{repo}/actions/jobs/{}/logs", job.id);
            assert_eq!(bench.get(&path, &[]).await.status(), wanted.0, "{wanted:?}");
        }
    }
    assert_eq!(found, BTreeSet::from(["queued", "running", "old"]));
}

#[tokio::test]
async fn the_lab_has_a_log_of_every_odd_kind() {
    let bench = bench(Options::default()).await;
    let state = bench.state("api");
    let path = |name| format!("repos/acme/api/actions/jobs/{}/logs", lab(&state, name));
    let read = async |name| bench.blob(&path(name), None).await.bytes().await.unwrap();
    assert!(read("empty").await.is_empty());
    let cut = read("cut").await;
    assert!(std::str::from_utf8(&cut).is_err() && !cut.ends_with(b"\n"));
    assert!(read("binary").await.contains(&0));
    let escapes = String::from_utf8(read("escapes").await.to_vec()).unwrap();
    for part in [
        "\u{1b}]52;c;",
        "\u{1b}]0;owned\u{7}",
        "\u{1b}[2J",
        "\u{202e}",
    ] {
        assert!(escapes.contains(part), "{part:?}");
    }
    let endless = read("endless").await;
    assert!(
        endless
            .split(|byte| *byte == b'\n')
            .any(|line| line.len() > 4 << 20)
    );
    let progress = String::from_utf8(read("progress").await.to_vec()).unwrap();
    assert!(progress.matches('\r').count() > 100);
    assert_eq!(bench.get(&path("gone"), &[]).await.status(), 410);
    let soak = bench.blob(&path("soak"), Some("bytes=0-99")).await;
    let size = header(&soak, "content-range").rsplit('/').next().unwrap();
    let size: u64 = size.parse().unwrap();
    assert!((99 << 20..101 << 20).contains(&size), "{size}");
    let late = format!("bytes={}-{}", size / 100 * 96, size / 100 * 98);
    let late = bench.blob(&path("soak"), Some(&late)).await;
    let text = String::from_utf8(late.bytes().await.unwrap().to_vec()).unwrap();
    assert_eq!(text.matches("##[error]").count(), 1);
}

#[test]
fn every_tool_fails_somewhere_and_its_log_and_notes_tell_the_same() {
    for seed in 1..=3 {
        let mut tools = BTreeSet::new();
        for state in all(&world(seed), START) {
            for run in &state.runs {
                // Of what is long past the steps are not told any more.
                let jobs = run.attempts.iter().flatten();
                for job in jobs.filter(|job| !job.steps.is_empty()) {
                    let Some(why) = trouble::of(&state, run, job) else {
                        continue;
                    };
                    tools.insert(format!("{:?}", why.tool));
                    let notes = trouble::notes(&state, run, job);
                    assert!((1..=10).contains(&notes.len()), "{notes:?}");
                    if tools.len() > 20 || why.tool == Tool::Ship {
                        continue;
                    }
                    check_log(&state, run, job);
                }
            }
        }
        let wanted = [
            "CargoTest",
            "Rustc",
            "Jest",
            "Tsc",
            "Pytest",
            "Docker",
            "GoTest",
            "GoBuild",
            "Ctest",
            "Make",
            "Terraform",
            "Ship",
            "Curl",
            "Killer",
            "Secret",
        ];
        assert_eq!(tools, wanted.map(str::to_owned).into(), "seed {seed}");
    }
}

#[track_caller]
fn check_log(state: &RepoState, run: &Run, job: &Job) {
    let log = cycleboard::demo::scenario::log::of(state, run, job).unwrap();
    let log = String::from_utf8(log.start(usize::MAX)).unwrap();
    let why = trouble::of(state, run, job).unwrap();
    let exit = format!("##[error]Process completed with exit code {}.", why.exit);
    assert!(log.contains(&exit), "{why:?}");
    for line in log.lines() {
        let (stamp, _) = line.split_once(' ').unwrap();
        assert!(stamp.len() == 28 && stamp.ends_with('Z'), "{line}");
    }
    // The error is in the step that failed, by its times.
    let step = job
        .steps
        .iter()
        .find(|step| step.conclusion == Some("failure"));
    let (begin, end) = (step.unwrap().started_at, step.unwrap().completed_at);
    let line = log
        .lines()
        .rfind(|line| line.contains("##[error]"))
        .unwrap();
    let at: DateTime<Utc> = line.split_once(' ').unwrap().0.parse().unwrap();
    assert!(
        begin.unwrap() <= at && at <= end.unwrap(),
        "{begin:?} {line} {end:?}"
    );
    if let Some(test) = why.test {
        assert!(
            log.contains(test.name) && log.contains(test.message),
            "{why:?}"
        );
    }
    if let Some(fault) = why.fault {
        assert!(
            log.contains(fault.file) && log.contains(fault.message),
            "{why:?}"
        );
    }
}

#[test]
fn one_failure_is_shared_by_five_open_pulls_in_five_repositories_at_any_time() {
    let world = world(7);
    for hour in (0..96).step_by(13) {
        let mut repos = BTreeSet::new();
        for state in all(&world, START + hour * 3_600) {
            let open = state
                .pulls
                .iter()
                .filter(|pull| pull.state == PullState::Open);
            for pull in open {
                let run = state.runs.iter().find(|run| run.sha == pull.head_sha());
                let job = run.and_then(|run| {
                    let mut jobs = run.jobs().iter();
                    jobs.find(|job| job.conclusion == Some("failure"))
                });
                if job.is_some_and(|job| job.cause == Cause::Registry) {
                    repos.insert(state.spec.name.clone());
                }
            }
        }
        assert_eq!(repos.len(), 5, "hour {hour}: {repos:?}");
    }
}

#[test]
fn jobs_are_flaky_on_the_same_commit_in_several_repositories() {
    let flaky = |state: &&Arc<RepoState>| {
        state.runs.iter().any(|run| {
            let ends = |nth: usize| {
                let jobs = run.attempts.get(nth)?;
                jobs.iter()
                    .find(|job| job.name == "integration")?
                    .conclusion
            };
            ends(0) == Some("failure") && ends(1) == Some("success")
        })
    };
    let states = all(&world(7), START);
    assert!(states.iter().filter(flaky).count() >= 5);
    // One waits for somebody to run it again.
    red(&states[6], Cause::Flaky);
}

#[tokio::test]
async fn a_broken_base_branch_has_a_last_green_and_a_first_red_run() {
    let bench = bench(Options::default()).await;
    let mut broken = 0;
    for hour in (0..60).step_by(3) {
        bench.now.store(START + hour * 3_600, Ordering::Relaxed);
        let path = "repos/acme/auth/actions/workflows/ci.yml/runs?branch=main&event=push&status=completed&per_page=100";
        let runs = bench.json(path).await;
        let runs = runs["workflow_runs"].as_array().unwrap();
        assert!(runs.len() >= 20, "{}", runs.len());
        let green = |run: &Value| run["conclusion"] == "success";
        let Some(last) = runs.iter().position(green).filter(|place| *place > 0) else {
            continue;
        };
        broken += 1;
        let sha = |nth: usize| runs[nth]["head_sha"].as_str().unwrap().to_owned();
        let range = format!("repos/acme/auth/compare/{}...{}", sha(last), sha(last - 1));
        let range = bench.json(&range).await;
        assert_eq!(range["behind_by"], 0);
        assert_eq!(range["ahead_by"], 1, "one commit is to blame");
        let state = bench.state("auth");
        let on_top = state
            .pulls
            .iter()
            .filter(|pull| pull.state == PullState::Open);
        let shared = on_top.filter(|pull| {
            let run = state.runs.iter().find(|run| run.sha == pull.head_sha());
            run.is_some_and(|run| {
                run.jobs()
                    .iter()
                    .any(|job| matches!(job.cause, Cause::Base(_)))
            })
        });
        assert!(
            shared.count() > 0,
            "hour {hour}: no pull request on top is red"
        );
    }
    assert!(broken >= 10, "{broken}");
}

#[tokio::test]
async fn a_rerun_adds_an_attempt_that_moves_on_by_itself() {
    let bench = bench(Options::default()).await;
    let (run, job) = red(&bench.state("gateway"), Cause::Flaky);
    let at = format!("repos/acme/gateway/actions/runs/{run}");
    let rerun = format!("{at}/rerun-failed-jobs");
    assert_eq!(bench.told(&rerun).await.0, 201);
    let now = bench.json(&at).await;
    assert_eq!(
        (&now["run_attempt"], &now["status"]),
        (&json!(2), &json!("queued"))
    );
    assert!(
        now["previous_attempt_url"]
            .as_str()
            .unwrap()
            .ends_with("/attempts/1")
    );
    let refused = (403, "This workflow is already running".to_owned());
    assert_eq!(bench.told(&rerun).await, refused);
    bench.later(40 * 60);
    let after = bench.json(&at).await;
    assert_eq!(after["conclusion"], "success", "{after}");
    let first = bench.json(&format!("{at}/attempts/1")).await;
    assert_eq!(
        (&first["run_attempt"], &first["conclusion"]),
        (&json!(1), &json!("failure"))
    );
    let jobs = bench.json(&format!("{at}/attempts/1/jobs")).await;
    let every = bench.json(&format!("{at}/jobs?filter=all")).await;
    let latest = bench.json(&format!("{at}/jobs")).await;
    let count = |jobs: &Value| jobs["total_count"].as_u64().unwrap();
    assert_eq!(count(&every), count(&jobs) + count(&latest));
    assert_eq!(latest["jobs"][0]["run_attempt"], 2);
    let old = bench
        .blob(&format!("repos/acme/gateway/actions/jobs/{job}/logs"), None)
        .await;
    assert!(
        old.text()
            .await
            .unwrap()
            .contains("--- FAIL: TestStoreConcurrentWrites")
    );
    let nothing = bench.told(&rerun).await;
    assert_eq!(nothing.0, 403, "{nothing:?}");
    assert_eq!(bench.forge.writes().count("rerun"), 1);
    assert_eq!(bench.forge.ledger().writes().len(), 3);
}

#[tokio::test]
async fn a_real_failure_fails_again_and_an_outage_is_over() {
    let bench = bench(Options::default()).await;
    for (repo, cause, word) in [
        ("api", Cause::Own, "failure"),
        ("web", Cause::Registry, "success"),
    ] {
        let (run, job) = red(&bench.state(repo), cause);
        let one = format!("repos/acme/{repo}/actions/jobs/{job}/rerun");
        assert_eq!(bench.told(&one).await.0, 201);
        let text = "The workflow run containing this job is already running";
        assert_eq!(bench.told(&one).await, (403, text.to_owned()));
        bench.later(60 * 60);
        let after = bench
            .json(&format!("repos/acme/{repo}/actions/runs/{run}"))
            .await;
        assert_eq!(after["conclusion"], word, "{repo}");
        let jobs = bench
            .json(&format!("repos/acme/{repo}/actions/runs/{run}/jobs"))
            .await;
        assert_eq!(jobs["total_count"], 5, "{repo}");
    }
}

#[tokio::test]
async fn a_run_is_cancelled_once_and_only_while_it_runs() {
    let bench = bench(Options::default()).await;
    let (run, _) = red(&bench.state("gateway"), Cause::Flaky);
    let at = format!("repos/acme/gateway/actions/runs/{run}");
    let over = (
        409,
        "Cannot cancel a workflow run that is completed.".to_owned(),
    );
    for word in ["cancel", "force-cancel"] {
        assert_eq!(bench.told(&format!("{at}/{word}")).await, over);
        assert_eq!(bench.told(&format!("{at}/rerun")).await.0, 201);
        bench.later(100);
        assert_eq!(bench.told(&format!("{at}/{word}")).await.0, 202);
        assert_ne!(
            bench.json(&at).await["status"],
            "completed",
            "it takes a moment"
        );
        bench.later(15);
        let after = bench.json(&at).await;
        assert_eq!(after["conclusion"], "cancelled");
        let jobs = bench.json(&format!("{at}/jobs")).await;
        assert!(jobs.to_string().contains("\"cancelled\""), "{jobs}");
    }
}

#[tokio::test]
async fn who_may_not_write_is_told_so_and_nothing_happens() {
    let bench = bench(Options::default()).await;
    let (run, _) = red(&bench.state("gateway"), Cause::Flaky);
    let path = format!("repos/acme/gateway/actions/runs/{run}/rerun");
    assert_eq!(bench.post(&path, None).await.status(), 401);
    let refused = bench.post(&path, Some(READ_TOKEN)).await;
    assert_eq!(refused.status(), 403);
    let text = refused.text().await.unwrap();
    assert!(
        text.contains("Resource not accessible by personal access token"),
        "{text}"
    );
    assert_eq!(
        bench
            .told("repos/acme/gateway/actions/runs/1/rerun")
            .await
            .0,
        404
    );
    assert!(bench.forge.writes().applied().is_empty());
    let still = bench
        .json(&format!("repos/acme/gateway/actions/runs/{run}"))
        .await;
    assert_eq!(still["run_attempt"], 1);
}

#[tokio::test]
async fn a_run_can_be_run_again_fifty_times() {
    let bench = bench(Options::default()).await;
    let (run, _) = red(&bench.state("gateway"), Cause::Flaky);
    let rerun = format!("repos/acme/gateway/actions/runs/{run}/rerun");
    for nth in 0..50 {
        assert_eq!(bench.told(&rerun).await.0, 201, "{nth}");
        bench.later(40 * 60);
    }
    let (status, message) = bench.told(&rerun).await;
    assert_eq!(status, 403);
    assert!(message.contains("50 times"), "{message}");
    assert_eq!(
        bench.json(rerun.trim_end_matches("/rerun")).await["run_attempt"],
        51
    );
}

#[tokio::test]
async fn a_write_can_be_applied_and_its_answer_lost() {
    let bench = bench(Options::default()).await;
    for (mishap, applied) in [
        (Mishap::Silence, 1),
        (Mishap::BadGateway, 2),
        (Mishap::Lost, 2),
    ] {
        let (run, _) = red(&bench.state("reports"), Cause::Flaky);
        let path = format!("repos/acme/reports/actions/runs/{run}/rerun");
        let request = bench.http.post(bench.forge.url().join(&path).unwrap());
        let sent = request.bearer_auth(bench.forge.token()).send();
        bench.forge.writes().next(1, "/rerun", mishap);
        if mishap == Mishap::Silence {
            // The answer never comes: it is waited for until the forge has applied the request.
            let mut sent = std::pin::pin!(sent);
            for _ in 0..3_000 {
                let answer = tokio::time::timeout(Duration::from_millis(20), &mut sent).await;
                assert!(answer.is_err(), "{answer:?}");
                if bench.forge.writes().count("/rerun") == applied {
                    break;
                }
            }
        } else {
            assert_eq!(sent.await.unwrap().status(), 502);
        }
        assert_eq!(bench.forge.writes().count("/rerun"), applied, "{mishap:?}");
        // Whoever asks again sees what became of it.
        let attempt = bench.json(path.trim_end_matches("/rerun")).await["run_attempt"].clone();
        assert_eq!(attempt, if mishap == Mishap::Lost { 1 } else { 2 });
        bench.later(30 * 3_600);
    }
    assert_eq!(bench.forge.ledger().writes().len(), 3);
}

#[tokio::test]
async fn artifacts_hold_reports_and_expire() {
    let bench = bench(Options::default()).await;
    let state = bench.state("payments");
    let runs = state.runs.iter().filter(|run| run.workflow == 0);
    let runs: Vec<&Run> = runs.filter(|run| run.jobs().len() == 5).collect();
    let list = async |run: &Run| {
        let path = format!("repos/acme/payments/actions/runs/{}/artifacts", run.id);
        bench.json(&path).await["artifacts"].clone()
    };
    let done = runs.iter().find(|run| run.status == "completed").unwrap();
    let fresh = list(done).await;
    let names: Vec<&str> = fresh
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"junit-integration") && names.contains(&"junit-test-linux-3.14"),
        "{names:?}"
    );
    let get = |one: &Value| format!("repos/acme/payments/actions/artifacts/{}/zip", one["id"]);
    let zip = bench.blob(&get(&fresh[0]), None).await;
    assert_eq!(header(&zip, "content-type"), "application/zip");
    let bytes = zip.bytes().await.unwrap();
    assert!(bytes.starts_with(b"PK\x03\x04"));
    assert_eq!(fresh[0]["size_in_bytes"], bytes.len());
    let old = list(runs.last().unwrap()).await;
    assert_eq!(old[0]["expired"], true);
    assert_eq!(bench.get(&get(&old[0]), &[]).await.status(), 410);
}
