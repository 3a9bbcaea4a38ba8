//! The mixed team: four servers that tell of one world, and the program that shows them together.

use std::collections::BTreeSet;

use cycleboard::demo::forge::{Dialect, MIXED, start_mixed};
use vt100::Screen;

use super::*;
use crate::support::env::Home;
use crate::support::pty::Pty;

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

    /// Writes to GitLab.
    pub(super) async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        let url = format!("{}api/v4/{path}", self.forge(Dialect::GitLab).url());
        let request = self.http.post(url).header("private-token", "demo-write");
        request.json(body).send().await.unwrap()
    }

    /// Goes to the first moment at which a run of a server waits at a gate; returns it, and which
    /// repository and run that is.
    pub(super) fn waiting(&self, dialect: Dialect) -> (DateTime<Utc>, usize, u64) {
        self.waiting_where(dialect, |_| true)
    }

    /// The same in repositories of which that holds.
    pub(super) fn waiting_where(
        &self,
        dialect: Dialect,
        of: impl Fn(usize) -> bool,
    ) -> (DateTime<Utc>, usize, u64) {
        let forge = self.forge(dialect);
        for minute in 0..3 * 1_440 {
            let now = instant(START + minute * 60);
            let places = forge.share().places.iter();
            for place in places.filter(|place| of(place.index)) {
                let state = forge.world().at(place.index, now).unwrap();
                let mut runs = state.runs.iter();
                if let Some(run) = runs.find(|run| run.gate.is_some()) {
                    self.now.store(now.timestamp(), Ordering::Relaxed);
                    return (now, place.index, run.id);
                }
            }
        }
        panic!("no run waits");
    }

    pub(super) async fn graphql(&self, body: &Value) -> Value {
        let url = format!("{}api/graphql", self.forge(Dialect::GitLab).url());
        let request = self.http.post(url).header("private-token", "demo-read");
        let response = request.json(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
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

/// The mixed team, at the pace of the clock.
const BOARD: [&str; 7] = ["demo", "--team", "mixed", "--speed", "1", "--cards", "100"];

/// Returns in how many of the eight columns a card of a repository is seen.
fn columns(screen: &Screen, repo: &str) -> usize {
    let width = screen.size().1.get();
    let lead = format!("{repo}#");
    let mut seen = BTreeSet::new();
    for line in screen.rows(0, width).skip(4) {
        for (at, _) in line.match_indices(&lead) {
            let before = line.get(..at).unwrap_or_default().chars().count();
            seen.insert(before * 8 / usize::from(width));
        }
    }
    seen.len()
}

/// Waits until the cards that a filter leaves are so, and takes the filter away.
#[track_caller]
fn filtered(pty: &mut Pty, words: &str, what: &str, is_so: impl Fn(&Screen) -> bool) {
    pty.send("/");
    pty.send(words);
    pty.send("\r");
    let told = format!("/{words}");
    pty.wait(what, |screen| {
        Pty::line(screen, 0).contains(&told) && is_so(screen)
    });
    // Whatever follows an escape at once would be one key with it.
    pty.send("\u{1b}");
    pty.wait("all cards", |screen| {
        !Pty::line(screen, 0).contains("/repo")
    });
}

#[test]
fn the_board_of_the_mixed_team_shows_cards_of_all_its_systems_in_one_cycle() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &BOARD, 200, 60);
    pty.wait("answers of all systems", |screen| {
        let header = Pty::line(screen, 1);
        let mut all = SYSTEMS.iter();
        all.all(|system| header.contains(&format!("{system} ok")))
    });
    // Of a GitLab, with its own pipelines and deployments.
    let what = "cards of GitLab in several columns";
    filtered(&mut pty, "repo:api", what, |screen| {
        columns(screen, "api") >= 3
    });
    // Of a Forgejo that builds nothing itself: what its Jenkins says moves its cards.
    let what = "cards of Forgejo in several columns";
    filtered(&mut pty, "repo:gateway", what, |screen| {
        columns(screen, "gateway") >= 3
    });
    let what = "a pull request of Forgejo that Jenkins found red";
    filtered(&mut pty, "repo:gateway stage:test", what, |screen| {
        columns(screen, "gateway") == 1 && screen.contents().contains("failed")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

#[test]
fn a_second_start_of_the_mixed_team_finds_what_the_first_one_knew() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &BOARD, 200, 60);
    pty.wait("cards", |screen| columns(screen, "api") > 0);
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let mut pty = Pty::start(&home, &BOARD, 200, 60);
    let first = pty.wait_written("\u{1b}[?2026l");
    assert!(
        first.contains('#'),
        "no card in the first frame:\n{}",
        pty.text()
    );
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

/// The sources that answer.
const SYSTEMS: [&str; 4] = ["gitlab", "forgejo", "jenkins", "alerts"];

/// A token that the simulation did not give out, in the header of each system, and what reads there.
#[tokio::test]
async fn a_wrong_token_is_refused_and_a_stranger_may_read() {
    let team = team(&Options::default()).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for (dialect, path, header, wrong, right) in [
        (
            Dialect::GitLab,
            "api/v4/projects",
            "private-token",
            "glpat-other",
            "demo-read",
        ),
        (
            Dialect::Forgejo,
            "api/v1/version",
            "authorization",
            "token other",
            "token demo-write",
        ),
        (
            Dialect::Jenkins,
            "api/json",
            "authorization",
            // `demo:other`
            "Basic ZGVtbzpvdGhlcg==",
            // `demo:demo-write`
            "Basic ZGVtbzpkZW1vLXdyaXRl",
        ),
    ] {
        let url = team.forge(dialect).url().join(path).unwrap();
        let ask = async |value: Option<&str>| {
            let mut request = http.get(url.clone());
            if let Some(value) = value {
                request = request.header(header, value);
            }
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(ask(Some(wrong)).await, 401, "{dialect:?}");
        assert_eq!(ask(Some("nonsense")).await, 401, "{dialect:?}");
        assert_eq!(ask(Some(right)).await, 200, "{dialect:?}");
        assert_eq!(ask(None).await, 200, "{dialect:?}");
    }
}
