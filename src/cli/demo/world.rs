//! The demo's assumptions: where its visitors come from, what they read, when they come.
//!
//! Invented figures for an invented plumber; they resemble a small local business, not any
//! measured one.

/// One way to arrive at the site.
pub struct Arrival {
    /// How often, relative to the others.
    pub weight: f64,
    /// Query of the landing URL; `{id}` becomes a fresh click id.
    pub query: &'static str,
    /// Referrer.
    pub referrer: &'static str,
    /// Landing pages with their weights.
    pub pages: &'static [(&'static str, f64)],
    /// Share of these visitors who call.
    pub calls: f64,
}

/// Every way to arrive.
pub const ARRIVALS: &[Arrival] = &[
    Arrival {
        weight: 26.0,
        query: "utm_source=google&utm_medium=cpc&utm_campaign=emergency&utm_term=plumber+near+me&gclid={id}",
        referrer: "https://www.google.com/",
        pages: &[("/emergency", 7.0), ("/drains", 2.0), ("/", 1.0)],
        calls: 0.19,
    },
    Arrival {
        weight: 12.0,
        query: "utm_source=google&utm_medium=cpc&utm_campaign=water-heaters&gclid={id}",
        referrer: "https://www.google.com/",
        pages: &[("/water-heaters", 8.0), ("/", 1.0)],
        calls: 0.11,
    },
    Arrival {
        weight: 20.0,
        query: "",
        referrer: "https://www.google.com/",
        pages: &[("/", 5.0), ("/drains", 2.0), ("/water-heaters", 2.0), ("/emergency", 1.0)],
        calls: 0.09,
    },
    Arrival {
        weight: 11.0,
        query: "utm_source=facebook&utm_medium=paid_social&utm_campaign=bathroom-remodel&fbclid={id}",
        referrer: "https://l.facebook.com/",
        pages: &[("/bathrooms", 9.0), ("/", 1.0)],
        calls: 0.03,
    },
    Arrival {
        weight: 6.0,
        query: "utm_source=bing&utm_medium=cpc&utm_campaign=emergency&msclkid={id}",
        referrer: "https://www.bing.com/",
        pages: &[("/emergency", 8.0), ("/", 2.0)],
        calls: 0.16,
    },
    Arrival {
        weight: 5.0,
        query: "utm_source=newsletter&utm_medium=email&utm_campaign=winter-check",
        referrer: "",
        pages: &[("/water-heaters", 5.0), ("/", 2.0)],
        calls: 0.07,
    },
    Arrival {
        weight: 3.0,
        query: "",
        referrer: "https://chatgpt.com/",
        pages: &[("/", 3.0), ("/drains", 2.0)],
        calls: 0.10,
    },
    Arrival {
        weight: 3.0,
        query: "",
        referrer: "https://www.yelp.com/biz/harbor-and-pine",
        pages: &[("/", 1.0)],
        calls: 0.12,
    },
    Arrival { weight: 14.0, query: "", referrer: "", pages: &[("/", 1.0)], calls: 0.07 },
];

/// Relative traffic of each hour of the day, local time.
pub const HOURS: [f64; 24] = [
    0.6, 0.4, 0.3, 0.3, 0.4, 0.8, 1.9, 3.6, 5.6, 6.4, 6.6, 6.2, 5.4, 5.4, 5.6, 5.8, 6.0, 5.8, 5.6,
    5.4, 4.8, 3.6, 2.2, 1.2,
];

/// Relative traffic of each weekday, Monday first.
pub const WEEKDAYS: [f64; 7] = [1.25, 1.1, 1.05, 1.0, 1.0, 0.75, 0.65];

/// Browsers of the visitors with their weights.
pub const AGENTS: &[(&str, f64)] = &[
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        40.0,
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
        25.0,
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        22.0,
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
        10.0,
    ),
    // A program: it is counted, and gets no number.
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 3.0),
];

/// Area codes of the callers.
pub const AREA_CODES: &[&str] = &["617", "781", "508", "339", "857", "978", "401", "603"];

/// Visits in a day of weight 1.
pub const VISITS_A_DAY: f64 = 230.0;

/// Calls to the billboard's static number.
pub const BILLBOARD_CALLS_A_WEEK: i64 = 12;

/// Share of callers who call again within three days.
pub const CALLS_AGAIN: f64 = 0.22;

/// Share of visitors who come back without an ad within a week.
pub const COMES_BACK: f64 = 0.12;
