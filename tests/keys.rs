//! The screens without a terminal: keys by name through update, Stats and Logs as pictures.

#[path = "keys/desk.rs"]
mod desk;
#[path = "keys/figures.rs"]
mod figures;
#[path = "keys/kept.rs"]
mod kept;
#[path = "keys/log.rs"]
mod log;
#[path = "keys/map.rs"]
mod map;
#[path = "keys/night.rs"]
mod night;
#[path = "keys/orders.rs"]
mod orders;
#[path = "keys/pictures.rs"]
mod pictures;
#[path = "keys/rebound.rs"]
mod rebound;
#[path = "support/screen.rs"]
mod screen;
#[path = "keys/seen.rs"]
mod seen;
#[path = "keys/staff.rs"]
mod staff;
#[path = "keys/stories.rs"]
mod stories;
#[path = "keys/tool.rs"]
mod tool;
#[path = "support/tool_past.rs"]
mod tool_past;
