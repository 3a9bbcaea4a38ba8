//! The rows: one for each kind of source.

use cycleboard::sources::alertmanager::Alertmanager;
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
];
