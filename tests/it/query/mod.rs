//! The one engine: every metric by hand, questions of all shapes, files, limits, and what nobody may ask.

mod export;
mod figures;
mod files;
mod questions;
mod random;
mod told;
mod world;
