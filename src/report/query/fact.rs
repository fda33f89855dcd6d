//! What is counted: the kinds of rows that the warehouse has, or that a question makes of them.

/// A kind of row. Every sum is over one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Calls that count: unwanted ones are left out unless they are asked for.
    Calls,
    /// Unwanted calls, whatever is asked for.
    Unwanted,
    /// Missed calls with the moment at which somebody spoke to or called back their caller.
    Returned,
    /// First unanswered contacts of people, by call or form, with the moment of the first conversation.
    Contacts,
    /// Visits.
    Visits,
    /// Numbers that were given to sessions, or could not be.
    Leases,
    /// Forms, chats and the like.
    Leads,
    /// What was spent.
    Costs,
    /// Who was there to take calls.
    Staffing,
}

impl Fact {
    /// All of them.
    pub const ALL: &'static [Fact] = &[
        Fact::Calls,
        Fact::Unwanted,
        Fact::Returned,
        Fact::Contacts,
        Fact::Visits,
        Fact::Leases,
        Fact::Leads,
        Fact::Costs,
        Fact::Staffing,
    ];

    /// What the rows are called, for people.
    pub fn word(self) -> &'static str {
        match self {
            Fact::Calls => "calls",
            Fact::Unwanted => "unwanted calls",
            Fact::Returned => "missed calls",
            Fact::Contacts => "contacts",
            Fact::Visits => "visits",
            Fact::Leases => "numbers given to visits",
            Fact::Leads => "leads",
            Fact::Costs => "costs",
            Fact::Staffing => "staffing",
        }
    }

    /// The column with the moment of a row, in milliseconds; those that only have a day have none.
    pub fn moment(self) -> Option<&'static str> {
        match self {
            Fact::Calls | Fact::Unwanted | Fact::Returned | Fact::Contacts | Fact::Visits => {
                Some("started_at")
            }
            Fact::Leases => Some("granted_at"),
            Fact::Leads => Some("created_at"),
            Fact::Costs | Fact::Staffing => None,
        }
    }

    /// Whether `spam` and `conversion` choose among its rows.
    pub fn is_chosen(self) -> bool {
        matches!(self, Fact::Calls | Fact::Returned)
    }
}
