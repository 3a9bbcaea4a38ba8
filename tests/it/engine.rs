//! Engine, store and several instances, against fake sources.
