//! The user's own commands in plain mode: which there are, running one, reading out what it printed.

use super::talk::{Do, Said, Talk, line};
use crate::app::triage;
use crate::domain::Timestamp;
use crate::domain::text::nearest;
use crate::engine::snapshot::Snapshot;
use crate::log::LogLine;
use crate::ui::own::{self, AT_ONCE, Event, Order, Talked};

/// What is typed before one that asks is run.
const YES: &str = "yes";

/// The commands that run, and the one that is asked about.
#[derive(Default, Debug)]
pub(super) struct Errands {
    given: u64,
    running: Vec<(u64, String)>,
    asking: Option<Box<Order>>,
    /// Whether it was told that those that run end with the program.
    warned: bool,
}

impl Errands {
    /// Whether the next line is an answer.
    pub(super) fn is_asking(&self) -> bool {
        self.asking.is_some()
    }

    /// Takes an answer.
    pub(super) fn answer(&mut self, said: &str) -> Vec<Said> {
        match self.asking.take() {
            Some(order) if said == YES => self.begin(order),
            Some(_) => vec![line("it was not confirmed, so nothing is run")],
            None => Vec::new(),
        }
    }

    fn begin(&mut self, order: Box<Order>) -> Vec<Said> {
        self.running.push((order.id, order.name.clone()));
        self.warned = false;
        vec![
            line(format!(
                "`{}` runs; what it prints is told at its end",
                order.name
            )),
            Said::Do(Do::Run(order)),
        ]
    }

    /// Says what would end with the program, once; nothing where it may end.
    pub(super) fn before_the_end(&mut self) -> Option<Said> {
        if self.running.is_empty() || std::mem::replace(&mut self.warned, true) {
            return None;
        }
        let names: Vec<&str> = self.running.iter().map(|(_, name)| name.as_str()).collect();
        let (are, end) = if names.len() == 1 {
            ("is", "ends")
        } else {
            ("are", "end")
        };
        Some(line(format!(
            "{} {are} still running and {end} with cycleboard; `quit` again ends",
            names.join(", ")
        )))
    }

    /// Stops the command of this name, or the only one that runs.
    pub(super) fn stop(&self, name: &str) -> Vec<Said> {
        let running = self.running.iter();
        let found: Vec<u64> = running
            .filter(|(_, known)| name.is_empty() || known == name)
            .map(|(id, _)| *id)
            .collect();
        match found.as_slice() {
            [] if name.is_empty() => vec![line("no command of yours runs")],
            [] => vec![line(format!("no command `{name}` runs"))],
            [_, _, ..] if name.is_empty() => {
                let names: Vec<&str> = self.running.iter().map(|(_, name)| name.as_str()).collect();
                vec![line(format!("say which: {}", names.join(", ")))]
            }
            ids => ids.iter().map(|id| Said::Do(Do::Stop(*id))).collect(),
        }
    }
}

impl Talk {
    /// Runs a command for the card that is talked about, after a question where it wants one.
    pub(super) fn run(&mut self, name: &str, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        if self.setting.commands.is_empty() {
            let text = "you have no commands of your own; `[[command]]` in the configuration \
                        makes one";
            return vec![line(text)];
        }
        if name.is_empty() {
            return self.own_commands(snapshot, now);
        }
        let mut commands = self.setting.commands.iter();
        let Some(command) = commands.find(|command| command.name == name) else {
            let names = self.setting.commands.iter().map(|it| it.name.as_str());
            let hint = nearest(name, names).map_or_else(
                || "`run` lists them".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return vec![line(format!("you have no command `{name}`; {hint}"))];
        };
        if self.errands.running.len() >= AT_ONCE {
            return vec![line(format!(
                "{AT_ONCE} of your commands run already; `stop NAME` stops one"
            ))];
        }
        let made = own::said(command, self.errands.given + 1, &self.talked(snapshot, now));
        let asks = command.confirm;
        match made {
            Err(why) => vec![line(format!("cannot run `{name}`: {why}"))],
            Ok(order) => {
                self.errands.given += 1;
                if !asks {
                    return self.errands.begin(Box::new(order));
                }
                let mut said = vec![line(format!("run `{name}`?"))];
                said.extend(own::in_full(&order).into_iter().map(line));
                said.push(line(format!(
                    "type `{YES}` to run it, anything else to leave it"
                )));
                self.errands.asking = Some(Box::new(order));
                said
            }
        }
    }

    fn talked<'a>(&self, snapshot: &'a Snapshot, now: Timestamp) -> Talked<'a> {
        let item = self.card(snapshot);
        let triage = item.and_then(|item| snapshot.triage.find(&item.id));
        Talked {
            snapshot,
            item,
            log: triage.and_then(|card| triage::log_of(&card.triage)),
            context: self.context(snapshot, now),
            read_only: self.setting.read_only,
        }
    }

    /// Lists the commands: what each does, or why it cannot be run now.
    fn own_commands(&self, snapshot: &Snapshot, now: Timestamp) -> Vec<Said> {
        let talked = self.talked(snapshot, now);
        let commands = self.setting.commands.iter();
        let told = commands.map(|command| {
            let (name, help) = (&command.name, &command.help);
            let runs = self.errands.running.iter().any(|(_, known)| known == name);
            line(match own::said(command, 0, &talked) {
                _ if runs => format!("{name}: {help}; it is running"),
                Ok(_) => format!("{name}: {help}"),
                Err(why) => format!("{name}: {help}; cannot be run: {why}"),
            })
        });
        told.collect()
    }

    /// Takes in what became of a command: at its end, what it printed is told.
    pub(super) fn on_own(&mut self, event: &Event) -> Vec<Said> {
        let Some(ending) = &event.ending else {
            return Vec::new();
        };
        let mut running = self.errands.running.iter();
        let Some(at) = running.position(|(id, _)| *id == event.id) else {
            return Vec::new();
        };
        let (_, name) = self.errands.running.remove(at);
        let output = &event.output;
        let count = output.lines.len();
        let printed = match count {
            0 => "nothing was printed".to_owned(),
            1 => "1 line".to_owned(),
            count => format!("{count} lines"),
        };
        let mut said = vec![line(format!("`{name}`: {}, {printed}", ending.words()))];
        if output.dropped > 0 {
            let text = format!("{} lines before these were not kept", output.dropped);
            said.push(line(text));
        }
        let lines: Vec<String> = output.lines.iter().map(LogLine::text).collect();
        said.extend(self.tell(lines));
        said
    }
}
