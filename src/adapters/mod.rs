//! The real parts behind the ports.

pub mod child;
pub mod clock;
pub mod feed;
pub mod files;
pub mod folder;
pub mod git;
pub mod jest;
pub mod lock;
pub mod models;
pub mod node;
pub mod npm;
pub mod reader;
pub mod registry;
pub mod sandbox;
pub mod steps;
pub mod store;
pub mod watch;
