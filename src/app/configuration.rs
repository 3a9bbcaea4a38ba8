//! `cycleboard config`: where the file is, what its keys are, whether it is right.

use crate::app::cli::ConfigCommand;
use crate::app::cli::Global;
use crate::app::config_file;
use crate::app::env::Env;
use crate::app::exit::{Exit, Failure};
use crate::app::output;
use crate::app::paths::Paths;
use crate::app::session;
use crate::ui::keymap::Keymap;

/// Every key with its default, as tests hold it to be.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Does what was asked.
pub fn run(global: &Global, env: &Env, command: ConfigCommand) -> Result<Exit, Failure> {
    let paths = Paths::find()?;
    let place = config_file::place(global.config.as_deref(), env, &paths);
    match command {
        ConfigCommand::Path => output::print(&format!("{}\n", place.path.display()))?,
        ConfigCommand::Default => output::print(EXAMPLE)?,
        ConfigCommand::Check => check(&place)?,
    }
    Ok(Exit::Fine)
}

fn check(place: &config_file::Place) -> Result<(), Failure> {
    let here = std::env::current_dir().ok();
    let texts = session::read_all(place, here.as_deref())?;
    let settings = session::merge(&texts)?;
    Keymap::new(&settings.keys)
        .map_err(|error| Failure::usage(error.to_string()).maybe_hint(error.hint()))?;
    if texts.is_empty() {
        let path = place.path.display();
        return output::print(&format!("`{path}` is not there; the defaults hold\n"));
    }
    let names: Vec<String> = texts
        .iter()
        .map(|text| format!("`{}`", text.name))
        .collect();
    let sources = settings.sources.len();
    output::print(&format!("{}: fine, {sources} sources\n", names.join(", ")))
}
