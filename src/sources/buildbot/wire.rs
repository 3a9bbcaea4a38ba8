//! Buildbot's answers (REST, version 2) as they come.
//!
//! Names follow its own description of the interface. Times are seconds since the
//! epoch, codes of results stay as they are, and what came with a later version is optional.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Number, Value};

use crate::sources::http::List;

/// `/builders`
#[derive(Debug, Deserialize)]
pub(super) struct Builders {
    pub(super) builders: List<Builder>,
}

/// What builds are made by.
#[derive(Debug, Deserialize)]
pub(super) struct Builder {
    pub(super) builderid: u64,
    pub(super) name: String,
}

/// `/builds`, and one build.
#[derive(Debug, Deserialize)]
pub(super) struct Builds {
    pub(super) builds: List<Build>,
}

/// One build.
#[derive(Debug, Deserialize)]
pub(super) struct Build {
    pub(super) buildid: u64,
    pub(super) number: u64,
    pub(super) builderid: u64,
    pub(super) buildrequestid: Option<u64>,
    pub(super) complete: bool,
    #[serde(default)]
    pub(super) results: Value,
    pub(super) started_at: Option<Number>,
    pub(super) complete_at: Option<Number>,
    pub(super) state_string: Option<String>,
    /// Those that were asked for.
    pub(super) properties: Option<Properties>,
}

/// Value and origin by name.
pub(super) type Properties = BTreeMap<String, Value>;

/// `/buildrequests`
#[derive(Debug, Deserialize)]
pub(super) struct Requests {
    pub(super) buildrequests: List<BuildRequest>,
}

/// The wish for a build of one builder.
#[derive(Debug, Deserialize)]
pub(super) struct BuildRequest {
    pub(super) buildrequestid: u64,
    pub(super) buildsetid: u64,
    pub(super) builderid: u64,
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    pub(super) results: Value,
    pub(super) submitted_at: Option<Number>,
}

/// `/buildsets`
#[derive(Debug, Deserialize)]
pub(super) struct Buildsets {
    pub(super) buildsets: List<Buildset>,
}

/// Why builds were asked for, and of what.
#[derive(Debug, Deserialize)]
pub(super) struct Buildset {
    pub(super) bsid: u64,
    pub(super) reason: Option<String>,
    pub(super) parent_buildid: Option<u64>,
    /// Since 4.0.
    pub(super) rebuilt_buildid: Option<u64>,
    #[serde(default)]
    pub(super) sourcestamps: List<SourceStamp>,
}

/// One state of one repository.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SourceStamp {
    pub(super) ssid: Option<u64>,
    pub(super) branch: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) project: Option<String>,
    #[serde(default)]
    pub(super) codebase: String,
    pub(super) patch: Option<Patch>,
}

/// A change that is in no repository.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Patch {
    pub(super) author: Option<String>,
    pub(super) comment: Option<String>,
}

/// `/changes`
#[derive(Debug, Deserialize)]
pub(super) struct Changes {
    pub(super) changes: List<Change>,
}

/// A commit that a source of changes told.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    pub(super) author: Option<String>,
    pub(super) comments: Option<String>,
    pub(super) sourcestamp: Option<SourceStamp>,
}

/// `/builders/{id}/builds/{number}/steps`
#[derive(Debug, Deserialize)]
pub(super) struct Steps {
    pub(super) steps: List<Step>,
}

/// One step of a build.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) stepid: u64,
    pub(super) number: u32,
    pub(super) name: String,
    #[serde(default)]
    pub(super) hidden: bool,
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    pub(super) results: Value,
    pub(super) started_at: Option<Number>,
    pub(super) complete_at: Option<Number>,
    pub(super) state_string: Option<String>,
}

/// `/steps/{id}/logs`
#[derive(Debug, Deserialize)]
pub(super) struct Logs {
    pub(super) logs: List<Log>,
}

/// One log of a step.
#[derive(Debug, Deserialize)]
pub(super) struct Log {
    pub(super) logid: u64,
    pub(super) name: String,
    /// `s` with channels, `t` text, `h` a page, `d` deleted.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Whether it will get no more lines.
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    pub(super) num_lines: u64,
}

/// `/logs/{id}/contents`
#[derive(Debug, Deserialize)]
pub(super) struct Chunks {
    pub(super) logchunks: List<Chunk>,
}

/// Some lines of a log.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    /// The number of the first, from 0.
    pub(super) firstline: u64,
    pub(super) content: String,
}

/// `/config` of the pages, since 3.5: what runs there.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) versions: Vec<(String, String)>,
}
