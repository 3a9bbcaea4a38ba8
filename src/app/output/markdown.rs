//! The board as Markdown, for chats and wikis.
//!
//! Remote text cannot form a link, a heading or a mention: what Markdown would
//! obey is escaped.

use std::fmt::Write as _;

use crate::app::output::{Board, age, holders, instant};
use crate::domain::item::WorkItem;
use crate::domain::key::WebUrl;
use crate::engine::snapshot::Health;
use crate::engine::snapshot::Snapshot;

/// Returns the board as one table a stage.
pub fn board(board: Board<'_>) -> String {
    let mut out = format!("# Board, {}\n", instant(board.now()));
    for (config, cards) in board.columns() {
        let limit = board.limit(config);
        let title = escape(&config.title);
        // Writing to a string cannot fail.
        let _ = write!(out, "\n## {title} ({}{limit})\n", cards.len());
        if cards.is_empty() {
            continue;
        }
        out.push_str(
            "\n| card | status | title | holder | age |\n| --- | --- | --- | --- | --- |\n",
        );
        for item in cards {
            let old = if board.snapshot.is_fresh(item, board.now()) {
                ""
            } else {
                " (old)"
            };
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {}{old} |",
                key(item, board.snapshot),
                item.placement.status.label(),
                escape(&item.title),
                escape(&holders(item)),
                age(item.placement.since, board.now()),
            );
        }
    }
    if board.columns().all(|(_, cards)| cards.is_empty()) {
        let _ = write!(out, "\n> {}\n", escape(&board.nothing()));
    }
    for over in board.over() {
        let _ = write!(out, "\n> over: {}\n", escape(&over));
    }
    let hidden = board.red_in_hidden_columns();
    if hidden > 0 {
        let _ = write!(out, "\n> {hidden} red in hidden columns\n");
    }
    for view in board
        .snapshot
        .sources
        .iter()
        .filter(|view| view.health != Health::Ok)
    {
        let message = view
            .message
            .as_deref()
            .unwrap_or_else(|| view.health.as_str());
        let _ = write!(
            out,
            "\n> source {}: {}\n",
            escape(view.name.as_str()),
            escape(message)
        );
    }
    out
}

/// The key, as a link where there is a page.
fn key(item: &WorkItem, snapshot: &Snapshot) -> String {
    link(&snapshot.names().key(item), item.url.as_ref())
}

/// Returns a text as a link where there is a page.
pub fn link(text: &str, url: Option<&WebUrl>) -> String {
    let key = escape(text);
    match url {
        Some(url) => format!(
            "[{key}]({})",
            url.as_str()
                .replace('(', "%28")
                .replace(')', "%29")
                .replace('|', "%7C")
        ),
        None => key,
    }
}

/// Returns the text with a backslash before whatever Markdown would obey, and mentions broken.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '|'
            | '~' | '!' | '&' => {
                out.push('\\');
                out.push(c);
            }
            // A zero-width space keeps the people who are named from being called.
            '@' => out.push_str("@\u{200b}"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_text_stays_text() {
        for (text, expected) in [
            ("a|b", "a\\|b"),
            ("[x](http://e.example)", "\\[x\\]\\(http://e.example\\)"),
            ("<img>", "\\<img\\>"),
            ("@all", "@\u{200b}all"),
            ("plain, words", "plain, words"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }
}
