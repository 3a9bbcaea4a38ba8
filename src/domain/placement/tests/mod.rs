//! The table, row by row: a scenario each, and the decisions that go beyond it.

mod change;
mod live;
mod required;
mod ship;

use std::sync::Arc;

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
use crate::domain::item::{EvidenceKind, Outcome};
use crate::domain::key::ItemId;
use crate::domain::policy::{OverrideRule, Pin};
use crate::domain::query::Query;
use crate::domain::repository::Branch;
use crate::domain::roster::{Member, Roster};
use crate::domain::run::{Blocks, Failure, RunState};
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
fn a_rule_knows_people_by_all_of_their_logins() {
    let by = |wanted: &str| {
        let world = scene(|w| {
            w.ticket(1, |ticket| ticket.assignees = vec![person("ana-r")]);
            w.policy.people = Arc::new(Roster::new(vec![Member {
                name: "Ana Ruiz".into(),
                logins: vec!["ana.ruiz".into(), "ana-r".into()],
            }]));
            w.policy.rules = vec![OverrideRule {
                name: "hers".into(),
                when: Query::parse(&format!("assignee:{wanted}")).expect("a filter"),
                stage: Some(Stage::Test),
                status: None,
            }];
        });
        world.card("ticket:1").placement.stage
    };
    assert_eq!(by("ana.ruiz"), Stage::Test);
    assert_eq!(by("ben"), Stage::Plan);
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

#[test]
fn a_login_that_the_team_calls_a_machine_is_one() {
    for (login, listed, is_bot) in [
        ("ada", "renovate", false),
        ("renovate", "renovate", true),
        ("Renovate", "renovate", true),
        ("renovate[bot]", "renovate", true),
        ("renovate", "another", false),
    ] {
        let world = scene(|w| {
            w.policy.bots = vec![listed.into()];
            w.change(1, |c| c.author = Some(person(login)));
        });
        assert_eq!(world.card("change:1").bot, is_bot, "{login} of {listed}");
    }
}

#[test]
fn every_rule_has_words_that_stand_behind_because() {
    use crate::domain::placement::because;
    assert_eq!(because("ticket-blocked"), "the ticket is marked as blocked");
    assert_eq!(because("gone"), "nothing tells of it any more");
    assert_eq!(because("rule mine"), "rule mine", "one of the user's own");
    for row in TABLE {
        let words = because(row.name);
        assert!(words.contains(' ') && !words.ends_with('.'), "{words}");
        assert!(!words.starts_with(char::is_uppercase), "{words}");
    }
}
