//! Interviews: what is found, what is asked and answered, and the text that comes of it.

use std::collections::VecDeque;

use super::*;
use crate::app::clone::Remote;
use crate::config::{RepoNames, SourceKind};
use crate::sources::logins::Login;
use crate::sources::probe::Shown;
use crate::sources::token::Held;
use crate::sources::usual::{self, FORGEJO, GITEA, GITHUB, GITLAB, JENKINS, PROMETHEUS, Usual};

const fn kind(name: &'static str, url: Option<&'static str>, repos: RepoNames) -> SourceKind {
    SourceKind {
        name,
        url,
        repos,
        paths: &[],
        tables: &[],
    }
}

fn rows() -> Vec<Row> {
    static KINDS: [SourceKind; 6] = [
        kind("github", Some("https://github.com"), RepoNames::Flat),
        kind("gitlab", Some("https://gitlab.com"), RepoNames::Nested),
        kind("gitea", None, RepoNames::Flat),
        kind("forgejo", None, RepoNames::Flat),
        kind("prometheus", None, RepoNames::Absent),
        kind("jenkins", None, RepoNames::Jobs),
    ];
    const USUAL: [&Usual; 6] = [&GITHUB, &GITLAB, &GITEA, &FORGEJO, &PROMETHEUS, &JENKINS];
    let both = KINDS.iter().zip(USUAL);
    both.map(|(kind, usual)| Row { kind, usual }).collect()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn remote(name: &str, kind: &'static str, at: &str, path: &str) -> Remote {
    Remote {
        name: name.to_owned(),
        kind,
        url: url(at),
        path: path.to_owned(),
    }
}

fn login(by: &'static str, kinds: &[&'static str], at: &str) -> Login {
    Login {
        by,
        is_tool: by.len() < 5,
        kinds: kinds.to_vec(),
        name: at.to_owned(),
        url: url(at),
        ssh: None,
        lapses: false,
    }
}

fn held(name: &'static str, kind: &'static str, host: &str) -> Held {
    Held {
        name,
        kind,
        host: host.to_owned(),
    }
}

/// Somebody whose answers are written down.
#[derive(Default)]
struct Script {
    answers: VecDeque<String>,
    told: Vec<String>,
    asked: Vec<String>,
    /// Whether nobody is there, so that defaults are taken.
    is_away: bool,
}

impl Person for Script {
    fn tell(&mut self, text: &str) {
        self.told.push(text.to_owned());
    }

    fn answers(&self) -> bool {
        !self.is_away
    }

    fn ask(&mut self, question: &str, default: &str) -> Result<String, Failure> {
        if self.is_away {
            return Ok(String::new());
        }
        self.asked.push(format!("{question} [{default}]"));
        let answer = self.answers.pop_front();
        answer.ok_or_else(|| Failure::error("no more answers"))
    }

    fn identify(&mut self, url: &Url) -> Result<Option<(&'static str, Url)>, String> {
        match url.host_str() {
            Some("prom.example") => Ok(Some(("prometheus", url.clone()))),
            Some("what.example") => Ok(None),
            _ => Err("it cannot be reached".to_owned()),
        }
    }
}

/// Returns the tables that come of answers, without comments, and what was told.
fn interview(found: &Found, answers: &[&str]) -> (String, Script) {
    let rows = rows();
    let mut script = Script {
        answers: answers.iter().map(|text| (*text).to_owned()).collect(),
        ..Script::default()
    };
    let candidates = plan::candidates(found, &rows);
    let drafts = plan::interview(&candidates, &rows, &mut script)
        .unwrap_or_else(|failure| panic!("{failure}{:#?}", script.asked));
    assert!(
        script.answers.is_empty(),
        "not asked for: {:?}",
        script.answers
    );
    let text = text::configuration(&drafts, &rows);
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    let settings = Settings::parse(&text, "x", Trust::User, &kinds)
        .unwrap_or_else(|errors| panic!("{errors:?} in\n{text}"));
    assert_eq!(settings.sources.len(), drafts.len(), "{text}");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    (lines.collect::<Vec<_>>().join("\n"), script)
}

#[track_caller]
fn check(found: &Found, answers: &[&str], expected: &str) -> Script {
    let (text, script) = interview(found, answers);
    assert_eq!(text, expected, "{:#?} {:#?}", script.asked, script.told);
    script
}

fn team() -> Found {
    Found {
        remotes: vec![
            remote("origin", "github", "https://github.com", "acme/api"),
            remote(
                "lab",
                "gitlab",
                "https://git.example.org/gitlab",
                "acme/team/api",
            ),
        ],
        logins: vec![
            login("gh", &["github"], "https://github.com"),
            login("tea", &["gitea", "forgejo"], "https://f.example"),
        ],
        held: vec![held("GITLAB_TOKEN", "gitlab", "git.example.org")],
        shown: vec![Shown {
            kind: "forgejo",
            url: url("https://f.example"),
            version: None,
        }],
        ..Found::default()
    }
}

const BOTH: &str = "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]\n\
                    [[source]]\nkind = \"gitlab\"\nurl = \"https://git.example.org/gitlab\"\n\
                    repos = [\"acme/team/api\"]";

#[test]
fn defaults_are_what_the_clone_is_about() {
    let script = check(&team(), &["", "", "", ""], BOTH);
    assert!(script.asked[0].ends_with("[1 2]"), "{:#?}", script.asked);
    let told = script.told.join("\n");
    for line in [
        "1  github https://github.com with acme/api: the remote `origin`, a login of `gh`",
        "2  gitlab https://git.example.org/gitlab with acme/team/api: the remote `lab`, `GITLAB_TOKEN`",
        "3  forgejo https://f.example: a login of `tea`",
    ] {
        assert!(told.contains(line), "no `{line}` in\n{told}");
    }
}

#[test]
fn answers_choose_systems_repositories_and_owners() {
    check(
        &team(),
        &["3, 1", "acme/web-* , acme", "joe", ""],
        "[[source]]\nkind = \"forgejo\"\nurl = \"https://f.example\"\nrepos = [\"acme/web-*\"]\n\
         orgs = [\"acme\"]\n[[source]]\nkind = \"github\"\norgs = [\"joe\"]",
    );
    check(
        &team(),
        &["2", "acme/team/ acme/api", ""],
        "[[source]]\nkind = \"gitlab\"\nurl = \"https://git.example.org/gitlab\"\n\
         repos = [\"acme/api\"]\norgs = [\"acme/team\"]",
    );
}

#[test]
fn what_is_wrong_is_said_and_asked_again() {
    let script = check(
        &team(),
        &[
            "4",
            "1 x",
            "1",
            "acme/a/b",
            "https://github.com/acme/api",
            "acme/api",
            "",
        ],
        "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]",
    );
    let told = script.told.join("\n");
    assert!(
        told.contains("`4` is not a list of numbers from 1 to 3"),
        "{told}"
    );
    assert!(
        told.contains("`acme/a/b` is not a repository of that kind of host"),
        "{told}"
    );
    assert!(told.contains("the host is `url`"), "{told}");
}

/// Returns what is written of it where nobody is asked.
fn by_default(found: &Found) -> String {
    let rows = rows();
    let mut nobody = Script {
        is_away: true,
        ..Script::default()
    };
    let candidates = plan::candidates(found, &rows);
    let drafts = plan::interview(&candidates, &rows, &mut nobody).expect("nobody is asked");
    let text = text::configuration(&drafts, &rows);
    let lines = text.lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_only_variables_name_is_written_where_nobody_is_asked() {
    let clone = remote("origin", "github", "https://github.com", "acme/api");
    let mut found = Found {
        held: vec![
            held("FORGEJO_TOKEN", "forgejo", "forge.example"),
            held("GITLAB_TOKEN", "gitlab", "lab.example"),
            held("GITEA_TOKEN", "gitea", "tea.example"),
        ],
        ..Found::default()
    };
    let named = "[[source]]\nkind = \"forgejo\"\nurl = \"https://forge.example\"\nrepos = [\"*/*\"]\n\
                 [[source]]\nkind = \"gitlab\"\nurl = \"https://lab.example\"\nrepos = [\"*/**\"]\n\
                 [[source]]\nkind = \"gitea\"\nurl = \"https://tea.example\"\nrepos = [\"*/*\"]";
    assert_eq!(by_default(&found), named);
    found.remotes.push(clone);
    found
        .held
        .push(held("GITLAB_TOKEN", "gitlab", "gitlab.com"));
    let text = by_default(&found);
    let first = "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]\n";
    assert_eq!(text, format!("{first}{named}"), "{text}");
}

#[test]
fn what_nothing_is_chosen_of_is_left_out() {
    let script = check(&team(), &["3", "", ""], "");
    assert!(
        script
            .told
            .iter()
            .any(|text| text == "f.example is left out: no repository and no owner of it is named")
    );
    check(&team(), &["none", ""], "");
    // After three wrong answers nobody is asked further.
    check(&team(), &["9", "9", "9", ""], "");
}

#[test]
fn a_token_is_named_where_none_was_found() {
    let found = Found {
        remotes: vec![remote("origin", "gitlab", "https://gitlab.com", "acme/api")],
        ..Found::default()
    };
    let with =
        |line: &str| format!("[[source]]\nkind = \"gitlab\"\nrepos = [\"acme/api\"]\n{line}");
    let script = check(
        &found,
        &["", "", "$WORK_TOKEN", ""],
        &with("token_env = \"WORK_TOKEN\""),
    );
    let question = &script.asked[2];
    assert!(question.contains("with `read_api`"), "{question}");
    assert!(
        question.contains("`glab auth login --hostname gitlab.com`"),
        "{question}"
    );
    check(
        &found,
        &["", "", "op read op://work/gitlab/token", ""],
        &with("token_command = [\"op\", \"read\", \"op://work/gitlab/token\"]"),
    );
    check(&found, &["", "", "none", ""], with("").trim_end());
}

#[test]
fn a_login_is_proposed_as_the_source_is_reached_and_none_on_this_machine() {
    let asked = |at: &str| {
        let found = Found {
            remotes: vec![remote("origin", "gitea", at, "acme/api")],
            ..Found::default()
        };
        let (_, script) = interview(&found, &["", "", "none", ""]);
        script.asked[2].clone()
    };
    let question = asked("https://git.example");
    let words = "`tea login add --url https://git.example`";
    assert!(question.contains(words), "{question}");
    let question = asked("http://127.0.0.1:20401");
    assert!(
        question.starts_with("token of 127.0.0.1:20401"),
        "{question}"
    );
    assert!(!question.contains("tea"), "{question}");
    let tools = GITEA.tools;
    let words = tools[0].log_in("http", "git.example:3000");
    assert_eq!(words, "tea login add --url http://git.example:3000");
}

#[test]
fn every_kind_is_offered_and_those_of_tables_are_said_to_be_written_by_hand() {
    let rows = usual::rows();
    let mut script = Script {
        answers: ["http https://x.test", "none"].map(str::to_owned).into(),
        ..Script::default()
    };
    let drafts = plan::interview(&[], &rows, &mut script).unwrap();
    assert!(drafts.is_empty());
    for row in &rows {
        let name = row.kind.name;
        let words = [format!(" {name},"), format!(" {name};")];
        let is_there = words.iter().any(|words| script.asked[0].contains(words));
        assert!(is_there, "{name}: {:?}", script.asked);
    }
    assert!(
        script.told[0].starts_with("`http` needs to be told"),
        "{:?}",
        script.told
    );
}

#[test]
fn a_token_that_is_pasted_is_not_taken() {
    let found = Found {
        remotes: vec![remote("origin", "gitlab", "https://gitlab.com", "acme/api")],
        ..Found::default()
    };
    let (text, script) = interview(&found, &["", "", "glpat-aaaabbbbccccddddeeee", "", ""]);
    assert!(!text.contains("glpat"), "{text}");
    let told = script.told.join("\n");
    assert!(told.contains("never the token"), "{told}");
    assert!(!told.contains("aaaabbbb"), "{told}");
}

#[test]
fn a_clone_of_an_unknown_host_is_no_nothing() {
    let nothing = Found::default();
    assert!(plan::nothing_found(&nothing).contains("no clone of a repository"));
    let stranger = clone::Elsewhere {
        host: "git.example.test".to_owned(),
        bases: Vec::new(),
    };
    let unknown = Found {
        unknown: vec![(stranger, "its answers do not show that".to_owned())],
        ..Found::default()
    };
    assert!(!plan::nothing_found(&unknown).contains("no clone"));
}

#[test]
fn systems_are_added_by_hand() {
    let by_hand = "[[source]]\nkind = \"prometheus\"\nurl = \"https://prom.example/x\"";
    let nothing = Found::default();
    check(&nothing, &["https://prom.example/x", "", ""], by_hand);
    check(&nothing, &["prometheus prom.example/x", "", ""], by_hand);
    let twice = [
        "prom.example/x",
        "none",
        "prometheus https://prom.example/y",
        "",
    ];
    check(&nothing, &twice, by_hand);
    let wrong = ["bamboo https://a.example", "what.example", "a b c", ""];
    let script = check(&nothing, &wrong[..3], "");
    let told = script.told.join("\n");
    assert!(
        told.contains("`bamboo` is none of github, gitlab"),
        "{told}"
    );
    assert!(told.contains("its answers do not show its kind"), "{told}");
}

#[test]
fn an_address_that_a_token_could_leak_from_is_refused() {
    let nothing = Found::default();
    for address in [
        "prometheus http://prom.example",
        "prometheus https://me:secret@prom.example",
        "prometheus https://prom.example?token=x",
    ] {
        let (text, script) = interview(&nothing, &[address, "", ""]);
        assert_eq!(text, "", "{address}");
        let told = script.told.join("\n");
        assert!(told.contains("left out"), "{told}");
    }
}

#[test]
fn two_servers_of_one_host_get_names_of_their_own() {
    let source = |at: &str| Draft {
        source: crate::config::SourceConfig::new("x", "prometheus", url(at)),
        why: vec!["a \"remote\"\n[[source]]".to_owned()],
        token: None,
    };
    let drafts = [source("https://m.example/a"), source("https://m.example/b")];
    let rows = rows();
    let text = text::configuration(&drafts, &rows);
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    let settings = Settings::parse(&text, "x", Trust::User, &kinds).unwrap();
    let names: Vec<&str> = settings
        .sources
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["m.example 1", "m.example 2"]);
}

#[test]
fn a_file_to_begin_with_says_nothing_yet() {
    let rows = rows();
    let text = text::configuration(&[], &rows);
    let kinds: Vec<_> = rows.iter().map(|row| row.kind).collect();
    assert!(
        Settings::parse(&text, "x", Trust::User, &kinds)
            .unwrap()
            .sources
            .is_empty()
    );
    // What it shows as an example is right, too.
    let example = text.replace("\n#[[", "\n[[").replace("\n#", "\n");
    let example = example.lines().skip_while(|line| !line.starts_with("[["));
    let example: Vec<&str> = example.collect();
    let settings = Settings::parse(&example.join("\n"), "x", Trust::User, &kinds);
    assert_eq!(settings.unwrap().sources.len(), 1);
}

#[test]
fn what_has_no_repositories_is_taken_without_being_chosen() {
    let found = Found {
        local: vec![Shown {
            kind: "prometheus",
            url: url("http://localhost:9090"),
            version: None,
        }],
        ..team()
    };
    let local = "\n[[source]]\nkind = \"prometheus\"\nurl = \"http://localhost:9090\"";
    let script = check(&found, &["", "", "", "", ""], &format!("{BOTH}{local}"));
    assert!(script.asked[0].ends_with("[1 2 4]"), "{:#?}", script.asked);
}

#[track_caller]
fn check_gives(at: &str, expected: Option<&str>) {
    let found = Found {
        logins: vec![login("glab", &["gitlab"], at)],
        ..Found::default()
    };
    let candidates = plan::candidates(&found, &rows());
    assert_eq!(candidates[0].token.as_deref(), expected, "{at}");
}

#[test]
fn no_program_gives_a_token_for_this_machine() {
    check_gives("https://git.example.org", Some("`glab`"));
    check_gives("http://127.0.0.1:8929", None);
    check_gives("http://localhost:8929", None);
}

#[test]
fn of_a_server_of_jobs_all_are_shown_unless_some_are_chosen() {
    let found = Found {
        logins: vec![login(
            "JENKINS_URL",
            &["jenkins"],
            "https://ci.example/jenkins",
        )],
        held: vec![held("JENKINS_API_TOKEN", "jenkins", "ci.example")],
        ..Found::default()
    };
    let all = "[[source]]\nkind = \"jenkins\"\nurl = \"https://ci.example/jenkins\"";
    check(&found, &["", "", ""], all);
    let some = format!("{all}\nrepos = [\"nightly\", \"team/api\"]\norgs = [\"tools\"]");
    check(&found, &["", "nightly team/api tools/", ""], &some);
}

#[test]
fn a_variable_counts_before_a_program_and_a_guess_less_than_an_answer() {
    let found = Found {
        logins: vec![
            login("GITLAB_HOST", &["gitlab"], "https://git.example.org"),
            login("glab", &["gitlab"], "https://git.example.org"),
            login("fj", &["forgejo"], "https://codeberg.org"),
        ],
        held: vec![held("GITLAB_TOKEN", "gitlab", "git.example.org")],
        ..Found::default()
    };
    let found = plan::candidates(&found, &rows());
    let tokens: Vec<_> = found
        .iter()
        .map(|one| (one.kind, one.token.as_deref()))
        .collect();
    assert_eq!(
        tokens,
        [("gitlab", Some("`GITLAB_TOKEN`")), ("forgejo", None)]
    );
}
