//! The way of a change as text: what `cycleboard where` prints.

use std::fmt::Write as _;

use serde::Serialize;

use crate::app::output::json::{self, Card};
use crate::app::output::markdown::escape;
use crate::app::output::table::lay_out;
use crate::app::output::{Width, age, holders, instant};
use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::WebUrl;
use crate::domain::trace::{Contained, Step, Trace};
use crate::engine::snapshot::Snapshot;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    changes: Vec<ChangeDocument<'a>>,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    card: Card<'a>,
    waits_for: &'a str,
    releases: Vec<ContainedDocument<'a>>,
    environments: Vec<ContainedDocument<'a>>,
    steps: Vec<StepDocument<'a>>,
}

#[derive(Serialize)]
struct ContainedDocument<'a> {
    name: &'a str,
    state: &'a str,
    status: &'a str,
    at: String,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    at: String,
    kind: &'a str,
    key: &'a str,
    state: &'a str,
    status: &'a str,
    detail: &'a str,
    url: Option<&'a str>,
    confidence: u8,
}

/// Returns the ways as JSON.
pub fn json(
    traces: &[Trace],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<String, serde_json::Error> {
    json::pretty(&Document {
        schema: json::SCHEMA,
        generated_at: instant(now),
        changes: traces
            .iter()
            .map(|trace| change(trace, snapshot, now))
            .collect(),
    })
}

fn change<'a>(trace: &'a Trace, snapshot: &Snapshot, now: Timestamp) -> ChangeDocument<'a> {
    ChangeDocument {
        card: json::card(&trace.item, snapshot, now),
        waits_for: &trace.waits_for,
        releases: trace.releases.iter().map(contained).collect(),
        environments: trace.environments.iter().map(contained).collect(),
        steps: trace.steps.iter().map(step).collect(),
    }
}

fn step(step: &Step) -> StepDocument<'_> {
    StepDocument {
        at: instant(step.at),
        kind: step.kind.as_str(),
        key: &step.key,
        state: &step.state,
        status: step.status.as_str(),
        detail: &step.detail,
        url: step.url.as_ref().map(WebUrl::as_str),
        confidence: step.confidence,
    }
}

fn contained(place: &Contained) -> ContainedDocument<'_> {
    ContainedDocument {
        name: &place.name,
        state: &place.state,
        status: place.status.as_str(),
        at: instant(place.at),
    }
}

/// Returns the ways as text, as wide as the terminal.
pub fn table(traces: &[Trace], snapshot: &Snapshot, now: Timestamp, width: Width) -> String {
    let parts: Vec<String> = traces
        .iter()
        .map(|trace| {
            let mut out = head(trace, snapshot, now);
            out.push_str(&lay_out(&rows(trace, now), DETAIL, width));
            out
        })
        .collect();
    parts.join("\n")
}

/// Which column gives way where there is no room.
const DETAIL: usize = 4;

fn head(trace: &Trace, snapshot: &Snapshot, now: Timestamp) -> String {
    let item = &trace.item;
    let place = &item.placement;
    let old = old(item, snapshot, now);
    let spent = match age(place.since, now).as_str() {
        "now" => "since just now".to_owned(),
        age => format!("for {age}"),
    };
    let mut out = format!(
        "{}  {}\n  in {}: {} {}{old}\n  because {}\n",
        item.key,
        item.title,
        place.stage.title(),
        place.status.label(),
        spent,
        place.reason,
    );
    for (name, value) in [
        ("waits for", trace.waits_for.to_string()),
        ("held by", holders(item)),
        ("releases", places(&trace.releases)),
        ("environments", places(&trace.environments)),
    ] {
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {name} {value}");
        }
    }
    out
}

/// Old data is marked, never shown as if it were new.
fn old(item: &WorkItem, snapshot: &Snapshot, now: Timestamp) -> &'static str {
    if snapshot.is_fresh(item, now) {
        ""
    } else {
        " (old)"
    }
}

fn places(places: &[Contained]) -> String {
    let named: Vec<String> = places
        .iter()
        .map(|place| format!("{} ({})", place.name, place.state))
        .collect();
    named.join(", ")
}

fn rows(trace: &Trace, now: Timestamp) -> Vec<Vec<String>> {
    trace
        .steps
        .iter()
        .map(|step| {
            vec![
                format!("  {:>4}", age(step.at, now)),
                step.kind.as_str().replace('_', " "),
                step.key.to_string(),
                step.state.to_string(),
                step.detail.to_string(),
            ]
        })
        .collect()
}

/// Returns the ways as Markdown.
pub fn markdown(traces: &[Trace], snapshot: &Snapshot, now: Timestamp) -> String {
    let mut out = String::new();
    for trace in traces {
        let item = &trace.item;
        let place = &item.placement;
        let _ = write!(
            out,
            "## {} {}\n\nIn {}: **{}**{} because {}.\n",
            escape(&item.key),
            escape(&item.title),
            place.stage.title(),
            place.status.label(),
            old(item, snapshot, now),
            escape(&place.reason),
        );
        for (name, value) in [
            ("Waits for", trace.waits_for.to_string()),
            ("Releases:", places(&trace.releases)),
            ("Environments:", places(&trace.environments)),
        ] {
            if !value.is_empty() {
                let _ = write!(out, "\n{name} {}\n", escape(&value));
            }
        }
        out.push_str("\n| age | what | name | state | detail |\n| --- | --- | --- | --- | --- |\n");
        for row in rows(trace, now) {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell.trim())).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        out.push('\n');
    }
    out
}
