//! `[[command]]`: programs of the user, offered for cards.
//!
//! The user's own file only. Words are arguments, never a shell line: where a shell or something
//! like one would take a value for more than that, the command is refused.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use crate::config::check::{Checker, Table};
use crate::config::template::{Template, TemplateError};
use crate::config::{Settings, executes, file};
use crate::domain::query::Query;
use crate::domain::text::Clean;

/// The title of the table in messages.
pub(super) const TITLE: &str = "[[command]]";

/// The most commands there may be.
pub(super) const MOST: usize = 50;

/// The most words of one.
pub(super) const MOST_WORDS: usize = 64;

/// A program of the user.
#[derive(Clone, PartialEq, Debug)]
pub struct OwnCommand {
    /// Its name, unique among them.
    pub name: String,
    /// What it does, for people.
    pub help: Clean,
    /// Its keys, as in `[keys]`.
    pub keys: Vec<String>,
    /// The program and its arguments.
    pub argv: Vec<Template>,
    /// Where it is offered; nowhere named is everywhere.
    pub places: Vec<OwnPlace>,
    /// For which cards.
    pub cards: Query,
    /// Where it works; where cycleboard was started if nothing is said.
    pub cwd: Option<Template>,
    /// What becomes of the screen meanwhile.
    pub run: RunIn,
    /// Whether the terminal is kept until a key is pressed, after it ended well.
    pub pause: bool,
    /// Whether it is asked before.
    pub confirm: bool,
    /// Whether it may change something somewhere.
    pub changes: bool,
    /// Variables that it gets though they hold a token.
    pub keep_env: Vec<String>,
}

/// What becomes of the screen while a command runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RunIn {
    /// It goes on; what the command prints is kept.
    #[default]
    Background,
    /// The command has the terminal.
    Terminal,
}

impl RunIn {
    pub(super) const WORDS: [&str; 2] = ["background", "terminal"];

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "background" => Self::Background,
            "terminal" => Self::Terminal,
            _ => return None,
        })
    }
}

/// Where a command is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnPlace {
    /// On the board.
    Board,
    /// In the triage view.
    Triage,
    /// In the log of the triage view.
    Log,
    /// In the list of what calls for a person.
    Attention,
    /// In the stand-up.
    Standup,
    /// In the flow view.
    Flow,
    /// In the detail of a card.
    Detail,
}

impl OwnPlace {
    pub(super) const WORDS: [&str; 7] = [
        "board",
        "triage",
        "log",
        "attention",
        "standup",
        "flow",
        "detail",
    ];

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "board" => Self::Board,
            "triage" => Self::Triage,
            "log" => Self::Log,
            "attention" => Self::Attention,
            "standup" => Self::Standup,
            "flow" => Self::Flow,
            "detail" => Self::Detail,
            _ => return None,
        })
    }

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Triage => "triage",
            Self::Log => "log",
            Self::Attention => "attention",
            Self::Standup => "standup",
            Self::Flow => "flow",
            Self::Detail => "detail",
        }
    }
}

/// Puts the commands into the settings.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    tables: Vec<Table<file::Command>>,
    settings: &mut Settings,
) {
    if let Some(first) = tables.get(MOST) {
        let message = format!("there are more than {MOST} commands");
        checker.error(first.span.clone(), &message, None);
    }
    let mut names = BTreeSet::new();
    let mut commands = Vec::new();
    for table in tables.into_iter().take(MOST) {
        let span = table.span.clone();
        let Some(found) = one(checker, table) else {
            continue;
        };
        if names.insert(found.name.clone()) {
            commands.push(found);
        } else {
            let message = format!("there are two commands named `{}`", found.name);
            checker.error(span, &message, Some("give one of them another `name`"));
        }
    }
    if !commands.is_empty() {
        settings.commands = Arc::from(commands);
    }
}

fn one(checker: &mut Checker<'_>, table: Table<file::Command>) -> Option<OwnCommand> {
    let Table { value, span } = table;
    let name = name(checker, value.name.as_ref(), &span);
    let argv = if let Some(words) = value.argv {
        argv(checker, words)
    } else {
        let hint = "the program and its arguments, e.g. `[\"git\", \"switch\", \"{branch}\"]`";
        checker.missing(span, "argv", TITLE, hint);
        None
    };
    let place = |checker: &mut Checker<'_>, text: &file::Text| {
        checker.word("where", text, &OwnPlace::WORDS, OwnPlace::parse)
    };
    let places = value.places.unwrap_or_default();
    let run = value
        .run
        .and_then(|text| checker.word("run", &text, &RunIn::WORDS, RunIn::parse));
    let cards = value.cards.and_then(|text| cards(checker, &text));
    let cwd = value.cwd.and_then(|text| template(checker, "cwd", &text));
    let keep_env = value.keep_env.unwrap_or_default();
    let keep_env = keep_env.iter().filter_map(|text| variable(checker, text));
    let keep_env = keep_env.collect();
    let places = places.iter().filter_map(|text| place(checker, text));
    let places = places.collect();
    let argv = argv?;
    let shown = || {
        let words: Vec<String> = argv.iter().map(Template::to_string).collect();
        words.join(" ")
    };
    let help = value.help.map_or_else(shown, toml::Spanned::into_inner);
    Some(OwnCommand {
        name: name?,
        help: Clean::line(help.trim()),
        keys: value.key.map(|keys| keys.0).unwrap_or_default(),
        argv,
        places,
        cards: cards.unwrap_or_default(),
        cwd,
        run: run.unwrap_or_default(),
        pause: value.pause.unwrap_or(true),
        confirm: value.confirm.unwrap_or(false),
        changes: value.changes.unwrap_or(true),
        keep_env,
    })
}

fn name(
    checker: &mut Checker<'_>,
    name: Option<&file::Text>,
    span: &Range<usize>,
) -> Option<String> {
    let Some(text) = name else {
        checker.missing(span.clone(), "name", TITLE, "e.g. `checkout`");
        return None;
    };
    let name = text.get_ref();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && name.len() <= 40 && name.chars().all(fits) {
        return Some(name.clone());
    }
    let message = format!("`name`: `{name}` is no name of a command");
    let hint = "small letters, digits and hyphens, at most 40, e.g. `open-diff`";
    checker.error(text.span(), &message, Some(hint));
    None
}

fn template(checker: &mut Checker<'_>, key: &str, text: &file::Text) -> Option<Template> {
    if text.get_ref().contains('\0') {
        checker.error(text.span(), &format!("`{key}` holds a NUL"), None);
        return None;
    }
    match Template::parse(text.get_ref()) {
        Ok(template) => Some(template),
        Err(error) => {
            let hint = error.hint();
            checker.error(text.span(), &format!("`{key}`: {error}"), Some(&hint));
            None
        }
    }
}

fn argv(checker: &mut Checker<'_>, words: toml::Spanned<Vec<file::Text>>) -> Option<Vec<Template>> {
    let span = words.span();
    let words = words.into_inner();
    let mut is_well = words.len() <= MOST_WORDS;
    if !is_well {
        let message = format!("`argv` has more than {MOST_WORDS} words");
        checker.error(span.clone(), &message, None);
    }
    let mut argv = Vec::new();
    for text in words.iter().take(MOST_WORDS) {
        let found = template(checker, "argv", text);
        is_well &= found.is_some();
        // What stands for nothing was meant to stand for a value, and is judged as one.
        let meant = match Template::parse(text.get_ref()) {
            Err(TemplateError::Unknown(_)) => "{title}",
            Ok(_) | Err(TemplateError::Alone) => "word",
        };
        argv.extend(found.or_else(|| Template::parse(meant).ok()));
    }
    for (message, hint) in wrong_program(&argv) {
        is_well = false;
        checker.error(span.clone(), message, Some(hint));
    }
    is_well.then_some(argv)
}

/// Returns all that is wrong with the program, and with what it would do to a value.
fn wrong_program(argv: &[Template]) -> Vec<(&'static str, &'static str)> {
    let program = argv.first().and_then(Template::plain);
    if program.is_none_or(|name| name.trim().is_empty() || name.starts_with('-')) {
        // What it does to a value nobody can say.
        return vec![(
            "`argv` names no program",
            "the first word is a program as it is, without anything of a card",
        )];
    }
    let mut wrong = Vec::new();
    if executes::makes_line(argv) {
        wrong.push((
            "`argv`: that program hands its arguments to a shell, which would obey a card",
            "let it run a script of yours that takes nothing from the card",
        ));
    }
    if executes::runs_value(argv) {
        wrong.push((
            "`argv`: that program would take a value for something to run",
            "let it run a script of yours, and pass the value behind that",
        ));
    }
    if executes::reads_script(argv) {
        wrong.push((
            "`argv`: a value in a script would be obeyed as a part of it",
            "pass it behind the script: `[\"sh\", \"-c\", \"git log \\\"$1\\\"\", \"sh\", \"{sha}\"]`",
        ));
    }
    wrong
}

fn cards(checker: &mut Checker<'_>, text: &file::Text) -> Option<Query> {
    match Query::parse(text.get_ref()) {
        Ok(query) => Some(query),
        Err(error) => {
            let hint = "a filter as on the board, e.g. `is:red repo:api`";
            checker.error(text.span(), &format!("`for`: {error}"), Some(hint));
            None
        }
    }
}

fn variable(checker: &mut Checker<'_>, text: &file::Text) -> Option<String> {
    let name = text.get_ref();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty() && name.chars().all(fits) {
        return Some(name.clone());
    }
    let message = format!("`keep_env`: `{name}` is no name of a variable");
    checker.error(text.span(), &message, Some("e.g. `GH_TOKEN`"));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(argv: &[&str], wrong: Option<&str>) {
        let words: Vec<Template> = argv
            .iter()
            .map(|word| Template::parse(word).unwrap())
            .collect();
        let found = wrong_program(&words);
        match wrong {
            None => assert_eq!(found, [], "{argv:?}"),
            Some(part) => {
                let mut found = found.iter();
                assert!(found.any(|(message, _)| message.contains(part)), "{argv:?}");
            }
        }
    }

    #[test]
    fn what_would_make_a_card_a_program_is_refused() {
        check(&["git", "switch", "{branch}"], None);
        check(&["less", "{log_path}"], None);
        check(&["sh", "-c", "git log \"$1\"", "sh", "{sha}"], None);
        check(&["bash", "/home/me/bin/show", "{url}"], None);
        check(&["ssh", "build", "make"], None);
        check(&["{name}"], Some("names no program"));
        check(&["./{name}", "x"], Some("names no program"));
        check(&["", "x"], Some("names no program"));
        check(&["-x"], Some("names no program"));
        check(&["sh", "-c", "git switch {branch}"], Some("script"));
        check(&["/bin/sh", "-ec", "git switch {branch}"], Some("script"));
        check(&["env", "A=b", "bash", "-lc", "x {title}"], Some("script"));
        check(&["python3", "-c", "print('{title}')"], Some("script"));
        check(&["perl", "-e{title}"], Some("script"));
        check(&["fish", "--command=echo {title}"], Some("script"));
        check(&["ssh", "build", "make", "{branch}"], Some("shell"));
        check(&["watch", "git", "log", "{branch}"], Some("shell"));
        check(&["tmux", "send-keys", "{title}"], Some("shell"));
        check(&["env", "A=b", "git", "switch", "{branch}"], None);
        check(&["env", "{title}"], Some("something to run"));
        check(&["env", "-S", "git {title}"], Some("something to run"));
        check(&["env", "-Sgit {title}"], Some("something to run"));
        check(&["make", "deploy"], None);
        check(&["make", "-f", "{name}"], Some("something to run"));
        check(
            &["make", "deploy", "TAG={branch}"],
            Some("something to run"),
        );
        check(&["sed", "-n", "1p", "{log_path}"], None);
        check(&["sed", "-e", "s/x/{title}/"], Some("something to run"));
        check(&["sed", "s/x/{title}/e", "f"], Some("something to run"));
        check(&["awk", "{title}"], Some("something to run"));
        check(&["vim", "{log_path}"], None);
        check(&["vim", "-c", "{title}"], Some("something to run"));
        check(&["nvim", "+{number}"], Some("something to run"));
        check(&["git", "-C", "x", "log", "{sha}"], None);
        check(
            &["git", "-c", "x.y={title}", "log"],
            Some("something to run"),
        );
        check(
            &["git", "rebase", "--exec={title}"],
            Some("something to run"),
        );
        check(&["kubectl", "logs", "{name}"], None);
        let pod = ["kubectl", "exec", "pod", "--"];
        check(&[&pod[..], &["{title}"]].concat(), Some("something to run"));
        check(
            &[&pod[..], &["sh", "-c", "{title}"]].concat(),
            Some("script"),
        );
        check(
            &["docker", "exec", "sh", "sh", "-c", "{title}"],
            Some("script"),
        );
        check(&["find", ".", "-exec", "{title}"], Some("something to run"));
    }

    #[test]
    fn versions_dashes_and_other_programs_are_no_way_around_it() {
        for argv in [
            &["python3.11", "-c", "{title}"][..],
            &["/usr/bin/perl5.36", "-e", "{title}"],
            &["lua5.4", "-e", "{title}"],
            &["fish", "-C", "{title}"],
            &["bun", "-e", "{title}"],
            &["node", "-p", "{title}"],
            &["xterm", "-e", "{title}"],
            &["kitty", "{title}"],
            &["gnome-terminal", "--command={title}"],
            &["flock", "f", "-c", "{title}"],
            &["nix-shell", "--run", "{title}"],
            &["expect", "-c", "{title}"],
            &["osascript", "-e", "{title}"],
            &["psql", "-c", "{title}"],
            &["sqlite3", "-cmd", "{title}"],
        ] {
            check(argv, Some("script"));
        }
        for argv in [
            &["emacs", "-eval", "{title}"][..],
            &["emacs", "--eval={title}"],
            &["emacs", "--execute", "{title}"],
            &["git", "submodule", "foreach", "{title}"],
            &["git", "bisect", "run", "{title}"],
            &["git", "difftool", "--extcmd={title}"],
            &["rsync", "-e", "{title}", "a", "b"],
            &["rsync", "--rsh={title}", "a", "b"],
            &["tar", "--to-command={title}", "-xf", "x"],
            &["tar", "-I", "{title}", "-xf", "x"],
            &["fzf", "--preview", "{title}"],
            &["gdb", "-ex", "{title}"],
            &["socat", "-", "EXEC:{title}"],
        ] {
            check(argv, Some("something to run"));
        }
        check(&["entr", "-s", "{title}"], Some("shell"));
        check(&["deno", "eval", "{title}"], Some("shell"));
        check(&["watchexec", "{title}"], Some("shell"));
        check(&["hyperfine", "{title}"], Some("shell"));
        // What only looks like it is let pass.
        check(&["git", "bisect", "good", "{sha}"], None);
        check(&["git", "diff", "--cached", "{branch}"], None);
        check(&["git", "fetch", "origin", "{sha}"], None);
        check(&["rsync", "--exclude={branch}", "a", "b"], None);
        check(&["xterm", "-e", "less", "{log_path}"], None);
        check(&["flock", "f", "git", "switch", "{branch}"], None);
        check(&["tar", "-xf", "{log_path}"], None);
        check(&["fzf", "--query", "{branch}"], None);
        check(&["gdb", "{log_path}"], None);
        check(&["node", "show.js", "{title}"], None);
        check(&["python3.11", "show.py", "{title}"], None);
    }
}
