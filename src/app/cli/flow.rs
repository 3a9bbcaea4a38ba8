//! Arguments of `flow`.

use chrono::TimeDelta;
use clap::{Args, ValueEnum};

use crate::domain::text::parse_duration;

/// The longest window, in days; history is not kept for longer.
const LONGEST_WINDOW: i64 = 366;

/// `flow`.
#[derive(Args, Clone, Debug)]
pub struct FlowArgs {
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<FlowFormat>,
    /// How far back is looked: a number and a unit, e.g. `30d`, `12w`
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = span)]
    pub window: TimeDelta,
    /// For what metrics are told beside those of everything
    #[arg(long, value_enum, default_value = "service")]
    pub by: FlowBy,
    /// Only this service or repository
    #[arg(long, value_name = "NAME")]
    pub only: Option<String>,
    /// Ask no source: only the history that is here
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for the sources and for what they tell of the past, in seconds (60 unless
    /// given); given, it also waits for a source that says nothing
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: Option<u64>,
}

fn span(text: &str) -> Result<TimeDelta, String> {
    let span = parse_duration(text).filter(|span| *span > TimeDelta::zero());
    let span = span.ok_or("write a number and a unit: `12h`, `30d`, `12w`")?;
    if span > TimeDelta::days(LONGEST_WINDOW) {
        return Err(format!("longer than {LONGEST_WINDOW} days"));
    }
    Ok(span)
}

/// Form in which flow is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FlowFormat {
    /// For programs, with all points; stable
    Json,
    /// For spreadsheets: a row for each metric
    Csv,
    /// For people, as wide as the terminal
    Table,
    /// For chats and wikis, with definitions
    Markdown,
}

/// For what metrics are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FlowBy {
    /// Each service
    Service,
    /// Each repository
    Repo,
    /// Everything alone
    All,
}
