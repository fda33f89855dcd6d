//! Numbers under the newest key: what an older key has sealed, or none, is sealed anew. Pure.

use crate::call::live::model::LiveEvent;
use crate::call::model::Call;
use crate::lead::model::Lead;
use crate::platform::caller_keys::{CallerKeys, SealedNumber};
use crate::platform::clock::Millis;
use crate::privacy::judge::{Fate, Judge, changed};

/// Seals numbers with the newest of these keys. Numbers whose key is not here stay as they are.
pub struct Resealing(pub CallerKeys);

impl Judge for Resealing {
    fn call(&self, call: &mut Call) -> Fate {
        if call.caller.is_sealed(&self.0) {
            return Fate::Keep;
        }
        let site = call.site.clone();
        changed(&mut call.caller, |caller| {
            caller.open(&self.0);
            caller.seal(&self.0, &site);
        })
    }

    fn lead(&self, lead: &mut Lead) -> Fate {
        if lead.is_sealed(&self.0) {
            return Fate::Keep;
        }
        changed(lead, |lead| {
            lead.open(&self.0);
            lead.seal(&self.0);
        })
    }

    fn told(&self, _: Millis, event: &LiveEvent) -> Fate {
        let sealed = event.caller.clone().map(SealedNumber::try_from);
        match sealed {
            Some(Ok(sealed)) if self.0.is_newest(&sealed) => Fate::Keep,
            None => Fate::Keep,
            // Who listens has heard it; a changed event would be heard again.
            Some(_) => Fate::Remove,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::platform::signing::SigningKeys;

    fn call(caller: Value) -> Call {
        serde_json::from_value(json!({
            "id": "0190a5b8e4f07cc3a1b2c3d4e5f60718", "version": 1, "site": "one", "provider": "generic",
            "provider_call_id": "x", "caller": caller, "status": "answered", "started_at": 1,
        }))
        .expect("a call")
    }

    fn keys(of: &[u8]) -> CallerKeys {
        let ring: Vec<[u8; 32]> = of.iter().map(|byte| [*byte; 32]).collect();
        CallerKeys::new(SigningKeys::from_master(&[1; 32]), &ring)
    }

    #[test]
    fn what_is_clear_or_under_an_older_key_gets_under_the_newest_once() {
        let numbers = json!({ "number": "+12125550177", "forwarded_from": "+12125550188" });
        let mut of_old = call(numbers.clone());
        of_old.caller.seal(&keys(&[1]), &of_old.site.clone());
        let newest = Resealing(keys(&[2, 1]));
        for mut call in [call(numbers.clone()), of_old] {
            assert_eq!(newest.call(&mut call), Fate::Change);
            assert!(call.caller.is_sealed(&newest.0));
            let text = serde_json::to_string(&call).expect("JSON");
            assert!(!text.contains("12125550177") && !text.contains("12125550188"), "{text}");
            assert_eq!(newest.call(&mut call), Fate::Keep);
            call.caller.open(&keys(&[2]));
            assert_eq!(call.caller, self::call(numbers.clone()).caller);
        }
        let mut anonymous = call(json!({}));
        assert_eq!(newest.call(&mut anonymous), Fate::Keep);
    }

    #[test]
    fn what_nobody_can_open_stays() {
        let mut of_lost = call(json!({ "number": "+12125550177" }));
        of_lost.caller.seal(&keys(&[9]), &of_lost.site.clone());
        let before = of_lost.clone();
        assert_eq!(Resealing(keys(&[2, 1])).call(&mut of_lost), Fate::Keep);
        assert_eq!(of_lost, before);
        assert!(!of_lost.caller.is_anonymous());
    }
}
