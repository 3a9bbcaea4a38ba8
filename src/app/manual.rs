//! The manual: a page for the program and one for each of its commands.
//!
//! What the command line says of itself is rendered as it is; what stands beside it (files,
//! variables, exit codes, other pages) is added here.

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;

use crate::app::cli::EXIT_CODES;
use crate::sources::usual;

/// What is read and written, and where.
const FILES: &[(&str, &str)] = &[
    (
        "$XDG_CONFIG_HOME/cycleboard/config.toml",
        "The configuration; ~/.config/cycleboard/config.toml where the variable is not set. \
         `cycleboard config path` names it, `cycleboard config default` prints one with every key.",
    ),
    (
        "$XDG_CONFIG_HOME/cycleboard/themes/NAME.toml",
        "Themes of your own.",
    ),
    (
        ".cycleboard.toml",
        "In the current directory: read after the configuration; may set neither hosts, tokens, \
         commands, keys nor the store.",
    ),
    (
        "$XDG_STATE_HOME/cycleboard/",
        "The store (board.db), the log (cycleboard.log), what was done at sources \
         (actions.jsonl), pins, saved views and where the board was left; \
         ~/.local/state/cycleboard/ where the variable is not set.",
    ),
    (
        "$XDG_CACHE_HOME/cycleboard/logs/",
        "Logs of jobs; they may go at any time. ~/.cache/cycleboard/logs/ where the variable is \
         not set.",
    ),
];

/// Which variables count, besides those that hold tokens.
const VARIABLES: &[(&str, &str)] = &[
    (
        "CYCLEBOARD_CONFIG",
        "The configuration file, unless --config names another.",
    ),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME",
        "Where the files above are.",
    ),
    ("NO_COLOR", "Set to anything: no colours, as --color never."),
    (
        "TERM, COLORTERM",
        "What the terminal can; with TERM=dumb the board is printed once.",
    ),
    (
        "COLORFGBG",
        "The ground of the terminal, for the theme `auto`.",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "Whether characters beyond ASCII are drawn.",
    ),
    ("TZ", "The local time."),
    (
        "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        "Through which proxy sources are asked.",
    ),
];

/// Returns the pages, one after the other: `man -l -` reads them.
///
/// # Errors
///
/// None but those of writing into memory.
pub(super) fn pages(program: &Command) -> std::io::Result<String> {
    let mut text = Vec::new();
    whole(program, None, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Writes the page of a command and after it those of its own commands.
fn whole(command: &Command, above: Option<&Command>, text: &mut Vec<u8>) -> std::io::Result<()> {
    page(command, above, text)?;
    let mut inner = command.get_subcommands();
    inner.try_for_each(|inner| whole(inner, Some(command), text))
}

fn page(command: &Command, above: Option<&Command>, text: &mut Vec<u8>) -> std::io::Result<()> {
    let man = Man::new(command.clone());
    man.render_title(text)?;
    man.render_name_section(text)?;
    text.extend(synopsis(command).into_bytes());
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(text)?;
    }
    if command.get_after_help().is_some() {
        text.extend(exit_status().into_bytes());
    }
    if above.is_none() {
        text.extend(list("FILES", FILES).into_bytes());
        text.extend(list("ENVIRONMENT", VARIABLES).into_bytes());
        text.extend(tokens().into_bytes());
    }
    text.extend(see_also(command, above).into_bytes());
    if above.is_none() {
        man.render_version_section(text)?;
    }
    Ok(())
}

/// Returns what may be typed, each option with its value.
fn synopsis(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut line = format!(".SH SYNOPSIS\n\\fB{}\\fR", escaped(name));
    let shown = || command.get_arguments().filter(|arg| !arg.is_hide_set());
    let options = shown().filter(|arg| !arg.is_positional());
    for arg in options.chain(shown().filter(|arg| arg.is_positional())) {
        let (open, close) = if arg.is_required_set() {
            ("", "")
        } else {
            ("[", "]")
        };
        line.extend([" ", open, &written(arg), close]);
    }
    if command.has_subcommands() {
        let (open, close) = if command.is_subcommand_required_set() {
            ("", "")
        } else {
            ("[", "]")
        };
        line.extend([" ", open, "\\fICOMMAND\\fR", close]);
    }
    line.push('\n');
    line
}

/// Returns how an argument is written.
fn written(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let value: Vec<&str> = names.iter().map(clap::builder::Str::as_str).collect();
    let value = format!("\\fI{}\\fR", escaped(&value.join(" ")));
    let word = match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some(short)) => format!("-{short}"),
        (None, None) => return value,
    };
    let word = format!("\\fB{}\\fR", escaped(&word));
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if takes {
        format!("{word} {value}")
    } else {
        word
    }
}

/// Returns the exit codes; the first line of their text says how they are read.
fn exit_status() -> String {
    let mut lines = EXIT_CODES.lines();
    let first = lines.next().unwrap_or_default();
    let mut text = format!(".SH \"EXIT STATUS\"\n{}\n", escaped(first));
    for line in lines {
        if let Some((code, meaning)) = line.trim().split_once("  ") {
            text.extend([".TP\n.B ", code, "\n", &escaped(meaning.trim()), "\n"]);
        }
    }
    text
}

fn list(title: &str, rows: &[(&str, &str)]) -> String {
    let mut text = format!(".SH {title}\n");
    for (name, about) in rows {
        text.extend([".TP\n\\fB", &escaped(name), "\\fR\n", &escaped(about), "\n"]);
    }
    text
}

/// Returns which variables hold tokens, where the configuration names none.
fn tokens() -> String {
    let names = usual::variables().join(", ");
    let about = "Tokens and addresses of the usual hosts, where the configuration names no other. \
                 They are sent to those hosts alone.";
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(&names), escaped(about))
}

fn see_also(command: &Command, above: Option<&Command>) -> String {
    let page = |command: &Command| {
        let name = command.get_display_name().unwrap_or(command.get_name());
        format!("\\fB{}\\fR(1)", escaped(name))
    };
    let inner = command.get_subcommands().map(page);
    let mut all: Vec<String> = above.map(page).into_iter().chain(inner).collect();
    if above.is_none() {
        all.extend(["gh", "glab", "man"].map(|name| format!("\\fB{name}\\fR(1)")));
    }
    format!(".SH \"SEE ALSO\"\n{}\n", all.join(", "))
}

/// Returns a text in which nothing is an order for the formatter.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::pages;
    use crate::app::cli::Cli;

    fn text() -> String {
        let mut program = Cli::command();
        program.build();
        pages(&program).unwrap()
    }

    #[test]
    fn the_page_of_the_program_tells_files_variables_and_exit_codes() {
        let text = text();
        let first = text.split("\n.TH ").nth(1).unwrap();
        for part in [
            ".SH \"EXIT STATUS\"\n",
            ".SH FILES\n",
            ".SH ENVIRONMENT\n",
            ".SH \"SEE ALSO\"\n",
            "[\\fB\\-\\-config\\fR \\fIFILE\\fR]",
            "\\fBCYCLEBOARD_CONFIG\\fR",
            "GH_TOKEN",
            "\\fBNO_COLOR\\fR",
            "\\fBcycleboard\\-board\\fR(1)",
            "\\&.cycleboard.toml",
        ] {
            assert!(first.contains(part), "{part} is not in\n{first}");
        }
        assert!(!text.contains(".SH EXTRA"));
    }

    #[test]
    fn each_page_leads_to_the_one_above_it() {
        let text = text();
        let pages = text.split(".TH ").skip(2);
        for page in pages {
            let (_, see) = page.split_once(".SH \"SEE ALSO\"\n").unwrap();
            assert!(see.starts_with("\\fBcycleboard"), "{page}");
        }
    }
}
