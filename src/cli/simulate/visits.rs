//! What a visitor does: pages, beats as the snippet sends them, a tap on the number, and leaving.

use rand::RngExt;
use rand_distr::{Distribution, Exp1, LogNormal};
use serde_json::{Value, json};

use crate::cli::simulate::Mixed;
use crate::cli::simulate::author::{Author, members};
use crate::platform::clock::Millis;

/// Between two beats of a visible page.
const BEAT_MS: i64 = 30_000;
/// Between two beats of a hidden page, and how long it sends them.
const HIDDEN_BEAT_MS: i64 = 60_000;
const HIDDEN_MS: i64 = 300_000;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const DESK: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/140.0.0.0 Safari/537.36";
const PROGRAM: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// Query of the landing page and referrer of a source.
pub fn source(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "google-ads" => (
            "?utm_source=google&utm_medium=cpc&utm_campaign=emergency&gclid=x",
            "https://www.google.com/",
        ),
        "organic" => ("", "https://www.google.com/"),
        "facebook-ads" => (
            "?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring",
            "https://l.facebook.com/",
        ),
        "email" => ("?utm_source=newsletter&utm_medium=email", ""),
        "referral" => ("", "https://directory.example.org/"),
        "direct" => ("", ""),
        _ => return None,
    })
}

/// A visit as it went.
pub(super) struct Visited {
    /// Its name.
    pub(super) session: String,
    /// When it began, and when its visitor turned away from the page.
    pub(super) from: Millis,
    /// The end of its last page, unless a call keeps it open.
    pub(super) to: Millis,
    /// Whether it was on a phone.
    pub(super) mobile: bool,
    /// Share of visits of its source that call.
    pub(super) calls: f64,
}

impl Author<'_> {
    /// A whole visit that begins at `at`, with its calls.
    pub(super) fn visit(&mut self, at: Millis) {
        self.told.visits += 1;
        let Mixed(sources) = &self.args.sources;
        let total: f64 = sources.iter().map(|(_, source)| source.weight).sum();
        let mut drawn = self.rng.random::<f64>() * total;
        let mut chosen = &sources[0];
        for one in sources.iter().filter(|(_, source)| source.weight > 0.0) {
            chosen = one;
            drawn -= one.1.weight;
            if drawn <= 0.0 {
                break;
            }
        }
        let (name, calls) = (chosen.0.clone(), chosen.1.calls);
        let mobile = self.draws(self.args.mobile);
        let length = (self.length_s() * 1_000.0) as i64;
        let session = format!("s{}", self.told.visits);
        let to = at.plus(length.max(1_000));
        let visited = Visited { session, from: at, to, mobile, calls };
        self.pages(&visited, &name);
        self.calls_of(&visited);
    }

    /// A program's view of a page.
    pub(super) fn program(&mut self, at: Millis) {
        let session = format!("b{}", self.told.visits);
        let view = json!({
            "session": session, "url": "https://www.example.com/", "user_agent": PROGRAM,
        });
        self.say(at, "view", members(view));
    }

    /// A time of a random length, so long on average; in milliseconds.
    pub(super) fn wait(&mut self, mean_s: f64) -> i64 {
        let drawn: f64 = Exp1.sample(&mut self.rng);
        (drawn * mean_s * 1_000.0).ceil() as i64
    }

    fn length_s(&mut self) -> f64 {
        let (mean, sigma) = (self.args.visit.as_secs_f64(), self.args.visit_sigma);
        // The mean of a log-normal law is exp(mu + sigma²/2).
        match LogNormal::new(mean.ln() - sigma * sigma / 2.0, sigma) {
            Ok(law) => law.sample(&mut self.rng).min(4.0 * 3_600.0),
            Err(_) => mean,
        }
    }

    fn pages(&mut self, visit: &Visited, source_name: &str) {
        let (query, referrer) = source(source_name).unwrap_or_default();
        let visitor = self.visitor(&visit.session);
        let mut cuts = vec![visit.from];
        while self.draws(1.0 - 1.0 / self.args.pages.max(1.0)) && cuts.len() < 30 {
            let length = visit.to.since(visit.from);
            cuts.push(visit.from.plus(self.rng.random_range(0..length)));
        }
        cuts.sort();
        cuts.dedup();
        for (nth, &from) in cuts.iter().enumerate() {
            let page = ["", "prices", "contact"][nth % 3];
            let (query, referrer) = if nth == 0 { (query, referrer) } else { ("", "") };
            let mut view = json!({
                "session": visit.session, "url": format!("https://www.example.com/{page}{query}"),
                "user_agent": if visit.mobile { PHONE } else { DESK },
            });
            for (name, value) in [("referrer", Some(referrer)), ("visitor", visitor.as_deref())] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    view[name] = value.into();
                }
            }
            self.say(from, "view", members(view));
            let until = cuts.get(nth + 1).copied().unwrap_or(visit.to);
            self.beats(&visit.session, from, until, BEAT_MS);
        }
    }

    /// Beats after `from` and before `until`.
    fn beats(&mut self, session: &str, from: Millis, until: Millis, every: i64) {
        let mut at = from.plus(every);
        while at < until {
            self.say(at, "beat", members(json!({ "session": session })));
            at = at.plus(every);
        }
    }

    /// Taps the number when turning away from the page: the dialler hides it. Says when the page is
    /// left.
    pub(super) fn tap(&mut self, visit: &Visited) -> Millis {
        let tap: Value = json!({ "session": visit.session, "tel_click": true });
        self.say(visit.to, "beat", members(tap));
        let hidden = self.wait(90.0).min(HIDDEN_MS);
        let left = visit.to.plus(hidden);
        self.beats(&visit.session, visit.to, left, HIDDEN_BEAT_MS);
        left
    }

    pub(super) fn leave(&mut self, visit: &Visited, at: Millis) {
        if !self.draws(self.args.silent) {
            self.say(at, "leave", members(json!({ "session": visit.session })));
        }
    }

    /// Who visits, when they may be known again.
    fn visitor(&mut self, session: &str) -> Option<String> {
        if !self.visitors.is_empty() && self.draws(self.args.returning) {
            let known = self.rng.random_range(0..self.visitors.len());
            return Some(self.visitors[known].clone());
        }
        let visitor = self.draws(self.args.consent).then(|| format!("v-{session}"));
        self.visitors.extend(visitor.clone());
        visitor
    }
}
