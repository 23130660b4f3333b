//! The real parts behind the ports.

pub mod git;
pub mod jest;
pub mod sandbox;
