//! What tests share: a forge, a pseudo-terminal, an environment of their own.

pub mod env;
pub mod pty;
