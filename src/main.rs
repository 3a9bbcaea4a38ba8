//! The `cycleboard` program: parse arguments, run, turn the result into an exit code.

fn main() -> std::process::ExitCode {
    cycleboard::app::main()
}
