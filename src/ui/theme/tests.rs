//! Themes: complete, readable, different, and refused with a hint.

use super::*;

fn builtin(name: &str) -> Theme {
    Theme::builtin(name, ColorDepth::True, Glyphs::Unicode).unwrap()
}

fn colors(name: &str) -> [u32; COUNT] {
    let (_, text) = BUILTIN.iter().find(|(known, _)| *known == name).unwrap();
    parse_colors(name, text).unwrap()
}

fn luminance(rgb: u32) -> f64 {
    let linear = palette::channels(rgb).map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

const STATUSES: [Role; 7] = [
    Role::Failed,
    Role::Blocked,
    Role::Waiting,
    Role::Unknown,
    Role::Active,
    Role::Idle,
    Role::Calm,
];

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
fn text_can_be_read_on_every_ground() {
    for (name, _) in BUILTIN {
        let colors = colors(name);
        let of = |role: Role| colors[role as usize];
        for (role, ..) in ROLES {
            if role.is_ground() {
                continue;
            }
            let least = if *role == Role::Border { 3.0 } else { 4.5 };
            let grounds: &[Role] = if *role == Role::SelectionText {
                &[Role::Selection]
            } else if *role == Role::BannerText {
                &[Role::Banner]
            } else {
                &[Role::Background, Role::Surface]
            };
            for ground in grounds {
                let found = contrast(of(*role), of(*ground));
                assert!(
                    found >= least,
                    "{name}: {role:?} on {ground:?} has {found:.2}"
                );
            }
        }
    }
}

#[test]
fn high_contrast_keeps_its_promise() {
    let colors = colors("high-contrast");
    for role in STATUSES
        .into_iter()
        .chain([Role::Text, Role::Dim, Role::Stale])
    {
        assert!(
            contrast(colors[role as usize], colors[0]) >= 7.0,
            "{role:?}"
        );
    }
}

#[test]
fn statuses_look_different_in_every_theme() {
    for (name, _) in BUILTIN {
        let colors = colors(name);
        for (at, a) in STATUSES.iter().enumerate() {
            for b in &STATUSES[at + 1..] {
                let [x, y] = [a, b].map(|role| palette::channels(colors[*role as usize]));
                let apart = palette::distance(x, y);
                assert!(apart > 35 * 35, "{name}: {a:?} and {b:?} are {apart} apart");
            }
        }
    }
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
            assert_eq!(rgb, depth == ColorDepth::True);
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
    let error = Theme::parse("mine", text, ColorDepth::True, Glyphs::Unicode).unwrap_err();
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
    assert_eq!(builtin("dark").name(), "dark");
}
