//! The simulated team: the same for a seed, and something for every row of the table.

use super::*;

#[test]
fn the_same_seed_gives_the_same_world_and_another_does_not() {
    let (one, same, other) = (world(7), world(7), world(8));
    // Asked in another order and at other times before.
    states(&same, START + 7200);
    for (a, b) in states(&one, START + 600)
        .iter()
        .zip(states(&same, START + 600))
    {
        assert_eq!(format!("{:?}", a.issues), format!("{:?}", b.issues));
        assert_eq!(format!("{:?}", a.pulls), format!("{:?}", b.pulls));
        assert_eq!(format!("{:?}", a.runs), format!("{:?}", b.runs));
        assert_eq!(
            format!("{:?}", a.deployments),
            format!("{:?}", b.deployments)
        );
    }
    let pulls = |world: &World| format!("{:?}", states(world, START)[0].pulls);
    assert_ne!(pulls(&one), pulls(&other));
}

#[test]
fn time_moves_on_and_never_back() {
    let world = World::new(
        &Options {
            speed: 60.0,
            ..Options::default()
        },
        instant(START),
    );
    let mut changes = 0;
    let mut before: Vec<(usize, usize, usize)> = Vec::new();
    for minute in 0..30 {
        let now = START + minute * 60;
        let counts: Vec<(usize, usize, usize)> = states(&world, now)
            .iter()
            .map(|state| {
                for run in &state.runs {
                    assert!(run.created_at.timestamp() <= now && run.updated_at.timestamp() <= now);
                    assert!(run.created_at <= run.updated_at);
                }
                for pull in &state.pulls {
                    assert!(
                        pull.created_at <= pull.updated_at && pull.updated_at.timestamp() <= now
                    );
                }
                let done = state
                    .runs
                    .iter()
                    .filter(|run| run.status == "completed")
                    .count();
                (state.commits.len(), done, state.deployments.len())
            })
            .collect();
        changes += usize::from(before != counts);
        before = counts;
    }
    assert!(
        changes > 20,
        "something happens nearly every minute: {changes}"
    );
}

#[test]
fn a_large_world_costs_nothing_until_it_is_asked() {
    let options = Options {
        repos: 500,
        cards: 50_000,
        ..Options::default()
    };
    let world = World::new(&options, instant(START));
    assert_eq!(world.len(), 500);
    assert_eq!(world.drawn(), 0, "nothing is worked out at the start");
    let state = world.at(123, instant(START)).unwrap();
    assert_eq!(world.drawn(), 1);
    world.at(123, instant(START)).unwrap();
    assert_eq!(world.drawn(), 1, "a moment is worked out once");
    assert!((60..160).contains(&cards(&state)), "{}", cards(&state));
}

/// Cards that a board would show of a repository, roughly.
fn cards(state: &RepoState) -> usize {
    let linked: BTreeSet<u64> = state
        .pulls
        .iter()
        .flat_map(|pull| pull.closes.clone())
        .collect();
    let shown = |issue: &&Issue| issue.closed.is_none() && !linked.contains(&issue.number);
    let sight = instant(START) - TimeDelta::days(9);
    let pulls = state
        .pulls
        .iter()
        .filter(|pull| pull.state != PullState::Closed)
        .filter(|pull| pull.merged_at.is_none_or(|at| at > sight))
        .count();
    pulls + state.issues.iter().filter(shown).count()
}

#[test]
fn the_number_of_cards_is_about_what_was_asked_for() {
    for (repos, wanted) in [(10, 300), (20, 2_000), (10, 1_000)] {
        let options = Options {
            repos,
            cards: wanted,
            ..Options::default()
        };
        let world = World::new(&options, instant(START));
        let all: usize = states(&world, START).iter().map(|state| cards(state)).sum();
        assert!(
            all * 10 > wanted * 7 && all * 10 < wanted * 14,
            "{all} for {wanted}"
        );
    }
}

/// The rows of the placement table for which there is evidence now.
fn rules(states: &[Arc<RepoState>], now: DateTime<Utc>) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for state in states {
        state
            .issues
            .iter()
            .for_each(|issue| ticket(issue, &mut found));
        state
            .pulls
            .iter()
            .for_each(|pull| change(state, pull, &mut found));
        delivery(state, now, &mut found);
        if !state.findings.is_empty() {
            found.insert("finding");
        }
    }
    found
}

fn ticket(issue: &Issue, found: &mut BTreeSet<&'static str>) {
    let open = issue.closed.is_none();
    let status = issue.status.map(|(word, _)| word);
    let incident = issue.labels.contains(&"incident");
    let rows = [
        (
            "1 incident firing",
            open && incident && issue.assignees.is_empty(),
        ),
        (
            "2 incident taken",
            open && incident && !issue.assignees.is_empty(),
        ),
        (
            "incident names its deployment",
            open && incident && issue.body.contains("root cause: "),
        ),
        (
            "22 in progress",
            open && status == Some("In progress") && issue.pulls.is_empty(),
        ),
        ("23 blocked", open && issue.labels.contains(&"blocked")),
        (
            "24 triaged",
            open && status == Some("Ready") && issue.milestone.is_some(),
        ),
        ("24 untriaged", open && status.is_none() && !incident),
        (
            "25 not planned",
            issue.closed.is_some_and(|(_, why)| why == "not_planned"),
        ),
        ("hostile title", open && issue.title.contains('\u{1b}')),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

fn change(state: &RepoState, pull: &Pull, found: &mut BTreeSet<&'static str>) {
    let open = pull.state == PullState::Open;
    let sha = pull.merge_sha.as_deref().unwrap_or(pull.head_sha());
    let event = if open { "pull_request" } else { "push" };
    let run = state
        .runs
        .iter()
        .find(|run| run.sha == sha && run.event == event);
    let red = |name: &str| {
        run.is_some_and(|run| {
            run.jobs()
                .iter()
                .any(|job| job.name == name && job.conclusion == Some("failure"))
        })
    };
    let concluded = |word: &str| run.is_some_and(|run| run.conclusion == Some(word));
    let merged = pull.state == PullState::Merged;
    let released = state
        .releases
        .iter()
        .any(|release| release.published_at.is_some() && release.created_at >= pull.updated_at);
    let ready = open && !pull.draft;
    let rows = [
        (
            "13 merged, unreleased",
            merged && !released && concluded("success"),
        ),
        ("14 red build after the merge", merged && red("build")),
        ("14 red tests after the merge", merged && red("integration")),
        ("15 merge queue", open && pull.queue.is_some()),
        (
            "16 mergeable",
            ready && pull.merge_state == "CLEAN" && pull.decision == Some("APPROVED"),
        ),
        (
            "17 review",
            ready && pull.decision == Some("REVIEW_REQUIRED") && concluded("success"),
        ),
        ("18 red tests", ready && red("integration")),
        ("19 red build", ready && red("build")),
        ("19 action required", open && concluded("action_required")),
        ("19 startup failure", open && concluded("startup_failure")),
        (
            "20 changes requested",
            ready && pull.decision == Some("CHANGES_REQUESTED"),
        ),
        ("20 conflict", ready && pull.merge_state == "DIRTY"),
        ("20 behind", ready && pull.merge_state == "BEHIND"),
        ("21 draft", open && pull.draft),
        ("21 unchecked", ready && run.is_none()),
        ("25 closed unmerged", pull.state == PullState::Closed),
        ("bot", open && pull.head_branch.starts_with("dependabot/")),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

fn delivery(state: &RepoState, now: DateTime<Utc>, found: &mut BTreeSet<&'static str>) {
    let mut good = BTreeSet::new();
    for one in state
        .deployments
        .iter()
        .filter(|one| one.environment.ends_with("production"))
    {
        let phase = one.payload["rollout"]["phase"].as_str().unwrap_or_default();
        let live = one.statuses.iter().find(|status| status.state == "success");
        let age = live.map(|status| now - status.at);
        let rows = [
            ("3 roll-out", phase == "progressing"),
            ("4 roll-out paused", phase == "paused"),
            (
                "5 roll-out degraded",
                phase == "degraded" || phase == "aborted",
            ),
            (
                "3 baking",
                age.is_some_and(|age| age < TimeDelta::hours(24)),
            ),
            (
                "6 watched",
                age.is_some_and(|age| age > TimeDelta::hours(24)),
            ),
            (
                "7 production failed",
                one.state() == "failure" && !good.contains(&one.environment),
            ),
            (
                "9 deploying",
                one.state() == "in_progress" && phase.is_empty(),
            ),
        ];
        if one.state() == "success" {
            good.insert(&one.environment);
        }
        found.extend(
            rows.iter()
                .filter(|(_, holds)| *holds)
                .map(|(name, _)| *name),
        );
    }
    let asked: BTreeSet<&String> = state
        .deployments
        .iter()
        .filter(|one| one.environment.ends_with("production"))
        .map(|one| &one.git_ref)
        .collect();
    let staged = state.deployments.iter().any(|one| {
        one.environment.ends_with("staging")
            && one.state() == "success"
            && !asked.contains(&one.git_ref)
    });
    let gate = state.runs.iter().any(|run| run.gate.is_some());
    let release_run = |run: &Run| run.workflow == 1 && run.conclusion == Some("failure");
    let rows = [
        ("8 gate", gate),
        ("10 staging only", staged),
        ("11 release failed", state.runs.iter().any(release_run)),
        (
            "12 draft release",
            state.releases.iter().any(|release| release.draft),
        ),
        (
            "12 pre-release",
            state.releases.iter().any(|release| release.prerelease),
        ),
    ];
    found.extend(
        rows.iter()
            .filter(|(_, holds)| *holds)
            .map(|(name, _)| *name),
    );
}

const ALL: usize = 9 + 17 + 7 + 5 + 1;

#[track_caller]
fn all_present(world: &World, at: i64) {
    let found = rules(&states(world, at), instant(at));
    assert_eq!(
        found.len(),
        ALL,
        "{} s after the start: {found:#?}",
        at - START
    );
}

#[test]
fn every_row_of_the_placement_table_has_evidence_through_the_first_hour() {
    let world = world(7);
    for minute in (0..=60).step_by(5) {
        all_present(&world, START + minute * 60);
    }
}

#[test]
fn every_row_has_evidence_at_any_time_and_for_any_seed() {
    for seed in 1..=3 {
        let world = world(seed);
        for hour in (0..96).step_by(7) {
            all_present(
                &world,
                START + hour * 3_600 + 977 * i64::try_from(seed).unwrap(),
            );
        }
    }
}

#[test]
fn what_is_over_stays_as_it_was() {
    let world = world(7);
    let before = states(&world, START);
    let after = states(&world, START + 9 * 3_600);
    let mut compared = 0;
    for (old, new) in before.iter().zip(&after) {
        for (sha, commit) in &old.commits {
            if let Some(same) = new.commits.get(sha) {
                assert_eq!(format!("{commit:?}"), format!("{same:?}"));
            }
        }
        for run in old
            .runs
            .iter()
            .filter(|run| !run.jobs().is_empty() && run.status == "completed")
        {
            let same = new.runs.iter().find(|one| one.id == run.id);
            let Some(same) = same.filter(|one| one.attempts.len() == run.attempts.len()) else {
                continue;
            };
            assert_eq!(format!("{run:?}"), format!("{same:?}"));
            compared += 1;
        }
        for pull in old
            .pulls
            .iter()
            .filter(|pull| pull.state == PullState::Merged)
        {
            if let Some(same) = new.pulls.iter().find(|one| one.number == pull.number) {
                assert_eq!(format!("{pull:?}"), format!("{same:?}"));
                compared += 1;
            }
        }
        for release in old
            .releases
            .iter()
            .filter(|one| !one.draft && !one.prerelease)
        {
            if let Some(same) = new.releases.iter().find(|one| one.tag == release.tag) {
                assert_eq!(format!("{release:?}"), format!("{same:?}"));
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn an_incident_names_what_was_live_when_it_began_however_much_came_later() {
    let world = world(7);
    let (mut named, mut overtaken) = (0, 0);
    for hour in (0..48).step_by(3) {
        let before = states(&world, START + hour * 3_600);
        let after = states(&world, START + (hour + 3) * 3_600);
        for (old, new) in before.iter().zip(&after) {
            let incidents = old.issues.iter();
            for issue in incidents.filter(|issue| issue.labels.contains(&"incident")) {
                let Some(same) = new.issues.iter().find(|one| one.number == issue.number) else {
                    continue;
                };
                assert_eq!((&issue.title, &issue.body), (&same.title, &same.body));
                let live = |it: &&Deployment| it.environment.ends_with("production");
                let newest = new.deployments.iter().find(live);
                named += usize::from(issue.body.contains("root cause: "));
                overtaken += usize::from(newest.is_some_and(|it| !issue.body.contains(&it.sha)));
            }
        }
    }
    assert!(named > 10 && overtaken > 10, "{named} {overtaken}");
}

#[test]
fn identities_are_unique_and_fit_what_carries_them() {
    let options = Options {
        repos: 500,
        cards: 50_000,
        ..Options::default()
    };
    let world = World::new(&options, instant(START));
    let (mut runs, mut jobs) = (BTreeSet::new(), BTreeSet::new());
    for index in [0, 5, 250, 499] {
        let state = world.at(index, instant(START)).unwrap();
        let mut numbers = BTreeSet::new();
        let issues = state.issues.iter().map(|issue| issue.number);
        for number in issues.chain(state.pulls.iter().map(|pull| pull.number)) {
            assert!(numbers.insert(number), "{number} twice");
        }
        for run in &state.runs {
            assert!(runs.insert(run.id), "{} twice", run.id);
            // Those of later attempts are larger, as most are on the real host.
            for job in run.attempts.first().unwrap() {
                assert!(
                    i32::try_from(job.id).is_ok(),
                    "{} is no GraphQL Int",
                    job.id
                );
            }
            for job in run.attempts.iter().flatten() {
                assert!(jobs.insert(job.id), "{} twice", job.id);
            }
        }
    }
}
