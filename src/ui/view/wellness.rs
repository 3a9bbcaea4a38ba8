//! How the sources are, in one row: those in trouble first, what does not fit as a number.
//!
//! The words for a state of a source are here as well; the Sources view tells all of it.

use std::cmp::Reverse;

use ratatui::style::Style;

use crate::domain::status::Severity;
use crate::engine::snapshot::{Budget, Health, Snapshot, SourceView};
use crate::ui::age::Age;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;
use crate::ui::view::header::Words;

/// Words of one source, one column apart, each in its style.
type Parts = Vec<(String, Style)>;

/// Each source: mark, name, word, age, what is left of its limit; the worst first.
pub(super) fn sources(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    row: &mut Words,
) {
    let all = worst_first(snapshot);
    for (at, source) in all.iter().enumerate() {
        let rest = more(state, all.get(at + 1..).unwrap_or_default());
        let kept = rest.map_or(0, |text| width(&text) + row.gap);
        let room = row.left().saturating_sub(kept);
        let (brief, full) = (brief(paint, state, source), full(paint, state, source));
        if length(&full) <= room {
            if let Some(at) = source.last_told {
                paint.age(at);
            }
            put(paint, row, &full);
        } else if length(&brief) <= room {
            put(paint, row, &brief);
        } else {
            let hidden = all.get(at..).unwrap_or_default();
            return overflow(paint, state, (hidden, at == 0), row);
        }
    }
}

/// Tells of the sources that do not fit: of the first one as much as there is room for, where it
/// is the only one to be told.
fn overflow(
    paint: &mut Paint<'_>,
    state: &UiState,
    (hidden, is_first): (&[&SourceView], bool),
    row: &mut Words,
) {
    let [first, rest @ ..] = hidden else { return };
    let told = more(state, if is_first { rest } else { hidden });
    if is_first {
        // What it has is told rather than its whole name.
        let parts = brief(paint, state, first);
        let [mark, name, word] = parts.as_slice() else {
            return;
        };
        let beside = width(&mark.0) + 1 + 1 + width(&word.0);
        let kept = told.as_ref().map_or(0, |text| width(text) + row.gap);
        let room = row.left().saturating_sub(beside + kept);
        let end = row.put(paint, &mark.0, mark.1);
        row.join(end);
        if room > 0 {
            let gap = std::mem::replace(&mut row.gap, 1);
            row.put_within(paint, &name.0, room, name.1);
            row.gap = gap;
        }
        row.put(paint, &word.0, word.1);
    }
    if let Some(text) = told {
        let worst = if is_first { rest.first() } else { Some(first) };
        let style = worst.map_or_else(Style::default, |source| style_of_rest(paint, source));
        row.put(paint, &text, style);
    }
}

fn style_of_rest(paint: &Paint<'_>, worst: &SourceView) -> Style {
    if is_in_trouble(worst) {
        paint.theme.severity(severity(worst.health))
    } else {
        paint.theme.style(Role::Dim)
    }
}

/// Returns how many sources are not shown, and how many of them have the worst that one has.
fn more(state: &UiState, hidden: &[&SourceView]) -> Option<String> {
    let worst = hidden.first()?;
    let count = hidden.len();
    Some(if is_in_trouble(worst) {
        let alike = hidden.iter().filter(|it| it.health == worst.health).count();
        format!("+{count} more, {alike} {}", word(state, worst))
    } else {
        format!("+{count} more")
    })
}

/// Returns the sources as they are told: those in trouble, the worst first, then all others, each
/// in the order in which they are configured.
fn worst_first(snapshot: &Snapshot) -> Vec<&SourceView> {
    let mut all: Vec<&SourceView> = snapshot.sources.iter().collect();
    all.sort_by_key(|source| Reverse(is_in_trouble(source).then_some(source.health)));
    all
}

/// Returns whether something keeps a source from telling all that it should.
fn is_in_trouble(source: &SourceView) -> bool {
    !source.health.is_well()
}

/// Returns what is told of a source at least: mark, name and word.
fn brief(paint: &Paint<'_>, state: &UiState, source: &SourceView) -> Parts {
    let theme = paint.theme;
    let style = theme.severity(severity(source.health));
    let mark = theme.glyphs().severity(severity(source.health));
    vec![
        (mark.to_owned(), style),
        (source.name.to_string(), theme.style(Role::Text)),
        (word(state, source).to_owned(), style),
    ]
}

/// Returns all that is told of a source.
fn full(paint: &Paint<'_>, state: &UiState, source: &SourceView) -> Parts {
    let theme = paint.theme;
    let mut parts = brief(paint, state, source);
    if let Some(at) = source.last_told {
        let age = Age::since(at, paint.now).to_string();
        parts.push((age, theme.style(Role::Dim)));
    }
    if source.token_from == "none" {
        parts.push(("no token".to_owned(), theme.style(Role::Waiting)));
    }
    if let Some(budget) = source
        .budgets
        .iter()
        .min_by_key(|budget| share_left(budget))
    {
        let text = format!("api {}/{}", budget.remaining, budget.limit);
        parts.push((text, theme.style(Role::Dim)));
    }
    if is_exposed(source) {
        parts.push(("not encrypted".to_owned(), theme.style(Role::Blocked)));
    }
    parts
}

fn length(parts: &Parts) -> u16 {
    let words = parts.iter().map(|(text, _)| width(text));
    words.fold(0, u16::saturating_add) + cols(parts.len().saturating_sub(1))
}

fn put(paint: &mut Paint<'_>, row: &mut Words, parts: &Parts) {
    let gap = std::mem::replace(&mut row.gap, 1);
    for (text, style) in parts {
        row.put(paint, text, *style);
    }
    row.x = row.x.saturating_add(gap.saturating_sub(1));
    row.gap = gap;
}

/// Returns whether what is said to a source could be overheard.
pub(super) fn is_exposed(source: &SourceView) -> bool {
    let host = source.host.trim_start_matches('[');
    let own = ["127.", "localhost", "::1"]
        .iter()
        .any(|own| host.starts_with(own));
    source.insecure && !own
}

/// Returns what is left of a limit, in thousandths.
pub(super) fn share_left(budget: &Budget) -> u64 {
    budget.remaining.saturating_mul(1_000) / budget.limit.max(1)
}

/// The source that is worst, or how old the data are: the longest words first, and the style.
fn worst(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
) -> Option<(Vec<String>, Style)> {
    let all = worst_first(snapshot);
    let [first, rest @ ..] = all.as_slice() else {
        return None;
    };
    let ill = is_in_trouble(first);
    let source: &SourceView = if ill {
        first
    } else {
        snapshot.sources.iter().max_by_key(|source| source.health)?
    };
    let style = paint.theme.severity(severity(source.health));
    let age = source.last_told.map(|at| paint.age(at).to_string());
    let (name, word) = (&source.name, word(state, source));
    let mut texts = Vec::new();
    let others = rest.iter().filter(|source| is_in_trouble(source)).count();
    if let (true, Some(next)) = (others > 0, rest.first()) {
        let alike = rest.iter().filter(|it| it.health == next.health).count();
        let next = self::word(state, next);
        let more = if alike == others {
            format!("+{others} {next}")
        } else {
            format!("+{others} more, {alike} {next}")
        };
        texts.push(format!("{name} {word} {more}"));
        texts.push(format!("{name} {word} +{others}"));
        texts.push(format!("{word} {more}"));
        texts.push(format!("{word} +{others}"));
        return Some((texts, style));
    }
    match (source.health, age) {
        (Health::Ok, Some(age)) => texts.extend([format!("data {age}"), age]),
        (_, Some(age)) => {
            texts.extend([format!("{name} {word} {age}"), format!("{word} {age}")]);
        }
        (_, None) => texts.extend([format!("{name} {word}"), word.to_owned()]),
    }
    Some((texts, style))
}

/// Returns how the data are, in as many words as may be spent on it, with its style.
pub(super) fn shortly(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    row: &Words,
) -> Option<(String, Style)> {
    let (texts, style) = worst(paint, state, snapshot)?;
    let filtered = !state.filter.query.text().is_empty();
    let room = match (row.gap, filtered) {
        (2.., _) => row.left(),
        (_, false) => row.left() / 2,
        (_, true) => row.left() / 4,
    };
    let last = texts.last().cloned();
    let text = texts
        .into_iter()
        .find(|text| width(text) <= room)
        .or(last)?;
    Some((text, style))
}

/// Returns how bad a state of a source is.
pub(in crate::ui::view) fn severity(health: Health) -> Severity {
    match health {
        Health::Ok => Severity::Calm,
        Health::Starting => Severity::Active,
        Health::Stale => Severity::Unknown,
        Health::RateLimited => Severity::Waiting,
        Health::Unreachable | Health::Failing | Health::Unreadable | Health::Forbidden => {
            Severity::Blocked
        }
        Health::Auth => Severity::Failed,
    }
}

/// Returns the words for the state of a source on this screen.
pub(in crate::ui::view) fn word(state: &UiState, source: &SourceView) -> &'static str {
    let health = source.health;
    match health {
        // Nobody asks: it does not start either.
        Health::Starting if state.options.offline => match source.last_told {
            Some(_) => "not asked",
            None => "never fetched",
        },
        Health::RateLimited if source.is_share_spent() => "our share is spent",
        Health::RateLimited => "rate limited",
        Health::Auth => "signed out",
        Health::Ok
        | Health::Starting
        | Health::Stale
        | Health::Unreachable
        | Health::Failing
        | Health::Unreadable
        | Health::Forbidden => health.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::ui::sample;
    use crate::ui::state::UiOptions;
    use crate::ui::testing::Screen;
    use crate::ui::theme::{ColorDepth, Glyphs, Theme};

    /// Eight sources that are well, and then those in these states.
    fn screen((columns, rows): (u16, u16), ill: &[(&str, Health)]) -> Screen {
        let mut snapshot = sample::snapshot(48);
        let source = |name: &str, health: Health| SourceView {
            budgets: Vec::new(),
            ..sample::source(name, health)
        };
        let well = (1..=8).map(|at| source(&format!("team-monitor-{at}"), Health::Ok));
        snapshot.sources = well.collect();
        let ill = ill.iter().map(|(name, health)| source(name, *health));
        snapshot.sources.extend(ill);
        Screen::with(columns, rows, snapshot, UiOptions::default())
    }

    fn line(screen: &Screen, at: usize) -> String {
        let text = screen.text();
        text.lines().nth(at).unwrap().trim_start().to_owned()
    }

    #[test]
    fn sources_in_trouble_come_first_and_what_does_not_fit_is_counted() {
        let unreachable = Health::Unreachable;
        let one = [("production-alerts", Health::Auth)];
        let three = [("a", unreachable), ("b", Health::Auth), ("c", unreachable)];
        let names = ["one", "two", "three", "four", "five"];
        let many = names.map(|name| (name, Health::Auth));
        let long = "production-alerts-of-the-payments-".repeat(9);
        let long = [(long.as_str(), Health::Auth), ("x", Health::Forbidden)];
        let all: [&[(&str, Health)]; 5] = [&[], &one, &three, &many, &long];
        let mut text = String::new();
        for (columns, rows) in [
            (200, 24),
            (100, 24),
            (80, 24),
            (60, 24),
            (100, 12),
            (40, 24),
        ] {
            for ill in all {
                let at = usize::from(rows == 24 && columns >= 60);
                let line = line(&screen((columns, rows), ill), at);
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{columns}x{rows}  {line}");
            }
        }
        insta::assert_snapshot!("sources_of_the_header", text);
    }

    #[test]
    fn what_is_told_is_told_in_ascii_too() {
        let mut screen = screen((80, 24), &[("production-alerts", Health::Auth)]);
        screen.theme = Theme::builtin("dark", ColorDepth::True, Glyphs::Ascii).unwrap();
        screen.draw();
        let text = line(&screen, 1);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("production-alerts signed out"), "{text}");
        assert!(text.ends_with(" more"), "{text}");
    }

    #[test]
    fn every_width_names_the_source_that_is_signed_out() {
        for columns in 60..200 {
            let text = line(
                &screen((columns, 24), &[("production-alerts", Health::Auth)]),
                1,
            );
            assert!(
                text.contains("production-alerts signed out"),
                "{columns}: {text}"
            );
            assert!(!text.contains('…'), "{columns}: {text}");
        }
    }
}
