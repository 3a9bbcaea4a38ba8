//! Whose times are asked for: what is in review or ended, once for each change that matters.

use chrono::TimeDelta;

use super::testing::*;
use super::*;
use crate::domain::change_request::{ChangeKey, ChangeState, ChangeTimes};
use crate::domain::deployment::Environment;

fn wants(world: &World) -> bool {
    let need = Need::Times {
        repo: repo(),
        number: 1,
    };
    world.correlator().needs().contains(&need)
}

fn told(world: &mut World, as_of: Timestamp) {
    world.fact(Fact::ChangeTimes(ChangeTimes {
        change: ChangeKey {
            repo: repo(),
            number: 1,
        },
        as_of,
        ready_at: None,
        first_commit_at: None,
        reviews: Vec::new(),
        additions: None,
        deletions: None,
        complete: true,
    }));
}

#[test]
fn what_is_in_review_is_asked_for_until_it_is_told() {
    let mut world = World::new();
    world.change(1, |change| change.draft = true);
    assert!(!wants(&world), "a draft has not begun");
    let mut world = World::new();
    world.change(1, |change| change.updated_at = at(10));
    world.now = at(12);
    assert!(wants(&world));
    told(&mut world, at(10));
    assert!(!wants(&world));
}

#[test]
fn an_open_change_is_asked_for_again_an_hour_after_what_is_known() {
    let mut world = World::new();
    world.change(1, |change| {
        change.updated_at = at(10) + TimeDelta::minutes(5);
    });
    told(&mut world, at(10));
    world.now = at(10) + TimeDelta::minutes(30);
    assert!(!wants(&world), "it changed a moment after it was read");
    world.now = at(11) + TimeDelta::minutes(1);
    assert!(wants(&world));
    told(&mut world, at(10) + TimeDelta::minutes(5));
    world.now = at(400);
    assert!(!wants(&world), "nothing changed since");
}

#[test]
fn a_merged_change_is_asked_for_once_more_at_once() {
    let mut world = World::new();
    let merged = |change: &mut crate::domain::change_request::ChangeRequest| {
        change.state = ChangeState::Merged;
        change.merged_at = Some(at(20));
        change.updated_at = at(21);
    };
    world.change(1, merged);
    told(&mut world, at(10));
    world.now = at(20) + TimeDelta::minutes(1);
    assert!(wants(&world));
    // What comes after the merge, a comment, is no part of the way.
    told(&mut world, at(20));
    world.now = at(30);
    assert!(!wants(&world));
}

#[test]
fn what_ended_long_ago_is_not_asked_for() {
    let mut world = World::new();
    world.change(1, |change| {
        change.state = ChangeState::Merged;
        change.merged_at = Some(at(0));
    });
    world.now = at(0) + TimeDelta::days(89);
    assert!(wants(&world));
    world.now = at(0) + TimeDelta::days(91);
    assert!(!wants(&world));
}

#[test]
fn what_is_older_than_the_first_known_deployment_may_have_been_there() {
    let reason = |deployed_at: i64| {
        let mut world = World::new();
        world.merged(1, 5);
        world.deployment(7, "production", 3, |d| d.created_at = at(deployed_at));
        world.now = at(90);
        world.card("change:1").placement.reason.to_string()
    };
    let landed = "merged, in no deployment yet";
    assert_eq!(reason(0), landed);
    let day = at(80).format("%Y-%m-%d");
    let told = format!("{landed}; `production` is not known before {day}");
    assert_eq!(reason(80), told);
    // An environment that is there, and of which nothing is known.
    let mut world = World::new();
    world.merged(1, 5);
    world.fact(Fact::Environment(Environment {
        repo: repo(),
        name: Clean::line("production"),
        id: None,
        guarded: false,
        production: false,
        url: None,
    }));
    world.deployment(7, "staging", 3, |_| {});
    world.now = at(90);
    let told = format!("{landed}; what was deployed to `production` is not known");
    assert_eq!(&*world.card("change:1").placement.reason, told);
}

#[test]
fn however_many_deployments_came_since_what_brought_a_change_dates_it() {
    let mut world = World::new();
    world.merged(1, 5);
    for n in 0..60_i32 {
        world.deployment(
            u64::from(n.unsigned_abs()) + 1,
            "production",
            5,
            |deployment| {
                deployment.created_at = at(30) + TimeDelta::minutes(3) * n;
                deployment.updated_at = deployment.created_at;
            },
        );
    }
    world.now = at(34);
    assert_eq!(world.card("change:1").placement.since, at(30));
}
