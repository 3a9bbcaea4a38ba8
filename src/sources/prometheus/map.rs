//! Prometheus' alerts and the health of its rules to facts. Pure.
//!
//! A rule that could not be evaluated does not fire, and that is no good news: each
//! group of rules that has one is told as an alert whose state is not known.

use std::time::Duration;

use chrono::{Datelike as _, TimeDelta};

use super::wire::{ActiveAlert, Group, Rule};
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::key::{SourceName, WebUrl};
use crate::domain::text::Clean;
use crate::sources::http::span;
use crate::sources::labels::{self, Labels, Told};

/// The word for a rule that says nothing.
const SILENT: &str = "not evaluated";

/// After how many intervals without an evaluation a rule is no longer taken at its word.
const MISSED: i32 = 10;

/// The least time for that.
const LEAST: TimeDelta = TimeDelta::minutes(10);

/// Returns the fact of an alert; none for one that is only about to fire.
pub(super) fn alert(
    source: &SourceName,
    wire: &ActiveAlert,
    now: Timestamp,
    page: &dyn Fn(&str) -> String,
) -> Option<Alert> {
    let state = match wire.state.as_str() {
        "pending" | "inactive" => return None,
        "firing" => AlertState::Firing,
        word => AlertState::Unknown(Clean::line(word)),
    };
    let none = Labels::default();
    let name = wire.labels.get("alertname").unwrap_or_default();
    Some(labels::alert(Told {
        source,
        id: wire.labels.fingerprint(),
        labels: &wire.labels,
        annotations: wire.annotations.as_ref().unwrap_or(&none),
        state,
        started_at: wire.active_at.unwrap_or(now),
        ended_at: None,
        url: link(&page("alerts"), name),
    }))
}

fn link(page: &str, name: &str) -> Option<WebUrl> {
    let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    WebUrl::parse(&format!("{page}?search={name}"))
}

/// What is known of the rules of a group.
#[derive(Default, Debug)]
pub(super) struct Health {
    /// The group as an alert, where one of its rules is not evaluated as it should be.
    pub(super) alert: Option<Alert>,
    /// How many of its rules were never evaluated yet.
    pub(super) waiting: usize,
    /// How many of its rules cannot be read.
    pub(super) unread: usize,
}

/// Returns how the rules of a group stand; `since` tells since when a group is known to be ill.
pub(super) fn health(
    source: &SourceName,
    group: &Group,
    now: Timestamp,
    page: &dyn Fn(&str) -> String,
    since: &dyn Fn(&Clean) -> Option<Timestamp>,
) -> Health {
    let mut ill: Vec<(&Rule, String)> = Vec::new();
    let mut waiting = 0;
    for rule in &group.rules.items {
        match rule.health.as_deref() {
            Some("ok") => ill.extend(late(rule, group, now).map(|why| (rule, why))),
            Some("unknown") => waiting += 1,
            Some("err") => {
                let why = rule.last_error.as_deref().unwrap_or("it does not say why");
                ill.push((rule, format!("cannot be evaluated: {why}")));
            }
            Some(word) => ill.push((rule, format!("has the health `{word}`"))),
            None => ill.push((rule, "does not tell its health".to_owned())),
        }
    }
    let count = ill.len();
    let alert = ill.first().map(|(rule, why)| {
        let file = group.file.as_deref().unwrap_or_default();
        let hash = labels::fnv([file.as_bytes(), group.name.as_bytes()].into_iter());
        let id = labels::identity(source, &format!("rules/{hash:016x}"));
        let all = group.rules.items.len();
        let about = match count {
            1 => format!("rule `{}` {why}", rule.name),
            _ => format!("{count} of {all} rules fail; `{}` {why}", rule.name),
        };
        let none = Labels::default();
        let own = rule.labels.as_ref().unwrap_or(&none);
        Alert {
            started_at: since(&id).or(rule.last_evaluation).unwrap_or(now),
            id,
            name: Clean::line(&format!("rules of {}", group.name)),
            about: Clean::line(&about),
            severity: Clean::line(own.get("severity").unwrap_or("warning")),
            state: AlertState::Unknown(Clean::line(SILENT)),
            service: labels::service(own, None),
            repo: None,
            sha: None,
            version: Clean::default(),
            knows_silences: false,
            own_key: Clean::default(),
            incident: None,
            ended_at: None,
            url: WebUrl::parse(&page("rules")),
        }
    });
    Health {
        alert,
        waiting,
        unread: group.rules.bad_count,
    }
}

/// Returns since when a rule was not evaluated, where that is far too long.
fn late(rule: &Rule, group: &Group, now: Timestamp) -> Option<String> {
    // The year 1 stands for never.
    let last = rule.last_evaluation.filter(|at| at.year() > 1)?;
    let seconds = group.interval.filter(|s| (0.0..=86_400.0).contains(s))?;
    let interval = TimeDelta::from_std(Duration::from_secs_f64(seconds)).ok()?;
    let silence = now - last;
    let is_late = silence > LEAST.max(interval.checked_mul(MISSED)?);
    is_late.then(|| {
        let silence = silence.to_std().unwrap_or_default();
        format!("was not evaluated for {}", span(silence))
    })
}

#[cfg(test)]
mod tests {
    use super::{Health, alert, health};
    use crate::domain::Timestamp;
    use crate::domain::alert::{Alert, AlertState};
    use crate::domain::key::SourceName;
    use crate::domain::text::Clean;
    use crate::sources::prometheus::wire::{Alerts, Envelope, Group, Rules};
    use chrono::DateTime;
    use serde_json::{Value, json};

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn page(rest: &str) -> String {
        format!("https://p.test/prom/{rest}")
    }

    fn judged(group: &Group, now: &str) -> Health {
        let since = |_: &Clean| None;
        health(&SourceName::new("p"), group, at(now), &page, &since)
    }

    fn groups(text: &str) -> Vec<Group> {
        let envelope: Envelope<Rules> = serde_json::from_str(text).unwrap();
        envelope.data.unwrap().groups.items
    }

    #[test]
    fn what_is_pending_does_not_fire() {
        let text = include_str!("../../../tests/data/prometheus/alerts.json");
        let envelope: Envelope<Alerts> = serde_json::from_str(text).unwrap();
        let wires = envelope.data.unwrap().alerts.items;
        let source = SourceName::new("p");
        let now = at("2026-11-21T02:00:00Z");
        let made = wires
            .iter()
            .filter_map(|wire| alert(&source, wire, now, &page));
        let alerts: Vec<Alert> = made.collect();
        let names: Vec<&str> = alerts.iter().map(|alert| &*alert.name).collect();
        assert_eq!(names, ["AlwaysFiring", "TargetDown"]);
        assert_eq!(alerts[1].service.as_ref().unwrap().as_str(), "down");
        let url = alerts[1].url.as_ref().unwrap().as_str();
        assert_eq!(url, "https://p.test/prom/alerts?search=TargetDown");
    }

    #[test]
    fn a_new_state_of_an_alert_is_kept_and_counts_as_firing() {
        let wire = json!({"labels": {"alertname": "A"}, "state": "smouldering"});
        let wire = serde_json::from_value(wire).unwrap();
        let now = at("2026-11-21T02:00:00Z");
        let made = alert(&SourceName::new("p"), &wire, now, &page).unwrap();
        assert_eq!(made.state, AlertState::Unknown("smouldering".into()));
        assert_eq!(made.started_at, now);
    }

    #[test]
    fn groups_whose_rules_cannot_be_evaluated_are_told() {
        let good = groups(include_str!("../../../tests/data/prometheus/rules.json"));
        assert!(judged(&good[0], "2026-11-21T01:37:30Z").alert.is_none());
        let bad = groups(include_str!(
            "../../../tests/data/prometheus/rules_failing.json"
        ));
        let found: Vec<Health> = bad
            .iter()
            .map(|group| judged(group, "2026-11-21T01:37:30Z"))
            .collect();
        let ill: Vec<&Alert> = found.iter().filter_map(|h| h.alert.as_ref()).collect();
        assert_eq!(ill.len(), 1, "{ill:?}");
        assert_eq!(&*ill[0].name, "rules of broken");
        assert_eq!(ill[0].state, AlertState::Unknown("not evaluated".into()));
        assert!(
            ill[0]
                .about
                .starts_with("2 of 2 rules fail; `Broken` cannot be evaluated: found duplicate"),
            "{}",
            ill[0].about
        );
    }

    #[track_caller]
    fn check(rule: &Value, now: &str, expected: Option<&str>) {
        let group = json!({"name": "g", "interval": 60, "rules": [rule]});
        let group: Group = serde_json::from_value(group).unwrap();
        let found = judged(&group, now).alert;
        assert_eq!(
            found.as_ref().map(|alert| &*alert.about),
            expected,
            "{rule}"
        );
    }

    #[test]
    fn only_a_rule_that_was_evaluated_lately_is_well() {
        let now = "2026-11-21T02:00:00Z";
        let rule = |health: &str, last: &str| json!({"name": "r", "health": health, "lastEvaluation": last});
        check(&rule("ok", "2026-11-21T01:59:00Z"), now, None);
        check(&rule("ok", "2026-11-21T01:50:00Z"), now, None);
        check(
            &rule("ok", "2026-11-21T01:40:00Z"),
            now,
            Some("rule `r` was not evaluated for 20 min"),
        );
        check(&rule("unknown", "0001-01-01T00:00:00Z"), now, None);
        check(
            &rule("err", now),
            now,
            Some("rule `r` cannot be evaluated: it does not say why"),
        );
        check(
            &rule("splendid", now),
            now,
            Some("rule `r` has the health `splendid`"),
        );
        check(
            &json!({"name": "r"}),
            now,
            Some("rule `r` does not tell its health"),
        );
    }

    #[test]
    fn since_when_a_group_is_ill_is_not_told_anew_by_every_evaluation() {
        let rule = json!({"name": "r", "health": "err", "lastEvaluation": "2026-11-21T02:00:00Z"});
        let group = json!({"name": "g", "interval": 60, "rules": [rule]});
        let group: Group = serde_json::from_value(group).unwrap();
        let first = at("2026-11-20T00:00:00Z");
        let since = |_: &Clean| Some(first);
        let now = at("2026-11-21T02:00:00Z");
        let found = health(&SourceName::new("p"), &group, now, &page, &since);
        assert_eq!(found.alert.unwrap().started_at, first);
    }
}
