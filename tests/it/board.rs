//! The real program in a pseudo-terminal: keys in, screen out.
