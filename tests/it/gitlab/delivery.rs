//! What is shipped: deployments and their approvals, tiers, releases, commits, ranges, alerts.

use super::*;
use cycleboard::domain::change_request::Verdict;
use cycleboard::domain::commit::{Lost, Relation};
use cycleboard::domain::deployment::DeployState;
use cycleboard::domain::key::Sha;

fn deployment(id: u64, status: &str) -> Value {
    json!({
        "id": id, "iid": id, "status": status, "ref": "main", "sha": sha('b'),
        "environment": {"id": 3, "name": "eu-west"}, "created_at": ago(9), "updated_at": ago(8),
        "deployable": {"name": "to prod", "status": "running", "pipeline": {"id": 9}},
    })
}

#[tokio::test]
async fn environments_have_tiers_and_guards_and_previews_are_left() {
    let world = World::alone().await;
    let environments = json!([
        {"id": 3, "name": "eu-west", "tier": "production", "state": "available"},
        {"id": 4, "name": "staging", "tier": "staging", "state": "available"},
        {"id": 5, "name": "review/cache", "tier": "development", "state": "available"}]);
    world.routes.set("projects/1/environments", environments);
    let guards = json!([{"name": "eu-west", "approval_rules": [{"required_approvals": 1}]}]);
    world
        .routes
        .set("projects/1/protected_environments", guards);
    let batch = world.settle().await;
    let found = only(&batch, |fact| {
        let Fact::Environment(it) = fact else {
            return None;
        };
        Some((it.name.to_string(), it.production, it.guarded))
    });
    assert_eq!(
        found,
        [
            ("eu-west".into(), true, true),
            ("staging".into(), false, false)
        ]
    );
    assert_eq!(
        world.can("deployment approvals"),
        CapabilityState::Available
    );
}

#[tokio::test]
async fn an_environment_that_newer_deployments_hide_is_asked_for_what_came_to_it() {
    let world = World::alone().await;
    let environments = json!([
        {"id": 3, "name": "eu-west", "tier": "production", "state": "available"},
        {"id": 4, "name": "qa/next", "tier": "staging", "state": "available"},
        {"id": 6, "name": "old", "state": "stopped"}]);
    world.routes.set("projects/1/environments", environments);
    let done = |id: u64, place: &str| {
        let mut it = deployment(id, "success");
        it["environment"] = json!({"id": 1, "name": place});
        it
    };
    // A busy environment fills the page.
    let busy: Vec<Value> = (100..200).map(|id| done(id, "qa/next")).collect();
    world.routes.set("projects/1/deployments", json!(busy));
    world.routes.set(
        "projects/1/deployments?environment=eu-west",
        json!([done(7, "eu-west"), done(5, "eu-west")]),
    );
    let first = world.settle().await;
    let ids = |batch: &Batch| {
        only(batch, |fact| {
            let Fact::Deployment(it) = fact else {
                return None;
            };
            (&*it.environment == "eu-west").then_some(it.id)
        })
    };
    assert_eq!(ids(&first), Vec::<u64>::new());
    let asked = |world: &World| {
        let resources = world.source.resources(now()).into_iter();
        let mut spare = resources.filter(|it| it.id.starts_with("places:"));
        spare.next().map(|it| (it.id, it.tier))
    };
    let (id, tier) = asked(&world).unwrap();
    assert_eq!(tier, Tier::Spare);
    let before = world.count();
    let found = world.fetch(&id).await;
    assert_eq!(ids(&found), [7, 5]);
    assert_eq!(world.asked(before).len(), 1, "of one environment");
    assert_eq!(asked(&world), None, "once");
    // Nor is it asked again after a restart: what is stored is enough.
    let mut stored = first.facts;
    stored.extend(found.facts);
    let again = world.restarted(stored);
    again.settle().await;
    assert_eq!(asked(&again), None);
}

#[tokio::test]
async fn an_environment_that_its_server_fails_to_tell_is_not_asked_for_ever() {
    let world = World::alone().await;
    let environments = json!([{"id": 3, "name": "eu-west", "state": "available"}]);
    world.routes.set("projects/1/environments", environments);
    let busy = (100..200).map(|id| {
        let mut it = deployment(id, "success");
        it["environment"] = json!({"id": 1, "name": "qa"});
        it
    });
    let busy: Vec<Value> = busy.collect();
    world.routes.set("projects/1/deployments", json!(busy));
    let broken = || Reply::json(&json!({"message": "500"})).status(500);
    let route = "projects/1/deployments?environment=eu-west";
    world.routes.reply(route, broken());
    world.settle().await;
    let asked = |world: &World| {
        let mut resources = world.source.resources(now()).into_iter();
        resources.find(|it| it.id.starts_with("places:"))
    };
    let mut ids = Vec::new();
    while let Some(resource) = asked(&world) {
        assert!(ids.len() < 9, "it is asked for ever");
        let failed = world.fetch_at(&resource.id, now()).await;
        assert!(failed.is_err(), "{failed:?}");
        ids.push(resource.id);
    }
    assert_eq!(ids.len(), 3);
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same resource waits ever longer");
}

#[tokio::test]
async fn a_deployment_that_waits_for_approval_is_a_gate_of_its_pipeline() {
    let world = World::alone().await;
    world.has_pipeline("manual", &job(1, "to prod", "manual"));
    let mut waits = deployment(1, "blocked");
    waits["approval_summary"] = json!({"rules": [
        {"access_level_description": "ops", "required_approvals": 1, "deployment_approvals": []}]});
    world.routes.set("projects/1/deployments", json!([waits]));
    let batch = world.settle().await;
    let states = only(&batch, |fact| {
        let Fact::Deployment(it) = fact else {
            return None;
        };
        Some(it.state.clone())
    });
    assert_eq!(states[0], DeployState::Waiting);
    let gates = only(&batch, |fact| {
        let Fact::GateSet(set) = fact else {
            return None;
        };
        set.gates.first().cloned()
    });
    let last = gates.last().unwrap();
    assert_eq!(
        (last.environment.as_str(), last.reviewers[0].login.as_str()),
        ("eu-west", "ops")
    );
}

/// A store that was filled while a deployment waited, and the same source begun anew from it.
async fn restarted_at_a_gate() -> World {
    let world = World::alone().await;
    world.has_pipeline("manual", &job(1, "to prod", "manual"));
    let waits = deployment(1, "blocked");
    world.routes.set("projects/1/deployments", json!([waits]));
    let first = world.settle().await;
    world.restarted(first.facts)
}

fn last_gates(batch: &Batch) -> Option<Vec<String>> {
    let sets = only(batch, |fact| {
        let Fact::GateSet(set) = fact else {
            return None;
        };
        let names = set.gates.iter().map(|gate| gate.environment.to_string());
        Some(names.collect())
    });
    sets.last().cloned()
}

#[tokio::test]
async fn a_gate_that_was_passed_while_nobody_looked_is_told_as_passed() {
    let again = restarted_at_a_gate().await;
    let mut on = pipeline(9, "running");
    on["updated_at"] = ago(1).into();
    again.routes.set("projects/1/pipelines", json!([on]));
    again.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(1, "to prod", "running")]),
    );
    let runs = deployment(1, "running");
    again.routes.set("projects/1/deployments", json!([runs]));
    again
        .routes
        .set("projects/1/deployments?status=blocked", json!([]));
    let batch = again.settle().await;
    // Which list comes first is no matter: in the end nothing waits there.
    assert_eq!(last_gates(&batch), Some(Vec::new()));
}

#[tokio::test]
async fn a_gate_that_still_waits_after_a_restart_stays_and_is_asked_for_by_itself() {
    let again = restarted_at_a_gate().await;
    let batch = again.settle().await;
    assert_ne!(last_gates(&batch), Some(Vec::new()));
    again
        .routes
        .set("projects/1/deployments?status=blocked", json!([]));
    again.routes.set(
        "projects/1/pipelines/9/jobs",
        json!([job(1, "to prod", "running")]),
    );
    let gates = Need::Gates {
        repo: again.repo("acme/api"),
        run: 9,
    };
    let batch = again.need(&[gates]).await;
    assert_eq!(last_gates(&batch), Some(Vec::new()));
}

#[tokio::test]
async fn only_what_changed_is_read_again() {
    let world = World::alone().await;
    world
        .routes
        .set("projects/1/deployments", json!([deployment(1, "running")]));
    world.settle().await;
    let before = world.count();
    world.fetch("delivery:acme/api").await;
    let asked = world.asked(before).join("\n");
    assert!(
        asked.contains("updated_after=2026-11-21T03%3A47%3A00"),
        "{asked}"
    );
    assert!(
        !asked.contains("environments"),
        "once an hour is enough: {asked}"
    );
}

#[tokio::test]
async fn commits_know_their_merge_request_and_direct_pushes_are_told() {
    let world = World::alone().await;
    let commit = |id: char, parent: char, message: &str| {
        json!({"id": sha(id), "parent_ids": [sha(parent)], "message": message,
            "author_name": "Ada", "committed_date": ago(60)})
    };
    let commits = json!([
        commit('c', 'd', "Squashed"),
        commit('d', 'e', "Pushed by hand")
    ]);
    world.routes.set("projects/1/repository/commits", commits);
    let place = |id: char| format!("projects/1/repository/commits/{}/merge_requests", sha(id));
    world.routes.set(
        &place('c'),
        json!([{"iid": 7, "project_id": 1, "state": "merged"}]),
    );
    world.routes.set(&place('d'), json!([]));
    let batch = world.settle().await;
    let found = only(&batch, |fact| {
        let Fact::Commit(it) = fact else {
            return None;
        };
        Some((it.title.to_string(), it.change_request, it.direct))
    });
    let expected = [
        ("Squashed".to_owned(), Some(7), false),
        ("Pushed by hand".to_owned(), None, true),
    ];
    assert_eq!(found, expected);
    let tips = only(&batch, |fact| {
        let Fact::Repository(it) = fact else {
            return None;
        };
        it.default_branch.as_ref()?.tip.clone()
    });
    assert_eq!(tips.last().unwrap().as_str(), sha('c'));
    let before = world.count();
    world.fetch("delivery:acme/api").await;
    let asked = world.asked(before).join("\n");
    assert!(!asked.contains("/merge_requests"), "asked once: {asked}");
}

#[tokio::test]
async fn releases_are_told_and_upcoming_ones_are_candidates() {
    let world = World::alone().await;
    let release = |tag: &str, upcoming: bool| {
        json!({"tag_name": tag, "upcoming_release": upcoming, "created_at": ago(60),
            "released_at": ago(60), "commit": {"id": sha('b')}})
    };
    let releases = json!([
        release("v2.0.0", true),
        release("v1.1.0-rc.1", false),
        release("v1.0.0", false)
    ]);
    world.routes.set("projects/1/releases", releases);
    let batch = world.settle().await;
    let found = only(&batch, |fact| {
        let Fact::Release(it) = fact else {
            return None;
        };
        Some((it.tag.to_string(), it.prerelease, it.published_at.is_some()))
    });
    let expected = [
        ("v2.0.0".to_owned(), true, false),
        ("v1.1.0-rc.1".to_owned(), true, true),
        ("v1.0.0".to_owned(), false, true),
    ];
    assert_eq!(found, expected);
    let names: Vec<_> = batch.listings.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&"acme/api/releases"), "{names:?}");
}

#[tokio::test]
async fn a_range_is_the_list_of_what_only_the_newer_has() {
    let world = World::alone().await;
    world.settle().await;
    let between = format!(
        "projects/1/repository/commits?ref_name={}..{}",
        sha('a'),
        sha('c')
    );
    let commits = json!([{"id": sha('c'), "parent_ids": [sha('b')], "title": "two"},
        {"id": sha('b'), "parent_ids": [sha('a')], "title": "one"}]);
    world.routes.set(&between, commits);
    let need = |from: char, to: char| Need::Range {
        repo: world.repo("acme/api"),
        from: Sha::parse(&sha(from)).unwrap(),
        to: Sha::parse(&sha(to)).unwrap(),
    };
    let batch = world.need(&[need('a', 'c')]).await;
    let found = only(&batch, |fact| {
        let Fact::Range(it) = fact else {
            return None;
        };
        Some((it.relation, it.commits.len(), it.complete))
    });
    assert_eq!(found, [(Relation::Ahead, 2, true)]);
    // Where such a list is refused, a comparison tells the same.
    world.routes.unset("projects/1/repository/commits");
    let compare = json!({"commits": [{"id": sha('e'), "parent_ids": [sha('d')]}]});
    world.routes.set("projects/1/repository/compare", compare);
    let batch = world.need(&[need('d', 'e')]).await;
    let found = only(&batch, |fact| {
        let Fact::Range(it) = fact else {
            return None;
        };
        Some((it.relation, it.complete))
    });
    assert_eq!(found, [(Relation::Ahead, true)]);
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_not_one_that_went_back() {
    let world = World::alone().await;
    world.settle().await;
    world.routes.set("projects/1/repository/commits", json!([]));
    let here = |digit: char| {
        let path = format!("projects/1/repository/commits/{}", sha(digit));
        world.routes.set(&path, json!({"id": sha(digit)}));
    };
    let gone = |digit: char, said: &str| {
        let path = format!("projects/1/repository/commits/{}", sha(digit));
        let reply = Reply::json(&json!({"message": said})).status(404);
        world.routes.reply(&path, reply);
    };
    here('a');
    here('b');
    gone('c', "404 Commit Not Found");
    gone('d', "404 Project Not Found");
    for (from, to, expected) in [
        ('b', 'a', vec![Relation::Behind]),
        ('a', 'c', vec![Relation::Absent(Lost::Newer)]),
        ('c', 'a', vec![Relation::Absent(Lost::Older)]),
        ('a', 'd', vec![]),
    ] {
        let need = Need::Range {
            repo: world.repo("acme/api"),
            from: Sha::parse(&sha(from)).unwrap(),
            to: Sha::parse(&sha(to)).unwrap(),
        };
        let batch = world.need(&[need]).await;
        let found = only(&batch, |fact| {
            let Fact::Range(it) = fact else {
                return None;
            };
            Some(it.relation)
        });
        assert_eq!(found, expected, "{from}..{to}");
    }
}

#[tokio::test]
async fn files_of_a_merge_request_are_told_by_old_servers_too() {
    let world = World::alone().await;
    world.settle().await;
    let diffs = json!([{"old_path": "a/x.rs", "new_path": "b/x.rs"}]);
    world.routes.set(
        "projects/1/merge_requests/7/changes",
        json!({"changes": diffs}),
    );
    let need = Need::Paths {
        repo: world.repo("acme/api"),
        number: 7,
    };
    let batch = world.need(&[need]).await;
    let found = only(&batch, |fact| {
        let Fact::ChangedPaths(it) = fact else {
            return None;
        };
        Some((it.paths.len(), it.complete))
    });
    assert_eq!(found, [(2, true)]);
}

#[tokio::test]
async fn the_times_of_a_merge_request_are_read_from_its_notes_and_commits() {
    let world = World::alone().await;
    world.settle().await;
    let place = "projects/1/merge_requests/7";
    world.routes.set(place, json!({"updated_at": ago(1)}));
    let note = |body: &str, system: bool, hours: i64| {
        json!({"body": body, "system": system, "created_at": ago(hours),
            "author": {"username": "ada"}})
    };
    let notes = json!([
        note("marked this merge request as **ready**", true, 5),
        note("requested changes", true, 4),
        note("why not?", false, 3),
        note("approved this merge request", true, 2),
    ]);
    world.routes.set(&format!("{place}/notes"), notes);
    let commits = json!([{"authored_date": ago(6)}, {"authored_date": ago(9)}]);
    world.routes.set(&format!("{place}/commits"), commits);
    let need = Need::Times {
        repo: world.repo("acme/api"),
        number: 7,
    };
    let before = world.count();
    world.need(&[need]).await;
    assert_eq!(world.count(), before, "nothing else waits for it");
    let batch = world.fetch("times:0").await;
    assert_eq!(world.count(), before + 3);
    let Some(Fact::ChangeTimes(told)) = batch.facts.first() else {
        panic!("{batch:?}");
    };
    let verdicts: Vec<&Verdict> = told.reviews.iter().map(|note| &note.verdict).collect();
    let expected = [
        &Verdict::ChangesRequested,
        &Verdict::Commented,
        &Verdict::Approved,
    ];
    assert_eq!(verdicts, expected);
    assert!(told.complete && told.first_commit_at < told.ready_at);
    assert!(told.ready_at < Some(told.as_of));
}

fn graphql(world: &World, answer: Value) {
    world.routes.set("/api/graphql", answer);
}

#[tokio::test]
async fn alerts_come_by_graphql_and_a_server_without_them_is_asked_once() {
    let world = World::alone().await;
    world.settle().await;
    let alert = json!({"iid": "4", "title": "Slow", "severity": "HIGH", "status": "TRIGGERED",
        "startedAt": ago(5)});
    let projects = json!({"nodes": [{"fullPath": "acme/api", "alertManagementAlerts": {
        "pageInfo": {"hasNextPage": false}, "nodes": [alert]}}]});
    graphql(&world, json!({"data": {"projects": projects}}));
    let batch = world.fetch("alerts").await;
    assert!(matches!(batch.facts[0], Fact::Alert(_)), "{batch:?}");
    assert_eq!(batch.listings[0].members.len(), 1);
    assert_eq!(world.can("alerts"), CapabilityState::Available);
    let unknown = "Field 'alertManagementAlerts' doesn't exist on type 'Project'";
    graphql(&world, json!({"errors": [{"message": unknown}]}));
    world.fetch("alerts").await;
    let CapabilityState::Missing(why) = world.can("alerts") else {
        panic!("a field that is not there is missing");
    };
    assert!(why.starts_with("its version or edition"), "{why}");
    assert!(!why.contains("alertManagementAlerts"), "{why}");
    let before = world.count();
    world.fetch("alerts").await;
    assert_eq!(world.count(), before);
}

#[tokio::test]
async fn vulnerabilities_of_a_group_are_sorted_to_its_projects() {
    let world = World::group(&["acme/api", "acme/web"], 57_600).await;
    world.settle().await;
    let found = json!({"id": "gid://gitlab/Vulnerability/7", "title": "x", "severity": "HIGH",
        "reportType": "SAST", "detectedAt": ago(5), "project": {"fullPath": "acme/web"}});
    let list = json!({"pageInfo": {"hasNextPage": false}, "nodes": [found]});
    graphql(
        &world,
        json!({"data": {"place": {"vulnerabilities": list}}}),
    );
    let batch = world.fetch("vulnerabilities").await;
    assert_eq!(batch.facts[0].repo(), Some(&world.repo("acme/web")));
    assert_eq!(batch.listings.len(), 2, "an empty project is told as well");
}
