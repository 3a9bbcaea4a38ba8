//! What tests share: a forge, a pseudo-terminal, an environment of their own.

pub(crate) mod env;
pub(crate) mod fault;
pub(crate) mod follow;
pub(crate) mod ground;
pub(crate) mod pty;
