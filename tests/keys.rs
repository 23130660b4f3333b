//! The screens without a terminal: keys by name through update, Stats and Logs as pictures.

#[path = "keys/log.rs"]
mod log;
#[path = "keys/night.rs"]
mod night;
#[path = "keys/pictures.rs"]
mod pictures;
#[path = "support/screen.rs"]
mod screen;
#[path = "keys/stories.rs"]
mod stories;
