//! Tables as files: the same rows as the warehouse, in forms that other tools read.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use duckdb::Connection;
use ringtrace::export::model::Table;
use ringtrace::export::store::columns;
use ringtrace::warehouse::removal::Removal;

use super::query::world::{World, bearer, day, site};

async fn ask(world: &World, query: &str, key: &str) -> (StatusCode, Vec<u8>) {
    let path = format!("/v1/export?{query}");
    let request = TestRequest::get().uri(&path).insert_header(bearer(key));
    let (status, body) = world.send(request).await;
    (status, body.to_vec())
}

/// The file that `query` asks for, and an empty database that can read it.
async fn file(world: &World, query: &str) -> (tempfile::TempDir, String, Connection) {
    let (status, body) = ask(world, query, "analyst").await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(if query.contains("csv") { "it.csv" } else { "it.parquet" });
    std::fs::write(&path, body).expect("written");
    let path = path.display().to_string();
    (folder, path, Connection::open_in_memory().expect("a database"))
}

fn one<T: duckdb::types::FromSql>(database: &Connection, text: &str) -> T {
    database.query_row(text, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn two_sites() -> World {
    let world = World::new(&[("shop", "America/New_York"), ("elsewhere", "UTC")]);
    for id in ["shop", "elsewhere"] {
        world.write(&day(&site(id))).await;
    }
    world
}

#[actix_web::test]
async fn every_table_has_its_rows_and_columns_in_every_format() {
    let world = two_sites().await;
    for table in Table::ALL {
        let all = Removal::rows(table.word(), "1 = 1".to_owned());
        let rows = world.warehouse.count(&[all]).await.expect("rows") as i64;
        let columns = columns(&world.warehouse, table).await.expect("columns");
        for format in ["parquet", "csv"] {
            let query = format!("table={}&format={format}", table.word());
            let (_folder, path, database) = file(&world, &query).await;
            assert_eq!(one::<i64>(&database, &format!("SELECT count(*) FROM '{path}'")), rows);
            let names =
                format!("SELECT string_agg(column_name, ',') FROM (DESCRIBE FROM '{path}')");
            let expected: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            assert_eq!(one::<String>(&database, &names), expected.join(","), "{query}");
        }
        // Nobody told a postback here.
        assert!(rows > 0 || table == Table::Postbacks, "{table:?}");
    }
}

#[actix_web::test]
async fn cells_have_types_that_other_tools_know() {
    let world = two_sites().await;
    let (_folder, path, database) = file(&world, "table=calls&site=shop").await;
    let mut statement = database
        .prepare(&format!("SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')"))
        .expect("types");
    let types: BTreeMap<String, String> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows");
    let of = |name: &str| types[name].as_str();
    assert_eq!([of("id"), of("session"), of("caller")], ["VARCHAR"; 3]);
    assert_eq!(of("started_at"), "TIMESTAMP WITH TIME ZONE");
    assert_eq!(
        [of("local_date"), of("value"), of("qualified")],
        ["DATE", "DECIMAL(18,4)", "BOOLEAN"]
    );
    // New York was five hours behind, and the caller `a` is 97 in the world's hashes.
    let booked = format!(
        "SELECT concat(epoch_ms(started_at), ' ', local_hour, ' ', caller, ' ', value) \
         FROM '{path}' WHERE disposition = 'booked' AND qualified"
    );
    let at = "2026-03-02T09:15:00Z".parse::<jiff::Timestamp>().expect("a moment").as_millisecond();
    assert_eq!(one::<String>(&database, &booked), format!("{at} 4 0000000000000061 250.0000"));

    let (_folder, path, _) = file(&world, "table=calls&site=shop&format=csv").await;
    // ClickHouse puts every text in quotes.
    let text = std::fs::read_to_string(path).expect("text").replace('"', "");
    assert!(text.contains("2026-03-02T09:15:00.000Z"), "{text}");
    assert!(text.contains(",+14155550199,"), "a phone number stays one: {text}");
}

#[actix_web::test]
async fn a_period_and_sites_choose_rows_and_touches_go_with_their_calls() {
    let world = two_sites().await;
    let rows = async |query: &str| {
        let (_folder, path, database) = file(&world, query).await;
        one::<i64>(&database, &format!("SELECT count(*) FROM '{path}'"))
    };
    let all = rows("table=calls&site=shop").await;
    assert_eq!(rows("table=calls").await, 2 * all);
    assert_eq!(rows("table=calls&site=shop&from=2026-03-02&to=2026-03-02").await, all);
    assert_eq!(rows("table=calls&site=shop&from=2026-03-03").await, 0);
    assert_eq!(rows("table=calls&site=shop&period=last_7_days").await, 0);
    let morning = "&from=2026-03-02T09:00:00Z&to=2026-03-02T10:00:01Z";
    assert_eq!(rows(&format!("table=calls&site=shop{morning}")).await, 2);
    assert_eq!(rows(&format!("table=touches&site=shop{morning}")).await, 2);
    assert_eq!(rows("table=touches&site=shop&from=2026-03-03").await, 0);
    assert_eq!(rows("table=costs&from=2026-03-02&to=2026-03-02").await, 4);
}

#[actix_web::test]
async fn what_may_not_be_had_is_refused() {
    let world = two_sites().await;
    for (query, key, expected) in [
        ("table=calls", "reader", StatusCode::FORBIDDEN),
        ("table=calls&site=elsewhere", "shop analyst", StatusCode::NOT_FOUND),
        ("table=offsets", "analyst", StatusCode::BAD_REQUEST),
        ("table=call_snapshots", "analyst", StatusCode::BAD_REQUEST),
        ("table=calls&period=someday", "analyst", StatusCode::BAD_REQUEST),
        ("table=costs&from=2026-03-02T09:00:00Z", "analyst", StatusCode::BAD_REQUEST),
        ("", "analyst", StatusCode::BAD_REQUEST),
    ] {
        let (status, body) = ask(&world, query, key).await;
        assert_eq!(status, expected, "{query}: {}", String::from_utf8_lossy(&body));
    }
    let (status, body) = ask(&world, "table=calls&format=csv", "shop analyst").await;
    let text = String::from_utf8(body).expect("text").replace('"', "");
    assert!(status == StatusCode::OK && text.contains(",shop,") && !text.contains(",elsewhere,"));
}

#[actix_web::test]
async fn every_column_is_described() {
    let world = World::new(&[("shop", "UTC")]);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/export.md"))
        .expect("the page");
    for table in Table::ALL {
        let heading = format!("\n## `{}`\n", table.word());
        let (_, after) = page.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
        let section = after.split("\n## ").next().unwrap_or_default();
        let columns = columns(&world.warehouse, table).await.expect("columns");
        for column in columns {
            let name = format!("`{}`", column.name);
            assert!(section.contains(&name), "docs/export.md: {heading} has no {name}");
        }
    }
}
