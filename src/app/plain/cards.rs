//! Cards in plain mode: lists of them, the walk through problems.
//!
//! Numbers are those of the last list. What the filter hides, or a person put aside, is in no list
//! and in no count of one.

use std::collections::HashSet;

use super::talk::{More, Said, Talk, line};
use super::words;
use crate::domain::Timestamp;
use crate::domain::arrange::{Facets, Order, SavedView};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::query::QueryContext;
use crate::domain::status::Severity;
use crate::domain::text::nearest;
use crate::engine::snapshot::{Row, Snapshot};

/// How many cards are listed at once.
const PAGE: usize = 20;

/// What is said where a card has to be open.
pub(super) const NO_CARD: &str = "no card is open; `list`, then its number";

impl Talk {
    /// Whether a card is one of those that are talked about.
    pub(super) fn shows(&self, item: &WorkItem, context: &QueryContext) -> bool {
        let is_aside = self.setting.hides.of(item, context.now).is_some();
        (!is_aside || self.filter.asks_for_hidden()) && self.filter.matches(item, context)
    }

    /// Makes a list of the cards of one column or of all, and tells its beginning.
    pub(super) fn list(&mut self, of: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let columns = &self.setting.columns;
        let found = words::column(columns, of);
        if found.is_none() && !of.is_empty() {
            return vec![line(words::no_column(columns, of))];
        }
        let context = self.context(snapshot, now);
        let stages = columns.iter().map(|column| column.stage);
        let stages = stages.filter(|stage| match found {
            Some(found) => found.stage == *stage,
            None => self.stages.is_empty() || self.stages.contains(stage),
        });
        let mut listed = Vec::new();
        for column in stages.filter_map(|stage| snapshot.column(stage)) {
            let items = column.rows.iter().flat_map(Row::items);
            let mut items: Vec<&WorkItem> = items
                .map(AsRef::as_ref)
                .filter(|item| self.shows(item, &context))
                .collect();
            let facets = |item| Facets::of_item(item);
            items.sort_by(|a, b| self.order.compare(&facets(a), &facets(b)));
            listed.extend(items.into_iter().map(|item| item.id.clone()));
        }
        self.listed = listed;
        if self.listed.is_empty() {
            self.more = More::Nothing;
            return vec![line("no cards")];
        }
        self.listing(0, snapshot, now)
    }

    /// Tells a part of the list, one card a line, under the names of their columns.
    pub(super) fn listing(
        &mut self,
        from: usize,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Vec<Said> {
        let columns = &self.setting.columns;
        let mut said = Vec::new();
        let mut stage = None;
        for (at, id) in self.listed.iter().enumerate().skip(from).take(PAGE) {
            let number = at + 1;
            let Some(item) = snapshot.find(id) else {
                said.push(line(format!("{number}. it left the board")));
                continue;
            };
            let at = item.placement.stage;
            if stage.replace(at) != Some(at) {
                let title = words::title(columns, at);
                let listed = self.listed.iter().filter_map(|id| snapshot.find(id));
                let of_column = listed.filter(|item| item.placement.stage == at);
                let (mut count, mut red) = (0, 0);
                for item in of_column {
                    count += 1;
                    red += usize::from(item.placement.status.is_red());
                }
                let cards = words::cards(count);
                said.push(line(format!("{title}, {cards}, {red} red")));
            }
            said.push(line(format!(
                "{number}. {}",
                words::card(item, snapshot, now)
            )));
        }
        let end = from.saturating_add(PAGE);
        let left = self.listed.len().saturating_sub(end);
        self.more = if left > 0 {
            More::List(end)
        } else {
            More::Nothing
        };
        if left > 0 {
            said.push(line(format!(
                "{left} more; `more` goes on, a number opens one"
            )));
        }
        said
    }

    /// Tells the beginning of these lines; `more` goes on.
    pub(super) fn tell(&mut self, lines: Vec<String>) -> Vec<Said> {
        self.lines = lines;
        self.lines_from(0)
    }

    /// Goes on with the lines that were begun.
    pub(super) fn lines_from(&mut self, from: usize) -> Vec<Said> {
        let lines = self.lines.iter().skip(from).take(PAGE);
        let mut said: Vec<Said> = lines.map(line).collect();
        let end = from.saturating_add(PAGE);
        let left = self.lines.len().saturating_sub(end);
        self.more = if left > 0 {
            said.push(line(format!("{left} more lines; `more` goes on")));
            More::Lines(end)
        } else {
            More::Nothing
        };
        said
    }

    /// Tells all of a card of the last list.
    pub(super) fn open(&mut self, number: usize, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let id = number.checked_sub(1).and_then(|at| self.listed.get(at));
        let Some(id) = id.cloned() else {
            let last = self.listed.len();
            return vec![line(match last {
                0 => "`list` first: a number is one of the last list".to_owned(),
                _ => format!("the last list has the numbers 1 to {last}"),
            })];
        };
        let Some(item) = snapshot.find(&id) else {
            return vec![line("that card left the board")];
        };
        self.card = Some(id);
        let lines = words::whole(item, snapshot, &self.setting.columns, now);
        lines.into_iter().map(line).collect()
    }

    /// Tells the next card that needs a person, the most urgent first, and round again; or the one
    /// before it.
    pub(super) fn next(&mut self, forth: bool, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let context = self.context(snapshot, now);
        let mut urgent: Vec<&WorkItem> = snapshot
            .items()
            .map(|item| &**item)
            .filter(|item| item.placement.status.severity() >= Severity::Waiting)
            .filter(|item| self.shows(item, &context))
            .collect();
        urgent.sort_by_key(|item| {
            let placement = &item.placement;
            (
                std::cmp::Reverse(placement.status.severity()),
                placement.since,
                item.id.clone(),
            )
        });
        self.listed = urgent.iter().map(|item| item.id.clone()).collect();
        self.more = More::Nothing;
        let Some(last) = urgent.len().checked_sub(1) else {
            return vec![line("no card is red, blocked or waiting")];
        };
        let mut ids = urgent.iter();
        let at = ids.position(|item| Some(&item.id) == self.card.as_ref());
        let next = match (at, forth) {
            (Some(at), true) if at < last => at + 1,
            (None | Some(_), true) => 0,
            (None | Some(0), false) => last,
            (Some(at), false) => at - 1,
        };
        let mut said = vec![line(format!(
            "{} of {} that are red, blocked or waiting",
            next + 1,
            urgent.len()
        ))];
        said.extend(self.open(next + 1, snapshot, now));
        said
    }

    /// Lists what is red, each with the reason.
    pub(super) fn red(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let context = self.context(snapshot, now);
        let items = snapshot.items().map(|item| &**item);
        let red: Vec<&WorkItem> = items
            .filter(|item| item.placement.status.is_red() && self.shows(item, &context))
            .collect();
        let why = red.iter().map(|item| item.placement.reason.to_string());
        let why: Vec<String> = why.collect();
        let none = if self.filter.is_empty() {
            "no card is red"
        } else {
            "no card that the filter shows is red"
        };
        self.with_reasons((&red, &why), none, snapshot, now)
    }

    /// Lists what calls for a person, each with the rule.
    pub(super) fn calling(&mut self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let context = self.context(snapshot, now);
        let items = snapshot.items().filter(|item| self.shows(item, &context));
        let calls = snapshot.attention.list(items, now);
        let cards: Vec<&WorkItem> = calls.iter().map(|call| &*call.item).collect();
        let why = calls.iter().map(|call| call.call.kind.word().to_owned());
        let why: Vec<String> = why.collect();
        let none = if snapshot.attention.is_judged() {
            "nothing calls for a person"
        } else {
            "nothing is known yet"
        };
        let mut said = Vec::new();
        if !cards.is_empty() {
            let called: HashSet<&ItemId> = cards.iter().map(|item| &item.id).collect();
            let (called, rules) = (words::cards(called.len()), cards.len());
            said.push(line(format!(
                "{called} for which a rule of `[attention]` or `[[wip]]` calls a person, by {rules} rules; \
                 `next` goes through all that is red, blocked or waiting"
            )));
        }
        said.extend(self.with_reasons((&cards, &why), none, snapshot, now));
        said
    }

    /// Makes these cards the list, and tells the first of them with why; `more` goes on so.
    fn with_reasons(
        &mut self,
        (cards, why): (&[&WorkItem], &[String]),
        none: &str,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Vec<Said> {
        self.listed = cards.iter().map(|item| item.id.clone()).collect();
        self.more = More::Nothing;
        if cards.is_empty() {
            // An empty list is no answer where nobody told anything.
            let answered = snapshot.sources.iter().any(|it| it.last_success.is_some());
            let is_known = answered || snapshot.items().next().is_some();
            let text = if is_known {
                none
            } else {
                "nothing is known: no source has answered; `sources` tells why"
            };
            return vec![line(text)];
        }
        let lines = cards.iter().zip(why).enumerate();
        let lines = lines.map(|(at, (item, why))| {
            let card = words::card(item, snapshot, now);
            format!("{}. {card}, because {why}", at + 1)
        });
        self.tell(lines.collect())
    }

    /// Sets the order of lists.
    pub(super) fn sort(&mut self, by: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let Some(order) = Order::parse(by) else {
            let words: Vec<&str> = Order::ALL.iter().map(|order| order.as_str()).collect();
            let now = self.order.title();
            return vec![line(format!("it is {now}; there are {}", words.join(", ")))];
        };
        self.order = order;
        let mut said = vec![line(order.title())];
        said.extend(self.list("", snapshot, now));
        said
    }

    /// Names the saved views.
    pub(super) fn views(&self) -> Vec<Said> {
        if self.setting.views.is_empty() {
            return vec![line(
                "no view is saved; `[[view]]` of the configuration gives one",
            )];
        }
        let views = self.setting.views.iter();
        views
            .map(|view| {
                let filter = &view.shows.filter;
                let shows = if filter.is_empty() {
                    "all cards"
                } else {
                    filter
                };
                line(format!("{}: {shows}", view.name))
            })
            .collect()
    }

    /// Goes to a saved view, or back to the whole board.
    pub(super) fn view(&mut self, name: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let found = if name.is_empty() {
            Some(crate::domain::arrange::Arrangement::default())
        } else {
            SavedView::find(&self.setting.views, name).map(|view| view.shows.clone())
        };
        let Some(shows) = found else {
            let names = self.setting.views.iter().map(|view| view.name.as_str());
            let hint = nearest(name, names).map_or_else(
                || "`views` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return vec![line(format!("no view `{name}`; {hint}"))];
        };
        self.order = shows.order;
        self.stages = shows.columns;
        self.filter(&shows.filter, snapshot, now)
    }
}
