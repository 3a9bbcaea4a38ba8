//! Arguments of `standup`.

use clap::{Args, ValueEnum};

/// `standup`.
#[derive(Args, Clone, Debug)]
pub struct StandupArgs {
    /// Since when: `last` (the last stand-up), `1d` (a working day), `4h`, `yesterday`, `friday`,
    /// `09:30`, `2026-11-20` or `2026-11-20 09:30`
    #[arg(long, value_name = "WHEN", default_value = "last")]
    pub since: String,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = StandupFormat::Text)]
    pub format: StandupFormat,
    /// Whether it goes along the board or from person to person
    #[arg(long, value_enum, default_value_t = StandupBy::Stage)]
    pub by: StandupBy,
    /// Tell everything, not only what fits into a message of a chat
    #[arg(long)]
    pub all: bool,
    /// Remember that the stand-up was held now: the next one looks back to it
    #[arg(long)]
    pub done: bool,
    /// Ask no source: tell what the store knows
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for the sources and for what they tell of the past, in seconds (60 unless
    /// given); given, it also waits for a source that says nothing
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: Option<u64>,
}

/// Form of a stand-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StandupFormat {
    /// For chats and wikis
    Markdown,
    /// For mails and terminals
    Text,
    /// For programs; stable, and with all that there is
    Json,
}

/// The order in which a stand-up is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StandupBy {
    /// By person, in the order of names
    Person,
    /// By stage, from right to left
    Stage,
}
