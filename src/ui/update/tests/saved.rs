//! Saved views and the words of the palette, by keys.

use crate::config::ColumnConfig;
use crate::domain::arrange::{Arrangement, Group, Order, SavedView};
use crate::domain::stage::Stage;
use crate::ui::effect::Effect;
use crate::ui::overlay::Overlay;
use crate::ui::state::View;
use crate::ui::testing::Screen;

fn view(name: &str, filter: &str, columns: &[Stage]) -> SavedView {
    SavedView {
        name: name.to_owned(),
        shows: Arrangement {
            filter: filter.to_owned(),
            columns: columns.to_vec(),
            ..Arrangement::default()
        },
    }
}

fn screen() -> Screen {
    let mut screen = Screen::new(120, 40, 100);
    screen.state.saved.given = vec![
        view("red", "is:red", &[]),
        view("shipping", "", &[Stage::Release, Stage::Deploy]),
    ];
    screen.draw();
    screen
}

fn toasts(effects: &[Effect]) -> Vec<&str> {
    let texts = effects.iter().filter_map(|effect| {
        if let Effect::Toast(text) = effect {
            Some(text.as_str())
        } else {
            None
        }
    });
    texts.collect()
}

/// Types a line into the palette and runs it.
fn run(screen: &mut Screen, line: &str) -> Vec<Effect> {
    screen.press(":");
    screen.type_text(line);
    screen.press("enter")
}

#[test]
fn tabs_are_gone_through_and_the_whole_board_is_one_of_them() {
    let mut screen = screen();
    let all = screen.state.rows.shown;
    screen.press("}");
    assert_eq!(screen.state.saved.current.as_deref(), Some("red"));
    assert_eq!(screen.state.filter.query.text(), "is:red");
    assert!(screen.state.rows.shown < all);
    screen.press("}");
    assert_eq!(screen.state.saved.current.as_deref(), Some("shipping"));
    let shown = |columns: &[ColumnConfig]| -> Vec<Stage> {
        columns.iter().map(|column| column.stage).collect()
    };
    assert_eq!(
        shown(&screen.state.options.columns),
        [Stage::Release, Stage::Deploy]
    );
    assert!(screen.text().contains("1 Release") && !screen.text().contains("Plan"));
    screen.press("}");
    assert_eq!(screen.state.saved.current, None);
    assert_eq!(screen.state.options.columns.len(), 8);
    screen.press("{ esc");
    assert_eq!(screen.state.saved.current, None, "esc leaves a view");
    assert_eq!(screen.state.rows.shown, all);
}

#[test]
fn a_view_keeps_the_selection_of_its_columns() {
    let mut screen = screen();
    screen.press("6 j j");
    let selected = screen.state.focused().unwrap().selected.clone();
    assert!(selected.is_some());
    run(&mut screen, "view shipping");
    assert_eq!(screen.state.board.focus, 1);
    assert_eq!(screen.state.focused().unwrap().selected, selected);
    run(&mut screen, "whole-board");
    assert_eq!(screen.state.board.focus, 5);
    assert_eq!(screen.state.focused().unwrap().selected, selected);
}

#[test]
fn a_changed_view_has_a_mark_and_is_saved_under_another_name() {
    let mut screen = screen();
    run(&mut screen, "view red");
    assert!(!screen.state.is_changed());
    screen.press("s S");
    assert!(screen.state.is_changed());
    assert!(screen.text().contains(" red* "), "{}", screen.text());
    let refused = run(&mut screen, "save red");
    assert!(toasts(&refused)[0].contains("in your configuration"));
    let effects = run(&mut screen, "save mine");
    let saved = SavedView {
        name: "mine".to_owned(),
        shows: Arrangement {
            filter: "is:red".to_owned(),
            columns: Vec::new(),
            group: Group::Service,
            order: Order::Oldest,
        },
    };
    let kept = Effect::KeepView("mine".to_owned(), Some(saved));
    assert_eq!(effects[0], kept);
    assert!(!screen.state.is_changed());
    assert!(screen.text().contains(" mine"));
    let effects = run(&mut screen, "delete mine");
    assert_eq!(effects[0], Effect::KeepView("mine".to_owned(), None));
    assert!(toasts(&effects)[0].ends_with("u brings it back"));
    assert_eq!(screen.press("u")[0], kept);
    assert_eq!(
        screen.press("u")[0],
        Effect::KeepView("mine".to_owned(), None)
    );
    assert!(toasts(&screen.press("u"))[0].contains("nothing to take back"));
    assert!(toasts(&run(&mut screen, "delete red"))[0].contains("your configuration"));
}

#[test]
fn a_number_goes_to_its_view_from_anywhere() {
    let mut screen = screen();
    screen.press("g o");
    run(&mut screen, "view red");
    assert_eq!(screen.state.view, View::Board);
    let told = super::super::saved::number(&mut screen.state, 7);
    assert!(toasts(&told)[0].contains("no saved view 8"));
}

#[track_caller]
fn nothing_called(line: &str, expected: &str) {
    let mut screen = screen();
    let effects = run(&mut screen, line);
    assert_eq!(toasts(&effects), [expected], "{line}");
}

#[test]
fn what_nothing_is_called_gets_the_nearest() {
    nothing_called(
        "theme zolarized-dork",
        "no theme is called `zolarized-dork`; did you mean `theme solarized-dark`?",
    );
    nothing_called(
        "view shpiping",
        "no saved view is called `shpiping`; did you mean `view shipping`?",
    );
    nothing_called(
        "sort oldets",
        "no order is called `oldets`; did you mean `sort oldest`?",
    );
    nothing_called(
        "snooze xyzzy",
        "`xyzzy` is no time: `activity`, `2h`, `tomorrow` or a day of the week",
    );
    nothing_called(
        "sort qqqq",
        "no order is called `qqqq`; there are urgent, oldest, newest, age, person, repo",
    );
    nothing_called(
        "filter is:rad",
        "`is` does not know `rad` at column 4; did you mean `red`?",
    );
    nothing_called("qiut", "nothing is called `qiut`; did you mean `quit`?");
    nothing_called("delete ", "`delete` wants name");
    nothing_called("zzzzzzzz", "nothing is called `zzzzzzzz`");
}

#[test]
fn what_is_no_view_gets_those_that_there_are() {
    let mut screen = screen();
    let told = toasts(&run(&mut screen, "view nope")).join("");
    let expected = "no saved view is called `nope`; there are red, shipping, ";
    assert!(told.starts_with(expected) && told.ends_with('…'), "{told}");
}

#[test]
fn a_card_is_pinned_by_a_name_or_its_beginning_and_not_by_its_letters() {
    nothing_called(
        "pin tset",
        "no column is called `tset`; did you mean `pin Test`?",
    );
    nothing_called(
        "pin ode",
        "no column is called `ode`; did you mean `pin Code`?",
    );
    for line in ["pin test", "pin te", "pin Verify", "pin to stage test"] {
        let mut screen = screen();
        let effects = run(&mut screen, line);
        assert!(matches!(effects[0], Effect::Pin(_)), "{line}: {effects:?}");
    }
    // The word alone still asks.
    let mut screen = screen();
    assert_eq!(run(&mut screen, "pin"), []);
    assert!(matches!(
        screen.state.overlays.last(),
        Some(Overlay::Pin(_))
    ));
}

#[test]
fn words_take_arguments() {
    let mut screen = screen();
    run(&mut screen, "stage deploy");
    assert_eq!(screen.state.board.focus, 5);
    run(&mut screen, "sort age");
    assert_eq!(screen.state.board.order, Order::Age);
    run(&mut screen, "lanes label:team/*");
    assert_eq!(screen.state.board.group, Group::Label("team/".to_owned()));
    run(&mut screen, "lanes person");
    assert_eq!(screen.state.board.group, Group::Person);
    run(&mut screen, "repo acme/api");
    assert_eq!(screen.state.filter.query.text(), "repo:acme/api");
    let effects = run(&mut screen, "theme light");
    assert_eq!(effects[0], Effect::SetTheme("light".to_owned()));
}

fn line(screen: &Screen) -> String {
    let Some(Overlay::Palette(open)) = screen.state.overlays.last() else {
        panic!("no palette");
    };
    open.list.input.value().to_owned()
}

#[test]
fn tab_completes_and_up_recalls() {
    let mut screen = screen();
    run(&mut screen, "sort newest");
    run(&mut screen, "view red");
    screen.press(":");
    screen.type_text("sav");
    screen.press("tab");
    assert_eq!(line(&screen), "save ");
    screen.press("esc : up");
    assert_eq!(line(&screen), "view red");
    screen.press("up");
    assert_eq!(line(&screen), "sort newest");
    screen.press("up");
    assert_eq!(line(&screen), "sort newest", "there is nothing before");
    screen.press("down");
    assert_eq!(line(&screen), "view red");
    screen.press("enter");
    assert_eq!(screen.state.saved.current.as_deref(), Some("red"));
    // A word without its argument stays open for it.
    screen.press(":");
    screen.type_text("delete");
    screen.press("enter");
    assert_eq!(line(&screen), "delete ");
}

#[test]
fn a_click_on_a_tab_goes_there() {
    use ratatui::crossterm::event::{Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut screen = screen();
    let click = |screen: &mut Screen, column: u16| {
        screen.event(&Event::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column,
            row: 2,
            modifiers: KeyModifiers::NONE,
        }))
    };
    drop(click(&mut screen, 7));
    assert_eq!(screen.state.saved.current.as_deref(), Some("red"));
    drop(click(&mut screen, 1));
    assert_eq!(screen.state.saved.current, None);
    drop(click(&mut screen, 100));
    assert_eq!(screen.state.saved.current, None);
}

#[test]
fn columns_of_the_configuration_are_taken_over_and_a_view_keeps_its_own() {
    let mut screen = screen();
    let titled = |stage: Stage, title: &str| ColumnConfig {
        title: title.to_owned(),
        ..ColumnConfig::of(stage)
    };
    let shown = |screen: &Screen| -> Vec<(Stage, String)> {
        let columns = screen.state.options.columns.iter();
        columns.map(|it| (it.stage, it.title.clone())).collect()
    };
    screen.press("l");
    let selected = |screen: &Screen| {
        let shown = screen.state.selected(&screen.snapshot);
        shown.map(|it| it.key())
    };
    let chosen = selected(&screen);
    assert!(chosen.is_some());
    let told = vec![titled(Stage::Code, "Create"), titled(Stage::Deploy, "Ship")];
    screen.state.tell_columns(told);
    screen.draw();
    let both = [
        (Stage::Code, "Create".to_owned()),
        (Stage::Deploy, "Ship".to_owned()),
    ];
    assert_eq!(shown(&screen), both);
    assert_eq!(selected(&screen), chosen, "the card stays selected");
    // A view that names columns shows those, in the words of the configuration.
    screen.press("}");
    screen.press("}");
    let told = vec![titled(Stage::Deploy, "Out"), titled(Stage::Code, "Code")];
    screen.state.tell_columns(told);
    screen.draw();
    let own = [
        (Stage::Release, "Release".to_owned()),
        (Stage::Deploy, "Out".to_owned()),
    ];
    assert_eq!(shown(&screen), own);
    assert!(!screen.state.is_changed());
}
