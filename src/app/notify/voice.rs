//! How a person is called: the bell, a sequence that the terminal turns into a notice, a command.
//!
//! Which of them a terminal understands is looked up, never asked. Text from
//! outside can neither end a sequence nor become an option or a shell word.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{Mutex, OnceCell};

use crate::app::env::Env;
use crate::app::notify::{Notice, Told, sum_up};
use crate::app::redact;
use crate::config::{Desktop, Notify};
use crate::domain::text::truncate;

/// The longest title and text of a notice, in columns.
const LONGEST: usize = 120;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long `tmux` may take to answer.
const MOMENT: Duration = Duration::from_secs(1);

/// How the desktop is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Route {
    Nowhere,
    Osc9,
    Osc777,
    Command(Vec<String>),
}

/// What stands between us and the terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Between {
    Nothing,
    /// Passes sequences on in an envelope, if it is allowed to.
    Tmux,
    /// Passes nothing on.
    Screen,
}

/// How this terminal calls a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voice {
    bell: bool,
    route: Route,
    between: Between,
}

impl Voice {
    /// Settles it from the settings and the environment.
    pub fn new(rules: &Notify, env: &Env) -> Self {
        let route = match rules.desktop {
            Desktop::Off => Route::Nowhere,
            Desktop::Osc9 => Route::Osc9,
            Desktop::Osc777 => Route::Osc777,
            Desktop::Command => rules.command.clone().map_or(Route::Nowhere, Route::Command),
            Desktop::Auto => understood(env),
        };
        Self {
            bell: rules.bell,
            route,
            between: between(env),
        }
    }

    /// Returns what the terminal gets; `passes` says whether what is between passes sequences on.
    fn bytes(&self, notices: &[Notice], passes: bool) -> Vec<u8> {
        let mut out = String::new();
        let mut must_ring = self.bell;
        for notice in notices {
            let sequence = match &self.route {
                Route::Osc9 => format!("\x1b]9;cycleboard: {}\x1b\\", line(notice)),
                Route::Osc777 => {
                    // A semicolon would begin the text.
                    let title = plain(&notice.title).replace(';', ",");
                    format!("\x1b]777;notify;{title};{}\x1b\\", plain(&notice.text))
                }
                Route::Nowhere | Route::Command(_) => continue,
            };
            match self.between {
                Between::Nothing => out.push_str(&sequence),
                Between::Tmux if passes => {
                    let inner = sequence.replace('\x1b', "\x1b\x1b");
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\x1bPtmux;{inner}\x1b\\");
                }
                // It would be lost: better a bell than silence.
                Between::Tmux | Between::Screen => must_ring = true,
            }
        }
        if must_ring && !notices.is_empty() {
            out.push('\x07');
        }
        out.into_bytes()
    }

    fn is_wrapped(&self) -> bool {
        self.between == Between::Tmux && matches!(self.route, Route::Osc9 | Route::Osc777)
    }
}

/// Tells notices once, by one voice.
#[derive(Debug)]
pub struct Herald {
    voice: Voice,
    told: Told,
    pane: Option<String>,
    /// How long a command may take.
    patience: Duration,
    passes: OnceCell<bool>,
    turn: Mutex<()>,
}

impl Herald {
    /// Puts it together; nothing is started yet.
    pub fn new(voice: Voice, told: Told, env: &Env) -> Self {
        Self {
            voice,
            told,
            pane: env.get("TMUX_PANE"),
            patience: PATIENCE,
            passes: OnceCell::new(),
            turn: Mutex::new(()),
        }
    }

    /// Returns the same with another voice.
    #[must_use]
    pub fn speaking(&self, voice: Voice) -> Self {
        Self {
            voice,
            told: self.told.clone(),
            pane: self.pane.clone(),
            patience: self.patience,
            passes: OnceCell::new(),
            turn: Mutex::new(()),
        }
    }

    /// Tells what nobody told before, and returns what the terminal must get for it.
    pub async fn announce(&self, notices: Vec<Notice>) -> Vec<u8> {
        let told = self.told.clone();
        let taken = tokio::task::spawn_blocking(move || told.take(notices)).await;
        let Ok(notices) = taken else {
            return Vec::new();
        };
        let notices = sum_up(notices);
        // One after the other: a burst of commands would be as many windows at once.
        let turn = self.turn.lock().await;
        if let Route::Command(words) = &self.voice.route {
            for notice in &notices {
                run(words, notice, self.patience).await;
            }
        }
        let passes = self.voice.is_wrapped() && *self.passes.get_or_init(|| self.ask_tmux()).await;
        drop(turn);
        self.voice.bytes(&notices, passes)
    }

    /// Asks `tmux` whether this pane may pass sequences on; without an answer it may not.
    async fn ask_tmux(&self) -> bool {
        let mut command = Command::new("tmux");
        command.args(["display-message", "-p"]);
        if let Some(pane) = &self.pane {
            command.args(["-t", pane]);
        }
        command
            .arg("#{allow-passthrough}")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let answer = tokio::time::timeout(MOMENT, command.output()).await;
        let Ok(Ok(output)) = answer else {
            return false;
        };
        let word = String::from_utf8_lossy(&output.stdout);
        matches!(word.trim(), "1" | "on" | "all")
    }
}

/// Runs the user's command with the notice as its last argument.
async fn run(words: &[String], notice: &Notice, patience: Duration) {
    let Some((program, arguments)) = words.split_first() else {
        return;
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(line(notice))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(patience, command.status()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(program, %status, "the command for notices failed"),
        Ok(Err(error)) => tracing::warn!(program, %error, "the command for notices"),
        Err(_) => tracing::warn!(program, "the command for notices does not end"),
    }
}

/// Returns a notice in one line that no program takes for an option.
fn line(notice: &Notice) -> String {
    let title = plain(&notice.title);
    let title = title.trim_start_matches('-');
    let text = plain(&notice.text);
    if text.is_empty() {
        title.to_owned()
    } else {
        format!("{title}: {text}")
    }
}

/// Returns text of a bounded length in which nothing commands a terminal.
fn plain(text: &str) -> String {
    let shown = redact::shown(text).replace('\n', " ");
    truncate(&shown, LONGEST).into_owned()
}

/// Returns the sequence that the terminal is known to understand.
fn understood(env: &Env) -> Route {
    let term = env.get("TERM").unwrap_or_default();
    let program = env.get("TERM_PROGRAM").unwrap_or_default();
    let begins = |start: &str| term.starts_with(start);
    match program.as_str() {
        "iTerm.app" => return Route::Osc9,
        "WezTerm" | "ghostty" => return Route::Osc777,
        _ => {}
    }
    if env.get("WT_SESSION").is_some() || begins("xterm-kitty") {
        Route::Osc9
    } else if ["foot", "xterm-ghostty", "wezterm", "rxvt"]
        .into_iter()
        .any(begins)
    {
        Route::Osc777
    } else {
        Route::Nowhere
    }
}

fn between(env: &Env) -> Between {
    let term = env.get("TERM").unwrap_or_default();
    if env.get("TMUX").is_some() || term.starts_with("tmux") {
        Between::Tmux
    } else if env.get("STY").is_some() || term.starts_with("screen") {
        Between::Screen
    } else {
        Between::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Occasion;

    fn env(pairs: &[(&'static str, &str)]) -> Env {
        let names = [
            "TERM",
            "TERM_PROGRAM",
            "WT_SESSION",
            "TMUX",
            "STY",
            "TMUX_PANE",
        ];
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map_or_else(String::new, |(_, value)| (*value).to_owned())
        };
        names
            .into_iter()
            .fold(Env::process(), |env, name| env.with(name, value(name)))
    }

    fn notice(title: &str, text: &str) -> Notice {
        Notice {
            occasion: Occasion::Red,
            names: vec![title.to_owned()],
            title: title.to_owned(),
            text: text.to_owned(),
        }
    }

    fn rules(bell: bool, desktop: Desktop) -> Notify {
        Notify {
            bell,
            desktop,
            command: Some(vec!["true".to_owned()]),
            ..Notify::default()
        }
    }

    fn spoken(rules: &Notify, pairs: &[(&'static str, &str)], passes: bool) -> String {
        let voice = Voice::new(rules, &env(pairs));
        String::from_utf8(voice.bytes(&[notice("a/b#1 turned red", "job; x")], passes)).unwrap()
    }

    #[test]
    fn each_way_has_its_sequence() {
        let xterm = [("TERM", "xterm")];
        let check = |bell, desktop, expected: &str| {
            assert_eq!(spoken(&rules(bell, desktop), &xterm, false), expected);
        };
        check(false, Desktop::Off, "");
        check(true, Desktop::Off, "\x07");
        check(
            false,
            Desktop::Osc9,
            "\x1b]9;cycleboard: a/b#1 turned red: job; x\x1b\\",
        );
        check(
            true,
            Desktop::Osc777,
            "\x1b]777;notify;a/b#1 turned red;job; x\x1b\\\x07",
        );
        check(false, Desktop::Command, "");
        // What is not known to understand a sequence gets none.
        check(false, Desktop::Auto, "");
    }

    #[test]
    fn the_terminal_is_known_by_its_variables() {
        for (name, value, expected) in [
            ("TERM_PROGRAM", "iTerm.app", Route::Osc9),
            ("TERM_PROGRAM", "WezTerm", Route::Osc777),
            ("TERM_PROGRAM", "ghostty", Route::Osc777),
            ("TERM_PROGRAM", "Apple_Terminal", Route::Nowhere),
            ("WT_SESSION", "1", Route::Osc9),
            ("TERM", "xterm-kitty", Route::Osc9),
            ("TERM", "foot-extra", Route::Osc777),
            ("TERM", "rxvt-unicode-256color", Route::Osc777),
            ("TERM", "xterm-256color", Route::Nowhere),
            ("TERM", "linux", Route::Nowhere),
        ] {
            assert_eq!(
                understood(&env(&[(name, value)])),
                expected,
                "{name}={value}"
            );
        }
    }

    #[test]
    fn what_is_between_gets_an_envelope_or_a_bell() {
        let osc = rules(false, Desktop::Osc777);
        let tmux = [("TERM", "tmux-256color"), ("TMUX", "/tmp/x,1,0")];
        assert_eq!(
            spoken(&osc, &tmux, true),
            "\x1bPtmux;\x1b\x1b]777;notify;a/b#1 turned red;job; x\x1b\x1b\\\x1b\\"
        );
        assert_eq!(spoken(&osc, &tmux, false), "\x07");
        assert_eq!(
            spoken(&osc, &[("TERM", "screen"), ("STY", "1.x")], true),
            "\x07"
        );
        // Who asked for nothing on the desktop is not rung for instead.
        assert_eq!(spoken(&rules(false, Desktop::Off), &tmux, false), "");
    }

    #[test]
    fn nothing_to_tell_makes_no_sound() {
        let voice = Voice::new(&rules(true, Desktop::Osc9), &env(&[]));
        assert_eq!(voice.bytes(&[], true), b"");
    }

    #[test]
    fn text_from_outside_stays_text() {
        let evil = notice("--help;\u{1b}\\\u{7}\u{202e}x", &"y\n\u{9c}".repeat(200));
        let voice = Voice::new(&rules(false, Desktop::Osc777), &env(&[]));
        let text = String::from_utf8(voice.bytes(std::slice::from_ref(&evil), false)).unwrap();
        let inner: String = text
            .chars()
            .skip(1)
            .take(text.chars().count() - 3)
            .collect();
        assert!(
            !inner.contains(['\x1b', '\x07', '\u{202e}', '\u{9c}', '\n']),
            "{text:?}"
        );
        assert!(text.len() < 1_200, "{}", text.len());
        assert_eq!(
            text.matches(';').count(),
            3 + plain(&evil.text).matches(';').count()
        );
        assert!(!line(&evil).starts_with('-'));
    }

    #[tokio::test]
    async fn a_command_gets_the_notice_as_one_word_and_a_failing_one_is_no_harm() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("out");
        let script = format!("printf '%s|' \"$@\" >> {}", out.display());
        let words = ["/bin/sh", "-c", &script, "sh", "cycleboard"].map(str::to_owned);
        let rules = Notify {
            command: Some(words.to_vec()),
            ..rules(false, Desktop::Command)
        };
        let env = env(&[]);
        let told = Told::at(home.path().join("notified"));
        // A slow machine must not look like a command that does not end.
        let herald = Herald {
            patience: Duration::from_mins(5),
            ..Herald::new(Voice::new(&rules, &env), told, &env)
        };
        let notices = vec![notice("a#1 turned red", "$(id) `id`")];
        assert_eq!(herald.announce(notices.clone()).await, b"");
        assert_eq!(herald.announce(notices).await, b"");
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(text, "cycleboard|a#1 turned red: $(id) `id`|");
        run(&["/no/such/program".to_owned()], &notice("a", ""), PATIENCE).await;
        run(&[], &notice("a", ""), PATIENCE).await;
    }
}
