//! The engine: the loop, the ports it needs, task supervision and shutdown.

pub mod engine;
pub mod ports;
