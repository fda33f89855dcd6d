//! On which servers tables are, and by which engine: one server, or a cluster. Pure.

use crate::config;

/// Where tables are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The database.
    pub database: String,
    /// The cluster on which tables are made; empty: on the one server.
    pub cluster: String,
    /// Whether replicas have copies of tables.
    pub replicated: bool,
    /// Whether each shard has the sites that fall to it.
    pub distributed: bool,
}

impl Place {
    /// As configured.
    pub fn of(config: &config::model::Warehouse) -> Self {
        Place {
            database: config.database.clone(),
            cluster: config.cluster.clone(),
            replicated: config.replicated,
            distributed: config.distributed,
        }
    }

    /// What makes the database.
    pub fn database(&self) -> String {
        format!("CREATE DATABASE IF NOT EXISTS {}{}", quoted(&self.database), self.on_cluster())
    }

    /// The statements of a step, which are separated by semicolons at ends of lines. In braces stand `on_cluster`, `engine`,
    /// and `local`, which is behind the names of tables that hold rows. Where these are spread over shards, a table
    /// without it follows that asks all of them. All versions of a row, and all that is joined, are of one site, and so
    /// on one shard; what has no site is on the first.
    pub fn statements(&self, step: &str) -> Vec<String> {
        let mut statements = Vec::new();
        for template in step.split(";\n").map(uncommented).filter(|text| !text.is_empty()) {
            let engine = if self.replicated { "Replicated" } else { "" };
            let text = template
                .replace("{on_cluster}", &self.on_cluster())
                .replace("{engine}", &format!("{engine}ReplacingMergeTree"))
                .replace("{local}", if self.distributed { "_local" } else { "" });
            statements.push(text);
            let table = template.split_once("{local}").filter(|_| self.distributed);
            let table = table.and_then(|(before, _)| before.split_whitespace().next_back());
            if let Some(table) = table.filter(|_| template.starts_with("CREATE TABLE")) {
                statements.push(self.spread(table, template.contains("ORDER BY (site,")));
            }
        }
        statements
    }

    /// The table that holds the rows of `table`, on every server that has some.
    pub fn holding(&self, table: &str) -> String {
        let local = if self.distributed { "_local" } else { "" };
        format!("{table}{local}{}", self.on_cluster())
    }

    fn spread(&self, table: &str, by_site: bool) -> String {
        let key = if by_site { "cityHash64(site)" } else { "0" };
        format!(
            "CREATE TABLE IF NOT EXISTS {table}{on_cluster} AS {table}_local \
             ENGINE = Distributed({cluster}, {database}, {table}_local, {key})",
            on_cluster = self.on_cluster(),
            cluster = quoted(&self.cluster),
            database = quoted(&self.database),
        )
    }

    fn on_cluster(&self) -> String {
        match self.cluster.is_empty() {
            true => String::new(),
            false => format!(" ON CLUSTER {}", quoted(&self.cluster)),
        }
    }
}

/// Names are letters, digits and underscores: the configuration's check says so.
fn quoted(name: &str) -> String {
    format!("`{name}`")
}

fn uncommented(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: &str = "-- Two tables; a comment.\n\
        CREATE TABLE IF NOT EXISTS a{local}{on_cluster} (site String, id UUID)\n\
        ENGINE = {engine}(id) ORDER BY (site, id);\n\
        CREATE OR REPLACE VIEW b{on_cluster} AS SELECT 1;\n";

    #[test]
    fn one_server_has_plain_tables() {
        let place = Place { database: "d".to_owned(), ..Place::default() };
        assert_eq!(place.database(), "CREATE DATABASE IF NOT EXISTS `d`");
        assert_eq!(
            place.statements(STEP),
            [
                "CREATE TABLE IF NOT EXISTS a (site String, id UUID)\n\
                 ENGINE = ReplacingMergeTree(id) ORDER BY (site, id)",
                "CREATE OR REPLACE VIEW b AS SELECT 1"
            ]
        );
    }

    #[test]
    fn a_cluster_has_replicas_and_tables_over_them() {
        let place = Place {
            database: "d".to_owned(),
            cluster: "c".to_owned(),
            replicated: true,
            distributed: true,
        };
        assert_eq!(
            place.statements(STEP),
            [
                "CREATE TABLE IF NOT EXISTS a_local ON CLUSTER `c` (site String, id UUID)\n\
                 ENGINE = ReplicatedReplacingMergeTree(id) ORDER BY (site, id)",
                "CREATE TABLE IF NOT EXISTS a ON CLUSTER `c` AS a_local \
                 ENGINE = Distributed(`c`, `d`, a_local, cityHash64(site))",
                "CREATE OR REPLACE VIEW b ON CLUSTER `c` AS SELECT 1"
            ]
        );
    }
}
