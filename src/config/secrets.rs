//! Secrets that stand in files of their own: `auth_token_file = "twilio-token"` instead of
//! `auth_token = "…"`, as container platforms and service managers hand them over.
//!
//! A relative path belongs to the folder of the configuration file that names it; one from the
//! environment, to the working directory. One newline at the end is not part of the secret.

use figment::value::{Dict, Value};

use crate::config::complaint::Complaint;
use crate::config::inspect::{child, complaint};
use crate::config::layers::{Layers, read_bounded};
use crate::config::schema::{FILE_SUFFIX, Key, Shape};

/// Largest file with a secret, in bytes.
const LARGEST_SECRET: u64 = 64 << 10;

/// Puts the secret of every `…_file` key among `keys` of `table` under the key itself.
pub fn resolve(
    table: &mut Dict,
    keys: &[Key],
    table_path: &str,
    layers: &Layers,
    out: &mut Vec<Complaint>,
) {
    for key in keys.iter().filter(|key| matches!(key.shape, Shape::Secret)) {
        let file_key = format!("{}{FILE_SUFFIX}", key.name);
        let Some(named) = table.get(&file_key) else { continue };
        let tag = named.tag();
        let mut complain = |message: String| {
            out.push(complaint(&child(table_path, &file_key), layers.origin(tag), message));
        };
        let Some(file) = named.as_str().filter(|file| !file.is_empty()) else {
            complain("expected the path of a file in quotes".to_owned());
            continue;
        };
        if table.get(key.name).is_some_and(|given| given.as_str() != Some("")) {
            complain(format!("both `{}` and `{file_key}` are set; keep one", key.name));
            continue;
        }
        let path = layers.folder(tag).join(file);
        let shown = path.display();
        match read_bounded(&path, LARGEST_SECRET) {
            Ok(text) => {
                let secret = text.strip_suffix('\n').unwrap_or(&text);
                let secret = secret.strip_suffix('\r').unwrap_or(secret);
                if secret.is_empty() {
                    complain(format!("the file {shown} is empty"));
                }
                table.insert(key.name.to_owned(), Value::String(tag, secret.to_owned()));
            }
            Err(error) => complain(format!("cannot read the file {shown}: {error}")),
        }
    }
}
