//! The program without a terminal: formats, exit codes, errors.
