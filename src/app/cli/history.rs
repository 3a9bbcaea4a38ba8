//! Arguments of `history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

/// `history`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HistoryArgs {
    /// What of it; without it, what there is
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Ask no source: tell what the store knows
    #[arg(long)]
    pub offline: bool,
}

/// `history …`.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryCommand {
    /// Print all of it: where every card stood and when, deliveries, runs, troubles, reviews
    Export(ExportArgs),
}

/// `history export`.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Only what was so after a moment: `30d` ago, `2026-11-20`, `2026-11-20 09:30`, or an instant
    /// such as `2026-11-20T09:30:00Z`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only what was so before a moment, in the same forms
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub format: ExportFormat,
    /// File to write to instead of printing; one that is there is replaced when all is written
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Ask no source: only the history that is here
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for the sources and for what they tell of the past, in seconds (60 unless
    /// given); given, it also waits for a source that says nothing
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: Option<u64>,
}

/// Form in which history is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One object a line, the first says what follows
    Jsonl,
    /// One object with all
    Json,
    /// For spreadsheets: a row for each record
    Csv,
}
