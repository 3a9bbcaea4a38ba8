//! Alertmanager's answers (v2) as they come.
//!
//! Names follow its published description. Words of enums stay text; who silenced
//! what is counted, not kept.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::domain::Timestamp;
use crate::sources::labels::Labels;

/// An alert of `/api/v2/alerts`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GettableAlert {
    pub(super) labels: Labels,
    pub(super) annotations: Option<Labels>,
    pub(super) fingerprint: Option<String>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Option<Timestamp>,
    pub(super) status: AlertStatus,
}

/// How an alert stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AlertStatus {
    pub(super) state: String,
    pub(super) silenced_by: Option<Vec<IgnoredAny>>,
    pub(super) inhibited_by: Option<Vec<IgnoredAny>>,
    /// Time intervals that mute it; since 0.28.
    pub(super) muted_by: Option<Vec<IgnoredAny>>,
}

/// `/api/v2/status`, as far as it may be shown: the configuration stays where it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) version_info: Option<VersionInfo>,
    pub(super) cluster: Option<Cluster>,
}

/// Which version runs.
#[derive(Debug, Deserialize)]
pub(super) struct VersionInfo {
    pub(super) version: Option<String>,
}

/// How it stands with its peers.
#[derive(Debug, Deserialize)]
pub(super) struct Cluster {
    pub(super) status: Option<String>,
}
