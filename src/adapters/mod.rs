//! The real parts behind the ports.

pub mod models;
