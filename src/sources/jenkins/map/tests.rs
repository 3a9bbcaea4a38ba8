//! Jenkins' test reports to failing tests. Pure.

use crate::domain::diagnosis::{Diagnosis, FailedTest};
use crate::domain::text::Clean;
use crate::sources::jenkins::wire::{Case, Suite, TestReport};
use crate::sources::junit::Report;

/// How many characters of what a test said are kept.
const MOST_MESSAGE: usize = 500;

/// Returns the report of one stage, or of the whole build, and whether it is surely its own.
///
/// A suite that does not say in which stage it ran belongs to each.
pub(in crate::sources::jenkins) fn report(
    wire: &TestReport,
    stage: Option<&str>,
) -> (Report, bool) {
    let mut found = Found {
        stage,
        report: Report {
            files: 1,
            ..Report::default()
        },
        is_own: true,
    };
    found.take(wire, 3);
    if stage.is_none() {
        // Not all cases of a large report are read.
        let failed = wire.fail_count.unwrap_or_default();
        let passed = wire.pass_count.unwrap_or_default();
        found.report.failed = found.report.failed.max(failed);
        found.report.ran = found.report.ran.max(failed.saturating_add(passed));
    }
    (found.report, found.is_own)
}

struct Found<'a> {
    stage: Option<&'a str>,
    report: Report,
    is_own: bool,
}

impl Found<'_> {
    fn take(&mut self, wire: &TestReport, levels: usize) {
        for suite in &wire.suites.items {
            let blocks = &suite.enclosing_blocks.items;
            match self.stage {
                Some(_) if blocks.is_empty() => self.is_own = false,
                Some(stage) if !blocks.iter().any(|block| block == stage) => continue,
                Some(_) | None => {}
            }
            self.suite(suite);
        }
        if levels > 0 {
            let parts = wire.child_reports.items.iter();
            for part in parts.filter_map(|part| part.result.as_ref()) {
                self.take(part, levels - 1);
            }
        }
    }

    fn suite(&mut self, suite: &Suite) {
        for case in &suite.cases.items {
            match case.status.as_deref().unwrap_or_default() {
                "SKIPPED" => {}
                "FAILED" | "REGRESSION" => {
                    self.report.ran += 1;
                    self.report.failed += 1;
                    if self.report.tests.len() < Diagnosis::MOST_TESTS {
                        self.report.tests.push(test(suite, case));
                    }
                }
                _ => self.report.ran += 1,
            }
        }
    }
}

fn test(suite: &Suite, case: &Case) -> FailedTest {
    let class = case.class_name.as_deref().unwrap_or_default();
    let around = if class.is_empty() {
        suite.name.as_deref().unwrap_or_default()
    } else {
        class
    };
    let said = [&case.error_details, &case.error_stack_trace];
    let mut said = said.into_iter().flatten().map(|text| text.trim());
    let said = said.find(|text| !text.is_empty());
    let line = said
        .and_then(|text| text.lines().next())
        .unwrap_or_default();
    let short: String = line.chars().take(MOST_MESSAGE).collect();
    FailedTest {
        name: Clean::line(&case.name),
        suite: (!around.is_empty()).then(|| Clean::line(around)),
        message: Clean::line(&short),
        seconds: case
            .duration
            .filter(|secs| secs.is_finite() && *secs >= 0.0),
        file: None,
        row: None,
        line: None,
    }
}
