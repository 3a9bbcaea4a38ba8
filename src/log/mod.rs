//! The log engine: raw logs of jobs to lines, sections, errors, failing tests.
//!
//! Pure: no terminal, no network, no clock, no files. Bytes are given to it, and
//! it reads back through whatever is `Read + Seek`. What it hands out is
//! [`Clean`](crate::domain::text::Clean).
//!
//! A log comes in once, through [`Intake`], which writes it to the cache and
//! builds an [`Index`] of bounded size. Everything else is read with the two:
//!
//! ```
//! use std::io::Cursor;
//! use cycleboard::log::{self, Fold, Intake};
//!
//! let mut cache = Vec::new();
//! let mut intake = Intake::new(&mut cache);
//! intake.push(b"checking\nerror[E0308]: mismatched ")?; // chunks as they come
//! intake.push(b"types\n  --> src/a.rs:4:5\n")?;
//! let index = intake.finish()?;
//!
//! let mut cache = Cursor::new(cache); // later: the file
//! let first = log::first_error(&index, &mut cache)?.expect("an error");
//! assert_eq!((first.line, first.row), (1, Some(4)));
//! let fold = Fold::at_error(&index, Some(first.line));
//! assert_eq!(fold.visible_lines(), 3);
//! let lines = log::window(&index, &mut cache, 0..3)?;
//! assert_eq!(lines[1].text(), "error[E0308]: mismatched types");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Lines count from 0 here; people count from 1.

mod ansi;
mod block;
mod errors;
mod failing;
mod fold;
mod growing;
mod index;
mod intake;
mod lines;
mod lineset;
mod marks;
mod output;
mod patterns;
mod prefix;
mod raw;
mod scan;
mod search;
mod secrets;
mod section;
mod signature;
mod window;

#[cfg(test)]
mod tests;

pub use crate::log::ansi::{Color, Sgr, Span};
pub use crate::log::errors::{
    Confidence, Hit, LogError, MAX_HITS, error_place, errors, first_error, next_error,
    previous_error,
};
pub use crate::log::failing::{FailedTest, MAX_TESTS, failed_tests};
pub use crate::log::fold::Fold;
pub use crate::log::growing::{Growing, Grows};
pub use crate::log::index::{Content, Counts, Index};
pub use crate::log::intake::{Intake, MAX_BYTES};
pub use crate::log::lineset::LineSet;
pub use crate::log::marks::Mark;
pub use crate::log::output::output_line;
pub use crate::log::patterns::ErrorKind;
pub use crate::log::search::{Hides, Matches, Query, QueryError};
pub use crate::log::section::{MAX_SECTIONS, Section, SectionKind};
pub use crate::log::signature::Signature;
pub use crate::log::window::{LogLine, MAX_WINDOW, conceal, is_concealed, line_at_time, window};
