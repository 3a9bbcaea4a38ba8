//! Conversations in lines: what is said to what, and that nothing is done without a word for it.

mod decided;
mod past;
mod told;

use std::sync::Arc;

use super::talk::{Do, Said, Setting, Talk};
use super::words;
use crate::domain::Timestamp;
use crate::domain::arrange::{Arrangement, Order, SavedView};
use crate::domain::calendar::Zone;
use crate::domain::hide::Hides;
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::query::Query;
use crate::domain::run::RunKey;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::engine::EngineCommand;
use crate::engine::snapshot::{Health, Row, Snapshot};
use crate::ui::own::testing::commands;
use crate::ui::sample;
use crate::ui::state::UiOptions;
use crate::ui::testing::triage;

struct Conversation {
    talk: Talk,
    snapshot: Snapshot,
    now: Timestamp,
}

fn setting() -> Setting {
    Setting {
        columns: UiOptions::default().columns,
        offline: false,
        simulated: false,
        seed: 7,
        hides: Hides::default(),
        pins: Vec::new(),
        commands: commands(
            "[[command]]\nname = \"branch\"\nargv = [\"echo\", \"{branch}\"]\n\
             [[command]]\nname = \"clean\"\nhelp = \"tidy up\"\nargv = [\"rm\", \"x y\"]\n\
             confirm = true\n\
             [[command]]\nname = \"show\"\nargv = [\"less\", \"x\"]\nrun = \"terminal\"",
        ),
        read_only: false,
        views: vec![SavedView {
            name: "failing".to_owned(),
            shows: Arrangement {
                filter: "is:red".to_owned(),
                order: Order::Oldest,
                ..Arrangement::default()
            },
        }],
        zone: Zone::UTC,
    }
}

impl Conversation {
    fn new(cards: usize) -> Self {
        let mut it = Self {
            talk: Talk::new(setting(), Query::default()),
            snapshot: sample::snapshot(cards),
            now: sample::moment(),
        };
        it.talk.settle();
        drop(it.arrive());
        it
    }

    fn arrive(&mut self) -> String {
        text(&self.talk.on_snapshot(&self.snapshot, self.now))
    }

    fn say(&mut self, line: &str) -> String {
        text(&self.talk.answer(line, &self.snapshot, self.now))
    }

    /// Lets the first card of a column stand otherwise.
    fn turn(&mut self, column: usize, status: Status) -> String {
        let of = &mut self.snapshot.columns[column];
        let mut rows: Vec<Row> = of.rows.to_vec();
        if let Some(Row::Item(item)) = rows.iter_mut().find(|row| matches!(row, Row::Item(_))) {
            Arc::make_mut(item).placement.status = status;
        }
        of.rows = rows.into();
        self.snapshot.generation += 1;
        self.arrive()
    }
}

fn text(said: &[Said]) -> String {
    let lines = said.iter().map(|one| match one {
        Said::Line(line) => line.clone(),
        Said::Do(what) => format!("<{what:?}>"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_told_before_all_sources_answered_and_then_how_it_stands() {
    let mut talk = Talk::new(setting(), Query::default());
    let mut snapshot = sample::snapshot(48);
    snapshot.sources = vec![sample::source("github", Health::Starting)];
    assert!(talk.on_snapshot(&snapshot, sample::moment()).is_empty());
    talk.settle();
    snapshot.sources = vec![sample::source("github", Health::Ok)];
    let told = text(&talk.on_snapshot(&snapshot, sample::moment()));
    assert!(told.starts_with("48 cards: 8 red, "), "{told}");
    assert!(
        text(&talk.on_snapshot(&snapshot, sample::moment())).is_empty(),
        "nothing changed"
    );
}

#[test]
fn a_change_is_one_line_with_what_was_and_what_is() {
    let mut it = Conversation::new(48);
    drop(it.turn(2, Status::Running));
    let told = it.turn(2, Status::Failed);
    assert!(told.starts_with("Build: "), "{told}");
    assert!(told.ends_with(" now failed, was running"), "{told}");
    assert_eq!(told.lines().count(), 1);
}

#[test]
fn what_came_and_went_and_moved_is_told() {
    let columns = setting().columns;
    let stood = |stage, status| words::Stood {
        key: "api#12".to_owned(),
        stage,
        status,
    };
    let build = stood(Stage::Build, Status::Running);
    let test = stood(Stage::Test, Status::Failed);
    let told = |before: Option<&words::Stood>, now: Option<&words::Stood>| {
        words::change(before, now, &columns).unwrap_or_default()
    };
    assert_eq!(
        told(Some(&build), Some(&test)),
        "Test: api#12 now failed, was running in Build"
    );
    assert_eq!(told(None, Some(&build)), "Build: api#12 is new, running");
    assert_eq!(told(Some(&build), None), "api#12 left the board");
    assert_eq!(told(Some(&build), Some(&build)), "");
}

#[test]
fn many_changes_at_once_are_counted() {
    let mut it = Conversation::new(48);
    it.snapshot = sample::snapshot(400);
    it.snapshot.generation = 9;
    let told = it.arrive();
    assert!(told.lines().count() <= 9, "{told}");
    assert!(
        told.contains("more cards changed; `list` tells all"),
        "{told}"
    );
}

#[test]
fn a_list_with_reasons_goes_on_with_reasons() {
    let mut it = Conversation::new(400);
    let begin = it.say("triage");
    assert!(begin.contains("more lines; `more` goes on"), "{begin}");
    let more = it.say("more");
    let first = more.lines().next().unwrap();
    assert!(
        first.starts_with("21. ") && first.contains(", because "),
        "{more}"
    );
}

#[test]
fn lists_have_numbers_that_open_cards() {
    let mut it = Conversation::new(160);
    let list = it.say("list build");
    assert!(list.starts_with("Build, 20 cards, "), "{list}");
    let first = list.lines().nth(1).unwrap().to_owned();
    assert!(first.starts_with("1. "), "{list}");
    let card = it.say("1");
    assert_eq!(
        card.lines().next().unwrap(),
        first.strip_prefix("1. ").unwrap()
    );
    assert!(card.contains("in Build because "), "{card}");
    assert!(card.contains("run ci #"), "{card}");
    assert!(it.say("page").starts_with("https://"));
    assert!(it.say("999").contains("the numbers 1 to 20"));
    let all = it.say("list");
    assert!(all.contains("140 more; `more` goes on"), "{all}");
    assert!(it.say("more").contains("21. "));
    assert!(
        it.say("list nowhere")
            .contains("there are Plan, Code, Build")
    );
}

#[test]
fn problems_come_in_turn_red_first() {
    let mut it = Conversation::new(48);
    let first = it.say("next");
    assert!(first.starts_with("1 of "), "{first}");
    let second = it.say("next");
    assert!(second.starts_with("2 of "), "{second}");
    assert_ne!(first.lines().nth(1), second.lines().nth(1));
}

#[test]
fn a_filter_narrows_and_a_wrong_one_is_explained() {
    let mut it = Conversation::new(48);
    let told = it.say("filter is:red");
    assert!(told.starts_with("8 cards with `is:red`: 8 red"), "{told}");
    let wrong = it.say("filter statsu:x");
    assert!(
        wrong.contains("the filter is wrong") && wrong.contains("status"),
        "{wrong}"
    );
    assert!(it.say("filter").starts_with("48 cards: "));
}

#[test]
fn unknown_words_get_the_nearest_command() {
    let mut it = Conversation::new(8);
    assert_eq!(it.say("lsit"), "no command `lsit`; did you mean `list`?");
    assert!(it.say("help").contains("quit: end"));
    assert_eq!(it.say(""), "");
    assert_eq!(it.say("quit"), "<Quit>");
    assert!(it.say("refresh").contains("RefreshAll"));
    assert!(it.say("log").contains("no card is open"));
    assert!(it.say("act").contains("no card is open"));
    assert!(it.say("more").contains("nothing to go on with"));
}

#[test]
fn every_line_is_words_without_escapes_or_marks() {
    let mut it = Conversation::new(160);
    for line in [
        "help", "list", "more", "1", "next", "sources", "act", "no", "log",
    ] {
        let said = it.say(line);
        assert!(!said.contains('\u{1b}'), "{said}");
        for mark in ["✖", "●", "✔", "▲", "■", "│", "─"] {
            assert!(!said.contains(mark), "{mark} in {said}");
        }
    }
}

#[test]
fn nothing_is_sent_without_the_word_for_it() {
    let mut it = Conversation::new(48);
    drop(it.say("next"));
    for line in ["act", "1", "yes", "y", "yes please"] {
        let said = it.talk.answer(line, &it.snapshot, it.now);
        let confirms = |one: &Said| matches!(one, Said::Do(Do::Command(EngineCommand::Confirm(_))));
        assert!(!said.iter().any(confirms), "{line}");
    }
}

#[test]
fn of_several_runs_it_is_asked_which_is_meant_and_the_likeliest_is_the_first() {
    let mut it = Conversation::new(48);
    drop(it.say("list build"));
    let rows = &it.snapshot.column(Stage::Build).unwrap().rows;
    let alone = |row: &Row| matches!(row, Row::Item(_));
    let nth = rows.iter().position(alone).unwrap();
    let number: usize = rows[..nth].iter().map(|row| row.items().len()).sum();
    let id = rows[nth].items()[0].id.clone();
    let key = triage::snapshot().triage.cards[0].triage.run.key();
    for column in &mut it.snapshot.columns {
        let mut rows: Vec<Row> = column.rows.to_vec();
        for row in &mut rows {
            if let Row::Item(item) = row
                && item.id == id
            {
                let item = Arc::make_mut(item);
                let is_run = |line: &&mut Evidence| line.kind == EvidenceKind::Run;
                let line = item.evidence.iter_mut().find(is_run).unwrap();
                (line.state, line.status) = ("running".into(), Status::Running);
                line.run = Some(Box::new(key.clone()));
                let mut other = line.clone();
                other.key = "deploy #7".into();
                (other.state, other.status) = ("passed".into(), Status::Mergeable);
                other.run = Some(Box::new(RunKey {
                    id: key.id + 1,
                    ..key.clone()
                }));
                item.evidence.insert(0, other);
            }
        }
        column.rows = rows.into();
    }
    drop(it.say(&(number + 1).to_string()));
    let which = it.say("act");
    assert!(which.starts_with("which run?"), "{which}");
    let lines: Vec<&str> = which.lines().collect();
    assert_eq!(lines.len(), 3, "{which}");
    assert!(lines[1].starts_with("1. ci #"), "{which}");
    assert!(lines[2].starts_with("2. deploy #7 of "), "{which}");
    assert!(it.say("2").starts_with("deploy #7 of "));
}

#[test]
fn a_filter_before_all_sources_answered_is_taken_and_says_when_it_is_counted() {
    let mut talk = Talk::new(setting(), Query::default());
    let snapshot = sample::snapshot(48);
    let told = text(&talk.answer("filter is:red", &snapshot, sample::moment()));
    assert_eq!(
        told,
        "only cards with `is:red`; how many there are is told once all sources have answered"
    );
    talk.settle();
    let told = text(&talk.on_snapshot(&snapshot, sample::moment()));
    assert!(told.starts_with("8 cards with `is:red`"), "{told}");
}

#[test]
fn a_list_counts_what_it_lists() {
    let mut it = Conversation::new(48);
    drop(it.say("filter is:red"));
    let list = it.say("list");
    let mut counted = 0;
    for head in list.lines().filter(|line| line.ends_with(" red")) {
        let count = head.split(", ").nth(1).unwrap();
        let count: usize = count.split(' ').next().unwrap().parse().unwrap();
        assert!(head.ends_with(&format!(", {count} red")), "{head}");
        assert!(!head.contains(" 1 cards"), "{head}");
        counted += count;
    }
    assert_eq!(counted, 8, "{list}");
}

#[test]
fn the_walk_goes_back_as_well() {
    let mut it = Conversation::new(48);
    let first = it.say("next");
    drop(it.say("next"));
    assert_eq!(it.say("previous"), first);
    let last = it.say("previous");
    let of = |said: &str| {
        said.lines()
            .next()
            .unwrap()
            .split(' ')
            .nth(2)
            .map(str::to_owned)
    };
    assert_eq!(of(&last), of(&first), "{last}");
    assert_ne!(last, first);
}

#[test]
fn what_is_put_aside_is_in_no_list_until_it_is_taken_back() {
    let mut it = Conversation::new(48);
    assert!(it.say("hide").contains("no card is open"));
    let all = it.say("triage");
    assert!(all.lines().next().unwrap().contains(", because "), "{all}");
    drop(it.say("1"));
    let hidden = it.say("hide");
    assert!(
        hidden.contains("is hidden") && hidden.contains("<Hide("),
        "{hidden}"
    );
    assert_eq!(it.say("triage").lines().count(), all.lines().count() - 1);
    let undone = it.say("undo");
    let told = undone.lines().next().unwrap();
    assert!(told.starts_with("taken back: "), "{undone}");
    assert!(told.ends_with(" is shown again"), "{undone}");
    assert!(undone.contains("\n<Hide("), "{undone}");
    assert_eq!(it.say("triage"), all);
    drop(it.say("1"));
    assert!(it.say("snooze soon").contains("`soon` is no time"));
    let snoozed = it.say("snooze 2h");
    assert!(snoozed.contains("is put aside until "), "{snoozed}");
    drop(it.say("undo"));
    assert_eq!(it.say("undo"), "there is nothing to take back");
}

#[test]
fn orders_and_views_have_names() {
    let mut it = Conversation::new(48);
    assert!(it.say("sort sideways").contains("there are urgent, oldest"));
    assert!(it.say("sort newest").starts_with("newest first\n"));
    assert_eq!(it.say("views"), "failing: is:red");
    assert!(it.say("view failing").starts_with("8 cards with `is:red`"));
    assert!(it.say("view fialing").contains("did you mean `failing`?"));
    assert!(it.say("view").starts_with("48 cards: "));
    assert_eq!(
        it.say("help log"),
        "log: read out the log of why this card is red; `log 120` goes on from that line"
    );
    assert!(it.say("help lgo").contains("did you mean `log`?"));
}

#[test]
fn nothing_red_is_no_answer_where_nobody_answered() {
    let mut it = Conversation::new(0);
    let mut source = sample::source("github", Health::Unreachable);
    source.last_success = None;
    it.snapshot.sources = vec![source];
    for word in ["triage", "attention"] {
        assert!(it.say(word).starts_with("nothing is known: no source"));
    }
}
