//! Rows that replace each other. Pure.

use uuid::Uuid;

use crate::warehouse::model::{
    CallFact, CostRow, LeadRow, LeaseRow, PostbackRow, SessionRow, StaffingRow,
};

/// Which row of the same thing is the newest.
pub trait Versioned {
    /// What the row is about; rows with the same id replace each other.
    type Id: Eq + std::hash::Hash;
    /// The row's id.
    fn id(&self) -> Self::Id;
    /// Rises with every change; the greatest wins.
    fn version(&self) -> i64;
}

impl Versioned for SessionRow {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for LeaseRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for CallFact {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.call.id
    }
    fn version(&self) -> i64 {
        self.call.version
    }
}

impl Versioned for PostbackRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for LeadRow {
    type Id = Uuid;
    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for CostRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for StaffingRow {
    type Id = String;
    fn id(&self) -> String {
        self.id.clone()
    }
    fn version(&self) -> i64 {
        self.version
    }
}
