//! Keeps the truth: takes what sources say, stores it, makes the board from it.
//!
//! `update`, `facts`, `health`, `columns`, `empty`, `doubt`, `told`, `store`, `snapshot`,
//! `schedule`, `backoff`, `budget`, `patience` and `chronicler` are pure; `poller`, `handle`, `supervise`,
//! `teller`, `inquiry`, `follower`, `actions`, `logs` and `db` are where tasks and files are.

mod acted_on;
pub mod actions;
pub mod backoff;
pub mod budget;
pub mod chronicler;
pub mod columns;
pub mod db;
pub mod doubt;
pub mod empty;
pub mod facts;
mod follower;
pub mod handle;
pub mod health;
pub mod index;
pub mod inquiry;
mod lately;
pub mod logs;
mod order;
pub mod patience;
pub mod poller;
mod practice;
pub mod routing;
pub mod schedule;
pub mod sight;
pub mod snapshot;
pub mod store;
pub mod supervise;
mod teller;
pub mod told;
pub mod update;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use handle::{Engine, EngineCommand, Options, Tells, start};
pub use practice::Practice;
pub use teller::Progress;
