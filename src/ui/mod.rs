//! Snapshot and view state to a frame; key to command to effect.
//!
//! No network, no tokio, no file, no clock: `update` and `view` are functions.
