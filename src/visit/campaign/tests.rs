//! From an address to a source: parameters, click ids, the site's own rules, and why.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::visit::model::Source;
use crate::visit::rules::{Arrival, arrive, campaign_fingerprint};
use crate::visit::site_rules::SiteRules;
use crate::visit::tables::Tables;

const PAGE: &str = "https://www.example.com/plumbing";

/// The tables, and the rules of a site with these keys.
struct World {
    tables: &'static Tables,
    rules: SiteRules,
}

/// Read once: properties ask thousands of times.
static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables::load().expect("the tables"));

impl World {
    fn with(keys: &str) -> Self {
        let head = "id = \"s\"\nkey = \"pk\"\nforward_to = \"+14155550100\"\n";
        let site = toml::from_str(&format!("{head}{keys}")).expect("a site");
        World { tables: &TABLES, rules: SiteRules::compile(&site) }
    }

    fn arrive(&self, tail: &str) -> Arrival<'_> {
        arrive(self.tables, &self.rules, &format!("{PAGE}{tail}"), "")
    }

    fn source(&self, tail: &str) -> Source {
        self.arrive(tail).source
    }

    /// Source, medium and platform.
    fn names(&self, tail: &str) -> [String; 3] {
        let Source { source, medium, click_platform, .. } = self.source(tail);
        [source, medium, click_platform]
    }

    fn fingerprint(&self, tail: &str) -> u32 {
        campaign_fingerprint(self.tables, &self.rules, &format!("{PAGE}{tail}"))
    }
}

#[test]
fn every_campaign_parameter_has_its_place() {
    let world = World::with("");
    let source = world.source(
        "?UTM_Source=News+Letter&utm_medium=E-Mail&utm_campaign=Spring%20Sale&utm_id=77&utm_term=a&\
         utm_content=b&utm_source_platform=SA360&utm_creative_format=video&utm_marketing_tactic=re",
    );
    let expected = Source {
        source: "News Letter".to_owned(),
        medium: "E-Mail".to_owned(),
        campaign: "Spring Sale".to_owned(),
        campaign_id: "77".to_owned(),
        term: "a".to_owned(),
        content: "b".to_owned(),
        source_platform: "SA360".to_owned(),
        creative_format: "video".to_owned(),
        marketing_tactic: "re".to_owned(),
        channel: "Email".to_owned(),
        click_platform: String::new(),
    };
    assert_eq!(source, expected);
}

#[test]
fn matomo_names_count_where_utm_says_nothing() {
    let world = World::with("");
    for family in ["mtm", "pk", "matomo"] {
        let source = world.source(&format!(
            "?{family}_source=s&{family}_medium=m&{family}_campaign=c&{family}_cid=1&{family}_kwd=k\
             &{family}_content=x&{family}_group=g&{family}_placement=p"
        ));
        let Source { campaign_id, term, content, marketing_tactic, creative_format, .. } = &source;
        assert_eq!([&source.source, &source.medium, &source.campaign], ["s", "m", "c"]);
        assert_eq!([campaign_id, term, content], ["1", "k", "x"]);
        assert_eq!([marketing_tactic, creative_format], ["g", "p"]);
    }
    assert_eq!(world.source("?pk_campaign=old&mtm_campaign=new").campaign, "new");
    assert_eq!(world.source("?mtm_campaign=m&utm_campaign=u").campaign, "u");
    assert_eq!(world.source("?mtm_campaign=m&utm_campaign=").campaign, "m");
    assert_eq!(world.source("?utm_campaign=&utm_campaign=b&utm_campaign=c").campaign, "b");
    assert_eq!(world.source("?pk_vid=1&utm_nooverride=1").source, "(direct)");
}

#[test]
fn fragments_count_where_the_site_says_so_and_after_the_query() {
    let tail = "?utm_source=query&mtm_medium=query#utm_source=fragment&utm_medium=f&utm_term=t";
    let without = World::with("").source(tail);
    assert_eq!([without.source, without.medium, without.term], ["query", "query", ""]);
    let world = World::with("visits = { fragments = true }");
    let with = world.source(tail);
    assert_eq!([with.source, with.medium, with.term], ["query", "query", "t"]);
    assert_eq!(world.names("#/app?utm_source=x&gclid=1")[0], "x");
    assert_eq!(world.names("#gclid=1")[2], "google");
    assert_ne!(world.fingerprint("#gclid=1"), 0);
    assert_eq!(World::with("").fingerprint("#gclid=1"), 0);
}

/// Names, platform, source, medium, whether it proves a paid click.
type ClickRow = (&'static [&'static str], &'static str, &'static str, &'static str, bool);

#[rustfmt::skip]
const CLICKS: &[ClickRow] = &[
    (&["gclid", "gbraid", "wbraid"], "google", "google", "cpc", true),
    (&["dclid"], "google", "dfa", "cpm", true),
    (&["srsltid"], "", "google", "organic", false),
    (&["msclkid"], "microsoft", "bing", "cpc", true),
    (&["fbclid"], "meta", "facebook", "social", false),
    (&["ttclid"], "tiktok", "tiktok", "cpc", true),
    (&["li_fat_id"], "linkedin", "linkedin", "cpc", true),
    (&["twclid"], "x", "twitter", "cpc", true),
    (&["ScCid", "sccid"], "snap", "snapchat", "cpc", true),
    (&["rdt_cid"], "reddit", "reddit", "cpc", true),
    (&["epik"], "pinterest", "pinterest", "cpc", true),
    (&["oppref"], "openai", "chatgpt", "cpc", true),
    (&["qclid"], "quora", "quora", "cpc", true),
    (&["ndclid"], "nextdoor", "nextdoor", "cpc", true),
    (&["yclid", "ymclid"], "yandex", "yandex", "cpc", true),
    (&["tblci"], "taboola", "taboola", "cpc", true),
    (&["dicbo", "obclid", "ob_click_id"], "outbrain", "outbrain", "cpc", true),
    (&["vmcid"], "yahoo", "yahoo", "cpc", true),
    (&["spclid"], "spotify", "spotify", "audio", true),
    (&["irclickid", "im_ref"], "impact", "impact", "affiliate", true),
    (&["cjevent"], "cj", "cj", "affiliate", true),
    (&["awc"], "awin", "awin", "affiliate", true),
    (&["ranSiteID", "siteID"], "rakuten", "rakuten", "affiliate", true),
    (&["sscid"], "shareasale", "shareasale", "affiliate", true),
    (&["tduid"], "tradedoubler", "tradedoubler", "affiliate", true),
    (&["ef_id", "s_kwcid"], "adobe", "adobe", "cpc", true),
    (&["ko_click_id"], "kochava", "kochava", "cpc", true),
    (&["mc_cid", "mc_eid"], "", "mailchimp", "email", false),
    (&["_hsenc", "_hsmi"], "", "hubspot", "email", false),
    (&["mkt_tok"], "", "marketo", "email", false),
    (&["_kx"], "", "klaviyo", "email", false),
    (&["igshid", "igsh"], "", "instagram", "social", false),
];

#[test]
fn every_click_id_tells_what_it_proves() {
    let world = World::with("");
    for (names, platform, source, medium, paid) in CLICKS {
        for name in *names {
            for spelt in [(*name).to_owned(), name.to_uppercase()] {
                let arrival = world.arrive(&format!("?a=1&{spelt}=AbC-9"));
                let Source { source: s, medium: m, click_platform: p, .. } = &arrival.source;
                assert_eq!([s, m, p], [source, medium, platform], "{spelt}");
                let [click] = arrival.click_ids.as_slice() else { panic!("{spelt}") };
                assert_eq!(click.name, name.to_lowercase());
                assert_eq!(click.value, "AbC-9");
                assert_eq!(arrival.why.clicks[0].paid, *paid, "{spelt}");
            }
        }
    }
}

#[test]
fn companions_and_unknown_ids_decide_nothing() {
    let world = World::with("");
    for tail in ["?gad_source=1", "?gad_campaignid=2", "?gclsrc=aw.ds", "?irgwc=1"] {
        let arrival = world.arrive(tail);
        assert!(arrival.source.is_direct(), "{tail}");
        assert_eq!((arrival.click_ids.len(), world.fingerprint(tail)), (1, 0), "{tail}");
    }
    assert_eq!(world.fingerprint("?gclid=a&gad_source=1"), world.fingerprint("?gclid=a"));
    for tail in ["?click_id=1", "?clickid=1", "?subid=1", "?aff_id=1", "?aff_sub=1", "?gclid="] {
        let arrival = world.arrive(tail);
        assert!(arrival.source.is_direct() && arrival.click_ids.is_empty(), "{tail}");
    }
}

#[test]
fn of_several_click_ids_the_named_one_counts_else_the_later_paid_one() {
    let world = World::with("");
    let platform = |tail: &str| world.source(tail).click_platform;
    assert_eq!(platform("?gclid=1&msclkid=2"), "microsoft");
    assert_eq!(platform("?msclkid=2&gclid=1"), "google");
    assert_eq!(platform("?gclid=1&msclkid=2&utm_source=Google"), "google");
    assert_eq!(platform("?gclid=1&msclkid=2&utm_source=www.google.com"), "google");
    assert_eq!(platform("?gclid=1&msclkid=2&utm_source=microsoft"), "microsoft");
    assert_eq!(platform("?gclid=1&fbclid=2&utm_source=facebook"), "google");
    assert_eq!(platform("?gclid=1&gad_source=2"), "google");
    assert_eq!(platform("?fbclid=1&mc_cid=2&utm_source=facebook"), "meta");
    assert_eq!(world.arrive("?gclid=1&msclkid=2&GCLID=3").click_ids.len(), 2);
}

#[test]
fn click_ids_of_the_site_come_before_those_that_everybody_knows() {
    let world = World::with(
        r#"
        [[visits.click_ids]]
        name = "SubID"
        source = "Partner"
        platform = "tune"
        [[visits.click_ids]]
        name = "siteid"
        source = "branch"
        medium = "internal"
        paid = false
        "#,
    );
    assert_eq!(world.names("?subid=7"), ["Partner", "affiliate", "tune"]);
    assert_eq!(world.names("?subid=7&utm_source=partner&gclid=1")[2], "tune");
    assert_eq!(world.names("?siteID=7"), ["branch", "internal", ""]);
    assert_eq!(world.source("?siteid=7&utm_source=a&utm_medium=b").source, "a");
}

#[test]
fn ids_are_read_as_ids_and_texts_as_texts() {
    let world = World::with("");
    let value = |tail: &str| world.arrive(tail).click_ids[0].value.clone();
    assert_eq!(value("?epik=dj0y+Jn/U9%3D%3D"), "dj0y+Jn/U9==");
    assert_eq!(value("?utm_source=a&amp;gclid=%20Ab%00c%20"), "Abc");
    let hostile = world.arrive("?gclid=%3Cscript%3E&fbclid=test&msclkid=ok1");
    let uploadable: Vec<bool> = hostile.click_ids.iter().map(|id| id.is_uploadable()).collect();
    assert_eq!(uploadable, [false, false, true]);
}

#[test]
fn channels_and_pages_of_the_site_come_before_the_default_ones() {
    let world = World::with(
        r#"
        visits = { landing_pages = ["/product/*/reviews", "/product/*", "/blog/**"] }
        [[channels]]
        name = "Brand Search"
        when = [
            { field = "channel", is = ["paid search"] },
            { field = "campaign", prefix = ["brand-"], regex = ["^b\\d+$"] },
        ]
        [[channels]]
        name = "Shop"
        when = [{ field = "landing_page", is = ["/product/*"] }]
        [[channels]]
        name = "Other Ads"
        when = [{ field = "click_id", is = ["gclid"] }, { field = "term", is = [""], not = true }]
        "#,
    );
    let channel = |tail: &str| world.source(tail).channel;
    assert_eq!(channel("?gclid=1&utm_campaign=Brand-x"), "Brand Search");
    assert_eq!(channel("?gclid=1&utm_campaign=b17"), "Brand Search");
    assert_eq!(channel("?gclid=1&utm_campaign=b17x"), "Paid Search");
    assert_eq!(channel("?gclid=1&utm_term=x"), "Other Ads");
    assert_eq!(channel(""), "Direct");
    let product = arrive(world.tables, &world.rules, "https://a.example/product/12/", "");
    assert_eq!(
        (product.landing_page.as_str(), product.source.channel.as_str()),
        ("/product/*", "Shop")
    );
    assert_eq!(product.why.landing.to_string(), "the site's landing_pages[1]");
    assert_eq!(product.why.channel.to_string(), "the site's channels[1]");
}

#[test]
fn every_part_says_why() {
    let world = World::with("visits = { fragments = true }");
    let why = |tail: &str, referrer: &str| {
        let url = format!("{PAGE}{tail}");
        let why = arrive(world.tables, &world.rules, &url, referrer).why;
        (why.source.to_string(), why.medium.to_string())
    };
    let both = |text: &str| (text.to_owned(), text.to_owned());
    assert_eq!(
        why("?PK_source=a#utm_medium=b", ""),
        ("parameter pk_source in the query".into(), "parameter utm_medium in the fragment".into())
    );
    assert_eq!(why("?msclkid=1", ""), both("click id msclkid, which proves a paid click"));
    assert_eq!(why("?fbclid=1", ""), both("click id fbclid, as nothing else tells"));
    assert_eq!(why("?utm_id=1", ""), both("the URL names a campaign, and leaves this out"));
    let (source, medium) = why("", "https://www.bing.com/");
    assert!(source.starts_with("the referrer, listed as ") && source == medium, "{source}");
    let (source, medium) = why("?utm_source=chatgpt.com", "");
    assert_eq!(source, "parameter utm_source in the query");
    assert_eq!(medium, "the source is an assistant");
    assert_eq!(why("", "https://a.example/"), both("the referrer, which is not listed"));
    assert_eq!(why("", ""), both("no parameter, no click id, no referrer"));
    let no_referrer = |referrer: &str| {
        let why = arrive(world.tables, &world.rules, PAGE, referrer).why.no_referrer;
        why.map(|why| why.to_string()).unwrap_or_default()
    };
    assert_eq!(no_referrer(""), "none was sent");
    assert_eq!(no_referrer("https://www.example.com/x"), "www.example.com is the site itself");
    assert_eq!(no_referrer("https://a.example/"), "");
    let arrival = arrive(world.tables, &world.rules, "not a url", "https://a.example/");
    assert_eq!(arrival.why.source.to_string(), "the URL is no address");
    let arrival = world.arrive("?gclid=1&fbclid=2&gad_source=1");
    let proofs: Vec<String> = arrival.why.clicks.iter().map(|rule| rule.to_string()).collect();
    assert_eq!(
        proofs,
        [
            "proves a paid click of google",
            "tells of facebook when nothing else does; proves no ad",
            "goes with another click id of google; decides nothing",
        ]
    );
}

proptest! {
    #[test]
    fn the_order_of_parameters_decides_nothing_but_between_click_ids(
        pairs in proptest::collection::btree_map(
            "utm_(source|medium|campaign|id|term)|(mtm|pk)_(source|campaign|kwd)|gclid|fbclid|x|gad_source",
            "[a-z0-9%+;?é]{0,8}", 0..12,
        ).prop_flat_map(|pairs| {
            let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{n}={v}")).collect();
            (Just(pairs.clone()), Just(pairs).prop_shuffle())
        }),
    ) {
        let world = World::with("");
        let (one, other) = (format!("?{}", pairs.0.join("&")), format!("?{}", pairs.1.join("&")));
        prop_assert_eq!(world.source(&one), world.source(&other));
        prop_assert_eq!(world.fingerprint(&one), world.fingerprint(&other));
        prop_assert_eq!(world.fingerprint(&one), world.fingerprint(&format!("{one}&y=1")));
    }

    #[test]
    fn whatever_comes_little_is_kept_and_reading_it_again_changes_nothing(
        url in "(https?://)?[a-zA-Zé.:@\\[\\]-]{0,300}(/|\\PC){0,50}",
        query in "((utm_source|utm_campaign|gclid|FBCLID|siteid|mtm_kwd)=|[&;?#%]|amp;|\\PC{0,30}){0,40}",
        copies in 1usize..200,
    ) {
        let world = World::with("visits = { fragments = true, landing_pages = [\"/*\", \"/a/**\"] }");
        let text = format!("{url}?{}", query.repeat(copies));
        let arrival = arrive(world.tables, &world.rules, &text, &text);
        let Source { source, medium, campaign, term, .. } = &arrival.source;
        prop_assert!(arrival.landing_host.len() <= 253);
        for kept in [source, medium, campaign, term] {
            prop_assert!(kept.len() <= 255 && !kept.contains(char::is_control));
        }
        prop_assert!(!source.is_empty() && !medium.is_empty() && !arrival.source.channel.is_empty());
        prop_assert!(arrival.click_ids.len() <= 16);
        prop_assert!(arrival.click_ids.iter().all(|click| click.value.len() <= 1000));
        prop_assert_eq!(arrival.why.clicks.len(), arrival.click_ids.len());
        prop_assert!(arrival.landing_page.starts_with('/') && arrival.landing_page.len() <= 512);
        if !arrival.landing_host.is_empty() {
            let page = format!("https://{}{}", arrival.landing_host, arrival.landing_page);
            let again = arrive(world.tables, &world.rules, &page, "");
            prop_assert_eq!(&again.landing_page, &arrival.landing_page);
            prop_assert_eq!(&again.landing_host, &arrival.landing_host);
        }
    }
}
