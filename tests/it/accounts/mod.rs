//! Accounts at providers, stood in for by servers that behave like their APIs.

mod commands;
mod lists;
mod reconcile;
mod standin;
