//! The rows: one for each kind of source.

use cycleboard::sources::alertmanager::Alertmanager;
use cycleboard::sources::jenkins::Jenkins;
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
        kind: "jenkins",
        repos: &["team/*"],
        open: |config, ground, limits| Ok(Box::new(Jenkins::new(config, ground, limits)?)),
        resource: "jobs",
        path: "/job/team/api/json",
        others: &[
            (
                "/api/json",
                r#"{"_class":"hudson.model.Hudson","nodeName":""}"#,
            ),
            (
                "/whoAmI/api/json",
                r#"{"_class":"hudson.security.WhoAmI","anonymous":false,"name":"board"}"#,
            ),
        ],
        good: include_str!("../../data/jenkins/team.json"),
        empty: r#"{"_class":"com.cloudbees.hudson.plugins.folder.Folder","jobs":[]}"#,
        records: "/jobs",
        word: "/builds/0/result",
        texts: &[
            "/name",
            "/builds/0/displayName",
            "/builds/0/actions/1/causes/0/shortDescription",
            "/builds/0/actions/1/causes/0/userId",
            "/builds/0/actions/2/lastBuiltRevision/branch/0/name",
        ],
        absent: "`url` is where Jenkins's own page begins",
        login: true,
    },
];
