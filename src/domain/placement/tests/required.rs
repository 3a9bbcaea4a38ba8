//! Which checks decide: the required ones, where they are known.

use super::*;
use crate::domain::key::WebUrl;
use crate::domain::run::foreign_id;

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

/// A change that a build of another system judges, with a status of the name that is required.
fn built(job: &str, states: [RunState; 3], has_status: bool) -> World {
    let [build, stood, told] = states;
    scene(|w| {
        w.change(1, |c| {
            ready(c);
            (c.checks, c.merge_state) = (Checks::Failed, MergeState::Blocked);
            c.required = required(&["jenkins/ci"]);
        });
        w.foreign_run("build", build, |r| {
            r.head_sha = Some(sha(101));
            r.url = WebUrl::parse("https://ci.test/jenkins/job/api/job/PR-1/421/");
        });
        w.jobs(foreign_id("ci.test/jenkins", "build"), &[(job, stood)]);
        if has_status {
            w.foreign_run("status", told, |r| {
                (r.head_sha, r.number) = (Some(sha(101)), 0);
                r.workflow = "jenkins/ci".into();
                r.workflow_path = "ci.test//jenkins/ci".into();
                r.url = WebUrl::parse("https://ci.test/jenkins/job/api/");
            });
        }
    })
}

#[test]
fn the_job_of_a_build_decides_where_its_status_is_required_and_not_the_sum() {
    for has_status in [true, false] {
        for (job, stage, rule) in [
            ("build", Stage::Build, "build-job-failed"),
            ("unit test", Stage::Test, "test-job-failed"),
        ] {
            let failed = built(job, [FAILED, FAILED, FAILED], has_status);
            check(&failed, "change:1", stage, Status::Failed, rule);
            is_red(&failed);
            let states = [RunState::Cancelled, RunState::Cancelled, FAILED];
            let stopped = built(job, states, has_status);
            check(&stopped, "change:1", stage, Status::Failed, rule);
            let reason = stopped.card("change:1").placement.reason.to_string();
            assert!(reason.ends_with("was cancelled"), "{reason}");
        }
    }
}

#[test]
fn what_is_required_by_the_name_of_a_status_passed_with_its_build() {
    let passed = || RunState::Passed;
    let green = built("build", [passed(), passed(), passed()], true);
    is_badged(&green, "merge-refused");
    for (status, has_status) in [(FAILED, true), (passed(), false)] {
        let unsure = built("build", [passed(), passed(), status], has_status);
        let found = unsure.card("change:1").placement.status;
        assert_eq!(found, Status::Failed, "{has_status}");
    }
}

#[test]
fn a_build_whose_status_is_not_required_is_a_badge() {
    let mut world = built("build", [FAILED, FAILED, FAILED], true);
    world.change(1, |c| {
        ready(c);
        (c.checks, c.merge_state) = (Checks::Failed, MergeState::Blocked);
        c.required = required(&["unit"]);
    });
    world.run(8, 101, RunState::Passed, |_| {});
    world.jobs(8, &[("unit", RunState::Passed)]);
    is_badged(&world, "merge-refused");
}
