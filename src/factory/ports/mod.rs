//! The ports: what the engine needs of the world, and the settings its parts take. Adapters implement them.

pub mod clock;
pub mod desktop;
pub mod fault;
pub mod feed;
pub mod files;
pub mod model;
pub mod notifier;
pub mod operator;
pub mod reader;
pub mod repo;
pub mod sandbox;
pub mod service;
pub mod settings;
pub mod store;
pub mod tests;
pub mod themes;
