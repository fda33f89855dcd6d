// Words for what the service decided: reasons, bases, verdicts, alerts.

export const help = {
  bases: { holder: "A session held the number that was called.", static: "The number belongs to one source.", inferred: "The session of this caller's earlier call.", imported: "Another system said so.", provided: "The ad platform that connected the call told its campaign.", told: "An outcome or a form named the visitor.", none: "Nobody fits." },
  reasons: { tel_click: "tapped the number", gesture: "copied or pressed the number", on_page: "was on the page", just_after: "had just left", same_day: "was there that day", later: "was there days before", known_caller: "known caller", lead: "sent a form", same_area: "same area", same_region: "same region", other_country: "another country", shared: "the number was shared", unrested: "somebody else had the number shortly before" },
  actions_taken: { dial: "Forwarded", menu: "Menu", voicemail: "Voicemail", reject: "Rejected", challenge: "Asked to press a key" },
  whys: { rule: "by a rule", no_rule: "no rule fits", closed: "closed", area: "by area", full: "destinations full", not_taken: "nobody took it", key: "by a key", no_key: "no key was pressed", spam: "spam screen", gone: "the caller hung up", fail_safe: "fail-safe" },
  verdicts: { better: "Better than usual", usual: "As usual", worse: "Worse than usual", short_better: "▲ better,", short_usual: "● usual,", short_worse: "▼ worse," },
  alerts: { threshold: "A limit is passed", benchmark: "Worse than usual", forecast: "Not what was expected", silent: "Silence", overflow: "Too few numbers", postbacks: "Postbacks fail" },
  dispositions: { booked: "Booked", quoted: "Quoted", callback: "Call back", not_interested: "Not interested", wrong_number: "Wrong number" },
  not_told: { qualified_leads: "no outcome told", revenue: "no value told", cost_per_lead: "no cost or lead told" },
  models: { own: "Own source", first: "First", last: "Last", last_non_direct: "Last non-direct", last_paid: "Last paid", lead_creation: "Lead creation", linear: "Linear", position_based: "Position", w_shaped: "W-shaped", time_decay: "Time decay", data_driven: "Data-driven" },
  clocks: { call: "Time of the call", visit: "Time of the visit" },
  grains: { hour: "Hour", day: "Day", week: "Week", month: "Month", quarter: "Quarter", year: "Year" },
  industries: { own_past: "Own past", all: "All industries", ecommerce: "E-commerce", healthcare: "Healthcare", finance: "Finance", telecom: "Telecom", small_business: "Small business", mid_size: "Mid-size", enterprise: "Enterprise" },
};
