//! Runs the user's own commands: beside the screen, or with the terminal.
//!
//! Programs and arguments only, never a shell; no variable that holds a token goes along. Each is a
//! group of processes that ends with the program. What it prints is kept, the newest of it.

mod child;
mod copy;
mod environment;
mod output;
mod terminal;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::effects::Done;
use crate::config::{Field, RunIn, Template, Values};
use crate::engine::logs::FileLogs;
use crate::ui::own::{Ending, Event, Order, Output};

pub use environment::Secrets;

/// What commands of the user stand on.
#[derive(Clone)]
pub struct Ground {
    /// The variables that hold tokens.
    pub secrets: Secrets,
    /// Where `~` leads.
    pub home: Option<PathBuf>,
    /// The logs of jobs.
    pub logs: FileLogs,
    /// Where copies of them are put.
    pub copies: PathBuf,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Ground");
        shown.field("copies", &self.copies).finish_non_exhaustive()
    }
}

/// Runs commands, and tells what becomes of them.
#[derive(Debug)]
pub struct Runner {
    ground: Arc<Ground>,
    tracker: TaskTracker,
    cancel: CancellationToken,
    tell: mpsc::Sender<Done>,
    running: Arc<Mutex<HashMap<u64, CancellationToken>>>,
}

/// A command whose words are complete.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Ready {
    program: String,
    arguments: Vec<String>,
    dir: Option<PathBuf>,
}

impl Runner {
    /// Puts it together; what runs ends with `cancel`.
    pub fn new(
        ground: Ground,
        tracker: TaskTracker,
        cancel: CancellationToken,
        tell: mpsc::Sender<Done>,
    ) -> Self {
        Self {
            ground: Arc::new(ground),
            tracker,
            cancel,
            tell,
            running: Arc::default(),
        }
    }

    /// Lets what is run from now on stand on other ground.
    pub fn stand_on(&mut self, ground: Ground) {
        self.ground = Arc::new(ground);
    }

    /// Runs a command; one that gets the terminal must have been left it before.
    pub fn run(&self, order: Order) {
        let stop = self.cancel.child_token();
        let running = Arc::clone(&self.running);
        lock(&running).insert(order.id, stop.clone());
        let (ground, tell) = (Arc::clone(&self.ground), self.tell.clone());
        let end = self.cancel.clone();
        drop(self.tracker.spawn(async move {
            let id = order.id;
            let with_terminal = order.run == RunIn::Terminal;
            let prepared = prepare(&ground, order.clone()).await;
            let (output, ending) = match prepared {
                Err(why) if with_terminal => terminal::told(&order, why, &end).await,
                Err(why) => (Arc::default(), Ending::Failed(why)),
                Ok(ready) if with_terminal => {
                    terminal::run(&ground.secrets, &order, ready, &stop, &end).await
                }
                Ok(ready) => child::run(&ground.secrets, &order, ready, &stop, &tell).await,
            };
            lock(&running).remove(&id);
            let event = Box::new(Event {
                id,
                output,
                ending: Some(ending),
            });
            let done = if with_terminal {
                Done::Returned(event)
            } else {
                Done::Own(event)
            };
            drop(tell.send(done).await);
        }));
    }

    /// Stops a command that runs.
    pub fn stop(&self, id: u64) {
        if let Some(stop) = lock(&self.running).get(&id) {
            stop.cancel();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Completes the words of a command, or tells why they cannot be.
async fn prepare(ground: &Arc<Ground>, mut order: Order) -> Result<Ready, String> {
    if let Some(key) = order.log.take() {
        let ground = Arc::clone(ground);
        let copied =
            tokio::task::spawn_blocking(move || copy::of_log(&ground.logs, &key, &ground.copies));
        let path = copied
            .await
            .map_err(|error| format!("the log cannot be copied: {error}"))??;
        let path = path.to_str().ok_or("the path of the log is no text")?;
        order.values.insert(Field::LogPath, path.to_owned());
    } else {
        // What stood for it while there was none is no path.
        order.values.remove(&Field::LogPath);
    }
    ready(
        &order.argv,
        order.cwd.as_ref(),
        &order.values,
        ground.home.as_deref(),
    )
}

/// Fills the words of a command: what would be more than a value is refused here as well.
fn ready(
    argv: &[Template],
    cwd: Option<&Template>,
    values: &Values,
    home: Option<&Path>,
) -> Result<Ready, String> {
    let mut words = argv.iter();
    let program = words.next().and_then(Template::plain);
    let program = program.ok_or("it names no program")?;
    let program = expand(program, home)?;
    let arguments: Result<Vec<String>, _> = words.map(|word| word.fill(values)).collect();
    let arguments = arguments.map_err(|unfit| unfit.to_string())?;
    let dir = match cwd {
        None => None,
        Some(path) => {
            let path = path.fill_path(values).map_err(|unfit| unfit.to_string())?;
            let dir = PathBuf::from(expand(&path, home)?);
            if !dir.is_dir() {
                return Err(format!("there is no directory `{}`", dir.display()));
            }
            Some(dir)
        }
    };
    Ok(Ready {
        program,
        arguments,
        dir,
    })
}

/// Puts the home directory in place of `~` at the beginning of a path.
fn expand(path: &str, home: Option<&Path>) -> Result<String, String> {
    let Some(rest) = path.strip_prefix("~/").or((path == "~").then_some("")) else {
        return Ok(path.to_owned());
    };
    let home = home
        .and_then(Path::to_str)
        .ok_or("there is no home directory")?;
    Ok(format!("{}/{rest}", home.trim_end_matches('/')))
}

/// Returns the command of a program that is ready to be started.
fn command(secrets: &Secrets, order: &Order, ready: &Ready) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(&ready.program);
    command.args(&ready.arguments).kill_on_drop(true);
    if let Some(dir) = &ready.dir {
        command.current_dir(dir);
    }
    for name in secrets.names(&order.keep_env) {
        command.env_remove(name);
    }
    command
}

/// Says why a program could not be started.
fn not_started(program: &str, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        return format!("there is no program `{program}`");
    }
    format!("`{program}` could not be started: {error}")
}

/// Says how a program ended.
fn ending(status: std::process::ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exit(code),
        (None, Some(number)) => Ending::Signal(number),
        (None, None) => Ending::Failed("nobody knows how it ended".to_owned()),
    }
}

/// Nothing was printed that could be kept.
fn nothing() -> Arc<Output> {
    Arc::default()
}
