//! The threads: the caller's draws and takes keys, a few others do the rest and step back for it.
//!
//! What runs on them is not decided here.

use crate::app::exit::Failure;

/// Builds the runtime of a command that prints: nobody draws, and all threads are alike.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    build(|| {})
}

/// Runs a command that prints to its end. What still runs beside it then, such as the look-up of a
/// name, holds nobody up.
pub fn run<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(command);
    runtime.shutdown_background();
    ended
}

/// Builds the runtime of a board: the caller's thread draws, two others do the rest and step back.
pub fn behind_a_screen() -> Result<tokio::runtime::Runtime, Failure> {
    build(step_back)
}

fn build(on_start: fn()) -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("worker")
        .on_thread_start(on_start)
        .enable_all()
        .build()
        .map_err(|error| Failure::error(format!("cannot start threads: {error}")))
}

/// How much less of a busy processor the workers get than the thread that draws: a ninth.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Lets the thread that draws and takes keys go before the one that calls this.
#[cfg(target_os = "linux")]
fn step_back() {
    // Linux means the calling thread by "this process". Refused, it is as it was before.
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// Other systems know no priority of one thread that could be set safely.
#[cfg(not(target_os = "linux"))]
fn step_back() {}
