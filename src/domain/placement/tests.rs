//! The table, row by row: a scenario each, and the decisions that go beyond it.

use chrono::TimeDelta;

use super::*;
use crate::domain::alert::AlertState;
use crate::domain::change_request::{
    ChangeState, Checks, MergeState, QueueState, Required, Review,
};
use crate::domain::correlate::testing::{
    FAILED, World, at, closes, job, land, person, ready, repo, sha,
};
use crate::domain::deployment::{DeployState, Rollout, RolloutPhase};
use crate::domain::finding::Severity;
use crate::domain::item::Outcome;
use crate::domain::key::ItemId;
use crate::domain::policy::{OverrideRule, Pin};
use crate::domain::query::Query;
use crate::domain::repository::Branch;
use crate::domain::run::{Failure, RunState};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::ticket::TicketState;

#[track_caller]
fn check(world: &World, id: &str, stage: Stage, status: Status, rule: &str) {
    let card = world.card(id);
    let found = &card.placement;
    assert_eq!(
        (found.stage, found.status, found.rule.as_str()),
        (stage, status, rule),
        "reason: {}",
        found.reason
    );
    assert_eq!(found.done, None, "reason: {}", found.reason);
}

#[track_caller]
fn over(world: &World, id: &str, outcome: Outcome, rule: &str) {
    let card = world.card(id);
    let found = &card.placement;
    assert_eq!(
        (found.done, found.rule.as_str()),
        (Some(outcome), rule),
        "reason: {}",
        found.reason
    );
}

fn scene(edit: impl FnOnce(&mut World)) -> World {
    let mut world = World::new();
    edit(&mut world);
    world
}

/// A merged change that reached production as deployment 1, thirty-one hours after the start.
fn live(edit: impl FnOnce(&mut World)) -> World {
    scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 5, DeployState::Succeeded);
        w.now = at(32);
        edit(w);
    })
}

fn rollout(phase: RolloutPhase) -> World {
    scene(|w| {
        w.merged(1, 5).deployment(1, "production", 5, |d| {
            d.state = DeployState::Running;
            d.rollout = Some(Rollout {
                phase,
                percent: 25,
                step: 1,
                steps: 4,
            });
        });
    })
}

#[test]
fn row_01_an_alert_that_names_the_change_fires() {
    let world = live(|w| {
        w.alert("a1", |a| a.sha = Some(sha(5)));
    });
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Firing,
        "alert-firing",
    );
    assert!(
        world
            .cards()
            .iter()
            .all(|card| !card.id.as_str().starts_with("alert:"))
    );
}

#[test]
fn row_01_an_alert_that_nothing_explains_is_a_card_of_its_own() {
    for (state, status, rule) in [
        (AlertState::Firing, Status::Firing, "alert-firing"),
        (
            AlertState::Unknown("odd".into()),
            Status::Firing,
            "alert-firing",
        ),
        (
            AlertState::Acknowledged,
            Status::Acknowledged,
            "alert-acknowledged",
        ),
        (AlertState::Silenced, Status::Silenced, "alert-quiet"),
    ] {
        let world = scene(|w| {
            w.alert("a1", |a| a.state = state);
        });
        check(
            &world,
            "alert:github.com/acme/api/a1",
            Stage::Monitor,
            status,
            rule,
        );
    }
}

#[test]
fn row_01_open_findings_are_one_card_a_kind() {
    let world = scene(|w| {
        w.finding(1, Severity::Low).finding(2, Severity::Critical);
    });
    let id = "finding:github.com/acme/api/dependency";
    check(&world, id, Stage::Monitor, Status::Finding, "finding-open");
    assert!(
        world
            .card(id)
            .title
            .starts_with("2 dependency findings, worst critical")
    );
}

#[test]
fn row_02_an_incident_that_people_handle_is_in_operate() {
    let world = scene(|w| {
        w.ticket(1, |t| {
            t.labels = vec!["Incident".into()];
            t.assignees = vec![person("ola")];
        });
    });
    check(
        &world,
        "ticket:1",
        Stage::Operate,
        Status::Incident,
        "incident-handled",
    );
    assert_eq!(world.card("ticket:1").holders, [person("ola")]);
}

#[test]
fn row_01_an_incident_that_nobody_has_taken_fires() {
    let world = scene(|w| {
        w.ticket(1, |t| t.incident = true);
    });
    check(
        &world,
        "ticket:1",
        Stage::Monitor,
        Status::Firing,
        "incident-unclaimed",
    );
}

#[test]
fn row_03_live_and_baking() {
    let world = live(|_| {});
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::Live,
        "live-baking",
    );
    let placement = &world.card("change:1").placement;
    assert_eq!(placement.since, at(31));
    assert_eq!(placement.next_change, Some(at(31 + 24)));
}

#[test]
fn rows_03_to_05_a_roll_out() {
    use RolloutPhase::{Aborted, Degraded, Other, Paused, Progressing};
    let row = |phase, stage, status, rule| check(&rollout(phase), "change:1", stage, status, rule);
    row(
        Progressing,
        Stage::Operate,
        Status::Running,
        "rollout-running",
    );
    row(Paused, Stage::Operate, Status::Waiting, "rollout-paused");
    row(
        Degraded,
        Stage::Operate,
        Status::Degraded,
        "rollout-degraded",
    );
    row(
        Aborted,
        Stage::Operate,
        Status::RolledBack,
        "rollout-aborted",
    );
    row(
        Other("odd".into()),
        Stage::Deploy,
        Status::Unknown,
        "rollout-unknown",
    );
}

#[test]
fn row_05_a_deployment_of_an_older_version_takes_it_back() {
    let world = live(|w| {
        w.deploy(2, "production", 3, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::RolledBack,
        "rolled-back",
    );
}

#[test]
fn row_05_a_revert_that_is_live_takes_it_back() {
    let world = live(|w| {
        w.commit(7, |c| c.reverts = vec![sha(5)]);
        w.deploy(2, "production", 7, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::RolledBack,
        "reverted-live",
    );
}

#[test]
fn a_deployment_of_which_nothing_is_known_is_not_live() {
    let world = live(|w| {
        w.deploy(2, "production", 77, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::Unknown,
        "live-unsure",
    );
}

#[test]
fn row_06_watched_after_baking_then_over() {
    let mut world = live(|w| w.now = at(31 + 24));
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Watched,
        "live-watched",
    );
    world.now = at(31 + 24 + 7 * 24);
    over(&world, "change:1", Outcome::Shipped, "live-done");
}

#[test]
fn rows_07_to_09_a_deployment_to_production() {
    use DeployState::{Failed, Queued, Running, Unknown, Waiting};
    let row = |state, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).deploy(1, "production", 5, state);
        });
        check(&world, "change:1", Stage::Deploy, status, rule);
    };
    row(Failed, Status::Failed, "deploy-failed");
    row(Waiting, Status::Waiting, "deploy-waiting");
    row(Running, Status::Running, "deploy-running");
    row(Queued, Status::Queued, "deploy-queued");
    row(Unknown("odd".into()), Status::Unknown, "deploy-unknown");
}

#[test]
fn rows_07_to_09_a_deploy_job_after_the_merge() {
    let row = |state: RunState, own, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).run(8, 5, own, |_| {});
            w.jobs(8, &[("unit", RunState::Passed), ("deploy", state)]);
        });
        check(&world, "change:1", Stage::Deploy, status, rule);
    };
    row(FAILED, FAILED, Status::Failed, "deploy-job-failed");
    row(
        RunState::Waiting,
        RunState::Running,
        Status::Waiting,
        "deploy-waiting",
    );
    row(
        RunState::Running,
        RunState::Running,
        Status::Running,
        "deploy-running",
    );
    row(
        RunState::Queued,
        RunState::Running,
        Status::Queued,
        "deploy-queued",
    );
}

#[test]
fn row_08_a_run_waits_at_a_gate() {
    let world = scene(|w| {
        w.merged(1, 5)
            .run(8, 5, RunState::Waiting, |_| {})
            .gate(8, "production");
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Waiting,
        "deploy-gate",
    );
    let card = world.card("change:1");
    assert_eq!(
        &*card.placement.reason,
        "run 8 of `ci` waits for `production`"
    );
    assert_eq!(card.holders, [person("gail")]);
}

#[test]
fn row_10_in_staging_or_released_and_not_in_production() {
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded)
            .deploy(2, "staging", 6, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "in-lower-environment",
    );
    assert_eq!(
        world.card("change:1").placement.badges,
        ["in staging".into()]
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded)
            .release("v1", 6, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "released-not-deployed",
    );
}

#[test]
fn row_10_live_in_one_of_two_production_environments() {
    let world = live(|w| {
        w.deploy(2, "eu-production", 3, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Partial,
        "deploy-partial",
    );
}

#[test]
fn row_11_a_release_job() {
    let row = |state: RunState, own, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).run(8, 5, own, |_| {});
            w.jobs(8, &[("unit", RunState::Passed), ("publish", state)]);
        });
        check(&world, "change:1", Stage::Release, status, rule);
    };
    row(FAILED, FAILED, Status::Failed, "release-job-failed");
    row(
        RunState::Running,
        RunState::Running,
        Status::Running,
        "release-job-active",
    );
}

#[test]
fn row_12_in_a_draft_or_a_pre_release() {
    let world = scene(|w| {
        w.merged(1, 5).release("v1", 6, |r| r.draft = true);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Draft,
        "in-draft",
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .release("v1-rc.1", 6, |r| r.prerelease = true);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Candidate,
        "in-candidate",
    );
}

#[test]
fn row_13_merged_and_in_no_release() {
    let world = scene(|w| {
        w.merged(1, 5)
            .run(8, 5, RunState::Passed, |_| {})
            .release("v1", 3, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-unreleased",
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "merged-undeployed",
    );
}

#[test]
fn row_13_git_flow_waits_for_the_release_branch() {
    let flow = |release: Option<u64>| {
        scene(|w| {
            w.repository(|r| {
                r.default_branch = Some(Branch {
                    name: "main".into(),
                    tip: Some(sha(2)),
                });
                r.flow_branches = vec![Branch {
                    name: "develop".into(),
                    tip: Some(sha(9)),
                }];
                r.flow_branches.extend(release.map(|n| Branch {
                    name: "release/1.4".into(),
                    tip: Some(sha(n)),
                }));
            });
            w.change(1, |c| {
                land(c, 5);
                c.base_branch = "develop".into();
            });
            w.release("v1", 2, |_| {});
        })
    };
    check(
        &flow(None),
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-elsewhere",
    );
    check(
        &flow(Some(3)),
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-elsewhere",
    );
    check(
        &flow(Some(6)),
        "change:1",
        Stage::Release,
        Status::Candidate,
        "in-candidate",
    );
}

#[test]
fn without_deployments_a_release_stands_for_the_delivery() {
    let mut world = scene(|w| {
        w.merged(1, 5).release("v1", 6, |_| {});
        w.now = at(21);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::Live,
        "live-baking",
    );
    assert!(
        world
            .card("change:1")
            .placement
            .reason
            .ends_with("(proxy: release)")
    );
    world.now = at(20 + 25);
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Watched,
        "live-watched",
    );
}

#[test]
fn without_releases_and_deployments_the_merge_stands_for_the_delivery() {
    let mut world = scene(|w| {
        w.merged(1, 5);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-proxy",
    );
    world.now = at(10 + 7 * 24);
    over(&world, "change:1", Outcome::Shipped, "merged-proxy");
    assert!(
        world
            .card("change:1")
            .placement
            .reason
            .contains("proxy: merge")
    );
}

#[test]
fn row_14_jobs_of_the_merge_commit() {
    let row = |name: &str, state: RunState, own, stage, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5)
                .run(8, 5, own, |_| {})
                .jobs(8, &[(name, state)]);
        });
        check(&world, "change:1", stage, status, rule);
    };
    row(
        "build",
        FAILED,
        FAILED,
        Stage::Build,
        Status::Failed,
        "merged-job-failed",
    );
    row(
        "unit",
        FAILED,
        FAILED,
        Stage::Test,
        Status::Failed,
        "merged-job-failed",
    );
    let running = || RunState::Running;
    row(
        "build",
        running(),
        running(),
        Stage::Build,
        Status::Running,
        "merged-job-active",
    );
    row(
        "unit",
        running(),
        running(),
        Stage::Test,
        Status::Running,
        "merged-job-active",
    );
    let odd = || RunState::Unknown("odd".into());
    row(
        "unit",
        odd(),
        odd(),
        Stage::Test,
        Status::Unknown,
        "merged-job-unknown",
    );
}

#[test]
fn row_14_a_later_green_run_heals_an_earlier_red_one() {
    let mut world = scene(|w| {
        w.merged(1, 5)
            .run(8, 5, FAILED, |_| {})
            .jobs(8, &[("unit", FAILED)]);
    });
    check(
        &world,
        "change:1",
        Stage::Test,
        Status::Failed,
        "merged-job-failed",
    );
    world.run(9, 6, RunState::Passed, |r| r.created_at = at(13));
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-proxy",
    );
}

#[test]
fn row_15_the_merge_queue() {
    let row = |queue: QueueState, status, rule| {
        let world = scene(|w| {
            w.change(1, |c| {
                ready(c);
                c.queue = Some(queue);
            });
        });
        check(&world, "change:1", Stage::Test, status, rule);
    };
    row(QueueState::Queued, Status::Queued, "queue-active");
    row(QueueState::AwaitingChecks, Status::Running, "queue-active");
    row(QueueState::Mergeable, Status::Running, "queue-active");
    row(QueueState::Locked, Status::Blocked, "queue-active");
    row(QueueState::Unmergeable, Status::Failed, "queue-failed");
    row(
        QueueState::Other("odd".into()),
        Status::Unknown,
        "queue-active",
    );
}

#[test]
fn row_16_approved_green_and_mergeable_stands_in_code() {
    let world = scene(|w| {
        w.change(1, ready).run(8, 101, RunState::Passed, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Code,
        Status::Mergeable,
        "ready-to-merge",
    );
    assert_eq!(world.card("change:1").holders, [person("ada")]);
    for state in [
        MergeState::Unknown("UNKNOWN".into()),
        MergeState::Unknown("".into()),
    ] {
        let world = scene(|w| {
            w.change(1, |c| {
                ready(c);
                c.merge_state = state;
            });
        });
        check(
            &world,
            "change:1",
            Stage::Code,
            Status::Unknown,
            "merge-unknown",
        );
    }
}

#[test]
fn row_17_review_stands_where_the_team_says() {
    let mut world = scene(|w| {
        w.change(1, |c| {
            c.checks = Checks::Passed;
            c.reviewers = vec![person("bob")];
        });
    });
    check(&world, "change:1", Stage::Code, Status::Review, "in-review");
    assert_eq!(world.card("change:1").holders, [person("bob")]);
    world.policy.review_stage = Stage::Test;
    check(&world, "change:1", Stage::Test, Status::Review, "in-review");
}

#[test]
fn rows_18_and_19_jobs_of_a_change_request() {
    let row = |name: &str, state: RunState, stage, status, rule| {
        let own = if state == FAILED {
            FAILED
        } else {
            RunState::Running
        };
        let world = scene(|w| {
            w.change(1, |c| c.checks = Checks::Pending)
                .run(8, 101, own, |_| {})
                .jobs(8, &[(name, state)]);
        });
        check(&world, "change:1", stage, status, rule);
    };
    row(
        "integration",
        FAILED,
        Stage::Test,
        Status::Failed,
        "test-job-failed",
    );
    row(
        "integration",
        RunState::Running,
        Stage::Test,
        Status::Running,
        "test-job-running",
    );
    row(
        "integration",
        RunState::Queued,
        Stage::Test,
        Status::Queued,
        "test-job-queued",
    );
    row(
        "integration",
        RunState::Waiting,
        Stage::Test,
        Status::Waiting,
        "test-job-waiting",
    );
    row(
        "compile",
        FAILED,
        Stage::Build,
        Status::Failed,
        "build-job-failed",
    );
    row(
        "compile",
        RunState::Running,
        Stage::Build,
        Status::Running,
        "build-job-running",
    );
    row(
        "compile",
        RunState::Queued,
        Stage::Build,
        Status::Queued,
        "build-job-queued",
    );
    row(
        "compile",
        RunState::Waiting,
        Stage::Build,
        Status::Waiting,
        "build-job-waiting",
    );
}

#[test]
fn row_18_the_reason_names_the_job_and_the_run() {
    let world = scene(|w| {
        w.change(1, |_| {}).run(812, 101, FAILED, |_| {});
        w.jobs(
            812,
            &[("lint", RunState::Cancelled), ("integration", FAILED)],
        );
    });
    let reason = world.card("change:1").placement.reason.clone();
    assert_eq!(&*reason, "job `integration` of run 812 failed");
}

#[test]
fn row_18_the_forge_alone_says_that_a_check_failed() {
    let world = scene(|w| {
        w.change(1, |c| c.checks = Checks::Failed);
    });
    check(
        &world,
        "change:1",
        Stage::Test,
        Status::Failed,
        "checks-failed",
    );
    let world = scene(|w| {
        w.change(1, |c| c.checks = Checks::Pending);
    });
    check(
        &world,
        "change:1",
        Stage::Test,
        Status::Running,
        "checks-pending",
    );
}

#[test]
fn row_19_a_run_that_needs_consent_or_could_not_start() {
    let world = scene(|w| {
        w.change(1, |_| {})
            .run(8, 101, RunState::ActionRequired, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Build,
        Status::Waiting,
        "run-needs-consent",
    );
    let world = scene(|w| {
        w.change(1, |_| {})
            .run(8, 101, RunState::Failed(Failure::Startup), |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Build,
        Status::Failed,
        "build-job-failed",
    );
}

#[test]
fn row_20_what_people_must_clear() {
    let row = |edit: fn(&mut crate::domain::change_request::ChangeRequest), status, rule| {
        let world = scene(|w| {
            w.change(1, edit);
        });
        check(&world, "change:1", Stage::Code, status, rule);
    };
    row(
        |c| c.review = Review::ChangesRequested,
        Status::ChangesRequested,
        "changes-requested",
    );
    row(
        |c| c.merge_state = MergeState::Conflict,
        Status::Blocked,
        "change-blocked",
    );
    row(
        |c| c.merge_state = MergeState::Behind,
        Status::Blocked,
        "change-blocked",
    );
    row(
        |c| c.labels = vec!["Blocked".into()],
        Status::Blocked,
        "change-blocked",
    );
    row(
        |c| c.review = Review::Approved,
        Status::Blocked,
        "merge-refused",
    );
}

#[test]
fn row_21_a_draft_or_a_change_without_checks() {
    let world = scene(|w| {
        w.change(1, |c| c.draft = true);
    });
    check(&world, "change:1", Stage::Code, Status::Drafting, "draft");
    let world = scene(|w| {
        w.change(1, |c| {
            c.review = Review::NotRequired;
            c.merge_state = MergeState::Unknown("".into());
        });
    });
    check(
        &world,
        "change:1",
        Stage::Code,
        Status::Drafting,
        "in-the-making",
    );
}

#[test]
fn rows_22_to_24_tickets() {
    let row = |edit: fn(&mut crate::domain::ticket::Ticket), stage, status, rule| {
        let world = scene(|w| {
            w.ticket(1, edit);
        });
        check(&world, "ticket:1", stage, status, rule);
    };
    row(
        |t| t.project_status = Some("In Progress".into()),
        Stage::Code,
        Status::Drafting,
        "ticket-in-progress",
    );
    row(
        |t| t.labels = vec!["WIP".into()],
        Stage::Code,
        Status::Drafting,
        "ticket-in-progress",
    );
    row(
        |t| t.labels = vec!["needs-info".into()],
        Stage::Plan,
        Status::Blocked,
        "ticket-blocked",
    );
    row(
        |t| t.milestone = Some("Q2".into()),
        Stage::Plan,
        Status::Ready,
        "ticket-ready",
    );
    row(
        |t| t.assignees = vec![person("ola")],
        Stage::Plan,
        Status::Ready,
        "ticket-ready",
    );
    row(|_| {}, Stage::Plan, Status::Backlog, "ticket-backlog");
    row(
        |t| t.state = TicketState::Other("odd".into()),
        Stage::Plan,
        Status::Unknown,
        "ticket-unknown",
    );
}

#[test]
fn row_25_what_was_dropped_is_over() {
    let world = scene(|w| {
        w.ticket(1, |t| t.state = TicketState::NotPlanned)
            .ticket(2, |t| t.state = TicketState::Completed)
            .change(3, |c| c.state = ChangeState::Closed);
    });
    over(&world, "ticket:1", Outcome::Dropped, "ticket-dropped");
    over(&world, "ticket:2", Outcome::Shipped, "ticket-completed");
    over(&world, "change:3", Outcome::Dropped, "change-dropped");
}

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

#[test]
fn only_the_latest_attempt_of_a_job_counts_and_the_earlier_one_is_flaky() {
    let world = scene(|w| {
        w.change(1, ready)
            .run(8, 101, RunState::Passed, |r| r.attempt = 2);
        w.fact(crate::domain::fact::Fact::JobSet(
            crate::domain::run::JobSet {
                run: crate::domain::run::RunKey {
                    repo: repo(),
                    id: 8,
                },
                attempt: 2,
                jobs: vec![job("unit", 1, FAILED), job("unit", 2, RunState::Passed)],
                complete: true,
            },
        ));
    });
    check(
        &world,
        "change:1",
        Stage::Code,
        Status::Mergeable,
        "ready-to-merge",
    );
    let card = world.card("change:1");
    assert_eq!(card.placement.badges, ["flaky".into()]);
    assert!(card.evidence.iter().any(|e| e.status == Status::Flaky));
}

#[test]
fn a_cancelled_run_that_a_newer_one_replaced_is_ignored() {
    let mut world = scene(|w| {
        w.change(1, ready).run(8, 101, RunState::Cancelled, |_| {});
        w.change(1, |c| c.checks = Checks::Passed);
    });
    check(
        &world,
        "change:1",
        Stage::Test,
        Status::Failed,
        "test-job-failed",
    );
    world.run(9, 102, RunState::Running, |r| r.created_at = at(13));
    check(&world, "change:1", Stage::Code, Status::Review, "in-review");
}

#[test]
fn jobs_overrule_their_run_and_its_end_overrules_jobs_that_were_read_before() {
    let world = scene(|w| {
        w.change(1, |_| {}).run(8, 101, RunState::Running, |_| {});
        w.jobs(8, &[("unit", FAILED), ("e2e", RunState::Running)]);
    });
    check(
        &world,
        "change:1",
        Stage::Test,
        Status::Failed,
        "test-job-failed",
    );
    let world = scene(|w| {
        w.change(1, ready).run(8, 101, RunState::Passed, |_| {});
        w.jobs(8, &[("unit", RunState::Running)]);
    });
    check(
        &world,
        "change:1",
        Stage::Code,
        Status::Mergeable,
        "ready-to-merge",
    );
}

#[test]
fn the_least_advanced_of_several_changes_decides() {
    let world = scene(|w| {
        w.ticket(7, |_| {});
        w.change(1, |c| {
            land(c, 5);
            c.tickets = vec![closes(7)];
        });
        w.change(2, |c| {
            c.draft = true;
            c.tickets = vec![closes(7)];
        });
        w.change(3, |c| {
            c.state = ChangeState::Closed;
            c.tickets = vec![closes(7)];
        });
    });
    check(&world, "ticket:7", Stage::Code, Status::Drafting, "draft");
    assert_eq!(
        world.card("ticket:7").placement.badges,
        ["1/2 merged".into()]
    );
}

#[test]
fn a_ticket_that_is_open_after_its_change_was_delivered_is_planned_again() {
    let world = live(|w| {
        w.ticket(7, |_| {});
        w.change(1, |c| {
            land(c, 5);
            c.tickets = vec![closes(7)];
        });
        w.now = at(31 + 9 * 24);
    });
    check(
        &world,
        "ticket:7",
        Stage::Plan,
        Status::Backlog,
        "ticket-backlog",
    );
}

#[test]
fn a_label_moves_a_card_and_hides_nothing() {
    let world = scene(|w| {
        w.change(1, |c| c.labels = vec!["stage:code".into()]);
        w.run(8, 101, FAILED, |_| {}).jobs(8, &[("unit", FAILED)]);
    });
    check(&world, "change:1", Stage::Code, Status::Failed, "label");
    let card = world.card("change:1");
    assert_eq!(card.placement.badges, ["failed in test".into()]);
    assert!(card.placement.reason.contains("job `unit` of run 8 failed"));
}

#[test]
fn a_pin_is_stronger_than_a_label_and_a_label_than_a_rule() {
    let mut world = scene(|w| {
        w.ticket(1, |_| {});
        w.policy.rules = vec![OverrideRule {
            name: "all".into(),
            when: Query::parse("").expect("empty"),
            stage: Some(Stage::Test),
            status: Some(Status::Waiting),
        }];
    });
    check(&world, "ticket:1", Stage::Test, Status::Waiting, "rule all");
    world.ticket(1, |t| {
        t.labels = vec!["stage:verify".into(), "status:ready".into()];
    });
    check(&world, "ticket:1", Stage::Test, Status::Ready, "label");
    let id = ItemId::new("ticket:github.com/acme/api#1");
    let pin = Pin {
        stage: Stage::Deploy,
        while_in: None,
    };
    world.policy.pins = vec![(id.clone(), pin)];
    check(&world, "ticket:1", Stage::Deploy, Status::Ready, "pin");
    assert_eq!(world.card("ticket:1").placement.badges, ["pinned".into()]);
    // The table has the ticket in Plan.
    let until_it_moves = |stage| Pin {
        while_in: Some(stage),
        ..pin
    };
    world.policy.pins = vec![(id.clone(), until_it_moves(Stage::Plan))];
    check(&world, "ticket:1", Stage::Deploy, Status::Ready, "pin");
    world.policy.pins = vec![(id, until_it_moves(Stage::Code))];
    check(&world, "ticket:1", Stage::Test, Status::Ready, "label");
}

#[test]
fn a_run_without_partner_is_a_card_only_while_it_is_red_or_moves() {
    let nightly = |state: RunState| {
        scene(|w| {
            w.run(8, 3, state, |r| {
                r.event = "schedule".into();
                r.workflow = "nightly tests".into();
                r.workflow_path = "nightly.yml".into();
            });
        })
    };
    let id = "run:github.com/acme/api/nightly.yml@main";
    check(
        &nightly(FAILED),
        id,
        Stage::Test,
        Status::Failed,
        "run-alone",
    );
    check(
        &nightly(RunState::Running),
        id,
        Stage::Test,
        Status::Running,
        "run-alone",
    );
    assert!(nightly(RunState::Passed).cards().is_empty());
}

#[test]
fn rows_have_stable_unique_names_and_every_number_of_the_table() {
    let mut names = std::collections::BTreeSet::new();
    for row in TABLE {
        assert!(names.insert(row.name), "{} twice", row.name);
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(row.name.chars().all(kebab), "{}", row.name);
        assert!(row.about.ends_with('.'), "{}", row.name);
    }
    for number in 1..=25 {
        assert!(TABLE.iter().any(|row| row.number == number), "row {number}");
    }
}

#[test]
fn what_waits_goes_stale_and_what_is_red_does_not() {
    #[track_caller]
    fn stale(stage: Stage, status: Status, expected: Option<TimeDelta>) {
        assert_eq!(stale_after(stage, status), expected);
    }
    stale(Stage::Plan, Status::Backlog, Some(TimeDelta::days(30)));
    stale(Stage::Code, Status::Drafting, Some(TimeDelta::days(5)));
    stale(Stage::Code, Status::Review, Some(TimeDelta::days(2)));
    stale(Stage::Test, Status::Running, Some(TimeDelta::hours(1)));
    stale(
        Stage::Release,
        Status::Unreleased,
        Some(TimeDelta::days(14)),
    );
    stale(Stage::Deploy, Status::Running, Some(TimeDelta::hours(1)));
    stale(Stage::Deploy, Status::Waiting, Some(TimeDelta::days(1)));
    stale(Stage::Test, Status::Failed, None);
    stale(Stage::Monitor, Status::Watched, None);
}
