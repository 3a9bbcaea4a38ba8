//! What can be done to the selected runs; what cannot says why.

use ratatui::layout::Rect;

use crate::ui::layout::{Plan, middle};
use crate::ui::overlay::ActionMenu;
use crate::ui::text::{Paint, cols, width, wrap};
use crate::ui::theme::Role;

/// Lines that the reason of the selected verb may take at most.
const REASON: u16 = 4;

/// How wide the menu is at least, with its frame.
const NARROW: u16 = 56;

/// One line of the menu.
struct Line<'a> {
    key: String,
    words: &'a str,
    refused: Option<&'a str>,
}

impl Line<'_> {
    /// Returns how wide a menu is in which all of it fits.
    fn columns(&self) -> u16 {
        let why = self.refused.map_or(0, |why| 2 + width(why));
        3 + width(self.words) + why + 1 + 2
    }
}

fn lines(menu: &ActionMenu) -> Vec<Line<'_>> {
    let verbs = menu.entries.iter().map(|entry| Line {
        key: entry.verb.about().key.to_string(),
        words: &entry.words,
        refused: entry.refused.as_deref(),
    });
    let own = menu.own.iter().map(|own| Line {
        // The mark of the list in which they stand by themselves.
        key: "!".to_owned(),
        words: &own.words,
        refused: own.refused.as_deref(),
    });
    verbs.chain(own).collect()
}

/// Paints the menu.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, menu: &ActionMenu, plan: &Plan) {
    let theme = paint.theme;
    let lines = lines(menu);
    let wide = lines.iter().map(Line::columns).max().unwrap_or_default();
    let wide = wide.max(width(&menu.title) + 4);
    let wide = wide.clamp(NARROW, plan.body.width.max(NARROW));
    // The reason of each fits where the cursor comes to it, and the menu stays as tall as it is.
    let room = wide.min(plan.body.width).saturating_sub(4);
    let reasons = lines.iter().filter_map(|line| line.refused);
    let reasons = reasons.map(|why| cols(wrap(why, room, usize::from(REASON)).len()));
    let reason = reasons.max().unwrap_or_default();
    // Where nothing can be done, the title says why: it is no name that may be cut.
    let head = if width(&menu.title) > room {
        wrap(&menu.title, room, usize::from(REASON))
    } else {
        Vec::new()
    };
    let height = cols(lines.len() + head.len()) + 2 + reason;
    let mut inside = paint.boxed(middle(plan.body, wide, height), &menu.title);
    if inside.height <= cols(head.len()) || inside.width < 4 {
        return;
    }
    for text in head {
        paint.text(
            inside.x + 1,
            inside.y,
            room,
            text,
            theme.style(Role::Waiting),
        );
        inside.y += 1;
        inside.height -= 1;
    }
    let why = lines.get(menu.cursor).and_then(|line| line.refused);
    let kept = if why.is_some() { reason } else { 0 };
    let rows = inside.height.saturating_sub(kept).max(1);
    let from = (menu.cursor + 1).saturating_sub(usize::from(rows));
    let visible = lines.iter().enumerate().skip(from);
    for (y, (at, line)) in (inside.y..inside.y + rows).zip(visible) {
        let selected = at == menu.cursor;
        let is_grey = line.refused.is_some();
        let pick = |role| match (selected, is_grey) {
            (true, _) => theme.selection(),
            (false, true) => theme.style(Role::Stale),
            (false, false) => theme.style(role),
        };
        if selected {
            paint.style(Rect::new(inside.x, y, inside.width, 1), theme.selection());
            paint.cursor_at(inside.x, y);
        }
        paint.text(inside.x + 1, y, 1, &line.key, pick(Role::Key));
        let left = inside.width.saturating_sub(4);
        let end = paint.text(inside.x + 3, y, left, line.words, pick(Role::Text));
        if let Some(why) = line.refused {
            let left = inside.right().saturating_sub(end + 3);
            paint.text(end + 2, y, left, why, pick(Role::Stale));
        }
    }
    if let Some(why) = why.filter(|_| inside.height > rows) {
        let columns = inside.width.saturating_sub(2);
        let lines = wrap(why, columns, usize::from(reason));
        for (y, line) in (inside.y + rows..inside.bottom()).zip(lines) {
            paint.text(inside.x + 1, y, columns, line, theme.style(Role::Waiting));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::action::Verb;
    use crate::ui::overlay::{ActionEntry, ActionMenu, Overlay};
    use crate::ui::sample;
    use crate::ui::state::UiOptions;
    use crate::ui::testing::Screen;

    /// Returns what is on a screen of 80 columns, its words one after another without frames.
    fn words(menu: ActionMenu) -> String {
        let snapshot = sample::snapshot(48);
        let mut screen = Screen::with(80, 24, snapshot, UiOptions::default());
        screen.state.overlays.push(Overlay::Actions(menu));
        screen.draw();
        let text = screen.text();
        let text = text.replace('│', " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        words.join(" ")
    }

    fn menu(title: &str, why: &str) -> ActionMenu {
        let entry = |verb: Verb| ActionEntry {
            verb,
            gate: None,
            words: verb.words().to_owned(),
            optional: false,
            refused: Some(why.to_owned()),
        };
        ActionMenu {
            title: title.to_owned(),
            aims: Vec::new(),
            entries: Verb::ALL.into_iter().map(entry).collect(),
            own: Vec::new(),
            cursor: 1,
        }
    }

    #[test]
    fn at_80_columns_no_reason_is_cut() {
        let long = "the train of acme/payments-gateway@v1.64.0 has five changes whose runs are \
                    over; mark one of them, and what can be done is done to that one alone";
        let shown = words(menu("actions", long));
        assert!(shown.contains(long), "{shown}");
        let short = "the run is over: only what is at work is cancelled";
        let shown = words(menu("actions", short));
        assert_eq!(shown.matches(short).count(), Verb::ALL.len() + 1, "{shown}");
        let shown = words(menu(long, short));
        assert!(shown.contains(long), "{shown}");
    }
}
