// Names of metrics, dimensions and their values. What is not here is shown by its name in the API, in words.

export const names = {
  weekdays: { 1: "Monday", 2: "Tuesday", 3: "Wednesday", 4: "Thursday", 5: "Friday", 6: "Saturday", 7: "Sunday" },
  statuses: { received: "Arrived", ringing: "Ringing", in_progress: "Talking", answered: "Answered", busy: "Busy", no_answer: "No answer", failed: "Failed", canceled: "Hung up", voicemail: "Voicemail", rejected: "Rejected", missed: "Missed", open: "Going on" },
  metrics: {
    calls: "Calls", visits: "Visits", call_rate: "Call rate", first_time_callers: "First-time callers", repeat_callers: "Repeat callers", first_time_rate: "First-time share", answered_calls: "Answered", missed_calls: "Missed", completion_rate: "Answer rate", qualified_leads: "Qualified leads", qualified_rate: "Qualified share", revenue: "Revenue", revenue_per_call: "Revenue per call", cost: "Cost", cost_per_lead: "Cost per lead", cost_per_call: "Cost per call", conversion_rate: "Conversion rate",
    average_call_duration: "Talk time", average_speed_of_answer: "Speed of answer", lease_overflow_rate: "Without own number", nps: "NPS", csat: "CSAT", roi: "ROI", return_on_ad_spend: "Return on ad spend", mean_confidence: "Confidence",
  },
  dimensions: { source: "Source", medium: "Medium", campaign: "Campaign", channel: "Channel", landing_page: "Landing page", weekday: "Weekday", hour: "Hour", first_time: "Caller", tier: "How it was held", date: "Day", date_hour: "Hour of day", term: "Keyword", destination: "Forward to", hour_of_week: "Hour of week" },
  values: { none: "(none)", yes: "Yes", no: "No", first_time: "First time", repeat: "Repeat", "(unknown)": "Unknown", "(direct)": "Direct", own: "own", unrested: "reused early", shared: "shared", source: "static", original: "original", local: "local", toll_free: "toll-free", international: "international", vanity: "vanity", desktop: "Desktop", mobile: "Mobile", tablet: "Tablet" },
};
