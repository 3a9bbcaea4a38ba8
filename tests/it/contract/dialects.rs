//! The rows: one for each kind of source.

use cycleboard::sources::alertmanager::Alertmanager;
use cycleboard::sources::gitlab::GitLab;
use cycleboard::sources::prometheus::Prometheus;

use super::Dialect;

/// Every kind that is held against the contract.
pub(super) const DIALECTS: &[Dialect] = &[
    Dialect {
        kind: "alertmanager",
        repos: &[],
        open: |config, ground, limits| Ok(Box::new(Alertmanager::new(config, ground, limits)?)),
        resource: "alerts",
        path: "/api/v2/alerts",
        others: &[(
            "/api/v2/status",
            include_str!("../../data/alertmanager/status.json"),
        )],
        good: include_str!("../../data/alertmanager/alerts.json"),
        empty: "[]",
        records: "",
        word: "/status/state",
        texts: &[
            "/labels/alertname",
            "/labels/severity",
            "/annotations/summary",
        ],
        absent: "`url` is where Alertmanager's own page begins",
        login: true,
    },
    Dialect {
        kind: "prometheus",
        repos: &[],
        open: |config, ground, limits| Ok(Box::new(Prometheus::new(config, ground, limits)?)),
        resource: "alerts",
        path: "/api/v1/alerts",
        others: &[
            (
                "/api/v1/status/buildinfo",
                include_str!("../../data/prometheus/status_buildinfo.json"),
            ),
            (
                "/api/v1/rules",
                include_str!("../../data/prometheus/rules.json"),
            ),
        ],
        good: include_str!("../../data/prometheus/alerts.json"),
        empty: r#"{"status":"success","data":{"alerts":[]}}"#,
        records: "/data/alerts",
        word: "/state",
        texts: &[
            "/labels/alertname",
            "/labels/severity",
            "/annotations/summary",
        ],
        absent: "`url` is where Prometheus's own page begins",
        login: true,
    },
    Dialect {
        kind: "prometheus",
        repos: &[],
        open: |config, ground, limits| Ok(Box::new(Prometheus::new(config, ground, limits)?)),
        resource: "rules",
        path: "/api/v1/rules",
        others: &[
            (
                "/api/v1/status/buildinfo",
                include_str!("../../data/prometheus/status_buildinfo.json"),
            ),
            (
                "/api/v1/alerts",
                include_str!("../../data/prometheus/alerts.json"),
            ),
        ],
        good: include_str!("../../data/prometheus/rules_failing.json"),
        empty: r#"{"status":"success","data":{"groups":[]}}"#,
        records: "/data/groups",
        word: "/rules/0/health",
        texts: &["/name", "/rules/0/name", "/rules/0/lastError"],
        absent: "`url` is where Prometheus's own page begins",
        login: true,
    },
    Dialect {
        kind: "gitlab",
        repos: &["acme/api"],
        open: |config, ground, limits| Ok(Box::new(GitLab::new(config, ground, limits)?)),
        resource: "issues",
        path: "/api/v4/projects/acme%2Fapi/issues",
        others: GITLAB,
        good: include_str!("../../data/gitlab/issues.json"),
        empty: "[]",
        records: "",
        word: "/state",
        texts: &[
            "/title",
            "/labels/0",
            "/milestone/title",
            "/author/username",
        ],
        absent: "`url` is where GitLab's own page begins",
        login: false,
    },
    Dialect {
        kind: "gitlab",
        repos: &["acme/api"],
        open: |config, ground, limits| Ok(Box::new(GitLab::new(config, ground, limits)?)),
        resource: "merge requests",
        path: "/api/v4/projects/acme%2Fapi/merge_requests",
        others: GITLAB,
        good: include_str!("../../data/gitlab/merge_requests.json"),
        empty: "[]",
        records: "",
        word: "/detailed_merge_status",
        texts: &["/title", "/labels/0", "/source_branch", "/author/username"],
        absent: "`url` is where GitLab's own page begins",
        login: false,
    },
];

/// What GitLab answers to a check-up, besides what a row breaks.
const GITLAB: &[(&str, &str)] = &[
    (
        "/api/v4/version",
        include_str!("../../data/gitlab/version.json"),
    ),
    (
        "/api/v4/personal_access_tokens/self",
        include_str!("../../data/gitlab/token.json"),
    ),
    (
        "/api/v4/projects/acme%2Fapi",
        include_str!("../../data/gitlab/project.json"),
    ),
    (
        "/api/v4/projects/acme%2Fapi/issues",
        include_str!("../../data/gitlab/issues.json"),
    ),
    (
        "/api/v4/projects/acme%2Fapi/merge_requests",
        include_str!("../../data/gitlab/merge_requests.json"),
    ),
    ("/api/v4/projects/acme%2Fapi/pipelines", "[]"),
    ("/api/v4/projects/acme%2Fapi/deployments", "[]"),
    ("/api/v4/projects/acme%2Fapi/releases", "[]"),
];
