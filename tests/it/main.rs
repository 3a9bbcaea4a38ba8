//! The one test binary: whole-program and cross-layer tests.

mod adapters;
mod board;
mod cli;
mod config;
mod demo;
mod engine;
mod laws;
mod support;
mod tidy;
