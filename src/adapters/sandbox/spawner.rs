//! One thread that starts every run and never ends before the program does: the kernel takes a run's first process
//! for orphaned, and kills it, when the thread that started it is gone.

use crate::adapters::again::patiently;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Task = Box<dyn FnOnce() + Send>;

/// Starts a process; `then` sees it on that thread before anybody else can.
pub async fn spawn<T: Send + 'static>(
    mut command: Command,
    then: impl Fn(&mut dyn FnMut() -> io::Result<Child>) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let runtime = Handle::current();
    let (answer, answered) = oneshot::channel();
    let task = Box::new(move || {
        let _entered = runtime.enter();
        // A run nobody waits for any more is dropped, and with that ended.
        let _ = answer.send(patiently(|| then(&mut || command.spawn())));
    });
    let gone = || io::Error::other("the thread that starts runs has ended");
    thread()?.send(task).map_err(|_| gone())?;
    answered.await.map_err(|_| gone())?
}

fn thread() -> io::Result<Sender<Task>> {
    static THREAD: OnceLock<Sender<Task>> = OnceLock::new();
    if let Some(sender) = THREAD.get() {
        return Ok(sender.clone());
    }
    let (sender, tasks) = channel::<Task>();
    std::thread::Builder::new()
        .name("runs".into())
        .spawn(move || tasks.into_iter().for_each(|task| task()))?;
    // Two at once make two threads; the one that lost ends when its sender is dropped, having started nothing.
    Ok(THREAD.get_or_init(|| sender).clone())
}
