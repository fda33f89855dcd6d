//! `ringtrace import`: what other systems know, into the running server.

use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;

use crate::call::import::model::{CallsImported, ImportFormat};
use crate::cli::CliError;
use crate::cli::client::ServerArgs;
use crate::platform::table::{self, Table};

/// Most lines, and about how many bytes, that one request takes along.
const AT_ONCE: usize = 2_000;
const BYTES_AT_ONCE: usize = 512 << 10;

/// What is taken over.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Calls of the past: a CSV as CallRail or CallTrackingMetrics exports it, or with our own column names.
    Calls {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Whose table it is.
        #[arg(long, value_enum, default_value_t)]
        format: ImportFormat,
        /// The site that the calls are of.
        #[arg(long)]
        site: String,
        /// The server.
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// Does it.
pub async fn run(command: ImportCommand) -> Result<(), CliError> {
    let ImportCommand::Calls { file, format, site, server } = command;
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).map_err(CliError::Stream)?;
    } else {
        bytes = std::fs::read(&file).map_err(CliError::Stream)?;
    }
    let bad = |why: String| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    let text = table::text(&bytes, None).map_err(|why| CliError::Stream(bad(why)))?;
    let client = server.client()?;
    let query = vec![("site", site), ("format", format.word().to_owned())];
    let mut sum = CallsImported::default();
    for part in parts(&text).map_err(CliError::Stream)? {
        let answer = client.post_csv_to("/v1/calls/import", &query, part.text).await?;
        let reply: CallsImported = serde_json::from_str(&answer).map_err(|e| CliError::Server {
            url: client.url("/v1/calls/import"),
            why: format!("the answer is not what was asked for: {e}"),
        })?;
        sum.imported += reply.imported;
        sum.known += reply.known;
        for rejected in reply.rejected {
            let line = part.lines.iter().rev().find(|(sent, _)| *sent <= rejected.entry);
            eprintln!(
                "line {}: {}",
                line.map_or(rejected.entry, |(_, line)| *line),
                rejected.reason
            );
            sum.rejected.push(rejected);
        }
    }
    let rejected = sum.rejected.len();
    println!("{} imported, {} known already, {rejected} rejected", sum.imported, sum.known);
    if rejected > 0 { Err(CliError::RejectedLines(rejected)) } else { Ok(()) }
}

/// A part of a table that one request takes, beneath the line of names.
struct Part {
    text: String,
    /// The line of each row here, and in the file.
    lines: Vec<(usize, usize)>,
}

/// Cells may have line breaks, so the rows are read and written anew.
fn parts(text: &str) -> std::io::Result<Vec<Part>> {
    let mut table = Table::new(text);
    let mut rows = table.rows();
    let bad = |why: String| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    let Some(names) = rows.next().transpose().map_err(bad)? else { return Ok(Vec::new()) };
    let mut parts: Vec<Part> = Vec::new();
    let mut next_line = 0;
    for row in rows {
        let row = row.map_err(bad)?;
        let is_full = |part: &Part| part.lines.len() >= AT_ONCE || part.text.len() >= BYTES_AT_ONCE;
        if parts.last().is_none_or(is_full) {
            let text = written(&names.cells)?;
            next_line = 1 + text.matches('\n').count();
            parts.push(Part { text, lines: Vec::new() });
        }
        if let Some(part) = parts.last_mut() {
            let written = written(&row.cells)?;
            part.lines.push((next_line, row.line));
            next_line += written.matches('\n').count();
            part.text.push_str(&written);
        }
    }
    Ok(parts)
}

fn written(cells: &csv::StringRecord) -> std::io::Result<String> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    // It was text before.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_goes_in_parts_that_know_their_lines() {
        let mut text = "started_at;caller;notes\n".to_owned();
        for n in 0..AT_ONCE + 1 {
            text.push_str(&format!("2026-01-01;+1415555{n:04};\"a\nb\"\n"));
        }
        let parts = parts(&text).expect("a table");
        assert_eq!(parts.len(), 2);
        assert!(parts[1].text.starts_with("started_at,caller,notes\n2026-01-01,"));
        assert_eq!(parts[0].lines[..2], [(2, 2), (4, 4)]);
        assert_eq!(parts[1].lines, [(2, 2 + 2 * AT_ONCE)]);
    }
}
