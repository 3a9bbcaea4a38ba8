//! What is decided about a card in lines: pinned, copied, run.

use std::sync::Arc;

use super::super::talk::{Do, Said, Talk};
use super::super::vocabulary::{WORDS, Way, way};
use super::{Conversation, setting, text};
use crate::domain::query::Query;
use crate::domain::stage::Stage;
use crate::log::output_line;
use crate::ui::command::COMMANDS;
use crate::ui::own::{Ending, Event, Output};

#[test]
fn every_command_of_the_board_has_a_word_or_a_reason() {
    let told = Conversation::new(8).say("help keys");
    for row in COMMANDS {
        match way(row.command) {
            Way::Word(word) => assert!(
                WORDS.iter().any(|(known, _)| *known == word),
                "{}: `{word}` is no word",
                row.name
            ),
            Way::Not(why) => {
                let line = told.lines().find(|line| line.ends_with(why)).unwrap();
                let (names, _) = line.split_once(": ").unwrap();
                let names = names.strip_prefix("no word for ").unwrap();
                assert!(names.split(", ").any(|name| name == row.name), "{told}");
            }
        }
    }
}

#[test]
fn every_word_that_help_tells_is_answered() {
    for (word, _) in WORDS {
        let said = Conversation::new(48).say(word);
        assert!(!said.contains("no command `"), "{word}: {said}");
        let said = Conversation::new(8).say("help");
        assert!(said.contains(&format!("{word}: ")), "{said}");
    }
}

#[test]
fn a_card_is_pinned_to_a_column_and_that_is_taken_back() {
    let mut it = Conversation::new(48);
    assert!(it.say("pin test").contains("no card is open"));
    drop(it.say("list build"));
    drop(it.say("1"));
    assert!(
        it.say("pin nowhere")
            .contains("no column `nowhere`; there are Plan,")
    );
    assert!(
        it.say("pin")
            .contains("is not pinned; `pin` with one of Plan,")
    );
    assert!(it.say("pin off").ends_with("is not pinned"));
    let pinned = it.say("pin test");
    assert!(
        pinned.contains("is pinned to Test until it moves; `undo`"),
        "{pinned}"
    );
    let (_, pin) = it.talk.setting.pins[0].clone();
    assert_eq!((pin.stage, pin.while_in), (Stage::Test, Some(Stage::Build)));
    let for_good = it.say("pin deploy for good");
    assert!(
        for_good.contains("is pinned to Deploy for good"),
        "{for_good}"
    );
    assert_eq!(it.talk.setting.pins.len(), 1);
    assert_eq!(it.talk.setting.pins[0].1.while_in, None);
    let undone = it.say("undo");
    let told = undone.lines().next().unwrap();
    assert!(told.starts_with("taken back: "), "{undone}");
    assert!(told.ends_with(" is pinned to Test again"), "{undone}");
    assert!(undone.contains("\n<Pin("), "{undone}");
    assert_eq!(it.talk.setting.pins[0].1, pin);
    assert!(it.say("pin off").contains("is not pinned any more"));
    assert!(it.talk.setting.pins.is_empty());
}

#[test]
fn what_is_copied_is_what_was_asked_for() {
    let mut it = Conversation::new(48);
    assert!(it.say("copy").contains("no card is open"));
    drop(it.say("list build"));
    drop(it.say("1"));
    let key = it.talk.card(&it.snapshot).unwrap().key.to_string();
    assert_eq!(it.say("copy"), format!("<Copy({key:?})>"));
    assert!(it.say("copy link").starts_with("<Copy(\"https://"));
    assert!(it.say("copy standup").contains("no stand-up was told"));
    assert!(it.say("copy that").contains("`copy link` its address"));
    assert!(it.say("browser").starts_with("<Browse("));
}

/// Says a line; returns the identity of the command that is run by it.
fn run(it: &mut Conversation, said: &str) -> Option<u64> {
    let said = it.talk.answer(said, &it.snapshot, it.now);
    said.into_iter().find_map(|one| {
        if let Said::Do(Do::Run(order)) = one {
            Some(order.id)
        } else {
            None
        }
    })
}

fn ended(id: u64, lines: usize) -> Event {
    let line = |at: usize| output_line(format!("line {at}").as_bytes());
    let output = Output {
        lines: (1..=lines).map(line).collect(),
        dropped: 0,
    };
    Event {
        id,
        output: Arc::new(output),
        ending: Some(Ending::Exit(0)),
    }
}

#[test]
fn own_commands_are_run_and_what_they_print_is_told_at_their_end() {
    let mut it = Conversation::new(48);
    let all = it.say("run");
    assert!(
        all.contains("branch: echo {branch}; cannot be run: no card is open"),
        "{all}"
    );
    assert!(all.contains("clean: tidy up"), "{all}");
    assert!(
        all.contains("show: less x; cannot be run: it takes the terminal"),
        "{all}"
    );
    assert!(it.say("run brnach").contains("did you mean `branch`?"));
    assert_eq!(run(&mut it, "run branch"), None, "no card is open");
    drop(it.say("list code"));
    drop(it.say("1"));
    let id = run(&mut it, "run branch").expect("it runs");
    assert!(
        it.say("run")
            .contains("branch: echo {branch}; it is running")
    );
    assert_eq!(it.say("stop"), format!("<Stop({id})>"));
    assert_eq!(it.say("stop clean"), "no command `clean` runs");
    let warned = it.say("quit");
    assert!(
        warned.starts_with("branch is still running and ends with"),
        "{warned}"
    );
    assert_eq!(it.say("quit"), "<Quit>");
    let told = text(&it.talk.on_own(&ended(id, 30)));
    assert!(
        told.starts_with("`branch`: done, 30 lines\nline 1\n"),
        "{told}"
    );
    assert!(
        told.ends_with("line 20\n10 more lines; `more` goes on"),
        "{told}"
    );
    assert!(it.say("more").ends_with("line 30"));
    assert_eq!(it.say("quit"), "<Quit>");
}

#[test]
fn a_command_that_asks_is_run_after_the_word_for_it_alone() {
    let mut it = Conversation::new(48);
    let asked = it.say("run clean");
    assert!(
        asked.starts_with("run `clean`?\nrm\n  x y\ntype `yes`"),
        "{asked}"
    );
    assert!(it.say("y").contains("nothing is run"));
    drop(it.say("run clean"));
    assert!(run(&mut it, "yes").is_some());
}

#[test]
fn nothing_that_changes_is_run_read_only() {
    let mut quiet = setting();
    quiet.read_only = true;
    let mut it = Conversation::new(8);
    it.talk = Talk::new(quiet, Query::default());
    assert!(
        it.say("run clean")
            .contains("nothing is changed with `--read-only`")
    );
}
