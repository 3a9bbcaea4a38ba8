//! Themes: complete, readable, different, and refused with a hint.

use super::*;

fn sheet(name: &str) -> Sheet {
    read(name, builtin(name).unwrap()).unwrap()
}

fn read(name: &str, text: &str) -> Result<Sheet, ThemeError> {
    Sheet::read(name, text, |base| Ok(builtin(base).map(str::to_owned)))
}

#[test]
fn every_theme_file_has_a_row() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("themes");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let mut rows: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
    files.sort();
    rows.sort_unstable();
    assert_eq!(files, rows);
}

#[test]
fn every_theme_that_comes_with_the_program_can_be_read() {
    for (name, _) in BUILTIN {
        let faults: Vec<String> = faults(&sheet(name)).iter().map(Fault::to_string).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

#[test]
fn what_is_hard_to_read_is_told_with_its_numbers() {
    let text = format!(
        "inherits = 'dark'\ndim = '#333333'\nborder = '#222222'\ncalm = '{}'\n",
        "#ff7a4d"
    );
    let faults = faults(&read("mine", &text).unwrap());
    let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        told,
        [
            "`dim` on `background` has a contrast of 1.42, 4.5 is needed",
            "`dim` on `surface` has a contrast of 1.24, 4.5 is needed",
            "`border` on `background` has a contrast of 1.12, 3 is needed",
            "`border` on `surface` has a contrast of 1.00, 3 is needed",
            "`failed` and `calm` look alike",
        ]
    );
    assert_eq!(faults.last().map(Fault::role), Some("calm"));
}

#[test]
fn high_contrast_keeps_its_promise() {
    let sheet = sheet("high-contrast");
    let rgb = |role: Role| match sheet.ink(role) {
        Some(Ink::Rgb(rgb)) => rgb,
        other => panic!("{role:?} is {other:?}"),
    };
    for (role, ..) in ROLES.iter().filter(|(role, ..)| !role.is_ground()) {
        if !matches!(role, Role::Border | Role::SelectionText | Role::BannerText) {
            let found = palette::contrast(rgb(*role), rgb(Role::Background));
            assert!(found >= 7.0, "{role:?} has {found:.2}");
        }
    }
}

#[test]
fn greyscale_has_no_hue() {
    for (role, ..) in ROLES {
        let Some(Ink::Rgb(rgb)) = sheet("greyscale").ink(*role) else {
            panic!("{role:?} has no number");
        };
        let [red, green, blue] = palette::channels(rgb);
        assert_eq!((red, green), (green, blue), "{role:?}");
    }
}

#[test]
fn the_theme_of_the_terminal_asks_for_no_other_colour() {
    for depth in [ColorDepth::True, ColorDepth::Ansi256, ColorDepth::Ansi16] {
        let theme = Theme::builtin("terminal", depth, Glyphs::Unicode).unwrap();
        let sixteen = Theme::builtin("dark", ColorDepth::Ansi16, Glyphs::Unicode).unwrap();
        assert_eq!(theme.styles, sixteen.styles);
        assert_eq!(theme.depth(), ColorDepth::Ansi16, "logs too");
    }
    let text = "inherits = 'terminal'\nfailed = 'bright-magenta'\ncalm = '#00ff00'";
    let sheet = read("mine", text).unwrap();
    let theme = Theme::new(&sheet, ColorDepth::True, Glyphs::Unicode).unwrap();
    assert_eq!(theme.style(Role::Failed).fg, Some(Color::LightMagenta));
    assert_eq!(theme.style(Role::Calm).fg, Some(Color::Rgb(0, 255, 0)));
    assert_eq!(faults(&sheet), [], "what the terminal draws is not known");
}

#[test]
fn a_theme_says_only_what_it_changes() {
    let mine = read("mine", "inherits = 'nord'\nfailed = '#ff0000'").unwrap();
    let nord = sheet("nord");
    for (role, ..) in ROLES {
        let is_changed = mine.ink(*role) != nord.ink(*role);
        assert_eq!(is_changed, *role == Role::Failed, "{role:?}");
    }
    let error = read("mine", "inherits = 'nrod'").unwrap_err();
    assert_eq!(
        error.to_string(),
        "theme `mine` inherits from `nrod`, which is not there"
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean `nord`?"));
    let itself = |_: &str| Ok::<_, ThemeError>(Some("inherits = 'a'".to_owned()));
    let error = Sheet::read("a", "inherits = 'a'", itself).unwrap_err();
    assert!(
        error.to_string().contains("inherits from itself"),
        "{error}"
    );
}

#[test]
fn every_depth_has_every_role() {
    for depth in [
        ColorDepth::True,
        ColorDepth::Ansi256,
        ColorDepth::Ansi16,
        ColorDepth::Mono,
    ] {
        for (name, _) in BUILTIN {
            let theme = Theme::builtin(name, depth, Glyphs::Ascii).unwrap();
            let rgb = theme.styles.iter().any(|style| {
                matches!(style.fg, Some(Color::Rgb(..))) || matches!(style.bg, Some(Color::Rgb(..)))
            });
            let is_rgb = depth == ColorDepth::True && *name != "terminal";
            assert_eq!(rgb, is_rgb, "{name}");
        }
    }
}

#[test]
fn no_color_means_no_color_and_still_shows_selection_and_failure() {
    let theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Unicode).unwrap();
    for (role, ..) in ROLES {
        let style = theme.style(*role);
        assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
    }
    assert!(theme.selection().add_modifier.contains(Modifier::REVERSED));
    assert_ne!(theme.style(Role::Failed), theme.style(Role::Text));
}

#[test]
fn sixteen_colours_are_those_of_the_terminal() {
    let theme = Theme::builtin("light", ColorDepth::Ansi16, Glyphs::Unicode).unwrap();
    assert_eq!(theme.style(Role::Failed).fg, Some(Color::Red));
    assert_eq!(theme.ground(), Style::new());
}

#[track_caller]
fn refused(text: &str, message: &str, hint: &str) {
    let sheet = read("mine", text);
    let error = sheet.and_then(|sheet| sheet.inks()).unwrap_err();
    assert!(error.to_string().contains(message), "{error}");
    assert!(error.hint().unwrap().contains(hint));
}

#[test]
fn a_wrong_theme_is_refused_with_a_hint() {
    let (_, dark) = BUILTIN[0];
    refused("x = ", "cannot be read", "a theme is");
    refused(
        &format!("{dark}\nfaild = '#ffffff'"),
        "has no role `faild`",
        "`failed`",
    );
    refused(
        "text = '#ffffff'",
        "lacks the role `background`",
        "every role",
    );
    refused(
        &dark.replace("#14171c", "#14171"),
        "`#14171` is no colour",
        "#rrggbb",
    );
    let error = Theme::builtin("drak", ColorDepth::True, Glyphs::Unicode).unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean `dark`?"));
}

#[test]
fn the_cube_holds_its_own_colours() {
    assert_eq!(palette::to_256(0x0000_0000), Color::Indexed(16));
    assert_eq!(palette::to_256(0x00ff_ffff), Color::Indexed(231));
    assert_eq!(palette::to_256(0x00af_5f00), Color::Indexed(130));
    assert_eq!(palette::to_256(0x0080_8080), Color::Indexed(244));
}
