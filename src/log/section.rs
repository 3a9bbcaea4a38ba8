//! Sections of a log: steps, groups, and how they lie in one another.
//!
//! Built while the log comes in. What is not balanced is closed by what
//! encloses it; what is too deep or too many is left out, never refused.

use crate::domain::text::Clean;

/// The most sections that are kept.
pub const MAX_SECTIONS: usize = 20_000;

/// The deepest section that is kept.
const MAX_DEPTH: usize = 32;

/// How GitLab's runner names the section of the script itself.
const SCRIPTS: &[&str] = &["step_script", "build_script"];

/// What a section is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SectionKind {
    /// A step of a job.
    Step,
    /// A group inside, or a section that the server named.
    Group,
}

/// A run of lines that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// What it is.
    pub kind: SectionKind,
    /// What its first line says.
    pub title: Clean,
    /// Its first line, counted from 0; stays visible when the section is folded.
    pub start: u64,
    /// The line behind its last one; `None` while it has not ended.
    pub end: Option<u64>,
    /// How many sections it lies in.
    pub depth: u8,
    /// The place of the section that it lies in.
    pub parent: Option<usize>,
    /// How many errors were found in it, those of inner sections included.
    pub errors: u32,
    /// Whether it is what the job itself runs, in a log that names such a section.
    pub(super) is_script: bool,
}

/// The sections of a log, in the order of their first lines.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Sections {
    all: Vec<Section>,
    /// Those that have not ended, with the name that will end them.
    open: Vec<(usize, Clean)>,
    /// Groups that were opened beyond the limits.
    lost: u64,
}

impl Sections {
    pub(super) fn all(&self) -> &[Section] {
        &self.all
    }

    /// Begins a step: whatever is open ends.
    pub(super) fn step(&mut self, line: u64, title: &str) {
        self.close_to(0, line);
        self.begin(SectionKind::Step, line, title, "");
    }

    /// Begins a group; `name` is what will end it.
    pub(super) fn begin(&mut self, kind: SectionKind, line: u64, title: &str, name: &str) {
        if self.all.len() >= MAX_SECTIONS || self.open.len() >= MAX_DEPTH {
            self.lost += 1;
            return;
        }
        let short: String = title.chars().take(160).collect();
        self.open.push((self.all.len(), Clean::line(name)));
        let depth = self.open.len().saturating_sub(1);
        self.all.push(Section {
            kind,
            title: Clean::line(short.trim()),
            start: line,
            end: None,
            depth: u8::try_from(depth).unwrap_or(u8::MAX),
            parent: depth
                .checked_sub(1)
                .and_then(|at| self.open.get(at))
                .map(|(at, _)| *at),
            errors: 0,
            is_script: SCRIPTS.contains(&name),
        });
    }

    /// Ends the innermost group, with its last line.
    pub(super) fn end_group(&mut self, line: u64) {
        if self.lost > 0 {
            self.lost -= 1;
            return;
        }
        let is_group = self.open.last().is_some_and(|(at, name)| {
            let section = self.all.get(*at);
            name.is_empty() && section.is_some_and(|s| s.kind == SectionKind::Group)
        });
        if is_group {
            self.close_to(self.open.len().saturating_sub(1), line + 1);
        }
    }

    /// Ends the section of that name and what is open in it.
    pub(super) fn end_named(&mut self, line: u64, name: &str) {
        let found = self
            .open
            .iter()
            .rposition(|(_, open)| open.as_str() == name);
        if let Some(depth) = found {
            self.close_to(depth, line + 1);
            self.lost = 0;
        }
    }

    /// Counts an error in every open section.
    pub(super) fn count_error(&mut self) {
        for (at, _) in &self.open {
            if let Some(section) = self.all.get_mut(*at) {
                section.errors = section.errors.saturating_add(1);
            }
        }
    }

    /// Ends what is still open when the log has ended.
    pub(super) fn finish(&mut self, lines: u64) {
        self.close_to(0, lines);
    }

    fn close_to(&mut self, depth: usize, end: u64) {
        for (at, _) in self.open.drain(depth.min(self.open.len())..) {
            if let Some(section) = self.all.get_mut(at) {
                section.end = Some(end.max(section.start + 1));
            }
        }
    }
}
