//! Arguments of `act`.

use std::ffi::OsStr;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;

use super::WAIT_SECS;
use crate::domain::action::{About, Verb};

/// `act`.
#[derive(Args, Clone, Debug)]
pub struct ActArgs {
    /// What to do
    #[arg(value_name = "VERB", value_parser = VerbName)]
    pub verb: Verb,
    /// A card or run: a commit, `#12`, `owner/repo#12`, or the page of a run
    #[arg(value_name = "KEY|RUN-URL")]
    pub word: String,
    /// Which gate, where several wait
    #[arg(long, value_name = "NAME")]
    pub gate: Option<String>,
    /// Which job, to re-run one
    #[arg(long, value_name = "NAME")]
    pub job: Option<String>,
    /// Confirm it: `yes`, or the name of production where that is behind the gate; without it the
    /// terminal is asked
    #[arg(long, value_name = "WORD")]
    pub confirm: Option<String>,
    /// Longest wait for the sources, and for what comes of it, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECS, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub within: u64,
}

/// The name of a verb.
#[derive(Clone)]
struct VerbName;

impl TypedValueParser for VerbName {
    type Value = Verb;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Verb, clap::Error> {
        let names = Verb::ALL.map(|verb| PossibleValue::new(verb.about().name));
        let name = PossibleValuesParser::from(names).parse_ref(command, arg, value)?;
        Verb::parse(&name).ok_or_else(|| clap::Error::new(ErrorKind::InvalidValue))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = Verb::ALL.into_iter().map(Verb::about);
        let value = |about: About| PossibleValue::new(about.name).help(about.words);
        Some(Box::new(names.map(value)))
    }
}
