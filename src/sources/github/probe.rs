//! The probe: one cheap query tells which of forty repositories changed.
//!
//! What a repository looks like becomes a fingerprint. The same fingerprint as
//! when everything was read means that nothing is asked.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Data, Feature, Trouble};
use super::map::checks::check_word;
use super::places::Names;
use super::state::{CLEAN_FULL_HOURS, Mode, RepoState, State, Wanted, is_fresh};
use super::wire::ProbeRepo;
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::text::Clean;
use crate::sources::arrivals::Arrivals;
use crate::sources::http::Stored;
use crate::sources::{Batch, CapabilityState, SourceError, Tier};

const DOCUMENT: &str = include_str!("queries/probe.graphql");

/// How often a query is made smaller within one fetch.
pub(super) const ATTEMPTS: usize = 4;

/// Returns the fragments of a document of ours.
pub(super) fn fragments(document: &str) -> &str {
    let start = document.find("\nfragment ").unwrap_or(document.len());
    document.get(start..).unwrap_or_default()
}

/// Returns the head of a query over `count` repositories, and its variables for their names.
///
/// Names travel as variables: a name is never part of a query.
pub(super) fn over(
    repos: &[(String, String)],
    declared: &str,
    head: &str,
    spread: &str,
) -> (String, Map<String, Value>) {
    let mut names = String::new();
    let mut body = String::new();
    let mut variables = Map::new();
    for (at, (owner, name)) in repos.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(names, "$o{at}: String!, $n{at}: String!, ");
        let _ = writeln!(
            body,
            "  r{at}: repository(owner: $o{at}, name: $n{at}) {{ ...{spread} }}"
        );
        variables.insert(format!("o{at}"), json!(owner));
        variables.insert(format!("n{at}"), json!(name));
    }
    let query = format!(
        "query Board({names}{declared}) {{\n  \
         rateLimit {{ cost limit remaining resetAt }}\n{head}{body}}}\n"
    );
    (query, variables)
}

impl GitHub {
    /// Asks which repositories of a tier changed.
    pub(super) async fn probe(&self, which: &str, ask: Ask) -> Result<Batch, SourceError> {
        {
            let mut state = self.state();
            if which == "again" && !state.anonymous {
                state.mode = Mode::GraphQl;
            }
            if state.is_by_rest() {
                // Found out since this was planned: an answer now would pass for what REST reads.
                return Ok(Batch::default());
            }
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let repos = self.to_probe(which, ask.now);
            if repos.is_empty() {
                return Ok(Batch::default());
            }
            if let Some(batch) = self.still_holds(&repos, ask) {
                return Ok(batch);
            }
            match self.probe_query(&repos, ask).await {
                Ok(data) => {
                    let missing: Vec<&String> = repos
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| is_lost(&data, &format!("r{at}")))
                        .map(|(_, path)| path)
                        .collect();
                    self.learn_names(&missing, ask).await;
                    return self.take_probe(&repos, &data, ask);
                }
                Err(Trouble::Absent(why)) => {
                    self.without_graphql(&why, ask.now);
                    return Ok(Batch::default());
                }
                Err(Trouble::Lacks(features)) => self.state().refuse(&features),
                Err(Trouble::Heavy(error)) => {
                    self.state().probe_portion.halve(repos.len());
                    last = Some(error);
                    if repos.len() == 1 {
                        break;
                    }
                }
                Err(Trouble::Failed(SourceError::NotFound { .. })) => {
                    return self.all_missing(&repos);
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Refused {
            host: self.api.client.host().to_owned(),
            cause: "it refused the probe in every form".to_owned(),
        }))
    }

    /// Returns the repositories of one probe, by path.
    fn to_probe(&self, which: &str, now: Timestamp) -> Vec<String> {
        let state = self.state();
        let path = |repo: &RepoState| repo.path.clone();
        let (word, chunk) = which.split_once(':').unwrap_or((which, "0"));
        let tier = [Tier::Hot, Tier::Warm, Tier::Cold]
            .into_iter()
            .find(|tier| super::plan::tier_word(*tier) == Some(word));
        let Some(tier) = tier else {
            let fits = |repo: &RepoState| match word {
                "new" => repo.seen.is_none() && repo.misses == 0,
                "missing" => repo.misses >= 2,
                _ => repo.misses < 2,
            };
            let most = if word == "again" {
                1
            } else {
                state.probe_portion.size()
            };
            return state
                .hottest(fits)
                .into_iter()
                .take(most)
                .map(path)
                .collect();
        };
        let chunk: usize = chunk.parse().unwrap_or_default();
        let tiers = state.by_tier(now);
        let repos = tiers.get(&tier).into_iter().flatten();
        // In a fixed order, so that repositories do not change places between chunks.
        let mut paths: Vec<String> = repos.map(|repo| repo.path.clone()).collect();
        paths.sort();
        paths
            .into_iter()
            .skip(chunk.saturating_mul(state.probe_portion.size()))
            .take(state.probe_portion.size())
            .collect()
    }

    /// Answers from memory where all of them were probed a moment ago.
    fn still_holds(&self, paths: &[String], ask: Ask) -> Option<Batch> {
        let mut state = self.state();
        let mut batch = Batch::default();
        for path in paths {
            let repo = state.known(path)?;
            if ask.forced || !is_fresh(repo.probed_at, ask.now) {
                return None;
            }
            if repo.read == repo.seen {
                batch.covered.push(Clean::line(&repo.path));
            }
        }
        Some(batch)
    }

    async fn probe_query(&self, paths: &[String], ask: Ask) -> Result<Data, Trouble> {
        let rollup = self.state().asks(Feature::Rollup);
        let (head, mut variables) = over(
            &split(paths),
            "$rollup: Boolean!",
            "  viewer { login }\n",
            "ProbeRepo",
        );
        variables.insert("rollup".to_owned(), json!(rollup));
        let document = format!("{head}{}", fragments(DOCUMENT));
        let variables = Value::Object(variables);
        self.api
            .query(&document, "Board", &variables, ask.urgency)
            .await
    }

    fn take_probe(&self, paths: &[String], data: &Data, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut missing = None;
        let mut state = self.state();
        state.turns.probe += 1;
        state.can("graphql", CapabilityState::Available);
        state.refuse(&data.lacks);
        let heavy = data.was_heavy();
        state.probe_portion.answered(paths.len(), heavy);
        if let Some(login) = data.by_alias.value("viewer").get("login") {
            state.me = login.as_str().map(|login| Clean::line(login).to_string());
        }
        for (at, path) in paths.iter().enumerate() {
            let alias = format!("r{at}");
            let Some(read) = data.by_alias.read::<Value>(&alias) else {
                if is_lost(data, &alias) {
                    missing = Some(path.clone());
                    self.miss(&mut state, path, &mut batch);
                }
                continue;
            };
            let read = read.and_then(|value| Ok((ProbeRepo::deserialize(&value)?, value)));
            let Ok((probe, value)) = read else {
                let text = format!("the probe of `{path}` cannot be read");
                batch.warnings.push(Clean::line(&text));
                continue;
            };
            self.take_one(&mut state, path, (&probe, value), ask, &mut batch);
        }
        drop(state);
        match missing {
            Some(path) if paths.len() == 1 && batch.gone_repos.is_empty() => {
                Err(self.not_there(&path))
            }
            // The rest goes on; `problems` tells what is missing.
            Some(_) | None => Ok(batch),
        }
    }

    pub(super) fn not_there(&self, path: &str) -> SourceError {
        SourceError::NotFound {
            host: self.api.host.clone(),
            what: format!("`{}`", Clean::line(path)),
            near: self.near(path),
        }
    }

    fn take_one(
        &self,
        state: &mut State,
        path: &str,
        (probe, value): (&ProbeRepo, Value),
        ask: Ask,
        batch: &mut Batch,
    ) {
        // Whatever was known of another one under this name is gone: all is read.
        self.is_another(state, path, probe.database_id, batch);
        let (seen, rollups) = fingerprints(value);
        let stored = self.kept_fingerprint(path);
        let Some(repo) = state.known(path) else {
            return;
        };
        let renamed = !repo.path.eq_ignore_ascii_case(&probe.name_with_owner);
        let before = std::mem::replace(&mut repo.path, probe.name_with_owner.clone());
        let (old, new) = (self.key(&before), self.key(&probe.name_with_owner));
        repo.misses = 0;
        repo.probed_at = Some(ask.now);
        let kept_count = stored.and_then(|(_, count)| count);
        let count = probe.issues.total_count;
        // A ticket that was deleted or transferred: only a full read tells which.
        let before_count = repo.ticket_count.or(kept_count);
        let fewer = count
            .zip(before_count)
            .is_some_and(|(now, then)| now < then);
        repo.ticket_count = count;
        if repo.restored && repo.seen.is_none() && stored.map(|(seen, _)| seen) == Some(seen) {
            repo.read = Some(seen);
            repo.kept = Some(seen);
            repo.full_at = Some(ask.now);
        }
        repo.changed_at = repo.changed_at.max(probe.last_change());
        repo.at_work = probe.is_at_work();
        for pull in &probe.pull_requests.nodes.items {
            if let (Some(number), Some(rollup)) = (pull.number, &pull.status_check_rollup) {
                repo.saw_checks(number, &check_word(rollup.state.as_deref()));
            }
        }
        let first = repo.seen.is_none();
        repo.runs_wanted |= !first && repo.rollups != Some(rollups);
        repo.rollups = Some(rollups);
        if repo.seen != Some(seen) && !(first && repo.read == Some(seen)) {
            repo.runs_wanted |= !first || probe.may_run(ask.now);
        }
        repo.seen = Some(seen);
        if repo.read == Some(seen) {
            batch.covered.push(Clean::line(&repo.path));
            if repo.kept != Some(seen) {
                repo.kept = Some(seen);
                self.keep_fingerprint(path, seen, count);
            }
            batch.quiet.extend(self.look_back(repo, path, ask.now));
        } else {
            let due = if fewer {
                Wanted::Full
            } else {
                repo.due(ask.now)
            };
            repo.wanted = repo.wanted.max(due);
        }
        let archived = probe.is_archived.then(|| repo.archive());
        if renamed {
            state.former.entry(new).or_default().insert(old.clone());
        }
        if renamed || archived == Some(true) {
            state.leaving.insert(old);
        }
        if let Some(left) = archived {
            batch.covered.push(Clean::line(path));
            let text = format!("`{path}` is archived: its work is not shown");
            batch
                .warnings
                .extend((first || left).then(|| Clean::line(&text)));
        }
    }

    /// Returns the fingerprint that was kept, and how many tickets there were then.
    fn kept_fingerprint(&self, path: &str) -> Option<(u64, Option<u64>)> {
        let stored = self
            .ground
            .validators
            .get(&self.note_key("fingerprint", path))?;
        let (seen, count) = stored.etag.split_once(':').unwrap_or((&stored.etag, ""));
        Some((u64::from_str_radix(seen, 16).ok()?, count.parse().ok()))
    }

    /// Keeps what a repository looked like when all of it had been read and stored.
    fn keep_fingerprint(&self, path: &str, seen: u64, count: Option<u64>) {
        let count = count.map_or_else(String::new, |count| format!(":{count}"));
        let stored = Stored {
            etag: format!("{seen:016x}{count}"),
            next: None,
            body: Vec::new().into(),
        };
        self.ground
            .validators
            .put(&self.note_key("fingerprint", path), stored);
    }

    fn all_missing(&self, paths: &[String]) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let mut state = self.state();
        state.turns.probe += 1;
        for path in paths {
            self.miss(&mut state, path, &mut batch);
        }
        drop(state);
        match paths.first().filter(|_| batch.gone_repos.is_empty()) {
            Some(path) => Err(self.not_there(path)),
            None => Ok(batch),
        }
    }

    /// Notes that a repository is not there; the second time in a row its facts go.
    pub(super) fn miss(&self, state: &mut State, path: &str, batch: &mut Batch) {
        let Some(repo) = state.known(path) else {
            return;
        };
        repo.misses = repo.misses.saturating_add(1);
        repo.wanted = Wanted::Nothing;
        repo.runs_wanted = false;
        let known = repo.read.is_some() || repo.full_at.is_some() || repo.restored;
        if repo.misses == 2 && known {
            batch.gone_repos.push(self.key(&repo.path));
            repo.read = None;
        }
    }
}

/// Returns whether the host says that there is no such repository.
fn is_lost(data: &Data, alias: &str) -> bool {
    let absent = !data.by_alias.has(alias);
    let said = |error: &super::wire::ReplyError| {
        error.kind.as_deref() == Some("NOT_FOUND") && error.path.len() == 1
    };
    absent && data.errors_of(alias).any(said)
}

/// Splits paths into owners and names.
pub(super) fn split(paths: &[String]) -> Vec<(String, String)> {
    paths
        .iter()
        .map(|path| path.split_once('/').unwrap_or((path, "")))
        .map(|(owner, name)| (owner.to_owned(), name.to_owned()))
        .collect()
}

/// Returns what a repository looks like, and what its checks look like.
///
/// Checks come and go without anything to read anew: runs and the look at change requests tell.
fn fingerprints(mut rest: Value) -> (u64, u64) {
    let hash = |value: &Value| xxhash_rust::xxh3::xxh3_64(value.to_string().as_bytes());
    let mut rollups = Vec::new();
    let branch = rest.pointer_mut("/defaultBranchRef/target");
    rollups.extend(branch.and_then(|commit| Some(commit.get_mut("statusCheckRollup")?.take())));
    let pulls = rest.pointer_mut("/pullRequests/nodes");
    for pull in pulls.and_then(Value::as_array_mut).into_iter().flatten() {
        rollups.extend(pull.get_mut("statusCheckRollup").map(Value::take));
    }
    (hash(&rest), hash(&Value::Array(rollups)))
}

impl RepoState {
    /// Stops reading it; returns whether it was read so far.
    fn archive(&mut self) -> bool {
        self.wanted = Wanted::Nothing;
        self.runs_wanted = false;
        (self.arrivals, self.names) = (Arrivals::default(), Names::default());
        self.changes.clear();
        self.runs.clear();
        let read = self.read.take().is_some();
        std::mem::take(&mut self.restored) || read
    }

    /// Returns how much is to be read once something changed.
    fn due(&self, now: Timestamp) -> Wanted {
        let fresh = self.restored && self.full_at.is_none();
        let recent = self
            .full_at
            .is_some_and(|at| (now - at).num_hours() < CLEAN_FULL_HOURS);
        if fresh || recent {
            Wanted::Lean
        } else {
            Wanted::Full
        }
    }
}

impl ProbeRepo {
    /// Returns when anything last changed, as far as the probe tells.
    fn last_change(&self) -> Option<Timestamp> {
        let of = |list: &[super::wire::Touched]| list.first().and_then(|node| node.updated_at);
        [
            self.pushed_at,
            self.updated_at,
            of(&self.issues.nodes.items),
            of(&self.pull_requests.nodes.items),
        ]
        .into_iter()
        .flatten()
        .max()
    }

    /// Returns whether checks run or a deployment is under way.
    fn is_at_work(&self) -> bool {
        let branch = self.default_branch_ref.as_ref();
        let rollups = branch
            .and_then(|branch| branch.target.as_ref())
            .into_iter()
            .chain(&self.pull_requests.nodes.items)
            .filter_map(|touched| touched.status_check_rollup.as_ref());
        let deployments = self.deployments.nodes.items.iter();
        let deployments = deployments.filter_map(|deployment| deployment.latest_status.as_ref());
        let running = |word: Option<&str>| {
            matches!(
                word,
                Some("PENDING" | "EXPECTED" | "IN_PROGRESS" | "QUEUED" | "WAITING")
            )
        };
        rollups.map(|rollup| rollup.state.as_deref()).any(running)
            || deployments
                .map(|status| status.state.as_deref())
                .any(running)
    }

    /// Returns whether its runs are worth a request at the start: it moved lately, or is not green.
    fn may_run(&self, now: Timestamp) -> bool {
        let lately = |at: Timestamp| (now - at).num_days() < 30;
        self.last_change().is_some_and(lately) || self.is_at_work()
    }
}
