//! Answers as files: the same rows in every format.

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use arrow::array::{Array, Float64Array, StringArray};
use arrow::ipc::reader::StreamReader;
use duckdb::Connection;
use serde_json::Value;

use super::world::{World, bearer, day, site};

const PATH: &str = "/v1/reports/query?metrics=calls,completion_rate,average_wait&dimensions=status,first_time&from=2026-03-01&to=2026-03-08&order=-calls";

async fn file(world: &World, format: &str) -> Vec<u8> {
    let path = format!("{PATH}&format={format}");
    let request = TestRequest::get().uri(&path).insert_header(bearer("reader"));
    let (status, body) = world.send(request).await;
    assert_eq!(status, StatusCode::OK);
    body.to_vec()
}

#[actix_web::test]
async fn every_format_has_the_same_rows() {
    let world = World::new(&[("shop", "UTC")]);
    world.write(&day(&site("shop"))).await;
    let json: Value = serde_json::from_slice(&file(&world, "json").await).expect("JSON");
    let rows = json["rows"].as_array().expect("rows");
    let expected: Vec<(String, f64, Option<f64>)> = rows
        .iter()
        .map(|row| {
            let status = row["status"].as_str().expect("a text").to_owned();
            (status, row["calls"].as_f64().expect("a number"), row["average_wait"].as_f64())
        })
        .collect();
    assert!(expected.len() > 4);

    let lines = file(&world, "ndjson").await;
    let lines: Vec<Value> = String::from_utf8(lines)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object"))
        .collect();
    assert_eq!(&lines, rows);

    let text = file(&world, "csv").await;
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let column = |headers: &csv::StringRecord, name: &str| {
        headers.iter().position(|header| header == name).expect("the column")
    };
    let headers = reader.headers().expect("a header").clone();
    let (calls, wait) = (column(&headers, "calls"), column(&headers, "average_wait"));
    let found: Vec<_> = reader
        .records()
        .map(|row| {
            let row = row.expect("a row");
            (row[0].to_owned(), row[calls].parse().expect("a number"), row[wait].parse().ok())
        })
        .collect();
    assert_eq!(found, expected);

    let stream = file(&world, "arrow").await;
    let mut found = Vec::new();
    for batch in StreamReader::try_new(stream.as_slice(), None).expect("a stream") {
        let batch = batch.expect("a batch");
        let number = |name: &str| -> Float64Array {
            let column = batch.column_by_name(name).expect("the column");
            column.as_any().downcast_ref::<Float64Array>().expect("numbers").clone()
        };
        let status = batch.column_by_name("status").expect("the column");
        let status = status.as_any().downcast_ref::<StringArray>().expect("texts");
        let (calls, wait) = (number("calls"), number("average_wait"));
        found.extend((0..batch.num_rows()).map(|n| {
            let wait = (!wait.is_null(n)).then(|| wait.value(n));
            (status.value(n).to_owned(), calls.value(n), wait)
        }));
    }
    assert_eq!(found, expected);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("answer.parquet");
    std::fs::write(&path, file(&world, "parquet").await).expect("written");
    let database = Connection::open_in_memory().expect("a database");
    let text = format!("SELECT status, calls, average_wait FROM '{}'", path.display());
    let mut statement = database.prepare(&text).expect("a statement");
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let found: Result<Vec<_>, _> = found.expect("rows").collect();
    assert_eq!(found.expect("rows"), expected);
}
