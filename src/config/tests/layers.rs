//! Several files, the user's own and a directory's.

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
        let hint = "hosts, tokens, commands, keys, calls and the store belong into your own file";
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
fn a_source_of_which_nothing_is_chosen_is_told_unless_a_directory_chooses() {
    let hint = "`repos` or `orgs` is needed, e.g. `orgs = [\"acme\"]`";
    let message = "nothing of the source `github.com` is chosen";
    let idle = "\n[[source]]\nkind = \"github\"";
    bad(idle, 2, message, hint);
    bad(&format!("{idle}\nrepos = []\norgs = []"), 2, message, hint);
    check_errors(merge("", idle), &[(2, message, hint)]);
    let settings = merge(idle, "[[source]]\nrepos = [\"c/d\"]").unwrap();
    assert_eq!(settings.sources[0].repos, ["c/d"]);
    let message = "nothing of the source `work` is chosen";
    check_errors(merge(OWN, "[[source]]"), &[(1, message, hint)]);
    // What is wrong in another way is told alone.
    let text = format!("{idle}\norgs = [\"a b\"]");
    let wrong = "`orgs`: `a b` is not the name of an organisation or a user";
    bad(&text, 4, wrong, "e.g. `acme`");
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
