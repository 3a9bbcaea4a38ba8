//! Many systems, one card: runs, deployments and alerts of others than the forge.

use super::testing::*;
use super::*;
use crate::domain::alert::AlertState;
use crate::domain::change_request::{Checks, MergeState, Required};
use crate::domain::deployment::DeployState;
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::key::ServiceName;
use crate::domain::run::RunState;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use chrono::TimeDelta;

fn ids(world: &World) -> Vec<String> {
    let cards = world.cards();
    let short = |card: &Arc<WorkItem>| card.id.as_str().replace("github.com/acme/", "");
    cards.iter().map(short).collect()
}

fn lines(card: &WorkItem, kind: EvidenceKind) -> Vec<&Evidence> {
    card.evidence.iter().filter(|e| e.kind == kind).collect()
}

/// A change whose head is a commit, on the branch `topic`, opened two hours after the start.
fn opened() -> World {
    let mut world = World::new();
    world.change(1, |_| {});
    world
}

#[test]
fn a_run_of_another_ci_judges_the_change_whose_commit_it_ran_for() {
    let mut world = opened();
    world.foreign_run("a", FAILED, |r| r.head_sha = Some(sha(101)));
    assert_eq!(ids(&world), ["change:api#1"]);
    let card = world.card("change:1");
    assert_eq!(card.placement.status, Status::Failed);
    let [line] = lines(&card, EvidenceKind::Run)[..] else {
        panic!("one run")
    };
    assert_eq!(line.confidence, 100);
    assert_eq!(&*line.detail, "a run, on ci.test/jenkins");
}

#[test]
fn a_short_commit_joins_where_only_one_begins_so() {
    let short = Sha::parse(&format!("{:07x}00", 101)).expect("digits");
    let mut world = opened();
    world.foreign_run("a", FAILED, |r| r.head_sha = Some(short.clone()));
    assert_eq!(world.card("change:1").placement.status, Status::Failed);
    world.change(2, |c| {
        let twin = format!("{}{}", short.as_str(), "f".repeat(31));
        c.head_sha = Sha::parse(&twin);
        c.head_branch = Clean::line("other");
    });
    assert_eq!(world.card("change:1").placement.status, Status::Review);
    assert_eq!(world.card("change:2").placement.status, Status::Review);
}

#[test]
fn a_run_without_a_commit_joins_by_its_branch_and_says_so() {
    let mut world = opened();
    world.foreign_run("a", FAILED, |_| {});
    assert_eq!(ids(&world), ["change:api#1"]);
    let card = world.card("change:1");
    assert_eq!(card.placement.status, Status::Failed);
    assert!(
        card.placement
            .reason
            .ends_with("(joined by its branch) failed"),
        "{}",
        card.placement.reason
    );
    let [line] = lines(&card, EvidenceKind::Run)[..] else {
        panic!("one run")
    };
    assert_eq!(line.confidence, 60);
    assert!(line.detail.ends_with("joined by its branch"), "{line:?}");
}

#[test]
fn a_branch_joins_nothing_where_it_may_be_another() {
    #[track_caller]
    fn check(what: &str, edit: impl FnOnce(&mut World)) {
        let mut world = opened();
        world.foreign_run("a", FAILED, |_| {});
        edit(&mut world);
        let card = world.card("change:1");
        assert_eq!(card.placement.status, Status::Review, "{what}");
        assert!(lines(&card, EvidenceKind::Run).is_empty(), "{what}");
    }
    check("two come from it", |w| {
        w.change(2, |_| {});
    });
    check("it ran before the change was opened", |w| {
        w.foreign_run("a", FAILED, |r| {
            r.created_at = at(1);
            r.started_at = Some(at(1));
        });
    });
    check("the branch is another", |w| {
        w.foreign_run("a", FAILED, |r| r.branch = Clean::line("topical"));
    });
    check("its commit is another", |w| {
        w.foreign_run("a", FAILED, |r| r.head_sha = Some(sha(55)));
    });
    let mut world = opened();
    world.change(1, |c| c.head_branch = Clean::line("main"));
    world.foreign_run("a", FAILED, |r| r.branch = Clean::line("main"));
    assert_eq!(
        ids(&world),
        ["change:api#1", "run:api/ci.test/jenkins//ci@main"],
        "a fork's main is not ours"
    );
}

#[test]
fn what_only_its_branch_joins_turns_nothing_green() {
    let required = |c: &mut crate::domain::change_request::ChangeRequest| {
        c.review = crate::domain::change_request::Review::Approved;
        c.merge_state = MergeState::Blocked;
        c.checks = Checks::Failed;
        c.required = Required::Named(vec![Clean::line("unit")]);
    };
    let jobs = |world: &mut World| {
        world.jobs(
            crate::domain::run::foreign_id(CI, "a"),
            &[("unit", RunState::Passed)],
        );
    };
    let mut sure = World::new();
    sure.change(1, required);
    sure.foreign_run("a", RunState::Passed, |r| r.head_sha = Some(sha(101)));
    jobs(&mut sure);
    assert_eq!(&*sure.card("change:1").placement.rule, "merge-refused");
    let mut guessed = World::new();
    guessed.change(1, required);
    guessed.foreign_run("a", RunState::Passed, |_| {});
    jobs(&mut guessed);
    assert_eq!(&*guessed.card("change:1").placement.rule, "checks-failed");

    let mut world = World::new();
    world.change(1, |_| {});
    world.foreign_run("a", FAILED, |r| r.head_sha = Some(sha(101)));
    world.foreign_run("b", RunState::Passed, |r| r.created_at = at(12));
    let status = world.card("change:1").placement.status;
    assert_eq!(status, Status::Failed, "a guess heals nothing");
}

#[test]
fn a_merge_that_a_ci_made_joins_by_the_number_it_names() {
    let mut world = opened();
    world.foreign_run("a", FAILED, |r| {
        r.head_sha = Some(sha(77));
        r.branch = Clean::line("PR-1");
        r.change_requests = vec![1];
    });
    let card = world.card("change:1");
    assert_eq!(card.placement.status, Status::Failed);
    let [line] = lines(&card, EvidenceKind::Run)[..] else {
        panic!("one run")
    };
    assert_eq!(line.confidence, 80);
    assert_eq!(ids(&world), ["change:api#1"]);
}

#[test]
fn both_systems_count_and_their_workflows_of_one_name_are_two() {
    let mut world = opened();
    world.run(8, 101, RunState::Passed, |r| {
        r.created_at = at(13);
    });
    world.foreign_run("a", FAILED, |r| r.head_sha = Some(sha(101)));
    let card = world.card("change:1");
    assert_eq!(lines(&card, EvidenceKind::Run).len(), 2);
    assert_eq!(card.placement.status, Status::Failed);
}

#[test]
fn a_run_of_the_default_branch_without_a_commit_stays_a_card_of_its_own() {
    let mut world = World::new();
    world.merged(1, 5);
    let before = world.card("change:1").placement.clone();
    world.foreign_run("a", FAILED, |r| r.branch = Clean::line("main"));
    let run = "run:api/ci.test/jenkins//ci@main";
    assert_eq!(ids(&world), ["change:api#1", run]);
    assert_eq!(world.card("change:1").placement, before);
    world.foreign_run("b", RunState::Passed, |r| {
        r.branch = Clean::line("main");
        r.created_at = at(13);
    });
    assert_eq!(ids(&world), ["change:api#1"], "what passed yields");
}

#[test]
fn a_short_commit_of_a_merge_judges_what_was_merged() {
    let mut world = World::new();
    world.merged(1, 5);
    world.foreign_run("a", FAILED, |r| {
        r.branch = Clean::line("main");
        r.event = Clean::line("push");
        r.head_sha = Sha::parse(sha(5).short());
    });
    assert_eq!(ids(&world), ["change:api#1"]);
    assert_eq!(&*world.card("change:1").placement.rule, "merged-job-failed");
}

#[test]
fn a_run_without_partner_is_a_card_also_where_its_forge_is_not_there() {
    let mut world = World::new();
    world.facts.clear();
    let elsewhere = RepoKey::new("git.test", "acme/lab");
    world.foreign_run("a", FAILED, |r| {
        r.repo = elsewhere.clone();
        r.event = Clean::line("pull_request");
        r.branch = Clean::line("PR-9");
        r.updated_at = at(99);
    });
    let [card] = &world.cards()[..] else {
        panic!("one card")
    };
    assert_eq!(
        card.id.as_str(),
        "run:git.test/acme/lab/ci.test/jenkins//ci@PR-9"
    );
    assert_eq!(card.sources, [SourceName::new("jenkins")]);
    let soon = world.correlator().next_change();
    assert_eq!(soon, Some(at(99) + TimeDelta::days(7)));
    world.now = at(99) + TimeDelta::days(7);
    assert!(world.cards().is_empty(), "nobody waits for it any more");
}

#[test]
fn a_run_whose_change_is_over_is_no_card() {
    let mut world = World::new();
    world.change(1, |c| {
        c.state = crate::domain::change_request::ChangeState::Closed;
        c.closed_at = Some(at(50));
    });
    world.foreign_run("a", FAILED, |r| {
        r.change_requests = vec![1];
        r.updated_at = at(99);
    });
    assert!(
        ids(&world).iter().all(|id| !id.starts_with("run:")),
        "{:?}",
        ids(&world)
    );
}

#[test]
fn what_is_missing_is_asked_for_under_the_names_of_the_run() {
    let mut world = opened();
    world.foreign_run("a", FAILED, |r| r.head_sha = Some(sha(101)));
    let id = crate::domain::run::foreign_id(CI, "a");
    let jobs = Need::Jobs {
        repo: repo(),
        run: id,
    };
    assert!(world.correlator().needs().contains(&jobs));
}

#[test]
fn a_deployment_by_tag_brings_the_commit_of_its_release() {
    for (name, live) in [
        ("v1.0", true),
        ("refs/tags/v1.0", true),
        ("1.0", true),
        (sha(5).short(), true),
        ("v2.0", false),
        ("main", false),
    ] {
        let mut world = World::new();
        world.merged(1, 5).release("v1.0", 5, |_| {});
        world.deployment(
            crate::domain::run::foreign_id("web", "p"),
            "production",
            1,
            |d| {
                d.sha = None;
                d.git_ref = Some(Clean::line(name));
                d.created_at = at(90);
                d.updated_at = at(90);
            },
        );
        let stage = world.card("change:1").placement.stage;
        assert_eq!(stage == Stage::Operate, live, "{name}: {stage:?}");
    }
}

#[test]
fn an_environment_is_one_however_its_name_is_written() {
    let mut world = World::new();
    world.merged(1, 5);
    world.deploy(1, "production", 4, DeployState::Succeeded);
    world.deploy(2, "Production", 5, DeployState::Succeeded);
    world.now = at(33);
    let card = world.card("change:1");
    assert_eq!(
        card.placement.status,
        Status::Live,
        "{}",
        card.placement.reason
    );
    let places = lines(&card, EvidenceKind::Deployment);
    assert!(
        places.iter().all(|line| &*line.key == "production"),
        "{places:?}"
    );
}

/// A change that was live since 30 hours after the start, as `v1.0`.
fn live() -> World {
    let mut world = World::new();
    world.merged(1, 5).release("v1.0", 5, |_| {});
    world.deployment(1, "production", 5, |d| {
        d.created_at = at(30);
        d.updated_at = at(30);
    });
    world.now = at(33);
    world
}

const SUSPECTED: &str = "suspected: fired 7 min after deploy v1.0 (window 24 h)";

#[test]
fn an_alert_soon_after_a_deployment_is_suspected_with_its_window() {
    let mut world = live();
    world.alert("a1", |a| a.started_at = at(30) + TimeDelta::minutes(7));
    let own = world.card("alert:github.com/acme/api/a1");
    assert_eq!(
        own.placement.reason.as_str(),
        format!("alert `HighErrorRate` fires; {SUSPECTED}")
    );
    let change = world.card("change:1");
    let [line] = lines(&change, EvidenceKind::Alert)[..] else {
        panic!("one alert")
    };
    assert_eq!(line.detail.as_str(), format!("critical, {SUSPECTED}"));
    assert_eq!(line.confidence, 50);
}

#[test]
fn an_alert_long_after_or_before_a_deployment_is_suspected_of_nothing() {
    for begins in [
        at(29),
        at(30) - TimeDelta::minutes(3),
        at(30) + TimeDelta::hours(25),
    ] {
        let mut world = live();
        world.now = at(60);
        world.alert("a1", |a| a.started_at = begins);
        let own = world.card("alert:github.com/acme/api/a1");
        assert_eq!(
            &*own.placement.reason, "alert `HighErrorRate` fires",
            "{begins}"
        );
    }
}

#[test]
fn an_alert_that_names_the_version_is_certain() {
    let mut world = live();
    world.alert("a1", |a| a.version = Clean::line("1.0"));
    assert_eq!(ids(&world), ["change:api#1"]);
    assert_eq!(&*world.card("change:1").placement.rule, "alert-firing");
    world.alert("a1", |a| a.version = Clean::line("2.0"));
    let ids = ids(&world);
    assert_eq!(ids, ["alert:api/a1", "change:api#1"], "no such version");
}

#[test]
fn a_service_that_two_repositories_have_joins_neither_and_says_so() {
    let mut world = live();
    world.alert("a1", |a| {
        a.repo = None;
        a.service = Some(ServiceName::new("API"));
    });
    assert_eq!(world.card("alert:a1").repo, Some(repo()));
    world.repository(|r| r.repo = RepoKey::new("git.test", "corp/api"));
    let card = world.card("alert:a1");
    assert_eq!(card.repo, None);
    assert_eq!(
        card.placement.reason.as_str(),
        "alert `HighErrorRate` fires; service `API` is in `corp/api`, `acme/api`: it is joined \
         to none of them"
    );
}

fn told(world: &mut World, source: &str, state: AlertState, edit: impl FnOnce(&mut Alert)) {
    world.alert(&format!("{source}/0123456789abcdef"), |a| {
        a.repo = None;
        a.state = state;
        edit(a);
    });
    if let Some(last) = world.facts.last_mut() {
        last.source = SourceName::new(source);
    }
}

#[test]
fn one_alert_of_two_systems_is_one_card_that_names_both() {
    let mut world = World::new();
    told(&mut world, "am-1", AlertState::Firing, |_| {});
    told(&mut world, "am-2", AlertState::Firing, |a| {
        a.started_at = at(39);
    });
    assert_eq!(ids(&world), ["alert:0123456789abcdef"]);
    let card = world.card("alert:0123456789abcdef");
    assert_eq!(
        card.sources,
        [SourceName::new("am-1"), SourceName::new("am-2")]
    );
    let details: Vec<&str> = card.evidence.iter().map(|line| &*line.detail).collect();
    assert_eq!(
        details,
        ["critical, told by am-2", "critical, told by am-1"]
    );
}

#[test]
fn a_silence_holds_for_who_does_not_know_of_it_but_not_for_another_time() {
    #[track_caller]
    fn check(begins: i64, knows: bool, expected: Status) {
        let mut world = World::new();
        told(&mut world, "am", AlertState::Silenced, |_| {});
        told(&mut world, "other", AlertState::Firing, |a| {
            (a.started_at, a.knows_silences) = (at(begins), knows);
        });
        let card = world.card("alert:0123456789abcdef");
        assert_eq!(card.placement.status, expected, "{begins}");
    }
    check(40, false, Status::Silenced);
    check(39, false, Status::Silenced);
    check(45, false, Status::Firing);
    // Another Alertmanager: what is silenced at one fires at the other.
    check(40, true, Status::Firing);
}

#[test]
fn an_alert_that_is_over_is_shown_for_a_while() {
    let mut world = World::new();
    world.alert("a1", |a| {
        a.state = AlertState::Resolved;
        a.ended_at = Some(at(99));
    });
    world.now = at(99);
    let card = world.card("alert:github.com/acme/api/a1");
    assert_eq!(card.placement.status, Status::Watched);
    assert_eq!(card.placement.done, None);
    world.now = at(100);
    assert!(world.cards().is_empty());
}

#[test]
fn a_repository_that_was_renamed_is_known_by_its_name_of_before() {
    let old = RepoKey::new("github.com", "acme/backend");
    let run = |world: &mut World| {
        world.foreign_run("a", FAILED, |r| {
            r.repo = old.clone();
            r.head_sha = Some(sha(101));
        });
    };
    let mut world = World::new();
    run(&mut world);
    world.change(1, |_| {});
    assert_eq!(world.card("change:1").placement.status, Status::Review);
    world.repository(|r| r.renamed_from = vec![old.clone()]);
    assert_eq!(world.card("change:1").placement.status, Status::Failed);
    let needs = world.correlator().needs().clone();
    let asks = |need: &Need| matches!(need, Need::Jobs { repo, .. } if *repo == old);
    assert!(needs.iter().any(asks), "by the name that its CI knows");
    world.repository(|r| r.repo = old.clone());
    assert_eq!(
        world.card("change:1").placement.status,
        Status::Review,
        "another repository has the name now"
    );
}

#[test]
fn a_host_is_the_same_by_ssh_as_at_the_port_of_its_forge() {
    let at_port = RepoKey::new("git.test:8443", "acme/lab");
    let mut world = World::new();
    world.facts.clear();
    world.repository(|r| r.repo = at_port.clone());
    world.change(1, |c| c.repo = at_port.clone());
    world.foreign_run("a", FAILED, |r| {
        r.repo = RepoKey::new("git.test", "acme/lab");
        r.head_sha = Some(sha(101));
    });
    let [card] = &world.cards()[..] else {
        panic!("one card")
    };
    assert_eq!(card.placement.status, Status::Failed);
}
