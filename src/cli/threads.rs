//! The threads of a program: one for the loop, or for a single call, and one for agents.

use super::out::Fail;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

/// The runtime engines and single calls run on.
pub fn runtime() -> Result<Runtime, Fail> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Fail::failed(format!("no threads or files left to start with: {error}")))
}

/// The thread agents work on. Within one thread a piece of a reply wakes nobody elsewhere. Dropping it ends it.
pub struct Agents {
    /// For what is to be done there.
    pub handle: Handle,
    _alive: oneshot::Sender<()>,
}

/// Starts the agents' thread.
pub fn agents() -> Result<Agents, Fail> {
    let runtime = runtime()?;
    let handle = runtime.handle().clone();
    let (alive, ended) = oneshot::channel::<()>();
    let work = move || {
        let _ = runtime.block_on(ended);
        // git may be at work for an agent: who needs its end waits for it.
        runtime.shutdown_background();
    };
    std::thread::Builder::new()
        .name("agents".to_owned())
        .spawn(work)?;
    Ok(Agents {
        handle,
        _alive: alive,
    })
}
