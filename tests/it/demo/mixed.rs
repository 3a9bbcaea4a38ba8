//! The mixed team: four servers that tell of one world, and the program that shows them together.

use std::collections::BTreeSet;

use cycleboard::demo::forge::{Dialect, MIXED, start_mixed};

use super::*;

/// The servers of a mixed team whose clock the test moves.
pub(super) struct Team {
    forges: Vec<Forge>,
    pub(super) now: Arc<AtomicI64>,
    http: reqwest::Client,
    cancel: CancellationToken,
}

impl Drop for Team {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

pub(super) async fn team(options: &Options) -> Team {
    drop(rustls::crypto::ring::default_provider().install_default());
    let now = Arc::new(AtomicI64::new(START));
    let hand = Arc::clone(&now);
    let clock: Clock = Arc::new(move || instant(hand.load(Ordering::Relaxed)));
    let cancel = CancellationToken::new();
    let forges = start_mixed(options, &[], clock, &TaskTracker::new(), &cancel)
        .await
        .unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    Team {
        forges,
        now,
        http,
        cancel,
    }
}

impl Team {
    pub(super) fn forge(&self, dialect: Dialect) -> &Forge {
        let mut all = self.forges.iter();
        all.find(|forge| forge.dialect() == dialect).unwrap()
    }

    /// Asks GitLab.
    pub(super) async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        // Not `Url::join`: what is encoded in the path must stay so.
        let url = format!("{}api/v4/{path}", self.forge(Dialect::GitLab).url());
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Response {
        let token = ("private-token", "demo-write");
        self.ask(reqwest::Method::GET, path, &[token]).await
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
    }
}

fn indices(team: &Team, dialect: Dialect) -> BTreeSet<usize> {
    let places = &team.forge(dialect).share().places;
    places.iter().map(|place| place.index).collect()
}

#[tokio::test]
async fn every_repository_is_at_one_forge_and_its_builds_at_one_server() {
    for repos in [10, 60] {
        let options = Options {
            repos,
            ..Options::default()
        };
        let team = team(&options).await;
        let (gitlab, forgejo) = (
            indices(&team, Dialect::GitLab),
            indices(&team, Dialect::Forgejo),
        );
        assert!(gitlab.is_disjoint(&forgejo));
        let all: BTreeSet<usize> = gitlab.union(&forgejo).copied().collect();
        assert_eq!(all, (0..repos).collect());
        assert_eq!(indices(&team, Dialect::Jenkins), forgejo);
        assert_eq!(indices(&team, Dialect::Alertmanager), all);
        assert!(forgejo.len() > 3 && gitlab.len() > forgejo.len());
    }
}

#[tokio::test]
async fn all_servers_of_a_team_tell_of_one_world() {
    let team = team(&Options::default()).await;
    let first = team.forge(Dialect::GitLab).world();
    for dialect in MIXED {
        let world = team.forge(dialect).world();
        assert!(std::ptr::eq(world, first), "{dialect:?}");
    }
    let urls: BTreeSet<_> = MIXED.map(|one| team.forge(one).url().clone()).into();
    assert_eq!(urls.len(), MIXED.len());
}

#[tokio::test]
async fn a_fault_of_one_server_is_not_one_of_its_sisters() {
    let team = team(&Options::default()).await;
    team.forge(Dialect::Forgejo)
        .faults()
        .set("", Fault::Status(500));
    assert_eq!(team.get("version").await.status(), 200);
    let url = team.forge(Dialect::Forgejo).url().clone();
    let answer = team.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert_eq!(team.forge(Dialect::Forgejo).ledger().total(), 1);
    assert_eq!(team.forge(Dialect::GitLab).ledger().total(), 1);
}
