//! Every kind of source: its word, what the configuration must know, how it is opened.
//!
//! One row an adapter; nothing else in the program lists them.

use crate::config::{RepoNames, SourceConfig, SourceKind};
use crate::sources::http::Ground;
use crate::sources::{
    Source, SourceError, alertmanager, github, http_check, http_json, prometheus,
};

/// One kind of source that the program knows.
pub struct Kind {
    /// What the configuration must know of it.
    pub config: SourceKind,
    /// What it is, for help texts.
    pub about: &'static str,
    /// Makes a source from its settings.
    pub open: Open,
}

/// Makes a source from its settings, without asking the network.
pub type Open = fn(&SourceConfig, &Ground) -> Result<Box<dyn Source>, SourceError>;

/// Every kind of source; one row an adapter.
pub const REGISTRY: &[Kind] = &[
    Kind {
        config: SourceKind {
            name: "github",
            url: Some("https://github.com"),
            repos: RepoNames::Flat,
            paths: &["", "/api/v3"],
            tables: &[],
        },
        about: "github.com and GitHub Enterprise Server",
        open: github::open,
    },
    Kind {
        config: SourceKind {
            name: "alertmanager",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &[],
        },
        about: "Prometheus Alertmanager, interface v2: alerts",
        open: alertmanager::open,
    },
    Kind {
        config: SourceKind {
            name: "prometheus",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &[],
        },
        about: "Prometheus: alerts, and rules that cannot be evaluated",
        open: prometheus::open,
    },
    Kind {
        config: SourceKind {
            name: "http",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &["check"],
        },
        about: "HTTP checks of services: status, body, latency, certificate, version",
        open: http_check::open,
    },
    Kind {
        config: SourceKind {
            name: "http-json",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &["map"],
        },
        about: "anything that answers JSON: tickets, runs, deployments or alerts by a map",
        open: http_json::open,
    },
];
