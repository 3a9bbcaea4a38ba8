//! Keeps the truth: takes what sources say, stores it, makes the board from it.
//!
//! `update`, `store`, `snapshot`, `schedule` and `budget` are pure; `poller`,
//! `handle` and `db` are where tasks and files are.

pub mod snapshot;
