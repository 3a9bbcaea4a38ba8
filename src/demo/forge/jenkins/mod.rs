//! Jenkins' JSON: which path is answered by what.
//!
//! A folder for the team; in it a project of branches for each repository's `ci`, and a
//! pipeline for each of its other workflows. `ground.share` says which repositories of the
//! world it builds, the sister Forgejo where they are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, Asked, Sent};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Dialect, Ground, Place, writes};
use crate::demo::scenario::model::RepoState;

mod builds;
mod console;
mod deeds;
mod items;
mod reports;
mod stages;
mod tree;

use items::Job;
use tree::Tree;

/// The version that it says it is.
const VERSION: &str = "2.528.1";

/// What is told where nothing is named: names and numbers.
const PLAIN: &str = "_class,name,url,jobs[name,url,color],builds[number,url],lastBuild[number,url],\
    number,result,building,timestamp,duration,displayName,actions[causes[shortDescription]]";

/// What the functions of this module tree get.
pub(super) struct Ask<'a> {
    pub(super) ground: &'a Ground,
    pub(super) asked: &'a Asked,
}

/// A repository that is built here, and how it stands.
pub(super) struct Project {
    pub(super) place: Place,
    pub(super) repo: Arc<RepoState>,
}

impl Ask<'_> {
    /// Returns the server's own address, as the client calls it, without a slash at its end.
    fn host(&self) -> &str {
        &self.asked.host
    }

    /// Returns the page of a repository at the forge that has it.
    fn page_of(&self, project: &Project) -> String {
        let forge = self.ground.sister(Dialect::Forgejo);
        let base = forge.map_or(self.host(), |forge| forge.url.as_str());
        format!("{}/{}", base.trim_end_matches('/'), project.place.path)
    }

    /// Returns the fields that are wanted.
    fn tree(&self) -> Tree {
        Tree::parse(self.asked.param("tree").unwrap_or(PLAIN))
    }

    /// Returns all repositories that are built here.
    fn projects(&self) -> Vec<Project> {
        let states = self.ground.states(self.asked.now);
        states
            .map(|(place, repo)| Project {
                place: place.clone(),
                repo,
            })
            .collect()
    }
}

/// Answers one request.
pub(super) fn respond(
    ground: &Arc<Ground>,
    asked: &Asked,
    _body: &Bytes,
    _faults: &Taken,
) -> Answer {
    let ask = Ask { ground, asked };
    if !writes::lets_in(asked, ground) {
        let status = if asked.token.is_some() {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::FORBIDDEN
        };
        return Dialect::Jenkins.error(status, "Access denied");
    }
    let segments = asked.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (names, rest) = job_path(&path);
    match (names.as_slice(), rest) {
        ([], ["api", "json"]) => {
            let tree = ask.tree();
            Answer::json(tree.pruned(&items::root(&ask, &tree)))
        }
        ([], ["whoAmI", "api", "json"]) => {
            let name = if asked.token.is_some() {
                "demo"
            } else {
                "anonymous"
            };
            Answer::json(json!({
                "_class": "hudson.security.WhoAmI", "name": name,
                "anonymous": asked.token.is_none(), "authenticated": asked.token.is_some(),
            }))
        }
        ([], ["crumbIssuer", "api", "json"]) => Answer::json(json!({
            "_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": "demo-crumb",
            "crumbRequestField": "Jenkins-Crumb",
        }))
        .header("set-cookie", "JSESSIONID=demo; Path=/; HttpOnly".to_owned()),
        ([], ["queue", "api", "json"]) => Answer::json(ask.tree().pruned(&items::queue(&ask))),
        ([], _) => missing(),
        (names, rest) => of_item(&ask, names, rest),
    }
}

/// Returns the headers that every answer has.
pub(super) fn headers(_sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("x-jenkins", VERSION.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ]
}

fn missing() -> Answer {
    Dialect::Jenkins.error(StatusCode::NOT_FOUND, "Not Found")
}

/// Returns the names of an item (`job/a/job/b`), and what follows.
fn job_path<'p>(path: &'p [&'p str]) -> (Vec<&'p str>, &'p [&'p str]) {
    let (mut names, mut rest) = (Vec::new(), path);
    while let ["job", name, after @ ..] = rest {
        names.push(*name);
        rest = after;
    }
    (names, rest)
}

fn of_item(ask: &Ask<'_>, names: &[&str], rest: &[&str]) -> Answer {
    let projects = ask.projects();
    if let ["api", "json"] = rest
        && let Some(folder) = items::folder(ask, &projects, names)
    {
        return Answer::json(ask.tree().pruned(&folder));
    }
    let Some(job) = items::find(&projects, names, ask.asked.now) else {
        return missing();
    };
    match rest {
        ["api", "json"] => {
            let tree = ask.tree();
            Answer::json(tree.pruned(&items::job(ask, &job, &tree)))
        }
        ["build" | "buildWithParameters"] => deeds::again(ask, &job),
        [number, rest @ ..] => of_build(ask, &job, number, rest),
        [] => missing(),
    }
}

fn of_build(ask: &Ask<'_>, job: &Job<'_>, number: &str, rest: &[&str]) -> Answer {
    let number: Option<u64> = number.parse().ok();
    let Some(build) = number.and_then(|number| job.build(number)) else {
        return missing();
    };
    match rest {
        ["api", "json"] => Answer::json(ask.tree().pruned(&builds::full(ask, job, build))),
        ["wfapi"] | ["wfapi", "describe"] => stages::describe(ask, job, build),
        ["wfapi", "pendingInputActions"] => stages::inputs(ask, job, build),
        ["execution", "node", id, "wfapi", "describe"] => {
            stages::node(ask, job, build, id).unwrap_or_else(missing)
        }
        ["execution", "node", id, "log", "logText", "progressiveText"] => {
            console::of_node(ask, job, build, id).unwrap_or_else(missing)
        }
        ["consoleText"] => console::whole(ask, job, build),
        ["logText", "progressiveText"] => console::progress(ask, job, build),
        ["testReport", "api", "json"] => match reports::of(job, build) {
            Some(report) => Answer::json(ask.tree().pruned(&report)),
            None => missing(),
        },
        ["stop" | "term" | "kill"] => deeds::stop(ask, job, build),
        ["replay", "rebuild"] => deeds::replay(ask, job, build),
        ["input", id, answer @ ("proceedEmpty" | "abort")] => {
            deeds::answer(ask, (job, build), id, *answer == "proceedEmpty")
        }
        _ => missing(),
    }
}

/// Returns milliseconds, as times are told here.
fn millis(at: crate::domain::Timestamp) -> Value {
    json!(at.timestamp_millis())
}
