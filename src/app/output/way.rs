//! The way of a change as text: what `cycleboard where` prints.

use std::fmt::Write as _;

use serde::Serialize;

use crate::app::output::json::{self, Card, SourceDocument};
use crate::app::output::markdown::escape;
use crate::app::output::table::{lay_out, source_line};
use crate::app::output::{Width, age, holders, instant};
use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::WebUrl;
use crate::domain::status::Status;
use crate::domain::trace::{Contained, Step, Trace};
use crate::engine::snapshot::{Health, Snapshot, SourceView};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    sources: Vec<SourceDocument<'a>>,
    changes: Vec<ChangeDocument<'a>>,
    more: usize,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    card: Card<'a>,
    confirmed_at: Option<String>,
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

/// What a word was found to mean.
#[derive(Clone, Copy, Debug)]
pub struct Ways<'a> {
    /// The word.
    pub word: &'a str,
    /// The ways of the cards that it names.
    pub traces: &'a [Trace],
    /// How many more it names.
    pub more: usize,
    /// The board that was searched.
    pub snapshot: &'a Snapshot,
    /// The time that everything is reckoned from.
    pub now: Timestamp,
}

/// With more ways than this, their cards are listed and none is told in full.
const MOST_IN_FULL: usize = 3;

impl<'a> Ways<'a> {
    /// Returns the sources that the cards come from.
    pub fn sources(self) -> impl Iterator<Item = &'a SourceView> {
        let is_of = |view: &SourceView, trace: &Trace| trace.item.sources.contains(&view.name);
        let sources = self.snapshot.sources.iter();
        sources.filter(move |view| self.traces.iter().any(|trace| is_of(view, trace)))
    }

    /// Returns the sources that did not answer, a line each.
    fn silent(self) -> impl Iterator<Item = String> {
        self.sources()
            .filter(|view| view.health != Health::Ok)
            .map(move |view| source_line(view, self.now))
    }

    fn in_full(self) -> bool {
        self.traces.len() + self.more <= MOST_IN_FULL
    }

    /// Returns the sentence that stands before several candidates.
    fn several(self) -> Option<String> {
        let count = self.traces.len() + self.more;
        let rest = match (self.in_full(), self.in_one_repository()) {
            (true, _) => "",
            (false, true) => "; name one of them in full",
            (false, false) => "; name one of them in full, or a tag as `owner/repo@tag`",
        };
        (count > 1).then(|| format!("`{}` names {count} cards{rest}", self.word))
    }

    fn in_one_repository(self) -> bool {
        let mut repos = self.traces.iter().map(|trace| &trace.item.repo);
        let first = repos.next();
        repos.all(|repo| Some(repo) == first)
    }

    fn candidates(self) -> impl Iterator<Item = Vec<String>> {
        self.traces.iter().map(move |trace| {
            let item = &trace.item;
            let old = old(item, self.snapshot, self.now);
            let alike = |one: &&Trace| one.item.key == item.key;
            // Of equal names only the identity can be typed.
            let name = match self.traces.iter().filter(alike).count() {
                1 => self.snapshot.names().key(item),
                _ => item.id.as_str().into(),
            };
            vec![
                format!("  {name}"),
                item.placement.stage.title().to_owned(),
                item.placement.status.label().to_owned(),
                item.title.to_string(),
                format!("{}{old}", age(item.placement.since, self.now)),
            ]
        })
    }
}

/// Returns the ways as JSON.
pub fn json(ways: Ways<'_>) -> Result<String, serde_json::Error> {
    let views = ways.sources();
    json::pretty(&Document {
        schema: json::SCHEMA,
        generated_at: instant(ways.now),
        sources: views.map(|view| json::source(view, ways.now)).collect(),
        changes: ways
            .traces
            .iter()
            .map(|trace| change(trace, ways.snapshot, ways.now))
            .collect(),
        more: ways.more,
    })
}

fn change<'a>(trace: &'a Trace, snapshot: &Snapshot, now: Timestamp) -> ChangeDocument<'a> {
    ChangeDocument {
        card: json::card(&trace.item, snapshot, now),
        confirmed_at: snapshot.confirmed_at(&trace.item).map(instant),
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
        status: standing(step.status),
        detail: &step.detail,
        url: step.url.as_ref().map(WebUrl::as_str),
        confidence: step.confidence,
    }
}

/// Returns how a step or a place stands, in the words of a card's status; what is over and well is
/// no card that could be merged.
fn standing(status: Status) -> &'static str {
    if status == Status::Mergeable {
        "done"
    } else {
        status.as_str()
    }
}

fn contained(place: &Contained) -> ContainedDocument<'_> {
    ContainedDocument {
        name: &place.name,
        state: &place.state,
        status: standing(place.status),
        at: instant(place.at),
    }
}

/// Returns the ways as text, as wide as the terminal.
pub fn table(ways: Ways<'_>, width: Width) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(several) = ways.several() {
        let rows: Vec<Vec<String>> = ways.candidates().collect();
        let mut out = format!("{several}\n{}", lay_out(&rows, TITLE, width));
        if ways.more > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  and {} more", ways.more);
        }
        parts.push(out);
    }
    for trace in ways.traces.iter().filter(|_| ways.in_full()) {
        let mut out = head(trace, ways.snapshot, ways.now);
        out.push_str(&lay_out(&rows(trace, ways.now), DETAIL, width));
        parts.push(out);
    }
    let silent: Vec<String> = ways.silent().map(|line| format!("{line}\n")).collect();
    if !silent.is_empty() {
        parts.push(silent.concat());
    }
    parts.join("\n")
}

/// Which column of the candidates gives way where there is no room.
const TITLE: usize = 3;

/// Which column gives way where there is no room.
const DETAIL: usize = 4;

fn head(trace: &Trace, snapshot: &Snapshot, now: Timestamp) -> String {
    let item = &trace.item;
    let place = &item.placement;
    let old = old(item, snapshot, now);
    let spent = match age(place.since, now).as_str() {
        // Of what nobody confirmed, nobody can say that it is so since just now.
        "now" if !old.is_empty() => String::new(),
        "now" => " since just now".to_owned(),
        age => format!(" for {age}"),
    };
    let mut out = format!(
        "{}  {}\n  in {}: {}{}{old}\n  because {}\n",
        snapshot.names().key(item),
        item.title,
        place.stage.title(),
        place.status.label(),
        spent,
        place.reason,
    );
    for (name, value) in [
        ("last confirmed", last_confirmed(item, snapshot, now)),
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

/// How old a card's data is, where it is too old to be taken for the truth.
fn last_confirmed(item: &WorkItem, snapshot: &Snapshot, now: Timestamp) -> String {
    if snapshot.is_fresh(item, now) {
        return String::new();
    }
    snapshot.confirmed_at(item).map_or_else(
        || "never".to_owned(),
        |at| format!("{} ago, and may have changed since", age(at, now)),
    )
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
pub fn markdown(ways: Ways<'_>) -> String {
    let (snapshot, now) = (ways.snapshot, ways.now);
    let mut out = String::new();
    if let Some(several) = ways.several() {
        let _ = writeln!(out, "{}\n", escape(&several));
        for row in ways.candidates() {
            let cells: Vec<String> = row.iter().map(|cell| escape(cell.trim())).collect();
            let _ = writeln!(out, "* {}", cells.join(", "));
        }
        if ways.more > 0 {
            let _ = writeln!(out, "* and {} more", ways.more);
        }
        out.push('\n');
    }
    for trace in ways.traces.iter().filter(|_| ways.in_full()) {
        let item = &trace.item;
        let place = &item.placement;
        let _ = write!(
            out,
            "## {} {}\n\nIn {}: **{}**{} because {}.\n",
            escape(&snapshot.names().key(item)),
            escape(&item.title),
            place.stage.title(),
            place.status.label(),
            old(item, snapshot, now),
            escape(&place.reason),
        );
        for (name, value) in [
            ("Last confirmed", last_confirmed(item, snapshot, now)),
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
    for line in ways.silent() {
        let _ = writeln!(out, "> {}\n", escape(&line));
    }
    out
}
