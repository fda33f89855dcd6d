//! Tables as people have them: CSV of a provider, a CRM or a spreadsheet.

use std::borrow::Cow;

use csv::{Position, ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The text of a table: in the encoding that it begins with (a byte order mark, which is taken off) or that `charset`
/// names, else in UTF-8, else in that of western Europe's spreadsheets (windows-1252, which holds Latin-1). The error is
/// for people.
pub fn text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, String> {
    let encoding = match charset {
        Some(name) => {
            Encoding::for_label(name.as_bytes()).ok_or("its charset is not known: send UTF-8")?
        }
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    let (text, encoding, is_broken) = encoding.decode(bytes);
    if is_broken { Err(format!("it is not in {}", encoding.name())) } else { Ok(text) }
}

/// A table in memory: separated by commas, semicolons or tabs, with or without a byte order mark.
pub struct Table<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
}

/// A row with the line on which it stands, from 1.
pub struct Row {
    /// The line.
    pub line: usize,
    /// Its cells, without white space around them.
    pub cells: StringRecord,
}

impl<'a> Table<'a> {
    /// Opens a table; the separator is the one of its first line.
    pub fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = text.lines().next().unwrap_or_default();
        let separator = [b';', b'\t'].into_iter().find(|s| first.as_bytes().contains(s));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(separator.unwrap_or(b','))
            .from_reader(text.as_bytes());
        Table { text, reader }
    }

    /// Its rows, the first line among them; the error is for people.
    pub fn rows(&mut self) -> impl Iterator<Item = Result<Row, String>> {
        let text = self.text;
        self.reader.records().map(move |cells| {
            let cells = cells.map_err(|e| e.to_string())?;
            let line = cells.position().map_or(0, |at| line_of(text, at));
            Ok(Row { line, cells })
        })
    }
}

/// The reader tells a position before the empty lines above a row.
fn line_of(text: &str, at: &Position) -> usize {
    let behind = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let breaks = behind.iter().take_while(|byte| b"\r\n".contains(byte));
    at.line() as usize + breaks.filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_lines_whatever_separates_them() {
        for text in ["a,b\n\n1, 2 \n3\n", "\u{feff}a;b\r\n\r\n1;2\r\n3\r\n", "a\tb\n\n1\t2\n3"] {
            let mut table = Table::new(text);
            let rows: Vec<Row> = table.rows().map(|row| row.expect("a row")).collect();
            let told: Vec<(usize, Vec<&str>)> =
                rows.iter().map(|row| (row.line, row.cells.iter().collect())).collect();
            assert_eq!(
                told,
                [(1, vec!["a", "b"]), (3, vec!["1", "2"]), (4, vec!["3"])],
                "{text:?}"
            );
        }
    }
}
