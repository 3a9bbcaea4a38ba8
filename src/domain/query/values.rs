//! Values of a filter's terms: words, ranges, durations and how they compare.
//!
//! Says what each key accepts; what stands around the terms is `parse.rs`.

use crate::domain::query::QueryError;
use crate::domain::query::pattern::Pattern;
use crate::domain::query::terms::{
    ANCHORS, Bounds, Clock, Field, HAS, IS, Is, Key, SEVERITIES, Test, Value, find, name_of,
    severity_bit, stage_bit, status_bit,
};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::{nearest, parse_duration};

/// How a value is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Has,
    Equal,
    More,
    AtLeast,
    Less,
    AtMost,
}

impl Op {
    /// Every operator as it is written after a key, the longer ones first.
    const ALL: [(&'static str, Self); 10] = [
        (":>=", Self::AtLeast),
        (":<=", Self::AtMost),
        (":>", Self::More),
        (":<", Self::Less),
        (":=", Self::Equal),
        (":", Self::Has),
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::More),
        ("<", Self::Less),
    ];

    /// Returns how it is written in plain form.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Has => ":",
            Self::Equal => "=",
            Self::More => ":>",
            Self::AtLeast => ":>=",
            Self::Less => ":<",
            Self::AtMost => ":<=",
        }
    }
}

/// One value as it is written.
pub(super) struct Word {
    /// The value.
    pub(super) text: String,
    /// Whether it stood in quotes: then it means itself and nothing else.
    pub(super) quoted: bool,
    /// Its first byte.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
}

impl Word {
    /// Returns its plainest form, which is read as the same value again.
    pub(super) fn shown(&self) -> String {
        if !self.quoted {
            return self.text.clone();
        }
        let escaped = self.text.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    }

    fn error(&self, message: String, nearest: Option<&str>) -> QueryError {
        error(self.start, self.end, message, nearest)
    }
}

/// Builds an error for a part of the text.
pub(super) fn error(
    start: usize,
    end: usize,
    message: String,
    nearest: Option<&str>,
) -> QueryError {
    QueryError {
        message,
        start,
        end,
        column: start + 1,
        nearest: nearest.map(str::to_owned),
        known: Vec::new(),
    }
}

/// Returns the operator at the start of a text, as it is written and as it is meant.
pub(super) fn operator(text: &str) -> Option<(&'static str, Op)> {
    if text.starts_with('=') {
        return Some(("=", Op::Equal));
    }
    Op::ALL
        .into_iter()
        .find(|(written, _)| text.starts_with(written))
}

/// Returns what a key asks for, compared in this way with these values.
pub(super) fn test(key: Key, op: Op, words: &[Word]) -> Result<Test, QueryError> {
    let ordered = matches!(key, Key::Stage | Key::Severity | Key::Time(_));
    if let Some(word) = words
        .first()
        .filter(|_| !ordered && !matches!(op, Op::Has | Op::Equal))
    {
        let message = format!("`{}` cannot be compared by more or less", name_of(key));
        return Err(word.error(message, None));
    }
    Ok(match key {
        Key::Field(field) => Test::Field(
            field,
            words.iter().map(|word| value(field, op, word)).collect(),
        ),
        Key::Stage => {
            let all = Stage::ALL.map(|stage| (stage.as_str(), stage_bit(stage)));
            let read = |word: &str| {
                Stage::parse(word)
                    .and_then(|stage| all.iter().position(|(_, bit)| *bit == stage_bit(stage)))
            };
            Test::Stages(bits(key, op, words, &all, read)?)
        }
        Key::Severity => {
            let all: Vec<_> = SEVERITIES
                .iter()
                .map(|(name, s)| (*name, severity_bit(*s)))
                .collect();
            let read = |word: &str| {
                let word = if word.eq_ignore_ascii_case("red") {
                    "failed"
                } else {
                    word
                };
                all.iter()
                    .position(|(name, _)| name.eq_ignore_ascii_case(word))
            };
            Test::Severities(bits(key, op, words, &all, read)?)
        }
        Key::Status => {
            let mut set = 0;
            for word in words {
                let known = Status::ALL.map(Status::as_str);
                let status = Status::parse(&word.text);
                set |= status_bit(status.ok_or_else(|| unknown(key, word, known))?);
            }
            Test::Statuses(set)
        }
        Key::Anchor => Test::Anchors(rows(key, words, ANCHORS)?),
        Key::Has => Test::Has(rows(key, words, HAS)?),
        Key::Is => Test::Is(words.iter().map(read_is).collect::<Result<_, _>>()?),
        Key::Time(clock) => Test::Time(clock, times(clock, op, words)?),
    })
}

/// The error for a value that a key does not know.
fn unknown(key: Key, word: &Word, known: impl IntoIterator<Item = &'static str>) -> QueryError {
    let message = format!("`{}` does not know `{}`", name_of(key), word.text);
    let known: Vec<&'static str> = known.into_iter().collect();
    let nearest = nearest(&word.text, known.iter().copied());
    QueryError {
        known,
        ..word.error(message, nearest)
    }
}

fn value(field: Field, op: Op, word: &Word) -> Value {
    let text = word.text.as_str();
    if !word.quoted {
        if field.is_person() && text.eq_ignore_ascii_case("@me") {
            return Value::Me;
        }
        if text.eq_ignore_ascii_case("none") {
            return Value::Nothing;
        }
    }
    let text = match text.strip_prefix('@') {
        Some(login) if field.is_person() && !login.is_empty() => login,
        _ => text,
    };
    let pattern = if !word.quoted && text.contains('*') {
        Pattern::glob(text, true)
    } else if op == Op::Has && field.takes_pieces() {
        Pattern::piece(text)
    } else {
        Pattern::whole(text)
    };
    Value::Text(if op == Op::Equal {
        pattern.strict()
    } else {
        pattern
    })
}

fn read_is(word: &Word) -> Result<Is, QueryError> {
    let known = || {
        IS.iter()
            .map(|(name, _)| *name)
            .chain(Status::ALL.map(Status::as_str))
    };
    find(IS, &word.text)
        .map(|(_, is)| is)
        .or_else(|| Status::parse(&word.text).map(Is::Status))
        .ok_or_else(|| {
            let mut error = unknown(Key::Is, word, known());
            let mut seen = std::collections::HashSet::new();
            error.known.retain(|name| seen.insert(*name));
            // By its letters `me` is nearer to other words than to the one that is meant.
            if matches!(word.text.trim_start_matches('@'), "me" | "my" | "own") {
                error.nearest = Some("mine".to_owned());
            }
            error
        })
}

fn rows<T: Copy + PartialEq>(
    key: Key,
    words: &[Word],
    table: &[(&'static str, T)],
) -> Result<Vec<T>, QueryError> {
    let known = || table.iter().map(|(name, _)| *name);
    let read = |word: &Word| {
        find(table, &word.text)
            .map(|(_, row)| row)
            .ok_or_else(|| unknown(key, word, known()))
    };
    words.iter().map(read).collect()
}

/// Reads words, ranges and comparisons of things that have an order.
fn bits(
    key: Key,
    op: Op,
    words: &[Word],
    all: &[(&'static str, u32)],
    read: impl Fn(&str) -> Option<usize>,
) -> Result<u32, QueryError> {
    let last = all.len().saturating_sub(1);
    let mut set = 0;
    for word in words {
        let known = all.iter().map(|(name, _)| *name);
        let range = word.text.split_once("..");
        let (from, to) = range.unwrap_or((&word.text, &word.text));
        let end = |text: &str, open: usize| {
            if text.is_empty() {
                Some(open)
            } else {
                read(text)
            }
        };
        let (Some(from), Some(to)) = (end(from, 0), end(to, last)) else {
            let wrong = if end(from, 0).is_none() { from } else { to };
            let message = format!("`{}` does not know `{wrong}`", name_of(key));
            let nearest = nearest(wrong, known.clone());
            return Err(QueryError {
                known: known.collect(),
                ..word.error(message, nearest)
            });
        };
        if range.is_some() && !matches!(op, Op::Has | Op::Equal) {
            let message = "a range and a comparison do not go together".to_owned();
            return Err(word.error(message, None));
        }
        if let (Some((first, second)), true) = (range, from > to) {
            return Err(backwards(word, first, second));
        }
        let wanted = |at: usize| match op {
            Op::Has | Op::Equal => (from..=to).contains(&at),
            Op::More => at > to,
            Op::AtLeast => at >= to,
            Op::Less => at < from,
            Op::AtMost => at <= from,
        };
        let found = all.iter().enumerate().filter(|(at, _)| wanted(*at));
        set |= found.fold(0, |set, (_, (_, bit))| set | bit);
    }
    Ok(set)
}

/// The error for a range that ends before it begins: it would match nothing, whatever there is.
fn backwards(word: &Word, from: &str, to: &str) -> QueryError {
    let message = format!("the range `{from}..{to}` ends before it begins");
    word.error(message, Some(&format!("{to}..{from}")))
}

/// Reads durations, ranges of them and comparisons with them.
fn times(clock: Clock, op: Op, words: &[Word]) -> Result<Vec<Bounds>, QueryError> {
    words.iter().map(|word| time(clock, op, word)).collect()
}

fn time(clock: Clock, op: Op, word: &Word) -> Result<Bounds, QueryError> {
    let name = name_of(Key::Time(clock));
    let secs = |text: &str| {
        parse_duration(text)
            .map(|duration| duration.num_seconds())
            .ok_or_else(|| {
                let message =
                    format!("`{name}` takes a duration such as `2d` or `90m`, not `{text}`");
                word.error(message, None)
            })
    };
    if let Some((from, to)) = word.text.split_once("..") {
        if !matches!(op, Op::Has | Op::Equal) {
            let message = "a range and a comparison do not go together".to_owned();
            return Err(word.error(message, None));
        }
        let (first, second) = (from, to);
        let from = if from.is_empty() { 0 } else { secs(from)? };
        let to = if to.is_empty() {
            i64::MAX
        } else {
            secs(to)?.saturating_add(1)
        };
        if from >= to {
            return Err(backwards(word, first, second));
        }
        return Ok(Bounds { from, to });
    }
    let secs = secs(&word.text)?;
    Ok(match op {
        // "2d" is what is shown as 2d: from two days to less than three.
        Op::Has | Op::Equal => Bounds {
            from: secs,
            to: secs + unit(&word.text),
        },
        Op::More => Bounds {
            from: secs + 1,
            to: i64::MAX,
        },
        Op::AtLeast => Bounds {
            from: secs,
            to: i64::MAX,
        },
        Op::Less => Bounds { from: 0, to: secs },
        Op::AtMost => Bounds {
            from: 0,
            to: secs + 1,
        },
    })
}

/// Returns the seconds of the smallest unit that a duration is written in.
fn unit(text: &str) -> i64 {
    let unit = text.get(text.len().saturating_sub(1)..).unwrap_or("s");
    parse_duration(&format!("1{unit}")).map_or(1, |duration| duration.num_seconds())
}
