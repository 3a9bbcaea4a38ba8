//! The stand-up in lines.

use std::sync::Arc;

use super::super::talk::{Do, Said};
use super::{Conversation, text};
use crate::app::standup::desk::{Desk, Scene};
use crate::app::standup::kept::Kept;
use crate::domain::calendar::{WorkingTime, Zone};
use crate::domain::roster::Roster;

/// A conversation with who prepares the stand-up at its other end.
struct Standup {
    talk: Conversation,
    desk: Desk,
    _home: tempfile::TempDir,
}

impl Standup {
    fn new(cards: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::at(home.path().join("standup.json"), "board".to_owned());
        Self {
            talk: Conversation::new(cards),
            desk: Desk::new(kept, WorkingTime::usual(Zone::UTC), Roster::default()),
            _home: home,
        }
    }

    /// Says a line; what is prepared for it is answered.
    fn say(&mut self, line: &str) -> String {
        let it = &mut self.talk;
        let mut told = Vec::new();
        for one in it.talk.answer(line, &it.snapshot, it.now) {
            let Said::Do(Do::Standup(ask)) = one else {
                told.push(one);
                continue;
            };
            let scene = Scene {
                snapshot: Arc::new(it.snapshot.clone()),
                ledger: None,
                now: it.now,
            };
            let answer = self.desk.answer(&ask, scene);
            told.extend(it.talk.on_standup(answer, it.now));
        }
        text(&told)
    }

    /// Says `more` until there is no more.
    fn all(&mut self, line: &str) -> String {
        let mut all = self.say(line);
        while all.ends_with("`more` goes on") {
            all = format!("{all}\n{}", self.say("more"));
        }
        all
    }
}

#[test]
fn the_walk_is_told_from_right_to_left_with_numbers_that_open_cards() {
    let mut it = Standup::new(48);
    let all = it.all("standup all");
    assert!(all.starts_with("preparing the stand-up\nsince "), "{all}");
    assert!(all.contains("there is no history yet"), "{all}");
    let at = |title: &str| all.lines().position(|line| line == title);
    assert!(at("Monitor").unwrap() < at("Build").unwrap(), "{all}");
    assert!(at("Build").unwrap() < at("Plan").unwrap(), "{all}");
    assert!(all.contains("\n48. "), "{all}");
    let first = all
        .lines()
        .find_map(|line| line.strip_prefix("1. "))
        .unwrap();
    let (key, _) = first.split_once(", ").unwrap();
    let card = it.say("1");
    assert!(
        card.lines().next().unwrap().contains(key),
        "{card} for {first}"
    );
    assert!(it.say("copy standup").starts_with("<Copy(\"**Stand-up"));
    assert!(
        it.say("standup today")
            .contains("`people` tells it by person")
    );
}

#[test]
fn people_are_told_one_by_one() {
    let mut it = Standup::new(48);
    let all = it.all("people");
    assert!(all.contains(" in hand"), "{all}");
    let name = all
        .lines()
        .filter(|line| !line.starts_with(|c: char| c.is_ascii_digit()))
        .find(|line| line.contains(": ") && line.contains(" in hand"))
        .and_then(|line| line.split_once(": "))
        .map(|(name, _)| name.to_owned())
        .unwrap();
    let one = it.all(&format!("people {}", name.to_uppercase()));
    assert!(one.contains(&name), "{one}");
    assert!(one.len() < all.len(), "{one}");
    assert!(
        it.say("people nobody-of-that-name")
            .contains("nobody `nobody-of-that-name`; there are")
    );
}

#[test]
fn notes_are_parked_listed_talked_about_and_put_back() {
    let mut it = Standup::new(48);
    assert!(it.say("park why?").contains("no card is open"));
    assert!(it.say("parked").contains("nothing is parked"));
    drop(it.say("list build"));
    drop(it.say("1"));
    assert!(it.say("park").contains("say what"));
    let parked = it.say("park split it?");
    assert!(
        parked.starts_with("parked, ") && parked.contains(": split it?"),
        "{parked}"
    );
    let list = it.say("parked");
    assert!(
        list.contains("\n1. ") && list.ends_with(": split it?"),
        "{list}"
    );
    assert!(it.say("talked 2").contains("say which"));
    assert!(it.say("talked 1").starts_with("talked about: split it?"));
    assert!(it.say("parked").contains("nothing is parked"));
    assert_eq!(it.say("undo"), "parked again: split it?");
    assert!(it.say("parked").ends_with(": split it?"));
}

#[test]
fn what_was_held_is_looked_back_to() {
    let mut it = Standup::new(8);
    assert!(it.say("since nevre").contains("`nevre` is no moment"));
    assert!(
        it.say("since 2d")
            .contains("preparing the stand-up\nsince ")
    );
    assert!(
        it.say("held")
            .starts_with("held; the next stand-up looks back")
    );
    assert!(it.say("since lsat").contains("did you mean `last`?"));
}

#[test]
fn a_filter_holds_for_people_as_for_the_walk() {
    let mut it = Standup::new(48);
    let all = it.all("people");
    drop(it.say("filter is:red"));
    let red = it.all("people");
    assert!(
        red.contains("only cards on the board with `is:red`"),
        "{red}"
    );
    assert!(
        !red.contains("finished") && !red.contains(" done "),
        "{red}"
    );
    let numbered = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| line.split('.').next().unwrap().parse::<usize>().is_ok());
        lines.count()
    };
    assert!(
        numbered(&red) > 0 && numbered(&red) < numbered(&all),
        "{red}"
    );
    let walk = it.all("standup all");
    assert!(!walk.contains("finished: "), "{walk}");
}
