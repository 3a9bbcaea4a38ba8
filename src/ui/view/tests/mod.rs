//! Frames: pictures of text, styles apart, bytes, and laws for every size.

mod arranged;
mod bytes;
mod depths;
mod empty;
mod matrix;
mod overlays;
mod terminal;
mod words;

use std::fmt::Write as _;

use chrono::TimeDelta;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use crate::config::ColumnConfig;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::engine::snapshot::{Health, Snapshot};
use crate::ui::encode::Dialect;
use crate::ui::rows::Shown;
use crate::ui::sample;
use crate::ui::state::UiOptions;
use crate::ui::testing::Screen;
use crate::ui::theme::{ColorDepth, Glyphs, Role, Theme};
use crate::ui::view::next_change;

/// A terminal that erases with the ground that is in force, as most do.
const ERASES: Dialect = Dialect {
    erases: true,
    sixteen: false,
};

/// Returns what a cell shows, whether it is a link or not.
fn plain(symbol: &str) -> &str {
    crate::ui::link::split(symbol).map_or(symbol, |(_, text)| text)
}

/// Returns the places of all cells but those that a wide character covers: nobody sees them.
fn places(buffer: &Buffer) -> Vec<(u16, u16)> {
    let mut all = Vec::new();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            all.push((x, y));
            x += crate::ui::text::width(plain(buffer[(x, y)].symbol())).max(1);
        }
    }
    all
}

/// Takes a picture of the screen after some keys.
fn picture(name: &str, (width, height): (u16, u16), cards: usize, keys: &str) {
    let mut screen = Screen::new(width, height, cards);
    if !keys.is_empty() {
        screen.press(keys);
    }
    insta::assert_snapshot!(name, screen.text());
}

const SIZES: [(u16, u16); 6] = [
    (40, 10),
    (80, 24),
    (120, 40),
    (140, 40),
    (200, 60),
    (300, 80),
];

#[test]
fn the_board_folds_with_the_screen() {
    for (width, height) in SIZES {
        picture(&format!("board_{width}x{height}"), (width, height), 160, "");
    }
}

#[test]
fn the_detail_finds_its_place() {
    for (width, height) in SIZES {
        picture(
            &format!("detail_{width}x{height}"),
            (width, height),
            160,
            "4 j enter j",
        );
    }
}

#[test]
fn too_small_a_screen_says_what_counts_in_one_line() {
    picture("tiny_29x5", (29, 5), 48, "");
    picture("tiny_20x1", (20, 1), 48, "");
}

#[track_caller]
fn too_small(width: u16, height: u16, text: &str) {
    let screen = Screen::new(width, height, 48);
    assert_eq!(screen.text().trim_end(), text);
}

#[test]
fn what_is_said_on_a_screen_that_is_too_small_is_never_cut() {
    too_small(20, 5, "48 cards 8 red\nneeds 30 x 6");
    too_small(20, 4, "48 cards 8 red\nneeds 30 x 6");
    too_small(11, 3, "✖8\ntoo small");
    too_small(5, 2, "✖8\nsmall");
    too_small(4, 2, "✖8");
    too_small(1, 1, "✖");
}

#[test]
fn the_age_of_the_data_is_told_on_a_narrow_screen() {
    for banner in [None, Some("simulated data".to_owned())] {
        let mut screen = Screen::new(40, 10, 96);
        screen.state.options.banner = banner;
        screen.draw();
        let text = screen.text();
        let head = text.lines().next().unwrap_or_default().trim_end();
        let last: Vec<&str> = head.split_whitespace().rev().take(2).collect();
        assert!(last[0].starts_with(|c: char| c.is_ascii_digit()), "{head}");
        assert!(!head.contains('…'), "{head}");
    }
}

#[test]
fn the_reason_line_is_never_covered_by_a_message() {
    for (width, height) in [(80, 24), (140, 40), (220, 55)] {
        let mut screen = Screen::new(width, height, 96);
        screen.press("3 j");
        let line = |screen: &Screen| {
            let text = screen.text();
            text.lines()
                .nth(usize::from(height) - 2)
                .unwrap()
                .to_owned()
        };
        let before = line(&screen);
        assert!(before.contains("because"), "{before}");
        let long = "the store cannot be written: ".repeat(20);
        screen.state.notify_error(long, screen.now);
        screen.state.notify("opened the page", screen.now);
        screen.draw();
        assert_eq!(line(&screen), before);
        let text = screen.text();
        let last = text.lines().last().unwrap();
        assert!(
            last.contains("opened the page (1 older, M lists them)"),
            "{last}"
        );
        assert!(last.contains("enter open"), "{last}");
        let body = screen.text();
        assert_eq!(body.matches("cannot be written").count(), 0);
    }
}

#[test]
fn a_message_is_seen_whole_at_every_width() {
    let short = "opened the page";
    let long = "cannot re-run failed jobs: nothing is changed with `--read-only`, nor by a command";
    let longer = format!("{long}; the source says why, and there is more of it than one line");
    for width in [80, 100, 120, 160] {
        for text in [short, long, &longer] {
            for is_error in [false, true] {
                let mut screen = Screen::new(width, 40, 96);
                screen.press("3 j");
                if is_error {
                    screen.state.notify_error(text, screen.now);
                } else {
                    screen.state.notify(text, screen.now);
                }
                screen.draw();
                let all = screen.text();
                let lines: Vec<&str> = all.lines().collect();
                let (reason, last) = (lines[38].trim(), lines[39].trim());
                if text.len() + 2 > usize::from(width) {
                    assert_eq!(format!("{reason} {last}"), text, "{width}: {all}");
                } else {
                    assert!(last.ends_with(text), "{width}: {all}");
                    assert!(reason.contains("because"), "{width}: {all}");
                }
            }
        }
    }
}

#[test]
fn a_refused_action_is_told_at_every_width() {
    for width in [80, 100, 120, 160] {
        let (mut screen, shell) = crate::ui::testing::triage::opened(width, 40);
        let why = "nothing is changed with `--read-only`, nor by a command that prints";
        for capability in &mut screen.snapshot.sources[0].capabilities {
            capability.state = crate::engine::snapshot::CapabilityState::Missing(why.into());
        }
        screen.arrive();
        shell.press(&mut screen, "F");
        let all = screen.text();
        let lines: Vec<&str> = all.lines().skip(38).map(str::trim).collect();
        let told = format!("cannot re-run failed jobs: {why}");
        assert!(lines.join(" ").ends_with(&told), "{width}: {all}");
        assert!(lines[1].ends_with("prints"), "{width}: {all}");
    }
}

#[test]
fn another_order_stays_on_the_screen() {
    for (width, height) in [(40, 10), (80, 24), (140, 40)] {
        let mut screen = Screen::new(width, height, 96);
        let head = |screen: &Screen| screen.text().lines().next().unwrap().to_owned();
        assert!(!head(&screen).contains("first"));
        screen.press("s");
        assert!(head(&screen).contains("oldest first"), "{}", head(&screen));
        screen.press("s s s s s");
        assert!(!head(&screen).contains("first"), "{}", head(&screen));
    }
}

#[test]
fn the_filter_in_force_stays_on_the_screen_with_its_count() {
    for (width, height) in [(40, 10), (80, 24), (140, 40)] {
        let options = UiOptions {
            banner: Some("simulated data".to_owned()),
            ..UiOptions::default()
        };
        let mut screen = Screen::with(width, height, sample::snapshot(96), options);
        screen.press("/");
        screen.type_text("status:failed");
        screen.press("enter s");
        for keys in ["l", "g o"] {
            screen.press(keys);
            let head = screen.text().lines().next().unwrap().to_owned();
            assert!(head.contains(" of 96"), "{head}");
            assert!(head.contains("/sta"), "{head}");
        }
    }
}

#[test]
fn triage_lists_all_that_is_red_and_claims_no_filter() {
    let mut screen = Screen::new(120, 40, 96);
    screen.press("/");
    screen.type_text("status:blocked");
    screen.press("enter");
    let head = |screen: &Screen| screen.text().lines().next().unwrap().to_owned();
    assert!(
        head(&screen).contains("/status:blocked"),
        "{}",
        head(&screen)
    );
    screen.state.view = crate::ui::state::View::Triage;
    screen.draw();
    let told = head(&screen);
    assert!(told.contains("96 cards  16 red"), "{told}");
    assert!(!told.contains('/') && !told.contains("hidden"), "{told}");
}

#[test]
fn without_asking_no_source_is_said_to_start() {
    let mut empty = sample::snapshot(0);
    empty.sources = vec![sample::source("github", Health::Starting)];
    empty.sources[0].last_success = None;
    empty.sources[0].message = None;
    for (width, height) in [(40, 10), (80, 24), (140, 40)] {
        let options = UiOptions {
            offline: true,
            ..UiOptions::default()
        };
        let mut screen = Screen::with(width, height, empty.clone(), options);
        for keys in ["j", "g o"] {
            screen.press(keys);
            let text = screen.text();
            assert!(text.contains("never fetched"), "{text}");
            assert!(text.contains("offline"), "{text}");
            for wrong in ["starting", "loading", "asking"] {
                assert!(!text.contains(wrong), "{wrong} in\n{text}");
            }
        }
    }
}

#[test]
fn ascii_is_ascii() {
    let mut screen = Screen::new(80, 24, 96);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.press("3 j p");
    screen.press("?");
    let strange: String = screen
        .text()
        .chars()
        .filter(|c| !c.is_ascii() && !c.is_alphabetic())
        .collect();
    assert_eq!(strange, "", "besides the letters of titles");
    screen.press("esc");
    insta::assert_snapshot!("board_ascii_80x24", screen.text());
}

#[test]
fn an_empty_board_says_why_and_what_to_do() {
    let mut empty = sample::snapshot(0);
    empty.sources = vec![sample::source("github", Health::Auth)];
    let screen = Screen::with(80, 24, empty.clone(), UiOptions::default());
    let text = screen.text();
    for part in [
        "signed out",
        "rejected the token",
        "check the token",
        "`g o`",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    empty.sources = vec![sample::source("github", Health::Starting)];
    empty.sources[0].message = None;
    let screen = Screen::with(80, 24, empty.clone(), UiOptions::default());
    assert!(
        screen
            .text()
            .contains("asking the sources for the first time")
    );
    assert!(screen.text().contains("loading 1 of 1 source"));
    empty.sources = vec![sample::source("github", Health::Ok)];
    let screen = Screen::with(80, 24, empty.clone(), UiOptions::default());
    assert!(screen.text().contains("no work is under way"));
    empty.sources[0].facts = 0;
    empty.sources[0].message = None;
    let screen = Screen::with(80, 24, empty.clone(), UiOptions::default());
    for part in ["nothing came from github", "cycleboard doctor"] {
        assert!(screen.text().contains(part), "{part} in\n{}", screen.text());
    }
    empty.sources.clear();
    let screen = Screen::with(80, 24, empty, UiOptions::default());
    assert!(screen.text().contains("no source is configured"));
}

#[test]
fn an_empty_column_says_why() {
    let mut snapshot = sample::snapshot(16);
    snapshot.columns[5].rows = Vec::new().into();
    snapshot.columns[5].count = 0;
    snapshot.columns[5].empty_because = Some("no source reports deployments".into());
    let screen = Screen::with(140, 40, snapshot, UiOptions::default());
    assert!(screen.text().contains("no source"), "{}", screen.text());
}

fn head_of(screen: &Screen) -> String {
    screen.text().lines().next().unwrap().trim_end().to_owned()
}

#[test]
fn counts_are_of_what_is_shown_and_hidden_red_is_told() {
    let two = UiOptions {
        columns: UiOptions::default().columns.into_iter().take(2).collect(),
        ..UiOptions::default()
    };
    for (width, hidden) in [
        (140, "27 red in hidden columns"),
        (80, "27 red in hidden columns"),
        (40, "27 red hidden"),
    ] {
        let screen = Screen::with(width, 24, sample::snapshot(160), two.clone());
        let head = head_of(&screen);
        assert!(head.contains("40 of 160"), "{head}");
        assert!(head.contains(hidden), "{head}");
    }
    let mut screen = Screen::new(140, 24, 160);
    screen.press("/");
    screen.type_text("stage:test");
    screen.press("enter");
    let head = head_of(&screen);
    assert!(head.contains("20 of 160 cards"), "{head}");
    assert!(head.contains(" 7 red  20 red hidden"), "{head}");
    screen.press("/ ctrl-u");
    screen.type_text("stage:plan");
    screen.press("enter");
    let head = head_of(&screen);
    assert!(head.contains(" 27 red hidden"), "{head}");
    assert!(!head.contains(" 0 red"), "{head}");
}

#[test]
fn a_heading_keeps_its_total_and_what_is_red() {
    let mut snapshot = sample::snapshot(160);
    snapshot.columns[6].count = 240;
    for (width, expected) in [(140, " 7 Opera… 240 ✖7"), (200, " 7 Operate 240 ✖7")] {
        let screen = Screen::with(width, 40, snapshot.clone(), UiOptions::default());
        assert!(screen.text().contains(expected), "{}", screen.text());
    }
    let mut screen = Screen::new(140, 40, 160);
    screen.press("/");
    screen.type_text("stage:test");
    screen.press("enter");
    let text = screen.text();
    for expected in [" 4 Test 20 ✖7", " 5 Rele… 0 of 20"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn only_a_column_that_hides_cards_says_of_how_many_it_shows() {
    let mut screen = Screen::new(200, 40, 160);
    screen.press("2 g g x");
    let text = screen.text();
    assert!(text.contains(" 2 Code 19 of 20"), "{text}");
    assert!(text.contains(" 4 Test 20 "), "{text}");
    assert!(!text.contains("20 of 20"), "{text}");
}

#[test]
fn a_narrow_screen_keeps_the_number_of_red_cards() {
    let options = UiOptions {
        banner: Some("simulated data".to_owned()),
        ..UiOptions::default()
    };
    let mut snapshot = sample::snapshot(160);
    snapshot.columns[6].count = 1_240;
    let screen = Screen::with(40, 10, snapshot, options);
    let text = screen.text();
    assert!(head_of(&screen).contains("✖27"), "{text}");
    let strip = text.lines().nth(1).unwrap();
    for part in ["T✖7 ", "D✖7 ", "O✖7 ", "M✖6"] {
        assert!(strip.contains(part), "{part} in {strip}");
    }
}

#[test]
fn a_source_without_a_token_says_so() {
    let mut snapshot = sample::snapshot(16);
    snapshot.sources[0].token_from = "none".to_owned();
    let screen = Screen::with(80, 24, snapshot, UiOptions::default());
    assert!(
        screen.text().contains("ok 3m no token"),
        "{}",
        screen.text()
    );
}

#[test]
fn a_number_without_a_column_says_how_many_there_are() {
    let two = UiOptions {
        columns: UiOptions::default().columns.into_iter().take(2).collect(),
        ..UiOptions::default()
    };
    let mut screen = Screen::with(80, 24, sample::snapshot(96), two);
    screen.press("5");
    let text = screen.text();
    assert!(text.contains("no column 5: `columns` shows 2"), "{text}");
}

#[test]
fn simulated_data_is_marked_on_every_size() {
    for (width, height) in SIZES {
        let options = UiOptions {
            banner: Some("simulated data".to_owned()),
            ..UiOptions::default()
        };
        let screen = Screen::with(width, height, sample::snapshot(40), options);
        assert!(screen.text().contains("simulated data"), "{width}x{height}");
    }
}

#[test]
fn a_column_over_its_limit_says_so() {
    let mut options = UiOptions::default();
    options.columns[1] = ColumnConfig {
        wip: Some(8),
        ..options.columns[1].clone()
    };
    let screen = Screen::with(140, 40, sample::snapshot(72), options);
    assert!(screen.text().contains("Code 9/8!"));
}

#[test]
fn what_needs_me_is_counted_where_i_am_known() {
    let options = UiOptions {
        me: vec!["Chen".to_owned()],
        ..UiOptions::default()
    };
    let screen = Screen::with(80, 24, sample::snapshot(96), options);
    assert!(screen.text().contains(" 3 need you"), "{}", screen.text());
}

#[test]
fn data_that_is_too_old_is_marked_and_has_no_status_colour() {
    let mut screen = Screen::new(80, 24, 96);
    screen.now += TimeDelta::hours(2);
    screen.draw();
    let text = screen.text();
    assert!(text.contains("old 2h"), "{text}");
    let failed = screen.theme.style(Role::Failed).fg;
    let body = |buffer: &Buffer| {
        (4..20)
            .flat_map(|y| (0..58).map(move |x| (x, y)))
            .filter(|at| buffer[*at].style().fg == failed)
            .count()
    };
    assert_eq!(body(screen.buffer()), 0);
}

#[test]
fn a_card_that_was_never_confirmed_is_old() {
    let mut snapshot = sample::snapshot(8);
    snapshot.confirmed = std::sync::Arc::default();
    let screen = Screen::with(140, 40, snapshot, UiOptions::default());
    assert_eq!(screen.text().matches(" old").count(), 8);
}

/// Lists the runs of equal style in a row: text and what is special about it.
fn styles(screen: &Screen, y: u16, to: u16) -> String {
    let theme = &screen.theme;
    let names = [
        (Role::Failed, "failed"),
        (Role::Blocked, "blocked"),
        (Role::Waiting, "waiting"),
        (Role::Key, "key"),
        (Role::Dim, "dim"),
        (Role::Title, "title"),
        (Role::Accent, "accent"),
        (Role::SelectionText, "selected"),
    ];
    let mut out = String::new();
    let mut last = None;
    for x in 0..to {
        let cell = &screen.buffer()[(x, y)];
        let style = (cell.fg, cell.bg, cell.modifier);
        if last != Some(style) {
            last = Some(style);
            let name = names
                .iter()
                .find(|(role, _)| theme.style(*role).fg == Some(cell.fg))
                .map_or("text", |(_, name)| *name);
            let reversed = cell.modifier.contains(Modifier::REVERSED);
            let _ = write!(out, "[{name}{}]", if reversed { " reversed" } else { "" });
        }
        out.push_str(cell.symbol());
    }
    out
}

#[test]
fn the_focus_is_marked_in_the_heading_and_the_selection_on_one_line() {
    let mut screen = Screen::new(80, 24, 96);
    assert_eq!(
        styles(&screen, 2, 19),
        "[accent reversed] 1 Plan [dim]12[text]         "
    );
    assert_eq!(styles(&screen, 4, 19), "[selected]▌■ auth#73       1d");
    assert_eq!(
        styles(&screen, 7, 19),
        "[blocked] ■[key] mobile#49     [dim]1d"
    );
    screen.press("j");
    assert_eq!(
        styles(&screen, 4, 19),
        "[blocked] ■[key] auth#73       [dim]1d"
    );
    assert_eq!(styles(&screen, 7, 19), "[selected]▌■ mobile#49     1d");
}

#[test]
fn without_colour_the_selection_is_reversed() {
    let mut screen = Screen::new(80, 24, 96);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Unicode).unwrap();
    screen.draw();
    for cell in screen.buffer().content() {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
    assert!(
        screen.buffer()[(0, 4)]
            .modifier
            .contains(Modifier::REVERSED)
    );
    assert!(
        !screen.buffer()[(0, 5)]
            .modifier
            .contains(Modifier::REVERSED)
    );
}

#[test]
fn the_cursor_of_the_terminal_is_on_the_selected_card() {
    let mut screen = Screen::new(80, 24, 96);
    screen.press("2 j");
    screen
        .terminal
        .backend_mut()
        .assert_cursor_position((20, 7));
}

#[test]
fn a_wrong_filter_is_underlined_and_the_last_good_one_stays() {
    let mut screen = Screen::new(80, 24, 96);
    screen.press("/");
    screen.type_text("status:failed atuhor:chen");
    let underlined: String = (0..80)
        .filter(|x| {
            screen.buffer()[(*x, 22)]
                .modifier
                .contains(Modifier::UNDERLINED)
        })
        .map(|x| screen.buffer()[(x, 22)].symbol().to_owned())
        .collect();
    assert_eq!(underlined, "atuhor");
    let text = screen.text();
    assert!(
        text.contains("invalid: ") && text.contains("did you mean `author`?"),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[22].trim_end().ends_with(" invalid"),
        "no count: {}",
        lines[22]
    );
    let caret = lines[22].find("atuhor").unwrap();
    assert_eq!(lines[23], format!("{}^^^^^^", " ".repeat(caret)));
}

#[test]
fn what_may_follow_is_listed_after_a_moment() {
    let mut screen = Screen::new(80, 24, 96);
    screen.press("g");
    assert!(!screen.text().contains("Go to the board"));
    let due = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
    assert_eq!(due, screen.now + TimeDelta::milliseconds(300));
    screen.now = due;
    screen.draw();
    assert!(
        screen.text().contains("Go to the board"),
        "{}",
        screen.text()
    );
}

#[test]
fn nothing_changes_before_the_next_change() {
    let mut screen = Screen::new(140, 40, 96);
    for _ in 0..50 {
        let before = screen.buffer().clone();
        let next = next_change(&screen.state, &screen.snapshot, screen.now).unwrap();
        assert!(next > screen.now);
        screen.now = next - TimeDelta::milliseconds(1);
        screen.draw();
        assert_eq!(*screen.buffer(), before, "before {next}");
        screen.now = next;
        screen.draw();
    }
}

#[test]
fn messages_go_away_by_themselves_and_errors_stay() {
    let mut screen = Screen::new(80, 24, 96);
    screen
        .state
        .notify_error("the store is read-only", screen.now);
    screen.state.notify("opened the page", screen.now);
    screen.draw();
    assert!(screen.text().contains("opened the page"));
    screen.now += TimeDelta::seconds(4);
    screen.draw();
    assert!(!screen.text().contains("opened the page"));
    assert!(screen.text().contains("the store is read-only"));
    screen.press("esc");
    assert!(!screen.text().contains("the store is read-only"));
    screen.press("M");
    assert!(screen.text().contains("the store is read-only"));
}

#[test]
fn an_opened_train_lists_its_changes() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("5 g g");
    let before = screen.state.rows.lines(4).len();
    let trains = (0..before).find(|at| {
        matches!(
            screen.state.line(&screen.snapshot, 4, *at),
            Some(Shown::Train { .. })
        )
    });
    let at = trains.unwrap();
    for _ in 0..at {
        screen.press("j");
    }
    screen.press("enter");
    assert_eq!(screen.state.rows.lines(4).len(), before + 3);
    assert!(screen.text().contains("▾ 3 changes"), "{}", screen.text());
    screen.press("j enter");
    assert!(screen.state.detail().is_some());
    screen.press("esc k enter");
    assert_eq!(screen.state.rows.lines(4).len(), before);
}
