//! Arguments of `demo`.

use clap::{Args, Subcommand, ValueEnum};

use super::{BoardCommand, Global};

/// The fastest team, in times of the clock: a day in under ten seconds.
const FASTEST: f64 = 10_000.0;

/// `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The simulated team.
    #[command(flatten)]
    pub scale: DemoScale,
    /// Talk about the board in lines, for screen readers: no other screen, no escapes
    #[arg(long)]
    pub plain: bool,
    /// What to do with it; without it, the board.
    #[command(subcommand)]
    pub command: Option<DemoCommand>,
}

/// How large and how fast the simulated team is.
#[derive(Args, Clone, Debug)]
pub struct DemoScale {
    /// How much faster than the clock the team works [default: 30]
    #[arg(long, global = true, value_name = "FACTOR", value_parser = speed)]
    pub speed: Option<f64>,
    /// Which team: the same number gives the same one [default: 7]
    #[arg(long, global = true, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// How many repositories, at most 500 [default: 10]
    #[arg(long, global = true, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub repos: Option<u32>,
    /// How many cards, at most 50,000 [default: 300]
    #[arg(long, global = true, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub cards: Option<u32>,
    /// Where the team works
    #[arg(long, global = true, value_enum, default_value_t = Team::Github)]
    pub team: Team,
}

/// Where the simulated team works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Team {
    /// All on one GitHub
    #[default]
    Github,
    /// On a GitLab, a Forgejo with a Jenkins, and an Alertmanager
    Mixed,
}

/// Reads a speed: a number from 0, which stands still.
fn speed(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    number
        .filter(|speed| (0.0..=FASTEST).contains(speed))
        .ok_or_else(|| format!("not a number from 0 to {FASTEST}"))
}

/// `demo …`.
#[derive(Clone, Debug, Subcommand)]
pub enum DemoCommand {
    /// What is done with its board.
    #[command(flatten)]
    OfBoard(BoardCommand),
    /// Serve the simulated systems alone and print where they are
    #[command(args(not_for_the_forge()))]
    Serve {
        /// Port on the loopback address; 0 takes any; further systems have the next ones
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

/// Returns what holds for every command but means nothing to the forge, which has neither a screen
/// nor a configuration: it is still taken, as everywhere, but not offered.
fn not_for_the_forge() -> Vec<clap::Arg> {
    let global = Global::augment_args(clap::Command::new("global"));
    let hidden = |arg: &clap::Arg| arg.clone().global(false).hide(true);
    global.get_arguments().map(hidden).collect()
}
