//! What the detail says, line by line: place and reason, facts, the way so far.

use ratatui::style::Style;

use crate::domain::item::{Evidence, EvidenceKind, Train, WorkItem};
use crate::domain::key::{ServiceName, SourceName, WebUrl};
use crate::domain::names::Names;
use crate::domain::status::Status;
use crate::domain::text::{Clean, counted};
use crate::domain::trace::{Contained, trace};
use crate::engine::snapshot::{Snapshot, is_current};
use crate::ui::age::Age;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, width, wrap};
use crate::ui::theme::Role;

/// One line: its text, its style, and which piece of evidence it belongs to.
pub(super) struct Line {
    /// Columns to the right.
    pub(super) indent: u16,
    /// What stands first.
    pub(super) label: String,
    /// The style of that.
    pub(super) label_style: Style,
    /// What it says.
    pub(super) text: String,
    /// The style of that.
    pub(super) text_style: Style,
    /// What stands at the right edge.
    pub(super) right: String,
    /// The piece of evidence, from 1; 0 for none.
    pub(super) entry: usize,
    /// The page to which its text is a link.
    pub(super) page: Option<WebUrl>,
}

pub(super) fn plain(paint: &Paint<'_>, text: &str) -> Line {
    line(paint, "", text)
}

fn line(paint: &Paint<'_>, label: &str, text: &str) -> Line {
    Line {
        indent: 0,
        label: label.to_owned(),
        label_style: paint.theme.style(Role::Dim),
        text: text.to_owned(),
        text_style: paint.theme.style(Role::Text),
        right: String::new(),
        entry: 0,
        page: None,
    }
}

/// Says where a card is, why, and what is known of it.
pub(super) fn summary(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    state: &UiState,
    item: &WorkItem,
    columns: u16,
) -> Vec<Line> {
    let theme = paint.theme;
    let mut lines = Vec::new();
    for part in wrap(&item.title, columns, 3) {
        let mut title = plain(paint, part);
        title.text_style = theme.style(Role::Title);
        lines.push(title);
    }
    lines.push(place(paint, state, item));
    let because = format!(
        "because {} ({})",
        item.placement.reason, item.placement.rule
    );
    lines.extend(
        wrap(&because, columns, 4)
            .into_iter()
            .map(|part| plain(paint, part)),
    );
    let trace = trace(item);
    let text = format!("waits for {}", trace.waits_for);
    for part in wrap(&text, columns, 3)
        .into_iter()
        .filter(|_| !trace.waits_for.is_empty())
    {
        let mut waits = plain(paint, part);
        waits.text_style = theme.style(Role::Waiting);
        lines.push(waits);
    }
    reached(paint, "releases ", &trace.releases, &mut lines);
    reached(paint, "runs in  ", &trace.environments, &mut lines);
    about(paint, snapshot, item, &mut lines);
    lines
}

/// Tells the way of a card so far, newest first.
pub(super) fn way(paint: &mut Paint<'_>, item: &WorkItem, columns: u16) -> Vec<Line> {
    let mut heading = plain(paint, "the way so far, newest first");
    heading.text_style = paint.theme.style(Role::Title);
    let mut lines = vec![heading];
    if item.evidence.is_empty() {
        lines.push(plain(paint, "nothing is known of it yet"));
    }
    for (at, evidence) in item.evidence.iter().enumerate().rev() {
        entry(
            paint,
            evidence,
            item.evidence.len() - at,
            columns,
            &mut lines,
        );
    }
    lines
}

/// `✖ failed in Test since 8m, held by @chen`
fn place(paint: &mut Paint<'_>, state: &UiState, item: &WorkItem) -> Line {
    let theme = paint.theme;
    let status = item.placement.status;
    let mark = theme.glyphs().severity(status.severity());
    let title = state
        .options
        .columns
        .iter()
        .find(|column| column.stage == item.placement.stage)
        .map_or(item.placement.stage.title(), |column| &column.title);
    let age = paint.age(item.placement.since);
    let holders: Vec<String> = item
        .holders
        .iter()
        .map(|holder| format!("@{}", holder.login))
        .collect();
    let held = if holders.is_empty() {
        String::new()
    } else {
        format!(", held by {}", holders.join(" "))
    };
    let mut place = line(paint, &format!("{mark} {}", status.label()), "");
    place.label_style = theme.severity(status.severity());
    place.text = format!("in {title} {}{held}", lasting(age));
    place
}

/// Where the change is contained: `releases  ✔ v1.14.0 published`.
fn reached(paint: &Paint<'_>, label: &str, places: &[Contained], lines: &mut Vec<Line>) {
    let theme = paint.theme;
    for (nth, place) in places.iter().enumerate() {
        let severity = place.status.severity();
        let mark = theme.glyphs().severity(severity);
        let label = if nth == 0 { label } else { "         " };
        let mut one = line(paint, label, "");
        one.text = format!("{mark} {} {} {}", place.name, place.state, place.detail);
        one.text_style = theme.severity(severity);
        lines.push(one);
    }
}

fn about(paint: &mut Paint<'_>, snapshot: &Snapshot, item: &WorkItem, lines: &mut Vec<Line>) {
    let join = |words: Vec<&str>| words.join(", ");
    let services = join(item.services.iter().map(ServiceName::as_str).collect());
    let author = item
        .author
        .as_ref()
        .map(|author| format!("@{}", author.login));
    let labels = join(item.labels.iter().map(Clean::as_str).collect());
    let pinned = paint.theme.glyphs().pinned().1;
    let badge = |badge: &'_ Clean| {
        if badge.as_str() == "pinned" {
            pinned.to_owned()
        } else {
            badge.to_string()
        }
    };
    let badges: Vec<String> = item.placement.badges.iter().map(badge).collect();
    let badges = badges.join(", ");
    let branches = join(item.branches.iter().map(Clean::as_str).collect());
    let sources = join(item.sources.iter().map(SourceName::as_str).collect());
    let confirmed = match snapshot.confirmed_at(item) {
        Some(at) if snapshot.is_fresh(item, paint.now) => {
            format!("{sources}, confirmed {}", ago(paint.age(at)))
        }
        Some(at) => format!("{sources}, OLD: last confirmed {}", ago(paint.age(at))),
        None => format!("{sources}, OLD: not confirmed since the start"),
    };
    let runs: Vec<String> = snapshot
        .ran_by(item)
        .into_iter()
        .map(|source| ran_by(paint, snapshot, item, source))
        .collect();
    let created = paint.age(item.created_at);
    let author = author.map_or_else(String::new, |author| format!(" by {author}"));
    let pairs = [
        ("service  ", services),
        ("opened   ", format!("{}{author}", ago(created))),
        ("labels   ", labels),
        (
            "milestone",
            item.milestone
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("branch   ", branches),
        ("notes    ", badges),
        (
            "page     ",
            item.url
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("source   ", confirmed),
        ("runs from", runs.join("; ")),
    ];
    for (label, text) in pairs {
        if !text.is_empty() {
            lines.push(line(paint, label, &text));
        }
    }
}

/// A source of runs that is not the forge: where it is silent its runs are old, not the card.
fn ran_by(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    item: &WorkItem,
    source: &SourceName,
) -> String {
    match snapshot.source_confirmed(source, item.repo.as_ref()) {
        Some(at) if is_current(at, paint.now) => {
            format!("{source}, confirmed {}", ago(paint.age(at)))
        }
        Some(at) => format!("{source}, OLD: last confirmed {}", ago(paint.age(at))),
        None => format!("{source}, OLD: not confirmed since the start"),
    }
}

fn entry(
    paint: &mut Paint<'_>,
    evidence: &Evidence,
    entry: usize,
    columns: u16,
    lines: &mut Vec<Line>,
) {
    let theme = paint.theme;
    let severity = evidence.status.severity();
    let mark = theme.glyphs().severity(severity);
    let mut first = line(paint, &format!("{mark} {}", evidence.state), "");
    first.label_style = theme.severity(severity);
    first.text = format!("{} {}", kind(evidence.kind), evidence.key);
    first.right = paint.age(evidence.at).to_string();
    first.entry = entry;
    first.page.clone_from(&evidence.url);
    lines.push(first);
    for part in wrap(&evidence.detail, columns.saturating_sub(2), 2) {
        let mut detail = line(paint, "", part);
        detail.indent = 2;
        detail.text_style = theme.style(Role::Dim);
        detail.entry = entry;
        lines.push(detail);
    }
    if evidence.confidence < 100 {
        let mut sure = line(
            paint,
            "",
            &format!("{} % sure that it belongs here", evidence.confidence),
        );
        sure.indent = 2;
        sure.text_style = theme.style(Role::Unknown);
        sure.entry = entry;
        lines.push(sure);
    }
    if let Some(url) = evidence
        .url
        .as_ref()
        .filter(|url| width(url.as_str()) < columns * 2)
    {
        let mut page = line(paint, "", url.as_str());
        page.indent = 2;
        page.text_style = theme.style(Role::Dim);
        page.entry = entry;
        page.page.clone_from(&evidence.url);
        lines.push(page);
    }
}

/// `just now`, `3h ago`
fn ago(age: Age) -> String {
    if age.is_now() {
        "just now".to_owned()
    } else {
        format!("{age} ago")
    }
}

/// `since just now`, `for 3h`
fn lasting(age: Age) -> String {
    if age.is_now() {
        "since just now".to_owned()
    } else {
        format!("for {age}")
    }
}

fn kind(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Ticket => "ticket",
        EvidenceKind::ChangeRequest => "change",
        EvidenceKind::Commit => "commit",
        EvidenceKind::Run => "run",
        EvidenceKind::Job => "job",
        EvidenceKind::Release => "release",
        EvidenceKind::Gate => "gate",
        EvidenceKind::ManualJob => "manual job",
        EvidenceKind::Deployment => "deployment",
        EvidenceKind::Rollout => "roll-out",
        EvidenceKind::Alert => "alert",
        EvidenceKind::Finding => "finding",
    }
}

/// Lists the changes of a train.
pub(super) fn of_train(paint: &mut Paint<'_>, names: &Names, train: &Train) -> Vec<Line> {
    let theme = paint.theme;
    let mark = |status: Status| theme.glyphs().severity(status.severity());
    let age = paint.age(train.since);
    let mut head = line(
        paint,
        &format!("{} {}", mark(train.status), train.status.label()),
        "",
    );
    head.label_style = theme.severity(train.status.severity());
    head.text = format!(
        "{} of {} since {age}",
        counted(train.items.len(), "change"),
        train.service
    );
    let mut lines = vec![head, plain(paint, "")];
    for (entry, item) in (1..).zip(&train.items) {
        let status = item.placement.status;
        let mut one = line(
            paint,
            &format!("{} {}", mark(status), names.short_key(item)),
            &item.title,
        );
        one.label_style = theme.severity(status.severity());
        one.right = paint.age(item.placement.since).to_string();
        one.entry = entry;
        lines.push(one);
    }
    lines
}
