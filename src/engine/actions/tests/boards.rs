//! Several boards and several runs of one: the same thing is done once.

use super::*;

#[tokio::test(start_paused = true)]
async fn requests_to_a_host_are_a_second_apart() {
    let (server, home) = (Server::new(Answer::Refuses), home());
    let mut board = board(&server, acting(&home.journal)).await;
    let names: Vec<String> = (0..10).map(|n| format!("a{n}")).collect();
    for (run, name) in (0..).zip(&names) {
        board.intend(name, Verb::RerunFailed, run).await;
    }
    for name in &names {
        board.ready(name).await;
    }
    for name in &names {
        board.command(EngineCommand::Confirm(id(name))).await;
    }
    for name in &names {
        board.over(name).await;
    }
    let came = server.came.lock().unwrap();
    assert_eq!(came.len(), 10);
    assert!(
        came.windows(2)
            .all(|two| two[1] - two[0] >= Duration::from_secs(1))
    );
}

#[tokio::test(start_paused = true)]
async fn two_boards_do_the_same_thing_once() {
    let (server, home) = (Server::new(Answer::TakesMute), home());
    let mut one = board(&server, acting(&home.journal)).await;
    let mut two = board(&server, acting(&home.journal)).await;
    one.intend("a", Verb::RerunFailed, 7).await;
    two.intend("b", Verb::RerunFailed, 7).await;
    one.ready("a").await;
    two.ready("b").await;
    one.command(EngineCommand::Confirm(id("a"))).await;
    two.command(EngineCommand::Confirm(id("b"))).await;
    let ends = [one.over("a").await, two.over("b").await];
    assert_eq!(server.acts(), 1, "{ends:?}");
    assert!(ends.iter().any(|end| end == "confirmed 2"), "{ends:?}");
    assert!(
        ends.iter().any(|end| end.starts_with("stopped: ")),
        "{ends:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_board_has_just_done_is_not_done_again() {
    let (server, home) = (Server::new(Answer::LosesIt), home());
    let started = Instant::now();
    let base = Timestamp::UNIX_EPOCH + TimeDelta::days(20_100);
    let clock: Clock = Arc::new(move || base + started.elapsed());
    let mut one = board_at(&server, acting(&home.journal), Arc::clone(&clock)).await;
    let mut two = board_at(&server, acting(&home.journal), clock).await;
    two.intend("b", Verb::RerunFailed, 7).await;
    two.ready("b").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    one.act("a", Verb::RerunFailed, 7).await;
    one.state("a", |s| matches!(s, ActionState::Unsure(_)))
        .await;
    // That board ends, and its claim with it.
    one.stop().await;
    two.command(EngineCommand::Confirm(id("b"))).await;
    assert_eq!(
        two.over("b").await,
        "stopped: another board did the same a moment ago"
    );
    assert_eq!(server.acts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_board_that_ended_half_way_finds_out_when_it_starts_again() {
    let (server, home) = (Server::new(Answer::Hangs), home());
    let mut first = board(&server, acting(&home.journal)).await;
    first.act("a", Verb::RerunFailed, 7).await;
    while server.acts() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.stop().await;
    assert_eq!(events(&home.journal), ["intended"]);
    let mut second = board(&server, acting(&home.journal)).await;
    let unsure = second
        .state("a", |s| matches!(s, ActionState::Unsure(_)))
        .await;
    assert_eq!(
        words(&unsure),
        "unsure: the board ended before it knew whether it was done"
    );
    second.intend("b", Verb::RerunFailed, 7).await;
    assert!(second.over("b").await.ends_with("is under way already"));
    assert_eq!(second.over("a").await, "confirmed 2");
    assert_eq!(server.acts(), 1);
    second.stop().await;
    let third = board(&server, acting(&home.journal)).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(third.engine.snapshots.borrow().actions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_board_that_ends_waits_a_moment_for_its_answer() {
    let (server, home) = (Server::new(Answer::IsSlow), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    while server.acts() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    board.stop().await;
    assert_eq!(events(&home.journal), ["intended", "requested"]);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_stays_unknown_is_put_away_by_a_person() {
    let (server, home) = (Server::new(Answer::LosesIt), home());
    let mut board = board(&server, acting(&home.journal)).await;
    board.act("a", Verb::RerunFailed, 7).await;
    let given_up = |s: &ActionState| words(s).contains("nothing came of it");
    board.state("a", given_up).await;
    board.command(EngineCommand::Dismiss(id("a"))).await;
    board.until(|snapshot| snapshot.actions.is_empty()).await;
    *server.answer.lock().unwrap() = Answer::Takes;
    board.act("b", Verb::RerunFailed, 7).await;
    assert_eq!(board.over("b").await, "confirmed 2");
    assert_eq!(server.acts(), 2);
}
