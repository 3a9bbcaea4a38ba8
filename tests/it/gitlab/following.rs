//! The trace of a job at work: whole answers, ranges, answers that say that nothing changed.

use super::*;
use crate::support::follow::read_on;
use cycleboard::domain::diagnosis::{LogKey, LogState};
use cycleboard::domain::run::{RunKey, RunState};
use cycleboard::sources::follow::{LIVE, Place, Standing};

const TRACE: &str = "projects/1/jobs/3/trace";

async fn world() -> (World, LogKey) {
    let world = World::alone().await;
    world.settle().await;
    let key = LogKey {
        run: RunKey {
            repo: world.repo("acme/api"),
            id: 9,
        },
        attempt: 1,
        job: 3,
    };
    (world, key)
}

impl World {
    fn trace(&self, text: &str) {
        let reply = Reply::new(200, text).with("content-type", "text/plain");
        self.routes.reply(TRACE, reply.with("etag", "W/\"1\""));
    }

    fn does(&self, status: &str) {
        self.routes.set(
            "projects/1/jobs/3",
            json!({"id": 3, "name": "unit", "status": status}),
        );
    }

    /// Returns a header of the last request for the trace.
    fn sent(&self, name: &str) -> Option<String> {
        let seen = self.fault.seen();
        let last = seen.iter().rfind(|it| it.path().ends_with("/trace"));
        last.and_then(|it| it.header(name).map(ToString::to_string))
    }
}

#[tokio::test]
async fn of_a_trace_that_is_told_whole_each_time_only_what_is_new_is_handed_on() {
    let (world, key) = world().await;
    let mut place = Place::default();
    world.does("running");
    let read = async |place: &mut Place| read_on(&world.source, &key, place).await.unwrap();
    assert_eq!(
        read(&mut place).await,
        (String::new(), Standing::Open),
        "none yet"
    );
    world.trace("one\n");
    assert_eq!(read(&mut place).await, ("one\n".to_owned(), Standing::Open));
    assert_eq!(world.sent("range"), None);
    world.trace("one\ntwo\n");
    assert_eq!(read(&mut place).await.0, "two\n");
    assert_eq!(world.sent("range").as_deref(), Some("bytes=0-"));
    assert_eq!(world.sent("if-none-match").as_deref(), Some("W/\"1\""));
    world.routes.reply(TRACE, Reply::new(304, ""));
    assert_eq!(read(&mut place).await, (String::new(), Standing::Open));
    world.does("failed");
    world.trace("one\ntwo\nend\n");
    assert_eq!(read(&mut place).await.0, "end\n");
    let (text, standing) = read(&mut place).await;
    assert!(text.is_empty());
    assert!(matches!(standing, Standing::Ended(RunState::Failed(_))));
    let can = world.source.capabilities();
    let live = can.iter().find(|can| can.name == LIVE).unwrap();
    assert_eq!(live.state, CapabilityState::Available);
}

#[tokio::test]
async fn a_server_that_knows_ranges_tells_the_rest_and_another_log_is_noticed() {
    let (world, key) = world().await;
    let mut place = Place::default();
    world.does("running");
    let first = "0123456789".repeat(10);
    world.trace(&first);
    read_on(&world.source, &key, &mut place).await.unwrap();
    let rest = |text: &str| {
        Reply::new(206, text)
            .with("content-type", "text/plain")
            .with("content-range", "bytes 36-102/103")
    };
    let more = format!("{}new", &first[36..]);
    world.routes.reply(TRACE, rest(&more));
    let read = read_on(&world.source, &key, &mut place).await.unwrap();
    assert_eq!(world.sent("range").as_deref(), Some("bytes=36-"));
    assert_eq!(read.0, "new");
    // It says something else at the end of what is known.
    world.routes.reply(
        TRACE,
        Reply::new(206, "x".repeat(70))
            .with("content-type", "text/plain")
            .with("content-range", "bytes 39-108/109"),
    );
    let (_, standing) = read_on(&world.source, &key, &mut place).await.unwrap();
    assert_eq!((standing, &place), (Standing::Anew, &Place::default()));
    world.trace(&first);
    read_on(&world.source, &key, &mut place).await.unwrap();
    world.routes.reply(TRACE, Reply::new(416, ""));
    let (_, standing) = read_on(&world.source, &key, &mut place).await.unwrap();
    assert_eq!(standing, Standing::Anew, "it became shorter");
}

#[tokio::test]
async fn what_a_job_has_written_so_far_is_never_taken_for_all_of_it() {
    let (world, key) = world().await;
    world.does("running");
    world.trace("half\n");
    let read = async || {
        let batch = world.source.diagnose(key.clone(), now()).await.unwrap();
        let Fact::Diagnosis(found) = &batch.facts[0] else {
            panic!("{batch:?}");
        };
        found.log.clone()
    };
    assert_eq!(read().await, LogState::NotYet);
    world.does("success");
    assert!(matches!(read().await, LogState::Read { .. }));
}
