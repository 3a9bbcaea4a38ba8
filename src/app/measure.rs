//! Measures flow for the screen, beside it, and writes a page of it as Markdown.
//!
//! What a ledger was turned into is kept for as long as the screen has that ledger: another
//! window or another scope is a matter of milliseconds then.

use std::sync::{Arc, Mutex, PoisonError};

use crate::app::clock;
use crate::app::output::flow::{Document, Group};
use crate::app::output::flow_text;
use crate::domain::Timestamp;
use crate::domain::flow::{Beside, Metric};
use crate::domain::history::Ledger;
use crate::domain::roster::Roster;
use crate::ui::flow::{Ask, Measured, Page, Report};

/// What was measured last, and of which history.
type Kept = Option<(Arc<Ledger>, Measured)>;

/// Measures, one thing at a time.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    people: Arc<Roster>,
    kept: Arc<Mutex<Kept>>,
}

impl Meter {
    /// Makes one that sees these people; nothing is measured yet.
    pub fn of_people(people: Arc<Roster>) -> Self {
        Self {
            people,
            ..Self::default()
        }
    }

    /// Makes the report that was asked for; takes its time.
    pub fn report(
        &self,
        ledger: &Arc<Ledger>,
        ask: &Ask,
        beside: &Beside,
        now: Timestamp,
    ) -> Report {
        // What a thread that failed left behind was put there whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.take().filter(|(of, _)| Arc::ptr_eq(of, ledger));
        let anew = || (Arc::clone(ledger), Measured::new(ledger, &self.people, now));
        let (_, measured) = kept.insert(known.unwrap_or_else(anew));
        measured.report(&ask.scope, ask.span, &clock::local_day, beside)
    }
}

/// Returns a page of a report as Markdown, with what each metric means.
pub fn markdown(report: &Report, page: Page, now: Timestamp) -> String {
    let is_calms = page == Page::Calms;
    let lines = report.lines(page);
    let metrics: Vec<Metric> = lines.iter().map(|line| line.metric.clone()).collect();
    let group = Group {
        scope: report.scope.clone(),
        metrics,
        cumulative: report.cumulative.clone(),
        window: report.window,
    };
    let groups = if is_calms { Vec::new() } else { vec![group] };
    flow_text::markdown(&Document {
        groups: &groups,
        calms: if is_calms {
            report.calms.clone()
        } else {
            Vec::new()
        },
        window: &report.window,
        past: None,
        now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::flow::Scope;
    use crate::ui::flow::Span;
    use crate::ui::sample;

    fn asked(span: Span) -> Ask {
        Ask {
            scope: Scope::All,
            span,
        }
    }

    #[test]
    fn a_ledger_is_measured_once_and_another_one_anew() {
        let meter = Meter::default();
        let now = sample::moment();
        let ledger = Arc::new(Ledger::default());
        let beside = Beside::default();
        let first = meter.report(&ledger, &asked(Span::Week), &beside, now);
        let later = now + chrono::TimeDelta::hours(1);
        let second = meter.report(&ledger, &asked(Span::Month), &beside, later);
        assert_eq!((first.at, second.at), (now, now));
        let other = Arc::new(Ledger::default());
        let third = meter.report(&other, &asked(Span::Month), &beside, later);
        assert_eq!(third.at, later);
    }

    #[test]
    fn a_page_as_markdown_has_its_metrics_and_no_others() {
        let ledger = Arc::new(Ledger::default());
        let now = sample::moment();
        let meter = Meter::default();
        let report = meter.report(&ledger, &asked(Span::Week), &Beside::default(), now);
        let dora = markdown(&report, Page::Dora, now);
        assert!(
            dora.contains("| lead\\_time |") || dora.contains("| lead_time |"),
            "{dora}"
        );
        assert!(!dora.contains("review"), "{dora}");
        let calms = markdown(&report, Page::Calms, now);
        assert!(calms.contains("## calms: sharing"), "{calms}");
    }
}
