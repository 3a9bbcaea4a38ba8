//! Correlation: anchors, links, containment, services, trains and needs.

use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use regex::Regex;

use super::testing::*;
use super::*;
use crate::domain::alert::AlertState;
use crate::domain::change_request::{ChangeKey, ChangedPaths, LinkBasis, TicketLink};
use crate::domain::commit::Relation;
use crate::domain::deployment::{DeployState, Environment};
use crate::domain::item::{Anchor, EvidenceKind};
use crate::domain::key::ServiceName;
use crate::domain::policy::ServiceRule;
use crate::domain::run::RunState;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::ticket::TicketKey;
use crate::domain::trace;

fn ids(world: &World) -> Vec<String> {
    let cards = world.cards();
    let short = |card: &Arc<WorkItem>| card.id.as_str().replace("github.com/acme/", "");
    cards.iter().map(short).collect()
}

fn globs(pattern: &str) -> GlobSet {
    let glob = Glob::new(pattern).expect("pattern");
    GlobSetBuilder::new().add(glob).build().expect("set")
}

#[test]
fn a_ticket_its_change_and_its_runs_are_one_card() {
    let mut world = World::new();
    world.ticket(7, |_| {});
    world.change(1, |c| c.tickets = vec![closes(7)]);
    world.run(8, 101, RunState::Running, |_| {});
    assert_eq!(ids(&world), ["ticket:api#7"]);
    let card = world.card("ticket:7");
    let kinds: Vec<_> = card.evidence.iter().map(|e| e.kind).collect();
    for kind in [
        EvidenceKind::Ticket,
        EvidenceKind::ChangeRequest,
        EvidenceKind::Run,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
    }
}

#[test]
fn a_change_that_closes_three_tickets_is_three_cards_that_name_each_other() {
    let mut world = World::new();
    for n in 7..10 {
        world.ticket(n, |_| {});
    }
    world.change(1, |c| c.tickets = vec![closes(7), closes(8), closes(9)]);
    assert_eq!(
        ids(&world),
        ["ticket:api#7", "ticket:api#8", "ticket:api#9"]
    );
    let card = world.card("ticket:8");
    assert_eq!(
        card.placement.badges,
        ["with acme/api#7".into(), "with acme/api#9".into()]
    );
    assert_eq!(card.placement.status, Status::Review);
}

#[test]
fn the_confidence_of_a_link_is_that_of_where_it_comes_from() {
    for (basis, expected) in [
        (LinkBasis::Closing, 100),
        (LinkBasis::Mention, 80),
        (LinkBasis::Branch, 60),
    ] {
        let mut world = World::new();
        world.ticket(7, |_| {});
        let ticket = ticket_key(7);
        world.change(1, |c| c.tickets = vec![TicketLink { ticket, basis }]);
        let card = world.card("ticket:7");
        let line = card
            .evidence
            .iter()
            .find(|e| e.kind == EvidenceKind::ChangeRequest);
        assert_eq!(line.map(|line| line.confidence), Some(expected));
    }
}

#[test]
fn a_change_whose_ticket_is_not_known_is_a_card_until_the_ticket_comes() {
    let mut world = World::new();
    world.change(1, |c| c.tickets = vec![closes(7)]);
    assert_eq!(ids(&world), ["change:api#1"]);
    world.ticket(7, |_| {});
    assert_eq!(ids(&world), ["ticket:api#7"]);
}

#[test]
fn a_ticket_and_its_change_may_be_in_two_repositories() {
    let mut world = World::new();
    world.ticket(7, |t| {
        t.key = TicketKey::Numbered {
            repo: named_repo("web"),
            number: 7,
        };
    });
    let ticket = TicketKey::Numbered {
        repo: named_repo("web"),
        number: 7,
    };
    world.change(1, |c| {
        c.tickets = vec![TicketLink {
            ticket,
            basis: LinkBasis::Closing,
        }];
    });
    let mut correlator = world.correlator();
    let card = cards(&correlator).first().cloned().expect("a card");
    assert_eq!(card.id.as_str(), "ticket:github.com/acme/web#7");
    assert_eq!(card.placement.rule.as_str(), "in-review");
    assert_eq!(card.services, [ServiceName::new("api")]);

    let mut late = World::new();
    late.facts.clear();
    late.run(8, 101, FAILED, |_| {});
    late.facts
        .drain(..)
        .for_each(|fact| correlator.insert(fact));
    let changes = correlator.refresh(&world.policy, world.now);
    let touched: Vec<_> = changes
        .changed
        .iter()
        .map(|item| item.id.as_str())
        .collect();
    assert_eq!(touched, ["ticket:github.com/acme/web#7"]);
}

#[test]
fn a_ticket_of_a_tracker_is_an_anchor_like_any_other() {
    let mut world = World::new();
    let key = TicketKey::Tracker("PROJ-1".into());
    world.ticket(1, |t| t.key = key.clone());
    world.change(1, |c| {
        c.tickets = vec![TicketLink {
            ticket: key,
            basis: LinkBasis::Mention,
        }];
    });
    assert_eq!(ids(&world), ["ticket:PROJ-1"]);
    assert_eq!(world.card("ticket:PROJ-1").placement.stage, Stage::Code);
}

#[test]
fn a_fact_that_two_sources_say_is_one_card_with_both() {
    let mut world = World::new();
    world.ticket(7, |_| {});
    let mut again = world.facts.last().cloned().expect("a fact");
    again.source = SourceName::new("mirror");
    world.facts.push(again);
    let card = world.card("ticket:7");
    assert_eq!(
        card.sources,
        [SourceName::new("hub"), SourceName::new("mirror")]
    );
}

#[test]
fn a_push_without_change_request_is_a_card_only_until_it_is_over() {
    let mut world = World::new();
    world.commit(9, |c| {
        c.direct = true;
        c.committed_at = Some(at(90));
    });
    assert_eq!(ids(&world), [format!("push:api@{}", sha(9).as_str())]);
    assert_eq!(world.card("push:9").anchor, Anchor::Push);
    world.now = at(90 + 8 * 24);
    assert!(world.cards().is_empty());
}

#[test]
fn ranges_tell_what_parents_do_not() {
    let mut world = World::new();
    world.merged(1, 50).release("v1", 60, |_| {});
    world.now = at(21);
    assert_eq!(
        world.card("change:1").placement.rule.as_str(),
        "merged-unreleased"
    );
    world.range(40, 60, Relation::Ahead, &[50, 60]);
    assert_eq!(
        world.card("change:1").placement.rule.as_str(),
        "live-baking"
    );
}

#[test]
fn what_is_not_known_to_be_contained_is_asked_for() {
    let mut world = World::new();
    world
        .merged(1, 50)
        .release("v1", 40, |r| r.published_at = Some(at(1)))
        .release("v2", 60, |_| {});
    world.now = at(21);
    let range = |from, to| Need::Range {
        repo: repo(),
        from: sha(from),
        to: sha(to),
    };
    assert!(world.correlator().needs().contains(&range(40, 60)));
    world.range(40, 60, Relation::Ahead, &[60]);
    assert!(world.correlator().needs().contains(&range(50, 60)));
    world.range(50, 60, Relation::Diverged, &[60]);
    assert!(world.doubts().is_empty());
    assert_eq!(
        world.card("change:1").placement.rule.as_str(),
        "merged-unreleased"
    );
}

#[test]
fn every_version_back_to_the_merge_is_asked_about() {
    let mut world = World::new();
    world.merged(1, 50);
    let mut shas = Vec::new();
    // Six versions before the merge, fourteen after it.
    for (n, hours) in (0_u64..20).zip(-1_i64..) {
        let (sha, hours) = (100 + n, hours * 2);
        world.release(&format!("v{n}"), sha, |r| r.published_at = Some(at(hours)));
        shas.push((sha, hours));
    }
    world.now = at(60);
    let merged = 10;
    let asked: Vec<(u64, u64)> = shas
        .windows(2)
        .filter(|pair| pair[1].1 >= merged)
        .map(|pair| (pair[0].0, pair[1].0))
        .collect();
    let needs = world.doubts();
    for (from, to) in &asked {
        let need = Need::Range {
            repo: repo(),
            from: sha(*from),
            to: sha(*to),
        };
        assert!(needs.contains(&need), "{from}..{to}");
    }
    assert_eq!(needs.len(), asked.len());
}

#[test]
fn a_change_from_before_all_versions_is_looked_for_in_the_oldest() {
    let mut world = World::new();
    world.merged(1, 50);
    for (n, sha) in [(1, 60), (2, 70), (3, 80)] {
        let state = if n == 3 {
            DeployState::Succeeded
        } else {
            DeployState::Superseded
        };
        world.deployment(n, "production", sha, |d| {
            d.state = state;
            d.created_at = at(20 + i64::try_from(n).unwrap());
        });
    }
    world.now = at(50);
    world
        .range(60, 70, Relation::Ahead, &[70])
        .range(70, 80, Relation::Ahead, &[80])
        // Known of the newest alone, as from an earlier question.
        .range(50, 80, Relation::Ahead, &[60, 70, 80]);
    let asked: Vec<Need> = world.doubts().into_iter().collect();
    let expected = Need::Range {
        repo: repo(),
        from: sha(50),
        to: sha(60),
    };
    assert_eq!(asked, [expected]);
    world.range(50, 60, Relation::Ahead, &[60]);
    assert!(world.doubts().is_empty());
    let placement = world.card("change:1").placement.clone();
    assert_eq!(placement.since, at(21) + world.policy.bake_window);
}

#[test]
fn what_nobody_told_is_not_said_to_be_unreleased() {
    let mut world = World::new();
    world
        .merged(1, 50)
        .release("v1", 40, |r| r.published_at = Some(at(1)))
        .release("v2", 60, |_| {});
    world.now = at(21);
    let placement = world.card("change:1").placement.clone();
    assert_eq!(placement.status, Status::Unknown);
    assert_eq!(
        placement.reason.as_str(),
        "merged; it is not known yet whether `000003c` contains it"
    );
    world
        .range(40, 60, Relation::Ahead, &[60])
        .range(50, 60, Relation::Diverged, &[60]);
    let placement = world.card("change:1").placement.clone();
    assert_eq!(placement.reason.as_str(), "merged, in no release yet");
}

#[test]
fn an_old_failure_does_not_count_while_a_later_version_may_have_the_change() {
    let mut world = World::new();
    world
        .merged(1, 50)
        .run(7, 50, FAILED, |_| {})
        .release("v1", 40, |r| r.published_at = Some(at(1)))
        .release("v2", 60, |_| {});
    world.now = at(21);
    let placement = world.card("change:1").placement.clone();
    assert_eq!(placement.status, Status::Unknown);
    let reason = placement.reason.as_str();
    assert!(
        reason.contains("run 7 of `ci` failed; it is not known"),
        "{reason}"
    );
    // Told that it has not, the failure holds it up.
    world.range(50, 60, Relation::Diverged, &[60]);
    assert_eq!(world.card("change:1").placement.status, Status::Failed);
    // A version from before the failure says nothing of it.
    let mut world = World::new();
    world
        .merged(1, 50)
        .run(7, 50, FAILED, |run| run.updated_at = at(22))
        .release("v2", 60, |_| {});
    world.now = at(23);
    assert_eq!(world.card("change:1").placement.status, Status::Failed);
}

#[test]
fn releases_whose_times_and_versions_go_round_come_to_an_end() {
    let mut world = World::new();
    world.merged(1, 50);
    // A backport of an old version after the new one, and drafts of which no commit is known.
    for (tag, hour, has_commit) in [
        ("v2.0", 20, true),
        ("v1.9", 21, true),
        ("w2", 22, false),
        ("w1", 23, false),
    ] {
        world.release(tag, 60, |release| {
            release.draft = !has_commit;
            release.sha = release.sha.take().filter(|_| has_commit);
            release.created_at = at(hour);
            release.published_at = Some(at(hour));
        });
    }
    assert_eq!(ids(&world), ["change:api#1"]);
}

#[test]
fn a_time_at_the_end_of_all_years_ends_nothing() {
    let last = chrono::DateTime::<chrono::Utc>::MAX_UTC;
    let mut world = World::new();
    world.change(1, |change| {
        land(change, 50);
        change.merged_at = Some(last);
    });
    world.ticket(3, |ticket| {
        ticket.state = crate::domain::ticket::TicketState::Completed;
        ticket.closed_at = Some(last);
    });
    world.release("v1", 50, |release| release.published_at = Some(last));
    world.deployment(1, "production", 50, |deployment| {
        deployment.created_at = last;
        deployment.updated_at = last;
    });
    assert!(!world.cards().is_empty());
}

#[test]
fn a_newer_deployment_does_not_make_a_live_change_younger() {
    let mut world = World::new();
    world.merged(1, 3);
    for (n, (sha, hours)) in [(4, 24), (5, 48), (6, 72)].into_iter().enumerate() {
        let state = if sha == 6 {
            DeployState::Succeeded
        } else {
            DeployState::Superseded
        };
        world.deployment(n as u64 + 1, "production", sha, |d| {
            d.state = state;
            d.created_at = at(hours);
            // The state of one that another replaced changed when that one came.
            d.updated_at = at(if sha == 6 { 73 } else { hours + 24 });
        });
    }
    world.now = at(74);
    let placement = world.card("change:1").placement.clone();
    assert_eq!(placement.rule.as_str(), "live-watched");
    assert_eq!(placement.since, at(24) + world.policy.bake_window);
}

#[test]
fn jobs_and_gates_are_asked_for_while_they_matter() {
    let mut world = World::new();
    world.change(1, |_| {}).run(8, 101, FAILED, |_| {});
    let jobs = Need::Jobs {
        repo: repo(),
        run: 8,
    };
    assert!(world.correlator().needs().contains(&jobs));
    world.jobs(8, &[("unit", FAILED)]);
    assert!(!world.correlator().needs().contains(&jobs));
    world.run(8, 101, RunState::Waiting, |_| {});
    let gates = Need::Gates {
        repo: repo(),
        run: 8,
    };
    assert!(world.correlator().needs().contains(&gates));
    // It went on while nobody looked, and the gate that was told before may be passed.
    world.gate(8, "prod").run(8, 101, RunState::Running, |_| {});
    assert!(world.correlator().needs().contains(&gates));
    world.run(8, 101, RunState::Passed, |_| {});
    assert!(!world.correlator().needs().contains(&gates));
}

fn mono() -> World {
    let mut world = World::new();
    let service = |name: &str| ServiceRule {
        name: ServiceName::new(name),
        repos: None,
        paths: Some(globs(&format!("{name}/**"))),
        workflows: None,
        environment: Regex::new(&format!("^{name}-")).ok(),
        tag: Some(globs(&format!("{name}-v*"))),
    };
    world.policy.services = vec![service("web"), service("auth")];
    world
}

fn touches(world: &mut World, n: u64, paths: &[&str]) {
    world.fact(Fact::ChangedPaths(ChangedPaths {
        change: ChangeKey {
            repo: repo(),
            number: n,
        },
        head_sha: Some(sha(100 + n)),
        paths: paths.iter().map(|path| (*path).into()).collect(),
        complete: true,
    }));
}

#[test]
fn in_a_mono_repo_the_least_advanced_service_decides() {
    let mut world = mono();
    world
        .merged(1, 5)
        .deploy(1, "web-production", 6, DeployState::Succeeded)
        .deploy(2, "auth-production", 3, DeployState::Succeeded);
    world.now = at(33);
    touches(&mut world, 1, &["web/a.ts"]);
    let card = world.card("change:1");
    assert_eq!(card.services, [ServiceName::new("web")]);
    assert_eq!(card.placement.rule.as_str(), "live-baking");
    touches(&mut world, 1, &["web/a.ts", "auth/b.rs"]);
    let card = world.card("change:1");
    assert_eq!(
        card.services,
        [ServiceName::new("auth"), ServiceName::new("web")]
    );
    assert_eq!(
        (card.placement.stage, card.placement.status),
        (Stage::Deploy, Status::Partial)
    );
}

#[test]
fn the_files_of_an_open_change_are_asked_for_in_a_mono_repo() {
    let mut world = mono();
    world.change(1, |_| {});
    let need = Need::Paths {
        repo: repo(),
        number: 1,
    };
    assert!(world.correlator().needs().contains(&need));
    touches(&mut world, 1, &["web/a.ts"]);
    assert!(!world.correlator().needs().contains(&need));
}

#[test]
fn changes_that_one_deployment_carries_ride_in_one_train() {
    let mut world = World::new();
    world
        .merged(1, 4)
        .merged(2, 5)
        .merged(3, 9)
        .release("v1.14.0", 6, |_| {});
    world.deployment(1, "production", 6, |d| d.git_ref = Some("v1.14.0".into()));
    world.now = at(32);
    let cards = world.cards();
    let (trains, single) = group_trains(&cards);
    let train = trains.first().expect("a train");
    assert_eq!(trains.len(), 1);
    assert_eq!(train.title.as_str(), "api v1.14.0");
    assert_eq!((train.stage, train.status), (Stage::Operate, Status::Live));
    assert_eq!(train.items.len(), 2);
    let alone: Vec<_> = single.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(alone, ["acme/api#3"]);
    assert!(single.iter().all(|item| item.train.is_none()));
}

#[test]
fn an_alert_after_a_deployment_is_suspected_and_stays_a_card() {
    let mut world = World::new();
    world
        .merged(1, 5)
        .deploy(1, "production", 5, DeployState::Succeeded);
    world.alert("a1", |_| {});
    world.now = at(41);
    let card = world.card("change:1");
    assert_eq!(card.placement.status, Status::Live);
    assert_eq!(card.placement.badges, ["alert suspected".into()]);
    let line = card.evidence.iter().find(|e| e.kind == EvidenceKind::Alert);
    assert_eq!(line.map(|line| line.confidence), Some(50));
    let alert = world.card("alert:github.com/acme/api/a1");
    assert_eq!(alert.placement.status, Status::Firing);
}

#[test]
fn an_environment_that_its_host_calls_production_is_production_whatever_its_name() {
    let live = |production| {
        let mut world = World::new();
        world
            .merged(1, 5)
            .deploy(1, "eu-west", 5, DeployState::Succeeded);
        world.fact(Fact::Environment(Environment {
            repo: repo(),
            name: "eu-west".into(),
            id: None,
            guarded: false,
            production,
            url: None,
        }));
        world.now = at(41);
        world.card("change:1").placement.status == Status::Live
    };
    assert!(live(true) && !live(false));
}

#[test]
fn an_alert_that_names_a_service_finds_its_repository() {
    let mut world = World::new();
    world.alert("a1", |a| {
        a.repo = None;
        a.service = Some(ServiceName::new("api"));
    });
    assert_eq!(world.card("alert:a1").repo, Some(repo()));
    world.alert("a1", |a| {
        a.repo = None;
        a.service = Some(ServiceName::new("elsewhere"));
    });
    assert_eq!(world.card("alert:a1").repo, None);
    world.alert("a1", |a| a.state = AlertState::Resolved);
    assert!(world.cards().is_empty());
}

#[test]
fn a_card_that_did_not_change_keeps_its_place_in_memory() {
    let mut world = World::new();
    world.ticket(7, |_| {}).ticket(8, |_| {});
    let mut correlator = world.correlator();
    let before = cards(&correlator);
    world.ticket(8, |t| t.milestone = Some("Q2".into()));
    correlator.insert(world.facts.last().cloned().expect("a fact"));
    let changes = correlator.refresh(&world.policy, world.now);
    assert_eq!(changes.changed.len(), 1);
    let after = cards(&correlator);
    let same: Vec<bool> = before
        .iter()
        .zip(&after)
        .map(|(a, b)| Arc::ptr_eq(a, b))
        .collect();
    assert_eq!(same, [true, false]);
}

#[test]
fn the_clock_alone_moves_a_card_when_its_window_ends() {
    let mut world = World::new();
    world
        .merged(1, 5)
        .deploy(1, "production", 5, DeployState::Succeeded);
    world.now = at(32);
    let mut correlator = world.correlator();
    assert_eq!(correlator.next_change(), Some(at(31 + 24)));
    assert!(correlator.refresh(&world.policy, at(54)).changed.is_empty());
    let changes = correlator.refresh(&world.policy, at(55));
    assert_eq!(changes.changed.len(), 1);
}

#[test]
fn a_removed_fact_takes_its_card_away() {
    let mut world = World::new();
    world.ticket(7, |_| {});
    let mut correlator = world.correlator();
    let id = world.facts.last().expect("a fact").fact.id();
    correlator.remove(&SourceName::new("hub"), &id);
    let changes = correlator.refresh(&world.policy, world.now);
    assert_eq!(
        changes.removed,
        [ItemId::new("ticket:github.com/acme/api#7")]
    );
    assert_eq!(correlator.items().count(), 0);
}

#[track_caller]
fn finds(world: &World, name: &str, expected: &[&str]) {
    let cards = world.cards();
    let keys: Vec<_> = trace::find(name, cards.iter())
        .iter()
        .map(|item| item.key.to_string())
        .collect();
    assert_eq!(keys, expected, "{name}");
}

#[test]
fn a_change_is_found_by_whatever_names_it() {
    let mut world = World::new();
    world.merged(12, 5).change(3, |_| {});
    world.ticket(1, |t| t.key = TicketKey::Tracker("PROJ-1".into()));
    world.release("v1.0", 6, |_| {});
    world.now = at(21);
    for word in ["#12", "api#12", "acme/api#12", "ACME/API#12"] {
        finds(&world, word, &["acme/api#12"]);
    }
    finds(&world, sha(5).as_str(), &["acme/api#12"]);
    finds(
        &world,
        sha(103).as_str().get(..40).expect("forty"),
        &["acme/api#3"],
    );
    finds(&world, "v1.0", &["acme/api#12"]);
    let id = sha(5);
    for place in ["acme/api", "api", "ACME/API"] {
        finds(&world, &format!("{place}@{id}"), &["acme/api#12"]);
        finds(&world, &format!("{place}@{}", id.short()), &["acme/api#12"]);
        finds(&world, &format!("{place}@v1.0"), &["acme/api#12"]);
        finds(&world, &format!("{place} v1.0"), &["acme/api#12"]);
    }
    for word in [format!("acme/web@{id}"), format!("@{id}")] {
        finds(&world, &word, &[]);
    }
    finds(&world, "acme/web@v1.0", &[]);
    finds(&world, "acme/api@v1", &[]);
    finds(&world, "acme/api@", &[]);
    finds(&world, "proj-1", &["PROJ-1"]);
    finds(&world, "#2", &[]);
    finds(&world, "", &[]);
}

#[test]
fn a_trace_tells_releases_environments_and_what_is_awaited() {
    let mut world = World::new();
    world.merged(1, 5).release("v1.0", 6, |_| {});
    world
        .deploy(1, "staging", 6, DeployState::Succeeded)
        .deploy(2, "production", 6, DeployState::Waiting);
    let told = trace::trace(&world.card("change:1"));
    let names = |list: &[trace::Contained]| -> Vec<String> {
        list.iter()
            .map(|c| format!("{} {}", c.name, c.state))
            .collect()
    };
    assert_eq!(names(&told.releases), ["v1.0 released"]);
    assert_eq!(
        names(&told.environments),
        ["staging live", "production waiting"]
    );
    assert_eq!(
        told.waits_for.as_str(),
        "the word of somebody who may give it"
    );
    assert_eq!(told.steps.len(), told.item.evidence.len());
}

#[test]
fn what_is_seen_to_answer_is_not_live_while_it_is_still_brought() {
    let mut world = World::new();
    world.merged(1, 5);
    world.deploy(1, "production", 5, DeployState::Running);
    world.deployment(
        crate::domain::run::foreign_id("ci", "a"),
        "production",
        5,
        |d| {
            d.task = "seen:api".into();
            (d.created_at, d.updated_at) = (at(60), at(60));
        },
    );
    assert_eq!(world.card("change:1").placement.status, Status::Running);
    world.deploy(1, "production", 5, DeployState::Succeeded);
    assert_eq!(world.card("change:1").placement.status, Status::Watched);
}
