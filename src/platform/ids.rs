//! Identifiers, each a type of its own so that none can be taken for another.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An identifier that came from outside and cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct BadId {
    /// Which identifier was meant, e.g. "site id".
    pub what: &'static str,
    /// What it must look like.
    pub rule: &'static str,
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let fits = !text.is_empty()
                    && text.len() <= $max
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if fits {
                    Ok($name(text.to_owned()))
                } else {
                    Err(BadId {
                        what: $what,
                        rule: concat!("1 to ", stringify!($max), " letters, digits, '-' or '_'"),
                    })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug!(
    /// A site, as the configuration names it.
    SiteId, "site id", 64
);
slug!(
    /// A pool of a site, as the configuration names it.
    PoolId, "pool id", 64
);
slug!(
    /// A route of a site's calls, as the configuration names it. It rides in marks, so it is short.
    RouteId, "route id", 32
);
slug!(
    /// A routing rule of a site, as the configuration names it.
    RuleId, "rule id", 64
);
slug!(
    /// Business hours of a site, as the configuration names them.
    HoursId, "hours id", 64
);
slug!(
    /// A target of a site, as the configuration names it.
    TargetId, "target id", 64
);
slug!(
    /// A postback destination, as the configuration names it.
    DestinationId, "destination id", 64
);
slug!(
    /// Something that somebody wants to hear of, as the configuration names it.
    AlertId, "alert id", 64
);
slug!(
    /// Reports that are sent by the clock, as the configuration names them.
    ScheduleId, "schedule id", 64
);
slug!(
    /// One loaded page; drawn by the snippet.
    PageId, "page id", 40
);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier that sorts by the time it was made (UUID version 7).
            pub fn new() -> Self {
                $name(Uuid::now_v7())
            }

            /// As Redis keeps it: 22 characters of base64url, where the text has 32.
            pub fn short(&self) -> String {
                URL_SAFE_NO_PAD.encode(self.0.as_bytes())
            }

            /// The identifier that [`Self::short`] wrote.
            pub fn from_short(text: &str) -> Option<Self> {
                // The decoder refuses what is not 16 bytes, and takes no text but one for them.
                let mut bytes = [0; 16];
                let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
                (read == bytes.len()).then(|| $name(Uuid::from_bytes(bytes)))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                Uuid::try_parse(text)
                    .map($name)
                    .map_err(|_| BadId { what: $what, rule: "a UUID" })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.simple())
            }
        }
    };
}

uuid_id!(
    /// One visit of one browser.
    SessionId, "session id"
);
uuid_id!(
    /// A browser that consented to be known again.
    VisitorId, "visitor id"
);
uuid_id!(
    /// A call, by our own id.
    CallId, "call id"
);
uuid_id!(
    /// A lead, by our own id.
    LeadId, "lead id"
);

impl LeadId {
    /// The id of the lead that somebody calls `name` on `site`: told again, it is the same.
    pub fn of(site: &SiteId, name: &str) -> Self {
        let name = format!("{site}\nlead\n{name}");
        LeadId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }
}

impl CallId {
    /// The id of the call that `provider` calls `provider_call_id` on `site`: the same words give
    /// the same id (UUID version 5), so that a webhook that comes twice is one call even when
    /// Redis was away the first time.
    pub fn of(site: &SiteId, provider: &str, provider_call_id: &str) -> Self {
        let name = format!("{site}\n{provider}\n{provider_call_id}");
        CallId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }
}
