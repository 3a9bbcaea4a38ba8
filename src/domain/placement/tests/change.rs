//! Rows 14 to 25: jobs, the merge queue, reviews, tickets.

use super::*;

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
