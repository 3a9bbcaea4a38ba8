//! The placement table: which stage holds a card, and why.
