//! First-party cookies of advertising and analytics tags → [`AdIds`].
//!
//! None of these formats is a promise of its platform. What does not look as expected is left out,
//! never guessed at: a wrong id in an upload is worse than none.
//!
//! | cookie | form | gives |
//! |---|---|---|
//! | `_ga` | `GA1.1.1162820436.1749482504`, `GA1.2-2.…` | client id: the last two parts |
//! | `_ga_<stream>` | `GS1.1.<session>.<number>.…`, `GS2.1.s<session>$o<number>$…` in any order | session |
//! | `_gcl_aw`, `_gcl_dc`, `_gcl_gb` | `GCL.<seconds>.<id>` | gclid, dclid, wbraid |
//! | `_gcl_ag` | `2.1.k<id>$i<seconds>` | gbraid; the others may have this form too |
//! | `_fbp`, `_fbc` | `fb.<n>.<ms>.<id>` | themselves |
//! | `_uetmsclkid` | `_uet<id>` | msclkid |
//! | `_twclid` | the id, or JSON with `twclid` | twclid |
//! | `cje`, `_aw_m_<n>`, `IR_<n>` and others | the id | click or browser ids |

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::visit::ad_ids::{AdIds, GaSession};
use crate::visit::click_id::is_uploadable;
use crate::visit::model::ClickId;

/// Most sessions of Google Analytics that are kept: a page rarely has more streams.
const GA_SESSIONS_MAX: usize = 4;
/// Longest browser id, in bytes.
const ID_MAX: usize = 255;
/// Longest click id, in bytes; TikTok's are the longest.
const CLICK_ID_MAX: usize = 1000;

/// Reads what is known of `cookies` (name → value as it stands, perhaps percent-encoded). Names that
/// nothing is known of are not looked at.
pub fn read(cookies: &BTreeMap<String, String>) -> AdIds {
    let mut ids = AdIds::default();
    for (name, value) in cookies {
        let value = percent_decode_str(value.trim()).decode_utf8_lossy();
        let value = value.trim_matches('"');
        if let Some(stream) = name.strip_prefix("_ga_") {
            let is_stream = (4..=20).contains(&stream.len())
                && stream.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            if let Some(session) = ga_session(value)
                && is_stream
                && ids.ga_sessions.len() < GA_SESSIONS_MAX
            {
                ids.ga_sessions.insert(stream.to_owned(), session);
            }
        } else if let Some((id, read)) = browser_id(&mut ids, name) {
            *id = read(value).filter(|id| id.len() <= ID_MAX).unwrap_or_default().to_owned();
        } else if let Some((name, id)) = click_id(name, value) {
            let is_known = ids.click_ids.iter().any(|click| click.name == name);
            if !is_known && id.len() <= CLICK_ID_MAX && is_uploadable(name, id) {
                let (name, value) = (name.to_owned(), id.to_owned());
                ids.click_ids.push(ClickId { name, value });
            }
        }
    }
    ids
}

/// How the id is found in a cookie's value.
type Reader = for<'v> fn(&'v str) -> Option<&'v str>;

fn browser_id<'i>(ids: &'i mut AdIds, cookie: &str) -> Option<(&'i mut String, Reader)> {
    Some(match cookie {
        "_ga" => (&mut ids.ga_client, ga_client),
        "_fbp" => (&mut ids.fbp, meta),
        "_fbc" => (&mut ids.fbc, meta),
        "_ttp" => (&mut ids.ttp, plain),
        "_uetvid" => (&mut ids.uet_visitor, plain),
        "_scid" => (&mut ids.snap_visitor, plain),
        "_rdt_uuid" => (&mut ids.reddit_visitor, plain),
        "_ym_uid" => (&mut ids.yandex_client, digits),
        _ => return None,
    })
}

/// The name of the click id that a cookie keeps, and its value.
fn click_id<'v>(cookie: &str, value: &'v str) -> Option<(&'static str, &'v str)> {
    Some(match cookie {
        "_gcl_aw" => ("gclid", google(value)?),
        "_gcl_gb" => ("wbraid", google(value)?),
        "_gcl_ag" => ("gbraid", google(value)?),
        "_gcl_dc" => ("dclid", google(value)?),
        "_uetmsclkid" => ("msclkid", value.strip_prefix("_uet")?),
        "ttclid" => ("ttclid", value),
        "li_fat_id" => ("li_fat_id", value),
        "_twclid" => ("twclid", twitter(value)?),
        "_scclid" => ("sccid", value),
        "_rdt_cid" => ("rdt_cid", value),
        "_epik" => ("epik", value),
        "__oppref" => ("oppref", value),
        "cje" => ("cjevent", value),
        // `<advertiser>_<seconds>_<hash>`
        _ if cookie.starts_with("_aw_") => ("awc", value.split_once('_').and(Some(value))?),
        _ if cookie.starts_with("IR_") => ("irclickid", impact(value)?),
        _ => return None,
    })
}

/// `GA1.1.1162820436.1749482504` → `1162820436.1749482504`
fn ga_client(value: &str) -> Option<&str> {
    let rest = value.strip_prefix("GA1.")?;
    let (_, client) = rest.split_once('.')?;
    let (random, second) = client.split_once('.')?;
    (digits(random).is_some() && digits(second).is_some()).then_some(client)
}

fn ga_session(value: &str) -> Option<GaSession> {
    let (version, rest) = value.split_once('.')?;
    let (domain_level, rest) = rest.split_once('.')?;
    digits(domain_level)?;
    match version {
        "GS1" => {
            let mut parts = rest.split('.');
            let (id, number) = (parts.next()?, parts.next()?);
            parts.next()?;
            Some(GaSession { id: count(id)?, number: count(number)? })
        }
        "GS2" => {
            let part = |key: char| rest.split('$').find_map(|part| part.strip_prefix(key));
            Some(GaSession { id: count(part('s')?)?, number: count(part('o')?)? })
        }
        _ => None,
    }
}

/// `GCL.1767323000.Cj0…`, or `2.1.kCj0…$i1767323000`.
fn google(value: &str) -> Option<&str> {
    if let Some(rest) = value.strip_prefix("GCL.") {
        let (seconds, id) = rest.split_once('.')?;
        return digits(seconds).map(|_| id);
    }
    let rest = value.strip_prefix("2.")?;
    let (_, parts) = rest.split_once('.')?;
    parts.split('$').find_map(|part| part.strip_prefix('k'))
}

/// `fb.1.1767323000000.1098115397`, perhaps with a fifth part that newer tags add.
fn meta(value: &str) -> Option<&str> {
    let mut parts = value.split('.');
    let head = parts.next()? == "fb" && digits(parts.next()?).is_some();
    let is_meta = head && digits(parts.next()?).is_some() && !parts.next()?.is_empty();
    plain(value).filter(|_| is_meta)
}

/// The id itself, or JSON such as `{"pixelVersion":"1.4.4","twclid":"23opev…"}`.
fn twitter(value: &str) -> Option<&str> {
    if !value.starts_with('{') {
        return Some(value);
    }
    let (_, rest) = value.split_once("\"twclid\"")?;
    rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()
}

/// `1767323000000|0|1767323000000|<click id>|…`: what the tag of impact.com writes for a programme.
fn impact(value: &str) -> Option<&str> {
    let mut parts = value.split('|');
    digits(parts.next()?)?;
    parts.nth(2).filter(|id| !id.is_empty())
}

/// An id of the characters that ids have.
fn plain(value: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._~-".contains(&b);
    (!value.is_empty() && value.bytes().all(fits)).then_some(value)
}

fn digits(value: &str) -> Option<&str> {
    let fits = (1..=20).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(value)
}

/// A count above zero.
fn count<T: std::str::FromStr + Default + PartialOrd>(value: &str) -> Option<T> {
    let number = digits(value)?.parse::<T>().ok()?;
    (number > T::default()).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> AdIds {
        read(&pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn google_analytics_knows_its_client_and_its_sessions() {
        let client = |value| of(&[("_ga", value)]).ga_client;
        assert_eq!(client("GA1.1.1162820436.1749482504"), "1162820436.1749482504");
        assert_eq!(client("GA1.2-2.1162820436.1749482504"), "1162820436.1749482504");
        assert_eq!(client("GA1.3.1.2"), "1.2");
        for other in ["", "GA2.1.1.2", "GA1.1.a.2", "GA1.1.1", "GA1.1.1.2.3", "1.2"] {
            assert_eq!(client(other), "", "{other}");
        }
        let session = |value| {
            let ids = of(&[("_ga_ABC123XYZ", value)]);
            ids.ga_sessions.get("ABC123XYZ").map(|session| (session.id, session.number))
        };
        let gs1 = "GS1.1.1746825440.14.0.1746825440.60.0.295082955";
        assert_eq!(session(gs1), Some((1_746_825_440, 14)));
        let gs2 = "GS2.1.s1747132561$o1$g0$t1747132655$j0$l0$h0";
        assert_eq!(session(gs2), Some((1_747_132_561, 1)));
        let encoded = gs2.replace('$', "%24");
        assert_eq!(session(&encoded), Some((1_747_132_561, 1)));
        assert_eq!(session("GS2.3.o5$s1747132561$g1"), Some((1_747_132_561, 5)));
        for other in ["GS3.1.s1$o1", "GS2.1.s1747132561", "GS1.1.x.1.0", "GS1.1.1.2", "GS2.1.s$o1"]
        {
            assert_eq!(session(other), None, "{other}");
        }
        assert_eq!(of(&[("_ga_", gs1), ("_ga_abc", gs1), ("_gat", "1")]), AdIds::default());
        let many: BTreeMap<String, String> =
            (0..20).map(|i| (format!("_ga_STREAM{i}"), gs1.to_owned())).collect();
        assert_eq!(read(&many).ga_sessions.len(), GA_SESSIONS_MAX);
    }

    #[test]
    fn click_ids_come_out_of_their_wrappings() {
        for (cookie, value, name, id) in [
            ("_gcl_aw", "GCL.1767323000.Cj0KCQ-x_1", "gclid", "Cj0KCQ-x_1"),
            ("_gcl_dc", "GCL.1767323000.CLf-x", "dclid", "CLf-x"),
            ("_gcl_gb", "GCL.1767323000.Wb-1", "wbraid", "Wb-1"),
            ("_gcl_ag", "2.1.k0AAAA-b$i1767323000", "gbraid", "0AAAA-b"),
            ("_gcl_aw", "2.1.kCj0x$i1767323000$b5", "gclid", "Cj0x"),
            ("_uetmsclkid", "_uetb1240587f865192a", "msclkid", "b1240587f865192a"),
            ("ttclid", "E.C.P.v3fQ2RHacdks", "ttclid", "E.C.P.v3fQ2RHacdks"),
            ("li_fat_id", "8c2d-44", "li_fat_id", "8c2d-44"),
            ("_twclid", "23opevjt88psuo13lu8d020qkn", "twclid", "23opevjt88psuo13lu8d020qkn"),
            ("_twclid", "%7B%22v%22%3A1%2C%22twclid%22%3A%2223op%22%7D", "twclid", "23op"),
            ("_scclid", "a-b", "sccid", "a-b"),
            ("_rdt_cid", "t2_x", "rdt_cid", "t2_x"),
            ("_epik", "dj0yJnU9", "epik", "dj0yJnU9"),
            ("__oppref", "op1", "oppref", "op1"),
            ("cje", "8d3fe", "cjevent", "8d3fe"),
            ("_aw_m_1001", "1001_1767323000_ab", "awc", "1001_1767323000_ab"),
            ("IR_4711", "1767323000000|0|1767323000000|xyZ1|", "irclickid", "xyZ1"),
        ] {
            let found = of(&[(cookie, value)]).click_ids;
            assert_eq!(found.len(), 1, "{cookie}={value}");
            assert_eq!((found[0].name.as_str(), found[0].value.as_str()), (name, id));
        }
        for (cookie, value) in [
            ("_gcl_aw", "Cj0KCQ"),
            ("_gcl_aw", "GCL.x.Cj0"),
            ("_gcl_ag", "2.1.i17"),
            ("_uetmsclkid", "b124"),
            ("_rdt_cid", "test"),
            ("_epik", "<script>"),
            ("_gcl_au", "1.1.139790349.1790219680"),
            ("rt_session", "secret"),
        ] {
            assert_eq!(of(&[(cookie, value)]), AdIds::default(), "{cookie}={value}");
        }
    }

    #[test]
    fn browser_ids_are_kept_as_their_platforms_want_them() {
        let ids = of(&[
            ("_fbp", "fb.1.1767323000000.1098115397"),
            ("_fbc", "fb.1.1767323000123.IwAR2abcDEF.Bg"),
            ("_ttp", "01J_ab-c.tt.1"),
            ("_uetvid", "fe910b70374111f185174b19733c8403"),
            ("_scid", "8c6e-1"),
            ("_rdt_uuid", "1767323000000.8c6e-1"),
            ("_ym_uid", "1767323000123456789"),
        ]);
        assert_eq!(ids.fbp, "fb.1.1767323000000.1098115397");
        assert_eq!(ids.fbc, "fb.1.1767323000123.IwAR2abcDEF.Bg");
        assert_eq!(ids.ttp, "01J_ab-c.tt.1");
        assert_eq!(ids.yandex_client, "1767323000123456789");
        let json = serde_json::to_value(&ids).expect("it serialises");
        assert_eq!(json.as_object().map(|ids| ids.len()), Some(7), "nothing empty is stored");
        assert_eq!(
            of(&[("_fbp", "1.2.3.4"), ("_fbc", "fb.1.x.y"), ("_ttp", "a b")]),
            AdIds::default()
        );
    }

    #[test]
    fn newer_ids_replace_older_ones_and_leave_the_rest() {
        let mut ids = of(&[("_ga", "GA1.1.1.2"), ("_ttp", "a")]);
        assert!(ids.update(of(&[("_ttp", "b"), ("cje", "x")])));
        assert_eq!((ids.ga_client.as_str(), ids.ttp.as_str()), ("1.2", "b"));
        assert!(!ids.update(of(&[("_ttp", "b")])) && !ids.update(AdIds::default()));
        assert_eq!(ids.click_ids.len(), 1);
    }

    proptest! {
        #[test]
        fn whatever_cookies_hold_little_is_kept(
            cookies in proptest::collection::btree_map(
                "_ga|_ga_[A-Z0-9]{6}|_fb[pc]|_gcl_(aw|ag)|_twclid|IR_1|_aw_m_[0-9]|.{0,8}",
                "(GA1|GS[12]|GCL|2|fb|\\{\"twclid\":)?[.$sok|\"0-9]{0,40}.{0,1500}", 0..40,
            ),
        ) {
            let ids = read(&cookies);
            prop_assert!(ids.ga_sessions.len() <= GA_SESSIONS_MAX && ids.click_ids.len() <= 15);
            prop_assert!(ids.click_ids.iter().all(ClickId::is_uploadable));
            let stored = serde_json::to_string(&ids).expect("it serialises");
            prop_assert_eq!(serde_json::from_str::<AdIds>(&stored).expect("it is read"), ids);
        }
    }
}
