//! A line for every row of the tables, as tools print it, and lines that are no errors.
//!
//! A row without a sample fails a test of the tables.

mod harmless;
mod languages;
mod machine;
mod tools;

pub(super) use harmless::HARMLESS;

/// A line, then the tool, the code and the text that must be found in it.
type Sample = (&'static str, &'static str, &'static str, &'static str);

/// Every sample.
pub(super) fn samples() -> impl Iterator<Item = &'static Sample> {
    [machine::SAMPLES, languages::SAMPLES, tools::SAMPLES]
        .into_iter()
        .flatten()
}
