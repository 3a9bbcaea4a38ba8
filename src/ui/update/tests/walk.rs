//! A hundred thousand random events over all views, answered as the shell answers them.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::Event;

use super::*;
use crate::ui::input::on_event;
use crate::ui::overlay::Overlay;
use crate::ui::testing::soup::Soup;
use crate::ui::testing::{replay, standup, triage};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

/// Events of the walk.
const EVENTS: usize = 100_000;

/// Every so many events there is a picture: states that nobody sees need none.
const PICTURE: usize = 12;

/// The seed: another one is another walk.
const SEED: u64 = 0x5eed_2026;

/// Returns whether the shell has an answer: everything else is done outside, and that is it.
fn is_answered(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Recall
            | Effect::Standup(_)
            | Effect::Measure(_)
            | Effect::Replay(_)
            | Effect::OpenLog(_)
            | Effect::FollowLog(_)
            | Effect::ReadLog { .. }
            | Effect::SearchLog { .. }
    )
}

#[test]
fn no_walk_of_a_hundred_thousand_events_panics_and_all_views_are_seen() {
    let mut screen = Screen::with(100, 30, triage::snapshot(), UiOptions::default());
    let logs = triage::Shell::new(&triage::text_of_log());
    let (mut desk, mut projector) = (standup::Shell::default(), replay::Projector::default());
    let mut soup = Soup::new(SEED, &[]);
    let (mut views, mut overlays) = (HashSet::new(), HashSet::new());
    let (mut walls, mut moments, mut reports) = (0, 0, 0);
    for nth in 0..EVENTS {
        let event = soup.event();
        screen.now += TimeDelta::milliseconds(if nth % 7 == 0 { 900 } else { 90 });
        let keymap = Arc::clone(&screen.keymap);
        let (state, snapshot) = (&mut screen.state, &screen.snapshot);
        let effects = on_event(state, &keymap, &event, snapshot, screen.now);
        if let Event::Resize(width, height) = event {
            let size = (width.max(1), height.max(1));
            screen.terminal = ratatui::Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        }
        for effect in &effects {
            if let Effect::Toast(text) = effect {
                screen.state.notify(text.as_str(), screen.now);
            } else if let Effect::SetTheme(name) = effect
                && let Ok(theme) = Theme::builtin(name, ColorDepth::True, Glyphs::Unicode)
            {
                screen.theme = theme;
                screen.state.theme.clone_from(name);
            }
        }
        if effects.iter().any(is_answered) {
            let effects = logs.serve(&mut screen, effects);
            let effects = projector.carry_out(&mut screen, effects);
            let effects = desk.carry_out(&mut screen, effects);
            let effects = projector.carry_out(&mut screen, effects);
            screen.answer(&effects);
        } else if nth % PICTURE == 0 {
            screen.draw();
        }
        if nth % 200 == 0 {
            // Two of one key in a row, which end the wall, are rare here.
            screen.state.wall = None;
        }
        walls += usize::from(screen.state.wall.is_some());
        moments += usize::from(screen.state.replay.at.is_some());
        reports += usize::from(screen.state.flow.report.is_some());
        views.insert(format!("{:?}", screen.state.view));
        if let Some(overlay) = screen.state.overlays.last() {
            overlays.insert(std::mem::discriminant(overlay));
        }
        let open = &screen.state.overlays;
        assert!(open.len() < 12, "event {nth} of {SEED:x}: {open:?}");
        assert!(screen.state.pending.len() < 3, "event {nth} of {SEED:x}");
    }
    assert_eq!(views.len(), View::ALL.len(), "{views:?}");
    // Views that are never filled would prove little.
    let filled = [
        walls,
        moments,
        reports,
        usize::from(screen.state.standup.prepared.is_some()),
    ];
    assert!(filled.iter().all(|count| *count > 0), "{filled:?}");
    let seen = |overlay: &Overlay| overlays.contains(&std::mem::discriminant(overlay));
    assert!(
        seen(&Overlay::Messages(0)) && overlays.len() >= 10,
        "{}",
        overlays.len()
    );
}
