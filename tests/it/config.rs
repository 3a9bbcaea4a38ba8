//! Configuration files, good and hostile, through the real program.
//!
//! What each mistake is called is tested next to the code; here it is that the
//! program tells it, once, cleanly, and goes no further.

use crate::support::env::{Home, Ran};

fn check(text: &str) -> Ran {
    let home = Home::new();
    home.configure(text);
    home.run(&["config", "check"])
}

/// Checks that a file is refused with these words, and that nothing of it is obeyed.
#[track_caller]
fn refused(text: &str, words: &str) {
    let ran = check(text);
    ran.exits(2);
    assert!(ran.err.starts_with("error: "), "{ran:#?}");
    assert!(ran.err.contains(words), "no `{words}` in {ran:#?}");
    assert_eq!(ran.out, "", "{ran:#?}");
    let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!ran.err.contains(odd), "{ran:#?}");
}

#[test]
fn hostile_files_are_refused_in_words() {
    refused("\u{1b}]0;owned\u{7}", "config.toml:1:");
    refused(
        "[ui]\n\"\\u001b[2J\\u202e\" = 1",
        "config.toml:2: unknown key",
    );
    refused("x = [[[[[[[[", "config.toml:1:");
    refused(&format!("x = {}", "[".repeat(200_000)), "config.toml:1:");
    refused(&format!("{} = 1", "a.".repeat(50_000)), "config.toml:1:");
    refused(
        "[[source]]\nkind = \"github\"\nurl = \"https://a\\r\\nX-Token: b\"",
        "`url` holds a space or a control character",
    );
    refused(
        "[[source]]\nkind = \"github\"\nurl = \"http://forge.example\"",
        "http to forge.example would send the token in clear text",
    );
    refused(
        "[[source]]\nkind = \"gitbub\"",
        "config.toml:2: `kind`: unknown word `gitbub`",
    );
    refused(
        "[[rule]]\nname = \"x\"\nstage = \"code\"\nwhen = \"lable:x\"",
        "config.toml:4: `when`: unknown key `lable` at column 1",
    );
    refused("[keys]\nquti = \"q\"", "quti");
}

#[test]
fn a_secret_in_a_wrong_place_is_not_repeated() {
    for text in [
        "[[source]]\nkind = \"github\"\ntoken_env = \"ghp_abcdefghij0123456789\"",
        "[[source]]\nkind = \"github\"\nurl = \"https://me:abcdefghij0123456789@forge.example\"",
        "[[source]]\nkind = \"ghp_abcdefghij0123456789\"",
        "[store]\nurl = \"postgres://me:abcdefghij0123456789@db.example/x\"",
    ] {
        let ran = check(text);
        ran.exits(2);
        assert!(!ran.err.contains("abcdefghij"), "{ran:#?}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let ran = check("[ui]\nthem = \"x\"\nmous = true\n[board]\nbake_window = \"soon\"\n");
    ran.exits(2).complains("config.toml:2:");
    assert!(
        ran.err.contains(":3:") && ran.err.contains(":5:"),
        "{ran:#?}"
    );
    assert!(ran.err.contains("did you mean `theme`?"), "{ran:#?}");
}

#[test]
fn every_example_of_the_reference_is_accepted() {
    let reference = Home::new().run(&["config", "default"]).out;
    let uncommented: Vec<&str> = reference
        .lines()
        .map(|line| {
            let example = line.strip_prefix('#');
            let is_key =
                |rest: &&str| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase());
            example.filter(is_key).unwrap_or(line)
        })
        .collect();
    check(&uncommented.join("\n"))
        .exits(0)
        .prints("fine, 1 sources");
}

#[test]
fn a_directory_may_choose_and_not_redirect() {
    let home = Home::new();
    let here = home.path("work/.cycleboard.toml");
    let check = |text: &str| {
        std::fs::write(&here, text).unwrap();
        home.run(&["config", "check"])
    };
    check("[ui]\ntheme = \"light\"\n[[source]]\nkind = \"github\"\nrepos = [\"acme/api\"]")
        .exits(0);
    for text in [
        "[[source]]\nkind = \"github\"\nurl = \"https://evil.example\"",
        "[[source]]\nkind = \"github\"\ntoken_command = [\"touch\", \"owned\"]",
        "[[source]]\nkind = \"github\"\ntoken_env = \"HOME\"",
        "[store]\nurl = \"postgres://evil.example/x\"",
        "[keys]\nquit = \"x\"",
    ] {
        check(text)
            .exits(2)
            .complains(".cycleboard.toml:")
            .complains("a file of the current directory may not set");
    }
    assert!(!home.path("work/owned").exists());
    home.configure("[[source]]\nname = \"mine\"\nkind = \"github\"\nrepos = [\"acme/api\"]");
    check("[[source]]\nname = \"other\"\nkind = \"github\"\nrepos = [\"acme/api\"]")
        .exits(2)
        .complains("may not add a source");
}
