//! Pictures of the triage view, and laws of what it paints.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use crate::domain::action::ActionState;
use crate::ui::effect::Effect;
use crate::ui::testing::triage::{act, fresh, opened};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (140, 40), (220, 55)];

#[test]
fn the_view_has_a_shape_for_every_screen() {
    for (width, height) in SIZES {
        let (mut screen, shell) = opened(width, height);
        insta::assert_snapshot!(format!("cards_{width}x{height}"), screen.text());
        shell.press(&mut screen, "enter");
        insta::assert_snapshot!(format!("tree_{width}x{height}"), screen.text());
        shell.press(&mut screen, "e");
        insta::assert_snapshot!(format!("log_{width}x{height}"), screen.text());
    }
}

#[test]
fn a_search_and_wrapped_lines() {
    let (mut screen, shell) = opened(80, 24);
    shell.press(&mut screen, "l l / r e t r y _ enter w t");
    insta::assert_snapshot!("search_80x24", screen.text());
}

#[test]
fn the_menu_and_the_question() {
    for (width, height) in [(40, 10), (80, 24)] {
        let (mut screen, shell) = opened(width, height);
        shell.press(&mut screen, "a");
        insta::assert_snapshot!(format!("menu_{width}x{height}"), screen.text());
        let effects = shell.press(&mut screen, "f");
        let Some(Effect::Intend { id, .. }) = effects.first() else {
            panic!("{effects:?}");
        };
        act(&mut screen, id, ActionState::Ready(fresh()));
        insta::assert_snapshot!(format!("question_{width}x{height}"), screen.text());
    }
}

#[test]
fn wide_characters_and_long_lines_never_leave_their_part() {
    for width in (60..150).step_by(9) {
        let (mut screen, shell) = opened(width, 30);
        shell.press(&mut screen, "l l G ctrl-u ctrl-u");
        for keys in ["l", "l", "w", "h"] {
            shell.press(&mut screen, keys);
            let panes = crate::ui::update::triage::panes(&screen.state);
            let log = panes.log.unwrap();
            for y in log.top()..log.bottom() {
                let cell = &screen.buffer()[(log.x - 1, y)];
                assert_eq!(cell.symbol(), "│", "{width}: row {y}\n{}", screen.text());
            }
        }
    }
}

#[test]
fn without_colour_nothing_is_told_by_colour_alone() {
    let (mut screen, shell) = opened(140, 40);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    // A terminal of its own: what wide characters cover is not painted again.
    screen.terminal = Terminal::new(TestBackend::new(140, 40)).unwrap();
    shell.press(&mut screen, "e");
    let text = screen.text();
    assert!(text.is_ascii() || text.contains('支'), "{text}");
    let painted = screen.buffer().content().iter();
    let colours = painted.filter(|cell| {
        cell.fg != ratatui::style::Color::Reset || cell.bg != ratatui::style::Color::Reset
    });
    assert_eq!(colours.count(), 0);
    let reversed = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(Modifier::REVERSED);
    assert!(screen.buffer().content().iter().any(|cell| reversed(&cell)));
}
