//! An answer in the formats that it is asked for.
//!
//! In: an [`Answer`](super::answer::Answer). Out: chunks of bytes, so that a long answer is never in memory twice.

pub mod arrow;
pub mod flat;
pub mod json;
pub mod parquet;
pub mod text;

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    #[default]
    Json,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line for each row.
    Ndjson,
    /// A Parquet file.
    Parquet,
    /// An Arrow IPC stream.
    Arrow,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] =
        [Format::Json, Format::Csv, Format::Ndjson, Format::Parquet, Format::Arrow];

    /// The word in a question, and at the end of a file's name.
    pub fn word(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Ndjson => "application/x-ndjson",
            Format::Parquet => "application/vnd.apache.parquet",
            Format::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    /// The format with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The format that an `Accept` header asks for first.
    pub fn accepted(accept: &str) -> Option<Self> {
        let wanted = accept.split(',').filter_map(|part| part.split(';').next()).map(str::trim);
        let named = |format: &Format| format.media_type().split(';').next();
        wanted.filter_map(|one| Format::ALL.into_iter().find(|f| named(f) == Some(one))).next()
    }

    /// Whether it is a file with all rows, not a page.
    pub fn is_file(self) -> bool {
        self != Format::Json
    }
}
