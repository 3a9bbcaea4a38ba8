//! What well-known programs run of their arguments, so that nothing of a card gets there.
//!
//! No list of programs is complete: what another one makes of its arguments is the user's affair,
//! and the README says so.

use crate::config::template::Template;

/// Whether something of a card is in a word.
fn holds(word: &Template) -> bool {
    word.fields().next().is_some()
}

/// Whether one of these options takes something of a card, in its own word or in the next.
fn option_holds(words: &[Template], options: &[&str]) -> bool {
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let text = word.to_string();
        let begins = |option: &&&str| text.starts_with(**option);
        if !options.iter().any(|option| begins(&option)) {
            continue;
        }
        let is_alone = options.contains(&text.as_str());
        if holds(word) || is_alone && words.peek().is_some_and(|next| holds(next)) {
            return true;
        }
    }
    false
}

/// Whether the first word that is no option holds something of a card.
fn first_holds(words: &[Template]) -> bool {
    let mut words = words.iter();
    let first = words.find(|word| !word.to_string().starts_with('-'));
    first.is_some_and(holds)
}

/// Whether a program would run something of a card, or take it for what it is told to run.
pub(super) fn runs_value(argv: &[Template]) -> bool {
    let mut places = argv.iter().enumerate();
    places.any(|(at, word)| {
        let rest = argv.get(at + 1..).unwrap_or_default();
        called(word).is_some_and(|name| runs(name, rest))
    })
}

fn runs(program: &str, rest: &[Template]) -> bool {
    match program {
        "env" => {
            // What comes before the program, and the program itself.
            let is_before = |word: &&Template| {
                let text = word.to_string();
                text.starts_with('-') || text.contains('=')
            };
            let before = rest.iter().take_while(is_before);
            let program = rest.iter().find(|word| !is_before(word));
            option_holds(rest, &["-S", "--split-string"]) || before.chain(program).any(holds)
        }
        // Variables and names of files are expanded, `$(shell …)` included.
        "make" | "gmake" => rest.iter().any(holds),
        "sed" | "gsed" => {
            let scripts = ["-e", "-f", "--expression", "--file"];
            let begins = |word: &Template, option: &&str| word.to_string().starts_with(option);
            let has_option = rest
                .iter()
                .any(|word| scripts.iter().any(|option| begins(word, option)));
            option_holds(rest, &scripts) || (!has_option && first_holds(rest))
        }
        "awk" | "gawk" | "mawk" | "nawk" => {
            option_holds(rest, &["-e", "-f", "-i", "--source", "--file"]) || first_holds(rest)
        }
        "vi" | "vim" | "nvim" | "view" | "gvim" | "vimdiff" | "ex" => {
            option_holds(rest, &["+", "-c", "--cmd", "-S", "-u"])
        }
        "emacs" | "emacsclient" => option_holds(rest, &["-e", "--eval", "-f", "-l"]),
        "less" | "more" => option_holds(rest, &["+"]),
        "git" => option_holds(
            rest,
            &[
                "-c",
                "--config-env",
                "--exec",
                "-x",
                "--upload-pack",
                "--receive-pack",
            ],
        ),
        "find" | "fd" => option_holds(
            rest,
            &["-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec"],
        ),
        "xargs" => first_holds(rest),
        "kubectl" | "oc" | "docker" | "podman" | "nerdctl" | "crictl" => {
            let mut words = rest.iter().skip_while(|word| word.plain() != Some("--"));
            words.nth(1).is_some_and(holds)
        }
        _ => false,
    }
}

/// What a word calls, without its directory.
fn called(word: &Template) -> Option<&str> {
    let word = word.plain()?;
    Some(word.rsplit('/').next().unwrap_or(word))
}

/// Whether a program makes one line for a shell of its arguments, and something of a card is there.
pub(super) fn makes_line(argv: &[Template]) -> bool {
    const LINES: [&str; 9] = [
        "ssh", "mosh", "rsh", "watch", "eval", "parallel", "tmux", "screen", "zellij",
    ];
    let at = argv
        .iter()
        .position(|word| called(word).is_some_and(|name| LINES.contains(&name)));
    let rest = at.and_then(|at| argv.get(at + 1..)).unwrap_or_default();
    rest.iter().any(holds)
}

/// Whether something of a card is in the script of a shell or another interpreter.
pub(super) fn reads_script(argv: &[Template]) -> bool {
    const READERS: [&str; 24] = [
        "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "nu", "elvish",
        "xonsh", "pwsh", "su", "runuser", "script", "python", "python3", "perl", "ruby", "node",
        "php", "lua",
    ];
    let is_reader = |word: &Template| called(word).is_some_and(|name| READERS.contains(&name));
    let mut places = argv.iter().enumerate();
    // A word that only looks like one costs nothing but caution.
    places.any(|(at, word)| is_reader(word) && has_script(argv.get(at + 1..).unwrap_or_default()))
}

/// Whether something of a card is in the script that an interpreter gets with these words.
fn has_script(words: &[Template]) -> bool {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let flag = word.to_string();
        if !flag.starts_with(['-', '+']) {
            continue;
        }
        let (flag, value) = flag.split_once('=').unwrap_or((&flag, ""));
        let is_long = ["--command", "--eval", "-Command"].contains(&flag);
        let is_short = !flag.starts_with("--") && flag.contains(['c', 'e', 'E', 'r']);
        let inside = (is_long && !value.is_empty()) || is_short;
        if inside && holds(word) {
            return true;
        }
        if (is_long || is_short) && rest.next().is_some_and(holds) {
            return true;
        }
    }
    false
}
