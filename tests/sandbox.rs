//! Runs behind real walls, under every tier that holds on this machine.

#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/tool.rs"]
mod tool;

#[path = "sandbox/jest.rs"]
mod jest;
#[path = "sandbox/limits.rs"]
mod limits;
#[path = "sandbox/place.rs"]
mod place;
#[path = "sandbox/runs.rs"]
mod runs;
