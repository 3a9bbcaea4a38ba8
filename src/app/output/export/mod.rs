//! History, record by record: what `cycleboard history export` writes.
//!
//! Fields are only ever added. Moments are in UTC, spans in seconds; what is not known is `null`,
//! in CSV empty. A record is written as it is made: nothing is gathered first.

mod rows;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde::Serialize;

use crate::app::output::csv::cell;
use crate::app::output::instant;
use crate::app::output::json::SCHEMA;
use crate::domain::Timestamp;
use crate::domain::history::Ledger;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub struct Export<'a> {
    /// All that history holds.
    pub ledger: &'a Ledger,
    /// Only what was so after that.
    pub from: Option<Timestamp>,
    /// Only what was so before that.
    pub until: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// One record.
#[derive(Serialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Row<'a> {
    /// A card stood somewhere.
    Interval(Interval<'a>),
    /// Somebody reviewed a change request.
    Review(Review<'a>),
    /// A version came to an environment, or should have.
    Delivery(Delivery<'a>),
    /// An attempt of a CI run.
    Run(Run<'a>),
    /// A problem of what is live.
    Trouble(Trouble<'a>),
}

/// A card stood somewhere.
#[derive(Serialize)]
pub(super) struct Interval<'a> {
    pub(super) card: &'a str,
    pub(super) key: &'a str,
    pub(super) title: &'a str,
    pub(super) repo: Option<&'a str>,
    pub(super) services: Vec<&'a str>,
    pub(super) stage: &'a str,
    pub(super) status: &'a str,
    pub(super) outcome: Option<&'a str>,
    pub(super) holders: Vec<&'a str>,
    pub(super) from: String,
    pub(super) to: Option<String>,
    pub(super) secs: Option<i64>,
    pub(super) rule: &'a str,
    pub(super) url: Option<&'a str>,
}

/// Somebody reviewed a change request.
#[derive(Serialize)]
pub(super) struct Review<'a> {
    pub(super) card: &'a str,
    pub(super) key: &'a str,
    pub(super) repo: &'a str,
    pub(super) number: u64,
    pub(super) by: &'a str,
    pub(super) bot: bool,
    pub(super) verdict: &'a str,
    pub(super) at: String,
}

/// A version came to an environment, or should have.
#[derive(Serialize)]
pub(super) struct Delivery<'a> {
    pub(super) id: &'a str,
    pub(super) repo: &'a str,
    pub(super) service: &'a str,
    pub(super) environment: &'a str,
    pub(super) production: bool,
    pub(super) sha: Option<&'a str>,
    pub(super) version: &'a str,
    pub(super) state: &'a str,
    pub(super) started_at: String,
    pub(super) finished_at: Option<String>,
    pub(super) secs: Option<i64>,
    pub(super) cards: Vec<&'a str>,
    pub(super) cards_known: bool,
    pub(super) marks: Vec<&'a str>,
    pub(super) url: Option<&'a str>,
}

/// An attempt of a CI run.
#[derive(Serialize)]
pub(super) struct Run<'a> {
    pub(super) id: &'a str,
    pub(super) repo: &'a str,
    pub(super) workflow: &'a str,
    pub(super) branch: &'a str,
    pub(super) on_default: bool,
    pub(super) change: Option<u64>,
    pub(super) sha: Option<&'a str>,
    pub(super) event: &'a str,
    pub(super) attempt: u32,
    pub(super) result: &'a str,
    pub(super) created_at: String,
    pub(super) started_at: Option<String>,
    pub(super) finished_at: Option<String>,
    pub(super) secs: Option<i64>,
    pub(super) queued_secs: Option<u64>,
    pub(super) failed_jobs: Vec<&'a str>,
    pub(super) url: Option<&'a str>,
}

/// A problem of what is live.
#[derive(Serialize)]
pub(super) struct Trouble<'a> {
    pub(super) id: &'a str,
    pub(super) card: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) incident: bool,
    pub(super) repo: Option<&'a str>,
    pub(super) service: Option<&'a str>,
    pub(super) sha: Option<&'a str>,
    pub(super) began_at: String,
    pub(super) over_at: Option<String>,
    pub(super) secs: Option<i64>,
    pub(super) url: Option<&'a str>,
}

/// What follows.
#[derive(Serialize)]
struct Head {
    record: &'static str,
    schema: u32,
    generated_at: String,
    /// Since when history counts; nothing where it has not begun.
    history_since: Option<String>,
    from: Option<String>,
    until: String,
}

impl Export<'_> {
    fn head(&self) -> Head {
        Head {
            record: "export",
            schema: SCHEMA,
            generated_at: instant(self.now),
            history_since: self.ledger.since.map(instant),
            from: self.from.map(instant),
            until: instant(self.until),
        }
    }

    /// Returns whether something that began then, and ended or goes on, is asked for.
    pub(super) fn wants(&self, from: Timestamp, to: Option<Timestamp>) -> bool {
        let ends_after = self
            .from
            .is_none_or(|begin| to.is_none_or(|to| to >= begin));
        from < self.until && ends_after
    }

    /// Writes an object a line.
    pub fn jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, &self.head())?;
        out.write_all(b"\n")?;
        rows::each(self, |row| {
            serde_json::to_writer(&mut *out, row)?;
            out.write_all(b"\n")
        })
    }

    /// Writes one object with a list of all records.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let head = serde_json::to_string(&self.head())?;
        // The list is one more field of what was just written whole.
        let open = head.strip_suffix('}').unwrap_or(&head);
        out.write_all(open.as_bytes())?;
        out.write_all(b",\"records\":[")?;
        let mut between: &[u8] = b"\n";
        rows::each(self, |row| {
            out.write_all(between)?;
            between = b",\n";
            Ok(serde_json::to_writer(&mut *out, row)?)
        })?;
        out.write_all(b"\n]}\n")
    }

    /// Writes a row for each record.
    pub fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        rows::each(self, |row| writeln!(out, "{}", row.line()))
    }
}

/// The columns of CSV: those of all records, each empty where a record has none.
const COLUMNS: [&str; 20] = [
    "schema",
    "record",
    "id",
    "key",
    "title",
    "repo",
    "services",
    "stage",
    "status",
    "outcome",
    "people",
    "from",
    "to",
    "secs",
    "rule",
    "environment",
    "sha",
    "number",
    "notes",
    "url",
];

/// The cells of one row, by the names of their columns.
#[derive(Default)]
struct Cells([String; COLUMNS.len()]);

impl Cells {
    fn put(&mut self, column: &str, text: &(impl ToString + ?Sized)) -> &mut Self {
        let at = COLUMNS.iter().position(|known| *known == column);
        if let Some(cell) = at.and_then(|at| self.0.get_mut(at)) {
            *cell = text.to_string();
        }
        self
    }

    fn some(&mut self, column: &str, text: Option<impl ToString>) -> &mut Self {
        match text {
            Some(text) => self.put(column, &text),
            None => self,
        }
    }

    /// From when to when, and how long that is.
    fn span(&mut self, from: &str, to: Option<&String>, secs: Option<i64>) -> &mut Self {
        self.put("from", from).some("to", to).some("secs", secs)
    }

    fn line(&self) -> String {
        let cells = self.0.iter().map(|text| match text.as_str() {
            "" => String::new(),
            text => cell(text),
        });
        cells.collect::<Vec<_>>().join(",")
    }
}

impl Row<'_> {
    /// Returns the row of a table.
    fn line(&self) -> String {
        let mut cells = Cells::default();
        cells.put("schema", &SCHEMA);
        match self {
            Self::Interval(it) => cells
                .put("record", "interval")
                .put("id", it.card)
                .put("key", it.key)
                .put("title", it.title)
                .some("repo", it.repo)
                .put("services", &it.services.join(" "))
                .put("stage", it.stage)
                .put("status", it.status)
                .some("outcome", it.outcome)
                .put("people", &it.holders.join(" "))
                .span(&it.from, it.to.as_ref(), it.secs)
                .put("rule", it.rule)
                .some("url", it.url),
            Self::Review(it) => cells
                .put("record", "review")
                .put("id", it.card)
                .put("key", it.key)
                .put("repo", it.repo)
                .put("status", it.verdict)
                .put("people", it.by)
                .span(&it.at, Some(&it.at), None)
                .put("number", &it.number)
                .put("notes", if it.bot { "bot" } else { "" }),
            Self::Delivery(it) => cells
                .put("record", "delivery")
                .put("id", it.id)
                .put("key", it.version)
                .put("repo", it.repo)
                .put("services", it.service)
                .put("status", it.state)
                .span(&it.started_at, it.finished_at.as_ref(), it.secs)
                .put("environment", it.environment)
                .some("sha", it.sha)
                .put("notes", &it.marks.join(" "))
                .some("url", it.url),
            Self::Run(it) => cells
                .put("record", "run")
                .put("id", it.id)
                .put("key", it.workflow)
                .put("title", it.branch)
                .put("repo", it.repo)
                .put("status", it.result)
                .span(
                    it.started_at.as_ref().unwrap_or(&it.created_at),
                    it.finished_at.as_ref(),
                    it.secs,
                )
                .some("sha", it.sha)
                .put("number", &it.attempt)
                .put("notes", it.event)
                .some("url", it.url),
            Self::Trouble(it) => cells
                .put("record", "trouble")
                .put("id", it.id)
                .some("key", it.card)
                .put("title", it.name)
                .some("repo", it.repo)
                .some("services", it.service)
                .span(&it.began_at, it.over_at.as_ref(), it.secs)
                .some("sha", it.sha)
                .put("notes", if it.incident { "incident" } else { "alert" })
                .some("url", it.url),
        };
        cells.line()
    }
}
