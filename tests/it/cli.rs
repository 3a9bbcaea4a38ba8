//! The program without a terminal: formats, exit codes, errors.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::process::Stdio;

use crate::support::env::{Home, set_mode};

/// A small team that is simulated quickly.
const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

fn demo(home: &Home, rest: &[&str]) -> crate::support::env::Ran {
    let arguments: Vec<&str> = SMALL.iter().chain(rest).copied().collect();
    home.run(&arguments)
}

#[test]
fn help_and_version_are_fine_and_a_wrong_word_is_not() {
    let home = Home::new();
    home.run(&["--help"])
        .exits(0)
        .prints("Exit codes, the first that holds:");
    home.run(&["--version"]).exits(0).prints("cycleboard ");
    home.run(&["help"]).exits(0).prints("Exit codes, the first");
    let asked = home.run(&["demo", "flow", "--help"]);
    assert_eq!(home.run(&["help", "demo", "flow"]).out, asked.out);
    for (words, meant) in [(&["bord"][..], "board"), (&["help", "flwo"], "flow")] {
        let ran = home.run(words);
        ran.exits(2);
        assert!(ran.err.contains(meant), "{ran:#?}");
    }
}

#[test]
fn without_a_source_it_says_what_to_do() {
    let home = Home::new();
    let ran = home.run(&["board", "--once"]);
    ran.exits(2).complains("no source is configured");
    assert!(ran.err.contains("cycleboard demo"), "{ran:#?}");
    assert_eq!(ran.out, "");
}

#[test]
fn a_clone_of_an_unknown_host_is_told_as_such() {
    let home = Home::new();
    let git = home.path("work/.git");
    std::fs::create_dir(&git).unwrap();
    let remote = "[remote \"origin\"]\n\turl = git@forge.example:acme/api\n";
    std::fs::write(git.join("config"), remote).unwrap();
    home.run(&["board", "--once", "--offline"])
        .exits(2)
        .complains("this clone is of `forge.example`, of which nobody said what kind it is");
    // Once `gh` knows it, it is one of GitHub's; nothing is asked here.
    let hosts = home.path("config/gh/hosts.yml");
    std::fs::create_dir_all(hosts.parent().unwrap()).unwrap();
    std::fs::write(&hosts, "forge.example:\n    user: me\n").unwrap();
    home.run(&["board", "--once", "--offline"])
        .exits(5)
        .prints("source forge.example not asked, never answered");
}

#[test]
fn the_board_as_json_has_the_documented_shape() {
    let home = Home::new();
    let ran = demo(&home, &["board", "--once", "--format", "json"]);
    ran.exits(0);
    let board = ran.json();
    assert_eq!(board["schema"], 1);
    assert!(board["generated_at"].as_str().unwrap().ends_with('Z'));
    let source = &board["sources"][0];
    assert_eq!(source["name"], "demo");
    assert_eq!(source["kind"], "github");
    assert_eq!(source["health"], "ok");
    assert!(source["age_secs"].is_i64() && source["message"].is_null());
    assert!(source["budget"]["limit"].as_u64() >= source["budget"]["remaining"].as_u64());
    assert!(source["requests"]["sent"].as_u64().unwrap() > 0);
    let stages = board["stages"].as_array().unwrap();
    let names: Vec<&str> = stages
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "plan", "code", "build", "test", "release", "deploy", "operate", "monitor"
        ]
    );
    let cards: Vec<&serde_json::Value> = stages
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .collect();
    assert!(cards.len() >= 10, "{} cards", cards.len());
    let keys = [
        "id",
        "key",
        "title",
        "stage",
        "status",
        "reason",
        "service",
        "host",
        "repo",
        "holders",
        "labels",
        "url",
        "since",
        "age_secs",
        "fresh",
        "evidence",
        "attention",
    ];
    for card in &cards {
        let found: Vec<&String> = card.as_object().unwrap().keys().collect();
        assert_eq!(found.len(), keys.len(), "{found:?}");
        for key in keys {
            assert!(card.get(key).is_some(), "no `{key}` in {card}");
        }
        assert!(!card["reason"].as_str().unwrap().is_empty(), "{card}");
    }
    let ids: BTreeSet<&str> = cards
        .iter()
        .map(|card| card["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), cards.len(), "a card is in one stage only");
    assert!(
        cards
            .iter()
            .any(|card| !card["evidence"].as_array().unwrap().is_empty())
    );
}

#[test]
fn other_formats_tell_the_same_cards() {
    let home = Home::new();
    let json = demo(&home, &["board", "--once", "--format", "json"]).json();
    let stages = json["stages"].as_array().unwrap();
    let key = stages
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .map(|card| card["key"].as_str().unwrap())
        .next()
        .unwrap()
        .to_owned();
    demo(&home, &["board", "--once"]).prints(&key);
    let markdown = demo(&home, &["board", "--once", "--format", "markdown"]);
    markdown.prints("## Plan (").prints("| --- |");
    // What the first run stored is there without asking anybody.
    let offline = demo(&home, &["board", "--once", "--offline"]);
    offline.exits(0).prints(&key);
}

#[test]
fn a_filter_narrows_what_is_printed_and_a_wrong_one_is_explained() {
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    // The team lives on from run to run; what is stored of it does not.
    let stored = ["board", "--once", "--offline", "--format", "json"];
    let all = demo(&home, &stored).json();
    let filter = ["--filter", "stage:plan"];
    let some = demo(&home, &[&stored[..], &filter[..]].concat()).json();
    let keys = |board: &serde_json::Value, stage: usize| -> Vec<String> {
        let cards = board["stages"][stage]["cards"].as_array().unwrap();
        cards.iter().map(|card| card["key"].to_string()).collect()
    };
    assert!(!keys(&some, 0).is_empty());
    assert_eq!(keys(&all, 0), keys(&some, 0));
    assert!((1..8).any(|stage| !keys(&all, stage).is_empty()));
    assert!((1..8).all(|stage| keys(&some, stage).is_empty()));
    demo(&home, &["board", "--once", "--filter", "staeg:plan"])
        .exits(2)
        .complains("staeg");
}

#[test]
fn red_is_told_by_exit_code_only_when_asked_for() {
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    let board = demo(
        &home,
        &["board", "--once", "--exit-status", "--format", "json"],
    );
    board.exits(3);
    demo(
        &home,
        &[
            "board",
            "--once",
            "--exit-status",
            "--filter",
            "status:backlog",
        ],
    )
    .exits(0);
}

#[test]
fn what_nobody_ever_answered_is_never_fine() {
    let home = Home::new();
    // Nothing stored, nothing asked.
    demo(&home, &["board", "--once", "--offline"]).exits(5);
    // Nobody listens there.
    home.configure("[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"http://127.0.0.1:9\"\nrepos = [\"a/b\"]\n");
    let ran = home.run(&["board", "--once", "--format", "json", "--wait", "20"]);
    ran.exits(5);
    let source = &ran.json()["sources"][0];
    assert_eq!(source["health"], "unreachable");
    assert!(
        source["message"]
            .as_str()
            .unwrap()
            .contains("cannot be reached"),
        "{source}"
    );
}

#[test]
fn where_tells_the_way_of_a_change() {
    let home = Home::new();
    let board = demo(&home, &["board", "--once", "--format", "json"]).json();
    let card = board["stages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
        .find(|card| card["key"].as_str().unwrap().contains('#'))
        .unwrap()
        .clone();
    let key = card["key"].as_str().unwrap();
    let ran = demo(&home, &["where", key]);
    ran.exits(0)
        .prints(key)
        .prints(card["title"].as_str().unwrap());
    let json = demo(&home, &["where", key, "--format", "json"]).json();
    assert_eq!(json["changes"][0]["card"]["key"], key);
    assert!(json["changes"][0]["steps"].is_array());
    demo(&home, &["where", "no-such/thing#1"])
        .exits(1)
        .complains("no card is known by `no-such/thing#1`");
    let slip = key.replacen('/', "/x", 1);
    let ran = demo(&home, &["where", &slip]);
    ran.exits(1).complains("no card is known by");
    assert!(
        ran.err.contains(&format!("did you mean `{key}`?")),
        "{ran:#?}"
    );
}

#[test]
fn where_lists_the_candidates_of_a_word_with_several_meanings() {
    let home = Home::new();
    let board = demo(&home, &["board", "--once", "--format", "json"]).json();
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for card in cards(&board) {
        for evidence in card["evidence"].as_array().unwrap() {
            if evidence["kind"] == "release" {
                let tag = evidence["key"].as_str().unwrap().to_owned();
                let key = card["key"].as_str().unwrap().to_owned();
                named.entry(tag).or_default().insert(key);
            }
        }
    }
    let (tag, keys) = named.iter().find(|(_, keys)| keys.len() > 1).unwrap();
    let ran = demo(&home, &["where", tag]);
    ran.exits(1).prints(&format!("`{tag}` names "));
    let told = format!("note: `{tag}` names {} cards: ", keys.len());
    assert!(ran.err.contains(&told), "{ran:#?}");
    for key in keys {
        ran.prints(key);
    }
    demo(&home, &["where", tag, "--format", "markdown"])
        .exits(1)
        .prints(" cards");
    let json = demo(&home, &["where", tag, "--format", "json"]).json();
    assert!(json["changes"].as_array().unwrap().len() >= keys.len());
    assert_eq!(json["more"], 0);
}

/// Makes everything in the store of the demo so many hours older.
fn age(home: &Home, hours: i64) {
    let files = home.files("state");
    let file = files
        .iter()
        .find(|file| file.ends_with("board.db"))
        .unwrap();
    let store = rusqlite::Connection::open(file).unwrap();
    let changed = store
        .execute("UPDATE confirmed SET at = at - ?1", [hours * 3_600_000_000])
        .unwrap();
    assert!(changed > 0);
}

#[test]
fn old_facts_are_told_as_old_and_are_not_fine() {
    let home = Home::new();
    let board = demo(&home, &["board", "--once", "--format", "json"]).json();
    let key = cards(&board)
        .find(|card| card["key"].as_str().unwrap().contains('#'))
        .unwrap()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let offline = |rest: &[&str]| demo(&home, &[rest, &["--offline"]].concat());
    // Fresh facts of a source that was not asked are fine.
    offline(&["where", &key]).exits(0);
    let red = ["board", "--once", "--exit-status", "--filter", "is:red"];
    offline(&red).exits(3);
    age(&home, 5);
    let ran = offline(&["where", &key]);
    ran.exits(5)
        .prints(" (old)")
        .prints("last confirmed 5h ago, and may have changed since")
        .prints("source demo not asked, answered 5h ago");
    offline(&["where", &key, "--format", "markdown"])
        .exits(5)
        .prints("Last confirmed 5h ago")
        .prints("> source demo not asked");
    let ran = offline(&["where", &key, "--format", "json"]);
    let json = ran.exits(5).json();
    assert_eq!(json["changes"][0]["card"]["fresh"], false);
    assert!(json["changes"][0]["confirmed_at"].is_string());
    assert!(json["sources"][0]["age_secs"].as_i64().unwrap() >= 5 * 3_600);
    // What was red five hours ago may be mended.
    offline(&red).exits(5);
    offline(&["where", "no-such/thing#1"])
        .exits(5)
        .complains("not every source answered");
}

#[test]
fn a_wrong_filter_is_pointed_at() {
    let home = Home::new();
    let ran = demo(&home, &["board", "--once", "--filter", "foo stage:paln"]);
    ran.exits(2);
    assert_eq!(ran.out, "");
    assert_eq!(
        ran.err,
        "error: the filter is wrong: `stage` does not know `paln` at column 11\n  \
         foo stage:paln\n            ^^^^\nhint: did you mean `plan`? it is one of plan, code, build, test, release, deploy, operate, monitor\n"
    );
}

#[test]
fn without_an_answer_nothing_is_known_and_red_counts_in_columns_that_are_not_shown() {
    let home = Home::new();
    home.configure(
        "[[source]]\nname = \"work\"\nkind = \"github\"\nurl = \"http://127.0.0.1:1/\"\nrepos = [\"acme/api\"]\n",
    );
    for arguments in [
        ["board", "--once"].as_slice(),
        &["board", "--once", "--offline"],
    ] {
        let ran = home.run(arguments);
        ran.exits(5)
            .prints("nothing is known yet: source work not ");
        assert!(!ran.out.contains("no cards"), "{}", ran.out);
        let markdown = [arguments, &["--format", "markdown"]].concat();
        home.run(&markdown)
            .exits(5)
            .prints("> nothing is known yet: ");
    }
    let home = Home::new();
    home.configure("[board]\ncolumns = [\"plan\"]\n");
    let red = ["board", "--once", "--exit-status"];
    demo(&home, &red).exits(3).prints("red in hidden columns");
    let plan = [&red[..], &["--filter", "stage:plan"]].concat();
    demo(&home, &plan).exits(0);
}

#[test]
fn offline_the_demo_knows_its_team_whoever_has_its_port() {
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    let mut files = home.files("state").into_iter();
    let team = files.find(|file| file.ends_with("team")).unwrap();
    let team = std::fs::read_to_string(team).unwrap();
    let (port, _) = team.split_once(' ').unwrap();
    // By this test or, where that fails, by another program: it is taken.
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port.parse().unwrap()));
    let ran = demo(&home, &["board", "--once", "--offline", "--format", "json"]);
    let board = ran.exits(0).json();
    let stages = board["stages"].as_array().unwrap().iter();
    let cards = stages.map(|stage| stage["cards"].as_array().unwrap().len());
    assert!(cards.sum::<usize>() > 10, "{}", ran.out);
}

#[test]
fn help_of_the_forge_offers_nothing_of_the_screen() {
    let home = Home::new();
    let ran = home.run(&["demo", "serve", "--help"]);
    ran.exits(0).prints("--port").prints("--speed");
    for option in [
        "--theme",
        "--ascii",
        "--color",
        "--no-mouse",
        "--read-only",
        "--config",
    ] {
        assert!(!ran.out.contains(option), "{option} in {}", ran.out);
    }
    home.run(&["demo", "--help"]).exits(0).prints("--theme");
}

#[test]
fn exit_codes_are_in_the_help_of_the_commands_that_have_them() {
    let home = Home::new();
    for command in ["board", "where", "sources", "doctor"] {
        for arguments in [&[command, "--help"][..], &["demo", command, "--help"]] {
            home.run(arguments)
                .exits(0)
                .prints("Exit codes, the first that holds:");
        }
    }
}

#[test]
fn only_ascii_marks_are_printed_where_the_locale_has_no_more() {
    let home = Home::new();
    let print = |locale: &str, more: &[&str]| {
        let arguments = [&SMALL[..], &["board", "--once"], more].concat();
        let output = home
            .command(&arguments)
            .env("LC_ALL", locale)
            .env("COLUMNS", "50")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = print("C", &[]);
    assert!(plain.is_ascii() && plain.contains('>'), "{plain}");
    assert!(print("C.UTF-8", &[]).contains('…'));
    assert!(print("C.UTF-8", &["--ascii"]).is_ascii());
}

fn cards(board: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    let stages = board["stages"].as_array().unwrap();
    stages
        .iter()
        .flat_map(|stage| stage["cards"].as_array().unwrap())
}

#[test]
fn what_is_red_in_a_column_that_is_left_out_is_told() {
    let home = Home::new();
    home.configure("[board]\ncolumns = [\"plan\"]\n");
    demo(&home, &["board", "--once"])
        .exits(0)
        .prints(" red in hidden columns");
}

#[test]
fn the_token_of_the_demo_hides_no_name() {
    let home = Home::new();
    let ran = demo(&home, &["triage", "--format", "json", "--within", "300"]);
    let told = ran.exits(0).json();
    assert_eq!(told["sources"][0]["name"], "demo", "{told}");
    assert!(!told.to_string().contains("@[hidden]"), "{told}");
}

#[test]
fn sources_and_doctor_tell_where_the_token_comes_from_and_not_what_it_is() {
    let home = Home::new();
    demo(&home, &["sources"])
        .exits(0)
        .prints("demo")
        .prints("ok");
    let doctor = demo(&home, &["doctor"]);
    doctor
        .exits(0)
        .prints("configuration")
        .prints("terminal")
        .prints("CYCLEBOARD_DEMO_TOKEN")
        .prints("answer       ok");
}

#[test]
fn a_token_is_in_no_file_and_in_no_output() {
    let token = "ghp_thisIsNoRealToken0123456789abcdef";
    let home = Home::new();
    home.configure(
        "[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"http://127.0.0.1:9\"\nrepos = [\"a/b\"]\ntoken_env = \"MY_TOKEN\"\n",
    );
    for arguments in [
        &["board", "--once", "--log", "trace", "--wait", "10"][..],
        &["doctor", "--log", "trace"],
        &["sources", "--log", "trace"],
    ] {
        let output = home
            .command(arguments)
            .env("MY_TOKEN", token)
            .env("GH_TOKEN", token)
            .output()
            .unwrap();
        for text in [&output.stdout, &output.stderr] {
            assert!(
                !String::from_utf8_lossy(text).contains(token),
                "{arguments:?}"
            );
        }
    }
    assert!(
        !home.files("state").is_empty(),
        "nothing was written, so nothing was checked"
    );
    assert_eq!(home.files_with(token), Vec::<std::path::PathBuf>::new());
}

#[test]
fn files_of_the_program_are_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    demo(&home, &["board", "--once"]).exits(0);
    let files = home.files("state");
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(
            mode & 0o077,
            0,
            "{} is open to others: {mode:o}",
            file.display()
        );
    }
}

#[test]
fn without_a_place_to_write_the_board_is_shown_and_that_is_told() {
    let home = Home::new();
    std::fs::remove_dir(home.path("state")).unwrap();
    std::fs::write(home.path("state"), "where a directory should be").unwrap();
    let ran = demo(&home, &["board", "--once"]);
    let told = "what is new is kept in memory only";
    ran.exits(0).prints(told);
    assert!(!ran.err.contains(told), "told twice: {ran:#?}");
    // What is printed for programs and in other commands says nothing of it: it is said beside.
    for words in [
        &["board", "--once", "--format", "json"][..],
        &["board", "--once", "--format", "markdown"],
        &["triage"],
        &["standup"],
        &["history"],
    ] {
        let ran = demo(&home, words);
        assert!(ran.err.contains(told), "{words:?}: {ran:#?}");
    }
}

#[test]
fn a_configuration_that_others_may_write_is_refused() {
    let home = Home::new();
    let path = home.configure("[ui]\ntheme = \"dark\"\n");
    set_mode(&path, 0o666);
    home.run(&["board", "--once"])
        .exits(2)
        .complains("may be written by others");
}

#[test]
fn a_wrong_configuration_is_told_with_line_and_hint() {
    let home = Home::new();
    home.configure("[ui]\nthem = \"dark\"\n");
    let ran = home.run(&["config", "check"]);
    ran.exits(2).complains("config.toml:2:");
    assert!(ran.err.contains("theme"), "{ran:#?}");
    home.configure("[ui]\ntheme = \"dark\"\n");
    home.run(&["config", "check"]).exits(0).prints("fine");
    home.run(&["config", "path"])
        .exits(0)
        .prints("config/cycleboard/config.toml");
    home.run(&["--config", "/nonexistent", "board", "--once"])
        .exits(2)
        .complains("cannot read `/nonexistent`");
}

#[test]
fn the_default_configuration_is_one_that_is_accepted() {
    let home = Home::new();
    let text = home.run(&["config", "default"]);
    text.exits(0).prints("[ui]");
    home.configure(&text.out);
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn the_schema_of_the_configuration_is_printed_and_editors_are_told_of_it() {
    let home = Home::new();
    let ran = home.run(&["config", "schema"]);
    let schema = ran.exits(0).json();
    let kinds = &schema["properties"]["source"]["items"]["properties"]["kind"]["enum"];
    assert!(
        kinds.as_array().unwrap().contains(&"forgejo".into()),
        "{kinds}"
    );
    let keys = schema["properties"]["keys"]["properties"]
        .as_object()
        .unwrap();
    assert!(keys.contains_key("view-triage"), "{keys:?}");
    let default = home.run(&["config", "default"]);
    default.prints("\n#:schema ./config.schema.json\n");
}

#[test]
fn completions_and_the_manual_page_are_printed() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    let listed = help.out.lines().skip_while(|line| *line != "Commands:");
    let commands: Vec<&str> = listed
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        commands.len() > 12 && commands.contains(&"theme"),
        "{commands:?}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]);
        script.exits(0).prints("_CYCLEBOARD_COMPLETE");
        // The script asks the program, which offers the commands in the dialect of the shell.
        let offered = |words: &[&str]| {
            let line = [&["--", "cycleboard"], words, &[""]].concat();
            let mut asked = home.command(&line);
            asked.env("_CYCLEBOARD_COMPLETE", shell);
            asked.env("_CLAP_COMPLETE_INDEX", (words.len() + 1).to_string());
            asked.env("_CLAP_IFS", "\n");
            String::from_utf8(asked.output().unwrap().stdout).unwrap()
        };
        let all = offered(&[]);
        for command in &commands {
            let is_it = |line: &str| line.starts_with(command);
            assert!(all.lines().any(is_it), "{shell}: no {command} in {all}");
        }
        assert!(offered(&["config"]).contains("schema"), "{shell}");
    }
    let man = home.run(&["man"]);
    for page in ["cycleboard", "cycleboard-config-schema"] {
        man.exits(0).prints(&format!(".TH {page} 1"));
    }
    for command in &commands {
        man.prints(&format!(".TH cycleboard-{command} 1"));
    }
    man.prints("Exit codes");
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let board = ["board", "--once", "--format"];
    leaves_early(&["completions", "bash"], 0);
    leaves_early(&["config", "default"], 0);
    for format in ["table", "json", "markdown"] {
        leaves_early(&[&SMALL[..], &board, &[format]].concat(), 0);
    }
}

#[track_caller]
fn leaves_early(arguments: &[&str], code: i32) {
    let home = Home::new();
    let mut child = home
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
    assert_eq!(err, "", "{arguments:?}");
}

#[test]
fn without_a_terminal_the_board_is_printed() {
    let home = Home::new();
    let ran = demo(&home, &[]);
    ran.exits(0).prints("Plan ");
    assert!(
        !ran.out.contains('\u{1b}'),
        "escape codes without a terminal: {ran:#?}"
    );
}
