//! Every kind of source: its word, what the configuration must know, how it is opened.
//!
//! One row an adapter; nothing else in the program lists them.

use crate::config::{RepoNames, SourceConfig, SourceKind};
use crate::sources::http::Ground;
use crate::sources::usual::{self, Usual};
use crate::sources::{
    Source, SourceError, alertmanager, buildbot, cctray, gitea, github, gitlab, http_check,
    http_json, jenkins, prometheus,
};

/// One kind of source that the program knows.
pub struct Kind {
    /// What the configuration must know of it.
    pub config: SourceKind,
    /// What it is, for help texts.
    pub about: &'static str,
    /// Makes a source from its settings.
    pub open: Open,
    /// What is usual there: hosts, tokens, how a host shows that it is of this kind.
    pub usual: &'static Usual,
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
        usual: &usual::GITHUB,
    },
    Kind {
        config: SourceKind {
            name: "gitea",
            url: None,
            repos: RepoNames::Flat,
            paths: &[],
            tables: &[],
        },
        about: "Gitea: as far as its version has what is asked for",
        open: gitea::open,
        usual: &usual::GITEA,
    },
    Kind {
        config: SourceKind {
            name: "forgejo",
            url: None,
            repos: RepoNames::Flat,
            paths: &[],
            tables: &[],
        },
        about: "Forgejo, e.g. Codeberg: as far as its version has what is asked for",
        open: gitea::open,
        usual: &usual::FORGEJO,
    },
    Kind {
        config: SourceKind {
            name: "gitlab",
            url: Some("https://gitlab.com"),
            repos: RepoNames::Nested,
            paths: &[],
            tables: &[],
        },
        about: "gitlab.com and self-managed GitLab, interface v4",
        open: gitlab::open,
        usual: &usual::GITLAB,
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
        usual: &usual::ALERTMANAGER,
    },
    Kind {
        config: SourceKind {
            name: "buildbot",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &["project"],
        },
        about: "Buildbot: builds of its builders, with steps and logs",
        open: buildbot::open,
        usual: &usual::BUILDBOT,
    },
    Kind {
        config: SourceKind {
            name: "cctray",
            url: None,
            repos: RepoNames::Absent,
            paths: &[],
            tables: &["project"],
        },
        about: "CI servers that serve `cc.xml`: the last build of each project",
        open: cctray::open,
        usual: &usual::CCTRAY,
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
        usual: &usual::PROMETHEUS,
    },
    Kind {
        config: SourceKind {
            name: "jenkins",
            url: None,
            repos: RepoNames::Jobs,
            paths: &[],
            tables: &["project"],
        },
        about: "Jenkins: builds, stages, tests and logs of jobs and branches",
        open: jenkins::open,
        usual: &usual::JENKINS,
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
        usual: &usual::NOTHING,
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
        usual: &usual::NOTHING,
    },
];
