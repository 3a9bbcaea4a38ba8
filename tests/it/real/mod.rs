//! The program against real servers, where there are some.
//!
//! Each test runs where a variable holds the address of a server; `.ci/run` starts
//! the servers and sets them. Elsewhere a test says so and passes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod buildbot;
mod monitors;
