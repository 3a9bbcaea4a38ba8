//! What CI servers say about a line themselves: groups, steps, errors, warnings.
//!
//! Reads GitHub's `##[…]` and `::…::`, Azure's `##vso[…]`, GitLab's
//! `section_start`. The text has no escapes and no time stamp any more.

use crate::log::prefix;

/// How a server marked a line.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub enum Mark {
    /// Not at all.
    #[default]
    None,
    /// `##[error]`, `::error::`.
    Error,
    /// `##[warning]`, `::warning::`.
    Warning,
    /// `##[notice]`, `::notice::`.
    Notice,
    /// `##[debug]`, `::debug::`.
    Debug,
    /// `##[command]`, `[command]`: what was run.
    Command,
    /// The first line of a section that can be folded.
    Group,
    /// The end of such a section; has no text.
    EndGroup,
}

/// Where a mark points to, as the server says.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Place<'a> {
    pub(super) file: Option<&'a str>,
    pub(super) row: Option<u32>,
}

/// A mark, how many bytes it takes, and where it points to.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Marked<'a> {
    pub(super) mark: Mark,
    pub(super) len: usize,
    pub(super) place: Place<'a>,
}

const HASHED: &[(&str, Mark)] = &[
    ("group]", Mark::Group),
    ("endgroup]", Mark::EndGroup),
    ("error]", Mark::Error),
    ("warning]", Mark::Warning),
    ("notice]", Mark::Notice),
    ("debug]", Mark::Debug),
    ("command]", Mark::Command),
    ("section]", Mark::Command),
];

const COLONED: &[(&str, Mark)] = &[
    ("group::", Mark::Group),
    ("endgroup::", Mark::EndGroup),
    ("error", Mark::Error),
    ("warning", Mark::Warning),
    ("notice", Mark::Notice),
    ("debug::", Mark::Debug),
];

/// Returns the mark that leads a text.
pub(super) fn read(text: &str) -> Marked<'_> {
    let found = |mark, len| Marked {
        mark,
        len,
        place: Place::default(),
    };
    if let Some(rest) = text.strip_prefix("##[") {
        return HASHED
            .iter()
            .find(|(word, _)| rest.starts_with(word))
            .map(|(word, mark)| found(*mark, 3 + word.len()))
            .unwrap_or_default();
    }
    if text.starts_with("[command]") {
        return found(Mark::Command, "[command]".len());
    }
    if let Some(rest) = text.strip_prefix("##vso[task.logissue ") {
        return issue(text, rest).unwrap_or_default();
    }
    let Some(rest) = text.strip_prefix("::") else {
        return Marked::default();
    };
    for (word, mark) in COLONED {
        let Some(behind) = rest.strip_prefix(word) else {
            continue;
        };
        if word.ends_with("::") {
            return found(*mark, 2 + word.len());
        }
        if let Some((fields, message)) = behind.split_once("::")
            && (fields.is_empty() || fields.starts_with(' '))
        {
            let place = place(fields, ',');
            return Marked {
                mark: *mark,
                len: text.len() - message.len(),
                place,
            };
        }
    }
    Marked::default()
}

/// `##vso[task.logissue type=error;sourcepath=a.cs;linenumber=1]text`.
fn issue<'a>(text: &'a str, rest: &'a str) -> Option<Marked<'a>> {
    let (fields, message) = rest.split_once(']')?;
    let mark = if fields.contains("type=error") {
        Mark::Error
    } else {
        Mark::Warning
    };
    Some(Marked {
        mark,
        len: text.len() - message.len(),
        place: place(fields, ';'),
    })
}

fn place(fields: &str, separator: char) -> Place<'_> {
    let mut place = Place::default();
    for field in fields.trim().split(separator) {
        match field.trim().split_once('=') {
            Some(("file" | "sourcepath", file)) => place.file = Some(file),
            Some(("line" | "linenumber", row)) => place.row = row.parse().ok(),
            _ => {}
        }
    }
    place
}

/// How section markers of GitLab begin.
pub(super) const BOUNDARY: &str = "section_";

/// A section marker of GitLab: `section_start:1700000000:name[collapsed=true]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Boundary<'a> {
    pub(super) starts: bool,
    pub(super) name: &'a str,
}

/// Returns the section marker that a text is.
pub(super) fn boundary(text: &str) -> Option<Boundary<'_>> {
    let (starts, rest) = match text.strip_prefix("section_start:") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("section_end:")?),
    };
    let (time, name) = rest.split_once(':')?;
    if time.is_empty() || !time.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let name = name.split('[').next().unwrap_or_default().trim_end();
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (!name.is_empty() && name.bytes().all(is_name)).then_some(Boundary { starts, name })
}

/// Returns the title of the step that a line begins in a log of GitHub's runner.
pub(super) fn step(text: &str, marked: &Marked<'_>) -> bool {
    match marked.mark {
        Mark::Group => text
            .get(marked.len..)
            .is_some_and(|title| title.starts_with("Run ")),
        Mark::None => matches!(
            text.trim_end(),
            "Post job cleanup." | "Cleaning up orphan processes"
        ),
        Mark::Error
        | Mark::Warning
        | Mark::Notice
        | Mark::Debug
        | Mark::Command
        | Mark::EndGroup => false,
    }
}

/// Returns how many bytes of name a text begins with; see [`prefix::source`].
pub(super) fn source_len(text: &str) -> usize {
    prefix::source(text).map_or(0, |(_, len)| len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, mark: Mark, rest: &str) {
        let found = read(text);
        assert_eq!(
            (found.mark, text.get(found.len..).unwrap()),
            (mark, rest),
            "{text:?}"
        );
    }

    #[test]
    fn marks_of_servers_are_understood() {
        check("##[group]Run make", Mark::Group, "Run make");
        check("##[endgroup]", Mark::EndGroup, "");
        check(
            "##[error]Process completed",
            Mark::Error,
            "Process completed",
        );
        check("##[warning]old", Mark::Warning, "old");
        check(
            "##[section]Starting: Build",
            Mark::Command,
            "Starting: Build",
        );
        check(
            "[command]/usr/bin/git version",
            Mark::Command,
            "/usr/bin/git version",
        );
        check("::error::plain", Mark::Error, "plain");
        check("::error file=a.rs,line=3::msg", Mark::Error, "msg");
        check("::group::Tests", Mark::Group, "Tests");
        check(
            "##vso[task.logissue type=error;sourcepath=a.cs]msg",
            Mark::Error,
            "msg",
        );
        check("##[unknown]x", Mark::None, "##[unknown]x");
        check("::errors::x", Mark::None, "::errors::x");
        check("std::error::Error", Mark::None, "std::error::Error");
    }

    #[test]
    fn marks_say_where_they_point_to() {
        let place = read("::error file=src/a.rs,line=3,col=9,title=x::msg").place;
        assert_eq!(
            place,
            Place {
                file: Some("src/a.rs"),
                row: Some(3)
            }
        );
        let place = read("##vso[task.logissue type=error;sourcepath=a.cs;linenumber=12]m").place;
        assert_eq!(
            place,
            Place {
                file: Some("a.cs"),
                row: Some(12)
            }
        );
    }

    #[test]
    fn sections_of_gitlab_have_names() {
        let start = boundary("section_start:1700000000:step_script[collapsed=true]");
        assert_eq!(
            start,
            Some(Boundary {
                starts: true,
                name: "step_script"
            })
        );
        let end = boundary("section_end:1700000000:step_script");
        assert_eq!(
            end,
            Some(Boundary {
                starts: false,
                name: "step_script"
            })
        );
        assert_eq!(boundary("section_start:now:x"), None);
        assert_eq!(boundary("section_end:1:"), None);
    }
}
