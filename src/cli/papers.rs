//! `ringtrace man` and `ringtrace completions`: what the command line says of itself.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::{Cli, CliError};

/// Options of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArgs {
    /// A folder to write a page for every command into; without it, the main page is printed.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// Options of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell.
    shell: Shell,
}

/// Prints the manual, or writes all its pages.
pub(super) fn man(args: &ManArgs) -> Result<(), CliError> {
    let command = Cli::command();
    match &args.folder {
        None => Man::new(command).render(&mut io::stdout().lock()).map_err(CliError::Stream),
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(CliError::Stream)?;
            clap_mangen::generate_to(command, folder).map_err(CliError::Stream)
        }
    }
}

/// Prints what makes the shell complete commands and options.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ringtrace", &mut text);
    io::stdout().lock().write_all(&text).map_err(CliError::Stream)
}
