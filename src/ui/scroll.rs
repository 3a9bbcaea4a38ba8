//! Which part of a list is on the screen.
//!
//! It stays where it is while the cursor is on it, and turns by half of it when the cursor leaves: a
//! list that moved with every step of a cursor at its edge would have to be sent whole each time,
//! and nobody can read it while it runs.

/// Returns the first line to show of a list of `lines` in `room` rows, with the line `at` among
/// them; `first` is the one shown so far.
pub(crate) fn turned(first: usize, at: usize, room: usize, lines: usize) -> usize {
    let room = room.max(1);
    let most = lines.saturating_sub(room);
    let least = (at + 1).saturating_sub(room);
    let half = room / 2;
    let wanted = if at < first {
        // The line is in the middle, and the half that was shown is below it.
        at.saturating_sub(half)
    } else if first < least {
        (least + half).min(at)
    } else {
        first
    };
    wanted.min(most.max(least))
}

/// Returns the same for a list of which nothing is remembered: parts that overlap by a half.
pub(crate) fn part(at: usize, room: usize, lines: usize) -> usize {
    let room = room.max(1);
    let half = (room / 2).max(1);
    let least = (at + 1).saturating_sub(room);
    let most = lines.saturating_sub(room);
    least.next_multiple_of(half).min(at).min(most.max(least))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_turns_by_half_of_what_is_seen() {
        assert_eq!(turned(0, 9, 10, 40), 0, "it is on the screen");
        assert_eq!(
            turned(0, 10, 10, 40),
            6,
            "five lines of before stay, and the new one"
        );
        assert_eq!(turned(6, 15, 10, 40), 6);
        assert_eq!(turned(6, 5, 10, 40), 0);
        assert_eq!(turned(20, 19, 10, 40), 14);
        assert_eq!(turned(0, 39, 10, 40), 30, "the end stays at the edge");
        assert_eq!(
            turned(35, 35, 10, 36),
            26,
            "a list that became shorter leaves no gap"
        );
        assert_eq!((turned(0, 1, 1, 3), turned(0, 1, 0, 3)), (1, 1));
    }

    #[test]
    fn a_list_of_which_nothing_is_remembered_turns_in_parts() {
        let firsts: Vec<usize> = (0..20).map(|at| part(at, 6, 20)).collect();
        let wanted = [
            0, 0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9, 12, 12, 12, 14, 14,
        ];
        assert_eq!(firsts, wanted);
    }

    proptest! {
        #[test]
        fn the_line_is_seen_and_no_row_is_wasted(
            first in 0_usize..200,
            at in 0_usize..100,
            room in 0_usize..40,
            more in 0_usize..100,
        ) {
            let lines = at + 1 + more;
            for shown in [turned(first, at, room, lines), part(at, room, lines)] {
                prop_assert!((shown..shown + room.max(1)).contains(&at));
                prop_assert!(shown + room.max(1) <= lines.max(room.max(1)));
            }
            let shown = turned(first, at, room, lines);
            prop_assert_eq!(turned(shown, at, room, lines), shown, "it rests");
        }
    }
}
