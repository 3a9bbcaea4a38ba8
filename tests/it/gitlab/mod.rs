//! GitLab, asked by its adapter: a scripted server that answers in GitLab's shapes.
//!
//! What all adapters keep is in `contract`; here is what only this one does.

mod ci;
mod delivery;
mod doing;
mod faults;
mod following;
mod lists;
mod odd;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta};
use cycleboard::config::{Action, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::domain::correlate::Need;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::RepoKey;
use cycleboard::sources::gitlab::GitLab;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, CapabilityState, Fetch, Source, SourceError, Tier};
use serde_json::{Value, json};

use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::bare;

/// The moment of all tests.
fn now() -> Timestamp {
    let at = DateTime::parse_from_rfc3339("2026-11-21T04:00:00Z");
    at.unwrap().to_utc()
}

/// A moment so many minutes ago, as GitLab writes it.
fn ago(minutes: i64) -> String {
    let at = now() - TimeDelta::minutes(minutes);
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A commit id.
fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// What the server answers, by path below `/api/v4`; what is not there is 404.
#[derive(Clone, Default)]
struct Routes(Arc<Mutex<BTreeMap<String, Reply>>>);

impl Routes {
    /// Answers a path with JSON.
    #[expect(clippy::needless_pass_by_value, reason = "what is made for it alone")]
    fn set(&self, path: &str, body: Value) -> &Self {
        self.reply(path, Reply::json(&body))
    }

    /// Answers a path.
    fn reply(&self, path: &str, reply: Reply) -> &Self {
        self.0.lock().unwrap().insert(path.to_owned(), reply);
        self
    }

    /// Answers a path no more.
    fn unset(&self, path: &str) -> &Self {
        self.0.lock().unwrap().remove(path);
        self
    }

    fn answer(&self, seen: &Seen) -> Reply {
        // The server may be below a path of its host.
        let path = seen.path();
        let below = path.split_once("/api/v4/");
        let path = below.map_or(path, |(_, rest)| rest).to_owned();
        let routes = self.0.lock().unwrap();
        // A route with a part of its query is another one.
        let exact = routes.iter().find(|(key, _)| {
            let Some((start, wanted)) = key.split_once('?') else {
                return false;
            };
            start == path && seen.target.contains(wanted)
        });
        let found = exact.map(|(_, reply)| reply).or_else(|| routes.get(&path));
        found
            .cloned()
            .unwrap_or_else(|| Reply::json(&json!({"message": "404 Not Found"})).status(404))
    }
}

/// A server, and a source that asks it.
struct World {
    routes: Routes,
    fault: Fault,
    source: GitLab,
}

impl World {
    /// Starts a server with one project, `acme/api`, that is read alone.
    async fn alone() -> Self {
        let world = Self::with(|config| config.repos = vec!["acme/api".to_owned()]).await;
        world
            .routes
            .set("projects/acme%2Fapi", project(1, "acme/api", 30))
            .set("projects/1", project(1, "acme/api", 30));
        world.empty("projects/1");
        world
    }

    /// Lets the one project have this merge request and no other.
    fn has_merge_request(&self, number: u64) {
        let (list, wire) = ("projects/1/merge_requests", merge_request(number));
        self.routes.set(list, json!([wire.clone()]));
        self.routes.set(&format!("{list}/{number}"), wire);
    }

    /// Lets the one project have this pipeline with one job, both in these states.
    fn has_pipeline(&self, state: &str, job: &Value) {
        let list = "projects/1/pipelines";
        self.routes.set(list, json!([pipeline(9, state)]));
        self.routes.set(&format!("{list}/9/jobs"), json!([job]));
    }

    /// Begins the source of [`World::alone`] anew, from what was stored of it.
    fn restarted(self, stored: Vec<Fact>) -> Self {
        let mut config = SourceConfig::new("one", "gitlab", self.fault.url.clone());
        config.repos = vec!["acme/api".to_owned()];
        let source = GitLab::new(&config, &ground(), Limits::default()).unwrap();
        let stored: Vec<Arc<Fact>> = stored.into_iter().map(Arc::new).collect();
        source.restore(&stored);
        Self { source, ..self }
    }

    /// Starts a server with a group and these projects, of which nothing happened for minutes.
    async fn group(paths: &[&str], minutes: i64) -> Self {
        let world = Self::with(|config| config.orgs = vec!["acme".to_owned()]).await;
        let projects = (1..)
            .zip(paths)
            .map(|(id, path)| project(id, path, minutes));
        world.routes.set("groups/acme/projects", projects.collect());
        world.empty("groups/acme");
        for (id, path) in (1..).zip(paths) {
            let place = format!("projects/{id}");
            world.routes.set(&place, project(id, path, minutes));
            world.empty(&place);
        }
        world
    }

    async fn with(edit: impl FnOnce(&mut SourceConfig)) -> Self {
        let routes = Routes::default();
        let asked = routes.clone();
        let fault = Fault::start(move |seen| asked.answer(seen)).await;
        let mut config = SourceConfig::new("one", "gitlab", fault.url.clone());
        config.token_env = Some("BOARD_TOKEN".to_owned());
        config.writes = vec![Action::Rerun, Action::Cancel];
        edit(&mut config);
        routes.set("user", json!({"username": "ada"}));
        routes.set("personal_access_tokens/self", json!({"scopes": ["api"]}));
        let source = GitLab::new(&config, &ground(), Limits::default()).unwrap();
        Self {
            routes,
            fault,
            source,
        }
    }

    /// Answers all lists of a place with nothing.
    fn empty(&self, place: &str) {
        for list in [
            "issues",
            "merge_requests",
            "pipelines",
            "deployments",
            "environments",
            "releases",
            "repository/commits",
            "protected_environments",
        ] {
            self.routes.set(&format!("{place}/{list}"), json!([]));
        }
    }

    fn repo(&self, path: &str) -> RepoKey {
        RepoKey::new(self.source.host(), path)
    }

    async fn fetch_at(&self, resource: &str, at: Timestamp) -> Result<Batch, SourceError> {
        let fetch = Fetch {
            resource: resource.into(),
            now: at,
            forced: false,
        };
        self.source.fetch(fetch).await
    }

    /// Polls one resource.
    async fn fetch(&self, resource: &str) -> Batch {
        self.fetch_at(resource, now()).await.unwrap()
    }

    /// Polls all that is due at once, until nothing is, and returns all that was told.
    async fn settle(&self) -> Batch {
        self.settle_at(now()).await
    }

    async fn settle_at(&self, at: Timestamp) -> Batch {
        let mut all = Batch::default();
        for _ in 0..100 {
            let resources = self.source.resources(at).into_iter();
            let mut once: Vec<_> = resources
                .filter(|it| matches!(it.tier, Tier::Now | Tier::Past))
                .collect();
            once.sort_by_key(|it| it.tier);
            let Some(first) = once.first() else {
                return all;
            };
            let batch = self.fetch_at(&first.id, at).await.unwrap();
            add(&mut all, batch);
        }
        panic!("it asks for ever: {:?}", self.source.resources(at));
    }

    /// Polls everything that is polled at least every two minutes, once.
    async fn round(&self, at: Timestamp) -> Batch {
        let mut all = Batch::default();
        let soon = |tier: Tier| matches!(tier, Tier::Live | Tier::Hot | Tier::Warm);
        for resource in self.source.resources(at) {
            if soon(resource.tier) {
                add(&mut all, self.fetch_at(&resource.id, at).await.unwrap());
            }
        }
        all
    }

    /// Asks for what correlation would like to know, and returns the answer.
    async fn need(&self, needs: &[Need]) -> Batch {
        self.source
            .need(&needs.iter().cloned().collect::<BTreeSet<_>>());
        self.settle().await
    }

    /// Returns the targets of the requests since `from`.
    fn asked(&self, from: usize) -> Vec<String> {
        let seen = self.fault.seen();
        let lines = seen.iter().skip(from);
        lines
            .map(|it| format!("{} {}", it.method, it.target))
            .collect()
    }

    fn count(&self) -> usize {
        self.fault.seen().len()
    }

    #[track_caller]
    fn can(&self, name: &str) -> CapabilityState {
        let can = self.source.capabilities();
        let found = can.into_iter().find(|can| can.name == name);
        found
            .unwrap_or_else(|| panic!("no capability {name}"))
            .state
    }
}

fn add(all: &mut Batch, batch: Batch) {
    all.facts.extend(batch.facts);
    all.listings.extend(batch.listings);
    all.gone.extend(batch.gone);
    all.gone_repos.extend(batch.gone_repos);
    all.warnings.extend(batch.warnings);
    all.covered.extend(batch.covered);
}

fn ground() -> Ground {
    Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "glpat-SECRET-0123456789".to_owned())),
        read_only: false,
        ..bare(now)
    }
}

fn project(id: u64, path: &str, minutes: i64) -> Value {
    json!({
        "id": id, "path_with_namespace": path, "default_branch": "main",
        "web_url": format!("https://gitlab.test/{path}"), "last_activity_at": ago(minutes),
    })
}

fn issue(project: u64, path: &str, iid: u64) -> Value {
    json!({
        "iid": iid, "project_id": project, "title": "It burns", "state": "opened",
        "references": {"full": format!("{path}#{iid}")},
        "created_at": ago(600), "updated_at": ago(300),
    })
}

fn merge_request(iid: u64) -> Value {
    json!({
        "iid": iid, "project_id": 1, "title": "Add a cache", "state": "opened", "sha": sha('a'),
        "source_branch": "cache", "target_branch": "main", "detailed_merge_status": "mergeable",
        "references": {"full": format!("acme/api!{iid}")},
        "created_at": ago(600), "updated_at": ago(300),
    })
}

fn pipeline(id: u64, status: &str) -> Value {
    json!({
        "id": id, "iid": id, "project_id": 1, "status": status, "source": "push", "ref": "main",
        "sha": sha('b'), "created_at": ago(20), "updated_at": ago(10),
    })
}

fn job(id: u64, name: &str, status: &str) -> Value {
    json!({
        "id": id, "name": name, "stage": "test", "status": status, "allow_failure": false,
        "created_at": ago(19), "started_at": ago(18), "finished_at": ago(12),
    })
}

/// Returns the facts of one kind, as the test looks at them.
fn only<T>(batch: &Batch, pick: impl Fn(&Fact) -> Option<T>) -> Vec<T> {
    batch.facts.iter().filter_map(pick).collect()
}
