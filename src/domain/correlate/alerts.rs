//! Alerts: to which repository they belong, which are one, and their cards.
//!
//! Equal labels are one alert, whoever tells it; what each says is evidence. A name that several
//! repositories have joins none of them.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::TimeDelta;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::correlate::card::{Card, Head};
use crate::domain::correlate::cards::Making;
use crate::domain::correlate::evidence;
use crate::domain::correlate::facts::Facts;
use crate::domain::correlate::kinds::Kinds;
use crate::domain::correlate::parts::bare;
use crate::domain::correlate::suspects;
use crate::domain::correlate::view::{Known, View};
use crate::domain::item::{Anchor, Evidence};
use crate::domain::key::{ItemId, RepoKey, ServiceName, SourceName};
use crate::domain::placement::JUST_OVER;
use crate::domain::policy::Policy;
use crate::domain::text::Clean;

/// How far apart two systems may tell the beginning of one alert: some say when it was first
/// true, others when it had been for long enough.
const ONE_BEGINNING: TimeDelta = TimeDelta::hours(1);

/// How many repositories are named of those that have one service.
const NAMED: usize = 3;

/// Where alerts belong that name a service and no repository.
#[derive(Debug, Default)]
pub(super) struct Homes<'a> {
    /// By the repository that has the service.
    pub(super) housed: HashMap<RepoKey, Vec<Known<'a, Alert>>>,
    /// Services that several repositories have.
    pub(super) torn: HashMap<&'a ServiceName, Vec<&'a RepoKey>>,
}

impl<'a> Homes<'a> {
    /// Finds the repository of each alert that names only a service.
    pub(super) fn new(facts: &'a Facts, policy: &Policy) -> Self {
        let kinds = Kinds::new(facts.of(&None));
        let mut homes = Self::default();
        // Many alerts name few services, and there may be many repositories.
        let mut known: HashMap<&ServiceName, Vec<&RepoKey>> = HashMap::new();
        for alert in kinds.alerts {
            let Some(service) = &alert.get().service else {
                continue;
            };
            let found = known
                .entry(service)
                .or_insert_with(|| homes_of(facts, policy, service));
            match found.as_slice() {
                [] => {}
                [repo] => {
                    let housed = homes.housed.entry(RepoKey::clone(repo));
                    housed.or_default().push(alert);
                }
                [..] => {
                    homes.torn.insert(service, found.clone());
                }
            }
        }
        homes
    }

    /// Returns the alerts of a repository that name only its service.
    pub(super) fn of(&self, repo: &RepoKey) -> &[Known<'a, Alert>] {
        self.housed.get(repo).map_or(&[], Vec::as_slice)
    }

    /// Returns why an alert joins no repository, where there are too many.
    fn torn(&self, alert: &Alert) -> Option<String> {
        let service = alert.service.as_ref()?;
        let repos = self.torn.get(service)?;
        let is_shared =
            |repo: &RepoKey| repos.iter().filter(|r| r.path() == repo.path()).count() > 1;
        let name = |repo: &&RepoKey| {
            if is_shared(repo) {
                format!("`{}`", repo.as_str())
            } else {
                format!("`{repo}`")
            }
        };
        let names: Vec<String> = repos.iter().take(NAMED).map(name).collect();
        let more = match repos.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!(
            "service `{service}` is in {}{more}: it is joined to none of them",
            names.join(", ")
        ))
    }
}

/// The repositories that have a service: those that a rule names, else those that are called so,
/// else the only one there is, where a rule has the service without saying where.
fn homes_of<'a>(facts: &'a Facts, policy: &Policy, service: &ServiceName) -> Vec<&'a RepoKey> {
    let repos = || facts.scopes().flatten();
    let rules = || policy.services.iter().filter(|rule| rule.name == *service);
    let by_rule = |repo: &&RepoKey| {
        let mut globs = rules().filter_map(|rule| rule.repos.as_ref());
        globs.any(|globs| globs.is_match(repo.path()))
    };
    let by_name = |repo: &&RepoKey| repo.short().eq_ignore_ascii_case(service.as_str());
    let named: Vec<&RepoKey> = repos().filter(by_rule).collect();
    if !named.is_empty() {
        return named;
    }
    let called: Vec<&RepoKey> = repos().filter(by_name).collect();
    if !called.is_empty() || rules().next().is_none() {
        return called;
    }
    let mut all = repos();
    match (all.next(), all.next()) {
        (Some(only), None) => vec![only],
        _ => Vec::new(),
    }
}

/// What tells alerts apart: the fingerprint of their labels with the service that these name, or
/// the identity that their source made where that is none.
fn identity(alert: &Known<'_, Alert>) -> String {
    let id = alert.get().id.as_str();
    let own = alert.sources().find_map(|source| {
        let rest = id.strip_prefix(source.as_str())?;
        rest.strip_prefix('/')
    });
    let is_print = |text: &&str| {
        text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let Some(print) = own.filter(is_print) else {
        return id.to_owned();
    };
    // Labels are as their source says: where these differ it is not one alert.
    match &alert.service {
        Some(service) => format!("{service}/{print}"),
        None => print.to_owned(),
    }
}

/// Returns those of some alerts that decide: one that fires for who knows of no silence does not,
/// where another system says of the same alert that somebody has it or silenced it. What fires for
/// one who knows of silences fires, whatever is silenced elsewhere.
pub(super) fn deciding<'a>(alerts: &[Known<'a, Alert>]) -> Vec<&'a Alert> {
    let is_quiet = |alert: &Alert| match alert.state {
        AlertState::Acknowledged | AlertState::Silenced | AlertState::Inhibited => true,
        AlertState::Firing | AlertState::Resolved | AlertState::Unknown(_) => false,
    };
    let is_covered = |alert: &Known<'a, Alert>| {
        alert.state == AlertState::Firing
            && !alert.knows_silences
            && alerts.iter().any(|other| {
                let apart = (other.started_at - alert.started_at).abs();
                is_quiet(other.get())
                    && apart <= ONE_BEGINNING
                    && identity(other) == identity(alert)
            })
    };
    let deciding = alerts.iter().filter(|alert| !is_covered(alert));
    deciding.map(|alert| alert.get()).collect()
}

/// Cards of the alerts that no card of the scope explains.
pub(super) fn loose<'c, 'a: 'c>(
    making: &mut Making<'c, 'a>,
    view: Option<&'c View<'a>>,
    kinds: &Kinds<'a>,
) {
    let homes = making.ground.homes;
    let all: Vec<Known<'a, Alert>> = if let Some(view) = view {
        kinds
            .alerts
            .iter()
            .chain(homes.of(view.repo))
            .copied()
            .collect()
    } else {
        let all = homes.housed.values().flatten();
        let housed: HashSet<&Clean> = all.map(|alert| &alert.get().id).collect();
        let homeless = |alert: &&Known<'a, Alert>| !housed.contains(&alert.get().id);
        kinds.alerts.iter().filter(homeless).copied().collect()
    };
    let mut groups: BTreeMap<String, Vec<Known<'a, Alert>>> = BTreeMap::new();
    for alert in all {
        groups.entry(identity(&alert)).or_default().push(alert);
    }
    for (id, group) in groups {
        let explains = |alert: &Known<'a, Alert>| making.explained.contains(&alert.get().id);
        if !group.iter().any(explains) && !is_past(making, &group) {
            one(making, view, &id, &group);
        }
    }
}

/// Whether an alert was over for so long that nobody looks for it any more.
fn is_past(making: &Making<'_, '_>, group: &[Known<'_, Alert>]) -> bool {
    group.iter().all(|alert| {
        let past = |ended| making.ground.slow.passed_after(ended, JUST_OVER);
        alert.state == AlertState::Resolved && alert.ended_at.is_none_or(past)
    })
}

/// The card of one alert, as all who tell it say.
fn one<'c, 'a: 'c>(
    making: &mut Making<'c, 'a>,
    view: Option<&'c View<'a>>,
    id: &str,
    group: &[Known<'a, Alert>],
) {
    let alerts = deciding(group);
    let Some(fact) = alerts.iter().copied().min_by_key(|alert| press(alert)) else {
        return;
    };
    let said: Vec<String> = view
        .map(|view| suspects::of_alert(view, fact))
        .unwrap_or_default()
        .iter()
        .map(suspects::Suspect::words)
        .collect();
    // One that names its repository is joined to that, whoever else has its service.
    let torn = view.is_none().then(|| making.ground.homes.torn(fact));
    let said: Vec<String> = said.into_iter().chain(torn.flatten()).collect();
    let mut case = bare(making.ground, None);
    case.alerts = alerts;
    case.remark = (!said.is_empty()).then(|| said.join("; "));
    let mut card = Card::new(head(fact, view, id));
    for alert in group {
        card.known_from(alert.sources());
        card.evidence([line(*alert, group.len(), case.remark.as_deref())]);
    }
    if let Some(service) = &fact.service {
        card.service(service.clone());
    }
    card.bare(&case);
    making.loose(card);
}

fn head(fact: &Alert, view: Option<&View<'_>>, id: &str) -> Head {
    // Two systems may use one id; alerts of two repositories are two cards in any case.
    let id = match &fact.repo {
        Some(repo) => format!("alert:{}/{id}", repo.as_str()),
        None => format!("alert:{id}"),
    };
    let key = match (&fact.repo, fact.own_key.as_str()) {
        (_, "") => fact.name.clone(),
        (Some(repo), own) => Clean::line(&format!("{repo}{own}")),
        (None, own) => Clean::line(own),
    };
    Head {
        id: ItemId::new(&id),
        anchor: Anchor::Alert,
        key,
        // Where it has a key of its own, its name is what it says.
        title: if fact.about.is_empty() || !fact.own_key.is_empty() {
            fact.name.clone()
        } else {
            fact.about.clone()
        },
        url: fact.url.clone(),
        // By the name that it has now.
        repo: view
            .map(|view| view.repo.clone())
            .or_else(|| fact.repo.clone()),
        author: None,
        created_at: fact.started_at,
        updated_at: fact.started_at,
    }
}

/// The line of one who tells it.
fn line(alert: Known<'_, Alert>, tellers: usize, remark: Option<&str>) -> Evidence {
    let mut line = evidence::of_alert(alert.get(), 100);
    if tellers > 1 {
        let names: Vec<&str> = alert.sources().map(SourceName::as_str).collect();
        line.detail = evidence::and(&line.detail, &format!("told by {}", names.join(", ")));
    }
    if let Some(remark) = remark {
        line.detail = evidence::and(&line.detail, remark);
    }
    line
}

/// The order of what presses most.
fn press(alert: &Alert) -> (u8, &Clean) {
    let rank = match alert.state {
        AlertState::Firing => 0,
        AlertState::Unknown(_) => 1,
        AlertState::Acknowledged => 2,
        AlertState::Silenced | AlertState::Inhibited => 3,
        AlertState::Resolved => 4,
    };
    (rank, &alert.id)
}
