//! The journal, the claims, and the law of the machine that obeys them.

use tokio_util::sync::CancellationToken;

use super::*;

#[test]
fn a_torn_line_and_a_journal_that_is_too_large_lose_nothing_open() {
    let home = home();
    let journal = journal::Journal::new(home.journal.clone());
    let now = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    let line = |name: &str, event| journal::Line {
        id: id(name),
        event,
        at: now,
        up_ms: 0,
        who: "x".repeat(900),
        pid: 1,
        verb: Verb::Cancel,
        target: target(7),
        host: "forge.test".to_owned(),
        item: None,
        before: None,
        said: None,
    };
    journal
        .append(&line("open", journal::Word::Intended))
        .unwrap();
    let torn = std::fs::OpenOptions::new().append(true).open(&home.journal);
    std::io::Write::write_all(&mut torn.unwrap(), b"{\"id\":\"to").unwrap();
    for number in 0..1_000 {
        let name = format!("done {number}");
        journal
            .append(&line(&name, journal::Word::Intended))
            .unwrap();
        journal
            .append(&line(&name, journal::Word::Confirmed))
            .unwrap();
    }
    let open = journal.unfinished(now);
    assert_eq!(
        open.iter().map(|l| l.id.clone()).collect::<Vec<_>>(),
        [id("open")]
    );
    assert!(journal.unfinished(now + TimeDelta::hours(25)).is_empty());
    let files = std::fs::read_dir(home.journal.parent().unwrap()).unwrap();
    let files = files.count();
    assert!((2..=5).contains(&files), "{files} files");
}

#[test]
fn a_claim_is_one_boards_until_it_is_given_back() {
    let home = home();
    let journal = journal::Journal::new(home.journal.clone());
    let first = journal.claim(Verb::RerunAll, &target(7)).unwrap();
    assert!(first.is_some());
    let again = journal.claim(Verb::RerunFailed, &target(7)).unwrap();
    assert!(again.is_none(), "re-runs of a run are one thing");
    assert!(journal.claim(Verb::Cancel, &target(7)).unwrap().is_some());
    assert!(journal.claim(Verb::RerunAll, &target(8)).unwrap().is_some());
    drop(first);
    assert!(journal.claim(Verb::RerunAll, &target(7)).unwrap().is_some());
}

/// Sends while the last request to the host left just now, and ends the program so soon.
async fn send_and_end(after: Duration) -> (Event, usize) {
    let server = Server::new(Answer::Takes);
    let source: Arc<dyn crate::sources::Source> =
        Arc::from(Fake::by("one", Arc::clone(&server) as Arc<dyn Script>));
    let last = Arc::new(tokio::sync::Mutex::new(Some(Instant::now())));
    let (act, cancel) = (
        Act {
            verb: Verb::RerunAll,
            target: target(7),
        },
        CancellationToken::new(),
    );
    let sending = errand::send(source, act, last, cancel.clone());
    let ending = async {
        tokio::time::sleep(after).await;
        cancel.cancel();
    };
    let (event, ()) = tokio::join!(sending, ending);
    (event, server.acts())
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_when_the_board_ends_does_not_leave() {
    for millis in [0, 1, 500, 999] {
        let (event, acts) = send_and_end(Duration::from_millis(millis)).await;
        assert!(matches!(event, Event::Unsent), "{millis} ms: {event:?}");
        assert_eq!(acts, 0, "{millis} ms");
    }
    let (event, acts) = send_and_end(Duration::from_millis(1_001)).await;
    assert!(matches!(event, Event::Answered(Ok(()))), "{event:?}");
    assert_eq!(acts, 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_board_had_written_down_but_not_sent_is_no_open_question() {
    let (server, home) = (Server::new(Answer::IsSlow), home());
    let mut board = board(&server, acting(&home.journal)).await;
    for (name, run) in [("a", 7), ("b", 8), ("c", 9)] {
        board.intend(name, Verb::RerunFailed, run).await;
        board.ready(name).await;
    }
    for name in ["a", "b", "c"] {
        board.command(EngineCommand::Confirm(id(name))).await;
    }
    let sending = |state: &ActionState| matches!(state, ActionState::Requested(_));
    board.state("a", sending).await;
    board.stop().await;
    let journal = journal::Journal::new(home.journal.clone());
    let open = journal.unfinished(clock()());
    let acts = server.acts();
    assert!(open.len() <= acts, "{acts} left, {open:?} are open");
}

#[derive(Clone, Debug)]
enum Step {
    Event(usize),
    Wait(u64),
}

fn event(number: usize) -> Event {
    let state = match number % 3 {
        0 => RunState::Failed(Failure::Failed),
        1 => RunState::Running,
        _ => RunState::Passed,
    };
    let now = Timestamp::UNIX_EPOCH;
    match number {
        0..=5 => {
            let attempt = if number < 4 { 1 } else { 2 };
            Event::Read(Ok(fresh(attempt, state, now)))
        }
        6 => Event::Read(Err(Clean::line("no"))),
        7..=9 => Event::Confirm,
        10 => Event::Dismiss,
        11 | 12 => Event::Turn,
        13 | 14 => Event::Journaled(Ok(())),
        15 => Event::Journaled(Err(Clean::line("no"))),
        16 => Event::Answered(Ok(())),
        17 => Event::Answered(Err(ActError::Unsure {
            cause: "no".to_owned(),
        })),
        18 => Event::Unsent,
        _ => Event::Alarm,
    }
}

proptest! {
    #[test]
    fn no_order_of_events_leads_to_two_requests(
        verb in 0..Verb::ALL.len(),
        steps in prop::collection::vec(
            prop_oneof![
                8 => (0_usize..20).prop_map(Step::Event),
                1 => (0_u64..90).prop_map(Step::Wait),
            ],
            0..200,
        ),
    ) {
        let mut action = Action::new(id("a"), Verb::ALL[verb], target(7), None);
        let mut now = Duration::ZERO;
        let (mut sent, mut confirmed, mut written) = (0, false, false);
        for step in steps {
            let was_over = action.is_done();
            let effect = match step {
                Step::Wait(secs) => {
                    now += Duration::from_secs(secs);
                    None
                }
                Step::Event(number) => {
                    let event = event(number);
                    confirmed |= matches!((&event, action.state()), (Event::Confirm, ActionState::Ready(_)));
                    written |= matches!((&event, action.state()), (Event::Journaled(Ok(())), ActionState::Sending(_)));
                    action.on(event, now)
                }
            };
            if effect == Some(Effect::Send) {
                sent += 1;
                prop_assert!(confirmed && written);
            }
            prop_assert!(!was_over || (action.is_done() && effect.is_none()));
        }
        prop_assert!(sent <= 1);
    }
}
