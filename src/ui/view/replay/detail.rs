//! A card of the past from beginning to end: where it stood, where it came from, where it went.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::history::{Moment, Seen};
use crate::domain::key::{RepoKey, ServiceName};
use crate::domain::placement::because;
use crate::engine::snapshot::Snapshot;
use crate::ui::age::Age;
use crate::ui::replay::Frame;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;
use crate::ui::update::replay::selected;
use crate::ui::view::replay::words;

/// Paints the selected card of the past into its place.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &mut UiState,
    snapshot: &Snapshot,
    area: Rect,
) {
    let lines = match (&state.replay.shown, selected(state)) {
        (Some(shown), Some(seen)) => {
            let inside = usize::from(area.width.saturating_sub(4));
            let mut lines = facts(paint, state, shown, &seen, inside);
            lines.extend(way(paint, state, shown, &seen));
            lines
        }
        (_, None) | (None, _) => vec![("no card".to_owned(), paint.theme.style(Role::Dim))],
    };
    let title = selected(state).map_or_else(String::new, |seen| {
        format!(
            "{} as it was",
            snapshot
                .names()
                .short(&seen.life.key, seen.life.repo.as_ref())
        )
    });
    let inside = paint.boxed(area, &title);
    let most = lines.len().saturating_sub(usize::from(inside.height));
    let scroll = usize::from(state.replay.scroll).min(most);
    state.replay.scroll = cols(scroll);
    let shown = lines.iter().skip(scroll);
    for (y, (text, style)) in (inside.top()..inside.bottom()).zip(shown) {
        let room = inside.width.saturating_sub(2);
        paint.text(inside.x + 1, y, room, text, *style);
    }
}

type Line = (String, Style);

/// What it was and where it stood.
fn facts(
    paint: &Paint<'_>,
    state: &UiState,
    shown: &Frame,
    seen: &Seen<'_>,
    room: usize,
) -> Vec<Line> {
    let theme = paint.theme;
    let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
    let (life, stood) = (seen.life, seen.stood);
    let calendar = &shown.film.calendar;
    let mut lines: Vec<Line> = wrap(&life.title, cols(room), 3)
        .into_iter()
        .map(|line| (line.to_owned(), theme.style(Role::Title)))
        .collect();
    lines.push((
        format!(
            "in {}, {}, since {} ({})",
            state.title(stood.standing.stage),
            stood.standing.status.label(),
            words::when(calendar, stood.at),
            Age::since(stood.at, shown.past.at)
        ),
        theme.severity(stood.standing.status.severity()),
    ));
    let because = format!("because {}", because(&stood.rule));
    let since = format!("since then: {}", words::became(state, seen, calendar));
    for (line, style) in [(because, text), (since, theme.style(Role::Accent))] {
        lines.extend(
            wrap(&line, cols(room), 3)
                .into_iter()
                .map(|line| (line.to_owned(), style)),
        );
    }
    let named = |word: &str, names: Vec<&str>| {
        (!names.is_empty()).then(|| (format!("{word} {}", names.join(", ")), dim))
    };
    let holders = stood.standing.holders.iter();
    lines.extend(named(
        "held by",
        holders.map(|who| who.login.as_str()).collect(),
    ));
    lines.extend(named(
        "written by",
        life.author.iter().map(|who| who.login.as_str()).collect(),
    ));
    lines.extend(named(
        "repository",
        life.repo.iter().map(RepoKey::path).collect(),
    ));
    lines.extend(named(
        "service",
        life.services.iter().map(ServiceName::as_str).collect(),
    ));
    lines.extend(life.url.iter().map(|url| (url.as_str().to_owned(), dim)));
    lines
}

/// Every place where it stood, the one of this moment marked.
fn way(paint: &Paint<'_>, state: &UiState, shown: &Frame, seen: &Seen<'_>) -> Vec<Line> {
    let theme = paint.theme;
    let line = |moment: &Moment, mark: &str, style: Style| {
        let standing = &moment.standing;
        let place = match standing.done {
            Some(_) => "over".to_owned(),
            None => state.title(standing.stage).to_owned(),
        };
        let text = format!(
            "{mark} {:<12} {place:<8} {:<11} {} {}",
            words::when(&shown.film.calendar, moment.at),
            standing.status.label(),
            words::holders(standing).unwrap_or_default(),
            moment.rule
        );
        (text.trim_end().to_owned(), style)
    };
    let [_, here] = theme.glyphs().past();
    let (before, after) = (theme.style(Role::Text), theme.style(Role::Stale));
    let last = seen.way.len().saturating_sub(1);
    let way = seen.way.iter().enumerate().map(|(nth, moment)| {
        if nth == last {
            line(moment, here, theme.style(Role::Accent))
        } else {
            line(moment, " ", before)
        }
    });
    let mut lines: Vec<Line> = vec![
        (String::new(), before),
        ("its way".to_owned(), theme.style(Role::Title)),
    ];
    lines.extend(way);
    if !seen.rest.is_empty() {
        lines.push(("since then".to_owned(), theme.style(Role::Title)));
        lines.extend(seen.rest.iter().map(|moment| line(moment, " ", after)));
    }
    lines
}
