//! Runs of which only the status of a commit tells, alone and beside what their system tells.

use super::testing::*;
use super::*;
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::key::WebUrl;
use crate::domain::run::{Run, RunState};
use crate::domain::stage::Stage;
use crate::domain::status::Status;

fn runs(card: &WorkItem) -> Vec<&Evidence> {
    let is_run = |line: &&Evidence| line.kind == EvidenceKind::Run;
    card.evidence.iter().filter(is_run).collect()
}

fn opened() -> World {
    let mut world = World::new();
    world.change(1, |_| {});
    world
}

/// A run of which only the status of a commit tells.
fn notice(world: &mut World, page: &str) {
    world.foreign_run("notice", FAILED, |run| {
        run.head_sha = Some(sha(101));
        run.number = 0;
        run.event = Clean::line("pull_request");
        run.workflow = Clean::line("ci/woodpecker/pr/build");
        run.workflow_path = run.workflow.clone();
        run.url = WebUrl::parse(page);
    });
}

#[test]
fn a_status_of_another_ci_is_red_where_its_name_belongs_and_can_be_opened() {
    let mut world = opened();
    notice(&mut world, "https://ci.test/repos/1/pipeline/9");
    let card = world.card("change:1");
    let placed = (card.placement.stage, card.placement.status);
    assert_eq!(placed, (Stage::Build, Status::Failed));
    let [line] = runs(&card)[..] else {
        panic!("one run")
    };
    assert!(line.url.is_some());
}

#[test]
fn a_status_of_a_run_that_its_own_system_tells_is_not_shown_twice() {
    for (page, is_twice) in [
        ("https://ci.test/job/api/7/display/redirect", false),
        ("https://ci.test/job/api", false),
        ("https://ci.test/job/api/70/", true),
    ] {
        let mut world = opened();
        notice(&mut world, page);
        world.foreign_run("a", RunState::Passed, |run| {
            run.head_sha = Some(sha(101));
            run.url = WebUrl::parse("https://ci.test/job/api/7/");
        });
        let card = world.card("change:1");
        let is_red = card.placement.status == Status::Failed;
        let count = runs(&card).len();
        let expected = (is_twice, 1 + usize::from(is_twice));
        assert_eq!((is_red, count), expected, "{page}");
    }
}

/// What a build and its status tell: the page and the name of each, and how each ended.
struct Told {
    page: &'static str,
    name: &'static str,
    status: RunState,
    build: RunState,
}

#[track_caller]
fn hides(told: Told, expected: bool) {
    let mut world = opened();
    notice(&mut world, told.page);
    let said = Clean::line(told.name);
    edit_last(&mut world, |run| {
        (run.workflow, run.state) = (said, told.status);
    });
    world.foreign_run("a", told.build, |run| {
        run.head_sha = Some(sha(101));
        run.workflow = Clean::line("acme/api-release");
        run.url = WebUrl::parse("https://ci.test/jenkins/job/acme/job/api-release/7/");
    });
    let card = world.card("change:1");
    let is_hidden = runs(&card).len() == 1;
    assert_eq!(is_hidden, expected, "{} {}", told.name, told.page);
}

fn edit_last(world: &mut World, edit: impl FnOnce(&mut Run)) {
    let last = world.facts.last_mut().expect("a fact");
    let Fact::Run(run) = &*last.fact else {
        panic!("a run")
    };
    let mut run = run.clone();
    edit(&mut run);
    last.fact = Arc::new(Fact::Run(run));
}

#[test]
fn a_status_is_of_the_build_that_its_page_or_its_name_tells() {
    let told = |page, name, status, build| Told {
        page,
        name,
        status,
        build,
    };
    let red = |page, name| told(page, name, FAILED, FAILED);
    let folder = "https://ci.test/jenkins/job/acme/";
    let sister = "https://ci.test/jenkins/job/acme/job/api/";
    hides(red(folder, "jenkins/anything"), true);
    hides(red(sister, "jenkins/release"), true);
    hides(red(sister, "jenkins/api-release"), true);
    hides(red(sister, "acme/api-release/pipeline/head"), true);
    hides(red(sister, "jenkins/deploy"), false);
    hides(
        red("https://ci.test/jenkins/blue/acme%2Fapi-release/7/", "ci"),
        true,
    );
    // Another build of the same job, of which its system has not told yet.
    let other = "https://ci.test/jenkins/job/acme/job/api-release/8/";
    hides(red(other, "jenkins/release"), false);
    // Another system that has a job of the same name.
    hides(red("https://ci.test/drone/9", "drone/release"), false);
    hides(red("https://other.test/job/9", "jenkins/release"), false);
    // What passed hides nothing red but what is surely its own.
    let job = "https://ci.test/jenkins/job/acme/job/api-release/";
    let mended = |page| told(page, "jenkins/release", FAILED, RunState::Passed);
    hides(mended(job), true);
    hides(mended(folder), false);
    hides(mended(sister), false);
    let both = told(
        sister,
        "jenkins/release",
        RunState::Passed,
        RunState::Passed,
    );
    hides(both, true);
}

#[test]
fn one_build_of_a_merge_is_one_red_card_though_its_status_tells_of_it_too() {
    let mut world = World::new();
    world.merged(1, 5);
    for (own, number) in [("status", 0), ("build", 427)] {
        world.foreign_run(own, FAILED, |run| {
            run.head_sha = Some(sha(5));
            run.branch = Clean::line("main");
            run.event = Clean::line("push");
            run.number = number;
            let page = "https://ci.test/job/acme/job/api/";
            run.url = WebUrl::parse(page);
            if number == 0 {
                run.workflow = Clean::line("jenkins/ci");
                run.workflow_path = run.workflow.clone();
            } else {
                run.url = WebUrl::parse(&format!("{page}job/main/427/"));
            }
        });
    }
    let ids: Vec<String> = world.cards().iter().map(|c| c.id.to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let card = world.card("change:1");
    assert_eq!(&*card.placement.rule, "merged-job-failed");
    assert_eq!(runs(&card).len(), 1);
}

#[test]
fn a_build_of_no_card_and_its_status_are_one_card() {
    let mut world = World::new();
    for (own, number) in [("status", 0), ("build", 9)] {
        world.foreign_run(own, FAILED, |run| {
            run.head_sha = Some(sha(77));
            run.branch = Clean::line("main");
            run.event = Clean::line("schedule");
            run.number = number;
            run.url = WebUrl::parse("https://ci.test/job/api-nightly/9/");
            if number == 0 {
                run.workflow_path = Clean::line("jenkins/nightly");
                run.event = Clean::line("push");
            }
        });
    }
    let cards = world.cards();
    let [card] = &cards[..] else {
        panic!("one card: {cards:?}")
    };
    assert_eq!(
        card.id.as_str(),
        "run:github.com/acme/api/ci.test/jenkins//ci@main"
    );
}

#[test]
fn a_status_of_a_commit_that_a_change_request_had_before_is_no_card() {
    let old = |world: &mut World| {
        notice(world, "https://ci.test/job/api/");
        edit_last(world, |run| {
            (run.head_sha, run.change_requests) = (Some(sha(55)), vec![1]);
        });
    };
    let mut world = opened();
    old(&mut world);
    let [card] = &world.cards()[..] else {
        panic!("one card")
    };
    assert_eq!(card.placement.status, Status::Review, "it judges nothing");
    let mut world = World::new();
    world.merged(1, 5);
    old(&mut world);
    assert_eq!(world.cards().len(), 1, "nor after the merge");
}
