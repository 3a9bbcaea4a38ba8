//! The walk from problem to problem.

use super::*;

const TROUBLE: [(Stage, Status, usize); 8] = [
    (Stage::Plan, Status::Blocked, 90),
    (Stage::Plan, Status::Ready, 1),
    (Stage::Code, Status::Review, 7),
    (Stage::Build, Status::Failed, 9),
    (Stage::Test, Status::Failed, 2),
    (Stage::Deploy, Status::Failed, 5),
    (Stage::Operate, Status::Incident, 3),
    (Stage::Monitor, Status::Firing, 8),
];

#[test]
fn the_most_urgent_card_of_the_board_is_visited_first() {
    let mut screen = board_of(&TROUBLE);
    screen.press("2");
    let mut seen = Vec::new();
    for _ in 0..6 {
        screen.press("e");
        seen.push(status_here(&screen));
    }
    let expected = [
        (Stage::Operate, Status::Incident),
        (Stage::Monitor, Status::Firing),
        (Stage::Deploy, Status::Failed),
        (Stage::Test, Status::Failed),
        (Stage::Build, Status::Failed),
        (Stage::Plan, Status::Blocked),
    ];
    assert_eq!(seen, expected);
    screen.press("e");
    assert_eq!(status_here(&screen), expected[0], "round again");
    assert!(screen.text().contains("from the most urgent again"));
    screen.press("E");
    assert_eq!(status_here(&screen), expected[5], "and back");
    screen.press("E E e");
    assert_eq!(
        status_here(&screen),
        expected[4],
        "the way back is the way on"
    );
}

#[test]
fn what_nobody_has_taken_comes_before_an_incident_in_hands() {
    let mut screen = board_of(&TROUBLE);
    place(&mut screen, 100, Stage::Operate, Status::Incident, 9);
    let column = screen.snapshot.columns.iter_mut();
    let column = column.into_iter().find(|one| one.stage == Stage::Operate);
    let column = column.unwrap();
    let mut rows = column.rows.to_vec();
    let Row::Item(item) = &rows[0] else {
        panic!("no card")
    };
    let mut item = WorkItem::clone(item);
    item.holders = item.author.iter().cloned().collect();
    assert_eq!(item.holders.len(), 1);
    rows[0] = Row::Item(Arc::new(item));
    column.rows = rows.into();
    screen.arrive();
    screen.press("2");
    let seen: Vec<_> = (0..4)
        .map(|_| {
            screen.press("e");
            status_here(&screen)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Stage::Operate, Status::Incident),
            (Stage::Monitor, Status::Firing),
            (Stage::Operate, Status::Incident),
            (Stage::Deploy, Status::Failed),
        ]
    );
}

#[test]
fn the_walk_goes_on_while_cards_come_and_go() {
    let mut screen = board_of(&TROUBLE);
    screen.press("2 e e e");
    assert_eq!(status_here(&screen), (Stage::Deploy, Status::Failed));
    // A new incident is next, whatever was visited before it.
    place(&mut screen, 101, Stage::Operate, Status::Incident, 0);
    // And the card under the cursor is gone.
    let column = &mut screen.snapshot.columns[5];
    column.rows = Vec::new().into();
    column.count = 0;
    screen.arrive();
    screen.press("e");
    assert_eq!(status_here(&screen), (Stage::Operate, Status::Incident));
    assert_eq!(screen.state.focused().unwrap().at, 0, "the new one");
    screen.press("e");
    assert_eq!(status_here(&screen), (Stage::Test, Status::Failed));
}

#[test]
fn a_walk_begins_anew_after_a_pause_elsewhere() {
    let mut screen = board_of(&TROUBLE);
    screen.press("2 e e 4");
    screen.now += TimeDelta::minutes(10);
    screen.press("e");
    assert_eq!(status_here(&screen), (Stage::Operate, Status::Incident));
}

#[test]
fn where_nothing_is_wrong_the_walk_says_so() {
    let mut screen = board_of(&[(Stage::Plan, Status::Ready, 1)]);
    screen.press("e");
    assert!(screen.text().contains("no card needs a person"));
}
