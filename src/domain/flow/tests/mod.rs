//! Flow against tables of edge cases, laws, and an oracle that shares no code with it.

#![expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "whole hours and small counts are exact"
)]

mod build;
mod cards;
mod changes;
mod deployments;
mod laws;
mod odd;
mod oracle;
mod oracle_cards;
mod oracle_ci;
mod worlds;
