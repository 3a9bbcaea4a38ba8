//! `init`, clones of unknown hosts, and what `doctor` sees from outside: with the real program,
//! programs that only look like `gh`, and servers on loopback.

use std::path::PathBuf;

use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::env::{Home, PROGRAM, Ran, set_mode};
use crate::support::fault::{Fault, Reply, Seen};
use crate::support::pty::Pty;

const TOKEN: &str = "ghp_thisIsNoRealToken0123456789abcdef";

/// A home with a clone in its directory `work`.
fn clone(remotes: &[(&str, &str)]) -> Home {
    let home = Home::new();
    std::fs::create_dir(home.path("work/.git")).unwrap();
    let remotes = remotes
        .iter()
        .map(|(name, url)| format!("[remote \"{name}\"]\n\turl = {url}\n"));
    let text: String = remotes.collect();
    std::fs::write(home.path("work/.git/config"), text).unwrap();
    home
}

/// Puts a program on `PATH`, and the book of hosts that it keeps.
fn program(home: &Home, name: &str, script: &str, book: (&str, &str)) {
    let file = home.path("bin").join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    set_mode(&file, 0o755);
    let (place, text) = book;
    let place = home.path("config").join(place);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(place, text).unwrap();
}

fn configuration(home: &Home) -> PathBuf {
    home.path("config/cycleboard/config.toml")
}

/// A home in a clone of GitHub whose user is logged in with `gh`.
fn logged_in() -> Home {
    let home = clone(&[("origin", "git@github.com:acme/api.git")]);
    let script = format!("echo {TOKEN}");
    let book = "github.com:\n    user: joe\n";
    program(&home, "gh", &script, ("gh/hosts.yml", book));
    home
}

/// Expects a line on standard error after what was told before, and a hint.
#[track_caller]
fn says(ran: &Ran, line: &str) {
    assert!(ran.err.contains(&format!("\n{line}")), "{ran:#?}");
    assert!(ran.err.contains("\nhint: "), "{ran:#?}");
}

const WRITTEN: &str = "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]\n";

#[test]
fn without_a_terminal_somebody_must_say_yes() {
    let home = logged_in();
    home.run(&["init"])
        .exits(2)
        .complains("there is nobody to answer them");
    let printed = home.run(&["init", "--print", "--offline"]);
    printed.exits(0);
    let defaults = home.run(&["init", "--yes", "--print", "--offline"]);
    assert_eq!(printed.out, defaults.out, "it asks nobody");
    assert!(printed.out.contains("[[source]]"), "{printed:#?}");
    assert!(!configuration(&home).exists());
}

#[test]
fn the_defaults_are_written_for_their_owner_and_hold() {
    let home = logged_in();
    let ran = home.run(&["init", "--yes", "--offline"]);
    ran.exits(0).prints("wrote `").prints("next: `cycleboard`");
    assert!(
        ran.err.contains(
            "1  github https://github.com with acme/api: the remote `origin`, a login of `gh`"
        ),
        "{ran:#?}"
    );
    let file = configuration(&home);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.ends_with(WRITTEN), "{text}");
    assert!(text.contains("# Its token comes from `gh`."), "{text}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // Editors find the schema by the name in the file.
    let named = text
        .lines()
        .find_map(|line| line.strip_prefix("#:schema ./"));
    let schema = std::fs::read_to_string(file.with_file_name(named.unwrap())).unwrap();
    assert_eq!(schema, home.run(&["config", "schema"]).out);
    home.run(&["config", "check"])
        .exits(0)
        .prints("fine, 1 source");
    // Only what `gh` itself would say holds the token.
    assert_eq!(home.files_with(TOKEN), [home.path("bin/gh")]);
    let again = home.run(&["init", "--yes", "--offline"]);
    again.exits(0).prints("says that already");
}

#[test]
fn what_is_printed_is_the_file_and_nothing_else() {
    let home = logged_in();
    let ran = home.run(&["init", "--yes", "--print", "--offline"]);
    ran.exits(0);
    assert!(
        ran.out.starts_with("# The configuration of cycleboard"),
        "{ran:#?}"
    );
    assert!(ran.out.ends_with(WRITTEN), "{ran:#?}");
    assert!(!configuration(&home).exists());
}

#[test]
fn a_file_that_is_there_is_replaced_only_where_that_is_said() {
    let home = logged_in();
    let old = "[ui]\ntheme = \"light\"\n";
    let file = home.configure(old);
    let ran = home.run(&["init", "--yes", "--offline"]);
    ran.exits(0).prints("config.toml.new`").prints("`--force`");
    assert!(ran.err.contains("-theme = \"light\""), "{ran:#?}");
    assert!(ran.err.contains("+kind = \"github\""), "{ran:#?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), old);
    let new = std::fs::read_to_string(file.with_extension("toml.new")).unwrap();
    assert!(new.ends_with(WRITTEN), "{new}");
    home.run(&["init", "--yes", "--offline", "--force"])
        .exits(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), new);
    // Even one that cannot be read as a configuration is only replaced.
    home.configure("what = [");
    home.run(&["init", "--yes", "--offline", "--force"])
        .exits(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), new);
}

#[test]
fn where_nothing_is_found_nothing_is_written() {
    let home = Home::new();
    let ran = home.run(&["init", "--yes", "--offline"]);
    ran.exits(1);
    says(&ran, "error: nothing is chosen, so nothing is written");
    assert!(ran.err.contains("cycleboard demo"), "{ran:#?}");
    assert!(ran.err.contains("nothing was found"), "{ran:#?}");
    assert!(!configuration(&home).exists());
    let ran = home.run(&["init", "--yes", "--offline", "--print"]);
    ran.exits(0).prints("#[[source]]");
    home.configure(&ran.out);
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn variables_are_told_by_name_only() {
    let home = clone(&[("origin", "https://github.com/acme/api")]);
    let arguments = ["init", "--yes", "--offline"];
    let mut command = home.command(&arguments);
    command.env("GH_TOKEN", TOKEN);
    let ran = Ran::of(command.output().unwrap(), &arguments);
    ran.exits(0);
    assert!(ran.err.contains("`GH_TOKEN`"), "{ran:#?}");
    assert!(!format!("{}{}", ran.out, ran.err).contains(TOKEN));
    assert_eq!(home.files_with(TOKEN), Vec::<PathBuf>::new());
    let text = std::fs::read_to_string(configuration(&home)).unwrap();
    assert!(
        text.contains("# Its token comes from `GH_TOKEN`."),
        "{text}"
    );
}

#[test]
fn a_file_that_cannot_be_written_is_told() {
    let home = logged_in();
    let ran = home.run(&[
        "init",
        "--yes",
        "--offline",
        "--config",
        "/proc/no/config.toml",
    ]);
    ran.exits(1);
    says(&ran, "error: cannot write `/proc/no/config.toml`");
    let ran = home.run(&["init", "--yes", "--offline", "--config", "."]);
    ran.exits(2);
    assert!(ran.err.contains("`.` is no file of ours"), "{ran:#?}");
}

/// A server that shows strangers that it is GitHub's, and refuses everything else.
fn enterprise(seen: &Seen) -> Reply {
    // On a loopback address the interface itself may be at the root.
    if seen.path().ends_with("/meta") {
        let meta = json!({
            "verifiable_password_authentication": false,
            "installed_version": "3.16.1",
        });
        return Reply::json(&meta);
    }
    absent()
}

fn absent() -> Reply {
    Reply::json(&json!({"message": "Not Found"})).status(404)
}

/// A GitLab below a path that lets in nobody without a token.
fn lab(seen: &Seen) -> Reply {
    if seen.path().starts_with("/gitlab/api/v4/") {
        return Reply::json(&json!({"message": "401 Unauthorized"})).status(401);
    }
    absent()
}

/// A Forgejo.
fn forgejo(seen: &Seen) -> Reply {
    match seen.path() {
        "/api/forgejo/v1/version" | "/api/v1/version" => {
            Reply::json(&json!({"version": "11.0.1+gitea-1.22.0"}))
        }
        _ => absent(),
    }
}

#[track_caller]
fn check_shown(script: fn(&Seen) -> Reply, path: &str, kind: &str, base: &str, repo: &str) {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(script));
    let url = server.url.as_str().trim_end_matches('/');
    let home = clone(&[("origin", &format!("{url}{path}"))]);
    let ran = home.run(&["init", "--yes", "--print"]);
    let expected =
        format!("[[source]]\nkind = \"{kind}\"\nurl = \"{url}{base}\"\nrepos = [\"{repo}\"]\n");
    ran.exits(0).prints(&expected);
    assert!(
        server
            .seen()
            .iter()
            .all(|seen| seen.header("authorization").is_none())
    );
    home.run(&["doctor"])
        .prints(&format!("kind         {kind}"))
        .prints(&format!("address      {url}{base}"));
}

#[test]
fn hosts_of_every_kind_of_forge_show_what_they_are() {
    check_shown(enterprise, "/acme/api.git", "github", "", "acme/api");
    check_shown(
        lab,
        "/gitlab/acme/team/api.git",
        "gitlab",
        "/gitlab",
        "acme/team/api",
    );
    check_shown(forgejo, "/acme/api.git", "forgejo", "", "acme/api");
}

#[test]
fn clones_of_public_hosts_need_no_configuration() {
    for (url, name, repo) in [
        (
            "git@gitlab.com:acme/team/deep/api.git",
            "gitlab",
            "acme/team/deep/api",
        ),
        ("https://codeberg.org/acme/api", "codeberg.org", "acme/api"),
        ("https://gitea.com/acme/api", "gitea.com", "acme/api"),
    ] {
        let home = clone(&[("origin", url)]);
        let ran = home.run(&["board", "--once", "--offline"]);
        ran.exits(5)
            .prints(&format!("source {name} not asked, never answered"));
        let ran = home.run(&["init", "--yes", "--offline", "--print"]);
        ran.exits(0).prints(&format!("repos = [\"{repo}\"]"));
    }
}

#[test]
fn logins_of_every_program_are_found() {
    let home = clone(&[("origin", "git@git.example.org:acme/team/api.git")]);
    let glab = "hosts:\n    git.example.org:\n        token: glpat-notReallyAToken01\n";
    program(&home, "glab", "exit 1", ("glab-cli/config.yml", glab));
    let tea = "logins:\n- name: berg\n  url: https://codeberg.org\n  token: none-of-ours-0123\n";
    program(&home, "tea", "exit 1", ("tea/config.yml", tea));
    let ran = home.run(&["init", "--yes", "--offline"]);
    ran.exits(0);
    for line in [
        "1  gitlab https://git.example.org with acme/team/api: the remote `origin`, a login of `glab`",
        "2  forgejo https://codeberg.org: a login of `tea`",
    ] {
        assert!(ran.err.contains(line), "no `{line}` in {ran:#?}");
    }
    let text = std::fs::read_to_string(configuration(&home)).unwrap();
    let expected = "# Its token comes from `glab`.\n[[source]]\nkind = \"gitlab\"\n\
                    url = \"https://git.example.org\"\nrepos = [\"acme/team/api\"]\n";
    assert!(text.ends_with(expected), "{text}");
    let told = format!("{}{}{text}", ran.out, ran.err);
    assert!(
        !told.contains("glpat-") && !told.contains("none-of-ours"),
        "{told}"
    );
}

#[test]
fn a_remote_that_is_left_out_is_told() {
    let home = clone(&[
        ("backup", "https://git.example.test/acme/api.git"),
        ("upstream", "https://github.com/acme/api.git"),
    ]);
    let ran = home.run(&["init", "--yes", "--offline"]);
    ran.exits(0);
    let told = "a remote of this clone is at `git.example.test`, and nobody knows what kind of \
                host that is: it is left out";
    assert!(ran.err.contains(told), "{ran:#?}");
}

#[test]
fn a_clone_of_an_unknown_host_is_shown_once_the_host_says_what_it_is() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(enterprise));
    let home = clone(&[("origin", &format!("{}acme/api.git", server.url))]);
    let none = home.run(&["sources", "--offline"]);
    none.exits(2)
        .complains("of which nobody said what kind it is");
    assert!(server.seen().is_empty(), "`--offline` asks nobody");
    let arguments = ["doctor"];
    let mut command = home.command(&arguments);
    command.env("GH_TOKEN", TOKEN);
    let ran = Ran::of(command.output().unwrap(), &arguments);
    ran.prints("sources      from the clone in the current directory")
        .prints("kind         github")
        .prints("host         it answers");
    let asked = server.seen();
    assert!(
        asked.iter().all(|seen| !seen.text().contains(TOKEN)),
        "{asked:#?}"
    );
    let first: Vec<&str> = asked.iter().map(Seen::path).collect();
    assert!(first.contains(&"/api/v3/meta"), "{first:?}");
    // It is remembered: now nobody has to be asked.
    home.run(&["board", "--once", "--offline"])
        .exits(5)
        .prints("source 127.0.0.1");
}

#[test]
fn a_host_that_shows_nothing_is_told_with_the_way_out() {
    let runtime = Runtime::new().unwrap();
    let page = |_: &Seen| Reply::new(200, "<html>hello").with("content-type", "text/html");
    let server = runtime.block_on(Fault::start(page));
    let home = clone(&[("origin", &format!("{}acme/api.git", server.url))]);
    let ran = home.run(&["board", "--once"]);
    ran.exits(2)
        .complains("its answers show none of the kinds that are known");
    let url = server.url.as_str().trim_end_matches('/');
    assert!(ran.err.contains(&format!("`url = \"{url}\"`")), "{ran:#?}");
    assert!(ran.err.contains("cycleboard init"), "{ran:#?}");
}

#[test]
fn what_was_written_is_tested_and_the_verdict_is_the_exit_code() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(enterprise));
    let home = clone(&[("origin", &format!("{}acme/api.git", server.url))]);
    let ran = home.run(&["init", "--yes"]);
    ran.exits(1)
        .prints("wrote `")
        .prints(": failed: ")
        .prints("next: `cycleboard doctor` tells more");
    let text = std::fs::read_to_string(configuration(&home)).unwrap();
    let url = server.url.as_str().trim_end_matches('/');
    assert!(
        text.contains(&format!("url = \"{url}\"\nrepos = [\"acme/api\"]")),
        "{text}"
    );
}

/// A Prometheus below no path, with an old clock.
fn prometheus(seen: &Seen) -> Reply {
    let reply = match seen.path() {
        "/api/v1/status/buildinfo" => Reply::json(&json!({
            "status": "success",
            "data": {"version": "2.53.3", "goVersion": "go1.22"},
        })),
        _ => Reply::new(404, "404 page not found"),
    };
    reply.with("date", "Wed, 21 Oct 2015 07:28:00 GMT")
}

#[test]
fn doctor_says_what_is_there_instead() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(prometheus));
    let url = server.url.as_str().trim_end_matches('/');
    let home = Home::new();
    let configure = |kind: &str, path: &str| {
        let source = format!("[[source]]\nkind = \"{kind}\"\nurl = \"{url}{path}\"\n");
        home.configure(&source);
        home.run(&["doctor"])
    };
    let ran = configure("alertmanager", "/metrics");
    ran.exits(1)
        .prints(&format!("address      {url}/metrics"))
        .prints(&format!(
            "there        note: Prometheus 2.53.3 answers at `{url}`"
        ))
        .prints(&format!(
            "hint: set `kind = \"prometheus\"` and `url = \"{url}\"`"
        ))
        .prints("clock        note: the clock here is ");
    let ran = configure("prometheus", "/graph/x");
    ran.prints(&format!("hint: set `url = \"{url}\"`"));
    assert!(!ran.out.contains("set `kind"), "{ran:#?}");
}

#[test]
fn doctor_says_where_it_looked_and_what_a_right_address_looks_like() {
    let runtime = Runtime::new().unwrap();
    let page = |_: &Seen| Reply::new(200, "<html>login").with("content-type", "text/html");
    let server = runtime.block_on(Fault::start(page));
    let url = server.url.as_str().trim_end_matches('/');
    for kind in ["gitlab", "forgejo", "jenkins", "prometheus", "alertmanager"] {
        let home = Home::new();
        let repos = if matches!(kind, "gitlab" | "forgejo") {
            "repos = [\"acme/api\"]\n"
        } else {
            ""
        };
        home.configure(&format!(
            "[[source]]\nkind = \"{kind}\"\nurl = \"{url}/x/y\"\n{repos}"
        ));
        home.run(&["doctor"])
            .exits(1)
            .prints(&format!("kind         {kind}"))
            .prints("web page")
            .prints(&format!(
                "shows itself at `{url}/x/y` or `{url}` or `{url}/x`"
            ))
            .prints("hint: `url` is where the pages of ");
    }
}

/// Starts `init` on a terminal, wide enough that no line is folded.
fn asks(home: &Home, arguments: &[&str]) -> Pty {
    let arguments = [&["init", "--offline"], arguments].concat();
    Pty::start(home, &arguments, 200, 40)
}

#[test]
fn questions_are_answered_by_keys() {
    let home = logged_in();
    let file = home.configure("[ui]\ntheme = \"light\"\n");
    let mut terminal = asks(&home, &[]);
    terminal.wait_for("which of them? numbers, `all` or `none` [1]:");
    terminal.send("7\r");
    terminal.wait_for("`7` is not a list of numbers from 1 to 1");
    terminal.send("\r");
    terminal.wait_for("what of github.com?");
    terminal.send("acme/api, joe\r");
    terminal.wait_for("another system?");
    terminal.send("prometheus https://prom.example.org/x\r");
    terminal.wait_for("token of prom.example.org");
    terminal.send("PROM_LOGIN\r");
    terminal.wait("the second question for more", |screen| {
        screen.contents().matches("another system?").count() == 2
    });
    terminal.send("\r");
    terminal.wait_for("replace it? `yes`, `no`, or `new`");
    terminal.send("yes\r");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let text = std::fs::read_to_string(&file).unwrap();
    let tables = "[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]\norgs = [\"joe\"]\n";
    assert!(text.contains(tables), "{text}");
    let tables = "kind = \"prometheus\"\nurl = \"https://prom.example.org/x\"\n\
                  token_env = \"PROM_LOGIN\"\n";
    assert!(text.ends_with(tables), "{text}");
}

#[test]
fn who_leaves_leaves_nothing() {
    for (keys, code) in [("\u{3}", None), ("\u{4}", Some(1))] {
        let home = logged_in();
        let before = home.files("config").len();
        let mut terminal = asks(&home, &[]);
        terminal.wait_for("which of them?");
        terminal.send("\r");
        terminal.wait_for("what of github.com?");
        terminal.send(keys);
        let ended = terminal.end();
        assert_ne!(ended, 0);
        assert!(code.is_none_or(|code| code == ended), "{ended}");
        assert_eq!(home.files("config").len(), before);
    }
}

#[test]
fn no_to_a_file_that_is_there_writes_nothing() {
    let home = logged_in();
    home.configure("[ui]\n");
    let before = home.files("config").len();
    let mut terminal = asks(&home, &[]);
    for question in ["which of them?", "what of github.com?", "another system?"] {
        terminal.wait_for(question);
        terminal.send("\r");
    }
    terminal.wait_for("replace it?");
    terminal.send("no\r");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.text().contains("nothing is written"));
    assert_eq!(home.files("config").len(), before);
}

#[test]
fn init_is_offered() {
    let help = std::process::Command::new(PROGRAM)
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(help.contains("\n  init "), "{help}");
}
