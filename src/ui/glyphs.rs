//! The marks that are drawn: one column each, in Unicode or in ASCII.
//!
//! A mark never stands alone for a status: the word is beside it.

use crate::domain::status::Severity;

/// Which marks a terminal can draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Glyphs {
    /// Unicode, one column wide everywhere.
    #[default]
    Unicode,
    /// ASCII only.
    Ascii,
}

impl Glyphs {
    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }

    /// Returns the mark of a severity.
    pub fn severity(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Calm => self.pick("✔", "+"),
            Severity::Idle => self.pick("○", "."),
            Severity::Active => self.pick("●", "~"),
            Severity::Unknown => "?",
            Severity::Waiting => self.pick("▲", "^"),
            Severity::Blocked => self.pick("■", "!"),
            Severity::Failed => self.pick("✖", "x"),
        }
    }

    /// Returns the line between columns.
    pub fn divider(self) -> &'static str {
        self.pick("│", "|")
    }

    /// Returns the line under a heading.
    pub fn rule(self) -> &'static str {
        self.pick("─", "-")
    }

    /// Returns the mark of the selected line.
    pub fn cursor(self) -> &'static str {
        self.pick("▌", ">")
    }

    /// Returns the mark of text that was cut.
    pub fn ellipsis(self) -> &'static str {
        self.pick("…", "~")
    }

    /// Returns the mark of more above.
    pub fn above(self) -> &'static str {
        self.pick("↑", "^")
    }

    /// Returns the mark of more below.
    pub fn below(self) -> &'static str {
        self.pick("↓", "v")
    }

    /// Returns the mark of something closed that opens.
    pub fn closed(self) -> &'static str {
        self.pick("▸", "+")
    }

    /// Returns the mark of something open.
    pub fn opened(self) -> &'static str {
        self.pick("▾", "-")
    }

    /// Returns the mark of a card that a person pinned, alone and with its word.
    pub fn pinned(self) -> (&'static str, &'static str) {
        (self.pick("◆", "*"), self.pick("◆ pinned", "* pinned"))
    }

    /// Returns the mark of the past, which stands at both ends of what is said of it.
    pub fn past(self) -> [&'static str; 2] {
        [self.pick("«", "<"), self.pick("»", ">")]
    }

    /// Returns the line under a heading of the past.
    pub fn past_rule(self) -> &'static str {
        self.pick("═", "=")
    }

    /// Returns the line between columns of the past.
    pub fn past_divider(self) -> &'static str {
        self.pick("┊", ":")
    }

    /// Returns the mark of what went elsewhere, and of what stayed.
    pub fn since(self) -> [&'static str; 2] {
        [self.pick("→", ">"), "="]
    }

    /// Returns the marks of a line of time: a moment, a day, what is before it counts.
    pub fn times(self) -> [&'static str; 3] {
        [
            self.pick("●", "O"),
            self.pick("┴", "+"),
            self.pick("┄", "."),
        ]
    }

    /// Returns the dash between the first and the last of a range.
    pub fn range(self) -> &'static str {
        self.pick("–", "-")
    }

    /// Returns the dot between two words.
    pub fn dot(self) -> &'static str {
        self.pick("·", "-")
    }

    /// Returns the mark of one point of a chart, and of one that is not over yet.
    pub fn points(self) -> [&'static str; 2] {
        match self {
            Self::Unicode => ["•", "○"],
            Self::Ascii => ["o", "~"],
        }
    }

    /// Returns the top of a bar by how much of its cell it fills, from little to all of it.
    pub fn bars(self) -> &'static [&'static str] {
        match self {
            Self::Unicode => &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            Self::Ascii => &[".", "#"],
        }
    }

    /// Returns the mark of a bar that lies: it leaves a gap to the one above it.
    pub fn lying(self) -> &'static str {
        self.pick("▆", "#")
    }

    /// Returns a block, of which large figures are made.
    pub fn block(self) -> &'static str {
        self.pick("█", "#")
    }

    /// Returns the mark of the part of a bar that is not meant.
    pub fn rest(self) -> &'static str {
        self.pick("░", ":")
    }

    /// Returns the fills of eight layers, the lowest first; neighbours never look alike.
    pub fn layers(self) -> [&'static str; 8] {
        match self {
            Self::Unicode => ["█", "▓", "▒", "░", "#", "+", ":", "."],
            Self::Ascii => ["#", "%", "=", "*", "-", "+", ":", "."],
        }
    }

    /// Returns the corners of a box: top left, top right, bottom left, bottom right.
    pub fn corners(self) -> [&'static str; 4] {
        match self {
            Self::Unicode => ["┌", "┐", "└", "┘"],
            Self::Ascii => ["+", "+", "+", "+"],
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    const ALL: [Severity; 7] = [
        Severity::Calm,
        Severity::Idle,
        Severity::Active,
        Severity::Unknown,
        Severity::Waiting,
        Severity::Blocked,
        Severity::Failed,
    ];

    #[test]
    fn each_mark_is_one_column_and_each_severity_has_its_own() {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let mut marks: Vec<&str> = ALL.iter().map(|s| glyphs.severity(*s)).collect();
            let severities = marks.len();
            marks.sort_unstable();
            marks.dedup();
            assert_eq!(marks.len(), severities);
            marks.extend([
                glyphs.divider(),
                glyphs.rule(),
                glyphs.cursor(),
                glyphs.ellipsis(),
            ]);
            marks.extend([
                glyphs.above(),
                glyphs.below(),
                glyphs.closed(),
                glyphs.opened(),
            ]);
            marks.extend(glyphs.corners());
            marks.extend(glyphs.points());
            marks.extend(glyphs.bars());
            marks.extend(glyphs.layers());
            marks.extend([glyphs.lying(), glyphs.rest()]);
            marks.extend([glyphs.past_rule(), glyphs.past_divider()]);
            marks.extend(glyphs.past());
            marks.extend(glyphs.since());
            marks.extend(glyphs.times());
            for mark in marks {
                assert_eq!(mark.width(), 1, "{mark}");
                assert!(glyphs == Glyphs::Unicode || mark.is_ascii());
            }
        }
    }
}
