//! What ends the screens from outside: signals, and a terminal that hangs up. No way to outlive a dead terminal.

use super::terminal;
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// What came from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// The terminal is gone.
    HangUp,
    /// SIGTERM.
    Terminate,
    /// SIGINT from elsewhere; typed, it is a key.
    Interrupt,
    /// SIGTSTP; typed, it is a key.
    Suspend,
    /// The shell has let us go on after a stop.
    Continue,
    /// The window has another size.
    Resize,
}

/// How long the loop has to leave by itself before the process is ended: it may be stuck in a write, or its keyboard
/// reader may spin on a dead terminal, which it cannot tell from a busy one.
const GRACE: Duration = Duration::from_millis(100);

/// Listens until dropped.
pub struct Listening {
    /// What came, in order.
    pub came: UnboundedReceiver<Outside>,
    /// Another program has the terminal: what its keys send is not meant for us.
    aside: UnboundedSender<bool>,
    /// Dropped: the thread ends.
    _alive: oneshot::Sender<()>,
}

impl Listening {
    /// Another program has the terminal, or has left.
    pub fn aside(&self, aside: bool) {
        // Without its thread there is nobody to tell.
        let _ = self.aside.send(aside);
    }
}

#[cfg(test)]
impl Listening {
    /// Hears nothing.
    pub fn deaf() -> Self {
        Self {
            came: unbounded_channel().1,
            aside: unbounded_channel().0,
            _alive: oneshot::channel().0,
        }
    }
}

/// Listens to signals, and to the terminal for its end.
pub fn listen(terminal: File) -> io::Result<Listening> {
    let (passed, came) = unbounded_channel();
    let (hang_up, mut hung_up) = unbounded_channel();
    std::thread::Builder::new()
        .name("hang-up".to_owned())
        .spawn(move || watch(&terminal, &hang_up))?;
    let (alive, ended) = oneshot::channel::<()>();
    // A thread of its own: the loop may be stuck in a write to a dead terminal.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut stops = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
    let mut continues = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
    let mut window = signal(SignalKind::window_change())?;
    drop(entered);
    let (aside, mut told) = unbounded_channel();
    let listen = async move {
        let mut put_aside = false;
        loop {
            // In this order: a signal that was meant for the other program is not taken for ours because it has ended since.
            let outside = tokio::select! {
                biased;
                _ = terminate.recv() => Outside::Terminate,
                _ = interrupt.recv() => Outside::Interrupt,
                _ = hangup.recv() => Outside::HangUp,
                Some(()) = hung_up.recv() => Outside::HangUp,
                _ = stops.recv() => Outside::Suspend,
                _ = continues.recv() => Outside::Continue,
                _ = window.recv() => Outside::Resize,
                Some(aside) = told.recv() => {
                    put_aside = aside;
                    continue;
                }
            };
            if outside == Outside::Interrupt && put_aside {
                continue;
            }
            if passed.send(outside).is_err() {
                return;
            }
            if !matches!(
                outside,
                Outside::Suspend | Outside::Continue | Outside::Resize
            ) {
                tokio::time::sleep(GRACE).await;
                end(outside);
            }
        }
    };
    keep(runtime, listen, ended)?;
    Ok(Listening {
        came,
        aside,
        _alive: alive,
    })
}

/// Listens on a thread of its own until that is dropped.
fn keep(
    runtime: Runtime,
    listen: impl Future<Output = ()> + Send + 'static,
    ended: oneshot::Receiver<()>,
) -> io::Result<()> {
    let work = async {
        tokio::select! {
            () = listen => (),
            _ = ended => (),
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(work))?;
    Ok(())
}

/// Waits for the terminal's end; a poll for nothing is answered by a hang-up only.
fn watch(terminal: &File, hang_up: &UnboundedSender<()>) {
    loop {
        let mut fds = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut fds, None) {
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            // Where terminals cannot be polled there is still the signal.
            Err(_) => return,
        }
    }
    let _ = hang_up.send(());
}

/// The last resort: nothing of ours needs a longer goodbye, the engine is a process of its own.
fn end(outside: Outside) -> ! {
    terminal::give_back();
    std::process::exit(match outside {
        Outside::Interrupt => 130,
        _ => 0,
    })
}
