//! The way of one change: where it is, what it waits for, where it is contained.
//!
//! Reads a finished card and decides nothing: what stands here is what the card
//! already shows, put in the order of a question.

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::item::{Evidence, EvidenceKind, WorkItem};
use crate::domain::key::{Sha, WebUrl};
use crate::domain::names::without_owner;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// The way of one change.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// The card.
    pub item: WorkItem,
    /// What happened, in the order of time.
    pub steps: Vec<Step>,
    /// What it waits for, in one sentence.
    pub waits_for: Clean,
    /// The releases that contain it, oldest first.
    pub releases: Vec<Contained>,
    /// The environments that it reached, with how it stands there now.
    pub environments: Vec<Contained>,
}

/// One step of the way.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What it is.
    pub kind: EvidenceKind,
    /// The name that people use.
    pub key: Clean,
    /// How it stands.
    pub state: Clean,
    /// Whether that is good, bad, under way or not known.
    pub status: Status,
    /// When it got that way.
    pub at: Timestamp,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// More in words.
    pub detail: Clean,
    /// How sure it is that this belongs to the change, in percent.
    pub confidence: u8,
}

/// A release or environment that contains the change.
#[derive(Clone, PartialEq, Debug)]
pub struct Contained {
    /// Its name.
    pub name: Clean,
    /// How the change stands there.
    pub state: Clean,
    /// Whether that is good, bad, under way or not known.
    pub status: Status,
    /// Since when.
    pub at: Timestamp,
    /// The version: title of the release, or what was deployed.
    pub detail: Clean,
    /// The page for people.
    pub url: Option<WebUrl>,
}

/// Finds the cards that a word names, those first that are called so themselves.
///
/// A word is a commit id (7 digits or more), `#n`, `repo#n`, `owner/repo#n` (or `!n`), a
/// tag, a key of a tracker, or the identity of a card. `owner/repo@` before a commit
/// or tag, or `owner/repo` and a space, means that of one repository.
pub fn find<'a>(
    word: &str,
    items: impl Iterator<Item = &'a Arc<WorkItem>>,
) -> Vec<&'a Arc<WorkItem>> {
    let word = word.trim();
    if word.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, &'a Arc<WorkItem>)> = items
        .filter_map(|item| Some((rank(word, item)?, item)))
        .collect();
    found.sort_by(|a, b| {
        let over = |item: &WorkItem| item.placement.done.is_some();
        (a.0, over(a.1), &a.1.id).cmp(&(b.0, over(b.1), &b.1.id))
    });
    found.into_iter().map(|(_, item)| item).collect()
}

/// How directly a word names a card: 0 its own name, 1 its evidence, nothing if not at all.
fn rank(word: &str, item: &WorkItem) -> Option<u8> {
    if item.id.as_str() == word || is_name(word, &item.key) || is_place_of(word, item) {
        return Some(0);
    }
    if Sha::parse(word).is_some()
        && item
            .id
            .as_str()
            .ends_with(&format!("@{}", word.to_ascii_lowercase()))
    {
        return Some(0);
    }
    let placed = in_place(word);
    item.evidence
        .iter()
        .any(|evidence| {
            is_evidence(word, evidence)
                || placed.is_some_and(|(place, name)| is_release_of(place, name, evidence, item))
        })
        .then_some(1)
        .or_else(|| is_shown_as(word, item).then_some(0))
}

/// Whether a card shows itself by this word: its name without its repository, or without the owner
/// of that.
fn is_shown_as(word: &str, item: &WorkItem) -> bool {
    let repo = item.repo.as_ref();
    let rest = repo.and_then(|repo| item.key.strip_prefix(repo.path()));
    let rest = rest.filter(|rest| rest.starts_with(' ')).map(str::trim);
    let same = |name: &str| name.eq_ignore_ascii_case(word);
    rest.is_some_and(same) || same(without_owner(&item.key, repo))
}

/// Whether a word is the page of a card, or its name with its host: `host/base/owner/repo#12`, as
/// names are shown where two hosts have the same repository.
fn is_place_of(word: &str, item: &WorkItem) -> bool {
    let page = |url: &WebUrl| url.as_str().trim_end_matches('/') == word.trim_end_matches('/');
    if item.url.as_ref().is_some_and(page) {
        return true;
    }
    let (Some(repo), Some((place, number))) = (&item.repo, at_sign(word)) else {
        return false;
    };
    // Below a base path the key of a repository tells where its path begins by two strokes.
    let whole = repo.as_str().replace("//", "/");
    let Some((_, own)) = at_sign(&item.key) else {
        return false;
    };
    number == own && place.replace("//", "/").eq_ignore_ascii_case(&whole)
}

/// Divides `owner/repo@name` and `owner/repo name`.
fn in_place(word: &str) -> Option<(&str, &str)> {
    let (place, name) = word
        .split_once(char::is_whitespace)
        .or_else(|| word.split_once('@'))?;
    let name = name.trim();
    (!place.is_empty() && !name.is_empty()).then_some((place, name))
}

/// Whether a place is meant by its full name or by the part after the last slash.
fn is_place(asked: &str, place: &str) -> bool {
    let short = place.rsplit('/').next().unwrap_or(place);
    asked.eq_ignore_ascii_case(place) || asked.eq_ignore_ascii_case(short)
}

fn is_release_of(place: &str, name: &str, evidence: &Evidence, item: &WorkItem) -> bool {
    let is_here = || {
        let repo = item.repo.as_ref();
        repo.is_some_and(|repo| is_place(place, repo.path()))
    };
    evidence.version().is_some_and(|version| **version == *name) && is_here()
}

fn is_evidence(word: &str, evidence: &Evidence) -> bool {
    match evidence.kind {
        EvidenceKind::Ticket | EvidenceKind::ChangeRequest => is_name(word, &evidence.key),
        EvidenceKind::Commit => is_commit(word, &evidence.key),
        EvidenceKind::Release
        | EvidenceKind::Deployment
        | EvidenceKind::Run
        | EvidenceKind::Job
        | EvidenceKind::Gate
        | EvidenceKind::ManualJob
        | EvidenceKind::Rollout
        | EvidenceKind::Alert
        | EvidenceKind::Finding => evidence.version().is_some_and(|version| **version == *word),
    }
}

/// The signs between a repository and the number of a ticket or change.
pub const SIGNS: [char; 2] = ['#', '!'];

/// Divides `acme/api#12` and `acme/api!12` before the sign.
pub fn at_sign(name: &str) -> Option<(&str, &str)> {
    name.rfind(SIGNS).and_then(|at| name.split_at_checked(at))
}

/// Whether a word is a name or its end: `#12`, `api#12` and `acme/api#12` all name the last.
fn is_name(word: &str, name: &str) -> bool {
    if name.eq_ignore_ascii_case(word) {
        return true;
    }
    let Some((place, number)) = at_sign(name) else {
        return is_commit(word, name);
    };
    let Some((asked, asked_number)) = at_sign(word) else {
        return false;
    };
    let short = place.rsplit('/').next().unwrap_or(place);
    number == asked_number && (asked.is_empty() || asked.eq_ignore_ascii_case(short))
}

/// Whether a word is the commit that a name like `acme/api@1a2b3c4` ends with.
fn is_commit(word: &str, name: &str) -> bool {
    let (asked, digits) = in_place(word).map_or((None, word), |(place, id)| (Some(place), id));
    let Some(sha) = Sha::parse(digits) else {
        return false;
    };
    name.rsplit_once('@').is_some_and(|(place, id)| {
        asked.is_none_or(|asked| is_place(asked, place))
            && (sha.as_str().starts_with(id) || id.starts_with(sha.as_str()))
    })
}

/// Tells the way of one card.
pub fn trace(item: &WorkItem) -> Trace {
    let steps = item.evidence.iter().map(step).collect();
    Trace {
        steps,
        waits_for: Clean::line(&waits_for(item)),
        releases: releases(item),
        environments: environments(item),
        item: item.clone(),
    }
}

fn step(evidence: &Evidence) -> Step {
    Step {
        kind: evidence.kind,
        key: evidence.key.clone(),
        state: evidence.state.clone(),
        status: evidence.status,
        at: evidence.at,
        url: evidence.url.clone(),
        detail: evidence.detail.clone(),
        confidence: evidence.confidence,
    }
}

fn contained(evidence: &Evidence) -> Contained {
    Contained {
        name: evidence.key.clone(),
        state: evidence.state.clone(),
        status: evidence.status,
        at: evidence.at,
        detail: evidence.detail.clone(),
        url: evidence.url.clone(),
    }
}

fn releases(item: &WorkItem) -> Vec<Contained> {
    let of_kind = |evidence: &&Evidence| evidence.kind == EvidenceKind::Release;
    item.evidence
        .iter()
        .filter(of_kind)
        .map(contained)
        .collect()
}

/// The newest word on each environment, in the order in which they were first reached.
fn environments(item: &WorkItem) -> Vec<Contained> {
    let mut found: Vec<Contained> = Vec::new();
    for evidence in &item.evidence {
        if evidence.kind != EvidenceKind::Deployment {
            continue;
        }
        match found.iter_mut().find(|place| place.name == evidence.key) {
            Some(place) => *place = contained(evidence),
            None => found.push(contained(evidence)),
        }
    }
    found
}

/// What a card waits for, in one sentence.
fn waits_for(item: &WorkItem) -> String {
    let logins = item.holders.iter().map(|person| person.login.as_str());
    waits_for_whom(item, &logins.collect::<Vec<_>>())
}

/// Returns what a card waits for, in one sentence that names its holders like this.
pub fn waits_for_whom(item: &WorkItem, holders: &[&str]) -> String {
    let placement = &item.placement;
    if placement.done.is_some() {
        return "nothing: it is over".to_owned();
    }
    let who = |nobody: &str| people(holders, nobody);
    match placement.status {
        Status::Backlog => "somebody to look at its ticket".to_owned(),
        Status::Ready => format!("{} to start", who("somebody")),
        Status::Blocked => format!("{} to clear what blocks it", who("somebody")),
        Status::Drafting => format!("{} to finish the change", who("its author")),
        Status::Review => format!("the review of {}", who("somebody")),
        Status::ChangesRequested => {
            format!(
                "{} to make the changes that were asked for",
                who("its author")
            )
        }
        Status::Mergeable => format!("{} to merge it", who("somebody")),
        Status::Queued => format!("its turn: {}", placement.reason),
        Status::Running => format!("the end of what goes on: {}", placement.reason),
        Status::Failed | Status::Flaky => {
            format!("{} to mend what failed", who("somebody"))
        }
        Status::Waiting => format!("the word of {}", who("somebody who may give it")),
        Status::Unreleased => "a release that contains it".to_owned(),
        Status::Candidate => "a release for everybody".to_owned(),
        Status::Draft => format!("{} to publish the drafted release", who("somebody")),
        Status::Partial => "the rest of production".to_owned(),
        Status::Live => "the end of its bake window".to_owned(),
        Status::Watched => "the end of its watch window".to_owned(),
        Status::Degraded | Status::RolledBack => {
            format!("{} to find out what went wrong", who("somebody"))
        }
        Status::Incident => format!("{} to end the incident", who("somebody")),
        Status::Firing => "somebody to take the alert".to_owned(),
        Status::Acknowledged => format!("{} to end the alert", who("somebody")),
        Status::Silenced => "the end of the silence".to_owned(),
        Status::Inhibited => "the end of the alert that holds it back".to_owned(),
        Status::Finding => "somebody to fix what was found".to_owned(),
        Status::Unknown => "an answer of its source".to_owned(),
    }
}

fn people(holders: &[&str], nobody: &str) -> String {
    match holders {
        [] => nobody.to_owned(),
        [one] => format!("`{one}`"),
        [first, .., last] if holders.len() == 2 => format!("`{first}` or `{last}`"),
        [first, ..] => format!("`{first}` or {} others", holders.len() - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{find, is_name};
    use crate::domain::correlate::testing::World;
    use crate::domain::key::WebUrl;
    use crate::domain::text::Clean;

    #[test]
    fn a_card_is_found_by_its_page_and_by_its_name_with_its_host() {
        let page = "https://github.com/acme/api/issues/7";
        let mut world = World::new();
        world.ticket(7, |ticket| ticket.url = WebUrl::parse(page));
        let card = world.card("ticket:7");
        let found = |word: &str| find(word, std::iter::once(&card)).len();
        assert_eq!(found(page), 1);
        assert_eq!(found("github.com/acme/api#7"), 1);
        assert_eq!(found("other.test/acme/api#7"), 0);
    }

    #[test]
    fn a_card_is_found_by_what_it_shows_after_its_repository() {
        let mut world = World::new();
        world.ticket(7, |_| {});
        let mut card = (*world.card("ticket:7")).clone();
        card.key = Clean::line("acme/api api :: build");
        let card = std::sync::Arc::new(card);
        let found = |word: &str| find(word, std::iter::once(&card)).len();
        assert_eq!(found("acme/api api :: build"), 1);
        assert_eq!(found("api api :: build"), 1);
        assert_eq!(found("api :: build"), 1);
        assert_eq!(found("build"), 0);
    }

    #[track_caller]
    fn check(word: &str, name: &str, expected: bool) {
        assert_eq!(is_name(word, name), expected, "{word} for {name}");
    }

    #[test]
    fn a_name_may_be_cut_before_its_number_and_keeps_its_sign() {
        check("!12", "acme/back/api!12", true);
        check("api!12", "acme/back/api!12", true);
        check("acme/back/api!12", "acme/back/api!12", true);
        check("#12", "acme/back/api#12", true);
        check("#12", "acme/back/api!12", false);
        check("!12", "acme/back/api#12", false);
        check("web!12", "acme/back/api!12", false);
        check("12", "acme/back/api!12", false);
    }
}
