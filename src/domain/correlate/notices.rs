//! Runs of which only the status of a commit tells, alone and beside what their system tells.

use super::testing::*;
use super::*;
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::key::WebUrl;
use crate::domain::run::RunState;
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
