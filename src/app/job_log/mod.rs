//! `cycleboard log`: the clean log of the job that made a card red.
//!
//! Has it fetched where it is not here yet, and prints it from the cache in
//! windows: never is a whole log in memory.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::Range;

use crate::app::cli::{ColorChoice, LogArgs};
use crate::app::env;
use crate::app::exit::{Exit, Failure};
use crate::app::logs::{self, text};
use crate::app::redact;
use crate::app::session::Session;
use crate::domain::text::counted;
use crate::log::{self, Content, Index, Section, SectionKind};
use crate::ui::theme::ColorDepth;
use fetch::Found;

mod fetch;
mod follow;
mod meant;

/// How many names are told where one was not found.
const MOST_NAMES: usize = 20;

/// Prints the log.
pub fn run(mut session: Session, args: &LogArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let is_colored = is_colored(&session, args);
    let (fetched, state) = match fetch::fetch(&mut session, args, is_colored)? {
        Found::Here(fetched, state) => (fetched, state),
        Found::Followed(state) => return Ok(follow::exit(&state)),
    };
    let mut file = fetched.file;
    let index = logs::index(&mut file)?;
    match index.content() {
        Content::Text | Content::Utf16 => {}
        Content::Archive | Content::Binary => return Err(Failure::error("the log is not text")),
    }
    if index.lines() == 0 {
        return Err(Failure::error("the log is empty"));
    }
    let lines = match &args.step {
        None => 0..index.lines(),
        Some(step) => part(step, &index, &mut file)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    text::write(&index, &mut file, lines, is_colored, &mut out)?;
    out.flush()?;
    if let Some(note) = fetched.note.or_else(|| cut(&index)) {
        // After a hang-up there is nobody to tell.
        drop(writeln!(
            io::stderr().lock(),
            "note: {}",
            redact::shown(&note)
        ));
    }
    let followed = state.filter(|_| args.follow);
    Ok(followed.map_or(Exit::Fine, |state| follow::exit(&state)))
}

/// Says that the end is missing, where it was left out on the way into the cache.
fn cut(index: &Index) -> Option<String> {
    let cut = index.counts().cut;
    (cut > 0).then(|| format!("{} at the end of the log left out", counted(cut, "byte")))
}

/// Colours are for terminals that have some, unless somebody says otherwise.
fn is_colored(session: &Session, args: &LogArgs) -> bool {
    if args.plain {
        return false;
    }
    let found = if io::stdout().is_terminal() {
        env::abilities(&session.env).depth
    } else {
        ColorDepth::Mono
    };
    let choice = session
        .global
        .color
        .filter(|choice| *choice != ColorChoice::Auto);
    env::color_depth(choice, found) != ColorDepth::Mono
}

/// Returns the lines of the step that failed, or of one by name.
fn part(step: &str, index: &Index, file: &mut File) -> Result<Range<u64>, Failure> {
    let sections = index.sections();
    let whole = || {
        Failure::error("the log does not tell its steps apart")
            .hint("without `--step` the whole log is printed")
    };
    if sections.is_empty() {
        return Err(whole());
    }
    let found = if step.eq_ignore_ascii_case("failed") {
        let error = log::first_error(index, file)?;
        let around = error.and_then(|error| step_around(index, error.line));
        around.ok_or_else(|| {
            Failure::error("no line of the log tells which step failed")
                .hint("without `--step` the whole log is printed")
        })?
    } else {
        named(step, sections).ok_or_else(|| {
            Failure::error(format!("the log has no step `{step}`")).hint(names(steps(sections)))
        })?
    };
    Ok(found.start..found.end.unwrap_or(index.lines()))
}

/// Returns the step that a line lies in: the innermost step, else what encloses all.
fn step_around(index: &Index, line: u64) -> Option<&Section> {
    let sections = index.sections();
    let mut at = index.section_at(line);
    let mut outermost = None;
    while let Some(section) = at.and_then(|at| sections.get(at)) {
        if section.kind == SectionKind::Step {
            return Some(section);
        }
        outermost = Some(section);
        at = section.parent;
    }
    outermost
}

/// Returns the section that is called so, else the first whose title contains it.
fn named<'a>(name: &str, sections: &'a [Section]) -> Option<&'a Section> {
    let name = name.to_lowercase();
    let title = |section: &&Section| section.title.to_lowercase();
    let exact = sections.iter().find(|section| title(section) == name);
    exact.or_else(|| {
        sections
            .iter()
            .find(|section| title(section).contains(&name))
    })
}

/// Returns what the steps are called, each once; where there are none, the groups.
fn steps(sections: &[Section]) -> impl Iterator<Item = &str> {
    let is_step = |section: &Section| section.kind == SectionKind::Step;
    let has_steps = sections.iter().any(is_step);
    let listed = sections
        .iter()
        .filter(move |section| is_step(section) || !has_steps);
    let mut seen = HashSet::new();
    listed
        .map(|section| section.title.as_str())
        .filter(move |title| seen.insert(*title))
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names
        .take(MOST_NAMES)
        .map(|name| format!("`{name}`"))
        .collect();
    if quoted.is_empty() {
        return "there is none".to_owned();
    }
    format!("there are {}", quoted.join(", "))
}
