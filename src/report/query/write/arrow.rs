//! An answer as an Arrow IPC stream (<https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format>).

use std::sync::Arc;

use actix_web::web::Bytes;
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use crate::report::query::answer::Answer;
use crate::report::query::write::flat::{Plain, Type, cells, columns};

/// Rows of one record batch.
const AT_ONCE: usize = 8_192;

/// The answer as a stream of record batches.
pub fn stream(answer: &Answer) -> Result<Vec<Bytes>, ArrowError> {
    let columns = columns(answer);
    let field = |(name, kind): &(String, Type)| Field::new(name, data_type(*kind), true);
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    let mut chunks = Vec::new();
    for rows in answer.rows.chunks(AT_ONCE) {
        let rows: Vec<Vec<Plain>> = rows.iter().map(|row| cells(answer, row)).collect();
        let arrays = columns.iter().enumerate().map(|(n, (_, kind))| array(&rows, n, *kind));
        writer.write(&RecordBatch::try_new(schema.clone(), arrays.collect())?)?;
        chunks.push(Bytes::from(std::mem::take(writer.get_mut())));
    }
    writer.finish()?;
    chunks.push(Bytes::from(std::mem::take(writer.get_mut())));
    Ok(chunks)
}

fn data_type(kind: Type) -> DataType {
    match kind {
        Type::Text => DataType::Utf8,
        Type::Whole => DataType::Int64,
        Type::Flag => DataType::Boolean,
        Type::Number => DataType::Float64,
    }
}

fn array(rows: &[Vec<Plain>], column: usize, kind: Type) -> ArrayRef {
    let cells = rows.iter().map(|row| row.get(column).unwrap_or(&Plain::None));
    match kind {
        Type::Text => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
            Plain::Text(text) => Some(text.as_str()),
            _ => None,
        }))),
        Type::Whole => Arc::new(Int64Array::from_iter(cells.map(|cell| match cell {
            Plain::Whole(number) => Some(*number),
            _ => None,
        }))),
        Type::Flag => Arc::new(BooleanArray::from_iter(cells.map(|cell| match cell {
            Plain::Flag(flag) => Some(*flag),
            _ => None,
        }))),
        Type::Number => Arc::new(Float64Array::from_iter(cells.map(|cell| match cell {
            Plain::Number(number) => Some(*number),
            _ => None,
        }))),
    }
}
