//! Recorded and odd answers, and what becomes of them.
