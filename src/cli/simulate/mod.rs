//! `ringtrace simulate`: a synthetic trace of visits and calls, drawn from stated assumptions, for
//! `ringtrace replay`.
//!
//! In: assumptions (`options`) and a seed. Out: the lines of a trace in time order (`author`), each
//! call with its truth. `arrivals` draws when visits begin, `visits` what a visitor does, `calls` who
//! calls when.
//!
//! Always: the same assumptions and seed give the same trace, byte for byte.

mod arrivals;
mod author;
mod calls;
mod options;
mod visits;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::cli::CliError;
pub use author::simulate;
pub use options::{Delays, Mixed, SimulateArgs};

/// Writes the trace that `args` ask for.
pub fn run(args: &SimulateArgs) -> Result<(), CliError> {
    let cannot = |error: io::Error| {
        CliError::Simulate(format!("cannot write {}: {error}", args.out.display()))
    };
    args.check().map_err(CliError::Simulate)?;
    let mut out: Box<dyn Write> = if args.out == Path::new("-") {
        Box::new(BufWriter::new(io::stdout()))
    } else {
        Box::new(BufWriter::new(File::create(&args.out).map_err(cannot)?))
    };
    let told = simulate(args, &mut out).and_then(|told| out.flush().map(|()| told));
    let told = told.map_err(cannot)?;
    eprintln!("{} visits, {} calls, {} wrong numbers", told.visits, told.calls, told.wrong_numbers);
    Ok(())
}

#[cfg(test)]
mod tests;
