//! What people decided against the table: pins, labels and rules.
//!
//! Strongest first: pin, label `stage:*` / `status:*`, `[[rule]]`. None of them
//! hides that something is red or blocked: a badge tells it.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::attention::AttentionBoard;
use crate::domain::item::WorkItem;
use crate::domain::placement::combine::elsewhere;
use crate::domain::placement::named;
use crate::domain::policy::Policy;
use crate::domain::query::QueryContext;
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};
use crate::domain::text::Clean;

/// One decision of a person.
struct Decision {
    rule: Clean,
    reason: String,
    stage: Option<Stage>,
    status: Option<Status>,
    pinned: bool,
}

/// Applies pins, labels and rules to a card that the table has placed.
pub fn apply(item: &mut WorkItem, policy: &Policy, now: Timestamp) {
    if item.placement.done.is_some() {
        return;
    }
    let decisions = decisions(item, policy, now);
    let stage = decisions.iter().find_map(|decision| decision.stage);
    let status = decisions.iter().find_map(|decision| decision.status);
    let before = (item.placement.stage, item.placement.status);
    let after = (stage.unwrap_or(before.0), status.unwrap_or(before.1));
    let Some(first) = decisions.first().filter(|_| before != after) else {
        return;
    };
    let placement = &mut item.placement;
    placement.stage = after.0;
    placement.status = after.1;
    placement.rule = first.rule.clone();
    placement.reason = Clean::line(&format!(
        "{}; without it: {}",
        first.reason, placement.reason
    ));
    if decisions.iter().any(|decision| decision.pinned) {
        placement.badges.push(Clean::line("pinned"));
    }
    if before.1.severity() >= Severity::Blocked {
        placement
            .badges
            .push(Clean::line(&elsewhere(before.1, before.0)));
    }
}

/// Returns whether the clock alone may change what the rules say.
pub fn depends_on_clock(policy: &Policy) -> bool {
    policy.rules.iter().any(|rule| {
        let text = rule.when.text();
        ["age", "is:stuck", "updated", "created"]
            .iter()
            .any(|word| text.contains(word))
    })
}

fn decisions(item: &WorkItem, policy: &Policy, now: Timestamp) -> Vec<Decision> {
    let mut found = Vec::new();
    let pin = policy.pins.iter().find(|(id, _)| *id == item.id);
    if let Some((_, pin)) = pin.filter(|(_, pin)| pin.holds_in(item.placement.stage)) {
        found.push(Decision {
            rule: Clean::line("pin"),
            reason: format!("pinned to {}", pin.stage.title()),
            stage: Some(pin.stage),
            status: None,
            pinned: true,
        });
    }
    found.extend(by_labels(item));
    if !policy.rules.is_empty() {
        let ctx = QueryContext {
            now,
            me: Vec::new(),
            attention: AttentionBoard::of_people(Arc::clone(&policy.people)),
            hides: crate::domain::hide::Hides::default(),
        };
        let rule = policy
            .rules
            .iter()
            .find(|rule| rule.when.matches(item, &ctx));
        found.extend(rule.map(|rule| Decision {
            rule: Clean::line(&format!("rule {}", rule.name)),
            reason: format!("rule {} says so", named(&rule.name)),
            stage: rule.stage,
            status: rule.status,
            pinned: false,
        }));
    }
    found
}

fn by_labels(item: &WorkItem) -> Option<Decision> {
    let value = |prefix: &str| {
        item.labels.iter().find_map(|label| {
            let (head, tail) = label.split_once(':')?;
            head.eq_ignore_ascii_case(prefix).then(|| tail.trim())
        })
    };
    let stage = value("stage").and_then(Stage::parse);
    let status = value("status").and_then(Status::parse);
    if stage.is_none() && status.is_none() {
        return None;
    }
    let words: Vec<String> = [
        stage.map(|stage| named(&format!("stage:{}", stage.as_str()))),
        status.map(|status| named(&format!("status:{}", status.as_str()))),
    ]
    .into_iter()
    .flatten()
    .collect();
    Some(Decision {
        rule: Clean::line("label"),
        reason: format!("label {} says so", words.join(" and ")),
        stage,
        status,
        pinned: false,
    })
}
