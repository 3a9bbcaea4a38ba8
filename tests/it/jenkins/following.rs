//! The console of a build at work, read from where it was read to.

use super::*;
use crate::support::follow::read_on;
use cycleboard::domain::diagnosis::{Diagnosis, LogKey, LogState};
use cycleboard::sources::follow::{FollowError, Place, Standing};

/// A board that knows the build at work.
async fn at_work() -> (Board, LogKey) {
    let board = Board::new().await;
    let batch = board.fetch("jobs").await.unwrap();
    let run = runs(&batch)
        .into_values()
        .find(|run| run.state == RunState::Running)
        .expect("a build at work");
    let key = LogKey {
        run: run.key(),
        attempt: 1,
        job: 1,
    };
    (board, key)
}

impl Board {
    fn console(&self, text: &str, size: usize, more: bool) {
        let reply = Reply::new(200, text)
            .with("content-type", "text/plain")
            .with("x-text-size", &size.to_string());
        let reply = if more {
            reply.with("x-more-data", "true")
        } else {
            reply
        };
        let path = format!("{LOGIN}/logText/progressiveText");
        self.script.set(&path, reply);
    }

    /// Returns where the last read of the console began.
    fn start(&self) -> String {
        let seen = self.fault.seen();
        let last = seen.iter().rfind(|it| it.path().ends_with("Text"));
        last.unwrap().target.split_once('?').unwrap().1.to_owned()
    }
}

#[tokio::test]
async fn a_console_is_read_by_the_size_that_it_tells_until_the_build_is_over() {
    let (board, key) = at_work().await;
    let mut place = Place::default();
    // Notes in the text of the server count in its size and are not told.
    board.console("+ make\n", 107, true);
    let read = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!(read, ("+ make\n".to_owned(), Standing::Open));
    assert_eq!(board.start(), "start=0");
    board.console("", 107, true);
    let read = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!(
        (read, board.start().as_str()),
        ((String::new(), Standing::Open), "start=107")
    );
    board.console("done\n", 112, false);
    board.script.json(
        &format!("{LOGIN}/api/json"),
        r#"{"building": true, "result": null}"#,
    );
    let read = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!(read, ("done\n".to_owned(), Standing::Open), "it builds on");
    board.console("", 112, false);
    board.script.json(
        &format!("{LOGIN}/api/json"),
        r#"{"building": false, "result": "ABORTED"}"#,
    );
    let (_, standing) = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!(standing, Standing::Ended(RunState::Cancelled));
}

#[tokio::test]
async fn a_console_that_became_shorter_begins_anew_and_one_that_is_not_there_may_come() {
    let (board, key) = at_work().await;
    let mut place = Place::default();
    let read = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!(read, (String::new(), Standing::Open));
    board.console("a long console\n", 15, true);
    read_on(&board.source, &key, &mut place).await.unwrap();
    board.console("new\n", 4, true);
    let (_, standing) = read_on(&board.source, &key, &mut place).await.unwrap();
    assert_eq!((standing, &place), (Standing::Anew, &Place::default()));
    let path = format!("{LOGIN}/logText/progressiveText");
    board.script.set(&path, Reply::new(503, ""));
    let failed = read_on(&board.source, &key, &mut place).await.unwrap_err();
    assert!(matches!(failed, FollowError::Source(_)), "{failed}");
}

#[tokio::test]
async fn what_a_build_has_written_so_far_is_never_taken_for_all_of_it() {
    let (board, key) = at_work().await;
    board.source.need(&BTreeSet::from([Need::Jobs {
        repo: key.run.repo.clone(),
        run: key.run.id,
    }]));
    let jobs = jobs(&board.settle().await);
    let console = Reply::new(200, "half\n").with("content-type", "text/plain");
    board.script.set(&format!("{LOGIN}/consoleText"), console);
    let build = format!("{LOGIN}/api/json");
    board.script.json(&build, r#"{"building": true}"#);
    let key = LogKey {
        job: jobs[0].id,
        ..key
    };
    let read = async || -> Diagnosis {
        let batch = board.source.diagnose(key.clone(), now()).await.unwrap();
        let Fact::Diagnosis(found) = &batch.facts[0] else {
            panic!("{batch:?}");
        };
        found.as_ref().clone()
    };
    assert_eq!(read().await.log, LogState::NotYet);
    board
        .script
        .json(&build, r#"{"building": false, "result": "SUCCESS"}"#);
    assert!(matches!(read().await.log, LogState::Read { .. }));
}
