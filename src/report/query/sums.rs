//! The closed list of what SQL counts and sums. Every metric is made of these by [`super::metrics`]; business rules
//! were decided when the rows were written.

use crate::report::query::fact::Fact;
pub use crate::warehouse::dialect::How;

/// What a sum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Over which rows.
    pub fact: Fact,
    /// How.
    pub how: How,
    /// Only those for which this holds; empty: all.
    pub when: &'static str,
}

macro_rules! sums {
    ($($(#[$doc:meta])* $name:ident = $fact:ident $how:ident $(($of:literal))? $(when $when:literal)?;)+) => {
        /// A sum.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Sum { $($(#[$doc])* $name,)+ }

        impl Sum {
            /// All of them.
            pub const ALL: &'static [Sum] = &[$(Sum::$name,)+];

            /// What it is.
            pub fn definition(self) -> Definition {
                match self {
                    $(Sum::$name => Definition {
                        fact: Fact::$fact,
                        how: How::$how$(($of))?,
                        when: concat!($($when)?),
                    },)+
                }
            }
        }
    };
}

sums! {
    /// Visits.
    Visits = Visits Count;
    /// Visits that any call was ever attributed to.
    VisitsWithCall = Visits Count when "called";
    /// Sessions that were given a number.
    Leased = Leases Distinct("session") when "number IS NOT NULL";
    /// Sessions that asked for a number of their own.
    Wanted = Leases Distinct("session");
    /// Sessions that got one.
    GotOwn = Leases Distinct("session") when "tier IN ('own', 'unrested')";
    /// Leads.
    Leads = Leads Count;
    /// Calls.
    Calls = Calls Count;
    /// Unwanted calls.
    Unwanted = Unwanted Count;
    /// Callers.
    Callers = Calls Distinct("caller");
    /// Calls of callers who were not known.
    FirstTime = Calls Count when "first_time";
    /// Calls of callers who were.
    Repeated = Calls Count when "NOT first_time";
    /// Calls with a named source.
    Attributed = Calls Count when "attributed";
    /// The confidences of these.
    Confidence = Calls Total("confidence") when "attributed";
    /// Calls that a person answered.
    Answered = Calls Count when "outcome = 'answered'";
    /// Calls that are over and that nobody answered.
    Missed = Calls Count when "outcome = 'missed'";
    /// Calls that met a busy, broken or full line.
    Blocked = Calls Count when "blocked";
    /// Calls whose caller gave up, not at once.
    Abandoned = Calls Count when "status = 'canceled' AND coalesce(wait_s, (ended_at - started_at) / 1000, {short_abandon_s} + 1) > {short_abandon_s}";
    /// Calls that left a message.
    Voicemail = Calls Count when "status = 'voicemail'";
    /// Calls that were answered in time.
    InTime = Calls Count when "outcome = 'answered' AND wait_s <= {service_level_s}";
    /// Answered calls whose wait is known, or would be.
    AnsweredWaited = Calls Count when "outcome = 'answered' AND wait_s IS NOT NULL";
    /// Seconds that they waited.
    AnsweredWait = Calls Total("wait_s") when "outcome = 'answered'";
    /// Calls whose wait is known.
    Waited = Calls Count when "wait_s IS NOT NULL";
    /// Seconds that they waited.
    Wait = Calls Total("wait_s");
    /// Answered calls whose length is known.
    Talked = Calls Count when "outcome = 'answered' AND talk_s IS NOT NULL";
    /// Seconds talked in them.
    Talk = Calls Total("talk_s") when "outcome = 'answered'";
    /// Seconds of work that they made: talk, hold and wrap-up.
    Handled = Calls Total("talk_s + coalesce(hold_s, 0) + coalesce(wrap_up_s, 0)") when "outcome = 'answered'";
    /// Calls that were on hold.
    HeldCalls = Calls Count when "hold_s > 0";
    /// Seconds on hold.
    Held = Calls Total("hold_s") when "hold_s > 0";
    /// Calls that were handed on.
    Transferred = Calls Count when "transferred";
    /// Calls of which it is told whether they were.
    TransferTold = Calls Count when "transferred IS NOT NULL";
    /// Calls that came from another number.
    Forwarded = Calls Count when "forwarded";
    /// Calls of which it is told whether they did.
    ForwardTold = Calls Count when "forwarded IS NOT NULL";
    /// Calls whose state of resolution is known.
    ResolutionTold = Calls Count when "(resolved IS NOT NULL OR first_contact_resolution IS NOT NULL)";
    /// Those among them that were handed to somebody above.
    Escalated = Calls Count when "escalated AND (resolved IS NOT NULL OR first_contact_resolution IS NOT NULL)";
    /// Calls of which it is told whether they were.
    EscalationTold = Calls Count when "escalated IS NOT NULL";
    /// Those whose matter was settled.
    Resolved = Calls Count when "(resolved OR first_contact_resolution)";
    /// Those whose matter was settled at once.
    ResolvedAtOnce = Calls Count when "(first_contact_resolution OR (first_contact_resolution IS NULL AND resolved AND coalesce(next_call_at - started_at > {resolution_ms}, true)))";
    /// Calls with a rating of 1 to 5.
    Rated = Calls Count when "csat IS NOT NULL";
    /// Those with 4 or 5.
    Content = Calls Count when "csat >= 4";
    /// Calls with a recommendation of 0 to 10.
    Recommended = Calls Count when "nps IS NOT NULL";
    /// Those with 9 or 10.
    Promoters = Calls Count when "nps >= 9";
    /// Those with 0 to 6.
    Detractors = Calls Count when "nps <= 6";
    /// Calls with a disposition.
    Disposed = Calls Count when "disposition <> ''";
    /// Leads worth pursuing.
    Qualified = Calls Count when "qualified";
    /// Calls of which it is told whether they are.
    QualifiedTold = Calls Count when "qualified IS NOT NULL";
    /// Calls that became business.
    Converted = Calls Count when "converted";
    /// Calls of which it is told whether they did.
    ConvertedTold = Calls Count when "converted IS NOT NULL";
    /// Calls that ended with an appointment.
    Appointments = Calls Count when "appointment";
    /// Calls of which it is told whether they did.
    AppointmentTold = Calls Count when "appointment IS NOT NULL";
    /// Calls with a lead score.
    Scored = Calls Count when "lead_score IS NOT NULL";
    /// The scores.
    Score = Calls Total("lead_score");
    /// Calls with a value.
    Valued = Calls Count when "value IS NOT NULL";
    /// The values.
    Revenue = Calls Total("value");
    /// Calls that somebody should have got back to.
    FollowUpNeeded = Calls Count when "(outcome = 'missed' OR follow_up_at IS NOT NULL)";
    /// Those that somebody got back to.
    FollowedUp = Calls Count when "(outcome = 'missed' OR follow_up_at IS NOT NULL) AND called_back_at IS NOT NULL";
    /// Leads worth pursuing that did not become business yet.
    OpenLeads = Calls Count when "qualified AND NOT coalesce(converted, false)";
    /// Calls that became business, with the moment.
    ConversionsTimed = Calls Count when "converted AND converted_at IS NOT NULL";
    /// Days from their callers' first calls to that.
    ConversionDays = Calls Total("(converted_at - coalesce(first_call_at, started_at)) / 86400000.0") when "converted";
    /// Calls of the business to callers.
    CallBacks = Calls Total("call_backs");
    /// Those that reached them.
    CallBacksAnswered = Calls Total("call_backs_answered");
    /// Missed calls whose callers were spoken to, or called back.
    Returns = Returned Count when "returned_s IS NOT NULL";
    /// Seconds until then.
    ReturnTime = Returned Total("returned_s");
    /// Their median.
    ReturnMedian = Returned Median("returned_s");
    /// First contacts that led to a conversation.
    Responses = Contacts Count when "response_s IS NOT NULL";
    /// Seconds until then.
    ResponseTime = Contacts Total("response_s");
    /// Their median.
    ResponseMedian = Contacts Median("response_s");
    /// What was spent.
    Cost = Costs Total("amount");
    /// What was spent on ads.
    AdSpend = Costs Total("amount") when "kind = 'ad'";
    /// Seconds that people were there to take calls.
    Staffed = Staffing Total("staffed_s");
    /// What they were paid for that.
    Wages = Staffing Total("staffed_s * wage / 3600.0");
}

impl Sum {
    /// Whether the sums of two groups are the sum of both together.
    pub fn is_additive(self) -> bool {
        matches!(self.definition().how, How::Count | How::Total(_))
    }

    /// Whether nothing to sum is 0, not unknown.
    pub fn is_count(self) -> bool {
        matches!(self.definition().how, How::Count | How::Distinct(_))
    }

    /// Of which calls it must be known what else their callers did, in the period or out of it; `None`: of none.
    pub fn needs_history(self) -> Option<&'static str> {
        match self {
            Sum::ResolvedAtOnce => Some("resolved AND first_contact_resolution IS NULL"),
            Sum::ConversionDays => Some("converted"),
            _ => None,
        }
    }
}
