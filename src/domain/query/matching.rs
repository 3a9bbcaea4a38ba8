//! Whether a card is what a filter asks for.
//!
//! Walks the parsed filter once a card. Nothing is allocated here.

use crate::domain::attention::Kind;
use crate::domain::item::{Anchor, EvidenceKind, Outcome, WorkItem};
use crate::domain::key::Person;
use crate::domain::placement::stale_after;
use crate::domain::query::QueryContext;
use crate::domain::query::haystack::any_word;
use crate::domain::query::pattern::Pattern;
use crate::domain::query::terms::{
    Clock, Field, Has, Is, Node, Test, Value, severity_bit, stage_bit, status_bit,
};
use crate::domain::status::{Severity, Status};

/// Returns whether the card matches.
pub(super) fn holds(node: &Node, item: &WorkItem, ctx: &QueryContext) -> bool {
    match node {
        Node::All(parts) => parts.iter().all(|part| holds(part, item, ctx)),
        Node::Any(parts) => parts.iter().any(|part| holds(part, item, ctx)),
        Node::Not(inner) => !holds(inner, item, ctx),
        Node::Term(term) => passes(&term.test, item, ctx),
    }
}

fn passes(test: &Test, item: &WorkItem, ctx: &QueryContext) -> bool {
    let placement = &item.placement;
    match test {
        Test::Words(pattern) => says(item, pattern),
        Test::Field(field, values) => values
            .iter()
            .any(|value| has_value(item, *field, value, ctx)),
        Test::Stages(bits) => bits & stage_bit(placement.stage) != 0,
        Test::Statuses(bits) => bits & status_bit(placement.status) != 0,
        Test::Severities(bits) => bits & severity_bit(placement.status.severity()) != 0,
        Test::Anchors(anchors) => anchors.contains(&item.anchor),
        Test::Is(list) => list.iter().any(|is| is_so(item, *is, ctx)),
        Test::Has(list) => list.iter().any(|has| has_it(item, *has)),
        Test::Time(clock, bounds) => {
            let since = match clock {
                Clock::Age => placement.since,
                Clock::Idle => placement.since.max(item.updated_at),
            };
            let secs = (ctx.now - since).num_seconds().max(0);
            bounds
                .iter()
                .any(|bounds| (bounds.from..bounds.to).contains(&secs))
        }
    }
}

/// Returns whether a word or phrase stands anywhere on the card.
fn says(item: &WorkItem, pattern: &Pattern) -> bool {
    let haystack = &item.haystack;
    if haystack.is_missing() || !(pattern.is_ascii() || haystack.is_ascii()) {
        return any_word(item, |word| pattern.fits(word));
    }
    match pattern.finder() {
        Some(piece) => haystack.holds(piece),
        None => pattern.is_ascii() && haystack.fields().any(|word| pattern.fits(word)),
    }
}

/// Calls `f` with each text of a field until it returns true; tells whether it did.
fn any_text(item: &WorkItem, field: Field, mut f: impl FnMut(&str) -> bool) -> bool {
    match field {
        Field::Author => item.author.iter().any(|person| f(&person.login)),
        Field::Holder => item.holders.iter().any(|person| f(&person.login)),
        Field::Reviewer => item.reviewers.iter().any(|person| f(&person.login)),
        Field::Repo => item.repo.iter().any(|repo| f(repo.path())),
        Field::Service => item.services.iter().any(|service| f(service.as_str())),
        Field::Label => item.labels.iter().any(|label| f(label)),
        Field::Branch => item.branches.iter().any(|branch| f(branch)),
        Field::Key => f(&item.key),
        Field::Title => f(&item.title),
        Field::Milestone => item.milestone.iter().any(|milestone| f(milestone)),
        Field::Train => item.train.iter().any(|train| f(train.as_str())),
        Field::Source => item.sources.iter().any(|source| f(source.as_str())),
        Field::Host => item.repo.iter().any(|repo| f(repo.place())),
        Field::Env => item.evidence.iter().any(|evidence| match evidence.kind {
            EvidenceKind::Deployment | EvidenceKind::Rollout | EvidenceKind::Gate => {
                f(&evidence.key)
            }
            EvidenceKind::Ticket
            | EvidenceKind::ChangeRequest
            | EvidenceKind::Commit
            | EvidenceKind::Run
            | EvidenceKind::Job
            | EvidenceKind::ManualJob
            | EvidenceKind::Release
            | EvidenceKind::Alert
            | EvidenceKind::Finding => false,
        }),
    }
}

fn has_value(item: &WorkItem, field: Field, value: &Value, ctx: &QueryContext) -> bool {
    match value {
        Value::Me => any_text(item, field, |login| is_me(login, ctx)),
        Value::Nothing => !any_text(item, field, |_| true),
        Value::Text(pattern) => any_text(item, field, |text| {
            fits_part(pattern, field, text) || (field.is_person() && is_called(pattern, text, ctx))
        }),
    }
}

/// Returns whether a pattern fits a text, or a part of it that stands for the whole.
fn fits_part(pattern: &Pattern, field: Field, text: &str) -> bool {
    let separators = field.separators();
    pattern.fits(text)
        || (!pattern.is_strict()
            && !separators.is_empty()
            && text
                .split(separators)
                .any(|part| !part.is_empty() && pattern.fits(part)))
}

/// Returns whether a pattern fits any name of the person to whom a login belongs.
fn is_called(pattern: &Pattern, login: &str, ctx: &QueryContext) -> bool {
    let member = ctx.attention.people().member(login);
    member.is_some_and(|member| {
        let mut names = std::iter::once(&member.name).chain(&member.logins);
        names.any(|name| pattern.fits(name))
    })
}

fn is_me(login: &str, ctx: &QueryContext) -> bool {
    let people = ctx.attention.people();
    ctx.me.iter().any(|me| {
        me.eq_ignore_ascii_case(login) || people.member(me).is_some() && people.is_same(me, login)
    })
}

fn is_so(item: &WorkItem, is: Is, ctx: &QueryContext) -> bool {
    let placement = &item.placement;
    let status = placement.status;
    let me = |person: &Person| is_me(&person.login, ctx);
    let calls = |wanted: &dyn Fn(Kind) -> bool| ctx.attention.is(&item.id, ctx.now, wanted);
    match is {
        Is::Over => calls(&|kind| kind.is_over()),
        Is::WaitsForMe => calls(&|kind| kind == Kind::WaitsForMe),
        Is::Calling => calls(&|_| true),
        Is::Stuck if ctx.attention.is_judged() => calls(&|kind| kind == Kind::Stuck),
        Is::Stuck => stale_after(placement.stage, status).is_some_and(|limit| {
            placement.done.is_none() && ctx.now - placement.since.max(item.updated_at) > limit
        }),
        Is::Red => status.is_red(),
        Is::Blocked => matches!(status, Status::Blocked | Status::ChangesRequested),
        Is::Waiting => status.severity() == Severity::Waiting,
        Is::Bot => item.bot,
        Is::Mine => item.author.iter().any(me) || item.holders.iter().any(me),
        Is::Unassigned => item.holders.is_empty(),
        Is::Incident => item.anchor == Anchor::Incident || status == Status::Incident,
        Is::Done => placement.done.is_some(),
        Is::Shipped => placement.done == Some(Outcome::Shipped),
        Is::Dropped => placement.done == Some(Outcome::Dropped),
        Is::Open => placement.done.is_none(),
        Is::Hidden => ctx.hides.of(item, ctx.now).is_some(),
        Is::Snoozed => {
            let hide = ctx.hides.of(item, ctx.now);
            hide.is_some_and(|hide| hide.is_snooze())
        }
        Is::Pinned => placement
            .badges
            .iter()
            .any(|badge| badge.as_str() == "pinned"),
        Is::Status(wanted) => status == wanted,
    }
}

fn has_it(item: &WorkItem, has: Has) -> bool {
    match has {
        Has::Evidence(kind) => item.evidence.iter().any(|evidence| evidence.kind == kind),
        Has::Failed(kind) => item
            .evidence
            .iter()
            .any(|evidence| evidence.kind == kind && evidence.status.is_red()),
        Has::Field(field) => any_text(item, field, |_| true),
        Has::Url => item.url.is_some(),
    }
}
