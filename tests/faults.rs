//! The disk failing under the engine, wherever it writes: it names what is wrong, waits, goes on by itself, and ships
//! once, with the same meaning in the journal as of an undisturbed run.

#[path = "faults/disk.rs"]
mod disk;
#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "faults/npm.rs"]
mod npm;
#[path = "faults/place.rs"]
mod place;
#[cfg(feature = "full-tests")]
#[path = "faults/power.rs"]
mod power;
#[path = "support/registry.rs"]
mod registry;
#[path = "support/small_script.rs"]
mod small_script;
#[path = "support/small_tool.rs"]
mod small_tool;
#[cfg(feature = "full-tests")]
#[path = "faults/space.rs"]
mod space;
// Some of it is for the tests of that feature alone.
#[cfg_attr(not(feature = "full-tests"), allow(dead_code))]
#[path = "faults/subject.rs"]
mod subject;
