//! `cycleboard init`: looks around, asks a few questions, writes a configuration, tests it.
//!
//! What is found is `find`'s, what is asked `plan`'s, what is written `text`'s and where
//! `place`'s. Nothing is written before the last answer.

mod find;
mod place;
mod plan;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::app::cli::{Global, InitArgs};
use crate::app::config_file::{self, Place};
use crate::app::env::Env;
use crate::app::exit::{Exit, Failure};
use crate::app::init::find::{Found, May};
use crate::app::init::plan::{Draft, Person};
use crate::app::paths::Paths;
use crate::app::runtime::runtime;
use crate::app::session::Session;
use crate::app::settings;
use crate::app::{clock, clone, configuration, doctor, output, redact, waiting};
use crate::config::{Settings, Trust};
use crate::sources::http::{Ground, NoValidators};
use crate::sources::logs::NoLogs;
use crate::sources::probe;
use crate::sources::usual::{self, Row};

/// The file by which editors complete and check the configuration, beside it.
const SCHEMA: &str = "config.schema.json";

/// Looks around, asks, writes and tests.
pub fn run(global: Global, env: Env, args: &InitArgs) -> Result<Exit, Failure> {
    let is_there = io::stdin().is_terminal() && io::stderr().is_terminal();
    // What is only printed needs no answers.
    let asks = !args.yes && (is_there || !args.print);
    if asks && !is_there {
        let failure = Failure::usage("`init` asks questions, and there is nobody to answer them");
        return Err(failure.hint("`--yes` takes the defaults, `--print` only prints them"));
    }
    let paths = Paths::find()?;
    let place = config_file::place(global.config.as_deref(), &env, &paths);
    let rows = usual::rows();
    let ground = ground(&env);
    let found = look(&env, &paths, &rows, args, &ground)?;
    let candidates = plan::candidates(&found, &rows);
    let mut person = Terminal {
        asks,
        may_ask: !args.offline,
        rows: &rows,
        ground: &ground,
    };
    for (stranger, why) in &found.unknown {
        person.tell(&format!(
            "this clone is of `{}`, and nobody knows what kind of host that is: {why}",
            stranger.host
        ));
    }
    for stranger in &found.passed {
        person.tell(&format!(
            "a remote of this clone is at `{}`, and nobody knows what kind of host that is: it is \
             left out, as another remote is known",
            stranger.host
        ));
    }
    for told in &found.hostless {
        person.tell(told);
    }
    if candidates.is_empty() {
        person.tell(plan::nothing_found(&found));
    }
    let drafts = plan::interview(&candidates, &rows, &mut person)?;
    let text = text::configuration(&drafts, &rows);
    // What is written is what would be read.
    let settings = Settings::parse(&text, "the new text", Trust::User, &settings::kinds())
        .map_err(|errors| settings::refused(&errors))?;
    if args.print {
        output::print(&text)?;
        return Ok(Exit::Fine);
    }
    if drafts.is_empty() {
        let failure = Failure::error("nothing is chosen, so nothing is written");
        return Err(failure.hint(if found.unknown.is_empty() {
            "`cycleboard init --print --yes` prints a file to begin with, `cycleboard demo` shows \
             a board that needs none"
        } else {
            "on a terminal `cycleboard init` asks for its kind and address; in a file they are \
             `kind` and `url` of a `[[source]]`, which `cycleboard init --print --yes` begins"
        }));
    }
    if !write(&place, &text, args, &mut person)? {
        return Ok(Exit::Fine);
    }
    if args.offline {
        output::print("not tested; `cycleboard doctor` does that\nnext: `cycleboard`\n")?;
        return Ok(Exit::Fine);
    }
    let mut session = Session::of(global, env, place, settings)?;
    test(&mut session, &drafts)
}

/// Tries every source, and says what came of it and what to do next.
fn test(session: &mut Session, drafts: &[Draft]) -> Result<Exit, Failure> {
    let count = drafts.len();
    waiting::say(&format!(
        "testing {count} source{} …",
        if count == 1 { "" } else { "s" }
    ));
    let (told, verdict) = doctor::summary(session)?;
    output::print(&output::wrapped(&told, output::terminal(false)))?;
    output::print(match verdict {
        Exit::Fine => "next: `cycleboard`\n",
        Exit::Error | Exit::Usage | Exit::Red | Exit::Auth | Exit::Stale | Exit::Signal(_) => {
            "next: `cycleboard doctor` tells more; `cycleboard` shows what there is\n"
        }
    })?;
    Ok(verdict)
}

fn ground(env: &Env) -> Ground {
    Ground {
        clock: clock::system(),
        env: env.reader(),
        validators: Arc::new(NoValidators),
        logs: Arc::new(NoLogs),
        read_only: true,
        know: redact::know,
    }
}

fn look(
    env: &Env,
    paths: &Paths,
    rows: &[Row],
    args: &InitArgs,
    ground: &Ground,
) -> Result<Found, Failure> {
    let here = std::env::current_dir().ok();
    let remembered = clone::memory::recall(&paths.hosts(), (ground.clock)());
    let may = May {
        ask: !args.offline,
        local: args.local && !args.offline,
    };
    let looked = find::look(here.as_deref(), env, (rows, remembered), may, ground);
    Ok(runtime()?.block_on(looked))
}

/// Writes the file, or beside it where there is another; returns whether it is in force.
fn write(
    place: &Place,
    text: &str,
    args: &InitArgs,
    person: &mut Terminal<'_>,
) -> Result<bool, Failure> {
    let file = place.path.as_path();
    let old = old_text(file)?;
    let target = match &old {
        None => file.to_owned(),
        Some(old) if old == text => {
            output::print(&format!("`{}` says that already\n", file.display()))?;
            return Ok(true);
        }
        Some(_) if args.force => file.to_owned(),
        Some(old) => {
            person.tell(&format!("`{}` is there; what differs:", file.display()));
            person.tell(place::difference(old, text).trim_end());
            match person.replaces(file)? {
                Some(true) => file.to_owned(),
                Some(false) => place::beside(file),
                None => {
                    output::print("nothing is written\n")?;
                    return Ok(false);
                }
            }
        }
    };
    place::write(&target, text).map_err(|error| {
        let failure = Failure::error(format!("cannot write `{}`: {error}", target.display()));
        failure.hint("`--config FILE` names another file, `--print` prints the text")
    })?;
    output::print(&format!("wrote `{}`\n", target.display()))?;
    let schema = file.with_file_name(SCHEMA);
    if let Err(error) = place::write(&schema, &configuration::schema()) {
        // The board does without: it is for editors.
        person.tell(&format!("cannot write `{}`: {error}", schema.display()));
    }
    if target != file {
        output::print(&format!(
            "next: look at it, and move it over `{}`; `--force` does that at once\n",
            file.display()
        ))?;
        return Ok(false);
    }
    Ok(true)
}

/// Returns the text of the file that would be replaced; nothing where there is none.
fn old_text(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(there) if there.is_file() && there.len() <= config_file::MAX_BYTES => {
            let bytes = std::fs::read(file).map_err(|error| {
                Failure::error(format!("cannot read `{}`: {error}", file.display()))
            })?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        Ok(_) => {
            let failure = Failure::usage(format!("`{}` is no file of ours", file.display()));
            Err(failure.hint("`--config FILE` names another, `--print` prints the text"))
        }
        Err(error) => Err(Failure::error(format!(
            "cannot read `{}`: {error}",
            file.display()
        ))),
    }
}

/// The person at the terminal, or the defaults where nobody is asked.
struct Terminal<'a> {
    asks: bool,
    may_ask: bool,
    rows: &'a [Row],
    ground: &'a Ground,
}

impl Terminal<'_> {
    /// Asks what becomes of a file that is there: whether it is replaced, or nothing for neither.
    fn replaces(&mut self, file: &Path) -> Result<Option<bool>, Failure> {
        let question = format!(
            "replace it? `yes`, `no`, or `new` for `{}`",
            place::beside(file).display()
        );
        let answer = self.ask(&question, "new")?;
        Ok(match answer.as_str() {
            "yes" | "y" => Some(true),
            "" | "new" => Some(false),
            _ => None,
        })
    }
}

impl Person for Terminal<'_> {
    fn tell(&mut self, text: &str) {
        waiting::say(&output::wrapped(text, output::terminal(true)));
    }

    fn ask(&mut self, question: &str, default: &str) -> Result<String, Failure> {
        if !self.asks {
            return Ok(String::new());
        }
        let shown = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        let question = format!("{question}{shown}: ");
        // The answer stands behind the last word.
        let text = output::wrapped(question.trim_end(), output::terminal(true)).into_owned();
        let mut out = io::stderr().lock();
        // A terminal that has gone gives no answer either.
        drop(write!(out, "{} ", redact::shown(&text)));
        drop(out.flush());
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line)?;
        if read == 0 {
            drop(writeln!(out));
            return Err(Failure::error("no answer, so nothing is written"));
        }
        Ok(line.trim().to_owned())
    }

    fn answers(&self) -> bool {
        self.asks
    }

    fn identify(&mut self, url: &Url) -> Result<Option<(&'static str, Url)>, String> {
        if !self.may_ask {
            return Err("nobody is asked with `--offline`".to_owned());
        }
        let runtime = runtime().map_err(|failure| failure.to_string())?;
        let asked = probe::ask(std::slice::from_ref(url), self.rows, None, self.ground);
        let shown = runtime.block_on(asked).map_err(|error| error.to_string())?;
        Ok(shown.map(|shown| (shown.kind, shown.url)))
    }
}
