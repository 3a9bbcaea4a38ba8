//! The list of themes: each is shown as soon as the cursor is on it; `esc` brings the old one back.
//!
//! Which themes there are is told by the shell, which also finds what they say.

use ratatui::crossterm::event::{KeyCode, MouseEvent, MouseEventKind};

use crate::ui::chord::Chord;
use crate::ui::effect::Effect;
use crate::ui::overlay::{Overlay, ThemeMenu};
use crate::ui::state::UiState;
use crate::ui::update::moves::Motion;

/// Opens the list at the theme in force.
pub(crate) fn open(state: &mut UiState) {
    let at = state.themes.iter().position(|name| *name == state.theme);
    state.overlays.push(Overlay::Themes(ThemeMenu {
        before: state.theme.clone(),
        cursor: at.unwrap_or_default(),
        scroll: 0,
    }));
}

/// Takes a key while the list is open.
pub(crate) fn on_key(state: &mut UiState, chord: Chord) -> Vec<Effect> {
    let motion = match (chord.code(), chord.character()) {
        (KeyCode::Up, _) | (_, Some('k')) => Motion::Up,
        (KeyCode::Down, _) | (_, Some('j')) => Motion::Down,
        (KeyCode::PageUp, _) => Motion::PageUp,
        (KeyCode::PageDown, _) => Motion::PageDown,
        (KeyCode::Home, _) | (_, Some('g')) => Motion::Top,
        (KeyCode::End, _) | (_, Some('G')) => Motion::Bottom,
        (KeyCode::Enter, _) => return keep(state),
        (KeyCode::Esc, _) | (_, Some('q')) => return restore(state),
        _ => return Vec::new(),
    };
    go(state, motion)
}

/// Takes an event of the mouse while the list is open.
pub(crate) fn on_mouse(state: &mut UiState, event: MouseEvent) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollDown => go(state, Motion::Down),
        MouseEventKind::ScrollUp => go(state, Motion::Up),
        MouseEventKind::Down(_)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => Vec::new(),
    }
}

fn go(state: &mut UiState, motion: Motion) -> Vec<Effect> {
    let count = state.themes.len();
    let Some(Overlay::Themes(menu)) = state.overlays.last_mut() else {
        return Vec::new();
    };
    let to = motion.from(menu.cursor, count, 10);
    if to == menu.cursor {
        return Vec::new();
    }
    menu.cursor = to;
    let name = state.themes.get(to);
    name.map(|name| Effect::SetTheme(name.clone()))
        .into_iter()
        .collect()
}

/// Keeps the theme under the cursor, and says for how long and how to keep it for good.
fn keep(state: &mut UiState) -> Vec<Effect> {
    let Some(Overlay::Themes(menu)) = state.overlays.pop() else {
        return Vec::new();
    };
    let Some(name) = state.themes.get(menu.cursor).cloned() else {
        return Vec::new();
    };
    state.choose_theme(&name);
    let told = if state.options.remembers {
        format!("theme `{name}` on this board; `theme = \"{name}\"` in `[ui]` makes it that of all")
    } else {
        format!("theme `{name}` for now; `theme = \"{name}\"` in `[ui]` keeps it")
    };
    vec![Effect::SetTheme(name), Effect::Toast(told)]
}

fn restore(state: &mut UiState) -> Vec<Effect> {
    let Some(Overlay::Themes(menu)) = state.overlays.pop() else {
        return Vec::new();
    };
    vec![Effect::SetTheme(menu.before)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::testing::Screen;

    fn set(effects: &[Effect]) -> Vec<&str> {
        let mut names = Vec::new();
        for effect in effects {
            if let Effect::SetTheme(name) = effect {
                names.push(name.as_str());
            }
        }
        names
    }

    #[test]
    fn every_theme_is_shown_as_the_cursor_comes_to_it_and_esc_brings_the_old_one_back() {
        let mut screen = Screen::new(80, 24, 48);
        assert_eq!(
            set(&screen.press("g t")),
            [""; 0],
            "the one in force is shown"
        );
        assert!(screen.text().contains("gruvbox-dark"));
        assert_eq!(set(&screen.press("j")), ["light"]);
        assert_eq!(set(&screen.press("down")), ["high-contrast"]);
        assert_eq!(set(&screen.press("G")), ["tokyo-night"]);
        assert_eq!(set(&screen.press("j")), [""; 0], "there is none after it");
        assert_eq!(set(&screen.press("esc")), ["dark"]);
        assert!(screen.state.overlays.is_empty());
    }

    #[test]
    fn enter_keeps_it_and_says_how_to_keep_it_for_good() {
        let mut screen = Screen::new(80, 24, 48);
        let effects = screen.press("g t j enter");
        assert_eq!(set(&effects), ["light", "light"]);
        let told = "theme `light` for now; `theme = \"light\"` in `[ui]` keeps it";
        assert!(effects.contains(&Effect::Toast(told.to_owned())));
        assert!(screen.state.overlays.is_empty());
    }

    #[test]
    fn the_list_fits_on_every_screen_and_shows_the_cursor() {
        for (width, height) in [(30, 6), (80, 24), (200, 60)] {
            let mut screen = Screen::new(width, height, 48);
            screen.press("g t G");
            assert!(screen.text().contains("tokyo-night"), "{width} by {height}");
            screen.press("g");
            assert!(screen.text().contains("dark"), "{width} by {height}");
        }
    }
}
