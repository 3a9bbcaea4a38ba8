//! Configurations, good and bad, with the exact words that answer them.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::policy::{Branching, Phase};
use crate::domain::status::Status;

const KINDS: &[&str] = &["github", "buildbot"];
const EXAMPLE: &str = include_str!("../../config.example.toml");

fn parse(text: &str) -> Result<Settings, Vec<ConfigError>> {
    Settings::parse(text, "c.toml", Trust::User, KINDS)
}

#[track_caller]
fn good(text: &str) -> Settings {
    parse(text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Checks that a text has exactly one error: line, message and hint.
#[track_caller]
fn bad(text: &str, line: usize, message: &str, hint: &str) {
    check_errors(parse(text), &[(line, message, hint)]);
}

#[track_caller]
fn check_errors(result: Result<Settings, Vec<ConfigError>>, expected: &[(usize, &str, &str)]) {
    let errors = result.expect_err("it should be refused");
    let found: Vec<(usize, &str, &str)> = errors
        .iter()
        .map(|e| {
            (
                e.line,
                e.message.as_str(),
                e.hint.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}

mod example {
    use super::*;
    use crate::config::file;

    /// Returns what an example (`#key = …` or `#[[table]]`) says; nothing for other lines.
    fn example(line: &str) -> Option<&str> {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()))
    }

    fn is_title(line: &&str) -> bool {
        example(line).unwrap_or(line).starts_with('[')
    }

    #[test]
    fn the_example_is_the_default() {
        assert_eq!(shown(&good(EXAMPLE)), shown(&Settings::default()));
        assert_eq!(shown(&good("")), shown(&Settings::default()));
    }

    #[test]
    fn every_example_in_it_is_right() {
        let lines: Vec<&str> = EXAMPLE
            .lines()
            .map(|line| example(line).unwrap_or(line))
            .collect();
        let settings = good(&lines.join("\n"));
        assert_eq!(settings.sources.len(), 1);
        assert_eq!(settings.policy.services.len(), 1);
        assert_eq!(settings.policy.rules.len(), 1);
        assert_eq!(settings.policy.phases.len(), 1);
        assert_eq!(settings.policy.branching_of.len(), 1);
        assert_eq!(settings.keys.len(), 2);
        assert!(settings.store.url.is_some());
        assert_eq!(settings.board.columns[1].wip, Some(8));
    }

    #[test]
    fn every_example_stands_on_its_own() {
        let lines: Vec<&str> = EXAMPLE.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(said) = example(line) else { continue };
            let mut text = lines.clone();
            let table = lines[..=at].iter().rposition(is_title);
            // A table, or a key of a table that is an example: all of that table.
            if let Some(start) = table.filter(|start| example(lines[*start]).is_some()) {
                let next = lines[start + 1..].iter().position(is_title);
                let end = next.map_or(lines.len(), |next| start + 1 + next);
                for line in &mut text[start..end] {
                    *line = example(line).unwrap_or(line);
                }
            } else {
                text[at] = said;
            }
            let settings = good(&text.join("\n"));
            assert_ne!(shown(&settings), shown(&Settings::default()), "{line}");
        }
    }

    #[track_caller]
    fn documents(table: &str, names: &[&str]) {
        assert!(!names.is_empty(), "{table}");
        let (_, rest) = EXAMPLE
            .split_once(&format!("{table}\n"))
            .unwrap_or_else(|| panic!("{table} is not in the example"));
        let text: Vec<&str> = rest.lines().take_while(|line| !is_title(line)).collect();
        let text = format!("\n{}", text.join("\n"));
        for name in names {
            let found = [format!("\n{name} = "), format!("\n#{name} = ")];
            assert!(
                found.iter().any(|line| text.contains(line)),
                "{name} of {table}"
            );
        }
    }

    #[test]
    fn every_key_is_in_the_example() {
        documents("[[source]]", file::names::<file::Source>());
        documents("[board]", file::names::<file::Board>());
        documents("[[branching]]", file::names::<file::Branching>());
        documents("[[service]]", file::names::<file::Service>());
        documents("[[phase]]", file::names::<file::Jobs>());
        documents("[[rule]]", file::names::<file::Rule>());
        documents("[ui]", file::names::<file::Ui>());
        documents("[notify]", file::names::<file::Notify>());
        documents("[triage]", file::names::<file::Triage>());
        documents("[store]", file::names::<file::Store>());
        for table in file::names::<file::File>() {
            let found = [format!("[{table}]\n"), format!("[[{table}]]\n")];
            assert!(found.iter().any(|title| EXAMPLE.contains(title)), "{table}");
        }
    }

    #[test]
    fn every_key_before_it_has_its_comment() {
        let lines: Vec<&str> = EXAMPLE.lines().collect();
        for action in Action::ALL {
            assert!(EXAMPLE.contains(action.as_str()), "{action:?}");
        }
        assert!(lines.iter().all(|line| line.chars().count() <= 100));
    }
}

mod values {
    use super::*;

    #[test]
    fn a_source_has_the_defaults_of_its_kind() {
        let settings = good("[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]");
        let source = &settings.sources[0];
        assert_eq!(source.name.as_str(), "github.com");
        assert_eq!(source.url.as_str(), "https://github.com/");
        assert_eq!(source.repos, ["acme/api"]);
        assert!(source.writes.is_empty() && !source.insecure_http && source.token_env.is_none());
    }

    #[test]
    fn hosts_are_taken_as_they_are_meant() {
        let host = |url: &str| {
            let text = format!("[[source]]\nkind = \"github\"\nurl = \"{url}\"");
            let settings = good(&text);
            (
                settings.sources[0].name.to_string(),
                settings.sources[0].url.to_string(),
            )
        };
        let check = |url: &str, name: &str, full: &str| {
            assert_eq!(host(url), (name.to_owned(), full.to_owned()), "{url}");
        };
        check(
            "https://ghe.example.org",
            "ghe.example.org",
            "https://ghe.example.org/",
        );
        check(
            "https://ghe.example.org:8443/git",
            "ghe.example.org:8443",
            "https://ghe.example.org:8443/git",
        );
        check(
            "http://127.0.0.1:9999",
            "127.0.0.1:9999",
            "http://127.0.0.1:9999/",
        );
        check("http://[::1]:80/", "[::1]", "http://[::1]/");
        check("http://localhost:1", "localhost:1", "http://localhost:1/");
        check(
            "http://forge.localhost",
            "forge.localhost",
            "http://forge.localhost/",
        );
        // A look-alike of github.com is shown as what it is.
        check(
            "https://gіthub.com",
            "xn--gthub-n2e.com",
            "https://xn--gthub-n2e.com/",
        );
    }

    #[test]
    fn clear_text_is_allowed_where_it_is_asked_for() {
        let text =
            "[[source]]\nkind = \"github\"\nurl = \"http://ci.example.org\"\ninsecure_http = true";
        assert!(good(text).sources[0].insecure_http);
    }

    #[test]
    fn columns_have_order_titles_and_limits() {
        let settings = good(
            "[board]\nwip = { code = 5, verify = 3 }\ncolumns = [\"code\", \"verify\", { stage = \"build\", title = \"Ingest\" }]",
        );
        let columns: Vec<_> = settings
            .board
            .columns
            .iter()
            .map(|column| (column.stage, column.title.as_str(), column.wip))
            .collect();
        assert_eq!(
            columns,
            [
                (Stage::Code, "Code", Some(5)),
                (Stage::Test, "Verify", Some(3)),
                (Stage::Build, "Ingest", None),
            ]
        );
    }

    #[test]
    fn windows_models_and_words() {
        let policy = good(
            "[board]\nbake_window = \"90m\"\nwatch_window = \"2w\"\nreview_stage = \"test\"\nbranching = \"git-flow\"\nproduction = \"^PRD$\"\nbots = [\"robo\"]\ntracker_keys = [\"PROJ\", \"OPS2\"]",
        )
        .policy;
        assert_eq!(policy.bake_window, TimeDelta::minutes(90));
        assert_eq!(policy.watch_window, TimeDelta::weeks(2));
        assert_eq!(policy.review_stage, Stage::Test);
        assert_eq!(policy.branching, Branching::GitFlow);
        assert!(policy.is_production("prd") && !policy.is_production("prod"));
        assert_eq!(policy.bots, ["robo".into()]);
        assert_eq!(policy.tracker_keys.len(), 2);
    }

    #[test]
    fn services_are_told_apart_by_their_patterns() {
        let policy = good(
            "[[service]]\nname = \"api\"\nrepos = [\"acme/mono\"]\npaths = [\"services/api/\", \"libs/*.rs\"]\nworkflows = [\"api*\"]\nenv = \"{service}-{env}\"\ntag = \"{service}-v*\"\n[[service]]\nname = \"web\"",
        )
        .policy;
        let (api, web) = (&policy.services[0], &policy.services[1]);
        let paths = api.paths.as_ref().unwrap();
        assert!(paths.is_match("services/api/src/main.rs") && paths.is_match("libs/a.rs"));
        assert!(!paths.is_match("services/api2/x") && !paths.is_match("libs/deep/a.rs"));
        assert!(api.repos.as_ref().unwrap().is_match("Acme/Mono"));
        let workflows = api.workflows.as_ref().unwrap();
        assert!(workflows.is_match("API deploy"));
        assert!(workflows.is_match(".github/workflows/api.yml"));
        assert!(!workflows.is_match(".github/workflows/web-api.yml"));
        assert!(api.tag.as_ref().unwrap().is_match("api-v1.2.0"));
        let env = api.environment.as_ref().unwrap();
        assert_eq!(
            &env.captures("api-production").unwrap()["env"],
            "production"
        );
        assert!(!env.is_match("web-production") && !env.is_match("api-"));
        assert!(web.paths.is_none() && web.environment.is_none());
    }

    #[test]
    fn phases_rules_and_branchings() {
        let policy = good(
            "[[phase]]\njob = \"train-*\"\nphase = \"build\"\n[[rule]]\nname = \"infra\"\nwhen = \"label:infra\"\nstage = \"operate\"\nstatus = \"running\"\n[[branching]]\nrepos = [\"acme/old-*\"]\nmodel = \"git-flow\"",
        )
        .policy;
        assert_eq!(policy.phases[0].phase, Phase::Build);
        assert!(
            policy.phases[0]
                .job
                .as_ref()
                .unwrap()
                .is_match("Train-Model / gpu")
        );
        assert_eq!(
            (policy.rules[0].stage, policy.rules[0].status),
            (Some(Stage::Operate), Some(Status::Running))
        );
        let repo = |path: &str| crate::domain::key::RepoKey::new("github.com", path);
        assert_eq!(
            policy.branching_for(&repo("acme/old-api")),
            Branching::GitFlow
        );
        assert_eq!(policy.branching_for(&repo("acme/api")), Branching::Auto);
    }

    #[test]
    fn screen_keys_and_store() {
        let settings = good(
            "[ui]\ntheme = \"my_own-2\"\nascii = true\nmouse = false\n[keys]\nquit = \"q\"\nopen = [\"o\", \"enter\"]\n[store]\nurl = \"sqlite:///srv/board.db\"",
        );
        assert_eq!(
            settings.ui,
            UiConfig {
                theme: "my_own-2".into(),
                ascii: Some(true),
                mouse: false
            }
        );
        assert_eq!(settings.keys["open"], ["o", "enter"]);
        assert_eq!(settings.keys["quit"], ["q"]);
        assert!(settings.store.url.is_some());
        assert_eq!(good("[ui]\nascii = \"auto\"").ui.ascii, None);
    }

    #[test]
    fn calls_and_triage() {
        let settings = good(
            "[notify]\nbell = true\ndesktop = \"command\"\ncommand = [\"say\", \"it\"]\non = [\"red\"]\nmine_only = true\nquiet = \"22:00-07:00\"\n[triage]\nhistory = 5",
        );
        let expected = Notify {
            bell: true,
            desktop: Desktop::Command,
            command: Some(vec!["say".into(), "it".into()]),
            on: vec![Occasion::Red],
            mine_only: true,
            quiet: Quiet::parse("22:00-07:00"),
        };
        assert_eq!(settings.notify, expected);
        assert!(settings.notify.is_on());
        assert_eq!(settings.triage.history, 5);
        assert_eq!(good("[notify]\non = []").notify.on, []);
    }

    #[test]
    fn what_may_be_changed_is_a_list_of_actions() {
        let settings =
            good("[[source]]\nkind = \"github\"\nwrites = [\"rerun\", \"merge\", \"rerun\"]");
        assert_eq!(settings.sources[0].writes, [Action::Rerun, Action::Merge]);
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn text_that_is_no_configuration() {
        bad("x", 1, "key with no value, expected `=`", "");
        bad("[board", 1, "unclosed table, expected `]`", "");
        bad(
            "\n\n[ui]\ntheme = \"dark",
            4,
            "invalid basic string, expected `\"`",
            "",
        );
        bad("[ui]\ntheme = \"a\"\ntheme = \"b\"", 3, "duplicate key", "");
        let text = "# x\n".repeat(400_000);
        bad(
            &text,
            1,
            "the file is larger than 1024 KiB",
            "is this the right file?",
        );
        let deep = format!("x = {}", "[".repeat(100_000));
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn every_syntax_error_is_told() {
        let errors = parse("a = \n[ui]\nb = = 1\n").unwrap_err();
        assert!(errors.len() >= 2, "{errors:?}");
        assert_eq!((errors[0].line, errors.last().unwrap().line), (1, 3));
    }

    #[test]
    fn unknown_keys_name_the_nearest() {
        bad(
            "[board]\n\nbake_windw = \"1h\"",
            3,
            "unknown key `bake_windw` in [board]",
            "did you mean `bake_window`?",
        );
        bad(
            "[[source]]\nkind = \"github\"\ntoken = \"x\"",
            3,
            "unknown key `token` in [[source]]",
            "did you mean `token_env`?",
        );
        bad(
            "[borad]\n",
            1,
            "unknown key `borad` in the configuration",
            "did you mean `board`?",
        );
        bad(
            "[ui]\ncolour = 1",
            2,
            "unknown key `colour` in [ui]",
            "known keys: theme, ascii, mouse",
        );
        bad(
            "[board]\ncolumns = [{ stage = \"code\", titel = \"x\" }]",
            2,
            "`columns`: unknown key `titel`, expected `stage` or `title`",
            "",
        );
        bad(
            "[ui]\n\"\\u001b[31m\\u202e\" = 1",
            2,
            "unknown key `⟨U+202E⟩` in [ui]",
            "known keys: theme, ascii, mouse",
        );
    }

    #[test]
    fn values_of_another_type() {
        bad(
            "[ui]\nmouse = \"yes\"",
            2,
            "`mouse`: string \"yes\", expected a boolean",
            "",
        );
        bad(
            "[ui]\ntheme = 3",
            2,
            "`theme`: integer `3`, expected text",
            "",
        );
        bad(
            "[ui]\nascii = \"maybe\"",
            2,
            "`ascii`: string \"maybe\", expected `true`, `false` or `\"auto\"`",
            "",
        );
        bad(
            "[[source]]\nkind = \"github\"\nrepos = \"acme/api\"",
            3,
            "`repos`: string \"acme/api\", expected a list",
            "write it as a list, e.g. `[\"…\"]`",
        );
        bad(
            "[[source]]\nkind = \"github\"\ntoken_command = \"op read x\"",
            3,
            "`token_command`: string \"op read x\", expected a list",
            "write it as words, e.g. `[\"op\", \"read\", \"…\"]`",
        );
        bad(
            "[board]\nbake_window = 24",
            2,
            "`bake_window`: integer `24`, expected text",
            "write it as text, e.g. `\"24h\"`",
        );
        bad("board = 1", 1, "`board` is a table", "write `[board]`");
        bad(
            "[source]\nkind = \"github\"",
            1,
            "`source` is a list of tables",
            "write `[[source]]`, once for each",
        );
        bad(
            "[keys]\nquit = 1",
            2,
            "`keys`: integer `1`, expected a key, or a list of keys",
            "",
        );
        bad(
            "[board]\nwip = { code = \"5\" }",
            2,
            "`wip`: string \"5\", expected a whole number",
            "",
        );
    }

    #[test]
    fn every_mistake_is_told_in_the_order_of_the_file() {
        let text = "[[source]]\nkind = \"githup\"\nurl = \"ftp://x\"\n[board]\nbake_window = \"soon\"\nreview_stage = \"build\"\n[ui]\nthem = \"x\"\n";
        check_errors(
            parse(text),
            &[
                (2, "`kind`: unknown word `githup`", "did you mean `github`?"),
                (3, "`url`: `ftp` is not http or https", ""),
                (
                    5,
                    "`bake_window`: `soon` is not a duration",
                    "write a number and a unit: `90m`, `24h`, `7d`",
                ),
                (
                    6,
                    "`review_stage`: unknown word `build`",
                    "it is one of code, test",
                ),
                (8, "unknown key `them` in [ui]", "did you mean `theme`?"),
            ],
        );
    }

    #[test]
    fn errors_are_printed_with_file_and_line() {
        let error = &parse("\n[uix]").unwrap_err()[0];
        assert_eq!(
            error.to_string(),
            "c.toml:2: unknown key `uix` in the configuration"
        );
    }

    #[test]
    fn board_values() {
        bad(
            "[board]\nwatch_window = \"400d\"",
            2,
            "`watch_window` is longer than 366 days",
            "",
        );
        bad(
            "[board]\nbranching = \"gitflo\"",
            2,
            "`branching`: unknown word `gitflo`",
            "did you mean `git-flow`?",
        );
        bad(
            "[board]\ncolumns = []",
            2,
            "`columns` names no column",
            "it may name plan, code, build, test, release, deploy, operate, monitor",
        );
        bad(
            "[board]\ncolumns = [\n \"plan\",\n \"tset\"]",
            4,
            "`columns`: unknown word `tset`",
            "did you mean `test`?",
        );
        bad(
            "[board]\ncolumns = [\"test\", \"verify\"]",
            2,
            "`columns` names `test` twice",
            "",
        );
        bad(
            "[board]\ncolumns = [{ title = \"x\" }]",
            2,
            "`stage` is missing in a column",
            "write `{ stage = \"code\" }`",
        );
        bad(
            "[board]\ncolumns = [{ stage = \"code\", title = \" \" }]",
            2,
            "the title of `code` is empty or too long",
            "at most 40 columns wide",
        );
        bad(
            "[board]\nwip = { cod = 5 }",
            2,
            "`wip`: unknown word `cod`",
            "did you mean `code`?",
        );
        bad(
            "[board]\nwip = { code = 0 }",
            2,
            "`wip`: the limit of `code` is not a number of cards",
            "leave it out for no limit",
        );
        bad(
            "[board]\nwip = { code = -1 }",
            2,
            "`wip`: the limit of `code` is not a number of cards",
            "leave it out for no limit",
        );
    }

    #[test]
    fn patterns_and_words_of_the_board() {
        bad(
            "[board]\nproduction = \"(\"",
            2,
            "`production` is not a pattern: unclosed group",
            "it is a regular expression, e.g. `^prod`",
        );
        bad(
            "[board]\nproduction = \"a{1000}{1000}{1000}\"",
            2,
            "`production` is not a pattern: Compiled regex exceeds size limit of 1048576 bytes.",
            "it is a regular expression, e.g. `^prod`",
        );
        bad(
            "[board]\nbots = [\"a\", \" \"]",
            2,
            "`bots` has an empty entry",
            "",
        );
        bad(
            "[board]\ntracker_keys = [\"proj\"]",
            2,
            "`tracker_keys`: `proj` is not the key of a tracker",
            "write it in capitals, e.g. `PROJ`",
        );
    }

    #[test]
    fn policy_values() {
        bad(
            "[[service]]\npaths = [\"a\"]",
            1,
            "`name` is missing in [[service]]",
            "e.g. `api`",
        );
        bad(
            "[[service]]\nname = \"a\"\n[[service]]\nname = \"a\"",
            3,
            "there are two services named `a`",
            "join them, or give one another `name`",
        );
        bad(
            "[[service]]\nname = \"a\"\npaths = [\"x[\"]",
            3,
            "`paths`: `x[` is not a pattern: unclosed character class; missing ']'",
            "",
        );
        bad(
            "[[service]]\nname = \"a\"\nenv = \"{env}-{env}\"",
            3,
            "`env` must name `{env}` once, or an environment",
            "e.g. `api-{env}` or `{service}-{env}`",
        );
        bad(
            "[[rule]]\nname = \"a\"\nwhen = \"x\"",
            1,
            "[[rule]] changes nothing",
            "set `stage`, `status` or both",
        );
        bad(
            "[[rule]]\nname = \"a\"\nstage = \"code\"",
            1,
            "`when` is missing in [[rule]]",
            "a filter, e.g. `label:infra repo:acme/api`",
        );
        bad(
            "[[rule]]\nname = \"a\"\nstage = \"code\"\nwhen = \"login lable:x\"",
            4,
            "`when`: unknown key `lable` at column 7",
            "did you mean `label`?",
        );
        bad(
            "[[rule]]\nname = \"a\"\nstage = \"code\"\nwhen = \"(x\"",
            4,
            "`when`: `(` is not closed at column 1",
            "",
        );
        bad(
            "[[rule]]\nname = \"a\"\nstage = \"code\"\nwhen = \" \"",
            4,
            "`when` is empty and would match every card",
            "",
        );
        bad(
            "[[rule]]\nname = \"a\"\nwhen = \"x\"\nstatus = \"faild\"",
            4,
            "`status`: unknown word `faild`",
            "did you mean `failed`?",
        );
        bad(
            "[[phase]]\nphase = \"test\"",
            1,
            "[[phase]] matches nothing",
            "set `workflow`, `job` or both",
        );
        bad(
            "[[phase]]\njob = \"x\"",
            1,
            "`phase` is missing in [[phase]]",
            "it is one of build, test, release, deploy",
        );
        bad(
            "[[branching]]\nmodel = \"trunk\"",
            1,
            "`repos` is missing in [[branching]]",
            "e.g. `[\"acme/*\"]`",
        );
        bad(
            "[[branching]]\nrepos = [\"acme\"]\nmodel = \"trunk\"",
            2,
            "`repos`: `acme` is not a repository",
            "write `owner/acme`, or `orgs = [\"acme\"]` for all that it has",
        );
    }

    #[test]
    fn screen_and_store_values() {
        bad(
            "[ui]\ntheme = \"../x\"",
            2,
            "`theme`: `../x` is not the name of a theme",
            "letters, digits, `-` and `_`; no path",
        );
        bad(
            "[ui]\ntheme = \"\"",
            2,
            "`theme`: `` is not the name of a theme",
            "letters, digits, `-` and `_`; no path",
        );
        let hint = "e.g. `sqlite:///srv/cycleboard/board.db`, or leave it out for the usual file";
        bad(
            "[store]\nurl = \"mysql://x/y\"",
            2,
            "`url`: no store is reached by `mysql`",
            hint,
        );
        bad(
            "[store]\nurl = \"here\"",
            2,
            "`url` of the store is not a URL",
            hint,
        );
        bad(
            "[store]\nurl = \"postgres://u:hunter22@x/y\"",
            2,
            "`url` of the store holds a password",
            "a file has no password",
        );
    }

    #[test]
    fn calls_and_triage_values() {
        bad(
            "[notify]\ndesktop = \"osc99\"",
            2,
            "`desktop`: unknown word `osc99`",
            "did you mean `osc9`?",
        );
        bad(
            "\n[notify]\ndesktop = \"command\"",
            2,
            "`command` is missing in [notify]",
            "e.g. `command = [\"notify-send\", \"cycleboard\"]`",
        );
        bad(
            "[notify]\ncommand = []",
            2,
            "`command` names no program",
            "the program and its arguments, e.g. `[\"op\", \"read\", \"…\"]`",
        );
        bad(
            "[notify]\non = [\"red\",\n\"gren\"]",
            3,
            "`on`: unknown word `gren`",
            "did you mean `green`?",
        );
        bad(
            "[notify]\non = \"red\"",
            2,
            "`on`: string \"red\", expected a list",
            "write it as a list, e.g. `[\"…\"]`",
        );
        bad(
            "[notify]\nquiet = \"at night\"",
            2,
            "`quiet`: `at night` is not a part of the day",
            "from and until, in local time: `\"22:00-07:00\"`",
        );
        for number in ["0", "101", "-1", "99999999999"] {
            bad(
                &format!("[triage]\nhistory = {number}"),
                2,
                "`history` is not a number from 1 to 100",
                "",
            );
        }
    }

    #[test]
    fn a_write_that_does_not_exist_names_the_nearest() {
        bad(
            "[[source]]\nkind = \"github\"\nwrites = [\"rerun\",\n\"aprove\"]",
            4,
            "`writes`: unknown word `aprove`",
            "did you mean `approve`?",
        );
    }
}

mod hosts {
    use super::*;

    #[track_caller]
    fn url(url: &str, message: &str, hint: &str) {
        bad(
            &format!("[[source]]\nkind = \"github\"\nurl = \"{url}\""),
            3,
            message,
            hint,
        );
    }

    #[test]
    fn a_url_that_could_carry_a_token_astray_is_refused() {
        let odd = "`url` holds a space or a control character";
        url("https://git.example\\r\\nX: y", odd, "");
        url("https://git.example\\u0000", odd, "");
        url(" https://git.example", odd, "");
        url("https:\\\\\\\\git.example", odd, "");
        let user = "`url` holds a user or a password";
        url(
            "https://me:pw@git.example",
            user,
            "use `token_env` or `token_command`",
        );
        url(
            "https://me@git.example",
            user,
            "use `token_env` or `token_command`",
        );
        url("https://", "`url` cannot be read: empty host", "");
        url("https://:80/", "`url` cannot be read: empty host", "");
        url(
            "git.example",
            "`url` has no scheme",
            "write it in full, e.g. `https://github.com`",
        );
        url(
            "https:git.example",
            "`url` has no scheme",
            "write it in full, e.g. `https://github.com`",
        );
        url(
            "file:///etc/passwd",
            "`url`: `file` is not http or https",
            "",
        );
        url(
            "javascript://x",
            "`url`: `javascript` is not http or https",
            "",
        );
        let more = "`url` holds more than host and path";
        url(
            "https://git.example?x=1",
            more,
            "leave out what follows `?` or `#`",
        );
        url(
            "https://git.example/#x",
            more,
            "leave out what follows `?` or `#`",
        );
        let hint = "write `https://`, or set `insecure_http = true` for this source";
        let clear =
            |host: &str| format!("`url`: http to {host} would send the token in clear text");
        url("http://git.example", &clear("git.example"), hint);
        url(
            "http://127.0.0.1.evil.example",
            &clear("127.0.0.1.evil.example"),
            hint,
        );
        url(
            "http://localhost.evil.example:81",
            &clear("localhost.evil.example:81"),
            hint,
        );
        url("http://10.0.0.1", &clear("10.0.0.1"), hint);
        url("http://gіthub.com", &clear("xn--gthub-n2e.com"), hint);
    }

    #[test]
    fn sources_are_complete_and_unlike_each_other() {
        bad(
            "[[source]]\nrepos = [\"a/b\"]",
            1,
            "`kind` is missing in [[source]]",
            "it is one of github, buildbot",
        );
        bad(
            "[[source]]\nkind = \"buildbot\"",
            1,
            "`url` is missing in [[source]]",
            "e.g. `https://ci.example.org`",
        );
        bad(
            "[[source]]\nkind = \"github\"\n\n[[source]]\nkind = \"github\"",
            4,
            "there are two sources named `github.com`",
            "give one of them another `name`",
        );
        let name = "`name` is empty, too long, or has characters that cannot be shown";
        bad("[[source]]\nkind = \"github\"\nname = \" \"", 3, name, "");
        bad(
            "[[source]]\nkind = \"github\"\nname = \"a\\u202eb\"",
            3,
            name,
            "",
        );
    }

    #[test]
    fn repositories_are_names_not_places() {
        let repo = |repo: &str, hint: &str| {
            let text = format!("[[source]]\nkind = \"github\"\nrepos = [\"{repo}\"]");
            bad(
                &text,
                3,
                &format!("`repos`: `{repo}` is not a repository"),
                hint,
            );
        };
        repo(
            "https://github.com/acme/api",
            "write `owner/name` alone; the host is `url`",
        );
        repo(
            "git@github.com:acme/api",
            "write `owner/name` alone; the host is `url`",
        );
        repo(
            "api",
            "write `owner/api`, or `orgs = [\"api\"]` for all that it has",
        );
        let form = "write `owner/name` or a pattern, e.g. `acme/*`";
        repo("acme/../api", form);
        repo("/acme", form);
        repo("-x/y", form);
        repo("acme/a b", form);
        repo("acme/a?b=1&c", form);
        repo("acme/[x", "unclosed character class; missing ']'");
        bad(
            "[[source]]\nkind = \"github\"\norgs = [\"acme/*\"]",
            3,
            "`orgs`: `acme/*` is not the name of an organisation or a user",
            "e.g. `acme`",
        );
    }

    #[test]
    fn tokens_are_named_and_never_written_down() {
        let hint = "it names the variable that holds the token, e.g. `GH_TOKEN`; never the token";
        for value in [
            "ghp_0123456789abcdefghij",
            "a-b",
            "",
            "1X",
            "X Y",
            "github_pat_11ABC_def",
        ] {
            let text = format!("[[source]]\nkind = \"github\"\ntoken_env = \"{value}\"");
            bad(&text, 3, "`token_env` is not the name of a variable", hint);
        }
        let text = "[[source]]\nkind = \"github\"\ntoken_command = []";
        let hint = "the program and its arguments, e.g. `[\"op\", \"read\", \"…\"]`";
        bad(text, 3, "`token_command` names no program", hint);
        bad(
            "[[source]]\nkind = \"github\"\nca_file = \"\"",
            3,
            "`ca_file` is not a path",
            "",
        );
        bad(
            "[[source]]\nkind = \"github\"\nwrites = [\"rerun\", \"aprove\"]",
            3,
            "`writes`: unknown word `aprove`",
            "did you mean `approve`?",
        );
    }

    #[test]
    fn a_message_never_repeats_a_token() {
        let errors =
            parse("ghp_0123456789abcdefghij = 1\n[ui]\nmouse = \"ghp_0123456789abcdefghij\"");
        let shown = format!("{:?}", errors.unwrap_err());
        assert!(!shown.contains("0123456789"), "{shown}");
    }
}

mod layers {
    use super::*;

    fn merge(user: &str, directory: &str) -> Result<Settings, Vec<ConfigError>> {
        Settings::merge(
            &[
                Layer {
                    file: "user.toml",
                    text: user,
                    trust: Trust::User,
                },
                Layer {
                    file: "here.toml",
                    text: directory,
                    trust: Trust::Directory,
                },
            ],
            KINDS,
        )
    }

    const OWN: &str = "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"https://ghe.example.org\"\ntoken_env = \"T\"\nrepos = [\"a/b\"]\n[ui]\ntheme = \"light\"\n[[rule]]\nname = \"mine\"\nwhen = \"x\"\nstage = \"plan\"";

    #[test]
    fn a_directory_sets_no_host_token_command_key_or_store() {
        for key in [
            "url = \"https://evil.example\"",
            "token_env = \"GH_TOKEN\"",
            "token_command = [\"sh\"]",
            "ca_file = \"x.pem\"",
            "insecure_http = true",
            "writes = [\"merge\"]",
        ] {
            let name = key.split(' ').next().unwrap();
            let text = format!("[[source]]\nkind = \"github\"\n{key}");
            let message = format!("a file of the current directory may not set `{name}`");
            let hint =
                "hosts, tokens, commands, keys, calls and the store belong into your own file";
            check_errors(merge("", &text), &[(3, &message, hint)]);
        }
        for text in [
            "[keys]\nquit = \"x\"",
            "[store]\nurl = \"postgres://evil/x\"",
            "[notify]\ncommand = [\"sh\"]",
            "keys = 1",
        ] {
            let name = text
                .trim_start_matches('[')
                .split([']', ' '])
                .next()
                .unwrap();
            let errors = merge("", text).unwrap_err();
            assert_eq!(errors.len(), 1, "{errors:?}");
            let message = format!("a file of the current directory may not set `{name}`");
            assert_eq!(errors[0].message, message);
            assert_eq!(errors[0].file, "here.toml");
        }
    }

    #[test]
    fn a_directory_selects_repositories_of_a_source() {
        for text in [
            "[[source]]\nname = \"work\"\nrepos = [\"c/d\"]",
            "[[source]]\nrepos = [\"c/d\"]",
        ] {
            let settings = merge(OWN, text).unwrap();
            let source = &settings.sources[0];
            assert_eq!(settings.sources.len(), 1);
            assert_eq!(source.repos, ["c/d"]);
            assert_eq!(source.url.host_str(), Some("ghe.example.org"));
            assert_eq!(source.token_env.as_deref(), Some("T"));
        }
        let errors = merge(OWN, "[[source]]\nname = \"other\"\nkind = \"github\"").unwrap_err();
        assert_eq!(
            errors[0].message,
            "a file of the current directory may not add a source"
        );
        assert_eq!(
            errors[0].hint.as_deref(),
            Some("name one of your own: work")
        );
        let settings = merge("", "[[source]]\nkind = \"github\"\nrepos = [\"c/d\"]").unwrap();
        assert_eq!(settings.sources[0].url.host_str(), Some("github.com"));
    }

    #[test]
    fn a_later_file_sets_what_it_names_and_no_more() {
        let settings = merge(
            OWN,
            "[board]\nbake_window = \"1h\"\n[[rule]]\nname = \"ours\"\nwhen = \"y\"\nstage = \"code\"",
        )
        .unwrap();
        assert_eq!(settings.ui.theme, "light");
        assert_eq!(settings.policy.bake_window, TimeDelta::hours(1));
        assert_eq!(settings.policy.watch_window, TimeDelta::days(7));
        let names: Vec<&str> = settings
            .policy
            .rules
            .iter()
            .map(|rule| rule.name.as_str())
            .collect();
        assert_eq!(names, ["ours", "mine"]);
    }

    #[test]
    fn a_service_of_a_directory_replaces_one_of_the_same_name() {
        let settings = merge(
            "[[service]]\nname = \"a\"\n[[service]]\nname = \"b\"",
            "[[service]]\nname = \"a\"\npaths = [\"x\"]",
        )
        .unwrap();
        let services = &settings.policy.services;
        assert_eq!(services.len(), 2);
        assert!(services[0].paths.is_some());
    }

    #[test]
    fn mistakes_of_all_files_are_told() {
        let errors = merge("x = 1", "y = 1").unwrap_err();
        let files: Vec<&str> = errors.iter().map(|error| error.file.as_str()).collect();
        assert_eq!(files, ["user.toml", "here.toml"]);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,200}") {
        for trust in [Trust::User, Trust::Directory] {
            if let Err(errors) = Settings::parse(&text, "f", trust, KINDS) {
                prop_assert!(!errors.is_empty());
            }
        }
    }

    #[test]
    fn a_damaged_example_is_read_without_harm(
        cuts in prop::collection::vec((0_usize..6_000, 0_usize..40, "\\PC{0,6}"), 1..6)
    ) {
        let mut text = EXAMPLE.replace("\n#", "\n");
        for (from, len, other) in cuts {
            let from = text.floor_char_boundary(from.min(text.len()));
            let to = text.ceil_char_boundary((from + len).min(text.len()));
            text.replace_range(from..to, &other);
        }
        let lines = text.lines().count() + 1;
        if let Err(errors) = parse(&text) {
            prop_assert!(errors.iter().all(|error| error.line >= 1 && error.line <= lines));
            prop_assert!(errors.windows(2).all(|pair| pair[0].line <= pair[1].line));
        }
    }
}
