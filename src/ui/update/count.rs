//! Counts: `5 j` goes down five, `3 ]` three views on, `12 G` to the twelfth line.
//!
//! A count is typed before a command; what it means for one is said here, which digits begin one
//! is said by the keys. A command that cannot be repeated forgets it.

use crate::domain::Timestamp;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::keymap::sequence_label;
use crate::ui::state::UiState;
use crate::ui::update::{once, open, settle};

/// The largest count: what is more was typed by accident.
const MOST: u16 = 999;

/// Takes a digit of a count; `begins` says whether one may begin with it here.
pub(crate) fn digit(state: &mut UiState, digit: u16, begins: bool) -> bool {
    let so_far = match state.count {
        Some(count) => count,
        None if begins && digit > 0 => 0,
        None => return false,
    };
    state.count = Some(so_far.saturating_mul(10).saturating_add(digit).min(MOST));
    true
}

/// Carries a command out as often as the count says that was typed before it.
pub(crate) fn update_counted(
    state: &mut UiState,
    command: Command,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let count = state.count.take();
    state.refresh(snapshot, now);
    let seen_in = state.view.for_scope(command.row().scope);
    if seen_in != state.view {
        // Found in the palette: what it changes must be seen.
        open::view(state, seen_in);
    }
    let mut effects = match (command, count.filter(|count| *count > 0)) {
        (Command::Top | Command::Bottom, Some(line)) => {
            let mut effects = once(state, Command::Top, snapshot, now);
            let more = again(state, (Command::Down, line), snapshot, now);
            effects.extend(more);
            effects
        }
        (command, Some(count)) if repeats(command) => {
            let effects = once(state, command, snapshot, now);
            let more = again(state, (command, count), snapshot, now);
            joined(effects, more)
        }
        (command, _) => once(state, command, snapshot, now),
    };
    state.refresh(snapshot, now);
    effects.extend(settle(state, snapshot, now));
    effects
}

/// Carries a command out again, until the count is full or something opens that takes the keys.
fn again(
    state: &mut UiState,
    (command, count): (Command, u16),
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    let open = state.overlays.len();
    let mut effects = Vec::new();
    for _ in 1..count {
        if state.overlays.len() != open {
            break;
        }
        effects = joined(effects, once(state, command, snapshot, now));
    }
    effects
}

/// Joins what two steps asked for: what both ask for is asked once, and the last word counts.
fn joined(mut before: Vec<Effect>, after: Vec<Effect>) -> Vec<Effect> {
    let is_told = |effect: &Effect| matches!(effect, Effect::Toast(_));
    let tells = after.iter().any(is_told);
    before.retain(|effect| !(after.contains(effect) || (tells && is_told(effect))));
    before.extend(after);
    before
}

/// Returns whether a command moves, so that doing it several times means something.
fn repeats(command: Command) -> bool {
    use Command as C;
    [
        C::Down,
        C::Up,
        C::Left,
        C::Right,
        C::HalfPageDown,
        C::HalfPageUp,
        C::PageDown,
        C::PageUp,
        C::WindowLeft,
        C::WindowRight,
        C::NextUrgent,
        C::PreviousUrgent,
        C::PreviewDown,
        C::PreviewUp,
        C::AboutDown,
        C::AboutUp,
        C::NextError,
        C::PreviousError,
        C::NextHit,
        C::PreviousHit,
        C::NextTurn,
        C::PreviousTurn,
        C::Earlier,
        C::Later,
        C::DayEarlier,
        C::DayLater,
        C::NextPane,
        C::PreviousPane,
        C::NextView,
        C::PreviousView,
        C::NextTheme,
    ]
    .contains(&command)
}

/// Returns what was typed of a command so far, as it is shown: its count and its first keys.
pub(crate) fn begun(state: &UiState, glyphs: Glyphs) -> Option<String> {
    let keys = sequence_label(&state.pending, glyphs);
    match state.count {
        None if keys.is_empty() => None,
        None => Some(keys),
        // It was begun by its key, and no digit was typed yet.
        Some(0) => {
            let key = state.options.keymap.label(Command::Count, glyphs);
            Some(
                format!("{} {keys}", key.unwrap_or_default())
                    .trim()
                    .to_owned(),
            )
        }
        Some(count) => Some(format!("{count} {keys}").trim_end().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::state::View;
    use crate::ui::testing::Screen;

    fn at(screen: &Screen) -> (usize, usize) {
        let state = &screen.state;
        (state.board.focus, state.focused().unwrap().at)
    }

    #[test]
    fn on_the_board_digits_are_columns_and_a_count_has_a_prefix() {
        let mut screen = Screen::new(140, 40, 96);
        screen.press("2 j");
        assert_eq!(at(&screen), (1, 1), "column two, then one down");
        screen.press("# 3 j");
        assert_eq!(at(&screen), (1, 4));
        screen.press("# 2 h # 1 0 l");
        assert_eq!(at(&screen).0, 7);
    }

    #[test]
    fn where_digits_mean_nothing_else_a_count_begins_with_one() {
        let mut screen = Screen::new(140, 40, 96);
        screen.press("g o 3 ]");
        assert_eq!(screen.state.view, View::Attention);
        screen.press("2 [");
        assert_eq!(screen.state.view, View::Board, "the count was used up");
        screen.press("g b enter 2 j");
        let detail = screen.state.detail().unwrap();
        assert_eq!(detail.cursor, 2);
        screen.press("esc");
        assert_eq!(screen.state.count, None);
    }

    #[test]
    fn a_count_before_the_first_or_the_last_line_is_the_number_of_a_line() {
        let mut screen = Screen::new(140, 40, 400);
        screen.press("# 7 G");
        assert_eq!(at(&screen), (0, 6));
        screen.press("# 1 2 g g");
        assert_eq!(at(&screen), (0, 11));
        screen.press("g g");
        assert_eq!(at(&screen), (0, 0));
        screen.press("# 9 9 9 9 9 9 j");
        let last = screen.state.rows.lines(0).len() - 1;
        assert_eq!(at(&screen), (0, last));
    }

    #[test]
    fn a_count_is_shown_and_esc_forgets_it() {
        let mut screen = Screen::new(140, 40, 96);
        screen.press("# 1 2");
        assert!(screen.text().contains("12 …"), "{}", screen.text());
        screen.press("g");
        assert!(screen.text().contains("12 g …"), "{}", screen.text());
        screen.press("esc j");
        assert_eq!(at(&screen), (0, 1));
    }

    #[test]
    fn what_is_no_motion_is_done_once() {
        let mut screen = Screen::new(140, 40, 96);
        let effects = screen.press("# 5 r");
        let asked = |effect: &&Effect| matches!(effect, Effect::Refresh(_));
        assert_eq!(effects.iter().filter(asked).count(), 1);
        screen.press("# 3 z");
        assert!(screen.state.board.zoom, "three times would be off and on");
    }

    #[test]
    fn a_question_ends_a_count() {
        let (mut screen, mut shell) = crate::ui::testing::standup::opened(100, 30);
        shell.press(&mut screen, "9 9 9 n");
        assert_eq!(
            screen.state.overlays.len(),
            1,
            "it asks whether it was held, once"
        );
    }

    #[test]
    fn a_count_asks_the_shell_once() {
        let mut screen = Screen::new(200, 60, 96);
        screen.press("p");
        let effects = screen.press("# 2 0 j");
        let looks = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Look(_)))
            .count();
        assert_eq!(looks, 1);
    }
}
