//! The one test binary: whole-program and cross-layer tests.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should say so and stop"
)]

mod act;
mod adapters;
mod board;
mod buildbot;
mod cctray;
mod cli;
mod completions;
mod config;
mod contract;
mod demo;
mod doctor;
mod first;
mod frames;
mod gitea;
mod github;
mod github_past;
mod gitlab;
mod growing;
mod history;
mod http_check;
mod http_json;
mod init;
mod jenkins;
mod keyboard;
mod laws;
mod live;
mod modes;
mod own;
mod pasts;
mod places;
mod plain;
mod real;
mod server;
mod standup;
mod support;
mod tidy;
mod tls;
mod told;
mod triage;
mod triage_adapter;
mod wall;
