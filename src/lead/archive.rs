//! Leads that Redis no longer keeps, as the warehouse has them: without the number and the name, which it is
//! never told.

use duckdb::{Connection, Row, params_from_iter};

use crate::call::archive::{Archive, ArchiveError, Value};
use crate::lead::model::Lead;
use crate::platform::clock::Millis;
use crate::platform::cursor::Cursor;
use crate::platform::ids::{LeadId, SessionId, SiteId};
use crate::visit::model::Source;
use crate::warehouse::rules::UNKNOWN;
use crate::warehouse::store::sql;

/// At most `limit` leads of `site` from before `before` that come after `cursor`, newest first.
pub async fn page(
    archive: &Archive,
    site: &SiteId,
    before: Millis,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Lead>, ArchiveError> {
    let mut text = "SELECT id::VARCHAR, created_at, kind, session::VARCHAR, source, medium, campaign, channel, \
                    landing_host, landing_page FROM leads WHERE site = ? AND created_at < ?"
        .to_owned();
    let mut values = vec![Value::Text(site.to_string()), Value::Number(before.0)];
    if let Some(Cursor { at, id }) = cursor {
        text.push_str(" AND (created_at < ? OR (created_at = ? AND id < ?::UUID))");
        values.extend([Value::Number(at.0), Value::Number(at.0), Value::Text(id.to_string())]);
    }
    text.push_str(&format!(" ORDER BY created_at DESC, id DESC LIMIT {limit}"));
    let read = move |reader: &Connection| {
        let failed = sql("read archived leads");
        let mut statement = reader.prepare(&text).map_err(&failed)?;
        let bound = params_from_iter(values.iter().map(Value::as_sql));
        let rows = statement.query_map(bound, row).map_err(&failed)?;
        rows.collect::<Result<Vec<_>, _>>().map_err(&failed)
    };
    let rows = archive.warehouse().read(read).await?;
    rows.into_iter().map(|row| row.lead(site)).collect()
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

fn row(row: &Row<'_>) -> duckdb::Result<Stored> {
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
            caller_hash: None,
            source: (self.source.source != UNKNOWN).then_some(self.source),
            landing_host: self.landing_host,
            landing_page: self.landing_page,
        })
    }
}
