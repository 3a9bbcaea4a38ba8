//! The simulated Forgejo, asked as its clients do, and read by the adapter round after round.

use std::collections::BTreeMap;

use cycleboard::config::SourceConfig;
use cycleboard::demo::forge::Dialect;
use cycleboard::domain::change_request::{ChangeState, Checks};
use cycleboard::domain::fact::{Fact, FactId, FactKind};
use cycleboard::domain::ticket::TicketState;
use cycleboard::sources::gitea::Gitea;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Fetch, Source, Tier};

use super::mixed::{Team, team};
use super::*;
use crate::support::ground::bare;

fn options() -> Options {
    Options {
        repos: 16,
        ..Options::default()
    }
}

async fn ask(team: &Team, path: &str) -> reqwest::Response {
    let url = format!("{}api/v1/{path}", team.forge(Dialect::Forgejo).url());
    let token = ("authorization", "token demo-write");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(url).header(token.0, token.1);
    request.send().await.unwrap()
}

async fn json(team: &Team, path: &str) -> Value {
    let response = ask(team, path).await;
    assert_eq!(response.status(), 200, "{path}");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

fn first_path(team: &Team) -> String {
    team.forge(Dialect::Forgejo).share().places[0].path.clone()
}

#[tokio::test]
async fn it_says_that_it_is_forgejo_and_a_route_that_it_lacks_is_no_json() {
    let team = team(&options()).await;
    let version = json(&team, "version").await;
    assert!(version["version"].as_str().unwrap().contains("+gitea-"));
    let none = ask(&team, "repos/acme/none").await;
    assert_eq!(none.status(), 404);
    assert!(
        none.text()
            .await
            .unwrap()
            .contains("The target couldn't be found.")
    );
    let route = ask(&team, &format!("repos/{}/pipelines", first_path(&team))).await;
    assert_eq!(route.text().await.unwrap(), "404 page not found\n");
}

#[tokio::test]
async fn lists_say_how_long_they_are() {
    let team = team(&options()).await;
    let path = format!("repos/{}/commits?limit=3&page=2", first_path(&team));
    let answer = ask(&team, &path).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert!(header("x-total-count").parse::<usize>().unwrap() > 6);
    assert!(header("link").contains("page=3"));
    let rows: Vec<Value> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(rows.len(), 3);
}

/// What was told by a source, as a store would hold it.
#[derive(Default)]
struct Told {
    facts: BTreeMap<FactId, Fact>,
    lists: BTreeMap<String, Vec<FactId>>,
}

impl Told {
    async fn take(&mut self, source: &Gitea, resource: &str, now: cycleboard::domain::Timestamp) {
        let fetch = Fetch {
            resource: resource.into(),
            now,
            forced: false,
        };
        let batch = source.fetch(fetch).await.unwrap();
        assert!(
            batch.warnings.is_empty(),
            "{resource}: {:?}",
            batch.warnings
        );
        let said: Vec<FactId> = batch.facts.iter().map(Fact::id).collect();
        for listing in batch.listings {
            let members: Vec<FactId> = listing.members.into_iter().collect();
            let before = self.lists.insert(listing.name.to_string(), members.clone());
            let left = before.into_iter().flatten();
            for id in left.filter(|id| !members.contains(id) && !said.contains(id)) {
                self.facts.remove(&id);
            }
        }
        for fact in batch.facts {
            self.facts.insert(fact.id(), fact);
        }
    }

    async fn settle(&mut self, source: &Gitea, now: cycleboard::domain::Timestamp) {
        for _ in 0..3_000 {
            let due = source.resources(now).into_iter();
            let Some(next) = due.into_iter().find(|it| it.tier == Tier::Now) else {
                return;
            };
            self.take(source, &next.id, now).await;
        }
        panic!("it never comes to rest");
    }

    /// Returns what is open, with when it last changed.
    fn open(&self) -> BTreeMap<String, String> {
        let mut open = BTreeMap::new();
        for (id, fact) in &self.facts {
            let line = if let Fact::Ticket(it) = fact
                && it.state == TicketState::Open
            {
                format!("{} {} {:?}", it.title, it.updated_at, it.labels)
            } else if let Fact::ChangeRequest(it) = fact
                && it.state == ChangeState::Open
            {
                format!(
                    "{} {} {:?} {:?} {:?}",
                    it.title, it.updated_at, it.review, it.head_sha, it.merge_state
                )
            } else {
                continue;
            };
            open.insert(format!("{:?} {}", id.kind, id.id), line);
        }
        open
    }

    fn count(&self, kind: FactKind) -> usize {
        self.facts.keys().filter(|id| id.kind == kind).count()
    }
}

fn source(team: &Team) -> Gitea {
    let url = team.forge(Dialect::Forgejo).url().clone();
    let mut config = SourceConfig::new("forgejo", "forgejo", url);
    config.orgs = vec!["acme".to_owned()];
    config.token_env = Some("BOARD_TOKEN".to_owned());
    let hand = Arc::clone(&team.now);
    let ground = Ground {
        env: Arc::new(|name| (name == "BOARD_TOKEN").then(|| "demo-write".to_owned())),
        ..bare(move || instant(hand.load(Ordering::Relaxed)))
    };
    Gitea::new(&config, &ground, Limits::default()).unwrap()
}

#[tokio::test]
async fn the_adapter_reads_all_that_is_open_there() {
    let team = team(&options()).await;
    let forge = team.forge(Dialect::Forgejo);
    let now = instant(START);
    let source = source(&team);
    let mut told = Told::default();
    told.settle(&source, now).await;
    let (mut issues, mut pulls) = (0, 0);
    for place in &forge.share().places {
        let repo = forge.world().at(place.index, now).unwrap();
        issues += repo.issues.iter().filter(|it| it.closed.is_none()).count();
        pulls += repo
            .pulls
            .iter()
            .filter(|it| it.state == PullState::Open)
            .count();
    }
    let open = told.open();
    let of = |kind: &str| open.keys().filter(|key| key.starts_with(kind)).count();
    assert_eq!((of("Ticket"), of("ChangeRequest")), (issues, pulls));
    assert!(issues > 0 && pulls > 0);
    assert_eq!(told.count(FactKind::Repository), forge.share().places.len());
    assert!(told.count(FactKind::Deployment) > 3, "from statuses");
    assert!(told.count(FactKind::Release) > 0);
    let checks = told.facts.values().filter_map(|fact| {
        if let Fact::ChangeRequest(it) = fact
            && it.state == ChangeState::Open
        {
            return Some(it.checks.clone());
        }
        None
    });
    let judged = checks.filter(|checks| matches!(checks, Checks::Passed | Checks::Failed));
    assert!(judged.count() > 0);
    let mut runs = 0;
    for fact in told.facts.values() {
        if let Fact::Run(run) = fact {
            assert!(!run.ci.is_empty(), "it runs nothing itself: {run:?}");
            runs += 1;
        }
    }
    assert!(runs > 0, "from statuses");
}

#[tokio::test]
async fn what_changes_is_followed_without_reading_everything_again() {
    let team = team(&options()).await;
    let source = source(&team);
    let mut told = Told::default();
    told.settle(&source, instant(START)).await;
    let ledger = team.forge(Dialect::Forgejo).ledger();
    let mut asked = Vec::new();
    for minutes in [2, 7, 20, 45, 90] {
        let secs = START + minutes * 60;
        team.now.store(secs, Ordering::Relaxed);
        let now = instant(secs);
        let before = ledger.total();
        told.take(&source, "changes", now).await;
        told.settle(&source, now).await;
        asked.push(ledger.total() - before);
        let mut fresh = Told::default();
        fresh.settle(&forgejo::source(&team), now).await;
        let (ours, theirs) = (told.open(), fresh.open());
        let differ: Vec<_> = theirs
            .iter()
            .filter(|(key, line)| ours.get(*key) != Some(line))
            .chain(ours.iter().filter(|(key, _)| !theirs.contains_key(*key)))
            .map(|(key, line)| (key, line, ours.get(key)))
            .collect();
        assert!(differ.is_empty(), "after {minutes} min: {differ:#?}");
    }
    assert!(asked[0] < 60, "{asked:?}");
    let before = ledger.total();
    told.take(&source, "changes", instant(START + 90 * 60))
        .await;
    assert_eq!(ledger.total() - before, 2, "nothing changed");
}
