//! What is usual at each kind of system: its hosts, its tokens, how it shows what it is.
//!
//! Data alone, one entry a kind, named by its row of the registry. Who looks for a
//! token, a host or a clone's forge reads it here; nobody lists the kinds again.

use crate::config::SourceKind;
use crate::sources::REGISTRY;

/// What is usual at one kind of system.
#[derive(Debug)]
pub struct Usual {
    /// What people call it.
    pub product: &'static str,
    /// What a right `url` looks like.
    pub example: &'static str,
    /// Hosts that are of this kind for sure; one that begins with a dot stands for all below it.
    pub hosts: &'static [&'static str],
    /// Other names under which these hosts answer ssh, and the host that is meant.
    pub ssh: &'static [(&'static str, &'static str)],
    /// Variables that hold a token, and for which host.
    pub variables: &'static [Variables],
    /// Programs that hold a token, asked in this order.
    pub tools: &'static [Tool],
    /// How a host shows that it is of this kind.
    pub probes: &'static [Probe],
    /// Ports on which it listens where nobody said otherwise.
    pub ports: &'static [u16],
    /// What a token must be allowed at least, in the words of its pages.
    pub may: &'static str,
}

/// Variables that hold the token of a host.
#[derive(Debug)]
pub struct Variables {
    /// The variables, the first that is set counts.
    pub names: &'static [&'static str],
    /// The variable with the user, where a token alone is no login.
    pub user: Option<&'static str>,
    /// Variables that name the host; where one of them is set, no other host gets the token.
    pub named: &'static [&'static str],
    /// The hosts that it is for where none of `named` is set.
    pub hosts: &'static [&'static str],
}

/// A program that people log in with.
#[derive(Debug)]
pub struct Tool {
    /// Its name.
    pub program: &'static str,
    /// How it is asked for a token.
    pub asked: Asked,
    /// What makes it renew a token that does not last: that of a login by the browser.
    pub renew: &'static [&'static str],
    /// What a person types to log in; `{host}` stands for the host.
    pub login: &'static str,
    /// Where it keeps the hosts that it is logged in to.
    pub book: Option<Book>,
}

/// How a program is asked for a token; `{host}` and `{url}` stand for where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It prints the token of any host that is named, and nothing where it has none.
    Prints(&'static [&'static str]),
    /// The same, but it may answer with a token of no host in particular: it is asked only about
    /// hosts in its own book.
    PrintsListed(&'static [&'static str]),
    /// It tells its logins as JSON and then speaks git's protocol for credentials.
    Credential {
        /// The words for its logins.
        list: &'static [&'static str],
        /// The words for the credential of a host.
        get: &'static [&'static str],
    },
    /// It hands out no token.
    Not,
}

/// A file in which a program keeps its hosts. Nothing but hosts is read from it.
#[derive(Debug)]
pub struct Book {
    /// The variable that names its directory.
    pub variable: Option<&'static str>,
    /// Its directory, below that for configuration or data.
    pub dir: &'static str,
    /// Whether it is below the directory for data.
    pub data: bool,
    /// The file.
    pub file: &'static str,
    /// What it looks like.
    pub form: Form,
}

/// What a file of hosts looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// YAML: each key at its top is a host.
    Keys,
    /// YAML: each key below this one is a host.
    Below(&'static str),
    /// YAML: a list below this key, each entry with a `url`.
    Urls(&'static str),
    /// JSON: the keys of this member of the object are hosts.
    Json(&'static str),
}

impl Tool {
    /// Returns the words that log it in to a host.
    pub fn log_in(&self, scheme: &str, host: &str) -> String {
        let words = self.login.replace("{scheme}", scheme);
        words.replace("{host}", host)
    }
}

/// A question that needs no login, and the answer that only one kind of system gives.
#[derive(Debug)]
pub struct Probe {
    /// The path, below the base path.
    pub path: &'static str,
    /// Keys of the JSON object that it answers.
    pub keys: &'static [&'static str],
    /// Words that the answer must hold besides.
    pub words: &'static str,
    /// Words that it must not hold.
    pub never: &'static str,
    /// What it says to strangers where it lets in nobody else; nothing where that tells nothing.
    pub refusal: &'static str,
}

impl Usual {
    /// Returns whether a host is of this kind for sure.
    pub fn is_host(&self, host: &str) -> bool {
        fits(self.hosts, host)
    }
}

/// Returns whether a list of hosts, some of which stand for all below them, holds a host.
pub fn fits(hosts: &[&str], host: &str) -> bool {
    let mut hosts = hosts.iter();
    hosts.any(|known| *known == host || (known.starts_with('.') && host.ends_with(known)))
}

/// One kind, and what is usual there.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What the configuration knows of it.
    pub kind: &'static SourceKind,
    /// What is usual there.
    pub usual: &'static Usual,
}

/// Returns all kinds, in the order of the registry.
pub fn rows() -> Vec<Row> {
    let rows = REGISTRY.iter();
    rows.map(|row| Row {
        kind: &row.config,
        usual: row.usual,
    })
    .collect()
}

/// Returns what is usual at a kind; nothing where there is no such kind.
pub fn of(kind: &str) -> &'static Usual {
    let row = REGISTRY.iter().find(|row| row.config.name == kind);
    row.map_or(&NOTHING, |row| row.usual)
}

/// Variables that make a program answer with another token than the one that it holds: that of a
/// job, or one that was given for something else. None of ours, and no program is shown them.
pub const NEVER: &[&str] = &["CI_JOB_TOKEN", "JOB_TOKEN", "GLAB_ENABLE_CI_AUTOLOGIN"];

/// Returns every variable that may hold a token of some kind of system.
pub fn variables() -> Vec<&'static str> {
    let mut names: Vec<&str> = REGISTRY
        .iter()
        .flat_map(|row| row.usual.variables)
        .flat_map(|variables| variables.names)
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Where nothing is usual.
pub const NOTHING: Usual = Usual {
    product: "the server",
    example: "https://ci.example.org",
    hosts: &[],
    ssh: &[],
    variables: &[],
    tools: &[],
    probes: &[],
    ports: &[],
    may: "",
};

/// GitHub.
pub const GITHUB: Usual = Usual {
    product: "GitHub",
    example: "https://github.com",
    hosts: &["github.com", ".ghe.com"],
    ssh: &[("ssh.github.com", "github.com")],
    variables: &[
        Variables {
            names: &["GH_TOKEN", "GITHUB_TOKEN"],
            user: None,
            named: &[],
            hosts: &["github.com", ".ghe.com"],
        },
        Variables {
            names: &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
            user: None,
            named: &["GH_HOST"],
            hosts: &[],
        },
    ],
    tools: &[Tool {
        program: "gh",
        asked: Asked::Prints(&["auth", "token", "--hostname", "{host}"]),
        renew: &[],
        login: "gh auth login --hostname {host}",
        book: Some(Book {
            variable: Some("GH_CONFIG_DIR"),
            dir: "gh",
            data: false,
            file: "hosts.yml",
            form: Form::Keys,
        }),
    }],
    probes: &[Probe {
        path: "api/v3/meta",
        keys: &["verifiable_password_authentication"],
        words: "",
        never: "",
        refusal: "Must authenticate to access this API",
    }],
    ports: &[],
    may: "`repo` and `read:org`, or read access to contents, issues, pull requests and actions",
};

/// GitLab.
pub const GITLAB: Usual = Usual {
    product: "GitLab",
    example: "https://gitlab.com",
    hosts: &["gitlab.com"],
    ssh: &[("altssh.gitlab.com", "gitlab.com")],
    variables: &[
        Variables {
            names: &["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"],
            user: None,
            named: &["GITLAB_HOST", "GITLAB_URI", "GL_HOST"],
            hosts: &["gitlab.com"],
        },
        // `glab` takes it, too, but its name is nobody's: only where a host is named with it.
        Variables {
            names: &["OAUTH_TOKEN"],
            user: None,
            named: &["GITLAB_HOST", "GITLAB_URI", "GL_HOST"],
            hosts: &[],
        },
    ],
    tools: &[Tool {
        program: "glab",
        asked: Asked::PrintsListed(&["config", "get", "token", "--host", "{host}"]),
        // It prints what it has, good or not; whenever it asks the host itself, it renews it.
        renew: &["auth", "status", "--hostname", "{host}"],
        login: "glab auth login --hostname {host}",
        book: Some(Book {
            variable: Some("GLAB_CONFIG_DIR"),
            dir: "glab-cli",
            data: false,
            file: "config.yml",
            form: Form::Below("hosts"),
        }),
    }],
    probes: &[
        Probe {
            path: "api/v4/version",
            keys: &["version", "revision"],
            words: "",
            never: "",
            refusal: "401 Unauthorized",
        },
        Probe {
            path: "-/manifest.json",
            keys: &["name", "short_name"],
            words: "GitLab",
            never: "",
            refusal: "",
        },
    ],
    ports: &[],
    may: "`read_api`",
};

/// What Gitea and Forgejo say to strangers where they let in nobody else.
const SIGNED_IN: &str = "Only signed in user is allowed to call APIs";

const GITEA_VARIABLES: Variables = Variables {
    names: &["GITEA_TOKEN"],
    user: None,
    named: &["GITEA_INSTANCE_URL", "GITEA_CLI_HOST", "GITEA_SERVER_URL"],
    hosts: &[],
};

const GITEA_SERVER: Variables = Variables {
    names: &["GITEA_SERVER_TOKEN"],
    user: None,
    named: &["GITEA_SERVER_URL"],
    hosts: &[],
};

const TEA: Tool = Tool {
    program: "tea",
    asked: Asked::Credential {
        list: &["login", "list", "--output", "json"],
        get: &["login", "helper", "get"],
    },
    renew: &[],
    login: "tea login add --url {scheme}://{host}",
    book: Some(Book {
        variable: None,
        dir: "tea",
        data: false,
        file: "config.yml",
        form: Form::Urls("logins"),
    }),
};

/// Gitea.
pub const GITEA: Usual = Usual {
    product: "Gitea",
    example: "https://gitea.com",
    hosts: &["gitea.com"],
    ssh: &[],
    variables: &[GITEA_VARIABLES, GITEA_SERVER],
    tools: &[
        TEA,
        Tool {
            program: "gt",
            asked: Asked::Prints(&["auth", "token", "--host", "{url}"]),
            renew: &[],
            login: "gt auth login --host {scheme}://{host}",
            book: None,
        },
    ],
    probes: &[Probe {
        path: "api/v1/version",
        keys: &["version"],
        words: "",
        never: "+gitea",
        refusal: SIGNED_IN,
    }],
    ports: &[3000],
    may: "`read:repository`, `read:issue`, `read:organization` and `read:user`",
};

/// Forgejo.
pub const FORGEJO: Usual = Usual {
    product: "Forgejo",
    example: "https://codeberg.org",
    hosts: &["codeberg.org"],
    ssh: &[],
    variables: &[
        Variables {
            names: &["FORGEJO_TOKEN", "FORGEJO_ACCESS_TOKEN"],
            user: None,
            named: &["FORGEJO_URL", "FORGEJO_INSTANCE_URL", "FORGEJO_SERVER_URL"],
            hosts: &[],
        },
        Variables {
            names: &["CODEBERG_TOKEN"],
            user: None,
            named: &[],
            hosts: &["codeberg.org"],
        },
        GITEA_VARIABLES,
        GITEA_SERVER,
    ],
    tools: &[
        TEA,
        Tool {
            program: "fj",
            asked: Asked::Not,
            renew: &[],
            login: "",
            book: Some(Book {
                variable: None,
                dir: "forgejo-cli",
                data: true,
                file: "keys.json",
                form: Form::Json("hosts"),
            }),
        },
    ],
    probes: &[
        Probe {
            path: "api/forgejo/v1/version",
            keys: &["version"],
            words: "",
            never: "",
            refusal: SIGNED_IN,
        },
        Probe {
            path: "api/v1/version",
            keys: &["version"],
            words: "+gitea",
            never: "",
            refusal: "",
        },
    ],
    ports: &[3000],
    may: "`read:repository`, `read:issue`, `read:organization` and `read:user`",
};

/// Jenkins.
pub const JENKINS: Usual = Usual {
    product: "Jenkins",
    example: "https://jenkins.example.org",
    variables: &[Variables {
        names: &["JENKINS_API_TOKEN"],
        user: Some("JENKINS_USER_ID"),
        named: &["JENKINS_URL"],
        hosts: &[],
    }],
    probes: &[Probe {
        path: "whoAmI/api/json",
        keys: &["anonymous"],
        words: "hudson.security.WhoAmI",
        never: "",
        refusal: "",
    }],
    ports: &[8080],
    may: "`user:token`, with Overall/Read and Job/Read",
    ..NOTHING
};

/// Buildbot.
pub const BUILDBOT: Usual = Usual {
    product: "Buildbot",
    example: "https://buildbot.example.org",
    probes: &[Probe {
        path: "api/v2",
        keys: &["rootlinks"],
        words: "",
        never: "",
        refusal: "",
    }],
    ports: &[8010],
    ..NOTHING
};

/// A document of projects: what serves it is told by nothing in it.
pub const CCTRAY: Usual = Usual {
    product: "the CI server",
    example: "https://ci.example.org/cc.xml",
    ..NOTHING
};

/// Alertmanager.
pub const ALERTMANAGER: Usual = Usual {
    product: "Alertmanager",
    example: "https://alertmanager.example.org",
    probes: &[Probe {
        path: "api/v2/status",
        keys: &["cluster", "versionInfo"],
        words: "",
        never: "",
        refusal: "",
    }],
    ports: &[9093],
    ..NOTHING
};

/// Prometheus.
pub const PROMETHEUS: Usual = Usual {
    product: "Prometheus",
    example: "https://prometheus.example.org",
    probes: &[Probe {
        path: "api/v1/status/buildinfo",
        keys: &["status", "data"],
        words: "goVersion",
        never: "",
        refusal: "",
    }],
    ports: &[9090],
    ..NOTHING
};
