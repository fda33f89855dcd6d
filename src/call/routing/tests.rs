//! Decisions: examples for every kind of route, and what holds for all of them.

use jiff::civil::datetime;
use proptest::prelude::*;

use super::*;
use crate::call::answer::{DialOrder, Feature, MAX_HOPS, Rejection, ShownNumber, Step};
use crate::call::model::Call;
use crate::call::providers::by_name;
use crate::call::routing::mark::Mark;
use crate::call::routing::model::{Action, RouteStep, Why};
use crate::call::routing::pick::Picked;
use crate::call::routing::rules::{Asked, decide};
use crate::call::routing::scene::Scene;
use crate::call::routing::site::SiteRouting;
use crate::platform::clock::Millis;

const SITE: &str = r#"
    id = "s"
    key = "pk"
    name = "Harbor Plumbing"
    forward_to = "+14155550111"
    time_zone = "America/New_York"
    numbers = [{ number = "+14155550199", forward_to = "+14155550112" }]
    pools = [{ id = "ads", numbers = ["+14155550198"] }]
    [routing]
    language = "en-US"
    holidays = ["12-25"]
    hours = [{ id = "office", open = ["mon-fri 09:00-17:00"] }]
    notices = [
        { prompt = "Gespräch wird aufgezeichnet.", places = ["DE"], language = "de-DE" },
        { prompt = "This call is recorded.", places = ["US-CA", "+1212"] },
    ]
    [[routing.routes]]
    id = "sales"
    kind = "dial"
    to = [{ address = "+14155550121" }, { address = "sip:b@pbx.example.com" }, { address = "+14155550123" }]
    order = "in_turn"
    hours = "office"
    closed = "message"
    otherwise = "message"
    greeting = "Welcome."
    whisper = "Call from {source}, {campaign}, {term}"
    accept = true
    record = "dual"
    ring = "12s"
    caller_id = "called"
    last_agent = true
    [[routing.routes]]
    id = "all"
    kind = "dial"
    to = [{ address = "+14155550121" }, { address = "+14155550122", at_a_time = 1 }]
    [[routing.routes]]
    id = "turns"
    kind = "dial"
    order = "round_robin"
    to = [{ address = "+14155550121", at_a_time = 1 }, { address = "+14155550122", per_day = 2 }]
    otherwise = "area"
    [[routing.routes]]
    id = "menu"
    kind = "menu"
    prompt = "Press 1 or 2."
    choices = [{ key = "1", route = "all" }, { key = "2", route = "message" }]
    otherwise = "all"
    [[routing.routes]]
    id = "area"
    kind = "area"
    places = [{ place = "US", route = "message" }, { place = "+1415", route = "all" }, { place = "GB/london", route = "no" }]
    [[routing.routes]]
    id = "message"
    kind = "voicemail"
    prompt = "https://example.com/hello.mp3"
    [[routing.routes]]
    id = "no"
    kind = "reject"
    [[routing.rules]]
    id = "pbx"
    providers = ["kamailio"]
    route = "sales"
    [[routing.rules]]
    id = "ads"
    route = "sales"
    when = [{ field = "source", is = ["google"] }]
    [[routing.rules]]
    id = "pool"
    route = "menu"
    when = [{ field = "pool", is = ["ads"] }]
    [[routing.rules]]
    id = "late"
    route = "message"
    when = [{ field = "hours", is = ["office"], not = true }, { field = "caller_kind", is = ["repeat"] }]
    [[routing.rules]]
    id = "christmas"
    route = "no"
    when = [{ field = "holiday", is = ["yes"] }]
    [[routing.rules]]
    id = "west"
    route = "area"
    when = [{ field = "caller_region", is = ["CA"] }, { field = "weekday", is = ["tue"] }]
    [[routing.rules]]
    id = "turns"
    route = "turns"
    when = [{ field = "caller_area", is = ["+1212"] }]
    "#;

/// A call to a site, and what is known of it.
struct World {
    site: Site,
    routing: SiteRouting,
    call: Call,
    provider: &'static str,
    now: jiff::civil::DateTime,
    agent: Option<&'static str>,
    spam: bool,
}

impl World {
    /// A first call from San Francisco on a Monday at ten.
    fn new() -> Self {
        let site: Site = toml::from_str(SITE).expect("a site");
        let routing = SiteRouting::compile(&site);
        let call = serde_json::json!({
            "id": CallId::of(&site.id, "twilio", "CA1"), "version": 1, "site": "s", "provider": "twilio",
            "provider_call_id": "CA1", "tracking_number": "+14155550199",
            "caller": {"number": "+14155550100", "country": "US"}, "first_time": true,
            "status": "received", "started_at": 0, "home": {"labels": ["+1415", "US-CA", "US"]},
        });
        let call = serde_json::from_value(call).expect("a call");
        let now = datetime(2026, 3, 2, 10, 0, 0, 0);
        World { site, routing, call, provider: "twilio", now, agent: None, spam: false }
    }

    fn with_google_visit(mut self) -> Self {
        let found = serde_json::json!({
            "basis": "holder", "confidence": 0.9, "tier": "own", "landing_page": "/",
        });
        self.call.attribution = serde_json::from_value(found).ok();
        let found = self.call.attribution.as_mut().expect("an attribution");
        found.source = serde_json::from_value(serde_json::json!({
            "source": "google", "medium": "cpc", "campaign": "spring_sale", "channel": "Paid Search",
        }))
        .ok();
        self
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            site: &self.site,
            routing: &self.routing,
            provider: by_name(self.provider).expect("a provider"),
            call: Some(&self.call),
            called: self.call.tracking_number.as_ref(),
            pool: self
                .call
                .tracking_number
                .as_ref()
                .and_then(|called| self.routing.pool_of(called)),
            at: Millis(0),
            now: hours::Moment::of(self.now),
            last_agent: self.agent,
            draw: 7,
        }
    }

    /// What is decided when everybody has room.
    fn next(&self, asked: Asked<'_>) -> Option<RouteStep> {
        let scene = self.scene();
        let chain = decide(&scene, asked, self.spam)?;
        let picked = pick::uncounted(&scene, &chain);
        Some(pick::step(&scene, &chain, picked))
    }

    fn arrived(&self) -> RouteStep {
        self.next(Asked::Arrived).expect("every call is told something")
    }

    fn not_taken(&self, step: &RouteStep) -> Option<RouteStep> {
        let mark = Mark::parse(&step.mark)?;
        self.next(Asked::Dialled { mark: &mark, taken: false })
    }

    fn pressed(&self, step: &RouteStep, digits: &str) -> RouteStep {
        let mark = Mark::parse(&step.mark);
        self.next(Asked::Keys { mark: mark.as_ref(), digits }).expect("they wait")
    }

    fn said(&self, step: &RouteStep) -> Vec<Step> {
        render::steps(&self.scene(), step)
    }
}

fn targets(step: &RouteStep) -> Vec<&str> {
    step.targets.iter().map(|target| target.as_str()).collect()
}

fn rule(step: &RouteStep) -> &str {
    step.rule.as_ref().map_or("", |rule| rule.as_str())
}

#[test]
fn without_a_rule_a_call_goes_to_the_fail_safe_of_its_number() {
    let mut world = World::new();
    let step = world.arrived();
    assert_eq!(
        (step.why, targets(&step), step.mark.as_str()),
        (Why::NoRule, vec!["+14155550112"], "")
    );
    world.call.tracking_number = None;
    assert_eq!(targets(&world.arrived()), ["+14155550111"]);
    let Step::Dial(dial) = &world.said(&step)[0] else { panic!("a dial") };
    assert_eq!((dial.ring_s, &dial.shown, &dial.whisper), (25, &ShownNumber::Callers, &None));
}

#[test]
fn the_first_rule_that_holds_decides() {
    let mut world = World::new().with_google_visit();
    assert_eq!(rule(&world.arrived()), "ads");
    world.provider = "kamailio";
    assert_eq!(rule(&world.arrived()), "pbx");
    world = World::new();
    world.call.tracking_number = "+14155550198".parse().ok();
    assert_eq!((rule(&world.arrived()), world.arrived().action), ("pool", Action::Menu));
    world = World::new();
    world.call.first_time = Some(false);
    world.now = datetime(2026, 3, 2, 17, 0, 0, 0);
    assert_eq!((rule(&world.arrived()), world.arrived().action), ("late", Action::Voicemail));
    world = World::new();
    world.now = datetime(2026, 12, 25, 10, 0, 0, 0);
    let step = world.arrived();
    assert_eq!((rule(&step), step.action), ("christmas", Action::Reject));
    assert_eq!(world.said(&step), [Step::Reject(Rejection::Busy)]);
    world = World::new();
    world.now = datetime(2026, 3, 3, 10, 0, 0, 0);
    let step = world.arrived();
    assert_eq!((rule(&step), step.why, targets(&step).len()), ("west", Why::Area, 2));
}

#[test]
fn a_dial_says_all_that_its_route_says_and_then_rings_in_turn() {
    let world = World::new().with_google_visit();
    let first = world.arrived();
    let said = world.said(&first);
    let [Step::Say(greeting), Step::Say(notice), Step::Dial(dial)] = &said[..] else {
        panic!("{said:?}")
    };
    assert!(format!("{greeting:?}").contains("Welcome."));
    assert!(format!("{notice:?}").contains("This call is recorded."));
    let whisper = dial.whisper.as_ref().expect("a whisper");
    assert_eq!((whisper.text.as_str(), whisper.accept), ("Call from google, spring sale", true));
    assert_eq!((dial.ring_s, dial.order), (12, DialOrder::AtOnce));
    assert_eq!(dial.shown, ShownNumber::Fixed("+14155550199".parse().expect("a number")));
    assert_eq!(targets(&first), ["+14155550121"]);

    let second = world.not_taken(&first).expect("the next one");
    assert_eq!(
        (second.hop, second.why, targets(&second)),
        (2, Why::NotTaken, vec!["sip:b@pbx.example.com"])
    );
    assert!(matches!(world.said(&second)[..], [Step::Dial(_)]), "nothing is said twice");
    let third = world.not_taken(&second).expect("the third");
    let message = world.not_taken(&third).expect("a message");
    assert_eq!((message.hop, message.action), (4, Action::Voicemail));
    let mark = Mark::parse(&first.mark).expect("a mark");
    assert_eq!(world.next(Asked::Dialled { mark: &mark, taken: true }), None);
}

#[test]
fn closed_hours_lead_elsewhere() {
    let mut world = World::new().with_google_visit();
    world.now = datetime(2026, 3, 7, 10, 0, 0, 0);
    let step = world.arrived();
    assert_eq!((step.action, step.why, rule(&step)), (Action::Voicemail, Why::Closed, "ads"));
}

#[test]
fn a_repeat_caller_is_offered_first_to_whom_they_talked_to() {
    let mut world = World::new().with_google_visit();
    world.agent = Some("sip:b@pbx.example.com");
    let first = world.arrived();
    assert_eq!(targets(&first), ["sip:b@pbx.example.com"]);
    let rest: Vec<RouteStep> =
        std::iter::successors(world.not_taken(&first), |step| world.not_taken(step)).collect();
    let rung: Vec<Vec<&str>> = rest.iter().map(targets).collect();
    assert_eq!(rung, [vec!["+14155550121"], vec!["+14155550123"], vec![]]);
    world.agent = Some("+14155550999");
    assert_eq!(targets(&world.arrived()), ["+14155550121"], "somebody who left");
}

#[test]
fn a_menu_asks_again_and_then_goes_on_by_itself() {
    let mut world = World::new();
    world.call.tracking_number = "+14155550198".parse().ok();
    let menu = world.arrived();
    assert!(matches!(&world.said(&menu)[..], [Step::Gather(gather)] if gather.mark == menu.mark));
    let chosen = world.pressed(&menu, "2");
    assert_eq!((chosen.action, chosen.why), (Action::Voicemail, Why::Key));
    for none in ["", "9", "11"] {
        let again = world.pressed(&menu, none);
        assert_eq!((again.action, again.hop), (Action::Menu, 2));
        let otherwise = world.pressed(&again, none);
        assert_eq!((otherwise.action, otherwise.why), (Action::Dial, Why::NoKey));
    }
    let lost = world.next(Asked::Keys { mark: None, digits: "1" }).expect("they wait");
    assert_eq!((lost.action, lost.why), (Action::Dial, Why::Gone));
}

#[test]
fn who_has_enough_calls_is_passed_over_and_the_route_after_it_tells_so() {
    let mut world = World::new();
    world.call.home.labels = vec!["+1212".to_owned(), "US-NY".to_owned(), "US".to_owned()];
    let scene = world.scene();
    let chain = decide(&scene, Asked::Arrived, false).expect("a chain");
    assert!(pick::needs_counting(&chain));
    let full = pick::step(&scene, &chain, None);
    assert_eq!((full.action, full.why), (Action::Voicemail, Why::Full));
    assert_eq!(full.full.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["turns"]);
    let turn = Picked { dial: 0, turn: Some(1), round: 0, places: vec![1] };
    let first = pick::step(&scene, &chain, Some(turn));
    assert_eq!(targets(&first), ["+14155550122"]);
    let second = world.not_taken(&first).expect("the other one");
    assert_eq!(targets(&second), ["+14155550121"], "the turn goes on from there");
}

#[test]
fn who_cannot_be_asked_again_is_told_everybody_at_once() {
    let mut world = World::new();
    world.provider = "kamailio";
    let step = world.arrived();
    assert_eq!((targets(&step).len(), step.in_turn), (3, true));
    assert_eq!(Mark::parse(&step.mark).map(|mark| mark.stage.more), Some(false));
    let [.., Step::Dial(dial)] = &world.said(&step)[..] else { panic!("a dial") };
    assert_eq!(dial.order, DialOrder::InTurn);
}

#[test]
fn the_notice_is_that_of_the_callers_place() {
    let mut world = World::new().with_google_visit();
    let said = |world: &World| format!("{:?}", world.said(&world.arrived()));
    world.call.home.labels = vec!["DE/munich".to_owned(), "DE".to_owned()];
    assert!(said(&world).contains("aufgezeichnet") && said(&world).contains("de-DE"));
    world.call.home.labels = vec!["+1503".to_owned(), "US-OR".to_owned(), "US".to_owned()];
    assert!(!said(&world).contains("recorded"));
}

#[test]
fn unwanted_callers_are_asked_or_sent_away() {
    let mut world = World::new().with_google_visit();
    world.spam = true;
    assert_eq!(rule(&world.arrived()), "ads", "flagged only");
    world.site.spam.route = "no".parse().ok();
    let step = world.arrived();
    assert_eq!((step.action, step.why), (Action::Reject, Why::Spam));
    world.site.spam.challenge = "Press 1.".to_owned();
    let asked = world.arrived();
    assert_eq!(asked.action, Action::Challenge);
    assert_eq!((world.pressed(&asked, "1").hop, rule(&world.pressed(&asked, "1"))), (2, "ads"));
    let away = world.pressed(&asked, "");
    assert_eq!((away.action, world.said(&away)), (Action::Reject, vec![Step::HangUp]));
}

#[test]
fn what_routes_need_is_what_their_answers_need() {
    let world = World::new().with_google_visit();
    let said = world.said(&world.arrived());
    let answer = Answer { steps: said, ..Answer::default() };
    let entry = world.site.routing.route(&"sales".parse().expect("an id")).expect("a route");
    let needed = features::needed(&world.site.routing, &entry.kind);
    for feature in answer.needs() {
        assert!(needed.contains(&feature), "{feature:?}");
    }
    assert!(needed.contains(&Feature::AskNext) && needed.contains(&Feature::DialSip));
}

proptest! {
    /// Whatever nobody takes and whatever keys are pressed: a call is done after some steps, each is told
    /// apart, and each says something.
    #[test]
    fn every_call_comes_to_an_end(
        keys in "[0-9*]{0,30}", google: bool, pooled: bool, area in "\\+1(212|415|503)", hour in 0i8..24,
        day in 1i8..28, provider in "twilio|plivo|vonage|kamailio|asterisk", spam: bool, lost: bool,
    ) {
        let mut world = World::new();
        if google { world = world.with_google_visit(); }
        if pooled { world.call.tracking_number = "+14155550198".parse().ok(); }
        world.call.home.labels[0] = area;
        world.now = datetime(2026, 12, day, hour, 30, 0, 0);
        world.provider = ["twilio", "plivo", "vonage", "kamailio", "asterisk"].into_iter().find(|name| *name == provider).expect("one");
        world.spam = spam;
        world.site.spam.challenge = "Press 1.".to_owned();
        let mut digits = keys.chars();
        let mut step = world.arrived();
        let mut hops = vec![step.hop];
        loop {
            prop_assert!(!world.said(&step).is_empty());
            let next = match step.action {
                Action::Dial => world.not_taken(&step),
                Action::Menu | Action::Challenge => {
                    let key = digits.next().map(String::from).unwrap_or_default();
                    Some(world.pressed(&step, &key))
                }
                Action::Voicemail | Action::Reject => None,
            };
            // The route may be gone by then.
            if lost && hops.len() == 2 { world.site.routing.routes.clear(); }
            let Some(next) = next else { break };
            prop_assert!(next.hop > step.hop && next.hop <= MAX_HOPS);
            step = next;
            hops.push(step.hop);
        }
        prop_assert!(hops.len() <= usize::from(MAX_HOPS));
    }
}
