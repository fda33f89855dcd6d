//! What ad platforms answer, and where lists go on.

use ringtrace::config::model::{
    DataManager, DestinationKind, Ga4, GoogleAds, LinkedIn, MicrosoftAds, Pixel, UrlTarget,
    WebhookTarget, X,
};
use ringtrace::platform::cursor::Cursor;
use ringtrace::postback::client::Answer;
use ringtrace::postback::log::Position;

use super::choose;

/// Rows of the requests that are answered.
const ROWS: usize = 3;

const STATUSES: [u16; 12] = [200, 202, 207, 400, 401, 403, 404, 409, 410, 422, 429, 503];

/// A destination of every kind.
fn kinds() -> [DestinationKind; 17] {
    [
        DestinationKind::Url(UrlTarget::default()),
        DestinationKind::Webhook(WebhookTarget::default()),
        DestinationKind::GoogleDataManager(DataManager::default()),
        DestinationKind::GoogleAds(GoogleAds::default()),
        DestinationKind::Ga4(Ga4::default()),
        DestinationKind::Meta(Pixel::default()),
        DestinationKind::MicrosoftAds(MicrosoftAds::default()),
        DestinationKind::MicrosoftUet(Pixel::default()),
        DestinationKind::Tiktok(Pixel::default()),
        DestinationKind::Linkedin(LinkedIn::default()),
        DestinationKind::Pinterest(Pixel::default()),
        DestinationKind::Snap(Pixel::default()),
        DestinationKind::Reddit(Pixel::default()),
        DestinationKind::X(X::default()),
        DestinationKind::OpenaiAds(Pixel::default()),
        DestinationKind::Quora(Pixel::default()),
        DestinationKind::Nextdoor(Pixel::default()),
    ]
}

/// An answer of any status, as each platform reads it.
pub fn answer(data: &[u8]) {
    let Some((status, body)) = choose(&STATUSES, data) else { return };
    let answer = Answer::new(status, &String::from_utf8_lossy(body));
    for kind in kinds() {
        let _ = kind.platform().classify(&answer, ROWS);
    }
}

/// What a platform says became of a request that it took.
pub fn question(data: &[u8]) {
    let Some((status, body)) = choose(&STATUSES, data) else { return };
    let answer = Answer::new(status, &String::from_utf8_lossy(body));
    for kind in kinds() {
        let _ = kind.platform().classify_question(&answer, &[0, 2, 5_000]);
    }
}

/// Cursors of lists: what can be read is written the same way again.
pub fn cursor(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
    }
    if let Ok(position) = text.parse::<Position>() {
        assert_eq!(position.to_string().parse::<Position>().as_ref(), Ok(&position));
    }
}
