//! The first run: what this program is, what can be done where there is nothing to show yet, and
//! which of that a person wants.
//!
//! A page and a question in plain lines, on a terminal only; elsewhere the same is an error of two
//! lines. What is missing is found out in `stranger`, what is chosen is done by the command itself.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Parser as _;

use crate::app::cli::{Cli, Command, DemoArgs, InitArgs};
use crate::app::exit::{Exit, Failure};
use crate::app::output;
use crate::app::session::Session;
use crate::app::stranger::Lack;
use crate::domain::text::width;
use crate::sources::REGISTRY;
use crate::sources::usual::Usual;
use crate::ui::text::wrap;

/// As wide as most terminals are at least.
const COLUMNS: u16 = 80;

/// What somebody chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Choice {
    Demo,
    Init,
    Leave,
}

/// What is done about it.
#[derive(Debug)]
pub enum Wish {
    /// Show the simulated team.
    Demo(DemoArgs),
    /// Look around and write a configuration.
    Init(InitArgs),
    /// Nothing.
    Leave,
}

/// Shows the page and asks, where there is nothing to show and somebody to ask; returns what is
/// wanted, or nothing where the board can be shown or nobody is there.
pub fn ask(session: &Session) -> Result<Option<Wish>, Failure> {
    let is_there = io::stdin().is_terminal() && io::stdout().is_terminal();
    let Some(lack) = session.lack().filter(|_| is_there) else {
        return Ok(None);
    };
    output::print(&page(&lack, &session.place.path.display().to_string()))?;
    let choice = loop {
        output::print("which one? 1, 2, or enter to leave: ")?;
        drop(io::stdout().flush());
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            output::print("\n")?;
            break Choice::Leave;
        }
        match choice(&line) {
            Some(choice) => break choice,
            None => output::print("that is none of them\n")?,
        }
    };
    Ok(Some(match choice {
        Choice::Demo => Wish::Demo(demo()?),
        Choice::Init => Wish::Init(InitArgs::default()),
        Choice::Leave => Wish::Leave,
    }))
}

/// Returns the code with which the program ends that showed nothing.
pub fn left() -> Exit {
    Exit::Usage
}

/// Reads an answer; nothing where it is none.
fn choice(answer: &str) -> Option<Choice> {
    match answer.trim().to_ascii_lowercase().as_str() {
        "1" | "demo" => Some(Choice::Demo),
        "2" | "init" => Some(Choice::Init),
        "" | "q" | "quit" | "n" | "no" => Some(Choice::Leave),
        _ => None,
    }
}

/// Returns what `cycleboard demo` would be given.
fn demo() -> Result<DemoArgs, Failure> {
    let parsed = Cli::try_parse_from(["cycleboard", "demo"]).map(|cli| cli.command);
    match parsed {
        Ok(Some(Command::Demo(args))) => Ok(args),
        Ok(_) | Err(_) => Err(Failure::error(
            "`cycleboard demo` cannot be started from here",
        )),
    }
}

/// Returns the page: what is missing, what can be done, where tokens come from.
fn page(lack: &Lack, file: &str) -> String {
    let named = format!("by hand, a `[[source]]` goes into `{file}`");
    let named = if width(&named) <= usize::from(COLUMNS) {
        vec![named]
    } else {
        // A path that is broken cannot be copied: it has a line of its own.
        vec![
            "by hand, a `[[source]]` goes into".to_owned(),
            format!("  {file}"),
        ]
    };
    let missing = format!("nothing to show yet: {}", lack.message);
    let mut lines = vec![
        "cycleboard shows a team's whole delivery cycle, one card a change".to_owned(),
        String::new(),
    ];
    lines.extend(wrap(&missing, COLUMNS, 6).into_iter().map(str::to_owned));
    lines.extend(
        [
            "",
            "  1  demo   the board of a simulated team, without an account",
            "  2  init   look around, ask a few questions, write a configuration, test it",
            "",
            "both are commands of their own: `cycleboard demo`, `cycleboard init`",
            "in a clone of a repository the board needs no configuration",
        ]
        .map(str::to_owned),
    );
    lines.extend(named);
    lines.extend(["", "a token is found where it is already:"].map(str::to_owned));
    let tokens: Vec<(&str, String)> = REGISTRY
        .iter()
        .filter_map(|kind| Some((kind.usual.product, token(kind.usual)?)))
        .collect();
    let columns = tokens.iter().map(|(product, _)| width(product)).max();
    for (product, words) in &tokens {
        let space = " ".repeat(columns.unwrap_or_default() - width(product));
        lines.push(format!("  {product}{space}  {words}"));
    }
    lines.push("`cycleboard doctor` says which one is used and what it may not read".to_owned());
    lines.push("\n".to_owned());
    lines.join("\n")
}

/// Returns where the token of one kind of system comes from; nothing where it needs none.
fn token(usual: &Usual) -> Option<String> {
    let known = usual.variables.first()?;
    let host = usual.hosts.iter().find(|host| !host.starts_with('.'));
    let mut words = (*known.names.first()?).to_owned();
    if let Some(user) = known.user {
        words.extend([" with ", user]);
    }
    if let Some(tool) = usual.tools.iter().find(|tool| !tool.login.is_empty()) {
        let login = tool.log_in("https", host.copied().unwrap_or("HOST"));
        words.extend([", or `", &login, "`"]);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, expected: Option<Choice>) {
        assert_eq!(choice(answer), expected, "{answer:?}");
    }

    #[test]
    fn an_answer_is_a_number_or_a_word_and_nothing_leaves() {
        check("1\n", Some(Choice::Demo));
        check(" Demo \r\n", Some(Choice::Demo));
        check("2\n", Some(Choice::Init));
        check("init\n", Some(Choice::Init));
        check("\n", Some(Choice::Leave));
        check("q\n", Some(Choice::Leave));
        check("3\n", None);
        check("\u{1b}[A\n", None);
    }

    #[test]
    fn the_page_fits_a_usual_terminal_and_names_every_way_out() {
        let lack = Lack {
            message: "no source is configured".to_owned(),
            hint: String::new(),
        };
        let page = page(&lack, "/home/ada/.config/cycleboard/config.toml");
        assert!(page.lines().count() <= 22, "{page}");
        assert!(page.lines().all(|line| width(line) <= 80), "{page}");
        let long =
            "/home/ada/of/a/folder/with/a/name/that/is/longer/than/usual/cycleboard/config.toml";
        let broken = super::page(&lack, long);
        let alone = broken.lines().find(|line| line.contains(long));
        assert_eq!(alone.map(str::trim), Some(long), "{broken}");
        for word in [
            "no source is configured",
            "cycleboard demo",
            "cycleboard init",
            "GH_TOKEN",
            "GITLAB_TOKEN",
            "FORGEJO_TOKEN",
            "JENKINS_API_TOKEN with JENKINS_USER_ID",
            "gh auth login --hostname github.com",
            "config.toml",
        ] {
            assert!(page.contains(word), "{word} is not in\n{page}");
        }
        assert!(
            page.contains("tea login add --url https://codeberg.org"),
            "{page}"
        );
        assert!(!page.contains('{'), "a word is not filled in\n{page}");
    }

    #[test]
    fn the_demo_is_started_as_by_its_command() {
        assert!(demo().is_ok_and(|args| args.command.is_none()));
    }
}
