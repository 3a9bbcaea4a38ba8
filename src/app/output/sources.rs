//! The sources as text: the Sources view for those who have no terminal.

use std::fmt::Write as _;

use serde::Serialize;

use crate::app::output::json::{self, SourceDocument, tightest};
use crate::app::output::markdown::escape;
use crate::app::output::table::lay_out;
use crate::app::output::{Width, age, instant};
use crate::domain::Timestamp;
use crate::engine::snapshot::{Health, Snapshot, SourceView};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    sources: Vec<SourceDocument<'a>>,
}

/// Returns the sources as JSON: the same objects as the board's.
pub fn json(snapshot: &Snapshot, now: Timestamp) -> Result<String, serde_json::Error> {
    json::pretty(&Document {
        schema: json::SCHEMA,
        generated_at: instant(now),
        sources: json::sources(&snapshot.sources, now),
    })
}

/// So many polls of a source that fail are told one by one.
const MOST_FAILING: usize = 3;

const HEAD: [&str; 8] = [
    "source", "kind", "host", "health", "age", "budget", "requests", "message",
];

/// Returns the sources as a table.
pub fn table(snapshot: &Snapshot, now: Timestamp, offline: bool, width: Width) -> String {
    // A sentence is cut in a column: it stands below.
    let without_message = |mut cells: Vec<String>| {
        cells.truncate(HEAD.len() - 1);
        cells
    };
    let mut rows = vec![without_message(
        HEAD.iter().map(|word| (*word).to_owned()).collect(),
    )];
    let views = snapshot.sources.iter();
    rows.extend(views.map(|view| without_message(row(view, now, offline))));
    let mut out = lay_out(&rows, 2, width);
    for view in &snapshot.sources {
        if let Some(message) = &view.message {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}: {message}", view.name);
        }
        for what in view.failing.iter().take(MOST_FAILING) {
            let _ = writeln!(out, "{}: failing: {what}", view.name);
        }
        if let Some(past) = view.past.words() {
            let _ = writeln!(out, "{}: past: {past}", view.name);
        }
        if let Some(hint) = &view.hint {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "hint: {}: {hint}", view.name);
        }
    }
    for notice in &snapshot.notices {
        let _ = writeln!(out, "note: {notice}");
    }
    out
}

/// Returns the sources as a Markdown table.
pub fn markdown(snapshot: &Snapshot, now: Timestamp, offline: bool) -> String {
    let mut out = format!(
        "| {} |\n|{}\n",
        HEAD.join(" | "),
        " --- |".repeat(HEAD.len())
    );
    for view in &snapshot.sources {
        let cells: Vec<String> = row(view, now, offline)
            .iter()
            .map(|cell| escape(cell))
            .collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}

fn row(view: &SourceView, now: Timestamp, offline: bool) -> Vec<String> {
    let budget = tightest(&view.budgets).map_or_else(
        || "-".to_owned(),
        |budget| format!("{}/{} {}", budget.remaining, budget.limit, budget.bucket),
    );
    vec![
        view.name.to_string(),
        view.kind.to_owned(),
        view.host.clone(),
        if offline && view.health == Health::Starting {
            // Nobody asks: it does not start either.
            "not asked".to_owned()
        } else {
            view.health.as_str().replace('_', " ")
        },
        view.last_told
            .map_or_else(|| "never".to_owned(), |at| age(at, now)),
        budget,
        format!("{} ({} not modified)", view.sent, view.not_modified),
        view.message.as_deref().unwrap_or_default().to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn who_is_not_asked_does_not_start() {
        let mut snapshot = sample::snapshot(8);
        snapshot.sources = vec![sample::source("git", Health::Starting)];
        let width = Width {
            columns: 120,
            mark: '…',
        };
        for (offline, word, other) in [
            (true, "not asked", "starting"),
            (false, "starting", "not asked"),
        ] {
            let table = table(&snapshot, sample::moment(), offline, width);
            let markdown = markdown(&snapshot, sample::moment(), offline);
            for text in [table, markdown] {
                assert!(text.contains(word) && !text.contains(other), "{text}");
            }
        }
    }
}
