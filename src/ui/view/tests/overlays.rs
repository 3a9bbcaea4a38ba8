//! What is drawn over the board.

use super::*;
use crate::engine::snapshot::RequestLine;

#[test]
fn overlays_are_drawn_over_the_board() {
    picture("help_80x24", (80, 24), 96, "?");
    picture("help_search_80x24", (80, 24), 96, "? / s o u r");
    picture("help_sources_80x24", (80, 24), 96, "g o ?");
    picture("palette_80x24", (80, 24), 96, ": t h e m e");
    picture("palette_card_80x24", (80, 24), 96, ": s p l i t");
    picture("filter_80x24", (80, 24), 96, "/ s t a t u s : f a i l");
    picture("messages_80x24", (80, 24), 96, "s s M");
    picture("overview_80x24", (80, 24), 96, "0");
    picture("overview_40x10", (40, 10), 96, "0");
    picture("themes_80x24", (80, 24), 96, "g t j");
    picture("pin_80x24", (80, 24), 96, "2 P");
    picture("zoom_80x24", (80, 24), 96, "3 z");
    picture("train_open_140x40", (140, 40), 96, "5 g g enter");
    picture("sources_80x24", (80, 24), 96, "g o");
    picture("sources_120x40", (120, 40), 96, "g o");
}

#[test]
fn help_scrolls_to_its_end_and_back() {
    for (width, height) in [(40, 10), (80, 24), (140, 40)] {
        let mut screen = Screen::new(width, height, 48);
        screen.press("? G");
        let text = screen.text();
        assert!(text.contains("Scroll what is told"), "{text}");
        screen.press("g g");
        assert!(screen.text().contains("1–8"), "{}", screen.text());
        screen.press("j k ctrl-d pgup q");
        assert_eq!(screen.state.overlays.len(), 0);
    }
}

#[test]
fn help_searches_only_after_a_slash() {
    let mut screen = Screen::new(80, 24, 48);
    screen.press("? j j");
    assert!(screen.text().contains("Focus the column"), "letters move");
    screen.press("/");
    screen.type_text("theme");
    let text = screen.text();
    assert!(
        text.contains("/theme") && text.contains("Next theme"),
        "{text}"
    );
    assert!(!text.contains("Focus the column"), "{text}");
    screen.press("esc");
    assert!(
        screen.text().contains("Focus the column"),
        "the search is left first"
    );
    screen.press("/");
    screen.type_text("qqq");
    assert!(screen.text().contains("no command is called like that"));
    screen.press("esc esc");
    assert_eq!(screen.state.overlays.len(), 0);
}

/// The words of a box on the screen, its borders and gaps taken away.
fn words_in_box(screen: &Screen) -> String {
    let text = screen.text();
    let inner = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once('│')?;
        let (inner, _) = rest.rsplit_once('│')?;
        Some(inner.trim())
    });
    let words: Vec<&str> = inner.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

#[test]
fn what_a_command_does_is_told_whole_in_eighty_columns() {
    for row in crate::ui::command::COMMANDS {
        // Those of a family are told in one line.
        if row.command.column().is_some() || row.command.saved_view().is_some() {
            continue;
        }
        let mut screen = Screen::new(80, 24, 8);
        screen.press("? /");
        screen.type_text(row.name);
        let told = words_in_box(&screen);
        let help = row.help.trim();
        // Behind the words of the first line stand the keys of none, so lines can be joined.
        assert!(told.contains(help), "{help}: {told}");
    }
}

#[test]
fn what_may_follow_a_key_is_told_whole_in_eighty_columns() {
    let mut screen = Screen::new(80, 24, 48);
    screen.press("g");
    screen.now += TimeDelta::seconds(1);
    screen.draw();
    let text = screen.text();
    let keymap = crate::ui::keymap::Keymap::default();
    let pressed = [crate::ui::chord::Chord::parse("g").unwrap()];
    for (_, command) in keymap.hints(screen.state.scope(), &pressed, Glyphs::Unicode) {
        assert!(text.contains(command.row().help.trim()), "{text}");
    }
}

#[test]
fn what_fails_at_present_is_told_before_the_messages_of_the_session() {
    let mut snapshot = sample::snapshot(8);
    let mut forge = sample::source("forge", Health::Failing);
    forge.message = Some("git.test answers 502 (bad gateway)".into());
    snapshot.sources.push(forge);
    let mut screen = Screen::with(80, 24, snapshot, UiOptions::default());
    screen.press("M");
    let told = words_in_box(&screen);
    let now = "now source forge failing: git.test answers 502 (bad gateway)";
    assert!(told.starts_with(now), "{told}");
    screen.snapshot.sources.clear();
    screen.draw();
    assert!(
        screen.text().contains("no message yet"),
        "{}",
        screen.text()
    );
}

#[test]
fn a_source_says_which_request_failed_and_how_far_its_clock_is_off() {
    let mut snapshot = sample::snapshot(8);
    let mut forge = sample::source("forge", Health::Stale);
    forge.failing = (1..=5)
        .map(|nth| {
            format!("runs of acme/api{nth}: no answer within 15 s")
                .as_str()
                .into()
        })
        .collect();
    forge.last_failed = Some(RequestLine {
        at: sample::moment() - TimeDelta::minutes(3),
        what: "GET /api/v4/projects/7/pipelines".into(),
        status: None,
        millis: 15_000,
        bytes: 0,
    });
    forge.ahead = Some(TimeDelta::minutes(-65));
    snapshot.sources = vec![forge];
    let mut screen = Screen::with(80, 40, snapshot, UiOptions::default());
    screen.press("g o");
    let text = screen.text();
    for words in [
        "runs of acme/api1: no answer within 15 s",
        "runs of acme/api3: no answer within 15 s",
        "and 2 more",
        "last failed   3m ago, no answer: GET /api/v4/projects/7/pipelines",
        "clock         1h5m behind the one here: times that it tells are off by that",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn the_palette_shows_names_and_keys_whole_and_the_help_of_the_selected_below() {
    use crate::ui::command::COMMANDS;
    for (cols, rows) in [(80, 24), (40, 12)] {
        let mut screen = Screen::new(cols, rows, 48);
        for row in COMMANDS
            .iter()
            .filter(|row| row.command.saved_view().is_none())
        {
            screen.press(":");
            screen.type_text(row.name);
            let text = screen.text();
            let lines: Vec<&str> = text.lines().collect();
            let from = lines.iter().position(|line| line.contains("find")).unwrap();
            let listed: Vec<&str> = lines[from + 2..].iter().map(|line| line.trim()).collect();
            let own = listed.iter().position(|line| line.contains(row.name));
            assert!(own.is_some(), "{}: {text}", row.name);
            // A word that is called the same comes first.
            let keys = screen.keymap.labels(row.command, screen.theme.glyphs());
            let needs = row.name.len() + keys.chars().count() + 2;
            if !keys.is_empty() && needs <= usize::from(cols) - 6 {
                let is_there = listed
                    .iter()
                    .any(|line| line.contains(row.name) && line.contains(&keys));
                assert!(is_there, "{} {keys}: {text}", row.name);
            }
            screen.press("esc");
        }
    }
    let mut screen = Screen::new(80, 24, 48);
    screen.press(":");
    screen.type_text("themes");
    let help = "Choose a theme; each is shown as soon as the cursor is on it";
    let text = screen.text();
    assert!(text.contains(help), "{text}");
}

#[test]
fn what_is_told_of_a_source_scrolls_to_its_end_and_back() {
    let mut snapshot = sample::snapshot(8);
    for nth in 0..14 {
        let name = format!("more{nth}");
        snapshot.sources.push(sample::source(&name, Health::Ok));
    }
    let mut screen = Screen::with(80, 24, snapshot, UiOptions::default());
    screen.press("g o");
    let top = screen.text();
    assert!(top.contains("↓"), "{top}");
    assert!(!top.contains("last requests"), "{top}");
    for _ in 0..40 {
        screen.press("J");
        screen.draw();
    }
    let end = screen.text();
    assert!(end.contains("GET /repos/acme/api/actions/runs"), "{end}");
    assert!(!end.contains("↓"), "{end}");
    screen.press("K");
    assert_ne!(screen.text(), end, "one line back is enough to see it");
    screen.press("j");
    assert!(
        !screen.text().contains("last requests"),
        "another source begins at its top"
    );
}

#[test]
fn a_list_of_themes_that_is_cut_says_how_many_are_below() {
    let mut screen = Screen::new(80, 12, 12);
    screen.press("g t");
    let text = screen.text();
    let rest = text.split_once('↓').map(|(_, rest)| rest);
    assert!(
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())),
        "{text}"
    );
    screen.press("G");
    let text = screen.text();
    assert!(text.contains('↑'), "{text}");
}

#[test]
fn a_long_message_is_whole_among_the_messages() {
    let mut screen = Screen::new(80, 24, 96);
    let text = format!("{} the end", "a word and ".repeat(20));
    screen.state.notify_error(text, screen.now);
    screen.press("M");
    assert!(screen.text().contains("the end"), "{}", screen.text());
}

#[test]
fn more_messages_than_there_is_room_for_end_at_the_border() {
    let mut screen = Screen::new(80, 24, 96);
    for nth in 0..30 {
        let text = format!("{nth}: {}", "a word and ".repeat(20));
        screen.state.notify_error(text, screen.now);
    }
    screen.press("M");
    let text = screen.text();
    let border = text.lines().filter(|line| line.starts_with('└'));
    let wanted = format!("└{}┘", "─".repeat(78));
    assert_eq!(border.collect::<Vec<_>>(), [wanted], "{text}");
}
