//! Runs behind real walls, under every tier that holds on this machine.

#[path = "support/barred.rs"]
mod barred;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/small_script.rs"]
mod small_script;
#[path = "support/small_tool.rs"]
mod small_tool;
#[path = "support/tool.rs"]
mod tool;
#[cfg(feature = "full-tests")]
#[path = "support/wrapper.rs"]
mod wrapper;

#[path = "sandbox/cgroup.rs"]
mod cgroup;
#[path = "sandbox/choose.rs"]
mod choose;
#[path = "sandbox/engine.rs"]
mod engine;
#[path = "sandbox/jest.rs"]
mod jest;
#[path = "sandbox/limits.rs"]
mod limits;
#[path = "sandbox/node.rs"]
mod node;
#[path = "sandbox/place.rs"]
mod place;
#[path = "sandbox/runs.rs"]
mod runs;
#[path = "sandbox/scope.rs"]
mod scope;
