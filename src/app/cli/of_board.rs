//! What is done with the board of a team: the commands that `demo` has too.

use clap::Subcommand;

use super::{
    ActArgs, BoardArgs, DoctorArgs, EXIT_CODES, FlowArgs, HistoryArgs, HistoryCommand, LogArgs,
    SourcesArgs, StandupArgs, TriageArgs, WallArgs, WhereArgs,
};

/// What is done with the board of a team, a real or the simulated one.
#[derive(Clone, Debug, Subcommand)]
pub enum BoardCommand {
    /// Show the board, or print it once
    #[command(after_help = EXIT_CODES)]
    Board(BoardArgs),
    /// Show the board on a wall: large, red first, page by page; `q q` leaves it
    Wall(WallArgs),
    /// Show the way of one change through the cycle
    #[command(after_help = EXIT_CODES)]
    Where(WhereArgs),
    /// Prepare the stand-up: what moved, what is stuck, who waits for whom
    #[command(after_help = EXIT_CODES)]
    Standup(StandupArgs),
    /// Show why red cards are red: first error, failing tests, first bad commit
    #[command(after_help = EXIT_CODES)]
    Triage(TriageArgs),
    /// Show how the work flows: lead times, deployments, cycle times, reviews, CI
    #[command(after_help = EXIT_CODES)]
    Flow(FlowArgs),
    /// Show what history holds, or export it
    #[command(after_help = EXIT_CODES)]
    History(HistoryArgs),
    /// Print the log of the job that made a card red
    #[command(after_help = EXIT_CODES)]
    Log(LogArgs),
    /// Do something to the run of a card: re-run, cancel, approve or reject at its gate
    #[command(after_help = EXIT_CODES)]
    Act(ActArgs),
    /// Show the sources: health, age, budget
    #[command(after_help = EXIT_CODES)]
    Sources(SourcesArgs),
    /// Check configuration, sources, token and terminal
    #[command(after_help = EXIT_CODES)]
    Doctor(DoctorArgs),
}

impl BoardCommand {
    /// Returns whether no source is to be asked.
    pub fn is_offline(&self) -> bool {
        match self {
            Self::Board(args) => args.offline,
            Self::Wall(args) => args.offline,
            Self::Where(args) => args.offline,
            Self::Standup(args) => args.offline,
            Self::Triage(args) => args.offline,
            Self::Flow(args) => args.offline,
            Self::History(args) => match &args.command {
                Some(HistoryCommand::Export(export)) => export.offline,
                None => args.offline,
            },
            Self::Log(args) => args.offline,
            Self::Act(_) => false,
            Self::Sources(args) => args.offline,
            Self::Doctor(args) => args.offline,
        }
    }
}
