// Every text of the pages in English. A second language is a copy of this file.

import { help } from "./en_help.js";
import { names } from "./en_names.js";

export default {
  ...names,
  ...help,
  nav: { label: "Pages", menu: "Menu", skip: "Skip to the page", overview: "Overview", explore: "Explore", calls: "Calls", pools: "Pools", postbacks: "Postbacks", forecast: "Forecast", setup: "Setup", api: "API reference", sign_out: "Sign out" },
  scopes: { reader: "reader", analyst: "analyst", manager: "manager", admin: "admin" },
  demo: { title: "Demo.", text: "This is simulated traffic of an invented plumber.", link: "Get a number of your own" },
  errors: { unreachable: "The service cannot be reached.", status: "The service answered with status {status}.", again: "Try again", no_page: "Nothing here", no_page_text: "There is no such page, or it is not for your role." },
  states: { loading: "Loading", empty: "Nothing in this period." },
  actions: { copy: "Copy", copied: "Copied" },
  sign_in: { title: "Which ad made the phone ring?", text: "Sign in with an API key to see the calls of its sites.", key: "API key", go: "Sign in", unknown: "This key is not known.", hint: "The key is sent once and never kept by this page. Make one with: ringtrace key new" },
  controls: { label: "What to show", site: "Site", all_sites: "All sites", period: "Period", from: "From", to: "To", compare: "Compare with", refresh: "Refresh" },
  periods: { today: "Today", yesterday: "Yesterday", last_7_days: "Last 7 days", last_14_days: "Last 14 days", last_28_days: "Last 28 days", last_90_days: "Last 90 days", this_week: "This week", last_week: "Last week", this_month: "This month", last_month: "Last month", this_quarter: "This quarter", last_quarter: "Last quarter", this_year: "This year", custom: "Other days …" },
  comparisons: { previous_period: "Previous period", same_period_last_year: "A year before", none: "Nothing" },
  filters: { label: "Filters", add: "Filter", remove: "Remove filter: {filter}", dimension: "Where", test: "Test", value: "Value", apply: "Apply", cancel: "Cancel", only: "Show only: {filter}" },
  tests: { equals: "is", in: "is one of", contains: "contains", prefix: "begins with", regex: "matches", gt: "is above", gte: "is at least", lt: "is below", lte: "is at most", null: "is not known", not_null: "is known" },
  tables: { total: "All", fewer: "Show fewer", all: "Show all {n}" },
  figures: { not_measured: "Not measured", of: "{numerator} of {denominator}", interval: "95% interval {interval}", interval_word: "95% interval", before: "{before} before", no_change: "Cannot be compared: {before} before", points: "{n} pp", new: "new", sure: "A difference this large is hardly chance.", chance: "This may well be chance." },
  time: { seconds_ago: "{n} s ago", minutes_ago: "{n} min ago", hours_ago: "{n} h ago", days_ago: "{n} d ago" },
  overview: {
    headline: "Headline figures", zone: "times in {zone}", compared: "compared with {period}", channels: "Calls by channel", channels_text: "Day by day", others: "Others",
    sources: "Sources and campaigns", sources_text: "Pick a name to see nothing else", by: "Rows", by_source: "Sources", by_campaign: "Campaigns", by_channel: "Channels", pages_by_page: "Pages", pages_by_campaign: "With campaign", calls_in_all: "{n} calls in all",
    landing_pages: "Landing pages", landing_pages_text: "How often a visit becomes a call. The thin line is the 95% interval, the dashed one all pages together", callers: "First-time and repeat callers", callers_text: "Who was not known before, and who calls again",
    pools: "Pools", pools_text: "Numbers right now", pools_more: "All of pools",
  },
  attention: { title: "Needs attention", none: "Nothing. All is well.", dead: "{n} postbacks were given up", dead_text: "They can be sent once more.", rejected: "{n} postbacks were rejected", rejected_text: "The destination said why.", silent: "{source} fell silent", silent_text: "No visits in this period, {n} in the one before." },
  heat: { title: "When people call", text: "Pick an hour, a day or a part of the day to see nothing else", only: "Show only: {what}", day_parts: "Part of the day", all_day: "All day", night: "Night", morning: "Morning", afternoon: "Afternoon", evening: "Evening", by_page_and_campaign: "Missed calls by landing page and campaign", by_source: "Missed calls by source", anytime: "Any time", label: "{what} by weekday and hour, {zone}", colours: "Colours", none: "none", show_calls: "Calls", show_missed: "Missed", show_overflow: "Overflow", nothing: "{when}: nothing", calls: "{n} calls", missed: "{n} missed", overflow: "{n} of visitors without a number of their own", most: "Most on {when}", several: "{hours} hours share the most" },
  explore: {
    question: "Question", metrics: "Metrics", dimensions: "By", more: "Add", add: "Add: {what}", remove: "Remove {name}", segment: "Against segment", grain: "Over time", no_grain: "Not split", model: "Credit", clock: "Filed by", benchmark: "Benchmark", no_benchmark: "None", order: "Order", usual_order: "Usual", limit: "Rows",
    answer: "Answer", rows: "{shown} of {all} rows", against: "against {what}", view: "View", table: "Table", chart: "Chart", files: "Save exactly this", share: "Copy link", curl: "The same question for a shell",
    analyser: "What each filter does", analysed: "{metric}: {all} without filters, {some} with all of them", filter: "Filter", so_far: "With those before", alone: "Alone", without: "All but this",
  },
  calls: {
    title: "Calls", live: "Live: new calls appear by themselves", not_live: "Not live right now", none: "No calls yet.", none_fit: "No call fits.", came: "Call of {who}: {status}", shown: "{n} calls shown", more: "Older calls", search: "Search", q: "Search", q_hint: "Number, name, source, campaign, notes, tag …",
    status: "Status", first_time: "Caller", first_time_true: "First time", first_time_false: "Repeat", qualified: "Lead", qualified_true: "Qualified", qualified_false: "Not qualified", any: "Any", when: "Arrived", caller: "Caller", withheld: "Number withheld", talk: "Talked", source: "Source", confidence: "Confidence", outcome: "Outcome", spam: "unwanted",
  },
  call: {
    title: "Call", back: "All calls", timeline: "What happened", outcome: "What came of it", whose: "Whose call it was", credits: "Who earned it", credits_text: "The visits of this visitor and their shares under each model", postbacks: "Postbacks", waited: "Waited", called: "Number called", forward_to: "Forwarded to", caller: "Caller", lead_score: "Lead score", recording: "Recording", listen: "Listen at the provider",
    no_candidates: "Nobody was shown this number before the call.", no_credits: "No visit is known to have earned this call.", no_postbacks: "No conversion rule fits this call.", session: "Session", chosen: "chosen", nobody: "None of them", probability: "Probability", last_seen: "Last seen", before: "{time} before", reasons: "What speaks for or against it", touch: "Visit",
  },
  timeline: { touch: "Visit from {source}", seen: "Last seen with this number", tapped: "Tapped the number", arrived: "Call arrived", ringing: "Ringing", keys: "Pressed {keys}", answered: "Answered", after: "after {time}", transferred: "Handed on", ended: "Ended: {status}", talked: "talked {time}", called_back: "Called back", reached: "Reached by calling back", outcome: "Outcome told" },
  outcome: { disposition: "Disposition", value: "Value", tags: "Tags", tags_hint: "vip, spring", notes: "Notes", qualified: "Qualified lead", converted: "Became business", appointment: "Appointment", unknown: "Not told", save: "Save", saved: "Saved.", unchanged: "Nothing was changed." },
  pools: {
    title: "Right now", none: "This site has no pools.", held: "held", resting: "resting", free: "free", draining: "draining", quarantined: "in quarantine", shared: "shared", too_small: "too small", in_use: "of {n} numbers in use", nobody_asked: "Nobody asked for a number in 24 hours.", overflow: "{share} of visitors went without a number of their own (24 h; target {target})",
    sizing: "How many numbers: {pool}", nothing_measured: "Nothing was measured yet. Come back when visitors did.", advice: "{numbers} numbers keep the peak ({when}) below {target} without one; there are {now}. Measured over {hours} hours.", numbers: "Numbers", n_numbers: "{n} numbers", advised: "advised", today: "today",
    curve_without: "Visitors of the peak hour without a number of their own", curve_late: "Late calls before the number is somebody else's", curves: "Service by size", curves_text: "More numbers leave fewer visitors without one, and keep late calls certain. Erlang's loss formula on what was measured.", load: "Numbers in use over the day", load_mean: "Mean of the week", load_peak: "Busiest weekday", sizes: "Sizes", without_at_peak: "Without one, peak", without: "Without one, week", rest: "Rest at peak", late: "Late calls alone", cost: "Cost a month",
    numbers_of: "Numbers of {pool}", number: "Number", state: "State", kind: "Kind", released: "Let go", called: "Last called", all: "All", never: "never", leases: "Leases over the week", leases_text: "Sessions that were given a number, last 28 days", leases_said: "{n} leases, {share} without a number of their own",
  },
  postbacks: { title: "Postbacks", by_destination: "Verdicts by destination", by_destination_text: "The newest {n}", none: "No postbacks yet.", no_dead: "Nothing was given up.", state: "State", all: "All", waiting: "Waiting", delivered: "Delivered", rejected: "Rejected", skipped: "Skipped", dead: "Given up", destination: "Destination", share: "Success", last: "Last delivery", when: "When", attempts: "Attempts", why: "Why", call: "Call", to_call: "Open", replay: "Send again" },
  forecast: {
    title: "Calls expected in the next two weeks", first_week: "Next 7 days", both_weeks: "Next 14 days", busiest: "Busiest day", learnt: "Days learnt from", known: "Learnt from {days} days.", untested: "Too few days to test it.", week_before: "Days are told as in the last week, which did best.", error: "Forecasts of held-back weeks were off by {error} calls a day,", inside: "and {share} of days lay in the 80% range.", day: "Day", calls: "Expected calls", likely: "4 of 5 times", nearly: "19 of 20 times", high_95: "95% high", low_95: "95% low", high_80: "80% high", low_80: "80% low",
    staffing: "People who answer", staffing_text: "A call keeps somebody busy for {handle} ({from}).", given: "as given", measured: "as measured", assumed: "a usual figure, as too few calls were answered", level: "Answered in time", within: "In time is", cautious: "Plan for busy days", nobody: "Too few calls are expected to staff for.", said: "{people} people for {calls} calls; {level} answered in time",
  },
  setup: {
    no_site: "No site is set up.", tag: "Script tag", tag_text: "Put it into the head of every page.", origins: "Allowed on {origins}", no_origins: "No origin may use it yet: add the site's `origins`.", seen: "Installation check", seen_text: "Page views of the last seven days; it looks again every five seconds", not_seen: "No page view yet. Open a page of the site that has the tag.", seen_from: "We have seen {n} visits to {host}", seen_leases: "{n} were given a number",
    targets: "Numbers on the pages", no_targets: "No number is replaced yet: add `targets`.", target_pool: "replaced from pool {pool}", providers: "Telephony", providers_text: "Who may tell of calls, and when one did last", no_providers: "No provider is set up.", last_call: "last call {when}", no_call: "no call yet", webhooks: "Addresses for webhooks", destinations: "Destinations", no_destinations: "No destination is set up.", conversions: "Conversions", nothing_delivered: "never", visits_7: "Visits, 7 days", calls_7: "Calls, 7 days",
    check_providers: "Ask the providers", checking: "Asking …", no_credentials: "No account has credentials for its provider's API, so nobody can be asked. The configuration of sites.telephony says which keys it takes.", not_ours: "no number of this site", leads_to: "Its calls", comes_here: "come here", not_told: "the provider does not say", well: "in order", not_well: "look at this", elsewhere: "{n} numbers of the site are in none of these accounts: {numbers}",
    try: "Try a destination", try_text: "A look counts nothing: where the platform can validate, it does; else this shows what would be sent. A test conversion is marked as one; platforms without test codes count it.", click_id: "Click id of your own", look: "Look only", send: "Send a test conversion", send_sure: "Send a marked test conversion to {destination}? Platforms without test codes count it.", exchange: "What was sent and answered",
    classify: "What would this visit be?", classify_text: "How an address is read on this site, and why", url: "Address of the page", referrer: "Referrer", user_agent: "User agent", explain: "Explain",
  },
  sites: { pick: "Pick a site to see everything of it", more: "{n} more sites are in the list above." },
  trials: { accepted: "Taken", refused: "Refused", no_answer: "No answer", not_eligible: "Would be skipped", misconfigured: "Set up wrongly", not_sent: "Not sent" },
  classify: { source: "Source", medium: "Medium", campaign: "Campaign", channel: "Channel", referrer: "Referrer", landing_page: "Landing page", machine: "Device", bot: "Program" },
};
