//! What the flow view remembers: page, window, scope, cursors, and the report that came last.

use std::sync::Arc;

use crate::domain::flow::{Metric, Scope};
use crate::domain::history::Ledger;
use crate::domain::key::ItemId;
use crate::ui::flow::{Ask, Page, Report, Span};

/// The flow view.
#[derive(Clone, Debug, Default)]
pub struct FlowState {
    /// The page that is shown.
    pub page: Page,
    /// The window that was chosen.
    pub span: Span,
    /// The scope that was chosen.
    pub scope: FlowScope,
    /// The selected metric of each page.
    pub cursors: [usize; Page::ALL.len()],
    /// What lies over the page.
    pub layer: Option<Layer>,
    /// The selected line of that; for definitions, the first that is shown.
    pub at: usize,
    /// The report that came last.
    pub report: Option<Arc<Report>>,
    /// What was asked for last, and of which history.
    pub asked: Option<(Ask, Arc<Ledger>)>,
    /// Whether an answer is under way.
    pub measuring: bool,
    /// How many lines the definitions had when they were painted.
    pub(crate) defined: usize,
}

/// A scope that begins as everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlowScope(pub Scope);

impl Default for FlowScope {
    fn default() -> Self {
        Self(Scope::All)
    }
}

/// What lies over a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layer {
    /// The cards behind the selected number.
    Behind,
    /// What the metrics of the page mean.
    Definitions,
}

impl FlowState {
    /// Returns the cursor among the metrics of the page, within what is there.
    pub fn cursor(&self) -> usize {
        let lines = self.count();
        let at = self.cursors.get(self.page.index()).copied();
        at.unwrap_or_default().min(lines.saturating_sub(1))
    }

    /// Returns how many metrics the page lists.
    pub fn count(&self) -> usize {
        let report = self.report.as_ref();
        report.map_or(0, |report| report.lines(self.page).len())
    }

    /// Returns the selected metric.
    pub fn metric(&self) -> Option<&Metric> {
        let report = self.report.as_ref()?;
        let line = report.lines(self.page).into_iter().nth(self.cursor())?;
        Some(line.metric)
    }

    /// Returns the card under the cursor of the list behind a number.
    pub fn card(&self) -> Option<&ItemId> {
        if self.layer != Some(Layer::Behind) {
            return None;
        }
        let report = self.report.as_ref()?;
        let metric = self.metric()?;
        report.behind(metric).get(self.at)?.card
    }

    /// Returns the cursor that moves now, and how long its list is.
    pub(crate) fn list(&mut self) -> (&mut usize, usize) {
        let report = self.report.as_ref();
        let count = match (self.layer, report) {
            (None, _) => self.count(),
            (Some(_), None) => 0,
            (Some(Layer::Behind), Some(report)) => self
                .metric()
                .map_or(0, |metric| report.behind(metric).len()),
            (Some(Layer::Definitions), Some(_)) => self.defined,
        };
        if self.layer.is_some() {
            return (&mut self.at, count);
        }
        let at = self.cursor();
        let page = self.page.index();
        match self.cursors.get_mut(page) {
            Some(cursor) => {
                *cursor = at;
                (cursor, count)
            }
            None => (&mut self.at, 0),
        }
    }
}
