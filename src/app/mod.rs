//! The shell: command line, loop, terminal, effects, files, environment, logs.

/// Runs the program and returns its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
