//! `[[source.check]]` and `[[source.map]]`: what they say, and mistakes in them with their lines.

use super::*;
use crate::config::{HttpCheck, JsonMap, Place, Said};

fn read(text: &str, trust: Trust) -> Result<Settings, Vec<ConfigError>> {
    Settings::parse(text, "c.toml", trust, KINDS)
}

/// The lines before those of a check.
const CHECK: &str =
    "[[source]]\nkind = \"http\"\nurl = \"https://api.test/base\"\n[[source.check]]";

/// Returns the check of these lines.
#[track_caller]
fn check(lines: &str) -> HttpCheck {
    let text = format!("{CHECK}\n{lines}");
    let settings = read(&text, Trust::User).unwrap_or_else(|errors| panic!("{errors:#?}"));
    settings.sources[0].extras.checks[0].clone()
}

/// Checks the one mistake of a check whose lines begin with line 5.
#[track_caller]
fn bad_check(lines: &str, line: usize, message: &str, hint: &str) {
    let text = format!("{CHECK}\n{lines}");
    check_errors(read(&text, Trust::User), &[(line, message, hint)]);
}

#[test]
fn a_check_needs_a_path_and_all_else_has_a_default() {
    let bare = check("path = \"/healthz\"");
    assert_eq!(bare.url.as_str(), "https://api.test/base/healthz");
    assert_eq!(
        (&*bare.name, &*bare.environment),
        ("/healthz", "production")
    );
    assert_eq!((bare.failures, bare.every.as_secs()), (2, 30));
    assert_eq!(bare.status.told(), "200-299");
    assert!(bare.body.is_none() && bare.value.is_none() && bare.version.is_none());
    assert!(bare.latency.is_none() && bare.certificate.is_none());
    let whole = check("path = \"https://api.test/other?deep=1\"\nname = \"deep\"");
    assert_eq!(whole.url.as_str(), "https://api.test/other?deep=1");
}

#[test]
fn a_check_says_what_should_come() {
    let full = check(
        "path = \"x\"\nname = \"checkout\"\nservice = \"api\"\nrepo = \"github.com/acme/api\"\n\
         environment = \"live\"\nstatus = [200, \"3xx\"]\nbody = \"ok\"\npointer = \"/a\"\n\
         equals = 1\nlatency = \"500ms\"\ncertificate = 14\nversion = \"X-Version\"\n\
         failures = 3\nevery = \"5m\"",
    );
    assert_eq!(full.url.as_str(), "https://api.test/base/x");
    assert_eq!(full.service.unwrap().as_str(), "api");
    assert_eq!(full.repo.unwrap().as_str(), "github.com/acme/api");
    assert_eq!(&*full.environment, "live");
    assert_eq!(full.status.told(), "200 or 300-399");
    assert!(full.body.unwrap().is_match("it is ok"));
    let value = full.value.unwrap();
    assert_eq!(
        (value.pointer.as_str(), value.equals),
        ("/a", Some(1.into()))
    );
    assert_eq!(full.latency.unwrap().as_millis(), 500);
    assert_eq!(full.certificate, Some(14));
    assert_eq!(full.version, Some(Place::Header("x-version".to_owned())));
    assert_eq!((full.failures, full.every.as_secs()), (3, 300));
}

#[test]
fn mistakes_in_a_check_are_told_with_their_line() {
    bad_check(
        "name = \"a\"",
        4,
        "`path` is missing in [[source.check]]",
        "where it asks, e.g. `/healthz`",
    );
    bad_check(
        "path = \"/a\"\nstatsu = 200",
        6,
        "unknown key `statsu` in [[source.check]]",
        "did you mean `status`?",
    );
    bad_check(
        "path = \"/a\"\nlatency = 500",
        6,
        "`latency`: integer `500`, expected text",
        "",
    );
    bad_check(
        "path = \"https://other.test/a\"",
        5,
        "`path`: `https://other.test/a` is not at `api.test`, where the source is",
        "give each host a `[[source]]` of its own",
    );
    bad_check(
        "path = \"http://api.test/a\"",
        5,
        "`path`: `http://api.test/a` is not at `api.test`, where the source is",
        "give each host a `[[source]]` of its own",
    );
    let odd = "`path` is empty, or holds a space, a `#` or a control character";
    bad_check("path = \" \"", 5, odd, "e.g. `/healthz`");
    bad_check("path = \"/a b\"", 5, odd, "e.g. `/healthz`");
    let hint = "a number, a class or a range, or a list of them: `204`, `\"2xx\"`, `\"200-299\"`";
    bad_check(
        "path = \"/a\"\nstatus = 700",
        6,
        "`status`: `700` is no HTTP status",
        hint,
    );
    bad_check(
        "path = \"/a\"\nstatus = []",
        6,
        "`status` is an empty list",
        hint,
    );
    bad_check(
        "path = \"/a\"\nstatus = 2.5",
        6,
        "`status`: floating point `2.5`, expected a word, or a list of words",
        "",
    );
    bad_check(
        "path = \"/a\"\nbody = \"(\"",
        6,
        "`body` is not a regular expression: unclosed group",
        "",
    );
    bad_check(
        "path = \"/a\"\npointer = \"db.state\"\nequals = 1",
        6,
        "`pointer`: `db.state` is not a JSON pointer",
        "it begins with a slash: `/db/state`",
    );
    bad_check(
        "path = \"/a\"\nequals = 1",
        6,
        "`equals` needs `pointer`",
        "name the place in the body that is meant, e.g. `pointer = \"/status\"`",
    );
}

#[test]
fn figures_of_a_check_have_their_bounds() {
    let second = |key: &str, message: &str, hint: &str| {
        bad_check(&format!("path = \"/a\"\n{key}"), 6, message, hint);
    };
    second(
        "latency = \"fast\"",
        "`latency`: `fast` is not a time",
        "e.g. `500ms` or `2s`",
    );
    second(
        "latency = \"0ms\"",
        "`latency`: `0ms` is not a time",
        "e.g. `500ms` or `2s`",
    );
    second(
        "latency = \"1m\"",
        "`latency`: `1m` is longer than 10 s",
        "what takes longer than that is no answer in any case",
    );
    second(
        "every = \"5s\"",
        "`every`: `5s` is not between 30s and 24h",
        "",
    );
    second(
        "every = \"often\"",
        "`every`: `often` is not a duration",
        "e.g. `30s` or `5m`",
    );
    second(
        "failures = 0",
        "`failures` is not between 1 and 100",
        "how many in a row are told; 2 lets one blip pass",
    );
    second(
        "certificate = 0",
        "`certificate` is not between 1 and 365 days",
        "how many days before its end it is told, e.g. `14`",
    );
    let plain = CHECK.replace("https://api.test", "http://127.0.0.1:1");
    check_errors(
        read(
            &format!("{plain}\npath = \"/a\"\ncertificate = 14"),
            Trust::User,
        ),
        &[(
            6,
            "`certificate`: a source with plain http has none",
            "leave it out",
        )],
    );
    bad_check(
        "path = \"/a\"\nversion = \"/sha\"",
        4,
        "`repo` is missing in [[source.check]] with `version`",
        "the repository whose versions run there, e.g. `github.com/acme/api`",
    );
    bad_check(
        "path = \"/a\"\nversion = \"x version\"\nrepo = \"github.com/acme/api\"",
        6,
        "`version`: `x version` is neither a JSON pointer nor a header",
        "e.g. `/version` or `x-app-version`",
    );
    second(
        "repo = \"acme/api\"",
        "`repo`: `acme/api` is not host and path of a repository",
        "write them as the address of its page, e.g. `github.com/acme/api`",
    );
}

#[test]
fn checks_of_one_source_are_told_apart() {
    bad_check(
        "path = \"/a\"\n[[source.check]]\npath = \"/a\"",
        6,
        "there are two checks named `/a`",
        "give one of them another `name`",
    );
    let live = "repo = \"github.com/acme/api\"\nversion = \"/sha\"";
    bad_check(
        &format!("path = \"/a\"\n{live}\n[[source.check]]\npath = \"/b\"\n{live}"),
        8,
        "two checks tell the version of the same service and environment",
        "keep one `version`, or give one check another `environment` or `service`",
    );
    let many: String = (0..51)
        .map(|n| format!("\n[[source.check]]\npath = \"/{n}\""))
        .collect();
    let text = format!("{}{many}", CHECK.replace("\n[[source.check]]", ""));
    check_errors(
        read(&text, Trust::User),
        &[(
            104,
            "there are more than 50 checks of one source",
            "give the others a source of their own, with another `name`",
        )],
    );
}

#[test]
fn only_its_own_kind_takes_a_table_and_needs_one() {
    let of = |kind: &str| format!("[[source]]\nkind = \"{kind}\"\nurl = \"https://api.test\"");
    for (kind, table) in [("http", "check"), ("http-json", "map")] {
        check_errors(
            read(&of(kind), Trust::User),
            &[(
                1,
                &format!("a source of kind `{kind}` asks for nothing by itself"),
                &format!("write at least one `[[source.{table}]]` below it"),
            )],
        );
        let github = format!("{}\nrepos = [\"a/b\"]", of("github"));
        check_errors(
            read(&format!("{github}\n[[source.{table}]]\n"), Trust::User),
            &[(
                5,
                &format!("a source of kind `github` takes no `[[source.{table}]]`"),
                &format!("it belongs to a source of kind `{kind}`"),
            )],
        );
    }
    check_errors(
        read(&format!("{}\ncheck = 1", of("http")), Trust::User),
        &[(
            4,
            "`source.check` is a list of tables",
            "write `[[source.check]]`, once for each",
        )],
    );
}

#[test]
fn a_file_of_the_directory_sets_neither_checks_nor_maps() {
    let mine = "[[source]]\nname = \"work\"\nkind = \"github\"\nrepos = [\"a/b\"]";
    for table in ["check", "map"] {
        let text = format!(
            "[[source]]\nname = \"work\"\nrepos = [\"a/c\"]\n[[source.{table}]]\npath = \"/a\""
        );
        let layer = |file, text, trust| Layer { file, text, trust };
        let layers = [
            layer("mine", mine, Trust::User),
            layer("here", &*text, Trust::Directory),
        ];
        let message = format!("a file of the current directory may not set `{table}`");
        let hint = "hosts, tokens, commands, keys, calls and the store belong into your own file";
        check_errors(Settings::merge(&layers, KINDS), &[(4, &message, hint)]);
    }
}

/// The lines before those of a map.
const MAP: &str =
    "[[source]]\nkind = \"http-json\"\nurl = \"https://lab.test/api/\"\n[[source.map]]";

#[track_caller]
fn map(lines: &str) -> JsonMap {
    let text = format!("{MAP}\n{lines}");
    let settings = read(&text, Trust::User).unwrap_or_else(|errors| panic!("{errors:#?}"));
    settings.sources[0].extras.maps[0].clone()
}

#[track_caller]
fn bad_map(lines: &str, expected: &[(usize, &str, &str)]) {
    check_errors(read(&format!("{MAP}\n{lines}"), Trust::User), expected);
}

const RUN: &str = "to = \"run\"\npath = \"/runs\"\nrepo = \"github.com/acme/ml\"\n";

#[test]
fn a_map_says_what_is_read_and_as_what() {
    let found = map(&format!(
        "{RUN}fields = {{ id = \"/id\", state = \"/s\", created = \"/t\" }}\n\
         states = {{ done = [\"OK\", 1], failed = \"no\" }}\nnext = \"/next\""
    ));
    assert_eq!((found.route.as_str(), found.query.as_str()), ("/runs", ""));
    assert_eq!(
        (found.records.as_str(), found.next.as_deref()),
        ("", Some("/next"))
    );
    assert_eq!(
        found.repo,
        Some(Said::Fixed("github.com/acme/ml".to_owned()))
    );
    for (word, expected) in [
        ("ok", Some("done")),
        (" Ok", Some("done")),
        ("1", Some("done")),
        ("no", Some("failed")),
        ("running", Some("running")),
        ("yes", None),
    ] {
        assert_eq!(found.state(word), expected, "{word}");
    }
    let whole = RUN.replace("/runs", "https://lab.test/api/runs?a=1&b");
    let fields = "fields = { id = \"/id\", state = \"/s\", created = \"/t\" }";
    assert_eq!(map(&format!("{whole}{fields}")).path(), "/runs?a=1&b");
}

#[test]
fn what_a_map_needs_is_asked_for() {
    bad_map(
        "",
        &[
            (
                4,
                "`path` is missing in [[source.map]]",
                "the route below `url`, e.g. `/api/runs?limit=100`",
            ),
            (
                4,
                "`to` is missing in [[source.map]]",
                "it is one of ticket, run, deployment, alert",
            ),
        ],
    );
    bad_map(
        "to = \"runn\"\npath = \"/a\"",
        &[(5, "`to`: unknown word `runn`", "did you mean `run`?")],
    );
    let title = "`fields` of a run";
    bad_map(
        RUN,
        &[
            (
                4,
                &format!("`id` is missing in {title}"),
                "where it is in a record, e.g. `id = \"/id\"`",
            ),
            (
                4,
                &format!("`state` is missing in {title}"),
                "where it is in a record, e.g. `state = \"/state\"`",
            ),
            (
                4,
                &format!("no time is in {title}"),
                "`created` or `started` or `finished` or `updated` is needed: where it is in a record",
            ),
        ],
    );
    bad_map(
        "to = \"deployment\"\npath = \"/a\"\n\
         fields = { id = \"/id\", state = \"/s\", created = \"/t\" }",
        &[
            (
                4,
                "`repo` is missing in [[source.map]] of a deployment",
                "the same for all, or where it is in a record: `/…`",
            ),
            (
                4,
                "`environment` is missing in [[source.map]] of a deployment",
                "the same for all, or where it is in a record: `/…`",
            ),
        ],
    );
}

#[test]
fn what_a_map_does_not_take_is_refused_with_what_it_takes() {
    let fields = "fields = { id = \"/id\", state = \"/s\", created = \"/t\"";
    bad_map(
        &format!("{RUN}{fields}, brnch = \"/b\" }}"),
        &[(
            8,
            "`fields` of a run: there is no `brnch`",
            "did you mean `branch`?",
        )],
    );
    bad_map(
        &format!("{RUN}{fields}, branch = \"git.branch\" }}"),
        &[(
            8,
            "`fields.branch`: `git.branch` is not a JSON pointer",
            "it begins with a slash: `/git/branch`",
        )],
    );
    bad_map(
        &format!("{RUN}{fields} }}\nservice = \"api\""),
        &[(9, "`service`: a run has none", "it takes repo")],
    );
    bad_map(
        &format!("{RUN}{fields} }}\nstates = {{ passed = \"ok\" }}"),
        &[(
            9,
            "`states` of a run: there is no `passed`",
            "it is one of queued, waiting, running, done, skipped, failed, timed_out, cancelled",
        )],
    );
    bad_map(
        &format!("{RUN}{fields} }}\nstates = {{ done = \"x\", failed = [\"y\", \"X\"] }}"),
        &[(
            9,
            "`states` of a run: `x` is `done` and `failed`",
            "each word means one thing",
        )],
    );
    let run = format!("{RUN}{fields} }}");
    bad_map(
        &run.replace("/runs", "https://other.test/runs"),
        &[(
            6,
            "`path`: `https://other.test/runs` is not at `lab.test`, where the source is",
            "give each host a `[[source]]` of its own",
        )],
    );
    bad_map(
        &run.replace("/runs", "https://lab.test/other"),
        &[(
            6,
            "`path`: `https://lab.test/other` is not below `url`",
            "write what follows `url`, e.g. `/api/runs?limit=100`",
        )],
    );
    bad_map(
        &format!("{run}\n[[source.map]]\n{run}"),
        &[(9, "two maps read runs from `/runs`", "join them")],
    );
}
