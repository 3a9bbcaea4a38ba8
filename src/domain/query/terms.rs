//! What a filter is made of: nodes, tests, and the words that name them.
//!
//! The tables here are read by the parser, by completion and by error messages,
//! so that a word exists in one place only.

use std::fmt;

use crate::domain::item::{Anchor, EvidenceKind};
use crate::domain::query::pattern::Pattern;
use crate::domain::stage::Stage;
use crate::domain::status::{Severity, Status};

/// A part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// All must hold; none is always true.
    All(Vec<Self>),
    /// One must hold.
    Any(Vec<Self>),
    /// It must not hold.
    Not(Box<Self>),
    /// One term.
    Term(Term),
}

/// One term, as it is written and as it is tested.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// Its plainest form.
    pub(super) shown: String,
    /// What must hold.
    pub(super) test: Test,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

/// What one term asks of a card.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// A word or phrase anywhere.
    Words(Pattern),
    /// One of these values in a field.
    Field(Field, Vec<Value>),
    /// One of these stages, as bits.
    Stages(u32),
    /// One of these statuses, as bits.
    Statuses(u32),
    /// One of these severities, as bits.
    Severities(u32),
    /// One of these anchors.
    Anchors(Vec<Anchor>),
    /// One of these properties.
    Is(Vec<Is>),
    /// One of these belongings.
    Has(Vec<Has>),
    /// A number of seconds within one of these bounds.
    Time(Clock, Vec<Bounds>),
}

/// Returns whether a part of a filter asks for the user of the program.
pub(super) fn asks_for_me(node: &Node) -> bool {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().any(asks_for_me),
        Node::Not(inner) => asks_for_me(inner),
        Node::Term(term) => match &term.test {
            Test::Field(_, values) => values.contains(&Value::Me),
            Test::Is(list) => list.contains(&Is::Mine) || list.contains(&Is::WaitsForMe),
            Test::Words(_)
            | Test::Stages(_)
            | Test::Statuses(_)
            | Test::Severities(_)
            | Test::Anchors(_)
            | Test::Has(_)
            | Test::Time(..) => false,
        },
    }
}

/// Returns whether a part of a filter asks for what was put aside.
pub(super) fn asks_for_hidden(node: &Node) -> bool {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().any(asks_for_hidden),
        Node::Not(inner) => asks_for_hidden(inner),
        Node::Term(term) => match &term.test {
            Test::Is(list) => list.contains(&Is::Hidden) || list.contains(&Is::Snoozed),
            Test::Field(..)
            | Test::Words(_)
            | Test::Stages(_)
            | Test::Statuses(_)
            | Test::Severities(_)
            | Test::Anchors(_)
            | Test::Has(_)
            | Test::Time(..) => false,
        },
    }
}

/// Returns whether the clock alone may change what a part of a filter says.
pub(super) fn asks_for_time(node: &Node) -> bool {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().any(asks_for_time),
        Node::Not(inner) => asks_for_time(inner),
        Node::Term(term) => match &term.test {
            Test::Time(..) => true,
            Test::Is(list) => list.iter().any(|is| match is {
                Is::Stuck | Is::Over | Is::WaitsForMe | Is::Calling | Is::Hidden | Is::Snoozed => {
                    true
                }
                Is::Red
                | Is::Blocked
                | Is::Waiting
                | Is::Bot
                | Is::Mine
                | Is::Unassigned
                | Is::Incident
                | Is::Done
                | Is::Shipped
                | Is::Dropped
                | Is::Open
                | Is::Pinned
                | Is::Status(_) => false,
            }),
            Test::Field(..)
            | Test::Words(_)
            | Test::Stages(_)
            | Test::Statuses(_)
            | Test::Severities(_)
            | Test::Anchors(_)
            | Test::Has(_) => false,
        },
    }
}

/// A field with text in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Who wrote it.
    Author,
    /// Who holds it.
    Holder,
    /// Whose review is asked for.
    Reviewer,
    /// Its repository.
    Repo,
    /// Its services.
    Service,
    /// Its labels.
    Label,
    /// Its environments.
    Env,
    /// Its branches.
    Branch,
    /// Its key.
    Key,
    /// Its title.
    Title,
    /// Its milestone.
    Milestone,
    /// Its train.
    Train,
    /// The sources that it is known from.
    Source,
    /// The host of its repository.
    Host,
}

/// A value that a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// The user of the program.
    Me,
    /// Nothing at all.
    Nothing,
    /// Text of which one of these patterns holds.
    Text(Pattern),
}

/// A time of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// How long it has its status.
    Age,
    /// How long nothing happened to it.
    Idle,
}

/// Seconds from and to, the first inclusive, the second not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// At least.
    pub(super) from: i64,
    /// Less than.
    pub(super) to: i64,
}

/// A property of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// Stands longer than it should.
    Stuck,
    /// Is more than a limit of work in progress allows.
    Over,
    /// Is the user's move.
    WaitsForMe,
    /// Calls for a person by any rule.
    Calling,
    /// Is red.
    Red,
    /// Cannot go on.
    Blocked,
    /// Waits for a person.
    Waiting,
    /// Was made by a machine.
    Bot,
    /// Is written or held by the user.
    Mine,
    /// Is held by nobody.
    Unassigned,
    /// Is an incident.
    Incident,
    /// Is over.
    Done,
    /// Reached its users.
    Shipped,
    /// Was closed without that.
    Dropped,
    /// Is not over.
    Open,
    /// Is held in place by the user.
    Pinned,
    /// Was put aside by the user.
    Hidden,
    /// Was put aside by the user until something happens, or until a time.
    Snoozed,
    /// Has this status.
    Status(Status),
}

/// Something that a card may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    /// Evidence of a kind.
    Evidence(EvidenceKind),
    /// Evidence of a kind that failed.
    Failed(EvidenceKind),
    /// A value in a field.
    Field(Field),
    /// A page for people.
    Url,
}

/// A key: what stands before the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A field with text.
    Field(Field),
    /// `stage`
    Stage,
    /// `status`
    Status,
    /// `severity`
    Severity,
    /// `anchor`
    Anchor,
    /// `is`
    Is,
    /// `has`
    Has,
    /// `age` and `idle`
    Time(Clock),
}

/// Every key; of several names for one thing the first is the plain one.
pub(super) const KEYS: &[(&str, Key)] = &[
    ("author", Key::Field(Field::Author)),
    ("holder", Key::Field(Field::Holder)),
    ("assignee", Key::Field(Field::Holder)),
    ("reviewer", Key::Field(Field::Reviewer)),
    ("repo", Key::Field(Field::Repo)),
    ("service", Key::Field(Field::Service)),
    ("svc", Key::Field(Field::Service)),
    ("label", Key::Field(Field::Label)),
    ("stage", Key::Stage),
    ("status", Key::Status),
    ("is", Key::Is),
    ("has", Key::Has),
    ("age", Key::Time(Clock::Age)),
    ("idle", Key::Time(Clock::Idle)),
    ("env", Key::Field(Field::Env)),
    ("severity", Key::Severity),
    ("sev", Key::Severity),
    ("branch", Key::Field(Field::Branch)),
    ("key", Key::Field(Field::Key)),
    ("title", Key::Field(Field::Title)),
    ("milestone", Key::Field(Field::Milestone)),
    ("train", Key::Field(Field::Train)),
    ("anchor", Key::Anchor),
    ("source", Key::Field(Field::Source)),
    ("host", Key::Field(Field::Host)),
];

/// Every value of `is`, besides the words for statuses.
pub(super) const IS: &[(&str, Is)] = &[
    ("stuck", Is::Stuck),
    ("red", Is::Red),
    ("blocked", Is::Blocked),
    ("waiting", Is::Waiting),
    ("running", Is::Status(Status::Running)),
    ("mine", Is::Mine),
    ("bot", Is::Bot),
    ("unassigned", Is::Unassigned),
    ("incident", Is::Incident),
    ("open", Is::Open),
    ("done", Is::Done),
    ("shipped", Is::Shipped),
    ("dropped", Is::Dropped),
    ("pinned", Is::Pinned),
    ("over", Is::Over),
    ("waiting-for-me", Is::WaitsForMe),
    ("calling", Is::Calling),
    ("hidden", Is::Hidden),
    ("snoozed", Is::Snoozed),
];

/// Every value of `has`.
pub(super) const HAS: &[(&str, Has)] = &[
    ("pr", Has::Evidence(EvidenceKind::ChangeRequest)),
    ("mr", Has::Evidence(EvidenceKind::ChangeRequest)),
    ("change_request", Has::Evidence(EvidenceKind::ChangeRequest)),
    ("ticket", Has::Evidence(EvidenceKind::Ticket)),
    ("issue", Has::Evidence(EvidenceKind::Ticket)),
    ("commit", Has::Evidence(EvidenceKind::Commit)),
    ("run", Has::Evidence(EvidenceKind::Run)),
    ("failed-run", Has::Failed(EvidenceKind::Run)),
    ("job", Has::Evidence(EvidenceKind::Job)),
    ("failed-job", Has::Failed(EvidenceKind::Job)),
    ("release", Has::Evidence(EvidenceKind::Release)),
    ("gate", Has::Evidence(EvidenceKind::Gate)),
    ("manual-job", Has::Evidence(EvidenceKind::ManualJob)),
    ("deployment", Has::Evidence(EvidenceKind::Deployment)),
    ("failed-deployment", Has::Failed(EvidenceKind::Deployment)),
    ("rollout", Has::Evidence(EvidenceKind::Rollout)),
    ("alert", Has::Evidence(EvidenceKind::Alert)),
    ("finding", Has::Evidence(EvidenceKind::Finding)),
    ("author", Has::Field(Field::Author)),
    ("holder", Has::Field(Field::Holder)),
    ("assignee", Has::Field(Field::Holder)),
    ("reviewer", Has::Field(Field::Reviewer)),
    ("label", Has::Field(Field::Label)),
    ("milestone", Has::Field(Field::Milestone)),
    ("branch", Has::Field(Field::Branch)),
    ("env", Has::Field(Field::Env)),
    ("train", Has::Field(Field::Train)),
    ("url", Has::Url),
];

/// Every severity, least first.
pub(super) const SEVERITIES: &[(&str, Severity)] = &[
    ("calm", Severity::Calm),
    ("idle", Severity::Idle),
    ("active", Severity::Active),
    ("unknown", Severity::Unknown),
    ("waiting", Severity::Waiting),
    ("blocked", Severity::Blocked),
    ("failed", Severity::Failed),
];

/// Every anchor.
pub(super) const ANCHORS: &[(&str, Anchor)] = &[
    ("ticket", Anchor::Ticket),
    ("change_request", Anchor::ChangeRequest),
    ("pr", Anchor::ChangeRequest),
    ("mr", Anchor::ChangeRequest),
    ("push", Anchor::Push),
    ("incident", Anchor::Incident),
    ("alert", Anchor::Alert),
    ("finding", Anchor::Finding),
    ("run", Anchor::Run),
];

/// Returns the row of a table that a word names, in any case; `-` and `_` are the same.
pub(super) fn find<T: Copy + PartialEq>(
    table: &[(&'static str, T)],
    word: &str,
) -> Option<(&'static str, T)> {
    let same = |name: &str| {
        let plain = |b: u8| {
            if b == b'_' {
                b'-'
            } else {
                b.to_ascii_lowercase()
            }
        };
        name.len() == word.len() && name.bytes().map(plain).eq(word.bytes().map(plain))
    };
    let (_, found) = *table.iter().find(|(name, _)| same(name))?;
    table.iter().find(|(_, row)| *row == found).copied()
}

/// Returns the plain name of a key.
pub(super) fn name_of(key: Key) -> &'static str {
    KEYS.iter()
        .find(|(_, row)| *row == key)
        .map_or("", |(name, _)| name)
}

/// Returns the bit of a stage.
pub(super) fn stage_bit(stage: Stage) -> u32 {
    1 << (stage as u32)
}

/// Returns the bit of a status.
pub(super) fn status_bit(status: Status) -> u32 {
    1 << (status as u32)
}

/// Returns the bit of a severity.
pub(super) fn severity_bit(severity: Severity) -> u32 {
    1 << (severity as u32)
}

impl Field {
    /// Returns whether the field names people.
    pub(super) fn is_person(self) -> bool {
        matches!(self, Self::Author | Self::Holder | Self::Reviewer)
    }

    /// Returns whether `key:value` takes the value as a piece of the field's text.
    pub(super) fn takes_pieces(self) -> bool {
        matches!(
            self,
            Self::Branch | Self::Key | Self::Title | Self::Milestone | Self::Train
        )
    }

    /// Returns what divides the field's text into parts that `key:value` may name alone.
    pub(super) fn separators(self) -> &'static [char] {
        match self {
            Self::Repo => &['/'],
            Self::Host => &['/', ':'],
            Self::Label => &['/', ':', ' '],
            Self::Env => &['-', '_', '/', '.', ' '],
            Self::Author
            | Self::Holder
            | Self::Reviewer
            | Self::Service
            | Self::Branch
            | Self::Key
            | Self::Title
            | Self::Milestone
            | Self::Train
            | Self::Source => &[],
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => write_all(f, parts, " ", |part| matches!(part, Self::Any(_))),
            Self::Any(parts) => write_all(f, parts, " OR ", |_| false),
            Self::Not(inner) => {
                let group = matches!(**inner, Self::All(_) | Self::Any(_));
                if group {
                    write!(f, "-({inner})")
                } else {
                    write!(f, "-{inner}")
                }
            }
            Self::Term(term) => f.write_str(&term.shown),
        }
    }
}

fn write_all(
    f: &mut fmt::Formatter<'_>,
    parts: &[Node],
    between: &str,
    grouped: fn(&Node) -> bool,
) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        if grouped(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}
