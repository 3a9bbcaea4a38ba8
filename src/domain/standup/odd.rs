//! Teams of one and of three hundred.

use crate::domain::change_request::Verdict;
use crate::domain::stage::Stage;
use crate::domain::standup::testing::{Card, Stood, card, standup, told};
use crate::domain::status::Status;

const OLD: &str = "2026-11-12T08:30:00Z";
const TODAY: &str = "2026-11-23T08:10:00Z";

#[test]
fn a_team_of_one_has_one_turn_and_waits_for_nobody_else() {
    let stood: [&[Stood]; 3] = [
        &[(Stage::Code, Status::Drafting, OLD)],
        &[
            (Stage::Code, Status::Drafting, OLD),
            (Stage::Code, Status::Mergeable, TODAY),
        ],
        &[(Stage::Test, Status::Failed, TODAY)],
    ];
    let cards: Vec<Card> = (1..)
        .zip(stood)
        .map(|(number, stood)| card(number, stood).held_by(&["ana"]))
        .collect();
    let standup = standup(&cards);
    let names: Vec<&str> = standup
        .turns
        .iter()
        .map(|turn| turn.name.as_str())
        .collect();
    assert_eq!(names, ["ana"]);
    assert_eq!((standup.quiet, standup.walk.len()), (0, 3));
    let told = told(&standup.turns[0]);
    assert!(
        !told.iter().any(|line| line.contains("review of")),
        "{told:?}"
    );
}

#[test]
fn a_team_of_three_hundred_has_a_turn_for_each_by_name_and_what_each_is_asked_for() {
    let login = |nth: u64| format!("dev-{nth:03}");
    let cards: Vec<Card> = (0..300)
        .map(|nth| {
            let next = login((nth + 1) % 300);
            card(nth + 1, &[(Stage::Code, Status::Review, TODAY)])
                .by(&login(nth))
                .held_by(&[&next])
                .reviewed_by(&[&next])
                .said(&next, Verdict::Commented, TODAY)
        })
        .collect();
    let standup = standup(&cards);
    assert_eq!(standup.turns.len(), 300);
    assert!(standup.turns.is_sorted_by(|a, b| a.name < b.name));
    for turn in &standup.turns {
        assert_eq!(
            (turn.asked.len(), turn.waits.len()),
            (1, 1),
            "{}",
            turn.name
        );
    }
}
