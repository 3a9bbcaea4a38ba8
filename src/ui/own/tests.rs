//! Own commands from key to order: what is offered, refused, asked before, shown.

use std::sync::Arc;

use chrono::TimeDelta;
use ratatui::crossterm::event::{Event as Input, KeyCode};

use super::testing::commands;
use super::*;
use crate::config::Field;
use crate::domain::item::EvidenceKind;
use crate::domain::text::Clean;
use crate::engine::snapshot::Row;
use crate::log::output_line;
use crate::ui::effect::Effect;
use crate::ui::keymap::Keymap;
use crate::ui::overlay::Overlay;
use crate::ui::sample;
use crate::ui::testing::Screen;

const TEXT: &str = r#"
[[command]]
name = "checkout"
help = "check the branch out"
key = "B"
argv = ["git", "switch", "{branch}"]
run = "terminal"

[[command]]
name = "ref"
key = "C"
argv = ["git", "log", "refs/heads/{branch}", "--", "{title}"]
confirm = true
changes = false

[[command]]
name = "page-log"
argv = ["less", "{log_path}"]
where = ["log"]

[[command]]
name = "hello"
key = "f5"
argv = ["echo", "hello"]
changes = false
"#;

fn screen(text: &str) -> Screen {
    screen_of(text, 120, 40, |_| {})
}

fn screen_of(text: &str, width: u16, height: u16, change: impl FnOnce(&mut UiOptions)) -> Screen {
    let own = commands(text);
    let keymap = Keymap::default().with_own(&own).unwrap();
    let mut options = UiOptions {
        keymap: Arc::new(keymap),
        own,
        ..UiOptions::default()
    };
    change(&mut options);
    Screen::with(width, height, sample::snapshot(48), options)
}

/// Gives the card under the cursor another branch, as a forge might tell it.
fn rename_branch(screen: &mut Screen, branch: &str) {
    let column = &mut screen.snapshot.columns[0];
    let mut rows: Vec<Row> = column.rows.to_vec();
    for row in &mut rows {
        if let Row::Item(item) = row {
            Arc::make_mut(item).branches = vec![Clean::line(branch)];
        }
    }
    column.rows = rows.into();
    screen.snapshot.generation += 1;
    screen.arrive();
}

#[track_caller]
fn order(effects: &[Effect]) -> &Order {
    let found = effects.iter().find_map(|effect| {
        if let Effect::RunOwn(order) = effect {
            Some(order.as_ref())
        } else {
            None
        }
    });
    found.unwrap_or_else(|| panic!("nothing is run: {effects:?}"))
}

#[track_caller]
fn refused(effects: &[Effect], why: &str) {
    let told = effects.iter().find_map(|effect| {
        if let Effect::Toast(text) = effect {
            Some(text.as_str())
        } else {
            None
        }
    });
    assert!(told.is_some_and(|text| text.contains(why)), "{effects:?}");
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::RunOwn(_)))
    );
}

fn words(order: &Order) -> Vec<String> {
    let fill = |word: &Template| word.fill(&order.values).unwrap();
    order.argv.iter().map(fill).collect()
}

#[test]
fn a_key_runs_the_command_with_what_the_card_says() {
    let mut screen = screen(TEXT);
    rename_branch(&mut screen, "fix/a b; $(id)");
    let effects = screen.press("B");
    assert_eq!(words(order(&effects)), ["git", "switch", "fix/a b; $(id)"]);
    let item = order(&effects).values.get(&Field::Key).cloned().unwrap();
    assert!(item.contains('#'), "{item}");
}

#[test]
fn the_menu_of_actions_offers_the_commands_after_the_verbs_with_the_same_reasons() {
    let mut screen = screen(TEXT);
    rename_branch(&mut screen, "--upload-pack=x");
    drop(screen.press("a"));
    let text = screen.text();
    let line = |text: &str, name: &str| {
        let lines = text.lines().map(str::to_owned);
        let mut own = lines.filter(|line| line.contains(name));
        own.next().unwrap_or_else(|| panic!("{name}: {text}"))
    };
    assert!(
        line(&text, "checkout").contains("`--upload-pack=x` of"),
        "{text}"
    );
    assert!(line(&text, "page-log").contains("it is for log"), "{text}");
    let hello = line(&text, "hello");
    assert!(!hello.contains("it is"), "{hello}");
    // The cursor begins at the first that can be run.
    let effects = screen.press("down down enter");
    assert_eq!(words(order(&effects)), ["echo", "hello"]);
    assert!(screen.state.overlays.is_empty());
    // The list says the same of each.
    drop(screen.press("!"));
    let text = screen.text();
    assert!(
        line(&text, "checkout").contains("`--upload-pack=x` of"),
        "{text}"
    );
}

#[test]
fn a_branch_that_is_an_option_runs_nothing_unless_it_is_part_of_a_word() {
    let mut screen = screen(TEXT);
    rename_branch(&mut screen, "--upload-pack=x");
    refused(
        &screen.press("B"),
        "`--upload-pack=x` of `{branch}` would be taken for an option",
    );
    drop(screen.press("C"));
    screen.now += TimeDelta::seconds(1);
    let effects = screen.press("y");
    assert_eq!(words(order(&effects))[2], "refs/heads/--upload-pack=x");
}

#[test]
fn a_question_shows_every_argument_by_itself_and_no_is_the_default() {
    let mut screen = screen(TEXT);
    rename_branch(&mut screen, "раypal $(x)");
    let effects = screen.press("C");
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::RunOwn(_)))
    );
    let text = screen.text();
    assert!(text.contains("run `ref`?"), "{text}");
    assert!(
        text.contains("refs/heads/\\u{440}\\u{430}ypal $(x)"),
        "{text}"
    );
    // Keys that were under way are no answer.
    let y = crossterm_key('y');
    assert!(screen.event(&y).is_empty());
    screen.now += TimeDelta::seconds(1);
    assert!(screen.press("enter").is_empty());
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn what_is_missing_or_elsewhere_makes_a_command_grey_with_the_reason() {
    let mut screen = screen(TEXT);
    rename_branch(&mut screen, "");
    refused(&screen.press("B"), "no branch of it is known");
    drop(screen.press("!"));
    let text = screen.text();
    assert!(text.contains("not now: no branch of it is known"), "{text}");
    assert!(text.contains("not now: it is for log"), "{text}");
    assert!(text.contains("hello"), "{text}");
    screen.press("j j");
    refused(
        &screen.press("enter"),
        "cannot run `page-log`: it is for log",
    );
}

#[test]
fn read_only_refuses_what_may_change_something() {
    let mut screen = screen_of(TEXT, 120, 40, |options| options.read_only = true);
    refused(
        &screen.press("B"),
        "`changes = false` says that it does not",
    );
    assert_eq!(words(order(&screen.press("f5"))), ["echo", "hello"]);
}

#[test]
fn a_filter_says_for_which_cards_it_is() {
    let text = "[[command]]\nname = \"a\"\nkey = \"B\"\nargv = [\"x\"]\nfor = \"repo:nowhere\"";
    let mut screen = screen(text);
    refused(
        &screen.press("B"),
        "it is for cards that match `repo:nowhere`",
    );
    drop(screen.press("g o"));
    refused(&screen.press("B"), "no card is selected");
}

#[test]
fn palette_help_footer_and_hints_know_own_commands() {
    let text = TEXT.replace("\"f5\"", "\"g x\"");
    let mut screen = screen_of(&text, 200, 60, |_| {});
    assert!(
        screen.text().lines().last().unwrap().contains("B checkout"),
        "{}",
        screen.text()
    );
    drop(screen.press("g"));
    screen.now += TimeDelta::seconds(1);
    screen.draw();
    assert!(screen.text().contains("echo hello"), "{}", screen.text());
    drop(screen.press("esc ?"));
    drop(screen.press("/"));
    drop(screen.type_text("check the branch"));
    assert!(
        screen.text().contains("check the branch out"),
        "{}",
        screen.text()
    );
    drop(screen.press("esc esc :"));
    drop(screen.type_text("checkout"));
    assert!(
        screen.text().contains("check the branch out"),
        "{}",
        screen.text()
    );
    let effects = screen.press("enter");
    assert_eq!(order(&effects).name, "checkout");
}

fn output(lines: &[&str]) -> Arc<Output> {
    Arc::new(Output {
        lines: lines
            .iter()
            .map(|line| output_line(line.as_bytes()))
            .collect(),
        dropped: 3,
    })
}

fn begin(screen: &mut Screen) -> u64 {
    let effects = screen.press("f5");
    let order = order(&effects).clone();
    begun(&mut screen.state, &order, screen.now);
    screen.draw();
    order.id
}

fn tell(screen: &mut Screen, id: u64, lines: &[&str], ending: Option<Ending>) {
    screen.now += TimeDelta::milliseconds(1_500);
    let output = output(lines);
    on_event(&mut screen.state, Event { id, output, ending }, screen.now);
    screen.draw();
}

#[test]
fn what_a_command_prints_is_shown_when_it_ends_and_can_be_copied() {
    let mut screen = screen(TEXT);
    let id = begin(&mut screen);
    assert!(screen.text().contains("`hello` is running"));
    tell(&mut screen, id, &["one"], None);
    assert!(!screen.text().contains("hello · "));
    tell(
        &mut screen,
        id,
        &["one", "\x1b[31mtwo\x1b[2J"],
        Some(Ending::Exit(1)),
    );
    let text = screen.text();
    assert!(screen.state.overlays.is_empty(), "keys stay the board's");
    assert!(text.contains("`hello`: failed with 1 after"), "{text}");
    assert!(text.contains("! shows its output"), "{text}");
    assert!(!text.contains("is running"), "{text}");
    drop(screen.press("esc j j !"));
    let text = screen.text();
    assert!(
        text.contains("failed with 1 after 3.1 s") || text.contains("failed with 1 after 3.0 s"),
        "{text}"
    );
    assert!(text.contains("one") && text.contains("two"), "{text}");
    let effects = screen.press("y");
    assert_eq!(effects, [Effect::Copy("one\ntwo".to_owned())]);
    drop(screen.press("esc"));
    assert!(screen.state.overlays.is_empty());
    drop(screen.press("! G enter"));
    assert!(screen.text().contains("two"), "{}", screen.text());
    drop(screen.press("esc esc"));
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn nothing_that_is_written_is_covered_by_what_ended() {
    let mut screen = screen(TEXT);
    let id = begin(&mut screen);
    drop(screen.press("/"));
    tell(&mut screen, id, &["one"], Some(Ending::Exit(0)));
    assert!(matches!(screen.state.overlays[..], [Overlay::Filter(_)]));
    let told = &screen.state.messages.all;
    assert!(
        told.iter()
            .any(|message| message.text.starts_with("`hello`: done after"))
    );
}

#[test]
fn a_running_command_can_be_stopped_and_only_so_many_run() {
    let mut screen = screen(TEXT);
    let first = begin(&mut screen);
    for _ in 1..AT_ONCE {
        begin(&mut screen);
    }
    refused(&screen.press("f5"), "4 of your commands run already");
    drop(screen.press("!"));
    assert!(
        matches!(&screen.press("g x")[..], [Effect::Toast(text)] if text.contains("nothing runs"))
    );
    drop(screen.press("G"));
    assert_eq!(screen.press("x"), [Effect::StopOwn(first)]);
    tell(&mut screen, first, &[], Some(Ending::Stopped));
    assert!(screen.text().contains("stopped after"), "{}", screen.text());
    assert_eq!(screen.state.own.running(), AT_ONCE - 1);
}

#[test]
fn what_ended_is_not_kept_for_ever() {
    let mut screen = screen(TEXT);
    for _ in 0..50 {
        let id = begin(&mut screen);
        tell(&mut screen, id, &[], Some(Ending::Exit(0)));
    }
    assert!(
        screen.state.own.errands.len() <= KEPT,
        "{}",
        screen.state.own.errands.len()
    );
}

#[test]
fn without_own_commands_it_is_said_how_one_is_made() {
    let mut screen = Screen::new(80, 24, 8);
    refused(&screen.press("!"), "`[[command]]` in the configuration");
}

#[test]
fn what_was_is_nothing_to_act_on() {
    let mut screen = screen(TEXT);
    drop(screen.press("g r"));
    refused(&screen.press("f5"), "no `hello` in the past");
}

#[test]
fn long_output_is_gone_through_and_its_end_followed() {
    let mut screen = screen_of(TEXT, 80, 24, |_| {});
    let id = begin(&mut screen);
    let lines: Vec<String> = (0..200).map(|number| format!("line {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    tell(&mut screen, id, &lines, Some(Ending::Exit(0)));
    drop(screen.press("!"));
    assert!(screen.text().contains("line 199"), "{}", screen.text());
    drop(screen.press("g"));
    assert!(
        screen.text().contains("line 0 ") || screen.text().contains("line 0│"),
        "{}",
        screen.text()
    );
    drop(screen.press("pgdn"));
    assert!(!screen.text().contains("line 0 "), "{}", screen.text());
    drop(screen.press("G"));
    assert!(screen.text().contains("line 199"));
}

/// A key that comes at once.
fn crossterm_key(c: char) -> Input {
    Input::Key(KeyCode::Char(c).into())
}

const MANY: &str = r#"
[[command]]
name = "list"
key = "C"
argv = ["echo", "{key}", "{branch}"]
changes = false

[[command]]
name = "edit"
key = "B"
argv = ["vi", "{key}"]
run = "terminal"

[[command]]
name = "red"
key = "f4"
argv = ["echo", "{key}"]
where = ["triage"]
"#;

fn orders(effects: Vec<Effect>) -> Vec<Order> {
    let of = |effect| {
        if let Effect::RunOwn(order) = effect {
            Some(*order)
        } else {
            None
        }
    };
    effects.into_iter().filter_map(of).collect()
}

#[test]
fn what_is_done_with_marked_cards_is_done_for_each_after_a_question_that_counts_them() {
    let mut screen = screen(MANY);
    drop(screen.press("ctrl-a"));
    let marked: Vec<String> = crate::ui::update::marks::marked(&screen.state, &screen.snapshot)
        .iter()
        .map(|item| item.key.to_string())
        .collect();
    assert!(marked.len() > AT_ONCE, "{marked:?}");
    assert!(screen.press("C").is_empty(), "nothing runs unasked");
    let text = screen.text();
    assert!(
        text.contains(&format!("run `list` for {} marked cards?", marked.len())),
        "{text}"
    );
    assert!(
        text.contains(&format!("{}: \"echo\" ", marked[0])),
        "{text}"
    );
    screen.now += TimeDelta::seconds(1);
    let found = orders(screen.press("y"));
    let keys: Vec<String> = found
        .iter()
        .map(|order| order.values[&Field::Key].clone())
        .collect();
    assert_eq!(keys, marked);
    // As many as may run begin; the others follow as those end.
    let (state, now) = (&mut screen.state, screen.now);
    let mut begun_ids = Vec::new();
    for order in found {
        if let Some(order) = admit(state, order) {
            begun(state, &order, now);
            begun_ids.push(order.id);
        }
    }
    assert_eq!(begun_ids.len(), AT_ONCE);
    assert_eq!(state.own.waiting(), marked.len() - AT_ONCE);
    assert_eq!(next(state), None);
    let over = |id, ending| Event {
        id,
        output: Arc::default(),
        ending: Some(ending),
    };
    on_event(state, over(begun_ids[0], Ending::Exit(0)), now);
    assert_eq!(
        next(state).map(|order| order.values[&Field::Key].clone()),
        Some(marked[AT_ONCE].clone())
    );
    on_event(state, over(begun_ids[1], Ending::Stopped), now);
    assert_eq!(state.own.waiting(), 0, "the others were stopped with it");
}

#[test]
fn the_terminal_is_for_one_card() {
    let mut screen = screen(MANY);
    drop(screen.press("space space"));
    refused(
        &screen.press("B"),
        "it takes the terminal, and 2 cards are marked: it is for one",
    );
}

#[test]
fn one_marked_card_is_meant_and_not_the_one_under_the_cursor() {
    let mut screen = screen(MANY);
    drop(screen.press("space"));
    let marked = crate::ui::update::marks::marked(&screen.state, &screen.snapshot);
    let key = marked[0].key.to_string();
    let effects = screen.press("C");
    assert_eq!(order(&effects).values.get(&Field::Key), Some(&key));
}

#[test]
fn a_key_for_another_place_says_so() {
    let mut screen = screen(MANY);
    refused(&screen.press("f4"), "cannot run `red`: it is for triage");
}

#[test]
fn number_and_page_are_those_of_the_key_and_the_change_request_has_its_own() {
    let text = "[[command]]\nname = \"a\"\nkey = \"B\"\n\
                argv = [\"x\", \"{number}\", \"{url}\", \"{pr}\", \"{pr_url}\"]";
    let mut screen = screen(text);
    let url = |path: &str| crate::domain::key::WebUrl::parse(&format!("https://h.example/{path}"));
    let piece = |kind, key: &str, path: &str| crate::domain::item::Evidence {
        kind,
        key: Clean::line(key),
        state: Clean::line("open"),
        status: crate::domain::status::Status::Running,
        url: url(path),
        at: sample::moment(),
        confidence: 100,
        detail: Clean::default(),
        run: None,
        door: None,
        sha: None,
    };
    let column = &mut screen.snapshot.columns[0];
    let mut rows: Vec<Row> = column.rows.to_vec();
    for row in &mut rows {
        if let Row::Item(item) = row {
            let item = Arc::make_mut(item);
            item.key = Clean::line("acme/api#12");
            item.url = url("pull/34");
            item.evidence = vec![
                piece(EvidenceKind::Ticket, "acme/api#12", "issues/12"),
                piece(EvidenceKind::ChangeRequest, "acme/api#34", "pull/34"),
            ];
        }
    }
    column.rows = rows.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    let effects = screen.press("B");
    let page = |path: &str| format!("https://h.example/{path}");
    assert_eq!(
        words(order(&effects)),
        ["x", "12", &page("issues/12"), "34", &page("pull/34")]
    );
}

#[test]
fn a_commit_is_told_whole_and_short() {
    let text = "[[command]]\nname = \"a\"\nkey = \"B\"\nargv = [\"x\", \"{sha}\", \"{short_sha}\"]";
    let mut screen = screen(text);
    let whole = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    let commit = crate::domain::item::Evidence {
        kind: EvidenceKind::Commit,
        key: Clean::line("acme/api@1a2b3c4"),
        state: Clean::line("head"),
        status: crate::domain::status::Status::Drafting,
        url: None,
        at: sample::moment(),
        confidence: 100,
        detail: Clean::default(),
        run: None,
        door: None,
        sha: crate::domain::key::Sha::parse(whole),
    };
    let column = &mut screen.snapshot.columns[0];
    let mut rows: Vec<Row> = column.rows.to_vec();
    for row in &mut rows {
        if let Row::Item(item) = row {
            Arc::make_mut(item).evidence = vec![commit.clone()];
        }
    }
    column.rows = rows.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    let effects = screen.press("B");
    assert_eq!(words(order(&effects)), ["x", whole, "1a2b3c4"]);
}

#[test]
fn leaving_while_a_command_runs_is_asked_about_and_says_what_ends() {
    let mut screen = screen(TEXT);
    let id = begin(&mut screen);
    assert_eq!(screen.press("q"), []);
    let text = screen.text();
    assert!(text.contains("quit while your commands run?"), "{text}");
    assert!(text.contains("ends with it"), "{text}");
    screen.now += TimeDelta::seconds(2);
    assert_eq!(screen.press("n"), []);
    assert!(screen.state.overlays.is_empty());
    screen.press("q");
    screen.now += TimeDelta::seconds(2);
    assert_eq!(screen.press("y"), [Effect::Quit]);
    tell(&mut screen, id, &[], Some(Ending::Exit(0)));
    screen.state.overlays.clear();
    screen.now += TimeDelta::seconds(2);
    assert_eq!(screen.press("q"), [Effect::Quit]);
}

#[test]
fn a_command_for_the_log_runs_where_the_log_is_open() {
    let text = "[[command]]\nname = \"page\"\nkey = \"f3\"\nargv = [\"less\", \"{log_path}\"]\n\
                where = [\"log\"]";
    let own = commands(text);
    let keymap = Arc::new(Keymap::default().with_own(&own).unwrap());
    let (mut screen, shell) = crate::ui::testing::triage::opened(160, 48);
    screen.keymap = Arc::clone(&keymap);
    screen.state.options.keymap = keymap;
    screen.state.options.own = own;
    screen.state.triage.pane = crate::ui::state::Pane::Cards;
    let effects = shell.press(&mut screen, "f3");
    let run = effects
        .iter()
        .find(|effect| matches!(effect, Effect::RunOwn(_)));
    assert!(run.is_some(), "{effects:?}");
    screen.state.triage.log.standing = crate::ui::state::LogStanding::Nothing;
    let why = refusal(
        &screen.state,
        &screen.snapshot,
        &screen.state.options.own[0],
        screen.now,
    );
    let why = why.unwrap();
    assert!(
        why.starts_with("it is for log; ") && why.contains("goes there"),
        "{why}"
    );
}
