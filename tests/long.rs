//! The tests that take minutes and wait for much of them, in one program: while one waits, others have the processor.

#[cfg(feature = "full-tests")]
#[path = "support/demo_home.rs"]
mod demo_home;
#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[cfg(feature = "full-tests")]
#[path = "support/llama.rs"]
mod llama;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/process.rs"]
mod process;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/small_script.rs"]
mod small_script;
#[path = "support/small_tool.rs"]
mod small_tool;
#[cfg(feature = "full-tests")]
#[path = "support/tee.rs"]
mod tee;

#[path = "long/canary.rs"]
mod canary;
#[cfg(feature = "full-tests")]
#[path = "long/real_llama.rs"]
mod real_llama;
#[cfg(feature = "full-tests")]
#[path = "long/tmux.rs"]
mod tmux;
#[path = "long/torture.rs"]
mod torture;
#[path = "long/verify.rs"]
mod verify;
