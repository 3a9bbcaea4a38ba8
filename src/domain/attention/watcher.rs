//! Keeps what calls for a person up to date: only cards that changed are judged again.
//!
//! Counts what limits limit, and knows when the clock alone makes something call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::attention::board::{Arrival, Group, Noted};
use crate::domain::attention::rules::{Case, judge};
use crate::domain::attention::{Attention, AttentionBoard, Call, Count, Limit, Patience, Per};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::query::QueryContext;
use crate::domain::text::Clean;

/// Watches the cards of one board.
#[derive(Debug)]
pub struct Watcher {
    rules: Attention,
    limits: Vec<Arc<Limit>>,
    me: Vec<String>,
    cards: HashMap<ItemId, Arc<WorkItem>>,
    groups: BTreeMap<Group, BTreeSet<Arrival>>,
    /// What will call by the clock alone.
    due: BTreeSet<Arrival>,
    /// Until when the clock was looked at.
    seen: Timestamp,
    board: AttentionBoard,
}

impl Watcher {
    /// Begins with a board without cards.
    pub fn new(rules: Attention) -> Self {
        Self {
            limits: rules.limits.iter().cloned().map(Arc::new).collect(),
            board: AttentionBoard::new(rules.roster.clone()),
            rules,
            me: Vec::new(),
            cards: HashMap::new(),
            groups: BTreeMap::new(),
            due: BTreeSet::new(),
            seen: Timestamp::MIN_UTC,
        }
    }

    /// Takes in cards that are new or differ, and those that are gone; returns whether something
    /// else calls than before.
    pub fn refresh(
        &mut self,
        changed: &[Arc<WorkItem>],
        removed: &[ItemId],
        now: Timestamp,
    ) -> bool {
        let mut touched = BTreeSet::new();
        let mut differs = self.pass(now);
        for id in removed {
            self.cards.remove(id);
            differs |= self.put(id, None, &mut touched);
        }
        for item in changed {
            self.cards.insert(item.id.clone(), Arc::clone(item));
            let noted = self.judged(item, now);
            differs |= self.put(&item.id, noted, &mut touched);
        }
        for group in touched {
            let count = self.counted(&group);
            differs |= self.board.count(&group, count);
        }
        differs
    }

    /// Takes in who the user is; returns whether something else calls than before.
    pub fn is_for(&mut self, me: Vec<String>, now: Timestamp) -> bool {
        if me == self.me {
            return false;
        }
        self.me = me;
        let all: Vec<Arc<WorkItem>> = self.cards.values().cloned().collect();
        self.refresh(&all, &[], now)
    }

    /// Goes by other limits and another patience from now on: every card is judged again.
    pub fn judge_by(&mut self, limits: Vec<Limit>, patience: Patience, now: Timestamp) {
        let rules = Attention {
            limits,
            patience,
            ..std::mem::take(&mut self.rules)
        };
        let before = std::mem::replace(self, Self::new(rules));
        self.me = before.me;
        let all: Vec<Arc<WorkItem>> = before.cards.into_values().collect();
        self.refresh(&all, &[], now);
    }

    /// Returns when the clock alone makes something call next.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Returns what calls; costs nothing.
    pub fn board(&self) -> AttentionBoard {
        self.board.clone()
    }

    /// Lets the clock go on; returns whether something calls since.
    fn pass(&mut self, now: Timestamp) -> bool {
        self.seen = self.seen.max(now);
        let mut passed = false;
        while self.due.first().is_some_and(|(at, _)| *at <= now) {
            self.due.pop_first();
            passed = true;
        }
        passed
    }

    fn judged(&self, item: &WorkItem, now: Timestamp) -> Option<Noted> {
        let mut calls = Vec::new();
        let case = Case {
            item,
            rules: &self.rules,
            me: &self.me,
        };
        judge(&case, |kind, since, due| {
            calls.push(Call {
                kind,
                since,
                due,
                about: Clean::default(),
            });
        });
        let groups = self.groups_of(item, now);
        let is_empty = calls.is_empty() && groups.is_empty();
        (!is_empty).then_some(Noted {
            calls,
            groups,
            since: item.placement.since,
        })
    }

    fn groups_of(&self, item: &WorkItem, now: Timestamp) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        if item.placement.done.is_some() {
            return groups;
        }
        let context = QueryContext {
            now,
            me: self.me.clone(),
            attention: self.board.of_nothing(),
            hides: crate::domain::hide::Hides::default(),
        };
        for (at, limit) in self.limits.iter().enumerate() {
            let counts = limit.stages.contains(&item.placement.stage)
                && (limit.when.is_empty() || limit.when.matches(item, &context));
            if !counts {
                continue;
            }
            let mut add = |of: Clean| {
                if !groups.contains(&(at, of.clone())) {
                    groups.push((at, of));
                }
            };
            match limit.per {
                Per::Together => add(Clean::default()),
                Per::Column => add(Clean::line(item.placement.stage.as_str())),
                Per::Person => {
                    let people = item.holders.iter();
                    people.for_each(|person| add(self.rules.roster.name(person).clone()));
                }
                Per::Service => {
                    let services = item.services.iter();
                    services.for_each(|service| add(Clean::line(service.as_str())));
                }
            }
        }
        groups
    }

    /// Puts what is known of a card in place; notes which groups are to be counted again.
    fn put(&mut self, id: &ItemId, noted: Option<Noted>, touched: &mut BTreeSet<Group>) -> bool {
        let before = self.board.put(id, noted.clone());
        if before == noted {
            return false;
        }
        if let Some(before) = before {
            for call in &before.calls {
                self.due.remove(&(call.due, id.clone()));
            }
            for group in before.groups {
                if let Some(cards) = self.groups.get_mut(&group) {
                    cards.remove(&(before.since, id.clone()));
                }
                touched.insert(group);
            }
        }
        if let Some(noted) = noted {
            let later = noted.calls.iter().map(|call| call.due);
            let later = later.filter(|due| *due > self.seen && *due < Timestamp::MAX_UTC);
            self.due.extend(later.map(|due| (due, id.clone())));
            for group in noted.groups {
                let cards = self.groups.entry(group.clone()).or_default();
                cards.insert((noted.since, id.clone()));
                touched.insert(group);
            }
        }
        true
    }

    fn counted(&mut self, group: &Group) -> Option<Count> {
        let cards = self.groups.get(group)?;
        if cards.is_empty() {
            self.groups.remove(group);
            return None;
        }
        let limit = self.limits.get(group.0)?;
        let most = usize::try_from(limit.most).unwrap_or(usize::MAX);
        Some(Count {
            limit: Arc::clone(limit),
            of: group.1.clone(),
            cards: cards.len(),
            from: cards.iter().nth(most).cloned(),
        })
    }
}
