//! The program: reads the command line and does what it says.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use ringtrace::cli::{Cli, run};

/// Requests are many small allocations: this takes a sixth of their time off the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    run(Cli::parse())
}
