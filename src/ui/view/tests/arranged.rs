//! Frames of lanes and of saved views.

use crate::domain::arrange::{Arrangement, Group, SavedView};
use crate::domain::stage::Stage;
use crate::ui::testing::Screen;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

#[test]
fn lanes_go_across_the_columns() {
    for (width, height) in SIZES {
        let mut screen = Screen::new(width, height, 160);
        screen.press("S 3 j j");
        insta::assert_snapshot!(format!("lanes_{width}x{height}"), screen.text());
    }
}

#[test]
fn folded_lanes_keep_their_counts() {
    for (width, height) in [(80, 24), (200, 60)] {
        let mut screen = Screen::new(width, height, 160);
        screen.press("S S X j Z");
        insta::assert_snapshot!(format!("lanes_folded_{width}x{height}"), screen.text());
    }
}

#[test]
fn saved_views_have_tabs_where_there_is_room() {
    let view = |name: &str, filter: &str, columns: &[Stage]| SavedView {
        name: name.to_owned(),
        shows: Arrangement {
            filter: filter.to_owned(),
            columns: columns.to_vec(),
            group: Group::None,
            ..Arrangement::default()
        },
    };
    for (width, height) in SIZES {
        let mut screen = Screen::new(width, height, 160);
        screen.state.saved.given = vec![
            view("my reviews", "is:waiting", &[]),
            view(
                "shipping",
                "",
                &[Stage::Release, Stage::Deploy, Stage::Operate],
            ),
            view("支払い", "service:billing", &[]),
        ];
        screen.press("} } s");
        insta::assert_snapshot!(format!("tabs_{width}x{height}"), screen.text());
    }
}

#[test]
fn a_move_within_lanes_costs_few_bytes() {
    for (width, height) in [(80, 24), (200, 60)] {
        let mut screen = Screen::new(width, height, 160);
        screen.press("S 3 g g");
        for key in ["j", "j", "k"] {
            let before = screen.buffer().clone();
            screen.press(key);
            let changed = before.diff(screen.buffer()).len();
            assert!(
                changed < 400,
                "{changed} cells after {key} at {width}x{height}"
            );
        }
    }
}
