//! Which lines are visible: sections, folded or not, and the way between rows and lines.
//!
//! A folded section shows its first line only. Finding a row or a line is a
//! binary search; folding builds the visible runs anew.

use std::ops::Range;

use crate::log::index::Index;

/// A run of lines that are visible, and the row that the first is drawn in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    row: u64,
    line: u64,
    len: u64,
}

/// What of a log is folded.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Fold {
    sections: Vec<Range<u64>>,
    folded: Vec<bool>,
    lines: u64,
    runs: Vec<Run>,
}

impl Fold {
    /// Nothing is folded.
    pub fn open(index: &Index) -> Self {
        let mut fold = Self::default();
        fold.take(index);
        fold.rebuild();
        fold
    }

    /// All is folded but the sections that the error lies in; groups without errors beside it are.
    ///
    /// Without an error, all steps are folded if there are any.
    pub fn at_error(index: &Index, error: Option<u64>) -> Self {
        let mut fold = Self::default();
        fold.take(index);
        fold.folded.fill(true);
        if let Some(line) = error {
            fold.open_around(line);
        }
        fold.rebuild();
        fold
    }

    /// Takes over what a log has grown by: what was folded stays so, what is new is open.
    pub fn grow(&mut self, index: &Index) {
        let before = std::mem::take(&mut self.folded);
        self.take(index);
        for (folded, before) in self.folded.iter_mut().zip(before) {
            *folded = before;
        }
        self.rebuild();
    }

    /// Takes the sections of a log over.
    fn take(&mut self, index: &Index) {
        self.lines = index.lines();
        self.sections.clear();
        for section in index.sections() {
            let end = section.end.unwrap_or(self.lines).max(section.start + 1);
            self.sections.push(section.start..end);
        }
        self.folded = vec![false; self.sections.len()];
    }

    /// Returns how many lines are visible.
    pub fn visible_lines(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.row + run.len)
    }

    /// Returns the line that is drawn in a row.
    pub fn line_at(&self, row: u64) -> Option<u64> {
        let after = self.runs.partition_point(|run| run.row <= row);
        let run = self.runs.get(after.checked_sub(1)?)?;
        (row - run.row < run.len).then(|| run.line + row - run.row)
    }

    /// Returns the row that a line is drawn in; that of the folded section that hides it.
    pub fn row_of(&self, line: u64) -> Option<u64> {
        let after = self.runs.partition_point(|run| run.line <= line);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let within = (line - run.line).min(run.len.saturating_sub(1));
        (line < self.lines).then_some(run.row + within)
    }

    /// Returns the lines drawn in some rows, as ranges in their order.
    pub fn visible(&self, rows: Range<u64>) -> Vec<Range<u64>> {
        let first = self
            .runs
            .partition_point(|run| run.row + run.len <= rows.start);
        let mut ranges = Vec::new();
        for run in self
            .runs
            .iter()
            .skip(first)
            .take_while(|run| run.row < rows.end)
        {
            let skip = rows.start.saturating_sub(run.row);
            let end = run.len.min(rows.end - run.row);
            ranges.push(run.line + skip..run.line + end);
        }
        ranges
    }

    /// Returns whether a section is folded; its place is that in [`Index::sections`].
    pub fn is_folded(&self, section: usize) -> bool {
        self.folded.get(section).copied().unwrap_or_default()
    }

    /// Folds a section or opens it.
    pub fn set(&mut self, section: usize, folded: bool) {
        if let Some(state) = self.folded.get_mut(section) {
            *state = folded;
            self.rebuild();
        }
    }

    /// Folds all sections or opens them.
    pub fn set_all(&mut self, folded: bool) {
        self.folded.fill(folded);
        self.rebuild();
    }

    /// Opens what hides a line, else folds the innermost section that it lies in.
    ///
    /// On the first line of several sections the outermost is opened first, and
    /// all are folded at once. Returns the row of the section's first line.
    pub fn toggle_at(&mut self, index: &Index, line: u64) -> Option<u64> {
        let innermost = index.section_at(line)?;
        let around = |at: usize| index.sections().get(at).and_then(|section| section.parent);
        let all: Vec<usize> = std::iter::successors(Some(innermost), |at| around(*at)).collect();
        let start = |at: usize| self.sections.get(at).map(|lines| lines.start);
        let hiding = all.iter().rev().copied().find(|at| self.is_folded(*at));
        let changed = match hiding {
            Some(section) => vec![section],
            None if start(innermost) == Some(line) => all
                .into_iter()
                .take_while(|at| start(*at) == Some(line))
                .collect(),
            None => vec![innermost],
        };
        let first = start(*changed.first()?)?;
        for section in changed {
            self.set(section, hiding.is_none());
        }
        self.row_of(first)
    }

    /// Opens whatever hides a line.
    pub fn reveal(&mut self, line: u64) {
        self.open_around(line);
        self.rebuild();
    }

    fn open_around(&mut self, line: u64) {
        for (lines, folded) in self.sections.iter().zip(&mut self.folded) {
            if lines.contains(&line) {
                *folded = false;
            }
        }
    }

    fn rebuild(&mut self) {
        self.runs.clear();
        let mut line = 0;
        for (lines, folded) in self.sections.iter().zip(&self.folded) {
            if *folded && lines.start >= line && lines.start < self.lines {
                let len = lines.start + 1 - line;
                push(&mut self.runs, line, len);
                line = lines.end.min(self.lines);
            }
        }
        push(&mut self.runs, line, self.lines.saturating_sub(line));
    }
}

fn push(runs: &mut Vec<Run>, line: u64, len: u64) {
    if len > 0 {
        let row = runs.last().map_or(0, |run| run.row + run.len);
        runs.push(Run { row, line, len });
    }
}
