//! Answers of both servers to facts, from the shapes that their descriptions give.

use chrono::{DateTime, TimeDelta};
use serde::de::DeserializeOwned;

use super::runs::{self, Words, is_by_number};
use super::work::{self, Around, Protection};
use super::{commit, delivery, range};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeState, Checks, LinkBasis, MergeState, Required, Review};
use crate::domain::commit::Relation;
use crate::domain::deployment::DeployState;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{Failure, RunKey, RunState, is_foreign};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketState;
use crate::sources::gitea::wire;
use crate::sources::gitea::wire_actions::{Job, JobPage, Run, RunPage, TaskPage};
use crate::sources::http::List;

macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/data/gitea/", $name))
    };
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn repo() -> RepoKey {
    RepoKey::new("git.example.org", "acme/api")
}

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-21T01:37:30Z")
}

fn around(protection: Option<&Protection>) -> Around<'_> {
    Around {
        protection,
        default_branch: Some("main"),
        now: now(),
    }
}

fn branches() -> Vec<wire::Branch> {
    read::<List<wire::Branch>>(data!("branches.json")).items
}

#[test]
fn issues_become_tickets_and_pull_requests_none() {
    let list: List<wire::Issue> = read(data!("issues.json"));
    assert_eq!((list.items.len(), list.bad_count), (3, 0));
    let ticket = work::ticket(&repo(), &list.items[0]).unwrap();
    assert_eq!(ticket.state, TicketState::Open);
    assert!(ticket.incident);
    assert_eq!(ticket.milestone.as_deref(), Some("v1.4"));
    assert_eq!(ticket.assignees[0].login.as_str(), "ada");
    let text = data!("issues.json").replace(
        r#""pull_request": null"#,
        r#""pull_request": {"merged": false, "draft": true}"#,
    );
    let list: List<wire::Issue> = read(&text);
    assert!(
        list.items
            .iter()
            .all(|it| work::ticket(&repo(), it).is_none())
    );
}

#[test]
fn what_is_open_says_what_stands_in_its_way() {
    let list: List<wire::Pull> = read(data!("pulls.json"));
    let asked = work::protection(&branches()[0]).unwrap();
    let changes: Vec<_> = list
        .items
        .iter()
        .map(|pull| work::change(&repo(), pull, around(Some(&asked))))
        .collect();
    assert_eq!(
        changes[0].merge_state,
        MergeState::Unknown(Clean::line("no conflict; its branch is protected"))
    );
    assert_eq!(
        changes[0].required,
        Required::Named(vec![Clean::line("ci/jenkins/test")])
    );
    assert_eq!(changes[0].reviewers[0].login.as_str(), "lin");
    assert_eq!(changes[0].tickets[0].basis, LinkBasis::Closing);
    assert!(changes[1].draft && changes[1].merge_state == MergeState::Draft);
    assert_eq!(changes[2].merge_state, MergeState::Conflict);
    let free = Protection::default();
    let change = work::change(&repo(), &list.items[0], around(Some(&free)));
    assert_eq!(
        (change.merge_state, change.required),
        (MergeState::Clean, Required::None)
    );
    let mut fresh = around(None);
    fresh.now = list.items[2].updated_at + TimeDelta::seconds(30);
    let change = work::change(&repo(), &list.items[2], fresh);
    assert_eq!(
        change.merge_state,
        MergeState::Unknown(Clean::line("not computed yet"))
    );
}

#[test]
fn what_is_merged_names_the_commit_that_it_became() {
    let list: List<wire::Pull> = read(data!("pulls_closed.json"));
    let change = work::change(&repo(), &list.items[0], around(None));
    assert_eq!(change.state, ChangeState::Merged);
    assert_eq!(change.merge_sha, Sha::parse(&"f".repeat(40)));
    assert_eq!(change.required, Required::Unknown);
    let text = data!("pulls_closed.json").replace(r#""merged": true"#, r#""merged": false"#);
    let list: List<wire::Pull> = read(&text);
    let change = work::change(&repo(), &list.items[0], around(None));
    assert_eq!(
        (change.state, change.merge_sha),
        (ChangeState::Closed, None)
    );
}

#[track_caller]
fn check_review(reviews: &str, approvals: Option<u64>, expected: &Review) {
    let list: List<wire::Review> = read(reviews);
    let asked = approvals.map(|approvals| Protection {
        approvals,
        ..Protection::default()
    });
    assert_eq!(&work::review(&list, asked.as_ref()), expected, "{reviews}");
}

#[test]
fn of_reviews_the_last_word_counts_that_may_decide() {
    let real = data!("reviews.json");
    check_review(real, Some(1), &Review::Approved);
    check_review(real, Some(2), &Review::Required);
    check_review(real, None, &Review::Approved);
    let says = |state: &str, more: &str| {
        format!(r#"[{{"state":"{state}","user":{{"login":"lin"}}{more}}}]"#)
    };
    check_review(
        &says("REQUEST_CHANGES", ""),
        Some(0),
        &Review::ChangesRequested,
    );
    check_review(
        &says("REQUEST_CHANGES", r#","dismissed":true"#),
        Some(0),
        &Review::NotRequired,
    );
    check_review(
        &says("APPROVED", r#","official":false"#),
        Some(1),
        &Review::Required,
    );
    check_review(&says("GLORIFIED", ""), Some(0), &Review::NotRequired);
    let unknown = Review::Unknown(Clean::line("whether one is required is not told"));
    check_review("[]", None, &unknown);
    check_review(
        r#"[{"state":3}]"#,
        Some(0),
        &Review::Unknown(Clean::line("not all reviews can be read")),
    );
}

#[test]
fn patterns_among_required_checks_name_none() {
    let text = data!("branches.json").replace("ci/jenkins/test", "ci/*");
    let list: List<wire::Branch> = read(&text);
    let asked = work::protection(&list.items[0]).unwrap();
    let pulls: List<wire::Pull> = read(data!("pulls.json"));
    let change = work::change(&repo(), &pulls.items[0], around(Some(&asked)));
    assert_eq!(change.required, Required::Unknown);
    let bare: List<wire::Branch> = read(r#"[{"name":"main"}]"#);
    assert_eq!(
        work::protection(&bare.items[0]),
        None,
        "not told is not known"
    );
}

#[test]
fn deployments_come_from_statuses_and_judge_no_change() {
    let combined: wire::Combined = read(data!("status.json"));
    assert_eq!(delivery::checks(&combined), Checks::Passed);
    let sha = Sha::parse(&"f".repeat(40)).unwrap();
    let told = delivery::deployments(&repo(), &sha, &combined);
    let states: Vec<_> = told
        .iter()
        .map(|(it, place)| (place.name.to_string(), it.state.clone()))
        .collect();
    assert_eq!(
        states,
        [
            ("staging".to_owned(), DeployState::Succeeded),
            ("production".to_owned(), DeployState::Running)
        ]
    );
    assert!(told.iter().all(|(it, _)| is_foreign(it.id)));
    let later = data!("status.json")
        .replace("\"id\": 4", "\"id\": 9")
        .replace("pending", "success");
    let later = delivery::deployments(&repo(), &sha, &read(&later));
    assert_eq!(
        (later[1].0.id, &later[1].0.state),
        (told[1].0.id, &DeployState::Succeeded)
    );
}

#[track_caller]
fn check_sum(statuses: &str, expected: &Checks) {
    assert_eq!(&delivery::checks(&read(statuses)), expected, "{statuses}");
}

#[test]
fn a_sum_is_the_worst_of_its_parts_and_never_better_than_what_was_not_read() {
    check_sum(
        r#"{"state":"","statuses":null,"total_count":0}"#,
        &Checks::None,
    );
    check_sum(
        r#"{"statuses":[{"context":"a","status":"success"},{"context":"b","status":"error"}]}"#,
        &Checks::Failed,
    );
    check_sum(
        r#"{"statuses":[{"context":"a","status":"warning"}]}"#,
        &Checks::Unknown(Clean::line("warning")),
    );
    check_sum(
        r#"{"state":"failure","total_count":90,"statuses":[{"context":"a","status":"success"}]}"#,
        &Checks::Failed,
    );
    check_sum(
        r#"{"statuses":[{"context":"a","status":"success"},{"context":3}],"total_count":1}"#,
        &Checks::Unknown(Clean::default()),
    );
}

#[test]
fn releases_are_at_the_commit_of_their_tag() {
    let list: List<wire::Release> = read(data!("releases.json"));
    let tagged = Sha::parse(&"9".repeat(40));
    let made = delivery::release(&repo(), &list.items[1], tagged.clone());
    assert_eq!((made.sha, made.draft), (tagged, false));
    let bare = delivery::release(&repo(), &list.items[1], None);
    assert_eq!(bare.sha, None, "a branch is no commit");
    let draft = delivery::release(&repo(), &list.items[2], None);
    assert!(draft.draft && draft.published_at.is_none());
}

#[test]
fn commits_have_parents_authors_and_reverts() {
    let list: List<wire::Commit> = read(data!("commits.json"));
    let first = commit(&repo(), "main", &list.items[0]).unwrap();
    assert_eq!(first.title.as_str(), "Retry the queue (#18)");
    assert_eq!(first.parents.len(), 2);
    assert_eq!(first.author.unwrap().login.as_str(), "lin");
    let revert = commit(&repo(), "main", &list.items[2]).unwrap();
    assert_eq!(revert.reverts[0].as_str(), "9999999");
}

#[track_caller]
fn check_range(from: &str, text: &str, relation: Relation, complete: bool) {
    let (from, to) = (
        Sha::parse(from).unwrap(),
        Sha::parse(&"f".repeat(40)).unwrap(),
    );
    let found = range(&repo(), (&from, &to), &read(text));
    assert_eq!(
        (found.relation, found.complete),
        (relation, complete),
        "{text}"
    );
}

#[test]
fn how_two_commits_lie_is_read_off_their_parents() {
    let real = data!("compare.json");
    check_range(&"9".repeat(40), real, Relation::Ahead, true);
    check_range(&"7".repeat(40), real, Relation::Diverged, true);
    let cut = real.replace(r#""total_commits": 3"#, r#""total_commits": 300"#);
    check_range(&"9".repeat(40), &cut, Relation::Ahead, false);
    check_range(&"7".repeat(40), &cut, Relation::Unknown, false);
    let none = r#"{"total_commits":0,"commits":null}"#;
    check_range(&"7".repeat(40), none, Relation::Behind, true);
}

fn runs(text: &str) -> Vec<crate::domain::run::Run> {
    let page: RunPage = read(text);
    let found = page.workflow_runs.items.iter();
    found.map(|wire| runs::run(&repo(), wire, now())).collect()
}

#[test]
fn runs_of_both_servers_say_the_same() {
    let (ours, theirs) = (
        runs(data!("runs_forgejo.json")),
        runs(data!("runs_gitea.json")),
    );
    for list in [&ours, &theirs] {
        assert_eq!(
            (list[0].id, list[0].number),
            (911, 43),
            "identity is no number"
        );
        assert_eq!(list[0].change_requests, [20]);
        assert_eq!(list[0].state, RunState::Passed);
        assert_eq!(list[1].branch.as_str(), "main");
        assert_eq!(list[1].workflow_path.as_str(), "ci.yml");
        assert_eq!(list[2].branch.as_str(), "v1.3.0");
        assert_eq!(list[2].state, RunState::Cancelled);
        assert_eq!(list[0].head_sha, Sha::parse(&"a".repeat(40)));
        assert_eq!(list[0].updated_at, at("2026-11-21T01:14:00Z"));
    }
}

#[test]
fn runs_that_move_wait_for_a_runner_or_for_people() {
    let list = runs(data!("runs_forgejo_moving.json"));
    assert_eq!(list[0].state, RunState::Failed(Failure::Failed));
    assert_eq!(list[1].state, RunState::Queued);
    assert_eq!(list[2].state, RunState::ActionRequired);
}

#[track_caller]
fn check_word(status: &str, conclusion: Option<&str>, words: Words, expected: &RunState) {
    let found = runs::state(Some(status), conclusion, words);
    assert_eq!(&found, expected, "{status} {conclusion:?}");
}

#[test]
fn the_same_word_means_two_things_and_no_unknown_one_is_success() {
    check_word("waiting", None, Words::Own, &RunState::Queued);
    check_word("waiting", None, Words::Hub, &RunState::Waiting);
    check_word("queued", None, Words::Hub, &RunState::Queued);
    check_word("blocked", None, Words::Own, &RunState::Waiting);
    check_word("in_progress", None, Words::Hub, &RunState::Running);
    check_word("completed", Some("skipped"), Words::Hub, &RunState::Skipped);
    check_word(
        "completed",
        None,
        Words::Hub,
        &RunState::Unknown(Clean::line("no conclusion")),
    );
    check_word(
        "unknown",
        None,
        Words::Own,
        &RunState::Unknown(Clean::line("unknown")),
    );
    check_word(
        "splendid",
        Some("success"),
        Words::Hub,
        &RunState::Unknown(Clean::line("splendid")),
    );
}

#[test]
fn a_run_without_times_was_asked_for_when_it_was_first_seen() {
    let wire: Run = read(
        r#"{"id":5,"status":"queued","started_at":"0001-01-01T00:00:00Z","completed_at":"1970-01-01T00:00:00Z"}"#,
    );
    let run = runs::run(&repo(), &wire, now());
    assert_eq!(
        (run.created_at, run.started_at, run.updated_at),
        (now(), None, now())
    );
}

#[test]
fn jobs_of_both_servers_have_their_states_and_times() {
    let key = RunKey {
        repo: repo(),
        id: 913,
    };
    let page: JobPage = read(data!("jobs_gitea.json"));
    let set = runs::job_set(key.clone(), 2, (&page.jobs.items, Words::Hub, true), &[]);
    assert_eq!((set.attempt, set.jobs[1].attempt), (2, 2));
    assert_eq!(set.jobs[1].state, RunState::Failed(Failure::Failed));
    assert_eq!(set.jobs[1].steps[0].name.as_str(), "unit");
    let list: List<Job> = read(data!("jobs_forgejo.json"));
    let tasks: TaskPage = read(data!("tasks.json"));
    let set = runs::job_set(
        key,
        1,
        (&list.items, Words::Own, true),
        &tasks.workflow_runs.items,
    );
    assert_eq!(set.attempt, 1, "attempts of a job are none of the run");
    assert_eq!(set.jobs[1].finished_at, Some(at("2026-11-21T01:14:00Z")));
    assert_eq!(set.jobs[2].state, RunState::Waiting);
    assert_eq!(set.jobs[2].started_at, None);
}

#[test]
fn tasks_become_runs_that_meet_no_real_one() {
    let page: TaskPage = read(data!("tasks.json"));
    let tasks = &page.workflow_runs.items;
    let found = runs::of_tasks(&repo(), tasks, (true, now()));
    let states: Vec<_> = found
        .iter()
        .map(|(run, set)| (run.number, run.state.clone(), set.complete))
        .collect();
    assert_eq!(
        states,
        [
            (44, RunState::Passed, true),
            (45, RunState::Failed(Failure::Failed), true),
            (46, RunState::Running, false)
        ]
    );
    assert!(
        found
            .iter()
            .all(|(run, _)| is_by_number(run.id) && !is_foreign(run.id))
    );
    assert_eq!(
        found[0].1.jobs.len(),
        2,
        "the newest try of each job counts"
    );
    assert_eq!(found[1].0.change_requests, [20]);
    let part = runs::of_tasks(&repo(), tasks, (false, now()));
    assert_eq!(
        part[0].0.state,
        RunState::Unknown(Clean::line("not all of its jobs were read"))
    );
    let soon = at("2026-11-20T12:07:00Z");
    let early = runs::of_tasks(&repo(), &tasks[3..], (true, soon));
    assert_eq!(
        early[0].0.state,
        RunState::Running,
        "the next job may be about to begin"
    );
}
