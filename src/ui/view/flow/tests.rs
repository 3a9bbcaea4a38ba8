//! Frames of every page, and laws for every size.

use proptest::prelude::*;

use crate::domain::key::RepoKey;
use crate::ui::flow::Page;
use crate::ui::testing::Screen;
use crate::ui::testing::flow::screen;
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

/// Goes to a page by its key.
fn turn_to(screen: &mut Screen, page: Page) {
    for _ in 0..page.index() {
        screen.measure("l");
    }
}

fn picture(page: Page, width: u16, height: u16, keys: &str) -> Screen {
    let mut screen = screen(width, height, 62);
    turn_to(&mut screen, page);
    if !keys.is_empty() {
        screen.measure(keys);
    }
    screen
}

#[test]
fn every_page_has_its_picture_in_two_sizes() {
    for page in Page::ALL {
        for (width, height) in [(80, 24), (200, 60)] {
            let screen = picture(page, width, height, "w");
            insta::assert_snapshot!(
                format!("flow_{}_{width}x{height}", page.title()),
                screen.text()
            );
        }
    }
}

#[test]
fn every_page_fits_a_small_screen() {
    for page in Page::ALL {
        let screen = picture(page, 60, 15, "w");
        insta::assert_snapshot!(format!("flow_{}_60x15", page.title()), screen.text());
    }
}

#[test]
fn what_lies_over_a_page_has_its_picture() {
    for (name, page, keys) in [
        ("behind", Page::Cycle, "w enter j j"),
        ("scopes", Page::Dora, "s down"),
        ("definitions", Page::Efficiency, "?"),
        ("service", Page::Dora, "w s down enter"),
    ] {
        let screen = picture(page, 80, 24, keys);
        insta::assert_snapshot!(format!("flow_{name}_80x24"), screen.text());
    }
}

#[test]
fn the_check_by_littles_law_rests_on_spans_and_tells_them_as_such() {
    let mut screen = picture(Page::Efficiency, 80, 24, "w j");
    let of_chart = |screen: &Screen| screen.text().lines().skip(8).collect::<Vec<_>>().join("\n");
    let chart = of_chart(&screen);
    assert!(chart.contains("work in progress"), "{chart}");
    let axis = chart
        .lines()
        .skip_while(|line| !line.contains("work in progress"));
    let axis: Vec<&str> = axis
        .skip(1)
        .map(|line| line.get(..8).unwrap_or(line))
        .collect();
    assert!(!axis.join(" ").contains('%'), "{chart}");
    assert!(axis.iter().any(|label| label.contains("0s")), "{chart}");
    screen.measure("enter");
    let list = of_chart(&screen);
    assert!(!list.contains(" %"), "{list}");
}

#[test]
fn what_is_counted_is_listed_with_what_it_is_and_when_it_was() {
    let lines = |page, keys| {
        let text = picture(page, 80, 24, keys).text();
        let list = text.lines().skip_while(|line| !line.contains(" behind "));
        let list: Vec<String> = list.skip(1).take(10).map(str::to_owned).collect();
        assert_eq!(list.len(), 10, "{text}");
        list
    };
    for line in lines(Page::Throughput, "w enter") {
        assert!(line.contains("live ") && !line.contains("/week"), "{line}");
    }
    for line in lines(Page::Calms, "w enter") {
        assert!(
            line.contains(" for ") && line.contains("reviewed "),
            "{line}"
        );
    }
}

#[test]
fn cards_of_a_long_name_keep_their_numbers_in_lists_of_flow() {
    let mut screen = picture(Page::Ageing, 80, 24, "w");
    let report = std::sync::Arc::make_mut(screen.state.flow.report.as_mut().unwrap());
    for line in std::sync::Arc::make_mut(&mut report.cards).values_mut() {
        let (_, number) = line.key.rsplit_once('#').unwrap();
        line.key = format!("acme/payments-and-invoices#11{number}")
            .as_str()
            .into();
        line.repo = Some(RepoKey::new("github.com", "acme/payments-and-invoices"));
    }
    screen.draw();
    let text = screen.text();
    assert!(text.contains(" payments-an~#1156"), "{text}");
    screen.measure("enter");
    let text = screen.text();
    assert!(text.contains("#1156 "), "{text}");
    assert!(!text.contains("acme/"), "{text}");
}

/// Paints a page again with other marks and colours.
fn plain(page: Page) -> Screen {
    let mut screen = picture(page, 80, 24, "w");
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.draw();
    screen
}

#[test]
fn every_page_is_drawn_in_ascii_and_without_colour() {
    for page in Page::ALL {
        let screen = plain(page);
        let text = screen.text();
        assert!(text.is_ascii(), "{}: {text}", page.title());
        let colours = screen.buffer().content().iter();
        let reset = ratatui::style::Color::Reset;
        assert!(
            colours
                .clone()
                .all(|cell| cell.fg == reset && cell.bg == reset)
        );
    }
    for page in [Page::Cycle, Page::Cumulative, Page::Throughput] {
        let name = format!("flow_{}_ascii_80x24", page.title());
        insta::assert_snapshot!(name, plain(page).text());
    }
}

#[test]
fn a_chart_is_never_made_of_braille() {
    for page in Page::ALL {
        let text = picture(page, 80, 24, "").text();
        assert!(!text.chars().any(|c| ('\u{2800}'..='\u{28ff}').contains(&c)));
    }
}

#[test]
fn without_history_no_number_is_shown_and_it_says_why() {
    for page in Page::ALL.into_iter().filter(|page| *page != Page::Calms) {
        let mut screen = screen(100, 30, 0);
        turn_to(&mut screen, page);
        let text = screen.text();
        assert!(text.contains("no history yet"), "{text}");
        assert!(text.contains("n/a"), "{text}");
        assert!(!text.contains(" 0 %") && !text.contains("0.0/"), "{text}");
    }
}

#[test]
fn where_little_is_known_points_are_shown_and_no_percentiles() {
    let mut screen = screen(80, 24, 4);
    screen.measure("w l");
    let text = screen.text();
    assert!(text.contains("too few"), "{text}");
    assert!(text.contains("fewer than five: points"), "{text}");
    assert!(!text.contains("p85 "), "{text}");
    assert!(text.contains('•'), "{text}");
}

#[test]
fn while_history_is_read_the_view_says_so() {
    let mut screen = Screen::new(80, 24, 8);
    screen.press("g m");
    let text = screen.text();
    assert!(
        text.contains("history is being read and measured"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_page_can_be_painted_in_every_size(
        width in 1_u16..220, height in 1_u16..64, page in 0_usize..9, cards in 0_usize..12,
        layer in 0_usize..4,
    ) {
        let mut screen = screen(width, height, cards);
        turn_to(&mut screen, Page::ALL[page]);
        screen.measure(["w", "enter", "s", "?"][layer]);
        screen.measure("j G pgup");
    }
}
