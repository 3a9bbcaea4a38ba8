//! Configuration files, good and hostile, through the real program.
