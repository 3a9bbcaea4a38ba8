//! Rows 1 to 6: what fires, what people handle, what is live or taken back.

use super::*;
use crate::domain::deployment::Deployment;
use crate::domain::run::foreign_id;

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
            Status::Unknown,
            "alert-unknown",
        ),
        (
            AlertState::Acknowledged,
            Status::Acknowledged,
            "alert-acknowledged",
        ),
        (AlertState::Silenced, Status::Silenced, "alert-quiet"),
        (AlertState::Inhibited, Status::Inhibited, "alert-quiet"),
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
fn row_03_an_alert_of_an_unknown_word_is_unknown_with_its_word_and_hides_no_red() {
    let unknown = |world: &mut World| {
        world.alert("a1", |a| {
            a.sha = Some(sha(5));
            a.state = AlertState::Unknown("dreaming".into());
        });
    };
    let world = live(unknown);
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Unknown,
        "alert-unknown",
    );
    let reason = world.card("change:1").placement.reason.to_string();
    assert!(reason.ends_with("is not known: dreaming"), "{reason}");
    let world = live(|w| {
        unknown(w);
        w.alert("a2", |a| a.sha = Some(sha(5)));
    });
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Firing,
        "alert-firing",
    );
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
fn row_03_a_version_that_was_replaced_counts_from_when_it_came() {
    let since = |came_at| {
        let mut world = live(|_| {});
        world.deployment(1, "production", 5, |d| {
            (d.created_at, d.updated_at, d.came_at) = (at(25), at(32), came_at);
            d.state = DeployState::Superseded;
        });
        world.deploy(2, "production", 6, DeployState::Succeeded);
        world.now = at(34);
        world.card("change:1").placement.since
    };
    assert_eq!(since(Some(at(31))), at(31));
    assert_eq!(since(None), at(25), "nothing else is known of it");
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
    let mut world = world;
    world.now = at(10 * 24);
    over(&world, "change:1", Outcome::Dropped, "rolled-back");
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
fn what_was_taken_back_is_so_since_its_users_lost_it_whatever_came_since() {
    let mut world = live(|w| {
        w.commit(7, |c| c.reverts = vec![sha(5)]);
        // An older version, then the revert, and then every few hours another one.
        w.deploy(2, "production", 3, DeployState::Superseded);
        for n in 3..90 {
            w.deploy(n, "production", 9, DeployState::Superseded);
        }
        w.deploy(90, "production", 9, DeployState::Succeeded);
        w.now = at(121);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::RolledBack,
        "reverted-live",
    );
    assert_eq!(world.card("change:1").placement.since, at(32));
    world.now = at(32 + 7 * 24);
    over(&world, "change:1", Outcome::Dropped, "reverted-live");
    // What brings it back and is taken back again counts from then on.
    world.commit(8, |c| c.reverts = vec![sha(7)]);
    world.deploy(170, "production", 9, DeployState::Superseded);
    world.deploy(171, "production", 7, DeployState::Succeeded);
    world.now = at(202);
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::RolledBack,
        "reverted-live",
    );
    assert_eq!(world.card("change:1").placement.since, at(201));
}

#[test]
fn a_change_that_was_reverted_before_its_users_had_it_is_taken_back_since_it_came() {
    let world = scene(|w| {
        w.merged(1, 5).commit(7, |c| c.reverts = vec![sha(5)]);
        w.deploy(1, "production", 3, DeployState::Superseded);
        w.deploy(2, "production", 7, DeployState::Superseded);
        w.deploy(3, "production", 9, DeployState::Succeeded);
    });
    assert_eq!(world.card("change:1").placement.since, at(32));
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

/// A change that landed at hour 10 and that the first known deployment has, or one before lacks.
#[track_caller]
fn first_known(hours: i64, before: Option<u64>, rule: &str, is_suspected: bool) {
    let world = scene(|w| {
        w.repository(|_| {});
        for n in 1..=6 {
            w.commit(n, |_| {});
        }
        w.merged(1, 5).deployment(2, "production", 6, |d| {
            (d.created_at, d.updated_at) = (at(hours), at(hours));
        });
        if let Some(commit) = before {
            w.deployment(1, "production", commit, |d| {
                (d.created_at, d.updated_at) = (at(9), at(9));
            });
        }
        w.alert("a1", |a| a.started_at = at(hours + 1));
        w.now = at(hours + 2);
    });
    let found = &world.card("change:1").placement;
    let suspected = found.badges.contains(&"alert suspected".into());
    assert_eq!(
        (found.rule.as_str(), suspected),
        (rule, is_suspected),
        "{}",
        found.reason
    );
}

#[test]
fn the_first_known_deployment_is_not_what_brought_an_old_change() {
    // Landed within the watch window before it: that one may have brought it.
    first_known(10 + 7 * 24, None, "live-baking", true);
    first_known(10 + 7 * 24 + 1, None, "live-watched", false);
    first_known(10 + 14 * 24, None, "live-done", false);
    // One before it lacks the change: so it was that one, however late.
    first_known(10 + 14 * 24, Some(4), "live-baking", true);
    // Of one before it nobody knows what it contains.
    first_known(10 + 14 * 24, Some(99), "live-done", false);
    // One before it has the change too.
    first_known(10 + 14 * 24, Some(5), "live-done", false);
}

#[test]
fn what_is_only_seen_elsewhere_keeps_the_moment_at_which_it_went_live() {
    let seen_at = |hours| {
        move |d: &mut Deployment| {
            d.id = foreign_id("checks", "eu");
            d.task = "seen:api".into();
            d.created_at = at(hours);
            d.updated_at = at(hours);
        }
    };
    let since = |world: &World| world.card("change:1").placement.since;
    let alone = since(&live(|_| {}));
    // The board looked there for the first time: nobody knows since when it answers so.
    let world = live(|w| {
        w.deployment(2, "production-eu", 5, seen_at(31));
    });
    let card = world.card("change:1");
    assert!(card.placement.reason.contains("production-eu"), "{card:?}");
    assert_eq!(since(&world), alone);
    // Another version was seen there before: then it came when it was seen.
    let world = live(|w| {
        w.commit(4, |_| {});
        w.deployment(3, "production-eu", 4, |d| {
            seen_at(29)(d);
            d.id = foreign_id("checks", "eu before");
        });
        w.deployment(2, "production-eu", 5, seen_at(31));
    });
    assert_eq!(since(&world), at(31));
}
