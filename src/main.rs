//! The program: reads the command line and does what it says.

use std::process::ExitCode;

use clap::Parser;
use ringtrace::cli::{Cli, run};

fn main() -> ExitCode {
    run(Cli::parse())
}
