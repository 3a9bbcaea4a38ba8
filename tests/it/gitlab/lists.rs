//! Groups and projects: what a refresh costs, what changed, what is gone, what moved.

use super::*;
use cycleboard::domain::change_request::{ChangeState, Checks, Review};
use cycleboard::domain::ticket::TicketState;

#[tokio::test]
async fn a_group_of_five_hundred_in_which_nothing_changed_costs_five_requests() {
    let paths: Vec<String> = (0..500)
        .map(|n| format!("acme/team-{}/p{n}", n % 7))
        .collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let world = World::group(&paths, 40 * 24 * 60).await;
    // Five pages, as GitLab gives them.
    let all: Vec<Value> = (1..)
        .zip(&paths)
        .map(|(id, path)| project(id, path, 57_600))
        .collect();
    for (page, part) in (1..).zip(all.chunks(100)) {
        let next = if page < 5 {
            (page + 1).to_string()
        } else {
            String::new()
        };
        let reply = Reply::json(&Value::from(part.to_vec())).with("x-next-page", &next);
        let place = format!("groups/acme/projects?page={page}");
        world.routes.reply(&place, reply.clone());
        if page == 1 {
            world.routes.reply("groups/acme/projects", reply);
        }
    }
    world.settle().await;
    let initial = world.count();
    assert!(initial < 20, "{initial}");
    for minutes in [2, 4, 6] {
        let before = world.count();
        let batch = world.round(now() + TimeDelta::minutes(minutes)).await;
        let asked = world.asked(before);
        assert_eq!(asked.len(), 5, "{asked:#?}");
        assert!(batch.facts.is_empty() && batch.warnings.is_empty());
    }
    let of_group = world.asked(initial);
    let of_group = of_group.iter().filter(|it| it.contains("/groups/acme/"));
    assert_eq!(of_group.count(), 9, "three lists in each of three rounds");
}

#[tokio::test]
async fn what_changed_in_a_group_comes_with_one_list_each() {
    let world = World::group(&["acme/api", "acme/sub/web"], 4_320).await;
    let open = json!([issue(1, "acme/api", 1), issue(2, "acme/sub/web", 2)]);
    world.routes.set("groups/acme/issues?state=opened", open);
    let first = world.settle().await;
    let names: Vec<_> = first.listings.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&"acme/tickets/open"), "{names:?}");
    let mut closed = issue(2, "acme/sub/web", 2);
    closed["state"] = "closed".into();
    closed["updated_at"] = ago(-1).into();
    world
        .routes
        .set("groups/acme/issues?updated_after", json!([closed]));
    let batch = world.fetch("pulse:acme").await;
    let told = only(&batch, |fact| {
        let Fact::Ticket(ticket) = fact else {
            return None;
        };
        Some((ticket.state.clone(), fact.repo().cloned()))
    });
    let web = Some(world.repo("acme/sub/web"));
    assert_eq!(told, [(TicketState::Completed, web)]);
    let next = world.count();
    world.fetch("pulse:acme").await;
    let asked = world.asked(next).join("\n");
    // Five minutes before the newest change, whose moment is still to come here: before now, then.
    assert!(
        asked.contains("updated_after=2026-11-21T03%3A55%3A00"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_project_that_moved_is_looked_into_and_no_other() {
    let world = World::group(&["acme/api", "acme/web"], 4_320).await;
    world.settle().await;
    let moved = json!([project(2, "acme/web", 1), project(1, "acme/api", 4_320)]);
    world
        .routes
        .set("groups/acme/projects?last_activity_at", moved);
    world
        .routes
        .set("projects/2/pipelines", json!([pipeline(9, "success")]));
    world.fetch("pulse:acme").await;
    let before = world.count();
    let batch = world.settle().await;
    let runs = only(&batch, |fact| {
        let Fact::Run(run) = fact else {
            return None;
        };
        Some(run.number)
    });
    assert_eq!(runs, [9]);
    let asked = world.asked(before);
    assert!(
        asked.iter().all(|it| it.contains("/projects/2/")),
        "{asked:#?}"
    );
}

#[tokio::test]
async fn what_left_a_list_goes_only_where_it_is_not_there_any_more() {
    let world = World::alone().await;
    let all = json!([
        issue(1, "acme/api", 1),
        issue(1, "acme/api", 2),
        issue(1, "acme/api", 3)
    ]);
    world.routes.set("projects/1/issues?state=opened", all);
    world.settle().await;
    // Two left the list: one was closed, the other was deleted.
    world.routes.set(
        "projects/1/issues?state=opened",
        json!([issue(1, "acme/api", 1)]),
    );
    let mut closed = issue(1, "acme/api", 2);
    closed["state"] = "closed".into();
    world.routes.set("projects/1/issues?iids", json!([closed]));
    let batch = world.fetch("issues").await;
    let gone: Vec<_> = batch.gone.iter().map(|id| id.id.to_string()).collect();
    assert_eq!(gone, [format!("{}#3", world.repo("acme/api").as_str())]);
    assert_eq!(batch.facts.len(), 2);
    let before = world.count();
    world.fetch("issues").await;
    assert_eq!(world.asked(before).len(), 1, "it is not looked for again");
}

#[tokio::test]
async fn a_page_that_fails_removes_nothing() {
    let world = World::alone().await;
    let first = Reply::json(&json!([issue(1, "acme/api", 1)])).with("x-next-page", "2");
    world.routes.reply("projects/1/issues", first);
    let second = Reply::new(502, "<html>");
    world.routes.reply("projects/1/issues?page=2", second);
    world.fetch("projects").await;
    let batch = world.fetch("issues").await;
    assert_eq!((batch.facts.len(), batch.listings.len()), (1, 0));
    assert!(
        batch.warnings.iter().any(|text| text.contains("502")),
        "{:?}",
        batch.warnings
    );
}

#[tokio::test]
async fn a_renamed_project_is_followed_by_its_number() {
    let world = World::group(&["acme/api"], 60).await;
    world.settle().await;
    world.routes.set(
        "groups/acme/projects",
        json!([project(1, "acme/core-api", 5)]),
    );
    world.fetch("pulse:acme").await;
    let lists = world.source.resources(now() + TimeDelta::minutes(6));
    let lists = lists.iter().find(|it| &*it.id == "projects").unwrap();
    assert_eq!(
        lists.tier,
        Tier::Warm,
        "a name that no list told is looked up soon"
    );
    let batch = world.fetch("projects").await;
    assert_eq!(batch.gone_repos, [world.repo("acme/api")]);
    let names = only(&batch, |fact| {
        fact.repo().map(|repo| repo.path().to_owned())
    });
    assert_eq!(names, ["acme/core-api"]);
    let former = only(&batch, |fact| {
        let Fact::Repository(told) = fact else {
            return None;
        };
        Some(told.renamed_from.clone())
    });
    assert_eq!(former, [[world.repo("acme/api")]]);
}

#[tokio::test]
async fn an_old_name_in_the_settings_leads_to_the_new_one() {
    let world = World::with(|config| config.repos = vec!["acme/old".to_owned()]).await;
    let there = world.fault.url.join("/api/v4/projects/1").unwrap();
    let reply = Reply::new(301, "").with("location", there.as_str());
    world.routes.reply("projects/acme%2Fold", reply);
    world.routes.set("projects/1", project(1, "acme/new", 30));
    world.empty("projects/1");
    world
        .routes
        .set("projects/1/issues", json!([issue(1, "acme/new", 7)]));
    let batch = world.settle().await;
    let repos: BTreeSet<String> = batch
        .facts
        .iter()
        .filter_map(|fact| Some(fact.repo()?.path().to_owned()))
        .collect();
    assert_eq!(repos, BTreeSet::from(["acme/new".to_owned()]));
    assert!(world.source.problems().is_empty());
}

#[tokio::test]
async fn a_project_that_shows_no_issues_costs_its_issues() {
    let both = |config: &mut SourceConfig| {
        config.repos = vec!["acme/api".to_owned(), "acme/web".to_owned()];
    };
    let world = World::with(both).await;
    for (id, path) in [(1, "acme/api"), (2, "acme/web")] {
        let place = format!("projects/{}", path.replace('/', "%2F"));
        world.routes.set(&place, project(id, path, 30));
        world.empty(&format!("projects/{id}"));
    }
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    world.routes.reply("projects/1/issues", refused);
    world
        .routes
        .set("projects/2/issues", json!([issue(2, "acme/web", 7)]));
    let batch = world.settle().await;
    assert!(
        batch
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Ticket(_)))
    );
    assert_eq!(world.can("issues"), CapabilityState::Available);
    let before = world.count();
    world.round(now() + TimeDelta::minutes(2)).await;
    let asked = world.asked(before).join("\n");
    assert!(!asked.contains("projects/1/issues"), "{asked}");
    // What the project says is off is not even tried.
    let mut off = project(1, "acme/api", 30);
    off["issues_access_level"] = "disabled".into();
    world.routes.set("projects/acme%2Fapi", off);
    world.fetch("projects").await;
    let before = world.count();
    world.fetch("issues").await;
    assert_eq!(world.asked(before).len(), 1);
}

#[tokio::test]
async fn details_of_a_merge_request_are_read_once_for_each_change() {
    let world = World::alone().await;
    let mut change = merge_request(7);
    change["description"] = "Closes #3".into();
    world
        .routes
        .set("projects/1/merge_requests", json!([change]));
    let mut ended = pipeline(9, "running");
    ended["sha"] = sha('a').into();
    change["head_pipeline"] = ended.clone();
    world
        .routes
        .set("projects/1/merge_requests/7", change.clone());
    let approvals = json!({"approvals_required": 1, "approvals_left": 0,
        "approved_by": [{"user": {"username": "grace"}}]});
    world
        .routes
        .set("projects/1/merge_requests/7/approvals", approvals);
    let closes = json!([issue(1, "acme/api", 3)]);
    world
        .routes
        .set("projects/1/merge_requests/7/closes_issues", closes);
    let batch = world.settle().await;
    let last = only(&batch, |fact| {
        let Fact::ChangeRequest(change) = fact else {
            return None;
        };
        Some(change.clone())
    });
    let last = last.last().unwrap();
    assert_eq!(
        (&last.review, &last.checks),
        (&Review::Approved, &Checks::Pending)
    );
    assert_eq!(last.tickets[0].basis.percent(), 100);
    assert_eq!(world.can("approvals"), CapabilityState::Available);
    let before = world.count();
    world.settle().await;
    assert_eq!(world.count(), before);
    // Its pipeline ends: that is told at once, and its state is read again.
    ended["status"] = "success".into();
    ended["updated_at"] = ago(0).into();
    world.routes.set("projects/1/pipelines", json!([ended]));
    let batch = world.fetch("runs:acme/api").await;
    let checks = only(&batch, |fact| {
        let Fact::ChangeRequest(change) = fact else {
            return None;
        };
        Some(change.checks.clone())
    });
    assert_eq!(checks, [Checks::Passed]);
    let before = world.count();
    world.settle().await;
    let asked = world.asked(before).join("\n");
    assert!(
        asked.contains("GET /api/v4/projects/1/merge_requests/7\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn what_was_merged_within_days_is_read_at_the_start() {
    let world = World::alone().await;
    let mut merged = merge_request(7);
    merged["state"] = "merged".into();
    merged["merged_at"] = ago(400).into();
    merged["merge_commit_sha"] = sha('c').into();
    world
        .routes
        .set("projects/1/merge_requests?state=merged", json!([merged]));
    let batch = world.settle().await;
    let found = only(&batch, |fact| {
        let Fact::ChangeRequest(change) = fact else {
            return None;
        };
        Some((change.state.clone(), change.merge_sha.clone()))
    });
    assert_eq!(found[0].0, ChangeState::Merged);
    assert_eq!(found[0].1.as_ref().unwrap().as_str(), sha('c'));
}

#[tokio::test]
async fn a_user_is_asked_as_a_user_and_an_unknown_group_is_told() {
    let orgs = |config: &mut SourceConfig| {
        config.orgs = vec!["ada".to_owned(), "nowhere".to_owned()];
    };
    let world = World::with(orgs).await;
    world
        .routes
        .set("users/ada/projects", json!([project(1, "ada/toy", 30)]));
    world.empty("projects/1");
    world.settle().await;
    let problems = world.source.problems();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].to_string().contains("the group `nowhere`"),
        "{}",
        problems[0]
    );
    let polled = world.source.resources(now());
    assert!(
        polled.iter().any(|it| &*it.id == "work:ada/toy"),
        "{polled:?}"
    );
}

#[tokio::test]
async fn a_merge_that_is_not_worked_out_yet_is_asked_for_again_a_minute_later() {
    let world = World::alone().await;
    let mut change = merge_request(7);
    change["detailed_merge_status"] = "checking".into();
    change["reviewers"] = json!([{"username": "grace"}]);
    world
        .routes
        .set("projects/1/merge_requests", json!([change]));
    world.routes.set("projects/1/merge_requests/7", change);
    world.routes.set(
        "projects/1/merge_requests/7/approvals",
        json!({"approved_by": []}),
    );
    world.settle().await;
    let before = world.count();
    world.settle_at(now() + TimeDelta::seconds(50)).await;
    assert_eq!(world.count(), before);
    let mut settled = merge_request(7);
    settled["reviewers"] = json!([{"username": "grace"}]);
    world.routes.set("projects/1/merge_requests/7", settled);
    world.settle_at(now() + TimeDelta::seconds(70)).await;
    assert_eq!(world.count(), before + 2);
    // An approval need not change it: it is looked at in turns.
    let polled = world.source.resources(now());
    assert!(
        polled
            .iter()
            .any(|it| &*it.id == "reviews" && it.tier == Tier::Cold)
    );
    let approved = json!({"approved_by": [{"user": {"username": "grace"}}]});
    world
        .routes
        .set("projects/1/merge_requests/7/approvals", approved);
    let batch = world.fetch("reviews").await;
    assert!(matches!(&batch.facts[0], Fact::ChangeRequest(it) if it.review == Review::Approved));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_nothing_else() {
    let world = World::alone().await;
    let odd = json!([issue(1, "acme/api", 1), {"iid": "x"}]);
    world.routes.set("projects/1/issues?state=opened", odd);
    let batch = world.settle().await;
    assert!(
        !batch
            .listings
            .iter()
            .any(|it| it.name.ends_with("tickets/open"))
    );
    let before = world.count();
    world.fetch("work:acme/api").await;
    let asked = world.asked(before).join("\n");
    assert!(asked.contains("issues?updated_after="), "{asked}");
}
