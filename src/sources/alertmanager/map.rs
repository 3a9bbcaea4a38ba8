//! Alertmanager's alerts to facts. Pure.

use super::wire::{AlertStatus, GettableAlert};
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::key::{SourceName, WebUrl};
use crate::domain::text::Clean;
use crate::sources::labels::{self, Labels, Told};

/// Returns the fact of an alert; `now` is the server's, `page` makes links to its own page.
pub(super) fn alert(
    source: &SourceName,
    wire: &GettableAlert,
    now: Timestamp,
    page: &dyn Fn(&str) -> String,
) -> Alert {
    // While it fires this is when it would end if nobody said it again.
    let ended_at = wire.ends_at.filter(|at| {
        let is_named = *at >= wire.starts_at;
        is_named && *at <= now
    });
    let state = state(&wire.status, ended_at.is_some());
    let none = Labels::default();
    let told = labels::alert(Told {
        source,
        id: identity(wire),
        labels: &wire.labels,
        annotations: wire.annotations.as_ref().unwrap_or(&none),
        ended_at: ended_at.filter(|_| state == AlertState::Resolved),
        state,
        started_at: wire.starts_at,
        url: link(&wire.labels, page),
    });
    Alert {
        knows_silences: true,
        own_key: Clean::default(),
        incident: None,
        ..told
    }
}

/// Returns its fingerprint, or makes it of its labels where there is none to be trusted.
fn identity(wire: &GettableAlert) -> String {
    let told = wire.fingerprint.as_deref().filter(|text| {
        let is_short = (1..=64).contains(&text.len());
        is_short && text.bytes().all(|b| b.is_ascii_hexdigit())
    });
    told.map_or_else(|| wire.labels.fingerprint(), str::to_ascii_lowercase)
}

fn state(status: &AlertStatus, is_over: bool) -> AlertState {
    let has = |list: &Option<Vec<_>>| list.as_ref().is_some_and(|list| !list.is_empty());
    match status.state.as_str() {
        "active" | "unprocessed" | "suppressed" if is_over => AlertState::Resolved,
        // It came in and was not yet sorted: that nobody was told does not make it less true.
        "active" | "unprocessed" => AlertState::Firing,
        // What a person or a plan asked for comes first.
        "suppressed" if has(&status.silenced_by) || has(&status.muted_by) => AlertState::Silenced,
        "suppressed" if has(&status.inhibited_by) => AlertState::Inhibited,
        word => AlertState::Unknown(Clean::line(word)),
    }
}

/// Returns its place on Alertmanager's own page: links that the alert brings may lead anywhere.
fn link(labels: &Labels, page: &dyn Fn(&str) -> String) -> Option<WebUrl> {
    let matcher = |name: &str| {
        let value = serde_json::to_string(labels.get(name)?).ok()?;
        Some(format!("{name}={value}"))
    };
    let matchers: Vec<String> = ["alertname", "instance", "service"]
        .iter()
        .filter_map(|name| matcher(name))
        .collect();
    let filter = format!("{{{}}}", matchers.join(","));
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    // The page reads percents, not pluses.
    let filter = filter.replace('+', "%20");
    WebUrl::parse(&page(&format!(
        "#/alerts?silenced=true&inhibited=true&filter={filter}"
    )))
}

#[cfg(test)]
mod tests {
    use super::alert;
    use crate::domain::alert::{Alert, AlertState};
    use crate::domain::key::SourceName;
    use crate::sources::alertmanager::wire::GettableAlert;
    use chrono::DateTime;
    use serde_json::{Value, json};

    const NOW: &str = "2026-11-21T01:37:00Z";

    fn map(wire: &Value, now: &str) -> Alert {
        let wire: GettableAlert = serde_json::from_value(wire.clone()).unwrap();
        let now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
        let page = |rest: &str| format!("https://am.test/am/{rest}");
        alert(&SourceName::new("am"), &wire, now, &page)
    }

    fn recorded() -> Vec<Value> {
        let text = include_str!("../../../tests/data/alertmanager/alerts.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_recorded_list_becomes_alerts_with_what_is_silenced_apart() {
        let alerts: Vec<Alert> = recorded().iter().map(|wire| map(wire, NOW)).collect();
        let states: Vec<(&str, &AlertState)> =
            alerts.iter().map(|a| (&*a.name, &a.state)).collect();
        assert_eq!(
            states,
            [
                ("HighLatency", &AlertState::Firing),
                ("TargetDown", &AlertState::Firing),
                ("DeployFailed", &AlertState::Firing),
                ("AlwaysFiring", &AlertState::Firing),
                ("DiskFull", &AlertState::Silenced),
            ]
        );
        let failed = &alerts[2];
        assert_eq!(&*failed.id, "am/6311814ccdba5f83");
        assert_eq!(&*failed.about, "deploy failed ünïcode ✓");
        assert_eq!(failed.service.as_ref().unwrap().as_str(), "api");
        assert!(failed.ended_at.is_none(), "it has not ended");
        let url = failed.url.as_ref().unwrap().as_str();
        assert!(url.starts_with("https://am.test/am/#/alerts?"), "{url}");
        assert!(url.contains("alertname%3D%22DeployFailed%22"), "{url}");
    }

    #[test]
    fn our_fingerprint_is_that_of_alertmanager() {
        for wire in recorded() {
            let mut bare = wire.clone();
            bare["fingerprint"] = Value::Null;
            assert_eq!(map(&wire, NOW).id, map(&bare, NOW).id);
            bare["fingerprint"] = json!("../../etc/passwd");
            assert_eq!(map(&wire, NOW).id, map(&bare, NOW).id);
        }
    }

    #[track_caller]
    fn check(state: &str, lists: &Value, ends_at: &str, expected: &AlertState) {
        let mut status = lists.clone();
        status["state"] = json!(state);
        let wire = json!({
            "labels": {"alertname": "A"}, "annotations": null, "status": status,
            "startsAt": "2026-11-21T01:00:00Z", "endsAt": ends_at,
        });
        let alert = map(&wire, NOW);
        assert_eq!(alert.state, *expected, "{wire}");
        assert_eq!(
            alert.ended_at.is_some(),
            *expected == AlertState::Resolved,
            "{wire}"
        );
    }

    #[test]
    fn only_what_says_so_is_quiet_and_a_new_word_is_kept() {
        let later = "2026-11-21T02:00:00Z";
        let before = "2026-11-21T01:30:00Z";
        let never = "0001-01-01T00:00:00Z";
        let none = json!({});
        let unknown = |word: &str| AlertState::Unknown(word.into());
        check("active", &none, later, &AlertState::Firing);
        check("active", &none, never, &AlertState::Firing);
        check("unprocessed", &none, later, &AlertState::Firing);
        check("active", &none, before, &AlertState::Resolved);
        check("glorious", &none, before, &unknown("glorious"));
        check("suppressed", &none, later, &unknown("suppressed"));
        check(
            "suppressed",
            &json!({"silencedBy": ["x"], "inhibitedBy": ["y"]}),
            later,
            &AlertState::Silenced,
        );
        check(
            "suppressed",
            &json!({"silencedBy": [], "inhibitedBy": ["y"]}),
            later,
            &AlertState::Inhibited,
        );
        check(
            "suppressed",
            &json!({"mutedBy": ["nights"]}),
            later,
            &AlertState::Silenced,
        );
        check(
            "suppressed",
            &json!({"silencedBy": ["x"]}),
            before,
            &AlertState::Resolved,
        );
    }
}
