//! The demo forge as other clients see it.
