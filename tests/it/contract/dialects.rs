//! The rows: one for each kind of source.

use cycleboard::sources::alertmanager::Alertmanager;
use cycleboard::sources::gitea::Gitea;
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
        kind: "gitea",
        repos: &["acme/api"],
        open: |config, ground, limits| Ok(Box::new(Gitea::new(config, ground, limits)?)),
        resource: "issues:acme/api",
        path: "/api/v1/repos/acme/api/issues",
        others: GITEA,
        good: include_str!("../../data/gitea/issues.json"),
        empty: "[]",
        records: "",
        word: "/state",
        texts: &[
            "/title",
            "/user/login",
            "/labels/0/name",
            "/milestone/title",
        ],
        absent: "`url` is where Gitea's own page begins",
        login: false,
    },
    Dialect {
        kind: "forgejo",
        repos: &["acme/api"],
        open: |config, ground, limits| Ok(Box::new(Gitea::new(config, ground, limits)?)),
        resource: "pulls:acme/api",
        path: "/api/v1/repos/acme/api/pulls",
        others: GITEA,
        good: include_str!("../../data/gitea/pulls.json"),
        empty: "[]",
        records: "",
        word: "/state",
        texts: &["/title", "/user/login", "/body", "/head/ref", "/base/ref"],
        absent: "`url` is where Forgejo's own page begins",
        login: false,
    },
    Dialect {
        kind: "forgejo",
        repos: &["acme/api"],
        open: |config, ground, limits| Ok(Box::new(Gitea::new(config, ground, limits)?)),
        resource: "runs:acme/api",
        path: "/api/v1/repos/acme/api/actions/runs",
        others: GITEA,
        good: include_str!("../../data/gitea/runs_forgejo.json"),
        empty: r#"{"workflow_runs":[],"total_count":0}"#,
        records: "/workflow_runs",
        word: "/status",
        texts: &[
            "/title",
            "/prettyref",
            "/workflow_id",
            "/trigger_user/login",
        ],
        absent: "`url` is where Forgejo's own page begins",
        login: false,
    },
];

/// What Gitea and Forgejo answer to a check-up and to what follows a list, besides what a row breaks.
const GITEA: &[(&str, &str)] = &[
    (
        "/api/v1/version",
        include_str!("../../data/gitea/version_gitea.json"),
    ),
    ("/api/v1/settings/api", r#"{"max_response_items":50}"#),
    ("/api/v1/user", r#"{"id":5,"login":"ada"}"#),
    (
        "/api/v1/repos/acme/api",
        include_str!("../../data/gitea/repo.json"),
    ),
    ("/api/v1/repos/acme/api/issues", "[]"),
    ("/api/v1/repos/acme/api/pulls", "[]"),
    ("/api/v1/repos/acme/api/pulls/20/reviews", "[]"),
    ("/api/v1/repos/acme/api/pulls/21/reviews", "[]"),
    ("/api/v1/repos/acme/api/pulls/22/reviews", "[]"),
    ("/api/v1/repos/acme/api/releases", "[]"),
    (
        "/api/v1/repos/acme/api/actions/runs",
        r#"{"workflow_runs":[],"total_count":0}"#,
    ),
];
