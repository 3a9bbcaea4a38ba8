//! A simulated team, and the loopback forge that serves it.
//!
//! `scenario` decides what happened at any moment of a simulated clock; `forge`
//! answers GitHub's REST and GraphQL from it. Only `app` and tests name this.
