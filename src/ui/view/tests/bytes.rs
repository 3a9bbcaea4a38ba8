//! What a move of the selection costs on its way to the terminal, view by view; links included.

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Cell;

use super::*;
use crate::domain::attention::{Attention, Limit, Watcher};
use crate::ui::encode::shrink;
use crate::ui::state::View;
use crate::ui::testing::{flow, replay, standup, triage};

/// The most bytes that a move of the selection may cost.
const MOST: usize = 600;

/// Returns the bytes that take the terminal from one picture to the next, as the screen sends them.
fn sent(before: &Buffer, after: &Buffer) -> usize {
    force_color_output(true);
    let cells: Vec<(u16, u16, &Cell)> = before.diff_iter(after).collect();
    if cells.is_empty() {
        return 0;
    }
    let mut bytes = Vec::new();
    {
        let mut backend = CrosstermBackend::new(&mut bytes);
        match shrink(&cells, true) {
            Some(fewer) => backend
                .draw(fewer.iter().map(|(x, y, cell)| (*x, *y, cell)))
                .unwrap(),
            None => backend.draw(cells.into_iter()).unwrap(),
        }
        Backend::flush(&mut backend).unwrap();
    }
    bytes.len()
}

/// A screen that shows a view, and somebody who presses a key as the shell would answer it.
pub(super) type Shown = (Screen, Box<dyn FnMut(&mut Screen, &str)>);

pub(super) fn shown(view: View, (width, height): (u16, u16)) -> Shown {
    let of_board = |keys: &str| -> Shown {
        let mut screen = Screen::new(width, height, 400);
        screen.press(keys);
        (screen, Box::new(|screen, key| drop(screen.press(key))))
    };
    match view {
        View::Board => of_board("2 j j"),
        View::Attention => {
            let mut snapshot = sample::snapshot(400);
            let mut watcher = Watcher::new(Attention {
                limits: vec![Limit::of_column(Stage::Code, 2)],
                ..Attention::default()
            });
            let items: Vec<_> = snapshot.items().cloned().collect();
            watcher.refresh(&items, &[], sample::moment());
            snapshot.attention = watcher.board();
            let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
            screen.press("g a");
            assert!(screen.state.attention.lines.len() > 3);
            (screen, Box::new(|screen, key| drop(screen.press(key))))
        }
        View::Sources => {
            let mut snapshot = sample::snapshot(8);
            for name in ["ghe", "ci", "monitor"] {
                snapshot.sources.push(sample::source(name, Health::Stale));
            }
            let mut screen = Screen::with(width, height, snapshot, UiOptions::default());
            screen.press("g o");
            (screen, Box::new(|screen, key| drop(screen.press(key))))
        }
        View::Triage => {
            let (screen, shell) = triage::opened(width, height);
            let press = move |screen: &mut Screen, key: &str| drop(shell.press(screen, key));
            (screen, Box::new(press))
        }
        View::Standup => {
            let (screen, mut shell) = standup::opened(width, height);
            let press = move |screen: &mut Screen, key: &str| drop(shell.press(screen, key));
            (screen, Box::new(press))
        }
        View::Flow => {
            let screen = flow::screen(width, height, 200);
            (screen, Box::new(Screen::measure))
        }
        View::Replay => {
            let (screen, mut projector) = replay::screen(width, height, 60);
            let press = move |screen: &mut Screen, key: &str| drop(projector.press(screen, key));
            (screen, Box::new(press))
        }
    }
}

const LARGE: [(u16, u16); 3] = [(80, 24), (200, 60), (300, 80)];

/// Presses keys in a view at each size, after some others, and tells what costs too much.
fn costs(view: View, before: &str, keys: &str, most: impl Fn(usize) -> usize) -> String {
    let mut told = String::new();
    for size in LARGE {
        let (mut screen, mut press) = shown(view, size);
        screen.state.links = true;
        screen.draw();
        assert_eq!(screen.state.view, view);
        for key in before.split_whitespace() {
            press(&mut screen, key);
        }
        for key in keys.split(' ') {
            let before = screen.buffer().clone();
            press(&mut screen, key);
            let changed = before.diff_iter(screen.buffer()).count();
            let cost = sent(&before, screen.buffer());
            if cost > most(changed) {
                let _ = writeln!(
                    told,
                    "{view:?} at {size:?}, {key}: {cost} bytes, {changed} cells"
                );
            }
        }
    }
    told
}

#[test]
fn a_move_of_the_selection_costs_few_bytes_in_every_view() {
    let lists = [
        (View::Board, "", "j j k l h"),
        (View::Attention, "", "j j k"),
        (View::Triage, "tab", "j j k"),
        (View::Flow, "enter", "j j k"),
        (View::Replay, "", "j k l h"),
    ];
    let told: String = lists
        .into_iter()
        .map(|(view, before, keys)| costs(view, before, keys, |_| MOST))
        .collect();
    assert!(told.is_empty(), "{told}");
}

/// Where what is selected is shown at large, it is another page: the cells that changed, and
/// little more.
#[test]
fn another_page_costs_its_cells_and_little_more() {
    let pages = [
        (View::Triage, "j j k"),
        (View::Standup, "j j k"),
        (View::Flow, "j j k"),
        (View::Sources, "j k"),
    ];
    let told: String = pages
        .into_iter()
        .map(|(view, keys)| costs(view, "", keys, |changed| MOST + changed * 6))
        .collect();
    assert!(told.is_empty(), "{told}");
}

#[test]
fn nothing_is_sent_where_nothing_changed_in_every_view() {
    for view in View::ALL {
        for size in LARGE {
            let (mut screen, _) = shown(view, size);
            screen.state.links = true;
            screen.draw();
            let before = screen.buffer().clone();
            screen.draw();
            screen.arrive();
            assert_eq!(sent(&before, screen.buffer()), 0, "{view:?} at {size:?}");
        }
    }
}
