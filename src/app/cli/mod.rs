//! The command line: what may be typed, as types.
//!
//! Parses only; what each command does is in the module of its name.

mod act;
mod demo;
mod flow;
mod history;
mod of_board;
mod standup;
mod wall;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::ui::theme::BUILTIN;

pub use act::ActArgs;
pub use demo::{DemoArgs, DemoCommand, DemoScale, Team};
pub use flow::{FlowArgs, FlowBy, FlowFormat};
pub use history::{ExportArgs, ExportFormat, HistoryArgs, HistoryCommand};
pub use of_board::BoardCommand;
pub use standup::{StandupArgs, StandupBy, StandupFormat};
pub use wall::WallArgs;

/// A terminal board of a team's whole delivery cycle.
#[derive(Debug, Parser)]
#[command(
    name = "cycleboard",
    version,
    about,
    max_term_width = 100,
    after_help = EXIT_CODES,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// Talk about the board in lines, for screen readers: no other screen, no escapes
    #[arg(long)]
    pub plain: bool,
    /// What to do; without it, the board.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Exit codes, as `--help` and the manual page print them.
pub const EXIT_CODES: &str = "Exit codes, the first that holds:\n  \
    2  wrong command line or configuration\n  \
    1  something went wrong, or nothing was found\n  \
    4  a source refused the token\n  \
    3  a card is red for sure (only with --exit-status)\n  \
    5  data is stale or not known\n  \
    0  fine";

/// What holds for every command.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Global {
    /// Configuration file [default: config.toml in the configuration directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How much the log file tells
    #[arg(long, global = true, value_name = "LEVEL", value_enum)]
    pub log: Option<LogLevel>,
    /// Theme of the board: one of these, or the name of a file of your own
    #[arg(long, global = true, value_name = "NAME", value_parser = ThemeName)]
    pub theme: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// How many colours to use
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    pub color: Option<ColorChoice>,
    /// Change nothing at any source, whatever its `writes` allows
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// The line is slow: paint what changes by itself at most once a second
    #[arg(long, global = true)]
    pub slow: bool,
    /// Open the board as new, and do not remember where it is left
    #[arg(long, global = true)]
    pub no_remember: bool,
}

/// Any name of a theme; those that are built in are offered.
#[derive(Clone)]
struct ThemeName;

impl TypedValueParser for ThemeName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = BUILTIN.iter().map(|(name, _)| PossibleValue::new(*name));
        Some(Box::new(names))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the board of a simulated team; needs no account
    Demo(DemoArgs),
    /// What is done with the board of a team, a real or the simulated one.
    #[command(flatten)]
    OfBoard(BoardCommand),
    /// Find what there is to show, ask a few questions, write a configuration and test it
    #[command(after_help = EXIT_CODES)]
    Init(InitArgs),
    /// List the themes, or check whether one is complete and can be read
    Theme(ThemeArgs),
    /// Find, check and explain the configuration
    Config(ConfigArgs),
    /// Show the keys of the board
    Keys(KeysArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual pages: `cycleboard man | man -l -`
    Man,
    /// Show the help of a command, as its `--help` does: `cycleboard help flow`
    Help {
        /// The command, word by word
        #[arg(value_name = "COMMAND")]
        words: Vec<String>,
    },
}

/// The longest wait for the sources when printing, in seconds, unless another is given.
pub const WAIT_SECS: u64 = 60;

/// `board`.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct BoardArgs {
    /// Print once instead of opening the board; so it is when the output is no terminal
    #[arg(long)]
    pub once: bool,
    /// Talk about the board in lines, for screen readers: no other screen, no escapes
    #[arg(long, conflicts_with_all = ["once", "format", "exit_status"])]
    pub plain: bool,
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Only cards that match, e.g. `author:@me status:failed`
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// A saved view: its filter, columns, lanes and order; `--filter` takes the place of its filter
    #[arg(long, value_name = "NAME")]
    pub view: Option<String>,
    /// Exit with 3 when a card that matches the filter is red, shown or in a column that is not,
    /// and with 5 when that cannot be told
    #[arg(long)]
    pub exit_status: bool,
    /// Ask no source: show what the store has
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for the sources when printing, in seconds (60 unless given); given, it also
    /// waits for a source that says nothing
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: Option<u64>,
}

/// `where`.
#[derive(Args, Clone, Debug)]
pub struct WhereArgs {
    /// A commit, `#12`, `owner/repo#12`, a tag (`owner/repo@v1.2.3`) or a ticket such as `PROJ-1`
    pub word: String,
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Ask no source: look in the store
    #[arg(long)]
    pub offline: bool,
}

/// The longest wait for what is found out about failures, in seconds, unless another is given.
pub const WITHIN_SECS: u64 = 30;

/// `triage`.
#[derive(Args, Clone, Debug)]
pub struct TriageArgs {
    /// Only this card or run: a commit, `#12`, `owner/repo#12`, or the page of a run
    #[arg(value_name = "KEY|RUN-URL")]
    pub word: Option<String>,
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Print once; so it always is, the word is there for scripts
    #[arg(long)]
    pub once: bool,
    /// Exit with 3 when a printed card is red, and with 5 when that cannot be told
    #[arg(long)]
    pub exit_status: bool,
    /// Ask no source: show what the store has
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for what is found out about the failures, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WITHIN_SECS, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub within: u64,
}

/// `log`.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// A card or run: a commit, `#12`, `owner/repo#12`, or the page of a run
    #[arg(value_name = "KEY|RUN-URL")]
    pub word: String,
    /// Only a step: `failed`, or (part of) its name
    #[arg(long, value_name = "failed|NAME")]
    pub step: Option<String>,
    /// Print on as long as the job runs, of a job at work first; exit with 3 when it did not pass
    #[arg(short, long, conflicts_with_all = ["step", "offline"])]
    pub follow: bool,
    /// Another job of the run than the one that failed first
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// Text without colours
    #[arg(long)]
    pub plain: bool,
    /// Ask no source: only a log that is here already
    #[arg(long)]
    pub offline: bool,
    /// Longest wait for the log, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WITHIN_SECS, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub within: u64,
}

/// `sources`.
#[derive(Args, Clone, Debug, Default)]
pub struct SourcesArgs {
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Ask no source: show what the store knows of them
    #[arg(long)]
    pub offline: bool,
}

/// `keys`.
#[derive(Args, Clone, Debug, Default)]
pub struct KeysArgs {
    /// Form of what is printed
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The keys to begin with, instead of those of the configuration
    #[arg(long, value_name = "NAME", value_parser = ["vim", "helix", "arrows"])]
    pub preset: Option<String>,
}

/// `doctor`.
#[derive(Args, Clone, Debug, Default)]
pub struct DoctorArgs {
    /// Do not ask the sources
    #[arg(long)]
    pub offline: bool,
}

/// `init`.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct InitArgs {
    /// Take the defaults instead of asking
    #[arg(long)]
    pub yes: bool,
    /// Print the configuration instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Replace a configuration that is there without asking
    #[arg(long)]
    pub force: bool,
    /// Try the usual ports of monitors and CI servers on this machine
    #[arg(long)]
    pub local: bool,
    /// Ask no host and test nothing
    #[arg(long)]
    pub offline: bool,
}

/// `theme`.
#[derive(Args, Clone, Debug)]
pub struct ThemeArgs {
    /// What of them
    #[command(subcommand)]
    pub command: ThemeCommand,
}

/// `theme …`.
#[derive(Clone, Debug, Subcommand)]
pub enum ThemeCommand {
    /// Print the names of all themes; your own are in the folder `themes` beside the configuration
    List,
    /// Check that a theme has every role and can be read on its grounds
    Check {
        /// A file, or the name of a theme
        theme: String,
    },
}

/// `config`.
#[derive(Args, Clone, Debug)]
pub struct ConfigArgs {
    /// What of it
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// `config …`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where the file is looked for
    Path,
    /// Print a file with every key and its default
    Default,
    /// Check the file, its keys and the themes, and say what is wrong with them
    Check,
    /// Print every command with its keys
    Keys,
    /// Print the JSON schema of the file, by which editors complete and check it
    Schema,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For programs; stable
    Json,
    /// For people, as wide as the terminal
    Table,
    /// For chats and wikis
    Markdown,
}

/// How much the log file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing
    Off,
    /// What went wrong
    Error,
    /// What may go wrong, too
    Warn,
    /// What is done, too
    Info,
    /// Every request, too
    Debug,
    /// Everything
    Trace,
}

/// How many colours to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// What the terminal says it can
    Auto,
    /// None: bold, underlined and reversed text only
    Never,
    /// The terminal's own sixteen
    #[value(name = "16")]
    Ansi16,
    /// 256 fixed colours
    #[value(name = "256")]
    Ansi256,
    /// All colours
    #[value(name = "true")]
    True,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn scale_may_stand_before_and_after_the_command() {
        for line in [
            "cycleboard demo --seed 7 board --once",
            "cycleboard demo board --once --seed 7",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let Some(Command::Demo(demo)) = cli.command else {
                panic!("not the demo: {line}");
            };
            assert_eq!(demo.scale.seed, Some(7), "{line}");
        }
    }

    #[test]
    fn a_theme_of_ones_own_is_taken_and_those_that_are_built_in_are_told() {
        let cli = Cli::try_parse_from(["cycleboard", "--theme", "mine"]).unwrap();
        assert_eq!(cli.global.theme.as_deref(), Some("mine"));
        let help = Cli::command().render_long_help().to_string();
        for (name, _) in BUILTIN {
            assert!(help.contains(name), "{name} in\n{help}");
        }
    }

    #[test]
    fn the_defaults_of_the_demo_are_told() {
        let usual = crate::demo::Options::default();
        let mut command = Cli::command();
        let demo = command.find_subcommand_mut("demo").unwrap();
        let help = demo.render_long_help().to_string();
        for default in [
            format!("the team works [default: {}]", crate::demo::LIVELY),
            format!("same one [default: {}]", usual.seed),
            format!("at most 500 [default: {}]", usual.repos),
            format!("at most 50,000 [default: {}]", usual.cards),
        ] {
            assert!(help.contains(&default), "{default} in\n{help}");
        }
    }

    #[test]
    fn the_team_may_stand_before_and_after_the_command() {
        for (line, team) in [
            ("cycleboard demo", Team::Github),
            ("cycleboard demo --team mixed", Team::Mixed),
            ("cycleboard demo board --once --team mixed", Team::Mixed),
            ("cycleboard demo --team mixed serve", Team::Mixed),
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let Some(Command::Demo(demo)) = cli.command else {
                panic!("not the demo: {line}");
            };
            assert_eq!(demo.scale.team, team, "{line}");
        }
    }

    #[test]
    fn a_filter_may_begin_with_a_hyphen() {
        for line in [
            "cycleboard board --once --filter -is:bot",
            "cycleboard board --filter -is:bot --once",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            let Some(Command::OfBoard(BoardCommand::Board(board))) = cli.command else {
                panic!("not the board: {line}");
            };
            assert_eq!(board.filter.as_deref(), Some("-is:bot"), "{line}");
            assert!(board.once, "{line}");
        }
    }

    #[test]
    fn more_than_the_largest_team_is_refused() {
        for speed in ["nan", "inf", "-1", "1e9", "fast"] {
            let speed = format!("--speed={speed}");
            assert!(Cli::try_parse_from(["cycleboard", "demo", &speed]).is_err());
        }
        assert!(Cli::try_parse_from(["cycleboard", "demo", "--speed", "0.5"]).is_ok());
        assert!(Cli::try_parse_from(["cycleboard", "demo", "--repos", "501"]).is_err());
        assert!(Cli::try_parse_from(["cycleboard", "demo", "--cards", "50001"]).is_err());
    }
}
