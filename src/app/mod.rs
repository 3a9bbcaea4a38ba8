//! The shell: command line, loop, terminal, effects, files, environment, logs.
//!
//! The only layer that knows all others. Nothing is decided here about work:
//! it puts the parts together and keeps the process in order.

pub mod act;
pub mod board;
pub mod cli;
pub mod clock;
pub mod clone;
pub mod complete;
pub mod config_file;
pub mod configuration;
pub mod demo;
pub mod doctor;
pub mod effects;
pub mod env;
pub mod exit;
pub mod first;
pub mod flow;
pub mod ground;
pub mod guard;
mod heard;
pub mod hidden;
pub mod history;
pub mod init;
pub mod job_log;
pub mod kept_boards;
pub mod kept_file;
pub mod key_table;
pub mod log;
pub mod logs;
mod manual;
pub mod measure;
pub mod named;
pub mod notify;
pub mod once;
pub mod output;
pub mod own;
pub mod page;
pub mod paths;
pub mod pins;
pub mod place;
pub mod plain;
pub mod recall;
pub mod redact;
pub mod reload;
pub mod renew;
pub mod rewind;
pub mod run;
pub mod runtime;
pub mod screen;
pub mod session;
pub mod settings;
pub mod signals;
pub mod standup;
mod stranger;
pub mod surround;
mod tasks;
pub mod team;
pub mod themes;
pub mod triage;
pub mod tty;
pub mod unopened;
pub mod views;
pub mod waiting;
pub mod wall;
pub mod watch;
pub mod where_;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use crate::app::cli::{
    BoardArgs, BoardCommand, Cli, Command, DemoArgs, DemoCommand, Format, Global, LogLevel,
    SourcesArgs,
};
use crate::app::env::Env;
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::output::Width;
use crate::app::session::Session;
use crate::sources::{Account, token};

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    guard::mark_program();
    guard::install_panic_hook();
    guard::forbid_core_dumps();
    if complete::answer() {
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return answered(&error).into(),
    };
    let code = match dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit().into()
        }
    };
    // The keyboard is the shell's again when nothing is left to be done.
    guard::leave();
    code
}

/// Prints what the command line is answered with.
fn answered(answer: &clap::Error) -> Exit {
    drop(answer.print());
    // Help goes to standard output and is fine, the rest is not.
    if answer.use_stderr() {
        Exit::Usage
    } else {
        Exit::Fine
    }
}

fn help(words: Vec<String>) -> Exit {
    let asked = std::iter::once("cycleboard".to_owned()).chain(words);
    let parsed = Cli::try_parse_from(asked.chain(["--help".to_owned()]));
    parsed.err().as_ref().map_or(Exit::Fine, answered)
}

fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let env = Env::process();
    let Cli {
        global,
        plain,
        command,
    } = cli;
    match command.unwrap_or_else(|| Command::OfBoard(open_board(plain))) {
        Command::Demo(demo) => simulated(global, env, demo),
        Command::OfBoard(command) => of_board(ready(global, env, command.is_offline())?, &command),
        Command::Init(args) => init::run(global, env, &args),
        Command::Keys(args) => key_table::run(&load(global, env)?, &args),
        Command::Theme(args) => configuration::theme(&args.command),
        Command::Config(args) => configuration::run(&global, &env, args.command),
        Command::Completions { shell } => completions(shell),
        Command::Man => manual(),
        Command::Help { words } => Ok(help(words)),
    }
}

fn simulated(global: Global, env: Env, demo: DemoArgs) -> Result<Exit, Failure> {
    let DemoArgs {
        scale,
        plain,
        command,
    } = demo;
    let command = match command {
        Some(DemoCommand::Serve { port }) => return demo::serve(&scale, port).map(Exit::Signal),
        Some(DemoCommand::OfBoard(command)) => command,
        None => open_board(plain),
    };
    let session = Session::load(global, env, Some(&scale))?;
    start_log(&session);
    of_board(session, &command)
}

/// What is done where nothing else is said.
fn open_board(plain: bool) -> BoardCommand {
    BoardCommand::Board(BoardArgs {
        plain,
        ..BoardArgs::default()
    })
}

/// Does what was asked of the board of a session.
fn of_board(session: Session, command: &BoardCommand) -> Result<Exit, Failure> {
    match command {
        BoardCommand::Board(args) => board(session, args),
        BoardCommand::Wall(args) => wall::run(session, args),
        BoardCommand::Where(args) => where_::run(session, args),
        BoardCommand::Standup(args) => standup::run(session, args),
        BoardCommand::Triage(args) => triage::run(session, args),
        BoardCommand::Flow(args) => flow::run(session, args),
        BoardCommand::History(args) => history::run(session, args),
        BoardCommand::Log(args) => job_log::run(session, args),
        BoardCommand::Act(args) => act::run(session, args),
        BoardCommand::Sources(args) => sources(session, args),
        BoardCommand::Doctor(args) => doctor::run(session, args),
    }
}

fn load(global: Global, env: Env) -> Result<Session, Failure> {
    let session = Session::load(global, env, None)?;
    start_log(&session);
    Ok(session)
}

/// Loads what a command stands on that asks sources; the host of a clone is asked what it is.
fn ready(global: Global, env: Env, offline: bool) -> Result<Session, Failure> {
    let mut session = load(global, env)?;
    if offline {
        tell_missing(&session);
    } else {
        session.find_out()?;
    }
    Ok(session)
}

/// Says of which sources nobody can tell as whom they would ask: what is known of them is what the
/// last one saw who asked.
fn tell_missing(session: &Session) {
    let env = session.env.reader();
    for source in &session.settings.sources {
        if let Account::Missing(missing) = token::account(source, &env) {
            let name = &source.name;
            waiting::say(&format!(
                "note: {name}: {missing}; what the last account saw is told"
            ));
        }
    }
}

/// Starts the log; the program works without one.
fn start_log(session: &Session) {
    let level = session.global.log.unwrap_or(LogLevel::Warn);
    let file = session.paths.log();
    let made = paths::make_private(&session.paths.state);
    if made.and_then(|()| log::start(&file, level)).is_ok() {
        log::remember(&file);
    }
}

/// The board on a terminal, or printed once where there is none.
fn board(session: Session, args: &BoardArgs) -> Result<Exit, Failure> {
    if args.plain {
        return plain::run(session, args);
    }
    let prints = args.once || args.format.is_some() || args.exit_status;
    if !prints && let Some(wish) = first::ask(&session)? {
        return match wish {
            first::Wish::Demo(args) => simulated(session.global, session.env, args),
            first::Wish::Init(args) => init::run(session.global, session.env, &args),
            first::Wish::Leave => Ok(first::left()),
        };
    }
    if !prints && board::has_terminal(&session) {
        return board::run(session, args, false);
    }
    let why = (!prints).then(|| board::cannot_draw(&session)).flatten();
    let exit = once::run(session, args)?;
    if let Some(why) = why {
        waiting::say(&format!(
            "note: {why}, so it was printed once; `cycleboard --plain` talks about it in lines"
        ));
    }
    Ok(exit)
}

fn sources(mut session: Session, args: &SourcesArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let mut heard = session.ask_once(args.offline, Wait::of(None))?;
    heard.tells_notices = output::format_or_table(args.format) == Format::Table;
    let snapshot = &heard.snapshot;
    let now = (session.clock)();
    let text = match output::format_or_table(args.format) {
        Format::Json => output::sources::json(snapshot, now).map_err(anyhow::Error::from)?,
        Format::Table => {
            let width = Width::find(&session.env, session.settings.ui.ascii);
            output::sources::table(snapshot, now, args.offline, width)
        }
        Format::Markdown => output::sources::markdown(snapshot, now, args.offline),
    };
    output::print(&text)?;
    let verdict = once::source_verdict(&snapshot.sources, now, args.offline);
    Ok(heard.ends(verdict, args.format))
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let script = complete::script(shell).map_err(anyhow::Error::from)?;
    output::print(&script)?;
    Ok(Exit::Fine)
}

fn manual() -> Result<Exit, Failure> {
    let mut program = Cli::command();
    // With names and options that hold for all commands in each of them.
    program.build();
    let pages = manual::pages(&program).map_err(anyhow::Error::from)?;
    output::print(&pages)?;
    Ok(Exit::Fine)
}
