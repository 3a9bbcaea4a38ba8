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
        let is_here = options.iter().any(|option| is_option(&text, option));
        let is_alone = || options.iter().any(|option| is_option_alone(&text, option));
        let next = words.peek().copied();
        if is_here && (holds(word) || is_alone() && next.is_some_and(holds)) {
            return true;
        }
    }
    false
}

/// Whether a word is an option, with or without its value. A name may be shortened, and have one
/// dash or two.
fn is_option(text: &str, option: &str) -> bool {
    match name_of(option) {
        Some(name) => {
            let given = text.split('=').next().and_then(name_of);
            given.is_some_and(|given| given.len() >= 2 && name.starts_with(given))
        }
        None => text.starts_with(option) && !text.starts_with("--"),
    }
}

/// Whether a word is an option whose value is the next word.
fn is_option_alone(text: &str, option: &str) -> bool {
    match name_of(option) {
        Some(_) => !text.contains('=') && is_option(text, option),
        None => text == option,
    }
}

/// Returns the name of an option that has one.
fn name_of(option: &str) -> Option<&str> {
    let name = option.trim_start_matches('-');
    (option.starts_with('-') && name.len() > 1).then_some(name)
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
        // Variables and names of files are expanded, `$(shell …)` included; an address may be `EXEC:…`.
        "make" | "gmake" | "socat" => rest.iter().any(holds),
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
        "emacs" | "emacsclient" => option_holds(
            rest,
            &[
                "-e",
                "--eval",
                "--execute",
                "-f",
                "--funcall",
                "-l",
                "--load",
                "--script",
            ],
        ),
        "less" | "more" => option_holds(rest, &["+"]),
        "git" => runs_in_git(rest),
        "rsync" => option_holds(rest, &["-e", "--rsh", "--rsync-path"]),
        "tar" | "gtar" | "bsdtar" => option_holds(
            rest,
            &[
                "--to-command",
                "--checkpoint-action",
                "--use-compress-program",
                "-I",
                "--rsh-command",
                "--info-script",
                "--new-volume-script",
                "-F",
            ],
        ),
        "fzf" | "sk" => option_holds(rest, &["--preview", "--bind", "--execute", "--listen"]),
        "gdb" | "lldb" => option_holds(
            rest,
            &[
                "-ex",
                "--eval-command",
                "-iex",
                "-x",
                "--command",
                "-o",
                "-O",
                "-s",
                "--one-line",
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

/// Whether git would run something of a card.
fn runs_in_git(rest: &[Template]) -> bool {
    // What follows these is a line for a shell, or a program with its arguments.
    let mut words = rest.iter().map(Template::plain);
    let runs = words.by_ref().any(|word| {
        matches!(
            word,
            Some("foreach" | "bisect" | "filter-branch" | "for-each-repo")
        )
    });
    let is_run = runs && {
        let names = |name: &str| rest.iter().any(|word| word.plain() == Some(name));
        let after = |name: &str| {
            let words = rest.iter().skip_while(|word| word.plain() != Some(name));
            words.skip(1).any(holds)
        };
        after("foreach")
            || after("filter-branch")
            || after("for-each-repo")
            || (names("bisect") && after("run"))
    };
    is_run
        || option_holds(
            rest,
            &[
                "-c",
                "--config-env",
                "--exec",
                "-x",
                "--upload-pack",
                "--receive-pack",
                "--extcmd",
                "--exec-path",
            ],
        )
}

/// What a word calls, without its directory, the digits of a version and the end of a file.
fn called(word: &Template) -> Option<&str> {
    let word = word.plain()?;
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    Some(if bare.is_empty() { name } else { bare })
}

/// Whether a program makes one line for a shell of its arguments, and something of a card is there.
pub(super) fn makes_line(argv: &[Template]) -> bool {
    const LINES: [&str; 12] = [
        "ssh",
        "mosh",
        "rsh",
        "watch",
        "watchexec",
        "hyperfine",
        "eval",
        "parallel",
        "tmux",
        "screen",
        "zellij",
        "entr",
    ];
    let at = argv
        .iter()
        .position(|word| called(word).is_some_and(|name| LINES.contains(&name)));
    let rest = at.and_then(|at| argv.get(at + 1..)).unwrap_or_default();
    rest.iter().any(holds)
}

/// What reads a script that is given as an argument, without the digits of a version.
const READERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "fish",
    "csh",
    "tcsh",
    "nu",
    "elvish",
    "xonsh",
    "pwsh",
    "powershell",
    "cmd",
    "busybox",
    "su",
    "runuser",
    "script",
    "flock",
    "nix-shell",
    "nix",
    "expect",
    "osascript",
    "python",
    "pypy",
    "ipython",
    "perl",
    "raku",
    "ruby",
    "irb",
    "node",
    "nodejs",
    "bun",
    "deno",
    "tsx",
    "php",
    "lua",
    "luajit",
    "guile",
    "sbcl",
    "clojure",
    "groovy",
    "julia",
    "Rscript",
    "elixir",
    "tclsh",
    "octave",
    "psql",
    "mysql",
    "mariadb",
    "sqlite",
];

/// Terminals: what follows their option, or all that follows, is a program with its arguments.
const TERMINALS: &[&str] = &[
    "xterm",
    "uxterm",
    "urxvt",
    "rxvt",
    "alacritty",
    "foot",
    "kitty",
    "konsole",
    "gnome-terminal",
    "xfce4-terminal",
    "terminator",
    "tilix",
    "wezterm",
    "ghostty",
    "x-terminal-emulator",
];

/// Whether something of a card is in the script of a shell or another interpreter.
pub(super) fn reads_script(argv: &[Template]) -> bool {
    let mut places = argv.iter().enumerate();
    // A word that only looks like one costs nothing but caution.
    places.any(|(at, word)| {
        let rest = argv.get(at + 1..).unwrap_or_default();
        called(word).is_some_and(|name| {
            READERS.contains(&name) && has_script(name, rest)
                || TERMINALS.contains(&name) && runs_in_terminal(rest)
        })
    })
}

/// Whether what a terminal runs, or its name, is something of a card.
fn runs_in_terminal(words: &[Template]) -> bool {
    const RUN: [&str; 6] = ["-e", "-x", "-c", "--command", "--execute", "--"];
    let at = words.iter().position(|word| {
        let text = word.to_string();
        let (flag, _) = text.split_once('=').unwrap_or((&text, ""));
        RUN.contains(&flag)
    });
    match at.and_then(|at| words.get(at..)) {
        // Alone it may be a line for a shell; as a word behind a program it is an argument.
        Some([flag, first, ..]) => holds(flag) || holds(first),
        Some(rest) => rest.iter().any(holds),
        None => first_holds(words),
    }
}

/// Whether something of a card is in the script that an interpreter gets with these words.
fn has_script(program: &str, words: &[Template]) -> bool {
    const LONG: [&str; 8] = [
        "command",
        "commands",
        "eval",
        "execute",
        "print",
        "run",
        "init-command",
        "expr",
    ];
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let flag = word.to_string();
        // What an interpreter runs may stand without a dash: `deno eval`, `cmd /c`.
        let is_word = matches!(flag.as_str(), "eval" | "/c" | "/C" | "/k" | "/K");
        if !is_word && !flag.starts_with(['-', '+']) {
            continue;
        }
        let (flag, value) = flag.split_once('=').unwrap_or((&flag, ""));
        let name = flag.trim_start_matches('-').to_ascii_lowercase();
        let is_long = is_word || LONG.contains(&name.as_str());
        let more: &[char] = match program {
            "fish" => &['C'],
            "node" | "nodejs" | "bun" => &['p'],
            "php" => &['B', 'R'],
            _ => &[],
        };
        let is_short = !is_long
            && !flag.starts_with("--")
            && (flag.contains(['c', 'e', 'E', 'r']) || flag.contains(more));
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
