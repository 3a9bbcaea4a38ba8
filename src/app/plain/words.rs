//! Cards and changes as lines: each says all by words, in the order in which they are needed.

use crate::app::output::{age, holders};
use crate::config::ColumnConfig;
use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::counted;
use crate::engine::snapshot::Snapshot;

/// How many pieces of evidence are told.
const EVIDENCE: usize = 12;

/// Returns what a stage is called on this board.
pub(super) fn title(columns: &[ColumnConfig], stage: Stage) -> &str {
    let mut columns = columns.iter();
    let found = columns.find(|column| column.stage == stage);
    found.map_or(stage.title(), |column| column.title.as_str())
}

/// Returns the column of this title or stage.
pub(super) fn column<'a>(columns: &'a [ColumnConfig], name: &str) -> Option<&'a ColumnConfig> {
    let wanted = name.to_lowercase();
    columns.iter().find(|column| {
        let is_stage = column.stage.title().to_lowercase() == wanted;
        is_stage || column.title.to_lowercase() == wanted
    })
}

/// Says that there is no such column, and which there are.
pub(super) fn no_column(columns: &[ColumnConfig], name: &str) -> String {
    format!("no column `{name}`; there are {}", titles(columns))
}

/// Returns what the columns are called.
pub(super) fn titles(columns: &[ColumnConfig]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    names.join(", ")
}

/// Returns so many cards in words.
pub(super) fn cards(count: usize) -> String {
    match count {
        1 => "1 card".to_owned(),
        count => format!("{count} cards"),
    }
}

/// Returns an age as it is spoken.
fn since(at: Timestamp, now: Timestamp) -> String {
    match age(at, now).as_str() {
        "now" | "" => "just now".to_owned(),
        age => format!("for {age}"),
    }
}

/// Returns a card in one line: how it stands first.
pub(super) fn card(item: &WorkItem, snapshot: &Snapshot, now: Timestamp) -> String {
    let mut line = format!(
        "{} {}: {}",
        item.placement.status.label(),
        snapshot.names().short_key(item),
        item.title
    );
    let holders = holders(item);
    if !holders.is_empty() {
        line = format!("{line}, held by {holders}");
    }
    line = format!("{line}, {}", since(item.placement.since, now));
    if !snapshot.is_fresh(item, now) {
        line = format!("{line}, old data");
    }
    line
}

/// Returns all that is known of a card, a line each.
pub(super) fn whole(
    item: &WorkItem,
    snapshot: &Snapshot,
    columns: &[ColumnConfig],
    now: Timestamp,
) -> Vec<String> {
    let placement = &item.placement;
    let mut lines = vec![
        card(item, snapshot, now),
        format!(
            "in {} because {}",
            title(columns, placement.stage),
            placement.reason
        ),
    ];
    if !placement.badges.is_empty() {
        let badges: Vec<&str> = placement.badges.iter().map(|badge| &**badge).collect();
        lines.push(format!("also: {}", badges.join(", ")));
    }
    if let Some(kind) = snapshot.attention.first(&item.id, now) {
        lines.push(format!("calls for a person: {}", kind.word()));
    }
    let evidence = item.evidence.iter().rev();
    for piece in evidence.take(EVIDENCE) {
        let detail = if piece.detail.is_empty() {
            String::new()
        } else {
            format!(", {}", piece.detail)
        };
        lines.push(format!(
            "{} {}: {}{detail}, {}",
            piece.kind.as_str().replace('_', " "),
            piece.key,
            piece.state,
            since(piece.at, now)
        ));
    }
    let more = item.evidence.len().saturating_sub(EVIDENCE);
    if more > 0 {
        lines.push(format!("and {}", counted(more, "older piece")));
    }
    if let Some(url) = &item.url {
        lines.push(format!("its page: {}", url.as_str()));
    }
    lines
}

/// How a card stood when it was last told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stood {
    pub(super) key: String,
    pub(super) stage: Stage,
    pub(super) status: Status,
}

/// Returns what changed of a card in one line; nothing where nothing did.
pub(super) fn change(
    before: Option<&Stood>,
    now: Option<&Stood>,
    columns: &[ColumnConfig],
) -> Option<String> {
    match (before, now) {
        (None, Some(now)) => Some(format!(
            "{}: {} is new, {}",
            title(columns, now.stage),
            now.key,
            now.status.label()
        )),
        (Some(before), None) => Some(format!("{} left the board", before.key)),
        (Some(before), Some(now)) if before.stage != now.stage => Some(format!(
            "{}: {} now {}, was {} in {}",
            title(columns, now.stage),
            now.key,
            now.status.label(),
            before.status.label(),
            title(columns, before.stage)
        )),
        (Some(before), Some(now)) if before.status != now.status => Some(format!(
            "{}: {} now {}, was {}",
            title(columns, now.stage),
            now.key,
            now.status.label(),
            before.status.label()
        )),
        (Some(_), Some(_)) | (None, None) => None,
    }
}
