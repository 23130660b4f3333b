//! The ports: what the engine needs of the world, and the settings its parts take. Adapters implement them.

pub mod clock;
pub mod feed;
pub mod files;
pub mod model;
pub mod operator;
pub mod reader;
pub mod repo;
pub mod sandbox;
pub mod settings;
pub mod store;
pub mod tests;
