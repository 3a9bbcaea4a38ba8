//! Configurations, good and bad, with the exact words that answer them.

mod attention;
mod example;
mod hosts;
mod jobs;
mod judge;
mod layers;
mod mistakes;
mod projects;
mod schema;
mod schema_values;
mod tables;
mod team;
mod values;
mod views;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::domain::policy::{Branching, Phase};
use crate::domain::status::Status;

const KINDS: &[&SourceKind] = &[
    &SourceKind {
        name: "github",
        url: Some("https://github.com"),
        repos: RepoNames::Flat,
        paths: &["", "/api/v3"],
        tables: &[],
    },
    &SourceKind {
        name: "buildbot",
        url: None,
        repos: RepoNames::Absent,
        paths: &[],
        tables: &["project"],
    },
    &SourceKind {
        name: "alertmanager",
        url: None,
        repos: RepoNames::Absent,
        paths: &[],
        tables: &[],
    },
    &SourceKind {
        name: "http",
        url: None,
        repos: RepoNames::Absent,
        paths: &[],
        tables: &["check"],
    },
    &SourceKind {
        name: "http-json",
        url: None,
        repos: RepoNames::Absent,
        paths: &[],
        tables: &["map"],
    },
];
const EXAMPLE: &str = include_str!("../../../config.example.toml");

fn parse(text: &str) -> Result<Settings, Vec<ConfigError>> {
    Settings::parse(text, "c.toml", Trust::User, KINDS)
}

#[track_caller]
fn good(text: &str) -> Settings {
    parse(text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Checks that a text has exactly one error: line, message and hint.
#[track_caller]
fn bad(text: &str, line: usize, message: &str, hint: &str) {
    check_errors(parse(text), &[(line, message, hint)]);
}

#[track_caller]
fn check_errors(result: Result<Settings, Vec<ConfigError>>, expected: &[(usize, &str, &str)]) {
    let errors = result.expect_err("it should be refused");
    let found: Vec<(usize, &str, &str)> = errors
        .iter()
        .map(|e| {
            (
                e.line,
                e.message.as_str(),
                e.hint.as_deref().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

fn shown(settings: &Settings) -> String {
    format!("{settings:#?}")
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,200}") {
        for trust in [Trust::User, Trust::Directory] {
            if let Err(errors) = Settings::parse(&text, "f", trust, KINDS) {
                prop_assert!(!errors.is_empty());
            }
        }
    }

    #[test]
    fn a_damaged_example_is_read_without_harm(
        cuts in prop::collection::vec((0_usize..6_000, 0_usize..40, "\\PC{0,6}"), 1..6)
    ) {
        let mut text = EXAMPLE.replace("\n#", "\n");
        for (from, len, other) in cuts {
            let from = text.floor_char_boundary(from.min(text.len()));
            let to = text.ceil_char_boundary((from + len).min(text.len()));
            text.replace_range(from..to, &other);
        }
        let lines = text.lines().count() + 1;
        if let Err(errors) = parse(&text) {
            prop_assert!(errors.iter().all(|error| error.line >= 1 && error.line <= lines));
            prop_assert!(errors.windows(2).all(|pair| pair[0].line <= pair[1].line));
        }
    }
}
