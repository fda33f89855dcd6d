//! Leads that Redis no longer keeps, as the warehouse has them: without the number and the name, which it is
//! never told.

use crate::call::archive::{Archive, ArchiveError, Narrow};
use crate::lead::model::Lead;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{LeadId, SessionId, SiteId};
use crate::visit::model::Source;
use crate::warehouse::question::{Question, Row};
use crate::warehouse::rules::UNKNOWN;
use crate::warehouse::store::WarehouseError;

/// At most `limit` leads of `site` from before `before` that come after `cursor`, newest first.
pub async fn page(
    archive: &Archive,
    site: &SiteId,
    before: Millis,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Lead>, ArchiveError> {
    let warehouse = archive.warehouse();
    let id = warehouse.dialect().ordered("id");
    let mut narrow = Narrow::new(warehouse);
    narrow.add("site =", site.to_string());
    narrow.add("created_at <", before.0);
    narrow.after(cursor, "created_at", &id);
    let text = format!(
        "SELECT id::VARCHAR, created_at, kind, session::VARCHAR, source, medium, campaign, channel, \
         landing_host, landing_page FROM leads WHERE {} ORDER BY created_at DESC, {id} DESC LIMIT {limit}",
        narrow.all()
    );
    let rows = warehouse.ask(Question::new("read archived leads", text, narrow.bound)).await?;
    rows.iter().map(|row| stored(row)?.lead(site)).collect()
}

/// A lead as its columns say it.
struct Stored {
    id: String,
    at: i64,
    kind: String,
    session: Option<String>,
    source: Source,
    landing_host: String,
    landing_page: String,
}

fn stored(row: &Row) -> Result<Stored, WarehouseError> {
    Ok(Stored {
        id: row.get(0)?,
        at: row.get(1)?,
        kind: row.get(2)?,
        session: row.get(3)?,
        source: Source {
            source: row.get(4)?,
            medium: row.get(5)?,
            campaign: row.get(6)?,
            channel: row.get(7)?,
            ..Source::default()
        },
        landing_host: row.get(8)?,
        landing_page: row.get(9)?,
    })
}

impl Stored {
    fn lead(self, site: &SiteId) -> Result<Lead, ArchiveError> {
        let unreadable = || ArchiveError::Unreadable("a lead's id".to_owned());
        let id: LeadId = self.id.parse().map_err(|_| unreadable())?;
        let session = self.session.map(|text| text.parse::<SessionId>()).transpose();
        Ok(Lead {
            id,
            site: site.clone(),
            kind: self.kind,
            at: Millis(self.at),
            name: String::new(),
            session: session.map_err(|_| unreadable())?,
            visitor: None,
            caller: None,
            sealed_caller: None,
            caller_hash: None,
            source: (self.source.source != UNKNOWN).then_some(self.source),
            landing_host: self.landing_host,
            landing_page: self.landing_page,
        })
    }
}
