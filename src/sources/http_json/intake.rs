//! What the pages of one endpoint come to: facts, bad records, pointers that lead nowhere.
//!
//! Page by page, so that no more than one of them is held as it came. Pure.

use serde_json::Value;

use super::map::Reader;
use super::{MOST, record};
use crate::config::{JsonMap, Said};
use crate::domain::fact::Fact;

/// From so many records on, it is told that none of them has a field that may be absent.
const TELLING: usize = 3;

/// How many reasons why records cannot be read are told apart.
const REASONS: usize = 3;

/// Takes in the records of one endpoint.
pub(super) struct Intake<'a> {
    map: &'a JsonMap,
    /// The facts, in the order of the answer.
    pub(super) facts: Vec<Fact>,
    /// How many records there were.
    pub(super) count: usize,
    /// How many of them cannot be read.
    pub(super) bad: usize,
    /// Why those cannot, each reason with how many have it.
    why: Vec<(String, usize)>,
    /// Pointers that no record had so far.
    lost: Vec<Lost<'a>>,
    /// The first record, for its keys.
    first: Option<Value>,
}

/// A pointer that leads nowhere.
struct Lost<'a> {
    label: String,
    pointer: &'a str,
    /// Whether it is nothing to speak of where few records are without it.
    may_be_absent: bool,
}

impl<'a> Intake<'a> {
    /// Begins with nothing.
    pub(super) fn new(map: &'a JsonMap) -> Self {
        Self {
            map,
            facts: Vec::new(),
            count: 0,
            bad: 0,
            why: Vec::new(),
            lost: pointers(map),
            first: None,
        }
    }

    /// Returns whether there are more records than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.count > MOST
    }

    /// Takes in the records of one page.
    pub(super) fn take(&mut self, records: Vec<Value>, reader: &Reader<'_>) {
        self.count += records.len();
        for record in &records {
            self.lost
                .retain(|lost| record.pointer(lost.pointer).is_none());
            match reader.fact(record) {
                Ok(fact) => self.facts.push(fact),
                Err(why) => {
                    self.bad += 1;
                    self.note(why);
                }
            }
        }
        if self.first.is_none() {
            self.first = records.into_iter().next();
        }
    }

    fn note(&mut self, why: String) {
        if let Some((_, count)) = self.why.iter_mut().find(|(known, _)| *known == why) {
            *count += 1;
        } else if self.why.len() < REASONS {
            self.why.push((why, 1));
        }
    }

    /// Returns why none of the records is one, where that is so.
    pub(super) fn refusal(&self) -> Option<String> {
        let first = self.why.first().filter(|_| self.facts.is_empty());
        let (why, _) = first?;
        // Which key was meant says more than that one is not there.
        let why = self.astray().next().unwrap_or_else(|| why.clone());
        let path = self.map.path();
        Some(format!("{path}: none of its records fits: {why}"))
    }

    /// Returns what a person should know of the settings and of the records.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut told: Vec<String> = self.astray().collect();
        if !self.why.is_empty() {
            let (bad, all, what) = (self.bad, self.count, self.map.to.plural());
            let counted = |(why, count): &(String, usize)| {
                if *count == bad {
                    why.clone()
                } else {
                    format!("{count} of them: {why}")
                }
            };
            let mut reasons: Vec<String> = self.why.iter().map(counted).collect();
            let known: usize = self.why.iter().map(|(_, count)| count).sum();
            match bad.saturating_sub(known) {
                0 => {}
                more => reasons.push(format!("{more} for other reasons")),
            }
            told.push(format!(
                "{bad} of {all} {what} cannot be read: {}",
                reasons.join("; ")
            ));
        }
        told
    }

    /// Returns what to tell of pointers that led nowhere in all of the records.
    fn astray(&self) -> impl Iterator<Item = String> + '_ {
        let first = self.first.iter();
        first.flat_map(|first| {
            let many = self.count >= TELLING;
            let lost = self.lost.iter();
            let told = lost.filter(move |lost| many || !lost.may_be_absent);
            told.map(|Lost { label, pointer, .. }| {
                let there = record::keys(first, pointer);
                format!("`{label}`: no record has `{pointer}`; {there}")
            })
        })
    }
}

/// Returns all pointers of a map into a record.
fn pointers(map: &JsonMap) -> Vec<Lost<'_>> {
    let (needs, times) = (map.to.needs(), map.to.times());
    let fields = map.fields.iter().map(|(name, pointer)| Lost {
        label: format!("fields.{name}"),
        pointer,
        // Of the times one is enough, and many a field comes only with the end of the work.
        may_be_absent: !needs.contains(name) && times != [*name],
    });
    let places = [
        ("repo", &map.repo),
        ("service", &map.service),
        ("environment", &map.environment),
    ];
    let places = places.into_iter().filter_map(|(name, said)| match said {
        Some(Said::At(pointer)) => Some(Lost {
            label: name.to_owned(),
            pointer,
            may_be_absent: !map.to.needed_places().contains(&name),
        }),
        Some(Said::Fixed(_)) | None => None,
    });
    fields.chain(places).collect()
}
