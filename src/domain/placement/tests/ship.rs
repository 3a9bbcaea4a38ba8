//! Rows 7 to 13: deploying, releasing, and what stands for them where there is neither.

use super::*;

#[test]
fn rows_07_to_09_a_deployment_to_production() {
    use DeployState::{Failed, Queued, Running, Unknown, Waiting};
    let row = |state, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).deploy(1, "production", 5, state);
        });
        check(&world, "change:1", Stage::Deploy, status, rule);
    };
    row(Failed, Status::Failed, "deploy-failed");
    row(Waiting, Status::Waiting, "deploy-waiting");
    row(Running, Status::Running, "deploy-running");
    row(Queued, Status::Queued, "deploy-queued");
    row(Unknown("odd".into()), Status::Unknown, "deploy-unknown");
}

#[test]
fn rows_07_to_09_a_deploy_job_after_the_merge() {
    let row = |state: RunState, own, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).run(8, 5, own, |_| {});
            w.jobs(8, &[("unit", RunState::Passed), ("deploy", state)]);
        });
        check(&world, "change:1", Stage::Deploy, status, rule);
    };
    row(FAILED, FAILED, Status::Failed, "deploy-job-failed");
    row(
        RunState::Waiting,
        RunState::Running,
        Status::Waiting,
        "deploy-waiting",
    );
    row(
        RunState::Running,
        RunState::Running,
        Status::Running,
        "deploy-running",
    );
    row(
        RunState::Queued,
        RunState::Running,
        Status::Queued,
        "deploy-queued",
    );
}

#[test]
fn row_08_a_run_waits_at_a_gate() {
    let world = scene(|w| {
        w.merged(1, 5)
            .run(8, 5, RunState::Waiting, |_| {})
            .gate(8, "production");
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Waiting,
        "deploy-gate",
    );
    let card = world.card("change:1");
    assert_eq!(
        &*card.placement.reason,
        "run 8 of `ci` waits for `production`"
    );
    assert_eq!(card.holders, [person("gail")]);
}

#[test]
fn what_nothing_waits_for_is_shown_and_holds_no_card() {
    let place = |blocks: Option<Blocks>, state: RunState| {
        let world = scene(|w| {
            w.merged(1, 5).run(8, 5, state, |_| {});
            if let Some(blocks) = blocks {
                w.door(8, "deploy-eu", blocks);
            }
        });
        let card = world.card("change:1");
        let doors = card.evidence.iter();
        let doors = doors.filter(|line| line.key.as_str() == "deploy-eu");
        let doors: Vec<_> = doors.map(|line| (line.kind, line.status)).collect();
        let place = (card.placement.stage, card.placement.rule.to_string());
        (place, card.holders.clone(), doors)
    };
    let (passed, waits) = (|| RunState::Passed, || RunState::Waiting);
    let (alone, nobody, none) = place(None, passed());
    assert!(none.is_empty());
    let offered = vec![(EvidenceKind::ManualJob, Status::Ready)];
    let offer = place(Some(Blocks::Nothing), passed());
    assert_eq!(offer, (alone, nobody, offered));
    // What holds the run before anything goes live waits, and is no way to an environment.
    let (without, ..) = place(None, waits());
    let (held, _, gates) = place(Some(Blocks::Run), waits());
    assert_eq!(held, without);
    assert_eq!(gates, [(EvidenceKind::Gate, Status::Waiting)]);
    // A run that ended waits for nothing, whatever was told before.
    let (_, _, old) = place(Some(Blocks::Delivery), passed());
    assert_eq!(old, []);
}

#[test]
fn row_10_in_staging_or_released_and_not_in_production() {
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded)
            .deploy(2, "staging", 6, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "in-lower-environment",
    );
    assert_eq!(
        world.card("change:1").placement.badges,
        ["in staging".into()]
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded)
            .release("v1", 6, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "released-not-deployed",
    );
}

#[test]
fn row_10_live_in_one_of_two_production_environments() {
    let world = live(|w| {
        w.deploy(2, "eu-production", 3, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Partial,
        "deploy-partial",
    );
}

#[test]
fn row_11_a_release_job() {
    let row = |state: RunState, own, status, rule| {
        let world = scene(|w| {
            w.merged(1, 5).run(8, 5, own, |_| {});
            w.jobs(8, &[("unit", RunState::Passed), ("publish", state)]);
        });
        check(&world, "change:1", Stage::Release, status, rule);
    };
    row(FAILED, FAILED, Status::Failed, "release-job-failed");
    row(
        RunState::Running,
        RunState::Running,
        Status::Running,
        "release-job-active",
    );
}

#[test]
fn row_12_in_a_draft_or_a_pre_release() {
    let world = scene(|w| {
        w.merged(1, 5).release("v1", 6, |r| r.draft = true);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Draft,
        "in-draft",
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .release("v1-rc.1", 6, |r| r.prerelease = true);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Candidate,
        "in-candidate",
    );
}

#[test]
fn row_13_merged_and_in_no_release() {
    let world = scene(|w| {
        w.merged(1, 5)
            .run(8, 5, RunState::Passed, |_| {})
            .release("v1", 3, |_| {});
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-unreleased",
    );
    let world = scene(|w| {
        w.merged(1, 5)
            .deploy(1, "production", 3, DeployState::Succeeded);
    });
    check(
        &world,
        "change:1",
        Stage::Deploy,
        Status::Queued,
        "merged-undeployed",
    );
}

#[test]
fn row_13_git_flow_waits_for_the_release_branch() {
    let flow = |release: Option<u64>| {
        scene(|w| {
            w.repository(|r| {
                r.default_branch = Some(Branch {
                    name: "main".into(),
                    tip: Some(sha(2)),
                });
                r.flow_branches = vec![Branch {
                    name: "develop".into(),
                    tip: Some(sha(9)),
                }];
                r.flow_branches.extend(release.map(|n| Branch {
                    name: "release/1.4".into(),
                    tip: Some(sha(n)),
                }));
            });
            w.change(1, |c| {
                land(c, 5);
                c.base_branch = "develop".into();
            });
            w.release("v1", 2, |_| {});
        })
    };
    check(
        &flow(None),
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-elsewhere",
    );
    check(
        &flow(Some(3)),
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-elsewhere",
    );
    check(
        &flow(Some(6)),
        "change:1",
        Stage::Release,
        Status::Candidate,
        "in-candidate",
    );
}

#[test]
fn without_deployments_a_release_stands_for_the_delivery() {
    let mut world = scene(|w| {
        w.merged(1, 5).release("v1", 6, |_| {});
        w.now = at(21);
    });
    check(
        &world,
        "change:1",
        Stage::Operate,
        Status::Live,
        "live-baking",
    );
    assert!(
        world
            .card("change:1")
            .placement
            .reason
            .ends_with("(proxy: release)")
    );
    world.now = at(20 + 25);
    check(
        &world,
        "change:1",
        Stage::Monitor,
        Status::Watched,
        "live-watched",
    );
}

#[test]
fn without_releases_and_deployments_the_merge_stands_for_the_delivery() {
    let mut world = scene(|w| {
        w.merged(1, 5);
    });
    check(
        &world,
        "change:1",
        Stage::Release,
        Status::Unreleased,
        "merged-proxy",
    );
    world.now = at(10 + 7 * 24);
    over(&world, "change:1", Outcome::Shipped, "merged-proxy");
    assert!(
        world
            .card("change:1")
            .placement
            .reason
            .contains("proxy: merge")
    );
}
