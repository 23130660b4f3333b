//! Pure rules: phases and their table, events, commands, items, the fold and the one decision function.

pub mod actor;
pub mod budget;
pub mod case;
pub mod command;
mod compare;
pub mod decide;
pub mod event;
pub mod evidence;
pub mod factory;
pub mod finding;
pub mod fold;
pub mod item;
pub mod metrics;
pub mod mutation;
pub mod package;
pub mod phase;
pub mod price;
pub mod screen;
pub mod state;
pub mod stats;
pub mod stuck;
pub mod table;
pub mod wishlist;
