//! Deployments of other systems than the forge that bring nothing that is known.

use super::testing::*;
use super::*;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use chrono::TimeDelta;

fn ids(world: &World) -> Vec<String> {
    let cards = world.cards();
    cards.iter().map(|card| card.id.to_string()).collect()
}

/// A deployment that another system told, of a commit by this number.
fn deployed(world: &mut World, own: &str, commit: u64, edit: impl FnOnce(&mut Deployment)) {
    let id = crate::domain::run::foreign_id("tool", own);
    world.deployment(id, "production", commit, |d| {
        d.created_at = at(50);
        d.updated_at = at(50);
        edit(d);
    });
}

const LONE: &str = "deployment:github.com/acme/api/production@deploy";

#[test]
fn a_deployment_without_partner_is_a_card_while_it_is_red_or_moves() {
    for (state, status) in [
        (DeployState::Failed, Some(Status::Failed)),
        (DeployState::Running, Some(Status::Running)),
        (DeployState::Waiting, Some(Status::Waiting)),
        (DeployState::Unknown("odd".into()), Some(Status::Unknown)),
        (DeployState::Succeeded, None),
        (DeployState::Abandoned, None),
    ] {
        let mut world = World::new();
        deployed(&mut world, "a", 77, |d| d.state = state.clone());
        world.now = at(51);
        let cards = world.cards();
        let found = cards.first().map(|card| card.placement.status);
        assert_eq!(found, status, "{state:?}");
        if status == Some(Status::Failed) {
            let card = world.card(LONE);
            assert_eq!(card.placement.stage, Stage::Deploy);
            assert_eq!(&*card.placement.rule, "deploy-failed");
            assert_eq!(card.evidence.len(), 1);
        }
    }
}

#[test]
fn a_deployment_by_a_name_that_nobody_knows_is_a_card_too() {
    let mut world = World::new();
    deployed(&mut world, "a", 1, |d| {
        d.sha = None;
        d.git_ref = Some(Clean::line("v9.9"));
        d.state = DeployState::Failed;
    });
    world.now = at(51);
    let card = world.card(LONE);
    let reason = "the deployment of `v9.9` to `production` failed";
    assert_eq!(&*card.placement.reason, reason);
}

#[test]
fn a_deployment_that_has_a_partner_was_mended_or_is_long_past_is_no_card_of_its_own() {
    let failed = |world: &mut World, commit| {
        deployed(world, "a", commit, |d| d.state = DeployState::Failed);
    };
    let lone = |world: &World| ids(world).iter().any(|id| id.starts_with("deployment:"));
    let mut known = World::new();
    known.merged(1, 5);
    failed(&mut known, 5);
    known.now = at(51);
    assert!(!lone(&known));
    assert_eq!(known.card("change:1").placement.status, Status::Failed);
    let mut mended = World::new();
    failed(&mut mended, 77);
    deployed(&mut mended, "b", 78, |d| d.created_at = at(60));
    mended.now = at(61);
    assert!(!lone(&mended));
    let mut past = World::new();
    failed(&mut past, 77);
    past.now = at(50) + TimeDelta::days(29);
    assert!(lone(&past));
    assert_eq!(
        past.correlator().next_change(),
        Some(at(50) + TimeDelta::days(30))
    );
    past.now = at(50) + TimeDelta::days(30);
    assert!(!lone(&past));
}

/// A world in which no forge tells of the repository.
fn without_forge() -> World {
    let mut world = World::new();
    world.facts.clear();
    world
}

#[test]
fn a_deployment_of_a_repository_without_forge_is_a_card_until_nobody_watches_it() {
    let mut world = without_forge();
    deployed(&mut world, "a", 77, |_| {});
    let (bake, watch) = (world.policy.bake_window, world.policy.watch_window);
    let hour = TimeDelta::hours(1);
    for (now, stage, rule) in [
        (at(51), Stage::Operate, "live-baking"),
        (at(50) + bake + hour, Stage::Monitor, "live-watched"),
        (at(50) + bake + watch + hour, Stage::Monitor, "live-done"),
    ] {
        world.now = now;
        let placed = &world.card(LONE).placement;
        assert_eq!((placed.stage, &*placed.rule), (stage, rule));
        assert_eq!(placed.done.is_some(), rule == "live-done");
    }
    world.now = at(50) + TimeDelta::days(30);
    assert!(ids(&world).is_empty());
    // What failed since is red, though the one before is still there.
    world.now = at(61);
    deployed(&mut world, "b", 78, |d| {
        d.created_at = at(60);
        d.updated_at = at(60);
        d.state = DeployState::Failed;
    });
    assert_eq!(&*world.card(LONE).placement.rule, "deploy-failed");
}

#[test]
fn without_a_production_a_deployment_counts_where_it_came_to() {
    let card = "deployment:github.com/acme/api/warehouse@deploy";
    let mut world = without_forge();
    let place = |d: &mut Deployment| d.environment = Clean::line("warehouse");
    deployed(&mut world, "a", 77, place);
    world.now = at(51);
    let reason = "live in `warehouse` and baking";
    assert_eq!(&*world.card(card).placement.reason, reason);
    deployed(&mut world, "b", 77, |_| {});
    assert_eq!(ids(&world), [LONE]);
    // What is only seen to answer was not deployed.
    let mut seen = without_forge();
    deployed(&mut seen, "a", 77, |d| d.task = Clean::line("seen"));
    seen.now = at(51);
    assert!(ids(&seen).is_empty());
}
