//! One card, or one train, in one to five lines.
//!
//! Status is a mark and a word, never a colour alone; data that is too old says
//! so in place of the age. Reads one card, knows nothing of columns.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::Timestamp;
use crate::domain::attention::Kind;
use crate::domain::history::Seen;
use crate::domain::item::{Train, WorkItem};
use crate::domain::key::WebUrl;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::trace::at_sign;
use crate::engine::snapshot::{FRESH_SECS, Snapshot, is_current};
use crate::ui::age::Age;
use crate::ui::rows::Shown;
use crate::ui::text::{Paint, cols, fit, width, wrap};
use crate::ui::theme::Role;

/// The badge of a card that a person pinned.
const PINNED: &str = "pinned";

/// Where the key stands among the words of a card in one line.
const KEY: usize = 4;

/// Columns that a card inside an opened train stands to the right.
const INDENT: u16 = 2;

/// Paints one line of a column.
pub(super) fn paint(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    shown: Shown<'_>,
    area: Rect,
    selected: bool,
) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let face = match shown {
        Shown::Item { item, inside } => Face::of_item(paint, snapshot, item, inside),
        Shown::Train { train, opened } => Face::of_train(paint, snapshot, train, opened),
    };
    if area.height == 1 {
        face.one_line(paint, area, selected);
    } else {
        face.lines(paint, area, selected);
    }
}

/// What became of a card of the past, as it stands on it.
pub(super) struct Became {
    /// In a word, with its mark.
    pub(super) since: String,
    /// Whether that is anything.
    pub(super) changed: bool,
}

/// Paints a card as it stood at a moment of the past.
pub(super) fn paint_past(
    paint: &mut Paint<'_>,
    (seen, key): (&Seen<'_>, &str),
    became: Became,
    at: Timestamp,
    (area, selected): (Rect, bool),
) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    let face = Face::of_past(paint, (seen, key), became, at);
    if area.height == 1 {
        face.one_line(paint, area, selected);
    } else {
        face.lines(paint, area, selected);
    }
}

/// What a card says, whatever its height.
struct Face<'a> {
    indent: u16,
    mark: &'static str,
    status: Status,
    key: Cow<'a, str>,
    title: Cow<'a, str>,
    age: String,
    stale: bool,
    /// Holders, or what a train carries.
    people: String,
    badges: String,
    /// Why it calls for a person, with its mark; empty where it does not.
    call: String,
    /// Whether a person put it where it is.
    pinned: bool,
    /// Its page.
    page: Option<&'a WebUrl>,
    /// Of the past: whether what stands in place of the age, what became of it, is anything.
    became: Option<bool>,
}

impl<'a> Face<'a> {
    fn of_item(
        paint: &mut Paint<'_>,
        snapshot: &Snapshot,
        item: &'a WorkItem,
        inside: bool,
    ) -> Self {
        let (stale, age) = age(paint, snapshot, item, item.placement.since);
        let mut people = String::new();
        for holder in item.holders.iter().take(3) {
            people.push_str(if people.is_empty() { "@" } else { " @" });
            people.push_str(&holder.login);
        }
        let is_pin = |badge: &&Clean| badge.as_str() == PINNED;
        let badges = item.placement.badges.iter();
        let pinned = badges.clone().any(|badge| is_pin(&badge));
        let badges: Vec<&str> = badges
            .filter(|badge| !is_pin(badge))
            .map(Clean::as_str)
            .collect();
        Self {
            indent: if inside { INDENT } else { 0 },
            mark: paint
                .theme
                .glyphs()
                .severity(item.placement.status.severity()),
            status: item.placement.status,
            key: snapshot.names().short_key(item),
            title: item.title.as_str().into(),
            age,
            stale,
            people,
            badges: match crate::ui::update::action::doing(snapshot, &item.id) {
                Some(doing) => doing,
                None => badges.join(", "),
            },
            call: call(snapshot.attention.first(&item.id, paint.now)),
            pinned,
            page: item.url.as_ref(),
            became: None,
        }
    }

    fn of_train(
        paint: &mut Paint<'_>,
        snapshot: &Snapshot,
        train: &'a Train,
        opened: bool,
    ) -> Self {
        let (stale, age) = match train.items.first() {
            Some(item) => age(paint, snapshot, item, train.since),
            None => (false, paint.age(train.since).to_string()),
        };
        let glyphs = paint.theme.glyphs();
        let fold = if opened {
            glyphs.opened()
        } else {
            glyphs.closed()
        };
        let count = train.items.len();
        let changes = if count == 1 { "change" } else { "changes" };
        Self {
            indent: 0,
            mark: glyphs.severity(train.status.severity()),
            status: train.status,
            key: train.title.as_str().into(),
            title: format!("{fold} {count} {changes}").into(),
            age,
            stale,
            people: String::new(),
            badges: String::new(),
            call: call(
                train
                    .items
                    .iter()
                    .filter_map(|item| snapshot.attention.first(&item.id, paint.now))
                    .min(),
            ),
            pinned: false,
            page: None,
            became: None,
        }
    }

    fn of_past(
        paint: &Paint<'_>,
        (seen, key): (&'a Seen<'_>, &'a str),
        became: Became,
        at: Timestamp,
    ) -> Self {
        let standing = &seen.stood.standing;
        let mut people = String::new();
        for holder in standing.holders.iter().take(3) {
            people.push_str(if people.is_empty() { "@" } else { " @" });
            people.push_str(&holder.login);
        }
        Self {
            indent: 0,
            mark: paint.theme.glyphs().severity(standing.status.severity()),
            status: standing.status,
            key: key.into(),
            title: seen.life.title.as_str().into(),
            age: became.since,
            stale: true,
            people,
            badges: Age::since(seen.stood.at, at).to_string(),
            call: String::new(),
            pinned: false,
            page: None,
            became: Some(became.changed),
        }
    }

    /// Returns the mark of a pinned card, with the word where there is room.
    fn pin(&self, paint: &Paint<'_>, columns: u16) -> &'static str {
        let (mark, with_word) = paint.theme.glyphs().pinned();
        match (self.pinned, columns) {
            (false, _) => "",
            (true, ..16) => mark,
            (true, 16..) => with_word,
        }
    }

    /// Returns why it calls, where there is room to say it.
    fn called(&self, columns: u16) -> &str {
        if columns < 16 { "" } else { &self.call }
    }

    /// `▌✖ failed api#12 Retry timeouts    @chen 8m`
    fn one_line(&self, paint: &mut Paint<'_>, area: Rect, selected: bool) {
        let look = Look::new(paint, self, selected);
        look.ground(paint, area);
        let (mut x, right) = (area.x + 1 + self.indent, area.right());
        let at_right = if area.width >= 56 && !self.people.is_empty() {
            format!("{} {}", self.people, self.age)
        } else {
            self.age.clone()
        };
        let tail = paint.right(x, area.y, right.saturating_sub(x), &at_right, look.dim);
        let upto = tail.saturating_sub(1);
        for (nth, (text, style, most)) in [
            (self.mark, look.status, 1),
            (self.status.label(), look.status, 12),
            (self.pin(paint, area.width), look.key, 8),
            (self.called(area.width), look.call, 14),
            (&self.key, look.key, area.width / 3),
            (&self.title, look.text, u16::MAX),
        ]
        .into_iter()
        .enumerate()
        {
            let left = upto.saturating_sub(x).min(most);
            if left > 0 && !text.is_empty() {
                let end = paint.text(x, area.y, left, text, style);
                if nth == KEY {
                    paint.link((x, end), area.y, self.page);
                }
                x = end + 1;
            }
        }
    }

    fn lines(&self, paint: &mut Paint<'_>, area: Rect, selected: bool) {
        let look = Look::new(paint, self, selected);
        let x = area.x + 1 + self.indent;
        let right = area.right();
        let columns = right.saturating_sub(x);
        look.ground(paint, Rect { height: 1, ..area });
        // Where little fits, the key tells more than the age does: that goes to another line.
        let cramped = columns < width(&self.age) + width(&self.key) + 3;
        let fits_alone = columns >= width(&self.key) + 2;
        let is_past = self.became.is_some() && columns >= 13;
        let moved = is_past || (cramped && (fits_alone || columns < 13));
        let age = if moved { "" } else { &self.age };
        // Few changes of style in the line that changes most: spaces take the style beside them.
        if !selected {
            paint.style(Rect { height: 1, ..area }, look.key);
            paint.style(Rect::new(area.x, area.y, 1, 1), look.status);
        }
        let tail = paint.right(x, area.y, columns, age, look.dim);
        let end = paint.text(x, area.y, columns.min(1), self.mark, look.status);
        let room = tail.saturating_sub(end + 1 + u16::from(!age.is_empty()));
        let name = short_name(&self.key, room);
        let named = paint.text(end + 1, area.y, room, &name, look.key);
        paint.link((end + 1, named), area.y, self.page);
        let plain = Look::new(paint, self, false);
        let last = area.bottom() - 1;
        if area.height == 2 {
            let end = paint.text(x, last, columns, self.status.label(), plain.status);
            let pin = self.pin(paint, columns);
            let end = match pin {
                "" => end,
                pin => paint.text(end + 1, last, right.saturating_sub(end + 1), pin, plain.key),
            };
            let end = match self.called(columns) {
                "" => end,
                call => paint.text(
                    end + 1,
                    last,
                    right.saturating_sub(end + 1),
                    call,
                    plain.call,
                ),
            };
            let left = right.saturating_sub(end + 1);
            if left > 2 {
                paint.text(end + 1, last, left, &self.title, plain.text);
            }
            return;
        }
        let title_lines = if area.height == 3 { 1 } else { 2 };
        let titles = wrap(&self.title, columns, title_lines);
        for (y, line) in (area.y + 1..).zip(titles) {
            paint.text(x, y, columns, line, plain.text);
        }
        let words = area.y + 1 + cols(title_lines);
        let right = if moved && columns >= 13 {
            paint
                .right(x, words, columns, &self.age, plain.dim)
                .saturating_sub(1)
        } else {
            right
        };
        let room = right.saturating_sub(x);
        let mut x = paint.text(x, words, room, self.status.label(), plain.status) + 1;
        let pin = self.pin(paint, columns);
        // Of the past, what became of a card alone stands out.
        let quiet = if is_past { plain.text } else { plain.dim };
        // Of why it calls, half a word tells no more than the mark alone, and looks worse.
        let left = right.saturating_sub(x + if pin.is_empty() { 0 } else { width(pin) + 1 });
        let call = match self.called(columns) {
            call if width(call) > left => call.split(' ').next().unwrap_or_default(),
            call => call,
        };
        for (text, style) in [
            (pin, plain.key),
            (call, plain.call),
            (&self.people, plain.key),
            (&self.badges, quiet),
        ] {
            let left = right.saturating_sub(x);
            if left >= width(text).min(3) && !text.is_empty() {
                x = paint.text(x, words, left, text, style) + 1;
            }
        }
    }
}

/// Returns the mark and the word of what a card calls for.
fn call(kind: Option<Kind>) -> String {
    kind.map_or_else(String::new, |kind| format!("! {}", kind.word()))
}

/// Returns a key that fits: the number tells more than the end of the name, and the name of a
/// repository more than its owner.
pub(super) fn short_name(key: &str, room: u16) -> Cow<'_, str> {
    let Some((name, number)) = at_sign(key).filter(|_| width(key) > room) else {
        return key.into();
    };
    let short = name.rsplit_once('/').map(|(_, short)| short);
    if let Some(short) = short {
        let owned = format!("~/{short}{number}");
        let alone = format!("{short}{number}");
        if let Some(fits) = [owned, alone].into_iter().find(|it| width(it) <= room) {
            return fits.into();
        }
    }
    let name = short.unwrap_or(name);
    let left = room.saturating_sub(width(number) + 1);
    if left == 0 {
        return key.into();
    }
    format!("{}~{number}", fit(name, left).0).into()
}

/// The styles of a card.
struct Look {
    ground: Option<Style>,
    status: Style,
    key: Style,
    text: Style,
    dim: Style,
    call: Style,
}

impl Look {
    fn new(paint: &Paint<'_>, face: &Face<'_>, selected: bool) -> Self {
        let theme = paint.theme;
        if selected {
            let one = theme.selection();
            return Self {
                ground: Some(one),
                status: one,
                key: one,
                text: one,
                dim: one,
                call: one,
            };
        }
        if face.stale {
            let one = theme.style(Role::Stale);
            let dim = if face.became == Some(true) {
                theme.style(Role::Accent)
            } else {
                one
            };
            return Self {
                ground: None,
                status: one,
                key: one,
                text: one,
                dim,
                call: one,
            };
        }
        Self {
            ground: None,
            status: theme.severity(face.status.severity()),
            key: theme.style(Role::Key),
            text: theme.style(Role::Text),
            dim: theme.style(Role::Dim),
            call: theme.style(Role::Blocked),
        }
    }

    fn ground(&self, paint: &mut Paint<'_>, row: Rect) {
        if let Some(style) = self.ground {
            paint.style(row, style);
            paint.text(row.x, row.y, 1, paint.theme.glyphs().cursor(), style);
        }
    }
}

/// Returns whether a card's data is too old to be believed, and what stands for its age.
fn age(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    item: &WorkItem,
    since: Timestamp,
) -> (bool, String) {
    let Some(confirmed) = snapshot.confirmed_at(item) else {
        return (true, "old".to_owned());
    };
    let stale_at = confirmed + chrono::TimeDelta::seconds(FRESH_SECS + 1);
    if is_current(confirmed, paint.now) {
        paint.note(stale_at);
        return (false, paint.age(since).to_string());
    }
    (true, format!("old {}", paint.age(confirmed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, room: u16, short: &str) {
        assert_eq!(short_name(key, room), short);
    }

    #[test]
    fn a_key_that_does_not_fit_keeps_its_number() {
        check("mobile#139", 10, "mobile#139");
        check("mobile#139", 8, "mob~#139");
        check("mobile#139", 6, "m~#139");
        check("mobile#139", 5, "mobile#139");
        check("api v1.14.0", 6, "api v1.14.0");
        check("支払い#7", 6, "支~#7");
        check("acme/payments#1175", 18, "acme/payments#1175");
        check("acme/payments#1175", 15, "~/payments#1175");
        check("acme/payments#1175", 13, "payments#1175");
        check("acme/payments#1175", 11, "payme~#1175");
    }
}
