//! `[[wip]]` and `[attention]`: limits of work in progress, and how long things may be as they are.
//!
//! Only the settings; what is made of them is `domain::attention`'s. `[board] wip` is the short
//! form of a limit of one column, and stays with the columns.

use chrono::TimeDelta;
use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{Settings, file, policy};
use crate::domain::attention::{Limit, Patience, Per};
use crate::domain::query::Query;
use crate::domain::stage::Stage;
use crate::domain::text::{Clean, parse_duration};

/// The title of the table in messages.
pub(super) const TITLE: &str = "[[wip]]";

/// The most limits.
const MOST: usize = 100;

/// The longest time that things may be as they are, in days.
pub(super) const LONGEST_DAYS: i64 = 366;

/// `[[wip]]` and `[attention]`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AttentionConfig {
    /// The limits of work in progress, besides those of `[board]`.
    pub limits: Vec<Limit>,
    /// How long things may be as they are.
    pub patience: Patience,
}

/// Puts `[attention]` into the settings.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    table: Table<file::Attention>,
    settings: &mut Settings,
) {
    let patience = &mut settings.attention.patience;
    let spans = [
        ("red_after", table.value.red_after, &mut patience.red),
        (
            "blocked_after",
            table.value.blocked_after,
            &mut patience.blocked,
        ),
        (
            "review_after",
            table.value.review_after,
            &mut patience.review,
        ),
        ("gate_after", table.value.gate_after, &mut patience.gate),
    ];
    for (key, text, span) in spans {
        if let Some(text) = text {
            *span = check_span(checker, key, &text).unwrap_or(*span);
        }
    }
}

fn check_span(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> Option<TimeDelta> {
    let span = parse_duration(text.get_ref());
    let fits = span.filter(|span| *span <= TimeDelta::days(LONGEST_DAYS));
    if fits.is_none() {
        let message = format!("`{key}`: `{}` is not a time", text.get_ref());
        let hint = "write a number and a unit: `30m`, `4h`, `2d`; a day is a working day";
        checker.error(text.span(), &message, Some(hint));
    }
    fits
}

/// Puts the limits of one file into the settings; one of a name that there is takes its place.
pub(super) fn apply_limits(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::Wip>>,
    settings: &mut Settings,
) {
    if let Some(first) = tables.get(MOST) {
        let message = format!("there are more than {MOST} limits of work in progress");
        checker.error(first.span.clone(), &message, None);
    }
    let mut limits: Vec<Limit> = Vec::new();
    for table in tables.into_iter().take(MOST) {
        let span = table.span.clone();
        let Some(limit) = one(checker, table) else {
            continue;
        };
        if limits.iter().any(|other| other.name == limit.name) {
            let message = format!("there are two limits named `{}`", limit.name);
            checker.error(span, &message, Some("give one of them another `name`"));
            continue;
        }
        limits.push(limit);
    }
    let known = &mut settings.attention.limits;
    known.retain(|old| limits.iter().all(|new| new.name != old.name));
    known.extend(limits);
}

fn one(checker: &mut Checker<'_>, table: Table<file::Wip>) -> Option<Limit> {
    let Table { value, span } = table;
    let hint = "it is what the limit is called in the list";
    let name = policy::check_name(checker, value.name.as_ref(), span.clone(), TITLE, hint);
    if value.limit.is_none() {
        checker.missing(span, "limit", TITLE, "the most cards, e.g. `8`");
    }
    let most = value.limit.and_then(|limit| most(checker, &limit));
    let when = value
        .when
        .map_or(Some(Query::default()), |text| filter(checker, &text));
    let per = value.per.map_or(Some(Per::default()), |text| {
        checker.word("per", &text, &Per::WORDS, Per::parse)
    });
    let stages = value
        .stages
        .map_or(Some(Limit::USUAL.to_vec()), |list| stages(checker, &list));
    Some(Limit {
        name: Clean::line(&name?),
        most: most?,
        when: when?,
        per: per?,
        stages: stages?,
        hard: value.hard.unwrap_or_default(),
    })
}

fn most(checker: &mut Checker<'_>, limit: &Spanned<i64>) -> Option<u32> {
    let most = u32::try_from(*limit.get_ref()).ok();
    let most = most.filter(|most| *most > 0);
    if most.is_none() {
        let hint = "a whole number from 1; leave the limit out for none";
        checker.error(limit.span(), "`limit` is not a number of cards", Some(hint));
    }
    most
}

/// What is counted must not change while no card does: a count is worked out when one changes.
fn filter(checker: &mut Checker<'_>, text: &file::Text) -> Option<Query> {
    let query = policy::check_query(checker, text)?;
    if query.asks_for_time() {
        let message = "`when` of a limit asks how long something is so";
        let hint = "leave `age`, `idle`, `is:stuck`, `is:over`, `is:calling` and \
                    `is:waiting-for-me` out";
        checker.error(text.span(), message, Some(hint));
        return None;
    }
    Some(query)
}

fn stages(checker: &mut Checker<'_>, list: &Spanned<Vec<file::Text>>) -> Option<Vec<Stage>> {
    let known: Vec<&str> = Stage::ALL.into_iter().map(Stage::as_str).collect();
    let words = list.get_ref().iter();
    let found: Vec<Option<Stage>> = words
        .map(|text| checker.word("stages", text, &known, Stage::parse))
        .collect();
    let mut stages: Vec<Stage> = found.into_iter().collect::<Option<_>>()?;
    stages.sort_unstable();
    stages.dedup();
    if stages.is_empty() {
        let hint = "leave it out for code to deploy";
        checker.error(list.span(), "`stages` names no column", Some(hint));
        return None;
    }
    Some(stages)
}
