//! One line of a log as pieces of text in styles, cut or wrapped to columns.
//!
//! Works by what people see as characters and by the columns that a terminal
//! gives them; nothing is ever split within one.

use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::log::{LogLine, Mark, Query};
use crate::ui::text::{fit, width};
use crate::ui::theme::{Role, Theme};

/// Text in one style.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    text: String,
    style: Style,
}

impl Piece {
    pub(super) fn new(text: String, style: Style) -> Self {
        Self { text, style }
    }
}

/// Returns the pieces of a line: its own colours, or what its mark says; matches stand out.
pub(super) fn pieces(line: &LogLine, theme: &Theme, query: Option<&Query>) -> Vec<Piece> {
    let base = match line.mark {
        Mark::Error => theme.style(Role::Failed),
        Mark::Warning => theme.style(Role::Waiting),
        Mark::Command => theme.style(Role::Key),
        Mark::Group => theme.style(Role::Title),
        Mark::Notice => theme.style(Role::Active),
        Mark::Debug | Mark::EndGroup => theme.style(Role::Dim),
        Mark::None => theme.style(Role::Text),
    };
    let mut pieces = Vec::with_capacity(line.spans.len() + 1);
    if let Some(source) = &line.source {
        pieces.push(Piece::new(format!("{source} "), theme.style(Role::Dim)));
    }
    let hits = query.map_or_else(Vec::new, |query| query.ranges(&line.text()));
    let mut at = 0;
    for span in &line.spans {
        let style = theme.log_text(&span.style, base);
        let end = at + span.text.len();
        if hits.is_empty() {
            pieces.push(Piece::new(span.text.to_string(), style));
        } else {
            split(&span.text, at, &hits, (style, theme), &mut pieces);
        }
        at = end;
    }
    pieces
}

/// Splits a span where matches begin and end.
fn split(
    text: &str,
    from: usize,
    hits: &[std::ops::Range<usize>],
    (style, theme): (Style, &Theme),
    pieces: &mut Vec<Piece>,
) {
    let hit_style = theme.selection().add_modifier(Modifier::BOLD);
    let mut at = 0;
    for hit in hits {
        let start = hit.start.saturating_sub(from).clamp(at, text.len());
        let end = hit.end.saturating_sub(from).clamp(start, text.len());
        if hit.end <= from || start == end {
            continue;
        }
        pieces.push(Piece::new(
            text.get(at..start).unwrap_or_default().to_owned(),
            style,
        ));
        pieces.push(Piece::new(
            text.get(start..end).unwrap_or_default().to_owned(),
            hit_style,
        ));
        at = end;
    }
    pieces.push(Piece::new(
        text.get(at..).unwrap_or_default().to_owned(),
        style,
    ));
}

/// A row of the screen: texts in their styles.
pub(super) type Row = Vec<(String, Style)>;

/// Which part of a line is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    columns: u16,
    left: u16,
    wrap: bool,
    most: usize,
}

impl Cut {
    /// One row of so many columns, `left` of them scrolled away.
    pub(super) fn from(columns: u16, left: u16) -> Self {
        Self {
            columns,
            left,
            wrap: false,
            most: 1,
        }
    }

    /// As many rows as it takes, but not more than `most`.
    pub(super) fn wrapped(columns: u16, most: usize) -> Self {
        Self {
            columns,
            left: 0,
            wrap: true,
            most,
        }
    }
}

/// A line in rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Laid {
    /// The rows; at least one.
    pub(super) rows: Vec<Row>,
    /// Whether there is more than they hold.
    pub(super) more: bool,
}

/// Lays pieces out in rows: one row from a column on, or as many as it takes.
pub(super) fn laid_out(pieces: &[Piece], cut: Cut) -> Laid {
    let Cut {
        columns,
        left,
        wrap,
        most,
    } = cut;
    let mut rows: Vec<Row> = vec![Row::new()];
    let mut skip = left;
    let mut used = 0_u16;
    for piece in pieces {
        let mut text = String::new();
        for grapheme in piece.text.graphemes(true) {
            let wide = width(grapheme);
            if skip > 0 {
                // A wide character that is cut by the left edge leaves a space.
                let hidden = skip.min(wide);
                skip -= hidden;
                if hidden < wide && used < columns {
                    text.push(' ');
                    used += wide - hidden;
                }
                continue;
            }
            if used.saturating_add(wide) > columns {
                finish(&mut rows, &mut text, piece.style);
                if !wrap || rows.len() >= most.max(1) || wide > columns {
                    return Laid { rows, more: true };
                }
                rows.push(Row::new());
                used = 0;
            }
            text.push_str(grapheme);
            used = used.saturating_add(wide);
        }
        finish(&mut rows, &mut text, piece.style);
    }
    Laid { rows, more: false }
}

/// Lays pieces out, with a mark wherever something of the line is not shown.
pub(super) fn marked(pieces: &[Piece], cut: Cut, mark: (&str, Style)) -> Vec<Row> {
    let (text, style) = mark;
    let is_scrolled = cut.left > 0 && pieces.iter().any(|piece| !piece.text.is_empty());
    let Laid { mut rows, more } = if is_scrolled && cut.columns > 0 {
        let rest = Cut {
            columns: cut.columns - 1,
            left: cut.left.saturating_add(1),
            ..cut
        };
        let mut laid = laid_out(pieces, rest);
        if let Some(row) = laid.rows.first_mut() {
            row.insert(0, (text.to_owned(), style));
        }
        laid
    } else {
        laid_out(pieces, cut)
    };
    if more
        && cut.columns > 0
        && let Some(row) = rows.last_mut()
    {
        shorten(row, cut.columns - 1);
        row.push((text.to_owned(), style));
    }
    rows
}

/// Takes characters off the end of a row until it fits.
fn shorten(row: &mut Row, columns: u16) {
    let mut used = 0_u16;
    let mut kept = 0;
    for (text, _) in row.iter_mut() {
        let (head, is_cut) = fit(text, columns - used);
        used += width(head);
        kept += 1;
        if is_cut {
            let end = head.len();
            text.truncate(end);
            break;
        }
    }
    row.truncate(kept);
}

fn finish(rows: &mut [Row], text: &mut String, style: Style) {
    if let Some(row) = rows.last_mut().filter(|_| !text.is_empty()) {
        row.push((std::mem::take(text), style));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(rows: &[Row]) -> Vec<String> {
        let text = |row: &Row| row.iter().map(|(text, _)| text.as_str()).collect();
        rows.iter().map(text).collect()
    }

    #[track_caller]
    fn lays(text: &str, cut: Cut, rows: &[&str]) {
        let (one, two) = text.split_at(text.char_indices().nth(2).map_or(0, |(at, _)| at));
        let pieces = [
            Piece::new(one.to_owned(), Style::new()),
            Piece::new(two.to_owned(), Style::new().add_modifier(Modifier::BOLD)),
        ];
        assert_eq!(texts(&laid_out(&pieces, cut).rows), rows);
    }

    #[test]
    fn a_line_is_cut_scrolled_or_wrapped_between_characters() {
        lays("abcdef", Cut::from(4, 0), &["abcd"]);
        lays("abcdef", Cut::from(4, 3), &["def"]);
        lays("abcdef", Cut::from(4, 9), &[""]);
        lays("abcdef", Cut::wrapped(4, 5), &["abcd", "ef"]);
        lays("日本語字", Cut::from(5, 0), &["日本"]);
        lays("日本語字", Cut::from(5, 1), &[" 本語"]);
        lays("日本語字", Cut::wrapped(5, 5), &["日本", "語字"]);
        lays("日本", Cut::wrapped(1, 5), &[""]);
        lays("日本", Cut::from(0, 1), &[""]);
    }

    #[test]
    fn what_is_not_shown_of_a_line_has_a_mark() {
        let check = |text: &str, cut: Cut, rows: &[&str]| {
            let pieces = [Piece::new(text.to_owned(), Style::new())];
            assert_eq!(texts(&marked(&pieces, cut, ("…", Style::new()))), rows);
        };
        check("abcd", Cut::from(4, 0), &["abcd"]);
        check("abcdef", Cut::from(4, 0), &["abc…"]);
        check("abcdef", Cut::from(4, 2), &["…def"]);
        check("abcdefgh", Cut::from(4, 2), &["…de…"]);
        check("ab", Cut::from(4, 2), &["…"]);
        check("", Cut::from(4, 2), &[""]);
        check("日本語字", Cut::from(4, 0), &["日…"]);
        check("abcdefghij", Cut::wrapped(4, 2), &["abcd", "efg…"]);
        check("abcdef", Cut::wrapped(4, 2), &["abcd", "ef"]);
        check("ab", Cut::from(1, 0), &["…"]);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_its_columns(
            text in "[a-zé日 ]{0,80}", columns in 0_u16..30, left in 0_u16..60, wrap: bool,
        ) {
            let pieces = [Piece::new(text, Style::new())];
            let cut = if wrap { Cut::wrapped(columns, 9) } else { Cut::from(columns, left) };
            for row in texts(&laid_out(&pieces, cut).rows) {
                prop_assert!(width(&row) <= columns);
            }
            for row in texts(&marked(&pieces, cut, ("…", Style::new()))) {
                prop_assert!(width(&row) <= columns);
            }
        }
    }
}
