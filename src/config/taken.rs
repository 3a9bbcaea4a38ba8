//! What a value may be beside its type: words, numbers, forms of text, and which keys are needed.
//!
//! One row for each key that takes less than its type says. Words and bounds are those of the
//! checkers, so that the schema says what `config check` says; a law of `tests/schema_values.rs`
//! holds the two against each other. What no form can tell (filters, patterns, names that are
//! given twice) is left to the checkers.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::check_table::{self, CERTIFICATE, EVERY, FAILURES_IN_A_ROW, LONGEST_LATENCY};
use crate::config::form::{any_case, between, digits, name, one_of, span, whole};
use crate::config::json_map::Target;
use crate::config::notify::{Desktop, Occasion};
use crate::config::schema::Told;
use crate::config::{
    Action, Field, OwnPlace, RunIn, attention, board, command, history, map_table, notify, policy,
    screen, source, team, wall,
};
use crate::domain::arrange::{Group, Order, SavedView};
use crate::domain::attention::Per;
use crate::domain::calendar::ZONES;
use crate::domain::stage::Stage;
use crate::domain::status::Status;

/// What is taken at one place.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Taken {
    /// Words that are offered.
    pub(super) words: Vec<String>,
    /// The form of all texts that are taken; without one the words are all.
    pub(super) form: Option<String>,
    /// The form of the first text of a list.
    pub(super) first: Option<String>,
    /// The least and the largest number.
    pub(super) numbers: Option<RangeInclusive<i64>>,
    /// Whether yes and no are no value of it, though its reader takes them.
    pub(super) no_switch: bool,
    /// The fewest entries of a list.
    pub(super) fewest: usize,
    /// The most entries of a list.
    pub(super) most: Option<usize>,
    /// The names that a table of names may have: those that are offered, and the form of all.
    pub(super) names: Option<(Vec<&'static str>, String)>,
    /// Keys without which a table is refused.
    pub(super) needs: &'static [&'static str],
    /// Keys of a table of which one is needed.
    pub(super) needs_one: &'static [&'static str],
}

/// A text in which something can be seen.
const SEEN: &str = r"\S";

/// A repository, or a pattern of some: names between slashes.
pub(super) const REPO: &str = r"^[\w.*?\[\]{},!~+][\w.*?\[\]{},!~+-]*(?:/[\w.*?\[\]{},!~+-]+)+$";

/// Exactly `owner/name`; braces may hold slashes of their own.
pub(super) const FLAT_REPO: &str = r"^[\w.*?\[\],!~+][\w.*?\[\],!~+-]*/[\w.*?\[\],!~+-]+$|\{";

/// A repository with its host.
const HOSTED: &str = r"^\s*[^\s/:]+(?::\d+)?(?:/[^\s/*?\[\]{}\\:#]+){2,}\s*$";

/// The same, or as people clone it.
const CLONED: &str = r"^\s*(?:[^\s/:]+(?::\d+)?(?:/[^\s/*?\[\]{}\\:#]+){2,}|\S+:\S+)\s*$";

/// A JSON pointer.
const POINTER: &str = "^(?:/.*)?$";

/// A path or an address, without spaces.
const PATH: &str = r"^\s*[^\s\\#]+\s*$";

/// A time of the day.
const TIME: &str = r"(?:[01]?\d|2[0-3]):[0-5]?\d";

/// Returns what is taken at a place, beside its type.
pub(super) fn taken(place: &str, told: &Told<'_>) -> Taken {
    match place.split('.').next() {
        Some("source") => of_source(place, told),
        Some("board" | "wip" | "attention" | "service" | "rule" | "phase" | "branching") => {
            of_work(place)
        }
        Some("ui" | "keys" | "view" | "command" | "wall") => of_screen(place, told),
        _ => of_rest(place),
    }
}

fn of_source(place: &str, told: &Told<'_>) -> Taken {
    match place {
        "source.kind" => Taken::words(told.kinds.iter().map(|kind| kind.name)),
        "source.name" => Taken::form(r"^\s*\S(?:.{0,62}\S)?\s*$"),
        "source.url" => Taken::form(r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\\?#/@]+(?:/[^\s\\?#]*)?$"),
        "source.repos"
        | "source.orgs"
        | "source.project.branch"
        | "source.project.name"
        | "source.check.service"
        | "source.check.environment"
        | "source.map.service"
        | "source.map.environment" => Taken::form(SEEN),
        "source.token_env" => Taken::form(r"^[A-Za-z_]\w{0,127}$"),
        "source.token_command" => Taken::program(SEEN),
        "source.ca_file" => Taken::form("."),
        "source.timeout" => Taken::form(&whole(&span(&source::TIMEOUTS))),
        "source.writes" => Taken::words(Action::ALL.map(Action::as_str)),
        "source.project" => Taken::needing(&["name", "repo"]),
        "source.project.repo" => Taken::form(CLONED),
        "source.check" | "source.map" => Taken {
            most: Some(if place == "source.map" {
                map_table::MOST
            } else {
                check_table::MOST
            }),
            needs: if place == "source.map" {
                &["path", "to"]
            } else {
                &["path"]
            },
            ..Taken::default()
        },
        "source.check.name" => Taken::form(r"^\s*\S(?:.{0,98}\S)?\s*$"),
        "source.check.path" | "source.map.path" => Taken::form(PATH),
        "source.check.repo" => Taken::form(HOSTED),
        "source.check.status" => Taken {
            form: Some(r"^\s*(?:[1-5](?:xx|XX)|[1-5]\d\d(?:\s*-\s*[1-5]\d\d)?)\s*$".to_owned()),
            numbers: Some(100..=599),
            no_switch: true,
            fewest: 1,
            ..Taken::default()
        },
        "source.check.pointer"
        | "source.map.records"
        | "source.map.next"
        | "source.map.fields.*" => Taken::form(POINTER),
        "source.check.latency" => {
            let longest = u64::try_from(LONGEST_LATENCY.as_millis()).unwrap_or(u64::MAX);
            let span = span(&(Duration::from_secs(1)..=LONGEST_LATENCY));
            Taken::form(&whole(&format!("0*{}ms|{span}", between(1, longest))))
        }
        "source.check.certificate" => Taken::numbers(&CERTIFICATE),
        "source.check.failures" => Taken::numbers(&FAILURES_IN_A_ROW),
        "source.check.every" => Taken::form(&whole(&span(&EVERY))),
        "source.check.version" => Taken::form(r"^\s*(?:/.*|[A-Za-z0-9_-]{1,100}\s*)$"),
        "source.map.to" => Taken {
            form: Some(whole(&one_of(
                Target::ALL
                    .into_iter()
                    .flat_map(|it| [it.as_str(), it.plural()]),
            ))),
            ..Taken::words(Target::ALL.map(Target::as_str))
        },
        "source.map.fields" => Taken::names(Target::ALL.into_iter().flat_map(Target::fields)),
        "source.map.states" => Taken::names(Target::ALL.into_iter().flat_map(Target::states)),
        "source.map.repo" => Taken::form(&format!("{HOSTED}|^/")),
        _ => Taken::default(),
    }
}

fn of_work(place: &str) -> Taken {
    let window = |days: i64| {
        let days = u64::try_from(days).unwrap_or_default();
        whole(&span(
            &(Duration::ZERO..=Duration::from_secs(days * 86_400)),
        ))
    };
    match place {
        "board.columns" => Taken {
            fewest: 1,
            needs: &["stage"],
            ..Taken::stages()
        },
        "board.columns.stage" | "rule.stage" => Taken::stages(),
        "wip.stages" => Taken {
            fewest: 1,
            ..Taken::stages()
        },
        "board.wip" => Taken {
            names: Some((stages().collect(), any_stage())),
            ..Taken::default()
        },
        "board.wip.*" | "wip.limit" => Taken::numbers(&(1..=u32::MAX)),
        "board.bake_window" | "board.watch_window" => Taken::form(&window(board::LONGEST_WINDOW)),
        "board.review_stage" => {
            let others = Stage::OTHER_WORDS.into_iter();
            let others = others.filter(|(_, stage)| board::REVIEW.contains(&stage.as_str()));
            let all = board::REVIEW
                .into_iter()
                .chain(others.map(|(word, _)| word));
            Taken::any_case(board::REVIEW, all)
        }
        "board.branching" | "branching.model" => {
            let all = policy::MODELS.into_iter().chain([policy::GIT_FLOW]);
            Taken::any_case(policy::MODELS, all)
        }
        "board.columns.title"
        | "board.incident_labels"
        | "board.blocked_labels"
        | "board.progress_words"
        | "board.bots"
        | "service.name"
        | "service.paths"
        | "service.tag"
        | "rule.name"
        | "rule.when"
        | "phase.workflow"
        | "phase.job"
        | "wip.name"
        | "wip.when" => Taken::form(SEEN),
        "board.tracker_keys" => Taken::form("^[A-Z][A-Z0-9_]*$"),
        "wip" => Taken::needing(&["name", "limit"]),
        "wip.per" => Taken::words(Per::WORDS),
        "attention.red_after"
        | "attention.blocked_after"
        | "attention.review_after"
        | "attention.gate_after" => Taken::form(&window(attention::LONGEST_DAYS)),
        _ => of_rules(place),
    }
}

/// What services, models of branching, rules and phases take.
fn of_rules(place: &str) -> Taken {
    match place {
        "service" => Taken::needing(&["name"]),
        "service.repos" => Taken::form(REPO),
        "service.env" => Taken::form(
            r"^(?:[^{}]|\{service\})*(?:[^{}\s]|\{env\}|\{service\})(?:[^{}]|\{service\})*$",
        ),
        "branching" => Taken::needing(&["repos", "model"]),
        "branching.repos" => Taken {
            fewest: 1,
            ..Taken::form(REPO)
        },
        "rule" => Taken {
            needs_one: &["stage", "status"],
            ..Taken::needing(&["name", "when"])
        },
        "rule.status" => {
            let words = Status::ALL.map(Status::as_str);
            let labels = Status::ALL.map(Status::label);
            let labels = labels
                .into_iter()
                .filter(|label| !label.contains([' ', '-']));
            Taken::any_case(words, words.into_iter().chain(labels))
        }
        "phase" => Taken {
            needs_one: &["workflow", "job"],
            ..Taken::needing(&["phase"])
        },
        "phase.phase" => Taken::any_case(policy::PHASES, policy::PHASES),
        _ => Taken::default(),
    }
}

fn of_screen(place: &str, told: &Told<'_>) -> Taken {
    let theme = |words: Vec<String>| Taken {
        words,
        form: Some("^[A-Za-z0-9_-]{1,64}$".to_owned()),
        ..Taken::default()
    };
    let themes = || told.themes.iter().map(|name| (*name).to_owned());
    match place {
        "ui.theme" => theme(themes().chain(["auto".to_owned()]).collect()),
        "ui.theme_dark" | "ui.theme_light" => theme(themes().collect()),
        "ui.ascii" => Taken::words(["auto"]),
        "ui.links" => Taken::words(screen::LINKS),
        "ui.motion" => Taken::words(screen::MOTIONS),
        "keys.preset" => Taken::words(told.presets.iter().copied()),
        "keys.*" | "view.key" | "command.key" => Taken::form(told.keys),
        "view" => Taken::needing(&["name"]),
        "view.name" => Taken::form(&name(SavedView::LONGEST_NAME)),
        "view.columns" => Taken {
            fewest: 1,
            ..Taken::stages()
        },
        "view.group" => {
            let all = any_case(Group::WORDS.into_iter().chain([Group::REPOSITORY]));
            let label = any_case(["label"]);
            Taken {
                form: Some(format!(r"^\s*(?:{all}|{label}:.*)\s*$")),
                ..Taken::words(Group::WORDS)
            }
        }
        "view.sort" => {
            let words = Order::ALL.map(Order::as_str);
            Taken::any_case(words, words)
        }
        "command" => Taken {
            most: Some(command::MOST),
            ..Taken::needing(&["name", "argv"])
        },
        "command.name" => Taken::form("^[a-z][a-z0-9-]{0,39}$"),
        "command.argv" => Taken {
            form: Some(template()),
            most: Some(command::MOST_WORDS),
            ..Taken::program(r"^\s*[^\s{}-](?:[^{}]|\{\{|\}\})*$")
        },
        "command.cwd" => Taken::form(&template()),
        "command.where" => Taken::words(OwnPlace::WORDS),
        "command.run" => Taken::words(RunIn::WORDS),
        "command.keep_env" => Taken::form(r"^\w+$"),
        "wall.page_secs" => Taken::numbers(&wall::SECS),
        _ => Taken::default(),
    }
}

fn of_rest(place: &str) -> Taken {
    match place {
        "notify.desktop" => Taken::words(Desktop::WORDS),
        "notify.command" => Taken::program(SEEN),
        "notify.on" => Taken::words(Occasion::WORDS),
        "notify.quiet" => Taken::form(&format!(r"^\s*{TIME}\s*-\s*{TIME}\s*$")),
        "triage.history" => Taken::numbers(&(1..=notify::MOST_HISTORY)),
        "triage.usual" => Taken::numbers(&(1..=notify::MOST_USUAL)),
        "team.zone" => Taken::words(ZONES.iter().map(|zone| zone.name())),
        "team.working_days" => Taken {
            fewest: 1,
            ..Taken::any_case(team::DAYS, team::DAYS.into_iter().chain(team::LONG_DAYS))
        },
        "team.working_hours" => Taken::form(&format!(r"^\s*{TIME}\s*-\s*(?:{TIME}|24:00)\s*$")),
        "team.holidays" => {
            let (month, day) = (digits(1, 12), digits(1, 31));
            Taken::form(&format!(r"^\s*\d{{4}}-0?(?:{month})-0?(?:{day})\s*$"))
        }
        "team.turn" => Taken::form(&whole(&span(&team::TURNS))),
        "team.person" => Taken::needing(&["name", "logins"]),
        "team.person.name" => Taken::form(SEEN),
        "team.person.logins" => Taken {
            fewest: 1,
            ..Taken::form(r"[^\s@]")
        },
        "history.days" => Taken::numbers(&(0..=history::MOST_DAYS)),
        "store.url" => Taken::form("^[Ss][Qq][Ll][Ii][Tt][Ee]:"),
        _ => Taken::default(),
    }
}

impl Taken {
    /// These words and no others.
    fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            words: words.into_iter().map(str::to_owned).collect(),
            ..Self::default()
        }
    }

    /// Texts of this form.
    fn form(form: &str) -> Self {
        Self {
            form: Some(form.to_owned()),
            ..Self::default()
        }
    }

    /// Some words are offered, and all of these are taken in letters of any case.
    fn any_case<'a>(
        offered: impl IntoIterator<Item = &'a str>,
        all: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            form: Some(whole(&any_case(all))),
            ..Self::words(offered)
        }
    }

    /// A stage.
    fn stages() -> Self {
        Self {
            form: Some(any_stage()),
            ..Self::words(stages())
        }
    }

    /// A program and its arguments.
    fn program(first: &str) -> Self {
        Self {
            first: Some(first.to_owned()),
            fewest: 1,
            ..Self::default()
        }
    }

    /// Numbers within bounds.
    fn numbers<T: Copy + TryInto<i64>>(bounds: &RangeInclusive<T>) -> Self {
        let of = |number: T, other: i64| number.try_into().unwrap_or(other);
        Self {
            numbers: Some(of(*bounds.start(), i64::MIN)..=of(*bounds.end(), i64::MAX)),
            ..Self::default()
        }
    }

    /// A table of names out of several lists.
    fn names<'a>(lists: impl IntoIterator<Item = &'a &'static str>) -> Self {
        let mut names: Vec<&'static str> = Vec::new();
        for name in lists {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let form = whole(&one_of(names.iter().copied()));
        Self {
            names: Some((names, form)),
            ..Self::default()
        }
    }

    /// A table that is refused without these keys.
    fn needing(needs: &'static [&'static str]) -> Self {
        Self {
            needs,
            ..Self::default()
        }
    }
}

fn stages() -> impl Iterator<Item = &'static str> {
    Stage::ALL.into_iter().map(Stage::as_str)
}

/// Returns the form of all words for a stage.
fn any_stage() -> String {
    let others = Stage::OTHER_WORDS.into_iter().map(|(word, _)| word);
    whole(&any_case(stages().chain(others)))
}

/// Returns the form of a word with places for what a card says.
fn template() -> String {
    let fields = one_of(Field::ALL.into_iter().map(Field::as_str));
    format!(r"^(?:[^{{}}\x00]|\{{\{{|\}}\}}|\{{(?:{fields})\}})*$")
}
