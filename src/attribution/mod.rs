//! Call and holders → candidates, credit.

pub mod model;
