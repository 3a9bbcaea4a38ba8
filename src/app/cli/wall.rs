//! Arguments of `wall`.

use clap::Args;

/// `wall`.
#[derive(Args, Clone, Debug, Default)]
pub struct WallArgs {
    /// Only cards that match, e.g. `service:api`
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// How many seconds a page stays [default: as configured]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(5..=3600))]
    pub page_secs: Option<u64>,
    /// Ask no source: show what the store has
    #[arg(long)]
    pub offline: bool,
}
