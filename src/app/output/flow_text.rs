//! Flow for people: a table of eighty columns for each scope, and Markdown with the definitions.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::app::output::flow::Document;
use crate::app::output::markdown::escape;
use crate::app::output::table::lay_out;
use crate::app::output::{Width, instant};
use crate::domain::flow::{Metric, Window};
use crate::ui::flow::words::words;

const HEAD: [&str; 5] = ["metric", "value", "p85", "n", "note"];
const NOTE: usize = 4;

/// Returns a table for each scope, and one for each reading.
pub fn table(document: &Document<'_>, width: Width) -> String {
    let mut out = format!("{}\n", head(document.window));
    if let Some(cut) = cut(document.window) {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{cut}");
    }
    for (title, metrics) in sections(document) {
        let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
        rows.extend(metrics.iter().map(cells));
        // Writing to a string cannot fail.
        let _ = write!(out, "\n{title}\n{}", lay_out(&rows, NOTE, width));
    }
    out.push_str("\npercentiles by nearest rank; fewer than five samples have none\n");
    out
}

/// Returns the same as Markdown, with what each metric means.
pub fn markdown(document: &Document<'_>) -> String {
    let mut out = format!("{}\n", escape(&head(document.window)));
    if let Some(cut) = cut(document.window) {
        let _ = writeln!(out, "\n{}", escape(&cut));
    }
    for (title, metrics) in sections(document) {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "\n## {}\n\n| {} | definition |\n|{}\n",
            escape(&title),
            HEAD.join(" | "),
            " --- |".repeat(HEAD.len() + 1)
        );
        for metric in metrics {
            let mut told = cells(metric);
            told.push(metric.key.definition().to_owned());
            let told: Vec<String> = told.iter().map(|cell| escape(cell)).collect();
            let _ = writeln!(out, "| {} |", told.join(" | "));
        }
    }
    out
}

/// Returns the scopes and the readings, each with its title.
fn sections<'a>(document: &'a Document<'_>) -> Vec<(String, &'a [Metric])> {
    let groups = document.groups.iter();
    let scopes = groups.map(|group| {
        let name = group.scope.name();
        // History may count for longer of one than of all.
        let title = if group.window == *document.window {
            name.to_owned()
        } else {
            format!("{name}: {}", head(&group.window))
        };
        (title, group.metrics.as_slice())
    });
    let readings = document.calms.iter().map(|reading| {
        let title = format!("calms: {}", reading.name);
        (title, reading.indicators.as_slice())
    });
    scopes.chain(readings).collect()
}

fn head(window: &Window) -> String {
    format!(
        "{} to {}, {}",
        instant(window.from),
        instant(window.to),
        span(window.to - window.from)
    )
}

/// Returns a span in whole days; in hours where it is short.
fn span(span: TimeDelta) -> String {
    let told = |count: i64, unit: &str| match count {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    };
    if span < TimeDelta::days(2) {
        let minutes = span.num_minutes();
        return if minutes < 120 {
            told(minutes, "minute")
        } else {
            told((minutes + 30) / 60, "hour")
        };
    }
    told((span.num_hours() + 12) / 24, "day")
}

/// Says how much of what was asked for counts, where that is not all.
fn cut(window: &Window) -> Option<String> {
    let since = window.since.filter(|_| window.is_cut())?.date_naive();
    let counted = span(window.to - window.from);
    let asked = span(window.asked);
    let dropped = if window.dropped {
        "; what was before is dropped, as the store may be no larger"
    } else {
        ""
    };
    Some(format!(
        "counts since {since}: {counted} of {asked}; rates are of these{dropped}"
    ))
}

fn cells(metric: &Metric) -> Vec<String> {
    let unit = metric.key.unit();
    let told = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| words(v, unit));
    vec![
        metric.key.as_str().to_owned(),
        told(metric.value),
        told(metric.spread.map(|spread| spread.p85)),
        metric.n().to_string(),
        metric.note.clone().unwrap_or_default(),
    ]
}
