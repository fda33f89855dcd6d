//! `ringtrace init`: a first configuration from five answers, given as options or to questions.

use std::fs::OpenOptions;
use std::io::{self, BufRead, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use url::Url;

use crate::cli::CliError;
use crate::config::check::check;
use crate::config::complaint::Severity;
use crate::config::load::load_text;
use crate::platform::phone::PhoneNumber;

/// What is written, open where the answers go.
const TEMPLATE: &str = include_str!("init.toml");

/// Options of `init`. What is not told is asked for.
#[derive(Clone, Debug, Args)]
pub struct InitArgs {
    /// The file to make.
    #[arg(long, default_value = "ringtrace.toml", value_name = "PATH")]
    config: PathBuf,
    /// The website whose calls are to be traced, such as https://www.example.com.
    #[arg(long, value_name = "URL")]
    website: Option<String>,
    /// The business number that stands on its pages and gets the calls, such as +14155550100.
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    /// A tracking number; may be given several times.
    #[arg(long = "tracking-number", value_name = "NUMBER")]
    tracking_numbers: Vec<String>,
    /// The IANA time zone of the business, such as America/New_York.
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Where the world reaches this service, such as https://calls.example.com.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// The folder in which everything is kept, such as /var/lib/ringtrace.
    #[arg(long, default_value = "ringtrace-data", value_name = "PATH")]
    data_folder: String,
}

/// Makes the file; an existing one stays.
pub(super) fn run(args: &InitArgs) -> Result<(), CliError> {
    let (mut lines, told) = (io::stdin().lock().lines(), io::stderr());
    let asks = io::stdin().is_terminal();
    let mut ask = |question: &str, option: &str| -> Result<String, CliError> {
        let missing = || CliError::Init(format!("--{option} is missing, and nobody can be asked"));
        if !asks {
            return Err(missing());
        }
        write!(told.lock(), "{question}: ").map_err(CliError::Stream)?;
        let line = lines.next().ok_or_else(missing)?.map_err(CliError::Stream)?;
        Ok(line.trim().to_owned())
    };
    let given = |value: &Option<String>| value.clone();
    let website = match given(&args.website) {
        Some(told) => told,
        None => ask("Website whose calls are to be traced (https://www.example.com)", "website")?,
    };
    let number = match given(&args.number) {
        Some(told) => told,
        None => ask("Business number that stands on its pages (+14155550100)", "number")?,
    };
    let tracking = match args.tracking_numbers.is_empty() {
        false => args.tracking_numbers.clone(),
        true => {
            let told = ask("Tracking numbers, separated by spaces", "tracking-number")?;
            told.split([' ', ',']).filter(|n| !n.is_empty()).map(str::to_owned).collect()
        }
    };
    let time_zone = match given(&args.time_zone) {
        Some(told) => told,
        None => ask("Time zone of the business (America/New_York)", "time-zone")?,
    };
    let public_url = match given(&args.public_url) {
        Some(told) => told,
        None => {
            ask("Where the world reaches this service (https://calls.example.com)", "public-url")?
        }
    };
    let text = written(&website, &number, &tracking, &time_zone, &public_url, &args.data_folder)?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.config);
    let path = args.config.display();
    let mut file =
        opened.map_err(|error| CliError::Init(format!("cannot make {path}: {error}")))?;
    file.write_all(text.as_bytes()).map_err(CliError::Stream)?;
    println!(
        "{path} is made. Next:\n\n\
         \x20   ringtrace check --config {path}\n\
         \x20   ringtrace key new --config {path} --name me --scope admin\n\
         \x20   ringtrace serve --config {path}\n\
         \x20   ringtrace snippet --config {path}\n\n\
         It has a place for your telephony provider (docs/telephony.md). Only you may read it:\n\
         docs/OPERATIONS.md, Install it, has the commands that let a service do so, too."
    );
    Ok(())
}

/// The configuration that the answers make. Wrong ones are told all at once.
fn written(
    website: &str,
    number: &str,
    tracking: &[String],
    time_zone: &str,
    public_url: &str,
    data_folder: &str,
) -> Result<String, CliError> {
    let mut wrong = Vec::new();
    let phone = |text: &str| PhoneNumber::parse_loose(text, None);
    let host = match Url::parse(website) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url.host_str().map(str::to_owned),
        _ => None,
    };
    if host.is_none() {
        wrong.push(format!("`{website}` is no website such as https://www.example.com"));
    }
    let main = phone(number);
    if main.is_none() {
        wrong.push(format!("`{number}` is no number such as +14155550100"));
    }
    let pool: Vec<Option<PhoneNumber>> = tracking.iter().map(|text| phone(text)).collect();
    let unreadable = tracking.iter().zip(&pool).filter(|(_, read)| read.is_none());
    wrong.extend(unreadable.map(|(text, _)| format!("`{text}` is no number such as +14155550199")));
    let (Some(host), Some(main), true) = (host, main, wrong.is_empty()) else {
        return Err(CliError::Init(wrong.join("\n")));
    };
    let origin = Url::parse(website).map(|url| url.origin().ascii_serialization());
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let numbers: Vec<String> = pool.iter().flatten().map(|n| quoted(n.as_str())).collect();
    let id: String = host.trim_start_matches("www.").split('.').next().unwrap_or("site").to_owned();
    let random: [u8; 12] = rand::random();
    let text = TEMPLATE
        .replace("@data_folder", &quoted(data_folder))
        .replace("@public_url", &quoted(public_url.trim_end_matches('/')))
        .replace("@site", &quoted(&id))
        .replace("@name", &quoted(&host))
        .replace("@key", &quoted(&format!("pk_{}", hex::encode(random))))
        .replace("@origin", &quoted(&origin.unwrap_or_default()))
        .replace("@time_zone", &quoted(time_zone))
        .replace("@tracking", &numbers.join(", "))
        .replace("@number", &quoted(main.as_str()));
    let config = load_text("the new configuration", &text)
        .map_err(|error| CliError::Init(error.to_string()))?;
    let complaints = check(&config);
    let errors = complaints.iter().filter(|complaint| complaint.severity == Severity::Error);
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    if errors.is_empty() { Ok(text) } else { Err(CliError::Init(errors.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(
        website: &str,
        number: &str,
        tracking: &[&str],
        zone: &str,
        url: &str,
    ) -> Result<String, String> {
        let tracking: Vec<String> = tracking.iter().map(|n| (*n).to_owned()).collect();
        let folder = "/var/lib/ringtrace";
        written(website, number, &tracking, zone, url, folder).map_err(|error| error.to_string())
    }

    #[test]
    fn five_answers_make_a_configuration_that_the_check_accepts() {
        for (website, origin) in [
            ("https://www.example.com", "https://www.example.com"),
            ("https://example.co.uk/contact?x=1", "https://example.co.uk"),
            ("http://xn--mller-kva.example:8080/", "http://xn--mller-kva.example:8080"),
        ] {
            let tracking = ["+14155550199", "+1 415 555 0198"];
            let text = answers(
                website,
                "+14155550100",
                &tracking,
                "Europe/Berlin",
                "https://calls.example.com/",
            );
            let text = text.unwrap_or_else(|why| panic!("{website}: {why}"));
            let config = load_text("it", &text).expect("it is read");
            let site = &config.sites[0];
            assert_eq!(site.origins, [origin]);
            assert_eq!(site.pools[0].numbers.len(), 2);
            assert_eq!(config.server.public_url, "https://calls.example.com");
            assert_eq!(config.data_folder, std::path::Path::new("/var/lib/ringtrace"));
            assert!(!text.contains('@'), "an answer is missing: {text}");
        }
    }

    #[test]
    fn wrong_answers_are_told_at_once_and_cannot_write_configuration() {
        let wrong = answers("example", "12", &["x"], "UTC", "https://c.example").unwrap_err();
        for part in ["`example`", "`12`", "`x`"] {
            assert!(wrong.contains(part), "{wrong}");
        }
        let good = |zone: &str, url: &str| {
            answers("https://www.example.com", "+14155550100", &["+14155550199"], zone, url)
        };
        assert!(
            good("Mars/Olympus", "https://calls.example.com").unwrap_err().contains("time_zone")
        );
        assert!(good("UTC", "calls").unwrap_err().contains("public_url"));
        assert!(good("UTC\"\n[x]\ny=\"", "https://calls.example.com").is_err());
    }
}
