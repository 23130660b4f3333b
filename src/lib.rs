//! dev-factory: the engine and the control room of an autonomous software factory.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

pub mod adapters;
pub mod agents;
pub mod cli;
pub mod config;
pub mod domain;
pub mod factory;
pub mod headless;
pub mod text;
pub mod tui;
