//! The rows: one for each resource that reads a list, and why others have none.
//!
//! What the resources of a kind have in common stands once. A law that a row cannot keep is
//! named in it with the reason, and the test of that law holds the reverse against it.

use cycleboard::sources::alertmanager::Alertmanager;
use cycleboard::sources::buildbot::Buildbot;
use cycleboard::sources::cctray::CcTray;
use cycleboard::sources::gitea::Gitea;
use cycleboard::sources::gitlab::GitLab;
use cycleboard::sources::http_json::HttpJson;
use cycleboard::sources::jenkins::Jenkins;
use cycleboard::sources::prometheus::Prometheus;

use super::{Dialect, Form, Law};

/// What the server that ran something tells is known by that server.
const BY_SERVER: (Law, &str) = (
    Law::Own,
    "what ran is known by the server that ran it, whoever tells",
);

/// What a forge tells is known by the forge.
const BY_FORGE: (Law, &str) = (
    Law::Own,
    "a repository is known by its forge, and its facts with it, whoever tells",
);

/// A part of a project that is off or not shown to the token.
const PART: (Law, &str) = (
    Law::Refused,
    "a project may do without it: what is refused is a capability that is missing",
);

/// Only the newest are read, and then what changed.
const NEWEST: (Law, &str) = (
    Law::Complete,
    "a project has thousands: the newest are read and then what changed, so nothing is a list",
);

/// Such a record has no state.
const STATELESS: (Law, &str) = (Law::Words, "it has no word that says how it stands");

/// Resources that are held against no law here, and why: a kind alone stands for all of its.
pub(super) const APART: &[(&str, &str, &str)] = &[
    (
        "github",
        "",
        "it reads in many steps; `adapters` holds it against its own rows",
    ),
    (
        "http",
        "",
        "whatever comes is what was asked for: a refusal is an alert, no error; see `http_check`",
    ),
    (
        "buildbot",
        "builders",
        "it tells nothing; `builds` reads it, too",
    ),
    (
        "gitea",
        "server",
        "it tells nothing but what the server can",
    ),
    (
        "gitea",
        "changes",
        "a search for what to read, in turns: see `gitea::changes`",
    ),
    (
        "gitea",
        "repo",
        "one record and its branches, not a list: see `gitea`",
    ),
    ("gitea", "ci", "the lists of `runs` and `checks`, once"),
    (
        "gitea",
        "checks",
        "statuses by commit, each a read of its own: see `gitea`",
    ),
    (
        "gitlab",
        "projects",
        "it finds what to read, and tells of projects alone",
    ),
    (
        "gitlab",
        "account",
        "it tells nothing but what the token may",
    ),
    (
        "gitlab",
        "landed",
        "it goes back in time as far as is shown: see `gitlab::lists`",
    ),
    (
        "gitlab",
        "work",
        "what changed of the lists of issues and merge requests",
    ),
    (
        "gitlab",
        "details",
        "one merge request at a time: see `gitlab`",
    ),
    (
        "gitlab",
        "later",
        "one merge request at a time: see `gitlab`",
    ),
    (
        "gitlab",
        "reviews",
        "one merge request at a time: see `gitlab`",
    ),
    (
        "gitlab",
        "jobs",
        "the jobs of one run at a time: see `gitlab::ci`",
    ),
    ("gitlab", "sweep", "`runs` of many projects in turns"),
    (
        "gitlab",
        "alerts",
        "one question in GraphQL for all projects: see `gitlab`",
    ),
    (
        "gitlab",
        "vulnerabilities",
        "one question in GraphQL for all projects: see `gitlab`",
    ),
    (
        "jenkins",
        "builds",
        "builds that the list of jobs left out, one at a time",
    ),
    (
        "jenkins",
        "needs",
        "one build at a time: see `jenkins::looking`",
    ),
    ("jenkins", "past", "builds of long ago, job by job"),
    ("jenkins", "backfill", "for history alone: see `pasts`"),
    ("buildbot", "backfill", "for history alone: see `pasts`"),
    ("gitea", "backfill", "for history alone: see `pasts`"),
    (
        "gitlab",
        "places",
        "of a list that `delivery` reads, once: see `gitlab::delivery`",
    ),
    ("gitlab", "backfill", "for history alone: see `pasts`"),
    (
        "jenkins",
        "live",
        "the stages of what runs, one build at a time",
    ),
];

/// What is common to most.
const BASE: Dialect = Dialect {
    kind: "",
    repos: &[],
    document: "",
    form: Form::Json,
    open: |config, ground, limits| Ok(Box::new(HttpJson::new(config, ground, limits)?)),
    resource: "",
    can: "",
    path: "",
    others: &[],
    good: "",
    empty: "[]",
    records: "",
    word: "",
    texts: &[],
    absent: "",
    login: true,
    spared: &[],
};

const ALERTMANAGER: Dialect = Dialect {
    kind: "alertmanager",
    open: |config, ground, limits| Ok(Box::new(Alertmanager::new(config, ground, limits)?)),
    absent: "`url` is where Alertmanager's own page begins",
    ..BASE
};

const BUILDBOT: Dialect = Dialect {
    kind: "buildbot",
    open: |config, ground, limits| Ok(Box::new(Buildbot::new(config, ground, limits)?)),
    absent: "`url` is where Buildbot's own page begins",
    spared: &[BY_SERVER],
    ..BASE
};

const PROMETHEUS: Dialect = Dialect {
    kind: "prometheus",
    open: |config, ground, limits| Ok(Box::new(Prometheus::new(config, ground, limits)?)),
    others: &[
        (
            "/api/v1/status/buildinfo",
            include_str!("../../data/prometheus/status_buildinfo.json"),
        ),
        (
            "/api/v1/alerts",
            include_str!("../../data/prometheus/alerts.json"),
        ),
        (
            "/api/v1/rules",
            include_str!("../../data/prometheus/rules.json"),
        ),
    ],
    absent: "`url` is where Prometheus's own page begins",
    ..BASE
};

const HTTP_JSON: Dialect = Dialect {
    kind: "http-json",
    absent: "`path` of the map the route below it",
    login: true,
    ..BASE
};

const JENKINS: Dialect = Dialect {
    kind: "jenkins",
    repos: &["team/*"],
    open: |config, ground, limits| Ok(Box::new(Jenkins::new(config, ground, limits)?)),
    absent: "`url` is where Jenkins's own page begins",
    spared: &[BY_SERVER],
    ..BASE
};

const CCTRAY: Dialect = Dialect {
    kind: "cctray",
    document: "/cc.xml",
    form: Form::Projects,
    open: |config, ground, limits| Ok(Box::new(CcTray::new(config, ground, limits)?)),
    absent: "`url` is the address of the document itself",
    spared: &[BY_SERVER],
    ..BASE
};

const GITEA: Dialect = Dialect {
    kind: "gitea",
    repos: &["acme/api"],
    open: |config, ground, limits| Ok(Box::new(Gitea::new(config, ground, limits)?)),
    others: GITEA_BESIDES,
    absent: "`url` is where Gitea's own page begins",
    login: false,
    spared: &[BY_FORGE],
    ..BASE
};

const FORGEJO: Dialect = Dialect {
    kind: "forgejo",
    absent: "`url` is where Forgejo's own page begins",
    ..GITEA
};

const GITLAB: Dialect = Dialect {
    kind: "gitlab",
    repos: &["acme/api"],
    open: |config, ground, limits| Ok(Box::new(GitLab::new(config, ground, limits)?)),
    others: GITLAB_BESIDES,
    absent: "`url` is where GitLab's own page begins",
    login: false,
    spared: &[BY_FORGE],
    ..BASE
};

/// Every resource that is held against the contract.
pub(super) const DIALECTS: &[Dialect] = &[
    Dialect {
        resource: "alerts",
        path: "/api/v2/alerts",
        others: &[(
            "/api/v2/status",
            include_str!("../../data/alertmanager/status.json"),
        )],
        good: include_str!("../../data/alertmanager/alerts.json"),
        word: "/status/state",
        texts: &[
            "/labels/alertname",
            "/labels/severity",
            "/annotations/summary",
        ],
        ..ALERTMANAGER
    },
    Dialect {
        resource: "builds",
        path: "/api/v2/buildrequests",
        others: &[
            (
                "/api/v2/builders",
                include_str!("../../data/buildbot/waiting_builders.json"),
            ),
            (
                "/api/v2/buildsets",
                include_str!("../../data/buildbot/waiting_sets.json"),
            ),
            ("/api/v2/builds", r#"{"builds":[]}"#),
            ("/api/v2/changes", r#"{"changes":[]}"#),
            ("/config", r#"{"versions":[["Buildbot","4.3.0"]]}"#),
        ],
        good: include_str!("../../data/buildbot/waiting.json"),
        empty: r#"{"buildrequests":[]}"#,
        records: "/buildrequests",
        word: "/results",
        ..BUILDBOT
    },
    Dialect {
        resource: "projects",
        path: "/cc.xml",
        good: include_str!("../../data/cctray/projects.json"),
        word: "/lastBuildStatus",
        texts: &["/name", "/lastBuildLabel", "/lastBuildTime", "/webUrl"],
        ..CCTRAY
    },
    Dialect {
        resource: "alerts",
        path: "/api/v1/alerts",
        good: include_str!("../../data/prometheus/alerts.json"),
        empty: r#"{"status":"success","data":{"alerts":[]}}"#,
        records: "/data/alerts",
        word: "/state",
        texts: &[
            "/labels/alertname",
            "/labels/severity",
            "/annotations/summary",
        ],
        ..PROMETHEUS
    },
    Dialect {
        resource: "rules",
        path: "/api/v1/rules",
        good: include_str!("../../data/prometheus/rules_failing.json"),
        empty: r#"{"status":"success","data":{"groups":[]}}"#,
        records: "/data/groups",
        word: "/rules/0/health",
        texts: &["/name", "/rules/0/name", "/rules/0/lastError"],
        ..PROMETHEUS
    },
    Dialect {
        resource: "runs",
        path: "/runs",
        good: include_str!("../http_json/runs.json"),
        empty: r#"{"total":0,"runs":[]}"#,
        records: "/runs",
        word: "/status",
        texts: &["/pipeline", "/note", "/by", "/git/ref"],
        ..HTTP_JSON
    },
    Dialect {
        resource: "tickets",
        path: "/cards",
        good: include_str!("../http_json/tickets.json"),
        word: "/state",
        texts: &["/name"],
        ..HTTP_JSON
    },
    Dialect {
        resource: "deployments",
        path: "/releases",
        good: include_str!("../http_json/deployments.json"),
        empty: r#"{"items":[],"paging":{}}"#,
        records: "/items",
        word: "/state",
        texts: &["/stage", "/what"],
        ..HTTP_JSON
    },
    Dialect {
        resource: "alerts",
        path: "/drifts",
        good: include_str!("../http_json/alerts.json"),
        empty: r#"{"result":{"drifts":null}}"#,
        records: "/result/drifts",
        word: "/state",
        texts: &["/what", "/model", "/level"],
        ..HTTP_JSON
    },
    Dialect {
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
            (
                "/job/team/job/api%20nightly/7/wfapi/describe",
                include_str!("../../data/jenkins/describe.json"),
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
        ..JENKINS
    },
    Dialect {
        resource: "issues:acme/api",
        path: "/api/v1/repos/acme/api/issues",
        good: include_str!("../../data/gitea/issues.json"),
        word: "/state",
        texts: &[
            "/title",
            "/user/login",
            "/labels/0/name",
            "/milestone/title",
        ],
        ..GITEA
    },
    Dialect {
        resource: "pulls:acme/api",
        path: "/api/v1/repos/acme/api/pulls",
        good: include_str!("../../data/gitea/pulls.json"),
        word: "/state",
        texts: &["/title", "/user/login", "/body", "/head/ref", "/base/ref"],
        ..FORGEJO
    },
    Dialect {
        resource: "runs:acme/api",
        path: "/api/v1/repos/acme/api/actions/runs",
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
        ..FORGEJO
    },
    Dialect {
        resource: "issues",
        path: "/api/v4/projects/acme%2Fapi/issues",
        good: include_str!("../../data/gitlab/issues.json"),
        word: "/state",
        texts: &[
            "/title",
            "/labels/0",
            "/milestone/title",
            "/author/username",
        ],
        ..GITLAB
    },
    Dialect {
        resource: "merge requests",
        path: "/api/v4/projects/acme%2Fapi/merge_requests",
        good: include_str!("../../data/gitlab/merge_requests.json"),
        word: "/detailed_merge_status",
        texts: &["/title", "/labels/0", "/source_branch", "/author/username"],
        ..GITLAB
    },
    Dialect {
        resource: "runs:acme/api",
        path: "/api/v4/projects/acme%2Fapi/pipelines",
        good: include_str!("../../data/gitlab/pipelines.json"),
        word: "/status",
        texts: &["/name", "/ref", "/source", "/status"],
        spared: &[BY_FORGE, NEWEST, PART],
        ..GITLAB
    },
    Dialect {
        resource: "delivery:acme/api",
        can: "deployments",
        path: "/api/v4/projects/acme%2Fapi/deployments",
        good: include_str!("../../data/gitlab/deployments.json"),
        word: "/status",
        texts: &["/ref", "/status", "/environment/name", "/user/username"],
        spared: &[BY_FORGE, NEWEST, PART],
        ..GITLAB
    },
    Dialect {
        resource: "delivery:acme/api",
        can: "environments",
        path: "/api/v4/projects/acme%2Fapi/environments",
        good: include_str!("../../data/gitlab/environments.json"),
        texts: &["/name", "/external_url"],
        spared: &[BY_FORGE, STATELESS, PART],
        ..GITLAB
    },
    Dialect {
        resource: "delivery:acme/api",
        can: "releases",
        path: "/api/v4/projects/acme%2Fapi/releases",
        good: include_str!("../../data/gitlab/releases.json"),
        texts: &["/name", "/tag_name", "/author/username"],
        spared: &[BY_FORGE, STATELESS, PART],
        ..GITLAB
    },
];

/// What Gitea and Forgejo answer to a check-up and to what follows a list, besides what a row breaks.
const GITEA_BESIDES: &[(&str, &str)] = &[
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

/// What GitLab answers to a check-up, besides what a row breaks.
const GITLAB_BESIDES: &[(&str, &str)] = &[
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
    ("/api/v4/projects/acme%2Fapi/repository/commits", "[]"),
    ("/api/v4/projects/acme%2Fapi/protected_environments", "[]"),
    ("/api/v4/projects/acme%2Fapi/deployments", "[]"),
    ("/api/v4/projects/acme%2Fapi/environments", "[]"),
    ("/api/v4/projects/acme%2Fapi/releases", "[]"),
    (
        "/api/graphql",
        r#"{"data":{"place":{"vulnerabilities":{"nodes":[],"pageInfo":{"hasNextPage":false}}}}}"#,
    ),
];
