//! The catalogue of metrics: each is made of sums by a formula.

use crate::report::query::sums::Sum;

/// What a metric is, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// How many; a fraction where calls are shared out by credit.
    Count,
    /// A share, 0.0 to 1.0, with its interval.
    Rate,
    /// The share of a row in all rows that differ in nothing but the disposition.
    Share,
    /// A quotient that is no share of things that were counted: a difference of shares, time of time.
    Quotient,
    /// A number without a unit.
    Mean,
    /// Seconds.
    Duration,
    /// The site's currency.
    Money,
}

impl MetricKind {
    /// Whether it is written with numerator and denominator.
    pub fn is_rate(self) -> bool {
        matches!(self, MetricKind::Rate | MetricKind::Share | MetricKind::Quotient)
    }

    /// The unit, for people.
    pub fn unit(self) -> &'static str {
        match self {
            MetricKind::Count => "number",
            MetricKind::Rate | MetricKind::Share => "share",
            MetricKind::Quotient => "quotient",
            MetricKind::Mean => "ratio",
            MetricKind::Duration => "seconds",
            MetricKind::Money => "money",
        }
    }
}

/// A sum, or the difference of two.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// What counts.
    pub plus: Sum,
    /// What is taken from it.
    pub minus: Option<Sum>,
}

/// One metric: the product of `over`, divided by the product of `under`.
#[derive(Debug)]
pub struct Metric {
    /// Its name in the API.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// What is multiplied.
    pub over: &'static [Term],
    /// By what it is divided; nothing: by nothing.
    pub under: &'static [Sum],
    /// Where this is 0, nobody told what the metric rests on.
    pub told: Option<Sum>,
    /// The formula, for people.
    pub about: &'static str,
}

impl Metric {
    /// Every sum that it needs.
    pub fn sums(&self) -> impl Iterator<Item = Sum> {
        let over = self.over.iter().flat_map(|term| [Some(term.plus), term.minus]).flatten();
        over.chain(self.under.iter().copied()).chain(self.told)
    }
}

/// The metric of this name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

macro_rules! metric {
    ($name:literal $kind:ident $(($plus:ident $(- $minus:ident)?))+ $(/ $(($under:ident))+)? $(told $told:ident)?, $about:literal) => {
        Metric {
            name: $name,
            kind: MetricKind::$kind,
            over: &[$(Term { plus: Sum::$plus, minus: metric!(@maybe $($minus)?) }),+],
            under: &[$($(Sum::$under),+)?],
            told: metric!(@maybe $($told)?),
            about: $about,
        }
    };
    (@maybe) => { None };
    (@maybe $sum:ident) => { Some(Sum::$sum) };
}

/// Every metric, in the order of the documentation.
pub static METRICS: &[Metric] = &[
    // Volume and callers.
    metric!("calls" Count (Calls), "inbound calls; unwanted ones are left out unless `spam` asks for them"),
    metric!("visits" Count (Visits), "sessions that saw the snippet"),
    metric!("leases" Count (Leased), "sessions that were given a number"),
    metric!("call_rate" Rate (VisitsWithCall) / (Visits), "visits that a call was ever attributed to / `visits`"),
    metric!("unique_callers" Count (Callers), "different callers; those without a number are none"),
    metric!("first_time_callers" Count (FirstTime), "calls of callers who were not known"),
    metric!("repeat_callers" Count (Repeated), "calls of callers who were"),
    metric!("first_time_rate" Rate (FirstTime) / (Calls), "`first_time_callers` / `calls`"),
    metric!("calls_per_caller" Mean (Calls) / (Callers), "`calls` / `unique_callers`"),
    metric!("lease_overflow_rate" Rate (Wanted - GotOwn) / (Wanted), "sessions that wanted a number of their own and got none / those that wanted one"),
    metric!("attributed_rate" Rate (Attributed) / (Calls), "calls with a named source / `calls`"),
    metric!("mean_confidence" Mean (Confidence) / (Attributed), "mean probability of the chosen visit, calls with a named source"),
    metric!("spam_calls" Count (Unwanted), "calls that are flagged as unwanted"),
    metric!("leads" Count (Leads), "forms, chats and the like"),
    // Reaching somebody.
    metric!("answered_calls" Count (Answered), "calls that a person answered"),
    metric!("missed_calls" Count (Missed), "`calls` that are over, without answered and rejected ones"),
    metric!("completion_rate" Rate (Answered) / (Calls), "`answered_calls` / `calls`"),
    metric!("blocked_rate" Rate (Blocked) / (Calls), "calls that met a busy, broken or full line / `calls`"),
    metric!("abandonment_rate" Rate (Abandoned) / (Calls), "callers who gave up after more than `reports.short_abandon` / `calls`"),
    metric!("average_speed_of_answer" Duration (AnsweredWait) / (AnsweredWaited), "mean wait of answered calls"),
    metric!("average_wait" Duration (Wait) / (Waited), "mean wait of all calls"),
    metric!("service_level" Rate (InTime) / (Calls), "calls answered within `reports.service_level` / `calls`"),
    metric!("voicemail_rate" Rate (Voicemail) / (Calls), "calls that left a message / `calls`"),
    metric!("missed_callback_time" Duration (ReturnTime) / (Returns), "mean time from the end of a missed call to the first call back, or answered call, with the same caller"),
    metric!("missed_callback_time_median" Duration (ReturnMedian), "its median"),
    metric!("lead_response_time" Duration (ResponseTime) / (Responses), "mean time from a person's first unanswered call, or form, to the first conversation with them"),
    metric!("lead_response_time_median" Duration (ResponseMedian), "its median"),
    // The conversation.
    metric!("average_call_duration" Duration (Talk) / (Talked), "mean talk of answered calls"),
    metric!("average_handle_time" Duration (Handled) / (Talked), "mean talk, hold and wrap-up of answered calls"),
    metric!("average_hold_time" Duration (Held) / (HeldCalls), "mean hold of calls that were held"),
    metric!("transfer_rate" Rate (Transferred) / (Answered) told TransferTold, "calls handed on / `answered_calls`"),
    metric!("forwarding_rate" Rate (Forwarded) / (Answered) told ForwardTold, "calls that were forwarded to the number / `answered_calls`"),
    metric!("escalation_rate" Rate (Escalated) / (ResolutionTold) told EscalationTold, "escalated / calls with a known state of resolution"),
    metric!("first_call_resolution" Rate (ResolvedAtOnce) / (ResolutionTold), "settled at first contact / calls with a known state of resolution; where only `resolved` is told: and no other call of the caller within `reports.resolution_window`"),
    metric!("issue_resolution_rate" Rate (Resolved) / (ResolutionTold), "settled / calls with a known state of resolution"),
    metric!("csat" Rate (Content) / (Rated), "ratings of 4 and 5 / ratings"),
    metric!("nps" Quotient (Promoters - Detractors) / (Recommended), "(9 and 10 − 0 to 6) / recommendations"),
    metric!("disposition_share" Share (Disposed) / (Disposed), "calls of the disposition / calls with one"),
    metric!("agent_occupancy" Quotient (Handled) / (Staffed), "talk, hold and wrap-up / staffed time"),
    // Money and leads.
    metric!("qualified_leads" Count (Qualified) told QualifiedTold, "calls that are leads worth pursuing"),
    metric!("qualified_rate" Rate (Qualified) / (Calls) told QualifiedTold, "`qualified_leads` / `calls`"),
    metric!("conversions" Count (Converted) told ConvertedTold, "calls that became business"),
    metric!("conversion_rate" Rate (Converted) / (Calls) told ConvertedTold, "`conversions` / `calls`"),
    metric!("average_lead_score" Mean (Score) / (Scored), "mean lead score, 0 to 100"),
    metric!("revenue" Money (Revenue), "sum of values"),
    metric!("revenue_per_call" Money (Revenue) / (Calls), "`revenue` / `calls`"),
    metric!("revenue_per_successful_call" Money (Revenue) / (Converted), "`revenue` / `conversions`"),
    metric!("appointment_rate" Rate (Appointments) / (Calls) told AppointmentTold, "calls with an appointment / `calls`"),
    metric!("follow_up_rate" Rate (FollowedUp) / (FollowUpNeeded), "called back / missed calls, and calls with a follow-up date"),
    metric!("cost" Money (Cost), "what was spent, of every kind"),
    metric!("ad_spend" Money (AdSpend), "what was spent on ads"),
    metric!("cost_per_call" Money (Cost) / (Calls), "`cost` / `calls`"),
    metric!("cost_per_lead" Money (Cost) / (Qualified), "`cost` / `qualified_leads`"),
    metric!("cost_per_conversion" Money (Cost) / (Converted), "`cost` / `conversions`"),
    metric!("agent_cost_per_call" Money (Wages) / (Answered), "wages for staffed time / `answered_calls`"),
    metric!("return_on_ad_spend" Mean (Revenue) / (AdSpend), "`revenue` / `ad_spend`"),
    metric!("roi" Mean (Revenue - Cost) / (Cost), "(`revenue` − `cost`) / `cost`"),
    metric!("sales_velocity" Money (OpenLeads)(Revenue)(Converted)(ConversionsTimed) / (Valued)(Calls)(ConversionDays), "open leads × mean value × `conversion_rate` / mean days from the caller's first call to the conversion: money a day"),
    metric!("outbound_calls" Count (CallBacks), "calls back to callers, under the call that they answer"),
    metric!("connection_rate" Rate (CallBacksAnswered) / (CallBacks), "calls back that reached the caller / calls back"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn every_sum_is_of_use() {
        let used: Vec<Sum> = METRICS.iter().flat_map(Metric::sums).collect();
        let idle: Vec<_> = Sum::ALL.iter().filter(|sum| !used.contains(sum)).collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    /// The list that reports promise.
    #[test]
    fn no_metric_of_the_catalogue_is_missing() {
        let promised = "calls visits leases call_rate unique_callers first_time_callers repeat_callers \
            first_time_rate calls_per_caller lease_overflow_rate attributed_rate mean_confidence answered_calls \
            missed_calls completion_rate blocked_rate abandonment_rate average_speed_of_answer average_wait \
            service_level voicemail_rate missed_callback_time lead_response_time average_call_duration \
            average_handle_time average_hold_time transfer_rate forwarding_rate escalation_rate \
            first_call_resolution issue_resolution_rate csat nps disposition_share agent_occupancy \
            qualified_leads qualified_rate conversions conversion_rate average_lead_score revenue \
            revenue_per_call revenue_per_successful_call appointment_rate follow_up_rate cost cost_per_call \
            cost_per_lead cost_per_conversion agent_cost_per_call return_on_ad_spend roi sales_velocity \
            connection_rate";
        let missing: Vec<_> =
            promised.split_whitespace().filter(|name| metric(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
