//! A law: of every key, what the checker refuses by its value the schema refuses, and what the
//! checker takes the schema takes.

use std::collections::BTreeSet;

use super::judge::wrong;
use super::schema::{made, read};
use super::*;
use crate::config::schema::whole;
use crate::config::shape::Shape;

/// What stands around a key so that only its value can be wrong: `§` is the place of the key.
const AROUND: &[(&str, &str)] = &[
    (
        "source",
        "[[source]]\nkind = \"github\"\norgs = [\"acme\"]\n§",
    ),
    (
        "source.project",
        "[[source]]\nkind = \"buildbot\"\nurl = \"https://b.test\"\n[[source.project]]\nname = \"a\"\nrepo = \"h.test/a/b\"\n§",
    ),
    (
        "source.check",
        "[[source]]\nkind = \"http\"\nurl = \"https://a.test\"\n[[source.check]]\npath = \"/x\"\nrepo = \"h.test/a/b\"\npointer = \"/a\"\n§",
    ),
    (
        "source.map",
        "[[source]]\nkind = \"http-json\"\nurl = \"https://a.test\"\n[[source.map]]\nto = \"run\"\npath = \"/x\"\nrepo = \"h.test/a/b\"\nfields = { id = \"/i\", state = \"/s\", created = \"/c\" }\n§",
    ),
    ("board", "[board]\n§"),
    ("wip", "[[wip]]\nname = \"a\"\nlimit = 5\n§"),
    ("attention", "[attention]\n§"),
    ("service", "[[service]]\nname = \"a\"\n§"),
    (
        "rule",
        "[[rule]]\nname = \"a\"\nwhen = \"x\"\nstage = \"plan\"\nstatus = \"ready\"\n§",
    ),
    (
        "phase",
        "[[phase]]\nworkflow = \"a\"\njob = \"b\"\nphase = \"test\"\n§",
    ),
    (
        "branching",
        "[[branching]]\nrepos = [\"a/b\"]\nmodel = \"auto\"\n§",
    ),
    ("ui", "[ui]\n§"),
    ("view", "[[view]]\nname = \"a\"\n§"),
    ("command", "[[command]]\nname = \"a\"\nargv = [\"true\"]\n§"),
    ("wall", "[wall]\n§"),
    ("notify", "[notify]\n§"),
    ("triage", "[triage]\n§"),
    ("team", "[team]\n§"),
    (
        "team.person",
        "[[team.person]]\nname = \"A\"\nlogins = [\"a\"]\n§",
    ),
    ("history", "[history]\n§"),
    ("store", "[store]\n§"),
];

/// Of every key: values that are right, and values that are wrong.
const VALUES: &[(&str, &[&str], &[&str])] = &[
    ("source.name", &["'x'", "'my forge'"], &["''", "'  '"]),
    (
        "source.kind",
        &["'github'"],
        &["'gitbub'", "'GitHub'", "''"],
    ),
    (
        "source.url",
        &["'https://a.test'", "'http://127.0.0.1:9'"],
        &[
            "'a.test'",
            "'ftp://a.test'",
            "'https://u:p@a.test'",
            "'https://a.test/?q'",
            "'https://a.test/#x'",
            "'https://a .test'",
        ],
    ),
    (
        "source.repos",
        &["['a/b', 'a/w-*']", "['a/{b,c/d}']"],
        &["['a']", "['a/b/c']", "['https://a/b']", "['']", "['a b/c']"],
    ),
    ("source.orgs", &["['acme']"], &["['a/b']", "['a*']", "['']"]),
    (
        "source.token_env",
        &["'GH_TOKEN'"],
        &["'GH-TOKEN'", "'1A'", "''"],
    ),
    (
        "source.token_command",
        &["['op', 'read', '']"],
        &["[]", "['']", "[' ', 'x']"],
    ),
    ("source.ca_file", &["'/x.pem'"], &["''"]),
    ("source.insecure_http", &["true"], &["'yes'"]),
    (
        "source.timeout",
        &["'15s'", "'5m'", "'1m30s'", "'300s'"],
        &["'10m'", "'0s'", "'6m'", "'1h'", "'15'", "'soon'", "''"],
    ),
    (
        "source.writes",
        &["['rerun']", "[]"],
        &["['rerum']", "['Rerun']"],
    ),
    ("source.project.name", &["'api-*'"], &["''", "' '"]),
    (
        "source.project.repo",
        &["'h.test/a/b'", "'h.test:80/a/b/c'", "'git@h.test:a/b.git'"],
        &["'a/b'", "'h.test/a'", "'h.test/a/*'", "''"],
    ),
    ("source.project.branch", &["'main'"], &["''"]),
    ("source.check.name", &["'a b'"], &["''"]),
    (
        "source.check.path",
        &["'/x?y=1'", "'x'", "'https://a.test/y'"],
        &["''", "'/a b'", "'/a#b'"],
    ),
    ("source.check.service", &["'api'"], &["''"]),
    ("source.check.repo", &["'h.test/a/b'"], &["'a'", "'a/b'"]),
    ("source.check.environment", &["'prod'"], &["''"]),
    (
        "source.check.status",
        &["204", "'2xx'", "'200-299'", "['2xx', 404]"],
        &[
            "99", "600", "true", "'2x'", "'6xx'", "[]", "['ok']", "[true]",
        ],
    ),
    ("source.check.body", &["'^ok'"], &["3"]),
    ("source.check.pointer", &["'/a'", "''"], &["'a.b'", "'a'"]),
    ("source.check.equals", &["'up'", "3", "true"], &["[1]"]),
    (
        "source.check.latency",
        &["'500ms'", "'2s'", "'10s'", "'10000ms'"],
        &["'11s'", "'10001ms'", "'0ms'", "'0s'", "'1m'", "'fast'"],
    ),
    (
        "source.check.certificate",
        &["14", "1", "365"],
        &["0", "366", "-1"],
    ),
    (
        "source.check.version",
        &["'/v'", "'x-version'"],
        &["''", "'a b'", "'a.b'"],
    ),
    ("source.check.failures", &["1", "100"], &["0", "101"]),
    (
        "source.check.every",
        &["'30s'", "'24h'", "'1d'"],
        &["'29s'", "'25h'", "'2d'", "'often'"],
    ),
    ("source.map.to", &["'run'", "'runs'"], &["'job'", "'Run'"]),
    ("source.map.path", &["'/v1?x=1'"], &["''", "'/a b'"]),
    ("source.map.records", &["'/jobs'", "''"], &["'jobs'"]),
    (
        "source.map.fields",
        &["{ id = '/a', state = '/b', updated = '/c' }"],
        &[
            "{}",
            "{ id = '/a' }",
            "{ id = '/a', state = '/b' }",
            "{ id = 'a', state = '/b', updated = '/c' }",
            "{ id = '/a', state = '/b', updated = '/c', foo = '/x' }",
        ],
    ),
    (
        "source.map.states",
        &["{ done = ['OK', 3], failed = 'BAD' }"],
        &["{ fine = ['OK'] }"],
    ),
    (
        "source.map.repo",
        &["'h.test/a/b'", "'/repo'"],
        &["'a'", "''"],
    ),
    ("source.map.service", &[], &["'api'"]),
    ("source.map.environment", &[], &["'prod'"]),
    ("source.map.next", &["'/next'"], &["'next'"]),
    (
        "board.columns",
        &["['code', 'Verify', { stage = 'build', title = 'In' }]"],
        &[
            "[]",
            "['tset']",
            "[{ title = 'x' }]",
            "[{ stage = 'tset' }]",
            "[{ stage = 'code', title = ' ' }]",
            "[3]",
        ],
    ),
    (
        "board.wip",
        &["{ code = 8, Verify = 1 }"],
        &[
            "{ cod = 8 }",
            "{ code = 0 }",
            "{ code = -1 }",
            "{ code = 4294967296 }",
        ],
    ),
    (
        "board.bake_window",
        &["'90m'", "'2w'", "'366d'"],
        &["'soon'", "'24'", "'367d'", "'53w'"],
    ),
    ("board.watch_window", &["'7d'"], &["'7 days'", "'9000h'"]),
    (
        "board.review_stage",
        &["'code'", "'TEST'", "'verify'"],
        &["'build'", "'x'", "''"],
    ),
    (
        "board.branching",
        &["'auto'", "'Git_Flow'", "'gitflow'"],
        &["'flow'", "''"],
    ),
    ("board.production", &["'^prod'"], &["3"]),
    ("board.incident_labels", &["['incident']", "[]"], &["['']"]),
    ("board.blocked_labels", &["['on hold']"], &["[' ']"]),
    ("board.progress_words", &["['wip']"], &["['']"]),
    (
        "board.tracker_keys",
        &["['PROJ', 'OPS2']"],
        &["['proj']", "['2A']", "['']"],
    ),
    ("board.bots", &["['robo']"], &["['']"]),
    ("wip.name", &["'b'"], &["''"]),
    (
        "wip.limit",
        &["1", "4294967295"],
        &["0", "-1", "4294967296"],
    ),
    ("wip.when", &["'is:red'"], &["''", "' '"]),
    ("wip.per", &["'person'"], &["'team'", "'Person'"]),
    ("wip.stages", &["['code', 'Test']"], &["[]", "['tset']"]),
    ("wip.hard", &["true"], &["'x'"]),
    (
        "attention.red_after",
        &["'4h'", "'0s'"],
        &["'later'", "'400d'"],
    ),
    ("attention.blocked_after", &["'2d'"], &["'2'"]),
    ("attention.review_after", &["'1d12h'"], &["''"]),
    ("attention.gate_after", &["'1h'"], &["'1 hour'"]),
    ("service.name", &["'b'"], &["''"]),
    (
        "service.repos",
        &["['a/b']", "['a/b/c*']"],
        &["['a']", "['h:a/b']", "['-a/b']"],
    ),
    ("service.paths", &["['src/']"], &["['']"]),
    ("service.workflows", &["['ci*']"], &[]),
    (
        "service.env",
        &["'api-{env}'", "'{service}-{env}'", "'production'"],
        &["''", "'x-{nv}'", "'{env}-{env}'", "'a}'"],
    ),
    ("service.tag", &["'{service}-v*'"], &["''"]),
    ("rule.name", &["'b'"], &["''"]),
    ("rule.when", &["'label:x'"], &["''"]),
    ("rule.stage", &["'Code'", "'create'"], &["'tset'", "''"]),
    (
        "rule.status",
        &["'failed'", "'Changes-Requested'", "'ack'", "'changes'"],
        &["'faild'", "''"],
    ),
    ("phase.workflow", &["'ci*'"], &["''"]),
    ("phase.job", &["'train-*'"], &["''"]),
    ("phase.phase", &["'Build'"], &["'ship'", "''"]),
    ("branching.repos", &["['a/b*']"], &["[]", "['a']"]),
    ("branching.model", &["'trunk'"], &["'truk'"]),
    (
        "ui.theme",
        &["'dark'", "'my_own-2'", "'auto'"],
        &["''", "'../x'", "'a b'"],
    ),
    ("ui.theme_dark", &["'dark'"], &["'a/b'"]),
    ("ui.theme_light", &["'light'"], &["''"]),
    ("ui.ascii", &["true", "'auto'"], &["'maybe'", "''", "1"]),
    ("ui.mouse", &["false"], &["'no'"]),
    ("ui.links", &["'never'"], &["'always'", "''"]),
    ("ui.slow", &["true"], &["'x'"]),
    ("ui.motion", &["'reduced'"], &["'fast'", "'Full'"]),
    ("ui.remember", &["false"], &["0"]),
    (
        "view.name",
        &["'my reviews'"],
        &["''", "'a name that is much too long'"],
    ),
    ("view.filter", &["'is:red'", "''"], &["3"]),
    ("view.columns", &["['code', 'Verify']"], &["[]", "['tset']"]),
    (
        "view.group",
        &["'service'", "'repository'", "'Label:team/'", "'none'"],
        &["'team'", "''"],
    ),
    ("view.sort", &["'age'", "'Newest'"], &["'size'", "''"]),
    ("view.key", &["'g 2'"], &["3"]),
    (
        "command.name",
        &["'open-diff'"],
        &["'Open'", "'1a'", "''", "'a b'"],
    ),
    ("command.help", &["'x'"], &["3"]),
    ("command.key", &["'B'", "['B', 'g x']"], &["3", "true"]),
    (
        "command.argv",
        &["['git', 'log', '{sha}']", "['a', '{{x}}', '-{short_sha}']"],
        &[
            "[]",
            "['']",
            "['-x']",
            "['{name}']",
            "['a', '{nmae}']",
            "['a', '{x']",
            "['a', '}']",
        ],
    ),
    (
        "command.where",
        &["['board', 'log']", "[]"],
        &["['bord']", "['Board']"],
    ),
    ("command.for", &["'has:pr'", "''"], &["3"]),
    ("command.cwd", &["'~/src/{name}'"], &["'{nmae}'"]),
    ("command.run", &["'terminal'"], &["'window'", "'Terminal'"]),
    ("command.pause", &["false"], &["'x'"]),
    ("command.confirm", &["true"], &["1"]),
    ("command.changes", &["false"], &["'x'"]),
    (
        "command.keep_env",
        &["['GH_TOKEN']"],
        &["['GH-TOKEN']", "['']"],
    ),
    ("wall.page_secs", &["5", "3600"], &["1", "4", "3601", "-1"]),
    ("wall.bell", &["false"], &["1"]),
    ("notify.bell", &["true"], &["1"]),
    (
        "notify.desktop",
        &["'osc9'", "'off'"],
        &["'x'", "'command'", "'Off'"],
    ),
    ("notify.command", &["['say', '']"], &["[]", "['']"]),
    ("notify.on", &["['red']", "[]"], &["['gren']"]),
    ("notify.mine_only", &["true"], &["1"]),
    (
        "notify.quiet",
        &["'22:00-07:00'", "'9:00 - 10:00'"],
        &["'night'", "'22-7'", "'25:00-07:00'", "''"],
    ),
    ("triage.history", &["1", "100"], &["0", "101"]),
    ("triage.usual", &["1", "50"], &["0", "51"]),
    (
        "team.zone",
        &["'Europe/Berlin'", "'UTC'"],
        &["'Berlin'", "''"],
    ),
    (
        "team.working_days",
        &["['mon', 'Tuesday']"],
        &["[]", "['foo']", "['tues']"],
    ),
    (
        "team.working_hours",
        &["'09:00-17:00'", "'8:30-24:00'"],
        &["'9-5'", "'25:00-26:00'", "''"],
    ),
    (
        "team.holidays",
        &["['2026-12-25', 2027-01-01]"],
        &["['x']", "['2026-13-01']", "['25.12.2026']"],
    ),
    (
        "team.turn",
        &["'10s'", "'1h'", "'90s'"],
        &["'9s'", "'2h'", "'61m'", "'x'"],
    ),
    ("team.person.name", &["'B'"], &["''"]),
    (
        "team.person.logins",
        &["['b', '@c']"],
        &["[]", "['']", "['@']"],
    ),
    ("history.days", &["0", "365"], &["999", "366", "-1"]),
    (
        "store.url",
        &["'sqlite:///srv/x.db'"],
        &["'mysql://x/y'", "'here'", "''"],
    ),
];

/// Returns a file with this value of a key, and nothing else that could be wrong.
fn with(place: &str, value: &str) -> String {
    let (table, key) = place.rsplit_once('.').unwrap();
    let (_, around) = AROUND.iter().find(|(name, _)| *name == table).unwrap();
    // Of two keys of a name the last counts here.
    let is_other = |line: &&str| line.split(' ').next() != Some(key);
    let mut lines: Vec<&str> = around.lines().collect();
    let own = lines
        .iter()
        .rposition(|line| line.starts_with('['))
        .unwrap();
    let tail: Vec<&str> = lines
        .split_off(own + 1)
        .into_iter()
        .filter(is_other)
        .collect();
    let text = [lines, tail].concat().join("\n");
    text.replace('§', &format!("{key} = {value}"))
}

/// Whether the checker refuses a text, a view that it leaves out included.
fn refuses(text: &str) -> bool {
    parse(text).map_or(true, |settings| !settings.flaws.is_empty())
}

#[test]
fn what_the_checker_refuses_by_value_the_schema_refuses() {
    let schema = made();
    let mut untrue = Vec::new();
    for (place, right, odd) in VALUES {
        for (values, is_odd) in [(right, false), (odd, true)] {
            for value in *values {
                let text = with(place, value);
                let by_checker = refuses(&text);
                let by_schema = wrong(&schema, &read(&text), "").is_some();
                if by_checker != is_odd || by_schema != is_odd {
                    let told = (by_checker, by_schema);
                    untrue.push(format!(
                        "{place} = {value}: (checker, schema) refuse: {told:?}"
                    ));
                }
            }
        }
    }
    assert!(untrue.is_empty(), "{untrue:#?}");
}

/// Puts the places of all keys below a shape into `found`.
fn places(shape: &Shape, place: &str, found: &mut BTreeSet<String>) {
    match shape {
        Shape::List(inner) => places(inner, place, found),
        Shape::Table(keys) => {
            for (key, inner) in keys {
                let place = format!("{place}.{key}");
                places(inner, place.trim_start_matches('.'), found);
            }
        }
        Shape::Names(_) if place == "keys" => {}
        Shape::Yes
        | Shape::Whole
        | Shape::Number
        | Shape::Text
        | Shape::Names(_)
        | Shape::Either(..) => drop(found.insert(place.to_owned())),
    }
}

#[test]
fn every_key_has_right_and_wrong_values() {
    let mut all = BTreeSet::new();
    places(&whole(), "", &mut all);
    let known: BTreeSet<String> = VALUES
        .iter()
        .map(|(place, ..)| (*place).to_owned())
        .collect();
    assert_eq!(known, all);
}

#[test]
fn a_key_that_is_needed_is_needed_by_the_schema() {
    let schema = made();
    let mut untrue = Vec::new();
    for (table, around) in AROUND {
        let text = around.replace('§', "");
        assert!(wrong(&schema, &read(&text), "").is_none(), "{text}");
        assert!(!refuses(&text), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('['))
        {
            let mut rest = lines.clone();
            rest.remove(at);
            let rest = rest.join("\n");
            let told = (refuses(&rest), wrong(&schema, &read(&rest), "").is_some());
            // A source of a directory's file may name no kind; of another nothing may be chosen.
            let is_of_directory = *table == "source" && told == (true, false);
            if told.0 != told.1 && !is_of_directory {
                untrue.push(format!(
                    "{table} without {line}: (checker, schema): {told:?}"
                ));
            }
        }
    }
    for text in [
        "[[rule]]\nname = 'a'\nwhen = 'x'",
        "[[phase]]\nphase = 'test'",
        "[[source]]\nkind = 'buildbot'",
        "[[source]]\nkind = 'http'\nurl = 'https://a.test'",
        "[[source]]\nkind = 'github'\norgs = ['a']\n[[source.check]]\npath = '/'",
        "[[source]]\nkind = 'alertmanager'\nurl = 'https://a.test'\nrepos = ['a/b']",
        "[[source]]\nurl = 'https://github.com'\norgs = ['a']",
        "[notify]\ndesktop = 'command'",
        "[[source]]\nkind = 'http'\nurl = 'https://a.test'\n[[source.check]]\npath = '/'\nversion = '/v'",
    ] {
        assert!(refuses(text), "{text}");
        if wrong(&schema, &read(text), "").is_none() {
            untrue.push(text.to_owned());
        }
    }
    assert!(untrue.is_empty(), "{untrue:#?}");
}

#[test]
fn a_source_of_a_directory_needs_no_kind() {
    for text in [
        "[[source]]\nrepos = ['a/b']",
        "[[source]]\nname = 'work'\norgs = ['a']",
    ] {
        assert_eq!(wrong(&made(), &read(text), ""), None, "{text}");
    }
}

#[test]
fn words_are_offered_where_others_are_taken_too() {
    let schema = made();
    let offered = |place: &str| {
        let mut at = &schema;
        for part in place.split('.') {
            at = &at["properties"][part];
            if at["type"] == "array" {
                at = &at["items"];
            }
        }
        let words = at["enum"]
            .as_array()
            .or_else(|| at["anyOf"][0]["enum"].as_array());
        let words = words.into_iter().flatten();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(offered("view.sort")[..3], ["urgent", "oldest", "newest"]);
    assert_eq!(offered("wip.stages")[..2], ["plan", "code"]);
    assert_eq!(offered("keys.preset"), ["vim", "helix", "arrows"]);
    assert_eq!(offered("ui.theme"), ["dark", "light", "auto"]);
    assert_eq!(offered("branching.model"), ["auto", "trunk", "git-flow"]);
    assert_eq!(offered("team.working_days").len(), 7);
    assert!(offered("team.zone").contains(&"Europe/Berlin".to_owned()));
}
