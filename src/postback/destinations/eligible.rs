//! What every destination asks before its own questions: may this conversion be told there, and when first? Pure.

use super::{Platform, Takes, Traits};
use crate::platform::clock::Millis;
use crate::postback::model::{CorrectionKind, Skip, SkipReason};
use crate::postback::told::Told;

/// Whether `told` may be told by `platform` at `now`.
pub fn eligible(platform: &dyn Platform, told: &Told<'_>, now: Millis) -> Result<(), Skip> {
    let traits = platform.traits();
    takes_it_back(traits.takes, told.change())?;
    if traits.needs_consent && !told.person.ads {
        return Err(no_consent(told));
    }
    let age = now.since(told.postback.converted_at);
    if traits.oldest_ms.is_some_and(|oldest| age > oldest) {
        let days = age / super::DAY_MS;
        let why = format!("it happened {days} days ago, and the platform takes nothing so old");
        return Err(Skip::new(SkipReason::TooOld, why));
    }
    platform.eligible(told)
}

/// When it may be told first: platforms need hours until they know a click, or a conversion that is corrected.
pub fn earliest(traits: &Traits, told: &Told<'_>) -> Millis {
    let click = told.facts().clicked_at.map(|at| at.plus(traits.after_click_ms));
    let first = told.postback.not_before.max(click.unwrap_or_default());
    match told.change() {
        Some(_) => first.max(told.postback.converted_at.plus(traits.after_conversion_ms)),
        None => first,
    }
}

fn takes_it_back(takes: Takes, change: Option<CorrectionKind>) -> Result<(), Skip> {
    let why = match (takes, change) {
        (_, None) | (Takes::Corrections, _) | (Takes::Restated, Some(CorrectionKind::Restated)) => {
            return Ok(());
        }
        (Takes::Restated, Some(CorrectionKind::Retracted)) => {
            "the call is no conversion any more, and the platform takes other values but no retraction here"
        }
        (Takes::Nothing, Some(_)) => {
            "the call was judged anew after this was told, and the destination takes nothing back"
        }
    };
    Err(Skip::new(SkipReason::NotAdjustable, why))
}

fn no_consent(told: &Told<'_>) -> Skip {
    let facts = told.facts();
    let why = match (facts.session, facts.consent.ads) {
        (None, _) => "no visit is known, and so no consent to advertising",
        (Some(_), false) => "the visitor did not consent to advertising",
        (Some(_), true) => "the visitor took the consent to advertising back",
    };
    Skip::new(SkipReason::NoConsent, why)
}
