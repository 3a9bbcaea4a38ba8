//! One line of a log as pieces of text in styles, cut or wrapped to columns.
//!
//! Works by what people see as characters and by the columns that a terminal
//! gives them; nothing is ever split within one.

use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation;

use crate::log::{LogLine, Mark, Query};
use crate::ui::text::width;
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

/// Lays pieces out in rows of so many columns: one row from a column on, or as many as it takes.
pub(super) fn laid_out(
    pieces: &[Piece],
    columns: u16,
    left: u16,
    wrap: bool,
    most: usize,
) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![Row::new()];
    let mut skip = if wrap { 0 } else { left };
    let mut used = 0_u16;
    'all: for piece in pieces {
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
                    break 'all;
                }
                rows.push(Row::new());
                used = 0;
            }
            text.push_str(grapheme);
            used = used.saturating_add(wide);
        }
        finish(&mut rows, &mut text, piece.style);
    }
    rows
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
    fn lays(text: &str, columns: u16, left: u16, wrap: bool, rows: &[&str]) {
        let (one, two) = text.split_at(text.char_indices().nth(2).map_or(0, |(at, _)| at));
        let pieces = [
            Piece::new(one.to_owned(), Style::new()),
            Piece::new(two.to_owned(), Style::new().add_modifier(Modifier::BOLD)),
        ];
        assert_eq!(texts(&laid_out(&pieces, columns, left, wrap, 5)), rows);
    }

    #[test]
    fn a_line_is_cut_scrolled_or_wrapped_between_characters() {
        lays("abcdef", 4, 0, false, &["abcd"]);
        lays("abcdef", 4, 3, false, &["def"]);
        lays("abcdef", 4, 9, false, &[""]);
        lays("abcdef", 4, 0, true, &["abcd", "ef"]);
        lays("日本語字", 5, 0, false, &["日本"]);
        lays("日本語字", 5, 1, false, &[" 本語"]);
        lays("日本語字", 5, 3, true, &["日本", "語字"]);
        lays("日本", 1, 0, true, &[""]);
        lays("日本", 0, 1, false, &[""]);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_its_columns(
            text in "[a-zé日 ]{0,80}", columns in 0_u16..30, left in 0_u16..60, wrap: bool,
        ) {
            let pieces = [Piece::new(text, Style::new())];
            for row in texts(&laid_out(&pieces, columns, left, wrap, 9)) {
                prop_assert!(width(&row) <= columns);
            }
        }
    }
}
