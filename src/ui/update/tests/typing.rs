//! What is typed: the palette, the search of help, the filter.

use super::*;
use crate::ui::command::Command;
use crate::ui::overlay::Action;
use crate::ui::update::palette::Best;

#[test]
fn the_palette_runs_what_it_finds() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press(":");
    screen.type_text("theme light");
    assert_eq!(
        screen.press("enter")[0],
        Effect::SetTheme("light".to_owned())
    );
    screen.press(":");
    screen.type_text("stage deploy");
    screen.press("enter");
    assert_eq!(screen.state.board.focus, 5);
    screen.press(":");
    screen.type_text("source github");
    screen.press("enter");
    assert_eq!(screen.state.view, View::Sources);
    screen.press("g b :");
    screen.type_text("mobile#74");
    screen.press("enter");
    let Some(Shown::Item { item, .. }) = screen.state.selected(&screen.snapshot) else {
        panic!("a card");
    };
    assert_eq!(item.key.as_str(), "acme/mobile#74");
    screen.press(":");
    screen.type_text("quit");
    assert_eq!(screen.press("enter"), [Effect::Quit]);
}

#[test]
fn the_palette_goes_to_a_card_inside_a_train() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press(":");
    screen.type_text("mobile#69");
    screen.press("enter");
    let Some(Shown::Item { item, inside: true }) = screen.state.selected(&screen.snapshot) else {
        panic!("a card inside its train");
    };
    assert_eq!(item.key.as_str(), "acme/mobile#69");
}

#[test]
fn a_view_is_found_first_by_its_word() {
    for (word, command) in [
        ("flow", Command::ViewFlow),
        ("past", Command::ViewReplay),
        ("log", Command::ViewTriage),
        ("people", Command::ByPerson),
        ("board", Command::ViewBoard),
        ("triage", Command::ViewTriage),
        ("standup", Command::ViewStandup),
        ("attention", Command::ViewAttention),
        ("sources", Command::ViewSources),
        ("wall", Command::Wall),
        ("flow-w", Command::FlowWindow),
    ] {
        let mut screen = Screen::new(140, 40, 96);
        screen.press(":");
        screen.type_text(word);
        let Some(Overlay::Palette(palette)) = screen.state.overlays.last() else {
            panic!("a palette");
        };
        assert_eq!(palette.entries[0].action, Action::Run(command), "{word}");
    }
}

#[test]
fn words_go_before_scattered_letters() {
    let mut best = Best::new("past", 9);
    for text in ["api#1 pa st", "api#2 The past", "api#3 pasta"] {
        best.offer_text(text, "card", || Action::Filter(text.to_owned()));
    }
    let texts: Vec<String> = best.entries().into_iter().map(|it| it.text).collect();
    assert_eq!(texts, ["api#2 The past", "api#3 pasta", "api#1 pa st"]);
}

#[test]
fn what_the_palette_does_not_know_is_said() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press(":");
    screen.type_text("zzzqqq");
    let effects = screen.press("enter");
    assert_eq!(
        effects,
        [Effect::Toast("nothing is called `zzzqqq`".to_owned())]
    );
}

#[test]
fn help_runs_the_selected_command() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("? /");
    screen.type_text("stop the program");
    assert_eq!(screen.press("enter"), [Effect::Suspend]);
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn help_is_searched_in_every_place() {
    for place in ["g b", "g f", "g a", "g s", "g m", "g r", "g o", "g b i"] {
        let mut screen = Screen::new(140, 40, 96);
        screen.press(place);
        let view = screen.state.view;
        // The first one of a view of metrics tells what these mean.
        let is_open =
            |screen: &Screen| matches!(screen.state.overlays.last(), Some(Overlay::Help(_)));
        screen.press("?");
        if !is_open(&screen) {
            screen.press("?");
        }
        assert!(is_open(&screen), "{place}");
        screen.press("/");
        screen.type_text("stop the program");
        let text = screen.text();
        assert!(text.contains("ctrl-z"), "{place}: {text}");
        assert!(!text.contains("Half a page down"), "{place}: {text}");
        screen.press("esc esc");
        assert_eq!(screen.state.view, view, "{place}");
    }
}

#[test]
fn a_filter_is_kept_by_enter_and_given_up_by_esc() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("/");
    screen.type_text("stage:code");
    assert!(screen.text().contains("12 of 96"), "{}", screen.text());
    screen.press("enter");
    assert_eq!(screen.state.filter.query.text(), "stage:code");
    assert_eq!(screen.state.rows.shown, 12);
    screen.press("/");
    screen.type_text(" status:review");
    assert_eq!(screen.state.filter.query.text(), "stage:code status:review");
    screen.press("esc");
    assert_eq!(screen.state.filter.query.text(), "stage:code");
    screen.press("/ ctrl-u up");
    let Some(Overlay::Filter(line)) = screen.state.overlays.last() else {
        panic!("the line is open");
    };
    assert_eq!(line.input.value(), "stage:code", "from the history");
    screen.press("esc esc");
    assert_eq!(
        screen.state.filter.query.text(),
        "",
        "esc on the board takes it away"
    );
}

#[test]
fn a_wrong_filter_stays_open_and_what_was_understood_in_force() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("/");
    screen.type_text("status:failed statsu:x");
    assert_eq!(screen.state.filter.query.text(), "status:failed");
    screen.press("enter");
    let Some(Overlay::Filter(line)) = screen.state.overlays.last() else {
        panic!("the line stays open");
    };
    assert!(line.error.is_some());
    assert_eq!(
        line.input.cursor(),
        "status:failed statsu".len(),
        "after the wrong word"
    );
}

#[track_caller]
fn stays_in_force(typed: &str, in_force: &str) {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("/");
    screen.type_text(typed);
    assert_eq!(screen.state.filter.query.text(), in_force, "{typed}");
    let text = screen.text();
    assert!(text.contains("invalid: "), "{typed}: {text}");
    assert!(!text.contains("no card matches"), "{typed}: {text}");
    let head = text.lines().next().unwrap();
    assert!(!head.contains("invalid"), "{typed}: {head}");
}

#[test]
fn a_filter_that_is_half_typed_does_not_empty_the_board() {
    stays_in_force("status:", "");
    stays_in_force("is:rd", "");
    stays_in_force("-is:red status:fai", "-is:red");
    stays_in_force("-is:red -status:", "-is:red");
    stays_in_force("(-is:red or status:", "");
}

#[test]
fn a_wrong_term_in_the_middle_leaves_those_around_it_in_force() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("/");
    screen.type_text("-is:red age:>1h");
    screen.press("ctrl-a");
    screen.type_text("status: ");
    assert_eq!(screen.state.filter.query.text(), "-is:red age:>1h");
}

#[test]
fn esc_in_the_filter_gives_the_cursor_back_whatever_was_typed() {
    for typed in [
        "status:",
        "zzz",
        "author:zzz",
        "stage:plan",
        "status:failed",
    ] {
        let mut screen = Screen::new(140, 40, 96);
        screen.press("3 j j");
        let before = screen.state.focused().unwrap().selected.clone();
        let text = screen.text();
        screen.press("/");
        screen.type_text(typed);
        screen.press("esc");
        assert_eq!(screen.state.focused().unwrap().selected, before, "{typed}");
        assert_eq!(screen.text(), text, "{typed}");
    }
}

#[test]
fn a_card_that_passes_the_filter_has_the_cursor_after_texts_that_list_nothing() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press("3 j j");
    let before = screen.state.focused().unwrap().selected.clone();
    screen.press("/");
    screen.type_text("stage:plan");
    screen.press("ctrl-u");
    screen.type_text("stage:build");
    screen.press("enter");
    assert_eq!(screen.state.focused().unwrap().selected, before);
}

#[test]
fn a_kept_filter_has_a_card_selected_wherever_the_cursor_was() {
    for (size, keys, filter, column) in [
        ((140, 40), "2", "stage:operate", 6),
        ((80, 24), "1", "stage:operate", 6),
        ((80, 24), "8", "stage:plan", 0),
        ((80, 24), "2", "stage:code", 1),
        ((40, 10), "2", "stage:deploy..monitor", 5),
    ] {
        let mut screen = Screen::new(size.0, size.1, 96);
        screen.press(keys);
        screen.press("/");
        screen.type_text(filter);
        screen.press("enter");
        assert_eq!(screen.state.board.focus, column, "{filter}");
        assert!(screen.state.selected(&screen.snapshot).is_some());
        let plan = screen.state.plan();
        assert!(plan.slot(column).is_some(), "{filter}: it is open");
        let text = screen.text();
        assert!(text.contains('▌'), "{filter}: {text}");
    }
    // Where nothing at all passes, the cursor stays.
    let mut screen = Screen::new(80, 24, 96);
    screen.press("3 /");
    screen.type_text("zzz");
    screen.press("enter");
    assert_eq!(screen.state.board.focus, 2);
}

#[test]
fn tab_completes_words_of_the_language_and_names_of_the_board() {
    let mut screen = Screen::new(140, 40, 96);
    let mut completed = |typed: &str| {
        screen.press("/ ctrl-u");
        screen.type_text(typed);
        screen.press("tab");
        let Some(Overlay::Filter(line)) = screen.state.overlays.last() else {
            panic!("the line is open");
        };
        let text = line.input.value().to_owned();
        screen.press("esc");
        text
    };
    assert_eq!(completed("hol"), "holder:");
    assert_eq!(completed("status:fai"), "status:failed");
    assert_eq!(completed("holder:che"), "holder:chen");
    assert_eq!(
        completed("is:stuck service:bil"),
        "is:stuck service:billing"
    );
    assert_eq!(completed("zzz"), "zzz");
}

#[test]
fn the_palette_finds_a_command_by_its_key() {
    let mut screen = Screen::new(140, 40, 96);
    for key in ["q", "ctrl-l"] {
        screen.press(":");
        screen.type_text(key);
        let Some(Overlay::Palette(palette)) = screen.state.overlays.last() else {
            panic!("the palette");
        };
        let expected = if key == "q" { "close" } else { "redraw" };
        assert_eq!(palette.entries[0].text, expected);
        screen.press("esc");
    }
}

#[test]
fn what_can_be_done_here_comes_first_and_other_places_are_named() {
    let mut screen = Screen::new(140, 40, 96);
    screen.press(":");
    screen.type_text("t");
    let Some(Overlay::Palette(palette)) = screen.state.overlays.last() else {
        panic!("no palette");
    };
    let at = |name: &str| palette.entries.iter().position(|entry| entry.text == name);
    let times = at("times");
    assert_ne!(times, Some(0));
    assert!(at("top") < times || times.is_none());
    screen.press("esc :");
    screen.type_text("times");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("triage  t"));
    assert!(line.is_some_and(|line| line.contains(" times ")), "{text}");
}
