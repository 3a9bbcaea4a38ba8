//! The board as a table for people, as wide as their terminal.
//!
//! Knows columns of text and nothing of cards' meaning; `fit` is also used by
//! the other tables that are printed.

use std::fmt::Write as _;

use crate::app::output::{Board, Width, age, holders};
use crate::domain::item::WorkItem;
use crate::domain::text::{truncate_with, width};
use crate::engine::snapshot::{Health, Snapshot, SourceView};

/// Between two columns.
const GAP: &str = "  ";

/// Returns the board as a table a stage.
pub fn board(board: Board<'_>, width: Width) -> String {
    let mut out = String::new();
    let mut shown = 0;
    for (config, cards) in board.columns() {
        if cards.is_empty() {
            continue;
        }
        shown += cards.len();
        let limit = board.limit(config);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{} {}{limit}", config.title, cards.len());
        let rows: Vec<Vec<String>> = cards
            .into_iter()
            .map(|item| row(item, board.snapshot, board.now()))
            .collect();
        out.push_str(&lay_out(&rows, TITLE, width));
        out.push('\n');
    }
    if shown == 0 {
        // Writing to a string cannot fail.
        let _ = write!(out, "{}\n\n", board.nothing());
    }
    for over in board.over() {
        let _ = writeln!(out, "over: {over}");
    }
    let hidden = board.red_in_hidden_columns();
    if hidden > 0 {
        let _ = writeln!(out, "note: {hidden} red in hidden columns");
    }
    for view in &board.snapshot.sources {
        out.push_str(&source_line(view, board.now()));
        out.push('\n');
    }
    for notice in &board.snapshot.notices {
        let _ = writeln!(out, "note: {notice}");
    }
    out
}

/// Which column gives way where there is no room: the title.
const TITLE: usize = 2;

fn row(item: &WorkItem, snapshot: &Snapshot, now: crate::domain::Timestamp) -> Vec<String> {
    let age = age(item.placement.since, now);
    // Old data is marked, never shown as if it were new.
    let stale = if snapshot.is_fresh(item, now) {
        ""
    } else {
        " (old)"
    };
    vec![
        format!("  {}", snapshot.names().key(item)),
        item.placement.status.label().to_owned(),
        item.title.to_string(),
        holders(item),
        format!("{age}{stale}"),
    ]
}

/// Returns one source in one line.
pub fn source_line(view: &SourceView, now: crate::domain::Timestamp) -> String {
    // What is looked at from outside is told whether it answers or not.
    let (did, last) = match view.kind {
        "http" => ("checked", "last check"),
        _ => ("answered", "last answer"),
    };
    let whom = if view.last_success.is_none() {
        ", to another token or selection"
    } else {
        ""
    };
    let age = view.last_told.map_or_else(
        || format!("never {did}"),
        |at| match age(at, now).as_str() {
            "now" if view.health == Health::Ok => format!("{did} just now"),
            // It answered a part, or a moment ago: beside what fails, "just now" would mislead.
            "now" => format!("{last} within the minute{whom}"),
            // What is shown is what was seen as somebody else.
            age if view.last_success.is_none() => format!("{last} {age} ago{whom}"),
            age => format!("{did} {age} ago"),
        },
    );
    let message = match (&view.message, view.health) {
        (Some(message), _) => format!(": {message}"),
        (None, Health::Ok | Health::Starting) => String::new(),
        (None, health) => format!(": {}", health.as_str().replace('_', " ")),
    };
    let word = match view.health {
        Health::Ok => "ok",
        // Nobody asked it, so nobody can say that it is not well.
        Health::Starting => "not asked",
        Health::Stale
        | Health::Auth
        | Health::Forbidden
        | Health::RateLimited
        | Health::Unreachable
        | Health::Failing
        | Health::Unreadable => "not ok",
    };
    format!("source {} {word}, {age}{message}", view.name)
}

/// Lays rows out in columns; `giving` is cut where the width does not suffice.
pub fn lay_out(rows: &[Vec<String>], giving: usize, room: Width) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths: Vec<usize> = (0..count)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    narrow(&mut widths, giving, room.columns);
    rows.iter()
        .map(|row| line(row, &widths, room.mark))
        .collect()
}

/// What a column that gives way keeps at least.
const LEAST: usize = 8;

/// What any other column keeps: most names are shorter, and so are all numbers and ages.
const USUAL: usize = 24;

/// Makes columns as narrow as the room: first the one that gives way, then those that are longer
/// than usual, the longest first, so that one name does not push all else out of sight.
fn narrow(widths: &mut [usize], giving: usize, room: usize) {
    let told = widths.get(giving).copied().unwrap_or_default();
    let least = told.min((room / 4).max(LEAST));
    let of_others = |cap: usize| -> usize {
        let others = widths.iter().enumerate();
        let others = others.filter(|(column, width)| *column != giving && **width > 0);
        others.map(|(_, width)| (*width).min(cap) + GAP.len()).sum()
    };
    let all = of_others(usize::MAX);
    let longest = widths.iter().copied().max().unwrap_or_default();
    let cap = if all + LEAST.min(told) <= room || longest <= USUAL {
        longest
    } else {
        // The longest is no longer than the room, so that there are few steps.
        let from = longest.min(room).max(USUAL);
        let fits = |cap: &usize| of_others(*cap) + least <= room;
        (USUAL..=from).rev().find(fits).unwrap_or(USUAL)
    };
    let others = of_others(cap);
    for (column, width) in widths.iter_mut().enumerate() {
        *width = if column == giving {
            (*width).min(room.saturating_sub(others).max(LEAST))
        } else {
            (*width).min(cap)
        };
    }
}

fn line(row: &[String], widths: &[usize], mark: char) -> String {
    let mut out = String::new();
    for (cell, width) in row.iter().zip(widths).filter(|(_, width)| **width > 0) {
        if !out.is_empty() {
            out.push_str(GAP);
        }
        out.push_str(&fit(cell, *width, mark));
    }
    let mut out = out.trim_end().to_owned();
    out.push('\n');
    out
}

/// Returns the text cut or filled to exactly so many columns.
pub fn fit(text: &str, columns: usize, mark: char) -> String {
    let text = truncate_with(text, columns, mark);
    let fill = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(fill))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn text_is_cut_and_filled_by_columns_not_characters() {
        for (text, width, expected) in [
            ("abc", 5, "abc  "),
            ("abcdef", 4, "abc…"),
            ("日本語", 4, "日… "),
            ("日本語", 5, "日本…"),
            ("é́x", 2, "é́x"),
        ] {
            assert_eq!(fit(text, width, '…'), expected);
        }
    }

    #[track_caller]
    fn check_line(view: &SourceView, expected: &str) {
        let line = source_line(view, sample::moment());
        assert!(line.starts_with(&format!("source s {expected}")), "{line}");
    }

    #[test]
    fn a_source_says_when_it_last_answered_whom_and_what_is_only_looked_at_is_checked() {
        let view = |health| sample::source("s", health);
        check_line(&view(Health::Ok), "ok, answered 3m ago");
        check_line(&view(Health::Starting), "not asked, never answered");
        let other = SourceView {
            last_success: None,
            ..view(Health::Auth)
        };
        let told = "not ok, last answer 3m ago, to another token or selection: github.com rejected";
        check_line(&other, told);
        let check = |health, at| SourceView {
            kind: "http",
            last_success: at,
            last_told: at,
            ..view(health)
        };
        let now = Some(sample::moment());
        check_line(
            &check(Health::Unreachable, now),
            "not ok, last check within the minute",
        );
        check_line(&check(Health::Ok, now), "ok, checked just now");
        check_line(&check(Health::Unreachable, None), "not ok, never checked");
    }

    #[test]
    fn one_long_name_leaves_room_for_all_else() {
        let row = |name: &str| {
            let cells = [name, "failed", "a title that says something", "@ada", "5m"];
            cells.map(str::to_owned).to_vec()
        };
        let rows = [
            row("api#1"),
            row(&"w".repeat(3_000)),
            row("日本語のサービス#2"),
        ];
        for columns in [80, 120, 1_000] {
            let text = lay_out(
                &rows,
                2,
                Width {
                    columns, mark: '…'
                },
            );
            for line in text.lines() {
                assert!(width(line) <= columns, "{columns}: {line}");
                assert!(line.ends_with("  5m"), "{columns}: {line}");
                assert!(line.contains("  failed  a title"), "{columns}: {line}");
            }
        }
        // Names of a usual length are never cut.
        let rows = [row("acme/backend/auth#785")];
        let text = lay_out(
            &rows,
            2,
            Width {
                columns: 40,
                mark: '…',
            },
        );
        assert_eq!(text, "acme/backend/auth#785  failed  a title…  @ada  5m\n");
    }

    #[test]
    fn the_giving_column_gives_way() {
        let rows = vec![vec![
            "a".into(),
            "a long title that does not fit".into(),
            "5m".into(),
        ]];
        for (mark, expected) in [
            ('…', "a  a long title…  5m\n"),
            ('>', "a  a long title>  5m\n"),
        ] {
            let columns = 20;
            assert_eq!(lay_out(&rows, 1, Width { columns, mark }), expected);
        }
    }
}
