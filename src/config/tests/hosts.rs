//! Hosts and tokens: what could carry one astray is refused.

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
    let path = |path: &str| format!("`url`: `{path}` is no part of the address of a github host");
    let alone = "write `https://git.example` alone; repositories are named in `repos` and `orgs`";
    url("https://git.example/nope/x", &path("/nope/x"), alone);
    url("https://git.example/acme/", &path("/acme"), alone);
    for right in ["", "/", "/api/v3", "/api/v3/"] {
        let text = format!(
            "[[source]]\nkind = \"github\"\nurl = \"https://git.example{right}\"\norgs = [\"a\"]"
        );
        assert!(parse(&text).is_ok(), "{right}");
    }
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
    let clear = |host: &str| format!("`url`: http to {host} would send the token in clear text");
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
        "it is one of github, buildbot, alertmanager, http, http-json",
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
    let errors = parse("ghp_0123456789abcdefghij = 1\n[ui]\nmouse = \"ghp_0123456789abcdefghij\"");
    let shown = format!("{:?}", errors.unwrap_err());
    assert!(!shown.contains("0123456789"), "{shown}");
}
