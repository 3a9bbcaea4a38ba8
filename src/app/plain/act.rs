//! Doing something in plain mode: a numbered choice, a fresh read, a word that is typed.
//!
//! What may be done and what comes of it is the engine's; nothing is confirmed that was not read
//! out before, and what was typed while it was still being read is no answer.

use super::talk::{Do, Said, line};
use crate::domain::Timestamp;
use crate::domain::action::{ActionId, ActionState, Of, Verb};
use crate::domain::item::WorkItem;
use crate::domain::run::Door;
use crate::domain::text::{Clean, plain_ascii_escape};
use crate::engine::EngineCommand;
use crate::engine::snapshot::Snapshot;
use crate::ui::overlay::Aim;
use crate::ui::tree;
use crate::ui::update::{action, aims, question};

/// What is typed where no name has to be.
const YES: &str = "yes";

/// How many runs of a card are asked about.
const MOST_RUNS: usize = 9;

/// Returns what a run is called, with its repository.
fn called(aim: &Aim) -> String {
    format!("{} of {}", aim.name, aim.target.run.repo.path())
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
struct Choice {
    verb: Verb,
    gate: Option<Door>,
    aim: Aim,
}

/// What is asked.
#[derive(Debug)]
enum Asking {
    Nothing,
    /// To which of these runs something is to be done.
    WhichRun(Vec<Aim>),
    /// Which of these.
    Which(Vec<Choice>),
    /// Nothing yet: the target is read afresh.
    Reading(ActionId),
    /// Whether to do it, by typing this.
    Sure(ActionId, String),
}

/// What is being done.
#[derive(Debug)]
pub(super) struct Acting {
    seed: u128,
    given: u128,
    asking: Asking,
    /// What was confirmed and is not over.
    waits: Vec<ActionId>,
}

impl Acting {
    pub(super) fn new(seed: u128) -> Self {
        Self {
            seed,
            given: 0,
            asking: Asking::Nothing,
            waits: Vec::new(),
        }
    }

    /// Whether the next line is an answer.
    pub(super) fn is_asking(&self) -> bool {
        !matches!(self.asking, Asking::Nothing)
    }

    /// Tells what can be done to the run of a card, as numbers.
    pub(super) fn begin(
        &mut self,
        item: Option<&WorkItem>,
        snapshot: &Snapshot,
        (offline, now): (bool, Timestamp),
    ) -> Vec<Said> {
        if offline {
            return vec![line("offline: nothing can be done")];
        }
        let Some(item) = item else {
            return vec![line("no card is open; `list`, then its number")];
        };
        let mut runs = aims::all_of_card(snapshot, item);
        runs.truncate(MOST_RUNS);
        match runs.as_slice() {
            [] => vec![line("no run of this card is known; actions are for runs")],
            [one] => {
                let one = one.clone();
                self.offer(&one, snapshot, now)
            }
            several => {
                let mut said = vec![line(
                    "which run? say a number, or anything else to leave it",
                )];
                let told = (1..).zip(several).map(|(number, aim)| {
                    let state = tree::word(&aim.state);
                    line(format!("{number}. {}, {state}", called(aim)))
                });
                said.extend(told);
                self.asking = Asking::WhichRun(runs);
                said
            }
        }
    }

    /// Tells what can be done to a run, as numbers.
    fn offer(&mut self, aim: &Aim, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let mut said = vec![line(format!(
            "{}: say a number, or anything else to leave it",
            called(aim)
        ))];
        let mut choices = Vec::new();
        for verb in Verb::ALL {
            let gates = match verb.of() {
                // One is chosen in the triage view, job by job.
                Of::Job => continue,
                Of::Run => vec![None],
                Of::Gate => {
                    let gates = aims::gates(snapshot, aim).into_iter();
                    gates.filter(|gate| gate.takes(verb)).map(Some).collect()
                }
            };
            for gate in gates {
                let shut = gate.as_ref().map(|gate| gate.door.as_ref());
                let shut = shut.and_then(|door| action::gate_refused(verb, door));
                let why = action::refused(snapshot, verb, aim, now);
                let why = why.or_else(|| shut.map(str::to_owned));
                let words = gate
                    .as_ref()
                    .map_or_else(|| verb.words().to_owned(), |gate| gate.words(verb));
                let gate = gate.and_then(|gate| gate.door);
                if let Some(why) = why {
                    said.push(line(format!("cannot {words}: {why}")));
                    continue;
                }
                choices.push(Choice {
                    verb,
                    gate,
                    aim: aim.clone(),
                });
                said.push(line(format!("{}. {words}", choices.len())));
            }
        }
        if choices.is_empty() {
            said.push(line("nothing can be done here"));
        } else {
            self.asking = Asking::Which(choices);
        }
        said
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, said: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let number = said.parse::<usize>().ok().and_then(|at| at.checked_sub(1));
        match std::mem::replace(&mut self.asking, Asking::Nothing) {
            Asking::Nothing => Vec::new(),
            Asking::WhichRun(runs) => match number.and_then(|at| runs.get(at)) {
                Some(aim) => self.offer(aim, snapshot, now),
                None => vec![line("nothing is done")],
            },
            Asking::Which(choices) => match number.and_then(|at| choices.into_iter().nth(at)) {
                Some(choice) => self.intend(choice),
                None => vec![line("nothing is done")],
            },
            Asking::Reading(id) => {
                vec![
                    line("it was not read yet, so that is no answer; nothing is done"),
                    Said::Do(Do::Command(EngineCommand::Dismiss(id))),
                ]
            }
            Asking::Sure(id, wanted) if said == wanted => {
                self.waits.push(id.clone());
                vec![
                    line("it is sent"),
                    Said::Do(Do::Command(EngineCommand::Confirm(id))),
                ]
            }
            Asking::Sure(id, _) => vec![
                line("it was not confirmed, so nothing is changed"),
                Said::Do(Do::Command(EngineCommand::Dismiss(id))),
            ],
        }
    }

    fn intend(&mut self, choice: Choice) -> Vec<Said> {
        self.given += 1;
        let id = ActionId(format!("{:032x}", self.seed.wrapping_add(self.given)));
        let mut target = choice.aim.target;
        target.gate = choice.gate;
        self.asking = Asking::Reading(id.clone());
        vec![
            line("reading it afresh"),
            Said::Do(Do::Command(EngineCommand::Intend {
                id,
                verb: choice.verb,
                target,
                item: Some(choice.aim.item),
            })),
        ]
    }

    /// Takes in how actions stand.
    pub(super) fn on_snapshot(&mut self, snapshot: &Snapshot) -> Vec<Said> {
        let mut said = Vec::new();
        if let Asking::Reading(id) = &self.asking
            && let Some(view) = action::find(snapshot, id)
        {
            if let ActionState::Ready(fresh) = &view.state {
                let wanted = question::word_to_type(view.verb, fresh);
                let wanted = wanted.map_or(YES, Clean::as_str).to_owned();
                said.push(line(format!("{}?", view.verb.words())));
                let told = question::told_alone(view, fresh);
                said.extend(told.into_iter().map(line));
                let shown = plain_ascii_escape(&wanted).into_owned();
                said.push(line(format!(
                    "type `{shown}` to do it, anything else to leave it"
                )));
                self.asking = Asking::Sure(id.clone(), wanted);
            } else if let Some((text, _)) = action::outcome(view) {
                said.push(line(text));
                self.asking = Asking::Nothing;
            }
        }
        self.waits.retain(|id| {
            let outcome = action::find(snapshot, id).and_then(action::outcome);
            if let Some((text, _)) = &outcome {
                said.push(line(text.clone()));
            }
            outcome.is_none()
        });
        said
    }
}
