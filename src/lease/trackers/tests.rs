use super::*;
use crate::platform::clock::Millis;
use crate::platform::ids::SessionId;
use crate::visit::model::{Consent, Machine, Place, Source};

const SITE: &str = r#"
    id = "a"
    key = "pk_a"
    forward_to = "+14155550100"
    pools = [{ id = "main", numbers = [] }, { id = "ads", numbers = [] }, { id = "west", numbers = [] }]
    static_numbers = [{ number = "+14155550111", source = "profile" }]
    [[targets]]
    id = "sales"
    number = "+14155550101"
    pool = "main"
    [[targets]]
    id = "help"
    number = "+14155550102"
    pool = "main"
"#;

fn site(trackers: &str) -> Site {
    toml::from_str(&format!("{SITE}\n{trackers}")).expect("a site")
}

fn visit() -> Visit {
    Visit {
        session: SessionId::new(),
        visitor: None,
        site: "a".parse().expect("an id"),
        started_at: Millis(0),
        source: Source { channel: "Brand Search".to_owned(), ..Source::direct() },
        click_ids: Vec::new(),
        ad_ids: Default::default(),
        labels: Default::default(),
        referrer_host: "www.google.com".to_owned(),
        landing_host: "www.example.com".to_owned(),
        landing_page: "/plumbing/drains".to_owned(),
        machine: Machine::default(),
        place: Place {
            country: "US".to_owned(),
            region: "CA".to_owned(),
            city: "Oakland".to_owned(),
            ..Place::default()
        },
        network: None,
        carried: None,
        consent: Consent::default(),
    }
}

/// What serves both targets: pool ids, or the number.
fn served(site: &Site, marks: Marks) -> Vec<String> {
    let trackers = Trackers::compile(site);
    let plan = trackers.plan(site, marks);
    let word = |serves| match serves {
        Serves::Pool(pool) => pool.id.to_string(),
        Serves::Number(number) => number.to_string(),
        Serves::Nothing => "-".to_owned(),
    };
    plan.targets().map(|(_, serves)| word(serves)).collect()
}

fn chosen(site: &Site, url: &str) -> Marks {
    let rules = SiteRules::compile(site);
    Trackers::compile(site).choose(site, &rules, &visit(), url)
}

/// Whether a rule with this condition serves a visit that opens at `url`.
fn holds(condition: &str, url: &str) -> bool {
    let text = format!("[[trackers]]\ntarget = 'sales'\npool = 'ads'\nwhen = [{condition}]");
    let site = site(&text);
    served(&site, chosen(&site, url))[0] == "ads"
}

#[test]
fn conditions_see_the_whole_visit_and_its_address() {
    const URL: &str = "https://www.example.com/plumbing/drains?Promo=Spring+Sale&promo=b&ref=x#top";
    for (condition, expected) in [
        ("{ field = 'parameter', name = 'promo', is = ['spring sale'] }", true),
        ("{ field = 'parameter', name = 'PROMO', is = ['b'] }", true),
        ("{ field = 'parameter', name = 'promo', is = ['spring'] }", false),
        ("{ field = 'parameter', name = 'promo', prefix = ['spring'] }", true),
        ("{ field = 'parameter', name = 'prom', is = [''] }", true),
        ("{ field = 'parameter', name = 'ref', is = [''] }", false),
        ("{ field = 'parameter', name = 'ref', is = [''], not = true }", true),
        ("{ field = 'parameter', name = 'top', is = [''], not = true }", false),
        ("{ field = 'url', prefix = ['https://www.example.com/plumbing/'] }", true),
        ("{ field = 'url', is = ['https://www.example.com/plumbing/'] }", false),
        ("{ field = 'url', regex = ['[?&]ref=x(&|#|$)'] }", true),
        ("{ field = 'landing_page', is = ['/plumbing'] }", false),
        ("{ field = 'landing_page', regex = ['^/plumbing(/|$)'] }", true),
        ("{ field = 'referrer_host', is = ['google.com'] }", false),
        ("{ field = 'referrer_host', suffix = ['.google.com'] }", true),
        ("{ field = 'channel', is = ['brand search'] }", true),
        ("{ field = 'country', is = ['us'] }, { field = 'region', is = ['CA', 'OR'] }", true),
        ("{ field = 'city', is = ['San Francisco'] }", false),
    ] {
        assert_eq!(holds(condition, URL), expected, "{condition}");
    }
    let missing = "{ field = 'parameter', name = 'promo', is = [''] }";
    assert!(holds(missing, "no address at all"));
    assert!(holds(missing, &format!("https://a.example/?{}", "ä".repeat(9_000))));
}

#[test]
fn the_first_rule_of_each_target_that_holds_decides() {
    let site = site(
        r#"
        [[trackers]]
        target = "sales"
        number = "+14155550111"
        when = [{ field = "parameter", name = "profile", is = ["1"] }]
        [[trackers]]
        target = "help"
        pool = "west"
        when = [{ field = "region", is = ["CA"] }]
        [[trackers]]
        target = "sales"
        pool = "ads"
        "#,
    );
    let ads = chosen(&site, "https://www.example.com/");
    assert_eq!(served(&site, ads), ["ads", "west"]);
    let profile = chosen(&site, "https://www.example.com/?profile=1");
    assert_eq!(served(&site, profile), ["+14155550111", "west"]);
    assert_eq!(served(&site, Marks::default()), ["main", "main"]);

    let trackers = Trackers::compile(&site);
    let pools = |marks| -> Vec<String> {
        trackers.plan(&site, marks).pools().iter().map(|pool| pool.id.to_string()).collect()
    };
    assert_eq!(pools(ads), ["ads", "west"]);
    assert_eq!(pools(Marks::default()), ["main"]);
    assert!(trackers.plan(&site, profile).has_static_numbers());
}

#[test]
fn a_decision_outlives_other_rules_and_falls_back_without_its_own() {
    let text = "[[trackers]]\ntarget = 'sales'\npool = 'ads'\n";
    let marks = chosen(&site(text), "https://www.example.com/");
    // What is asked now is not what was decided then.
    let later = format!("[[trackers]]\ntarget = 'sales'\npool = 'west'\n{text}");
    assert_eq!(served(&site(&later), marks), ["ads", "main"]);
    assert_eq!(served(&site(""), marks), ["main", "main"]);
    let gone = later.replace("'ads'", "'gone'");
    assert_eq!(served(&site(&gone), marks), ["main", "main"]);
}

#[test]
fn a_page_is_asked_what_it_shows_of_the_pool_that_serves_it() {
    let site = site("[[trackers]]\ntarget = 'sales'\npool = 'ads'\n");
    let trackers = Trackers::compile(&site);
    let plan = trackers.plan(&site, chosen(&site, "https://www.example.com/"));
    let (sales, help) = (site.targets[0].id.clone(), site.targets[1].id.clone());
    let number: PhoneNumber = "+14155550120".parse().expect("a number");
    let shown = Shown::from([(sales.clone(), number.clone())]);
    assert_eq!(plan.shown(&shown, &site.pools[1]), Some(&number));
    assert_eq!(plan.shown(&shown, &site.pools[0]), None);
    assert_eq!(plan.pool_of(&sales).map(|pool| pool.id.as_str()), Some("ads"));
    assert_eq!(plan.pool_of(&help).map(|pool| pool.id.as_str()), Some("main"));
}
