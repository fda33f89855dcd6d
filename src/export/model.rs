//! What can be exported, and how.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::platform::ids::SiteId;
use crate::report::model::Period;

/// A table of facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    /// Visits.
    Sessions,
    /// Numbers that were given to visits, or could not be.
    Leases,
    /// Calls.
    Calls,
    /// The touches of calls, with their credits.
    Touches,
    /// Forms, chats and the like.
    Leads,
    /// Verdicts of postback attempts.
    Postbacks,
    /// What was spent.
    Costs,
    /// Who was there to take calls.
    Staffing,
}

impl Table {
    /// All of them, in the order of the flow.
    pub const ALL: [Table; 8] = [
        Table::Sessions,
        Table::Leases,
        Table::Calls,
        Table::Touches,
        Table::Leads,
        Table::Postbacks,
        Table::Costs,
        Table::Staffing,
    ];

    /// Its name, in questions and in the warehouse.
    pub fn word(self) -> &'static str {
        match self {
            Table::Sessions => "sessions",
            Table::Leases => "leases",
            Table::Calls => "calls",
            Table::Touches => "touches",
            Table::Leads => "leads",
            Table::Postbacks => "postbacks",
            Table::Costs => "costs",
            Table::Staffing => "staffing",
        }
    }

    /// The table whose rows have a time: touches go with their calls.
    pub fn timed(self) -> Table {
        match self {
            Table::Touches => Table::Calls,
            table => table,
        }
    }

    /// The column with the moment of a row; what is told by the day has none.
    pub fn moment(self) -> Option<&'static str> {
        match self.timed() {
            Table::Leases => Some("granted_at"),
            Table::Leads => Some("created_at"),
            Table::Postbacks => Some("settled_at"),
            Table::Costs | Table::Staffing => None,
            _ => Some("started_at"),
        }
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// Apache Parquet, compressed with zstd.
    #[default]
    Parquet,
    /// Comma-separated values (RFC 4180) in UTF-8, names in the first line.
    Csv,
}

impl FileFormat {
    /// All of them.
    pub const ALL: [FileFormat; 2] = [FileFormat::Parquet, FileFormat::Csv];

    /// The word in a question, and at the end of a file's name.
    pub fn word(self) -> &'static str {
        match self {
            FileFormat::Parquet => "parquet",
            FileFormat::Csv => "csv",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            FileFormat::Parquet => "application/vnd.apache.parquet",
            FileFormat::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Rows of which table.
    pub table: Table,
    /// Of which sites.
    pub sites: Vec<SiteId>,
    /// Of which time; absent: of all.
    pub period: Option<Period>,
    /// In which format.
    pub format: FileFormat,
}
