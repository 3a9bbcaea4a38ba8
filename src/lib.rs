//! cycleboard: a terminal board of a team's whole delivery cycle.
//!
//! The crate is built in layers. Each layer may name only those above it in
//! this list; a test (`tests/it/tidy.rs`) holds it to that.
//!
//! * [`domain`]: what work is. Pure: no I/O, no clock, no colour.
//! * [`log`]: raw logs of jobs to lines, sections, errors, failing tests.
//! * [`config`]: text to checked settings.
//! * [`sources`]: remote APIs to facts; the only place that knows wire formats.
//! * [`engine`]: keeps the truth: store, schedule, database.
//! * [`ui`]: snapshot and view state to a frame; key to command to effect.
//! * [`app`]: the shell: command line, loop, terminal, effects.
//! * [`demo`]: a simulated team and the loopback forge that serves it.

pub mod domain;

pub mod log;

pub mod config;

pub mod sources;

pub mod engine;

pub mod ui;

pub mod app;

pub mod demo;
