// Names of metrics, dimensions and their values. What is not here is shown by its name in the API, in words.

export const names = {
  weekdays: { 1: "Monday", 2: "Tuesday", 3: "Wednesday", 4: "Thursday", 5: "Friday", 6: "Saturday", 7: "Sunday" },
  statuses: { received: "Arrived", ringing: "Ringing", in_progress: "Talking", answered: "Answered", busy: "Busy", no_answer: "No answer", failed: "Failed", canceled: "Hung up", voicemail: "Voicemail", rejected: "Rejected", missed: "Missed", open: "Going on" },
  metrics: {
    calls: "Calls", visits: "Visits", leases: "Leases", call_rate: "Call rate", unique_callers: "Unique callers", first_time_callers: "First-time callers",
    repeat_callers: "Repeat callers", first_time_rate: "First-time share", calls_per_caller: "Calls per caller", lease_overflow_rate: "Without own number",
    attributed_rate: "Attributed share", mean_confidence: "Confidence", spam_calls: "Spam calls", leads: "Leads", answered_calls: "Answered",
    missed_calls: "Missed", completion_rate: "Answer rate", blocked_rate: "Blocked rate", abandonment_rate: "Abandonment rate",
    average_speed_of_answer: "Speed of answer", average_wait: "Average wait", service_level: "Service level", voicemail_rate: "Voicemail rate",
    missed_callback_time: "Callback time", missed_callback_time_median: "Callback time, median", lead_response_time: "Response time",
    lead_response_time_median: "Response time, median", average_call_duration: "Talk time", average_handle_time: "Average handle time",
    average_hold_time: "Average hold time", transfer_rate: "Transfer rate", forwarding_rate: "Forwarding rate", escalation_rate: "Escalation rate",
    first_call_resolution: "First call resolution", issue_resolution_rate: "Issue resolution rate", csat: "CSAT", nps: "NPS",
    disposition_share: "Share of dispositions", agent_occupancy: "Agent occupancy", qualified_leads: "Qualified leads", qualified_rate: "Qualified share",
    conversions: "Conversions", conversion_rate: "Conversion rate", average_lead_score: "Average lead score", revenue: "Revenue",
    revenue_per_call: "Revenue per call", revenue_per_successful_call: "Revenue per successful call", appointment_rate: "Appointment rate",
    follow_up_rate: "Follow up rate", cost: "Cost", ad_spend: "Ad spend", cost_per_call: "Cost per call", cost_per_lead: "Cost per lead",
    cost_per_conversion: "Cost per conversion", agent_cost_per_call: "Agent cost per call", return_on_ad_spend: "Return on ad spend", roi: "ROI",
    sales_velocity: "Sales velocity", outbound_calls: "Outbound calls", connection_rate: "Connection rate",
  },
  dimensions: {
    site: "Site", source: "Source", medium: "Medium", campaign: "Campaign", campaign_id: "Campaign id", term: "Keyword", content: "Content",
    channel: "Channel", click_platform: "Click platform", referrer_host: "Referrer host", publisher: "Publisher", landing_page: "Landing page",
    landing_host: "Landing host", page: "Page", tracker: "Tracker", number: "Number", number_kind: "Number kind", tier: "How it was held", hour: "Hour",
    weekday: "Weekday", hour_of_week: "Hour of week", date_hour: "Hour of day", date: "Day", week: "Week", month: "Month", quarter: "Quarter",
    year: "Year", shift: "Shift", caller_country: "Caller country", caller_region: "Caller region", caller_city: "Caller city",
    caller_area_code: "Caller area code", visitor_country: "Visitor country", visitor_region: "Visitor region", visitor_city: "Visitor city",
    device: "Device", first_time: "Caller", status: "Status", disposition: "Disposition", tag: "Tag", qualified: "Qualified", converted: "Converted",
    agent: "Agent", destination: "Forward to", duration_band: "Duration band", confidence_band: "Confidence band", variant: "Variant",
  },
  values: { none: "(none)", yes: "Yes", no: "No", first_time: "First time", repeat: "Repeat", "(unknown)": "Unknown", "(direct)": "Direct", own: "own", unrested: "reused early", shared: "shared", source: "static", original: "original", local: "local", toll_free: "toll-free", international: "international", vanity: "vanity", desktop: "Desktop", mobile: "Mobile", tablet: "Tablet" },
};
