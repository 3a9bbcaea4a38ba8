//! A simulated team, and the loopback forge that serves it.
//!
//! `scenario` decides what happened at any moment of a simulated clock; `forge`
//! answers GitHub's REST and GraphQL from it. Only `app` and tests name this.

use std::sync::Arc;

use crate::domain::Timestamp;

pub mod forge;
pub mod scenario;

/// The speed at which a board is worth looking at: a release day takes 48 minutes, a build a few
/// seconds. The default is real time, so that tests see an unchanged world.
pub const LIVELY: f64 = 30.0;

/// What a configuration file would say of the team: the services of its mono-repo.
pub const BOARD: &str = include_str!("board.toml");

/// Reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is simulated, and where it is served.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Two worlds with the same seed and origin are the same.
    pub seed: u64,
    /// How fast time passes after the origin, 0.01 to 1,000; history is not compressed.
    pub speed: f64,
    /// Number of repositories, 1 to 500.
    pub repos: usize,
    /// Number of cards that the board should show, roughly.
    pub cards: usize,
    /// The port of 127.0.0.1 to listen on; 0 takes any.
    pub port: u16,
    /// When the simulation begins to run ahead of real time; the time of the start if absent.
    ///
    /// A second start with the origin of the first goes on where that one left off.
    pub origin: Option<Timestamp>,
    /// Whether requests must bear [`forge::TOKEN`]; without, strangers may read. A wrong token is
    /// refused either way.
    pub require_token: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 7,
            speed: 1.0,
            repos: 10,
            cards: 300,
            port: 0,
            origin: None,
            require_token: false,
        }
    }
}
