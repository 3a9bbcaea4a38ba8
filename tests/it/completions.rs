//! What shells offer, through the real program.

use crate::support::env::Home;
use crate::support::pty::Pty;

const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

/// Returns what the program offers for the last of these words, one a line, with what it says of it.
fn offers(home: &Home, words: &[&str]) -> String {
    let line = [&["--", "cycleboard"], words].concat();
    let ran = home
        .command(&line)
        .env("_CYCLEBOARD_COMPLETE", "fish")
        .output()
        .unwrap();
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn completions_know_the_commands_of_commands() {
    let home = Home::new();
    let script = home.path("complete.bash");
    std::fs::write(&script, home.run(&["completions", "bash"]).out).unwrap();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_cycleboard"));
    let complete = |words: &str, current: &str, previous: &str| {
        let count = words.split(' ').count();
        let text = format!(
            "PATH={dir}:$PATH; source {file}; COMP_WORDS=({words} '{current}'); \
             COMP_CWORD={count}; \
             _cycleboard cycleboard '{current}' {previous}; echo \"${{COMPREPLY[@]}}\"",
            file = script.display(),
            dir = program.parent().unwrap().display(),
        );
        let ran = std::process::Command::new("bash")
            .args(["-c", &text])
            .output();
        ran.map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let Ok(first) = complete("cycleboard", "co", "cycleboard") else {
        // Without bash nobody completes with it.
        return;
    };
    assert_eq!(first.trim(), "config completions");
    let of_config = complete("cycleboard config", "", "config").unwrap();
    for word in ["path", "check", "default", "keys", "schema"] {
        assert!(of_config.contains(word), "{of_config}");
    }
    let formats = complete("cycleboard board --format", "", "--format").unwrap();
    assert_eq!(formats.trim(), "json table markdown");
    // Bash takes a word apart at `=`, and wants only what follows it.
    let theme = complete("cycleboard --theme =", "solarized-l", "=").unwrap();
    assert_eq!(theme.trim(), "solarized-light");
}

#[test]
fn names_of_this_machine_are_offered() {
    let home = Home::new();
    home.configure("[[view]]\nname = \"shipping\"\nfilter = \"-is:bot\"\n");
    let theme = home.path("config/cycleboard/themes/mine.toml");
    std::fs::create_dir_all(theme.parent().unwrap()).unwrap();
    std::fs::write(&theme, "inherits = 'dark'\n").unwrap();
    for words in [&["--theme", ""][..], &["board", "--theme", ""]] {
        let themes = offers(&home, words);
        for name in ["dark\n", "mine\n", "auto\t"] {
            assert!(themes.contains(name), "{words:?}: {themes}");
        }
    }
    assert_eq!(offers(&home, &["--theme=soli"]), "");
    let views = "shipping\t-is:bot\n";
    assert_eq!(offers(&home, &["board", "--view", ""]), views);
    assert_eq!(offers(&home, &["demo", "board", "--view", "sh"]), views);
    assert!(offers(&home, &["act", "r"]).starts_with("rerun"));
    assert!(offers(&home, &["--color", ""]).starts_with("auto\t"));
    assert!(offers(&home, &["flow", "--format", ""]).contains("table\t"));
    assert!(offers(&home, &["completions", ""]).contains("elvish"));
    assert!(offers(&home, &["help", "fl"]).starts_with("flow\t"));
    assert_eq!(offers(&home, &["keys", "--preset", "a"]), "arrows\n");
    // Nothing is made by asking.
    assert!(!home.path("state/cycleboard").exists());
}

#[test]
fn the_cards_of_the_last_board_are_offered() {
    let home = Home::new();
    assert_eq!(offers(&home, &["demo", "where", ""]).find("acme/"), None);
    let mut pty = Pty::start(&home, &SMALL, 120, 40);
    pty.wait_for(" because ");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let words = [&SMALL[..], &["where", "acme/"]].concat();
    let cards = offers(&home, &words);
    assert!(cards.lines().count() > 2, "{cards}");
    assert!(
        cards.lines().all(|card| card.starts_with("acme/")),
        "{cards}"
    );
}
