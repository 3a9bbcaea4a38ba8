//! Snapshot and view state to a frame; key to command to effect.
//!
//! No network, no tokio, no file, no clock: `update` and `view` are functions.
//! A key goes from [`input`] by way of [`keymap`] to a [`command`], [`update`]
//! changes the [`state`] and answers with [`effect`]s, [`view`] paints.

pub mod command;

pub mod keymap;

pub mod key_table;

pub mod chord;

pub mod input;

pub mod state;

mod near;
pub(crate) mod rest;
pub mod rows;
mod scroll;

pub mod tree;

pub mod overlay;

pub mod update;

pub mod effect;

pub mod logs;

pub mod history;

pub mod flow;
pub mod standup;

pub mod own;

pub mod wall;

pub mod place;
pub mod replay;

pub mod slider;

pub mod lanes;
pub mod layout;

pub mod link;

pub mod encode;

pub mod panes;

pub mod view;

pub mod theme;

pub mod glyphs;

pub mod text;

pub mod age;

#[doc(hidden)]
pub mod sample;

#[cfg(test)]
pub(crate) mod testing;
