//! Flow and the past in lines, and what is said of a log.

use std::sync::Arc;

use super::super::past::When;
use super::super::talk::{Do, Said};
use super::{Conversation, text};
use crate::app::plain::vocabulary::{Way, way};
use crate::app::rewind::Projector;
use crate::domain::calendar::{Calendar, WorkingTime, Zone};
use crate::domain::history::Ledger;
use crate::ui::command::Command;
use crate::ui::replay::{Ask, Viewer};
use crate::ui::testing::flow::{ledger, report};

/// A conversation with who makes metrics and moments at its other end.
struct History {
    talk: Conversation,
    ledger: Arc<Ledger>,
    projector: Projector,
}

impl History {
    fn new(cards: usize) -> Self {
        Self {
            talk: Conversation::new(48),
            ledger: Arc::new(ledger(cards)),
            projector: Projector::default(),
        }
    }

    /// Carries out what is to be done, and says what came of it.
    fn carry(&mut self, said: Vec<Said>) -> Vec<Said> {
        let mut told = Vec::new();
        for one in said {
            let more = match one {
                Said::Do(Do::Measure(ask)) => self.talk.talk.on_report(&report(&self.ledger, &ask)),
                Said::Do(Do::Past(when, filter)) => {
                    let now = self.talk.now;
                    let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), now);
                    let at = match when {
                        When::Named(since) => Some(since.in_days(&calendar, now)),
                        When::At(at) => Some(at),
                        When::Now => None,
                    };
                    let ask = Ask { at, filter };
                    let frame = self
                        .projector
                        .frame(&self.ledger, &ask, &Viewer::default(), now);
                    self.talk.talk.on_frame(frame)
                }
                other @ (Said::Line(_) | Said::Do(_)) => {
                    told.push(other);
                    continue;
                }
            };
            let more = self.carry(more);
            told.extend(more);
        }
        told
    }

    fn say(&mut self, line: &str) -> String {
        let it = &mut self.talk;
        let said = it.talk.answer(line, &it.snapshot, it.now);
        text(&self.carry(said))
    }
}

#[test]
fn metrics_are_lines_with_their_samples() {
    let mut it = History::new(62);
    let dora = it.say("flow quarter");
    assert!(dora.contains("\ndora of all, 90 days"), "{dora}");
    assert!(dora.contains("\nlead time"), "{dora}");
    assert!(dora.contains("other pages: cycle, "), "{dora}");
    let cycle = it.say("flow cycle");
    assert!(cycle.contains("\ncycle of all, 90 days"), "{cycle}");
    assert!(cycle.contains(" samples"), "{cycle}");
    let api = it.say("flow api 30d");
    assert!(api.contains("\ncycle of api, 30 days"), "{api}");
    assert!(
        it.say("flow dora").contains("dora of api, 30 days"),
        "it stays"
    );
    assert!(it.say("flow apii").contains("did you mean `api`?"));
    assert!(it.say("flow cylce").contains("did you mean `cycle`?"));
    let wrong = it.say("flow 13d");
    assert!(wrong.contains("say `7d`, `30d` or `90d`"), "{wrong}");
    assert!(it.say("flow all").contains("dora of all"));
    let what = it.say("flow reviews define");
    assert!(what.lines().count() > cycle.lines().count(), "{what}");
    assert!(it.say("copy flow").contains("| definition |"));
}

#[test]
fn a_service_that_is_named_first_is_found_once_services_are_known() {
    let mut it = History::new(62);
    assert!(it.say("flow web").contains("dora of web, "));
    let mut it = History::new(62);
    assert!(
        it.say("flow nothing")
            .contains("no page, service or repository `nothing`")
    );
    assert!(it.say("flow").contains("dora of all"));
    assert!(
        History::new(62)
            .say("copy flow")
            .contains("no flow was told")
    );
}

#[test]
fn a_moment_is_told_as_lists_of_cards_and_gone_on_from() {
    let mut it = History::new(62);
    assert!(it.say("earlier").contains("say first when"));
    assert!(it.say("past").contains("say when"));
    assert!(
        it.say("past yseterday")
            .contains("did you mean `yesterday`?")
    );
    let past = it.say("past 20d");
    let head = past.lines().nth(1).unwrap().to_owned();
    assert!(
        head.contains(" cards, ") && head.contains(" came since"),
        "{past}"
    );
    assert!(!past.contains("\n1. "), "{past}");
    assert!(past.contains("\nCode "), "{past}");
    let past = it.say("past list");
    assert!(past.contains("as it is now, not as it was then"), "{past}");
    assert!(past.contains("\n1. "), "{past}");
    assert!(
        past.contains("; in ") || past.contains("; it stands") || past.contains("; shipped"),
        "{past}"
    );
    let code = it.say("past list code");
    assert!(
        code.contains("\nCode") && !code.contains("\nBuild"),
        "{code}"
    );
    assert!(it.say("past list nowhere").contains("nowhere"));
    let before = it.say("earlier");
    assert!(before.lines().count() < 12, "{before}");
    assert!(before.contains("just then: "), "{before}");
    assert_ne!(before.lines().next(), Some(head.as_str()));
    let again = it.say("later");
    assert!(
        again.contains("just then: ") || again.starts_with(head.get(..10).unwrap()),
        "{again}"
    );
    assert!(it.say("later day").contains(" cards, "));
    assert!(it.say("earlier week").contains("`earlier day`"));
    assert!(it.say("past").contains(" came since"), "the same again");
    let now = it.say("past now");
    assert!(now.contains("0 stand otherwise by now"), "{now}");
    assert!(it.say("later").contains("nothing happened since"));
    assert!(it.say("past 400d").contains("history counts since"));
}

#[test]
fn the_filter_holds_for_the_past() {
    let mut it = History::new(62);
    drop(it.say("filter repo:web"));
    drop(it.say("past 20d"));
    let past = it.say("past list");
    assert!(past.contains("\n1. ") && !past.contains("api#"), "{past}");
}

#[test]
fn an_empty_history_says_so() {
    let mut it = History::new(0);
    assert!(it.say("past 2d").contains("there is no history yet"));
    assert!(it.say("flow").contains("no history yet"));
}

#[test]
fn a_log_is_searched_and_read_from_a_line() {
    let mut it = History::new(0);
    assert_eq!(it.say("search"), "say what: `search panic`, an expression");
    assert!(it.say("search (").contains("cannot be searched for"));
    assert!(it.say("search panic").contains("<Search("));
    assert_eq!(it.say("log 120"), "<LogFrom(119)>");
    assert!(it.say("log x").contains("say from which line"));
    assert!(it.say("log 0").contains("say from which line"));
}

#[test]
fn what_the_board_does_with_flow_past_and_search_has_words() {
    for (command, word) in [
        (Command::SearchLog, "search"),
        (Command::FlowScope, "flow"),
        (Command::CopyPage, "copy"),
        (Command::DayEarlier, "earlier"),
        (Command::Later, "later"),
        (Command::ViewReplay, "past"),
    ] {
        assert_eq!(way(command), Way::Word(word));
    }
}

#[test]
fn what_is_told_of_a_filter_names_it() {
    let mut it = History::new(62);
    drop(it.say("filter is:red"));
    let past = it.say("past 20d");
    assert!(past.contains(" with `is:red`, "), "{past}");
    drop(it.say("filter"));
    assert!(!it.say("past 20d").contains(" with `"), "all cards again");
}

#[test]
fn a_metric_that_services_have_is_told_by_service() {
    let mut it = History::new(62);
    let dora = it.say("flow dora quarter");
    let by_service = dora.lines().find(|line| line.starts_with("by service: "));
    let line = by_service.unwrap_or_else(|| panic!("{dora}"));
    assert!(line.contains("`flow dora "), "{line}");
    assert!(line.len() < 400, "{line}");
}
