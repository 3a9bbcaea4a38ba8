//! The way of one change: where it is, what it waits for, where it is contained.
