//! Flow against tables of edge cases, laws, and an oracle that shares no code with it.

mod build;
mod cards;
mod changes;
mod deployments;
mod laws;
mod oracle;
mod oracle_cards;
mod oracle_ci;
mod worlds;
