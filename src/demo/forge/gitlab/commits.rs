//! The repository: commits, branches, tags, and what lies between two commits.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::compare;
use crate::demo::forge::gitlab::{
    Ask, Project, beyond, deliveries, list, merges, missing, pipelines, time,
};
use crate::demo::forge::wire::{join, put};
use crate::demo::scenario::model::{Commit, Pull, Run};
use crate::demo::scenario::people;
use crate::domain::Timestamp;

/// Answers what is asked of the repository.
pub(super) fn answer(ask: &Ask<'_>, project: &Project, path: &[&str]) -> Answer {
    let repo = &*project.repo;
    match path {
        ["commits"] => history(ask, project),
        ["commits", name, rest @ ..] => match compare::resolve(repo, name) {
            Some(sha) => of_commit(ask, project, &sha, rest),
            None => missing("Commit"),
        },
        ["compare"] => compared(ask, project),
        ["merge_base"] => {
            let ends = ask.asked.query.iter().filter(|(key, _)| key == "refs[]");
            let ends: Vec<String> = ends
                .filter_map(|(_, name)| compare::resolve(repo, name))
                .collect();
            match ends.as_slice() {
                [one, other] => {
                    let fork = compare::range(repo, one, other).fork;
                    fork.map_or_else(
                        || missing("Ref"),
                        |sha| Answer::json(written(ask, project, &sha)),
                    )
                }
                _ => missing("Ref"),
            }
        }
        ["branches"] => list::page(ask, &repo.branches, |one| {
            branch(ask, project, &one.name, &one.sha)
        }),
        ["branches", name] => match repo.branches.iter().find(|one| one.name == *name) {
            Some(one) => Answer::json(branch(ask, project, &one.name, &one.sha)),
            None => missing("Branch"),
        },
        ["tags", rest @ ..] => deliveries::tags(ask, project, rest),
        _ => beyond(),
    }
}

fn of_commit(ask: &Ask<'_>, project: &Project, sha: &str, rest: &[&str]) -> Answer {
    let repo = &*project.repo;
    match rest {
        [] => Answer::json(full(ask, project, sha)),
        ["merge_requests"] => {
            let number = repo.commits.get(sha).and_then(|commit| commit.pull);
            let pulls = repo.pulls.iter();
            let found: Vec<&Pull> = pulls.filter(|pull| Some(pull.number) == number).collect();
            list::page(ask, &found, |pull| merges::written(ask, project, pull))
        }
        ["statuses"] => list::page(ask, &[] as &[Value], Clone::clone),
        ["diff"] => list::page(ask, &files(project, sha), |path| diff(path)),
        ["refs"] => {
            let branches = repo.branches.iter().filter(|one| one.sha == sha);
            let branches = branches.map(|one| json!({"type": "branch", "name": one.name}));
            let tags = repo
                .releases
                .iter()
                .filter(|one| one.sha == sha && !one.draft);
            let tags = tags.map(|one| json!({"type": "tag", "name": one.tag}));
            let all: Vec<Value> = branches.chain(tags).collect();
            list::page(ask, &all, Clone::clone)
        }
        _ => beyond(),
    }
}

fn history(ask: &Ask<'_>, project: &Project) -> Answer {
    let repo = &*project.repo;
    let name = ask.param("ref_name").unwrap_or("HEAD");
    // A range in Git's own words is understood too.
    let mut all = match name.split_once("..") {
        Some((from, to)) => {
            let ends =
                compare::resolve(repo, from).zip(compare::resolve(repo, to.trim_matches('.')));
            let mut all = ends.map_or_else(Vec::new, |(from, to)| {
                compare::range(repo, &from, &to).ahead
            });
            all.reverse();
            all
        }
        None => match compare::resolve(repo, name) {
            Some(sha) => compare::history(repo, &sha),
            None => return missing("Tree"),
        },
    };
    let bound = |name: &str| ask.param(name)?.parse::<Timestamp>().ok();
    let (since, until) = (bound("since"), bound("until"));
    all.retain(|sha| {
        repo.commits.get(sha).is_some_and(|commit| {
            since.is_none_or(|from| commit.at >= from) && until.is_none_or(|to| commit.at <= to)
        })
    });
    list::page(ask, &all, |sha| written(ask, project, sha))
}

/// Returns a message as GitLab would have written it.
fn message(project: &Project, commit: &Commit) -> String {
    let Some(number) = commit.pull else {
        return commit.message.clone();
    };
    let (head, rest) = commit
        .message
        .split_once("\n\n")
        .unwrap_or((&commit.message, ""));
    if head.starts_with("Merge pull request") {
        let pulls = &project.repo.pulls;
        let pull = pulls.iter().find(|pull| pull.number == number);
        let (from, to) = pull.map_or(("", "main"), |pull| (&pull.head_branch, pull.base_branch));
        let path = &project.place.path;
        return format!(
            "Merge branch '{from}' into '{to}'\n\n{rest}\n\nSee merge request {path}!{number}"
        );
    }
    let plain = head.strip_suffix(&format!(" (#{number})"));
    plain.unwrap_or(&commit.message).to_owned()
}

/// Returns a commit as lists have it.
pub(super) fn written(ask: &Ask<'_>, project: &Project, sha: &str) -> Value {
    let Some(commit) = project.repo.commits.get(sha) else {
        return Value::Null;
    };
    let who = people::of(commit.author);
    let (email, at) = (format!("{}@example.org", who.login), time(commit.at));
    let message = message(project, commit);
    json!({
        "id": sha, "short_id": sha.get(..8), "created_at": at, "parent_ids": commit.parents,
        "title": message.lines().next(), "message": message, "author_name": who.name,
        "author_email": email, "authored_date": at, "committer_name": who.name,
        "committer_email": email, "committed_date": at, "trailers": {}, "extended_trailers": {},
        "web_url": format!("{}/-/commit/{sha}", project.page(ask)),
    })
}

fn full(ask: &Ask<'_>, project: &Project, sha: &str) -> Value {
    let mut runs = project.repo.runs.iter();
    let last: Option<&Run> = runs.find(|run| run.sha == sha);
    join(
        written(ask, project, sha),
        json!({
            "stats": {"additions": 40, "deletions": 12, "total": 52},
            "status": last.map(pipelines::status), "project_id": project.id(),
            "last_pipeline": last.map(|run| pipelines::brief(ask, project, run)),
        }),
    )
}

fn files(project: &Project, sha: &str) -> Vec<String> {
    let repo = &project.repo;
    let pull = repo.commits.get(sha).and_then(|commit| commit.pull);
    let found = repo.pulls.iter().find(|one| Some(one.number) == pull);
    found.map_or_else(Vec::new, |pull| pull.files.clone())
}

/// Returns a changed file as GitLab writes it.
pub(super) fn diff(path: &str) -> Value {
    json!({
        "old_path": path, "new_path": path, "a_mode": "100644", "b_mode": "100644",
        "new_file": false, "renamed_file": false, "deleted_file": false, "generated_file": false,
        "diff": "@@ -1,3 +1,4 @@\n one\n+two\n three\n", "collapsed": false, "too_large": false,
    })
}

fn compared(ask: &Ask<'_>, project: &Project) -> Answer {
    let repo = &*project.repo;
    let end = |name: &str| {
        ask.param(name)
            .and_then(|name| compare::resolve(repo, name))
    };
    let (Some(from), Some(to)) = (end("from"), end("to")) else {
        return missing("Ref");
    };
    let range = compare::range(repo, &from, &to);
    let commits: Vec<Value> = range
        .ahead
        .iter()
        .map(|sha| written(ask, project, sha))
        .collect();
    let mut diffs: Vec<Value> = Vec::new();
    let changed = range.ahead.iter().flat_map(|sha| files(project, sha));
    diffs.extend(changed.map(|path| diff(&path)).take(1_000));
    Answer::json(json!({
        "commit": commits.last(), "commits": commits, "diffs": diffs, "compare_timeout": false,
        "compare_same_ref": from == to,
        "web_url": format!("{}/-/compare/{from}...{to}", project.page(ask)),
    }))
}

fn is_guarded(project: &Project, name: &str) -> bool {
    name == project.repo.spec.base_branch() || name == "main"
}

fn branch(ask: &Ask<'_>, project: &Project, name: &str, sha: &str) -> Value {
    let guarded = is_guarded(project, name);
    json!({
        "name": name, "commit": written(ask, project, sha), "merged": false,
        "protected": guarded, "developers_can_push": !guarded, "developers_can_merge": true,
        "can_push": !guarded, "default": name == project.repo.spec.base_branch(),
        "web_url": format!("{}/-/tree/{name}", project.page(ask)),
    })
}

/// Answers with the protected branches.
pub(super) fn guarded(ask: &Ask<'_>, project: &Project) -> Answer {
    let all = project.repo.branches.iter();
    let all: Vec<_> = all.filter(|one| is_guarded(project, &one.name)).collect();
    list::page(ask, &all, |one| {
        let level = |level: u8, words: &str| {
            json!([{
                "id": project.id(), "access_level": level, "access_level_description": words,
                "user_id": null, "group_id": null,
            }])
        };
        let mut value = json!({"id": project.id(), "name": one.name, "allow_force_push": false});
        put(&mut value, "push_access_levels", level(0, "No one"));
        put(
            &mut value,
            "merge_access_levels",
            level(30, "Developers + Maintainers"),
        );
        put(&mut value, "code_owner_approval_required", false);
        value
    })
}
