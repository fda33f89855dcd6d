//! Letters by SMTP.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::config::model::Mail;
use crate::platform::tls::install_provider;

/// Longest wait for each answer of the mail server.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a letter was not sent; no address stands in it.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// There is no `[mail]`.
    #[error("`[mail]` is not set")]
    NotSet,
    /// Its address or sender cannot be read.
    #[error("`mail.{0}` cannot be read")]
    Unreadable(&'static str),
    /// An address cannot be read.
    #[error("that is no mail address")]
    Recipient,
    /// A letter that cannot be written down.
    #[error("the letter cannot be written")]
    Letter,
    /// The mail server did not take it.
    #[error("the mail server did not take it{}", .0.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Refused(Option<String>),
}

/// A file that comes with a letter.
#[derive(Clone, Debug)]
pub struct Enclosed {
    /// Its name.
    pub name: String,
    /// CSV.
    pub csv: String,
}

/// A letter to one recipient.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    /// Subject; on one line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// For all others; empty: plain text alone.
    pub html: String,
    /// Files.
    pub enclosed: Vec<Enclosed>,
}

/// Sends letters.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A mailer for the configured server.
    pub fn new(mail: &Mail) -> Result<Self, MailError> {
        if mail.url.is_empty() {
            return Err(MailError::NotSet);
        }
        install_provider();
        let from = mail.from.parse().map_err(|_| MailError::Unreadable("from"))?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(mail.url.reveal());
        let transport = transport.map_err(|_| MailError::Unreadable("url"))?;
        Ok(Mailer { transport: transport.timeout(Some(PATIENCE)).build(), from })
    }

    /// Sends `letter` to the address `to`.
    pub async fn send(&self, to: &str, letter: &Letter) -> Result<(), MailError> {
        let to: Mailbox = to.parse().map_err(|_| MailError::Recipient)?;
        let subject: String = letter.subject.chars().filter(|c| !c.is_control()).collect();
        let message = Message::builder().from(self.from.clone()).to(to).subject(subject);
        let plain = SinglePart::plain(letter.text.clone());
        let body = match letter.html.as_str() {
            "" => MultiPart::mixed().singlepart(plain),
            html => {
                let both = MultiPart::alternative().singlepart(plain);
                MultiPart::mixed().multipart(both.singlepart(SinglePart::html(html.to_owned())))
            }
        };
        let csv = ContentType::parse("text/csv; charset=utf-8").map_err(|_| MailError::Letter)?;
        let body = letter.enclosed.iter().fold(body, |body, file| {
            let file = Attachment::new(file.name.clone()).body(file.csv.clone(), csv.clone());
            body.singlepart(file)
        });
        let message = message.multipart(body).map_err(|_| MailError::Letter)?;
        let sent = self.transport.send(message).await;
        sent.map(|_| ()).map_err(|e| MailError::Refused(e.status().map(|code| code.to_string())))
    }
}

/// Whether `text` is a mail address.
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}
