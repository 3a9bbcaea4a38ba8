//! What a shell offers while a command line is typed: the words of the command line itself, and
//! names that only this machine knows (themes, saved views, cards).
//!
//! The shell asks this program, so that all of them offer the same. Nothing is asked of any source
//! and nothing is made: what cannot be had at once is not offered.

use std::ffi::OsStr;

use clap::{Arg, CommandFactory as _, FromArgMatches as _, ValueHint};
use clap_complete::env::{CompleteEnv, EnvCompleter as _};
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter};

use crate::app::cli::{Cli, DemoScale, Global};
use crate::app::configuration;
use crate::app::env::Env;
use crate::app::paths::Paths;
use crate::app::session::Session;
use crate::app::themes::AUTO;
use crate::app::views::{self, Views};
use crate::domain::arrange::SavedView;

/// The variable by which a shell asks.
const ASKED: &str = "_CYCLEBOARD_COMPLETE";

/// What the program is called in shells.
const NAME: &str = "cycleboard";

/// How many cards are offered.
const MOST_CARDS: usize = 200;

/// Answers a shell that asks what may follow; returns whether one did.
pub fn answer() -> bool {
    if Env::process().get(ASKED).is_none() {
        return false;
    }
    let asked = CompleteEnv::with_factory(offered).var(ASKED);
    let here = std::env::current_dir().ok();
    // A shell has no place for words about it: where nothing is known, nothing is offered.
    drop(asked.try_complete(std::env::args_os(), here.as_deref()));
    true
}

/// Returns the script by which a shell asks this program.
///
/// # Errors
///
/// None but those of writing into memory.
pub fn script(shell: clap_complete::Shell) -> std::io::Result<String> {
    use clap_complete::env::{Elvish, Fish, Powershell, Zsh};
    let mut text = Vec::new();
    match shell {
        clap_complete::Shell::Elvish => {
            Elvish.write_registration(ASKED, NAME, NAME, NAME, &mut text)?;
        }
        clap_complete::Shell::Fish => {
            Fish.write_registration(ASKED, NAME, NAME, NAME, &mut text)?;
        }
        clap_complete::Shell::PowerShell => {
            Powershell.write_registration(ASKED, NAME, NAME, NAME, &mut text)?;
        }
        clap_complete::Shell::Zsh => {
            Zsh.write_registration(ASKED, NAME, NAME, NAME, &mut text)?;
            text.extend_from_slice(LOADED.as_bytes());
        }
        // Bash, and whatever else reads its scripts.
        clap_complete::Shell::Bash | _ => {
            text.extend_from_slice(BASH.replace("ASKED", ASKED).as_bytes());
        }
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Where zsh loads the script as the function of its file, the first word is completed at once.
const LOADED: &str = r#"
if [[ "$funcstack[1]" == _cycleboard ]]; then
    _clap_dynamic_completer_cycleboard "$@"
fi
"#;

/// Bash takes words apart at `=` and `:`; they are put together for the program, and what stands
/// before the last of them is taken off what it offers.
const BASH: &str = r#"_cycleboard() {
    local IFS=$'\n' at word glue=false
    local -a words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]//\\/}
        if ((at > 1)) && { $glue || [[ $word == [=:@]* ]]; }; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == *[=:@] && $at -lt $COMP_CWORD ]] && glue=true || glue=false
    done
    local current=${words[${#words[@]}-1]} before=
    if [[ $current == *[=:]* ]]; then
        before=${current%"${current##*[=:]}"}
    fi
    COMPREPLY=()
    while read -r word || [[ -n $word ]]; do
        printf -v word %q "${word#"$before"}"
        # What was typed is a name of the shell's own.
        [[ $current == "~"* ]] && word=${word/#\\~/\~}
        COMPREPLY+=("$word")
    done < <(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) ASKED=bash \
        cycleboard -- "${words[@]}" 2>/dev/null)
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _cycleboard cycleboard
"#;

/// Returns the command line with what is offered for its values.
fn offered() -> clap::Command {
    with_values(Cli::command())
}

fn with_values(command: clap::Command) -> clap::Command {
    command.mut_args(with_value).mut_subcommands(with_values)
}

fn with_value(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "config" | "out" => arg.value_hint(ValueHint::FilePath),
        "theme" if arg.is_positional() => arg.add(ArgValueCompleter::new(themes_and_files)),
        "theme" => arg.add(ArgValueCandidates::new(themes)),
        "view" => arg.add(ArgValueCandidates::new(saved_views)),
        "word" => arg.add(ArgValueCandidates::new(cards)),
        "words" => arg.add(ArgValueCandidates::new(commands)),
        _ => arg,
    }
}

fn themes() -> Vec<CompletionCandidate> {
    let Ok(paths) = Paths::find() else {
        return Vec::new();
    };
    let names = configuration::themes_in(&paths).names();
    let auto = CompletionCandidate::new(AUTO).help(Some("by the ground of the terminal".into()));
    let names = names.into_iter().map(CompletionCandidate::new);
    names.chain([auto]).collect()
}

/// The themes, and the files that begin so.
fn themes_and_files(typed: &OsStr) -> Vec<CompletionCandidate> {
    use clap_complete::engine::ValueCompleter as _;
    let begins = |name: &CompletionCandidate| {
        let name = name.get_value().to_string_lossy();
        name.starts_with(&*typed.to_string_lossy()) && name != AUTO
    };
    let named = themes().into_iter().filter(begins);
    let files = PathCompleter::file().complete(typed);
    named.chain(files).collect()
}

fn commands() -> Vec<CompletionCandidate> {
    let command = Cli::command();
    let all = command.get_subcommands();
    all.map(|one| CompletionCandidate::new(one.get_name()).help(one.get_about().cloned()))
        .collect()
}

fn saved_views() -> Vec<CompletionCandidate> {
    let Some(session) = session() else {
        return Vec::new();
    };
    let (own, _) = Views::of(&session).load();
    let all = views::given(&session.settings).into_iter().chain(own);
    let shown = |view: SavedView| {
        let filter = view.shows.filter;
        let help = (!filter.is_empty()).then(|| filter.into());
        CompletionCandidate::new(view.name).help(help)
    };
    all.map(shown).collect()
}

/// The cards that were on the screen when the board was last looked at.
fn cards() -> Vec<CompletionCandidate> {
    let Some(session) = session().filter(|session| session.store_file().is_file()) else {
        return Vec::new();
    };
    let Ok((store, _)) = session.open_store() else {
        return Vec::new();
    };
    let Some(snapshot) = store.first_screen() else {
        return Vec::new();
    };
    let items = snapshot.items().take(MOST_CARDS);
    let offered = items.map(|item| {
        let title = item.title.to_string();
        CompletionCandidate::new(item.key.as_str()).help(Some(title.into()))
    });
    offered.collect()
}

/// Returns what the words before stand on: the configuration that they name, or the demo.
fn session() -> Option<Session> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let parsed = Cli::command().ignore_errors(true);
    let parsed = parsed.try_get_matches_from(words).ok()?;
    let global = Global {
        config: parsed.get_one("config").cloned(),
        ..Global::default()
    };
    let demo = match parsed.subcommand() {
        Some(("demo", demo)) => Some(DemoScale::from_arg_matches(demo).ok()?),
        _ => None,
    };
    Session::load(global, Env::process(), demo.as_ref()).ok()
}
