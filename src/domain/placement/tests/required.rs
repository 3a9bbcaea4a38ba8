//! Which checks decide: the required ones, where they are known.

use super::*;

/// An approved change with one red job, and what the forge says of it beside.
fn red(job: &str, sum: Checks, merge: MergeState, required: Required) -> World {
    scene(|w| {
        w.change(1, |c| {
            ready(c);
            (c.checks, c.merge_state, c.required) = (sum, merge, required);
        });
        let jobs = [("build", RunState::Passed), ("unit", RunState::Passed)];
        w.run(8, 101, FAILED, |_| {});
        w.jobs(8, &[&jobs[..], &[(job, FAILED)]].concat());
    })
}

fn required(names: &[&str]) -> Required {
    Required::Named(names.iter().map(|name| (*name).into()).collect())
}

#[track_caller]
fn is_red(world: &World) {
    let found = &world.card("change:1").placement;
    assert_eq!(found.status, Status::Failed, "reason: {}", found.reason);
    assert!(found.badges.is_empty(), "badges: {:?}", found.badges);
}

#[track_caller]
fn is_badged(world: &World, rule: &str) {
    let found = &world.card("change:1").placement;
    assert_eq!(found.rule.as_str(), rule, "reason: {}", found.reason);
    assert_eq!(found.badges, ["optional red".into()]);
}

#[test]
fn where_checks_are_required_they_decide_and_other_red_ones_are_a_badge() {
    let row = |job, merge, names: &[&str]| red(job, Checks::Failed, merge, required(names));
    let names = &["build", "unit"];
    for merge in [MergeState::Clean, MergeState::Unstable] {
        is_badged(&row("perf", merge, names), "ready-to-merge");
    }
    is_badged(&row("perf", MergeState::Blocked, names), "merge-refused");
    let unknown = || MergeState::Unknown("not told".into());
    is_badged(&row("perf", unknown(), names), "merge-unknown");
    is_red(&row("lint", MergeState::Blocked, &["build", "lint"]));
    is_red(&row("lint", unknown(), &["lint"]));
    is_red(&row("lint", unknown(), &["ci / lint"]));
    is_red(&row("lint", unknown(), &["ci / lint (pull_request)"]));
}

#[test]
fn where_no_check_is_required_every_red_job_decides() {
    for required in [Required::None, Required::Unknown, required(&[])] {
        for merge in [
            MergeState::Clean,
            MergeState::Unstable,
            MergeState::Blocked,
            MergeState::Unknown("not told".into()),
        ] {
            for sum in [Checks::Failed, Checks::Passed, Checks::Unknown("no".into())] {
                let world = red("perf", sum, merge.clone(), required.clone());
                is_red(&world);
                assert_eq!(world.card("change:1").placement.stage, Stage::Test);
            }
        }
    }
}

#[test]
fn a_check_that_is_no_job_decides_by_the_sum_of_the_forge() {
    let sum = |required: Required, merge: MergeState| {
        scene(|w| {
            w.change(1, |c| {
                ready(c);
                (c.checks, c.merge_state, c.required) = (Checks::Failed, merge, required);
            });
            w.run(8, 101, RunState::Passed, |_| {})
                .jobs(8, &[("unit", RunState::Passed)]);
        })
    };
    is_red(&sum(Required::Unknown, MergeState::Unstable));
    is_red(&sum(Required::None, MergeState::Unstable));
    is_red(&sum(required(&["unit", "outside"]), MergeState::Blocked));
    is_badged(
        &sum(required(&["unit", "outside"]), MergeState::Unstable),
        "ready-to-merge",
    );
    is_badged(
        &sum(required(&["unit"]), MergeState::Blocked),
        "merge-refused",
    );
}

#[test]
fn a_red_run_whose_jobs_are_not_known_may_hold_a_required_check() {
    let row = |merge: MergeState| {
        scene(|w| {
            w.change(1, |c| {
                ready(c);
                (c.merge_state, c.required) = (merge, required(&["unit"]));
            });
            w.run(8, 101, FAILED, |_| {});
        })
    };
    is_red(&row(MergeState::Blocked));
    is_badged(&row(MergeState::Unstable), "ready-to-merge");
}

#[test]
fn what_is_not_required_and_still_runs_does_not_hold_back_what_the_forge_would_merge() {
    let row = |merge: MergeState| {
        scene(|w| {
            w.change(1, |c| {
                ready(c);
                (c.checks, c.merge_state) = (Checks::Pending, merge);
                c.required = required(&["unit"]);
            });
            w.run(8, 101, RunState::Running, |_| {}).jobs(
                8,
                &[("unit", RunState::Passed), ("slow test", RunState::Running)],
            );
        })
    };
    check(
        &row(MergeState::Unstable),
        "change:1",
        Stage::Code,
        Status::Mergeable,
        "ready-to-merge",
    );
    check(
        &row(MergeState::Blocked),
        "change:1",
        Stage::Test,
        Status::Running,
        "test-job-running",
    );
}
