//! Flow and the past in plain mode: metrics and moments as lines.
//!
//! Both are made of history by who makes them for the board; what is told of them is decided here.

use std::sync::Arc;

use super::standup::Listed;
use super::talk::{Do, Said, Talk, line};
use super::words::{cards, column, no_column, title};
use crate::app::measure;
use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::flow::{Metric, Scope};
use crate::domain::history::{PastCard, Seen, Since as Became};
use crate::domain::item::Outcome;
use crate::domain::standup::Since;
use crate::domain::text::nearest;
use crate::ui::flow::words::{name, value, words};
use crate::ui::flow::{Ask, Page, Report, Span};
use crate::ui::replay::Frame;

/// What was told last of flow and of the past.
#[derive(Default, Debug)]
pub(super) struct Told {
    page: Page,
    span: Span,
    /// The service or repository that is measured; everything, where none is named.
    scope: Option<String>,
    defines: bool,
    /// What is asked for now.
    asked: Option<Ask>,
    pub(super) report: Option<Arc<Report>>,
    pub(super) frame: Option<Frame>,
}

/// Which moment is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// One that was named.
    Named(Since),
    /// Now, with what history knows.
    Now,
    /// One beside the last one.
    At(Timestamp),
}

/// A step from a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Earlier,
    Later,
}

impl Talk {
    /// Has a page of the metrics told.
    pub(super) fn flow(&mut self, text: &str) -> Vec<Said> {
        if let Some(wrong) = text.split_whitespace().find(|word| is_span(word)) {
            let text = format!("`{wrong}` is no window: say `7d`, `30d` or `90d`");
            return vec![line(text)];
        }
        let told = &mut self.told;
        told.defines = false;
        for word in text.split_whitespace() {
            let page = Page::ALL.iter().find(|page| page.title() == word);
            match (page, word) {
                (Some(page), _) => told.page = *page,
                (None, "week" | "7d") => told.span = Span::Week,
                (None, "month" | "30d") => told.span = Span::Month,
                (None, "quarter" | "90d") => told.span = Span::Quarter,
                (None, "define") => told.defines = true,
                (None, "all") => told.scope = None,
                (None, name) => told.scope = Some(name.to_owned()),
            }
        }
        // Which services there are is known once something was measured.
        let scope = match (&told.scope, &told.report) {
            (Some(name), Some(report)) => match scope_of(report, name) {
                Ok(scope) => scope,
                Err(why) => {
                    told.scope = None;
                    return vec![line(why)];
                }
            },
            (None, _) | (Some(_), None) => Scope::All,
        };
        let ask = Ask {
            scope,
            span: told.span,
        };
        told.asked = Some(ask.clone());
        vec![line("measuring"), Said::Do(Do::Measure(ask))]
    }

    /// Takes in what was measured, and tells the page of it that was asked for.
    pub(super) fn on_report(&mut self, report: &Arc<Report>) -> Vec<Said> {
        let told = &mut self.told;
        let is_wanted = |ask: &Ask| ask.scope == report.scope && ask.span == report.span;
        if !told.asked.as_ref().is_some_and(is_wanted) {
            return Vec::new();
        }
        let known = told.report.insert(Arc::clone(report));
        if let Some(wanted) = told.scope.clone() {
            let found = scope_of(known, &wanted);
            match found {
                Ok(scope) if scope == report.scope => {}
                Ok(scope) => {
                    let ask = Ask {
                        scope,
                        span: told.span,
                    };
                    told.asked = Some(ask.clone());
                    return vec![Said::Do(Do::Measure(ask))];
                }
                Err(why) => {
                    told.scope = None;
                    return vec![line(why)];
                }
            }
        }
        told.asked = None;
        let (page, defines) = (told.page, told.defines);
        let mut lines = vec![of_report(report, page)];
        for each in report.lines(page) {
            if let Some(reading) = each.reading {
                lines.push(reading.to_owned());
            }
            lines.push(of_metric(each.metric));
            lines.extend(of_parts(each.metric, page));
            if defines {
                lines.push(each.metric.key.definition().to_owned());
            }
        }
        let others = Page::ALL.iter().filter(|other| **other != page);
        let others: Vec<&str> = others.map(|other| other.title()).collect();
        lines.push(format!("other pages: {}", others.join(", ")));
        self.tell(lines)
    }

    /// Returns the metrics that were told, as they are copied.
    pub(super) fn copied_flow(&self, now: Timestamp) -> Option<String> {
        let report = self.told.report.as_ref()?;
        Some(measure::markdown(report, self.told.page, now))
    }

    /// Has a moment of the past told.
    pub(super) fn past(&mut self, text: &str) -> Vec<Said> {
        let when = match (text, Since::parse(text)) {
            ("", _) if self.told.frame.is_none() => {
                return vec![line(
                    "say when: `past yesterday`, `past 2d`, `past 2026-11-20 09:30`",
                )];
            }
            ("", _) => return self.frame(),
            (_, _) if text == "list" || text.starts_with("list ") => {
                return self.past_list(text.trim_start_matches("list").trim());
            }
            ("now", _) => When::Now,
            (_, Some(since)) => When::Named(since),
            (_, None) => {
                let near = nearest(text, Since::WORDS);
                let hint = near.map_or_else(
                    || "e.g. `yesterday`, `2d`, `friday`, `2026-11-20 09:30`".to_owned(),
                    |word| format!("did you mean `{word}`?"),
                );
                return vec![line(format!("`{text}` is no moment; {hint}"))];
            }
        };
        let filter = self.filter.text().to_owned();
        vec![line("reading history"), Said::Do(Do::Past(when, filter))]
    }

    /// Has the moment before or after this one told; `day` goes by days.
    pub(super) fn step(&mut self, step: Step, by: &str) -> Vec<Said> {
        let Some(frame) = &self.told.frame else {
            return vec![line("say first when: `past yesterday`")];
        };
        let (film, at) = (&frame.film, frame.past.at);
        let to = match (step, by) {
            (Step::Earlier, "") => film.replay.step_before(at),
            (Step::Later, "") => film.replay.step_after(at),
            (Step::Earlier, "day") => film.replay.day_before(at, &film.calendar),
            (Step::Later, "day") => film.replay.day_after(at, &film.calendar, film.made_at),
            _ => return vec![line("`earlier`, `later`, `earlier day`, `later day`")],
        };
        let Some(to) = to.filter(|to| *to <= film.made_at) else {
            let text = match step {
                Step::Earlier => "history knows of nothing before that",
                Step::Later => "nothing happened since; `list` tells the board of now",
            };
            return vec![line(text)];
        };
        let filter = self.filter.text().to_owned();
        vec![Said::Do(Do::Past(When::At(to), filter))]
    }

    /// Takes in a moment, and tells it.
    pub(super) fn on_frame(&mut self, frame: Frame) -> Vec<Said> {
        self.told.frame = Some(frame);
        self.frame()
    }

    fn frame(&mut self) -> Vec<Said> {
        let Some(frame) = self.told.frame.clone() else {
            return Vec::new();
        };
        let (past, calendar) = (&frame.past, &frame.film.calendar);
        let columns = &self.setting.columns;
        let mut lines = Vec::new();
        for seen in past.happened().iter().filter_map(|card| past.seen(*card)) {
            let is = &seen.stood.standing;
            let to = match is.done {
                Some(outcome) => over(outcome).to_owned(),
                None => format!("{} in {}", is.status.label(), title(columns, is.stage)),
            };
            lines.push(format!("just then: {}, {to}", seen.life.key));
        }
        lines.push(of_frame(&frame, self.filter.text()));
        match frame.film.begins() {
            Some(begins) if begins > past.at => {
                let begins = when(calendar, begins);
                lines.push(format!("history counts since {begins} only"));
            }
            Some(_) => {}
            None => lines.push("there is no history yet".to_owned()),
        }
        let counts: Vec<String> = columns
            .iter()
            .filter_map(|column| {
                let count = past.column(column.stage).len();
                let red = match past.red(column.stage) {
                    0 => String::new(),
                    red => format!(" with {red} red"),
                };
                (count > 0).then(|| format!("{} {count}{red}", column.title))
            })
            .collect();
        if !counts.is_empty() {
            lines.push(counts.join(", "));
            lines.push("`past list build` lists the cards of a column".to_owned());
        }
        self.tell(lines)
    }

    /// Lists the cards of the moment that was told last, of one column or of all.
    fn past_list(&mut self, of: &str) -> Vec<Said> {
        let Some(frame) = self.told.frame.clone() else {
            return vec![line("say first when: `past yesterday`")];
        };
        let (past, calendar) = (&frame.past, &frame.film.calendar);
        let columns = &self.setting.columns;
        let found = column(columns, of);
        if found.is_none() && !of.is_empty() {
            return vec![line(no_column(columns, of))];
        }
        let mut listed = Listed::default();
        let at = when(calendar, past.at);
        listed.lines.push(format!(
            "{at}; a number tells its card as it is now, not as it was then"
        ));
        for column in columns {
            let is_wanted = found.is_none_or(|found| found.stage == column.stage);
            let here: &[PastCard] = past.column(column.stage);
            if !is_wanted || (here.is_empty() && of.is_empty()) {
                continue;
            }
            let red = match past.red(column.stage) {
                0 => String::new(),
                red => format!(", {red} red"),
            };
            let count = cards(here.len());
            listed.lines.push(format!("{}, {count}{red}", column.title));
            for seen in here.iter().filter_map(|card| past.seen(*card)) {
                let became = became(&seen, |stage| title(columns, stage), calendar);
                listed.card(&seen.life.id, &of_seen(&seen, &became));
            }
        }
        self.listed(listed)
    }
}

/// Whether a word of `flow` is a span of days, weeks or months, such as `13d`.
fn is_span(word: &str) -> bool {
    let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = word.strip_prefix(number).unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        && ["", "h", "d", "w", "m", "y"].contains(&unit)
        && !["7d", "30d", "90d"].contains(&word)
}

fn scope_of(report: &Report, wanted: &str) -> Result<Scope, String> {
    let mut scopes = report.scopes.iter();
    let found = scopes.find(|scope| scope.name().eq_ignore_ascii_case(wanted));
    found.cloned().ok_or_else(|| {
        let pages = Page::ALL.iter().map(|page| page.title());
        let names = report.scopes.iter().map(Scope::name);
        let near = nearest(wanted, pages.chain(names));
        let hint = near.map_or_else(
            || "`flow all` measures everything".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        format!("there is no page, service or repository `{wanted}`; {hint}")
    })
}

/// Says what a page is of.
fn of_report(report: &Report, page: Page) -> String {
    let since = match report.window.since {
        None => ", no history yet".to_owned(),
        Some(since) if report.window.is_cut() => {
            format!(", counts since {}", since.date_naive())
        }
        Some(_) => String::new(),
    };
    let (page, scope, days) = (page.title(), report.scope.name(), report.span.days());
    format!("{page} of {scope}, {days} days{since}")
}

/// Returns a metric in one line.
fn of_metric(metric: &Metric) -> String {
    let mut text = format!("{}: {}", name(metric), value(metric));
    if let Some(spread) = metric.spread {
        let p85 = words(spread.p85, metric.key.unit());
        text = format!("{text}, 85 of 100 within {p85}");
    }
    text = match metric.n() {
        0 => text,
        1 => format!("{text}, of 1 sample"),
        n => format!("{text}, of {n} samples"),
    };
    match &metric.note {
        Some(note) => format!("{text}; {note}"),
        None => text,
    }
}

/// How many parts of a metric are told.
const PARTS: usize = 6;

/// Returns the values of the parts of a metric that has none for all of them; parts of DORA are
/// services, and it is said how one is asked for.
fn of_parts(metric: &Metric, page: Page) -> Option<String> {
    let first = metric.parts.first().filter(|_| metric.value.is_none())?;
    let unit = metric.key.unit();
    let told = metric.parts.iter().take(PARTS).map(|part| {
        let value = part.value.map(|value| words(value, unit));
        let value = value.unwrap_or_else(|| "n/a".to_owned());
        format!("{} {value}", part.name)
    });
    let told: Vec<String> = told.collect();
    let more = match metric.parts.len().saturating_sub(PARTS) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let told = told.join(", ");
    Some(match page {
        Page::Dora => {
            let how = format!("`flow {} {}`", page.title(), first.name);
            format!("by service: {told}{more}; {how} tells one")
        }
        Page::Cycle
        | Page::Ageing
        | Page::Cumulative
        | Page::Throughput
        | Page::Efficiency
        | Page::Reviews
        | Page::Ci
        | Page::Calms => format!("one by one: {told}{more}"),
    })
}

fn when(calendar: &Calendar, at: Timestamp) -> String {
    calendar.local(at).format("%a %-d %b %Y %H:%M").to_string()
}

/// Says which moment it is, and what became of its cards.
fn of_frame(frame: &Frame, filter: &str) -> String {
    let counts = frame.counts;
    let at = when(&frame.film.calendar, frame.past.at);
    let with = if filter.is_empty() {
        String::new()
    } else {
        format!(" with `{filter}`")
    };
    format!(
        "{at}: {}{with}, {} red; of these {} stand otherwise by now, {} are over; {} came since",
        cards(counts.cards),
        counts.red,
        counts.changed,
        counts.over,
        counts.newer
    )
}

/// Returns a card as it stood, and what became of it.
fn of_seen(seen: &Seen<'_>, became: &str) -> String {
    let is = &seen.stood.standing;
    let life = seen.life;
    let holders: Vec<&str> = is.holders.iter().map(|it| it.login.as_str()).collect();
    let held = match holders.as_slice() {
        [] => String::new(),
        names => format!(", held by {}", names.join(" and ")),
    };
    format!(
        "{} {}: {}{held}; {became}",
        is.status.label(),
        life.key,
        life.title
    )
}

fn over(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Shipped => "shipped",
        Outcome::Dropped => "dropped",
    }
}

/// Returns what became of a card.
fn became<'a>(
    seen: &Seen<'_>,
    title: impl Fn(crate::domain::stage::Stage) -> &'a str,
    calendar: &Calendar,
) -> String {
    let last = seen.rest.last().map(|moment| when(calendar, moment.at));
    let last = last.unwrap_or_default();
    match seen.since {
        Became::Same => "it stands there still".to_owned(),
        Became::Again => format!("it stands there again since {last}"),
        Became::Changed(to) => format!("{} there since {last}", to.status.label()),
        Became::Moved(to) => format!("in {} since {last}, {}", title(to.stage), to.status.label()),
        Became::Over(outcome) => format!("{} on {last}", over(outcome)),
    }
}
