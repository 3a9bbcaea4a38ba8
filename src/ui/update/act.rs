//! Commands that ask the shell for something: browser, clipboard, refresh, theme.

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::{SourceName, WebUrl};
use crate::engine::snapshot::{Health, Snapshot, SourceView};
use crate::ui::effect::Effect;
use crate::ui::overlay::{Confirm, Overlay, Target};
use crate::ui::rows::Shown;
use crate::ui::state::{Pointed, UiState, View};
use crate::ui::update::{flow, marks, triage};

/// Opens the page of what has the cursor.
pub(crate) fn open_in_browser(state: &UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if let Some(url) = triage::page(state, snapshot).or_else(|| flow::page(state)) {
        return vec![Effect::OpenUrl(url)];
    }
    match target(state, snapshot).url {
        Some(url) => vec![Effect::OpenUrl(url)],
        None => vec![Effect::Toast("it has no page".to_owned())],
    }
}

/// Copies the key of what has the cursor.
pub(crate) fn copy_key(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let keys = of_marked(state, snapshot, |item| Some(item.key.to_string()));
    if let Some(keys) = keys {
        return copy_all(state, &keys);
    }
    copy(target(state, snapshot).key)
}

/// Copies the link of what has the cursor.
pub(crate) fn copy_url(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let page = |item: &WorkItem| item.url.as_ref().map(|url| url.as_str().to_owned());
    if let Some(pages) = of_marked(state, snapshot, page) {
        return copy_all(state, &pages);
    }
    if let Some(url) = triage::page(state, snapshot).or_else(|| flow::page(state)) {
        return copy(Some(url.as_str().to_owned()));
    }
    copy(
        target(state, snapshot)
            .url
            .map(|url| url.as_str().to_owned()),
    )
}

/// Returns what is to be copied of the marked cards, where they are meant.
fn of_marked(
    state: &UiState,
    snapshot: &Snapshot,
    what: impl Fn(&WorkItem) -> Option<String>,
) -> Option<Vec<String>> {
    let marked = || marks::marked(state, snapshot).into_iter();
    marks::are_meant(state).then(|| marked().filter_map(what).collect())
}

/// Copies lines; the range that they came from is over, as it is in editors.
fn copy_all(state: &mut UiState, lines: &[String]) -> Vec<Effect> {
    state.board.range = None;
    copy((!lines.is_empty()).then(|| lines.join("\n")))
}

fn copy(text: Option<String>) -> Vec<Effect> {
    match text {
        Some(text) => vec![Effect::Copy(text)],
        None => vec![Effect::Toast("there is nothing to copy".to_owned())],
    }
}

fn target(state: &UiState, snapshot: &Snapshot) -> Target {
    let detail = state.detail();
    let shown = match (detail, state.pointed(snapshot)) {
        (Some(detail), _) => state.find(snapshot, &detail.key),
        (None, Pointed::Card(shown)) => Some(shown),
        (None, Pointed::Source(source)) => {
            return Target {
                key: Some(source.name.as_str().to_owned()),
                url: WebUrl::parse(&format!("https://{}", source.host)),
            };
        }
        (None, Pointed::Nothing) if state.view == View::Standup => {
            // What was finished is told of and no longer on the board.
            return state
                .standup
                .card()
                .map_or_else(Target::default, |card| Target {
                    key: Some(card.key.to_string()),
                    url: card.url,
                });
        }
        (None, Pointed::Nothing) => None,
    };
    match shown {
        Some(Shown::Item { item, .. }) => {
            let evidence = detail
                .filter(|detail| detail.cursor > 0)
                .and_then(|detail| item.evidence.iter().nth_back(detail.cursor - 1));
            Target {
                key: Some(
                    evidence
                        .map_or(&item.key, |evidence| &evidence.key)
                        .to_string(),
                ),
                url: evidence.map_or_else(|| item.url.clone(), |evidence| evidence.url.clone()),
            }
        }
        Some(Shown::Train { train, .. }) => Target {
            key: Some(train.title.to_string()),
            url: train.items.first().and_then(|item| release_page(item)),
        },
        None => Target::default(),
    }
}

/// Returns the page of the release or deployment that carries a change.
fn release_page(item: &WorkItem) -> Option<WebUrl> {
    use crate::domain::item::EvidenceKind as Kind;
    item.evidence
        .iter()
        .rev()
        .filter(|evidence| {
            matches!(
                evidence.kind,
                Kind::Release | Kind::Deployment | Kind::Rollout
            )
        })
        .find_map(|evidence| evidence.url.clone())
}

/// Returns the sources of a card, those of its runs included.
fn known_from(snapshot: &Snapshot, item: &WorkItem) -> Vec<SourceName> {
    let own = item.sources.iter();
    own.chain(snapshot.ran_by(item)).cloned().collect()
}

/// Asks the sources of the card that has the cursor.
pub(crate) fn refresh(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let names: Vec<SourceName> = match state.pointed(snapshot) {
        Pointed::Source(source) => vec![source.name.clone()],
        Pointed::Card(Shown::Item { item, .. }) => known_from(snapshot, item),
        Pointed::Card(Shown::Train { train, .. }) => train
            .items
            .first()
            .map(|item| known_from(snapshot, item))
            .unwrap_or_default(),
        Pointed::Nothing if state.view == View::Flow => return flow::again(state),
        // A red card may have left the board and still be in the triage.
        Pointed::Nothing if state.view == View::Triage => triage::card(state, snapshot)
            .map(|card| card.triage.source.clone())
            .into_iter()
            .collect(),
        Pointed::Nothing => Vec::new(),
    };
    if names.is_empty() {
        return vec![Effect::Toast(
            "no card is selected; `R` asks every source".to_owned(),
        )];
    }
    let again = triage::log::refresh(state, snapshot);
    let words: Vec<&str> = names.iter().map(SourceName::as_str).collect();
    let toast = Effect::Toast(format!("asking {}", words.join(", ")));
    names
        .into_iter()
        .map(Effect::Refresh)
        .chain(again)
        .chain([toast])
        .collect()
}

/// Asks every source; where little of a limit is left, asks the user first.
pub(crate) fn refresh_all(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let short: Vec<String> = snapshot.sources.iter().filter_map(nearly_spent).collect();
    let effects = vec![
        Effect::RefreshAll,
        Effect::Toast("asking every source".to_owned()),
    ];
    if short.is_empty() {
        return effects;
    }
    state.overlays.push(Overlay::Confirm(Confirm {
        title: "ask every source now?".to_owned(),
        lines: short,
        yes: effects,
        opened_at: now,
    }));
    Vec::new()
}

/// Returns what to tell before a source is asked out of turn: less than a tenth of a limit is left.
fn nearly_spent(source: &SourceView) -> Option<String> {
    if source.is_share_spent() {
        return Some(format!(
            "our share of the requests to {} is spent",
            source.name
        ));
    }
    if source.health == Health::RateLimited {
        return Some(format!("{} allows no more requests for now", source.name));
    }
    let budget = source
        .budgets
        .iter()
        .find(|budget| budget.limit > 0 && budget.remaining.saturating_mul(10) < budget.limit)?;
    Some(format!(
        "{} has {} of {} left ({})",
        source.name, budget.remaining, budget.limit, budget.bucket
    ))
}

/// Goes to the next theme.
pub(crate) fn next_theme(state: &mut UiState) -> Vec<Effect> {
    let at = state.themes.iter().position(|name| *name == state.theme);
    let next = at.map_or(0, |at| (at + 1) % state.themes.len().max(1));
    let Some(name) = state.themes.get(next).cloned() else {
        return Vec::new();
    };
    set_theme(state, &name)
}

/// Takes the mouse, or leaves it to the terminal.
pub(crate) fn mouse(state: &mut UiState) -> Vec<Effect> {
    state.mouse = !state.mouse;
    let told = if state.mouse {
        "the mouse is taken: the wheel scrolls, a click selects"
    } else {
        "the mouse is the terminal's: drag to select text"
    };
    vec![Effect::Mouse(state.mouse), Effect::Toast(told.to_owned())]
}

/// Uses a theme.
pub(crate) fn set_theme(state: &mut UiState, name: &str) -> Vec<Effect> {
    name.clone_into(&mut state.theme);
    state.choose_theme(name);
    vec![
        Effect::SetTheme(name.to_owned()),
        Effect::Toast(format!("theme `{name}`")),
    ]
}
