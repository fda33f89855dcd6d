//! Microsoft Advertising: offline conversions by click id, and the Conversions API of its tag (UET).

mod offline;
mod uet;

pub(super) use offline::Offline;
pub(super) use uet::Uet;
