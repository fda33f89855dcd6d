//! What is said of the demo with other routes, rules and screens.

use super::*;
use crate::config::complaint::Severity;
use crate::config::load::load_text;

/// What is said of the demo with this routing and screen: `error path`.
fn said(parts: &str) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Parts {
        #[serde(default)]
        routing: Routing,
        #[serde(default)]
        spam: crate::config::model::Spam,
        #[serde(default)]
        voice_api: bool,
    }
    let demo = include_str!("../../../../config/demo.toml");
    let mut config = load_text("demo.toml", demo).expect("the demo can be read");
    let parts: Parts = toml::from_str(parts).expect("parts");
    (config.sites[0].routing, config.sites[0].spam) = (parts.routing, parts.spam);
    config.sites[0].telephony.telnyx[0].voice_api = parts.voice_api;
    let mut out = Complaints::default();
    check(&config, &mut out);
    super::super::spam::check(&config, &mut out);
    let word = |severity| if severity == Severity::Error { "error" } else { "warning" };
    let complaints = out.into_vec();
    complaints.iter().map(|c| format!("{} {}", word(c.severity), c.path)).collect()
}

fn routes(routes: &str) -> Vec<String> {
    let rule = "{ id = 'all', providers = ['twilio'], route = 'a' }";
    said(&format!("[routing]\nrules = [{rule}]\nroutes = [{routes}]"))
}

#[test]
fn routes_that_cannot_be_taken_are_told_by_place() {
    let to = "to = [{ address = '+18005550101' }]";
    let fine = format!("{{ id = 'a', kind = 'dial', {to} }}");
    assert_eq!(routes(&fine), [""; 0]);
    let dial = |more: &str| format!("{{ id = 'a', kind = 'dial', {to}, {more} }}");
    for (route, expected) in [
        ("{ id = 'a', kind = 'dial', to = [] }".to_owned(), "error sites[0].routing.routes[0].to"),
        (dial("otherwise = 'b'"), "error sites[0].routing.routes[0].otherwise"),
        (dial("closed = 'a'"), "error sites[0].routing.routes[0].closed"),
        (dial("otherwise = 'a'"), "error sites[0].routing.routes[0]"),
        (dial("tries = 0"), "error sites[0].routing.routes[0].tries"),
        (dial("ring = '20m'"), "error sites[0].routing.routes[0].ring"),
        (dial("whisper = 'From {sauce}'"), "error sites[0].routing.routes[0].whisper"),
        (
            "{ id = 'a', kind = 'menu', prompt = 'x', choices = [{ key = 'x', route = 'a' }] }".to_owned(),
            "error sites[0].routing.routes[0].choices[0].key",
        ),
        ("{ id = 'a', kind = 'voicemail', prompt = '' }".to_owned(), "error sites[0].routing.routes[0].prompt"),
        (
            "{ id = 'a', kind = 'area', places = [{ place = 'London', route = 'b' }] }, { id = 'b', kind = 'reject' }".to_owned(),
            "error sites[0].routing.routes[0].places[0].place",
        ),
        (format!("{fine}, {{ id = 'b', kind = 'reject' }}"), "warning sites[0].routing.routes[1]"),
    ] {
        assert!(routes(&route).contains(&expected.to_owned()), "{route}: {:?}", routes(&route));
    }
    let back = "{ id = 'a', kind = 'menu', prompt = 'x', choices = [{ key = '9', route = 'a' }] }";
    assert_eq!(routes(back), [""; 0], "a key may lead back");
}

#[test]
fn what_a_provider_cannot_do_is_an_error_where_its_calls_come() {
    let route = "routes = [{ id = 'a', kind = 'reject', reason = 'busy' }]";
    let rule = |providers: &str| {
        format!("rules = [{{ id = 'all', route = 'a', providers = [{providers}] }}]")
    };
    let complaints = |providers: &str| said(&format!("[routing]\n{}\n{route}", rule(providers)));
    assert_eq!(complaints("'twilio', 'plivo'"), [""; 0]);
    assert_eq!(complaints("'vonage'"), ["error sites[0].routing.routes[0]"]);
    assert_eq!(complaints("").len(), 2, "Vonage and Bandwidth have no busy tone");
    let hears = "{ id = 'a', kind = 'voicemail', prompt = 'x' }";
    let behind = format!("[routing]\nrules = [{{ id = 'all', route = 'b', providers = ['kamailio'] }}]
        routes = [{hears}, {{ id = 'b', kind = 'dial', to = [{{ address = '+18005550101' }}], otherwise = 'a' }}]");
    assert_eq!(said(&behind).len(), 2, "neither a message nor a question after the dial");
    let to = "to = [{ address = '+18005550101' }, { address = '+18005550102' }]";
    for (more, refused) in
        [("", 1), ("order = 'in_turn'", 0), ("order = 'in_turn', whisper = 'x'", 1)]
    {
        let rings = format!(
            "[routing]\nrules = [{{ id = 'all', route = 'a', providers = ['telnyx'] }}]
            routes = [{{ id = 'a', kind = 'dial', {to}, {more} }}]"
        )
        .replace(", }", " }");
        assert_eq!(said(&format!("voice_api = true\n{rings}")).len(), refused, "{more}");
    }
}

#[test]
fn rules_times_and_the_screen_are_checked() {
    for (parts, expected) in [
        ("[routing]\nholidays = ['12-32']", "error sites[0].routing.holidays[0]"),
        (
            "[routing]\nhours = [{ id = 'a', open = ['mon 9-5'] }]",
            "error sites[0].routing.hours[0].open[0]",
        ),
        ("[routing]\nrules = [{ id = 'a', route = 'b' }]", "error sites[0].routing.rules[0].route"),
        (
            "[routing]\nroutes = [{ id = 'b', kind = 'reject', reason = 'hangup' }]\nrules = [{ id = 'a', route = 'b', providers = ['twillio'] }]",
            "error sites[0].routing.rules[0].providers[0]",
        ),
        ("[spam]\nprefixes = ['1900']", "error sites[0].spam.prefixes[0]"),
        ("[spam]\nrate = { calls = 1, within = '1h' }", "error sites[0].spam.rate.calls"),
        ("[spam]\nroute = 'b'", "error sites[0].spam.route"),
        ("[spam]\nchallenge = 'Press 1.'", "error sites[0].spam.challenge"),
    ] {
        assert!(said(parts).contains(&expected.to_owned()), "{parts}: {:?}", said(parts));
    }
}

/// A route that its provider's calls come to, and what the provider must be able to do for it.
const NEEDS: [(&str, &[Feature]); 17] = {
    use Feature::*;
    [
        ("kind = 'dial', to = [P]", &[]),
        ("kind = 'dial', to = [P, Q]", &[DialAtOnce]),
        ("kind = 'dial', to = [P, Q], order = 'weighted'", &[]),
        ("kind = 'dial', to = [P], otherwise = 'end'", &[AskNext]),
        ("kind = 'dial', to = [P], last_agent = true", &[AskNext]),
        ("kind = 'dial', to = [S]", &[DialSip]),
        ("kind = 'dial', to = [P], caller_id = 'caller'", &[PassCallerId]),
        ("kind = 'dial', to = [P], caller_id = '+18005550100'", &[FixedCallerId]),
        ("kind = 'dial', to = [P], whisper = 'Ads'", &[Whisper]),
        ("kind = 'dial', to = [S], whisper = 'Ads'", &[DialSip, Whisper, WhisperSip]),
        ("kind = 'dial', to = [P], accept = true", &[Whisper, WhisperAccept]),
        ("kind = 'dial', to = [P], record = 'on'", &[Record, Speak]),
        ("kind = 'dial', to = [P], record = 'dual'", &[RecordDual, Speak]),
        ("kind = 'dial', to = [P], greeting = 'https://static.example.com/a.mp3'", &[Play]),
        (
            "kind = 'menu', prompt = 'Press 1.', choices = [{ key = '1', route = 'end' }]",
            &[Gather, Speak],
        ),
        ("kind = 'voicemail', prompt = 'Speak.'", &[Voicemail, Speak]),
        ("kind = 'reject', reason = 'declined'", &[RejectDeclined]),
    ]
};

/// Every way in which calls come to a site.
fn ways() -> Vec<(&'static dyn providers::Provider, bool)> {
    let mut telnyx = crate::config::model::Telephony::default();
    telnyx.telnyx.push(crate::config::model::Telnyx { voice_api: true, ..Default::default() });
    let by_commands = providers::ways("telnyx", &telnyx).remove(0);
    providers::ALL
        .map(|provider| (provider, false))
        .into_iter()
        .chain([(by_commands, true)])
        .collect()
}

fn said_of(route: &str, provider: &str, voice_api: bool) -> Vec<String> {
    let mut route = route.to_owned();
    for (short, address) in [("P", "+18005550101"), ("Q", "+18005550102"), ("S", "sip:a@b.example")]
    {
        for (before, after) in [("[", "]"), ("[", ","), (" ", "]")] {
            let named = format!("{before}{{ address = '{address}' }}{after}");
            route = route.replace(&format!("{before}{short}{after}"), &named);
        }
    }
    said(&format!(
        "voice_api = {voice_api}
        [routing]
        notices = [{{ prompt = 'This call is recorded.' }}]
        rules = [{{ id = 'all', providers = ['{provider}'], route = 'a' }}, {{ id = 'b', providers = ['generic'], route = 'end' }}]
        routes = [{{ id = 'a', {route} }}, {{ id = 'end', kind = 'reject', reason = 'hangup' }}]"
    ))
}

#[test]
fn what_no_provider_can_do_is_said_for_each() {
    for (provider, voice_api) in ways() {
        for (route, needs) in NEEDS {
            let can = needs.iter().all(|feature| provider.can(*feature));
            let expected = if can { vec![] } else { vec!["error sites[0].routing.routes[0]"] };
            let said = said_of(route, provider.name(), voice_api);
            assert_eq!(said, expected, "{} {voice_api}: {route}", provider.name());
        }
    }
}

#[test]
fn how_far_a_provider_goes_is_said_too() {
    let nine: Vec<String> = (0..9).map(|n| format!("{{ address = '+1800555010{n}' }}")).collect();
    let nine = format!("kind = 'dial', to = [{}]", nine.join(", "));
    for (provider, voice_api) in ways() {
        let limits = provider.limits();
        let long = said_of("kind = 'dial', to = [P], ring = '200s'", provider.name(), voice_api);
        let expected = match *limits.ring_s.end() < 200 {
            true => vec!["error sites[0].routing.routes[0].ring"],
            false => vec![],
        };
        assert_eq!(long, expected, "{}", provider.name());
        let wide = said_of(&nine, provider.name(), voice_api);
        let told = wide.contains(&"error sites[0].routing.routes[0].to".to_owned());
        assert_eq!(told, limits.at_once < 9, "{}: {wide:?}", provider.name());
    }
    assert_eq!(providers::by_name("bandwidth").map(|it| it.limits().at_once), Some(8));
    assert_eq!(providers::by_name("vonage").map(|it| *it.limits().ring_s.end()), Some(120));
}
