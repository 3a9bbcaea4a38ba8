//! What stands on which page of the wall: services, those with red cards first.
//!
//! Only what a room should look at: calm services are counted, not listed. What is red is on some
//! page, the newest first: a service goes on to further pages until all of it was there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::key::ServiceName;
use crate::domain::status::Severity;
use crate::engine::snapshot::Snapshot;
use crate::ui::state::UiState;

/// The most cards of a service that are listed while others wait for room.
const MOST: usize = 12;

/// Where cards stand that belong to no service.
const NO_SERVICE: &str = "no service";

/// How many cards do what.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Counts {
    pub(super) failed: usize,
    pub(super) blocked: usize,
    pub(super) waiting: usize,
    pub(super) unknown: usize,
    pub(super) active: usize,
}

impl Counts {
    fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Failed => self.failed += 1,
            Severity::Blocked => self.blocked += 1,
            Severity::Waiting => self.waiting += 1,
            Severity::Unknown => self.unknown += 1,
            Severity::Active => self.active += 1,
            Severity::Calm | Severity::Idle => {}
        }
    }

    /// Returns them with their words, the most urgent first.
    pub(super) fn told(self) -> [(usize, Severity, &'static str); 5] {
        [
            (self.failed, Severity::Failed, "failed"),
            (self.blocked, Severity::Blocked, "blocked"),
            (self.waiting, Severity::Waiting, "waiting"),
            (self.unknown, Severity::Unknown, "unknown"),
            (self.active, Severity::Active, "running"),
        ]
    }

    fn is_calm(self) -> bool {
        self == Self::default()
    }
}

/// A service with what is to be looked at.
pub(super) struct Section<'a> {
    pub(super) name: &'a str,
    pub(super) counts: Counts,
    /// The cards that are not calm, the most urgent first: of red ones the newest, of others the
    /// oldest.
    pub(super) cards: Vec<&'a Arc<WorkItem>>,
}

/// All that the wall shows.
pub(super) struct Whole<'a> {
    pub(super) counts: Counts,
    pub(super) cards: usize,
    pub(super) sections: Vec<Section<'a>>,
    /// How many services have nothing to look at.
    pub(super) calm: usize,
}

/// A section on a page: which one, and which of its cards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Placed {
    pub(super) section: usize,
    /// How many of its cards stand on pages before.
    pub(super) from: usize,
    pub(super) cards: usize,
}

impl Placed {
    /// Returns how many of its red cards come on the next pages, and how many others on none.
    pub(super) fn left(self, section: &Section<'_>) -> (usize, usize) {
        let after = self.from + self.cards;
        let red = section.counts.failed.saturating_sub(after);
        (red, section.cards.len().saturating_sub(after + red))
    }
}

/// Collects what is to be shown of the cards in the filter.
pub(super) fn collect<'a>(state: &UiState, snapshot: &'a Snapshot, now: Timestamp) -> Whole<'a> {
    let context = state.query_context(snapshot, now);
    let mut counts = Counts::default();
    let mut cards = 0;
    let mut of: HashMap<&str, Section<'_>> = HashMap::new();
    for item in snapshot.items() {
        if !state.filter.query.matches(item, &context) {
            continue;
        }
        let severity = item.placement.status.severity();
        cards += 1;
        counts.add(severity);
        let names = item.services.iter().map(ServiceName::as_str);
        // What belongs to no service is red nevertheless.
        let none = item.services.is_empty().then_some(NO_SERVICE);
        for name in names.chain(none) {
            let section = of.entry(name).or_insert_with(|| Section {
                name,
                counts: Counts::default(),
                cards: Vec::new(),
            });
            section.counts.add(severity);
            if severity >= Severity::Active {
                section.cards.push(item);
            }
        }
    }
    let all = of.len();
    let mut sections: Vec<Section<'_>> = of
        .into_values()
        .filter(|section| !section.counts.is_calm())
        .collect();
    for section in &mut sections {
        let urgency = |item: &&Arc<WorkItem>| {
            let placement = &item.placement;
            let severity = placement.status.severity();
            let since = placement.since.timestamp_millis();
            // A room looks up because something turned red just now.
            let order = if severity == Severity::Failed {
                -since
            } else {
                since
            };
            (std::cmp::Reverse(severity), order)
        };
        section
            .cards
            .sort_by(|a, b| urgency(a).cmp(&urgency(b)).then_with(|| a.id.cmp(&b.id)));
    }
    let rank = |of: Counts| [of.failed, of.blocked, of.waiting, of.unknown, of.active];
    sections.sort_by(|a, b| {
        let order = rank(b.counts).cmp(&rank(a.counts));
        order.then_with(|| a.name.cmp(b.name))
    });
    Whole {
        counts,
        cards,
        calm: all - sections.len(),
        sections,
    }
}

/// Puts sections onto pages of so many rows: a heading and its cards each. One is cut only where
/// its red cards alone are more than a page holds. Rows that are left on a page are filled from its
/// first section on.
pub(super) fn pages(sections: &[Section<'_>], rows: u16) -> Vec<Vec<Placed>> {
    let rows = usize::from(rows);
    let most = rows.saturating_sub(1);
    let mut pages: Vec<Vec<Placed>> = Vec::new();
    let mut left = 0;
    let mut unused = Vec::new();
    for (section, it) in sections.iter().enumerate() {
        let calmer = it.cards.len().min(MOST).min(most);
        let wanted = it.counts.failed.max(calmer);
        let mut from = 0;
        loop {
            let cards = (wanted - from).min(most);
            let placed = Placed {
                section,
                from,
                cards,
            };
            // An empty row stands between two of a page.
            let needed = cards + 1;
            match pages.last_mut() {
                Some(page) if left > needed => {
                    page.push(placed);
                    left -= needed + 1;
                }
                _ => {
                    if !pages.is_empty() {
                        unused.push(left);
                    }
                    pages.push(vec![placed]);
                    left = rows.saturating_sub(needed);
                }
            }
            from += cards;
            if from >= wanted || cards == 0 {
                break;
            }
        }
    }
    unused.push(left);
    for (page, mut left) in pages.iter_mut().zip(unused) {
        for placed in page {
            let section = sections.get(placed.section);
            let more = section.map_or((0, 0), |section| placed.left(section));
            // What is red already has its place on the next page.
            let more = if more.0 > 0 { 0 } else { more.1.min(left) };
            placed.cards += more;
            left -= more;
        }
    }
    pages
}
