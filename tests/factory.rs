//! The engine as a whole: on real parts over HTTP, and with doubles where what is asked is about the engine itself.

#[path = "support/doubles.rs"]
mod doubles;
#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/plant.rs"]
mod plant;
#[path = "support/process.rs"]
mod process;
#[path = "support/small_script.rs"]
mod small_script;
#[path = "support/small_tool.rs"]
mod small_tool;

#[path = "factory/acting.rs"]
mod acting;
#[path = "factory/ahead.rs"]
mod ahead;
#[path = "factory/aside.rs"]
mod aside;
#[path = "factory/budgets.rs"]
mod budgets;
#[path = "factory/cast.rs"]
mod cast;
#[path = "factory/clock.rs"]
mod clock;
#[path = "factory/commands.rs"]
mod commands;
#[path = "factory/course.rs"]
mod course;
#[path = "factory/crash.rs"]
mod crash;
#[path = "factory/damaged.rs"]
mod damaged;
#[path = "factory/external.rs"]
mod external;
#[path = "factory/forms.rs"]
mod forms;
#[path = "factory/hosts.rs"]
mod hosts;
#[path = "factory/http.rs"]
mod http;
#[path = "factory/impossible.rs"]
mod impossible;
#[path = "factory/ladder.rs"]
mod ladder;
#[path = "factory/orders.rs"]
mod orders;
#[path = "factory/outsiders.rs"]
mod outsiders;
#[path = "factory/pauses.rs"]
mod pauses;
#[path = "factory/refusing.rs"]
mod refusing;
#[path = "factory/review.rs"]
mod review;
#[path = "factory/rewind.rs"]
mod rewind;
#[path = "factory/shipping.rs"]
mod shipping;
#[path = "factory/shown.rs"]
mod shown;
#[path = "factory/story.rs"]
mod story;
#[path = "factory/told.rs"]
mod told;
#[path = "factory/turns.rs"]
mod turns;
#[path = "factory/waits.rs"]
mod waits;
