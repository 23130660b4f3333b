//! The engine: the loop, the ports it needs, task supervision and shutdown.

mod act;
mod alive;
mod attempts;
mod brief;
mod clean;
mod conditions;
mod driver;
pub mod engine;
pub mod gates;
mod judge;
mod ledger;
mod lines;
mod measured;
mod operate;
mod pool;
pub mod ports;
mod push;
mod quote;
mod readiness;
mod reread;
mod rewind;
mod ship;
mod show;
mod staff;
mod verdict;
mod wake;
mod worktree;
