//! What deciding a page view costs: `cargo bench --bench visit`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ringtrace::visit::bot::{Evidence, judge};
use ringtrace::visit::device::{ClientHints, machine};
use ringtrace::visit::rules::arrive;
use ringtrace::visit::site_rules::SiteRules;
use ringtrace::visit::tables::Tables;

const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like \
                      Gecko) Chrome/140.0.0.0 Safari/537.36";
const FACEBOOK: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                        (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/517.0.0.41.104;\
                        FBBV/742081368;FBDV/iPhone16,2;FBMD/iPhone;FBSN/iOS;FBSV/18.5;FBSS/3;\
                        FBID/phone;FBLC/en_US;FBOP/5;FBRV/0]";
const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const HINTS: ClientHints<'_> = ClientHints {
    brands: r#""Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140""#,
    mobile: "?0",
    platform: "\"Windows\"",
};

fn visit(criterion: &mut Criterion) {
    criterion.bench_function("load the tables", |bench| bench.iter(Tables::load));
    let Ok(tables) = Tables::load() else { return };
    for (name, user_agent) in [("Chrome", CHROME), ("Facebook", FACEBOOK), ("Googlebot", GOOGLEBOT)]
    {
        let evidence = Evidence { user_agent, hints: HINTS, network: None };
        criterion.bench_function(&format!("program or person: {name}"), |bench| {
            bench.iter(|| judge(&tables, black_box(&evidence)));
        });
        criterion.bench_function(&format!("machine: {name}"), |bench| {
            bench.iter(|| machine(&tables, black_box(user_agent), HINTS));
        });
    }
    let mut rules = SiteRules::default();
    rules.origins.push("https://www.example.com".to_owned());
    let url = "https://www.example.com/plumbing/?utm_source=google&utm_medium=cpc&gclid=Cj0KCQ";
    criterion.bench_function("arrive: an ad click", |bench| {
        bench.iter(|| arrive(&tables, &rules, black_box(url), "https://www.google.com/"));
    });
}

criterion_group!(benches, visit);
criterion_main!(benches);
