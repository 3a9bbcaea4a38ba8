//! Why a card is red, line by line: error, base, tests, first bad commit, flaky, alike.

use crate::domain::diagnosis::{Diagnosis, LogState};
use crate::domain::status::Severity;
use crate::domain::text::Clean;
use crate::domain::triage::{BaseRed, FirstBad, Known, Suspect, TestRecord, Triage, Verdict};
use crate::ui::tree::{Sight, TreeKind, TreeLine};

/// Commits that are listed of those that may have broken it.
const MOST_SUSPECTS: usize = 12;

pub(super) fn error(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    let found = match &sight.triage.diagnosis {
        Known::Yes(found) => found,
        Known::No(why) => {
            lines.push(TreeLine::sentence(1, format!("cause not known: {why}")));
            return;
        }
    };
    if let Some(sentence) = log_sentence(&found.log) {
        lines.push(TreeLine::sentence(1, sentence).of(Severity::Waiting));
    }
    let Some(error) = &found.error else {
        let text = "no error was found in the log";
        if matches!(found.log, LogState::Read { .. }) {
            lines.push(TreeLine::sentence(1, text));
        }
        return;
    };
    let code = error
        .code
        .as_ref()
        .map_or_else(String::new, |code| format!(" {code}"));
    let guess = if error.guess { " (a guess)" } else { "" };
    let place = if error.line > 0 {
        format!("line {}", error.line)
    } else {
        String::new()
    };
    let text = format!("{}{code}{guess}: {}", error.tool, error.text);
    let mut line = TreeLine::sentence(1, text)
        .of(Severity::Failed)
        .noted(place);
    line.kind = TreeKind::Error;
    lines.push(line);
    if let Some(file) = &error.file {
        let row = error.row.map_or_else(String::new, |row| format!(":{row}"));
        lines.push(TreeLine::new(TreeKind::Text, 3, format!("{file}{row}")));
    }
}

/// Returns why there is no whole log to be shown, if so.
pub fn log_sentence(state: &LogState) -> Option<String> {
    Some(match state {
        LogState::Read { cut: false, .. } => return None,
        LogState::Read { cut: true, .. } => {
            "the end of the log was left out because of its size".to_owned()
        }
        LogState::Gone => "the server keeps this log no longer".to_owned(),
        LogState::Missing => "the server has no log of this job".to_owned(),
        LogState::Empty => "the log has no content".to_owned(),
        LogState::NotText => "the log is not text".to_owned(),
        LogState::NotYet => "the server has no log yet".to_owned(),
        LogState::Refused(why) => format!("the log could not be read: {why}"),
    })
}

pub(super) fn base(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    if let Known::Yes(base) = &sight.triage.base {
        lines.push(TreeLine::sentence(1, base_sentence(sight, base)).of(Severity::Blocked));
    }
}

fn base_sentence(sight: &Sight<'_>, base: &BaseRed) -> String {
    let text = base.sentence(|run| format!("{}, {}", run.named(), sight.when(run.at)));
    match &base.alike {
        Known::Yes(true) => format!("not yours: {text}"),
        Known::Yes(false) | Known::No(_) => text,
    }
}

pub(super) fn tests(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    let Known::Yes(found) = &sight.triage.diagnosis else {
        return;
    };
    if found.tests.is_empty() {
        return;
    }
    lines.push(TreeLine::heading("failing tests").noted(test_counts(found)));
    for (at, test) in found.tests.iter().enumerate() {
        let record = sight.triage.tests.iter().find(|record| record.test == at);
        let mut line = TreeLine::new(TreeKind::Test(at), 1, test.name.as_str());
        line.severity = Some(Severity::Failed);
        lines.push(line.noted(record.map_or_else(String::new, TestRecord::words)));
        if let Some(record) = record.filter(|record| !record.other_branches.is_empty()) {
            let names: Vec<&str> = record
                .other_branches
                .iter()
                .take(3)
                .map(Clean::as_str)
                .collect();
            let more = record.other_branches.len().saturating_sub(names.len());
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            let text = format!("also on {}{more}", names.join(", "));
            lines.push(TreeLine::new(TreeKind::Text, 3, text));
        }
    }
    let listed = u64::try_from(found.tests.len()).unwrap_or(u64::MAX);
    if let Some(more) = found
        .tests_failed
        .and_then(|all| all.checked_sub(listed))
        .filter(|more| *more > 0)
    {
        let text = format!("and {more} more that are not listed");
        lines.push(TreeLine::new(TreeKind::Text, 1, text));
    }
}

fn test_counts(found: &Diagnosis) -> String {
    match (found.tests_failed, found.tests_total) {
        (Some(failed), Some(total)) => format!("{failed} of {total}"),
        (Some(failed), None) => failed.to_string(),
        (None, _) => found.tests.len().to_string(),
    }
}

pub(super) fn first_bad(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    lines.push(TreeLine::heading("first bad commit"));
    match &sight.triage.first_bad {
        Known::Yes(found) => culprit(sight, found, lines),
        Known::No(why) => lines.push(TreeLine::sentence(1, format!("not known: {why}"))),
    }
}

fn culprit(sight: &Sight<'_>, found: &FirstBad, lines: &mut Vec<TreeLine>) {
    let (to, red) = (found.to.short(), found.red.named());
    let since = sight.when(found.since);
    let text = match found.because() {
        Some(text) => format!("{text}, red at {to} ({red}) since {since}"),
        None => format!(
            "green at {} ({}), red at {to} ({red}) since {since}",
            found.from.short(),
            found.green.named(),
        ),
    };
    lines.push(TreeLine::sentence(1, text));
    let commits = match &found.commits {
        Known::Yes(commits) => commits,
        Known::No(why) => {
            let text = format!("the commits between are not known: {why}");
            lines.push(TreeLine::sentence(1, text));
            return;
        }
    };
    for commit in commits.iter().take(MOST_SUSPECTS) {
        lines.push(suspect(commit));
    }
    if let Some(more) = commits
        .len()
        .checked_sub(MOST_SUSPECTS)
        .filter(|more| *more > 0)
    {
        let text = format!("and {more} more commits");
        lines.push(TreeLine::new(TreeKind::Text, 1, text));
    }
}

fn suspect(commit: &Suspect) -> TreeLine {
    let change = commit.change.map_or_else(String::new, |number| {
        format!("{}{number} ", commit.called.sign())
    });
    let author = commit
        .author
        .as_ref()
        .map_or_else(String::new, |person| format!("@{}", person.login));
    let text = format!("{} {change}{}", commit.sha.short(), commit.title);
    TreeLine::new(TreeKind::Text, 1, text).noted(author)
}

/// Returns the words of a verdict.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Flaky => "flaky",
        Verdict::LikelyFlaky => "likely flaky",
        Verdict::LikelyReal => "likely real",
        Verdict::Real => "real",
        Verdict::Infrastructure => "infrastructure",
    }
}

pub(super) fn flaky(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    match &sight.triage.flaky {
        Known::Yes(found) if !found.evidence.is_empty() => {
            let text = format!("flaky or real: {}", verdict(found.verdict));
            lines.push(TreeLine::heading(text));
            for sentence in &found.evidence {
                lines.push(TreeLine::sentence(1, sentence.as_str()));
            }
        }
        // A verdict without evidence is none.
        Known::Yes(_) => {
            lines.push(TreeLine::heading("flaky or real"));
            lines.push(TreeLine::sentence(1, "not known: there is no evidence yet"));
        }
        Known::No(why) => {
            lines.push(TreeLine::heading("flaky or real"));
            lines.push(TreeLine::sentence(1, format!("not known: {why}")));
        }
    }
}

pub(super) fn alike(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    let group = sight.group.filter(|group| group.items.len() > 1);
    let run = same_run(sight.same_run);
    if group.is_none() && run.is_none() {
        return;
    }
    lines.push(TreeLine::heading("one failure, many cards"));
    if let Some(group) = group {
        lines.push(TreeLine::sentence(1, group.signature.text.as_str()));
        let others = group.items.len() - 1;
        let noun = if others == 1 { "other" } else { "others" };
        let text = format!(
            "same failure on {others} {noun}, first seen {} in {}",
            sight.when(group.first_seen),
            group.first_repo.path()
        );
        lines.push(TreeLine::sentence(1, text));
    }
    if let Some(text) = run {
        lines.push(TreeLine::sentence(1, text));
    }
}

/// Says on how many other cards a run stands, if it does.
pub fn same_run(others: usize) -> Option<String> {
    let noun = if others == 1 { "card" } else { "cards" };
    (others > 0).then(|| format!("the same run on {others} other {noun}"))
}

/// Returns how one card stands to the others of its group, in few words.
pub fn shared(
    sight_group: Option<&crate::domain::triage::Group>,
    triage: &Triage,
) -> Option<String> {
    let group = sight_group.filter(|group| group.items.len() > 1)?;
    let others = group.items.len() - 1;
    let first = group.items.first() == Some(&triage.item);
    Some(if first {
        format!("first of {} alike", others + 1)
    } else {
        let noun = if others == 1 { "other" } else { "others" };
        format!("same failure on {others} {noun}")
    })
}
