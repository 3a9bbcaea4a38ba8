//! The logs of a build at work, step by step and line by line.

use super::*;
use crate::support::follow::read_on;
use cycleboard::domain::diagnosis::LogKey;
use cycleboard::sources::follow::{Place, Standing};

/// A master with a build at work, and the log of it.
async fn at_work() -> (Bench, LogKey, u64) {
    let bench = Bench::new().await;
    let wish = bench.master().wish(1, SHA, None);
    let build = bench.master().begin(wish);
    let batch = bench.read().await;
    let run = only(&batch).clone();
    let need = Need::Jobs {
        repo: run.repo.clone(),
        run: run.id,
    };
    bench.master().steps = vec![step(1, true), step(2, false)];
    let batch = bench.need(&[need]).await;
    let Some(Fact::JobSet(set)) = batch.facts.first() else {
        panic!("{batch:?}")
    };
    let key = LogKey {
        run: run.key(),
        attempt: 1,
        job: set.jobs[0].id,
    };
    (bench, key, build)
}

fn step(id: u64, complete: bool) -> Value {
    json!({"stepid": id, "number": id - 1, "name": format!("s{id}"), "hidden": false,
        "complete": complete, "results": if complete { json!(0) } else { Value::Null },
        "started_at": 1, "complete_at": if complete { json!(2) } else { Value::Null },
        "state_string": ""})
}

fn log(id: u64, kind: &str, lines: u64, complete: bool) -> Value {
    json!({"logid": id, "name": "stdio", "type": kind, "num_lines": lines, "complete": complete})
}

impl Bench {
    /// Reads on until nothing more is there at once.
    async fn rest(&self, key: &LogKey, place: &mut Place) -> (String, Standing) {
        let mut all = String::new();
        for _ in 0..20 {
            let (text, standing) = read_on(&self.source, key, place).await.unwrap();
            all.push_str(&text);
            if standing != Standing::More {
                return (all, standing);
            }
        }
        panic!("it never rests: {all}");
    }
}

#[tokio::test]
async fn the_log_of_the_step_at_work_is_read_line_by_line_and_then_the_next() {
    let (bench, key, build) = at_work().await;
    let mut place = Place::default();
    {
        let mut master = bench.master();
        master.logs = vec![log(5, "h", 9, true), log(7, "s", 2, false)];
        master.lines = vec![(7, "hmake\no gcc\n")];
    }
    let (text, standing) = bench.rest(&key, &mut place).await;
    assert_eq!(text, "=== step 2 `s2`, log `stdio` ===\nmake\n gcc\n");
    assert_eq!(standing, Standing::Open);
    {
        let mut master = bench.master();
        master.logs = vec![log(7, "s", 3, true)];
        master.lines = vec![(7, "hmake\no gcc\neerror\n")];
    }
    assert_eq!(
        bench.rest(&key, &mut place).await,
        ("error\n".to_owned(), Standing::Open)
    );
    {
        let mut master = bench.master();
        master.steps = vec![step(1, true), step(2, true)];
        master.end(build, 2);
    }
    let (text, standing) = bench.rest(&key, &mut place).await;
    assert!(text.is_empty() && matches!(standing, Standing::Ended(RunState::Failed(_))));
}

#[tokio::test]
async fn a_log_with_fewer_lines_than_were_read_begins_anew() {
    let (bench, key, _) = at_work().await;
    let mut place = Place::default();
    bench.master().logs = vec![log(7, "t", 2, false)];
    bench.master().lines = vec![(7, "a\nb\n")];
    bench.rest(&key, &mut place).await;
    bench.master().logs = vec![log(7, "t", 1, false)];
    let (_, standing) = bench.rest(&key, &mut place).await;
    assert_eq!((standing, &place), (Standing::Anew, &Place::default()));
}
