//! What benchmarks may call: the way from a body to facts, without a request.
//!
//! The same functions as in a fetch, in the same order. Nothing else names this.

use serde_json::Value;

use super::map::runs;
use super::probe::{fragments, over, split};
use super::refresh::{self, DECLARED, DOCUMENT};
use super::wire::{RefreshRepo, Reply};
use super::wire_rest::RunPage;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::sources::http::decode;

/// Returns the body of a full refresh of these repositories (`owner/name`).
pub fn refresh_query(paths: &[String]) -> Value {
    let (head, mut variables) = over(&split(paths), DECLARED, "", "RefreshRepo");
    refresh::full_size(&mut variables);
    for name in ["rollup", "projects", "alerts"] {
        variables.insert(name.to_owned(), Value::Bool(true));
    }
    let document = format!("{head}{}", fragments(DOCUMENT));
    serde_json::json!({"query": document, "operationName": "Board", "variables": variables})
}

/// Returns what the answer to a refresh tells.
pub fn refresh_facts(host: &str, body: &[u8]) -> Vec<Fact> {
    let reply: Option<Reply> = decode(host, "/graphql", body).ok();
    let data = reply.and_then(|reply| reply.data).unwrap_or_default();
    let mut facts = Vec::new();
    for alias in data.names().filter(|alias| alias.starts_with('r')) {
        if let Some(Ok(wire)) = data.read::<RefreshRepo>(alias) {
            let key = RepoKey::new(host, &wire.name_with_owner);
            let (mut found, _) = refresh::facts_of(&key, &wire, true);
            facts.append(&mut found);
        }
    }
    facts
}

/// Returns what a list of runs tells.
pub fn run_facts(repo: &RepoKey, body: &[u8]) -> Vec<Fact> {
    let page: Option<RunPage> = decode(repo.host(), "/actions/runs", body).ok();
    let runs = page.into_iter().flat_map(|page| page.workflow_runs.items);
    runs.map(|wire| Fact::Run(runs::run(repo, &wire))).collect()
}
