//! From text to a filter, or to the place where it goes wrong.
//!
//! A descent by hand: its errors name the part that is wrong and what was
//! probably meant. Depth and length are bounded, so that no text costs more.

use crate::domain::query::pattern::Pattern;
use crate::domain::query::terms::{KEYS, Node, Term, Test, find, name_of};
use crate::domain::query::values::{Word, error, operator, test};
use crate::domain::query::{Query, QueryError};
use crate::domain::text::nearest;

/// How deep parentheses and negations may go.
const DEEPEST: usize = 64;

/// Parses a filter.
pub(super) fn parse(text: &str) -> Result<Node, QueryError> {
    if text.len() > Query::MAX {
        let message = format!("the filter is longer than {} bytes", Query::MAX);
        return Err(error(Query::MAX, text.len(), message, None));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(Node::All(Vec::new()));
    }
    let node = parser.parse_any()?;
    if !parser.rest().is_empty() {
        let message = "`)` closes nothing".to_owned();
        return Err(error(parser.at, parser.at + 1, message, None));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Eats a word in capitals that is not part of a longer one.
    fn eat_keyword(&mut self, word: &str) -> bool {
        let Some(tail) = self.rest().strip_prefix(word) else {
            return false;
        };
        let ends = tail
            .chars()
            .next()
            .is_none_or(|c| c.is_whitespace() || "()|\"".contains(c));
        if ends {
            self.at += word.len();
        }
        ends
    }

    fn parse_any(&mut self) -> Result<Node, QueryError> {
        let mut parts = vec![self.parse_all()?];
        loop {
            self.skip_space();
            let start = self.at;
            if !self.eat('|') && !self.eat_keyword("OR") {
                break;
            }
            self.skip_space();
            if self.rest().is_empty() || self.peek() == Some(')') {
                let message = "`OR` needs something on both sides".to_owned();
                return Err(error(start, self.at, message, None));
            }
            parts.push(self.parse_all()?);
        }
        Ok(join(parts, true))
    }

    fn parse_all(&mut self) -> Result<Node, QueryError> {
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            let before = self.at;
            let is_or = self.peek() == Some('|') || self.eat_keyword("OR");
            self.at = before;
            if is_or || self.rest().is_empty() || self.peek() == Some(')') {
                break;
            }
            if self.eat_keyword("AND") {
                self.skip_space();
                let ends = self.rest().is_empty() || self.peek() == Some(')');
                if parts.is_empty() || ends {
                    let message = "`AND` needs something on both sides".to_owned();
                    return Err(error(before, before + 3, message, None));
                }
                continue;
            }
            parts.push(self.parse_unary()?);
        }
        if parts.is_empty() {
            let end = self.at + self.peek().map_or(0, char::len_utf8);
            let message = match self.peek() {
                Some(')') => "there is nothing between the parentheses",
                _ => "`OR` needs something on both sides",
            };
            return Err(error(self.at, end, message.to_owned(), None));
        }
        Ok(join(parts, false))
    }

    fn parse_unary(&mut self) -> Result<Node, QueryError> {
        let start = self.at;
        let mut negated = false;
        while self.eat('-') || self.eat_keyword("NOT") {
            negated = !negated;
            self.skip_space();
        }
        let before = self.at;
        let keyword = self.eat_keyword("OR") || self.eat_keyword("AND");
        self.at = before;
        let nothing = keyword || self.peek().is_none_or(|c| matches!(c, ')' | '|'));
        if self.at > start && nothing {
            let message = "there is nothing to negate".to_owned();
            return Err(error(start, self.at, message, None));
        }
        let node = self.parse_atom()?;
        Ok(match (negated, node) {
            (true, Node::Not(inner)) => *inner,
            (true, node) => Node::Not(Box::new(node)),
            (false, node) => node,
        })
    }

    fn parse_atom(&mut self) -> Result<Node, QueryError> {
        match self.peek() {
            Some('(') => self.parse_group(),
            Some('"') => {
                let word = self.quoted()?;
                let test = Test::Words(Pattern::piece(&word.text));
                Ok(Node::Term(Term {
                    shown: word.shown(),
                    test,
                }))
            }
            _ => self.parse_term(),
        }
    }

    fn parse_group(&mut self) -> Result<Node, QueryError> {
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = "the parentheses go too deep".to_owned();
            return Err(error(start, start + 1, message, None));
        }
        self.eat('(');
        let node = self.parse_any()?;
        self.skip_space();
        if !self.eat(')') {
            let message = "`(` is not closed".to_owned();
            return Err(error(start, start + 1, message, None));
        }
        self.depth -= 1;
        Ok(node)
    }

    fn parse_term(&mut self) -> Result<Node, QueryError> {
        let start = self.at;
        let rest = self.rest();
        let name_len = rest.find(|c: char| !(c.is_alphabetic() || "-_".contains(c)));
        let (name, tail) = rest
            .split_at_checked(name_len.unwrap_or(0))
            .unwrap_or(("", rest));
        if name.is_empty() || tail.starts_with("://") {
            return Ok(self.bare());
        }
        let Some((written, op)) = operator(tail) else {
            return Ok(self.bare());
        };
        let key = find(KEYS, name);
        if key.is_none() && !tail.starts_with(':') {
            return Ok(self.bare());
        }
        self.at += name.len();
        let Some((_, key)) = key else {
            let known = KEYS.iter().map(|(name, _)| *name);
            let message = format!("unknown key `{name}`");
            return Err(error(start, self.at, message, nearest(name, known)));
        };
        self.at += written.len();
        let words = self.values(name, start)?;
        let test = test(key, op, &words)?;
        let values: Vec<String> = words.iter().map(Word::shown).collect();
        let shown = format!("{}{}{}", name_of(key), op.shown(), values.join(","));
        Ok(Node::Term(Term { shown, test }))
    }

    /// Reads a word without a key.
    fn bare(&mut self) -> Node {
        let shown = self
            .run(|c| c.is_whitespace() || "()\"|".contains(c))
            .to_owned();
        let test = Test::Words(Pattern::glob(&shown, false));
        Node::Term(Term { shown, test })
    }

    fn run(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(ends).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn values(&mut self, name: &str, start: usize) -> Result<Vec<Word>, QueryError> {
        let mut words = Vec::new();
        loop {
            let from = self.at;
            let word = if self.peek() == Some('"') {
                self.quoted()?
            } else {
                let text = self
                    .run(|c| c.is_whitespace() || "(),\"|".contains(c))
                    .to_owned();
                Word {
                    text,
                    quoted: false,
                    start: from,
                    end: self.at,
                }
            };
            if word.text.is_empty() && !words.is_empty() {
                let message = "there is nothing after the comma".to_owned();
                return Err(error(from.saturating_sub(1), from, message, None));
            }
            if word.text.is_empty() {
                let message = format!("`{name}` needs a value");
                return Err(error(start, self.at, message, None));
            }
            words.push(word);
            if !self.eat(',') {
                return Ok(words);
            }
        }
    }

    fn quoted(&mut self) -> Result<Word, QueryError> {
        let start = self.at;
        self.eat('"');
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '"' if text.is_empty() => {
                    let message = "there is nothing between the quotes".to_owned();
                    return Err(error(start, self.at, message, None));
                }
                '"' => {
                    return Ok(Word {
                        text,
                        quoted: true,
                        start,
                        end: self.at,
                    });
                }
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                c => text.push(c),
            }
        }
        Err(error(
            start,
            self.at,
            "the quote is not closed".to_owned(),
            None,
        ))
    }
}

/// Joins parts, without groups in groups of the same kind.
fn join(parts: Vec<Node>, any: bool) -> Node {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::Any(inner) if any => flat.extend(inner),
            Node::All(inner) if !any => flat.extend(inner),
            Node::Any(_) | Node::All(_) | Node::Not(_) | Node::Term(_) => flat.push(part),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        Some(last) => {
            flat.push(last);
            if any {
                Node::Any(flat)
            } else {
                Node::All(flat)
            }
        }
        None => Node::All(flat),
    }
}
