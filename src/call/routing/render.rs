//! A step of a route → the steps of an answer. Pure.
//!
//! The route says how somebody is dialled or asked; whom, and with which mark, the decided step says.
//! So a webhook that comes twice is answered with the same words.

use crate::call::answer::{
    Asks, Dial, DialOrder, Gather, Prompt, Record, Rejection, ShownNumber, Step, Target, Voicemail,
    Whisper,
};
use crate::call::routing::mark::{Mark, Place};
use crate::call::routing::model::{Action, RouteStep};
use crate::call::routing::scene::Scene;
use crate::call::routing::whisper;
use crate::config::model::{
    CallerId, DialRoute, RecordMode, RejectReason, RouteEntry, RouteKind, Site,
};

/// Seconds in which an unwanted caller must press a key.
const CHALLENGE_S: u16 = 8;

/// The answer that says `step`.
pub fn steps(scene: &Scene<'_>, step: &RouteStep) -> Vec<Step> {
    let routing = &scene.site.routing;
    let entry = step.route.as_ref().and_then(|id| routing.route(id));
    match (step.action, entry.map(|entry| (entry, &entry.kind))) {
        (Action::Dial, Some((entry, RouteKind::Dial(dial)))) => dialled(scene, entry, dial, step),
        (Action::Dial, _) => {
            let targets = match &step.targets[..] {
                [] => vec![Target::Phone(scene.fail_safe().clone())],
                targets => targets.to_vec(),
            };
            vec![plain_dial(scene.site, targets, &step.mark)]
        }
        (Action::Menu, Some((entry, RouteKind::Menu(menu)))) => {
            let seconds = menu.timeout.as_secs().clamp(1, 60) as u16;
            vec![gather(prompt(scene, entry, &menu.prompt), seconds, &step.mark)]
        }
        (Action::Voicemail, Some((entry, RouteKind::Voicemail(voicemail)))) => {
            let max_s = voicemail.longest.as_secs().clamp(5, 3600) as u16;
            vec![
                Step::Say(prompt(scene, entry, &voicemail.prompt)),
                Step::Voicemail(Voicemail { max_s, mark: step.mark.clone() }),
            ]
        }
        (Action::Challenge, _) => {
            let language = routing.language.clone();
            let said = said(&scene.site.spam.challenge, language);
            vec![gather(said, CHALLENGE_S, &step.mark)]
        }
        (Action::Reject, entry) => vec![rejection(step.hop, entry.map(|(_, kind)| kind))],
        // The route is another one now, or gone: whoever waits gets through.
        (Action::Menu | Action::Voicemail, _) => {
            vec![plain_dial(scene.site, vec![Target::Phone(scene.fail_safe().clone())], "")]
        }
    }
}

fn plain_dial(site: &Site, targets: Vec<Target>, mark: &str) -> Step {
    Step::Dial(Dial {
        targets,
        order: DialOrder::AtOnce,
        ring_s: seconds_of_ring(site, None),
        shown: ShownNumber::Callers,
        whisper: None,
        record: Record::Off,
        mark: mark.to_owned(),
    })
}

/// Providers take 5 to 600 s; shorter rings nobody.
fn seconds_of_ring(site: &Site, of_route: Option<jiff::SignedDuration>) -> u16 {
    of_route.unwrap_or(site.ring_timeout).as_secs().clamp(5, 600) as u16
}

fn dialled(scene: &Scene<'_>, entry: &RouteEntry, dial: &DialRoute, step: &RouteStep) -> Vec<Step> {
    let language = language(scene, entry);
    let text = match dial.whisper.as_str() {
        "" if dial.accept => whisper::text("Call from {site}", scene),
        template => whisper::text(template, scene),
    };
    let whisper = (!text.is_empty()).then(|| Whisper {
        text,
        language: language.clone(),
        accept: dial.accept,
    });
    let shown = match (&dial.caller_id, scene.called) {
        (Some(CallerId::Number(number)), _) => ShownNumber::Fixed(number.clone()),
        (Some(CallerId::Called), Some(called)) => ShownNumber::Fixed(called.clone()),
        _ => ShownNumber::Callers,
    };
    let record = match dial.record {
        RecordMode::Off => Record::Off,
        RecordMode::On => Record::On,
        RecordMode::Dual => Record::Dual,
    };
    let asked = Step::Dial(Dial {
        targets: step.targets.clone(),
        order: if step.in_turn { DialOrder::InTurn } else { DialOrder::AtOnce },
        ring_s: seconds_of_ring(scene.site, dial.ring),
        shown,
        whisper,
        record,
        mark: step.mark.clone(),
    });
    // Said once, when the caller comes to the route.
    let mut all = Vec::new();
    if is_first_round(&step.mark) {
        all.extend((!dial.greeting.is_empty()).then(|| Step::Say(said(&dial.greeting, language))));
        all.extend((record != Record::Off).then(|| notice(scene)).flatten());
    }
    all.push(asked);
    all
}

fn is_first_round(mark: &str) -> bool {
    match Mark::parse(mark).map(|mark| mark.place) {
        Some(Place::Dial { round, agent, .. }) => {
            round.is_none() || (round == Some(0) && agent.is_none())
        }
        _ => true,
    }
}

/// The notice for where the caller is: the first that names one of their places, or none.
fn notice(scene: &Scene<'_>) -> Option<Step> {
    let routing = &scene.site.routing;
    let mut notices = routing.notices.iter();
    let notice = notices.find(|notice| {
        notice.places.is_empty() || notice.places.iter().any(|place| scene.is_in(place))
    })?;
    let own = Some(&notice.language).filter(|language| !language.is_empty());
    Some(Step::Say(said(&notice.prompt, own.unwrap_or(&routing.language).clone())))
}

fn rejection(hop: u8, kind: Option<&RouteKind>) -> Step {
    let reason = match kind {
        Some(RouteKind::Reject(reject)) => reject.reason,
        _ => RejectReason::Hangup,
    };
    // Only a call that was not answered yet can hear that the line is busy.
    match reason {
        RejectReason::Busy if hop <= 1 => Step::Reject(Rejection::Busy),
        RejectReason::Declined if hop <= 1 => Step::Reject(Rejection::Declined),
        _ => Step::HangUp,
    }
}

fn gather(prompt: Prompt, timeout_s: u16, mark: &str) -> Step {
    Step::Gather(Gather {
        prompt: Some(prompt),
        max_digits: 1,
        timeout_s,
        asks: Asks::Caller,
        mark: mark.to_owned(),
    })
}

fn language(scene: &Scene<'_>, entry: &RouteEntry) -> String {
    let own = Some(&entry.language).filter(|language| !language.is_empty());
    own.unwrap_or(&scene.site.routing.language).clone()
}

fn prompt(scene: &Scene<'_>, entry: &RouteEntry, text: &str) -> Prompt {
    said(text, language(scene, entry))
}

/// A text is spoken; the URL of a sound file is played.
fn said(text: &str, language: String) -> Prompt {
    if text.starts_with("https://") || text.starts_with("http://") {
        Prompt::Audio(text.to_owned())
    } else {
        Prompt::Text { text: text.to_owned(), language }
    }
}
