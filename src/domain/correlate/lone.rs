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
