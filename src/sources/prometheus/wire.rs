//! Prometheus' answers (interface v1) as they come.
//!
//! An answer says itself whether it is one. Only what the board needs is read:
//! queries, annotations of rules and values stay where they are.

use serde::Deserialize;

use crate::domain::Timestamp;
use crate::sources::http::List;
use crate::sources::labels::Labels;

/// What is around every answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    pub(super) status: String,
    pub(super) data: Option<T>,
    pub(super) error_type: Option<String>,
    pub(super) error: Option<String>,
    /// Why the answer is only a part of the truth.
    pub(super) warnings: Option<Vec<String>>,
}

/// `/api/v1/alerts`.
#[derive(Debug, Deserialize)]
pub(super) struct Alerts {
    pub(super) alerts: List<ActiveAlert>,
}

/// An alert that fires or is about to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveAlert {
    pub(super) labels: Labels,
    pub(super) annotations: Option<Labels>,
    pub(super) state: String,
    pub(super) active_at: Option<Timestamp>,
}

/// `/api/v1/rules`.
#[derive(Debug, Deserialize)]
pub(super) struct Rules {
    pub(super) groups: List<Group>,
}

/// Rules that are evaluated together.
#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) file: Option<String>,
    pub(super) rules: List<Rule>,
    /// Seconds between two evaluations.
    pub(super) interval: Option<f64>,
}

/// One rule, for alerts or for recording.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) health: Option<String>,
    pub(super) last_error: Option<String>,
    pub(super) last_evaluation: Option<Timestamp>,
    pub(super) labels: Option<Labels>,
}

/// `/api/v1/status/buildinfo`.
#[derive(Debug, Deserialize)]
pub(super) struct BuildInfo {
    pub(super) version: Option<String>,
}
