//! How a message is read, and how far a stream may be trimmed. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ledger::model::{ENVELOPE_VERSION, Entry, EntryId, Envelope, Message};

/// Why a message cannot be read; it goes to the dead-letter stream with these words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The message has no envelope field.
    #[error("the message has no envelope")]
    NoEnvelope,
    /// The envelope is not UTF-8.
    #[error("the envelope is not UTF-8")]
    NotText,
    /// A newer program wrote it.
    #[error("envelope version {found}, and this program reads up to {ENVELOPE_VERSION}")]
    Newer {
        /// The version that was found.
        found: u16,
    },
    /// It is not an envelope.
    #[error("{0}")]
    Malformed(String),
}

/// Only the version, of what cannot be read otherwise.
#[derive(Deserialize)]
struct VersionOnly {
    v: u16,
}

/// Reads a message, which holds one envelope or several; also gives the text of each as one line, the
/// form that segments keep.
pub fn read(message: &Message) -> Result<Vec<(Entry, String)>, Unreadable> {
    let bytes = message.text.as_deref().ok_or(Unreadable::NoEnvelope)?;
    let text = str::from_utf8(bytes).map_err(|_| Unreadable::NotText)?;
    let texts = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let entries = texts.map(|text| {
        let text = text.map_err(malformed)?.get();
        let envelope = read_one(text)?;
        // In JSON a raw line break can only be white space between tokens.
        Ok((Entry { id: message.id, envelope }, text.replace(['\n', '\r'], " ")))
    });
    let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
    if entries.is_empty() { Err(Unreadable::NoEnvelope) } else { Ok(entries) }
}

fn read_one(text: &str) -> Result<Envelope, Unreadable> {
    match serde_json::from_str::<Envelope>(text) {
        Ok(envelope) if envelope.v <= ENVELOPE_VERSION => Ok(envelope),
        Ok(Envelope { v, .. }) => Err(Unreadable::Newer { found: v }),
        // The shape of a newer one may be another.
        Err(error) => match serde_json::from_str(text) {
            Ok(VersionOnly { v }) if v > ENVELOPE_VERSION => Err(Unreadable::Newer { found: v }),
            _ => Err(malformed(error)),
        },
    }
}

fn malformed(error: serde_json::Error) -> Unreadable {
    Unreadable::Malformed(error.to_string())
}

/// How far one consumer group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPosition {
    /// The last entry that was delivered to anybody in the group.
    pub delivered: EntryId,
    /// The oldest entry that was delivered and not acknowledged.
    pub oldest_pending: Option<EntryId>,
}

/// Entries below this are not needed by any group; `None` when there is no group to ask.
/// The last acknowledged entry itself is kept: it costs nothing and shows where the stream stood.
pub fn trim_before(groups: &[GroupPosition]) -> Option<EntryId> {
    let needed = |group: &GroupPosition| {
        group.oldest_pending.map_or(group.delivered, |oldest| oldest.min(group.delivered))
    };
    groups.iter().map(needed).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> EntryId {
        text.parse().expect("an entry id")
    }

    fn message(text: &str) -> Message {
        Message { id: id("5-1"), text: Some(text.as_bytes().to_vec()) }
    }

    #[test]
    fn ids_are_ordered_as_numbers_not_as_text() {
        assert!(id("9-0") < id("10-0"));
        assert!(id("10-2") < id("10-10"));
        assert_eq!(id("10-2").to_string(), "10-2");
        for bad in ["", "1", "1-", "-1", "a-1", "1-2-3"] {
            assert!(bad.parse::<EntryId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let nothing = Message { id: id("5-1"), text: None };
        assert_eq!(read(&nothing), Err(Unreadable::NoEnvelope));
        let binary = Message { id: id("5-1"), text: Some(vec![0xff, 0xfe]) };
        assert_eq!(read(&binary), Err(Unreadable::NotText));
        assert_eq!(read(&message(r#"{"v":9,"whatever":[]}"#)), Err(Unreadable::Newer { found: 9 }));
        assert!(matches!(read(&message("{")), Err(Unreadable::Malformed(_))));
        let unknown_kind = r#"{"v":1,"site":"a","at":1,"id":"x","kind":"cost2","body":{}}"#;
        assert!(matches!(read(&message(unknown_kind)), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn an_envelope_becomes_one_line_without_changing_its_meaning() {
        let written = "{\"v\":1,\n\"site\":\"a\",\"at\":1,\"id\":\"x\",\"kind\":\"lease\",\
                       \"body\":{\"session\":\"0190a5b8e4f07cc3a1b2c3d4e5f60718\",\"site\":\"a\",\
                       \"pool\":\"p\",\"tier\":\"original\"}}";
        let mut all = read(&message(written)).expect("readable");
        let (entry, line) = all.remove(0);
        assert!(all.is_empty() && !line.contains('\n'));
        assert_eq!(serde_json::from_str::<Envelope>(&line).expect("readable"), entry.envelope);
    }

    #[test]
    fn a_message_may_hold_several_envelopes_and_is_read_as_a_whole() {
        let lease = |id: &str| {
            format!(
                r#"{{"v":1,"site":"a","at":1,"id":"{id}","kind":"lease","body":{{"session":
                "0190a5b8e4f07cc3a1b2c3d4e5f60718","site":"a","pool":"p","tier":"original"}}}}"#
            )
        };
        let both = read(&message(&format!("{}\n{}", lease("x"), lease("y")))).expect("readable");
        let ids = both.iter().map(|(entry, _)| (entry.id, entry.envelope.id.as_str()));
        assert_eq!(ids.collect::<Vec<_>>(), [(id("5-1"), "x"), (id("5-1"), "y")]);
        let half = read(&message(&format!("{}\n{{", lease("x"))));
        assert!(matches!(half, Err(Unreadable::Malformed(_))));
        assert_eq!(read(&message(" ")), Err(Unreadable::NoEnvelope));
    }

    #[test]
    fn a_stream_is_trimmed_only_to_what_the_slowest_group_acknowledged() {
        let at = |delivered: &str, oldest: Option<&str>| GroupPosition {
            delivered: id(delivered),
            oldest_pending: oldest.map(id),
        };
        assert_eq!(trim_before(&[]), None);
        assert_eq!(trim_before(&[at("9-0", None)]), Some(id("9-0")));
        assert_eq!(trim_before(&[at("9-0", Some("4-1")), at("7-0", None)]), Some(id("4-1")));
        assert_eq!(trim_before(&[at("0-0", None), at("7-0", None)]), Some(EntryId::default()));
    }
}
