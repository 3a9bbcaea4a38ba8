//! The log of a running job: each kind that follows one keeps these laws, the others say so.
//!
//! How a kind is configured is its row in `dialects`; here is only what its logs are like.

use super::*;
use crate::support::follow::read_on;
use cycleboard::domain::diagnosis::LogKey;
use cycleboard::domain::key::RepoKey;
use cycleboard::domain::run::{RunKey, RunState};
use cycleboard::sources::follow::{FollowError, Place, Standing};

/// How the log of a running job is told.
struct Followed {
    kind: &'static str,
    /// Where the log is.
    log: &'static str,
    /// Answers, given what there is of the log.
    tells: fn(&Seen, &str) -> Reply,
    /// Where it stands how the job is, and what is there: by a word that means success, or by one
    /// that nobody knows.
    job: &'static str,
    stands: fn(&str) -> String,
    /// The word for success.
    passed: &'static str,
    /// Whether the job has to be known from what was read.
    is_known: bool,
}

/// Kinds whose logs are held against these laws elsewhere, or that have none to follow.
const APART: &[(&str, &str)] = &[
    (
        "buildbot",
        "line by line over several routes: see `buildbot::following`",
    ),
    ("github", "it tells no log before its job is over"),
    ("http", "checks have no logs"),
    ("http-json", "records have no logs"),
    ("cctray", "the document links to pages"),
    ("alertmanager", "alerts have no logs"),
    ("prometheus", "rules have no logs"),
];

const GITEA: Followed = Followed {
    kind: "gitea",
    log: "/api/v1/repos/acme/api/actions/jobs/3/logs",
    tells: |_, text| Reply::new(200, text).with("content-type", "text/plain"),
    job: "/api/v1/repos/acme/api/actions/runs/9/jobs",
    stands: |word| format!(r#"[{{"id": 3, "name": "unit", "status": "{word}"}}]"#),
    passed: "success",
    is_known: false,
};

const FOLLOWED: &[Followed] = &[
    GITEA,
    Followed {
        kind: "forgejo",
        ..GITEA
    },
    Followed {
        kind: "gitlab",
        log: "/api/v4/projects/acme%2Fapi/jobs/3/trace",
        job: "/api/v4/projects/acme%2Fapi/jobs/3",
        stands: |word| format!(r#"{{"id": 3, "name": "unit", "status": "{word}"}}"#),
        ..GITEA
    },
    Followed {
        kind: "jenkins",
        log: "/job/team/job/web/41/logText/progressiveText",
        tells: |seen, text| {
            let start = seen.target.split_once("start=").map(|(_, at)| at.parse());
            let start: usize = start.unwrap().unwrap();
            Reply::new(200, text.get(start..).unwrap_or(text))
                .with("content-type", "text/plain")
                .with("x-text-size", &text.len().to_string())
        },
        job: "/job/team/job/web/41/api/json",
        stands: |word| format!(r#"{{"building": false, "result": "{word}"}}"#),
        passed: "SUCCESS",
        is_known: true,
    },
];

/// What the server does now.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<(Option<Reply>, String, String)>>);

impl Desk {
    /// Lets the log be this.
    fn write(&self, text: &str) {
        let mut desk = self.0.lock().unwrap();
        (desk.0, desk.1) = (None, text.to_owned());
    }

    /// Lets the log be answered so, whatever it is.
    fn breaks(&self, reply: Reply) {
        self.0.lock().unwrap().0 = Some(reply);
    }

    /// Lets the job be in this state.
    fn does(&self, word: &str) {
        word.clone_into(&mut self.0.lock().unwrap().2);
    }
}

struct Bench {
    desk: Desk,
    fault: Fault,
    source: Box<dyn Source>,
    key: LogKey,
}

impl Followed {
    fn dialect(&self) -> &'static Dialect {
        let mut rows = DIALECTS.iter();
        rows.find(|row| row.kind == self.kind).unwrap()
    }

    async fn open(&'static self) -> Bench {
        let (desk, dialect) = (Desk::default(), self.dialect());
        let asked = desk.clone();
        let fault = Fault::start(move |seen| {
            let (broken, text, word) = asked.0.lock().unwrap().clone();
            match seen.path() {
                path if path == self.log => broken.unwrap_or_else(|| (self.tells)(seen, &text)),
                path if path == self.job => {
                    Reply::new(200, (self.stands)(&word)).with("content-type", "application/json")
                }
                path if path == dialect.path => dialect.good(),
                _ => dialect.besides(seen),
            }
        })
        .await;
        let source = dialect.source(&fault.url);
        let place = format!("127.0.0.1:{}", fault.url.port().unwrap());
        let mut run = RunKey {
            repo: RepoKey::new(&place, "acme/api"),
            id: 9,
        };
        if self.is_known {
            let batch = dialect.read(&*source).await.unwrap();
            let mut runs = batch.facts.iter().filter_map(|fact| {
                if let Fact::Run(run) = fact
                    && run.number == 41
                {
                    Some(run.key())
                } else {
                    None
                }
            });
            run = runs.next_back().unwrap();
        }
        let key = LogKey {
            run,
            attempt: 1,
            job: 3,
        };
        Bench {
            desk,
            fault,
            source,
            key,
        }
    }
}

impl Bench {
    async fn read(&self, place: &mut Place) -> Result<(String, Standing), FollowError> {
        read_on(&*self.source, &self.key, place).await
    }
}

#[test]
fn every_kind_follows_or_says_why_not() {
    for kind in REGISTRY {
        let name = kind.config.name;
        let rows = FOLLOWED.iter().filter(|row| row.kind == name).count();
        let reasons = APART.iter().filter(|row| row.0 == name);
        assert_eq!(rows + reasons.count(), 1, "`{name}`");
    }
    assert!(APART.iter().all(|(_, why)| !why.is_empty()));
}

#[tokio::test]
async fn each_byte_is_handed_on_once_and_the_end_is_told_after_the_last() {
    for row in FOLLOWED {
        let bench = row.open().await;
        let (mut place, mut all) = (Place::default(), String::new());
        bench.desk.does("gloriously");
        for text in ["one\n", "one\ntwo\nthr", "one\ntwo\nthree\n"] {
            bench.desk.write(text);
            let (more, _) = bench.read(&mut place).await.unwrap();
            all.push_str(&more);
            assert_eq!(all, text, "{}", row.kind);
        }
        bench.desk.does(row.passed);
        let (rest, standing) = bench.read(&mut place).await.unwrap();
        assert_eq!((rest.as_str(), all.as_str()), ("", "one\ntwo\nthree\n"));
        assert_eq!(standing, Standing::Ended(RunState::Passed), "{}", row.kind);
    }
}

#[tokio::test]
async fn of_a_word_that_nobody_knows_no_job_has_passed() {
    for row in FOLLOWED {
        let bench = row.open().await;
        bench.desk.does("gloriously");
        bench.desk.write("one\n");
        let mut place = Place::default();
        bench.read(&mut place).await.unwrap();
        let (_, standing) = bench.read(&mut place).await.unwrap();
        let is_open = matches!(
            standing,
            Standing::Open | Standing::Ended(RunState::Unknown(_))
        );
        assert!(is_open, "{}: {standing:?}", row.kind);
    }
}

/// Tells whether an error is the one that is meant.
type Expected = fn(&SourceError) -> bool;

/// Returns what is no part of a log, and which errors that is.
fn troubles() -> Vec<(Reply, Expected)> {
    let text = |status: u16| Reply::new(status, format!(r#"{{"message":"bad {TOKEN}"}}"#));
    let page = Reply::new(200, "<html>sign in").with("content-type", "text/html");
    let cut = Reply::new(200, "one\ntwo\n").by(crate::support::fault::Way::Cut(6));
    vec![
        (text(401), |it| matches!(it, SourceError::Auth { .. })),
        (text(403), |it| matches!(it, SourceError::Forbidden { .. })),
        (text(429).with("retry-after", "7"), |it| {
            matches!(it, SourceError::RateLimited { .. })
        }),
        (text(500), |it| {
            matches!(it, SourceError::Unreachable { .. })
        }),
        (text(503), |it| {
            matches!(it, SourceError::Unreachable { .. })
        }),
        (page, |it| matches!(it, SourceError::Unreadable { .. })),
        (cut, |it| matches!(it, SourceError::Unreadable { .. })),
    ]
}

#[tokio::test]
async fn a_read_that_failed_is_void_and_the_log_goes_on_where_it_was() {
    for row in FOLLOWED {
        for (reply, expected) in troubles() {
            let bench = row.open().await;
            let mut place = Place::default();
            bench.desk.does("gloriously");
            bench.desk.write("one\n");
            bench.read(&mut place).await.unwrap();
            let before = place.clone();
            bench.desk.breaks(reply.clone());
            let FollowError::Source(error) = bench.read(&mut place).await.unwrap_err() else {
                panic!("{}: {reply:?}", row.kind);
            };
            assert!(expected(&error), "{} {reply:?}: {error:?}", row.kind);
            assert!(!error.to_string().contains("SECRET"), "{error}");
            assert_eq!(place, before);
        }
    }
}

#[tokio::test]
async fn a_log_that_lies_elsewhere_is_read_there_without_the_token() {
    for row in FOLLOWED {
        let store = Fault::start(|_| Reply::new(200, "one\n")).await;
        let bench = row.open().await;
        bench.desk.does("gloriously");
        let there = store.url.join("/logs/3").unwrap();
        bench
            .desk
            .breaks(Reply::new(302, "").with("location", there.as_str()));
        let (text, _) = bench.read(&mut Place::default()).await.unwrap();
        assert_eq!(text, "one\n", "{}", row.kind);
        let sent = store.seen().iter().map(Seen::text).collect::<String>();
        assert!(!sent.is_empty() && !sent.contains("SECRET"), "{sent}");
        let first = bench.fault.seen();
        let first = first.iter().find(|it| it.path() == row.log).unwrap();
        assert!(first.header("authorization").unwrap().contains(TOKEN));
    }
}

#[tokio::test]
async fn a_kind_without_logs_says_so_and_asks_nobody() {
    let key = LogKey {
        run: RunKey {
            repo: RepoKey::new("git.test", "acme/api"),
            id: 9,
        },
        attempt: 1,
        job: 3,
    };
    let followed = |kind: &str| FOLLOWED.iter().any(|row| row.kind == kind);
    let others = DIALECTS.iter().filter(|row| !followed(row.kind));
    for dialect in others.filter(|row| row.kind != "buildbot") {
        let fault = dialect.serve(dialect.good()).await;
        let source = dialect.source(&fault.url);
        let told = read_on(&*source, &key, &mut Place::default()).await;
        let FollowError::NoWay(why) = told.unwrap_err() else {
            panic!("`{}` tries", dialect.kind);
        };
        assert!(why.contains(dialect.kind) && fault.seen().is_empty());
    }
}
