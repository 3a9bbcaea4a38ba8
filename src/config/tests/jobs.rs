//! Jobs and folders of a build server: which names are taken, and in which words others are refused.

use crate::config::{RepoNames, Settings, SourceKind, Trust};

const JENKINS: &SourceKind = &SourceKind {
    name: "jenkins",
    url: None,
    repos: RepoNames::Jobs,
    paths: &[],
    tables: &[],
};

fn parse(lines: &str) -> Result<Settings, String> {
    let text = format!("[[source]]\nkind = \"jenkins\"\nurl = \"https://ci.test\"\n{lines}");
    let parsed = Settings::parse(&text, "c.toml", Trust::User, &[JENKINS]);
    parsed.map_err(|errors| format!("{errors:?}"))
}

#[track_caller]
fn fits(lines: &str, repos: &[&str], orgs: &[&str]) {
    let settings = parse(lines).unwrap();
    assert_eq!(settings.sources[0].repos, repos, "{lines}");
    assert_eq!(settings.sources[0].orgs, orgs, "{lines}");
}

#[track_caller]
fn refused(lines: &str, words: &str) {
    let said = parse(lines).unwrap_err();
    assert!(said.contains(words), "{said} should hold {words}");
}

#[test]
fn jobs_and_folders_may_be_named_and_need_not() {
    fits("", &[], &[]);
    fits("repos = [\"api\"]", &["api"], &[]);
    fits(
        "repos = [\"team/api\", \"team/*\", \"my jobs/feature%2Fx\"]\norgs = [\"team/sub\"]",
        &["team/api", "team/*", "my jobs/feature%2Fx"],
        &["team/sub"],
    );
}

#[test]
fn what_is_no_path_is_refused_in_words_of_the_server() {
    refused(
        "repos = [\"https://ci.test/job/a\"]",
        "is not the path of a job",
    );
    refused("repos = [\"a//b\"]", "is not the path of a job");
    refused("repos = [\"../b\"]", "write `folder/job`");
    refused("repos = [\"a[\"]", "is not the path of a job");
    refused("orgs = [\"team/*\"]", "is not the path of a folder");
}
