//! Gates in the menu of actions, and the question before one is answered.

use super::intended;
use crate::domain::action::{
    ActionId, ActionState, ActionView, Deed, Fresh, OpenGate, Target, Verb,
};
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::run::{Door, RunState};
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::snapshot::{Capability, CapabilityState, Row};
use crate::ui::effect::Effect;
use crate::ui::sample;
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{Shell, fresh, opened};

/// The triage of the first red card, whose run waits at these gates; its source answers them.
fn waits(gates: &[(&str, Option<Door>)]) -> (Screen, Shell) {
    let (mut screen, shell) = opened(140, 40);
    let triage = std::sync::Arc::clone(&screen.snapshot.triage.cards[0].triage);
    let line = |(name, door): &(&str, Option<Door>)| Evidence {
        kind: EvidenceKind::Gate,
        key: Clean::line(name),
        state: Clean::line("waiting"),
        status: Status::Waiting,
        url: None,
        at: sample::moment(),
        confidence: 100,
        detail: Clean::default(),
        run: Some(Box::new(triage.run.key())),
        door: door.clone().map(Box::new),
        sha: None,
    };
    for column in &mut screen.snapshot.columns {
        let mut rows = column.rows.to_vec();
        for row in &mut rows {
            if let Row::Item(item) = row
                && item.id == triage.item
            {
                let item = std::sync::Arc::make_mut(item);
                item.evidence.extend(gates.iter().map(line));
            }
        }
        column.rows = rows.into();
    }
    for deed in [Deed::Approve, Deed::Reject] {
        screen.snapshot.sources[0].capabilities.push(Capability {
            name: deed.name(),
            state: CapabilityState::Available,
        });
    }
    screen.snapshot.index.clear();
    screen.snapshot.generation += 1;
    screen.arrive();
    (screen, shell)
}

/// Lets the question see what was read of its gate.
fn read(screen: &mut Screen, id: &ActionId, verb: Verb, gate: OpenGate) {
    let triage = std::sync::Arc::clone(&screen.snapshot.triage.cards[0].triage);
    let target = Target {
        source: triage.source.clone(),
        run: triage.run.key(),
        job: None,
        gate: Some(gate.door.clone()),
    };
    let fresh = Fresh {
        state: RunState::Waiting,
        gate: Some(gate),
        ..fresh()
    };
    let view = ActionView {
        id: id.clone(),
        verb,
        target,
        item: Some(triage.item.clone()),
        state: ActionState::Ready(fresh),
        at: screen.now,
    };
    screen.snapshot.actions = vec![view].into();
    screen.snapshot.generation += 1;
    screen.arrive();
}

fn gate(door: Door, name: &str, typed: Option<&str>) -> OpenGate {
    OpenGate {
        door,
        name: Clean::line(name),
        environment: typed.map(Clean::line),
        hindrance: None,
        typed: typed.map(Clean::line),
    }
}

#[test]
fn the_menu_has_a_line_for_each_gate_and_one_letter_answers_the_only_one() {
    let (mut screen, shell) = waits(&[("deploy", Some(Door::Job(5)))]);
    shell.press(&mut screen, "a");
    let text = screen.text();
    assert!(text.contains("approve gate `deploy`"), "{text}");
    let why = "a manual job waits as long";
    assert!(text.contains(why), "{text}");
    let effects = shell.press(&mut screen, "p");
    let [Effect::Intend { verb, target, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!((*verb, &target.gate), (Verb::Approve, &Some(Door::Job(5))));
    assert_eq!(target.job, None);
}

#[test]
fn of_several_gates_the_letter_selects_and_enter_answers() {
    let gates = [
        ("staging", Some(Door::Environment(1))),
        ("production", Some(Door::Environment(2))),
    ];
    let (mut screen, shell) = waits(&gates);
    let effects = shell.press(&mut screen, "a p");
    assert_eq!(intended(&effects), []);
    let effects = shell.press(&mut screen, "down enter");
    let [Effect::Intend { target, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(target.gate, Some(Door::Environment(2)));
}

/// Lets nothing wait for what is called `cleanup`.
fn lets_be(screen: &mut Screen) {
    for column in &mut screen.snapshot.columns {
        let mut rows = column.rows.to_vec();
        for row in &mut rows {
            if let Row::Item(item) = row {
                let lines = std::sync::Arc::make_mut(item).evidence.iter_mut();
                for line in lines.filter(|line| line.key.as_str() == "cleanup") {
                    (line.kind, line.status) = (EvidenceKind::ManualJob, Status::Ready);
                }
            }
        }
        column.rows = rows.into();
    }
}

#[test]
fn a_manual_job_that_nothing_waits_for_is_chosen_with_the_cursor() {
    let started = |effects: &[Effect]| match effects {
        [Effect::Intend { verb, target, .. }] => (*verb, target.gate.clone()),
        other => panic!("{other:?}"),
    };
    let (gate, offer) = (("deploy", Door::Job(5)), ("cleanup", Door::Job(6)));
    let (mut screen, shell) = waits(&[(gate.0, Some(gate.1)), (offer.0, Some(offer.1.clone()))]);
    lets_be(&mut screen);
    shell.press(&mut screen, "a");
    let text = screen.text();
    assert!(text.contains("start manual job `cleanup`"), "{text}");
    assert!(!text.contains("reject gate `cleanup`"), "{text}");
    // The one gate that waits is still a letter away.
    let effects = shell.press(&mut screen, "p");
    assert_eq!(started(&effects), (Verb::Approve, Some(Door::Job(5))));
    let (mut screen, shell) = waits(&[(offer.0, Some(offer.1))]);
    lets_be(&mut screen);
    let effects = shell.press(&mut screen, "a p");
    assert_eq!(intended(&effects), []);
    let effects = shell.press(&mut screen, "enter");
    assert_eq!(started(&effects), (Verb::Approve, Some(Door::Job(6))));
}

#[track_caller]
fn check_grey(gates: &[(&str, Option<Door>)], reason: &str) {
    let (mut screen, shell) = waits(gates);
    let effects = shell.press(&mut screen, "a p");
    let told = format!("cannot approve gate: {reason}");
    assert_eq!(effects, [Effect::Toast(told)]);
}

#[test]
fn a_gate_that_cannot_be_answered_says_why() {
    check_grey(&[], "no gate of this run is known to wait");
    let page = "what opens it is not known: answer it on its page";
    check_grey(&[("deploy", None)], page);
    let (mut screen, shell) = waits(&[("deploy", Some(Door::Job(5)))]);
    let known = &mut screen.snapshot.sources[0].capabilities;
    known.retain(|can| can.name != "approve");
    screen.snapshot.generation += 1;
    screen.arrive();
    let told = "cannot approve gate: `writes` of source `github` has no \"approve\"";
    let effects = shell.press(&mut screen, "a p");
    assert_eq!(effects, [Effect::Toast(told.to_owned())]);
}

#[test]
fn production_is_said_and_its_name_typed_before_enter_confirms() {
    let (mut screen, shell) = waits(&[("deploy", Some(Door::Job(5)))]);
    let id = intended(&shell.press(&mut screen, "a p")).remove(0);
    let behind = gate(Door::Job(5), "deploy", Some("production"));
    read(&mut screen, &id, Verb::Approve, behind);
    screen.press("x x");
    shell.press(&mut screen, "backspace backspace");
    let text = screen.text();
    for line in [
        "starts the job `deploy`, without variables",
        "goes to `production`",
        "this is production",
        "production, then enter yes  esc no",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let first = Effect::Toast("type the name first: production".to_owned());
    assert_eq!(shell.press(&mut screen, "enter"), [first]);
    // `y`, `n`, `j` and `q` are letters here.
    let typed = shell.press(&mut screen, "p r o d u c t i o n");
    assert_eq!(typed, []);
    assert!(
        screen.text().contains("typed: production"),
        "{}",
        screen.text()
    );
    assert_eq!(shell.press(&mut screen, "enter"), [Effect::Confirm(id)]);
}

#[test]
fn what_is_not_production_is_answered_with_y_and_refused_without_typing() {
    let door = || Door::Question(Clean::line("Go"));
    let (mut screen, shell) = waits(&[("Deploy to prod?", Some(door()))]);
    let id = intended(&shell.press(&mut screen, "a p")).remove(0);
    let behind = gate(door(), "Publish?", None);
    read(&mut screen, &id, Verb::Approve, behind);
    screen.press("x x");
    let text = screen.text();
    assert!(
        text.contains("answers `Publish?` with yes: the run goes on"),
        "{text}"
    );
    assert_eq!(shell.press(&mut screen, "y"), [Effect::Confirm(id)]);
    let (mut screen, shell) = waits(&[("Deploy to prod?", Some(door()))]);
    let id = intended(&shell.press(&mut screen, "a R")).remove(0);
    let behind = gate(door(), "Deploy to prod?", Some("prod"));
    read(&mut screen, &id, Verb::Reject, behind);
    screen.press("x x");
    let text = screen.text();
    assert!(text.contains("with no: the run is aborted"), "{text}");
    assert_eq!(shell.press(&mut screen, "y"), [Effect::Confirm(id)]);
}
