//! What is stored of people, and that it can be forgotten: proven on the bytes.

mod erase;
mod no_pii;
mod on_clickhouse;
mod retention;
mod sealed;
mod table;
mod world;
