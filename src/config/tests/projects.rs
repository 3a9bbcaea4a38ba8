//! `[[source.project]]`: which repository the projects of a CI server build.

use super::*;

const CI: &str = "[[source]]\nkind = \"buildbot\"\nurl = \"https://ci.test\"\n";

/// Checks that the tables of a CI server have exactly one error; its own first line is 4.
#[track_caller]
fn refused(text: &str, line: usize, message: &str, hint: &str) {
    bad(&format!("{CI}{text}"), line, message, hint);
}

#[track_caller]
fn builds(rules: &[ProjectRule], project: &str, expected: Option<(&str, Option<&str>)>) {
    let found = ProjectRule::of(rules, project);
    let told = found.map(|rule| (rule.repo.as_str(), rule.branch.as_deref()));
    assert_eq!(told, expected, "{project}");
}

#[test]
fn the_first_rule_that_fits_tells_the_repository() {
    let settings = good(&format!(
        "{CI}[[source.project]]\nname = \"api-*\"\nrepo = \"github.com/acme/api\"\nbranch = \"main\"\n\
         [[source.project]]\nname = \"team/*/web\"\nrepo = \"git@git.test:group/sub/web.git\"\n\
         [[source.project]]\nname = \"*\"\nrepo = \"git.test:8443/acme/rest\"\n\
         [[source]]\nkind = \"buildbot\"\nname = \"two\"\nurl = \"https://two.test\"\n"
    ));
    let rules = &settings.sources[0].extras.projects;
    let api = ("github.com/acme/api", Some("main"));
    builds(rules, "api-unit", Some(api));
    builds(rules, "API-nightly/x", Some(api));
    builds(
        rules,
        "team/a/b/web",
        Some(("git.test/group/sub/web", None)),
    );
    builds(rules, "web", Some(("git.test:8443/acme/rest", None)));
    assert!(settings.sources[1].extras.projects.is_empty());
}

#[test]
fn each_mistake_is_told_with_its_line() {
    let named = "[[source.project]]\nname = \"a\"\n";
    let example = "write them as the address of its page, e.g. `github.com/acme/api`";
    refused(
        &format!("{named}rep = \"github.com/acme/a\"\nrepo = \"github.com/acme/a\""),
        6,
        "unknown key `rep` in [[source.project]]",
        "did you mean `repo`?",
    );
    refused(
        named,
        4,
        "`repo` is missing in [[source.project]]",
        "e.g. `github.com/acme/api`",
    );
    refused(
        "[[source.project]]\nrepo = \"github.com/acme/a\"",
        4,
        "`name` is missing in [[source.project]]",
        "e.g. `api-*`; `*` fits all",
    );
    for repo in [
        "acme/api",
        "github.com",
        "github.com/api",
        "file:///a/b",
        "github.com/a/*",
        "https://x",
    ] {
        refused(
            &format!("{named}repo = \"{repo}\""),
            6,
            &format!("`repo`: `{repo}` is not host and path of a repository"),
            example,
        );
    }
    refused(
        "[[source.project]]\nname = \"a[\"\nrepo = \"github.com/acme/a\"",
        5,
        "`name`: `a[` is not a pattern: unclosed character class; missing ']'",
        "e.g. `api-*`; `*` fits all",
    );
    refused(
        "[[source.project]]\nname = \" \"\nrepo = \"github.com/acme/a\"",
        5,
        "`name` is empty",
        "e.g. `api-*`; `*` fits all",
    );
    refused(
        &format!("{named}repo = \"github.com/acme/a\"\nbranch = \"\""),
        7,
        "`branch` is empty",
        "leave it out where the server tells it",
    );
    refused(
        "[source.project]\nname = \"a\"",
        4,
        "`source.project` is a list of tables",
        "write `[[source.project]]`, once for each",
    );
    refused(
        "[[source.project]]\nname = 3\nrepo = \"github.com/acme/a\"",
        5,
        "`name`: integer `3`, expected text",
        "",
    );
}

#[test]
fn a_source_keeps_the_tables_that_stand_below_it() {
    let errors = parse(
        "[[source]]\nkind = 3\n[[source.project]]\nname = \"a\"\nrepo = \"x.test/a/b\"\n\
         [[source]]\nkind = \"buildbot\"\nurl = \"ci\"\n[[source.project]]\nname = \"a\"\nrepo = \"y\"\n",
    );
    check_errors(
        errors,
        &[
            (2, "`kind`: integer `3`, expected text", ""),
            (
                8,
                "`url` has no scheme",
                "write it in full, e.g. `https://github.com`",
            ),
            (
                11,
                "`repo`: `y` is not host and path of a repository",
                "write them as the address of its page, e.g. `github.com/acme/api`",
            ),
        ],
    );
}

#[test]
fn kinds_without_projects_take_no_such_table() {
    bad(
        "[[source]]\nkind = \"github\"\norgs = [\"acme\"]\n[[source.project]]\nname = \"a\"\nrepo = \"x.test/a/b\"\n",
        4,
        "a source of kind `github` takes no `[[source.project]]`",
        "leave it out; it is for CI servers that do not tell their repositories",
    );
}

#[test]
fn a_directory_may_not_say_what_a_server_builds() {
    let own = Layer {
        file: "own.toml",
        text: CI,
        trust: Trust::User,
    };
    let here = Layer {
        file: "here.toml",
        text: "[[source]]\n[[source.project]]\nname = \"a\"\nrepo = \"x.test/a/b\"\n",
        trust: Trust::Directory,
    };
    check_errors(
        Settings::merge(&[own, here], KINDS),
        &[(
            2,
            "a file of the current directory may not set `project`",
            "hosts, tokens, commands, keys, calls and the store belong into your own file",
        )],
    );
}
