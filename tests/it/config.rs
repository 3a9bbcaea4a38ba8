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
        "config.toml:2:1: unknown key",
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
        "config.toml:2:8: `kind`: unknown word `gitbub`",
    );
    refused(
        "[[rule]]\nname = \"x\"\nstage = \"code\"\nwhen = \"lable:x\"",
        "config.toml:4:8: `when`: unknown key `lable` at column 1",
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
    let mine = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls/ca.pem");
    // What it names outside of itself is not there.
    let text = uncommented.join("\n").replace("/etc/ssl/work.pem", mine);
    check(&text).exits(0).prints("fine, 4 sources\n");
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

/// Checks that the lines of standard error are these, with `F` for the file.
#[track_caller]
fn refused_with(home: &Home, file: &str, expected: &[&str]) {
    let ran = home.run(&["config", "check"]);
    ran.exits(2);
    let place = home.path(file).display().to_string();
    let found: Vec<String> = ran.err.lines().map(|l| l.replace(&place, "F")).collect();
    assert_eq!(found, expected);
}

const FILE: &str = "config/cycleboard/config.toml";

#[test]
fn what_auto_stands_for_is_checked_as_well() {
    let home = Home::new();
    home.configure("[ui]\ntheme = \"auto\"\ntheme_light = \"ligth\"\ntheme_dark = \"auto\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:3: there is no theme `ligth`",
            "hint: did you mean `light`?",
            "error: F:4: `theme_dark`: `auto` stands for this theme, so it cannot be `auto`",
            "hint: `cycleboard theme list` names them all",
        ],
    );
}

#[test]
fn a_theme_file_that_is_not_there_is_told_as_that() {
    let ran = Home::new().run(&["theme", "check", "nowhere/mine.toml"]);
    ran.exits(2);
    assert!(
        ran.err
            .starts_with("error: there is no file `nowhere/mine.toml`\n"),
        "{}",
        ran.err
    );
}

#[test]
fn the_theme_of_the_readme_passes_the_check() {
    let readme = include_str!("../../README.md");
    let from = readme.find("inherits = \"nord\"").expect("the example");
    let example = &readme[from..];
    let example = &example[..example.find("```").expect("its end")];
    let home = Home::new();
    std::fs::write(home.path("mine.toml"), example).expect("a file");
    let file = home.path("mine.toml").display().to_string();
    home.run(&["theme", "check", &file]).exits(0);
}

#[test]
fn a_key_of_a_view_that_comes_too_late_is_told() {
    let home = Home::new();
    let view = |at: usize| format!("[[view]]\nname = \"v{at}\"\n");
    let views: String = (1..=10).map(view).collect();
    home.configure(&views);
    home.run(&["config", "check"]).exits(0);
    home.configure(&format!("{views}key = \"f6\"\n"));
    let ran = home.run(&["config", "check"]);
    ran.exits(2)
        .complains("only the first 9 views may have a `key`, and `v10` comes after them");
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let home = Home::new();
    home.configure(
        "[ui]\ntheme = \"nrd\"\n[history]\ndays = \"x\"\n[keys]\ndown = 5\nzom = \"x\"\ncount = \"5\"\n\
         refresh-all = \"g\"\n",
    );
    let errors = [
        "error: F:2: there is no theme `nrd`",
        "error: F:4:8: `days`: string \"x\", expected a whole number",
        "error: F:6:8: `down` in `[keys]`: integer `5`, expected a key, or a list of keys",
        "hint: a key is a text: `\"5\"`",
        "error: F:7: `zom` in `[keys]` is no command",
        "hint: did you mean `zoom`?",
        "error: F:8: the key `5` stands for `column-5` and for `count`",
        "hint: give `column-5` another key in `[keys]` as well, or none: `column-5 = []`",
        "error: F:9: the key `g` of `refresh-all` begins `g g` (`top`), `g 1` (`first-of-group`), \
         `g b` (`view-board`) and 7 others",
    ];
    for arguments in [&["config", "check"][..], &["board", "--once"][..]] {
        let ran = home.run(arguments);
        ran.exits(2);
        let told = ran.err.replace(&home.path(FILE).display().to_string(), "F");
        for error in errors {
            assert!(told.contains(error), "{error}\n{told}");
        }
    }
}

#[test]
fn a_theme_that_does_not_exist_is_told_with_its_line() {
    let home = Home::new();
    home.configure("[ui]\nmouse = true\ntheme = \"ligth\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:3: there is no theme `ligth`",
            "hint: did you mean `light`?",
        ],
    );
    home.configure("[ui]\ntheme = \"midnigth\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: there is no theme `midnigth`",
            "hint: `cycleboard theme list` names them all",
        ],
    );
    // One of one's own is known, and meant.
    let own = "config/cycleboard/themes/midnight.toml";
    write(&home, own, "inherits = 'nord'\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: there is no theme `midnigth`",
            "hint: did you mean `midnight`?",
        ],
    );
    home.configure("[ui]\ntheme = \"midnight\"\n");
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn of_many_broken_themes_the_first_are_told_and_how_many_more_there_are() {
    let home = Home::new();
    home.configure("[ui]\nmouze = true\n");
    for number in 10..25 {
        let file = format!("config/cycleboard/themes/own{number}.toml");
        write(&home, &file, "inherits = 'dark'\ncalm = 'greenish'\n");
    }
    let ran = home.run(&["config", "check"]);
    ran.exits(2)
        .complains("config.toml:2:1: unknown key `mouze`");
    let told = ran.err.lines().filter(|line| line.contains("greenish"));
    assert_eq!(told.count(), 10, "{ran:#?}");
    let folder = home.path("config/cycleboard/themes").display().to_string();
    ran.complains(&format!("error: and 5 more in the themes of `{folder}`"));
}

#[test]
fn what_is_hard_to_read_in_a_theme_is_told_with_its_line() {
    let home = Home::new();
    let file = "config/cycleboard/themes/mine.toml";
    write(
        &home,
        file,
        "inherits = 'dark'\nkey = '#ffffff'\ndim = '#404040'\n",
    );
    let path = home.path(file).display().to_string();
    for theme in ["mine", path.as_str()] {
        let ran = home.run(&["theme", "check", theme]);
        ran.exits(2);
        assert!(
            ran.err.contains("mine.toml:3: `dim` on `background`"),
            "{ran:#?}"
        );
    }
    // A file of the name of a built-in theme inherits from that one.
    write(
        &home,
        "config/cycleboard/themes/dark.toml",
        "inherits = 'dark'\n",
    );
    for theme in ["dark", "nord", "terminal"] {
        home.run(&["theme", "check", theme]).exits(0);
    }
    write(&home, file, "inherits = 'yours'\n");
    write(
        &home,
        "config/cycleboard/themes/yours.toml",
        "inherits = 'mine'\n",
    );
    let ran = home.run(&["theme", "check", "mine"]);
    ran.exits(2);
    assert!(ran.err.contains("inherits from itself"), "{ran:#?}");
    let ran = home.run(&["theme", "list"]);
    ran.exits(0);
    assert!(ran.out.lines().any(|line| line == "yours"), "{ran:#?}");
    // A file that lies elsewhere is no other theme of its name.
    write(&home, "work/my.toml", "inherits = 'my'\n");
    let ran = home.run(&["theme", "check", "my.toml"]);
    ran.exits(2);
    assert!(ran.err.contains("inherits from itself"), "{ran:#?}");
}

#[test]
fn roles_without_a_colour_are_told_in_one() {
    let home = Home::new();
    let file = "config/cycleboard/themes/mine.toml";
    write(&home, file, "text = '#ffffff'\n");
    let ran = home.run(&["theme", "check", "mine"]);
    ran.exits(2);
    assert!(ran.err.contains("theme `mine` lacks "), "{ran:#?}");
    assert!(ran.err.contains("`background`") && ran.err.contains("`stale`"));
    assert_eq!(ran.err.matches("hint: ").count(), 1, "{ran:#?}");
    write(&home, file, "");
    let ran = home.run(&["theme", "check", "mine"]);
    ran.exits(2);
    assert!(ran.err.contains("has no colour for any role"), "{ran:#?}");
    assert_eq!(ran.err.lines().count(), 2, "{ran:#?}");
}

#[test]
fn a_theme_of_ones_own_is_checked_with_its_lines_used_or_not() {
    let home = Home::new();
    let file = "config/cycleboard/themes/mine.toml";
    let good = std::fs::read_to_string("themes/dark.toml").unwrap();
    let line = |role: &str| {
        let at = good.lines().position(|line| line.starts_with(role));
        at.unwrap() + 1
    };
    let stale = line("stale");
    write(&home, file, &good.replace("\nstale", "\nstael"));
    refused_with(
        &home,
        file,
        &[
            &format!("error: F:{stale}: theme `mine` has no role `stael`"),
            "hint: did you mean `stale`?",
        ],
    );
    let calm = line("calm");
    let bad: Vec<&str> = good
        .lines()
        .map(|l| {
            if l.starts_with("calm") {
                "calm = \"greenish\""
            } else {
                l
            }
        })
        .collect();
    write(&home, file, &bad.join("\n"));
    refused_with(
        &home,
        file,
        &[
            &format!("error: F:{calm}: theme `mine`, role `calm`: `greenish` is no colour"),
            "hint: colours are written `#rrggbb`, `bright-red` or `terminal`",
        ],
    );
    // All that is wrong is told at once, line by line.
    write(&home, file, &bad.join("\n").replace("\nstale", "\nstael"));
    let ran = home.run(&["theme", "check", "mine"]);
    ran.exits(2);
    let told = |line: usize, what: &str| ran.err.find(&format!(":{line}: theme `mine`{what}"));
    let (odd, unknown) = (
        told(calm, ", role `calm`"),
        told(stale, " has no role `stael`"),
    );
    assert!(odd.is_some() && unknown.is_some(), "{ran:#?}");
    assert_eq!(odd < unknown, calm < stale, "{ran:#?}");
    write(&home, file, "calm = \"#ffffff\"\nstale = ");
    let ran = home.run(&["config", "check"]);
    ran.exits(2)
        .complains("mine.toml:2: theme `mine` cannot be read");
    write(&home, file, &format!("\u{feff}{good}"));
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn a_store_that_cannot_be_made_is_told() {
    let home = Home::new();
    home.configure("[store]\nurl = \"sqlite:///dev/null/deep/board.db\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: `url` of the store: `/dev/null` is no directory",
            "hint: name a file that you may write, or leave `url` out",
        ],
    );
}

#[test]
fn files_that_a_source_names_are_opened() {
    let tls = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/tls");
    let home = Home::new();
    write(&home, "odd.pem", "no certificate");
    let odd = home.path("odd.pem").display().to_string();
    let source = |name: &str, more: &str| {
        format!("[[source]]\nname = \"{name}\"\nkind = \"github\"\nrepos = [\"a/b\"]\n{more}\n")
    };
    let text = [
        source("a", &format!("ca_file = \"{tls}/ca.pem\"")),
        source("b", "ca_file = \"/nowhere/ca.pem\""),
        source("c", &format!("ca_file = \"{odd}\"")),
        source("d", "ca_file = \"~/ca.pem\""),
        source("e", &format!("ca_file = \"{tls}\"")),
        source("f", &format!("token_command = [\"{odd}\", \"x\"]")),
        source("g", "token_command = [\"no-such-program\"]"),
        "[notify]\ndesktop = \"command\"\ncommand = [\"bin/tell\"]\n".to_owned(),
    ];
    home.configure(&text.concat());
    let ran = home.run(&["config", "check"]);
    ran.exits(2);
    for words in [
        "config.toml:10: `ca_file`: the certificate file `/nowhere/ca.pem` cannot be read: No",
        "hint: name a file that holds certificates in PEM form",
        "config.toml:15: `ca_file`: ",
        "odd.pem` holds no certificate in PEM form",
        "config.toml:20: `ca_file`: the certificate file `~/ca.pem` cannot be read",
        "hint: `~` is not read as your home here: write the path in full",
        "config.toml:25: `ca_file`: ",
        "is no file",
        "config.toml:30: `token_command`: you may not start `",
        "/bin/tell` cannot be started",
        "config.toml:38: `command`: `/",
        "hint: it is looked for in the folder of the configuration file",
    ] {
        assert!(ran.err.contains(words), "no `{words}` in {}", ran.err);
    }
    assert_eq!(ran.err.matches("error: ").count(), 6, "{}", ran.err);
    home.configure(&source("a", &format!("ca_file = \"{tls}/ca.pem\"")));
    home.run(&["config", "check"]).exits(0);
}

#[test]
fn every_mistake_of_the_keys_is_told_with_its_line() {
    let home = Home::new();
    home.configure("[keys]\nquti = \"q\"\n\nzoom = \"hyper-x\"\nsort = [\"ctrl-i\"]\nquit = []\n");
    let written = "hint: keys are written like `j`, `G`, `ctrl-d`, `f5`, `pgdn` or `g b`";
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: `quti` in `[keys]` is no command",
            "hint: did you mean `quit`?",
            "error: F:4: `zoom` in `[keys]`: `hyper-x` names no key",
            written,
            "error: F:5: `sort` in `[keys]`: terminals send `ctrl-i` as `tab`",
            written,
            "error: F:6: `quit` needs a key",
            "hint: leave it out of `[keys]` to keep its own",
        ],
    );
    home.configure("[keys]\nzoom = \"s\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: the key `s` stands for `zoom` and for `sort`",
            "hint: give `sort` another key in `[keys]` as well, or none: `sort = []`",
        ],
    );
    // Two that change places are no clash.
    home.configure("[keys]\nzoom = \"s\"\nsort = \"z\"\n");
    home.run(&["config", "check"]).exits(0);
    home.run(&["config", "keys"])
        .exits(0)
        .prints("board\n")
        .prints(" zoom ");
    let listed = home.run(&["config", "keys"]).exits(0).out.clone();
    assert_eq!(listed, home.run(&["keys"]).exits(0).out, "one list");
    home.configure("[keys]\nflyaway = \"s\"\n");
    refused_with(
        &home,
        FILE,
        &[
            "error: F:2: `flyaway` in `[keys]` is no command",
            "hint: `cycleboard keys` and `?` on the board list all commands",
        ],
    );
}

#[test]
fn files_that_are_none_are_refused_and_odd_ones_read() {
    let home = Home::new();
    let file = home.path("other.toml");
    let named = |home: &Home| {
        let name = file.display().to_string();
        home.run(&["--config", &name, "config", "check"])
    };
    named(&home).exits(2).complains("cannot read");
    write(&home, "other.toml", &format!("# {}", "x".repeat(10 << 20)));
    named(&home).exits(2).complains("is larger than 1024 KiB");
    write(&home, "other.toml", "\u{feff}[ui]\r\ntheme = \"light\"\r\n");
    named(&home).exits(0);
    write(&home, "other.toml", "\u{feff}[ui]\r\nthem = \"light\"\r\n");
    named(&home)
        .exits(2)
        .complains("other.toml:2:1: unknown key");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    named(&home).exits(2).complains("is not a file");
    // An empty variable is none.
    let output = home
        .command(&["config", "check"])
        .env("CYCLEBOARD_CONFIG", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let output = home
        .command(&["config", "check"])
        .env("CYCLEBOARD_CONFIG", &file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

fn write(home: &Home, file: &str, text: &str) {
    let path = home.path(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    crate::support::env::set_mode(&path, 0o600);
}
