//! Flow for programs: JSON with all points, CSV with a row for each metric and scope.

use serde::Serialize;

use crate::app::output::csv::cell;
use crate::app::output::{instant, json};
use crate::domain::Timestamp;
use crate::domain::flow::stats::DAY;
use crate::domain::flow::{
    Cumulative, DayValue, Metric, Part, Point, Reading, Scope, Spread, Window,
};
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;
use crate::sources::PastRead;

/// What is printed.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    /// The metrics, a group for each scope.
    pub groups: &'a [Group],
    /// The five readings of the first scope.
    pub calms: Vec<Reading>,
    /// The window of all.
    pub window: &'a Window,
    /// How much of the past it rests on, where that is known.
    pub past: Option<Past>,
    /// The moment from which is looked.
    pub now: Timestamp,
}

/// How much of the past was read for what is printed.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Of how many repositories.
    pub read: PastRead,
    /// Whether that is all that can be had for now, and all of it is counted.
    pub is_whole: bool,
    /// Why what was before is not counted at all, where it is not.
    pub unread: Option<&'static str>,
}

/// The metrics of one scope.
#[derive(Clone, Debug)]
pub struct Group {
    /// The scope.
    pub scope: Scope,
    /// Its metrics.
    pub metrics: Vec<Metric>,
    /// Its cumulative flow.
    pub cumulative: Cumulative,
    /// The window of both.
    pub window: Window,
}

#[derive(Serialize)]
struct Root<'a> {
    schema: u32,
    generated_at: String,
    window: WindowDocument,
    past: Option<PastDocument>,
    metrics: Vec<MetricDocument<'a>>,
    cumulative_flow: Vec<CumulativeDocument<'a>>,
    calms: Vec<ReadingDocument<'a>>,
}

#[derive(Serialize)]
struct WindowDocument {
    from: String,
    to: String,
    /// How many days count.
    days: f64,
    /// How many were asked for.
    asked_days: serde_json::Number,
    /// Whether history is younger than that.
    cut: bool,
    since: Option<String>,
}

#[derive(Serialize)]
struct PastDocument {
    /// Whether all is counted that can be had for now.
    complete: bool,
    /// Why nothing is read of it, where nothing is.
    reason: Option<&'static str>,
    /// Of so many repositories it is read.
    repositories_read: usize,
    /// Of so many it is wanted.
    repositories: usize,
}

#[derive(Serialize)]
struct MetricDocument<'a> {
    key: &'a str,
    by: &'a str,
    scope: &'a str,
    value: Option<f64>,
    unit: &'a str,
    definition: &'a str,
    window: WindowDocument,
    n: usize,
    note: Option<&'a str>,
    spread: Option<SpreadDocument>,
    line: Option<f64>,
    series: Vec<DayDocument>,
    /// In what points are measured, those that are not over as well.
    points_unit: &'a str,
    points: Vec<PointDocument<'a>>,
    open: Vec<PointDocument<'a>>,
    parts: Vec<PartDocument<'a>>,
}

#[derive(Serialize)]
struct SpreadDocument {
    p50: f64,
    p85: f64,
    p90: f64,
    p95: f64,
    mean: f64,
}

#[derive(Serialize)]
struct DayDocument {
    day: String,
    n: usize,
    value: Option<f64>,
}

#[derive(Serialize)]
struct PointDocument<'a> {
    at: String,
    value: f64,
    label: &'a str,
    cards: Vec<&'a str>,
    flagged: bool,
}

#[derive(Serialize)]
struct PartDocument<'a> {
    name: &'a str,
    value: Option<f64>,
    n: usize,
}

#[derive(Serialize)]
struct CumulativeDocument<'a> {
    by: &'a str,
    scope: &'a str,
    days: Vec<String>,
    stages: Vec<BandDocument<'a>>,
    dropped: &'a [usize],
}

#[derive(Serialize)]
struct BandDocument<'a> {
    stage: &'a str,
    entered: Vec<usize>,
}

#[derive(Serialize)]
struct ReadingDocument<'a> {
    name: &'a str,
    indicators: Vec<MetricDocument<'a>>,
}

/// Returns all of it as JSON.
pub fn json(document: &Document<'_>) -> Result<String, serde_json::Error> {
    let groups = || document.groups.iter();
    json::pretty(&Root {
        schema: json::SCHEMA,
        generated_at: instant(document.now),
        window: window(document.window),
        past: document.past.map(|past| PastDocument {
            complete: past.is_whole && past.unread.is_none(),
            reason: past.unread,
            repositories_read: past.read.read,
            repositories: past.read.of,
        }),
        metrics: groups().flat_map(|g| &g.metrics).map(metric).collect(),
        cumulative_flow: groups().map(cumulative).collect(),
        calms: document.calms.iter().map(reading).collect(),
    })
}

/// Returns by what a scope was cut.
pub fn by(scope: &Scope) -> &'static str {
    match scope {
        Scope::All => "all",
        Scope::Service(_) => "service",
        Scope::Repo(_) => "repo",
    }
}

/// Returns how many days of a window count.
pub fn days(window: &Window) -> f64 {
    (window.to - window.from).as_seconds_f64() / DAY
}

/// Returns how many days were asked for: a whole number where they are whole.
fn asked_days(window: &Window) -> serde_json::Number {
    let days = window.asked.num_days();
    let is_whole = chrono::TimeDelta::days(days) == window.asked;
    let exact = serde_json::Number::from_f64(window.asked.as_seconds_f64() / DAY);
    exact.filter(|_| !is_whole).unwrap_or_else(|| days.into())
}

fn window(window: &Window) -> WindowDocument {
    WindowDocument {
        from: instant(window.from),
        to: instant(window.to),
        days: days(window),
        asked_days: asked_days(window),
        cut: window.is_cut(),
        since: window.since.map(instant),
    }
}

fn metric(metric: &Metric) -> MetricDocument<'_> {
    MetricDocument {
        key: metric.key.as_str(),
        by: by(&metric.scope),
        scope: metric.scope.name(),
        value: metric.value,
        unit: metric.key.unit().as_str(),
        definition: metric.key.definition(),
        window: window(&metric.window),
        n: metric.n(),
        note: metric.note.as_deref(),
        spread: metric.spread.map(spread),
        line: metric.line,
        series: metric.series.iter().map(day).collect(),
        points_unit: metric.key.unit_of_points().as_str(),
        points: metric.points.iter().map(point).collect(),
        open: metric.open.iter().map(point).collect(),
        parts: metric.parts.iter().map(part).collect(),
    }
}

fn spread(spread: Spread) -> SpreadDocument {
    SpreadDocument {
        p50: spread.p50,
        p85: spread.p85,
        p90: spread.p90,
        p95: spread.p95,
        mean: spread.mean,
    }
}

fn day(day: &DayValue) -> DayDocument {
    DayDocument {
        day: day.day.to_string(),
        n: day.n,
        value: day.value,
    }
}

fn point(point: &Point) -> PointDocument<'_> {
    PointDocument {
        at: instant(point.at),
        value: point.value,
        label: point.label.as_str(),
        cards: point.cards.iter().map(ItemId::as_str).collect(),
        flagged: point.flagged,
    }
}

fn part(part: &Part) -> PartDocument<'_> {
    PartDocument {
        name: part.name.as_str(),
        value: part.value,
        n: part.n,
    }
}

fn cumulative(group: &Group) -> CumulativeDocument<'_> {
    let told = &group.cumulative;
    let of = |stage: Stage| {
        let days = told.entered.iter();
        days.map(|day| day.get(stage.index()).copied().unwrap_or_default())
            .collect()
    };
    CumulativeDocument {
        by: by(&group.scope),
        scope: group.scope.name(),
        days: told.days.iter().map(ToString::to_string).collect(),
        stages: Stage::ALL
            .into_iter()
            .map(|stage| BandDocument {
                stage: stage.as_str(),
                entered: of(stage),
            })
            .collect(),
        dropped: &told.dropped,
    }
}

fn reading(reading: &Reading) -> ReadingDocument<'_> {
    ReadingDocument {
        name: reading.name,
        indicators: reading.indicators.iter().map(metric).collect(),
    }
}

const HEAD: &str = "key,by,scope,value,unit,n,p50,p85,p90,p95,mean,open,from,to,note,definition\n";

/// Returns a row for each metric and scope.
pub fn csv(document: &Document<'_>) -> String {
    let mut out = HEAD.to_owned();
    let groups = document.groups.iter().flat_map(|group| &group.metrics);
    let calms = document
        .calms
        .iter()
        .flat_map(|reading| &reading.indicators);
    let own = document
        .groups
        .first()
        .map_or(&[][..], |group| &group.metrics);
    let is_new = |metric: &&Metric| own.iter().all(|told| told.key != metric.key);
    for metric in groups.chain(calms.filter(is_new)) {
        out.push_str(&row(metric));
        out.push('\n');
    }
    out
}

fn row(metric: &Metric) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let of = |pick: fn(&Spread) -> f64| number(metric.spread.as_ref().map(pick));
    [
        metric.key.as_str().to_owned(),
        by(&metric.scope).to_owned(),
        cell(metric.scope.name()),
        number(metric.value),
        metric.key.unit().as_str().to_owned(),
        metric.n().to_string(),
        of(|spread| spread.p50),
        of(|spread| spread.p85),
        of(|spread| spread.p90),
        of(|spread| spread.p95),
        of(|spread| spread.mean),
        metric.open.len().to_string(),
        instant(metric.window.from),
        instant(metric.window.to),
        cell(metric.note.as_deref().unwrap_or_default()),
        cell(metric.key.definition()),
    ]
    .join(",")
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _, Utc};

    use super::*;
    use crate::app::output::{Width, flow_text};
    use crate::domain::flow::{Beside, Flow};
    use crate::domain::history::{Delivery, DeliveryState, Ledger, Record};
    use crate::domain::key::{RepoKey, ServiceName, Sha};
    use crate::domain::text::{Clean, width};

    fn at(hour: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap() + TimeDelta::hours(hour)
    }

    fn delivery(number: u8) -> Record {
        let hour = i64::from(number) * 9;
        Record::Delivery(Box::new(Delivery {
            id: Clean::line(&format!("d{number}")),
            repo: RepoKey::new("forge.test", "acme/api"),
            service: ServiceName::new(if number.is_multiple_of(2) {
                "api"
            } else {
                "=web"
            }),
            environment: Clean::line("production"),
            production: true,
            sha: Sha::parse(&format!("{number:040x}")),
            version: Clean::line("v1"),
            state: DeliveryState::Succeeded,
            started_at: at(hour),
            finished_at: Some(at(hour)),
            carried: Vec::new(),
            range_known: true,
            backward: number == 4,
            reverts: false,
            hotfix: false,
            url: None,
        }))
    }

    fn printed(print: impl Fn(&Document<'_>) -> String) -> String {
        printed_of(TimeDelta::days(30), print)
    }

    fn printed_of(span: TimeDelta, print: impl Fn(&Document<'_>) -> String) -> String {
        let ledger = Ledger::new(Some(at(-1)), (0..12).map(delivery), Vec::new());
        let flow = Flow::new(&ledger, at(240));
        let window = flow.window(span);
        let day_of = |at: Timestamp| at.date_naive();
        let services = flow.services().cloned().map(Scope::Service);
        let groups: Vec<Group> = std::iter::once(Scope::All)
            .chain(services)
            .map(|scope| Group {
                metrics: flow.report(&scope, &window, &day_of),
                cumulative: flow.cumulative(&scope, &window, &day_of),
                window,
                scope,
            })
            .collect();
        print(&Document {
            calms: flow.calms(&Scope::All, &window, &day_of, &Beside::default()),
            groups: &groups,
            window: &window,
            past: Some(Past {
                read: PastRead::default(),
                is_whole: true,
                unread: Some("no past is read"),
            }),
            now: at(240),
        })
    }

    #[test]
    fn json_has_every_metric_that_programs_were_promised() {
        let text = printed(|document| json(document).unwrap());
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["past"]["complete"], false);
        assert_eq!(told["past"]["reason"], "no past is read");
        let metrics = told["metrics"].as_array().unwrap();
        for key in [
            "lead_time",
            "deployment_frequency",
            "change_fail_rate",
            "recovery_time",
            "rework_rate",
            "cycle_time",
            "throughput",
            "wip",
            "wip_age",
            "flow_efficiency",
            "time_to_feedback",
            "flake_rate",
            "time_to_green",
            "time_to_first_review",
        ] {
            let of: Vec<_> = metrics.iter().filter(|m| m["key"] == key).collect();
            assert_eq!(of.len(), 3, "{key}: everything and two services");
            for field in ["unit", "definition"] {
                assert!(of[0][field].as_str().is_some_and(|text| !text.is_empty()));
            }
            for field in ["value", "window", "n", "series", "points", "note"] {
                assert!(of[0].get(field).is_some(), "{key}: {field}");
            }
        }
        let of_api =
            |m: &&serde_json::Value| m["key"] == "deployment_frequency" && m["scope"] == "api";
        let frequency = metrics.iter().find(of_api).unwrap();
        assert_eq!(frequency["n"], 6);
        let units = |key: &str| {
            let of = metrics.iter().find(|m| m["key"] == key).unwrap();
            (of["unit"].clone(), of["points_unit"].clone())
        };
        assert_eq!(units("littles_law"), ("share".into(), "seconds".into()));
        assert_eq!(units("throughput"), ("per week".into(), "count".into()));
        assert_eq!(units("change_fail_rate"), ("share".into(), "share".into()));
        assert_eq!(frequency["points"].as_array().unwrap().len(), 6);
        assert_eq!(told["calms"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn a_window_of_hours_is_told_in_hours() {
        let room = Width {
            columns: 80,
            mark: '>',
        };
        for (span, head) in [
            (TimeDelta::hours(12), ", 12 hours\n"),
            (TimeDelta::hours(1), ", 60 minutes\n"),
            (TimeDelta::days(7), ", 7 days\n"),
        ] {
            let text = printed_of(span, |document| flow_text::table(document, room));
            assert!(text.contains(head), "{text}");
        }
        let text = printed_of(TimeDelta::hours(12), |document| json(document).unwrap());
        assert!(text.contains("\"asked_days\": 0.5"), "{text}");
        let text = printed_of(TimeDelta::days(7), |document| json(document).unwrap());
        assert!(text.contains("\"asked_days\": 7,"), "{text}");
    }

    #[test]
    fn csv_has_a_row_for_each_metric_and_scope() {
        let text = printed(csv);
        let fields = HEAD.matches(',').count();
        for line in text.lines() {
            // Quoted cells of these rows hold no quotes of their own.
            let bare: String = line.split('"').step_by(2).collect();
            assert_eq!(bare.matches(',').count(), fields, "{line}");
        }
        assert!(
            text.contains("\nchange_fail_rate,service,\"api\",0.16666666666666666,share,6,"),
            "{text}"
        );
        assert!(text.contains(",\"'=web\","), "{text}");
    }

    #[test]
    fn the_table_fits_eighty_columns_and_tells_how_many_samples_there_are() {
        let room = Width {
            columns: 80,
            mark: '>',
        };
        let text = printed(|document| flow_text::table(document, room));
        for line in text.lines() {
            assert!(width(line) <= 80, "{line}");
        }
        assert!(text.contains("\napi\nmetric"), "{text}");
        assert!(
            text.lines()
                .any(|line| line.starts_with("change_fail_rate") && line.contains("17 %")),
            "{text}"
        );
        let markdown = printed(flow_text::markdown);
        assert!(markdown.contains("## calms: sharing"), "{markdown}");
    }
}
