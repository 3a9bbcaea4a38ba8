//! Tokens of every kind of host: where they are found, and where they never go.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::sources::usual::{FORGEJO, GITEA, GITHUB, GITLAB, JENKINS, NOTHING};

fn config(url: &str, token_env: Option<&str>) -> SourceConfig {
    SourceConfig {
        token_env: token_env.map(str::to_owned),
        ..SourceConfig::new("one", "github", url::Url::parse(url).unwrap())
    }
}

fn environment(pairs: &[(&'static str, &'static str)]) -> Environment {
    let pairs = pairs.to_vec();
    Arc::new(move |name| {
        let found = pairs.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

const ALL: &[(&str, &str)] = &[
    ("GH_TOKEN", "a"),
    ("GITHUB_TOKEN", "b"),
    ("GH_ENTERPRISE_TOKEN", "c"),
    ("GITHUB_ENTERPRISE_TOKEN", "d"),
    ("GH_HOST", "ghe.example.org"),
    ("MINE", "e"),
    ("GITLAB_TOKEN", "f"),
    ("EMPTY", " "),
];

#[track_caller]
fn check(url: &str, without: &[&str], expected: Option<(&str, &str)>) {
    let pairs: Vec<_> = ALL
        .iter()
        .filter(|(name, _)| !without.contains(name))
        .copied()
        .collect();
    let token = from_environment(&GITHUB, &config(url, None), &environment(&pairs)).unwrap();
    let found = token.map(|token| {
        let secret = token.secret.unwrap();
        (token.from, secret.expose_secret().to_owned())
    });
    let expected = expected.map(|(from, value)| (from.to_owned(), value.to_owned()));
    assert_eq!(found, expected, "{url} without {without:?}");
}

#[test]
fn a_standard_variable_is_used_for_its_own_host_only() {
    check("https://github.com", &[], Some(("GH_TOKEN", "a")));
    check(
        "https://github.com",
        &["GH_TOKEN"],
        Some(("GITHUB_TOKEN", "b")),
    );
    check("https://github.com", &["GH_TOKEN", "GITHUB_TOKEN"], None);
    check("https://acme.ghe.com", &[], Some(("GH_TOKEN", "a")));
    check(
        "https://ghe.example.org",
        &[],
        Some(("GH_ENTERPRISE_TOKEN", "c")),
    );
    check(
        "https://ghe.example.org",
        &["GH_ENTERPRISE_TOKEN"],
        Some(("GITHUB_ENTERPRISE_TOKEN", "d")),
    );
    check("https://ghe.example.org", &["GH_HOST"], None);
    check("https://other.example.org", &[], None);
    check("https://github.com.evil.example", &[], None);
    check("https://evilghe.com", &[], None);
    check("https://ghe.example.org:8443", &[], None);
    check("http://127.0.0.1:9999", &[], None);
    check("http://localhost:9999", &[], None);
}

#[test]
fn a_kind_without_usual_places_gets_what_is_named_and_nothing_else() {
    let env = environment(ALL);
    let mut other = config("https://ghe.example.org", None);
    other.kind = "prometheus".to_owned();
    assert!(from_environment(&NOTHING, &other, &env).unwrap().is_none());
    assert_eq!(
        account(&other, &env),
        Account::Known(http::NOBODY.to_owned())
    );
    other.token_env = Some("MINE".to_owned());
    assert_eq!(
        from_environment(&NOTHING, &other, &env)
            .unwrap()
            .unwrap()
            .from,
        "MINE"
    );
}

#[test]
fn a_host_on_this_machine_gets_the_token_that_is_named_for_it_and_its_port() {
    let env = environment(&[
        ("GH_HOST", "127.0.0.1:47103"),
        ("GH_ENTERPRISE_TOKEN", "c"),
        ("GH_TOKEN", "a"),
    ]);
    let from = |url| from_environment(&GITHUB, &config(url, None), &env).unwrap();
    let found = from("http://127.0.0.1:47103").unwrap();
    assert_eq!(found.from, "GH_ENTERPRISE_TOKEN");
    for other in [
        "http://127.0.0.1:47104",
        "http://127.0.0.1",
        "http://localhost:47103",
    ] {
        assert!(from(other).is_none(), "{other}");
    }
}

#[test]
fn the_variable_of_the_source_comes_first_and_must_be_set() {
    let env = environment(ALL);
    let mine = |name| from_environment(&GITHUB, &config("http://127.0.0.1:1", Some(name)), &env);
    assert_eq!(mine("MINE").unwrap().unwrap().from, "MINE");
    assert_eq!(mine("NOT").unwrap_err(), "the variable `NOT` is not set");
    assert!(mine("EMPTY").is_err());
}

#[test]
fn an_account_is_that_of_the_token_and_does_not_tell_it() {
    let of = |name, value| {
        let env = environment(&[(name, value)]);
        account(&config("https://f.test", Some(name)), &env)
    };
    assert_eq!(of("A", "secret"), of("B", "secret"));
    assert_ne!(of("A", "secret"), of("A", "other"));
    assert_ne!(of("A", "secret"), of("A", ""));
    let Account::Known(told) = of("A", "secret") else {
        panic!("a variable tells whose it is");
    };
    assert_eq!(told.len(), 64, "{told}");
    assert!(!told.contains("secret"));
}

#[test]
fn whose_a_command_or_gh_is_cannot_be_told_before_it_ran() {
    let none = environment(&[]);
    let mut asked = config("https://f.test", None);
    let gh = account(&asked, &none);
    asked.token_command = Some(vec!["pass".to_owned(), "one".to_owned()]);
    let one = account(&asked, &none);
    asked.token_command = Some(vec!["pass".to_owned(), "two".to_owned()]);
    let two = account(&asked, &none);
    assert!(
        [&gh, &one, &two]
            .iter()
            .all(|it| matches!(it, Account::From(_)))
    );
    assert!(gh != one && one != two);
    assert!(matches!(
        account(&config("https://f.test", Some("NOT")), &none),
        Account::Missing(_)
    ));
    let here = account(&config("http://127.0.0.1:1", None), &none);
    assert!(matches!(here, Account::Known(_)), "nobody asks `gh` there");
}

async fn check_command(words: &[&str], expected: Result<&str, &str>) {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let secret = ask::own(&words, Duration::from_millis(300)).await;
    let found = secret.map(|secret| secret.expose_secret().to_owned());
    let expected = expected.map(str::to_owned).map_err(str::to_owned);
    assert_eq!(found, expected, "{words:?}");
}

#[tokio::test]
async fn a_command_prints_one_token_or_gives_a_reason() {
    check_command(&["printf", "abc\\n"], Ok("abc")).await;
    check_command(
        &["printf", ""],
        Err("`printf` printed something that is no token"),
    )
    .await;
    check_command(
        &["printf", "\\033[31mabc"],
        Err("`printf` printed something that is no token"),
    )
    .await;
    check_command(
        &["printf", "a b"],
        Err("`printf` printed something that is no token"),
    )
    .await;
    check_command(&["printf", "%s", "$(id)"], Ok("$(id)")).await;
    check_command(&["false"], Err("`false` failed with exit code 1")).await;
    check_command(&["sleep", "20"], Err("`sleep` gave no token within 0.3 s")).await;
    check_command(
        &["head", "-c", "1000000", "/dev/zero"],
        Err("`head` printed more than a token"),
    )
    .await;
    check_command(&[], Err("`token_command` is empty")).await;
    check_command(
        &["/nowhere/tool"],
        Err("the program `/nowhere/tool` was not found"),
    )
    .await;
}

/// Variables of every kind of system, for one host each.
const EVERYBODY: &[(&str, &str)] = &[
    ("GH_TOKEN", "gh"),
    ("GITLAB_TOKEN", "gl"),
    ("GITLAB_ACCESS_TOKEN", "gla"),
    ("OAUTH_TOKEN", "oauth"),
    ("CI_JOB_TOKEN", "job"),
    ("GITEA_TOKEN", "gt"),
    ("GITEA_SERVER_TOKEN", "gts"),
    ("FORGEJO_TOKEN", "fj"),
    ("CODEBERG_TOKEN", "cb"),
    ("JENKINS_USER_ID", "me"),
    ("JENKINS_API_TOKEN", "j"),
];

#[track_caller]
fn check_for(usual: &Usual, url: &str, more: &[(&'static str, &'static str)], expected: &str) {
    let pairs: Vec<_> = EVERYBODY.iter().chain(more).copied().collect();
    let found = from_environment(usual, &config(url, None), &environment(&pairs)).unwrap();
    let found = found.map(|token| token.secret.unwrap().expose_secret().to_owned());
    let found = found.unwrap_or_else(|| "none".to_owned());
    assert_eq!(found, expected, "{url} of {} with {more:?}", usual.product);
}

#[test]
fn the_variables_of_a_gitlab_are_for_the_host_that_is_named() {
    let own = &[("GITLAB_HOST", "https://git.example.org")][..];
    check_for(&GITLAB, "https://gitlab.com", &[], "gl");
    check_for(&GITLAB, "https://gitlab.com", own, "none");
    check_for(&GITLAB, "https://git.example.org", own, "gl");
    check_for(&GITLAB, "https://git.example.org", &[], "none");
    check_for(
        &GITLAB,
        "https://git.example.org/gitlab",
        &[("GL_HOST", "git.example.org")],
        "gl",
    );
    check_for(&GITLAB, "http://git.example.org", own, "none");
    check_for(&GITLAB, "https://git.example.org:8443", own, "none");
    check_for(&GITLAB, "https://gitlab.com.evil.example", &[], "none");
    let two = [own, &[("GL_HOST", "gitlab.com")][..]].concat();
    check_for(&GITLAB, "https://git.example.org", &two, "none");
    check_for(&GITLAB, "https://gitlab.com", &two, "none");
}

#[test]
fn a_name_that_is_nobodys_counts_only_beside_a_host() {
    let alone = [("OAUTH_TOKEN", "oauth"), ("CI_JOB_TOKEN", "job")];
    let found = |more: &[(&'static str, &'static str)]| {
        let pairs: Vec<_> = alone.iter().chain(more).copied().collect();
        let config = config("https://gitlab.com", None);
        from_environment(&GITLAB, &config, &environment(&pairs)).unwrap()
    };
    assert!(found(&[]).is_none(), "neither that nor the token of a job");
    assert_eq!(
        found(&[("GITLAB_HOST", "gitlab.com")]).unwrap().from,
        "OAUTH_TOKEN"
    );
}

#[test]
fn variables_of_gitea_and_forgejo_want_their_server() {
    let server = &[("GITEA_INSTANCE_URL", "https://g.example/git/")][..];
    check_for(&GITEA, "https://gitea.com", &[], "none");
    check_for(&GITEA, "https://g.example/git", server, "gt");
    check_for(&FORGEJO, "https://g.example", server, "gt");
    check_for(&GITEA, "https://h.example", server, "none");
    let added = &[("GITEA_SERVER_URL", "https://h.example")][..];
    check_for(&GITEA, "https://h.example", added, "gt");
    check_for(
        &GITEA,
        "https://h.example",
        &[server, added].concat(),
        "gts",
    );
    check_for(&FORGEJO, "https://codeberg.org", &[], "cb");
    check_for(
        &FORGEJO,
        "https://f.example",
        &[("FORGEJO_URL", "f.example")],
        "fj",
    );
    check_for(
        &GITEA,
        "https://f.example",
        &[("FORGEJO_URL", "f.example")],
        "none",
    );
}

#[test]
fn a_login_of_jenkins_is_a_user_and_a_token() {
    let server = &[("JENKINS_URL", "https://ci.example/jenkins/")][..];
    check_for(&JENKINS, "https://ci.example/jenkins", server, "me:j");
    check_for(&JENKINS, "https://ci.example", &[], "none");
    let nobody = environment(&[
        ("JENKINS_URL", "https://ci.example"),
        ("JENKINS_API_TOKEN", "j"),
    ]);
    let config = config("https://ci.example", None);
    assert!(
        from_environment(&JENKINS, &config, &nobody)
            .unwrap()
            .is_none()
    );
}

#[test]
fn variables_that_are_set_are_told_with_their_host() {
    let rows = [Row {
        kind: crate::sources::REGISTRY
            .first()
            .map(|row| &row.config)
            .unwrap(),
        usual: &GITHUB,
    }];
    let env = environment(&[
        ("GITHUB_TOKEN", "a"),
        ("GH_ENTERPRISE_TOKEN", "b"),
        ("GH_HOST", "x.y"),
    ]);
    let told: Vec<_> = held(&rows, &env)
        .into_iter()
        .map(|one| (one.name, one.host))
        .collect();
    let expected = [
        ("GITHUB_TOKEN", "github.com"),
        ("GH_ENTERPRISE_TOKEN", "x.y"),
    ];
    assert_eq!(told, expected.map(|(name, host)| (name, host.to_owned())));
}

/// A home with programs and books of hosts.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        Self(dir)
    }

    fn program(&self, name: &str, script: &str) {
        let file = self.0.path().join("bin").join(name);
        // A file that is still open for writing in a child of another test cannot be started.
        let made = std::process::Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(&file)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                use std::io::Write as _;
                let text = format!("#!/bin/sh\n{script}\n");
                child.stdin.take().unwrap().write_all(text.as_bytes())?;
                child.wait()
            });
        assert!(made.unwrap().success());
        let bits = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(bits & 0o777, 0o755);
    }

    fn book(&self, name: &str, text: &str) {
        let file = self.0.path().join(".config").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    fn env(&self) -> Environment {
        let home = self.0.path().to_owned();
        Arc::new(move |name: &str| match name {
            "HOME" => Some(home.display().to_string()),
            "PATH" => Some(format!("bin:{}", Path::new(&home).join("bin").display())),
            _ => None,
        })
    }

    async fn check(&self, usual: &'static Usual, url: &str, expected: (&str, &str)) {
        let config = config(url, None);
        let token = resolve_by(usual, &config, &self.env()).await.unwrap();
        let secret = token
            .secret
            .as_ref()
            .map(|secret| secret.expose_secret().to_owned());
        let found = (token.from.as_str(), secret.unwrap_or_default());
        assert_eq!(found, (expected.0, expected.1.to_owned()), "{url}");
        // What the store is told agrees with what comes of it.
        let account = account_by(usual, &config, &self.env());
        if token.secret.is_some() {
            assert!(matches!(account, Account::From(_)), "{url}: {account:?}");
        }
    }
}

#[tokio::test]
async fn glab_is_asked_about_hosts_of_its_own_book_only() {
    let machine = Machine::new();
    machine.program(
        "glab",
        "test \"$4 $5\" = '--host git.example.org' || exit 1\necho glpat-1",
    );
    machine
        .check(&GITLAB, "https://git.example.org", ("none", ""))
        .await;
    let book = "token: of-nobody\nhosts:\n    git.example.org:\n        user: me\n";
    machine.book("glab-cli/config.yml", book);
    let found = ("glab config get token", "glpat-1");
    machine
        .check(&GITLAB, "https://git.example.org/gitlab", found)
        .await;
    machine
        .check(&GITLAB, "https://other.example.org", ("none", ""))
        .await;
    let none = account_by(
        &GITLAB,
        &config("https://other.example.org", None),
        &machine.env(),
    );
    assert_eq!(none, Account::Known(http::NOBODY.to_owned()));
}

#[tokio::test]
async fn a_token_that_lapses_is_renewed_by_who_holds_it() {
    let machine = Machine::new();
    let script = "case \"$1\" in auth) echo glpat-2 > \"$0.new\";; config) cat \"$0.new\";; esac";
    machine.program("glab", script);
    let book = "hosts:\n  gitlab.com:\n    is_oauth2: \"true\"\n";
    machine.book("glab-cli/config.yml", book);
    let found = ("glab config get token", "glpat-2");
    machine.check(&GITLAB, "https://gitlab.com", found).await;
    machine.book("glab-cli/config.yml", &book.replace("true", "false"));
    machine.program("glab", &script.replace("glpat-2", "glpat-3"));
    // One that lasts is taken as it is.
    machine.check(&GITLAB, "https://gitlab.com", found).await;
}

#[tokio::test]
async fn tea_is_asked_where_one_login_is_meant() {
    let machine = Machine::new();
    let tea = |list: &str| {
        format!(
            "case \"$2\" in list) echo '{list}';; helper) cat > \"$0.asked\"; \
             printf 'protocol=https\\nusername=me\\npassword=secret-1\\n';; esac"
        )
    };
    machine.program(
        "tea",
        &tea(r#"[{"name":"a","url":"https://g.example:3000"}]"#),
    );
    machine
        .check(
            &FORGEJO,
            "https://g.example:3000",
            ("tea login helper get", "secret-1"),
        )
        .await;
    let asked = std::fs::read_to_string(machine.0.path().join("bin/tea.asked")).unwrap();
    assert_eq!(asked, "protocol=https\nhost=g.example:3000\n\n");
    machine
        .check(&GITEA, "https://g.example", ("none", ""))
        .await;
    machine
        .check(&GITEA, "http://g.example:3000", ("none", ""))
        .await;
    let two = r#"[{"url":"https://g.example/a"},{"url":"https://g.example/b"}]"#;
    machine.program("tea", &tea(two));
    machine
        .check(&GITEA, "https://g.example/a", ("none", ""))
        .await;
    machine.program("tea", &tea("NAME URL"));
    machine
        .check(&GITEA, "https://g.example", ("none", ""))
        .await;
}

#[tokio::test]
async fn the_newer_program_of_gitea_is_asked_with_the_whole_address() {
    let machine = Machine::new();
    machine.program(
        "gt",
        "test \"$4\" = https://g.example/git && pwd > \"$0.dir\" && echo t-1",
    );
    machine
        .check(&GITEA, "https://g.example/git/", ("gt auth token", "t-1"))
        .await;
    let dir = std::fs::read_to_string(machine.0.path().join("bin/gt.dir")).unwrap();
    assert_eq!(
        dir, "/\n",
        "not in a clone, which may have settings of its own"
    );
    machine
        .check(&GITEA, "https://h.example", ("none", ""))
        .await;
}

#[tokio::test]
async fn nobody_is_asked_about_this_machine() {
    let machine = Machine::new();
    for program in ["gh", "glab", "tea", "gt"] {
        machine.program(program, "echo token-1");
    }
    machine.book(
        "glab-cli/config.yml",
        "hosts:\n  localhost:\n    user: me\n",
    );
    for usual in [&GITHUB, &GITLAB, &GITEA, &FORGEJO] {
        machine
            .check(usual, "https://localhost", ("none", ""))
            .await;
        machine
            .check(usual, "http://127.0.0.1:3000", ("none", ""))
            .await;
    }
}

#[test]
fn a_program_is_shown_no_token() {
    let hidden = usual::variables();
    for name in ["GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] {
        assert!(hidden.contains(&name), "{name}");
    }
    assert!(usual::NEVER.contains(&"CI_JOB_TOKEN"));
}
