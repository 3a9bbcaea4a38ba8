//! What lies over a view; one file each.

pub(super) mod act;

pub(super) mod actions;

pub(super) mod confirm;

pub(super) mod detail;

pub(super) mod filter;

pub(in crate::ui) mod help;

pub(super) mod messages;

pub(super) mod palette;

pub(super) mod pin;

pub(super) mod search;
