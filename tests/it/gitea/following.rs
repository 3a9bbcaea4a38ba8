//! The log of a job at work: ranges, answers that are told whole, servers that have no logs.

use cycleboard::domain::diagnosis::LogKey;
use cycleboard::domain::key::RepoKey;
use cycleboard::domain::run::{RunKey, RunState};
use cycleboard::sources::follow::{FollowError, LIVE, Place, Standing};

use super::*;
use crate::support::follow::read_on;

const LOG: &str = "/repos/acme/api/actions/jobs/502/logs";
const JOBS: &str = "/repos/acme/api/actions/runs/913/jobs";
/// How these servers say that one record is missing, and no route.
const ABSENT: &str = r#"{"message":"job not started","url":"https://git.test/api/swagger"}"#;

fn key(world: &World) -> LogKey {
    let url = &world.fault.url;
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    LogKey {
        run: RunKey {
            repo: RepoKey::new(&host, "acme/api"),
            id: 913,
        },
        attempt: 1,
        job: 502,
    }
}

/// A server of this version with a run whose job is at work, and a source that reads it.
async fn at_work(version: &str, kind: &str) -> (World, Gitea, LogKey) {
    let world = World::with_repo(version).await;
    world.does("running");
    let source = world.of_repo(kind);
    fetch(&source, "server").await;
    let key = key(&world);
    (world, source, key)
}

impl World {
    fn does(&self, status: &str) {
        let mut jobs = value("jobs_forgejo.json");
        jobs[1]["status"] = status.into();
        self.put(JOBS, &jobs);
    }

    fn log(&self, status: u16, text: &str) {
        let reply = Reply::new(status, text).with("content-type", "text/plain");
        self.reply(LOG, reply);
    }

    /// Returns what part was asked for last.
    fn range(&self) -> Option<String> {
        let seen = self.fault.seen();
        let last = seen.iter().rfind(|it| it.path().ends_with("/logs"));
        last.and_then(|it| it.header("range").map(ToString::to_string))
    }
}

#[tokio::test]
async fn a_log_is_read_on_by_ranges_until_its_job_is_over() {
    let (world, source, key) = at_work("1.25.0", "gitea").await;
    let mut place = Place::default();
    let read = async |place: &mut Place| read_on(&source, &key, place).await.unwrap();
    world.reply(LOG, Reply::new(404, ABSENT));
    let none = (String::new(), Standing::Open);
    assert_eq!(read(&mut place).await, none, "it was not begun yet");
    world.log(200, "one\n");
    assert_eq!(read(&mut place).await, ("one\n".to_owned(), Standing::Open));
    let rest = Reply::new(206, "one\ntwo\n").with("content-range", "bytes 0-7/8");
    world.reply(LOG, rest.with("content-type", "text/plain"));
    assert_eq!(read(&mut place).await.0, "two\n");
    assert_eq!(world.range().as_deref(), Some("bytes=0-"));
    // A proxy that knows no ranges tells all of it.
    world.log(200, "one\ntwo\nthree\n");
    assert_eq!(read(&mut place).await.0, "three\n");
    assert_eq!(read(&mut place).await, none, "its job works on");
    world.does("failure");
    let (text, standing) = read(&mut place).await;
    assert!(text.is_empty());
    assert!(matches!(standing, Standing::Ended(RunState::Failed(_))));
    assert_eq!(can(&source, LIVE), CapabilityState::Available);
}

#[tokio::test]
async fn a_log_that_became_another_begins_anew() {
    let (world, source, key) = at_work("16.0.0+gitea-1.22.0", "forgejo").await;
    let mut place = Place::default();
    world.log(200, "the first attempt\n");
    read_on(&source, &key, &mut place).await.unwrap();
    world.log(200, "the second\n");
    let (_, standing) = read_on(&source, &key, &mut place).await.unwrap();
    assert_eq!((standing, &place), (Standing::Anew, &Place::default()));
    let read = read_on(&source, &key, &mut place).await.unwrap();
    assert_eq!(read.0, "the second\n");
}

#[tokio::test]
async fn a_server_without_logs_says_so_and_is_not_asked_again() {
    let (world, source, key) = at_work("11.0.1+gitea-1.22.0", "forgejo").await;
    world.asked();
    for asked in [1, 0] {
        let no_way = read_on(&source, &key, &mut Place::default())
            .await
            .unwrap_err();
        assert_eq!(
            no_way,
            FollowError::NoWay("Forgejo 11 has no job log".into())
        );
        let logs = world.asked().into_iter().filter(|path| path == LOG);
        assert_eq!(logs.count(), asked);
    }
    assert_eq!(missing(&source, LIVE), "Forgejo 11 has no job log");
}

#[tokio::test]
async fn trouble_is_trouble_and_no_end_of_the_log() {
    let (world, source, key) = at_work("1.25.0", "gitea").await;
    let mut place = Place::default();
    world.log(200, "one\n");
    read_on(&source, &key, &mut place).await.unwrap();
    let before = place.clone();
    for status in [403, 404, 500, 503] {
        world.reply(LOG, Reply::new(status, ABSENT));
        let failed = read_on(&source, &key, &mut place).await.unwrap_err();
        assert!(matches!(failed, FollowError::Source(_)), "{status}");
        assert_eq!(place, before, "it goes on where it was");
    }
    world.log(200, "one\ntwo\n");
    world.remove(JOBS);
    let read = read_on(&source, &key, &mut place).await.unwrap();
    assert_eq!(read, ("two\n".to_owned(), Standing::Open));
}
