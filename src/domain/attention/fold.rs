//! The list of calls as it is shown: cards that wait at the same gate, or at the same step of a
//! roll-out, are one line that opens.
//!
//! Nothing is counted here: whoever counts calls counts the list itself.

use std::collections::HashMap;

use crate::domain::attention::{Kind, Listed};
use crate::domain::item::EvidenceKind;
use crate::domain::key::ServiceName;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// A gate that cards of a service wait at, and what they call for a person by.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AtGate {
    /// The environment behind it, or the job that a person starts.
    pub gate: Clean,
    /// How far the roll-out to it is, where that waits; nothing of any other gate.
    pub step: Option<Clean>,
    /// The service.
    pub service: ServiceName,
    /// Whether they wait too long there, or for whoever looks at the list.
    pub kind: Kind,
}

impl AtGate {
    /// Returns at which gate the card of a call waits longest; nothing where nobody named one, or
    /// where it calls for another reason.
    pub fn of(listed: &Listed) -> Option<Self> {
        let (item, kind) = (&listed.item, listed.call.kind);
        let waits = item.placement.status == Status::Waiting;
        if !(kind == Kind::Gate || (kind == Kind::WaitsForMe && waits)) {
            return None;
        }
        let longest = |kind: EvidenceKind| {
            let lines = item.evidence.iter();
            let waiting = lines.filter(|line| line.kind == kind && line.status == Status::Waiting);
            waiting.min_by_key(|line| line.at)
        };
        // A roll-out counts where the card waits for nothing but that.
        let rollout = || longest(EvidenceKind::Rollout).filter(|_| waits);
        let gate = longest(EvidenceKind::Gate).or_else(rollout)?;
        let is_rollout = gate.kind == EvidenceKind::Rollout;
        Some(Self {
            gate: gate.key.clone(),
            step: is_rollout.then(|| gate.detail.clone()),
            service: item.services.first()?.clone(),
            kind,
        })
    }
}

/// A line of the list as it is shown; calls are named by their place in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// One call.
    Call {
        /// Which.
        at: usize,
        /// Whether it stands below its gate.
        inside: bool,
    },
    /// Calls of the cards that wait at one gate, the one that waits longest first.
    Gate {
        /// Which gate.
        gate: AtGate,
        /// Which calls, never fewer than two.
        calls: Vec<usize>,
        /// Whether they are listed below.
        opened: bool,
    },
}

impl Line {
    /// Returns the call that it shows, of a gate the one that waits longest.
    pub fn first(&self) -> Option<usize> {
        match self {
            Self::Call { at, .. } => Some(*at),
            Self::Gate { calls, .. } => calls.first().copied(),
        }
    }
}

/// Folds a list of calls: a gate stands where the card is that waits there longest.
pub fn fold(list: &[Listed], is_opened: impl Fn(&AtGate) -> bool) -> Vec<Line> {
    let mut waiting: HashMap<AtGate, Vec<usize>> = HashMap::new();
    let gates: Vec<Option<AtGate>> = list.iter().map(AtGate::of).collect();
    for (at, gate) in gates.iter().enumerate() {
        if let Some(gate) = gate {
            waiting.entry(gate.clone()).or_default().push(at);
        }
    }
    waiting.retain(|_, calls| calls.len() > 1);
    let mut lines = Vec::with_capacity(list.len());
    for (at, gate) in gates.into_iter().enumerate() {
        let Some(gate) = gate else {
            lines.push(Line::Call { at, inside: false });
            continue;
        };
        match waiting.get(&gate) {
            None => lines.push(Line::Call { at, inside: false }),
            Some(calls) if calls.first() == Some(&at) => {
                let calls = calls.clone();
                let opened = is_opened(&gate);
                let below = calls.clone().into_iter().filter(|_| opened);
                let below = below.map(|at| Line::Call { at, inside: true });
                lines.push(Line::Gate {
                    gate,
                    calls,
                    opened,
                });
                lines.extend(below);
            }
            Some(_) => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;

    use super::*;
    use crate::domain::attention::Call;
    use crate::domain::attention::tests::{card, friday};
    use crate::domain::item::Evidence;
    use crate::domain::stage::Stage;

    /// A call of a card that waits at a gate since some hours before the weekend.
    fn waits(id: &str, service: &str, gate: &str, hours: i64, kind: Kind) -> Listed {
        let since = friday() - TimeDelta::hours(hours);
        let mut item = card(id, Stage::Deploy, Status::Waiting, since);
        item.services = vec![ServiceName::new(service)];
        if !gate.is_empty() {
            item.evidence.push(Evidence {
                kind: EvidenceKind::Gate,
                key: gate.into(),
                state: "waiting".into(),
                status: Status::Waiting,
                url: None,
                at: since,
                confidence: 100,
                detail: Clean::default(),
                run: None,
                door: None,
                sha: None,
            });
        }
        Listed {
            item: Arc::new(item),
            call: Call {
                kind,
                since,
                due: since,
                about: Clean::default(),
            },
        }
    }

    fn told(list: &[Listed], opened: bool) -> Vec<String> {
        let id = |at: &usize| list[*at].item.id.as_str().to_owned();
        let lines = fold(list, |_| opened).into_iter().map(|line| match line {
            Line::Call { at, inside: true } => format!("  {}", id(&at)),
            Line::Call { at, inside: false } => id(&at),
            Line::Gate { gate, calls, .. } => {
                let cards: Vec<String> = calls.iter().map(id).collect();
                format!("{} of {}: {}", gate.gate, gate.service, cards.join(" "))
            }
        });
        lines.collect()
    }

    #[test]
    fn cards_at_one_gate_of_one_service_are_one_line_where_the_first_of_them_stands() {
        let list = [
            waits("a", "app", "production", 9, Kind::Gate),
            waits("b", "web", "production", 8, Kind::Gate),
            waits("c", "app", "production", 7, Kind::Gate),
            waits("d", "app", "staging", 6, Kind::Gate),
            waits("e", "app", "", 5, Kind::Gate),
            waits("f", "app", "", 4, Kind::Gate),
            waits("g", "app", "production", 3, Kind::Gate),
            // The same card calls for another reason as well.
            waits("c", "app", "production", 7, Kind::Stuck),
        ];
        let folded = ["production of app: a c g", "b", "d", "e", "f", "c"];
        assert_eq!(told(&list, false), folded);
        let opened = [
            "production of app: a c g",
            "  a",
            "  c",
            "  g",
            "b",
            "d",
            "e",
            "f",
            "c",
        ];
        assert_eq!(told(&list, true), opened);
    }

    #[test]
    fn gates_that_wait_for_whoever_looks_are_a_line_of_their_own() {
        let list = [
            waits("a", "app", "production", 9, Kind::WaitsForMe),
            waits("b", "app", "production", 8, Kind::WaitsForMe),
            waits("c", "app", "production", 9, Kind::Gate),
            waits("d", "app", "production", 8, Kind::Gate),
        ];
        let folded = ["production of app: a b", "production of app: c d"];
        assert_eq!(told(&list, false), folded);
    }

    /// The same of a card that waits in a roll-out.
    fn rolls(id: &str, service: &str, to: &str, step: &str) -> Listed {
        let mut listed = waits(id, service, to, 3, Kind::Gate);
        let item = Arc::make_mut(&mut listed.item);
        item.evidence[0].kind = EvidenceKind::Rollout;
        item.evidence[0].detail = step.into();
        listed
    }

    #[test]
    fn cards_at_one_step_of_a_roll_out_are_one_line() {
        let two = "20 %, step 2 of 4";
        let mut gone = rolls("h", "app", "production", two);
        Arc::make_mut(&mut gone.item).placement.status = Status::Live;
        let list = [
            rolls("a", "app", "production", two),
            rolls("b", "app", "production", two),
            rolls("c", "app", "production", "50 %, step 3 of 4"),
            rolls("d", "web", "production", two),
            rolls("e", "app", "staging", two),
            waits("f", "app", "production", 3, Kind::Gate),
            rolls("g", "app", "production", two),
            gone,
        ];
        let folded = ["production of app: a b g", "c", "d", "e", "f", "h"];
        assert_eq!(told(&list, false), folded);
        assert_eq!(AtGate::of(&list[0]).unwrap().step.unwrap().as_str(), two);
        assert_eq!(AtGate::of(&list[5]).unwrap().step, None);
    }

    #[test]
    fn of_several_gates_of_a_card_the_one_counts_at_which_it_waits_longest() {
        let mut list = waits("a", "app", "late", 1, Kind::Gate);
        let early = waits("b", "app", "early", 5, Kind::Gate);
        let item = Arc::make_mut(&mut list.item);
        item.evidence.extend(early.item.evidence.iter().cloned());
        item.evidence[0].status = Status::Live;
        assert_eq!(AtGate::of(&list).unwrap().gate.as_str(), "early");
        Arc::make_mut(&mut list.item).evidence[0].status = Status::Waiting;
        assert_eq!(AtGate::of(&list).unwrap().gate.as_str(), "early");
    }
}
