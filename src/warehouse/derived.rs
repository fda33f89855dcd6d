//! What facts say in words so that reports can group by it: bands, partners, variants. Pure.

use crate::call::model::{Call, CallStatus};
use crate::visit::learnt::Labels;
use crate::visit::model::Source;
use crate::warehouse::model::Tagged;

/// Begins a tag that names the traffic partner of a visit.
const PUBLISHER_TAG: &str = "publisher:";
/// Begins a tag that names the variant of an A/B test.
const VARIANT_TAG: &str = "variant:";
/// The channel whose sources are traffic partners.
pub const PARTNERS: &str = "Affiliates";

/// Seconds below which a conversation belongs to a band.
const DURATIONS: [(u32, &str); 5] = [
    (30, "under_30s"),
    (60, "30s_to_1m"),
    (120, "1m_to_2m"),
    (300, "2m_to_5m"),
    (600, "5m_to_10m"),
];
/// Probabilities below which an answer belongs to a band.
const CONFIDENCES: [(f64, &str); 4] =
    [(0.25, "under_25"), (0.5, "25_to_50"), (0.75, "50_to_75"), (0.95, "75_to_95")];

/// How long was talked; empty when that is not known.
pub fn duration_band(talk_s: Option<u32>) -> &'static str {
    let Some(talk_s) = talk_s else { return "" };
    let band = DURATIONS.iter().find(|(below, _)| talk_s < *below);
    band.map_or("10m_or_more", |(_, name)| name)
}

/// How sure an answer is; empty without one.
pub fn confidence_band(confidence: Option<f64>) -> &'static str {
    let Some(confidence) = confidence else { return "" };
    let band = CONFIDENCES.iter().find(|(below, _)| confidence < *below);
    band.map_or("95_to_100", |(_, name)| name)
}

/// The partner and the variant that tags tell (`publisher:acme`, `variant:b`); the source of an affiliate is a partner,
/// too.
pub fn tagged(labels: &Labels, source: &Source) -> Tagged {
    let told = |prefix: &str| labels.tags.iter().find_map(|tag| tag.strip_prefix(prefix));
    let partner = || if source.channel == PARTNERS { source.source.as_str() } else { "" };
    Tagged {
        publisher: told(PUBLISHER_TAG).unwrap_or_else(partner).trim().to_owned(),
        variant: told(VARIANT_TAG).unwrap_or_default().trim().to_owned(),
    }
}

/// Whether a call reached nobody because the line was busy, failed or full. Who was turned away as unwanted was not
/// blocked.
pub fn is_blocked(call: &Call) -> bool {
    match call.status {
        CallStatus::Busy | CallStatus::Failed => true,
        CallStatus::Rejected => !call.is_spam(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_where_the_one_before_ends() {
        let bands = [0, 29, 30, 60, 119, 120, 300, 599, 600].map(|s| duration_band(Some(s)));
        let expected = ["under_30s", "under_30s", "30s_to_1m", "1m_to_2m", "1m_to_2m"];
        assert_eq!(bands[..5], expected);
        assert_eq!(bands[5..], ["2m_to_5m", "5m_to_10m", "5m_to_10m", "10m_or_more"]);
        assert_eq!(duration_band(None), "");
        let sure = [0.0, 0.25, 0.5, 0.94, 1.0].map(|p| confidence_band(Some(p)));
        assert_eq!(sure, ["under_25", "25_to_50", "50_to_75", "75_to_95", "95_to_100"]);
    }

    #[test]
    fn a_partner_is_told_by_a_tag_or_is_the_source_of_an_affiliate() {
        let labels = |tags: &[&str]| Labels {
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            ..Labels::default()
        };
        let of = |channel: &str| Source {
            source: "coupons".to_owned(),
            channel: channel.to_owned(),
            ..Source::default()
        };
        let both = tagged(&labels(&["vip", "variant: b", "publisher:acme"]), &of("Affiliates"));
        assert_eq!((both.publisher.as_str(), both.variant.as_str()), ("acme", "b"));
        assert_eq!(tagged(&labels(&[]), &of("Affiliates")).publisher, "coupons");
        assert_eq!(tagged(&labels(&[]), &of("Email")), Tagged::default());
    }
}
