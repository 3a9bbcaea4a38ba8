//! Mistakes of the hand: each with its line, its words and the way out.

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
fn a_repository_of_github_is_exactly_owner_and_name() {
    for (repo, owner) in [("acme/api/x", "acme"), ("acme/a*/x", "acme")] {
        bad(
            &format!("[[source]]\nkind = \"github\"\nrepos = [\"acme/api\", \"{repo}\"]"),
            3,
            &format!("`repos`: `{repo}` is not a repository of that kind of host"),
            &format!("write exactly `owner/name`, or `{owner}/*` for all"),
        );
    }
    bad(
        "[[source]]\nkind = \"github\"\norgs = [\"acme/team\"]\nrepos = [\"a/b\"]",
        3,
        "`orgs`: `acme/team` is not the name of an organisation or a user",
        "e.g. `acme`",
    );
}

#[test]
fn a_slip_in_the_name_of_a_table_of_a_source_is_told_the_nearest() {
    let bare = "[[source]]\nkind = \"http\"\nurl = \"https://api.test\"\n";
    for (name, nearest) in [("chek", "check"), ("checks", "check"), ("maps", "map")] {
        bad(
            &format!("{bare}[[source.{name}]]\npath = \"/healthz\""),
            4,
            &format!("unknown key `{name}` in [[source]]"),
            &format!("did you mean `[[source.{nearest}]]`?"),
        );
    }
    bad(
        &format!("{bare}[[source.endpoint]]\npath = \"/healthz\""),
        4,
        "unknown key `endpoint` in [[source]]",
        "known keys: name, kind, url, repos, orgs, token_env, token_command, ca_file, \
         insecure_http, timeout, writes, project, check, map",
    );
}

#[test]
fn how_long_an_answer_may_take_is_a_time_within_bounds() {
    let bare = "[[source]]\nkind = \"github\"\nrepos = [\"a/b\"]\n";
    let told = |text: &str| good(&format!("{bare}timeout = \"{text}\"")).sources[0].timeout;
    assert_eq!(good(bare).sources[0].timeout, None);
    for (text, secs) in [("1s", 1), (" 30s ", 30), ("1m30s", 90), ("5m", 300)] {
        assert_eq!(told(text), Some(Duration::from_secs(secs)));
    }
    for (text, why) in [
        ("0s", "is not between 1s and 5m"),
        ("301s", "is not between 1s and 5m"),
        ("30", "is not a duration"),
        ("", "is not a duration"),
    ] {
        bad(
            &format!("{bare}timeout = \"{text}\""),
            4,
            &format!("`timeout`: `{text}` {why}"),
            "e.g. `30s` or `2m`",
        );
    }
}

#[test]
fn a_kind_without_repositories_is_whole_without_and_takes_none() {
    let bare = "[[source]]\nkind = \"alertmanager\"\nurl = \"https://am.test/am\"";
    assert_eq!(good(bare).sources.len(), 1);
    for key in ["repos", "orgs"] {
        bad(
            &format!("{bare}\n{key} = [\"acme/api\"]"),
            4,
            &format!("`{key}`: a source of kind `alertmanager` has no repositories"),
            "leave it out; what it tells finds its service by name",
        );
    }
    bad(
        "[[source]]\nkind = \"alertmanager\"",
        1,
        "`url` is missing in [[source]]",
        "e.g. `https://ci.example.org`",
    );
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
        "known keys: theme, theme_dark, theme_light, ascii, mouse, links, slow, motion, remember",
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
        "known keys: theme, theme_dark, theme_light, ascii, mouse, links, slow, motion, remember",
    );
}

#[test]
fn switches_and_names_among_the_keys() {
    bad(
        "[keys]\nzoom = \"f5\"\nkitty = \"yes\"",
        3,
        "`kitty` in `[keys]`: expected `true` or `false`",
        "",
    );
    bad(
        "[keys]\npreset = [\"vim\", \"helix\"]",
        2,
        "`preset` in `[keys]`: expected the name of one preset",
        "",
    );
    bad(
        "[keys]\nzoom = true",
        2,
        "`zoom` in `[keys]`: expected a key, or a list of keys",
        "",
    );
    bad(
        "[ui]\nlinks = \"always\"",
        2,
        "`links`: `always` is neither `auto` nor `never`",
        "",
    );
    bad(
        "[ui]\nmotion = \"none\"",
        2,
        "`motion`: `none` is neither `full` nor `reduced`",
        "",
    );
    bad(
        "[ui]\ntheme_dark = \"../x\"",
        2,
        "`theme_dark`: `../x` is not the name of a theme",
        "letters, digits, `-` and `_`; no path",
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
        "`quit` in `[keys]`: integer `1`, expected a key, or a list of keys",
        "a key is a text: `\"1\"`",
    );
    bad("keys = 1", 1, "`keys`: integer `1`, expected a map", "");
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
fn a_wrong_key_hides_no_other_mistake() {
    let text = "[keys]\ndown = 5\nzoom = [\"z\", 3]\nkitty = 1\npreset = true\nquit = \"q\"\n[ui]\nthem = 1";
    let errors = parse(text).unwrap_err();
    let told: Vec<(usize, &str)> = errors
        .iter()
        .map(|error| (error.line, error.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                2,
                "`down` in `[keys]`: integer `5`, expected a key, or a list of keys"
            ),
            (3, "`zoom` in `[keys]`: integer `3`, expected text"),
            (4, "`kitty` in `[keys]`: expected `true` or `false`"),
            (5, "`preset` in `[keys]`: expected the name of one preset"),
            (8, "unknown key `them` in [ui]"),
        ]
    );
}

#[test]
fn all_that_is_wrong_with_a_view_or_a_command_is_told_at_once() {
    let text = "[[view]]\nname = 3\nfiler = \"x\"\nfilter = \"stauts:x\"\ncolumns = [\"plann\"]\n\
                group = \"servic\"\nsort = \"agge\"\n\
                [[command]]\nname = \"Bad Name\"\nargv = [\"sh\", \"-c\", \"x {titel}\"]\n\
                where = [\"borad\"]\nrun = \"bakground\"\nfor = \"stauts:x\"\ncwd = \"{zz}\"\n\
                keep_env = [\"a b\"]\npause = 1\n";
    let layer = Layer {
        file: "c.toml",
        text,
        trust: Trust::User,
    };
    let (settings, mut wrong) = Settings::read(&[layer], &[]);
    wrong.extend(settings.flaws.iter().cloned());
    wrong.sort_by_key(|error| (error.line, error.column));
    let told: Vec<String> = wrong
        .iter()
        .map(|error| {
            let words: Vec<&str> = error.message.split(": ").take(2).collect();
            let at = error.column.unwrap();
            format!("{}:{at} {}", error.line, words.join(": "))
        })
        .collect();
    assert_eq!(
        told,
        [
            "2:8 `name`: integer `3`, expected text",
            "3:1 unknown key `filer` in [[view]]",
            "4:10 `filter`: unknown key `stauts` at column 1",
            "5:12 `columns`: unknown word `plann`",
            "6:9 `group`: unknown word `servic`",
            "7:8 `sort`: unknown word `agge`",
            "9:8 `name`: `Bad Name` is no name of a command",
            "10:8 `argv`: a value in a script would be obeyed as a part of it",
            "10:21 `argv`: `{titel}` stands for nothing",
            "11:10 `where`: unknown word `borad`",
            "12:7 `run`: unknown word `bakground`",
            "13:7 `for`: unknown key `stauts` at column 1",
            "14:7 `cwd`: `{zz}` stands for nothing",
            "15:13 `keep_env`: `a b` is no name of a variable",
            "16:9 `pause`: integer `1`, expected a boolean",
        ]
    );
    let hints: Vec<&str> = wrong.iter().filter_map(|it| it.hint.as_deref()).collect();
    let near = hints.iter().filter(|hint| hint.starts_with("did you mean"));
    assert!(near.count() >= 6, "{hints:#?}");
    assert!(settings.views.is_empty(), "what is left of it is no view");
}

#[test]
fn errors_are_printed_with_file_and_line() {
    let error = &parse("\n[uix]").unwrap_err()[0];
    assert_eq!(
        error.to_string(),
        "c.toml:2:2: unknown key `uix` in the configuration"
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
        "[[service]]\nname = \"a\"\nenv = \"x-{nv}\"",
        3,
        "`env`: `{nv}` stands for nothing",
        "there are `{env}` and `{service}`, e.g. `api-{env}` or `{service}-{env}`",
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
}

#[test]
fn more_policy_values() {
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
    for number in ["366", "-1"] {
        bad(
            &format!("[history]\ndays = {number}"),
            2,
            "`days` is not a number from 0 to 365",
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

#[test]
fn a_value_of_the_wrong_type_hides_no_other_mistake_of_its_table() {
    let text = "[ui]\nmouse = 1\ntheme = \"no/path\"\nslow = \"x\"\n\
                [board]\nbake_window = 3\nreview_stage = \"x\"\n\
                [[wip]]\nname = 3\nlimit = \"x\"";
    let errors = parse(text).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [2, 3, 4, 6, 7, 9, 10], "{errors:#?}");
}
