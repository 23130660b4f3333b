//! The pure rules: the table row by row, each command, the fold, and random histories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[path = "domain/commands.rs"]
mod commands;
#[path = "domain/figures.rs"]
mod figures;
#[path = "domain/moves.rs"]
mod moves;
#[path = "domain/notices.rs"]
mod notices;
#[path = "domain/properties.rs"]
mod properties;
#[path = "domain/shifts.rs"]
mod shifts;
#[path = "domain/stuck.rs"]
mod stuck;
#[path = "domain/table.rs"]
mod table;
#[path = "domain/ways.rs"]
mod ways;
#[path = "domain/world.rs"]
mod world;
