//! What right values become.

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
        let text = format!("[[source]]\nkind = \"github\"\nurl = \"{url}\"\norgs = [\"a\"]");
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
        "https://ghe.example.org:8443/api/v3",
        "ghe.example.org:8443",
        "https://ghe.example.org:8443/api/v3",
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
    let text = "[[source]]\nkind = \"github\"\nurl = \"http://ci.example.org\"\ninsecure_http = true\norgs = [\"a\"]";
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
        "[ui]\ntheme = \"my_own-2\"\nascii = true\nmouse = false\nlinks = \"never\"\nslow = true\nmotion = \"reduced\"\ntheme_light = \"paper\"\n[keys]\npreset = \"helix\"\nkitty = true\nquit = \"q\"\nopen = [\"o\", \"enter\"]\n[store]\nurl = \"sqlite:///srv/board.db\"",
    );
    assert_eq!(
        settings.ui,
        UiConfig {
            theme: "my_own-2".into(),
            theme_dark: "dark".into(),
            theme_light: "paper".into(),
            links: Links::Never,
            slow: true,
            motion: Motion::Reduced,
            ascii: Some(true),
            mouse: false,
            remember: true,
        }
    );
    assert_eq!(settings.keys.own["open"], ["o", "enter"]);
    assert_eq!(settings.keys.own["quit"], ["q"]);
    assert_eq!(settings.keys.own.len(), 2);
    assert_eq!(
        (settings.keys.preset.as_str(), settings.keys.kitty),
        ("helix", true)
    );
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
    assert_eq!(settings.policy.look_back.runs, 5);
    assert_eq!(good("[notify]\non = []").notify.on, []);
}

#[test]
fn the_past_is_read_as_far_back_as_is_said() {
    assert_eq!(good("").history.days, 90);
    assert_eq!(good("[history]\ndays = 0").history.days, 0);
    assert_eq!(good("[history]\ndays = 365").history.days, 365);
}

#[test]
fn what_may_be_changed_is_a_list_of_actions() {
    let settings = good(
        "[[source]]\nkind = \"github\"\norgs = [\"a\"]\nwrites = [\"rerun\", \"merge\", \"rerun\"]",
    );
    assert_eq!(settings.sources[0].writes, [Action::Rerun, Action::Merge]);
}
