//! `ringtrace report`: asks the running server and prints its answer.

mod args;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;

use crate::cli::CliError;
use crate::cli::client::Client;
use crate::report::model::Report;
use crate::report::render::{RenderOptions, render};
use crate::report::table::{analysis, table};

pub use args::{ReportArgs, ReportFormat, ReportName};

impl Client {
    /// A report from one day to another, both included, as a table.
    pub async fn table(&self, name: ReportName, from: Date, to: Date) -> Result<String, CliError> {
        let days = [("from", from.to_string()), ("to", to.to_string())];
        self.report(name, &days, &screen()).await
    }

    async fn report(
        &self,
        name: ReportName,
        query: &[(&str, String)],
        screen: &RenderOptions,
    ) -> Result<String, CliError> {
        let path = name.route();
        let text = self.get(&path, query).await?;
        let failed = |why: String| CliError::Server { url: self.url(&path), why };
        let unreadable = |e: serde_json::Error| failed(format!("the answer is not a report: {e}"));
        if ReportName::ALL.contains(&name) {
            let report: Report = serde_json::from_str(&text).map_err(unreadable)?;
            return Ok(render(&report, screen));
        }
        let answer: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
        let told = table(&answer, screen).or_else(|| analysis(&answer, screen));
        told.ok_or_else(|| failed("the answer is not a report".to_owned()))
    }
}

/// As wide as the terminal, and plain where there is none.
fn screen() -> RenderOptions {
    let default = RenderOptions::default();
    if !io::stdout().is_terminal() {
        return RenderOptions { plain: true, ..default };
    }
    let width = console::Term::stdout().size_checked().map_or(default.width, |(_, width)| width);
    RenderOptions { width, ..default }
}

/// Prints one report, or the same one again and again.
pub async fn run(args: ReportArgs) -> Result<(), CliError> {
    if let Some(why) = args.obstacle(io::stdout().is_terminal()) {
        return Err(CliError::Stream(io::Error::new(io::ErrorKind::InvalidInput, why)));
    }
    let (watch, file) = (args.watch, args.file().map(Path::to_path_buf));
    let mut screen = screen();
    screen.plain |= file.is_some();
    screen.max_rows = args.limit.map_or(screen.max_rows, |limit| limit as usize);
    let (name, format, client) = (args.name, args.format, args.server.client()?);
    let asking = Asking { client, name, format, screen, query: args.query() };
    match (file, watch) {
        (Some(file), _) => asking.save(&file).await,
        (None, Some(seconds)) => Err(asking.watch(seconds).await),
        (None, None) => asking.write(&mut io::stdout().lock()).await,
    }
}

/// A report that is asked of a server.
struct Asking {
    client: Client,
    name: ReportName,
    format: ReportFormat,
    screen: RenderOptions,
    query: Vec<(&'static str, String)>,
}

impl Asking {
    async fn text(&self) -> Result<String, CliError> {
        let text = match self.format {
            ReportFormat::Table => self.client.report(self.name, &self.query, &self.screen).await?,
            _ => self.client.get(&self.name.route(), &self.query).await?,
        };
        Ok(text.trim_end().to_owned())
    }

    async fn write(&self, to: &mut dyn Write) -> Result<(), CliError> {
        if self.format.is_binary() {
            return self.client.download(&self.name.route(), &self.query, to).await;
        }
        let text = self.text().await?;
        writeln!(to, "{text}").map_err(CliError::Stream)
    }

    /// Whoever sees the file sees all of it.
    async fn save(&self, path: &Path) -> Result<(), CliError> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut file = File::create(&part).map_err(CliError::Stream)?;
        if let Err(error) = self.write(&mut file).await {
            // The error says what is wrong; a rest of a file would be one thing more.
            _ = std::fs::remove_file(&part);
            return Err(error);
        }
        let bytes = part.metadata().map_err(CliError::Stream)?.len();
        std::fs::rename(&part, path).map_err(CliError::Stream)?;
        println!("{}: {bytes} bytes", path.display());
        Ok(())
    }

    /// Goes on whatever happens; only a question that is refused at once ends it.
    async fn watch(&self, seconds: u64) -> CliError {
        let terminal = console::Term::stdout();
        let mut was_answered = false;
        loop {
            match self.text().await {
                Ok(text) => {
                    if terminal.is_term() {
                        // A terminal that cannot be cleared shows one report under the other.
                        _ = terminal.clear_screen();
                    }
                    println!("{text}");
                    was_answered = true;
                }
                Err(error) if !was_answered && is_refusal(&error) => return error,
                Err(error) => eprintln!("ringtrace: {error}; asking again in {seconds} s"),
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }
}

/// Whether the server does not take the question, however often it is asked.
fn is_refusal(error: &CliError) -> bool {
    let refusals = ["400 ", "401 ", "403 ", "404 "];
    matches!(error, CliError::Server { why, .. } if refusals.iter().any(|status| why.starts_with(status)))
}
