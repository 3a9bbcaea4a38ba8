//! What other systems tell of that the forge does not know, or knows by another name.

use super::testing::*;
use super::*;
use crate::domain::alert::AlertState;
use crate::domain::commit::{Lost, Relation};
use crate::domain::deployment::DeployState;
use crate::domain::item::{Anchor, EvidenceKind};
use crate::domain::key::ServiceName;
use crate::domain::run::{Run, RunState, foreign_id};
use crate::domain::status::Status;
use crate::domain::ticket::TicketState;

/// A commit that is in no branch that the forge tells of.
const ELSEWHERE: u64 = 77;

/// A change that is live, and a deployment after it of a commit that is known nowhere.
fn overtaken(before: DeployState) -> World {
    let mut world = World::new();
    world.merged(1, 5);
    world.deploy(1, "production", 5, before);
    world.deployment(foreign_id("web", "p"), "production", ELSEWHERE, |d| {
        d.task = Clean::line("seen version");
        d.created_at = at(32);
        d.updated_at = at(32);
    });
    world.now = at(33);
    world
}

fn asked(world: &World) -> Vec<Need> {
    world.doubts().into_iter().collect()
}

#[test]
fn a_version_that_the_forge_does_not_have_hides_nothing_that_is_known() {
    for before in [DeployState::Succeeded, DeployState::Superseded] {
        let mut world = overtaken(before);
        assert_eq!(world.card("change:1").placement.status, Status::Unknown);
        let range = Need::Range {
            repo: repo(),
            from: sha(5),
            to: sha(ELSEWHERE),
        };
        assert_eq!(asked(&world), [range]);
        let lost = Relation::Absent(Lost::Newer);
        world.range(5, ELSEWHERE, lost, &[]);
        let placement = world.card("change:1").placement.clone();
        assert_eq!(&*placement.rule, "live-baking", "{}", placement.reason);
        assert_eq!(asked(&world), [], "it is an answer");
    }
}

#[test]
fn a_version_that_was_not_there_and_was_pushed_since_is_asked_about_again() {
    let mut world = overtaken(DeployState::Succeeded);
    let lost = Relation::Absent(Lost::Newer);
    world.range(5, ELSEWHERE, lost, &[]);
    world.commit(ELSEWHERE, |c| c.parents = vec![sha(60)]);
    assert_eq!(world.card("change:1").placement.status, Status::Unknown);
    assert_eq!(asked(&world).len(), 1);
    world.commit(60, |c| c.parents = vec![sha(9)]);
    assert_eq!(&*world.card("change:1").placement.rule, "live-baking");
}

#[test]
fn a_change_waits_still_where_nothing_that_is_known_has_it() {
    let mut world = overtaken(DeployState::Succeeded);
    world.merged(2, 7);
    world.range(5, ELSEWHERE, Relation::Absent(Lost::Newer), &[]);
    let placement = world.card("change:2").placement.clone();
    assert!(
        !matches!(placement.status, Status::Live | Status::Watched),
        "{}",
        placement.reason
    );
    assert_eq!(asked(&world), []);
}

#[test]
fn a_server_that_answers_with_another_version_than_the_forge_tells_is_shown_to_do_so() {
    let said = |commit: u64, seen_at: i64, hours: i64| {
        let mut world = World::new();
        world.merged(1, 5);
        world.deploy(1, "production", 5, DeployState::Succeeded);
        world.deployment(foreign_id("web", "p"), "production", commit, |d| {
            d.task = Clean::line("seen version:web");
            (d.created_at, d.updated_at) = (at(seen_at), at(seen_at));
        });
        world.now = at(hours);
        let card = world.card("change:1");
        let mut lines = card.evidence.iter();
        let found = lines.find(|line| line.key.ends_with("(http check)"));
        found.map(|line| line.state.to_string())
    };
    let contradicts = |commit: u64| {
        let [seen, told] = [sha(commit), sha(5)];
        let [seen, told] = [seen.short(), told.short()];
        Some(format!("`web` answers with {seen}, forge says {told}"))
    };
    // Seen before the deployment and never since, or since: it answers, so it counts.
    assert_eq!(said(ELSEWHERE, 2, 60), contradicts(ELSEWHERE));
    assert_eq!(said(ELSEWHERE, 59, 60), contradicts(ELSEWHERE));
    assert_eq!(said(5, 59, 60), None);
}

/// An incident that was made of an alert of the same repository.
fn incident(state: &TicketState) -> World {
    let mut world = World::new();
    world.ticket(4, |t| {
        t.incident = true;
        t.state = state.clone();
        t.closed_at = (*state != TicketState::Open).then(|| at(60));
    });
    world.alert("lab/github.com/acme/api/1", |a| {
        a.own_key = Clean::line("^alert#1");
        a.incident = Some(ticket_key(4));
    });
    world
}

fn ids(world: &World) -> Vec<String> {
    let cards = world.cards();
    let short = |card: &Arc<WorkItem>| card.id.as_str().replace("github.com/acme/", "");
    cards.iter().map(short).collect()
}

#[test]
fn an_alert_and_the_incident_made_of_it_are_one_card() {
    let world = incident(&TicketState::Open);
    assert_eq!(ids(&world), ["ticket:api#4"]);
    let card = world.card("ticket:4");
    let alerts: Vec<_> = card
        .evidence
        .iter()
        .filter(|line| line.kind == EvidenceKind::Alert)
        .map(|line| line.key.as_str())
        .collect();
    assert_eq!(alerts, ["^alert#1 HighErrorRate"]);
    assert_eq!(card.sources.len(), 1);
}

#[test]
fn an_alert_that_fires_on_after_its_incident_was_closed_is_a_card() {
    let world = incident(&TicketState::Completed);
    let alert = "alert:api/lab/api/1";
    assert!(ids(&world).contains(&alert.to_owned()), "{:?}", ids(&world));
    let mut world = incident(&TicketState::Open);
    world
        .facts
        .retain(|said| !matches!(&*said.fact, Fact::Ticket(_)));
    assert_eq!(ids(&world), [alert], "an incident that nobody may see");
}

#[test]
fn the_card_of_an_incident_follows_its_alert() {
    let world = incident(&TicketState::Open);
    let mut kept = world.correlator();
    let alerts = |kept: &Correlator| {
        let card = cards(kept).into_iter().next().expect("a card");
        let lines = card.evidence.iter();
        lines
            .filter(|line| line.kind == EvidenceKind::Alert)
            .map(|line| line.state.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(alerts(&kept), ["firing"]);
    let mut later = world.clone();
    later.alert("lab/github.com/acme/api/1", |a| {
        a.own_key = Clean::line("^alert#1");
        a.incident = Some(ticket_key(4));
        a.state = AlertState::Acknowledged;
    });
    let last = later.facts.last().expect("a fact").clone();
    kept.insert(last);
    let changes = kept.refresh(&world.policy, world.now);
    assert_eq!(changes.changed.len(), 1);
    assert_eq!(alerts(&kept), ["acknowledged"]);
}

#[test]
fn alerts_of_one_title_are_told_apart_by_their_own_keys() {
    let mut world = World::new();
    for n in [1, 2] {
        world.alert(&format!("lab/github.com/acme/api/{n}"), |a| {
            a.own_key = Clean::line(&format!("^alert#{n}"));
        });
    }
    let keys: Vec<String> = world.cards().iter().map(|c| c.key.to_string()).collect();
    assert_eq!(keys, ["acme/api^alert#1", "acme/api^alert#2"]);
    let titles: Vec<String> = world.cards().iter().map(|c| c.title.to_string()).collect();
    assert_eq!(titles, ["HighErrorRate", "HighErrorRate"]);
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_not_said_to_have_fired() {
    let mut world = World::new();
    world.merged(1, 5).release("v1.0", 5, |_| {});
    world.deploy(1, "production", 5, DeployState::Succeeded);
    world.now = at(33);
    let mut reason = |state: AlertState| {
        world.alert("a1", |a| {
            a.state = state;
            a.started_at = at(31) + chrono::TimeDelta::minutes(7);
        });
        let reason = world
            .card("alert:github.com/acme/api/a1")
            .placement
            .reason
            .clone();
        let change = world.card("change:1");
        let lines = change.evidence.iter();
        let alerts = lines.filter(|line| line.kind == EvidenceKind::Alert);
        (reason.to_string(), alerts.count())
    };
    let (said, count) = reason(AlertState::Firing);
    assert!(said.contains("suspected: fired 7 min after"), "{said}");
    assert_eq!(count, 1);
    let (said, count) = reason(AlertState::Unknown(Clean::line("not evaluated")));
    assert_eq!(
        said,
        "how alert `HighErrorRate` stands is not known: not evaluated"
    );
    assert_eq!(count, 0);
}

/// A red run and an alert of a repository by this name, beside a change of `forge.test/lab//acme/api`.
fn named(name: &RepoKey) -> World {
    let mut world = World::new();
    world.facts.clear();
    let home = RepoKey::new("forge.test:8443/lab", "acme/api");
    world.repository(|r| r.repo = home.clone());
    world.change(1, |c| c.repo = home.clone());
    world.foreign_run("a", FAILED, |r| {
        r.repo = name.clone();
        r.head_sha = Some(sha(101));
    });
    world.alert("am/1", |a| a.repo = Some(name.clone()));
    world
}

#[test]
fn addresses_of_a_repository_below_a_path_of_its_host_name_it() {
    for address in [
        "https://forge.test:8443/lab/acme/api.git",
        "git@forge.test:acme/api.git",
    ] {
        let world = named(&RepoKey::of_url(address).expect("an address"));
        let cards = world.cards();
        let repos: Vec<_> = cards.iter().filter_map(|card| card.repo.as_ref()).collect();
        assert_eq!(repos.len(), 2, "{address}: the change and the alert");
        assert!(
            repos
                .iter()
                .all(|repo| repo.place() == "forge.test:8443/lab")
        );
        let change = cards
            .iter()
            .find(|card| card.anchor == Anchor::ChangeRequest);
        assert_eq!(
            change.expect("a change").placement.status,
            Status::Failed,
            "{address}"
        );
    }
}

#[test]
fn what_may_be_of_either_of_two_forges_on_a_host_is_of_none() {
    let mut world = named(&RepoKey::of_url("git@forge.test:acme/api.git").expect("an address"));
    world.repository(|r| r.repo = RepoKey::new("forge.test:8443/other", "acme/api"));
    let cards = world.cards();
    let change = cards
        .iter()
        .find(|card| card.anchor == Anchor::ChangeRequest);
    assert_eq!(change.expect("a change").placement.status, Status::Review);
}

#[test]
fn an_alert_that_names_its_repository_is_not_torn_by_who_else_has_its_service() {
    let mut world = World::new();
    world.repository(|_| {});
    world.repository(|r| r.repo = RepoKey::new("elsewhere.test", "acme/api"));
    let service = || Some(ServiceName::new("api"));
    world.alert("a1", |a| a.service = service());
    world.alert("a2", |a| (a.repo, a.service) = (None, service()));
    let said = |id: &str| {
        let card = world.card(id);
        card.evidence
            .iter()
            .any(|line| line.detail.contains("joined to none"))
    };
    assert!(!said("alert:github.com/acme/api/a1"), "it has one");
    assert!(said("alert:a2"), "it may be of either");
}

#[test]
fn a_pass_whose_commit_is_told_by_its_first_digits_heals_while_one_commit_fits() {
    let mut world = World::new();
    world.merged(1, 5);
    world.commit(6, |c| c.parents = vec![sha(5)]);
    let foreign = |hour: i64, head: Sha| {
        move |run: &mut Run| {
            run.ci = "ci.test".into();
            run.head_sha = Some(head);
            run.created_at = at(hour);
        }
    };
    let short = Sha::parse(sha(6).short()).expect("digits");
    world.run(1, 5, FAILED, foreign(31, sha(5)));
    world.run(2, 6, RunState::Passed, foreign(32, short));
    world.now = at(33);
    let mut kept = world.correlator();
    let status = |kept: &Correlator| {
        let card = kept.item(&ItemId::new("change:github.com/acme/api#1"));
        card.expect("a card").placement.status
    };
    assert_ne!(status(&kept), Status::Failed);
    // Another commit with the same first digits: now nobody knows which of them passed.
    world.change(2, |c| {
        let twin = format!("{}{}", sha(6).short(), "f".repeat(33));
        c.head_sha = Sha::parse(&twin);
    });
    kept.insert(world.facts.last().cloned().expect("a fact"));
    drop(kept.refresh(&world.policy, world.now));
    assert_eq!(status(&kept), status(&world.correlator()));
    assert_eq!(status(&kept), Status::Failed);
}

#[test]
fn a_revert_that_was_reverted_takes_nothing_back() {
    let status = |version: u64| {
        let mut world = World::new();
        world.merged(1, 5);
        world.commit(6, |c| c.reverts = vec![sha(5)]);
        world.commit(8, |c| c.reverts = vec![sha(6)]);
        world.deploy(1, "production", 5, DeployState::Superseded);
        world.deploy(2, "production", version, DeployState::Succeeded);
        world.now = at(33);
        world.card("change:1").placement.status
    };
    assert_eq!(status(7), Status::RolledBack);
    assert_eq!(status(9), Status::Live);
}

#[test]
fn an_alert_is_suspected_of_the_deployment_and_not_of_the_first_look_at_its_version() {
    let mut world = World::new();
    world.merged(1, 5).release("v1.0", 5, |_| {});
    world.deploy(1, "production", 5, DeployState::Succeeded);
    world.deployment(foreign_id("web", "p"), "production", 5, |d| {
        d.task = Clean::line("seen version");
        d.created_at = at(39);
        d.updated_at = at(39);
    });
    world.now = at(40);
    world.alert("a1", |a| {
        a.started_at = at(39) + chrono::TimeDelta::minutes(1);
    });
    let own = world.card("alert:github.com/acme/api/a1");
    let change = world.card("change:1");
    let mut lines = change.evidence.iter();
    let line = lines.find(|line| line.kind == EvidenceKind::Alert);
    let told = line.map_or("", |line| line.detail.as_str());
    let spent = "suspected: fired 8 h after deploy v1.0";
    assert!(
        own.placement.reason.contains(spent),
        "{}",
        own.placement.reason
    );
    assert!(told.contains(spent), "{told}");
}
