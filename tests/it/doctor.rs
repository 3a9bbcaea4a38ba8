//! What `doctor` says of old servers, of features that are off, of pages for people and of tokens
//! that are missing: a row for each kind, with the real program.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::env::{Home, Ran};
use crate::support::fault::{Fault, Reply, Seen};

const TICKETS: &str = "[[source.map]]\nto = \"ticket\"\npath = \"/tickets\"\n\
    fields = { id = \"/id\", title = \"/title\", created = \"/created\" }\n";

/// Runs `doctor` on one source that a script answers.
fn doctor(
    kind: &str,
    path: &str,
    more: &str,
    script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Ran, String) {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(script));
    let url = server.url.as_str().trim_end_matches('/').to_owned();
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nkind = \"{kind}\"\nurl = \"{url}{path}\"\n{more}"
    ));
    (home.run(&["doctor"]), url)
}

fn page() -> Reply {
    Reply::new(200, "<html>login").with("content-type", "text/html")
}

fn absent() -> Reply {
    Reply::new(404, "{}").with("content-type", "application/json")
}

/// Expects that nothing is listed that was not tried.
#[track_caller]
fn tried(ran: &Ran) {
    assert!(!ran.out.contains("not tried yet"), "{ran:#?}");
}

#[test]
fn an_old_gitlab_with_much_switched_off_is_fine_where_the_board_needs_no_more() {
    let (ran, _) = doctor(
        "gitlab",
        "",
        "repos = [\"acme/api\"]\ntoken_command = [\"echo\", \"x\"]\n",
        |seen| {
            let list = Reply::json(&json!([]));
            match seen.path() {
                "/api/v4/version" => Reply::json(&json!({"version": "11.4.0", "revision": "x"})),
                "/api/v4/projects/acme%2Fapi" => Reply::json(&json!({
                    "id": 1, "path_with_namespace": "acme/api",
                })),
                path if path.ends_with("/issues") => {
                    Reply::new(403, r#"{"message":"403 Forbidden"}"#)
                }
                path if path.ends_with("/merge_requests") || path.ends_with("/commits") => list,
                path if path.ends_with("/pipelines") => list,
                // No tokens of one's own, no guards, no releases.
                _ => absent(),
            }
        },
    );
    ran.exits(1)
        .prints("it answers, GitLab 11.4.0")
        .prints("issues       failed: ")
        .prints("hint: is it on in `acme/api`, and has the token the scope `read_api`?")
        .prints("runs         can be read in `acme/api`")
        .prints("releases     note: cannot be read in `acme/api`")
        .prints("environments note: cannot be read in `acme/api`");
    tried(&ran);
    assert!(!ran.out.contains("runs: yes"), "told above: {ran:#?}");
}

#[test]
fn a_gitea_that_tells_less_is_no_failure() {
    let (ran, _) = doctor("gitea", "", "repos = [\"acme/api\"]\n", |seen| {
        match seen.path() {
            "/api/v1/version" => Reply::json(&json!({"version": "1.16.9"})),
            "/api/v1/repos/acme/api" => Reply::json(&json!({
                "id": 1, "full_name": "acme/api", "name": "api", "owner": {"login": "acme"},
                "default_branch": "main", "updated_at": "2026-11-20T09:00:00Z",
            })),
            "/api/v1/repos/acme/api/pulls" => Reply::json(&json!([])),
            _ => absent(),
        }
    });
    ran.exits(0)
        .prints("1.16.9")
        .prints("issues       note: they are switched off in `acme/api`")
        .prints("pulls        they can be read");
    tried(&ran);
}

#[test]
fn a_forgejo_before_all_deeds_offers_none() {
    let writes = "repos = [\"acme/api\"]\nwrites = [\"rerun\", \"cancel\"]\n";
    for (version, expected) in [
        (
            "15.0.2+gitea-1.22.0",
            "re-run: no: Forgejo 15 has no re-run of a run",
        ),
        (
            "15.0.2+gitea-1.22.0",
            "cancel: no: Forgejo 15 has no way to stop a run",
        ),
        (
            "17.0.0+gitea-1.22.0",
            "re-run: `writes` allows it on a board",
        ),
    ] {
        let (ran, _) = doctor("forgejo", "", writes, move |seen| match seen.path() {
            "/api/v1/version" => Reply::json(&json!({"version": version})),
            "/api/v1/repos/acme/api" => Reply::json(&json!({
                "id": 1, "full_name": "acme/api", "name": "api", "owner": {"login": "acme"},
                "default_branch": "main", "updated_at": "2026-11-20T09:00:00Z",
            })),
            "/api/v1/repos/acme/api/pulls" => Reply::json(&json!([])),
            _ => absent(),
        });
        ran.prints(expected);
    }
}

#[test]
fn a_gitlab_says_what_vulnerabilities_need_and_that_no_manual_job_is_rejected() {
    let more = "repos = [\"acme/api\"]\ntoken_command = [\"echo\", \"x\"]\nwrites = [\"reject\"]\n";
    let (ran, _) = doctor("gitlab", "", more, |seen| match seen.path() {
        "/api/v4/version" => Reply::json(&json!({"version": "18.5.1", "revision": "x"})),
        "/api/v4/projects/acme%2Fapi" => Reply::json(&json!({
            "id": 1, "path_with_namespace": "acme/api",
        })),
        "/api/graphql" => Reply::json(&json!({"errors": [{
            "message": "Field 'vulnerabilities' doesn't exist on type 'Project'",
        }]})),
        path if path.contains("/personal_access_tokens/") => absent(),
        _ => Reply::json(&json!([])),
    });
    assert!(!ran.out.contains("Field '"), "{ran:#?}");
    ran.prints("vulnerabilities note: needs GitLab Ultimate, and the scope `read_api`")
        .prints("reject of a manual job: no: GitLab has none: a manual job waits");
}

#[test]
fn what_a_gitlab_project_has_switched_off_is_no_trouble() {
    let more = "repos = [\"acme/api\"]\ntoken_command = [\"echo\", \"x\"]\n";
    let (ran, _) = doctor("gitlab", "", more, |seen| match seen.path() {
        "/api/v4/version" => Reply::json(&json!({"version": "18.5.1", "revision": "x"})),
        "/api/v4/projects/acme%2Fapi" => Reply::json(&json!({
            "id": 1, "path_with_namespace": "acme/api",
            "issues_access_level": "disabled", "builds_access_level": "disabled",
        })),
        path if path.ends_with("/issues") || path.ends_with("/pipelines") => {
            Reply::json(&json!({"message": "403 Forbidden"})).status(403)
        }
        "/api/graphql" => Reply::json(&json!({"data": {"project": null}})),
        path if path.contains("/personal_access_tokens/") => absent(),
        _ => Reply::json(&json!([])),
    });
    ran.exits(0)
        .prints("issues       note: they are switched off in `acme/api`")
        .prints("runs         note: they are switched off in `acme/api`");
}

#[test]
fn a_github_that_knows_no_route_is_told_to_be_another_place() {
    let (ran, url) = doctor("github", "", "repos = [\"acme/api\"]\n", |_| absent());
    ran.exits(1)
        .prints(&format!("neither {url}/meta nor {url}/repos/acme/api"))
        .prints("hint: `url` is where GitHub's own page begins");
    assert!(!ran.out.contains("it answers"), "{ran:#?}");
    assert!(!ran.out.contains("give the token"), "{ran:#?}");
}

#[test]
fn a_github_without_a_token_asks_for_no_permission_of_one() {
    let (ran, _) = doctor(
        "github",
        "",
        "repos = [\"acme/api\"]\n",
        |seen| match seen.path() {
            "/meta" => Reply::json(&json!({"installed_version": "3.14.0"})),
            _ => absent(),
        },
    );
    ran.prints("without a token it shows what is public");
    assert!(!ran.out.contains("give the token"), "{ran:#?}");
}

#[test]
fn a_server_that_answers_5xx_is_reached() {
    for (status, words, hint) in [
        (
            500,
            "answers 500 (internal server error)",
            "the fault of the server",
        ),
        (
            502,
            "answers 502 (bad gateway)",
            "a proxy before the server",
        ),
        (503, "answers 503 (service unavailable)", "overloaded"),
        (504, "answers 504 (gateway timeout)", "does the server run?"),
    ] {
        for kind in ["gitlab", "gitea", "jenkins", "cctray", "prometheus"] {
            let more = match kind {
                "gitlab" | "gitea" => "repos = [\"acme/api\"]\n",
                _ => "",
            };
            let (ran, _) = doctor(kind, "", more, move |_| Reply::new(status, "boom"));
            ran.exits(1).prints(words).prints(hint);
            assert!(!ran.out.contains("cannot be reached"), "{ran:#?}");
            assert!(!ran.out.contains("check the address"), "{ran:#?}");
            assert!(!ran.out.contains("cards stay"), "{ran:#?}");
        }
    }
}

#[test]
fn a_jenkins_that_hides_its_version_and_who_asks_is_no_failure() {
    let (ran, _) = doctor("jenkins", "", "", |seen| match seen.path() {
        "/api/json" => Reply::json(&json!({
            "_class": "hudson.model.Hudson", "nodeName": "", "jobs": [],
        })),
        _ => absent(),
    });
    ran.prints("it answers, Jenkins of a version that it does not tell")
        .prints("jobs that are read: 0");
    tried(&ran);
}

#[test]
fn a_jenkins_that_lets_in_nobody_says_which_right_is_missing() {
    let (ran, _) = doctor("jenkins", "", "", |_| {
        Reply::new(403, "<html>Authentication required")
    });
    ran.prints("does not let us read")
        .prints("Overall/Read and Job/Read");
}

#[test]
fn a_buildbot_that_hides_its_version_is_no_failure() {
    let (ran, _) = doctor("buildbot", "", "", |seen| match seen.path() {
        "/api/v2/builders" => Reply::json(&json!({"builders": [], "meta": {"total": 0}})),
        "/api/v2/builds" => Reply::json(&json!({"builds": [], "meta": {"total": 0}})),
        "/api/v2/buildrequests" => Reply::json(&json!({"buildrequests": []})),
        "/api/v2/buildsets" => Reply::json(&json!({"buildsets": []})),
        "/api/v2/changes" => Reply::json(&json!({"changes": []})),
        _ => absent(),
    });
    ran.exits(0)
        .prints("it answers, Buildbot of a version that it does not tell")
        .prints("builders     builders: 0");
    tried(&ran);
}

#[test]
fn a_server_that_only_answers_as_prometheus_has_no_build_and_perhaps_no_rules() {
    let (ran, _) = doctor("prometheus", "", "", |seen| match seen.path() {
        "/api/v1/alerts" => Reply::json(&json!({"status": "success", "data": {"alerts": []}})),
        _ => Reply::new(404, "404 page not found"),
    });
    ran.exits(0)
        .prints("alerts       0 alerts fire")
        .prints("rules        note: ");
    tried(&ran);
}

#[test]
fn an_alertmanager_of_before_the_second_interface_is_told_what_is_missing() {
    let (ran, url) = doctor("alertmanager", "", "", |seen| match seen.path() {
        "/api/v1/alerts" => Reply::json(&json!({"status": "success", "data": []})),
        _ => Reply::new(404, "404 page not found"),
    });
    ran.exits(1)
        .prints("/api/v2/status is not there")
        .prints("`url` is where Alertmanager's own page begins")
        .prints(&format!("it is `{url}` now"));
    tried(&ran);
}

/// A kind without any way to show itself: it is not looked for under other addresses.
#[track_caller]
fn check_unshown(kind: &str, path: &str, more: &str, reply: fn() -> Reply, words: &[&str]) {
    let (ran, _) = doctor(kind, path, more, move |_| reply());
    assert!(matches!(ran.code, 1 | 4), "{ran:#?}");
    for word in words {
        ran.prints(word);
    }
    assert!(!ran.out.contains("shows itself"), "{ran:#?}");
    assert!(!ran.out.contains("scope"), "{ran:#?}");
    tried(&ran);
}

#[test]
fn a_document_of_projects_has_hints_of_its_own() {
    let at = "/cc.xml";
    let check =
        |reply: fn() -> Reply, words: &[&str]| check_unshown("cctray", at, "", reply, words);
    check(
        page,
        &[
            "web page",
            "`url` is the address of the document",
            "hint: is there a login page",
        ],
    );
    let none = || Reply::new(404, "");
    check(
        none,
        &["/cc.xml is not there; `url` is the address of the document"],
    );
    let wanted = || Reply::new(401, "");
    check(
        wanted,
        &[
            "it lets nobody in without one",
            "hint: the host wants a token and there is none",
        ],
    );
    let closed = || Reply::new(403, "");
    check(
        closed,
        &[
            "does not let us read /cc.xml",
            "hint: the host wants a token and there is none",
        ],
    );
}

#[test]
fn anything_that_answers_json_has_hints_of_its_own() {
    let check = |reply: fn() -> Reply, words: &[&str]| {
        check_unshown("http-json", "/api", TICKETS, reply, words);
    };
    let routes = "`url` is where the routes begin";
    check(
        page,
        &[
            "/api/tickets: answered with a web page",
            routes,
            "hint: is there a login page",
        ],
    );
    check(
        absent,
        &[
            "/api/tickets is not there",
            routes,
            "`path` of the map the route below it",
        ],
    );
    let closed = || Reply::new(403, "");
    check(
        closed,
        &[
            "does not let us read /api/tickets",
            "hint: the host wants a token",
        ],
    );
    let odd = || Reply::json(&json!([{"id": 1, "title": "x"}]));
    check(
        odd,
        &[
            "none of its records fits",
            "hint: compare its `fields` with one record",
        ],
    );
    let elsewhere = || Reply::json(&json!({"items": [], "total": 0}));
    check(
        elsewhere,
        &[
            "`records`: the answer is no list: it has `items`, `total`",
            "hint: let `records` of the map point at the list",
        ],
    );
}

#[test]
fn a_page_for_people_and_a_wrong_path_are_told_by_every_kind_with_a_right_address() {
    for (kind, more) in [
        ("gitea", "repos = [\"acme/api\"]\n"),
        ("buildbot", ""),
        ("github", "repos = [\"acme/api\"]\n"),
    ] {
        let (ran, url) = doctor(kind, "/x/y", more, |_| page());
        if kind == "github" {
            // Its interface has a place of its own at each host.
            ran.exits(2);
            continue;
        }
        ran.exits(1)
            .prints("web page")
            .prints(&format!(
                "shows itself at `{url}/x/y` or `{url}` or `{url}/x`"
            ))
            .prints("hint: `url` is where the pages of ");
        tried(&ran);
    }
}

#[test]
fn sources_are_asked_at_once_and_told_in_their_order() {
    // The first answers only once the second was asked as well.
    let asked = Arc::new((Mutex::new((false, false)), Condvar::new()));
    let noted = Arc::clone(&asked);
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(move |seen| {
        let (state, changed) = &*noted;
        if seen.path().starts_with("/two") {
            state.lock().unwrap().0 = true;
            changed.notify_all();
        } else {
            tokio::task::block_in_place(|| {
                let ceiling = Duration::from_secs(20);
                let wait = |state: &mut (bool, bool)| !state.0;
                let waited = changed.wait_timeout_while(state.lock().unwrap(), ceiling, wait);
                let (mut state, end) = waited.unwrap();
                state.1 |= !end.timed_out();
            });
        }
        absent()
    }));
    let url = server.url.as_str().trim_end_matches('/');
    let source = |name: &str| {
        format!("[[source]]\nname = \"{name}\"\nkind = \"prometheus\"\nurl = \"{url}/{name}\"\n")
    };
    let home = Home::new();
    home.configure(&[source("one"), source("two")].concat());
    let ran = home.run(&["doctor"]);
    assert!(asked.0.lock().unwrap().1, "{ran:#?}");
    let at = |name: &str| ran.out.find(&format!("/{name}")).unwrap();
    assert!(at("one") < at("two"), "{ran:#?}");
}

/// A host that takes connections and never says a word.
fn silent_host() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn nine_sources_at_a_host_that_says_nothing_are_not_waited_for_as_long_as_a_board_does() {
    let (_listener, url) = silent_host();
    let kinds = [
        ("github", "repos = [\"acme/api\"]\n"),
        ("gitlab", "repos = [\"acme/api\"]\n"),
        ("gitea", "repos = [\"acme/api\"]\n"),
        ("jenkins", ""),
        ("buildbot", ""),
        ("cctray", ""),
        ("alertmanager", ""),
        ("prometheus", ""),
        ("http-json", TICKETS),
    ];
    let home = Home::new();
    let sources = kinds.map(|(kind, more)| {
        format!("[[source]]\nname = \"{kind}\"\nkind = \"{kind}\"\nurl = \"{url}\"\n{more}")
    });
    home.configure(&sources.concat());
    let ran = home.run(&["doctor"]);
    ran.exits(1);
    let told = "no answer within 6 s (a board waits for 15 s;";
    assert_eq!(ran.out.matches(told).count(), kinds.len(), "{ran:#?}");
}

#[test]
fn how_long_an_answer_may_take_is_what_the_settings_say() {
    let (_listener, url) = silent_host();
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nkind = \"alertmanager\"\nurl = \"{url}\"\ntimeout = \"1s\"\n"
    ));
    home.run(&["doctor"])
        .exits(1)
        .prints("no answer within 1 s");
    home.run(&["sources"])
        .exits(5)
        .prints("no answer within 1 s")
        .prints("`timeout` of the source lets it take longer");
}

#[test]
fn a_github_of_which_only_an_owner_is_named_says_what_was_tried() {
    let (ran, url) = doctor("github", "", "orgs = [\"acme\"]\n", |_| absent());
    ran.exits(1)
        .prints(&format!("neither {url}/meta nor "))
        .prints("users/acme/repos")
        .prints("is it a GitHub?")
        .prints("`url` is where GitHub's own page begins, e.g. `https://github.com`")
        .prints("the name of the organisation is wrong");
    assert!(!ran.out.contains("it answers"), "{ran:#?}");
}

#[test]
fn a_clock_that_is_off_is_told_by_the_board_too() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(Fault::start(|seen| {
        let answer = match seen.path() {
            "/api/v2/alerts" => Reply::json(&json!([])),
            _ => absent(),
        };
        answer.with("date", "Wed, 21 Oct 2015 07:28:00 GMT")
    }));
    let url = server.url.as_str().trim_end_matches('/');
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"{url}\"\n"
    ));
    let ran = home.run(&["sources"]);
    ran.exits(0)
        .prints("am: its clock is ")
        .prints(" behind the one here");
    let ran = home.run(&["board", "--once", "--format", "json"]);
    ran.prints("\"clock_ahead_secs\": -");
}
