//! What the terminal shows around the picture: its title, and progress on its tab.
//!
//! Sent only when it changes. Progress goes to terminals that are known to show it as such: others
//! take the sequence for a notification.

use std::fmt::Write as _;

use crate::app::env::Env;
use crate::app::guard::Switch;
use crate::config::Motion;
use crate::engine::snapshot::{Health, Snapshot};

/// What was last shown.
#[derive(Default, Debug)]
pub struct Surround {
    has_title: bool,
    has_progress: bool,
    motion: Motion,
    title: String,
    progress: Option<u8>,
}

impl Surround {
    /// Makes it for a terminal; `has_title` is whether it has a title. Progress moves.
    pub fn of(env: &Env, has_title: bool, motion: Motion) -> Self {
        Self {
            has_title,
            has_progress: has_title && shows_progress(env),
            motion,
            ..Self::default()
        }
    }

    /// Takes over what may move.
    pub fn tell(&mut self, motion: Motion) {
        self.motion = motion;
    }

    /// Forgets what is shown: somebody else may have changed it.
    pub fn forget(&mut self) {
        self.title.clear();
        self.progress = None;
    }

    /// Returns what the terminal must be sent to show how the board stands, if that changed.
    pub fn next(&mut self, (red, needy): (usize, usize), snapshot: &Snapshot) -> String {
        let mut text = String::new();
        let title = title(red, needy);
        if self.has_title && title != self.title {
            text = format!("\x1b]2;{title}\x1b\\");
            self.title = title;
        }
        let progress = progress(snapshot).filter(|_| self.motion == Motion::Full);
        if self.has_progress && progress != self.progress {
            // What is shown at the end has to be taken away.
            let _ = Switch::Progress.turn(progress.is_some());
            let (state, percent) = progress.map_or((0, 0), |percent| (1, percent));
            // Writing to a string cannot fail.
            let _ = write!(text, "\x1b]9;4;{state};{percent}\x1b\\");
            self.progress = progress;
        }
        text
    }
}

/// Numbers only: no text from outside gets into a title.
fn title(red: usize, needy: usize) -> String {
    match (red, needy) {
        (0, 0) => "cycleboard".to_owned(),
        (0, needy) => format!("{needy} waiting - cycleboard"),
        (red, 0) => format!("{red} red - cycleboard"),
        (red, needy) => format!("{red} red, {needy} waiting - cycleboard"),
    }
}

/// Returns how many of a hundred parts of the sources have answered, as long as some have not.
fn progress(snapshot: &Snapshot) -> Option<u8> {
    let all = snapshot.sources.len();
    let starting = snapshot.sources.iter();
    let starting = starting.filter(|source| source.health == Health::Starting);
    let missing = starting.count();
    if missing == 0 {
        return None;
    }
    u8::try_from((all - missing) * 100 / all.max(1)).ok()
}

/// Returns whether the terminal is one of those that show progress as progress.
fn shows_progress(env: &Env) -> bool {
    let program = env.get("TERM_PROGRAM").unwrap_or_default();
    // Inside a multiplexer the variables are those of the terminal around it.
    let is_inside = env.get("TMUX").is_some() || env.get("STY").is_some();
    let is_known = env.get("WT_SESSION").is_some()
        || env.get("ConEmuANSI").is_some_and(|on| on == "ON")
        || ["ghostty", "WezTerm"].contains(&program.as_str());
    is_known && !is_inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::env::tests::env;
    use crate::ui::sample;

    fn board(health: &[Health]) -> Snapshot {
        let mut snapshot = sample::snapshot(8);
        let named = health.iter().zip(["a", "b", "c", "d"]);
        snapshot.sources = named
            .map(|(health, name)| sample::source(name, *health))
            .collect();
        snapshot
    }

    #[test]
    fn a_title_is_sent_when_it_changes_and_only_then() {
        let mut surround = Surround::of(&env(&[("TERM", "xterm")]), true, Motion::Full);
        let snapshot = board(&[Health::Ok]);
        let sent = surround.next((2, 5), &snapshot);
        assert_eq!(sent, "\x1b]2;2 red, 5 waiting - cycleboard\x1b\\");
        assert_eq!(surround.next((2, 5), &snapshot), "");
        assert_eq!(surround.next((0, 0), &snapshot), "\x1b]2;cycleboard\x1b\\");
        surround.forget();
        assert_eq!(surround.next((0, 0), &snapshot), "\x1b]2;cycleboard\x1b\\");
        let mut without = Surround::of(&env(&[]), false, Motion::Full);
        assert_eq!(without.next((2, 5), &snapshot), "");
    }

    #[test]
    fn progress_goes_to_terminals_that_show_it() {
        let starting = board(&[Health::Starting, Health::Ok, Health::Ok, Health::Ok]);
        for (pairs, shown) in [
            ([("TERM_PROGRAM", "ghostty"), ("TERM", "x")], true),
            ([("TERM_PROGRAM", "WezTerm"), ("TERM", "x")], true),
            ([("WT_SESSION", "1"), ("TERM", "x")], true),
            ([("TERM_PROGRAM", "iTerm.app"), ("TERM", "x")], false),
            ([("TERM_PROGRAM", "ghostty"), ("TMUX", "x")], false),
        ] {
            let mut surround = Surround::of(&env(&pairs), true, Motion::Full);
            let sent = surround.next((0, 0), &starting);
            assert_eq!(sent.contains("\x1b]9;4;1;75\x1b\\"), shown, "{pairs:?}");
        }
    }

    #[test]
    fn with_reduced_motion_no_progress_is_shown_and_what_is_shown_is_taken_away() {
        let starting = board(&[Health::Starting, Health::Ok]);
        let mut surround = Surround::of(&env(&[("WT_SESSION", "1")]), true, Motion::Reduced);
        assert!(!surround.next((0, 0), &starting).contains("]9;4"));
        surround.tell(Motion::Full);
        assert!(surround.next((0, 0), &starting).contains("]9;4;1;50"));
        surround.tell(Motion::Reduced);
        assert_eq!(surround.next((0, 0), &starting), "\x1b]9;4;0;0\x1b\\");
    }

    #[test]
    fn progress_ends_when_every_source_has_answered() {
        let mut surround = Surround::of(&env(&[("WT_SESSION", "1")]), true, Motion::Full);
        drop(surround.next((0, 0), &board(&[Health::Starting, Health::Ok])));
        let ended = surround.next((0, 0), &board(&[Health::Ok, Health::Stale]));
        assert_eq!(ended, "\x1b]9;4;0;0\x1b\\");
        assert_eq!(surround.next((0, 0), &board(&[Health::Ok])), "");
    }
}
