//! `[board]` and `[store]`: checked and put into settings.
//!
//! The lists of tables that also say how a team works are in `policy.rs`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use regex::RegexBuilder;
use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{ColumnConfig, Settings, file, policy};
use crate::domain::stage::Stage;
use crate::domain::text::{Clean, parse_duration};

/// The longest title of a column, in columns of the terminal.
const LONGEST_TITLE: usize = 40;

/// The longest window, in days.
pub(super) const LONGEST_WINDOW: i64 = 366;

/// The stages in which review may stand.
pub(super) const REVIEW: [&str; 2] = ["code", "test"];

/// Puts `[board]` into the settings.
pub(super) fn apply(checker: &mut Checker<'_>, table: Table<file::Board>, settings: &mut Settings) {
    let board = table.value;
    if let Some(columns) = board.columns {
        apply_columns(checker, columns, settings);
    }
    if let Some(wip) = board.wip {
        apply_wip(checker, wip, settings);
    }
    let policy = &mut settings.policy;
    let windows = [
        ("bake_window", board.bake_window, &mut policy.bake_window),
        ("watch_window", board.watch_window, &mut policy.watch_window),
    ];
    for (key, text, window) in windows {
        if let Some(text) = text {
            *window = check_window(checker, key, &text).unwrap_or(*window);
        }
    }
    if let Some(text) = board.review_stage {
        let parse = |word: &str| {
            Stage::parse(word).filter(|stage| matches!(stage, Stage::Code | Stage::Test))
        };
        let stage = checker.word("review_stage", &text, &REVIEW, parse);
        policy.review_stage = stage.unwrap_or(policy.review_stage);
    }
    if let Some(text) = board.branching {
        let model = checker.word("branching", &text, &policy::MODELS, policy::parse_model);
        policy.branching = model.unwrap_or(policy.branching);
    }
    if let Some(text) = board.production {
        let pattern = RegexBuilder::new(text.get_ref())
            .case_insensitive(true)
            .size_limit(1 << 20)
            .build();
        match pattern {
            Ok(pattern) => policy.production = pattern,
            Err(error) => {
                let error = error.to_string();
                let cause = error.lines().last().unwrap_or_default();
                let message = format!("`production` is not a pattern: {}", plain(cause));
                let hint = "it is a regular expression, e.g. `^prod`";
                checker.error(text.span(), &message, Some(hint));
            }
        }
    }
    let lists = [
        (
            "incident_labels",
            board.incident_labels,
            &mut policy.incident_labels,
        ),
        (
            "blocked_labels",
            board.blocked_labels,
            &mut policy.blocked_labels,
        ),
        (
            "progress_words",
            board.progress_words,
            &mut policy.progress_words,
        ),
        ("bots", board.bots, &mut policy.bots),
    ];
    for (key, list, words) in lists {
        if let Some(list) = list {
            *words = checker.words(key, &list);
        }
    }
    if let Some(list) = board.tracker_keys {
        policy.tracker_keys = check_tracker_keys(checker, &list);
    }
}

/// Returns the cause that a library gives, without its own word for "error".
pub(super) fn plain(cause: &str) -> &str {
    cause.trim().trim_start_matches("error: ")
}

fn check_window(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> Option<TimeDelta> {
    let window = parse_duration(text.get_ref());
    if window.is_none() {
        let message = format!("`{key}`: `{}` is not a duration", text.get_ref());
        checker.error(
            text.span(),
            &message,
            Some("write a number and a unit: `90m`, `24h`, `7d`"),
        );
        return None;
    }
    let fits = window.filter(|window| *window <= TimeDelta::days(LONGEST_WINDOW));
    if fits.is_none() {
        let message = format!("`{key}` is longer than {LONGEST_WINDOW} days");
        checker.error(text.span(), &message, None);
    }
    fits
}

fn check_tracker_keys(checker: &mut Checker<'_>, list: &[file::Text]) -> Vec<Clean> {
    let mut keys = Vec::new();
    for text in list {
        let key = text.get_ref();
        let mut bytes = key.bytes();
        let fits = bytes.next().is_some_and(|b| b.is_ascii_uppercase())
            && bytes.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if fits {
            keys.push(Clean::line(key));
        } else {
            let message = format!("`tracker_keys`: `{key}` is not the key of a tracker");
            checker.error(
                text.span(),
                &message,
                Some("write it in capitals, e.g. `PROJ`"),
            );
        }
    }
    keys
}

pub(super) fn stage_words() -> Vec<&'static str> {
    Stage::ALL.into_iter().map(Stage::as_str).collect()
}

fn apply_columns(
    checker: &mut Checker<'_>,
    list: Spanned<Vec<Spanned<file::Column>>>,
    settings: &mut Settings,
) {
    let span = list.span();
    let list = list.into_inner();
    let is_empty = list.is_empty();
    let mut columns: Vec<ColumnConfig> = Vec::new();
    for entry in list {
        let at = entry.span();
        let Some(mut column) = check_column(checker, entry) else {
            continue;
        };
        if columns.iter().any(|other| other.stage == column.stage) {
            let message = format!("`columns` names `{}` twice", column.stage.as_str());
            checker.error(at, &message, None);
            continue;
        }
        let earlier = settings
            .board
            .columns
            .iter()
            .find(|other| other.stage == column.stage);
        column.wip = earlier.and_then(|earlier| earlier.wip);
        columns.push(column);
    }
    if is_empty {
        let hint = format!("it may name {}", stage_words().join(", "));
        checker.error(span, "`columns` names no column", Some(&hint));
    } else {
        settings.board.columns = columns;
    }
}

fn check_column(checker: &mut Checker<'_>, entry: Spanned<file::Column>) -> Option<ColumnConfig> {
    let span = entry.span();
    let (word, title) = match entry.into_inner() {
        file::Column::Word(word) => (word, None),
        file::Column::Titled(column) => {
            let Some(word) = column.stage else {
                checker.missing(span, "stage", "a column", "write `{ stage = \"code\" }`");
                return None;
            };
            (word, column.title)
        }
    };
    let text = Spanned::new(span.clone(), word);
    let stage = checker.word("columns", &text, &stage_words(), Stage::parse)?;
    let word = text.get_ref();
    let alias = !word.eq_ignore_ascii_case(stage.as_str());
    let title = match title {
        Some(title) => Clean::line(title.trim()).to_string(),
        None if alias => capitalised(word),
        None => stage.title().to_owned(),
    };
    if title.is_empty() || crate::domain::text::width(&title) > LONGEST_TITLE {
        let message = format!("the title of `{}` is empty or too long", stage.as_str());
        checker.error(span, &message, Some("at most 40 columns wide"));
        return None;
    }
    Some(ColumnConfig {
        stage,
        title,
        wip: None,
    })
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first
        .into_iter()
        .chain(chars.map(|c| c.to_ascii_lowercase()))
        .collect()
}

fn apply_wip(
    checker: &mut Checker<'_>,
    wip: BTreeMap<String, Spanned<i64>>,
    settings: &mut Settings,
) {
    for (word, limit) in wip {
        let span = limit.span();
        let text = Spanned::new(span.clone(), word);
        let Some(stage) = checker.word("wip", &text, &stage_words(), Stage::parse) else {
            continue;
        };
        match u32::try_from(limit.into_inner())
            .ok()
            .filter(|limit| *limit > 0)
        {
            Some(limit) => {
                let columns = settings.board.columns.iter_mut();
                for column in columns.filter(|column| column.stage == stage) {
                    column.wip = Some(limit);
                }
            }
            None => checker.error(
                span,
                &format!(
                    "`wip`: the limit of `{}` is not a number of cards",
                    stage.as_str()
                ),
                Some("leave it out for no limit"),
            ),
        }
    }
}

/// Puts `[store]` into the settings.
pub(super) fn apply_store(
    checker: &mut Checker<'_>,
    table: Table<file::Store>,
    settings: &mut Settings,
) {
    let Some(text) = table.value.url else { return };
    let hint = Some("e.g. `sqlite:///srv/cycleboard/board.db`, or leave it out for the usual file");
    let Ok(url) = url::Url::parse(text.get_ref()) else {
        checker.error(text.span(), "`url` of the store is not a URL", hint);
        return;
    };
    if url.password().is_some() {
        let hint = Some("a file has no password");
        checker.error(text.span(), "`url` of the store holds a password", hint);
    } else if url.scheme() != "sqlite" {
        let message = format!("`url`: no store is reached by `{}`", url.scheme());
        checker.error(text.span(), &message, hint);
    } else {
        settings.store.url = Some(text.into_inner());
    }
}
